"""Ops whose gradient is an op of its own can be differentiated twice: through what that op is made of."""

import numpy as np
import pytest

import gradmill as gm
from gradmill import _core

ops = gm.ops


def layer_norm(x):
    return ops.layer_normalization(x, np.array([0.5, -1.0, 2.0, 1.0, 1.5]))


def rms_norm(x):
    return ops.rms_normalization(x)


def attention(x):
    heads = ops.reshape(x, (1, 3, 1, 5))
    bias = ops.convert_to_tensor(np.array([[[[0.3, -0.2, 0.1]]]]))
    return _core.ops.attention(heads, heads, heads, bias, np.array([1, 2]), scale=0.5, causal=True)


def squared_gradient(function, x):
    """The penalty that critics of adversarial networks are trained with."""
    with gm.GradientTape() as tape:
        tape.watch(x)
        y = ops.sum(function(x) ** 3)
    return ops.sum(tape.gradient(y, x) ** 2)


@pytest.mark.parametrize("function", [layer_norm, rms_norm, attention])
def test_a_penalty_on_a_gradient_has_the_right_gradient(function):
    start = np.random.default_rng(0).normal(size=(3, 5))
    x = ops.convert_to_tensor(start)
    with gm.GradientTape() as tape:
        tape.watch(x)
        penalty = squared_gradient(function, x)
    found = np.array(tape.gradient(penalty, x))
    step, expected = 1e-6, np.zeros_like(start)
    for place in np.ndindex(start.shape):
        moved = []
        for sign in (1, -1):
            at = start.copy()
            at[place] += sign * step
            moved.append(float(squared_gradient(function, ops.convert_to_tensor(at))))
        expected[place] = (moved[0] - moved[1]) / (2 * step)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6 * np.abs(expected).max())
