"""`tf.constant`, `tf.reshape`, `tf.gather` and the like: tensors from values, and from parts of other tensors."""

from __future__ import annotations

import builtins
from typing import Any, Callable, Optional, Sequence

import numpy as np

from gradmill import _core, ops, tracing
from gradmill.errors import ArgumentError, ShapeError
from gradmill.symbolic import flatten, is_symbolic
from gradmill.tensorflow import complex_numbers
from gradmill.tensorflow.aliases import aliases
from gradmill.tensorflow.dtype_names import as_dtype
from gradmill.tensorflow.known_values import Known, known, of_known_sizes, of_text_too
from gradmill.utils.text_values import as_text, is_text

ALIASES: dict[str, Callable] = aliases("""
expand_dims: expand_dims input=x
roll: roll input=x
squeeze: squeeze input=x
stop_gradient: stop_gradient input=variable
transpose: transpose a=x perm=axes
""")


def _sizes(shape: Any) -> list[int]:
    """A shape given as numbers, tensors or a tensor of numbers."""
    if isinstance(shape, (int, np.integer)):
        return [int(shape)]
    return [int(size) for size in (shape.numpy() if isinstance(shape, (_core.Tensor, _core.Variable)) else shape)]


def _axis(axis: Any) -> int:
    return int(axis)


def constant(value: Any, dtype: Any = None, shape: Any = None, name: Any = None) -> Any:
    """`tf.constant`: a tensor from anything array-like, spread over `shape` if it is one number."""
    made = convert_to_tensor(value, dtype)
    if shape is None:
        return made
    return ops.broadcast_to(made, _sizes(shape)) if made.size == 1 else ops.reshape(made, _sizes(shape))


def convert_to_tensor(value: Any, dtype: Any = None, dtype_hint: Any = None, name: Any = None) -> Any:
    """`tf.convert_to_tensor`: a tensor from anything array-like; text stays NumPy's."""
    if is_text(value):
        return as_text(value)
    value = np.asarray(value) if isinstance(value, np.generic) else value  # np.float64 is also a float of Python
    if _core.is_tracing() and all(isinstance(each, (int, np.integer)) for each in flatten(value)):
        with tracing.init_scope():  # integers can be read while a function is traced: they may be sizes
            return ops.convert_to_tensor(value, None if dtype is None else as_dtype(dtype))
    return ops.convert_to_tensor(value, None if dtype is None else as_dtype(dtype))


def is_tensor(x: Any) -> bool:
    """`tf.is_tensor`: whether `x` is a tensor, a variable or a placeholder of a model."""
    return isinstance(x, (_core.Tensor, _core.Variable)) or is_symbolic(x)


def zeros(shape: Any, dtype: Any = "float32", name: Any = None) -> Any:
    """`tf.zeros`: a tensor of zeros."""
    return ops.zeros(_sizes(shape), as_dtype(dtype))


def ones(shape: Any, dtype: Any = "float32", name: Any = None) -> Any:
    """`tf.ones`: a tensor of ones."""
    return ops.ones(_sizes(shape), as_dtype(dtype))


def fill(dims: Any, value: Any, name: Any = None) -> Any:
    """`tf.fill`: a tensor of one value."""
    return ALIASES["broadcast_to"](convert_to_tensor(value), dims)


def zeros_like(input: Any, dtype: Any = None, name: Any = None) -> Any:
    """`tf.zeros_like`: zeros of the same shape."""
    return ops.zeros_like(input, None if dtype is None else as_dtype(dtype))


def ones_like(input: Any, dtype: Any = None, name: Any = None) -> Any:
    """`tf.ones_like`: ones of the same shape."""
    return ops.ones_like(input, None if dtype is None else as_dtype(dtype))


def eye(
    num_rows: int, num_columns: Optional[int] = None, batch_shape: Any = None, dtype: Any = "float32", name: Any = None
) -> Any:
    """`tf.eye`: the identity matrix, once for each place of `batch_shape`."""
    made = ops.eye(int(num_rows), None if num_columns is None else int(num_columns), dtype=as_dtype(dtype))
    return made if batch_shape is None else ops.broadcast_to(made, [*_sizes(batch_shape), *made.shape])


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: Any = None) -> Any:
    """`tf.range`: numbers from `start` (0 if it is given alone) up to `limit`, which is left out."""
    numbers: Any = [None if each is None else np.asarray(each).item() for each in (start, limit, delta)]
    if _core.is_tracing():
        begin, end = (0, numbers[0]) if limit is None else numbers[:2]
        made = np.arange(begin, end, numbers[2])
        kind = "float32" if any(isinstance(each, float) for each in numbers) else "int32"
        return made.astype(kind if dtype is None else as_dtype(dtype)).view(Known)
    return ops.arange(numbers[0], numbers[1], numbers[2], dtype=None if dtype is None else as_dtype(dtype))


