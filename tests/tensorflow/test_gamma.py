"""`tf.math.lgamma` and `tf.math.digamma` beside the standard library's lgamma and known constants."""

import math

import numpy as np
import pytest

import gradmill.tensorflow as tf
from gradmill.errors import DTypeError

RANGES = [(1e-6, 0.5), (0.5, 3), (3, 10), (10, 1e6), (-1, 0), (-8, -1), (-60, -8)]


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-14)])
@pytest.mark.parametrize(("low", "high"), RANGES)
def test_lgamma_and_its_gradient(low, high, dtype, tolerance):
    x = tf.constant(np.random.default_rng(3).uniform(low, high, 500).astype(dtype))
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = tf.math.lgamma(x)
    expected = np.array([math.lgamma(each) for each in x.numpy().astype(float)])
    assert value.dtype == dtype
    assert np.max(np.abs(value.numpy() - expected) / np.maximum(1, np.abs(expected))) < tolerance
    slope = tf.math.digamma(x).numpy()
    assert np.max(np.abs(tape.gradient(value, x).numpy() - slope) / np.maximum(1, np.abs(slope))) < 2 * tolerance


def test_digamma_and_its_gradient_where_they_are_known():
    x = tf.constant([1.0, 0.5, 1.5, -0.5], "float64")
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = tf.math.digamma(x)
    euler, log4 = 0.57721566490153286061, math.log(4)
    np.testing.assert_allclose(value, [-euler, -euler - log4, 2 - euler - log4, 2 - euler - log4], rtol=0, atol=3e-15)
    trigamma = [math.pi**2 / 6, math.pi**2 / 2, math.pi**2 / 2 - 4, math.pi**2 / 2 + 4]
    np.testing.assert_allclose(tape.gradient(value, x), trigamma, rtol=0, atol=3e-14)


def test_lgamma_in_a_compiled_function():
    x = tf.constant([0.3, 2.2, -4.5, 70.0])
    np.testing.assert_allclose(tf.function(tf.math.lgamma)(x), tf.math.lgamma(x), rtol=1e-6)


@pytest.mark.parametrize("name", ["lgamma", "digamma"])
def test_whole_numbers_are_refused(name):
    with pytest.raises(DTypeError, match=rf"tf\.math\.{name}: expected x to be of a float dtype; received int32"):
        getattr(tf.math, name)(tf.constant([1, 2]))
