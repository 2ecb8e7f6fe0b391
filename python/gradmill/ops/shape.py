"""Making tensors, and moving their values without changing them."""

import builtins
from typing import Any, List, Optional, Sequence

import numpy as np

from gradmill import _core, config
from gradmill.errors import ArgumentError, ShapeError
from gradmill.ops.calling import public_op, tensor

__all__ = [
    "arange",
    "broadcast_to",
    "concatenate",
    "convert_to_numpy",
    "convert_to_tensor",
    "diag",
    "diagonal",
    "dtype",
    "empty",
    "expand_dims",
    "eye",
    "flip",
    "full",
    "full_like",
    "hstack",
    "identity",
    "is_tensor",
    "linspace",
    "meshgrid",
    "moveaxis",
    "ndim",
    "ones",
    "ones_like",
    "pad",
    "ravel",
    "repeat",
    "reshape",
    "roll",
    "shape",
    "size",
    "split",
    "squeeze",
    "stack",
    "swapaxes",
    "tile",
    "transpose",
    "tril",
    "triu",
    "unstack",
    "vstack",
    "zeros",
    "zeros_like",
]

# Tensors that one call of the engine joins.
_LARGEST_JOIN = 64


def _sizes(shape: Any) -> List[int]:
    return [int(shape)] if isinstance(shape, (int, np.integer)) else [int(size) for size in shape]


def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    """Return `x` (tensor, variable, array, number, nested list) as a tensor.

    Args:
        x: the values. Python floats become `floatx()`, Python integers int32; arrays keep their dtype.
        dtype: the tensor's dtype.
        sparse, ragged: accepted for compatibility; only dense tensors exist.

    Returns:
        tensor; a symbolic tensor stays symbolic.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.convert_to_tensor([1, 2]).dtype
        'int32'
    """
    if getattr(type(x), "_gradmill_symbolic_", False):
        return x if dtype is None or x.dtype == dtype else x.astype(dtype)
    return _core.tensor(x, None if dtype is None else config.standardize_dtype(dtype))


def convert_to_numpy(x: Any) -> np.ndarray:
    """Return a NumPy copy of the values.

    Args:
        x: tensor, variable or array-like.

    Returns:
        array of its own memory.
    """
    return np.array(x)


def is_tensor(x: Any) -> bool:
    """Return whether `x` is a tensor of the engine.

    Args:
        x: anything.

    Returns:
        bool.
    """
    return isinstance(x, _core.Tensor)


def shape(x: Any) -> tuple:
    """Return the sizes.

    Args:
        x: tensor, symbolic tensor or array-like.

    Returns:
        tuple of integers; None for unknown sizes.
    """
    return tuple(x.shape) if hasattr(x, "shape") else _core.tensor(x).shape


def ndim(x: Any) -> int:
    """Return the number of axes.

    Args:
        x: tensor or array-like.

    Returns:
        integer.
    """
    return len(shape(x))


def size(x: Any) -> int:
    """Return the number of elements.

    Args:
        x: tensor or array-like.

    Returns:
        integer.
    """
    return int(np.prod(shape(x), dtype=np.int64))


def dtype(x: Any) -> str:
    """Return the dtype's name.

    Args:
        x: tensor or array-like.

    Returns:
        name, such as "float32".
    """
    return tensor(x).dtype if not hasattr(x, "dtype") else str(x.dtype)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """Return a tensor of `shape` filled with `fill_value`.

    Args:
        shape: sizes.
        fill_value: number, or tensor that is broadcast.
        dtype: default: that of `fill_value`.

    Returns:
        tensor.
    """
    value = _core.tensor(fill_value, None if dtype is None else config.standardize_dtype(dtype))
    return _core.ops.broadcast_to(value, shape=_sizes(shape))


def zeros(shape: Any, dtype: Any = None) -> Any:
    """Return a tensor of zeros.

    Args:
        shape: sizes.
        dtype: default `floatx()`.

    Returns:
        tensor.
    """
    return full(shape, 0, config.standardize_dtype(dtype))


