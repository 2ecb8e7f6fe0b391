"""`tf.RaggedTensor` as far as batches of rows of different lengths need it, and `tf.TensorArray`."""

from __future__ import annotations

from typing import Any, Iterator, Optional, Sequence

import numpy as np

from gradmill import _core, ops
from gradmill.errors import ArgumentError, ShapeError
from gradmill.tensorflow.dtype_names import as_dtype
from gradmill.tensorflow.shapes import TensorShape
from gradmill.utils.text_values import as_text, is_text


class RaggedTensor:
    """Rows of different lengths: all values behind one another, and where rows begin and end.

    Made by `tf.ragged.constant`, `from_row_splits`, `from_row_lengths` or `from_tensor`; `to_tensor` pads the rows.

    Args:
        values: the values of all rows, a tensor or text; or a RaggedTensor, for rows of rows.
        row_splits: where each row begins, and the end of the last.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> rows = tf.ragged.constant([[1, 2], [], [3]])
        >>> rows.row_lengths().numpy().tolist(), rows.to_tensor().numpy().tolist()
        ([2, 0, 1], [[1, 2], [0, 0], [3, 0]])
    """

    def __init__(self, values: Any, row_splits: Any):
        splits = np.asarray(row_splits).astype("int64")
        if splits.ndim != 1 or not len(splits) or splits[0] != 0 or (np.diff(splits) < 0).any():
            raise ArgumentError(f"tf.RaggedTensor: expected row_splits that begin with 0 and rise; received {splits}")
        if splits[-1] != len(values):
            raise ShapeError(
                f"tf.RaggedTensor: expected row_splits that end with {len(values)}, the number of values; received "
                f"{splits[-1]}"
            )
        self.values, self._splits = values, splits

    @classmethod
    def of_rows(cls, rows: Sequence[Any], dtype: Any = None) -> RaggedTensor:
        """Return the rows of a list.

        Args:
            rows: lists of numbers, of text or of lists.
            dtype: that of the values; default: what they are.
        """
        splits = np.cumsum([0, *(len(row) for row in rows)])
        items = [item for row in rows for item in row]
        if any(isinstance(item, (list, tuple)) for item in items) and len({len(item) for item in items}) > 1:
            return cls(cls.of_rows(items, dtype), splits)
        if dtype == "string" or is_text(items):
            return cls(as_text(np.array(items, dtype=object)), splits)
        wanted = "float32" if dtype is None and not items else None if dtype is None else as_dtype(dtype)
        return cls(ops.convert_to_tensor(np.array(items) if wanted and not items else items, wanted), splits)

    @classmethod
    def from_row_splits(cls, values: Any, row_splits: Any, name: Any = None, validate: bool = True) -> RaggedTensor:
        """Return the rows whose borders in `values` are given."""
        return cls(_values(values), row_splits)

    @classmethod
    def from_row_lengths(cls, values: Any, row_lengths: Any, name: Any = None, validate: bool = True) -> RaggedTensor:
        """Return the rows whose lengths are given."""
        return cls(_values(values), np.concatenate([[0], np.cumsum(np.asarray(row_lengths))]))

    @classmethod
    def from_tensor(cls, tensor: Any, lengths: Any = None, padding: Any = None, name: Any = None) -> RaggedTensor:
        """Return the rows of a tensor, cut to their lengths or before the padding at their ends."""
        array = np.asarray(tensor.numpy() if hasattr(tensor, "numpy") else tensor)
        if lengths is not None:
            sizes = np.asarray(lengths)
        elif padding is not None:
            kept = array != padding
            sizes = np.where(kept.any(1), array.shape[1] - np.argmax(kept[:, ::-1], axis=1), 0)
        else:
            sizes = np.full(len(array), array.shape[1])
        parts = [row[:size] for row, size in zip(array, sizes)]
        return cls.from_row_lengths(np.concatenate(parts) if parts else array[:0, 0], sizes)

    @property
    def row_splits(self) -> Any:
        """Where each row begins, and the end of the last."""
        return _core.tensor(self._splits)

    @property
    def flat_values(self) -> Any:
        """The values without any rows."""
        return self.values.flat_values if isinstance(self.values, RaggedTensor) else self.values

    @property
    def dtype(self) -> Any:
        """Dtype of the values."""
        return as_dtype("string" if is_text(self.flat_values) else self.flat_values.dtype)

    @property
    def ragged_rank(self) -> int:
        """Number of axes whose sizes differ."""
        return 1 + (self.values.ragged_rank if isinstance(self.values, RaggedTensor) else 0)

    @property
    def shape(self) -> TensorShape:
        """Sizes, None where they differ."""
        inner = self.values.shape
        return TensorShape((len(self), None, *inner[1:]))

    def nrows(self, out_type: Any = "int64", name: Any = None) -> Any:
        """Return the number of rows as a tensor."""
        return _core.tensor(len(self), as_dtype(out_type))

    def row_lengths(self, axis: int = 1, name: Any = None) -> Any:
        """Return how many values each row has."""
        if axis == 1:
            return _core.tensor(np.diff(self._splits))
        if axis == 2 and isinstance(self.values, RaggedTensor):
            return RaggedTensor(self.values.row_lengths(), self._splits)
        raise ArgumentError(f"RaggedTensor.row_lengths: expected axis 1 to {self.ragged_rank}; received {axis}")

    def bounding_shape(self, axis: Optional[int] = None, name: Any = None) -> Any:
        """Return the sizes of the padded tensor."""
        sizes = np.array(self._padded(0).shape, dtype="int64")
        return _core.tensor(sizes if axis is None else sizes[axis])

    def to_tensor(self, default_value: Any = None, name: Any = None, shape: Any = None) -> Any:
        """Return the rows padded to the length of the longest.

        Args:
            default_value: what is put behind the values; default 0, or empty text.
            name: not used.
            shape: sizes to pad or cut to, None for "as the longest".
        """
        text = is_text(self.flat_values)
        padded = self._padded((b"" if text else 0) if default_value is None else default_value)
        if shape is not None:
            wanted = [have if want in (None, -1) else int(want) for want, have in zip(shape, padded.shape)]
            cut = padded[tuple(slice(size) for size in wanted)]
            fill = (b"" if text else 0) if default_value is None else default_value
            padded = np.full([*wanted, *padded.shape[len(wanted) :]], fill, padded.dtype)
            padded[tuple(slice(size) for size in cut.shape)] = cut
        return as_text(padded) if text else _core.tensor(padded)

    def _padded(self, fill: Any) -> np.ndarray:
        inner = self.values._padded(fill) if isinstance(self.values, RaggedTensor) else _array(self.values)
        longest = int(np.diff(self._splits).max(initial=0))
        padded = np.full((len(self), longest, *inner.shape[1:]), fill, inner.dtype)
        for row, (begin, end) in enumerate(zip(self._splits, self._splits[1:])):
            padded[row, : end - begin] = inner[begin:end]
        return padded

    def to_list(self) -> list:
        """Return the rows as nested lists."""
        return [row.to_list() if isinstance(row, RaggedTensor) else _array(row).tolist() for row in self]

    def numpy(self) -> np.ndarray:
        """Return an array of the rows as arrays."""
        rows = np.empty(len(self), object)
        rows[:] = [row.numpy() for row in self]
        return rows

    def with_values(self, new_values: Any) -> RaggedTensor:
        """Return the same rows of other values."""
        return RaggedTensor(new_values, self._splits)

    def __len__(self) -> int:
        return len(self._splits) - 1

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple):
            first, *rest = key
            found = self[first]
            if not rest:
                return found
            if isinstance(first, slice):
                if len(rest) == 1 and isinstance(rest[0], slice) and rest[0].step in (None, 1):
                    return RaggedTensor.of_rows([_array(row)[rest[0]].tolist() for row in found], self.dtype)
                raise ArgumentError(f"RaggedTensor: expected a row, rows, or a slice of each row; received {key!r}")
            return found[tuple(rest) if len(rest) > 1 else rest[0]]
        if isinstance(key, slice):
            places = range(len(self))[key]
            parts = [np.arange(self._splits[place], self._splits[place + 1]) for place in places]
            order = np.concatenate([np.zeros(0, "int64"), *parts]).astype("int64")
            return RaggedTensor(_rows(self.values, order), np.cumsum([0, *(len(part) for part in parts)]))
        place = int(key)
        if not -len(self) <= place < len(self):
            raise IndexError(f"RaggedTensor: expected a row of {len(self)}; received {place}")
        place %= len(self)
        return self.values[int(self._splits[place]) : int(self._splits[place + 1])]

    def __iter__(self) -> Iterator[Any]:
        return (self[row] for row in range(len(self)))

    def __repr__(self) -> str:
        return f"<tf.RaggedTensor {self.to_list()}>"


