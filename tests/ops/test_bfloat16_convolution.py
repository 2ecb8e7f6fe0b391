"""Convolutions on units that multiply bfloat16 numbers (AMX), emulated, against sums by NumPy in double precision."""

import numpy as np
import pytest
from convolution_reference import CASES, reference, results, shape_of_result
from on_threads import on_threads

import gradmill as gm
from gradmill import _core

EMULATED = "bfloat16 tiles, emulated"
# What rounding a result to the 8 bits of bfloat16 may change; gradients of kernels stay in float32.
ROUNDING = 1.01 * 2.0**-8


@pytest.fixture(autouse=True)
def emulated():
    _core.set_preferred_kernel(EMULATED)
    yield
    _core.set_preferred_kernel("")


def rounded(generator, *shape):
    """Random numbers that bfloat16 holds exactly."""
    return gm.ops.cast(gm.ops.cast(generator.normal(size=shape).astype("float32"), "bfloat16"), "float32").numpy()


@pytest.mark.parametrize("batch, height, width, channels, filters, window, padding, stride", CASES)
def test_results_and_gradients(batch, height, width, channels, filters, window, padding, stride):
    generator = np.random.default_rng(height * width + channels)
    x, kernel = rounded(generator, batch, height, width, channels), rounded(generator, *window, channels, filters)
    g = rounded(generator, *shape_of_result(batch, height, width, channels, filters, window, padding, stride))
    found, plan = results(x, kernel, g, padding, stride, "bfloat16")
    assert plan.count(EMULATED) == 3
    for name, value, exact, relative in zip(
        ("y", "dx", "dkernel"), found, reference(x, kernel, g, padding, stride), (ROUNDING, ROUNDING, 0)
    ):
        scale = np.abs(exact).max()
        np.testing.assert_allclose(value, exact, rtol=relative, atol=2e-6 * scale, err_msg=name)


def test_threads_do_not_change_a_bit():
    generator = np.random.default_rng(1)
    x, kernel, g = (
        rounded(generator, 5, 12, 12, 64),
        rounded(generator, 3, 3, 64, 64),
        rounded(generator, 5, 12, 12, 64),
    )
    seen = on_threads(lambda: results(x, kernel, g, "same", 1, "bfloat16")[0])
    for other in seen[1:]:
        for one, another in zip(seen[0], other):
            assert np.array_equal(one, another)


@pytest.mark.parametrize(
    "shape, window, options",
    [
        ((2, 8, 8, 20), (3, 3, 20, 32), {}),  # no whole tile of channels
        ((2, 8, 8, 32), (3, 3, 16, 32), {}),  # groups
        ((2, 8, 8, 32), (3, 3, 32, 32), {"dilation_rate": 2}),
        ((2, 6, 6, 6, 32), (3, 3, 3, 32, 32), {}),
    ],
)
def test_what_the_units_do_not_take_is_computed_in_float32(shape, window, options):
    generator = np.random.default_rng(2)
    x, kernel = rounded(generator, *shape), rounded(generator, *window)

    def convolve(x, kernel):
        return gm.ops.conv(gm.ops.cast(x, "bfloat16"), gm.ops.cast(kernel, "bfloat16"), padding="same", **options)

    values = [gm.ops.convert_to_tensor(each) for each in (x, kernel)]
    assert "[bfloat16 tiles" not in gm.function(convolve).plan_for(*values).describe()
    found, expected = gm.function(convolve)(*values), gm.ops.conv(x, kernel, padding="same", **options)
    found = gm.ops.cast(found, "float32").numpy()
    np.testing.assert_allclose(found, expected.numpy(), rtol=2 * ROUNDING, atol=1e-3)


def test_a_network_trains_with_statistics_and_activations_behind_its_convolutions():
    def train(kernel):
        _core.set_preferred_kernel(kernel)
        gm.utils.set_random_seed(0)
        layers, policy = gm.layers, "mixed_bfloat16"
        inputs = gm.Input((12, 12, 32))
        x = layers.Conv2D(64, 3, padding="same", use_bias=False, dtype=policy)(inputs)
        x = layers.ReLU(dtype=policy)(layers.BatchNormalization(dtype=policy)(x))
        x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu", dtype=policy)(x)
        x = layers.GlobalAveragePooling2D(dtype=policy)(x)
        model = gm.Model(inputs, layers.Dense(5, dtype="float32")(x))
        model.compile(gm.optimizers.SGD(0.1), gm.losses.SparseCategoricalCrossentropy(from_logits=True))
        generator = np.random.default_rng(3)
        x, y = generator.normal(size=(16, 12, 12, 32)).astype("float32"), generator.integers(0, 5, 16)
        losses = model.fit(x, y, batch_size=16, epochs=8, verbose=0).history["loss"]
        return losses, model.plan_for(x, y).describe()

    losses, plan = train(EMULATED)
    expected, plain = train("implicit product")
    assert plan.count(EMULATED) == 5  # two forward, two of kernels, one of what lies between
    assert EMULATED not in plain
    np.testing.assert_allclose(losses, expected, rtol=0.03)
    assert losses[-1] < 0.8 * losses[0]