def linspace(start: Any, stop: Any, num: int, name: Any = None, axis: int = 0) -> Any:
    """`tf.linspace`: `num` numbers at equal distances."""
    return ops.linspace(start, stop, int(num), axis=axis)


def cast(x: Any, dtype: Any, name: Any = None) -> Any:
    """`tf.cast`: the values in another dtype; those of complex numbers are their real parts."""
    wanted = as_dtype(dtype)
    if wanted.is_complex:
        return complex_numbers.cast(x, wanted)
    return ops.cast(x.real if isinstance(x, complex_numbers.ComplexTensor) else x, wanted)


def saturate_cast(value: Any, dtype: Any, name: Any = None) -> Any:
    """`tf.saturate_cast`: the values in another dtype, moved into its range first."""
    wanted = as_dtype(dtype)
    return ops.cast(ops.clip(value, wanted.min, wanted.max), wanted)


def identity(input: Any, name: Any = None) -> Any:
    """`tf.identity`: the same values; of a variable, those that it has now."""
    return input if is_symbolic(input) else ops.convert_to_tensor(input)


def reshape(tensor: Any, shape: Any, name: Any = None) -> Any:
    """`tf.reshape`: the same values in another shape; one size may be -1."""
    return ops.reshape(tensor, _sizes(shape))


def concat(values: Sequence[Any], axis: int, name: Any = None) -> Any:
    """`tf.concat`: tensors one behind the other along `axis`."""
    return ops.concatenate(values, _axis(axis))


def stack(values: Sequence[Any], axis: int = 0, name: Any = None) -> Any:
    """`tf.stack`: tensors side by side along a new axis."""
    return ops.stack(values, axis)


def unstack(value: Any, num: Optional[int] = None, axis: int = 0, name: Any = None) -> list:
    """`tf.unstack`: the parts along `axis`, without it."""
    return list(ops.unstack(value, num, axis))


def split(value: Any, num_or_size_splits: Any, axis: int = 0, num: Any = None, name: Any = None) -> list:
    """`tf.split`: equal parts by their number, or parts of the given sizes, one of which may be -1."""
    if isinstance(num_or_size_splits, (int, np.integer)):
        return list(ops.split(value, int(num_or_size_splits), _axis(axis)))
    sizes = _sizes(num_or_size_splits)
    if -1 in sizes:
        sizes[sizes.index(-1)] = value.shape[axis] - sum(sizes) - 1
    if sum(sizes) != value.shape[axis]:
        raise ShapeError(
            f"tf.split: expected sizes that sum to {value.shape[axis]}, the size of axis {axis}; received {sizes}"
        )
    return list(ops.split(value, [int(each) for each in np.cumsum(sizes)[:-1]], _axis(axis)))


def tile(input: Any, multiples: Any, name: Any = None) -> Any:
    """`tf.tile`: the tensor several times along each axis."""
    return ops.tile(input, _sizes(multiples))


def repeat(input: Any, repeats: Any, axis: Optional[int] = None, name: Any = None) -> Any:
    """`tf.repeat`: every entry several times."""
    return ops.repeat(input, repeats, axis)


def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0, name: Any = None) -> Any:
    """`tf.pad`: the tensor with a border."""
    widths = [tuple(int(each) for each in pair) for pair in np.asarray(paddings)]
    given = {"constant_values": constant_values} if mode.lower() == "constant" else {}
    return ops.pad(tensor, widths, mode.lower(), **given)


def reverse(tensor: Any, axis: Any, name: Any = None) -> Any:
    """`tf.reverse`: the entries along some axes in reverse order."""
    return ops.flip(tensor, tuple(_sizes(axis)))


def broadcast_to(input: Any, shape: Any, name: Any = None) -> Any:
    """`tf.broadcast_to`: the values spread over a larger shape."""
    return ops.broadcast_to(input, _sizes(shape))


def shape(input: Any, out_type: Any = "int32", name: Any = None) -> Any:
    """`tf.shape`: the sizes as a tensor; of a placeholder, as a tuple."""
    sizes = ops.shape(input)
    return sizes if None in sizes else known(sizes, out_type)


def size(input: Any, out_type: Any = "int32", name: Any = None) -> Any:
    """`tf.size`: the number of elements as a tensor."""
    return known(int(ops.size(input)), out_type)


def rank(input: Any, name: Any = None) -> Any:
    """`tf.rank`: the number of axes as a tensor."""
    return known(ops.ndim(input), "int32")


