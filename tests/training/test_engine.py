"""The engine under training: eager = compiled, passes, threads, seeds, checks for NaN, plans, states, memory."""

from __future__ import annotations

import gc
import re
from pathlib import Path

import numpy as np
import pytest

import gradmill as gm
from gradmill import _core, ops, tracing

OPTIMIZERS = ["SGD", "momentum", "Adam", "AdamW", "RMSprop", "Adagrad"]
PASSES = ["remove_dead", "fold_constants", "merge_common", "recompute", "fuse_tiles", "fuse_epilogues"]


@pytest.fixture(autouse=True)
def restore():
    """Leave passes, threads and checks as they were."""
    threads = gm.config.get_threads()
    yield
    _core.set_disabled_passes([])
    gm.config.set_threads(threads)
    gm.config.disable_nan_checks()


def optimizer_named(name):
    if name == "momentum":
        return gm.optimizers.SGD(0.05, momentum=0.9, nesterov=True)
    return getattr(gm.optimizers, name)(0.01)


def data(rows=64, features=20, classes=5):
    generator = np.random.default_rng(3)
    return generator.normal(size=(rows, features)).astype("float32"), generator.integers(0, classes, rows).astype(
        "int32"
    )


class Perceptron:
    """Two dense layers with dropout between, and the training step a user would write."""

    def __init__(self, optimizer="SGD", dropout=0.0, hidden=32):
        gm.utils.set_random_seed(11)
        self.model = gm.Sequential(
            [
                gm.Input((20,)),
                gm.layers.Dense(hidden, activation="relu", name="hidden"),
                gm.layers.Dropout(dropout, seed=5),
                gm.layers.Dense(5, name="logits"),
            ]
        )
        self.optimizer = optimizer_named(optimizer)
        self.optimizer.build(self.model.trainable_variables)
        self.loss = gm.losses.SparseCategoricalCrossentropy(from_logits=True)

    def step(self, x, y):
        """One update; returns the loss before it."""
        with gm.GradientTape() as tape:
            loss = self.loss(y, self.model(x, training=True))
        variables = self.model.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return loss

    def losses(self, count, compiled=True):
        step = gm.function(self.step) if compiled else self.step
        x, y = map(ops.convert_to_tensor, data())
        return [float(step(x, y)) for _ in range(count)]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_eager_and_compiled_losses_agree(optimizer) -> None:
    eager, compiled = (Perceptron(optimizer).losses(10, compiled) for compiled in (False, True))
    np.testing.assert_allclose(compiled, eager, rtol=1e-5)
    assert compiled[-1] < compiled[0]


@pytest.mark.parametrize("name", PASSES)
@pytest.mark.parametrize("optimizer", ["momentum", "Adam"])
def test_losses_do_not_depend_on_a_pass(name, optimizer) -> None:
    expected = Perceptron(optimizer, dropout=0.2).losses(10)
    _core.set_disabled_passes([name])
    np.testing.assert_allclose(Perceptron(optimizer, dropout=0.2).losses(10), expected, rtol=1e-6)


def test_all_optional_passes_off() -> None:
    expected = Perceptron("Adam").losses(10)
    _core.set_disabled_passes(PASSES)
    np.testing.assert_allclose(Perceptron("Adam").losses(10), expected, rtol=1e-6)


def weights_after(steps, threads, hidden=300):
    gm.config.set_threads(threads)
    perceptron = Perceptron("Adam", dropout=0.3, hidden=hidden)
    perceptron.losses(steps)
    return [weight.tobytes() for weight in perceptron.model.get_weights()]


def test_one_and_two_threads_train_to_the_same_bits() -> None:
    assert weights_after(20, 1) == weights_after(20, 2)


def test_the_same_seed_gives_the_same_bits() -> None:
    assert weights_after(20, 2, hidden=40) == weights_after(20, 2, hidden=40)


