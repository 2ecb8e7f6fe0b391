"""Elementwise functions with NumPy's meanings; operands are broadcast and promoted."""

from typing import Any, Optional

from gradmill import _core, config
from gradmill.ops.calling import float_tensor, public_op, tensor

__all__ = [
    "abs",
    "absolute",
    "add",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "cast",
    "ceil",
    "clip",
    "cos",
    "cosh",
    "divide",
    "divide_no_nan",
    "equal",
    "erf",
    "erfinv",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
    "greater",
    "greater_equal",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "left_shift",
    "less",
    "less_equal",
    "log",
    "log10",
    "log1p",
    "log2",
    "logaddexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "nan_to_num",
    "negative",
    "not_equal",
    "power",
    "reciprocal",
    "relu",
    "right_shift",
    "round",
    "rsqrt",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "softplus",
    "sqrt",
    "square",
    "stop_gradient",
    "subtract",
    "tan",
    "tanh",
    "true_divide",
    "trunc",
    "where",
]


def _described(name: str, engine_name: str, function: Any) -> Any:
    """The op `name`, made of `function`, with the engine's text."""
    function.__name__ = function.__qualname__ = name
    function.__doc__ = getattr(_core.ops, engine_name).__doc__.split("--\n\n", 1)[-1]
    return public_op(function)


def _unary(name: str, engine_name: str) -> Any:
    run = getattr(_core.ops, engine_name)

    def function(x: Any) -> Any:
        return run(x)

    return _described(name, engine_name, function)


def _binary(name: str, engine_name: str) -> Any:
    run = getattr(_core.ops, engine_name)

    def function(x1: Any, x2: Any) -> Any:
        return run(x1, x2)

    return _described(name, engine_name, function)


# Functions of one argument: public name, name in the engine's catalogue.
negative = _unary("negative", "neg")
abs = _unary("abs", "abs")
sign = _unary("sign", "sign")
exp = _unary("exp", "exp")
expm1 = _unary("expm1", "expm1")
log = _unary("log", "log")
log1p = _unary("log1p", "log1p")
log2 = _unary("log2", "log2")
sqrt = _unary("sqrt", "sqrt")
rsqrt = _unary("rsqrt", "rsqrt")
square = _unary("square", "square")
reciprocal = _unary("reciprocal", "reciprocal")
sin = _unary("sin", "sin")
cos = _unary("cos", "cos")
tan = _unary("tan", "tan")
arcsin = _unary("arcsin", "asin")
arccos = _unary("arccos", "acos")
arctan = _unary("arctan", "atan")
sinh = _unary("sinh", "sinh")
cosh = _unary("cosh", "cosh")
tanh = _unary("tanh", "tanh")
arcsinh = _unary("arcsinh", "asinh")
arccosh = _unary("arccosh", "acosh")
arctanh = _unary("arctanh", "atanh")
erf = _unary("erf", "erf")
erfinv = _unary("erfinv", "erfinv")
floor = _unary("floor", "floor")
ceil = _unary("ceil", "ceil")
trunc = _unary("trunc", "trunc")
relu = _unary("relu", "relu")
sigmoid = _unary("sigmoid", "sigmoid")
softplus = _unary("softplus", "softplus")
isnan = _unary("isnan", "is_nan")
isinf = _unary("isinf", "is_inf")
isfinite = _unary("isfinite", "is_finite")
logical_not = _unary("logical_not", "logical_not")
bitwise_not = _unary("bitwise_not", "bitwise_not")
absolute = abs

# Functions of two arguments.
add = _binary("add", "add")
subtract = _binary("subtract", "subtract")
multiply = _binary("multiply", "multiply")
divide = _binary("divide", "divide")
true_divide = _binary("true_divide", "divide")
floor_divide = _binary("floor_divide", "floor_divide")
mod = _binary("mod", "mod")
power = _binary("power", "power")
maximum = _binary("maximum", "maximum")
minimum = _binary("minimum", "minimum")
arctan2 = _binary("arctan2", "atan2")
divide_no_nan = _binary("divide_no_nan", "divide_no_nan")
equal = _binary("equal", "equal")
not_equal = _binary("not_equal", "not_equal")
less = _binary("less", "less")
less_equal = _binary("less_equal", "less_equal")
greater = _binary("greater", "greater")
greater_equal = _binary("greater_equal", "greater_equal")
logical_and = _binary("logical_and", "logical_and")
logical_or = _binary("logical_or", "logical_or")
logical_xor = _binary("logical_xor", "logical_xor")
bitwise_and = _binary("bitwise_and", "bitwise_and")
bitwise_or = _binary("bitwise_or", "bitwise_or")
bitwise_xor = _binary("bitwise_xor", "bitwise_xor")
bitwise_left_shift = _binary("bitwise_left_shift", "left_shift")
bitwise_right_shift = _binary("bitwise_right_shift", "right_shift")
left_shift = bitwise_left_shift
right_shift = bitwise_right_shift


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
