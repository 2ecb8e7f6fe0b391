"""Picking and placing values by position; sorting."""

import builtins
from typing import Any, List, Optional, Sequence

from gradmill import _core, config
from gradmill.errors import ArgumentError, ShapeError
from gradmill.ops.calling import public_op, tensor

__all__ = [
    "argsort",
    "in_top_k",
    "multi_hot",
    "one_hot",
    "scatter",
    "scatter_update",
    "searchsorted",
    "slice",
    "slice_update",
    "sort",
    "take",
    "take_along_axis",
    "top_k",
]


@public_op
def take(x: Any, indices: Any, axis: Optional[int] = None) -> Any:
    """Take entries along `axis` (of the flattened tensor without axis) at `indices`; negative ones count from the end.

    Args:
        x: tensor.
        indices: integers of any shape.
        axis: axis to take along.

    Returns:
        tensor; `axis` is replaced by the shape of `indices`.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.take([10, 20, 30], [2, 0, -1]).numpy()
        array([30, 10, 30], dtype=int32)
    """
    x = tensor(x)
    if axis is None:
        return _core.ops.gather(_core.ops.reshape(x, shape=[-1]), tensor(indices), axis=0)
    return _core.ops.gather(x, tensor(indices), axis=int(axis))


@public_op
def take_along_axis(x: Any, indices: Any, axis: Optional[int] = None) -> Any:
    """Take one entry for each index, matching position by position along the other axes.

    Args:
        x: tensor.
        indices: integers, of the shape of `x` but for `axis`.
        axis: axis to take along; None for flattened tensors.

    Returns:
        tensor of the shape of `indices`.
    """
    x = tensor(x)
    if axis is None:
        return _core.ops.take_along_axis(
            _core.ops.reshape(x, shape=[-1]), _core.ops.reshape(tensor(indices), shape=[-1]), axis=0
        )
    return _core.ops.take_along_axis(x, tensor(indices), axis=int(axis))


@public_op
def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """Return 1 at the class of each entry and 0 elsewhere, along a new axis.

    Args:
        x: integers; one outside [0, num_classes) gives zeros.
        num_classes: size of the new axis.
        axis: where the new axis stands in the result.
        dtype: default `floatx()`.
        sparse: accepted for compatibility; the result is dense.

    Returns:
        tensor with one axis more than `x`.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.one_hot([2, 0], 3).numpy()
        array([[0., 0., 1.],
               [1., 0., 0.]], dtype=float32)
    """
    x = tensor(x)
    rank = x.ndim + 1
    place = axis % rank
    sizes = [*x.shape[:place], 1, *x.shape[place:]]
    classes = _core.ops.reshape(
        _core.ops.iota(length=int(num_classes), dtype=x.dtype if "int" in x.dtype else "int32"),
        shape=[num_classes if i == place else 1 for i in range(rank)],
    )
    return _core.ops.equal(_core.ops.reshape(x, shape=sizes), classes).astype(config.standardize_dtype(dtype))


