"""`tf.signal` and `tf.audio`: frames, windows, frequencies of signals, WAV files."""

from __future__ import annotations

import math
from typing import Any, Callable, NamedTuple, Optional

import numpy as np

from gradmill import ops
from gradmill.errors import ArgumentError, ShapeError, UnsupportedError
from gradmill.ops.windows import mel_weights, overlap_and_add, window_values
from gradmill.tensorflow.complex_numbers import ComplexTensor, as_complex
from gradmill.tensorflow.dtype_names import as_dtype
from gradmill.utils.wave_file import read_wave, write_wave


def _size(value: Any) -> int:
    """A size, given as a number, a tensor or a list of one."""
    return int(np.asarray(value).reshape(-1)[0])


def _window(name: str) -> Callable:
    def window(window_length: Any, periodic: bool = True, dtype: Any = "float32", name: Any = None) -> Any:
        length = _size(window_length)
        # TensorFlow's windows of odd length are never periodic.
        values = window_values(f"tf.signal.{kind}_window", kind, length, bool(periodic) and length % 2 == 0)
        return ops.convert_to_tensor(values, str(as_dtype(dtype)))

    kind = name
    window.__doc__ = f"`tf.signal.{name}_window`: its values; `periodic` counts for even lengths only."
    return window


hann_window = _window("hann")


