"""Rows that nobody reads are not computed: the same training to rounding, with less work."""

import numpy as np
import pytest

import gradmill as gm
from gradmill import _core, ops
from gradmill.benchmark import flops_of

layers = gm.layers
LENGTH, WIDTH = 16, 24


def encoded(x, causal=False, dropout=0.0):
    """One layer of an encoder, whose normalizations come last."""
    attention = layers.MultiHeadAttention(3, 8, dropout=dropout)
    x = layers.LayerNormalization()(layers.Add()([x, attention(x, x, use_causal_mask=causal)]))
    inner = layers.Dense(WIDTH)(layers.Dense(40, activation="gelu")(x))
    return layers.LayerNormalization()(layers.Add()([x, layers.Dropout(dropout)(inner)]))


def first_position(x):
    return encoded(encoded(x), dropout=0.2)[:, 0]


def last_position(x):
    return encoded(encoded(x, causal=True), causal=True, dropout=0.2)[:, -1]


def every_fifth(x):
    return layers.Flatten()(encoded(x, causal=True, dropout=0.1)[:, 2::5])


def two_choices(x):
    x = encoded(x)
    return layers.Concatenate()([encoded(x, dropout=0.1)[:, 3], layers.Dense(4, activation="tanh")(x)[:, 5]])


def root_mean_square(x):
    """A normalization made of sums along the rows, whose gradient adds zeros along them."""
    hidden = layers.Dense(32)(x)
    hidden = hidden * ops.rsqrt(ops.mean(ops.square(hidden), axis=-1, keepdims=True) + 1e-3)
    return layers.Flatten()(ops.softmax(layers.Dense(20)(hidden), axis=-1)[:, 1:4])


NETWORKS = [first_position, last_position, every_fifth, two_choices, root_mean_square]


def model_of(network):
    inputs = gm.Input((LENGTH, WIDTH))
    return gm.Model(inputs, layers.Dense(5)(network(inputs)))


def trained(network, disabled=()):
    """Return losses and weights of four steps, and the plan of a step."""
    _core.set_disabled_passes(list(disabled))
    try:
        gm.utils.set_random_seed(3)
        model = model_of(network)
        model.compile(gm.optimizers.SGD(0.1, momentum=0.9), gm.losses.SparseCategoricalCrossentropy(from_logits=True))
        generator = np.random.default_rng(1)
        x = generator.normal(size=(6, LENGTH, WIDTH)).astype("float32")
        y = generator.integers(0, 5, 6)
        losses = [model.train_on_batch(x, y) for _ in range(4)]
        return losses, [np.array(weight) for weight in model.weights], model.plan_for(x, y)
    finally:
        _core.set_disabled_passes([])


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.__name__)
def test_training_is_the_same_with_and_without(network):
    """Dropout draws the same numbers, and a causal mask hides the same keys."""
    losses, weights, narrow = trained(network)
    other_losses, other_weights, whole = trained(network, disabled=["narrow_rows"])
    np.testing.assert_allclose(losses, other_losses, rtol=1e-5)
    for found, wanted in zip(weights, other_weights):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    (direct, carried_out), (other_direct, all_carried_out) = flops_of(narrow), flops_of(whole)
    assert direct == other_direct
    assert carried_out < 0.9 * all_carried_out


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.__name__)
def test_predictions_are_those_of_eager_calls(network):
    gm.utils.set_random_seed(4)
    model = model_of(network)
    x = np.random.default_rng(2).normal(size=(3, LENGTH, WIDTH)).astype("float32")
    np.testing.assert_allclose(model.predict(x, verbose=0), np.array(model(x)), rtol=1e-5, atol=1e-6)


def test_a_mask_is_cut_like_the_queries():
    gm.utils.set_random_seed(5)
    inputs, mask = gm.Input((LENGTH, WIDTH)), gm.Input((LENGTH, LENGTH), dtype="bool")
    attended = layers.MultiHeadAttention(2, 6)(inputs, inputs, attention_mask=mask)
    model = gm.Model([inputs, mask], layers.LayerNormalization()(attended)[:, 7])
    generator = np.random.default_rng(2)
    x = generator.normal(size=(3, LENGTH, WIDTH)).astype("float32")
    seen = generator.random((3, LENGTH, LENGTH)) < 0.5
    np.testing.assert_allclose(model.predict([x, seen], verbose=0), np.array(model([x, seen])), rtol=1e-5, atol=1e-6)


def test_a_second_derivative_is_not_disturbed():
    """The slice of a gradient, differentiated again."""
    weight = gm.Variable(np.random.default_rng(3).normal(size=(WIDTH, 7)))

    def second(x):
        with gm.GradientTape() as outer:
            with gm.GradientTape() as inner:
                inner.watch(x)
                y = ops.sum(ops.tanh(ops.matmul(x, weight))[:, 2] ** 2)
            gradient = inner.gradient(y, x)
            total = ops.sum(gradient[:, 2] ** 3) + ops.sum(gradient[:, 3])
        return outer.gradient(total, weight)

    x = ops.convert_to_tensor(np.random.default_rng(4).normal(size=(3, LENGTH, WIDTH)))
    np.testing.assert_allclose(np.array(gm.function(second)(x)), np.array(second(x)), rtol=1e-9, atol=1e-12)