def test_fit_twice_gives_the_same_bits() -> None:
    found = []
    for _ in range(2):
        model = Perceptron("Adam", dropout=0.3).model
        model.compile("adam", gm.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(*data(), batch_size=10, epochs=3, verbose=0)
        found.append([weight.tobytes() for weight in model.get_weights()])
    assert found[0] == found[1]


# Checks for NaN


def test_nan_checks_name_layer_op_and_step() -> None:
    layer = gm.layers.Dense(3, name="guilty")
    layer.build((None, 3))

    def forward(x):
        with tracing.name_scope("outer"):
            return ops.log(layer(x) - 1e6)

    gm.config.enable_nan_checks()
    with pytest.raises(gm.errors.NonFiniteError) as caught:
        gm.function(forward)(ops.ones((2, 3)))
    message = str(caught.value)
    assert "log" in message and "outer" in message, message
    assert "step" in message, message


def test_nan_checks_find_the_layer_in_fit() -> None:
    perceptron = Perceptron()
    perceptron.model.get_layer("hidden").kernel.assign(np.full((20, 32), np.nan, "float32"))
    perceptron.model.compile("sgd", gm.losses.SparseCategoricalCrossentropy(from_logits=True))
    gm.config.enable_nan_checks()
    with pytest.raises(gm.errors.NonFiniteError, match="hidden"):
        perceptron.model.fit(*data(), epochs=1, verbose=0)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_nan_checks_name_the_eager_op_and_its_layer(dtype: str) -> None:
    x = ops.convert_to_tensor([4.0, -1.0, 1.0], dtype)
    gm.config.enable_nan_checks()
    with pytest.raises(gm.errors.NonFiniteError, match=rf"layer '\(none\)', op sqrt .*element 1 of the result {dtype}"):
        ops.sqrt(x)
    with pytest.raises(gm.errors.NonFiniteError, match="layer 'model/logarithm', op log "):
        with tracing.name_scope("model"), tracing.name_scope("logarithm"):
            ops.log(x)
    gm.config.disable_nan_checks()
    assert np.isnan(ops.sqrt(x).astype("float32").numpy()).tolist() == [False, True, False]


def test_nan_checks_find_the_layer_of_an_eager_call() -> None:
    model = gm.Sequential([gm.Input((3,)), gm.layers.Dense(2, name="fine"), gm.layers.Dense(2, name="guilty")])
    model.get_layer("guilty").kernel.assign(np.full((2, 2), np.inf, "float32"))
    odd = ops.convert_to_tensor([np.nan])
    gm.config.enable_nan_checks()
    with pytest.raises(gm.errors.NonFiniteError, match=r"layer '[^']*guilty', op matmul"):
        model(ops.ones((1, 3)))
    assert ops.isnan(odd).numpy().all(), "what is true of a NaN is no NaN"


def test_without_checks_nan_is_a_value() -> None:
    assert np.isnan(float(gm.function(lambda x: ops.log(x))(ops.convert_to_tensor(-1.0))))


# Plans


def test_describe_and_profile_tell_about_every_step() -> None:
    perceptron = Perceptron("Adam")
    step = gm.function(perceptron.step)
    x, y = map(ops.convert_to_tensor, data())
    step(x, y)
    plan = step.plan_for(x, y)
    text = plan.describe()
    assert re.search(r"matmul \[\w+.*float32\(64, 20\).*float32\(64, 32\)", text)
    assert "hidden" in text and "logits" in text and "arena" in text and "state" in text
    assert f"{plan.kernel_calls} kernel calls" in text
    before = [weight.copy() for weight in perceptron.model.get_weights()]
    rows = plan.profile([x, y], 3)
    assert len(rows) == plan.kernel_calls
    assert {"op", "layer", "seconds"} <= set(rows[0])
    assert all(row["seconds"] >= 0 for row in rows)
    assert any("hidden" in row["layer"] for row in rows)
    for old, new in zip(before, perceptron.model.get_weights()):
        np.testing.assert_array_equal(old, new)
    assert plan.planned_bytes >= plan.arena_bytes > 0


def test_one_plan_for_each_signature() -> None:
    traces = []

    @gm.function
    def double(x, factor=2):
        traces.append(x.shape)
        return x * factor

    for _ in range(3):
        for rows in (1, 2, 3):
            assert double(np.ones((rows, 2), "float32")).shape == (rows, 2)
    assert len(traces) == len(double.plans) == 3
    double(np.ones((1, 2), "float32"), factor=3)
    double(np.ones((1, 2), "float64"))
    assert len(double.plans) == 5


def test_the_plan_cache_is_bounded() -> None:
    square = gm.function(lambda x: x * x)
    limit = _core.plan_cache_size()
    for rows in range(1, limit + 8):
        square(np.ones(rows, "float32"))
    assert len(square.plans) == limit
    small = tracing.Function(lambda x: x * x, cache_size=2)
    for rows in (1, 2, 3, 1):
        assert small(np.ones(rows, "float32")).shape == (rows,)
    assert len(small.plans) == 2


# States


def test_states_that_swap_their_values() -> None:
    a, b = gm.Variable([1.0, 2.0]), gm.Variable([3.0, 4.0])

    @gm.function
    def swap():
        old = a.value
        a.assign(b)
        b.assign(old)

    for turn in range(3):
        swap()
        expected = ([3.0, 4.0], [1.0, 2.0]) if turn % 2 == 0 else ([1.0, 2.0], [3.0, 4.0])
        np.testing.assert_array_equal(a.numpy(), expected[0])
        np.testing.assert_array_equal(b.numpy(), expected[1])


def test_three_states_rotate() -> None:
    states = [gm.Variable(np.full(5, float(i), "float32")) for i in range(3)]

    @gm.function
    def rotate():
        values = [state.value for state in states]
        for state, value in zip(states, values[1:] + values[:1]):
            state.assign(value)

    rotate()
    assert [float(state[0]) for state in states] == [1.0, 2.0, 0.0]


def test_swap_with_arithmetic() -> None:
    a, b = gm.Variable([1.0, 2.0]), gm.Variable([3.0, 4.0])

    @gm.function
    def step():
        new_a, new_b = b * 2.0, a + 1.0
        a.assign(new_a)
        b.assign(new_b)

    step()
    np.testing.assert_array_equal(a.numpy(), [6.0, 8.0])
    np.testing.assert_array_equal(b.numpy(), [2.0, 3.0])


def test_a_variable_read_after_assign() -> None:
    v = gm.Variable(1.0)

    @gm.function
    def function(x):
        before = v * 10.0
        v.assign(x)
        between = v * 10.0
        v.assign_add(1.0)
        return before, between, v.value

    assert [float(each) for each in function(ops.convert_to_tensor(5.0))] == [10.0, 50.0, 6.0]
    assert [float(each) for each in function(ops.convert_to_tensor(7.0))] == [60.0, 70.0, 8.0]


def test_results_do_not_change_when_the_plan_runs_again() -> None:
    v = gm.Variable(np.zeros(4, "float32"))

    @gm.function
    def count():
        v.assign_add(1.0)
        return v.value

    first = count()
    second = count()
    np.testing.assert_array_equal(first.numpy(), np.ones(4))
    np.testing.assert_array_equal(second.numpy(), np.full(4, 2.0))
    held = v.value
    count()
    np.testing.assert_array_equal(held.numpy(), np.full(4, 2.0))


def test_reading_a_traced_value_raises() -> None:
    for read in (lambda x: x.numpy(), float, bool, np.asarray, lambda x: x.item()):
        with pytest.raises(gm.errors.UnsupportedError):
            gm.function(lambda x, read=read: read(x) and x)(ops.convert_to_tensor(1.0))
    assert not tracing.is_tracing()


def test_a_leaked_traced_tensor_raises() -> None:
    leaked = []
    gm.function(lambda x: leaked.append(x * 2) or x)(ops.convert_to_tensor(1.0))
    with pytest.raises(gm.errors.UnsupportedError):
        leaked[0].numpy()
    with pytest.raises(gm.errors.UnsupportedError):
        leaked[0] + 1.0
    with pytest.raises(gm.errors.UnsupportedError):
        gm.function(lambda x: x + leaked[0])(ops.convert_to_tensor(1.0))
    assert not tracing.is_tracing()


def test_an_error_while_tracing_leaves_the_engine_usable() -> None:
    v = gm.Variable(1.0)

    @gm.function
    def broken(x):
        v.assign(x)
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        broken(ops.convert_to_tensor(2.0))
    assert not tracing.is_tracing()
    assert float(v) == 1.0
    assert float(v + 1.0) == 2.0


# Gradients


@pytest.mark.parametrize("compiled", [False, True])
def test_second_order_gradients(compiled) -> None:
    def derivatives(x):
        with gm.GradientTape() as outer:
            outer.watch(x)
            with gm.GradientTape() as inner:
                inner.watch(x)
                y = ops.sin(x) * x**3
            first = inner.gradient(y, x)
        return first, outer.gradient(first, x)

    points = np.array([0.3, -1.2, 2.0])
    run = gm.function(derivatives) if compiled else derivatives
    first, second = run(ops.convert_to_tensor(points))
    np.testing.assert_allclose(first, np.cos(points) * points**3 + 3 * points**2 * np.sin(points), rtol=1e-12)
    np.testing.assert_allclose(
        second, -np.sin(points) * points**3 + 6 * points**2 * np.cos(points) + 6 * points * np.sin(points), rtol=1e-12
    )


def test_second_order_through_a_network() -> None:
    """d/dx of |d(softmax(x W))_0 / dx|^2 against central differences of the first gradient."""
    weights = ops.convert_to_tensor(np.random.default_rng(0).normal(size=(3, 4)))

    def squared_slope(x):
        with gm.GradientTape() as tape:
            tape.watch(x)
            y = ops.sum(ops.softmax(ops.matmul(x, weights))[:, 0])
        return ops.sum(ops.square(tape.gradient(y, x)))

    start = np.array([[0.2, -0.4, 0.7]])
    x = ops.convert_to_tensor(start)
    with gm.GradientTape() as tape:
        tape.watch(x)
        value = squared_slope(x)
    found = tape.gradient(value, x).numpy()
    for i in range(3):
        move = np.zeros((1, 3))
        move[0, i] = 1e-5
        high, low = (float(squared_slope(ops.convert_to_tensor(start + sign * move))) for sign in (1, -1))
        np.testing.assert_allclose(found[0, i], (high - low) / 2e-5, rtol=1e-6)


def test_dropout_keeps_the_share_and_the_mean() -> None:
    x = np.ones((1000, 200), "float32")
    for rate in (0.1, 0.5, 0.9):
        y = np.asarray(gm.random.dropout(x, rate, seed=3))
        kept = np.mean(y != 0)
        assert abs(kept - (1 - rate)) < 5 * np.sqrt(rate * (1 - rate) / x.size)
        np.testing.assert_allclose(np.unique(y[y != 0]), 1 / (1 - rate), rtol=1e-6)
        columns = np.abs(np.mean(y != 0, axis=0) - (1 - rate)).max()
        assert columns < 6 * np.sqrt(rate * (1 - rate) / len(x))


@pytest.mark.parametrize("compiled", [False, True])
def test_dropout_backward_uses_the_mask_of_forward(compiled) -> None:
    layer = gm.layers.Dropout(0.4, seed=9)

    def run(x):
        with gm.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=True)
            total = ops.sum(y * 3.0)
        return y, tape.gradient(total, x)

    run = gm.function(run) if compiled else run
    x = ops.convert_to_tensor(np.full((50, 40), 2.0, "float32"))
    masks = []
    for _ in range(2):
        y, gradient = (np.asarray(each) for each in run(x))
        np.testing.assert_allclose(gradient, y / 2 * 3, rtol=1e-6)
        masks.append(y != 0)
    assert not np.array_equal(masks[0], masks[1])


