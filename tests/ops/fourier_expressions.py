"""Expressions of Fourier transforms and signals in Keras's names, that are given Keras or GradMill.

`KERAS_BACKEND=jax python tests/ops/fourier_expressions.py` with Keras writes its values to tests/golden/ops.
"""

import os
from pathlib import Path

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "jax")

RECORDED = Path(__file__).resolve().parents[1] / "golden" / "ops" / "fourier_expressions.npz"

generator = np.random.default_rng(12)
SIZES = (1, 2, 3, 8, 30, 97, 128, 401, 450, 1009)


def draw(*shape):
    """Normal numbers."""
    return generator.normal(size=shape).astype("float32")


PAIRS = {size: (draw(2, size), draw(2, size)) for size in SIZES}
PLANES = {shape: (draw(2, *shape), draw(2, *shape)) for shape in ((4, 6), (1, 5), (7, 128))}
SIGNAL = draw(2, 3, 200)
WEIGHTS = np.abs(draw(20)) + 0.5


def joined(pair):
    """A pair of tensors as one array."""
    return np.stack([np.asarray(each) for each in pair])


EXPRESSIONS = {
    "extract": lambda k: k.ops.extract_sequences(SIGNAL, 7, 3),
    "extract integers": lambda k: k.ops.extract_sequences(np.arange(10, dtype="int32"), 4, 6),
    "irfft of fewer": lambda k: k.ops.irfft(PAIRS[30], 20),
    "irfft of more": lambda k: k.ops.irfft(PAIRS[30], 101),
    "rfft of fewer": lambda k: joined(k.ops.rfft(PAIRS[30][0], 20)),
    "rfft of more": lambda k: joined(k.ops.rfft(PAIRS[30][0], 129)),
    "stft": lambda k: joined(k.ops.stft(SIGNAL, 32, 10, 32)),
    "stft of a row": lambda k: joined(k.ops.stft(SIGNAL[0, 0], 32, 16, 32, center=False)),
    "stft in wider frames": lambda k: joined(k.ops.stft(SIGNAL, 20, 7, 33, "hamming")),
    "stft without window": lambda k: joined(k.ops.stft(SIGNAL, 20, 20, 24, None, center=False)),
    "stft with values": lambda k: joined(k.ops.stft(SIGNAL, 20, 5, 20, WEIGHTS)),
    "istft": lambda k: k.ops.istft(k.ops.stft(SIGNAL, 32, 10, 32), 32, 10, 32),
    "istft in wider frames": lambda k: k.ops.istft(
        k.ops.stft(SIGNAL, 20, 7, 33, "hamming"), 20, 7, 33, length=190, window="hamming"
    ),
    "istft with values": lambda k: k.ops.istft(
        k.ops.stft(SIGNAL, 20, 5, 20, WEIGHTS), 20, 5, 20, window=WEIGHTS
    ),
}  # fmt: skip
for _size, _pair in PAIRS.items():
    EXPRESSIONS[f"fft {_size}"] = lambda k, pair=_pair: joined(k.ops.fft(pair))
    EXPRESSIONS[f"rfft {_size}"] = lambda k, pair=_pair: joined(k.ops.rfft(pair[0]))
    EXPRESSIONS[f"irfft {_size}"] = lambda k, pair=_pair, size=_size: k.ops.irfft(pair, size)
    if _size > 1:
        EXPRESSIONS[f"irfft of {_size}"] = lambda k, pair=_pair: k.ops.irfft(pair)
for _shape, _pair in PLANES.items():
    EXPRESSIONS[f"fft2 {_shape}"] = lambda k, pair=_pair: joined(k.ops.fft2(pair))
    EXPRESSIONS[f"ifft2 {_shape}"] = lambda k, pair=_pair: joined(k.ops.ifft2(pair))


def value_of(name, keras):
    """The value of an expression as a NumPy array."""
    return np.asarray(EXPRESSIONS[name](keras))


if __name__ == "__main__":
    import keras

    RECORDED.parent.mkdir(exist_ok=True)
    np.savez_compressed(RECORDED, **{name: value_of(name, keras) for name in EXPRESSIONS})
