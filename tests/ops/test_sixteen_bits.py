"""Numbers in 16 bits: conversions beside NumPy, and products of them."""

import numpy as np
import pytest

import gradmill as gm
from gradmill import _core

SHAPES = [(1, 1, 1), (5, 16, 9), (7, 16, 300), (16, 96, 1000), (96, 24, 513), (64, 200, 257), (130, 33, 70)]
SHAPES += [(200, 400, 600)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_float16_is_widened_exactly(dtype):
    halves = np.arange(1 << 16, dtype="uint16").view("float16")
    found = gm.ops.cast(gm.ops.convert_to_tensor(halves), dtype).numpy()
    np.testing.assert_array_equal(found, halves.astype(dtype))


@pytest.mark.parametrize("transpose_b", [False, True])
@pytest.mark.parametrize("transpose_a", [False, True])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("m, n, k", SHAPES)
def test_a_product_is_that_of_the_widened_factors(m, n, k, dtype, transpose_a, transpose_b):
    generator = np.random.default_rng(m + n + k)
    a = gm.ops.cast(generator.normal(size=(k, m) if transpose_a else (m, k)).astype("float32"), dtype)
    b = gm.ops.cast(generator.normal(size=(n, k) if transpose_b else (k, n)).astype("float32"), dtype)
    found = _core.ops.matmul(a, b, transpose_a=transpose_a, transpose_b=transpose_b)
    wide_a, wide_b = (gm.ops.cast(each, "float64").numpy() for each in (a, b))
    exact = (wide_a.T if transpose_a else wide_a) @ (wide_b.T if transpose_b else wide_b)
    assert found.dtype == dtype
    step = 2.0**-8 if dtype == "bfloat16" else 2.0**-11  # half of the distance of two neighbours, relative
    np.testing.assert_allclose(gm.ops.cast(found, "float64").numpy(), exact, rtol=1.01 * step, atol=1e-4)
