"""Fourier transforms of numbers given as pairs (real, imaginary), made of matrix products.

A transform of n = a * b numbers is one of a numbers for each of b, a rotation of each result, and one of b numbers for
each of a (Cooley and Tukey, 1965). Up to `_DIRECT` numbers it is a product with a matrix, so 65,536 numbers take two
products with matrices of 256 x 256. What has a larger prime factor is a convolution with a chirp (Bluestein, 1970),
which takes transforms of a power of two. All factors are computed in float64 and kept.
"""

import functools
import math
from typing import Any, Optional

import numpy as np

from gradmill import _core
from gradmill.errors import ArgumentError, DTypeError, ShapeError
from gradmill.ops.calling import public_op, tensor
from gradmill.ops.shape import flip, stack

__all__ = ["fft", "fft2", "ifft2", "irfft", "polar", "rfft", "view_as_complex", "view_as_real"]

# Sizes up to the first number are a single matrix product, primes up to the second.
_DIRECT = 96
_DIRECT_PRIME = 400


@public_op
def fft(x: Any) -> Any:
    """Return the Fourier transform along the last axis.

    Args:
        x: pair of tensors (..., n) of floats: real and imaginary parts.

    Returns:
        pair of tensors (..., n).

    Raises:
        ArgumentError: no pair.
        ShapeError: parts of different shapes, or without axes.
        DTypeError: parts that are no floats.

    Example:
        >>> import gradmill as gm
        >>> real, imaginary = gm.ops.fft((gm.ops.array([1.0, 2.0]), gm.ops.array([0.0, 1.0])))
        >>> real.numpy(), imaginary.numpy()
        (array([ 3., -1.], dtype=float32), array([ 1., -1.], dtype=float32))
    """
    return _along("fft", *_pair("fft", x, 1), -1)


@public_op
def fft2(x: Any) -> Any:
    """Return the Fourier transform along the last two axes.

    Args:
        x: pair of tensors (..., m, n) of floats: real and imaginary parts.

    Returns:
        pair of tensors (..., m, n).

    Raises:
        ArgumentError: no pair.
        ShapeError: parts of different shapes, or with fewer than two axes.
        DTypeError: parts that are no floats.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.fft2((gm.ops.array([[1.0, 2.0], [2.0, 1.0]]), gm.ops.zeros((2, 2))))[0].numpy()
        array([[ 6.,  0.],
               [ 0., -2.]], dtype=float32)
    """
    return _along("fft2", *_along("fft2", *_pair("fft2", x, 2), -1), -2)


@public_op
def ifft2(x: Any) -> Any:
    """Return what `fft2` transforms into `x`.

    Args:
        x: pair of tensors (..., m, n) of floats: real and imaginary parts.

    Returns:
        pair of tensors (..., m, n).

    Raises:
        ArgumentError: no pair.
        ShapeError: parts of different shapes, or with fewer than two axes.
        DTypeError: parts that are no floats.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.ifft2((gm.ops.array([[6.0, 0.0], [0.0, -2.0]]), gm.ops.zeros((2, 2))))[0].numpy()
        array([[1., 2.],
               [2., 1.]], dtype=float32)
    """
    real, imaginary = _pair("ifft2", x, 2)
    # The inverse is the transform with both parts exchanged, before and after.
    imaginary, real = _along("ifft2", *_along("ifft2", imaginary, real, -1), -2)
    size = float(real.shape[-1] * real.shape[-2])
    return real / size, imaginary / size


