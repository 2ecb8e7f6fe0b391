"""Counts, quantiles, differences and relations of values."""

import builtins
import math
from typing import Any, Optional, Tuple

import numpy as np

from gradmill import _core
from gradmill.errors import ArgumentError, ShapeError
from gradmill.ops.calling import float_tensor, known_values, public_op, tensor
from gradmill.ops.indexing import searchsorted
from gradmill.ops.reduction import mean
from gradmill.ops.shape import flip, moveaxis

__all__ = [
    "argpartition",
    "bincount",
    "cdist",
    "corrcoef",
    "correlate",
    "diff",
    "digitize",
    "histogram",
    "isin",
    "nonzero",
    "psnr",
    "trapezoid",
    "unique",
]


@public_op
def argpartition(x: Any, kth: int, axis: Optional[int] = -1) -> Any:
    """Return positions that put the entry `kth` of the order into its place, smaller ones before it, larger behind.

    Args:
        x: tensor.
        kth: place in the order; negative numbers count from the end.
        axis: axis to look along; None for the flattened tensor.

    Returns:
        int32 tensor; all entries are in order, which is more than is promised.

    Raises:
        ArgumentError: for a place that the axis does not have.
    """
    x = tensor(x)
    if axis is None:
        x, axis = _core.ops.reshape(x, shape=[-1]), 0
    if not -x.shape[axis] <= int(kth) < x.shape[axis]:
        raise ArgumentError(f"argpartition: expected kth to be a place of axis {axis} of {x.shape}; received {kth}")
    return _core.ops.argsort(x, axis=int(axis))


@public_op
def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Any:
    """Count how often each number from 0 occurs; the largest one says how long the result is.

    Args:
        x: integers >= 0, (count,) or (batch, count). In a compiled function numbers of `minlength` or more are not
            counted, as the length must be known there.
        weights: what to add in place of 1, of the shape of `x`.
        minlength: the least length of the result.
        sparse: must be False; there are only dense tensors.

    Returns:
        (length,) or (batch, length), int32 or of the dtype of the weights.

    Raises:
        ArgumentError: for numbers below 0, a `minlength` below 0, or `sparse`.
        ShapeError: for other than 1 or 2 axes, or weights of another shape.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.bincount([1, 3, 1]).numpy()
        array([0, 2, 0, 1], dtype=int32)
    """
    given, x = x, tensor(x)
    if "int" not in x.dtype or x.ndim not in (1, 2):
        raise ShapeError(f"bincount: expected integers of 1 or 2 axes; received shape {x.shape} of {x.dtype}")
    if sparse or int(minlength or 0) < 0:
        raise ArgumentError(f"bincount: expected minlength >= 0 and no sparse; received {minlength} and {sparse}")
    length = int(minlength or 0)
    if not (isinstance(given, (_core.Tensor, _core.Variable)) and x.is_traced and length):
        values = known_values(given, "bincount", "give minlength")
        if values.size and values.min() < 0:
            raise ArgumentError(f"bincount: expected integers >= 0; received {values.min()}")
        length = builtins.max(length, int(values.max()) + 1 if values.size else 0)
    weights = None if weights is None else tensor(weights)
    if weights is not None and weights.shape != x.shape:
        raise ShapeError(f"bincount: expected weights of shape {x.shape}; received {weights.shape}")
    batch = x.shape[0] if x.ndim == 2 else 1
    ones = _core.tensor(1, "int32") if weights is None else weights
    # Row b of the batch counts at b * (length + 1); the last place of each collects what is not counted.
    inside = _core.ops.logical_and(_core.ops.greater_equal(x, 0), _core.ops.less(x, length))
    places = _core.ops.where(inside, x, length).astype("int32")
    if x.ndim == 2:
        places = places + np.arange(batch, dtype="int32")[:, None] * (length + 1)
    parts = _core.ops.reshape(_core.ops.broadcast_to(ones, shape=list(x.shape)), shape=[-1])
    exact = parts if "float" in parts.dtype else parts.astype("float64")
    total = _core.ops.gather_backward(
        _core.ops.reshape(places, shape=[-1]), exact, shape=[batch * (length + 1)], axis=0
    ).astype(parts.dtype)
    counts = _core.ops.reshape(total, shape=[batch, length + 1])[:, :length]
    return counts if x.ndim == 2 else _core.ops.reshape(counts, shape=[length])