def frame(
    signal: Any,
    frame_length: Any,
    frame_step: Any,
    pad_end: bool = False,
    pad_value: Any = 0,
    axis: int = -1,
    name: Any = None,
) -> Any:
    """`tf.signal.frame`: overlapping parts of a signal; an axis of n becomes (frames, frame_length)."""
    signal, length, step = ops.convert_to_tensor(signal), _size(frame_length), _size(frame_step)
    if length < 1 or step < 1:
        raise ArgumentError(f"tf.signal.frame: expected sizes of at least 1; received {length} and {step}")
    axis = axis % max(signal.ndim, 1)
    moved = ops.moveaxis(signal, axis, -1)
    count = moved.shape[-1]
    if pad_end:
        count = max(0, -(-count // step) - 1) * step + length
        missing = max(0, count - moved.shape[-1])
        moved = ops.pad(moved, [(0, 0)] * (moved.ndim - 1) + [(0, missing)], constant_values=pad_value)
    if count < length:
        frames = ops.zeros((*moved.shape[:-1], 0, length), moved.dtype)
    else:
        frames = ops.extract_sequences(moved, length, step)
    return ops.moveaxis(frames, (-2, -1), (axis, axis + 1))


def add_frames(signal: Any, frame_step: Any, name: Any = None) -> Any:
    """`tf.signal.overlap_and_add`: the signals that frames (..., frames, frame_length) add up to."""
    signal = ops.convert_to_tensor(signal)
    if signal.ndim < 2:
        raise ShapeError(f"tf.signal.overlap_and_add: expected at least 2 axes; received shape {tuple(signal.shape)}")
    return overlap_and_add(signal, _size(frame_step))


def stft(
    signals: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Optional[Callable] = hann_window,
    pad_end: bool = False,
    name: Any = None,
) -> ComplexTensor:
    """`tf.signal.stft`: frequencies (..., frames, fft_length // 2 + 1) of the frames of signals."""
    frames = frame(signals, frame_length, frame_step, pad_end)
    length = frames.shape[-1]
    if window_fn is not None:
        frames = frames * window_fn(length, dtype=frames.dtype)
    return ComplexTensor(*ops.rfft(frames, _power_of_two(length) if fft_length is None else _size(fft_length)))


def inverse_stft(
    stfts: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Optional[Callable] = hann_window,
    name: Any = None,
) -> Any:
    """`tf.signal.inverse_stft`: the sum of the frames, each times the window; see `inverse_stft_window_fn`."""
    stfts, length = as_complex(stfts, "tf.signal.inverse_stft"), _size(frame_length)
    size = _power_of_two(length) if fft_length is None else _size(fft_length)
    frames = ops.irfft((stfts.real, stfts.imag), size)[..., :length]
    frames = ops.pad(frames, [(0, 0)] * (frames.ndim - 1) + [(0, length - frames.shape[-1])])
    if window_fn is not None:
        frames = frames * window_fn(length, dtype=frames.dtype)
    return overlap_and_add(frames, _size(frame_step))


def inverse_stft_window_fn(frame_step: Any, forward_window_fn: Callable = hann_window, name: Any = None) -> Callable:
    """`tf.signal.inverse_stft_window_fn`: the window with which `inverse_stft` gives signals back."""
    step = _size(frame_step)

    def window(frame_length: Any, dtype: Any = "float32") -> Any:
        length = _size(frame_length)
        values = forward_window_fn(length, dtype=dtype)
        squares = np.pad(np.asarray(values) ** 2, (0, -length % step)).reshape(-1, step).sum(0)
        return values / ops.convert_to_tensor(np.tile(squares, -(-length // step))[:length])

    return window


def _power_of_two(length: int) -> int:
    return 1 << (length - 1).bit_length()


def _transform(name: str, function: Callable, is_inverse: bool = False) -> Callable:
    def transform(input: Any, name: Any = None) -> ComplexTensor:
        x = as_complex(input, f"tf.signal.{kind}")
        if not is_inverse:
            return ComplexTensor(*function((x.real, x.imag)))
        # The inverse is the transform with both parts exchanged, before and after.
        imag, real = function((x.imag, x.real))
        return ComplexTensor(real / float(x.shape[-1]), imag / float(x.shape[-1]))

    kind = name
    transform.__doc__ = f"`tf.signal.{name}`: Fourier's transform of complex numbers."
    return transform


def rfft(input_tensor: Any, fft_length: Any = None, name: Any = None) -> ComplexTensor:
    """`tf.signal.rfft`: the first half of the transform of real numbers."""
    return ComplexTensor(*ops.rfft(input_tensor, None if fft_length is None else _size(fft_length)))


def irfft(input_tensor: Any, fft_length: Any = None, name: Any = None) -> Any:
    """`tf.signal.irfft`: the real numbers that `rfft` transforms into these."""
    x = as_complex(input_tensor, "tf.signal.irfft")
    return ops.irfft((x.real, x.imag), None if fft_length is None else _size(fft_length))


def linear_to_mel_weight_matrix(
    num_mel_bins: Any = 20,
    num_spectrogram_bins: Any = 129,
    sample_rate: Any = 8000,
    lower_edge_hertz: float = 125.0,
    upper_edge_hertz: float = 3800.0,
    dtype: Any = "float32",
    name: Any = None,
) -> Any:
    """`tf.signal.linear_to_mel_weight_matrix`: weights (num_spectrogram_bins, num_mel_bins) of mel bands."""
    low, high, rate = (float(np.asarray(each)) for each in (lower_edge_hertz, upper_edge_hertz, sample_rate))
    if not 0 <= low < high <= rate / 2:
        raise ArgumentError(
            "tf.signal.linear_to_mel_weight_matrix: expected 0 <= lower_edge_hertz < upper_edge_hertz <= sample_rate / "
            f"2; received {low:g}, {high:g} and a rate of {rate:g}"
        )
    weights = mel_weights(_size(num_mel_bins), _size(num_spectrogram_bins), rate, low, high, str(as_dtype(dtype)))
    return ops.convert_to_tensor(weights)


def mfccs_from_log_mel_spectrograms(log_mel_spectrograms: Any, name: Any = None) -> Any:
    """`tf.signal.mfccs_from_log_mel_spectrograms`: cepstral coefficients of mel bands (..., bands)."""
    found = dct(log_mel_spectrograms)
    return found / math.sqrt(2.0 * found.shape[-1])


def dct(input: Any, type: int = 2, n: Any = None, axis: int = -1, norm: Optional[str] = None, name: Any = None) -> Any:
    """`tf.signal.dct`: the cosine transform of type 1 to 4 along the last axis."""
    x = ops.convert_to_tensor(input)
    if type not in (1, 2, 3, 4) or norm not in (None, "ortho") or axis not in (-1, x.ndim - 1):
        raise ArgumentError(
            f"tf.signal.dct: expected type 1 to 4, norm None or 'ortho', and the last axis; received {type}, {norm!r} "
            f"and {axis}"
        )
    if type == 1 and (norm or x.shape[-1] < 2):
        raise ArgumentError(f"tf.signal.dct: type 1 takes no norm and 2 values; received {norm!r} and {x.shape[-1]}")
    size = x.shape[-1] if n is None else _size(n)
    x = x[..., :size]
    x = ops.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, size - x.shape[-1])])
    return ops.tensordot(x, ops.convert_to_tensor(_cosines(type, size, norm == "ortho"), x.dtype), 1)


def idct(input: Any, type: int = 2, n: Any = None, axis: int = -1, norm: Optional[str] = None, name: Any = None) -> Any:
    """`tf.signal.idct`: the cosine transform that undoes the one of this type, but for a factor without norm."""
    return dct(input, {2: 3, 3: 2}.get(type, type), n, axis, norm)


def _cosines(kind: int, size: int, is_orthogonal: bool) -> np.ndarray:
    """The matrix (size, size) of a cosine transform: rows are values, columns results."""
    places = np.arange(size)
    if kind == 1:
        weights = np.where((places == 0) | (places == size - 1), 1.0, 2.0)[:, None]
        return weights * np.cos(math.pi * np.outer(places, places) / (size - 1))
    if kind == 4:
        matrix = 2.0 * np.cos(math.pi * np.outer(2 * places + 1, 2 * places + 1) / (4 * size))
        return matrix / math.sqrt(2.0 * size) if is_orthogonal else matrix
    matrix = 2.0 * np.cos(math.pi * np.outer(2 * places + 1, places) / (2 * size))
    if is_orthogonal:
        matrix = matrix / math.sqrt(2.0 * size)
        matrix[:, 0] /= math.sqrt(2.0)
    elif kind == 3:
        matrix[:, 0] /= 2.0
    return matrix if kind == 2 else matrix.T


class DecodedWav(NamedTuple):
    """What `decode_wav` returns."""

    audio: Any
    sample_rate: Any


def decode_wav(contents: Any, desired_channels: int = -1, desired_samples: int = -1, name: Any = None) -> DecodedWav:
    """`tf.audio.decode_wav`: samples (samples, channels) from -1 to 1 of a 16-bit WAV file's bytes, and their rate."""
    contents = contents.item() if isinstance(contents, np.ndarray) else contents
    channels, count = (None if each == -1 else int(each) for each in (desired_channels, desired_samples))
    if not isinstance(contents, bytes):
        raise UnsupportedError(
            f"tf.audio.decode_wav: expected the bytes of one file; received {type(contents).__name__}; call it with "
            "what tf.io.read_file returns, outside of compiled functions"
        )
    samples, rate = read_wave(contents, channels, count, "tf.audio.decode_wav: the bytes")
    return DecodedWav(ops.convert_to_tensor(samples), ops.convert_to_tensor(rate, "int32"))


def encode_wav(audio: Any, sample_rate: Any, name: Any = None) -> bytes:
    """`tf.audio.encode_wav`: the bytes of a 16-bit WAV file of samples (samples, channels)."""
    return write_wave(np.asarray(audio), _size(sample_rate))


AUDIO: dict[str, Any] = {"decode_wav": decode_wav, "encode_wav": encode_wav}
SIGNAL: dict[str, Any] = {
    "dct": dct, "fft": _transform("fft", ops.fft), "fft2d": _transform("fft2d", ops.fft2), "frame": frame,
    "hamming_window": _window("hamming"), "hann_window": hann_window, "idct": idct,
    "ifft": _transform("ifft", ops.fft, True), "ifft2d": _transform("ifft2d", ops.ifft2),
    "inverse_stft": inverse_stft, "inverse_stft_window_fn": inverse_stft_window_fn, "irfft": irfft,
    "linear_to_mel_weight_matrix": linear_to_mel_weight_matrix,
    "mfccs_from_log_mel_spectrograms": mfccs_from_log_mel_spectrograms, "overlap_and_add": add_frames, "rfft": rfft,
    "stft": stft,
}  # fmt: skip
