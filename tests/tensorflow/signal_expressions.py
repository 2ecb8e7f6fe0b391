"""Further expressions in TensorFlow's names, of signals, complex numbers and sounds; see expressions.py.

`python tests/tensorflow/signal_expressions.py` with TensorFlow installed writes its values to tests/golden/tensorflow.
"""

from pathlib import Path

import numpy as np

RECORDED = Path(__file__).resolve().parents[1] / "golden" / "tensorflow" / "signal_expressions.npz"

generator = np.random.default_rng(9)
S = generator.normal(size=(2, 100)).astype("float32")
A, B = generator.normal(size=(2, 3, 4)).astype("float32")
F = generator.normal(size=(2, 7, 16)).astype("float32")


def parts(x):
    """Real and imaginary parts as one array."""
    x = np.asarray(x)
    return np.stack([x.real, x.imag])


def gradient_of(tf, function, *values):
    """Gradients of the sum of a function's squared values, all in one row."""
    tensors = [tf.constant(each) for each in values]
    with tf.GradientTape() as tape:
        for each in tensors:
            tape.watch(each)
        total = tf.reduce_sum(function(*tensors) ** 2)
    return np.concatenate([np.ravel(each) for each in tape.gradient(total, tensors)])


def spectrogram(tf, x, **rest):
    """The usual steps: frequencies, their size, an axis for channels."""
    return tf.abs(tf.signal.stft(x, frame_length=25, frame_step=12, **rest))[..., tf.newaxis]


def bands(tf):
    """Logarithms of mel bands."""
    power = tf.abs(tf.signal.stft(S, 32, 16, 64)) ** 2
    weights = tf.signal.linear_to_mel_weight_matrix(6, power.shape[-1], 8000, 80.0, 3600.0)
    return tf.math.log(tf.tensordot(power, weights, 1) + 1e-3)


def mixing(tf, x):
    """Places mixed by Fourier's transform instead of attention."""
    return tf.cast(tf.signal.fft2d(tf.cast(x, tf.complex64)), tf.float32)


