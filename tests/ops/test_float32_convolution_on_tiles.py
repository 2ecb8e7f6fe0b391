"""Convolutions of float32 images on tiles of bfloat16 numbers (AMX), emulated, against NumPy in double precision."""

import numpy as np
import pytest
from convolution_reference import CASES, reference, results, shape_of_result
from on_threads import on_threads

import gradmill as gm
from gradmill import _core

EMULATED = "float32 on bfloat16 tiles, emulated"
MORE_CASES = [
    (2, 8, 8, 20, 40, (3, 3), "same", 1),  # no whole tile of channels
    (3, 16, 16, 48, 3, (3, 3), "same", 2),
    (2, 33, 37, 130, 64, (3, 3), "same", 2),  # more than one sum of channels, and a rest
    (1, 16, 40, 33, 290, (3, 5), "same", 1),
    (20, 3, 3, 40, 50, (3, 3), "same", 2),
    (2, 9, 9, 3, 16, (7, 7), "same", 2),
    (2, 1, 40, 32, 32, (1, 5), "same", 1),
    (3, 4, 4, 64, 700, (3, 3), "same", 2),  # several units with the same pixels
]


@pytest.fixture(autouse=True)
def emulated():
    _core.set_preferred_kernel(EMULATED)
    yield
    _core.set_preferred_kernel("")


def factors(seed, case):
    generator = np.random.default_rng(seed)
    batch, height, width, channels, filters, window = case[:6]
    shapes = (batch, height, width, channels), (*window, channels, filters), shape_of_result(*case)
    return [generator.normal(size=shape).astype("float32") for shape in shapes]


@pytest.mark.parametrize("case", CASES + MORE_CASES)
def test_results_and_gradients_are_as_exact_as_float32(case):
    """Relative to the sum of the magnitudes of the products."""
    x, kernel, g = factors(0, case)
    found, plan = results(x, kernel, g, *case[6:], "float32")
    assert plan.count(EMULATED) == 3
    magnitudes = reference(*(np.abs(each) for each in (x, kernel, g)), *case[6:])
    for name, value, exact, magnitude in zip(
        ("y", "dx", "dkernel"), found, reference(x, kernel, g, *case[6:]), magnitudes
    ):
        assert (np.abs(value - exact) <= 1.5 * 2.0**-22 * magnitude).all(), name


@pytest.mark.parametrize("stride, height", [(1, 6), (2, 6), (1, 24)])
@pytest.mark.parametrize("where", ["x", "kernel", "g"])
def test_numbers_that_cannot_be_split_are_multiplied_as_they_are(where, stride, height):
    case = (4, height, 24, 40, 70, (3, 3), "same" if where == "kernel" else "valid", stride)
    x, kernel, g = factors(1, case)
    odd = {"x": x, "kernel": kernel, "g": g}[where]
    at = (1, 1, 3) if where == "kernel" else (0, 1, 3)  # the tap that never meets the zeros around an image
    odd[at][:3] = np.nan, np.inf, np.finfo("float32").max
    odd[(*at[:2], 0)][5] = -np.inf
    if where != "kernel":
        x, g = (each * np.float32(2.0**-6) if each is not odd else each for each in (x, g))
    with np.errstate(invalid="ignore", over="ignore"):
        expected = [each.astype("float32") for each in reference(x, kernel, g, *case[6:])]
    found, _ = results(x, kernel, g, *case[6:], "float32")
    for value, exact in zip(found, expected):
        scale = np.abs(exact[np.isfinite(exact) & (np.abs(exact) < 1e30)]).max()
        np.testing.assert_allclose(value, exact, rtol=1e-4, atol=1e-5 * scale)


@pytest.mark.parametrize("case", [(5, 12, 12, 64, 200, (3, 3), "same", 1), (9, 7, 7, 40, 700, (3, 3), "same", 2)])
def test_threads_do_not_change_a_bit(case):
    x, kernel, g = factors(2, case)
    seen = on_threads(lambda: results(x, kernel, g, *case[6:], "float32")[0])
    for other in seen[1:]:
        for one, another in zip(seen[0], other):
            assert np.array_equal(one, another)


def train(kernel):
    """Losses of a small network with statistics, activations and transposed layers, and what its plan says."""
    _core.set_preferred_kernel(kernel)
    gm.utils.set_random_seed(0)
    layers = gm.layers
    inputs = gm.Input((12, 12, 20))
    x = layers.Conv2D(48, 3, strides=2, padding="same", activation="relu")(inputs)
    x = layers.Conv2DTranspose(36, 3, strides=2, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2D(40, 5, padding="same", activation="gelu")(x)
    model = gm.Model(inputs, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))
    model.compile(gm.optimizers.SGD(0.1), gm.losses.SparseCategoricalCrossentropy(from_logits=True))
    generator = np.random.default_rng(3)
    x, y = generator.normal(size=(16, 12, 12, 20)).astype("float32"), generator.integers(0, 5, 16)
    losses = model.fit(x, y, batch_size=16, epochs=4, verbose=0).history["loss"]
    return losses, model.plan_for(x, y).describe()


def test_a_network_trains_as_on_plain_float32():
    losses, plan = train(EMULATED)
    expected, _ = train("implicit product")
    assert plan.count(f"convolution [{EMULATED}") + plan.count(f"gradient [{EMULATED}") == 8
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    assert losses[-1] < 0.97 * losses[0]


@pytest.mark.parametrize("options", [{"dilation_rate": 2}, {"strides": (1, 2)}])
def test_what_the_tiles_do_not_take_is_computed_by_another_kernel(options):
    x, kernel, _ = factors(4, (2, 9, 9, 32, 32, (3, 3), "same", 1))
    values = [gm.ops.convert_to_tensor(each) for each in (x, kernel)]
    convolve = gm.function(lambda x, kernel: gm.ops.conv(x, kernel, padding="same", **options))
    assert EMULATED not in convolve.plan_for(*values).describe()


def test_the_emulation_is_never_chosen_by_rule():
    _core.set_preferred_kernel("")
    x, kernel = gm.ops.ones((16, 32, 32, 64)), gm.ops.ones((3, 3, 64, 128))
    convolve = gm.function(lambda x, kernel: gm.ops.conv(x, kernel, strides=2, padding="same"))
    assert "emulated" not in convolve.plan_for(x, kernel).describe()
