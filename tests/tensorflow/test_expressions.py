"""TensorFlow's functions give TensorFlow's values; the modules of expressions recorded them with TensorFlow 2.21."""

import sys
from pathlib import Path

import numpy as np
import pytest

import gradmill.tensorflow as tf
from gradmill.errors import GradMillError
from recorded_values import recorded_values

sys.path.insert(0, str(Path(__file__).parent))
import backend_expressions
import expressions
import feature_space_expressions
import further_expressions
import numeric_expressions
import operator_expressions
import signal_expressions
import table_expressions

MODULES = (
    backend_expressions, expressions, feature_space_expressions, further_expressions, numeric_expressions,
    operator_expressions, signal_expressions, table_expressions,
)  # fmt: skip

# TensorFlow reads the weights of its bicubic curve from a table of 1,024 steps.
WIDER = {"resize bicubic": 0.15}
ALL = [(module, name) for module in MODULES for name in module.EXPRESSIONS]


@pytest.fixture(scope="module")
def recorded():
    return {module: recorded_values(module) for module in MODULES}


@pytest.mark.parametrize(("module", "name"), ALL, ids=[name for _, name in ALL])
def test_expression(module, name, recorded):
    found, expected = module.value_of(name, tf), recorded[module][name]
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=WIDER.get(name, 2e-6))


@pytest.mark.parametrize("name", ["cumprod", "polyval", "ssim", "ssim of two scales", "sobel_edges", "crop"])
def test_expression_in_a_compiled_function(name, recorded):
    found = tf.function(lambda: numeric_expressions.EXPRESSIONS[name](tf))()
    np.testing.assert_allclose(found, recorded[numeric_expressions][name], rtol=1e-5, atol=2e-6)


IMAGE = np.zeros((2, 5, 5, 3), "float32")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tf.math.polyval(3.0, [1.0]), "list of coefficients; received float"),
        (lambda: tf.image.ssim(IMAGE, IMAGE, 1.0), r"11x11 pixels.*received 5x5"),
        (lambda: tf.image.ssim(IMAGE, IMAGE[:1], 1.0), "two images.*of one shape"),
        (lambda: tf.image.ssim_multiscale(IMAGE, IMAGE, 1.0, filter_size=5), "ssim_multiscale.*received 3x3"),
        (lambda: tf.image.sobel_edges(IMAGE[0]), "batch of images"),
        (lambda: tf.image.total_variation(IMAGE[0, 0]), "an image or a batch"),
        (lambda: tf.image.draw_bounding_boxes(IMAGE, IMAGE[0, :, :4], None), r"boxes of shape \(batch, boxes, 4\)"),
        (lambda: tf.image.draw_bounding_boxes(IMAGE, np.zeros((1, 1, 4)), None), r"received \(2, 5, 5, 3\) and"),
        (lambda: tf.image.draw_bounding_boxes(IMAGE, np.zeros((2, 1, 4)), [[1.0]]), r"colors \(number, 3\)"),
        (lambda: tf.image.crop_and_resize(IMAGE, np.zeros((2, 4)), [0], (2, 2)), "a number for each of 2 boxes"),
        (lambda: tf.image.crop_and_resize(IMAGE, np.zeros((1, 4)), [0], (2, 2), method="area"), "'area'"),
        (lambda: tf.complex([1], [2]), "float32 or of float64; received int32, int32"),
        (lambda: tf.signal.fft(tf.constant([1, 2])), "complex numbers or floats; received int32"),
        (lambda: tf.signal.frame([1.0], 0, 1), "at least 1; received 0 and 1"),
        (lambda: tf.signal.overlap_and_add([1.0], 1), r"at least 2 axes; received shape \(1,\)"),
        (lambda: tf.signal.dct([1.0], 5), "type 1 to 4.*received 5"),
        (lambda: tf.signal.dct([1.0], 1), "type 1 takes no norm and 2 values; received None and 1"),
        (lambda: tf.signal.linear_to_mel_weight_matrix(upper_edge_hertz=5000.0), "125, 5000 and a rate of 8000"),
        (lambda: tf.audio.decode_wav(b"RIFF"), "decode_wav: the bytes cannot be read as a WAV file"),
        (lambda: tf.audio.decode_wav(tf.constant(1.0)), "bytes of one file; received Tensor"),
        (lambda: tf.audio.encode_wav([1.0], 8000), r"\(samples, channels\); received \(1,\)"),
        (lambda: tf.image.non_max_suppression(np.zeros((3, 4)), [1.0], 2), "a score for each of 3 boxes"),
        (lambda: tf.image.non_max_suppression(np.zeros((1, 4)), [1.0], 2, 1.5), "iou_threshold from 0 to 1"),
    ],
)
def test_errors(call, message):
    with pytest.raises(GradMillError, match=message):
        call()


@pytest.mark.parametrize("size", [(3, 2), (1, 6)])
def test_an_area_counts_by_the_part_that_it_shares(size):
    """Where whole pixels become one, that is their mean; a single row is shared out by the definition."""
    image = np.random.default_rng(1).random((2, 6, 6, 3)).astype("float32")
    means = image.reshape(2, size[0], 6 // size[0], size[1], 6 // size[1], 3).mean((2, 4))
    np.testing.assert_allclose(tf.image.resize(image, size, method="area"), means, atol=1e-6)
    row = tf.image.resize(image[:1, :1, :3], (1, 2), method="area").numpy()[0, 0]
    first, second, third = image[0, 0, :3]
    np.testing.assert_allclose(row, [(first + second / 2) / 1.5, (second / 2 + third) / 1.5], atol=1e-6)


def test_gamma_draws_from_each_distribution():
    draws = np.asarray(tf.random.gamma([4000], [1.0, 9.0], beta=[1.0, 3.0], seed=1))
    assert draws.shape == (4000, 2) and tf.random.gamma([1], [0.25]).shape == (1, 1)
    np.testing.assert_allclose(draws.mean(0), [1.0, 3.0], atol=0.1)
    np.testing.assert_allclose(draws.var(0), [1.0, 1.0], atol=0.15)
