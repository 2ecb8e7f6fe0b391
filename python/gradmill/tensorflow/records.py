"""`tf.train.Example` and files of records: `TFRecordWriter`, `TFRecordDataset`, `parse_example`.

Sources: TensorFlow's `example.proto` and `feature.proto` (numbers of fields).
"""

from __future__ import annotations

import os
from typing import Any, Iterator, Optional

import numpy as np

from gradmill import _core, errors
from gradmill.data import Dataset
from gradmill.tensorflow.dtype_names import as_dtype
from gradmill.tensorflow.sparse import SparseTensor
from gradmill.utils.protocol_buffers import bytes_field, read_fields, read_integers, varint
from gradmill.utils.record_file import open_records, read_records, record
from gradmill.utils.text_values import Text, as_text, text_of


class _Numbers:
    """A list of values; `value` is a Python list."""

    def __init__(self, value: Any = ()):
        self.value = list(value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(value={self.value})"


class BytesList(_Numbers):
    """`tf.train.BytesList`."""

    def __init__(self, value: Any = ()):
        super().__init__(value)
        for each in self.value:
            if not isinstance(each, bytes):
                raise errors.DTypeError(f"tf.train.BytesList: expected bytes; received {type(each).__name__} {each!r}")


class FloatList(_Numbers):
    """`tf.train.FloatList`."""

    def __init__(self, value: Any = ()):
        super().__init__(float(each) for each in value)


class Int64List(_Numbers):
    """`tf.train.Int64List`."""

    def __init__(self, value: Any = ()):
        super().__init__(value)
        for each in self.value:
            if isinstance(each, (float, np.floating)) or not hasattr(each, "__int__"):
                raise errors.DTypeError(f"tf.train.Int64List: expected integers; received {each!r}")
        self.value = [int(each) for each in self.value]


class Feature:
    """`tf.train.Feature`: one of `bytes_list`, `float_list`, `int64_list`.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> tf.train.Feature(int64_list=tf.train.Int64List(value=[1, 2])).int64_list.value
        [1, 2]
    """

    def __init__(
        self,
        bytes_list: Optional[BytesList] = None,
        float_list: Optional[FloatList] = None,
        int64_list: Optional[Int64List] = None,
    ):
        self.kind = "bytes_list" if bytes_list else "float_list" if float_list else "int64_list" if int64_list else ""
        self.bytes_list = bytes_list or BytesList()
        self.float_list = float_list or FloatList()
        self.int64_list = int64_list or Int64List()

    def WhichOneof(self, group: str) -> Optional[str]:  # noqa: N802 - the name of protocol buffers
        """Return which of the three lists was given."""
        return self.kind or None

    def __repr__(self) -> str:
        return f"Feature({self.kind}={getattr(self, self.kind) if self.kind else None})"

    def _message(self) -> bytes:
        if self.kind == "bytes_list":
            return bytes_field(1, b"".join(bytes_field(1, each) for each in self.bytes_list.value))
        if self.kind == "float_list":
            packed = np.asarray(self.float_list.value, "<f4").tobytes()
            return bytes_field(2, bytes_field(1, packed))
        packed = b"".join(varint(each) for each in self.int64_list.value)
        return bytes_field(3, bytes_field(1, packed)) if self.kind else b""

    @classmethod
    def _read(cls, message: bytes) -> Feature:
        found = read_fields(message)
        lists = {number: read_fields(found[number][-1]).get(1, []) for number in (1, 2, 3) if number in found}
        if 1 in lists:
            return cls(bytes_list=BytesList(lists[1]))
        if 2 in lists:
            return cls(float_list=FloatList(np.frombuffer(b"".join(lists[2]), "<f4").tolist()))
        return cls(int64_list=Int64List(read_integers(lists[3]))) if 3 in lists else cls()


class Features:
    """`tf.train.Features`: features by name."""

    def __init__(self, feature: Optional[dict[str, Feature]] = None):
        self.feature = dict(feature or {})

    def __repr__(self) -> str:
        return f"Features({self.feature})"


class Example:
    """`tf.train.Example`: named lists of bytes, floats or integers as one string of bytes.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> number = tf.train.Feature(int64_list=tf.train.Int64List(value=[3]))
        >>> text = tf.train.Example(features=tf.train.Features(feature={"n": number})).SerializeToString()
        >>> tf.train.Example.FromString(text).features.feature["n"].int64_list.value
        [3]
    """

    def __init__(self, features: Optional[Features] = None):
        self.features = features or Features()

    def SerializeToString(self) -> bytes:  # noqa: N802 - the name of protocol buffers
        """Return the bytes."""
        entries = (
            bytes_field(1, bytes_field(1, name.encode()) + bytes_field(2, feature._message()))
            for name, feature in self.features.feature.items()
        )
        return bytes_field(1, b"".join(entries))

    def ParseFromString(self, serialized: Any) -> int:  # noqa: N802 - the name of protocol buffers
        """Take the features from bytes; returns their number.

        Raises:
            DamagedFileError: the bytes are no Example.
        """
        serialized = bytes(serialized)
        self.features = Features()
        for features in read_fields(serialized).get(1, []):
            for entry in read_fields(features).get(1, []):
                found = read_fields(entry)
                name = found.get(1, [b""])[-1].decode()
                self.features.feature[name] = Feature._read(found.get(2, [b""])[-1])
        return len(serialized)

    @classmethod
    def FromString(cls, serialized: Any) -> Example:  # noqa: N802 - the name of protocol buffers
        """Return the example that bytes hold."""
        example = cls()
        example.ParseFromString(serialized)
        return example

    def __repr__(self) -> str:
        return f"Example({self.features})"


class FixedLenFeature:
    """`tf.io.FixedLenFeature`: so many values in each example.

    Args:
        shape: sizes.
        dtype: "string", a float or an integer dtype.
        default_value: for examples without the feature; without one it must be there.
    """

    def __init__(self, shape: Any, dtype: Any, default_value: Any = None):
        self.shape = tuple(int(size) for size in np.atleast_1d(np.asarray(shape, np.int64)))
        self.dtype, self.default_value = dtype, default_value


class FixedLenSequenceFeature(FixedLenFeature):
    """`tf.io.FixedLenSequenceFeature`: any number of rows of `shape`."""

    def __init__(self, shape: Any, dtype: Any, allow_missing: bool = False, default_value: Any = None):
        super().__init__(shape, dtype, default_value)
        self.allow_missing = allow_missing


class VarLenFeature(FixedLenSequenceFeature):
    """`tf.io.VarLenFeature`: any number of values, as a SparseTensor."""

    def __init__(self, dtype: Any):
        super().__init__((), dtype, allow_missing=True)


def _sparse(rows: list) -> SparseTensor:
    """Rows of values beside each other."""
    width = max((len(row) for row in rows), default=0)
    places = [[number, place] for number, row in enumerate(rows) for place in range(len(row))]
    return SparseTensor(np.reshape(places, (-1, 2)), _tensor(np.concatenate(rows)), (len(rows), width))


def _values(feature: Optional[Feature], name: str, spec: FixedLenFeature) -> Any:
    values = [] if feature is None or not feature.kind else getattr(feature, feature.kind).value
    repeats = isinstance(spec, FixedLenSequenceFeature)
    dtype = str(as_dtype(spec.dtype))
    if not values and not repeats:
        if spec.default_value is None:
            raise errors.ArgumentError(f"parse_example: feature {name!r} is required, and the example has none")
        values = np.broadcast_to(np.asarray(spec.default_value), spec.shape).ravel().tolist()
    elif values:
        wanted = "bytes_list" if dtype == "string" else "float_list" if dtype.startswith("float") else "int64_list"
        if feature is not None and feature.kind != wanted:
            raise errors.DTypeError(
                f"parse_example: feature {name!r} is to be {dtype}; the example holds a {feature.kind} of it"
            )
    shape = (-1, *spec.shape) if repeats else spec.shape
    if not repeats and len(values) != int(np.prod(spec.shape)):
        raise errors.ShapeError(
            f"parse_example: feature {name!r} is to have shape {spec.shape}; the example holds {len(values)} values"
        )
    if dtype != "string":
        return np.asarray(values, dtype).reshape(shape)
    texts = np.empty(len(values), object)
    texts[:] = [each.encode() if isinstance(each, str) else each for each in values]
    return texts.reshape(shape)


def _tensor(array: np.ndarray) -> Any:
    return as_text(array) if array.dtype == object else _core.tensor(array)


def parse_single_example(serialized: Any, features: dict[str, FixedLenFeature], name: Any = None) -> dict[str, Any]:
    """`tf.io.parse_single_example`: the features of one example, as tensors and strings.

    Args:
        serialized: bytes of a `tf.train.Example`.
        features: what each is to be: `FixedLenFeature`, `FixedLenSequenceFeature` or `VarLenFeature`.
        name: not used.

    Raises:
        ArgumentError: a required feature is not there.
        DTypeError, ShapeError: it is of another kind or number.
        DamagedFileError: the bytes are no Example.
    """
    serialized = serialized.item() if isinstance(serialized, np.ndarray) else serialized
    found = Example.FromString(serialized).features.feature
    made: dict[str, Any] = {}
    for key, spec in features.items():
        values = _values(found.get(key), key, spec)
        if isinstance(spec, VarLenFeature):
            made[key] = SparseTensor(np.arange(len(values))[:, None], _tensor(values), values.shape)
        else:
            made[key] = _tensor(values)
    return made


def parse_example(serialized: Any, features: dict[str, FixedLenFeature], name: Any = None) -> dict[str, Any]:
    """`tf.io.parse_example`: the features of a batch of examples; each as `parse_single_example`, then stacked."""
    parts = [Example.FromString(each).features.feature for each in np.asarray(serialized, object).ravel()]
    made: dict[str, Any] = {}
    for key, spec in features.items():
        rows = [_values(found.get(key), key, spec) for found in parts]
        made[key] = _sparse(rows) if isinstance(spec, VarLenFeature) else _tensor(np.stack(rows))
    return made


class TFRecordOptions:
    """`tf.io.TFRecordOptions`: the compression, "", "GZIP" or "ZLIB"."""

    def __init__(self, compression_type: Optional[str] = None, **_: Any):
        self.compression_type = compression_type or ""


class TFRecordWriter:
    """`tf.io.TFRecordWriter`: writes records to a file; a context.

    Args:
        path: the file; it begins anew.
        options: `TFRecordOptions`, or the name of a compression.
    """

    def __init__(self, path: Any, options: Any = None):
        compression = options.compression_type if isinstance(options, TFRecordOptions) else options or ""
        self._file = open_records(text_of(os.fspath(path)), "wb", compression)

    def write(self, record_bytes: Any) -> None:
        """Add a record."""
        if not isinstance(record_bytes, bytes):
            raise errors.DTypeError(f"TFRecordWriter.write: expected bytes; received {type(record_bytes).__name__}")
        self._file.write(record(record_bytes))

    def flush(self) -> None:
        """Write what waits."""
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> TFRecordWriter:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


def paths_of(filenames: Any) -> list[str]:
    """Return one path or several as a list."""
    if isinstance(filenames, (str, bytes, os.PathLike)):
        filenames = [filenames]
    return [text_of(each if isinstance(each, (str, bytes)) else os.fspath(each)) for each in filenames]


def TFRecordDataset(  # noqa: N802 - a class there
    filenames: Any,
    compression_type: Optional[str] = None,
    buffer_size: Any = None,
    num_parallel_reads: Any = None,
    name: Any = None,
) -> Dataset:
    """`tf.data.TFRecordDataset`: the records of files, one after the other; damaged ones raise in their turn."""
    paths = paths_of(filenames)

    def read() -> Iterator[Any]:
        for path in paths:
            for content in read_records(path, compression_type or ""):
                yield Text(content)

    return Dataset.from_generator(read, output_types="string", output_shapes=())


def TextLineDataset(  # noqa: N802 - a class there
    filenames: Any,
    compression_type: Optional[str] = None,
    buffer_size: Any = None,
    num_parallel_reads: Any = None,
    name: Any = None,
) -> Dataset:
    """`tf.data.TextLineDataset`: the lines of files, without their ends."""
    paths = paths_of(filenames)

    def read() -> Iterator[Any]:
        for path in paths:
            with open_records(path, "rb", compression_type or "") as file:
                for line in file:
                    yield Text(line.rstrip(b"\r\n"))

    return Dataset.from_generator(read, output_types="string", output_shapes=())


TRAIN = {each.__name__: each for each in (BytesList, Example, Feature, Features, FloatList, Int64List)}
IO = {each.__name__: each for each in (
    FixedLenFeature, FixedLenSequenceFeature, TFRecordOptions, TFRecordWriter, VarLenFeature, parse_example,
    parse_single_example,
)}  # fmt: skip
DATA = {each.__name__: each for each in (TFRecordDataset, TextLineDataset)}
