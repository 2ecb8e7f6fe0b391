"""`tf.lookup`: tables from keys to values."""

from __future__ import annotations

from typing import Any, Iterable, Optional

import numpy as np

from gradmill import _core, ops
from gradmill.errors import ArgumentError
from gradmill.tensorflow.dtype_names import as_dtype
from gradmill.utils.text_values import as_text, is_text


class TextFileIndex:
    """`tf.lookup.TextFileIndex`: which part of a line is meant."""

    WHOLE_LINE = -2
    LINE_NUMBER = -1


def _items(values: Any) -> list:
    """Return the entries as bytes or Python numbers."""
    if is_text(values):
        texts = as_text(values)
        return [bytes(texts)] if isinstance(texts, bytes) else np.asarray(texts).ravel().tolist()
    return np.asarray(values.numpy() if hasattr(values, "numpy") else values).ravel().tolist()


def _dtype_of(values: Any, dtype: Any) -> Any:
    return as_dtype(
        dtype if dtype is not None else "string" if is_text(values) else ops.convert_to_tensor(values).dtype
    )


class KeyValueTensorInitializer:
    """`tf.lookup.KeyValueTensorInitializer`: keys and values of a table.

    Args:
        keys, values: of the same length.
        key_dtype, value_dtype: default: what they are.
        name: not used.

    Raises:
        ArgumentError: keys and values of different lengths.
    """

    def __init__(self, keys: Any, values: Any, key_dtype: Any = None, value_dtype: Any = None, name: Any = None):
        self.key_dtype, self.value_dtype = _dtype_of(keys, key_dtype), _dtype_of(values, value_dtype)
        self.keys, self.values = _items(keys), _items(values)
        if len(self.keys) != len(self.values):
            raise ArgumentError(
                f"tf.lookup: expected a value for each of {len(self.keys)} keys; received {len(self.values)}"
            )


class TextFileInitializer(KeyValueTensorInitializer):
    """`tf.lookup.TextFileInitializer`: keys and values from the lines of a file.

    Args:
        filename: path of a text file.
        key_dtype, value_dtype: dtypes.
        key_index, value_index: part of a line by its number, or `TextFileIndex.WHOLE_LINE` or `.LINE_NUMBER`.
        vocab_size: lines to read, default all.
        delimiter: what parts a line.
        name: not used.

    Raises:
        ArgumentError: a line without such a part.
    """

    def __init__(
        self,
        filename: Any,
        key_dtype: Any,
        key_index: int,
        value_dtype: Any,
        value_index: int,
        vocab_size: Optional[int] = None,
        delimiter: str = "\t",
        name: Any = None,
    ):
        with open(filename, "rb") as file:
            lines = file.read().splitlines()[:vocab_size]
        columns = [_column(lines, int(index), delimiter.encode()) for index in (key_index, value_index)]
        keys, values = (_typed_items(each, as_dtype(dtype)) for each, dtype in zip(columns, (key_dtype, value_dtype)))
        super().__init__(keys or [], values or [], key_dtype, value_dtype)


def _column(lines: list[bytes], index: int, delimiter: bytes) -> list:
    if index == TextFileIndex.LINE_NUMBER:
        return list(range(len(lines)))
    if index == TextFileIndex.WHOLE_LINE:
        return lines
    found = []
    for number, line in enumerate(lines):
        parts = line.split(delimiter)
        if not 0 <= index < len(parts):
            raise ArgumentError(
                f"tf.lookup.TextFileInitializer: line {number} has {len(parts)} parts; expected part {index}"
            )
        found.append(parts[index])
    return found


def _typed_items(items: list, dtype: Any) -> list:
    if dtype.name == "string":
        return [each if isinstance(each, bytes) else str(each).encode() for each in items]
    return [int(each) if dtype.is_integer else float(each) for each in items]


class StaticHashTable:
    """`tf.lookup.StaticHashTable`: values by key.

    Args:
        initializer: keys and values.
        default_value: for other keys.
        name, experimental_is_anonymous: not used.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> keys = tf.lookup.KeyValueTensorInitializer(["a", "b"], [3, 4])
        >>> tf.lookup.StaticHashTable(keys, -1).lookup(tf.constant(["b", "z"])).numpy().tolist()
        [4, -1]
    """

    def __init__(self, initializer: Any, default_value: Any, name: Any = None, experimental_is_anonymous: bool = False):
        self._take(initializer)
        self._default = _items(default_value)[0]

    def _take(self, initializer: Any) -> None:
        self.key_dtype, self.value_dtype = initializer.key_dtype, initializer.value_dtype
        self._table = dict(zip(initializer.keys, initializer.values))

    def _found(self, keys: list) -> Iterable[Any]:
        return (self._table.get(key, self._default) for key in keys)

    def lookup(self, keys: Any, name: Any = None) -> Any:
        """Return the value of each key; ragged rows keep their lengths."""
        if hasattr(keys, "row_splits"):
            return type(keys)(self.lookup(keys.values), np.asarray(keys.row_splits))
        wants_text = self.key_dtype.name == "string"
        if is_text(keys) != wants_text:
            raise ArgumentError(f"tf.lookup: expected keys of dtype {self.key_dtype.name}; received {keys!r}")
        shape = np.shape(as_text(keys)) if wants_text else np.shape(keys)
        values = list(self._found(_items(keys)))
        if self.value_dtype.name == "string":
            made = np.empty(len(values), object)
            made[:] = values
            return as_text(made.reshape(shape))
        return _core.tensor(np.array(values, self.value_dtype.as_numpy_dtype).reshape(shape))

    __getitem__ = lookup

    def size(self, name: Any = None) -> Any:
        """Return the number of keys."""
        return _core.tensor(len(self._table), "int64")

    def export(self, name: Any = None) -> Any:
        """Return all keys and all values."""
        keys, values = list(self._table), list(self._table.values())
        return tuple(as_text(each) if is_text(each) else ops.convert_to_tensor(each) for each in (keys, values))


class StaticVocabularyTable(StaticHashTable):
    """`tf.lookup.StaticVocabularyTable`: numbers by text, with places behind them for other texts.

    Args:
        initializer: texts and their numbers, 0 and up; None for none.
        num_oov_buckets: places for other texts, dealt out by FarmHash's Fingerprint64.
        lookup_key_dtype: "string".
        name, experimental_is_anonymous: not used.
    """

    def __init__(
        self,
        initializer: Any,
        num_oov_buckets: int,
        lookup_key_dtype: Any = None,
        name: Any = None,
        experimental_is_anonymous: bool = False,
    ):
        empty = KeyValueTensorInitializer([], [], "string", "int64")
        self._take(initializer or empty)
        self._buckets = int(num_oov_buckets)
        if self._buckets < 1 or self.key_dtype.name != "string" or self.value_dtype.name != "int64":
            raise ArgumentError(
                "tf.lookup.StaticVocabularyTable: expected text, int64 numbers and a place or more; received "
                f"{self.key_dtype.name}, {self.value_dtype.name} and num_oov_buckets={num_oov_buckets!r}"
            )

    def _found(self, keys: list) -> Iterable[Any]:
        strange = _core.hash_texts(keys, self._buckets) + len(self._table)
        return (self._table.get(key, int(place)) for key, place in zip(keys, strange))

    def size(self, name: Any = None) -> Any:
        """Return the number of keys and places."""
        return _core.tensor(len(self._table) + self._buckets, "int64")


LOOKUP: dict[str, Any] = {each.__name__: each for each in (
    KeyValueTensorInitializer, StaticHashTable, StaticVocabularyTable, TextFileIndex, TextFileInitializer,
)}  # fmt: skip