EXPRESSIONS = {
    "cast to complex numbers": lambda tf: tf.cast(tf.constant([1, 2]), tf.dtypes.complex128),
    "cast of complex numbers": lambda tf: tf.cast(tf.cast(A, tf.complex64) * (1 + 2j), "complex128"),
    "mixing": lambda tf: mixing(tf, F),
    "mixing gradient": lambda tf: gradient_of(tf, lambda x: mixing(tf, x) / 16.0, F),
    "steps between tensors": lambda tf: tf.linspace(tf.math.log(1.0), tf.math.log(1000.0), 8),
    "steps between rows": lambda tf: tf.linspace(tf.constant(A[0]), tf.constant(A[1]), 5, axis=-1),
    "steps compiled": lambda tf: tf.function(lambda x: tf.linspace(x, 2.0, 5))(tf.constant(A[0])),
    "spectrogram": lambda tf: spectrogram(tf, tf.constant(S)),
    "spectrogram of a row": lambda tf: spectrogram(tf, tf.constant(S[0])),
    "spectrogram to the end": lambda tf: spectrogram(tf, S, pad_end=True, window_fn=tf.signal.hamming_window),
    "spectrogram without window": lambda tf: spectrogram(tf, tf.constant(S), window_fn=None, fft_length=40),
    "spectrogram gradient": lambda tf: gradient_of(tf, lambda x: spectrogram(tf, x), S),
    "stft": lambda tf: parts(tf.signal.stft(S, 32, 8)),
    "inverse stft": lambda tf: tf.signal.inverse_stft(
        tf.signal.stft(S, 32, 8), 32, 8, window_fn=tf.signal.inverse_stft_window_fn(8)
    ),
    "inverse stft uneven": lambda tf: tf.signal.inverse_stft(
        tf.signal.stft(S, 30, 8), 30, 8, window_fn=tf.signal.inverse_stft_window_fn(8, tf.signal.hamming_window)
    ),
    "inverse stft short": lambda tf: tf.signal.inverse_stft(tf.signal.stft(S, 20, 5, 24), 20, 5, 24, window_fn=None),
    "frames": lambda tf: tf.signal.frame(S, 9, 4),
    "frames to the end": lambda tf: tf.signal.frame(S, 9, 4, pad_end=True, pad_value=2.0),
    "frames of another axis": lambda tf: tf.signal.frame(F, 3, 2, axis=1),
    "frames longer than the signal": lambda tf: tf.signal.frame(S, 101, 4),
    "frames added": lambda tf: tf.signal.overlap_and_add(F, 5),
    "frames side by side": lambda tf: tf.signal.overlap_and_add(F, 16),
    **{
        f"{kind} {size} {periodic}": lambda tf, given=(size, periodic), kind=kind: getattr(tf.signal, kind)(*given)
        for kind in ("hann_window", "hamming_window") for size in (1, 7, 8) for periodic in (True, False)
    },
    "fft": lambda tf: parts(tf.signal.fft(tf.complex(A, B))),
    "ifft": lambda tf: parts(tf.signal.ifft(tf.complex(A, B))),
    "fft2d": lambda tf: parts(tf.signal.fft2d(tf.complex(A, B))),
    "ifft2d": lambda tf: parts(tf.signal.ifft2d(tf.complex(A, B))),
    "rfft": lambda tf: parts(tf.signal.rfft(tf.constant(S), [64])),
    "irfft": lambda tf: tf.signal.irfft(tf.complex(A, B), [5]),
    "mel weights": lambda tf: tf.signal.linear_to_mel_weight_matrix(),
    "mel weights of others": lambda tf: tf.signal.linear_to_mel_weight_matrix(10, 33, 16000, 0.0, 8000.0),
    "mel bands": bands,
    "cepstral coefficients": lambda tf: tf.signal.mfccs_from_log_mel_spectrograms(bands(tf)),
    "dct 1": lambda tf: tf.signal.dct(S, 1),
    **{
        f"dct {kind} {norm}": lambda tf, kind=kind, norm=norm: tf.signal.dct(F, kind, norm=norm)
        for kind in (2, 3) for norm in (None, "ortho")
    },
    "dct 4": lambda tf: tf.signal.dct(F, 4),
    "dct 4 ortho": lambda tf: tf.signal.dct(F, 4, norm="ortho"),
    "dct shorter": lambda tf: tf.signal.dct(F, 2, n=10),
    "dct longer": lambda tf: tf.signal.dct(F, 2, n=20, norm="ortho"),
    "idct": lambda tf: tf.signal.idct(F, 2, norm="ortho"),
    "idct 3": lambda tf: tf.signal.idct(F, 3),
    "sum": lambda tf: parts(tf.complex(A, B) + tf.complex(B, A)),
    "difference": lambda tf: parts(tf.complex(A, B) - tf.complex(B, A)),
    "product": lambda tf: parts(tf.complex(A, B) * tf.complex(B, A)),
    "quotient": lambda tf: parts(tf.complex(A, B) / tf.complex(B, A)),
    "conjugate": lambda tf: parts(tf.math.conj(tf.complex(A, B)) * (2 - 1j)),
    "angle": lambda tf: tf.math.angle(tf.complex(A, B)),
    "angle of real numbers": lambda tf: tf.math.angle(tf.constant(A)),
    "real and imaginary": lambda tf: tf.math.real(tf.complex(A, B)) + 2 * tf.math.imag(tf.complex(A, B)),
    "size of nothing": lambda tf: gradient_of(tf, lambda x: tf.abs(tf.complex(x, x)), A[:0]),
    "size gradient": lambda tf: gradient_of(tf, lambda x, y: tf.abs(tf.complex(x, y)) + 1, A, B),
    "size of real numbers": lambda tf: tf.abs(tf.constant(A)),
    "part": lambda tf: parts(tf.complex(A, B)[1:, tf.newaxis, ::2]),
    **{
        f"sound {channels} {samples}": lambda tf, arguments=(channels, samples): tf.audio.decode_wav(
            tf.audio.encode_wav(A.T, 8000), *arguments
        ).audio
        for channels in (-1, 1, 2, 5) for samples in (-1, 2, 9)
    },
    "rate": lambda tf: tf.audio.decode_wav(tf.audio.encode_wav(A.T, 8000)).sample_rate,
}  # fmt: skip


def value_of(name, tf):
    """The value of an expression as a NumPy array."""
    return np.asarray(EXPRESSIONS[name](tf))


if __name__ == "__main__":
    import tensorflow

    np.savez_compressed(RECORDED, **{name: value_of(name, tensorflow) for name in EXPRESSIONS})
