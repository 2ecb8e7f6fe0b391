"""Kernels for units that multiply bfloat16 numbers (AMX, AVX512-BF16): their blocks, emulated, on any processor."""

import numpy as np
import pytest
from on_threads import on_threads

import gradmill as gm
from gradmill import _core

EMULATED = ("bfloat16 tiles, emulated", "bfloat16 pairs, emulated")
# Rows, columns, terms: at and around the sizes of tiles, panels, chunks of columns and blocks of the sum.
SHAPES = [(8, 16, 32), (9, 17, 33), (31, 45, 70), (32, 32, 64), (64, 64, 96), (130, 300, 64), (257, 33, 515)]
SHAPES += [(129, 40, 1031)]


@pytest.fixture(params=EMULATED)
def kernel(request):
    _core.set_preferred_kernel(request.param)
    yield request.param
    _core.set_preferred_kernel("")


def bfloat16(generator, *shape):
    return gm.ops.cast(generator.normal(size=shape).astype("float32"), "bfloat16")


def wide(tensor):
    return gm.ops.cast(tensor, "float64").numpy()


@pytest.mark.parametrize("transpose_b", [False, True])
@pytest.mark.parametrize("transpose_a", [False, True])
@pytest.mark.parametrize("m, n, k", SHAPES)
def test_a_product_is_that_of_the_widened_factors(kernel, m, n, k, transpose_a, transpose_b):
    generator = np.random.default_rng(m + n + k)
    a = bfloat16(generator, *((k, m) if transpose_a else (m, k)))
    b = bfloat16(generator, *((n, k) if transpose_b else (k, n)))
    found = _core.ops.matmul(a, b, transpose_a=transpose_a, transpose_b=transpose_b)
    exact = (wide(a).T if transpose_a else wide(a)) @ (wide(b).T if transpose_b else wide(b))
    np.testing.assert_allclose(wide(found), exact, rtol=1.01 * 2.0**-8, atol=1e-4)


@pytest.mark.parametrize(
    "a_batch, b_batch", [((3,), (3,)), ((2, 3), (3,)), ((2, 1), (2, 3)), ((1,), (4,)), ((4,), (1,))]
)
def test_products_of_a_batch(kernel, a_batch, b_batch):
    generator = np.random.default_rng(1)
    a, b = bfloat16(generator, *a_batch, 40, 70), bfloat16(generator, *b_batch, 70, 50)
    np.testing.assert_allclose(wide(gm.ops.matmul(a, b)), wide(a) @ wide(b), rtol=1.01 * 2.0**-8, atol=1e-4)


def test_numbers_that_are_not_finite_stay_in_their_row_and_column(kernel):
    a, b = np.ones((40, 64), "float32"), np.ones((64, 48), "float32")
    a[7, 3], b[5, 20] = np.nan, np.inf
    found = wide(gm.ops.matmul(gm.ops.cast(a, "bfloat16"), gm.ops.cast(b, "bfloat16")))
    assert np.isnan(found[7]).all() and np.isinf(np.delete(found[:, 20], 7)).all()
    assert (np.delete(np.delete(found, 7, 0), 20, 1) == 64).all()


def test_threads_do_not_change_a_bit(kernel):
    generator = np.random.default_rng(2)
    a, b = bfloat16(generator, 300, 200), bfloat16(generator, 200, 330)
    results = on_threads(lambda: wide(gm.ops.matmul(a, b)))
    assert np.array_equal(results[0], results[1]) and np.array_equal(results[0], results[2])


def train(kernel):
    """Losses of five steps of a network of mixed precision, and what its plan says."""
    _core.set_preferred_kernel(kernel)
    gm.utils.set_random_seed(0)
    layers = gm.layers
    policy = "mixed_bfloat16"
    model = gm.Sequential(
        [
            gm.Input((20, 48)),
            layers.Dense(96, activation="gelu", dtype=policy),
            layers.LayerNormalization(dtype=policy),
            layers.Dense(48, use_bias=False, dtype=policy),
            layers.Flatten(dtype=policy),
            layers.Dense(40, activation="relu", dtype=policy),
            layers.Dense(5, dtype="float32"),
        ]
    )
    model.compile(gm.optimizers.SGD(0.05), gm.losses.SparseCategoricalCrossentropy(from_logits=True))
    generator = np.random.default_rng(3)
    x, y = generator.normal(size=(16, 20, 48)).astype("float32"), generator.integers(0, 5, 16)
    losses = model.fit(x, y, batch_size=16, epochs=5, verbose=0).history["loss"]
    return losses, model.plan_for(x, y).describe()


@pytest.mark.parametrize("unit", EMULATED)
def test_a_network_trains_as_with_widened_factors(unit):
    try:
        expected, _ = train("packed")
        losses, plan = train(unit)
    finally:
        _core.set_preferred_kernel("")
    assert unit in plan
    # Sums in another order, and each value is rounded to 8 bits on its way.
    np.testing.assert_allclose(losses, expected, rtol=0.02)
    assert losses[-1] < 0.8 * losses[0]


def test_an_emulation_is_chosen_by_nobody():
    a = gm.ops.ones((64, 64), dtype="bfloat16")
    assert "emulated" not in gm.function(gm.ops.matmul).plan_for(a, a).describe()
