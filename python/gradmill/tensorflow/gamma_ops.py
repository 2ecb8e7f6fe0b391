"""`tf.math.lgamma` and `tf.math.digamma`, made of other ops, so that gradients of any order follow."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradmill import ops
from gradmill.errors import DTypeError

# From here on Stirling's series has all digits of float64, and so many terms of it are used.
_FAR, _FAR_TERMS = 10.0, 8
# Bernoulli's numbers B2, B4, ...
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
_EULER = 0.57721566490153286061
# Terms of the series around 2: each is at most a quarter of the one before.
_NEAR_TERMS = 30


def _zeta_beyond_one(power: int) -> float:
    """Riemann's zeta function less 1: some terms of the sum, and what is left of it by Euler and Maclaurin."""
    first = 40
    left = first ** (1 - power) / (power - 1) + 0.5 * first**-power + power * first ** (-power - 1) / 12
    left -= power * (power + 1) * (power + 2) * first ** (-power - 3) / 720
    left += math.prod(range(power, power + 5)) * first ** (-power - 5) / 30240
    return math.fsum([*(float(base) ** -power for base in range(2, first)), left])


# (-1)^k (zeta(k) - 1) / k, and 1 - Euler's number first.
_AROUND_TWO = (1.0 - _EULER, *((-1) ** k * _zeta_beyond_one(k) / k for k in range(2, _NEAR_TERMS)))


def _in_floats(function: Any, x: Any, who: str) -> Any:
    """Call a function of float32 or float64 with a tensor of any floats."""
    x = ops.convert_to_tensor(x)
    if "float" not in x.dtype:
        raise DTypeError(f"tf.math.{who}: expected x to be of a float dtype; received {x.dtype}")
    if x.dtype in ("float32", "float64"):
        return function(x)
    return ops.cast(function(ops.cast(x, "float32")), x.dtype)


def _horner(coefficients: Any, x: Any) -> Any:
    total = ops.full_like(x, coefficients[-1])
    for each in coefficients[-2::-1]:
        total = total * x + each
    return total


def _stirling(x: Any) -> Any:
    reciprocal = 1.0 / x
    terms = [b / (2 * k * (2 * k - 1)) for k, b in enumerate(_BERNOULLI[:_FAR_TERMS], 1)]
    return (x - 0.5) * ops.log(x) - x + 0.5 * math.log(2 * math.pi) + reciprocal * _horner(terms, reciprocal**2)


def _is_pole(x: Any) -> Any:
    return ops.logical_and(ops.less_equal(x, 0.0), ops.equal(x, ops.floor(x)))


def _lgamma(x: Any) -> Any:
    negative = ops.less(x, 0.0)
    y = ops.where(negative, 1.0 - x, x)
    is_far = ops.greater_equal(y, _FAR)
    # What is not far is moved into [1.5, 2.5), downwards or upwards; gamma grows or shrinks by these factors.
    near, above, below = ops.where(is_far, 2.0, y), 1.0, 1.0
    for _ in range(int(_FAR) - 2):
        large = ops.greater_equal(near, 2.5)
        near = ops.where(large, near - 1.0, near)
        above = above * ops.where(large, near, 1.0)
    for _ in range(2):
        small = ops.less(near, 1.5)
        below = below * ops.where(small, near, 1.0)
        near = ops.where(small, near + 1.0, near)
    beside = near - 2.0
    near = beside * _horner(_AROUND_TWO, beside) + ops.log(above) - ops.log(below)
    positive = ops.where(is_far, _stirling(ops.where(is_far, y, _FAR)), near)
    # x - round(x) has the sine's absolute value without the loss of digits in pi * x.
    sine = ops.sin(math.pi * ops.where(negative, x - ops.round(x), 0.5))
    value = ops.where(negative, math.log(math.pi) - ops.log(ops.abs(sine)) - positive, positive)
    return ops.where(ops.logical_or(_is_pole(x), ops.isinf(x)), np.inf, value)


def _digamma(x: Any) -> Any:
    negative = ops.less(x, 0.0)
    y, added = ops.where(negative, 1.0 - x, x), ops.zeros_like(x)
    for _ in range(int(_FAR)):
        small = ops.less(y, _FAR)
        added = added - ops.where(small, 1.0 / ops.where(small, y, 1.0), 0.0)
        y = ops.where(small, y + 1.0, y)
    reciprocal = 1.0 / y
    terms = [b / (2 * k) for k, b in enumerate(_BERNOULLI[:_FAR_TERMS], 1)]
    square = reciprocal**2
    positive = ops.log(y) - 0.5 * reciprocal - square * _horner(terms, square) + added
    angle = math.pi * ops.where(negative, x - ops.round(x), 0.5)
    value = ops.where(negative, positive - math.pi * ops.cos(angle) / ops.sin(angle), positive)
    return ops.where(ops.logical_or(_is_pole(x), ops.equal(x, -np.inf)), np.nan, value)


def lgamma(x: Any, name: Any = None) -> Any:
    """`tf.math.lgamma`: the logarithm of the absolute value of the gamma function; infinite at 0, -1, -2 and so on.

    Args:
        x: tensor of floats.
        name: accepted for compatibility.

    Returns:
        tensor of floats; float32 numbers are within 1e-6 of the truth, times the value where it is larger than 1.

    Raises:
        DTypeError: when `x` has no floats.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> tf.math.lgamma([0.0, 1.0, 5.0]).numpy()
        array([      inf, 0.       , 3.1780539], dtype=float32)
    """
    return _in_floats(_lgamma, x, "lgamma")


def digamma(x: Any, name: Any = None) -> Any:
    """`tf.math.digamma`: the derivative of `lgamma`; not a number at 0, -1, -2 and so on.

    Args:
        x: tensor of floats.
        name: accepted for compatibility.

    Returns:
        tensor of floats; float32 numbers are within 1e-6 of the truth, times the value where it is larger than 1.

    Raises:
        DTypeError: when `x` has no floats.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> tf.math.digamma([0.0, 5.0]).numpy()
        array([      nan, 1.5061177], dtype=float32)
    """
    return _in_floats(_digamma, x, "digamma")


MATH: dict[str, Any] = {"digamma": digamma, "lgamma": lgamma}
