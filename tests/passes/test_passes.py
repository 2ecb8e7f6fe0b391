"""What each pass does to small graphs, seen through the listing and the description of the plan."""

from __future__ import annotations

import re

import numpy as np
import pytest

import gradmill as gm
from gradmill import _core, ops

A = np.linspace(-1, 1, 16, dtype="float32").reshape(4, 4)
B = np.linspace(0.5, 2, 16, dtype="float32").reshape(4, 4)


@pytest.fixture
def disabled():
    """A function that switches passes off until the test ends."""
    yield _core.set_disabled_passes
    _core.set_disabled_passes([])


def plan_of(function, *arguments):
    """The plan, after its results were checked against the eager ones."""
    compiled = gm.function(function)
    np.testing.assert_allclose(
        np.asarray(compiled(*arguments)), np.asarray(function(*map(ops.convert_to_tensor, arguments))), rtol=1e-6
    )
    return compiled.plan_for(*arguments)


def steps(plan) -> list:
    """Names of the ops that run, in order."""
    return re.findall(r"^ *\d+ [ |]+(\w+) \[", plan.describe(), re.MULTILINE)


def test_constants_are_folded(disabled) -> None:
    def function(x):
        table = ops.exp(ops.reshape(ops.arange(4, dtype="float32"), (4, 1))) * 2.0
        return ops.matmul(x, table)

    assert steps(plan_of(function, A)) == ["matmul"]
    disabled(["fold_constants"])
    assert len(steps(plan_of(function, A))) > 1


def test_common_subexpressions_are_merged(disabled) -> None:
    def function(x, y):
        return ops.softmax(ops.matmul(x, y)) + ops.softmax(ops.matmul(x, y), axis=0)

    assert steps(plan_of(function, A, B)).count("matmul") == 1
    disabled(["merge_common"])
    assert steps(plan_of(function, A, B)).count("matmul") == 2


def test_random_draws_are_never_merged() -> None:
    generator = gm.random.SeedGenerator(3)

    @gm.function
    def two_draws():
        return gm.random.uniform((50,), seed=generator), gm.random.uniform((50,), seed=generator)

    first, second = two_draws()
    assert not np.array_equal(first.numpy(), second.numpy())


def test_dead_code_is_removed(disabled) -> None:
    def function(x, y):
        ops.softmax(ops.matmul(x, y))
        return ops.sum(x, axis=0)

    assert steps(plan_of(function, A, B)) == ["sum"]
    disabled(["remove_dead"])
    assert "sum" in steps(plan_of(function, A, B))


def test_an_assignment_is_not_dead() -> None:
    counter = gm.Variable(0.0)

    @gm.function
    def count():
        counter.assign_add(1.0)

    count()
    count()
    assert float(counter) == 2.0


def test_elementwise_chains_become_one_tile(disabled) -> None:
    def function(x, y):
        return ops.tanh(ops.exp(x) * y + 3.0) - ops.sqrt(y)

    plan = plan_of(function, A, B)
    assert steps(plan) == ["fused_tile"]
    described = plan.describe()
    for name in ("exp", "tanh", "sqrt"):
        assert name in described
    assert plan.arena_bytes == 0
    disabled(["fuse_tiles"])
    assert len(steps(plan_of(function, A, B))) >= 5


def test_a_tile_may_have_several_results() -> None:
    @gm.function
    def function(x):
        y = ops.exp(x)
        return y, y * 2.0 + x

    first, second = function(A)
    np.testing.assert_allclose(first, np.exp(A), rtol=1e-6)
    np.testing.assert_allclose(second, np.exp(A) * 2 + A, rtol=1e-6)
    assert function.plan_for(A).kernel_calls == 1


def test_bias_and_activation_go_into_the_product(disabled) -> None:
    bias = gm.Variable(np.array([0.5, -0.5, 1.0, 0.0], "float32"))

    def function(x, y):
        return ops.relu(ops.matmul(x, y) + bias)

    plan = plan_of(function, A, B)
    assert steps(plan) == ["matmul"]
    assert re.search(r"matmul \[[^\]]*add[^\]]*relu", plan.describe())
    disabled(["fuse_epilogues"])
    assert steps(plan_of(function, A, B)) == ["matmul", "fused_tile"]


def test_a_product_needed_twice_keeps_its_value() -> None:
    def function(x, y):
        product = ops.matmul(x, y)
        return ops.relu(product + 1.0) + ops.sum(product, axis=0)

    plan_of(function, A, B)


