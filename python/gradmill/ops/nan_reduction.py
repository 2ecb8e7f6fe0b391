"""Reductions that leave NaN out."""

from typing import Any

from gradmill import _core
from gradmill.ops.calling import float_tensor, public_op, tensor
from gradmill.ops.reduction import argmax, argmin, max, min, prod, sum
from gradmill.ops.running import cumprod, cumsum

__all__ = [
    "nanargmax",
    "nanargmin",
    "nancumprod",
    "nancumsum",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
]


def _filled(x: Any, value: float, dtype: Any = None) -> Any:
    """`x` with a number in place of NaN."""
    x = tensor(x, dtype)
    return _core.ops.where(_core.ops.is_nan(x), value, x) if "float" in x.dtype else x


def _count(x: Any, axis: Any, keepdims: bool) -> Any:
    return sum.eager(_core.ops.logical_not(_core.ops.is_nan(x)).astype(x.dtype), axis, keepdims)


@public_op
def nansum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the sum along `axis` of what is not NaN.

    Args:
        x: tensor.
        axis: axis or axes to reduce; None for all.
        keepdims: whether reduced axes stay, with size one.

    Returns:
        tensor; 0 where there is no number.

    Example:
        >>> import gradmill as gm
        >>> float(gm.ops.nansum([1.0, float("nan"), 2.0]))
        3.0
    """
    return sum.eager(_filled(x, 0.0), axis, keepdims)


@public_op
def nanprod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the product along `axis` of what is not NaN.

    Args:
        x: tensor.
        axis: axis or axes to reduce; None for all.
        keepdims: whether reduced axes stay, with size one.

    Returns:
        tensor; 1 where there is no number.
    """
    return prod.eager(_filled(x, 1.0), axis, keepdims)


def _extreme(reduce: Any, x: Any, axis: Any, keepdims: bool, least: float) -> Any:
    x = tensor(x)
    if "float" not in x.dtype:
        return reduce(x, axis, keepdims)
    none = _core.ops.equal(_count(x, axis, keepdims), 0.0)
    return _core.ops.where(none, float("nan"), reduce(_filled(x, least), axis, keepdims))


@public_op
def nanmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the largest value along `axis` that is not NaN.

    Args:
        x: tensor.
        axis: axis or axes to reduce; None for all.
        keepdims: whether reduced axes stay, with size one.

    Returns:
        tensor; NaN where there is no number.
    """
    return _extreme(max.eager, x, axis, keepdims, float("-inf"))


@public_op
def nanmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the smallest value along `axis` that is not NaN.

    Args:
        x: tensor.
        axis: axis or axes to reduce; None for all.
        keepdims: whether reduced axes stay, with size one.

    Returns:
        tensor; NaN where there is no number.
    """
    return _extreme(min.eager, x, axis, keepdims, float("inf"))


@public_op
def nanmean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the mean along `axis` of what is not NaN.

    Args:
        x: tensor.
        axis: axis or axes to reduce; None for all.
        keepdims: whether reduced axes stay, with size one.

    Returns:
        tensor of floats; NaN where there is no number.
    """
    x = float_tensor(x)
    return sum.eager(_filled(x, 0.0), axis, keepdims) / _count(x, axis, keepdims)


@public_op
def nanvar(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the variance (divided by the count) along `axis` of what is not NaN.

    Args:
        x: tensor.
        axis: axis or axes to reduce; None for all.
        keepdims: whether reduced axes stay, with size one.

    Returns:
        tensor of floats; NaN where there is no number.
    """
    x = float_tensor(x)
    return nanmean.eager(_core.ops.square(x - nanmean.eager(x, axis, True)), axis, keepdims)


@public_op
def nanstd(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the standard deviation along `axis` of what is not NaN.

    Args:
        x: tensor.
        axis: axis or axes to reduce; None for all.
        keepdims: whether reduced axes stay, with size one.

    Returns:
        tensor of floats; NaN where there is no number.
    """
    return _core.ops.sqrt(nanvar.eager(x, axis, keepdims))


@public_op
def nancumsum(x: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Return the running sum along `axis`, NaN counting as 0.

    Args:
        x: tensor.
        axis: axis to add along; None for the flattened tensor.
        dtype: dtype in which to add; default: that of `x`.

    Returns:
        tensor of the shape of `x`, flat without `axis`.
    """
    return cumsum.eager(_filled(x, 0.0, dtype), axis)


@public_op
def nancumprod(x: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Return the running product along `axis`, NaN counting as 1.

    Args:
        x: tensor.
        axis: axis to multiply along; None for the flattened tensor.
        dtype: dtype in which to multiply; default: that of `x`.

    Returns:
        tensor of the shape of `x`, flat without `axis`.
    """
    return cumprod.eager(_filled(x, 1.0, dtype), axis)


def _place(reduce: Any, x: Any, axis: Any, keepdims: bool, least: float) -> Any:
    x = tensor(x)
    found = reduce(_filled(x, least), axis, keepdims)
    if "float" not in x.dtype:
        return found
    return _core.ops.where(_core.ops.equal(_count(x, axis, keepdims), 0.0), -1, found)


@public_op
def nanargmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the position of the largest value along `axis` that is not NaN, as int32.

    Args:
        x: tensor.
        axis: axis to search; None for the flattened tensor.
        keepdims: whether the axis stays, with size one.

    Returns:
        int32 tensor; -1 where there is no number.
    """
    return _place(argmax.eager, x, axis, keepdims, float("-inf"))


@public_op
def nanargmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the position of the smallest value along `axis` that is not NaN, as int32.

    Args:
        x: tensor.
        axis: axis to search; None for the flattened tensor.
        keepdims: whether the axis stays, with size one.

    Returns:
        int32 tensor; -1 where there is no number.
    """
    return _place(argmin.eager, x, axis, keepdims, float("inf"))
