"""Complex numbers, as far as frequencies of signals need them: a pair of tensors with the arithmetic of one."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from gradmill import ops
from gradmill.errors import DTypeError
from gradmill.tensorflow.dtype_names import DType, complex64, complex128
from gradmill.tensorflow.shapes import TensorShape


class ComplexTensor:
    """Complex numbers: what `tf.complex` and `tf.signal` return.

    There is `+`, `-`, `*`, `/`, `abs`, indexing with `[..., tf.newaxis]` too, `tf.abs`, `tf.math.real`, `imag`, `conj`
    and `angle`; everything else is done with `.real` and `.imag`, which are tensors and have gradients.

    Args:
        real, imag: tensors of one shape, float32 or float64.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> x = tf.complex([3.0, 0.0], [4.0, 1.0])
        >>> tf.abs(x * x).numpy().tolist()
        [25.0, 1.0]
    """

    __array_priority__ = 100

    def __init__(self, real: Any, imag: Any):
        self.real, self.imag = real, imag

    @property
    def shape(self) -> TensorShape:
        """Sizes."""
        return self.real.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.real.ndim

    @property
    def dtype(self) -> DType:
        """complex64 or complex128."""
        return complex128 if self.real.dtype == "float64" else complex64

    def numpy(self) -> np.ndarray:
        """Return the numbers as an array."""
        return (np.asarray(self.real) + 1j * np.asarray(self.imag)).astype(self.dtype.as_numpy_dtype)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.numpy() if dtype is None else self.numpy().astype(dtype)

    def conj(self) -> ComplexTensor:
        """Return the numbers with the other sign of their imaginary parts."""
        return ComplexTensor(self.real, -self.imag)

    def __abs__(self) -> Any:
        squares = ops.square(self.real) + ops.square(self.imag)
        # The root has no derivative at 0; TensorFlow's is 0 there.
        is_zero = ops.equal(squares, 0.0)
        return ops.where(
            is_zero, ops.zeros_like(squares), ops.sqrt(ops.where(is_zero, ops.ones_like(squares), squares))
        )

    def __getitem__(self, key: Any) -> ComplexTensor:
        return ComplexTensor(self.real[key], self.imag[key])

    def __len__(self) -> int:
        return len(self.real)

    def __neg__(self) -> ComplexTensor:
        return ComplexTensor(-self.real, -self.imag)

    def __add__(self, other: Any) -> ComplexTensor:
        real, imag = _parts(other, self)
        return ComplexTensor(self.real + real, self.imag if imag is None else self.imag + imag)

    def __sub__(self, other: Any) -> ComplexTensor:
        real, imag = _parts(other, self)
        return ComplexTensor(self.real - real, self.imag if imag is None else self.imag - imag)

    def __rsub__(self, other: Any) -> ComplexTensor:
        return -self + other

    def __mul__(self, other: Any) -> ComplexTensor:
        real, imag = _parts(other, self)
        if imag is None:
            return ComplexTensor(self.real * real, self.imag * real)
        return ComplexTensor(self.real * real - self.imag * imag, self.real * imag + self.imag * real)

    def __truediv__(self, other: Any) -> ComplexTensor:
        real, imag = _parts(other, self)
        if imag is None:
            return ComplexTensor(self.real / real, self.imag / real)
        size = real * real + imag * imag
        return self * ComplexTensor(real / size, -imag / size)

    __radd__ = __add__
    __rmul__ = __mul__

    def __rtruediv__(self, other: Any) -> ComplexTensor:
        size = ops.square(self.real) + ops.square(self.imag)
        return ComplexTensor(self.real / size, -self.imag / size) * other

    def __repr__(self) -> str:
        return f"<tf.ComplexTensor: shape={tuple(self.shape)}, dtype={self.dtype}>"


def _parts(value: Any, like: ComplexTensor) -> tuple[Any, Any]:
    """Real and imaginary part of a number, an array or a tensor; None for no imaginary part."""
    if isinstance(value, ComplexTensor):
        return value.real, value.imag
    if _is_complex_array(value):
        kind = like.real.dtype
        return ops.convert_to_tensor(np.real(value), kind), ops.convert_to_tensor(np.imag(value), kind)
    return value, None


def as_complex(value: Any, owner: str) -> ComplexTensor:
    """Return a value as complex numbers.

    Args:
        value: complex numbers of this package or of NumPy, or real ones.
        owner: who asks, for messages.

    Raises:
        DTypeError: integers.
    """
    if isinstance(value, ComplexTensor):
        return value
    if _is_complex_array(value):
        found = np.asarray(value)
        kind = "float64" if found.dtype == np.complex128 else "float32"
        return ComplexTensor(ops.convert_to_tensor(found.real, kind), ops.convert_to_tensor(found.imag, kind))
    real = ops.convert_to_tensor(value)
    if "float" not in real.dtype:
        raise DTypeError(f"{owner}: expected complex numbers or floats; received {real.dtype}; cast them first")
    return ComplexTensor(real, ops.zeros_like(real))


def cast(value: Any, dtype: DType) -> ComplexTensor:
    """Return a value as complex numbers of a dtype; numbers that are not complex have no imaginary part."""
    if not (isinstance(value, ComplexTensor) or _is_complex_array(value)):
        value = ops.cast(value, dtype.real_dtype)
    found = as_complex(value, "tf.cast")
    return ComplexTensor(ops.cast(found.real, dtype.real_dtype), ops.cast(found.imag, dtype.real_dtype))


def make_complex(real: Any, imag: Any, name: Any = None) -> ComplexTensor:
    """`tf.complex`: complex numbers of two tensors of floats."""
    real, imag = ops.convert_to_tensor(real), ops.convert_to_tensor(imag)
    if real.dtype != imag.dtype or real.dtype not in ("float32", "float64"):
        raise DTypeError(
            f"tf.complex: expected two tensors of float32 or of float64; received {real.dtype}, {imag.dtype}"
        )
    zeros = ops.zeros_like(real + imag)
    return ComplexTensor(real + zeros, imag + zeros)


def of_complex(plain: Callable, name: str, of_pair: Callable) -> Callable:
    """Return a function of `tf.math` that takes complex numbers, too.

    Args:
        plain: what it does with real numbers.
        name: its name.
        of_pair: what it does with complex ones.
    """

    def function(*args: Any, **kwargs: Any) -> Any:
        given = [*args, *(kwargs[key] for key in ("x", "input") if key in kwargs)][:1]
        if given and (isinstance(given[0], ComplexTensor) or _is_complex_array(given[0])):
            return of_pair(as_complex(given[0], f"tf.{name}"))
        return plain(
            *(args or given), **{key: value for key, value in kwargs.items() if key not in ("x", "input", "name")}
        )

    function.__doc__ = f"`tf.{name}`, of complex numbers, too."
    return function


def _is_complex_array(value: Any) -> bool:
    return isinstance(value, (complex, np.ndarray, np.generic)) and np.iscomplexobj(value)
