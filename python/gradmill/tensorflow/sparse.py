"""`tf.SparseTensor` and `tf.sparse`, as far as scripts build dense tensors of them and multiply by them."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

import numpy as np

from gradmill import _core, ops
from gradmill.errors import ArgumentError, ShapeError
from gradmill.tensorflow.dtype_names import as_dtype
from gradmill.tensorflow.shapes import TensorShape
from gradmill.utils.text_values import as_text, is_text


class SparseTensor:
    """A tensor of which only some places are given; the others hold 0.

    Args:
        indices: integers (values, axes): the places.
        values: numbers or text, one for each place.
        dense_shape: sizes.

    Raises:
        ShapeError: indices, values and shape that do not go together.
        ArgumentError: a place outside of the shape.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> tf.sparse.to_dense(tf.SparseTensor([[0, 1], [1, 0]], [5, 7], [2, 2])).numpy().tolist()
        [[0, 5], [7, 0]]
    """

    def __init__(self, indices: Any, values: Any, dense_shape: Any):
        places, sizes = np.asarray(indices).astype("int64"), np.asarray(dense_shape).astype("int64").ravel()
        places = places.reshape(0, len(sizes)) if not places.size else places
        self.values = as_text(values) if is_text(values) else ops.convert_to_tensor(values)
        if places.ndim != 2 or places.shape[1] != len(sizes) or tuple(self.values.shape) != places.shape[:1]:
            raise ShapeError(
                "tf.SparseTensor: expected indices (values, axes), one value for each and one size for each axis; "
                f"received indices of shape {places.shape}, values of shape {tuple(self.values.shape)} and "
                f"{len(sizes)} sizes"
            )
        if ((places < 0) | (places >= sizes)).any():
            raise ArgumentError(
                f"tf.SparseTensor: expected places within {tuple(sizes.tolist())}; received "
                f"{places[((places < 0) | (places >= sizes)).any(1)][0].tolist()}"
            )
        self._places, self._sizes = places, sizes

    @property
    def indices(self) -> Any:
        """The places, int64 (values, axes)."""
        return _core.tensor(self._places)

    @property
    def dense_shape(self) -> Any:
        """The sizes as a tensor."""
        return _core.tensor(self._sizes)

    @property
    def shape(self) -> TensorShape:
        """The sizes."""
        return TensorShape(self._sizes.tolist())

    @property
    def dtype(self) -> Any:
        """Dtype of the values."""
        return as_dtype("string" if is_text(self.values) else self.values.dtype)

    def get_shape(self) -> TensorShape:
        """Return the sizes."""
        return self.shape

    def with_values(self, new_values: Any) -> SparseTensor:
        """Return other values at the same places."""
        return SparseTensor(self._places, new_values, self._sizes)

    def __repr__(self) -> str:
        return f"<tf.SparseTensor {len(self._places)} values, shape={tuple(self._sizes.tolist())}, dtype={self.dtype}>"


class SparseTensorValue(NamedTuple):
    """`tf.compat.v1.SparseTensorValue`: the parts of a SparseTensor as arrays."""

    indices: Any
    values: Any
    dense_shape: Any


def from_dense(tensor: Any, name: Any = None) -> SparseTensor:
    """`tf.sparse.from_dense`: the places that are not 0, or not empty."""
    if is_text(tensor):
        array = np.asarray(as_text(tensor))
        places = np.argwhere(array != b"")
        return SparseTensor(places, as_text(array[tuple(places.T)]), array.shape)
    tensor = ops.convert_to_tensor(tensor)
    array = np.asarray(tensor)
    places = np.argwhere(array)
    return SparseTensor(places, array[tuple(places.T)], array.shape)


def to_dense(sp_input: SparseTensor, default_value: Any = None, validate_indices: bool = True, name: Any = None) -> Any:
    """`tf.sparse.to_dense`: the tensor with `default_value`, by default 0 or no text, at the other places."""
    places, sizes = sp_input._places, sp_input._sizes.tolist()
    if is_text(sp_input.values):
        made = np.full(sizes, b"" if default_value is None else bytes(as_text(default_value)), object)
        made[tuple(places.T)] = np.asarray(sp_input.values)
        return as_text(made)
    if len(np.unique(places, axis=0)) < len(places) and validate_indices:
        raise ArgumentError("tf.sparse.to_dense: expected every place once; received one twice")
    values = sp_input.values
    filled = ops.full(sizes, 0 if default_value is None else default_value, dtype=values.dtype)
    return ops.scatter_update(filled, places, values) if len(places) else filled


def reorder(sp_input: SparseTensor, name: Any = None) -> SparseTensor:
    """`tf.sparse.reorder`: the places row by row."""
    order = np.lexsort(sp_input._places.T[::-1])
    return _chosen(sp_input, order)


def reshape(sp_input: SparseTensor, shape: Any, name: Any = None) -> SparseTensor:
    """`tf.sparse.reshape`: the values at the same places in another shape."""
    sizes = np.asarray(shape).astype("int64").ravel()
    total = int(np.prod(sp_input._sizes))
    known = int(np.prod(sizes[sizes >= 0]))
    if (sizes < 0).sum() == 1 and known and total % known == 0:
        sizes[sizes < 0] = total // known
    if (sizes < 0).any() or int(np.prod(sizes)) != total:
        raise ShapeError(f"tf.sparse.reshape: expected a shape of {total} places; received {sizes.tolist()}")
    flat = np.ravel_multi_index(tuple(sp_input._places.T), sp_input._sizes.tolist())
    places = np.stack(np.unravel_index(flat, sizes.tolist()), axis=1)
    return SparseTensor(places, sp_input.values, sizes)


def sparse_dense_matmul(sp_a: Any, b: Any, adjoint_a: bool = False, adjoint_b: bool = False, name: Any = None) -> Any:
    """`tf.sparse.sparse_dense_matmul`: the product of two matrices of which one is sparse."""
    first, second = (to_dense(each) if isinstance(each, SparseTensor) else each for each in (sp_a, b))
    first = ops.swapaxes(first, -1, -2) if adjoint_a else first
    return ops.matmul(first, ops.swapaxes(second, -1, -2) if adjoint_b else second)


def reduce_sum(sp_input: SparseTensor, axis: Any = None, keepdims: bool = False, name: Any = None, **_: Any) -> Any:
    """`tf.sparse.reduce_sum`: the sum of all values, or over `axis`, dense."""
    return ops.sum(to_dense(sp_input), axis, keepdims)


def retain(sp_input: SparseTensor, to_retain: Any) -> SparseTensor:
    """`tf.sparse.retain`: the values that are chosen by booleans."""
    return _chosen(sp_input, np.flatnonzero(np.asarray(to_retain)))


def _chosen(sp_input: SparseTensor, numbers: np.ndarray) -> SparseTensor:
    """Return some of the values, by their numbers, in that order."""
    values = sp_input.values
    chosen = as_text(np.asarray(values)[numbers]) if is_text(values) else ops.take(values, numbers, axis=0)
    return SparseTensor(sp_input._places[numbers], chosen, sp_input._sizes)


def map_values(op: Any, *args: Any, **kwargs: Any) -> SparseTensor:
    """`tf.sparse.map_values`: a function of the values, at the same places."""
    first: Optional[SparseTensor] = next((each for each in args if isinstance(each, SparseTensor)), None)
    if first is None:
        raise ArgumentError("tf.sparse.map_values: expected a SparseTensor among the arguments; received none")
    plain = [each.values if isinstance(each, SparseTensor) else each for each in args]
    return first.with_values(op(*plain, **kwargs))


SPARSE: dict[str, Any] = {each.__name__: each for each in (
    SparseTensor, from_dense, map_values, reduce_sum, reorder, reshape, retain, sparse_dense_matmul, to_dense,
)}  # fmt: skip
