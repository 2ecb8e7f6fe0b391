"""Fourier transforms and signals: values that fourier_expressions.py recorded with Keras 3.15 on JAX, and NumPy's."""

import sys
from pathlib import Path

import numpy as np
import pytest

import gradmill as gm
from gradmill import errors, ops
from gradmill.testing import check_gradients
from recorded_values import recorded_values

sys.path.insert(0, str(Path(__file__).parent))
import fourier_expressions
from fourier_expressions import PAIRS, SIGNAL, joined


@pytest.fixture(scope="module")
def recorded():
    return recorded_values(fourier_expressions)


@pytest.mark.parametrize("name", fourier_expressions.EXPRESSIONS)
def test_expression(name, recorded):
    found, expected = fourier_expressions.value_of(name, gm), recorded[name]
    assert found.shape == expected.shape and found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=2e-6 * np.abs(expected).max())


@pytest.mark.parametrize("size", [1, 5, 96, 98, 255, 401, 1000, 2018, 4096])
def test_sizes_in_float64(size):
    generator = np.random.default_rng(size)
    real, imaginary = generator.normal(size=(2, 3, size))
    found = ops.fft((ops.array(real), ops.array(imaginary)))
    expected = np.fft.fft(real + 1j * imaginary)
    np.testing.assert_allclose(joined(found), [expected.real, expected.imag], rtol=1e-11, atol=1e-10)
    halves = joined(ops.rfft(ops.array(real)))
    np.testing.assert_allclose(halves[0] + 1j * halves[1], np.fft.rfft(real), rtol=1e-11, atol=1e-10)
    np.testing.assert_allclose(ops.irfft(ops.rfft(ops.array(real)), size).numpy(), real, rtol=1e-11, atol=1e-12)


