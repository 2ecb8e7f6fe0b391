"""Layers that show the frequencies of signals over time."""

from __future__ import annotations

import warnings
from typing import Any, Optional

import numpy as np

from gradmill import config, initializers, ops
from gradmill.errors import ArgumentError, DTypeError, ShapeError
from gradmill.layers.base import Layer, positive_integer
from gradmill.layers.input_spec import InputSpec
from gradmill.layers.reshaping import standardize_data_format
from gradmill.ops.windows import mel_weights
from gradmill.serialization import register_serializable

_MODES = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")


@register_serializable("keras.layers")
class STFTSpectrogram(Layer):
    """Transform frames of signals by convolutions whose kernels are weights, at first those of Fourier's transform.

    Args:
        mode: "log" or "magnitude" of the frequencies, "psd" (power), "real" or "imag" part, "angle", or "stft" for both
            parts one behind the other.
        frame_length: size of the window.
        frame_step: distance of frames; default half of `frame_length`.
        fft_length: samples of a transform; default the next power of two from `frame_length` on.
        window: name ("hann", "hamming", "blackman", ...), values, or None for none.
        periodic: whether a window given by name begins anew behind its last value.
        scaling: "density", "spectrum" or None, as in `initializers.STFT`.
        padding: "valid" or "same".
        expand_dims: whether channels get an axis of their own.
        data_format: "channels_last" or "channels_first".

    Input shape: (batch, n, channels), or (batch, channels, n) with channels first.
    Output shape: (batch, frames, bins * channels), with `expand_dims` (batch, frames, bins, channels); with channels
    first (batch, channels * bins, frames) and (batch, channels, frames, bins). There are `fft_length // 2 + 1` bins,
    twice as many for "stft".

    Raises:
        ArgumentError: unknown names, or sizes that do not fit.
        DTypeError: a call with anything but floats.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.STFTSpectrogram(mode="magnitude", frame_length=16)(gm.ops.ones((2, 64, 1))).shape
    (2, 7, 9)
    """

    def __init__(
        self,
        mode: str = "log",
        frame_length: int = 256,
        frame_step: Optional[int] = None,
        fft_length: Optional[int] = None,
        window: Any = "hann",
        periodic: bool = False,
        scaling: Optional[str] = "density",
        padding: str = "valid",
        expand_dims: bool = False,
        data_format: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if mode not in _MODES:
            raise ArgumentError(f"{self._label}: expected mode to be one of {_MODES}; received {mode!r}")
        if padding not in ("valid", "same"):
            raise ArgumentError(f"{self._label}: expected padding to be 'valid' or 'same'; received {padding!r}")
        self.frame_length = positive_integer(frame_length, "frame_length", self._label)
        if frame_step is not None and positive_integer(frame_step, "frame_step", self._label) > frame_length:
            raise ArgumentError(
                f"{self._label}: expected frame_step to be at most frame_length; received {frame_step} and "
                f"{frame_length}"
            )
        if fft_length is not None and positive_integer(fft_length, "fft_length", self._label) < frame_length:
            raise ArgumentError(
                f"{self._label}: expected fft_length to be at least frame_length; received {fft_length} and "
                f"{frame_length}"
            )
        if fft_length is not None and fft_length & (fft_length - 1):
            warnings.warn(f"{self._label}: fft_length should be a power of two; received {fft_length}", stacklevel=2)
        self.mode, self.window, self.periodic, self.scaling = mode, window, periodic, scaling
        self.frame_step, self.fft_length = frame_step, fft_length
        self.padding, self.expand_dims = padding, bool(expand_dims)
        self.data_format = standardize_data_format(data_format, self._label)
        self.input_spec = InputSpec(ndim=3)
        # Checks window and scaling, too.
        self._initializers = {side: initializers.STFT(side, window, scaling, periodic) for side in ("real", "imag")}

    def build(self, input_shape: Any) -> None:
        """Make the kernels of the parts that the mode needs."""
        samples = self.fft_length or 1 << (self.frame_length - 1).bit_length()
        for side, other in (("real", "imag"), ("imag", "real")):
            if self.mode != other:
                shape = (self.frame_length, 1, samples // 2 + 1)
                setattr(self, f"{side}_kernel", self.add_weight(shape, self._initializers[side], name=f"{side}_kernel"))

    def call(self, inputs: Any) -> Any:
        """Return the frequencies."""
        if "float" not in inputs.dtype:
            raise DTypeError(f"{self._label}: expected floats; received {inputs.dtype}; cast them first")
        if self.data_format == "channels_last":
            inputs = ops.transpose(inputs, (0, 2, 1))
        found = self._shown(inputs)  # (batch, channels, frames, bins)
        if self.expand_dims:
            return ops.transpose(found, (0, 2, 3, 1)) if self.data_format == "channels_last" else found
        batch, channels, frames, bins = found.shape
        if self.data_format == "channels_last":
            return ops.reshape(ops.transpose(found, (0, 2, 1, 3)), (batch, frames, channels * bins))
        return ops.reshape(ops.transpose(found, (0, 1, 3, 2)), (batch, channels * bins, frames))

    def _shown(self, signals: Any) -> Any:
        if self.mode in ("real", "imag"):
            return self._part(signals, self.mode)
        real, imaginary = self._part(signals, "real"), self._part(signals, "imag")
        if self.mode == "angle":
            return ops.arctan2(imaginary, real)
        if self.mode == "stft":
            return ops.concatenate([real, imaginary], axis=-1)
        power = ops.square(real) + ops.square(imaginary)
        if self.mode == "psd":  # all but the first and the last stand for their mirror images, too
            return power + ops.pad(power[..., 1:-1], [(0, 0)] * 3 + [(1, 1)])
        size = ops.sqrt(ops.maximum(power, config.epsilon()))
        return size if self.mode == "magnitude" else ops.log(ops.maximum(size, config.epsilon()))

    def _part(self, signals: Any, side: str) -> Any:
        batch, channels, count = signals.shape
        found = ops.conv(
            ops.reshape(signals, (batch * channels, count, 1)),
            ops.cast(getattr(self, f"{side}_kernel"), signals.dtype),
            strides=self.frame_step or self.frame_length // 2,
            padding=self.padding,
            data_format="channels_last",
        )
        return ops.reshape(found, (batch, channels, *found.shape[1:]))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = (
            "mode", "frame_length", "frame_step", "fft_length", "window", "periodic", "scaling", "padding",
            "expand_dims", "data_format",
        )  # fmt: skip
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@register_serializable("keras.layers")
class MelSpectrogram(Layer):
    """Power of signals over time in bands that are equally wide to the ear.

    Args:
        fft_length: size of a frame.
        sequence_stride: distance of frames.
        sequence_length: size of the window; default `fft_length`.
        window: name ("hann", "hamming", "blackman", ...), values, or None for none.
        sampling_rate: samples per second.
        num_mel_bins: number of bands.
        min_freq, max_freq: where the first band begins and the last one ends, in hertz; `max_freq` is by default half
            the sampling rate.
        power_to_db: whether decibels are given.
        top_db: the least is that much below the largest of all.
        mag_exp: to which power sizes are raised; 2 gives power, 1 sizes.
        min_power: what smaller values are set to before decibels are taken.
        ref_power: power of 0 decibels.

    Input shape: (n,) or (batch, n). Output shape: (num_mel_bins, frames) or (batch, num_mel_bins, frames).

    Raises:
        ArgumentError: sizes that do not fit, when called an unknown window.
        ShapeError: inputs with more axes, or signals of half a frame or less.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.MelSpectrogram(fft_length=64, sequence_stride=32, num_mel_bins=4)(gm.ops.ones((2, 320))).shape
    (2, 4, 11)
    """

    def __init__(
        self,
        fft_length: int = 2048,
        sequence_stride: int = 512,
        sequence_length: Optional[int] = None,
        window: Any = "hann",
        sampling_rate: float = 16000,
        num_mel_bins: int = 128,
        min_freq: float = 20.0,
        max_freq: Optional[float] = None,
        power_to_db: bool = True,
        top_db: float = 80.0,
        mag_exp: float = 2.0,
        min_power: float = 1e-10,
        ref_power: float = 1.0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.fft_length = positive_integer(fft_length, "fft_length", self._label)
        self.sequence_stride = positive_integer(sequence_stride, "sequence_stride", self._label)
        self.sequence_length = positive_integer(sequence_length or fft_length, "sequence_length", self._label)
        if self.fft_length < self.sequence_length:
            raise ArgumentError(
                f"{self._label}: expected fft_length to be at least sequence_length; received {fft_length} and "
                f"{sequence_length}"
            )
        self.num_mel_bins = positive_integer(num_mel_bins, "num_mel_bins", self._label)
        self.window, self.sampling_rate = window, sampling_rate
        self.min_freq, self.max_freq = min_freq, max_freq or int(sampling_rate / 2)
        self.power_to_db, self.top_db, self.mag_exp = power_to_db, top_db, mag_exp
        self.min_power, self.ref_power = min_power, ref_power
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return the bands over time, in the compute dtype."""
        if len(inputs.shape) not in (1, 2):
            raise ShapeError(f"{self._label}: expected inputs (n,) or (batch, n); received {tuple(inputs.shape)}")
        dtype = "float64" if self.compute_dtype == "float64" else "float32"
        real, imaginary = ops.stft(
            ops.cast(inputs, dtype), self.sequence_length, self.sequence_stride, self.fft_length, self.window
        )
        power = ops.square(real) + ops.square(imaginary)
        power = power if self.mag_exp == 2 else ops.power(power, self.mag_exp / 2.0)
        weights = mel_weights(
            self.num_mel_bins, power.shape[-1], self.sampling_rate, self.min_freq, self.max_freq, dtype
        )
        found = ops.matmul(power, ops.convert_to_tensor(weights))
        if self.power_to_db:
            reference = float(10.0 * np.log10(max(abs(self.ref_power), self.min_power)))
            found = 10.0 * ops.log10(ops.maximum(found, self.min_power)) - reference
            found = ops.maximum(found, ops.max(found) - self.top_db)
        return ops.cast(ops.swapaxes(found, -1, -2), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = (
            "fft_length", "sequence_stride", "sequence_length", "window", "sampling_rate", "num_mel_bins", "min_freq",
            "max_freq", "power_to_db", "top_db", "mag_exp", "min_power", "ref_power",
        )  # fmt: skip
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