def ones(shape: Any, dtype: Any = None) -> Any:
    """Return a tensor of ones.

    Args:
        shape: sizes.
        dtype: default `floatx()`.

    Returns:
        tensor.
    """
    return full(shape, 1, config.standardize_dtype(dtype))


def empty(shape: Any, dtype: Any = None) -> Any:
    """Return a tensor of zeros; nothing is left undefined.

    Args:
        shape: sizes.
        dtype: default `floatx()`.

    Returns:
        tensor.
    """
    return zeros(shape, dtype)


@public_op
def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """Return a tensor of the shape of `x` filled with `fill_value`.

    Args:
        x: tensor.
        fill_value: number, or tensor that is broadcast.
        dtype: default: that of `x`.

    Returns:
        tensor.
    """
    x = tensor(x)
    return full(x.shape, fill_value, dtype or x.dtype)


@public_op
def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Return zeros of the shape and dtype of `x`.

    Args:
        x: tensor.
        dtype: default: that of `x`.

    Returns:
        tensor.
    """
    return full_like.eager(x, 0, dtype)


@public_op
def ones_like(x: Any, dtype: Any = None) -> Any:
    """Return ones of the shape and dtype of `x`.

    Args:
        x: tensor.
        dtype: default: that of `x`.

    Returns:
        tensor.
    """
    return full_like.eager(x, 1, dtype)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Any:
    """Return evenly spaced numbers from `start` to before `stop`; int32 for integers, else `floatx()`.

    Args:
        start: first number; with one argument, the end, and the numbers start at 0.
        stop: end, not included.
        step: distance.
        dtype: dtype of the result.

    Returns:
        vector.

    Raises:
        ArgumentError: for a step of 0.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.arange(1, 8, 3).numpy()
        array([1, 4, 7], dtype=int32)
    """
    if stop is None:
        start, stop = 0, start
    if dtype is None:
        dtype = "int32" if builtins.all(isinstance(each, (int, np.integer)) for each in (start, stop, step)) else None
    name = config.standardize_dtype(dtype)
    if step == 0:
        raise ArgumentError("arange: expected a step that is not 0; received 0")
    return _core.tensor(np.arange(float(start) if "float" in name else start, stop, step), name)


def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0
) -> Any:
    """Return `num` evenly spaced numbers from `start` to `stop`.

    Args:
        start: first number, or an array of them; tensors get gradients.
        stop: last number.
        num: how many.
        endpoint: whether `stop` is included.
        retstep: return the distance too.
        dtype: default `floatx()`.
        axis: where the new axis stands when the ends are arrays.

    Returns:
        tensor, or (tensor, distance).

    Raises:
        ArgumentError: for a negative `num`.
    """
    if num < 0:
        raise ArgumentError(f"linspace: expected num >= 0; received {num}")
    if builtins.any(isinstance(each, (_core.Tensor, _core.Variable)) for each in (start, stop)):
        result, step = _between(tensor(start), tensor(stop), num, endpoint, dtype, axis)
    else:
        values, step = np.linspace(np.asarray(start), np.asarray(stop), num, endpoint, retstep=True, axis=axis)
        result = _core.tensor(values, config.standardize_dtype(dtype))
    return (result, step) if retstep else result


def _between(first: Any, last: Any, num: int, endpoint: bool, dtype: Any, axis: int) -> Any:
    """What `linspace` returns for tensors, whose values may be unknown yet, and the distance."""
    floats = config.floatx() if "float" not in first.dtype else first.dtype
    dtype = _core.promote_types(floats, last.dtype) if dtype is None else config.standardize_dtype(dtype)
    shape = list(np.broadcast_shapes(tuple(first.shape), tuple(last.shape)))
    place = axis if axis >= 0 else axis + len(shape) + 1
    first, last = (broadcast_to(_core.ops.cast(each, dtype=dtype), shape) for each in (first, last))
    step = (last - first) / float(builtins.max(num - 1 if endpoint else num, 1))
    shares = np.linspace(0.0, 1.0, num, endpoint).reshape([num if i == place else 1 for i in range(len(shape) + 1)])
    first, last = (_core.ops.reshape(each, shape=[*shape[:place], 1, *shape[place:]]) for each in (first, last))
    # A weighted mean of the ends is exactly them at both.
    return first * _core.tensor(1.0 - shares, dtype) + last * _core.tensor(shares, dtype), step


def eye(N: int, M: Optional[int] = None, k: int = 0, dtype: Any = None) -> Any:
    """Return a matrix of zeros with ones on the diagonal `k`.

    Args:
        N: rows.
        M: columns; default `N`.
        k: which diagonal; above the main one when positive.
        dtype: default `floatx()`.

    Returns:
        (N, M).

    Raises:
        ArgumentError: for a negative size.
    """
    if N < 0 or (M is not None and M < 0):
        raise ArgumentError(f"eye: expected sizes >= 0; received N={N}, M={M}")
    return _core.tensor(np.eye(N, M, k), config.standardize_dtype(dtype))


def identity(n: int, dtype: Any = None) -> Any:
    """Return the n-by-n identity matrix.

    Args:
        n: rows and columns.
        dtype: default `floatx()`.

    Returns:
        (n, n).
    """
    return eye(n, dtype=dtype)


@public_op
def reshape(x: Any, newshape: Any) -> Any:
    """Return the values in another shape; one size may be -1.

    Args:
        x: tensor.
        newshape: sizes.

    Returns:
        tensor.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.reshape([[1, 2], [3, 4]], (-1,)).numpy()
        array([1, 2, 3, 4], dtype=int32)
    """
    return _core.ops.reshape(x, shape=_sizes(newshape))


@public_op
def ravel(x: Any) -> Any:
    """Return the values in one axis.

    Args:
        x: tensor.

    Returns:
        vector.
    """
    return _core.ops.reshape(x, shape=[-1])


@public_op
def squeeze(x: Any, axis: Any = None) -> Any:
    """Remove axes of size one: all, or those named.

    Args:
        x: tensor.
        axis: axis or axes; None for all of size one.

    Returns:
        tensor.

    Raises:
        ShapeError: when a named axis has another size.
    """
    x = tensor(x)
    wanted = None if axis is None else [axis] if isinstance(axis, int) else list(axis)
    axes = {i for i, size in enumerate(x.shape) if size == 1} if wanted is None else {each % x.ndim for each in wanted}
    for each in axes:
        if x.shape[each] != 1:
            raise ShapeError(f"squeeze: expected axis {each} to have size 1; received shape {x.shape}")
    return _core.ops.reshape(x, shape=[size for i, size in enumerate(x.shape) if i not in axes])


@public_op
def expand_dims(x: Any, axis: Any) -> Any:
    """Insert axes of size one at the positions `axis` of the result.

    Args:
        x: tensor.
        axis: position or positions in the result.

    Returns:
        tensor.

    Raises:
        ArgumentError: for a position outside the result.
    """
    x = tensor(x)
    axes = [axis] if isinstance(axis, int) else list(axis)
    rank = x.ndim + len(axes)
    for each in axes:
        if not -rank <= each < rank:
            raise ArgumentError(f"expand_dims: axis {each} is out of range for a result of rank {rank}")
    places = {each % rank for each in axes}
    sizes = iter(x.shape)
    return _core.ops.reshape(x, shape=[1 if i in places else next(sizes) for i in range(rank)])


@public_op
def transpose(x: Any, axes: Optional[Sequence[int]] = None) -> Any:
    """Permute the axes; reverse them without `axes`.

    Args:
        x: tensor.
        axes: for each axis of the result, the axis of `x` it comes from.

    Returns:
        tensor.
    """
    return _core.ops.transpose(x, permutation=[] if axes is None else [int(each) for each in axes])


@public_op
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Exchange two axes.

    Args:
        x: tensor.
        axis1: axis.
        axis2: axis.

    Returns:
        tensor.
    """
    x = tensor(x)
    axes = list(range(x.ndim))
    axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    return _core.ops.transpose(x, permutation=axes)


