"""`value_and_grad`: a loss and its gradients as one compiled plan."""

from __future__ import annotations

import numpy as np
import pytest

import gradmill as gm
from gradmill import layers, ops
from gradmill.errors import ArgumentError


def perceptron():
    gm.utils.set_random_seed(1)
    model = gm.Sequential([gm.Input((3,)), layers.Dense(4, activation="tanh"), layers.Dense(2)])
    generator = np.random.default_rng(0)
    return model, generator.normal(size=(6, 3)).astype("float32"), generator.integers(0, 2, 6)


LOSS = gm.losses.SparseCategoricalCrossentropy(from_logits=True)


def test_a_model_stands_for_its_trainable_variables() -> None:
    model, x, y = perceptron()
    model.layers[0].trainable = False
    step = gm.value_and_grad(lambda x, y: LOSS(y, model(x)), model)
    loss, gradients = step(x, y)
    with gm.GradientTape() as tape:
        wanted_loss = LOSS(y, model(x))
    wanted = tape.gradient(wanted_loss, model.trainable_variables)
    assert len(gradients) == 2
    np.testing.assert_allclose(float(loss), float(wanted_loss), rtol=1e-6)
    for got, expected in zip(gradients, wanted):
        np.testing.assert_allclose(np.asarray(got), np.asarray(expected), rtol=1e-5, atol=1e-7)
    step(x, y)
    assert len(step.plans) == 1, "the second call runs the plan of the first"


def test_training_with_it() -> None:
    model, x, y = perceptron()
    step = gm.value_and_grad(lambda: LOSS(y, model(x)), model)
    optimizer = gm.optimizers.SGD(0.5)
    losses = []
    for _ in range(20):
        loss, gradients = step()
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        losses.append(float(loss))
    assert losses[-1] < 0.7 * losses[0]


def test_structures_and_what_comes_along() -> None:
    weights = {"a": gm.Variable([1.0, 2.0]), "b": gm.Variable(3.0)}
    step = gm.value_and_grad(lambda x: (ops.sum(weights["a"] * x), x + 1), {**weights}, has_aux=True)
    (loss, more), gradients = step(np.array([5.0, 7.0], "float32"))
    assert float(loss) == 19.0
    np.testing.assert_array_equal(np.asarray(more), [6, 8])
    np.testing.assert_array_equal(np.asarray(gradients["a"]), [5, 7])
    assert float(gradients["b"]) == 0.0, "the loss does not depend on it"


def test_bad_arguments() -> None:
    w = gm.Variable([1.0, 2.0])
    with pytest.raises(ArgumentError, match="one element"):
        gm.value_and_grad(lambda: w * 2, w)()
    with pytest.raises(ArgumentError, match="pair"):
        gm.value_and_grad(lambda: ops.sum(w), w, has_aux=True)()
    with pytest.raises(ArgumentError, match="no trainable variables"):
        gm.value_and_grad(lambda: ops.sum(w), layers.Dense(2))()