@public_op
def multi_hot(inputs: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """Return 1 for every class that occurs along the last axis.

    Args:
        inputs: integers, (classes,) or (batch, classes).
        num_classes: size of the last axis of the result.
        axis: where the axis of the classes stands.
        dtype: default `floatx()`.
        sparse: accepted for compatibility; the result is dense.

    Returns:
        tensor of 0 and 1.
    """
    inputs = tensor(inputs)
    reduced = 1 if inputs.ndim > 1 else 0
    hot = one_hot.eager(inputs, num_classes, axis=axis, dtype=config.standardize_dtype(dtype))
    return _core.ops.max(hot, axes=[reduced], keepdims=False)


@public_op
def sort(x: Any, axis: int = -1) -> Any:
    """Return the values in ascending order along `axis`, NaN last.

    Args:
        x: tensor.
        axis: axis to sort along.

    Returns:
        tensor like `x`.
    """
    return _core.ops.sort(x, axis=int(axis))


@public_op
def argsort(x: Any, axis: Optional[int] = -1) -> Any:
    """Return the positions that would sort `x`, as int32; equal values keep their order.

    Args:
        x: tensor.
        axis: axis to sort along; None for the flattened tensor.

    Returns:
        int32 tensor.
    """
    x = tensor(x)
    if axis is None:
        return _core.ops.argsort(_core.ops.reshape(x, shape=[-1]), axis=0)
    return _core.ops.argsort(x, axis=int(axis))


@public_op
def top_k(x: Any, k: int, sorted: bool = True) -> Any:
    """Return the `k` largest values of the last axis, in descending order, and their positions.

    Args:
        x: tensor.
        k: how many, at most the size of the last axis.
        sorted: accepted for compatibility; the result is always sorted.

    Returns:
        (values, positions as int32).

    Raises:
        ArgumentError: when `k` exceeds the last axis.

    Example:
        >>> import gradmill as gm
        >>> values, positions = gm.ops.top_k([3, 9, 5], k=2)
        >>> values.numpy(), positions.numpy()
        (array([9, 5], dtype=int32), array([1, 2], dtype=int32))
    """
    x = tensor(x)
    if x.ndim and not 0 <= int(k) <= x.shape[-1]:
        raise ArgumentError(f"top_k: expected k from 0 to {x.shape[-1]}, the size of the last axis; received {k}")
    order = _core.ops.argsort(x, axis=-1, descending=True)
    first = order[(Ellipsis, builtins.slice(0, int(k)))]
    return _core.ops.take_along_axis(x, first, axis=-1), first


@public_op
def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Return whether each target's prediction is among the `k` largest of its row; ties count as inside.

    Args:
        targets: (rows,) integer classes.
        predictions: (rows, classes).
        k: how many places count.

    Returns:
        (rows,) bools.
    """
    predictions = tensor(predictions)
    own = _core.ops.take_along_axis(predictions, _core.ops.reshape(tensor(targets), shape=[-1, 1]), axis=1)
    larger = _core.ops.sum(_core.ops.greater(predictions, own).astype("int32"), axes=[1], keepdims=False)
    return _core.ops.logical_and(
        _core.ops.less(larger, int(k)), _core.ops.is_finite(_core.ops.reshape(own, shape=[-1]))
    )


def _flat_places(indices: Any, shape: Sequence[int]) -> Any:
    """Linear positions of rows addressed by the last axis of `indices`, and the size of what stands behind each."""
    depth = indices.shape[-1]
    stride = 1
    strides: List[int] = []
    for size in reversed(shape[:depth]):
        strides.insert(0, stride)
        stride *= size
    weights = _core.tensor(strides, indices.dtype)
    places = _core.ops.sum(indices * weights, axes=[indices.ndim - 1], keepdims=False)
    inner = 1
    for size in shape[depth:]:
        inner *= size
    return _core.ops.reshape(places, shape=[-1]), stride, inner


@public_op
def scatter(indices: Any, values: Any, shape: Any) -> Any:
    """Add `values` into zeros of `shape` at `indices` (the last axis addresses the leading axes).

    Args:
        indices: (..., depth) integers.
        values: one entry, or block of the remaining axes, for each index.
        shape: the result's sizes.

    Returns:
        tensor.
    """
    indices, values = tensor(indices), tensor(values)
    places, rows, inner = _flat_places(indices, list(shape))
    flat = _core.ops.reshape(values, shape=[places.shape[0], inner])
    return _core.ops.reshape(_core.ops.gather_backward(places, flat, shape=[rows, inner], axis=0), shape=list(shape))


@public_op
def scatter_update(inputs: Any, indices: Any, updates: Any) -> Any:
    """Return `inputs` with the entries at `indices` replaced by `updates`; of repeated indices, use none.

    Args:
        inputs: tensor.
        indices: (..., depth) integers that address the leading axes; each place at most once.
        updates: one entry, or block of the remaining axes, for each index.

    Returns:
        tensor like `inputs`.
    """
    inputs, indices, updates = tensor(inputs), tensor(indices), tensor(updates)
    places, rows, inner = _flat_places(indices, inputs.shape)
    ones = _core.ops.broadcast_to(_core.tensor(1, "float32"), shape=[places.shape[0], 1])
    hit = _core.ops.greater(_core.ops.gather_backward(places, ones, shape=[rows, 1], axis=0), 0.0)
    flat = _core.ops.reshape(updates.astype(inputs.dtype), shape=[places.shape[0], inner])
    placed = _core.ops.gather_backward(places, flat, shape=[rows, inner], axis=0)
    old = _core.ops.reshape(inputs, shape=[rows, inner])
    return _core.ops.reshape(_core.ops.where(hit, placed, old), shape=list(inputs.shape))


@public_op
def slice(inputs: Any, start_indices: Any, shape: Any) -> Any:
    """Return the block of `shape` that begins at `start_indices`.

    Args:
        inputs: tensor.
        start_indices: first position on each axis.
        shape: sizes of the block.

    Returns:
        tensor of `shape`.

    Raises:
        ArgumentError: when the block leaves the tensor.
    """
    inputs, starts, sizes = tensor(inputs), [int(each) for each in start_indices], [int(each) for each in shape]
    fits = len(starts) == len(sizes) == inputs.ndim
    if not fits or any(a < 0 or n < 0 or a + n > size for a, n, size in zip(starts, sizes, inputs.shape)):
        raise ShapeError(f"slice: expected a block inside {inputs.shape}; received start {starts} and shape {sizes}")
    return inputs[tuple(builtins.slice(start, start + size) for start, size in zip(starts, sizes))]


@public_op
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    """Return `inputs` with the block that begins at `start_indices` replaced by `updates`.

    Args:
        inputs: tensor.
        start_indices: first position on each axis.
        updates: block of the rank of `inputs`.

    Returns:
        tensor like `inputs`.
    """
    inputs, updates = tensor(inputs), tensor(updates)
    starts = [int(each) for each in start_indices]
    after = [size - start - new for size, start, new in zip(inputs.shape, starts, updates.shape)]
    inside = _core.ops.broadcast_to(_core.tensor(True), shape=list(updates.shape))
    mask = _core.ops.pad(inside, before=starts, after=after, value=0.0)
    placed = _core.ops.pad(updates.astype(inputs.dtype), before=starts, after=after, value=0.0)
    return _core.ops.where(mask, placed, inputs)


@public_op
def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    """Return where `values` would be inserted into an ascending vector to keep the order, as int32.

    Args:
        sorted_sequence: vector in ascending order.
        values: tensor of any shape.
        side: "left" (before equal values) or "right" (after them).

    Returns:
        int32 tensor of the shape of `values`.
    """
    sequence, values = tensor(sorted_sequence), tensor(values)
    column = _core.ops.reshape(values, shape=[*values.shape, 1])
    smaller = _core.ops.less(sequence, column) if side == "left" else _core.ops.less_equal(sequence, column)
    return _core.ops.sum(smaller.astype("int32"), axes=[values.ndim], keepdims=False)
