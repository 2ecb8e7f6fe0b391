"""Loops of one's own, run op by op: what is compiled behind the scenes from the third step on changes no result."""

import numpy as np
import pytest

import gradmill as gm
from gradmill import layers, ops

STEPS = 5  # more than a tape needs to be compiled


def repeated_gradients(loss_of, sources, output_gradients=None):
    """The gradients of STEPS tapes of the same kind, as arrays; the first are walked op by op."""
    found = []
    for _ in range(STEPS):
        with gm.GradientTape() as tape:
            for source in sources:
                tape.watch(source)
            loss = loss_of()
        gradients = tape.gradient(loss, sources, output_gradients)
        found.append([None if each is None else each.numpy() for each in gradients])
    return found


def assert_all_alike(found):
    for later in found[1:]:
        for first, again in zip(found[0], later):
            assert (first is None and again is None) or np.array_equal(first, again)


NETWORKS = {
    "lstm": ((6, 5, 3), lambda: [layers.Masking(-1.0), layers.LSTM(4), layers.Dense(2)]),
    "gru": ((6, 5, 3), lambda: [layers.Bidirectional(layers.GRU(4, return_sequences=True)), layers.Dense(1)]),
    "vision": (
        (4, 8, 8, 3),
        lambda: [
            layers.Conv2D(5, 3, padding="same"), layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D(),
            layers.DepthwiseConv2D(3), layers.Flatten(), layers.Dense(3, activation="softmax"),
        ],
    ),
    "dense": ((7, 5), lambda: [layers.Dense(9, "gelu"), layers.LayerNormalization(), layers.Dense(2, "tanh")]),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_later_steps_give_the_same_bits_as_the_first(name):
    shape, make = NETWORKS[name]
    gm.utils.set_random_seed(1)
    model = gm.Sequential(make())
    x = ops.convert_to_tensor(np.random.default_rng(0).normal(size=shape).astype("float32"))
    model(x)
    sources = [*model.trainable_variables, x]
    assert_all_alike(repeated_gradients(lambda: ops.mean(ops.square(model(x, training=True) - 0.5)), sources))


def test_a_later_step_sees_new_values_of_inputs_and_variables():
    w = gm.Variable([1.0, 2.0])
    for step in range(STEPS):
        w.assign([1.0 + step, 2.0])
        x = ops.convert_to_tensor([float(step), 3.0])
        with gm.GradientTape() as tape:
            loss = ops.sum(w * w * x)
        assert tape.gradient(loss, w).numpy().tolist() == [2.0 * (1.0 + step) * step, 12.0]


def test_attributes_sources_and_seeds_tell_tapes_apart():
    x = ops.convert_to_tensor(np.arange(6.0, dtype="float32").reshape(2, 3))
    unused = gm.Variable(1.0)

    def squared_sums(axis):
        return lambda: ops.sum(ops.square(ops.sum(x, axis=axis)))

    for axis in (0, 1):
        expected = np.broadcast_to(2.0 * x.numpy().sum(axis=axis, keepdims=True), (2, 3))
        for (got,) in repeated_gradients(squared_sums(axis), [x]):
            assert np.allclose(got, expected)
    for slope, none in repeated_gradients(lambda: x * x, [x, unused], ops.ones((2, 3)) * 3.0):
        assert np.allclose(slope, 6.0 * x.numpy()) and none is None
    for (slope,) in repeated_gradients(lambda: x * x, [x]):
        assert np.allclose(slope, 2.0 * x.numpy())
    assert_all_alike(repeated_gradients(lambda: ops.sum(ops.stop_gradient(x)), [x]))


def test_persistent_and_nested_tapes_after_many_of_the_same():
    x = gm.Variable(3.0)
    for _ in range(STEPS):
        with gm.GradientTape(persistent=True) as tape:
            y = x * x * x
            z = y * x
        assert float(tape.gradient(y, x)) == 27.0
        assert float(tape.gradient(y, x)) == 27.0
        assert float(tape.gradient(z, x)) == 108.0
        with gm.GradientTape() as outer:
            with gm.GradientTape() as inner:
                y = x * x * x
            slope = inner.gradient(y, x)
        assert float(outer.gradient(slope, x)) == 18.0


def test_an_op_without_second_derivative_is_named_every_time():
    x = gm.Variable(np.ones((1, 4, 4, 1), "float32"))
    messages = set()
    for _ in range(STEPS):
        with gm.GradientTape() as outer:
            with gm.GradientTape() as inner:
                y = ops.sum(ops.square(ops.max_pool(x, 2)))
            slope = inner.gradient(y, x)
        try:
            outer.gradient(slope, x)
        except gm.errors.UnsupportedError as error:
            messages.add(str(error))
        else:
            messages.add("")
    assert len(messages) == 1


def test_a_trained_model_is_the_same_with_and_without_plans():
    def train(steps):
        gm.utils.set_random_seed(4)
        model = gm.Sequential([layers.LSTM(6), layers.Dense(1)])
        optimizer = gm.optimizers.Adam(0.01)
        data = np.random.default_rng(2).normal(size=(steps, 8, 4, 2)).astype("float32")
        for batch in data:
            with gm.GradientTape() as tape:
                loss = ops.mean(ops.square(model(batch, training=True) - 1.0))
            variables = model.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return model.get_weights()

    once = train(12)  # compiles on the way
    for first, again in zip(once, train(12)):  # compiled from the first step on
        assert np.array_equal(first, again)


def test_a_gradient_that_does_not_fit_is_named_after_good_steps():
    w = gm.Variable(np.ones(3, "float32"), name="slope")
    optimizer = gm.optimizers.SGD(0.5)
    for _ in range(STEPS):
        optimizer.apply_gradients([(ops.ones(3), w)])
    with pytest.raises(gm.errors.ShapeError, match=r"'slope'.*\(3,\).*\(2,\)"):
        optimizer.apply_gradients([(ops.ones(2), w)])
    with pytest.raises(gm.errors.ArgumentError, match="at least one"):
        optimizer.apply_gradients([(None, w)])
    optimizer.apply_gradients([(np.ones(3, "float32"), w)])
    assert w.numpy().tolist() == [-2.0] * 3 and int(optimizer.iterations) == STEPS + 1


def test_masked_steps_leave_the_state_of_an_lstm_alone():
    lstm = layers.LSTM(2)
    x = np.array([[[1.0], [0.5], [-1.0]]], "float32")
    assert np.array_equal(lstm(layers.Masking(-1.0)(x)).numpy(), lstm(x[:, :2]).numpy())
