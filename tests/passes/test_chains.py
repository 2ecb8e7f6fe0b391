"""Chains: nodes that run piece by piece give what they give one after the other, on any number of threads."""

import re

import numpy as np
import pytest

import gradmill as gm
from gradmill import _core

layers = gm.layers
BATCH = 7  # pieces of images and of rows then leave a smaller one at the end
PASSES = ["fold_padding", "reassociate", "recompute", "form_chains"]


def expanded(x, filters):
    """More channels, then a depthwise convolution, each normalized and activated."""
    x = layers.Conv2D(filters, 1, use_bias=False)(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
    return layers.ReLU(6.0)(layers.BatchNormalization()(x))


def inverted_residual():
    inputs = gm.Input((37, 31, 40))
    x = expanded(inputs, 96)
    x = layers.BatchNormalization()(layers.Conv2D(40, 1, use_bias=False)(x))
    return inputs, layers.Add()([inputs, x])


def squeeze_and_excite():
    inputs = gm.Input((80, 78, 48))
    x = layers.ZeroPadding2D(((0, 1), (0, 1)))(inputs)
    x = layers.DepthwiseConv2D(3, strides=2, padding="valid", use_bias=False)(x)
    x = layers.Activation("swish")(layers.BatchNormalization()(x))
    squeezed = layers.GlobalAveragePooling2D(keepdims=True)(x)
    scale = layers.Conv2D(48, 1, activation="sigmoid")(layers.Conv2D(8, 1, activation="swish")(squeezed))
    x = layers.Conv2D(64, 1)(layers.Multiply()([x, scale]))
    return inputs, layers.BatchNormalization()(x)


def bottleneck():
    inputs = gm.Input((32, 33, 48))
    x = layers.Activation("relu")(layers.BatchNormalization()(layers.Conv2D(32, 1)(inputs)))
    x = layers.Activation("relu")(layers.BatchNormalization()(layers.Conv2D(32, 3, padding="same")(x)))
    x = layers.BatchNormalization()(layers.Conv2D(48, 1)(x))
    x = layers.Activation("relu")(layers.Add()([x, inputs]))
    return inputs, layers.MaxPooling2D(3, strides=2, padding="same")(x)


def large_images():
    """Images of which a chain cannot hold one in cache, so that it takes them in bands of rows."""
    inputs = gm.Input((131, 127, 8))
    x = expanded(layers.Conv2D(8, 1)(inputs), 64)
    x = layers.DepthwiseConv2D(5, strides=2, padding="same", use_bias=False)(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    return inputs, layers.Conv2D(8, 1)(x)


def name_of(value):
    return value.__name__ if callable(value) else str(value)


ALL_BANDS = 16  # images, from which on chains with bands may hold the product before a convolution too
CASES = [(inverted_residual, BATCH), (squeeze_and_excite, BATCH), (bottleneck, BATCH), (large_images, BATCH)]
CASES += [(large_images, ALL_BANDS), (inverted_residual, ALL_BANDS)]
each_case = pytest.mark.parametrize(("network", "batch"), CASES, ids=name_of)


def trained(network, disabled=(), threads=0, batch=BATCH):
    """Return what three steps changed in each weight, and what the plan says of itself."""
    threads_before = gm.config.get_threads()
    _core.set_disabled_passes(list(disabled))
    gm.config.set_threads(threads)
    try:
        gm.utils.set_random_seed(3)
        inputs, x = network()
        outputs = layers.Dense(5)(layers.GlobalAveragePooling2D()(x))
        model = gm.Model(inputs, outputs)
        model.compile(gm.optimizers.SGD(0.1), gm.losses.SparseCategoricalCrossentropy(from_logits=True))
        generator = np.random.default_rng(1)
        x = generator.normal(size=(batch, *inputs.shape[1:])).astype("float32")
        y = generator.integers(0, 5, batch)
        first = [np.array(weight) for weight in model.weights]
        for _ in range(3):
            model.train_on_batch(x, y)
        changes = [np.array(weight) - before for weight, before in zip(model.weights, first)]
        return changes, model.plan_for(x, y).describe()
    finally:
        gm.config.set_threads(threads_before)
        _core.set_disabled_passes([])


def assert_changes_agree(found, wanted, absolute):
    """Rounding decides which of two nearly equal values a maximum takes, so single elements may differ by more."""
    for got, expected in zip(found, wanted):
        difference = np.linalg.norm(got - expected)
        assert difference <= 3e-3 * np.linalg.norm(expected) + absolute * np.sqrt(expected.size)


@each_case
def test_a_chain_gives_what_its_members_give(network, batch):
    (chained, described), (apart, plain) = trained(network, batch=batch), trained(network, disabled=PASSES, batch=batch)
    assert described.count(" chain [") >= 3
    assert " chain [" not in plain
    assert_changes_agree(chained, apart, absolute=1e-6)


@each_case
def test_same_bits_on_any_number_of_threads(network, batch):
    (one, _), (three, _) = trained(network, threads=1, batch=batch), trained(network, threads=3, batch=batch)
    for a, b in zip(one, three):
        np.testing.assert_array_equal(a, b)


def test_large_images_are_cut_into_bands():
    """Forward and backward, of both strides; only then does the test above say something of bands."""
    assert trained(large_images)[1].count(" rows of images in ") >= 4


def test_bands_may_write_what_their_neighbours_read():
    """The product before a convolution joins its chain, although it is kept for the gradient."""
    described = trained(large_images, batch=ALL_BANDS)[1]
    assert re.search(r" rows of images in .*; [^(]*matmul[^(]*> fused_tile \([a-z, ]*\) > convolution ", described)


def results_like(described, shape):
    """How many results of the shape given a plan writes to memory."""
    return sum(str(shape) in line.split(" -> ")[-1] for line in described.splitlines())


def test_the_gradient_behind_a_widening_product_is_not_written():
    """What arrives at the large value is used up where it is made."""
    shape = (BATCH, 131, 127, 64)
    written = results_like(trained(large_images)[1], shape)
    assert 0 < written < results_like(trained(large_images, disabled=["reassociate"])[1], shape)


def shifted():
    """Channels whose means are far larger than their spread, in the number of columns that the pass asks for."""
    inputs = gm.Input((80, 78, 4), dtype="float64")
    x = layers.Conv2D(4, 1, dtype="float64")(inputs) + 100.0
    x = layers.Conv2D(24, 1, use_bias=False, dtype="float64")(x)
    x = layers.Activation("relu", dtype="float64")(layers.BatchNormalization(dtype="float64")(x))
    return inputs, layers.BatchNormalization(dtype="float64")(layers.Conv2D(4, 1, dtype="float64")(x))


@pytest.mark.parametrize("batch", [BATCH, ALL_BANDS])
def test_reassociated_gradients_are_the_same_in_double_precision(batch):
    found, described = trained(shifted, batch=batch)
    wanted, plain = trained(shifted, disabled=["reassociate"], batch=batch)
    assert described != plain
    for got, expected in zip(found, wanted):
        np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-11)


def arena(described):
    """The megabytes of memory for values that a plan says it needs."""
    return float(described.rsplit("arena ", 1)[1].split(" MB", 1)[0])


def test_padding_and_normalized_values_take_no_memory():
    """The activations before a product exist piece by piece only, so the plan needs far less memory."""
    assert arena(trained(inverted_residual)[1]) < 0.8 * arena(trained(inverted_residual, disabled=PASSES)[1])


def mixed(policy, *arguments, **options):
    """`trained` under a policy."""
    gm.mixed_precision.set_global_policy(policy)
    try:
        return trained(*arguments, **options)
    finally:
        gm.mixed_precision.set_global_policy(None)


def distance(found, wanted):
    return np.sqrt(sum(np.sum((got - expected) ** 2.0) for got, expected in zip(found, wanted)))


MIXED_CASES = [
    (inverted_residual, ALL_BANDS),
    (large_images, ALL_BANDS),
    (squeeze_and_excite, BATCH),
    (bottleneck, BATCH),
]


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize(("network", "batch"), MIXED_CASES, ids=name_of)
def test_halves_in_chains_are_as_near_to_float32_as_those_that_all_are_written(network, batch, policy):
    """Twice the distance is for the maxima that rounding decides; a gradient that gets lost is far more."""
    exact = trained(network, batch=batch)[0]
    chained, apart = mixed(policy, network, batch=batch)[0], mixed(policy, network, disabled=PASSES, batch=batch)[0]
    assert 0 < distance(chained, exact) <= 2 * distance(apart, exact)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("network", [inverted_residual, large_images])
def test_halves_in_chains_take_little_more_than_half_the_memory(network, policy):
    described = mixed(policy, network, batch=ALL_BANDS)[1]
    assert arena(described) < 0.6 * arena(trained(network, batch=ALL_BANDS)[1])
    # What follows from the narrow factor of a widening product does so in float32, but is not written in it.
    shape = (ALL_BANDS, 131, 127, 64)
    assert network is inverted_residual or results_like(described, f"float32{shape}") == 0


def whole_images():
    """Convolutions that read all of their input at once, each before a batch normalization."""
    inputs = gm.Input((40, 40, 64))
    x = inputs
    for _ in range(6):
        x = layers.Conv2D(64, 3, padding="same")(x)
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
    return inputs, x


def test_what_convolutions_read_is_made_again_for_their_gradients():
    (again, small), (kept, large) = trained(whole_images), trained(whole_images, disabled=["recompute"])
    assert arena(small) < 0.8 * arena(large)
    assert_changes_agree(again, kept, absolute=1e-5)


def activations():
    inputs = gm.Input((24, 24, 32))
    x = layers.Conv2D(160, 3, padding="same", activation="relu")(inputs)
    x = layers.Conv2D(160, 3, padding="same", activation="relu")(layers.MaxPooling2D()(x))
    return inputs, layers.Conv2D(8, 3)(x)


def test_masks_of_activations_are_not_stored():
    """They follow from the activations, which the gradients of the kernels need anyway."""
    assert " bool(" not in trained(activations)[1]
    assert " bool(" in trained(activations, disabled=["recompute"])[1]


def test_gradients_of_large_weights_are_used_up_at_once():
    """A plan that kept them until the end would need the memory of all weights together."""
    hidden = [layers.Dense(256, activation="relu") for _ in range(12)]
    model = gm.Sequential([gm.Input((256,)), *hidden, layers.Dense(5)])
    model.compile("adam", gm.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    plan = model.plan_for(np.zeros((2, 256), "float32"), np.zeros(2, "int64"))
    weights = 12 * 256 * 256 * 4 / 1e6
    assert arena(plan.describe()) < 0.4 * weights


def test_a_value_that_is_not_finite_is_found_inside_a_chain():
    gm.utils.set_random_seed(3)
    inputs, x = inverted_residual()
    model = gm.Model(inputs, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))
    model.compile("sgd", gm.losses.SparseCategoricalCrossentropy(from_logits=True))
    images = np.full((BATCH, *inputs.shape[1:]), 3e38, dtype="float32")
    gm.config.enable_nan_checks()
    try:
        with pytest.raises(_core.NonFiniteError, match="layer .*conv2d"):
            model.train_on_batch(images, np.zeros(BATCH, "int64"))
    finally:
        gm.config.disable_nan_checks()
