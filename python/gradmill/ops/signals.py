"""Signals in overlapping frames, and their frequencies over time."""

from typing import Any, Optional

import numpy as np

from gradmill import _core
from gradmill.errors import ArgumentError, DTypeError, ShapeError
from gradmill.ops.calling import public_op, tensor
from gradmill.ops.fourier import irfft, rfft
from gradmill.ops.shape import pad
from gradmill.ops.windows import checked_window, frame_places, overlap_and_add

__all__ = ["extract_sequences", "istft", "stft"]


@public_op
def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Any:
    """Return what a window that slides along the last axis shows.

    Args:
        x: tensor (..., n).
        sequence_length: size of the window.
        sequence_stride: how far it moves each time.

    Returns:
        tensor (..., 1 + (n - sequence_length) // sequence_stride, sequence_length).

    Raises:
        ArgumentError: sizes that are no positive integers.
        ShapeError: fewer values than the window takes.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.extract_sequences([1, 2, 3, 4, 5, 6], 3, 2).numpy()
        array([[1, 2, 3],
               [3, 4, 5]], dtype=int32)
    """
    x = tensor(x)
    length = _positive("extract_sequences", "sequence_length", sequence_length)
    stride = _positive("extract_sequences", "sequence_stride", sequence_stride)
    if not x.shape or x.shape[-1] < length:
        raise ShapeError(
            f"extract_sequences: expected at least {length} values along the last axis; received shape {tuple(x.shape)}"
        )
    places = tensor(frame_places(1 + (x.shape[-1] - length) // stride, length, stride))
    return _core.ops.gather(x, places, axis=x.ndim - 1)


@public_op
def stft(
    x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    window: Any = "hann",
    center: bool = True,
) -> Any:
    """Return the frequencies of overlapping frames of signals.

    Args:
        x: tensor (..., n), float32 or float64.
        sequence_length: size of the window.
        sequence_stride: distance of frames.
        fft_length: size of a frame, at least `sequence_length`; the window stands in its middle.
        window: name ("hann", "hamming", "blackman", ...), values (sequence_length,), or None for none.
        center: whether the signal is mirrored at both ends, so that frame t has its middle at t * sequence_stride.

    Returns:
        pair of tensors (..., frames, fft_length // 2 + 1): real and imaginary parts.

    Raises:
        DTypeError: another dtype.
        ArgumentError: sizes that are no positive integers, a frame shorter than the window, or an unknown window.
        ShapeError: values of a window of another number, or a signal that is too short.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.stft(gm.ops.ones(8), 4, 2, 4)[0].shape
        (5, 3)
    """
    x = tensor(x)
    if x.dtype not in ("float32", "float64"):
        raise DTypeError(f"stft: expected float32 or float64; received {x.dtype}; cast it first")
    values, length, stride = _framing("stft", sequence_length, sequence_stride, fft_length, window, x.dtype)
    if center:
        if not x.shape or x.shape[-1] <= length // 2:
            raise ShapeError(
                f"stft: expected more than {length // 2} values to mirror; received shape {tuple(x.shape)}"
            )
        x = pad.eager(x, [(0, 0)] * (x.ndim - 1) + [(length // 2, length // 2)], mode="reflect")
    frames = extract_sequences.eager(x, length, stride)
    return rfft.eager(frames if values is None else frames * tensor(values), length)


@public_op
def istft(
    x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: Optional[int] = None,
    window: Any = "hann",
    center: bool = True,
) -> Any:
    """Return the signals that `stft` takes apart into `x`.

    Frames are weighted with the window again, added up and divided by the sum of the squared windows at each place,
    which gives back what `stft` was given wherever that sum is not 0. Without window they are only added up.

    Args:
        x: pair of tensors (..., frames, fft_length // 2 + 1): real and imaginary parts.
        sequence_length, sequence_stride, fft_length, window, center: as given to `stft`.
        length: number of values; default: all.

    Returns:
        tensor (..., n).

    Raises:
        ArgumentError: no pair, sizes that are no positive integers, or an unknown window.
        ShapeError: parts with fewer than two axes, or values of a window of another number.

    Example:
        >>> import gradmill as gm
        >>> parts = gm.ops.stft([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 4, 2, 4)
        >>> gm.ops.istft(parts, 4, 2, 4).numpy().round(4)
        array([1., 2., 3., 4., 5., 6.], dtype=float32)
    """
    values, size, stride = _framing("istft", sequence_length, sequence_stride, fft_length, window, "float64")
    frames = irfft.eager(x, size)
    if frames.ndim < 2:
        raise ShapeError(f"istft: expected tensors with at least 2 axes; received {tuple(tensor(x[0]).shape)}")
    if values is None:
        signal = overlap_and_add(frames, stride)
    else:
        count = frames.shape[-2]
        weights = np.bincount(
            frame_places(count, size, stride).ravel(), np.tile(values**2, count), (count - 1) * stride + size
        )
        signal = overlap_and_add(frames * tensor(values.astype(frames.dtype)), stride)
        signal = signal / tensor(np.where(weights > 1e-10, weights, 1.0).astype(frames.dtype))
    start = size // 2 if center else 0
    stop = signal.shape[-1] - start if length is None else start + length
    return signal[..., start:stop]


def _framing(owner: str, length: Any, stride: Any, size: Any, window: Any, dtype: str) -> tuple:
    """Return the window in the middle of a frame, the size of a frame, and the distance of frames."""
    length = _positive(owner, "sequence_length", length)
    stride = _positive(owner, "sequence_stride", stride)
    size = _positive(owner, "fft_length", size)
    if size < length:
        raise ArgumentError(
            f"{owner}: expected fft_length to be at least sequence_length; received {size} and {length}"
        )
    values = checked_window(owner, window, length, dtype)
    left = (size - length) // 2
    return (None if values is None else np.pad(values, (left, size - length - left))), size, stride


def _positive(owner: str, name: str, value: Any) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < 1:
        raise ArgumentError(f"{owner}: expected {name} to be a positive integer; received {value!r}")
    return int(value)
