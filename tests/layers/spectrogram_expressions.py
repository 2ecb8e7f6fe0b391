"""Expressions in Keras's names, of layers that show frequencies, that are given Keras or GradMill.

`KERAS_BACKEND=jax python tests/layers/spectrogram_expressions.py` with Keras writes its values to tests/golden/layers.
TensorFlow cannot convolve on a CPU where channels come first.
"""

import os
from pathlib import Path

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "jax")

RECORDED = Path(__file__).resolve().parents[1] / "golden" / "layers" / "spectrogram_expressions.npz"

generator = np.random.default_rng(8)
EXPRESSIONS = {}
SOUND = np.sin(np.arange(400, dtype="float32") ** 2 / 900).reshape(2, 200)
SOUND = SOUND + 0.1 * generator.normal(size=SOUND.shape).astype("float32")
STEREO = np.stack([SOUND, SOUND[::-1] * 0.5], -1)


def spectrogram(keras, channels_first=False, **arguments):
    """What STFTSpectrogram makes of two signals of two channels."""
    if channels_first:
        arguments["data_format"] = "channels_first"
    layer = keras.layers.STFTSpectrogram(**{"frame_length": 32, **arguments})
    return np.asarray(layer(np.moveaxis(STEREO, 1, 2) if channels_first else STEREO))


def mel(keras, x=SOUND, **arguments):
    """What MelSpectrogram makes of two signals."""
    arguments = {"fft_length": 64, "sequence_stride": 16, "num_mel_bins": 7, **arguments}
    return np.asarray(keras.layers.MelSpectrogram(**arguments)(x))


for _mode in ("log", "magnitude", "psd", "real", "imag", "stft"):
    EXPRESSIONS[f"spectrogram {_mode}"] = lambda k, mode=_mode: spectrogram(k, mode=mode)
    EXPRESSIONS[f"spectrogram first {_mode}"] = lambda k, mode=_mode: spectrogram(
        k, True, mode=mode, expand_dims=True, scaling="spectrum", frame_step=7, window="blackman"
    )
EXPRESSIONS.update({
    # Angles jump by 2 pi.
    "spectrogram angle": lambda k: np.cos(spectrogram(k, mode="angle")),
    "spectrogram same": lambda k: spectrogram(k, mode="psd", padding="same", expand_dims=True, scaling=None),
    "spectrogram first flat": lambda k: spectrogram(k, True, mode="stft", window=None, fft_length=64),
    "spectrogram periodic": lambda k: spectrogram(k, mode="magnitude", periodic=True, window="hamming"),
    "mel": mel,
    "mel of a row": lambda k: mel(k, SOUND[1]),
    "mel power": lambda k: mel(k, power_to_db=False, sequence_length=40, window="hamming", max_freq=5000),
    "mel size": lambda k: mel(k, power_to_db=False, mag_exp=1.0, sampling_rate=8000, min_freq=100.0),
    "mel decibels": lambda k: mel(k, top_db=15.0, ref_power=3.0, min_power=1e-3),
    **{
        f"STFT {side} {window} {scaling}": lambda k, arguments=(side, window, scaling): np.asarray(
            k.initializers.STFT(*arguments)((16, 1, 17))
        )
        for side in ("real", "imag") for window in ("hann", "nuttall", "flattop", "bartlett", "cosine", "boxcar", None)
        for scaling in ("density", "spectrum", None)
    },
    "STFT periodic": lambda k: np.asarray(k.initializers.STFT("imag", "bartlett", None, True)((16, 1, 9))),
    "STFT periodic cosine": lambda k: np.asarray(k.initializers.STFT("imag", "cosine", None, True)((16, 1, 9))),
})  # fmt: skip

def value_of(name, keras):
    """The value of an expression as a NumPy array."""
    return np.asarray(EXPRESSIONS[name](keras))


if __name__ == "__main__":
    import keras

    np.savez_compressed(RECORDED, **{name: value_of(name, keras) for name in EXPRESSIONS})