def test_updates_run_in_place() -> None:
    weights, velocity = gm.Variable(A), gm.Variable(np.zeros_like(A))

    @gm.function
    def momentum_step(gradient):
        velocity.assign(0.9 * velocity - 0.1 * gradient)
        weights.assign_add(velocity)

    plan = momentum_step.plan_for(B)
    described = plan.describe()
    assert not re.search(r"^ +copy ", described, re.MULTILINE), described
    assert re.search(r"-> .*state \d", described)
    momentum_step(B)
    momentum_step(B)
    np.testing.assert_allclose(weights.numpy(), A - 0.1 * B - 0.19 * B, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(velocity.numpy(), -0.19 * B, rtol=1e-6)


def test_a_state_read_after_its_update_sees_the_right_value() -> None:
    state = gm.Variable(A)

    @gm.function
    def function(x):
        before = state.value
        state.assign(x)
        return before + state, ops.matmul(before, state.value)

    total, product = function(B)
    np.testing.assert_allclose(total, A + B, rtol=1e-6)
    np.testing.assert_allclose(product, A @ B, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(state.numpy(), B)


def test_memory_is_used_again() -> None:
    """A chain of ten products needs two intermediate buffers at a time, not nine."""
    size = 64
    x = np.eye(size, dtype="float32") * 0.5

    def chain(y):
        for _ in range(10):
            y = ops.transpose(ops.matmul(y, y + 0.0))
        return y

    plan = gm.function(chain).plan_for(x)
    assert plan.arena_bytes <= 4 * size * size * 4


def test_the_listing_shows_types_and_results() -> None:
    text = str(gm.function(lambda x, y: ops.matmul(x, y)).plan_for(A, B))
    assert "float32(4, 4)" in text and "matmul" in text and "return" in text


@pytest.mark.parametrize(
    "name", ["remove_dead", "fold_constants", "merge_common", "recompute", "fuse_tiles", "fuse_epilogues"]
)
def test_results_do_not_depend_on_a_pass(name, disabled) -> None:
    def function(x, y):
        ops.exp(y)
        h = ops.relu(ops.matmul(x, y) + ops.arange(4, dtype="float32"))
        return ops.softmax(h * 2.0) + ops.softmax(h * 2.0) - ops.mean(h, axis=0)

    expected = np.asarray(gm.function(function)(A, B))
    disabled([name])
    np.testing.assert_allclose(np.asarray(gm.function(function)(A, B)), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "image, window, channels, filters, strides, padding, depthwise",
    [
        ((9, 8), (3, 3), 5, 19, 1, "same", False),
        ((9, 8), (3, 3), 5, 19, 2, "valid", False),
        ((2, 2), (3, 3), 7, 33, 1, "same", False),
        ((6, 5), (1, 1), 9, 300, 1, "same", False),
        ((6, 5), (1, 1), 9, 300, 2, "same", False),
        ((7, 7), (3, 3), 4, 8, 1, "same", False),  # two groups
        ((11, 9), (3, 3), 27, 27, 2, "same", True),
    ],
)
def test_work_on_convolutions_joins_them(dtype, image, window, channels, filters, strides, padding, depthwise) -> None:
    generator = np.random.default_rng(4)
    x = generator.normal(size=(3, *image, channels)).astype(dtype)
    own = channels // 2 if filters == 8 else channels
    kernel = generator.normal(size=(*window, channels, 1) if depthwise else (*window, own, filters)).astype(dtype)
    bias = generator.normal(size=filters).astype(dtype)
    convolve = ops.depthwise_conv if depthwise else ops.conv
    shortcut = generator.normal(size=convolve(x, kernel, strides, padding).shape).astype(dtype)

    def function(x, kernel, bias, shortcut):
        y = ops.relu(convolve(x, kernel, strides, padding) + bias + shortcut)
        return y, y * 2.0

    compiled, arguments = gm.function(function), (x, kernel, bias, shortcut)
    for found, wanted in zip(compiled(*arguments), function(*map(ops.convert_to_tensor, arguments))):
        np.testing.assert_allclose(np.asarray(found), np.asarray(wanted), rtol=1e-5, atol=1e-5)
    product = ["matmul"] if strides == 1 else ["slice", "matmul"]  # of the pixels that a kernel of one pixel sees
    assert steps(compiled.plan_for(*arguments)) == (product if window == (1, 1) else ["convolution"])
