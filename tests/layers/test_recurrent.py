"""Recurrent layers: formulas, masks in all places, states, dropout, cells of the user."""

import json

import numpy as np
import pytest

import gradmill as gm
from gradmill import errors

layers = gm.layers
KINDS = ("SimpleRNN", "LSTM", "GRU")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 6, 4)).astype("float32")
# Every kind of row: gaps within, at the start, at the end.
MASK = np.array([[1, 0, 1, 1, 0, 1], [0, 0, 1, 0, 1, 0], [1, 1, 1, 1, 1, 1]], bool)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def make(kind, units=5, **arguments):
    """A built layer whose weights, biases too, are drawn."""
    layer = getattr(layers, kind)(units, **arguments)
    layer.build((None, None, 4))
    layer.set_weights([RNG.normal(size=weight.shape, scale=0.4).astype("float32") for weight in layer.weights])
    return layer


def numpy_step(kind, weights, x, h, c):
    """One step by the formulas of the papers, in float64."""
    kernel, recurrent, bias = (each.astype("float64") for each in weights)
    if kind == "SimpleRNN":
        return np.tanh(x @ kernel + h @ recurrent + bias), c
    if kind == "LSTM":
        i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c
    units = h.shape[-1]
    if bias.ndim == 2:
        xz, xr, xn = np.split(x @ kernel + bias[0], 3, axis=-1)
        hz, hr, hn = np.split(h @ recurrent + bias[1], 3, axis=-1)
        z, r = sigmoid(xz + hz), sigmoid(xr + hr)
        return z * h + (1 - z) * np.tanh(xn + r * hn), c
    xz, xr, xn = np.split(x @ kernel + bias, 3, axis=-1)
    z = sigmoid(xz + h @ recurrent[:, :units])
    r = sigmoid(xr + h @ recurrent[:, units : 2 * units])
    return z * h + (1 - z) * np.tanh(xn + (r * h) @ recurrent[:, 2 * units :]), c


def numpy_rnn(kind, weights, x, states, mask=None, zero=False, backwards=False):
    """All outputs and the last states, row by row: masked steps are not computed at all."""
    outputs = np.zeros((*x.shape[:2], states[0].shape[-1]))
    ends = []
    for row in range(len(x)):
        h, c = (each[row].astype("float64") for each in (states[0], states[-1]))
        output = np.zeros_like(h)
        for place, step in enumerate(range(x.shape[1])[::-1] if backwards else range(x.shape[1])):
            if mask is None or mask[row, step]:
                h, c = numpy_step(kind, weights, x[row, step], h, c)
                output = h
            elif zero:
                output = np.zeros_like(h)
            outputs[row, place] = output
        ends.append((h, c))
    return outputs, [np.stack(each) for each in zip(*ends)][: len(states)]


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("treatment", ["no mask", "mask", "zero"])
@pytest.mark.parametrize("kind", [*KINDS, "GRU before"])
def test_layer_is_its_formula(kind, treatment, backwards, compiled):
    arguments = {"reset_after": False} if kind == "GRU before" else {}
    kind, zero = kind.split()[0], treatment == "zero"
    mask = None if treatment == "no mask" else MASK
    states = [RNG.normal(size=(3, 5)).astype("float32") for _ in range(2 if kind == "LSTM" else 1)]
    settings = {"go_backwards": backwards, "zero_output_for_mask": zero, "return_state": True, **arguments}
    layer = make(kind, return_sequences=True, **settings)
    last = make(kind, **settings)
    last.set_weights(layer.get_weights())
    for given in (None, states):
        first = given or [np.zeros_like(each) for each in states]
        outputs, ends = numpy_rnn(kind, layer.get_weights(), X, first, mask, zero, backwards)

        def run(x, given=given):
            return layer(x, mask=mask, initial_state=given), last(x, mask=mask, initial_state=given)

        found, found_last = (gm.function(run) if compiled else run)(gm.ops.convert_to_tensor(X))
        np.testing.assert_allclose(found[0].numpy(), outputs, rtol=1e-5, atol=2e-6)
        np.testing.assert_allclose(found_last[0].numpy(), outputs[:, -1], rtol=1e-5, atol=2e-6)
        for end, wanted in zip(found[1:], ends):
            np.testing.assert_allclose(end.numpy(), wanted, rtol=1e-5, atol=2e-6)


