"""Further elementwise functions of NumPy, made of the engine's."""

import math
from typing import Any

import numpy as np

from gradmill import _core
from gradmill.errors import DTypeError
from gradmill.ops.calling import float_tensor, public_op, tensor
from gradmill.ops.elementwise import bitwise_not, isclose

__all__ = [
    "allclose",
    "angle",
    "bitwise_invert",
    "cbrt",
    "conj",
    "conjugate",
    "deg2rad",
    "exp2",
    "fabs",
    "fmax",
    "fmin",
    "fmod",
    "heaviside",
    "hypot",
    "imag",
    "isneginf",
    "isposinf",
    "isreal",
    "ldexp",
    "logaddexp2",
    "rad2deg",
    "real",
    "signbit",
]

bitwise_invert = bitwise_not


@public_op
def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Return whether `isclose` holds for all entries.

    Args:
        x1: tensor.
        x2: tensor, broadcast against `x1`.
        rtol: tolerance relative to `x2`.
        atol: absolute tolerance.
        equal_nan: whether NaN is close to NaN.

    Returns:
        bool tensor without axes.
    """
    near = isclose.eager(x1, x2, rtol, atol, equal_nan)
    return _core.ops.min(near, axes=list(range(near.ndim)), keepdims=False) if near.ndim else near


def _real(x: Any, who: str) -> Any:
    if not isinstance(x, _core.Tensor) and np.iscomplexobj(x):
        raise DTypeError(f"{who}: expected real numbers; received complex ones; pass their real and imaginary parts")
    return tensor(x)


@public_op
def real(x: Any) -> Any:
    """Return the real part, which is `x` itself: there are no complex tensors.

    Args:
        x: tensor of real numbers.

    Returns:
        tensor like `x`.
    """
    return _real(x, "real")


@public_op
def conjugate(x: Any) -> Any:
    """Return the complex conjugate, which is `x` itself: there are no complex tensors.

    Args:
        x: tensor of real numbers.

    Returns:
        tensor like `x`.
    """
    return _real(x, "conjugate")


conj = conjugate


@public_op
def imag(x: Any) -> Any:
    """Return the imaginary part, which is 0: there are no complex tensors.

    Args:
        x: tensor of real numbers.

    Returns:
        tensor like `x`.
    """
    x = _real(x, "imag")
    return _core.ops.broadcast_to(_core.tensor(0, x.dtype), shape=list(x.shape))


@public_op
def angle(x: Any) -> Any:
    """Return the angle of numbers in the complex plane: 0, or pi for negative ones.

    Args:
        x: tensor of real numbers.

    Returns:
        tensor of floats; NaN where `x` is.
    """
    x = float_tensor(_real(x, "angle"))
    turned = _core.ops.less(x, 0.0).astype(x.dtype) * math.pi
    return _core.ops.where(_core.ops.is_nan(x), x, turned)


@public_op
def isreal(x: Any) -> Any:
    """Return where numbers are real, which is everywhere: there are no complex tensors.

    Args:
        x: tensor of real numbers.

    Returns:
        bool tensor.
    """
    return _core.ops.broadcast_to(_core.tensor(True), shape=list(_real(x, "isreal").shape))


@public_op
def cbrt(x: Any) -> Any:
    """Return the real cube root, also of negative numbers.

    Args:
        x: tensor.

    Returns:
        tensor of floats.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.cbrt([-8.0, 27.0]).numpy().round(5)
        array([-2.,  3.], dtype=float32)
    """
    x = float_tensor(x)
    return _core.ops.sign(x) * _core.ops.power(_core.ops.abs(x), 1.0 / 3.0)


@public_op
def deg2rad(x: Any) -> Any:
    """Return angles given in degrees in radians.

    Args:
        x: tensor.

    Returns:
        tensor of floats.
    """
    return float_tensor(x) * (math.pi / 180.0)


@public_op
def rad2deg(x: Any) -> Any:
    """Return angles given in radians in degrees.

    Args:
        x: tensor.

    Returns:
        tensor of floats.
    """
    return float_tensor(x) * (180.0 / math.pi)


@public_op
def exp2(x: Any) -> Any:
    """Return 2 to the power of `x`.

    Args:
        x: tensor.

    Returns:
        tensor of floats.
    """
    x = float_tensor(x)
    return _core.ops.power(_core.tensor(2.0, x.dtype), x)


@public_op
def fabs(x: Any) -> Any:
    """Return absolute values as floats.

    Args:
        x: tensor.

    Returns:
        tensor of floats.
    """
    return _core.ops.abs(float_tensor(x))


def _of_numbers(function: Any, x1: Any, x2: Any) -> Any:
    """The smaller or larger of two numbers; of NaN and a number, the number."""
    x1, x2 = tensor(x1), tensor(x2)
    found = function(x1, x2)
    if "float" in x2.dtype:
        found = _core.ops.where(_core.ops.is_nan(x2), x1, found)
    return _core.ops.where(_core.ops.is_nan(x1), x2, found) if "float" in x1.dtype else found


@public_op
def fmax(x1: Any, x2: Any) -> Any:
    """Return the larger of two numbers; of NaN and a number, the number.

    Args:
        x1: tensor.
        x2: tensor, broadcast against `x1`.

    Returns:
        tensor of the common dtype.
    """
    return _of_numbers(_core.ops.maximum, x1, x2)


@public_op
def fmin(x1: Any, x2: Any) -> Any:
    """Return the smaller of two numbers; of NaN and a number, the number.

    Args:
        x1: tensor.
        x2: tensor, broadcast against `x1`.

    Returns:
        tensor of the common dtype.
    """
    return _of_numbers(_core.ops.minimum, x1, x2)


@public_op
def fmod(x1: Any, x2: Any) -> Any:
    """Return the rest of a division that rounds towards zero: it has the sign of `x1`.

    Args:
        x1: tensor.
        x2: tensor, broadcast against `x1`.

    Returns:
        tensor of the common dtype.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.fmod([-7, 7], [3, -3]).numpy()
        array([-1,  1], dtype=int32)
    """
    x1, x2 = tensor(x1), tensor(x2)
    rest = _core.ops.mod(_core.ops.abs(x1), _core.ops.abs(x2))
    return _core.ops.where(_core.ops.less(x1, 0), _core.ops.neg(rest), rest)


@public_op
def heaviside(x1: Any, x2: Any) -> Any:
    """Return 0 for negative numbers, 1 for positive ones, and `x2` where `x1` is 0.

    Args:
        x1: tensor.
        x2: values at 0, broadcast against `x1`.

    Returns:
        tensor of floats; NaN where `x1` is.
    """
    x1, x2 = float_tensor(x1), float_tensor(x2)
    step = _core.ops.where(_core.ops.is_nan(x1), x1, _core.ops.greater(x1, 0.0).astype(x1.dtype))
    return _core.ops.where(_core.ops.equal(x1, 0.0), x2, step)


@public_op
def hypot(x1: Any, x2: Any) -> Any:
    """Return the square root of x1² + x2², without overflow on the way.

    Args:
        x1: tensor.
        x2: tensor, broadcast against `x1`.

    Returns:
        tensor of floats.
    """
    x1, x2 = _core.ops.abs(float_tensor(x1)), _core.ops.abs(float_tensor(x2))
    larger, smaller = _core.ops.maximum(x1, x2), _core.ops.minimum(x1, x2)
    known = _core.ops.logical_or(_core.ops.equal(larger, 0.0), _core.ops.is_inf(larger))
    ratio = smaller / _core.ops.where(known, 1.0, larger)
    return _core.ops.where(known, larger, larger * _core.ops.sqrt(1.0 + ratio * ratio))


@public_op
def isposinf(x: Any) -> Any:
    """Return where `x` is infinity.

    Args:
        x: tensor.

    Returns:
        bool tensor.
    """
    return _core.ops.equal(float_tensor(x), float("inf"))


@public_op
def isneginf(x: Any) -> Any:
    """Return where `x` is minus infinity.

    Args:
        x: tensor.

    Returns:
        bool tensor.
    """
    return _core.ops.equal(float_tensor(x), float("-inf"))


@public_op
def ldexp(x1: Any, x2: Any) -> Any:
    """Return x1 times 2 to the power of x2.

    Args:
        x1: tensor.
        x2: tensor of integers, broadcast against `x1`.

    Returns:
        tensor of floats.

    Raises:
        DTypeError: for exponents that are no integers.
    """
    x1, x2 = float_tensor(x1), tensor(x2)
    if "int" not in x2.dtype:
        raise DTypeError(f"ldexp: expected exponents that are integers; received {x2.dtype}")
    # In two factors: 2 to the whole power may overflow where the result does not.
    half = _core.ops.floor_divide(x2, 2)
    two = _core.tensor(2.0, x1.dtype)
    return x1 * _core.ops.power(two, half.astype(x1.dtype)) * _core.ops.power(two, (x2 - half).astype(x1.dtype))


@public_op
def logaddexp2(x1: Any, x2: Any) -> Any:
    """Return log2(2^x1 + 2^x2) without overflow.

    Args:
        x1: tensor.
        x2: tensor, broadcast against `x1`.

    Returns:
        tensor of floats.
    """
    x1, x2 = float_tensor(x1), float_tensor(x2)
    ln2 = math.log(2.0)
    distance = _core.ops.abs(x1 - x2) * -ln2
    found = _core.ops.maximum(x1, x2) + _core.ops.log1p(_core.ops.exp(distance)) * (1.0 / ln2)
    return _core.ops.where(_core.ops.equal(x1, x2), x1 + 1.0, found)  # of equal infinities, too


@public_op
def signbit(x: Any) -> Any:
    """Return where the sign is set: of negative numbers and of -0.0.

    Args:
        x: tensor.

    Returns:
        bool tensor.
    """
    x = tensor(x)
    if "float" not in x.dtype:
        return _core.ops.less(x.astype("int32") if x.dtype == "bool" else x, 0)
    return _core.ops.less(_core.ops.where(_core.ops.equal(x, 0.0), 1.0 / x, x), 0.0)
