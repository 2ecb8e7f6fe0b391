"""Convolutions on units that multiply bfloat16 numbers (AMX), emulated, against sums by NumPy in double precision."""

import numpy as np
import pytest
from on_threads import on_threads

import gradmill as gm
from gradmill import _core

EMULATED = "bfloat16 tiles, emulated"
# What rounding a result to the 8 bits of bfloat16 may change; gradients of kernels stay in float32.
ROUNDING = 1.01 * 2.0**-8

# Batch, height, width, channels, filters, window, padding, stride.
CASES = [
    (3, 14, 14, 64, 96, (3, 3), "same", 1),
    (9, 7, 7, 32, 64, (3, 3), "same", 1),  # several images in one block of a sum
    (4, 9, 13, 32, 32, (3, 3), "valid", 1),
    (2, 12, 11, 64, 32, (5, 5), "same", 1),
    (2, 40, 30, 32, 64, (3, 3), "same", 1),  # several bands of one image
    (5, 6, 6, 64, 288, (1, 3), "same", 1),  # more filters than a unit takes
    (2, 8, 8, 320, 64, (2, 2), "same", 1),  # padding behind alone, and a large kernel
    (1, 70, 20, 32, 32, (3, 3), "same", 1),
    (5, 1, 1, 32, 32, (3, 3), "same", 1),  # a window larger than the image
    (3, 14, 14, 64, 96, (3, 3), "same", 2),
    (3, 15, 13, 32, 64, (3, 3), "valid", 2),
    (5, 7, 7, 64, 64, (3, 3), "same", 2),
    (2, 30, 31, 32, 32, (3, 3), "same", 2),
    (2, 13, 17, 32, 64, (5, 4), "same", 3),
    (3, 12, 12, 64, 32, (2, 2), "valid", 2),
    (2, 9, 8, 32, 32, (3, 3), "valid", 2),  # pixels at the end that no window sees
]


@pytest.fixture(autouse=True)
def emulated():
    _core.set_preferred_kernel(EMULATED)
    yield
    _core.set_preferred_kernel("")


def rounded(generator, *shape):
    """Random numbers that bfloat16 holds exactly."""
    return gm.ops.cast(gm.ops.cast(generator.normal(size=shape).astype("float32"), "bfloat16"), "float32").numpy()


def results(x, kernel, g, padding, stride):
    """The convolution of the factors in bfloat16, and the gradients of its sum weighted by g."""

    def step(x, kernel, g):
        with gm.GradientTape() as tape:
            tape.watch([x, kernel])
            y = gm.ops.conv(
                gm.ops.cast(x, "bfloat16"), gm.ops.cast(kernel, "bfloat16"), strides=stride, padding=padding
            )
            total = gm.ops.sum(gm.ops.cast(y, "float32") * g)
        return (y, *tape.gradient(total, [x, kernel]))

    compiled = gm.function(step)
    values = [gm.ops.convert_to_tensor(each) for each in (x, kernel, g)]
    plan = compiled.plan_for(*values).describe()
    return [gm.ops.cast(each, "float64").numpy() for each in compiled(*values)], plan


def reference(x, kernel, g, padding, stride):
    """The same as sums over the taps of the kernel."""
    x, kernel, g = (each.astype("float64") for each in (x, kernel, g))
    height, width = kernel.shape[:2]
    sizes = g.shape[1:3]
    pads = [(0, 0)]
    for size, out, window in zip(x.shape[1:3], sizes, (height, width)):
        missing = max((out - 1) * stride + window - size, 0) if padding == "same" else 0
        pads.append((missing // 2, missing - missing // 2))
    wide = np.pad(x, [*pads, (0, 0)])
    y, dx, dkernel = np.zeros(g.shape), np.zeros(wide.shape), np.zeros(kernel.shape)
    for i in range(height):
        for j in range(width):
            seen = np.s_[:, i : i + (sizes[0] - 1) * stride + 1 : stride, j : j + (sizes[1] - 1) * stride + 1 : stride]
            y += wide[seen] @ kernel[i, j]
            dx[seen] += g @ kernel[i, j].T
            dkernel[i, j] = np.einsum("nhwc,nhwf->cf", wide[seen], g)
    return y, dx[:, pads[1][0] : pads[1][0] + x.shape[1], pads[2][0] : pads[2][0] + x.shape[2]], dkernel


@pytest.mark.parametrize("batch, height, width, channels, filters, window, padding, stride", CASES)
def test_results_and_gradients(batch, height, width, channels, filters, window, padding, stride):
    generator = np.random.default_rng(height * width + channels)
    x, kernel = rounded(generator, batch, height, width, channels), rounded(generator, *window, channels, filters)
    sizes = [-(-(size - (n - 1 if padding == "valid" else 0)) // stride) for size, n in zip((height, width), window)]
    g = rounded(generator, batch, *sizes, filters)
    found, plan = results(x, kernel, g, padding, stride)
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
    seen = on_threads(lambda: results(x, kernel, g, "same", 1)[0])
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
    assert "bfloat16 tiles" not in gm.function(convolve).plan_for(*values).describe()
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
