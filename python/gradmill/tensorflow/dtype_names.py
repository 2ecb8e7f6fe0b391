"""`tf.float32` and the others: names of dtypes that know more than their name."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradmill import config
from gradmill.errors import DTypeError

__all__ = [
    "DType",
    "as_dtype",
    "bfloat16",
    "bool",
    "complex128",
    "complex64",
    "double",
    "float16",
    "float32",
    "float64",
    "half",
    "int16",
    "int32",
    "int64",
    "int8",
    "string",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
]


class DType(str):
    """The name of a dtype, with what TensorFlow's dtypes know of themselves; equal to the plain name.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> tf.float32 == "float32", tf.float32 == np.float32, tf.float32.is_floating, tf.int32.max
        (True, True, True, 2147483647)
    """

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: Any) -> Any:
        if not isinstance(other, (type, np.dtype)):
            return str.__eq__(self, other)
        try:
            return str.__eq__(self, as_dtype(other))
        except DTypeError:
            return False

    def __ne__(self, other: Any) -> Any:
        return not self == other

    @property
    def name(self) -> str:
        """The plain name."""
        return str.__str__(self)

    @property
    def is_floating(self) -> Any:
        """Whether values are floats."""
        return "float" in self

    @property
    def is_integer(self) -> Any:
        """Whether values are integers, signed or not."""
        return "int" in self

    @property
    def is_unsigned(self) -> Any:
        """Whether values are integers without sign."""
        return self.startswith("uint")

    @property
    def is_bool(self) -> Any:
        """Whether values are truth values."""
        return self == "bool"

    @property
    def is_complex(self) -> Any:
        """Whether values are complex numbers."""
        return self.startswith("complex")

    @property
    def base_dtype(self) -> DType:
        """The dtype itself; there are no references."""
        return self

    @property
    def real_dtype(self) -> DType:
        """The dtype of the real part."""
        return {"complex64": float32, "complex128": float64}.get(self.name, self)

    @property
    def limits(self) -> tuple:
        """The smallest and the largest finite value."""
        return self.min, self.max

    @property
    def as_numpy_dtype(self) -> Any:
        """The scalar type of NumPy; float32 for bfloat16, which NumPy has not."""
        if self == "string":
            return np.object_
        return np.float32 if self == "bfloat16" else np.dtype(self.name).type

    @property
    def size(self) -> int:
        """Bytes of one value."""
        return 2 if self == "bfloat16" else np.dtype(self.name).itemsize

    @property
    def min(self) -> Any:
        """The smallest finite value."""
        return self._limits().min

    @property
    def max(self) -> Any:
        """The largest finite value."""
        return self._limits().max

    def _limits(self) -> Any:
        if self == "bool":
            raise DTypeError("tf.bool: expected a dtype of numbers for min and max; truth values have none")
        return np.finfo(self.as_numpy_dtype) if self.is_floating else np.iinfo(self.as_numpy_dtype)


float16, bfloat16, float32, float64 = (DType(name) for name in ("float16", "bfloat16", "float32", "float64"))
int8, int16, int32, int64 = (DType(name) for name in ("int8", "int16", "int32", "int64"))
uint8, uint16, uint32, uint64 = (DType(name) for name in ("uint8", "uint16", "uint32", "uint64"))
bool, string = DType("bool"), DType("string")
complex64, complex128 = DType("complex64"), DType("complex128")
half, double = float16, float64

BY_NAME = {each.name: each for each in (
    float16, bfloat16, float32, float64, int8, int16, int32, int64, uint8, uint16, uint32, uint64, bool, string,
)}  # fmt: skip


# They are pairs of tensors here, and no dtype of ours.
_COMPLEX: dict[Any, DType] = {complex: complex128}
for _each in (complex64, complex128):
    _COMPLEX.update(dict.fromkeys((_each.name, _each.as_numpy_dtype, np.dtype(_each.name)), _each))


def as_dtype(type_value: Any) -> DType:
    """Return the `DType` of a name, a NumPy dtype or a Python type.

    Args:
        type_value: what names a dtype.

    Returns:
        the dtype.

    Raises:
        DTypeError: for an unknown one.
    """
    if type_value is str or type_value == "string":
        return string
    if isinstance(type_value, (str, type, np.dtype)) and type_value in _COMPLEX:
        return _COMPLEX[type_value]
    return BY_NAME[config.standardize_dtype(type_value)]
