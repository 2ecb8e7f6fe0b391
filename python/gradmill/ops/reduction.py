"""Sums, extremes and other functions along axes. `axis` is None (all), a number or several."""

import builtins
from typing import Any

from gradmill import _core
from gradmill.ops.calling import axes_of, float_tensor, public_op, tensor

__all__ = [
    "all",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "average",
    "count_nonzero",
    "logsumexp",
    "max",
    "mean",
    "median",
    "min",
    "norm",
    "prod",
    "ptp",
    "std",
    "sum",
    "var",
]


def _reduce(name: str, x: Any, axis: Any, keepdims: bool) -> Any:
    x = tensor(x)
    axes = axes_of(axis, x.ndim)
    if not axes:  # over no axis: the values themselves
        return x
    return getattr(_core.ops, name)(x, axes=axes, keepdims=bool(keepdims))


def _count(x: Any, axis: Any) -> int:
    count = 1
    for each in axes_of(axis, x.ndim):
        count *= x.shape[each]
    return count


@public_op
def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the sum along `axis`.

    Args:
        x: tensor of numbers.
        axis: axis or axes to reduce; None for all.
        keepdims: whether reduced axes stay, with size one.

    Returns:
        tensor of the dtype of `x` (bools give int32).

    Example:
        >>> import gradmill as gm
        >>> gm.ops.sum([[1.0, 2.0], [3.0, 4.0]], axis=0).numpy()
        array([4., 6.], dtype=float32)
    """
    return _reduce("sum", x, axis, keepdims)


@public_op
def prod(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """Return the product along `axis`.

    Args:
        x: tensor of numbers.
        axis: axis or axes to reduce; None for all.
        keepdims: whether reduced axes stay, with size one.
        dtype: dtype in which to multiply; default: that of `x`.

    Returns:
        tensor.
    """
    return _reduce("prod", tensor(x, dtype), axis, keepdims)


@public_op
def max(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    """Return the largest value along `axis`; at least `initial` when given.

    Args:
        x: tensor.
        axis: axis or axes to reduce; None for all.
        keepdims: whether reduced axes stay, with size one.
        initial: lower bound of the result, or None.

    Returns:
        tensor of the dtype of `x`; NaN where a value is NaN.
    """
    result = _reduce("max", x, axis, keepdims)
    return result if initial is None else _core.ops.maximum(result, initial)


@public_op
def min(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    """Return the smallest value along `axis`; at most `initial` when given.

    Args:
        x: tensor.
        axis: axis or axes to reduce; None for all.
        keepdims: whether reduced axes stay, with size one.
        initial: upper bound of the result, or None.

    Returns:
        tensor of the dtype of `x`; NaN where a value is NaN.
    """
    result = _reduce("min", x, axis, keepdims)
    return result if initial is None else _core.ops.minimum(result, initial)


amax, amin = max, min


@public_op
def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the mean along `axis`; integers give float32.

    Args:
        x: tensor.
        axis: axis or axes to reduce; None for all.
        keepdims: whether reduced axes stay, with size one.

    Returns:
        tensor of floats.
    """
    x = float_tensor(x)
    count = _count(x, axis)
    return _reduce("sum", x, axis, keepdims) * (1.0 / count if count else float("nan"))


@public_op
def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the variance (divided by the count) along `axis`.

    Args:
        x: tensor.
        axis: axis or axes to reduce; None for all.
        keepdims: whether reduced axes stay, with size one.

    Returns:
        tensor of floats.
    """
    x = float_tensor(x)
    return mean.eager(_core.ops.square(x - mean.eager(x, axis, True)), axis, keepdims)


@public_op
def std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the standard deviation along `axis`.

    Args:
        x: tensor.
        axis: axis or axes to reduce; None for all.
        keepdims: whether reduced axes stay, with size one.

    Returns:
        tensor of floats.
    """
    return _core.ops.sqrt(var.eager(x, axis, keepdims))


