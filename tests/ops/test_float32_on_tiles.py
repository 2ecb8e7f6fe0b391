"""Products of float32 matrices on tiles of bfloat16 numbers (AMX), emulated, on any processor."""

import numpy as np
import pytest
from on_threads import on_threads

import gradmill as gm
from gradmill import _core

EMULATED = "float32 on bfloat16 tiles, emulated"
# Rows, columns, terms: at and around the sizes of tiles, of sums, of blocks and of passes of columns.
SHAPES = [(1, 1, 1), (16, 16, 32), (31, 17, 33), (32, 32, 128), (33, 65, 129), (96, 64, 260), (130, 300, 64)]
SHAPES += [(340, 40, 70), (65, 530, 40), (321, 257, 35)]


@pytest.fixture(autouse=True)
def kernel():
    _core.set_preferred_kernel(EMULATED)
    yield
    _core.set_preferred_kernel("")


def double(x):
    return np.asarray(x, "float64")


def check(found, a, b):
    """Every element is as exact as a float32 sum of float32 products: relative to the sum of their magnitudes."""
    exact, magnitude = double(a) @ double(b), np.abs(double(a)) @ np.abs(double(b))
    assert found.dtype == np.float32
    assert (np.abs(double(found) - exact) <= 2.0**-22 * magnitude).all()


@pytest.mark.parametrize("transpose_b", [False, True])
@pytest.mark.parametrize("transpose_a", [False, True])
@pytest.mark.parametrize("m, n, k", SHAPES)
def test_a_product_is_as_exact_as_float32(m, n, k, transpose_a, transpose_b):
    generator = np.random.default_rng(m + n + k)
    a, b = generator.normal(size=(m, k)).astype("float32"), generator.normal(size=(k, n)).astype("float32")
    left, right = (gm.ops.convert_to_tensor(x.T if turned else x) for x, turned in ((a, transpose_a), (b, transpose_b)))
    check(_core.ops.matmul(left, right, transpose_a=transpose_a, transpose_b=transpose_b).numpy(), a, b)


def test_errors_are_no_larger_than_those_of_numpy_in_float32():
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(64, 1024)).astype("float32"), generator.normal(size=(1024, 64)).astype("float32")
    exact = double(a) @ double(b)
    error, peer = (np.sqrt(np.mean((double(x) - exact) ** 2)) for x in (gm.ops.matmul(a, b).numpy(), a @ b))
    assert error <= peer


def test_factors_of_all_sizes():
    generator = np.random.default_rng(1)
    a, b = generator.normal(size=(70, 90)), generator.normal(size=(90, 80))
    a, b = a * 2.0 ** generator.integers(-40, 40, (70, 1)), b * 2.0 ** generator.integers(-40, 40, (1, 80))
    a, b = a.astype("float32"), b.astype("float32")
    check(gm.ops.matmul(a, b).numpy(), a, b)


@pytest.mark.parametrize(
    "a_batch, b_batch", [((3,), (3,)), ((2, 3), (3,)), ((2, 1), (2, 3)), ((1,), (4,)), ((4,), (1,))]
)
@pytest.mark.parametrize("columns", [50, 270])
def test_products_of_a_batch(a_batch, b_batch, columns):
    generator = np.random.default_rng(2)
    a = generator.normal(size=(*a_batch, 40, 70)).astype("float32")
    b = generator.normal(size=(*b_batch, 70, columns)).astype("float32")
    check(gm.ops.matmul(a, b).numpy(), a, b)


@pytest.mark.parametrize("columns", [48, 300])
@pytest.mark.parametrize("where", ["a", "b"])
def test_numbers_that_cannot_be_split_are_multiplied_as_they_are(columns, where):
    largest = np.finfo("float32").max
    a, b = np.ones((70, 64), "float32"), np.ones((64, columns), "float32")
    if where == "a":
        a[7, 3], a[9, 3], a[11, 5] = np.nan, np.inf, largest
        a[11] *= 0.25
    else:
        b[7, 3], b[9, 33], b[5, 40] = np.nan, -np.inf, largest
        b[:, 40] *= 0.25
    with np.errstate(invalid="ignore"):
        expected = double(a) @ double(b)
    found = gm.ops.matmul(a, b).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_threads_do_not_change_a_bit():
    generator = np.random.default_rng(3)
    a, b = generator.normal(size=(330, 200)).astype("float32"), generator.normal(size=(200, 530)).astype("float32")
    results = on_threads(lambda: gm.ops.matmul(a, b).numpy())
    assert np.array_equal(results[0], results[1]) and np.array_equal(results[0], results[2])


def train(kernel):
    """Losses of five steps of a small network, and what its plan says."""
    _core.set_preferred_kernel(kernel)
    gm.utils.set_random_seed(0)
    layers = gm.layers
    model = gm.Sequential([gm.Input((20, 48)), layers.Dense(96, activation="gelu"), layers.Dense(48), layers.Flatten()])
    model.add(layers.Dense(5))
    model.compile(gm.optimizers.Adam(0.01), gm.losses.SparseCategoricalCrossentropy(from_logits=True))
    generator = np.random.default_rng(4)
    x, y = generator.normal(size=(16, 20, 48)).astype("float32"), generator.integers(0, 5, 16)
    losses = model.fit(x, y, batch_size=16, epochs=5, verbose=0).history["loss"]
    return losses, model.plan_for(x, y).describe()


def test_a_network_trains_as_on_plain_float32():
    losses, plan = train(EMULATED)
    expected, _ = train("packed")
    assert EMULATED in plan
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    assert losses[-1] < 0.8 * losses[0]


def test_what_is_chosen_without_a_preference():
    _core.set_preferred_kernel("")
    a, row = gm.ops.ones((512, 512)), gm.ops.ones((1, 512))
    large, small = (gm.function(gm.ops.matmul).plan_for(x, a).describe() for x in (a, row))
    assert "emulated" not in large and "tiles" not in small
