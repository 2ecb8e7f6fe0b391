"""What goes wrong in loops of one's own, with sequences and with generators: an error that says so, never a hang."""

import threading

import numpy as np
import pytest

import gradmill as gm
from gradmill import errors

Dataset = gm.data.Dataset
WORDS = np.array([[1, 2], [3, 7], [0, 0]])
TARGETS = np.zeros((3, 1), "float32")


def words_model(**kwargs):
    words = gm.layers.Embedding(5, 3, name="words")
    model = gm.Sequential([words, gm.layers.Flatten(), gm.layers.Dense(1)])
    model.compile("sgd", "mse", **kwargs)
    return model


def line_model():
    model = gm.Sequential([gm.Input((3,)), gm.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def batch(size=3, dtype="float32", rows=2):
    return np.zeros((rows, size), dtype), np.zeros((rows, 1), "float32")


AT_ROW_1 = r"words \(Embedding\): expected integers from 0 to 4; received 7(\.0)? at row 1, position 1"


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "float32"])
@pytest.mark.parametrize("eager", [False, True])
def test_an_integer_beyond_the_table_stops_fit(dtype, eager):
    with pytest.raises(errors.ArgumentError, match=AT_ROW_1):
        words_model(run_eagerly=eager).fit(WORDS.astype(dtype), TARGETS, shuffle=False, verbose=0)


def test_an_integer_beyond_the_table_stops_every_compiled_way():
    model = words_model()
    rows = Dataset.from_tensor_slices((WORDS, TARGETS))
    for call in (
        lambda: model.fit(rows.batch(3), verbose=0),
        lambda: model.evaluate(WORDS, TARGETS, verbose=0),
        lambda: model.predict(WORDS, verbose=0),
        lambda: model.train_on_batch(WORDS, TARGETS),
        lambda: gm.function(lambda x: model(x))(WORDS),
        lambda: gm.value_and_grad(lambda x: gm.ops.sum(model(x)), model)(WORDS),
    ):
        with pytest.raises(errors.ArgumentError, match=AT_ROW_1):
            call()
    model.fit(WORDS % 5, TARGETS, verbose=0)  # a refused call has changed nothing


def test_an_integer_beyond_the_table_stops_a_data_set():
    layer = gm.layers.Embedding(5, 3, name="words")
    layer.build()
    rows = Dataset.from_tensor_slices(WORDS).map(layer).batch(3)
    with pytest.raises(errors.ArgumentError, match=r"words \(Embedding\).*received 7"):
        list(rows)


def test_a_negative_integer_does_not_count_from_the_end():
    layer = gm.layers.Embedding(5, 2)
    layer.build()
    with pytest.raises(errors.ArgumentError, match="received -1 at row 0, position 0"):
        gm.function(lambda x: layer(x))(np.array([[-1]]))
    computed = gm.function(lambda x: layer(x - 3))(np.array([[2, 3]])).numpy()
    assert np.isnan(computed[0, 0]).all() and np.isfinite(computed[0, 1]).all()


@pytest.mark.parametrize("threads", [None, 2])
@pytest.mark.parametrize("method", ["fit", "evaluate", "predict"])
def test_what_a_generator_raises_comes_through_whole(method, threads):
    def items():
        yield batch()
        raise LookupError("line 12 of the user's file")

    before = threading.active_count()
    data = Dataset.from_generator(items).map(lambda x, y: (x, y), num_parallel_calls=threads).prefetch(2)
    with pytest.raises(LookupError, match="line 12 of the user's file") as caught:
        getattr(line_model(), method)(data, verbose=0)
    assert any(entry.name == "items" for entry in caught.traceback)
    del data, caught
    assert threading.active_count() <= before + 1


def test_a_plain_generator_that_raises():
    def items():
        yield batch()
        raise LookupError("broken")

    model = line_model()
    with pytest.raises(LookupError, match="broken") as caught:
        model.fit(items(), verbose=0)
    assert any(entry.name == "items" for entry in caught.traceback)
    model.fit(*batch(), verbose=0)


@pytest.mark.parametrize("wrap", [lambda items: items(), Dataset.from_generator], ids=["generator", "dataset"])
def test_a_generator_that_ends_early_is_warned_of(wrap):
    def items():
        for _ in range(3):
            yield batch()

    with pytest.warns(UserWarning, match="ran out after 3 of 5 steps"):
        history = line_model().fit(wrap(items), steps_per_epoch=5, verbose=0)
    assert len(history.history["loss"]) == 1


@pytest.mark.parametrize("wrap", [lambda items: items(), Dataset.from_generator], ids=["generator", "dataset"])
def test_a_generator_that_changes_shape_structure_or_kind(wrap):
    def other_shape():
        yield batch()
        yield batch(4)

    def other_structure():
        yield batch()
        yield batch()[0]

    def text():
        yield batch()
        yield np.array([["a", "b", "c"]]), np.zeros((1, 1))

    for items, words in (
        (other_shape, r"of shape \(None, 3\).*\(2, 4\)|\[2, 4\]"),
        (other_structure, "y=None|must be a tuple of 2"),
        (text, "dtype|cannot hold"),
    ):
        with pytest.raises((errors.GradMillError, ValueError), match=words):
            line_model().fit(wrap(items), verbose=0)