def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: Optional[int] = None,
    dtype: Any = None,
    name: Any = None,
) -> Any:
    """`tf.one_hot`: a 1 (`on_value`) at the place of each index, 0 (`off_value`) elsewhere."""
    axis = -1 if axis is None else axis
    wanted = as_dtype(dtype) if dtype is not None else "float32"
    if on_value is None and off_value is None:
        return ops.one_hot(indices, int(depth), axis, wanted)
    places = ops.one_hot(indices, int(depth), axis, "bool")
    return ops.cast(ops.where(places, 1 if on_value is None else on_value, off_value or 0), wanted)


def where(condition: Any, x: Any = None, y: Any = None, name: Any = None) -> Any:
    """`tf.where`: `x` where the condition holds, `y` elsewhere; without them, the places where it holds."""
    if x is None and y is None:
        return _core.tensor(np.argwhere(np.asarray(condition)).astype("int64"))
    if is_text(x) or is_text(y):
        return as_text(np.where(np.asarray(condition), *(np.asarray(as_text(each), dtype=object) for each in (x, y))))
    return ops.where(condition, x, y)


def gather(
    params: Any, indices: Any, validate_indices: Any = None, axis: Any = None, batch_dims: int = 0, name: Any = None
) -> Any:
    """`tf.gather`: the entries of `params` along `axis` at the indices."""
    along = batch_dims if axis is None else int(axis)
    if batch_dims == 0:
        return ops.take(params, indices, along)
    if batch_dims == 1 and along == 1:
        # Each row has indices of its own: rows behind one another, and indices moved by the rows before.
        params, indices = ops.convert_to_tensor(params), ops.convert_to_tensor(indices)
        rows, width = params.shape[:2]
        moved = indices + ops.reshape(ops.arange(rows, dtype=indices.dtype) * width, [-1] + [1] * (indices.ndim - 1))
        return ops.take(ops.reshape(params, (rows * width, *params.shape[2:])), moved, 0)
    raise ArgumentError(
        f"tf.gather: expected batch_dims 0, or batch_dims 1 with axis 1; received batch_dims={batch_dims}, axis={along}"
    )


def gather_nd(params: Any, indices: Any, batch_dims: int = 0, name: Any = None) -> Any:
    """`tf.gather_nd`: the entries of `params` at places that take several numbers each."""
    if batch_dims:
        raise ArgumentError(f"tf.gather_nd: expected batch_dims 0; received {batch_dims}; use tf.gather")
    params, indices = ops.convert_to_tensor(params), ops.convert_to_tensor(indices)
    depth = indices.shape[-1]
    sizes = params.shape[:depth]
    strides = [int(np.prod(sizes[place + 1 :], dtype=np.int64)) for place in np.arange(depth)]
    flat = ops.sum(indices * ops.convert_to_tensor(np.array(strides, dtype=indices.dtype)), -1)
    return ops.take(ops.reshape(params, (-1, *params.shape[depth:])), flat, 0)


def scatter_nd(indices: Any, updates: Any, shape: Any, name: Any = None) -> Any:
    """`tf.scatter_nd`: zeros with the updates added at their places."""
    return ops.scatter(indices, updates, _sizes(shape))


def tensor_scatter_nd_update(tensor: Any, indices: Any, updates: Any, name: Any = None) -> Any:
    """`tf.tensor_scatter_nd_update`: the tensor with other values at some places."""
    return ops.scatter_update(tensor, indices, updates)


def tensor_scatter_nd_add(tensor: Any, indices: Any, updates: Any, name: Any = None) -> Any:
    """`tf.tensor_scatter_nd_add`: the tensor with the updates added at their places."""
    return ops.add(tensor, ops.scatter(indices, updates, ops.shape(tensor)))


def boolean_mask(tensor: Any, mask: Any, axis: Any = None, name: Any = None) -> Any:
    """`tf.boolean_mask`: the entries where the mask holds; outside of compiled functions."""
    mask = np.asarray(mask)
    axis = 0 if axis is None else int(axis)
    tensor = ops.convert_to_tensor(tensor)
    merged = ops.reshape(tensor, (*tensor.shape[:axis], -1, *tensor.shape[axis + mask.ndim :]))
    return ops.take(merged, np.flatnonzero(mask).astype("int64"), axis)


def slice(input_: Any, begin: Any, size: Any, name: Any = None) -> Any:
    """`tf.slice`: a block of the tensor; a size of -1 reaches to the end."""
    input_ = ops.convert_to_tensor(input_)
    starts = _sizes(begin)
    counts = [
        whole - start if count == -1 else count for count, start, whole in zip(_sizes(size), starts, input_.shape)
    ]
    return ops.slice(input_, starts, counts)


