"""Activations of x * a + b and their gradients, which run as one instruction where both are wanted."""

from __future__ import annotations

import numpy as np
import pytest

import gradmill as gm
from gradmill import ops

# Rows that end within a vector, that are one element long, and that are longer than a tile.
SHAPES = [(37, 96), (5, 13), (3, 600), (1, 1), (700, 1)]
SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 6.0, 1e-40, -1e-40, 3e38], dtype="float32")


def numbers(shape):
    generator = np.random.default_rng(4)
    x = (4 * generator.standard_normal(shape)).astype("float32")
    x.flat[:: max(1, x.size // 50)] = np.resize(SPECIAL, len(x.flat[:: max(1, x.size // 50)]))
    a, b = generator.standard_normal((2, shape[1])).astype("float32")
    return x, a, b, generator.standard_normal(shape).astype("float32")


def bounded(x, a, b, d):
    z = x * a + b
    y = ops.minimum(ops.maximum(z, 0.0), 6.0)
    return y, ops.where(ops.greater_equal(z, 0.0), ops.where(ops.less_equal(ops.maximum(z, 0.0), 6.0), d, 0.0), 0.0)


def bounded_reference(z, d):
    y = np.minimum(np.maximum(z, 0), 6)
    return y, np.where((z >= 0) & (np.maximum(z, 0) <= 6), d, 0)


def positive(x, a, b, d):
    y = ops.relu(x * a + b)
    return y, ops.where(ops.greater(y, 0.0), d, 0.0)


def positive_reference(z, d):
    y = np.maximum(z, 0)
    return y, np.where(y > 0, d, 0)


def swish(x, a, b, d):
    with gm.GradientTape() as tape:
        z = x * a + b
        tape.watch(z)
        y = ops.silu(z)
    return y, tape.gradient(y, z, output_gradients=d)


def swish_reference(z, d):
    z = z.astype("float64")
    with np.errstate(over="ignore", invalid="ignore"):
        s = 1 / (1 + np.exp(-z))
        return z * s, d * (s + z * s * (1 - s))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(
    ("function", "reference"),
    [(bounded, bounded_reference), (positive, positive_reference), (swish, swish_reference)],
    ids=["relu6", "relu", "silu"],
)
def test_values_and_gradients(shape, function, reference):
    x, a, b, d = numbers(shape)
    found = gm.function(function)(x, a, b, d)
    with np.errstate(over="ignore", invalid="ignore"):
        z = (x.astype("float64") * a + b).astype("float32")
    for got, wanted in zip(found, reference(z, d)):
        # The last bit of z decides on which side of a bound it falls; none of these numbers lies so near to one.
        finite = np.isfinite(wanted)
        np.testing.assert_allclose(np.asarray(got)[finite], wanted[finite], rtol=3e-6, atol=3e-6)
        if function is not swish:
            np.testing.assert_array_equal(np.isnan(np.asarray(got)), np.isnan(wanted))


def test_bounds_in_the_wrong_order_give_the_upper_one():
    x = np.linspace(-9, 9, 64, dtype="float32").reshape(4, 16)
    one = np.ones(16, "float32")
    found = gm.function(lambda x, a, b: ops.minimum(ops.maximum(x * a + b, 5.0), 2.0))(x, one, one)
    np.testing.assert_array_equal(found, np.minimum(np.maximum(x + 1, 5), 2))