def _values(values: Any) -> Any:
    if isinstance(values, RaggedTensor):
        return values
    return as_text(values) if is_text(values) else ops.convert_to_tensor(values)


def _array(values: Any) -> np.ndarray:
    return np.asarray(values.numpy() if hasattr(values, "numpy") else values)


def _rows(values: Any, order: np.ndarray) -> Any:
    if isinstance(values, RaggedTensor):
        return RaggedTensor.of_rows([values[int(place)].numpy().tolist() for place in order], values.dtype)
    return values[order] if is_text(values) else ops.take(values, order, 0)


def constant(
    pylist: Any, dtype: Any = None, ragged_rank: Any = None, inner_shape: Any = None, name: Any = None, **_: Any
) -> RaggedTensor:
    """`tf.ragged.constant`: rows from nested lists."""
    if not isinstance(pylist, (list, tuple, np.ndarray)) or not all(hasattr(row, "__len__") for row in pylist):
        raise ArgumentError("tf.ragged.constant: expected a list of lists")
    rows = [row.tolist() if isinstance(row, np.ndarray) else list(row) for row in pylist]
    return RaggedTensor.of_rows(rows, None if dtype is None else as_dtype(dtype))


def stack(values: Sequence[Any], axis: int = 0, name: Any = None) -> RaggedTensor:
    """`tf.ragged.stack`: tensors with one axis as rows."""
    if axis != 0:
        raise ArgumentError(f"tf.ragged.stack: expected axis 0; received {axis}")
    return RaggedTensor.of_rows([_array(each).tolist() for each in values], None)