@public_op
def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """Move axes from the positions `source` to `destination`; the others keep their order.

    Args:
        x: tensor.
        source: axis or axes of `x`.
        destination: their positions in the result.

    Returns:
        tensor.
    """
    x = tensor(x)
    sources = [s % x.ndim for s in ([source] if isinstance(source, int) else source)]
    destinations = [d % x.ndim for d in ([destination] if isinstance(destination, int) else destination)]
    axes = [axis for axis in range(x.ndim) if axis not in sources]
    for place, axis in sorted(zip(destinations, sources)):
        axes.insert(place, axis)
    return _core.ops.transpose(x, permutation=axes)


@public_op
def concatenate(xs: Any, axis: int = 0) -> Any:
    """Join tensors along an existing axis.

    Args:
        xs: tensors that differ in `axis` only.
        axis: axis to join along.

    Returns:
        tensor.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.concatenate([[1, 2], [3]]).numpy()
        array([1, 2, 3], dtype=int32)
    """
    return _joined(list(xs), int(axis))


def _joined(tensors: List[Any], axis: int) -> Any:
    """Join any number of tensors; one call of the engine takes a bounded number."""
    while len(tensors) > _LARGEST_JOIN:
        starts = range(0, len(tensors), _LARGEST_JOIN)
        tensors = [_core.ops.concatenate(tensors[i : i + _LARGEST_JOIN], axis=axis) for i in starts]
    return _core.ops.concatenate(tensors, axis=axis)


