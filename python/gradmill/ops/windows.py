"""What transforms of signals share: windows, frames added where they overlap, weights of mel bands."""

import math
from typing import Any, Optional

import numpy as np

from gradmill import _core
from gradmill.errors import ArgumentError, ShapeError
from gradmill.ops.calling import tensor

# Windows that are sums of cosines: their factors, with changing signs.
_COSINES = {
    "blackman": (0.42, 0.5, 0.08),
    "blackmanharris": (0.35875, 0.48829, 0.14128, 0.01168),
    "boxcar": (1.0,),
    "flattop": (0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368),
    "hamming": (0.54, 0.46),
    "hann": (0.5, 0.5),
    "nuttall": (0.3635819, 0.4891775, 0.1365995, 0.0106411),
}
_NAMES = sorted([*_COSINES, "bartlett", "cosine"])
_BREAK_HERTZ, _HIGH_Q = 700.0, 1127.0


def window_values(owner: str, name: str, length: int, is_periodic: bool = True) -> np.ndarray:
    """Return the values of a window in float64.

    Args:
        owner: who asks, for messages.
        name: of the window.
        length: number of values.
        is_periodic: whether the next value would be the first one again; else the last one mirrors the first.

    Raises:
        ArgumentError: an unknown name.
    """
    if not isinstance(name, str) or name not in _NAMES:
        raise ArgumentError(f"{owner}: expected window to be one of {_NAMES}, values, or None; received {name!r}")
    if length == 1:
        return np.ones(1)
    steps = length if is_periodic else length - 1
    places = np.arange(length)
    if name == "bartlett":
        return 1.0 - np.abs(2.0 * places / steps - 1.0)
    if name == "cosine":
        return np.sin(math.pi * (places + 0.5) / (steps + 1))
    terms = enumerate(_COSINES[name])
    return sum((-1) ** k * factor * np.cos(2.0 * math.pi * k * places / steps) for k, factor in terms)  # type: ignore


def checked_window(owner: str, window: Any, length: int, dtype: str, is_periodic: bool = True) -> Optional[np.ndarray]:
    """Return a window, given by name or values, as an array; None stays None.

    Args:
        owner: who asks, for messages.
        window: name, values, or None.
        length: how many values there must be.
        dtype: of the array.
        is_periodic: as in `window_values`.

    Raises:
        ArgumentError: an unknown name.
        ShapeError: another number of values.
    """
    if window is None:
        return None
    if isinstance(window, str):
        return window_values(owner, window, length, is_periodic).astype(dtype)
    values = np.asarray(window, dtype)
    if values.shape != (length,):
        raise ShapeError(f"{owner}: expected a window of shape ({length},); received shape {values.shape}")
    return values


def fourier_kernel(
    side: str, frame: int, bins: int, window: Optional[np.ndarray], scaling: Optional[str]
) -> np.ndarray:
    """Return one part of the matrix (frame, bins) that transforms a frame, the window in it.

    Args:
        side: "real" or "imag".
        frame: number of values.
        bins: number of frequencies, from 0 to half the number of samples.
        window: values, or None for none.
        scaling: what the window is divided by: "density" for the root of the sum of its squares, "spectrum" for the
            sum of its sizes, None for nothing.
    """
    turns = np.outer(np.arange(frame), np.arange(bins)) / max(2 * (bins - 1), 1)
    kernel = np.cos(2.0 * math.pi * turns) if side == "real" else -np.sin(2.0 * math.pi * turns)
    if window is None:
        return kernel
    weights = np.asarray(window, "float64")
    if scaling is not None:
        weights = weights / (np.sqrt((weights**2).sum()) if scaling == "density" else np.abs(weights).sum())
    return kernel * weights[:, None]


def frame_places(count: int, length: int, stride: int) -> np.ndarray:
    """Return where in a signal the values of overlapping frames stand, (count, length)."""
    return np.arange(count, dtype="int32")[:, None] * np.int32(stride) + np.arange(length, dtype="int32")


def overlap_and_add(frames: Any, stride: int) -> Any:
    """Return the signals (..., n) that frames (..., count, length) add up to, each `stride` behind the one before."""
    *lead, count, length = frames.shape
    total = (count - 1) * stride + length
    places = tensor(frame_places(count, length, stride))
    return _core.ops.gather_backward(places, frames, shape=[*lead, total], axis=len(lead))


def mel_weights(bands: int, bins: int, rate: float, low: float, high: float, dtype: str = "float32") -> np.ndarray:
    """Return weights (bins, bands) that add up linear frequencies to bands of equal width on the mel scale.

    Args:
        bands: number of bands; each is a triangle between the centers of its neighbours.
        bins: number of frequencies from 0 to `rate / 2`; the first has no weight.
        rate: samples per second.
        low, high: where the first band begins and the last one ends, in hertz.
        dtype: of the result.
    """
    edges = np.linspace(_mel(low), _mel(high), bands + 2)
    places = _mel(np.linspace(0.0, rate / 2.0, bins))[1:, None]
    rising = (places - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - places) / (edges[2:] - edges[1:-1])
    weights = np.maximum(0.0, np.minimum(rising, falling))
    return np.concatenate([np.zeros((1, bands)), weights]).astype(dtype)


def _mel(hertz: Any) -> Any:
    return _HIGH_Q * np.log1p(np.asarray(hertz, "float64") / _BREAK_HERTZ)