class Stepwise:
    """Mixed into a cell: its own `call`, so that it runs step by step."""

    def call(self, inputs, states, training=False):
        return super().call(inputs, states, training=training)


class StepwiseSimple(Stepwise, layers.SimpleRNNCell):
    """SimpleRNNCell, step by step."""


class StepwiseLSTM(Stepwise, layers.LSTMCell):
    """LSTMCell, step by step."""


class StepwiseGRU(Stepwise, layers.GRUCell):
    """GRUCell, step by step."""


def stepwise_gru_before(units):
    """The GRUCell whose reset comes before the product, step by step."""
    return StepwiseGRU(units, reset_after=False)


@pytest.mark.parametrize("mask", [None, MASK], ids=["no mask", "mask"])
@pytest.mark.parametrize(
    "cell, kind, arguments",
    [
        (StepwiseSimple, "SimpleRNN", {}),
        (StepwiseLSTM, "LSTM", {}),
        (StepwiseGRU, "GRU", {}),
        (stepwise_gru_before, "GRU", {"reset_after": False}),
    ],
)
def test_cells_of_users_run_like_ours(cell, kind, arguments, mask):
    settings = {"return_sequences": True, "return_state": True, "go_backwards": True}
    ours, theirs = make(kind, **settings, **arguments), layers.RNN(cell(5), **settings)
    states = [RNG.normal(size=(3, 5)).astype("float32") for _ in ours.state_size]
    theirs.build(X.shape)
    theirs.set_weights(ours.get_weights())
    found = []
    for layer in (ours, theirs):
        with gm.GradientTape() as tape:
            outputs = layer(X, mask=mask, initial_state=states)
            loss = sum(gm.ops.sum(each * each) for each in outputs)
        found.append([*outputs, *tape.gradient(loss, layer.trainable_variables)])
    for one, other in zip(*found):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_stateful_halves_are_a_whole(kind):
    whole, halves = make(kind), getattr(layers, kind)(5, stateful=True)
    halves.build(X.shape)
    halves.set_weights(whole.get_weights())
    call = gm.function(lambda x: halves(x))
    for _ in range(2):
        call(gm.ops.convert_to_tensor(X[:, :3]))
        found = call(gm.ops.convert_to_tensor(X[:, 3:]))
        np.testing.assert_allclose(found.numpy(), whole(X).numpy(), rtol=1e-5, atol=1e-6)
        halves.reset_state()
    assert not np.any(halves.states[0].numpy())
    halves.reset_states([np.ones((3, 5), "float32") for _ in halves.states])
    np.testing.assert_array_equal(halves.states[-1].numpy(), np.ones((3, 5)))


def test_states_are_no_weights():
    layer = layers.LSTM(2, stateful=True)
    layer(X)
    assert [weight.name for weight in layer.weights] == ["kernel", "recurrent_kernel", "bias"]
    assert len(layer.variables) == 4  # and the state of the random numbers


