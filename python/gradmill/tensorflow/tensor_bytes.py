"""`tf.io.serialize_tensor` and `tf.io.parse_tensor`.

Source: TensorFlow's `tensor.proto`, `tensor_shape.proto` and `types.proto` (numbers of fields and of dtypes).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradmill import _core, errors
from gradmill.tensorflow.dtype_names import as_dtype
from gradmill.utils.protocol_buffers import bytes_field, read_fields, varint_field
from gradmill.utils.text_values import as_text, is_text

_NUMBERS = {
    "float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "string": 7, "int64": 9, "bool": 10,
    "uint16": 17, "float16": 19, "uint32": 22, "uint64": 23,
}  # fmt: skip
_NAMES = {number: name for name, number in _NUMBERS.items()}
_DTYPE, _SHAPE, _CONTENT, _TEXTS = 1, 2, 4, 8  # fields


def serialize_tensor(tensor: Any, name: Any = None) -> Any:
    """`tf.io.serialize_tensor`: a tensor as the bytes of a TensorProto.

    Raises:
        DTypeError: a dtype that has no bytes there.
    """
    if is_text(tensor):
        array = np.asarray(as_text(tensor), object)
        dtype, values = "string", b"".join(bytes_field(_TEXTS, each) for each in array.ravel().tolist())
    else:
        array = np.asarray(tensor)
        dtype, content = str(array.dtype), array.tobytes()
        values = bytes_field(_CONTENT, content) if content else b""
    if dtype not in _NUMBERS:
        raise errors.DTypeError(f"tf.io.serialize_tensor: expected one of {sorted(_NUMBERS)}; received {dtype}")
    sizes = b"".join(bytes_field(2, varint_field(1, size) if size else b"") for size in array.shape)
    return as_text(varint_field(_DTYPE, _NUMBERS[dtype]) + bytes_field(_SHAPE, sizes) + values)


def parse_tensor(serialized: Any, out_type: Any, name: Any = None) -> Any:
    """`tf.io.parse_tensor`: the tensor in the bytes of a TensorProto that `serialize_tensor` made.

    Raises:
        DTypeError: the bytes hold another dtype.
        DamagedFileError: they are no TensorProto, or their sizes and values do not go together.
    """
    fields = read_fields(bytes(as_text(serialized)))
    dtype, wanted = _NAMES.get(fields.get(_DTYPE, [0])[0], ""), str(as_dtype(out_type))
    if dtype != wanted:
        raise errors.DTypeError(f"tf.io.parse_tensor: expected {wanted}; the bytes hold {dtype or 'another dtype'}")
    content = fields.get(_CONTENT, [b""])[0]
    shape_fields = fields.get(_SHAPE, [b""])[0]
    if not isinstance(content, bytes) or not isinstance(shape_fields, bytes):
        raise errors.DamagedFileError("tf.io.parse_tensor: expected a TensorProto; received other fields")
    dims = [
        read_fields(each).get(1, [0])[0] for each in read_fields(shape_fields).get(2, []) if isinstance(each, bytes)
    ]
    shape = tuple(int(each) for each in dims if isinstance(each, int))
    count = math.prod(shape)
    if dtype == "string":
        return as_text(_texts(fields.get(_TEXTS, []), count).reshape(shape))
    if len(content) != count * np.dtype(dtype).itemsize:
        raise errors.DamagedFileError(
            f"tf.io.parse_tensor: expected the bytes of {count} values of {dtype}; received {len(content)} bytes"
        )
    return _core.tensor(np.frombuffer(content, dtype).reshape(shape).copy())


def _texts(values: list, count: int) -> np.ndarray:
    if len(values) != count or not all(isinstance(each, bytes) for each in values):
        raise errors.DamagedFileError(f"tf.io.parse_tensor: expected {count} texts; received {len(values)}")
    texts = np.empty(count, object)
    texts[:] = values
    return texts


IO = {each.__name__: each for each in (parse_tensor, serialize_tensor)}