@public_op
def all(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return whether all values along `axis` are true.

    Args:
        x: tensor; what is not zero is true.
        axis: axis or axes to reduce; None for all.
        keepdims: whether reduced axes stay, with size one.

    Returns:
        bool tensor.
    """
    return _reduce("min", tensor(x).astype("bool"), axis, keepdims)


@public_op
def any(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return whether any value along `axis` is true.

    Args:
        x: tensor; what is not zero is true.
        axis: axis or axes to reduce; None for all.
        keepdims: whether reduced axes stay, with size one.

    Returns:
        bool tensor.
    """
    return _reduce("max", tensor(x).astype("bool"), axis, keepdims)


@public_op
def count_nonzero(x: Any, axis: Any = None) -> Any:
    """Return how many values along `axis` are not zero, as int32.

    Args:
        x: tensor.
        axis: axis or axes to reduce; None for all.

    Returns:
        int32 tensor.
    """
    return _reduce("sum", tensor(x).astype("bool").astype("int32"), axis, False)


def _arg(name: str, x: Any, axis: Any, keepdims: bool) -> Any:
    x = tensor(x)
    if axis is None:
        flat = getattr(_core.ops, name)(_core.ops.reshape(x, shape=[-1]), axis=0, keepdims=False)
        return _core.ops.reshape(flat, shape=[1] * x.ndim) if keepdims else flat
    return getattr(_core.ops, name)(x, axis=int(axis), keepdims=bool(keepdims))


@public_op
def argmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the position of the largest value along `axis`, the first of equals, as int32.

    Args:
        x: tensor.
        axis: axis to search; None for the flattened tensor.
        keepdims: whether the axis stays, with size one.

    Returns:
        int32 tensor.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.argmax([[1, 5, 2], [7, 0, 7]], axis=-1).numpy()
        array([1, 0], dtype=int32)
    """
    return _arg("argmax", x, axis, keepdims)


@public_op
def argmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the position of the smallest value along `axis`, the first of equals, as int32.

    Args:
        x: tensor.
        axis: axis to search; None for the flattened tensor.
        keepdims: whether the axis stays, with size one.

    Returns:
        int32 tensor.
    """
    return _arg("argmin", x, axis, keepdims)


@public_op
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return log(sum(exp(x))) along `axis` without overflow.

    Args:
        x: tensor.
        axis: axis or axes to reduce; None for all.
        keepdims: whether reduced axes stay, with size one.

    Returns:
        tensor of floats.
    """
    x = float_tensor(x)
    largest = _core.ops.stop_gradient(_reduce("max", x, axis, True))
    largest = _core.ops.where(_core.ops.is_finite(largest), largest, 0.0)
    total = _core.ops.log(_reduce("sum", _core.ops.exp(x - largest), axis, True)) + largest
    if keepdims:
        return total
    axes = {each % x.ndim for each in axes_of(axis, x.ndim)} if x.ndim else set()
    return _core.ops.reshape(total, shape=[size for i, size in enumerate(x.shape) if i not in axes])


@public_op
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the vector norm along `axis`: 2 by default, or 1, 0, infinity, -infinity, any number, "fro".

    Args:
        x: tensor.
        ord: which norm; None and "fro" mean 2.
        axis: axis or axes to reduce; None for all.
        keepdims: whether reduced axes stay, with size one.

    Returns:
        tensor of floats.

    Example:
        >>> import gradmill as gm
        >>> float(gm.ops.norm([3.0, 4.0]))
        5.0
    """
    x = float_tensor(x)
    if ord in (None, 2, "euclidean", "fro"):
        return _core.ops.sqrt(_reduce("sum", _core.ops.square(x), axis, keepdims))
    if ord == float("inf"):
        return _reduce("max", _core.ops.abs(x), axis, keepdims)
    if ord == float("-inf"):
        return _reduce("min", _core.ops.abs(x), axis, keepdims)
    if ord == 1:
        return _reduce("sum", _core.ops.abs(x), axis, keepdims)
    if ord == 0:
        return _reduce("sum", _core.ops.not_equal(x, 0.0).astype(x.dtype), axis, keepdims)
    return _core.ops.power(_reduce("sum", _core.ops.power(_core.ops.abs(x), float(ord)), axis, keepdims), 1.0 / ord)


@public_op
def average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    """Return the mean along `axis`, weighted when `weights` (of the shape of x, or of the axis) are given.

    Args:
        x: tensor.
        axis: axis to reduce; None for all.
        weights: weights of the shape of `x`, or one for each entry along `axis`; None for a plain mean.

    Returns:
        tensor of floats.
    """
    x = float_tensor(x)
    if weights is None:
        return mean.eager(x, axis)
    weights = float_tensor(weights)
    if weights.ndim != x.ndim:
        shape = [1] * x.ndim
        shape[axis] = weights.shape[0]
        weights = _core.ops.reshape(weights, shape=shape)
    weights = _core.ops.broadcast_to(weights, shape=list(x.shape))
    return _reduce("sum", x * weights, axis, False) / _reduce("sum", weights, axis, False)


@public_op
def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the largest minus the smallest value along `axis`.

    Args:
        x: tensor.
        axis: axis or axes to reduce; None for all.
        keepdims: whether reduced axes stay, with size one.

    Returns:
        tensor of the dtype of `x`.
    """
    return _reduce("max", x, axis, keepdims) - _reduce("min", x, axis, keepdims)


@public_op
def median(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the median along one `axis`, or of all values.

    Args:
        x: tensor.
        axis: axis to reduce; None for all values.
        keepdims: whether reduced axes stay, with size one.

    Returns:
        tensor of floats.
    """
    x = float_tensor(x)
    rank = x.ndim
    if axis is None:
        x, axis = _core.ops.reshape(x, shape=[-1]), 0
        kept = [1] * rank
    else:
        kept = [1 if i == axis % rank else size for i, size in enumerate(x.shape)]
    ordered = _core.ops.sort(x, axis=axis)
    count = x.shape[axis]
    index = [slice(None)] * x.ndim
    index[axis] = builtins.slice((count - 1) // 2, count // 2 + 1)
    middle = mean.eager(ordered[tuple(index)], axis, False)
    return _core.ops.reshape(middle, shape=kept) if keepdims else middle