@public_op
def histogram(x: Any, bins: int = 10, range: Optional[Tuple[Any, Any]] = None) -> Any:
    """Count values in cells of equal size.

    Args:
        x: tensor, flattened.
        bins: number of cells.
        range: where they begin and end; default: the smallest and the largest value. What lies outside is not counted.

    Returns:
        (counts (bins,), borders (bins + 1,)).

    Raises:
        ArgumentError: for fewer cells than one, or a range that is empty.

    Example:
        >>> import gradmill as gm
        >>> counts, borders = gm.ops.histogram([0.0, 1.0, 1.5, 2.0], bins=2)
        >>> counts.numpy(), borders.numpy()
        (array([1, 3], dtype=int32), array([0., 1., 2.], dtype=float32))
    """
    x = _core.ops.reshape(float_tensor(x), shape=[-1])
    if not isinstance(bins, (int, np.integer)) or bins < 1:
        raise ArgumentError(f"histogram: expected a number of bins >= 1; received {bins!r}")
    if range is not None:
        if len(range) != 2 or float(range[0]) > float(range[1]):
            raise ArgumentError(f"histogram: expected a range (first, last) in order; received {range!r}")
        low, high = (_core.tensor(float(each), x.dtype) for each in range)
    elif x.shape[0]:
        low, high = (getattr(_core.ops, each)(x, axes=[0], keepdims=False) for each in ("min", "max"))
    else:
        low, high = _core.tensor(0.0, x.dtype), _core.tensor(1.0, x.dtype)
    empty = _core.ops.equal(low, high)  # one value: a cell of width 1 around it
    low, high = _core.ops.where(empty, low - 0.5, low), _core.ops.where(empty, high + 0.5, high)
    part = _core.tensor(np.arange(bins + 1) / bins, x.dtype)
    borders = low * (1.0 - part) + high * part
    places = searchsorted.eager(borders[1:-1], x, "right")
    inside = _core.ops.logical_and(_core.ops.greater_equal(x, low), _core.ops.less_equal(x, high))
    places = _core.ops.where(inside, places, int(bins))
    cells = _core.ops.equal(_core.ops.reshape(places, shape=[-1, 1]), np.arange(bins, dtype="int32"))
    return _core.ops.sum(cells.astype("int32"), axes=[0], keepdims=False), borders


@public_op
def digitize(x: Any, bins: Any) -> Any:
    """Return in which cell values lie: how many of the ascending borders are not above them.

    Args:
        x: tensor.
        bins: vector in ascending order.

    Returns:
        int32 tensor of the shape of `x`.

    Raises:
        ShapeError: for borders that are no vector.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.digitize([0.2, 1.0, 6.4], [0.0, 1.0, 2.5]).numpy()
        array([1, 2, 3], dtype=int32)
    """
    bins = tensor(bins)
    if bins.ndim != 1:
        raise ShapeError(f"digitize: expected bins to be a vector; received shape {bins.shape}")
    return searchsorted.eager(bins, x, "right")


@public_op
def corrcoef(x: Any) -> Any:
    """Return the correlation of every pair of rows.

    Args:
        x: (rows, values), or one row.

    Returns:
        (rows, rows); a number for one row.

    Raises:
        ShapeError: for more than 2 axes.
    """
    x = float_tensor(x)
    if x.ndim > 2:
        raise ShapeError(f"corrcoef: expected a matrix or a vector; received shape {x.shape}")
    rows = _core.ops.reshape(x, shape=[1, -1]) if x.ndim < 2 else x
    off = rows - mean.eager(rows, 1, True)
    covariance = _core.ops.matmul(off, off, transpose_b=True)
    scale = _core.ops.sqrt(_core.ops.sum(_core.ops.square(off), axes=[1], keepdims=True))
    found = covariance / scale / _core.ops.reshape(scale, shape=[1, -1])
    found = _core.ops.minimum(_core.ops.maximum(found, -1.0), 1.0)
    return _core.ops.reshape(found, shape=[]) if x.ndim < 2 else found