def test_compiled_and_in_a_model():
    pair = PAIRS[450]
    expected = np.fft.fft(pair[0] + 1j * pair[1].astype("float64"))
    found = gm.function(lambda real, imaginary: ops.fft((real, imaginary)))(*pair)
    np.testing.assert_allclose(joined(found), [expected.real, expected.imag], rtol=1e-4, atol=1e-4)
    x = gm.Input((200,))
    real, imaginary = ops.stft(x, 32, 10, 32)
    model = gm.Model(x, ops.sqrt(real * real + imaginary * imaginary))
    assert model.output_shape == (None, 21, 17)
    expected = joined(ops.stft(SIGNAL[0], 32, 10, 32))
    np.testing.assert_allclose(model.predict(SIGNAL[0], verbose=0), np.hypot(*expected), rtol=1e-4, atol=1e-4)
    back = gm.Model(x, ops.istft((real, imaginary), 32, 10, 32))
    np.testing.assert_allclose(back.predict(SIGNAL[0], verbose=0), SIGNAL[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("function", "shapes"),
    [
        (lambda a, b: ops.fft((a, b)), [(2, 6), (2, 6)]),
        (lambda a, b: ops.fft((a, b)), [(1, 104), (1, 104)]),
        (lambda a, b: ops.fft((a, b)), [(409,), (409,)]),
        (lambda a, b: ops.fft2((a, b)), [(2, 3, 4), (2, 3, 4)]),
        (lambda a, b: ops.ifft2((a, b)), [(2, 3, 4), (2, 3, 4)]),
        (lambda a: ops.rfft(a), [(2, 7)]),
        (lambda a: ops.rfft(a, 128), [(2, 130)]),
        (lambda a, b: ops.irfft((a, b)), [(2, 5), (2, 5)]),
        (lambda a, b: ops.irfft((a, b), 129), [(2, 65), (2, 65)]),
        (lambda a: ops.extract_sequences(a, 4, 3), [(2, 11)]),
        (lambda a: ops.stft(a, 6, 3, 8), [(2, 20)]),
        (lambda a, b: ops.istft((a, b), 8, 2, 8), [(2, 6, 5), (2, 6, 5)]),
        (lambda a, b: ops.istft((a, b), 8, 3, 8, window=None), [(2, 6, 5), (2, 6, 5)]),
        (lambda a: ops.view_as_complex(a), [(3, 2)]),
        (lambda a, b: ops.view_as_real((a, b)), [(3,), (3,)]),
        (lambda a, b: ops.polar(a, b), [(3,), (3,)]),
    ],
)
def test_gradients(function, shapes):
    generator = np.random.default_rng(1)
    check_gradients(function, [generator.normal(size=shape) for shape in shapes], max_elements=12)


def test_second_derivative():
    x = ops.array([0.3, -1.0, 2.0, 0.5])
    with gm.GradientTape() as outer:
        outer.watch(x)
        with gm.GradientTape() as inner:
            inner.watch(x)
            real, imaginary = ops.rfft(x)
            power = ops.sum(ops.square(ops.square(real) + ops.square(imaginary)))
        first = inner.gradient(power, x)
    found = outer.gradient(first, x).numpy()
    matrix = np.fft.rfft(np.eye(4), axis=0)
    a, b = matrix.real, matrix.imag
    values = x.numpy().astype("float64")
    real, imaginary = a @ values, b @ values
    both = real**2 + imaginary**2
    chain = a * real[:, None] + b * imaginary[:, None]
    hessian = 8 * chain.T @ chain + 4 * (a.T * both) @ a + 4 * (b.T * both) @ b
    np.testing.assert_allclose(found, hessian.sum(0), rtol=1e-4)


def test_signals_come_back_from_frames_that_are_not_mirrored():
    parts = ops.stft(SIGNAL, 40, 10, 40, center=False)
    found = ops.istft(parts, 40, 10, 40, center=False).numpy()
    assert found.shape == SIGNAL.shape
    # The window is 0 at the first place.
    np.testing.assert_allclose(found[..., 1:], SIGNAL[..., 1:], rtol=1e-3, atol=1e-4)
    assert (found[..., 0] == 0).all()
    frames = ops.stft(SIGNAL, 20, 10, 20, None, center=False)
    twice = ops.istft(frames, 20, 10, 20, window=None, center=False).numpy()
    np.testing.assert_allclose(twice[..., 10:-10], 2 * SIGNAL[..., 10:-10], rtol=1e-4, atol=1e-5)


def test_half_precision_is_computed_in_float32():
    x = (SIGNAL[0] * 30).astype("float16")
    real, _ = ops.rfft(x)
    assert real.dtype == "float16"
    expected = ops.rfft(x.astype("float32"))[0].numpy()
    np.testing.assert_array_equal(real.numpy(), expected.astype("float16"))


def test_pairs_in_place_of_complex_numbers():
    both = ops.view_as_complex([[1.0, 2.0], [3.0, 4.0]])
    assert [each.numpy().tolist() for each in both] == [[1.0, 3.0], [2.0, 4.0]]
    assert ops.view_as_real(both).numpy().tolist() == [[1.0, 2.0], [3.0, 4.0]]
    expected = 2.0 * np.exp(0.7j)
    np.testing.assert_allclose([float(each) for each in ops.polar(2.0, 0.7)], [expected.real, expected.imag], rtol=1e-6)


ONES = np.ones((2, 8), "float32")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ops.fft(ONES), errors.ArgumentError, "fft: expected a pair of tensors.*received ndarray"),
        (lambda: ops.fft((ONES, ONES[:1])), errors.ShapeError, r"of one shape; received \(2, 8\) and \(1, 8\)"),
        (lambda: ops.fft((np.ones(3, "int32"),) * 2), errors.DTypeError, "tensors of floats; received int32"),
        (lambda: ops.fft2((ONES[0], ONES[0])), errors.ShapeError, r"at least 2 axes; received shape \(8,\)"),
        (lambda: ops.rfft(ONES, 0), errors.ArgumentError, "fft_length to be a positive integer; received 0"),
        (lambda: ops.rfft(ONES[:, :0]), errors.ShapeError, r"at least one number.*\(2, 0\)"),
        (lambda: ops.irfft((ONES[:, :1], ONES[:, :1])), errors.ArgumentError, "positive integer; received 0"),
        (lambda: ops.view_as_complex(ONES), errors.ShapeError, r"\(\.\.\., 2\); received shape \(2, 8\)"),
        (lambda: ops.extract_sequences(ONES, 9, 1), errors.ShapeError, r"at least 9 values.*\(2, 8\)"),
        (lambda: ops.extract_sequences(ONES, 2, 0), errors.ArgumentError, "sequence_stride .*received 0"),
        (lambda: ops.stft(ONES.astype("int32"), 4, 2, 4), errors.DTypeError, "float32 or float64; received int32"),
        (lambda: ops.stft(ONES, 4, 2, 3), errors.ArgumentError, "at least sequence_length; received 3 and 4"),
        (lambda: ops.stft(ONES, 4, 2, 16), errors.ShapeError, r"more than 8 values to mirror; received shape \(2, 8\)"),
        (lambda: ops.stft(ONES, 4, 2, 4, "han"), errors.ArgumentError, "window to be one of .*'hann'.*received 'han'"),
        (lambda: ops.stft(ONES, 4, 2, 4, ONES), errors.ShapeError, r"window of shape \(4,\); received shape \(2, 8\)"),
        (lambda: ops.istft((ONES[0], ONES[0]), 4, 2, 4), errors.ShapeError, "at least 2 axes"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