# Memory over time


def resident_bytes() -> int:
    """Memory of this process that is in use now."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


needs_proc = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")


@pytest.mark.slow
@needs_proc
def test_ten_thousand_steps_do_not_grow() -> None:
    perceptron = Perceptron("Adam", dropout=0.2)
    step = gm.function(perceptron.step)
    x, y = map(ops.convert_to_tensor, data())
    for _ in range(1000):
        step(x, y)
    start = resident_bytes()
    for _ in range(10000):
        step(x, y)
    assert resident_bytes() - start < 2e6
    assert len(step.plans) == 1


def build_fit_delete() -> None:
    perceptron = Perceptron("Adam")
    perceptron.model.compile("adam", gm.losses.SparseCategoricalCrossentropy(from_logits=True))
    perceptron.model.fit(*data(), batch_size=16, epochs=1, verbose=0)


@pytest.mark.slow
@needs_proc
def test_two_hundred_models_leave_no_memory_behind() -> None:
    for _ in range(20):
        build_fit_delete()
    start = resident_bytes()
    for _ in range(200):
        build_fit_delete()
    assert resident_bytes() - start < 10e6


@pytest.mark.parametrize("compiled", [False, True])
def test_watching_a_variable_counts_it_once(compiled) -> None:
    trainable, fixed = gm.Variable(3.0), gm.Variable(5.0, trainable=False)

    def slopes():
        with gm.GradientTape() as tape:
            tape.watch([trainable, fixed])
            y = trainable * trainable * fixed
            fixed.assign(7.0)
            y = y + fixed * fixed
        return tape.gradient(y, [trainable, fixed])

    found = (gm.function(slopes) if compiled else slopes)()
    # 2 * 3 * 5; and 3 * 3 of the first value, 2 * 7 of the second.
    assert [float(each) for each in found] == [30.0, 23.0]


def test_a_tape_sees_through_a_compiled_function() -> None:
    w = gm.Variable(3.0)
    square = gm.function(lambda x: x * w * w)
    square(np.float32(2.0) * np.ones((), "float32"))
    with gm.GradientTape() as tape:
        y = square(np.full((), 2.0, "float32"))
    assert float(tape.gradient(y, w)) == 2 * 2 * 3
    assert len(square.plans) == 1, "outside of tapes it stays compiled"
