"""Special functions, divisors, and numbers at the borders of their dtypes."""

import math
from typing import Any

import numpy as np

from gradmill import _core, config
from gradmill.errors import DTypeError
from gradmill.ops.calling import float_tensor, known_values, public_op, tensor

__all__ = ["erfc", "gcd", "i0", "lcm", "nextafter", "saturate_cast", "sinc"]

# Beyond this place the series of `i0` around 0 hands over to the one for large numbers, and how many terms both have.
_I0_BORDER, _I0_NEAR, _I0_FAR = 18.0, 60, 24
# Steps of Euclid's algorithm that the largest pairs need (Lamé 1844): a Fibonacci number of so many bits.
_EUCLID = {8: 13, 16: 24, 32: 47, 64: 93}


@public_op
def erfc(x: Any) -> Any:
    """Return one minus the error function, without the loss of digits that a subtraction has for large numbers.

    Args:
        x: tensor.

    Returns:
        tensor of floats.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.erfc([0.0, 9.0]).numpy()
        array([1.0000000e+00, 4.1370317e-37], dtype=float32)
    """
    x = float_tensor(x)
    # Beyond 1, Laplace's continued fraction, from its end.
    large = _core.ops.maximum(_core.ops.abs(x), 1.0)
    fraction = large
    for term in range(160 if x.dtype == "float64" else 48, 0, -1):
        fraction = large + (0.5 * term) / fraction
    tail = _core.ops.exp(-large * large) / (fraction * math.sqrt(math.pi))
    outside = _core.ops.where(_core.ops.less(x, 0.0), 2.0 - tail, tail)
    return _core.ops.where(_core.ops.less(_core.ops.abs(x), 1.0), 1.0 - _core.ops.erf(x), outside)


def _greatest_divisor(x1: Any, x2: Any, who: str) -> Any:
    x1, x2 = tensor(x1), tensor(x2)
    for each in (x1, x2):
        if "int" not in each.dtype:
            raise DTypeError(f"{who}: expected integers; received {each.dtype}")
    a, b = _core.ops.abs(x1), _core.ops.abs(x2)
    common = _core.promote_types(a.dtype, b.dtype)
    a, b = a.astype(common) + b.astype(common) * 0, b.astype(common) + a.astype(common) * 0
    for _ in range(_EUCLID[int(common.lstrip("uint"))]):
        rest = _core.ops.mod(a, _core.ops.maximum(b, 1))
        a, b = _core.ops.where(_core.ops.equal(b, 0), a, b), _core.ops.where(_core.ops.equal(b, 0), b, rest)
    return a


@public_op
def gcd(x1: Any, x2: Any) -> Any:
    """Return the greatest common divisor.

    Args:
        x1: tensor of integers.
        x2: tensor of integers, broadcast against `x1`.

    Returns:
        tensor of integers, none of them negative.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.gcd([12, 0], [-18, 5]).numpy()
        array([6, 5], dtype=int32)
    """
    return _greatest_divisor(x1, x2, "gcd")


@public_op
def lcm(x1: Any, x2: Any) -> Any:
    """Return the least common multiple.

    Args:
        x1: tensor of integers.
        x2: tensor of integers, broadcast against `x1`.

    Returns:
        tensor of integers, none of them negative; 0 where a number is 0.
    """
    divisor = _greatest_divisor(x1, x2, "lcm")
    return _core.ops.floor_divide(_core.ops.abs(tensor(x1)), _core.ops.maximum(divisor, 1)) * _core.ops.abs(tensor(x2))


@public_op
def i0(x: Any) -> Any:
    """Return the modified Bessel function of the first kind of order 0.

    Args:
        x: tensor.

    Returns:
        tensor of floats.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.i0([0.0, 1.0]).numpy()
        array([1.       , 1.2660658], dtype=float32)
    """
    x = _core.ops.abs(float_tensor(x))
    # Both series by Horner's scheme: (x²/4)^k / (k!)², and ((2k - 1)!!)² / (k! (8x)^k) behind exp(x) / sqrt(2 pi x).
    small = _core.ops.square(_core.ops.minimum(x, _I0_BORDER)) * 0.25
    near: Any = 1.0
    for k in range(_I0_NEAR, 0, -1):
        near = near * small * (1.0 / k**2) + 1.0
    large = _core.ops.maximum(x, _I0_BORDER)
    reciprocal = 0.125 / large
    far: Any = 1.0
    for k in range(_I0_FAR, 0, -1):
        far = far * reciprocal * ((2 * k - 1) ** 2 / k) + 1.0
    # Half of the exponential before and half of it after: the whole overflows earlier than the result.
    half = _core.ops.exp(large * 0.5)
    far = half * (far * _core.ops.rsqrt(large * (2.0 * math.pi))) * half
    return _core.ops.where(_core.ops.less(x, _I0_BORDER), near, _core.ops.where(_core.ops.is_nan(x), x, far))


@public_op
def nextafter(x1: Any, x2: Any) -> Any:
    """Return the next number after `x1` in the direction of `x2`; outside of compiled functions only.

    Args:
        x1: tensor of floats.
        x2: tensor, broadcast against `x1`.

    Returns:
        tensor of floats.
    """
    x1, x2 = float_tensor(x1), float_tensor(x2)
    common = _core.promote_types(x1.dtype, x2.dtype)
    return _core.tensor(
        np.nextafter(known_values(x1.astype(common), "nextafter"), known_values(x2.astype(common), "nextafter"))
    )


@public_op
def saturate_cast(x: Any, dtype: Any) -> Any:
    """Return `x` in another dtype, numbers beyond its range as its largest or smallest.

    Args:
        x: tensor.
        dtype: name of a dtype.

    Returns:
        tensor.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.saturate_cast([-5.0, 300.0], "uint8").numpy()
        array([  0, 255], dtype=uint8)
    """
    x, name = tensor(x), config.standardize_dtype(dtype)
    if x.dtype == "bool" or name == "bool":
        return x.astype(name)
    low, high = (each for each in _range_of(name))
    from_low, from_high = _range_of(x.dtype)
    if low > from_low:
        x = _core.ops.maximum(x, _core.tensor(low, x.dtype))
    if high < from_high:
        # The largest number of this dtype that the other one has: rounding upwards would leave its range again.
        limit = np.asarray(high, _numpy_dtype(x.dtype))
        if "int" in name and "float" in x.dtype and int(limit) > high:
            limit = np.nextafter(limit, np.zeros_like(limit))
        x = _core.ops.minimum(x, _core.tensor(limit, x.dtype))
    return x.astype(name)


def _numpy_dtype(name: str) -> str:
    return "float32" if name == "bfloat16" else name


def _range_of(name: str) -> tuple:
    if name == "bfloat16":
        return -3.3895313892515355e38, 3.3895313892515355e38
    if "float" in name:
        floats = np.finfo(name)
        return float(floats.min), float(floats.max)
    whole = np.iinfo(name)
    return int(whole.min), int(whole.max)


@public_op
def sinc(x: Any) -> Any:
    """Return sin(pi x) / (pi x), and 1 at 0.

    Args:
        x: tensor.

    Returns:
        tensor of floats.
    """
    x = float_tensor(x)
    zero = _core.ops.equal(x, 0.0)
    turned = _core.ops.where(zero, 1.0, x) * math.pi
    return _core.ops.where(zero, 1.0, _core.ops.sin(turned) / turned)
