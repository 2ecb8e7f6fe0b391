"""Quantiles: of all values, or of those that are numbers."""

from typing import Any

import numpy as np

from gradmill import _core
from gradmill.errors import ArgumentError, ShapeError
from gradmill.ops.calling import axes_of, float_tensor, known_values, public_op
from gradmill.ops.shape import moveaxis

__all__ = ["nanmedian", "nanpercentile", "nanquantile", "percentile", "quantile"]

_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantile(who: str, x: Any, q: Any, axis: Any, method: str, keepdims: bool, ignores_nan: bool) -> Any:
    """Quantiles by linear interpolation in the sorted values; for NaN ignored, among those of each row."""
    if method not in _METHODS:
        raise ArgumentError(f"{who}: expected method to be one of {_METHODS}; received {method!r}")
    q = _numbers(q, who)
    if q.ndim > 1 or np.any(q < 0) or np.any(q > 1):
        raise ArgumentError(f"{who}: expected a number, or a vector of numbers, within the range; received {q}")
    x = float_tensor(x)
    axes = [each % x.ndim for each in axes_of(axis, x.ndim)] if x.ndim else []
    kept = [1 if i in axes else size for i, size in enumerate(x.shape)]
    rest = [size for i, size in enumerate(x.shape) if i not in axes]
    x = _core.ops.reshape(moveaxis.eager(x, axes, list(range(-len(axes), 0))), shape=[*rest, -1])
    length = x.shape[-1]
    if length == 0:
        raise ShapeError(f"{who}: expected values along {axis}; received none")
    ordered = _core.ops.sort(x, axis=-1)
    bad = _core.ops.is_nan(x).astype("int32")
    counted = _core.ops.sum(bad, axes=[x.ndim - 1], keepdims=True)
    last = (length - 1 - counted if ignores_nan else counted * 0 + (length - 1)).astype("float64")
    results = []
    for each in q.ravel():
        place = _core.ops.maximum(last, 0.0) * float(each)
        low, high = _core.ops.floor(place), _core.ops.ceil(place)
        if method == "nearest":
            low = high = _core.ops.round(place)
        elif method == "lower":
            high = low
        elif method == "higher":
            low = high
        below, above = (_core.ops.take_along_axis(ordered, p.astype("int32"), axis=-1) for p in (low, high))
        share = 0.5 if method == "midpoint" else (place - low).astype(x.dtype)
        found = below if method in ("nearest", "lower", "higher") else below + (above - below) * share
        found = _core.ops.where(_core.ops.equal(below, above), below, found)  # equal infinities
        empty = _core.ops.less(last, 0.0) if ignores_nan else _core.ops.greater(counted, 0)
        found = _core.ops.where(empty, float("nan"), found)
        results.append(_core.ops.reshape(found, shape=[1, *(kept if keepdims else rest)]))
    joined = results[0] if len(results) == 1 else _core.ops.concatenate(results, axis=0)
    return joined if q.ndim else _core.ops.reshape(joined, shape=list(joined.shape[1:]))


@public_op
def quantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """Return quantiles along `axis`; NaN where a value is NaN.

    Args:
        x: tensor.
        q: number, or vector of numbers, from 0 to 1.
        axis: axis or axes to reduce; None for all.
        method: between two values: "linear", "lower", "higher", "midpoint" or "nearest".
        keepdims: whether reduced axes stay, with size one.

    Returns:
        tensor of floats; with a vector `q`, its axis comes first.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.quantile([1.0, 2.0, 4.0, 8.0], [0.5, 1.0]).numpy()
        array([3., 8.], dtype=float32)
    """
    return _quantile("quantile", x, q, axis, method, keepdims, False)


@public_op
def percentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """Return percentiles along `axis`; NaN where a value is NaN.

    Args:
        x: tensor.
        q: number, or vector of numbers, from 0 to 100.
        axis: axis or axes to reduce; None for all.
        method: between two values: "linear", "lower", "higher", "midpoint" or "nearest".
        keepdims: whether reduced axes stay, with size one.

    Returns:
        tensor of floats; with a vector `q`, its axis comes first.
    """
    return _quantile("percentile", x, _hundredths(q, "percentile"), axis, method, keepdims, False)


def _numbers(q: Any, who: str) -> Any:
    """In float64: 0.3 of ten steps are three, and not some more as in float32."""
    values = known_values(q, who, "give q as numbers") if isinstance(q, _core.Tensor) else np.asarray(q)
    return values.astype("float64")


def _hundredths(q: Any, who: str) -> Any:
    return _numbers(q, who) / 100.0


@public_op
def nanquantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """Return quantiles along `axis` of the values that are not NaN; NaN where there is none.

    Args:
        x: tensor.
        q: number, or vector of numbers, from 0 to 1.
        axis: axis or axes to reduce; None for all.
        method: between two values: "linear", "lower", "higher", "midpoint" or "nearest".
        keepdims: whether reduced axes stay, with size one.

    Returns:
        tensor of floats; with a vector `q`, its axis comes first.
    """
    return _quantile("nanquantile", x, q, axis, method, keepdims, True)


@public_op
def nanpercentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """Return percentiles along `axis` of the values that are not NaN; NaN where there is none.

    Args:
        x: tensor.
        q: number, or vector of numbers, from 0 to 100.
        axis: axis or axes to reduce; None for all.
        method: between two values: "linear", "lower", "higher", "midpoint" or "nearest".
        keepdims: whether reduced axes stay, with size one.

    Returns:
        tensor of floats; with a vector `q`, its axis comes first.
    """
    return _quantile("nanpercentile", x, _hundredths(q, "nanpercentile"), axis, method, keepdims, True)


@public_op
def nanmedian(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the median along `axis` of the values that are not NaN; NaN where there is none.

    Args:
        x: tensor.
        axis: axis or axes to reduce; None for all.
        keepdims: whether reduced axes stay, with size one.

    Returns:
        tensor of floats.
    """
    return _quantile("nanmedian", x, 0.5, axis, "linear", keepdims, True)