def test_a_generator_that_changes_dtype_is_converted_as_arrays_are():
    def items():
        yield batch()
        yield batch(dtype="float64")
        yield batch(dtype="uint8")

    assert len(line_model().fit(items(), verbose=0).history["loss"]) == 1
    assert {x.numpy().dtype.name for x, _ in Dataset.from_generator(items)} == {"float32"}


@pytest.mark.parametrize(
    "data",
    [
        lambda: Dataset.from_tensor_slices(batch(rows=0)).batch(2),
        lambda: Dataset.from_generator(lambda: iter([])),
        lambda: Dataset.range(3).filter(lambda x: x > 5).repeat().batch(2),
        lambda: Dataset.range(0).repeat(),
        lambda: Dataset.range(2).shuffle(2).take(0).repeat().prefetch(1),
    ],
)
def test_no_elements(data):
    model = line_model()
    for method in (model.fit, model.evaluate, model.predict):
        with pytest.raises(errors.ArgumentError, match="at least one batch|endless"):
            method(data(), verbose=0)
    assert list(data().take(1)) == []


@pytest.mark.parametrize("layer", [
    lambda: gm.layers.SimpleRNN(4), lambda: gm.layers.LSTM(4), lambda: gm.layers.GRU(4, return_sequences=True),
    lambda: gm.layers.Bidirectional(gm.layers.GRU(4)), lambda: gm.layers.RNN(gm.layers.LSTMCell(4)),
])  # fmt: skip
def test_masks_and_sequences_of_no_use(layer):
    x = np.zeros((2, 5, 3), "float32")
    for shape in ((2, 4), (3, 5), (2,), (2, 5, 3)):
        with pytest.raises(errors.ShapeError, match=r"mask of shape \(2, 5\)"):
            layer()(x, mask=np.ones(shape, bool))
    with pytest.raises(errors.ShapeError, match="at least one step"):
        layer()(x[:, :0])


READ = {
    "numpy": lambda x: x.numpy(),
    "float": lambda x: float(x[0]),
    "if": lambda x: 1 if x[0] > 0 else 2,
    "array": lambda x: np.asarray(x),
    "while": lambda x: [None for _ in range(int(x[0]))],
}


@pytest.mark.parametrize("name", READ)
def test_reading_a_traced_value(name):
    with pytest.raises(errors.UnsupportedError, match="being traced.*gradmill.ops, or run eagerly"):
        gm.function(READ[name])(np.ones(3, "float32"))
    assert not gm.ops.convert_to_tensor(1.0).numpy() == 0.0  # the trace is over


def test_a_variable_without_gradient_is_warned_of_by_name():
    used, unused = gm.Variable(1.0, name="used"), gm.Variable(1.0, name="unused")
    with gm.GradientTape() as tape:
        loss = used * 2.0
    gradients = tape.gradient(loss, [used, unused])
    with pytest.warns(UserWarning, match="no gradient for unused"):
        gm.optimizers.SGD(0.5).apply_gradients(zip(gradients, [used, unused]))
    assert float(used) == 0.0 and float(unused) == 1.0


def test_tensors_of_another_tape_have_no_gradient_and_cannot_be_applied():
    x = gm.Variable(2.0, name="x")
    with gm.GradientTape() as first:
        y = x * x
    with gm.GradientTape() as second:
        z = y * 3.0
    assert second.gradient(z, x) is None  # as in TensorFlow: the way from x to y was not recorded there
    with pytest.raises(ValueError, match="x"):
        gm.optimizers.SGD().apply_gradients([(None, x)])
    assert float(first.gradient(y, x)) == 4.0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: list(Dataset.range(9).window(3).batch(2)), "data sets; use flat_map"),
        (lambda: list(Dataset.range(3).map(lambda x: Dataset.range(2)).padded_batch(2)), "data sets|flat_map"),
        (lambda: list(Dataset.range(3).flat_map(lambda x: x)), "must return a Dataset; received a Tensor"),
        (lambda: list(Dataset.range(3).interleave(lambda x: [x])), "must return a Dataset; received a list"),
        (lambda: list(Dataset.range(3).map(lambda x: Dataset.range(2)).unbatch()), "data set|unbatch"),
        (lambda: Dataset.zip(Dataset.range(3), [1, 2]), "zip: expected data sets"),
        (lambda: Dataset.range(3).concatenate([1, 2]), "concatenate: expected data sets"),
        (lambda: Dataset.from_tensor_slices(Dataset.range(3)), "from_tensor_slices: expected arrays"),
        (lambda: Dataset.from_generator(Dataset.range(3)), "generator must be a function"),
        (lambda: line_model().fit(Dataset.range(9).window(3), verbose=0), "received a Dataset"),
        (lambda: line_model().fit(Dataset.from_tensor_slices(batch()), verbose=0), "x has 3, y has 1"),
        (lambda: list(Dataset.range(2).apply(lambda data: 3)), "apply"),
    ],
)
def test_nested_data_sets(make, words):
    with pytest.raises(errors.GradMillError, match=words):
        make()