@public_op
def stack(x: Any, axis: int = 0) -> Any:
    """Join tensors of one shape along a new axis.

    Args:
        x: tensors of one shape.
        axis: where the new axis stands.

    Returns:
        tensor.
    """
    return _joined([expand_dims.eager(each, axis) for each in x], int(axis))


@public_op
def hstack(xs: Any) -> Any:
    """Join tensors along the second axis (the first for vectors).

    Args:
        xs: tensors.

    Returns:
        tensor.
    """
    xs = [tensor(each) for each in xs]
    return _core.ops.concatenate(xs, axis=0 if xs[0].ndim == 1 else 1)


@public_op
def vstack(xs: Any) -> Any:
    """Join tensors along the first axis; vectors become rows.

    Args:
        xs: tensors.

    Returns:
        tensor.
    """
    return _core.ops.concatenate([expand_dims.eager(x, 0) if tensor(x).ndim == 1 else x for x in xs], axis=0)


@public_op
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """Cut along `axis` into equal parts, or at the given positions.

    Args:
        x: tensor.
        indices_or_sections: number of equal parts, or positions of the cuts.
        axis: axis to cut.

    Returns:
        list of tensors.

    Raises:
        ShapeError: when the axis does not divide into equal parts.

    Example:
        >>> import gradmill as gm
        >>> [part.numpy().tolist() for part in gm.ops.split([1, 2, 3, 4], [1, 3])]
        [[1], [2, 3], [4]]
    """
    x = tensor(x)
    count = x.shape[axis]
    if isinstance(indices_or_sections, (int, np.integer)):
        parts = int(indices_or_sections)
        if parts < 1 or count % parts:
            raise ShapeError(
                f"split: expected axis {axis} to divide into {parts} equal parts; received shape {x.shape}"
            )
        bounds = [i * (count // parts) for i in range(parts + 1)]
    else:
        bounds = [0, *(int(each) for each in indices_or_sections), count]
    index = [builtins.slice(None)] * x.ndim
    pieces = []
    for begin, end in zip(bounds, bounds[1:]):
        index[axis] = builtins.slice(begin, end)
        pieces.append(x[tuple(index)])
    return pieces


@public_op
def unstack(x: Any, num: Optional[int] = None, axis: int = 0) -> Any:
    """Return the slices along `axis` as a list.

    Args:
        x: tensor.
        num: accepted for compatibility; the size of the axis is known.
        axis: axis to take apart.

    Returns:
        list of tensors without `axis`.
    """
    x = tensor(x)
    return [squeeze.eager(each, axis) for each in split.eager(x, x.shape[axis], axis)]


@public_op
def broadcast_to(x: Any, shape: Any) -> Any:
    """Repeat along axes of size one, and along new axes in front, up to `shape`.

    Args:
        x: tensor.
        shape: sizes.

    Returns:
        tensor.
    """
    return _core.ops.broadcast_to(x, shape=_sizes(shape))


@public_op
def tile(x: Any, repeats: Any) -> Any:
    """Repeat the whole tensor `repeats` times along each axis.

    Args:
        x: tensor.
        repeats: number for each axis; missing ones in front are 1.

    Returns:
        tensor.
    """
    x = tensor(x)
    counts = _sizes(repeats)
    rank = builtins.max(x.ndim, len(counts))
    sizes = [1] * (rank - x.ndim) + list(x.shape)
    counts = [1] * (rank - len(counts)) + counts
    spread = _core.ops.reshape(x, shape=[each for size in sizes for each in (1, size)])
    spread = _core.ops.broadcast_to(spread, shape=[each for pair in zip(counts, sizes) for each in pair])
    return _core.ops.reshape(spread, shape=[count * size for count, size in zip(counts, sizes)])


@public_op
def repeat(x: Any, repeats: Any, axis: Optional[int] = None) -> Any:
    """Repeat each entry along `axis` (of the flattened tensor without axis).

    Args:
        x: tensor.
        repeats: how often, for all entries or for each along `axis`.
        axis: axis to repeat along.

    Returns:
        tensor.

    Raises:
        ArgumentError: for negative counts, or counts that do not fit the axis.
    """
    x = tensor(x)
    if axis is None:
        x, axis = _core.ops.reshape(x, shape=[-1]), 0
    axis %= x.ndim
    counts = np.asarray(repeats)
    if counts.dtype.kind not in "iu" or counts.shape not in ((), (1,), (x.shape[axis],)) or np.any(counts < 0):
        raise ArgumentError(
            f"repeat: expected a count >= 0, or one for each of the {x.shape[axis]} entries; received {repeats!r}"
        )
    counts = np.broadcast_to(counts, (x.shape[axis],))
    order = np.repeat(np.arange(x.shape[axis], dtype="int32"), counts)
    return _core.ops.gather(x, order, axis=axis)


@public_op
def flip(x: Any, axis: Any = None) -> Any:
    """Reverse the order along `axis`, or along all axes.

    Args:
        x: tensor.
        axis: axis or axes; None for all.

    Returns:
        tensor.
    """
    x = tensor(x)
    axes = {each % x.ndim for each in ([axis] if isinstance(axis, int) else range(x.ndim) if axis is None else axis)}
    return x[tuple(builtins.slice(None, None, -1 if i in axes else None) for i in range(x.ndim))]


@public_op
def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    """Shift entries along `axis`; those that leave come back at the other end.

    Args:
        x: tensor.
        shift: by how many places, for each axis.
        axis: axis or axes; None for the flattened tensor.

    Returns:
        tensor like `x`.
    """
    x = tensor(x)
    if axis is None:
        return _core.ops.reshape(roll.eager(_core.ops.reshape(x, shape=[-1]), shift, 0), shape=list(x.shape))
    shifts, axes = ([shift], [axis]) if isinstance(axis, int) else (list(shift), list(axis))
    for by, along in zip(shifts, axes):
        count = x.shape[along]
        order = (np.arange(count) - by) % builtins.max(count, 1)
        x = _core.ops.gather(x, order.astype("int32"), axis=along % x.ndim)
    return x


@public_op
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """Add entries at both ends of the axes.

    Args:
        x: tensor.
        pad_width: a number, a pair, or a pair for each axis.
        mode: "constant", "reflect", "symmetric" or "edge".
        constant_values: what to add in mode "constant"; default 0.

    Returns:
        tensor.

    Raises:
        ArgumentError: for an unknown mode.
    """
    x = tensor(x)
    given = np.asarray(pad_width)
    if given.dtype.kind not in "iu" or given.shape not in ((), (1,), (2,), (1, 2), (x.ndim, 1), (x.ndim, 2)):
        raise ArgumentError(
            f"pad: expected pad_width to be a whole number, a pair, or a pair for each of the {x.ndim} axes; "
            f"received {pad_width!r}"
        )
    widths = np.broadcast_to(given, (x.ndim, 2)).tolist()
    if mode == "constant":
        return _core.ops.pad(
            x, before=[b for b, _ in widths], after=[a for _, a in widths], value=float(constant_values or 0)
        )
    if mode not in ("reflect", "symmetric", "edge"):
        raise ArgumentError(f"pad: expected mode 'constant', 'reflect', 'symmetric' or 'edge'; received {mode!r}")
    for axis, (before, after) in enumerate(widths):
        if before or after:
            pad_positions: Any = np.pad  # its stub wants a literal mode
            order = pad_positions(np.arange(x.shape[axis], dtype="int32"), (before, after), mode=mode)
            x = _core.ops.gather(x, order, axis=axis)
    return x


def _triangle(x: Any, k: int, lower: bool) -> Any:
    x = tensor(x)
    rows, columns = x.shape[-2:]
    mask = np.tri(rows, columns, k if lower else k - 1, dtype=bool)
    return _core.ops.where(mask if lower else ~mask, x, 0)


@public_op
def tril(x: Any, k: int = 0) -> Any:
    """Return the lower triangle, zeros above diagonal `k`.

    Args:
        x: (..., rows, columns).
        k: which diagonal is the last to keep; above the main one when positive.

    Returns:
        tensor like `x`.
    """
    return _triangle(x, k, True)


@public_op
def triu(x: Any, k: int = 0) -> Any:
    """Return the upper triangle, zeros below diagonal `k`.

    Args:
        x: (..., rows, columns).
        k: which diagonal is the first to keep; above the main one when positive.

    Returns:
        tensor like `x`.
    """
    return _triangle(x, k, False)


@public_op
def diag(x: Any, k: int = 0) -> Any:
    """Return the diagonal `k` of a matrix, or a matrix with `x` on it.

    Args:
        x: matrix or vector.
        k: which diagonal; above the main one when positive.

    Returns:
        vector or matrix.
    """
    x = tensor(x)
    if x.ndim == 1:
        count = x.shape[0] + builtins.abs(k)
        mask = np.eye(count, count, k, dtype=bool)
        spread = pad.eager(x, [[builtins.max(k, 0), 0]]) if k >= 0 else pad.eager(x, [[0, -k]])
        return _core.ops.where(mask, _core.ops.reshape(spread, shape=[1, count]), 0)
    return diagonal.eager(x, k)


@public_op
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Return the diagonal of two axes, as the last axis.

    Args:
        x: tensor of rank 2 or more.
        offset: which diagonal; above the main one when positive.
        axis1: axis of the rows.
        axis2: axis of the columns.

    Returns:
        tensor.
    """
    x = moveaxis.eager(x, (axis1, axis2), (-2, -1))
    rows, columns = x.shape[-2:]
    length = builtins.max(0, builtins.min(rows + builtins.min(offset, 0), columns - builtins.max(offset, 0)))
    first = np.arange(length)
    places = (first + builtins.max(-offset, 0)) * columns + first + builtins.max(offset, 0)
    flat = _core.ops.reshape(x, shape=[*x.shape[:-2], rows * columns])
    return _core.ops.gather(flat, places.astype("int32"), axis=flat.ndim - 1)


@public_op
def meshgrid(*x: Any, indexing: str = "xy") -> Any:
    """Return coordinate tensors from coordinate vectors.

    Args:
        *x: vectors.
        indexing: "xy" (the first vector runs along the second axis) or "ij".

    Returns:
        list of tensors, one for each vector.
    """
    vectors = [ravel.eager(each) for each in x]
    order = [1, 0, *range(2, len(vectors))] if indexing == "xy" and len(vectors) > 1 else list(range(len(vectors)))
    sizes = [vectors[i].shape[0] for i in order]
    grids = []
    for i, vector in enumerate(vectors):
        place = [1] * len(vectors)
        place[order.index(i)] = vector.shape[0]
        grids.append(_core.ops.broadcast_to(_core.ops.reshape(vector, shape=place), shape=sizes))
    return grids