def strided_slice(input_: Any, begin: Any, end: Any, strides: Any = None, name: Any = None) -> Any:
    """`tf.strided_slice`: the block from `begin` to `end` in steps of `strides`, without masks."""
    steps = [1] * len(_sizes(begin)) if strides is None else _sizes(strides)
    ranges = zip(_sizes(begin), _sizes(end), steps)
    return ops.convert_to_tensor(input_)[tuple(builtins.slice(*each) for each in ranges)]


def sort(values: Any, axis: int = -1, direction: str = "ASCENDING", name: Any = None) -> Any:
    """`tf.sort`: values in order along `axis`."""
    ordered = ops.sort(values, axis)
    return ops.flip(ordered, axis) if direction == "DESCENDING" else ordered


def argsort(values: Any, axis: int = -1, direction: str = "ASCENDING", stable: bool = False, name: Any = None) -> Any:
    """`tf.argsort`: positions that put values in order along `axis`."""
    return ops.argsort(ops.negative(values) if direction == "DESCENDING" else values, axis)


def unique(x: Any, out_idx: Any = "int32", name: Any = None) -> Any:
    """`tf.unique`: (the values in order of their first place, for each entry the number of its value)."""
    values, first, inverse = np.unique(
        ops.convert_to_numpy(ops.convert_to_tensor(x)), return_index=True, return_inverse=True
    )
    order = np.argsort(first)
    return _core.tensor(values[order]), _core.tensor(np.argsort(order)[inverse.ravel()].astype(as_dtype(out_idx)))


def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = "bool", name: Any = None) -> Any:
    """`tf.sequence_mask`: for each length, that many true values and then false ones."""
    lengths = ops.convert_to_tensor(lengths)
    limit = int(ops.max(lengths)) if maxlen is None else int(maxlen)
    mask = ops.less(ops.arange(limit, dtype=lengths.dtype), ops.expand_dims(lengths, -1))
    return ops.cast(mask, as_dtype(dtype))


def searchsorted(
    sorted_sequence: Any, values: Any, side: str = "left", out_type: Any = "int32", name: Any = None
) -> Any:
    """`tf.searchsorted`: where the values would have to be inserted."""
    return ops.cast(ops.searchsorted(sorted_sequence, values, side), as_dtype(out_type))


def meshgrid(*args: Any, indexing: str = "xy", name: Any = None) -> list:
    """`tf.meshgrid`: coordinates of the points of a grid."""
    return list(ops.meshgrid(*args, indexing=indexing))


def ensure_shape(x: Any, shape: Any, name: Any = None) -> Any:
    """`tf.ensure_shape`: the tensor; raise unless its sizes are these, None standing for any."""
    wanted, found = (None if shape is None else tuple(shape)), tuple(x.shape)
    if wanted is not None and (
        len(wanted) != len(found) or any(None not in (w, f) and w != f for w, f in zip(wanted, found))
    ):
        raise ShapeError(f"tf.ensure_shape: expected {wanted}; received {found}")
    return x


def identity_n(input: Sequence[Any], name: Any = None) -> list:
    """`tf.identity_n`: the tensors."""
    return [identity(each) for each in input]


ALIASES.update(
    (each.__name__, each)
    for each in (
        argsort, boolean_mask, broadcast_to, cast, concat, constant, convert_to_tensor, ensure_shape, eye, fill, gather,
        gather_nd, identity, identity_n, is_tensor, linspace, meshgrid, one_hot, ones, ones_like, pad, range,
        rank, repeat, reshape, reverse, saturate_cast, scatter_nd, searchsorted, sequence_mask, shape, size, slice,
        sort, split, stack, strided_slice, tensor_scatter_nd_add, tensor_scatter_nd_update, tile, unique, unstack,
        where, zeros, zeros_like,
    )
)  # fmt: skip

# What computes sizes of sizes: at once, so that the result may be a size again.
ALIASES.update(
    (name, of_known_sizes(ALIASES[name]))
    for name in (
        "cast", "concat", "expand_dims", "gather", "identity", "ones_like", "pad", "reshape", "reverse", "slice",
        "squeeze", "stack", "tile", "zeros_like",
    )
)  # fmt: skip
# What moves entries and does not look at them, so that they may be text.
ALIASES.update(
    (name, of_text_too(ALIASES[name]))
    for name in (
        "boolean_mask", "broadcast_to", "concat", "expand_dims", "gather", "gather_nd", "identity", "repeat", "reshape",
        "reverse", "roll", "slice", "split", "squeeze", "stack", "strided_slice", "tile", "transpose", "unstack",
    )
)  # fmt: skip
