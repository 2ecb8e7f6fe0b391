"""Further ways to make tensors: windows, spaced numbers, copies."""

from typing import Any, Optional

import numpy as np

from gradmill import _core, config
from gradmill.errors import ArgumentError, ShapeError
from gradmill.ops.calling import public_op, tensor
from gradmill.ops.shape import convert_to_tensor, zeros_like

__all__ = [
    "array",
    "bartlett",
    "blackman",
    "copy",
    "empty_like",
    "geomspace",
    "hamming",
    "hanning",
    "kaiser",
    "logspace",
    "tri",
    "vander",
]


def array(x: Any, dtype: Any = None) -> Any:
    """Return `x` as a tensor; the same as `convert_to_tensor`.

    Args:
        x: tensor, variable, array, number or nested list.
        dtype: dtype of the result; default: what `x` has.

    Returns:
        tensor.
    """
    return convert_to_tensor(x, dtype)


@public_op
def copy(x: Any) -> Any:
    """Return a tensor of the same values; a tensor never changes, so it is `x` itself.

    Args:
        x: tensor, variable or array-like.

    Returns:
        tensor.
    """
    return tensor(x)


@public_op
def empty_like(x: Any, dtype: Any = None) -> Any:
    """Return a tensor of the shape of `x`, of zeros: nothing is left undefined.

    Args:
        x: tensor.
        dtype: default: that of `x`.

    Returns:
        tensor.
    """
    return zeros_like.eager(x, dtype)


def _window(who: str, make: Any, x: Any, *more: Any) -> Any:
    length = int(x)
    if length < 0:
        raise ArgumentError(f"{who}: expected a number of points >= 0; received {length}")
    return _core.tensor(make(length, *more), config.floatx())


def bartlett(x: Any) -> Any:
    """Return Bartlett's window: a triangle that is 0 at both ends.

    Args:
        x: number of points.

    Returns:
        vector of dtype `floatx()`.
    """
    return _window("bartlett", np.bartlett, x)


def blackman(x: Any) -> Any:
    """Return Blackman's window, a sum of three cosines.

    Args:
        x: number of points.

    Returns:
        vector of dtype `floatx()`.
    """
    return _window("blackman", np.blackman, x)


def hamming(x: Any) -> Any:
    """Return Hamming's window, a raised cosine.

    Args:
        x: number of points.

    Returns:
        vector of dtype `floatx()`.
    """
    return _window("hamming", np.hamming, x)


def hanning(x: Any) -> Any:
    """Return Hann's window, a cosine that is 0 at both ends.

    Args:
        x: number of points.

    Returns:
        vector of dtype `floatx()`.
    """
    return _window("hanning", np.hanning, x)


def kaiser(x: Any, beta: Any) -> Any:
    """Return Kaiser's window.

    Args:
        x: number of points.
        beta: how fast it falls off; 0 gives a rectangle.

    Returns:
        vector of dtype `floatx()`.
    """
    return _window("kaiser", np.kaiser, x, float(beta))


def _checked_count(who: str, num: int) -> int:
    if num < 0:
        raise ArgumentError(f"{who}: expected num >= 0; received {num}")
    return int(num)


def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10, dtype: Any = None, axis: int = 0
) -> Any:
    """Return the powers of `base` with evenly spaced exponents.

    Args:
        start: first exponent.
        stop: last exponent.
        num: how many.
        endpoint: whether `stop` is included.
        base: the base.
        dtype: default `floatx()`.
        axis: where the new axis stands when the ends are arrays.

    Returns:
        tensor.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.logspace(0, 2, 3).numpy()
        array([  1.,  10., 100.], dtype=float32)
    """
    count = _checked_count("logspace", num)
    values = np.logspace(np.asarray(start), np.asarray(stop), count, endpoint, base, axis=axis)
    return _core.tensor(values, config.standardize_dtype(dtype))


def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """Return numbers from `start` to `stop`, each a constant multiple of the one before.

    Args:
        start: first number; not 0.
        stop: last number; not 0.
        num: how many.
        endpoint: whether `stop` is included.
        dtype: default `floatx()`.
        axis: where the new axis stands when the ends are arrays.

    Returns:
        tensor.

    Raises:
        ArgumentError: for an end that is 0.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.geomspace(1, 8, 4).numpy()
        array([1., 2., 4., 8.], dtype=float32)
    """
    first, last = np.asarray(start), np.asarray(stop)
    if np.any(first == 0) or np.any(last == 0):
        raise ArgumentError(f"geomspace: expected ends that are not 0; received {start!r} and {stop!r}")
    values = np.geomspace(first, last, _checked_count("geomspace", num), endpoint, axis=axis)
    return _core.tensor(values, config.standardize_dtype(dtype))


def tri(N: int, M: Optional[int] = None, k: int = 0, dtype: Any = None) -> Any:
    """Return a matrix with ones on and below the diagonal `k`, and zeros above.

    Args:
        N: rows.
        M: columns; default `N`.
        k: which diagonal; above the main one when positive.
        dtype: default `floatx()`.

    Returns:
        (N, M).

    Raises:
        ArgumentError: for a negative size.
    """
    if N < 0 or (M is not None and M < 0):
        raise ArgumentError(f"tri: expected sizes >= 0; received N={N}, M={M}")
    return _core.tensor(np.tri(N, M, k), config.standardize_dtype(dtype))


@public_op
def vander(x: Any, N: Optional[int] = None, increasing: bool = False) -> Any:
    """Return Vandermonde's matrix: the powers of the entries of a vector, from x^(N-1) down to 1.

    Args:
        x: (rows,).
        N: number of columns; default: as many as rows.
        increasing: begin with 1 instead.

    Returns:
        (rows, N).

    Raises:
        ShapeError: for anything but a vector.
        ArgumentError: for a negative `N`.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.vander([2, 3], 3).numpy()
        array([[4, 2, 1],
               [9, 3, 1]], dtype=int32)
    """
    x = tensor(x)
    if x.ndim != 1:
        raise ShapeError(f"vander: expected a vector; received shape {x.shape}")
    count = x.shape[0] if N is None else int(N)
    if count < 0:
        raise ArgumentError(f"vander: expected N >= 0; received {N}")
    column = _core.ops.reshape(x, shape=[-1, 1])
    power = _core.ops.broadcast_to(_core.tensor(1, x.dtype), shape=[x.shape[0], 1])
    powers = [power[:, :0]]
    for _ in range(count):
        powers.append(power)
        power = power * column
    return _core.ops.concatenate(powers if increasing else powers[:1] + powers[:0:-1], axis=1)
