"""Elementwise functions with NumPy's meanings; operands are broadcast and promoted."""

from typing import Any, Optional

from gradmill import _core, config
from gradmill.ops.calling import float_tensor, public_op, tensor

# Functions of one argument: public name -> name in the engine's catalogue.
_UNARY = {
    "negative": "neg",
    "abs": "abs",
    "sign": "sign",
    "exp": "exp",
    "expm1": "expm1",
    "log": "log",
    "log1p": "log1p",
    "log2": "log2",
    "sqrt": "sqrt",
    "rsqrt": "rsqrt",
    "square": "square",
    "reciprocal": "reciprocal",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "erf": "erf",
    "erfinv": "erfinv",
    "floor": "floor",
    "ceil": "ceil",
    "trunc": "trunc",
    "relu": "relu",
    "sigmoid": "sigmoid",
    "softplus": "softplus",
    "isnan": "is_nan",
    "isinf": "is_inf",
    "isfinite": "is_finite",
    "logical_not": "logical_not",
}

# Functions of two arguments.
_BINARY = {
    "add": "add",
    "subtract": "subtract",
    "multiply": "multiply",
    "divide": "divide",
    "true_divide": "divide",
    "floor_divide": "floor_divide",
    "mod": "mod",
    "power": "power",
    "maximum": "maximum",
    "minimum": "minimum",
    "arctan2": "atan2",
    "divide_no_nan": "divide_no_nan",
    "equal": "equal",
    "not_equal": "not_equal",
    "less": "less",
    "less_equal": "less_equal",
    "greater": "greater",
    "greater_equal": "greater_equal",
    "logical_and": "logical_and",
    "logical_or": "logical_or",
    "logical_xor": "logical_xor",
    "bitwise_and": "bitwise_and",
    "bitwise_or": "bitwise_or",
    "bitwise_xor": "bitwise_xor",
    "bitwise_left_shift": "left_shift",
    "bitwise_right_shift": "right_shift",
}


def _make(name: str, engine_name: str, binary: bool) -> Any:
    run = getattr(_core.ops, engine_name)
    if binary:

        def function(x1: Any, x2: Any) -> Any:
            return run(x1, x2)

    else:

        def function(x: Any) -> Any:
            return run(x)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = run.__doc__.split("--\n\n", 1)[-1]
    return public_op(function)


for _name, _engine_name in _UNARY.items():
    globals()[_name] = _make(_name, _engine_name, binary=False)
for _name, _engine_name in _BINARY.items():
    globals()[_name] = _make(_name, _engine_name, binary=True)

absolute = abs  # noqa: F821
bitwise_not = _make("bitwise_not", "bitwise_not", binary=False)
left_shift = bitwise_left_shift  # noqa: F821
right_shift = bitwise_right_shift  # noqa: F821


@public_op
def log10(x: Any) -> Any:
    """Return the logarithm to base 10.

    Args:
        x: tensor.

    Returns:
        tensor of floats.
    """
    return _core.ops.log(x) * 0.43429448190325182765


@public_op
def round(x: Any, decimals: int = 0) -> Any:
    """Round half to even.

    Args:
        x: tensor.
        decimals: digits after the point to keep.

    Returns:
        tensor of the dtype of `x`.
    """
    if decimals == 0:
        return _core.ops.round(x)
    scale = 10.0**decimals
    return _core.ops.round(tensor(x) * scale) / scale


@public_op
def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """Limit values to the range from `x_min` to `x_max`.

    Args:
        x: tensor.
        x_min: smallest value, broadcast against `x`.
        x_max: largest value, broadcast against `x`.

    Returns:
        tensor.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.clip([-2.0, 0.5, 9.0], 0.0, 1.0).numpy()
        array([0. , 0.5, 1. ], dtype=float32)
    """
    return _core.ops.minimum(_core.ops.maximum(tensor(x), x_min), x_max)


@public_op
def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """Choose from `x1` where `condition` holds and from `x2` elsewhere.

    Args:
        condition: bool tensor.
        x1: values where it holds.
        x2: values elsewhere.

    Returns:
        tensor of the common dtype and the broadcast shape.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.where([True, False], [1, 2], [3, 4]).numpy()
        array([1, 4], dtype=int32)
    """
    return _core.ops.where(condition, x1, x2)


@public_op
def cast(x: Any, dtype: Any) -> Any:
    """Return `x` in another dtype.

    Args:
        x: tensor.
        dtype: name of a dtype; floats are cut off towards zero when they become integers.

    Returns:
        tensor.
    """
    return tensor(x).astype(config.standardize_dtype(dtype))


@public_op
def stop_gradient(variable: Any) -> Any:
    """Return the value, through which no gradient flows.

    Args:
        variable: tensor or variable.

    Returns:
        tensor.
    """
    return _core.ops.stop_gradient(variable)


@public_op
def logaddexp(x1: Any, x2: Any) -> Any:
    """Return log(exp(x1) + exp(x2)) without overflow.

    Args:
        x1: tensor.
        x2: tensor, broadcast against `x1`.

    Returns:
        tensor of floats.
    """
    x1, x2 = float_tensor(x1), float_tensor(x2)
    return _core.ops.maximum(x1, x2) + _core.ops.log1p(_core.ops.exp(-_core.ops.abs(x1 - x2)))


@public_op
def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Return where |x1 - x2| <= atol + rtol * |x2|; infinities are close to themselves.

    Args:
        x1: tensor.
        x2: tensor, broadcast against `x1`.
        rtol: tolerance relative to `x2`.
        atol: absolute tolerance.
        equal_nan: whether NaN is close to NaN.

    Returns:
        bool tensor.
    """
    x1, x2 = float_tensor(x1), float_tensor(x2)
    near = (_core.ops.abs(x1 - x2) <= atol + rtol * _core.ops.abs(x2)) & _core.ops.is_finite(x2)
    near = near | _core.ops.equal(x1, x2)
    return near | (_core.ops.is_nan(x1) & _core.ops.is_nan(x2)) if equal_nan else near


@public_op
def nan_to_num(x: Any, nan: float = 0.0, posinf: Optional[float] = None, neginf: Optional[float] = None) -> Any:
    """Replace NaN and infinities by numbers (the largest finite ones by default).

    Args:
        x: tensor.
        nan: number in place of NaN.
        posinf: number in place of infinity; default: the largest of the dtype.
        neginf: number in place of minus infinity; default: the smallest of the dtype.

    Returns:
        tensor of the dtype of `x`.
    """
    x = tensor(x)
    if "float" not in x.dtype:
        return x
    largest = {"float16": 65504.0, "bfloat16": 3.3895e38, "float32": 3.4028234e38, "float64": 1.7976931348623157e308}[
        x.dtype
    ]
    x = _core.ops.where(_core.ops.is_nan(x), nan, x)
    x = _core.ops.where(_core.ops.equal(x, float("inf")), largest if posinf is None else posinf, x)
    return _core.ops.where(_core.ops.equal(x, float("-inf")), -largest if neginf is None else neginf, x)