@pytest.mark.parametrize("sequence", [True, False], ids=["whole", "stepwise"])
def test_dropout_is_the_same_at_all_steps(sequence):
    activation = "linear" if not sequence else "tanh"
    layer = layers.SimpleRNN(
        4, activation, kernel_initializer="identity", recurrent_initializer="zeros", dropout=0.5, return_sequences=True
    )
    x = np.full((5, 6, 4), 0.1, "float32")
    first, second = layer(x, training=True).numpy(), layer(x, training=True).numpy()
    for found in (first, second):
        assert {0} < set(np.round(np.unique(found), 3))
        assert np.all(found == found[:, :1])
    assert np.any(first != second)
    np.testing.assert_allclose(layer(x).numpy(), 0.1 if not sequence else np.tanh(0.1), rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_recurrent_dropout_acts_in_training_only(kind):
    layer = make(kind, recurrent_dropout=0.5, dropout=0.2, seed=3)
    plain = make(kind)
    plain.set_weights(layer.get_weights())
    np.testing.assert_allclose(layer(X).numpy(), plain(X).numpy(), rtol=1e-5, atol=1e-6)
    assert np.any(np.abs(layer(X, training=True).numpy() - plain(X).numpy()) > 1e-3)
    assert layer.cell._dropout_mask is None and layer.cell._recurrent_dropout_mask is None


def test_each_gate_has_its_dropout():
    cell = layers.LSTMCell(2, dropout=0.5, implementation=1, seed=1)
    assert len(cell.get_dropout_mask(np.ones((3, 4), "float32"))) == 4
    assert layers.LSTMCell(2, dropout=0.5).get_dropout_mask(np.ones((3, 4), "float32")).shape == (3, 4)


@pytest.mark.parametrize("after", [True, False])
def test_gates_of_a_gru_with_dropout(after):
    cell = layers.GRUCell(3, recurrent_dropout=0.5, dropout=0.5, reset_after=after, bias_initializer="uniform")
    cell.build((2, 4))
    x, h = X[:2, 0], X[:2, 1, :3]
    found, _ = cell(x, [h], training=True)
    of_input = [each.numpy() for each in cell.get_dropout_mask(x)]
    of_state = [each.numpy() for each in cell.get_recurrent_dropout_mask(h)]
    kernels, recurrent, bias = (np.split(each, 3, axis=-1) for each in cell.get_weights())
    bias, own = zip(*bias) if after else (bias, [0.0] * 3)
    sums = [(x * of_input[gate]) @ kernels[gate] + bias[gate] for gate in range(3)]
    z, r = (sigmoid(sums[gate] + (h * of_state[gate]) @ recurrent[gate] + own[gate]) for gate in range(2))
    kept = h * of_state[2]
    new = np.tanh(sums[2] + (r * (kept @ recurrent[2] + own[2]) if after else (r * kept) @ recurrent[2]))
    np.testing.assert_allclose(found.numpy(), z * h + (1 - z) * new, rtol=1e-5, atol=1e-6)


def test_object_that_is_no_layer_is_a_cell():
    class Sum:
        state_size = 4

        def call(self, inputs, states):
            return states[0] + inputs, [states[0] + inputs]

    found = layers.RNN(Sum(), return_sequences=True)(X)
    np.testing.assert_allclose(found.numpy(), np.cumsum(X, axis=1), rtol=1e-5, atol=1e-6)
    masked = layers.RNN(Sum())(X, mask=MASK)
    np.testing.assert_allclose(masked.numpy(), (X * MASK[..., None]).sum(1), rtol=1e-5, atol=1e-6)


def test_cell_with_nested_states_and_other_output():
    class Pair(layers.Layer):
        state_size = [4, 4]
        output_size = 2

        def call(self, inputs, states):
            low, high = states
            low, high = gm.ops.minimum(low, inputs), gm.ops.maximum(high, inputs)
            return (high - low)[:, :2], [low, high]

    layer = layers.RNN([layers.SimpleRNNCell(4), Pair()], return_state=True)
    output, first, second = layer(X, mask=MASK)
    assert output.shape == (3, 2) and [each.shape for each in (*first, *second)] == [(3, 4)] * 3
    symbolic, first_symbolic, second_symbolic = layer(gm.Input((None, 4)))
    assert symbolic.shape == (None, 2)
    assert [each.shape for each in (*first_symbolic, *second_symbolic)] == [(None, 4)] * 3
    np.testing.assert_allclose(output.numpy(), (second[1] - second[0]).numpy()[:, :2], rtol=1e-6)


def test_stacked_cells_are_layers_behind_each_other():
    cells = [layers.LSTMCell(5), layers.GRUCell(2)]
    stack = layers.RNN(cells, return_sequences=True)
    found = stack(X)
    first, second = layers.LSTM(5, return_sequences=True), layers.GRU(2, return_sequences=True)
    first.build((None, None, 4))
    second.build((None, None, 5))
    first.set_weights(stack.get_weights()[:3])
    second.set_weights(stack.get_weights()[3:])
    np.testing.assert_allclose(found.numpy(), second(first(X)).numpy(), rtol=1e-5, atol=1e-6)
    copy = layers.RNN.from_config(stack.get_config())
    assert [type(each).__name__ for each in copy.cell.cells] == ["LSTMCell", "GRUCell"]


@pytest.mark.parametrize("make_layer", [
    lambda: layers.SimpleRNNCell(2, activation="relu", dropout=0.1, kernel_regularizer="l2", seed=1),
    lambda: layers.LSTMCell(2, unit_forget_bias=False, recurrent_dropout=0.1, bias_constraint="non_neg"),
    lambda: layers.GRUCell(2, reset_after=False, recurrent_activation="hard_sigmoid", use_bias=False),
    lambda: layers.StackedRNNCells([layers.LSTMCell(2), layers.GRUCell(3)]),
    lambda: layers.RNN(layers.GRUCell(3), return_sequences=True, zero_output_for_mask=True),
    lambda: layers.Bidirectional(layers.LSTM(2, dropout=0.1), merge_mode="sum"),
    lambda: layers.Bidirectional(layers.LSTM(2), backward_layer=layers.GRU(3, go_backwards=True)),
    lambda: layers.TimeDistributed(layers.Dense(2, activation="relu")),
])  # fmt: skip
def test_configuration_makes_the_same_layer(make_layer):
    layer = make_layer()
    config = layer.get_config()
    again = type(layer).from_config(json.loads(json.dumps(config)))
    assert json.dumps(again.get_config()) == json.dumps(config)
    again.build((2, 6, 4))
    assert again.count_params() > 0


def test_masks_flow_through_layers():
    tokens = np.array([[1, 2, 0, 3], [0, 0, 1, 0], [4, 4, 4, 4]])
    embedding = layers.Embedding(5, 4, mask_zero=True)
    inner, outer = layers.LSTM(3, return_sequences=True), layers.GRU(2)
    found = outer(layers.Dropout(0.1)(inner(embedding(tokens)))).numpy()
    for row, words in enumerate(tokens):
        kept = words[words != 0][None]
        np.testing.assert_allclose(outer(inner(embedding(kept))).numpy()[0], found[row], rtol=1e-5, atol=1e-6)
    model = gm.Sequential([gm.Input((None,), dtype="int32"), embedding, inner, outer])
    np.testing.assert_allclose(model(tokens).numpy(), found, rtol=1e-6)
    np.testing.assert_allclose(model.predict(tokens, verbose=0), found, rtol=1e-5, atol=1e-6)


def test_masking_leaves_no_trace_of_what_it_hides():
    x = X.copy()
    x[~MASK] = np.inf
    found = gm.Sequential([layers.Masking(np.inf), make("LSTM")])(x)
    assert np.all(np.isfinite(found.numpy()))


@pytest.mark.parametrize("mode, joined", [
    ("sum", lambda a, b: a + b), ("mul", lambda a, b: a * b), ("ave", lambda a, b: (a + b) / 2),
    ("concat", lambda a, b: np.concatenate([a, b], -1)),
])  # fmt: skip
@pytest.mark.parametrize("sequences", [True, False])
def test_bidirectional_joins_both_directions(mode, joined, sequences):
    weights = make("GRU").get_weights() + make("GRU").get_weights()
    layer = layers.Bidirectional(layers.GRU(5, return_sequences=sequences), merge_mode=mode, weights=weights)
    found = layer(X, mask=MASK)
    forward, backward = (make("GRU", return_sequences=sequences, zero_output_for_mask=sequences) for _ in range(2))
    forward.set_weights(weights[:3])
    backward.set_weights(weights[3:])
    one, other = forward(X, mask=MASK).numpy(), backward(X[:, ::-1], mask=MASK[:, ::-1]).numpy()
    np.testing.assert_allclose(found.numpy(), joined(one, other[:, ::-1] if sequences else other), rtol=1e-5, atol=1e-6)


def test_bidirectional_returns_and_takes_states():
    layer = layers.Bidirectional(layers.LSTM(5, return_state=True, stateful=True), merge_mode=None)
    one, other, *states = layer(X)
    assert one.shape == other.shape == (3, 5) and len(states) == 4 and len(layer.states) == 4
    again = layer(X, initial_state=states)
    assert np.any(again[0].numpy() != one.numpy())
    layer.reset_state()
    np.testing.assert_array_equal(layer(X)[0].numpy(), one.numpy())


def test_bidirectional_takes_classes_that_nobody_registered():
    class Mine(layers.GRU):
        pass

    layer = layers.Bidirectional(Mine(2, name="mine"))
    assert layer(X).shape == (3, 4)
    assert [layer.forward_layer.name, layer.backward_layer.name] == ["forward_mine", "backward_mine"]
    assert isinstance(layer.backward_layer, Mine) and layer.backward_layer.go_backwards


def test_time_distributed_applies_a_layer_to_each_step():
    inner = layers.LSTM(2)
    x = RNG.normal(size=(2, 3, 5, 4)).astype("float32")
    mask = RNG.random((2, 3, 5)) < 0.5
    found = layers.TimeDistributed(inner)(x, mask=mask)
    for step in range(3):
        wanted = inner(x[:, step], mask=mask[:, step]).numpy()
        np.testing.assert_allclose(found.numpy()[:, step], wanted, rtol=1e-5, atol=1e-6)
    assert layers.TimeDistributed(layers.Dense(3))(gm.Input((None, 4))).shape == (None, None, 3)


def test_embedding():
    table = np.arange(6, dtype="float32").reshape(3, 2)
    layer = layers.Embedding(3, 2, weights=[table])
    np.testing.assert_array_equal(layer(np.array([[2, 0], [1, 1]])).numpy(), table[[[2, 0], [1, 1]]])
    np.testing.assert_array_equal(layer(np.array([2.0, 1.0])).numpy(), table[[2, 1]])
    with gm.GradientTape() as tape:
        loss = gm.ops.sum(layer(np.array([1, 1, 0])))
    gradient = tape.gradient(loss, layer.embeddings)
    np.testing.assert_array_equal(np.asarray(gm.ops.convert_to_numpy(gradient)), [[1, 1], [2, 2], [0, 0]])
    half = layers.Embedding(3000, 2, dtype="mixed_bfloat16")
    assert half(np.array([2999.0], "float32")).dtype == "bfloat16"


@pytest.mark.parametrize("kind", KINDS)
def test_mixed_precision(kind):
    layer = make(kind, dtype="mixed_bfloat16", return_sequences=True)
    plain = make(kind, return_sequences=True)
    plain.set_weights(layer.get_weights())
    found = layer(X, mask=MASK)
    assert found.dtype == "bfloat16" and layer.cell.kernel.dtype == "float32"
    np.testing.assert_allclose(np.asarray(gm.ops.cast(found, "float32")), plain(X, mask=MASK).numpy(), atol=0.05)


def test_training_a_model_with_masks_lowers_its_loss():
    rng = np.random.default_rng(1)
    tokens = rng.integers(1, 9, (64, 7)) * (np.arange(7) < rng.integers(2, 8, (64, 1)))
    model = gm.Sequential([
        layers.Embedding(9, 8, mask_zero=True), layers.Bidirectional(layers.LSTM(8, dropout=0.1)), layers.Dense(1),
    ])  # fmt: skip
    model.compile(gm.optimizers.Adam(0.02), "mse")
    history = model.fit(tokens, (tokens == 3).sum(1)[:, None].astype("float32"), epochs=25, verbose=0).history["loss"]
    assert history[-1] < 0.3 * history[0]


@pytest.mark.parametrize("make_error, error, words", [
    (lambda: layers.LSTM(0), errors.ArgumentError, "positive integer; received 0"),
    (lambda: layers.GRU(2.5), errors.ArgumentError, "received 2.5"),
    (lambda: layers.LSTM(2, use_cudnn="yes"), errors.ArgumentError, "'auto', True or False"),
    (lambda: layers.GRUCell(2, implementation=3), errors.ArgumentError, "implementation 1 or 2"),
    (lambda: layers.RNN(layers.Dense(3)), errors.ArgumentError, "state_size"),
    (lambda: layers.RNN([]), errors.ArgumentError, "at least one cell"),
    (lambda: layers.LSTM(2)(np.ones((2, 0, 3))), errors.ShapeError, r"at least one step; received shape \(2, 0, 3\)"),
    (lambda: layers.LSTM(2)(gm.Input((0, 3))), errors.ShapeError, "at least one step"),
    (lambda: layers.LSTM(2)(np.ones((2, 3))), errors.ShapeError, r"3 axes; received shape \(2, 3\)"),
    (lambda: layers.RNN(layers.LSTMCell(2))(np.ones((2, 3))), errors.ShapeError, "3 or more axes"),
    (lambda: layers.LSTM(2, name="memory")(X, mask=MASK[:, :4]), errors.ShapeError,
     r"memory \(LSTM\): expected a mask of shape \(3, 6\) \(batch, steps\); received \(3, 4\)"),
    (lambda: layers.LSTM(2)(X, initial_state=[np.ones((3, 2))]), errors.ShapeError, "expected 2 states"),
    (lambda: layers.GRU(2)(X, initial_state=[np.ones((3, 3))]), errors.ShapeError,
     r"state 0 of shape \(3, 2\); received \(3, 3\)"),
    (lambda: layers.GRU(2, stateful=True)(gm.Input((3, 4))), errors.ShapeError, "known batch size"),
    (lambda: stateful_then_smaller(), errors.ShapeError, "expected batches of 3 sequences.* received 2"),
    (lambda: layers.Bidirectional(layers.Dense(2)), errors.ArgumentError, "recurrent layer"),
    (lambda: layers.Bidirectional(layers.LSTM(2), merge_mode="max"), errors.ArgumentError, "received 'max'"),
    (lambda: layers.Bidirectional(layers.LSTM(2), backward_layer=layers.LSTM(2)), errors.ArgumentError,
     "opposite go_backwards"),
    (lambda: layers.Bidirectional(layers.LSTM(2), backward_layer=layers.LSTM(2, go_backwards=True, return_state=True)),
     errors.ArgumentError, "same return_state"),
    (lambda: layers.Bidirectional(layers.LSTM(2))(X, initial_state=[np.ones((3, 2))] * 3), errors.ShapeError,
     "for each direction; received 3"),
    (lambda: layers.Bidirectional(layers.LSTM(2)).reset_state(), errors.ArgumentError, "stateful"),
    (lambda: layers.TimeDistributed(3), errors.ArgumentError, "expected a layer"),
    (lambda: layers.TimeDistributed(layers.Dense(2))(np.ones((2, 3))), errors.ShapeError, "at least 3 axes"),
    (lambda: layers.TimeDistributed(layers.Dense(2))(X, mask=MASK[:2]), errors.ShapeError, r"begins with \(3, 6\)"),
    (lambda: layers.Embedding(0, 2), errors.ArgumentError, "input_dim to be a positive integer; received 0"),
    (lambda: layers.Embedding(3, 2, name="words")(np.array([1, 7])), errors.ArgumentError,
     r"words \(Embedding\): expected integers from 0 to 2; received 7"),
    (lambda: layers.Embedding(2, 2, quantization_config=4), errors.UnsupportedError, "quantization_config None"),
])  # fmt: skip
def test_wrong_use_is_explained(make_error, error, words):
    with pytest.raises(error, match=words):
        make_error()


def stateful_then_smaller():
    layer = layers.GRU(2, stateful=True)
    layer(X)
    layer(X[:2])
