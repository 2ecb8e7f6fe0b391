"""Steps that loss scaling may skip: what is asked of factors instead of gradients, and updates that write nothing."""

from __future__ import annotations

import numpy as np
import pytest

import gradmill as gm
from gradmill import _core, ops

ROWS, INSIDE, UNITS = 16, 300, 200


@pytest.fixture
def passes():
    """Switch passes off for a test."""
    yield _core.set_disabled_passes
    _core.set_disabled_passes([])


def data():
    """Inputs, labels."""
    generator = np.random.default_rng(3)
    return generator.normal(size=(ROWS, INSIDE)).astype("float32"), generator.integers(0, 4, ROWS)


def model_with(optimizer, initial_scale, convolves=False):
    """A small compiled model in float16."""
    gm.utils.set_random_seed(5)
    policy = "mixed_float16"
    if convolves:
        first = [
            gm.layers.Reshape((2, 2, INSIDE // 4)),
            gm.layers.Conv2D(UNITS // 4, 3, padding="same", dtype=policy),
            gm.layers.Flatten(),
        ]
    else:
        first = [gm.layers.Dense(UNITS, activation="relu", dtype=policy)]
    inner = [gm.layers.Dense(UNITS, activation="tanh", dtype=policy), gm.layers.Dense(4, dtype="float32")]
    model = gm.Sequential([gm.layers.Input((INSIDE,)), *first, *inner])
    scaled = gm.optimizers.LossScaleOptimizer(optimizer, initial_scale=initial_scale)
    model.compile(scaled, gm.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def values_of(model):
    """Bits of all that a step may change but the scale and its counters."""
    inner = model.optimizer.inner_optimizer
    return [each.numpy().view("uint32") for each in [*model.weights, *inner.variables]]


OPTIMIZERS = {
    "sgd": lambda: gm.optimizers.SGD(0.1),
    "momentum": lambda: gm.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "adam": lambda: gm.optimizers.Adam(0.01),
    "adamw": lambda: gm.optimizers.AdamW(0.01, weight_decay=0.1),
    "clipped": lambda: gm.optimizers.Adam(0.01, global_clipnorm=1.0),
    "averaged": lambda: gm.optimizers.Adam(0.01, use_ema=True),
    "lamb": lambda: gm.optimizers.Lamb(0.01),
}


@pytest.mark.parametrize("convolves", [False, True])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_overflow_leaves_every_bit(name, convolves):
    x, y = data()
    model = model_with(OPTIMIZERS[name](), 2.0**10, convolves)
    model.train_on_batch(x, y)
    assert model.optimizer.skipped_steps == 0
    # Zeros of both signs stay what they are, too.
    model.weights[0].assign(model.weights[0] * np.where(np.arange(UNITS if not convolves else UNITS // 4) % 3, 1, -0.0))
    model.optimizer.dynamic_scale.assign(2.0**60)
    before = values_of(model)
    model.train_on_batch(x, y)
    assert model.optimizer.skipped_steps == 1
    for found, wanted in zip(values_of(model), before):
        np.testing.assert_array_equal(found, wanted)
    assert float(model.optimizer.dynamic_scale.numpy()) == 2.0**59
    model.optimizer.dynamic_scale.assign(2.0**10)
    model.train_on_batch(x, y)
    assert model.optimizer.skipped_steps == 1
    changed = [np.any(found != wanted) for found, wanted in zip(values_of(model), before)]
    assert all(changed[: len(model.weights)])


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_either_factor_is_looked_at(place, bad):
    """A product is not finite exactly where one of its factors is not."""
    kernel = gm.Variable(np.ones((INSIDE, UNITS), "float32"))

    @gm.function
    def step(x, dy):
        gradient = ops.cast(_core.ops.matmul(x, dy, transpose_a=True), "float32")
        finite = _core.ops.all_finite(gradient)
        kernel.assign(ops.where(finite, kernel - gradient * 0.5, kernel.value))
        return finite

    factors = [np.full((ROWS, INSIDE), 0.25, "float32"), np.full((ROWS, UNITS), 0.5, "float32")]
    halves = [ops.cast(each, "float16") for each in factors]
    assert "all_finite" in str(step.plan_for(*halves)) and "wide=true" in str(step.plan_for(*halves))
    assert bool(step(*halves))
    np.testing.assert_array_equal(kernel.numpy(), 1 - ROWS / 16)
    factors[place][3, 7] = bad
    assert not bool(step(*[ops.cast(each, "float16") for each in factors]))
    np.testing.assert_array_equal(kernel.numpy(), 1 - ROWS / 16)


def test_a_product_beyond_float16_is_no_overflow():
    """The gradient is not rounded to 16 bits, so it counts as what it is."""
    kernel = gm.Variable(np.zeros((INSIDE, UNITS), "float32"))

    @gm.function
    def step(x, dy):
        gradient = ops.cast(_core.ops.matmul(x, dy, transpose_a=True), "float32")
        finite = _core.ops.all_finite(gradient)
        kernel.assign(ops.where(finite, kernel - gradient, kernel.value))
        return finite

    large = np.full((ROWS, INSIDE), 60000.0, "float32"), np.full((ROWS, UNITS), 60000.0, "float32")
    halves = [ops.cast(each, "float16") for each in large]
    assert bool(step(*halves))
    exact = float(ops.cast(halves[0][0, 0], "float32")) ** 2 * ROWS
    np.testing.assert_allclose(kernel.numpy(), -exact, rtol=1e-6)


def test_no_gradient_of_a_small_batch_is_kept(passes):
    x, y = data()
    planned = {}
    for name in ("float32", "kept", "mixed_float16"):
        passes(["check_factors"] if name == "kept" else [])
        gm.utils.set_random_seed(1)
        layers = [gm.layers.Dense(512, dtype="float32" if name == "float32" else "mixed_float16") for _ in range(6)]
        model = gm.Sequential([gm.layers.Input((INSIDE,)), *layers, gm.layers.Dense(4, dtype="float32")])
        scaled = gm.optimizers.LossScaleOptimizer(gm.optimizers.SGD(0.1))
        optimizer = gm.optimizers.SGD(0.1) if name == "float32" else scaled
        model.compile(optimizer, gm.losses.SparseCategoricalCrossentropy(from_logits=True))
        planned[name] = model.plan_for(x, y).arena_bytes
    kernels = 2 * (INSIDE * 512 + 5 * 512 * 512)
    assert planned["kept"] > kernels
    assert planned["mixed_float16"] < kernels / 3


def test_losses_are_those_of_kept_gradients(passes):
    x, y = data()
    losses = []
    for disabled in ([], ["check_factors"]):
        passes(disabled)
        model = model_with(gm.optimizers.Adam(0.01), 2.0**10)
        losses.append([float(model.train_on_batch(x, y)) for _ in range(10)])
    np.testing.assert_allclose(losses[0], losses[1], rtol=0.01)
    assert losses[0][-1] < losses[0][0]


def test_a_guarded_update_whose_old_value_is_read_later_too():
    """Then the new value cannot lie where the old one does, and both are right."""
    state = gm.Variable(np.arange(5000, dtype="float32"))

    @gm.function
    def step(flag, x):
        old = state.value
        state.assign(ops.where(flag, old + x, old))
        return ops.sum(old), state.value * 2.0

    x = np.ones(5000, "float32")
    for flag, more in ((True, 1), (False, 1), (True, 2)):
        before = state.numpy()
        total, twice = step(np.asarray(flag), x)
        wanted = np.arange(5000) + more
        np.testing.assert_array_equal(state.numpy(), wanted)
        np.testing.assert_array_equal(twice.numpy(), 2 * wanted)
        np.testing.assert_allclose(float(total), before.sum(dtype="float64"), rtol=1e-6)