class TensorArray:
    """`tf.TensorArray`: tensors by number, written one by one; `write` and its kin return the array for the next call.

    Args:
        dtype: that of the tensors.
        size: how many there are.
        dynamic_size: whether a write beyond the end makes the array longer.
        clear_after_read, tensor_array_name, handle, flow, infer_shape, element_shape, colocate_with_first_write_call,
            name: accepted for compatibility.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> squares = tf.TensorArray(tf.int32, size=3)
        >>> for i in tf.range(3):
        ...     squares = squares.write(i, i * i)
        >>> squares.stack().numpy().tolist()
        [0, 1, 4]
    """

    def __init__(
        self,
        dtype: Any,
        size: Any = None,
        dynamic_size: Optional[bool] = None,
        clear_after_read: Optional[bool] = None,
        tensor_array_name: Any = None,
        handle: Any = None,
        flow: Any = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        colocate_with_first_write_call: bool = True,
        name: Any = None,
    ):
        self.dtype = as_dtype(dtype)
        self.dynamic_size = bool(dynamic_size)
        self.element_shape = None if element_shape is None else TensorShape(element_shape)
        self._items: list = [None] * int(0 if size is None else size)

    def write(self, index: Any, value: Any, name: Any = None) -> TensorArray:
        """Return the array with a tensor at a number.

        Args:
            index: from 0 to the size, or beyond it with `dynamic_size`.
            value: of the array's dtype.
            name: not used.

        Raises:
            ArgumentError: for a number outside; a traced one has no value (use a Python loop over tf.range).
        """
        place = int(index)
        if place < 0 or (place >= len(self._items) and not self.dynamic_size):
            raise ArgumentError(
                f"TensorArray.write: expected an index below the size {len(self._items)}; received {place}; make the "
                "array with dynamic_size=True"
            )
        written = TensorArray(self.dtype, len(self._items), self.dynamic_size, element_shape=self.element_shape)
        written._items = self._items
        written._items.extend([None] * (place + 1 - len(self._items)))
        written._items[place] = ops.convert_to_tensor(value, self.dtype)
        return written

    def read(self, index: Any, name: Any = None) -> Any:
        """Return the tensor at a number; zeros where none was written."""
        place = int(index)
        if not 0 <= place < len(self._items):
            raise ArgumentError(f"TensorArray.read: expected an index below {len(self._items)}; received {place}")
        return self._filled()[place]

    def stack(self, name: Any = None) -> Any:
        """Return the tensors side by side along a new first axis."""
        if not self._items:
            return ops.zeros([0, *(self.element_shape or ())], self.dtype)
        return ops.stack(self._filled())

    def concat(self, name: Any = None) -> Any:
        """Return the tensors one behind the other along their first axis."""
        return ops.concatenate(self._filled())

    def gather(self, indices: Any, name: Any = None) -> Any:
        """Return the tensors at some numbers, side by side."""
        filled = self._filled()
        return ops.stack([filled[int(place)] for place in np.asarray(indices)])

    def unstack(self, value: Any, name: Any = None) -> TensorArray:
        """Return the array with the parts of a tensor along its first axis."""
        made = TensorArray(self.dtype, 0, self.dynamic_size)
        made._items = list(ops.unstack(ops.convert_to_tensor(value, self.dtype)))
        return made

    def size(self, name: Any = None) -> Any:
        """Return how many tensors there are."""
        return _core.tensor(len(self._items), "int32")

    def close(self, name: Any = None) -> None:
        """Accept the call."""

    def _filled(self) -> list:
        """The tensors, with zeros where none was written."""
        known = next((each for each in self._items if each is not None), None)
        if known is None:
            if self.element_shape is None or not self.element_shape.is_fully_defined():
                raise ArgumentError("TensorArray: expected a write or an element_shape before values are read")
            known = ops.zeros(self.element_shape, self.dtype)
        return [ops.zeros_like(known) if each is None else each for each in self._items]


RAGGED: dict[str, Any] = {"constant": constant, "stack": stack}