@public_op
def correlate(x1: Any, x2: Any, mode: str = "valid") -> Any:
    """Return the sums of products of one vector with the other at every place.

    Args:
        x1: vector.
        x2: vector.
        mode: "valid" (where one lies within the other), "same" (as long as the longer one) or "full".

    Returns:
        vector.

    Raises:
        ArgumentError: for an unknown mode.
        ShapeError: for anything but vectors that are not empty.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.correlate([1.0, 2.0, 3.0], [0.0, 1.0, 0.5]).numpy()
        array([3.5], dtype=float32)
    """
    if mode not in ("valid", "same", "full"):
        raise ArgumentError(f"correlate: expected mode 'valid', 'same' or 'full'; received {mode!r}")
    x1, x2 = tensor(x1), tensor(x2)
    if x1.ndim != 1 or x2.ndim != 1 or 0 in (x1.shape[0], x2.shape[0]):
        raise ShapeError(f"correlate: expected two vectors that are not empty; received {x1.shape} and {x2.shape}")
    common = _core.promote_types(x1.dtype, x2.dtype)
    turned = x1.shape[0] < x2.shape[0]
    a, b = (x2, x1) if turned else (x1, x2)
    n, m = a.shape[0], b.shape[0]
    low, high = {"valid": (0, 0), "same": (m // 2, m - 1 - m // 2), "full": (m - 1, m - 1)}[mode]
    a = _core.ops.pad(a.astype(common), before=[low], after=[high], value=0.0)
    count = n + low + high - m + 1
    places = np.arange(count, dtype="int32")[:, None] + np.arange(m, dtype="int32")
    windows = _core.ops.gather(a, places, axis=0)
    found = _core.ops.sum(windows * b.astype(common), axes=[1], keepdims=False)
    return flip.eager(found, 0) if turned else found


@public_op
def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """Return the differences of neighbours along `axis`, `n` times over.

    Args:
        a: tensor.
        n: how many times.
        axis: axis to look along.

    Returns:
        tensor with `n` entries less along `axis`.

    Raises:
        ArgumentError: for a negative `n`, or a number without axes.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.diff([1, 2, 4, 7]).numpy()
        array([1, 2, 3], dtype=int32)
    """
    a = tensor(a)
    if int(n) < 0 or a.ndim == 0:
        raise ArgumentError(f"diff: expected n >= 0 and at least one axis; received {n} and shape {a.shape}")
    index = [slice(None)] * a.ndim
    for _ in range(int(n)):
        if a.shape[axis] == 0:
            break
        index[axis] = slice(1, None)
        later = a[tuple(index)]
        index[axis] = slice(0, a.shape[axis] - 1)
        earlier = a[tuple(index)]
        a = _core.ops.not_equal(later, earlier) if a.dtype == "bool" else later - earlier
    return a


@public_op
def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """Integrate along `axis` by trapezoids.

    Args:
        y: tensor of values.
        x: where they are, (size of the axis,) or of the shape of `y`; None for even distances.
        dx: the distance where `x` is None.
        axis: axis to integrate along.

    Returns:
        tensor of floats without `axis`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.ops.trapezoid([1.0, 2.0, 3.0]))
        4.0
    """
    y = moveaxis.eager(float_tensor(y), axis, -1)
    if x is None:
        width: Any = float(dx)
    else:
        x = float_tensor(x)
        width = diff.eager(x if x.ndim == 1 else moveaxis.eager(x, axis, -1))
    means = (y[(..., slice(1, None))] + y[(..., slice(0, y.shape[-1] - 1))]) * 0.5
    return _core.ops.sum(means * width, axes=[y.ndim - 1], keepdims=False)


@public_op
def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """Return where the entries of `x1` are among those of `x2`.

    Args:
        x1: tensor.
        x2: tensor, flattened.
        assume_unique: accepted for compatibility.
        invert: return where they are not.

    Returns:
        bool tensor of the shape of `x1`.
    """
    x1, x2 = tensor(x1), _core.ops.reshape(tensor(x2), shape=[-1])
    same = _core.ops.equal(_core.ops.reshape(x1, shape=[*x1.shape, 1]), x2)
    count = _core.ops.sum(same.astype("int32"), axes=[x1.ndim], keepdims=False)
    return _core.ops.equal(count, 0) if invert else _core.ops.greater(count, 0)


@public_op
def cdist(x: Any, y: Any) -> Any:
    """Return the Euclidean distance of every row of `x` from every row of `y`.

    Args:
        x: (..., rows, size).
        y: (..., other rows, size).

    Returns:
        (..., rows, other rows).

    Raises:
        ShapeError: when the rows differ in size.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.cdist([[0.0, 0.0]], [[3.0, 4.0], [0.0, 1.0]]).numpy()
        array([[5., 1.]], dtype=float32)
    """
    x, y = float_tensor(x), float_tensor(y)
    if x.ndim < 2 or y.ndim < 2 or x.shape[-1] != y.shape[-1]:
        raise ShapeError(f"cdist: expected rows of one size; received shapes {x.shape} and {y.shape}")
    off = _core.ops.reshape(x, shape=[*x.shape[:-1], 1, x.shape[-1]]) - _core.ops.reshape(
        y, shape=[*y.shape[:-2], 1, *y.shape[-2:]]
    )
    squares = _core.ops.sum(_core.ops.square(off), axes=[off.ndim - 1], keepdims=False)
    zero = _core.ops.equal(squares, 0.0)  # where the root has no slope
    return _core.ops.where(zero, 0.0, _core.ops.sqrt(_core.ops.where(zero, 1.0, squares)))


@public_op
def nonzero(x: Any) -> Any:
    """Return where entries are not zero, for each axis a vector; outside of compiled functions only.

    Args:
        x: tensor.

    Returns:
        tuple of int32 vectors, one for each axis.

    Example:
        >>> import gradmill as gm
        >>> [each.numpy().tolist() for each in gm.ops.nonzero([[0, 2], [3, 0]])]
        [[0, 1], [1, 0]]
    """
    places = np.nonzero(np.atleast_1d(known_values(x, "nonzero", "use where, or sums over masks")))
    return tuple(_core.tensor(each.astype("int32")) for each in places)


@public_op
def unique(
    x: Any,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Optional[int] = None,
    size: Optional[int] = None,
    fill_value: Any = None,
) -> Any:
    """Return each value once; outside of compiled functions only.

    Args:
        x: tensor.
        sorted: accepted for compatibility; values are in ascending order.
        return_index: whether to return where each value stands first, too.
        return_inverse: whether to return for each entry the number of its value, too.
        return_counts: whether to return how often each value occurs, too.
        axis: slices along this axis are the values; None for entries of the flattened tensor.
        size: how many values to return: more are cut off, missing ones filled up.
        fill_value: what fills up; default: the smallest value.

    Returns:
        tensor, or a tuple with the int32 tensors that were asked for behind it.

    Raises:
        ArgumentError: for a `size` below 0.

    Example:
        >>> import gradmill as gm
        >>> values, counts = gm.ops.unique([3, 1, 3], return_counts=True)
        >>> values.numpy().tolist(), counts.numpy().tolist()
        ([1, 3], [1, 2])
    """
    x = known_values(x, "unique", "call it outside of compiled functions, on data")
    if size is not None and size < 0:
        raise ArgumentError(f"unique: expected size >= 0; received {size}")
    found = np.unique(x, return_index=True, return_inverse=True, return_counts=True, axis=axis)
    values, first, inverse, counts = found
    along = 0 if axis is None else axis
    if size is not None:
        missing = builtins.max(size - values.shape[along], 0)
        keep = np.arange(builtins.min(size, values.shape[along]))
        filling = np.take(values, [0] * missing, along) if values.size else np.zeros(missing, values.dtype)
        if fill_value is not None:
            filling = np.full_like(filling, fill_value)
        values = np.concatenate([np.take(values, keep, along), filling], along)
        first = np.concatenate([first[: len(keep)], np.full(missing, first[0] if len(first) else 0)])
        counts = np.concatenate([counts[: len(keep)], np.zeros(missing, counts.dtype)])
    wanted = [(return_index, first), (return_inverse, inverse.reshape(x.shape if axis is None else -1))]
    wanted.append((return_counts, counts))
    more = [_core.tensor(each.astype("int32")) for asked, each in wanted if asked]
    return (_core.tensor(values), *more) if more else _core.tensor(values)


@public_op
def psnr(x1: Any, x2: Any, max_val: Any) -> Any:
    """Return the ratio of peak signal to noise, in decibels, over all entries.

    Args:
        x1: tensor.
        x2: tensor of the same shape.
        max_val: the largest value that entries may have.

    Returns:
        a number; infinity for equal tensors.

    Raises:
        ShapeError: for different shapes.

    Example:
        >>> import gradmill as gm
        >>> round(float(gm.ops.psnr([0.0, 1.0], [0.1, 0.9], 1.0)), 3)
        20.0
    """
    x1, x2 = float_tensor(x1), float_tensor(x2)
    if x1.shape != x2.shape:
        raise ShapeError(f"psnr: expected tensors of one shape; received {x1.shape} and {x2.shape}")
    error = mean.eager(_core.ops.square(x1 - x2))
    return (_core.ops.log(_core.ops.square(_core.tensor(max_val, x1.dtype))) - _core.ops.log(error)) * (
        10.0 / math.log(10.0)
    )