@public_op
def rfft(x: Any, fft_length: Optional[int] = None) -> Any:
    """Return the first half of the Fourier transform of real numbers along the last axis; the rest follows from it.

    Args:
        x: tensor (..., n) of floats.
        fft_length: to how many numbers x is cut or filled with zeros; default n.

    Returns:
        pair of tensors (..., fft_length // 2 + 1).

    Raises:
        ShapeError: a tensor without axes.
        DTypeError: no floats.
        ArgumentError: a length that is no positive integer.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.rfft([0.0, 1.0, 2.0, 3.0, 4.0])[0].numpy().round(4)
        array([10. , -2.5, -2.5], dtype=float32)
    """
    x = _floats("rfft", tensor(x), 1)
    size = x.shape[-1] if fft_length is None else _length("rfft", fft_length)
    kind = x.dtype
    real, imaginary = _transform(_wide(_fitted(x, size)), None, size, size // 2 + 1)
    return _back(real, kind), _back(imaginary, kind)


@public_op
def irfft(x: Any, fft_length: Optional[int] = None) -> Any:
    """Return the real numbers that `rfft` transforms into `x`.

    Args:
        x: pair of tensors (..., m) of floats: real and imaginary parts.
        fft_length: how many numbers; default 2 * (m - 1). To `fft_length // 2 + 1` numbers x is cut, or filled with
            zeros.

    Returns:
        tensor (..., fft_length).

    Raises:
        ArgumentError: no pair, or a length that is no positive integer.
        ShapeError: parts of different shapes, or without axes.
        DTypeError: parts that are no floats.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.irfft(gm.ops.rfft([0.0, 1.0, 2.0, 3.0, 4.0]), 5).numpy().round(4) + 0.0
        array([0., 1., 2., 3., 4.], dtype=float32)
    """
    real, imaginary = _pair("irfft", x, 1)
    size = 2 * (real.shape[-1] - 1) if fft_length is None else fft_length
    size = _length("irfft", size)
    half, kind = size // 2 + 1, real.dtype
    real, imaginary = (_wide(_fitted(each, half)) for each in (real, imaginary))
    if size <= _DIRECT:
        factors = _synthesis(size)
        return _back(_product(real, factors[0]) + _product(imaginary, factors[1]), kind)
    # The numbers behind the first half mirror those in it, but the first one and the middle one.
    mirrored = [slice(None)] * (real.ndim - 1) + [slice(1, size - half + 1)]
    real = _core.ops.concatenate([real, _reversed(real[tuple(mirrored)])], axis=real.ndim - 1)
    imaginary = _core.ops.concatenate([imaginary, -_reversed(imaginary[tuple(mirrored)])], axis=imaginary.ndim - 1)
    _, found = _transform(imaginary, real, size, size)
    return _back(found / float(size), kind)


@public_op
def view_as_complex(x: Any) -> Any:
    """Return the pair of real and imaginary parts that stand side by side along the last axis.

    Keras returns complex numbers; here they are pairs, as in `fft`.

    Args:
        x: tensor (..., 2).

    Returns:
        pair of tensors (...).

    Raises:
        ShapeError: another last axis.

    Example:
        >>> import gradmill as gm
        >>> [each.numpy().tolist() for each in gm.ops.view_as_complex([[1.0, 2.0], [3.0, 4.0]])]
        [[1.0, 3.0], [2.0, 4.0]]
    """
    x = tensor(x)
    if not x.shape or x.shape[-1] != 2:
        raise ShapeError(f"view_as_complex: expected a tensor (..., 2); received shape {tuple(x.shape)}")
    return x[..., 0], x[..., 1]


@public_op
def view_as_real(x: Any) -> Any:
    """Return real and imaginary parts side by side along a new last axis.

    Args:
        x: pair of tensors (...): real and imaginary parts.

    Returns:
        tensor (..., 2).

    Raises:
        ArgumentError: no pair.
        ShapeError: parts of different shapes.
        DTypeError: parts that are no floats.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.view_as_real((gm.ops.array([1.0, 3.0]), gm.ops.array([2.0, 4.0]))).numpy()
        array([[1., 2.],
               [3., 4.]], dtype=float32)
    """
    return stack.eager(list(_pair("view_as_real", x, 0)), axis=-1)


@public_op
def polar(abs_: Any, angle: Any) -> Any:
    """Return the pair of real and imaginary parts of numbers of given size and angle.

    Keras returns complex numbers; here they are pairs, as in `fft`.

    Args:
        abs_: tensor of sizes.
        angle: tensor of angles in radians.

    Returns:
        pair of tensors.

    Example:
        >>> import gradmill as gm
        >>> [float(each) for each in gm.ops.polar(2.0, 0.0)]
        [2.0, 0.0]
    """
    abs_, angle = tensor(abs_), tensor(angle)
    return abs_ * _core.ops.cos(angle), abs_ * _core.ops.sin(angle)


def _pair(owner: str, x: Any, axes: int) -> tuple[Any, Any]:
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise ArgumentError(
            f"{owner}: expected a pair of tensors, the real and the imaginary part; received {type(x).__name__}; pass "
            "for example (x, gm.ops.zeros_like(x))"
        )
    real, imaginary = (_floats(owner, tensor(each), axes) for each in x)
    if real.shape != imaginary.shape:
        raise ShapeError(
            f"{owner}: expected a real and an imaginary part of one shape; received {tuple(real.shape)} and "
            f"{tuple(imaginary.shape)}"
        )
    return real, imaginary


def _floats(owner: str, x: Any, axes: int) -> Any:
    if "float" not in x.dtype:
        raise DTypeError(f"{owner}: expected tensors of floats; received {x.dtype}; cast them first")
    if x.ndim < axes:
        raise ShapeError(f"{owner}: expected tensors with at least {axes} axes; received shape {tuple(x.shape)}")
    if 0 in tuple(x.shape)[x.ndim - axes :]:
        raise ShapeError(f"{owner}: expected at least one number along each axis; received shape {tuple(x.shape)}")
    return x


def _length(owner: str, value: Any) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < 1:
        raise ArgumentError(f"{owner}: expected fft_length to be a positive integer; received {value!r}")
    return int(value)


def _wide(x: Any) -> Any:
    # Sums over many numbers need more than 16 bits.
    return x if x.dtype in ("float32", "float64") else _core.ops.cast(x, dtype="float32")


def _back(x: Any, dtype: str) -> Any:
    return x if x.dtype == dtype else _core.ops.cast(x, dtype=dtype)


def _fitted(x: Any, size: int) -> Any:
    """Cut the last axis to a size, or fill it with zeros."""
    if x.shape[-1] > size:
        return x[..., :size]
    missing = size - x.shape[-1]
    none = [0] * (x.ndim - 1)
    return _core.ops.pad(x, before=[*none, 0], after=[*none, missing], value=0.0) if missing else x


def _reversed(x: Any) -> Any:
    return flip.eager(x, axis=-1)


def _swapped(x: Any) -> Any:
    order = list(range(x.ndim))
    return _core.ops.transpose(x, permutation=[*order[:-2], order[-1], order[-2]])


def _along(owner: str, real: Any, imaginary: Any, axis: int) -> tuple[Any, Any]:
    kind, size = real.dtype, real.shape[axis]
    parts = [_wide(each) if axis == -1 else _swapped(_wide(each)) for each in (real, imaginary)]
    found = _transform(parts[0], parts[1], size, size)
    real, imaginary = (each if axis == -1 else _swapped(each) for each in found)
    return _back(real, kind), _back(imaginary, kind)


def _transform(real: Any, imaginary: Optional[Any], size: int, kept: int) -> tuple[Any, Any]:
    """Transform along the last axis; an imaginary part of None is 0; the first `kept` results are wanted."""
    if size <= _DIRECT or (size <= _DIRECT_PRIME and _divisor(size) == 1):
        return _rotated(real, imaginary, _matrix(size, kept))
    first = _divisor(size)
    if first == 1:
        found = _by_chirp(real, imaginary, size)
    else:
        found = _by_parts(real, imaginary, first, size // first)
    return found if kept == size else (found[0][..., :kept], found[1][..., :kept])


def _by_parts(real: Any, imaginary: Optional[Any], first: int, second: int) -> tuple[Any, Any]:
    lead = list(real.shape[:-1])
    parts = [None if part is None else _swapped(_core.ops.reshape(part, shape=[*lead, first, second]))
             for part in (real, imaginary)]  # fmt: skip
    real, imaginary = _transform(parts[0], parts[1], first, first)
    cosine, sine = (_constant(each, real) for each in _twiddles(second, first))
    real, imaginary = real * cosine + imaginary * sine, imaginary * cosine - real * sine
    parts = [_swapped(each) for each in (real, imaginary)]
    found = _transform(parts[0], parts[1], second, second)
    shape = [*lead, first * second]
    return tuple(_core.ops.reshape(_swapped(each), shape=shape) for each in found)  # type: ignore[return-value]


def _by_chirp(real: Any, imaginary: Optional[Any], size: int) -> tuple[Any, Any]:
    """With jk = (j^2 + k^2 - (k - j)^2) / 2 the sums over j are a convolution."""
    padded, cosine, sine, spectrum = _chirp(size)
    cosine, sine = _constant(cosine, real), _constant(sine, real)
    if imaginary is None:
        real, imaginary = real * cosine, -real * sine
    else:
        real, imaginary = real * cosine + imaginary * sine, imaginary * cosine - real * sine
    real, imaginary = _transform(_fitted(real, padded), _fitted(imaginary, padded), padded, padded)
    c, s = (_constant(each, real) for each in spectrum)
    real, imaginary = real * c - imaginary * s, imaginary * c + real * s
    imaginary, real = _transform(imaginary, real, padded, padded)
    real, imaginary = (each[..., :size] / float(padded) for each in (real, imaginary))
    return real * cosine + imaginary * sine, imaginary * cosine - real * sine


def _rotated(real: Any, imaginary: Optional[Any], factors: tuple) -> tuple[Any, Any]:
    """Multiply by a complex matrix, whose parts lie side by side."""
    both = _product(real, factors[0])
    if imaginary is not None:
        both = both + _product(imaginary, factors[1])
    half = both.shape[-1] // 2
    return both[..., :half], both[..., half:]


def _product(x: Any, matrix: np.ndarray) -> Any:
    if x.ndim > 1:
        return _core.ops.matmul(x, _constant(matrix, x))
    return _product(_core.ops.reshape(x, shape=[1, x.shape[0]]), matrix)[0]


def _constant(values: np.ndarray, like: Any) -> Any:
    return tensor(values if like.dtype == "float64" else values.astype("float32"))


def _divisor(size: int) -> int:
    """Return the divisor next to the root from below; 1 if what is left would be a large prime."""
    return max(each for each in range(1, math.isqrt(size) + 1) if size % each == 0)


def _angles(rows: int, columns: int, size: int) -> np.ndarray:
    # Whole numbers keep angles small, and so exact.
    turns = np.outer(np.arange(rows), np.arange(columns)) % size
    return turns * (2 * math.pi / size)


@functools.lru_cache(maxsize=64)
def _matrix(size: int, kept: int) -> tuple[np.ndarray, np.ndarray]:
    cosine, sine = np.cos(_angles(size, kept, size)), np.sin(_angles(size, kept, size))
    return np.concatenate([cosine, -sine], 1), np.concatenate([sine, cosine], 1)


@functools.lru_cache(maxsize=64)
def _twiddles(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    angles = _angles(rows, columns, rows * columns)
    return np.cos(angles), np.sin(angles)


@functools.lru_cache(maxsize=64)
def _synthesis(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Matrices that make real numbers of the two parts of half a transform."""
    half = size // 2 + 1
    weights = np.full((half, 1), 2.0 / size)
    weights[0] = 1.0 / size
    if size % 2 == 0:
        weights[-1] = 1.0 / size
    angles = _angles(half, size, size)
    return np.cos(angles) * weights, -np.sin(angles) * weights


@functools.lru_cache(maxsize=16)
def _chirp(size: int) -> tuple:
    padded = 1 << (2 * size - 2).bit_length()
    angles = (np.arange(size, dtype="int64") ** 2 % (2 * size)) * (math.pi / size)
    kernel = np.zeros(padded, complex)
    kernel[:size] = np.exp(1j * angles)
    kernel[padded - size + 1 :] = kernel[1:size][::-1]
    spectrum = np.fft.fft(kernel)
    return padded, np.cos(angles), np.sin(angles), (spectrum.real, spectrum.imag)
