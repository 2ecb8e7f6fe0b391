"""`fit`, `evaluate` and `predict` on data sets, generators and `PyDataset`s."""

import time
import warnings

import numpy as np
import pytest

import gradmill as gm

Dataset = gm.data.Dataset
_DRAW = np.random.default_rng(1)
X = _DRAW.random((50, 3)).astype("float32")
Y = (X.sum(1) > 1.5).astype("int32")
W = _DRAW.random(50).astype("float32")


def make_model(loss=None):
    gm.utils.set_random_seed(0)
    model = gm.Sequential([gm.Input((3,)), gm.layers.Dense(4, activation="tanh"), gm.layers.Dense(2)])
    loss = loss or gm.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(gm.optimizers.SGD(0.1), loss, metrics=["accuracy"])
    return model


def run(data, **options):
    model = make_model()
    history = model.fit(data, verbose=0, **options).history
    return history, [np.asarray(weight) for weight in model.weights]


def assert_same(one, other):
    assert one[0].keys() == other[0].keys()
    for name, values in one[0].items():
        np.testing.assert_allclose(values, other[0][name], rtol=1e-6)
    for weight, twin in zip(one[1], other[1]):
        np.testing.assert_allclose(weight, twin, rtol=1e-5, atol=1e-7)


def with_arrays(**options):
    model = make_model()
    history = model.fit(X, Y, batch_size=8, shuffle=False, epochs=3, verbose=0, **options).history
    return history, [np.asarray(weight) for weight in model.weights]


def in_batches():
    for start in range(0, 50, 8):
        yield X[start : start + 8], Y[start : start + 8]


class InBatches(gm.utils.PyDataset):
    def __len__(self):
        return 7

    def __getitem__(self, index):
        rows = slice(index * 8, (index + 1) * 8)
        return X[rows], Y[rows]


@pytest.mark.parametrize(
    "data",
    [
        lambda: Dataset.from_tensor_slices((X, Y)).batch(8),
        lambda: Dataset.from_tensor_slices((X.astype("float64"), Y.astype("int64"))).batch(8).prefetch(2),
        lambda: Dataset.from_tensor_slices((X, Y)).map(lambda x, y: (x, y), num_parallel_calls=2).cache().batch(8),
        lambda: Dataset.from_generator(in_batches, output_types=("float32", "int32")),
        lambda: Dataset.zip((Dataset.from_tensor_slices(X), Dataset.from_tensor_slices(Y))).batch(8),
    ],
    ids=["slices", "float64", "mapped", "generator", "zipped"],
)
def test_a_data_set_trains_as_its_arrays_do(data):
    dataset = data()
    validation = Dataset.from_tensor_slices((X, Y)).batch(20)
    assert_same(
        with_arrays(validation_data=(X, Y), validation_batch_size=20),
        run(dataset, epochs=3, validation_data=validation),
    )


def test_a_py_dataset_trains_as_its_arrays_do():
    assert_same(with_arrays(), run(InBatches(), epochs=3, shuffle=False))


def test_weights_of_samples_and_classes():
    dataset = Dataset.from_tensor_slices((X, Y, W)).batch(8)
    assert_same(with_arrays(sample_weight=W), run(dataset, epochs=3))
    weights = {0: 0.5, 1: 2.0}
    dataset = Dataset.from_tensor_slices((X, Y)).batch(8)
    assert_same(with_arrays(class_weight=weights), run(dataset, epochs=3, class_weight=weights))
    with pytest.raises(gm.errors.ArgumentError, match="class_weight cannot be combined"):
        run(Dataset.from_tensor_slices((X, Y, W)).batch(8), class_weight=weights)


def test_several_inputs_and_outputs_as_dicts():
    a, b = gm.Input((3,), name="a"), gm.Input((3,), name="b")
    total = gm.layers.Dense(1, name="total")(gm.layers.Concatenate()([a, b]))
    model = gm.Model({"a": a, "b": b}, {"total": total})
    model.compile("sgd", {"total": "mse"})
    dataset = Dataset.from_tensor_slices(({"a": X, "b": X}, {"total": X.sum(1, keepdims=True)})).batch(16)
    losses = model.fit(dataset, epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert model.predict(dataset, verbose=0)["total"].shape == (50, 1)


def test_evaluate_and_predict():
    model = make_model()
    dataset = Dataset.from_tensor_slices((X, Y)).batch(8)
    np.testing.assert_allclose(model.evaluate(dataset, verbose=0), model.evaluate(X, Y, batch_size=8, verbose=0))
    outputs = model.predict(X, verbose=0)
    np.testing.assert_allclose(model.predict(dataset, verbose=0), outputs, rtol=1e-6)
    np.testing.assert_allclose(model.predict(dataset.map(lambda x, y: x), verbose=0), outputs, rtol=1e-6)
    np.testing.assert_allclose(model.predict(dataset.repeat(), steps=3, verbose=0), outputs[:24], rtol=1e-6)


def test_an_evaluation_of_some_steps_begins_at_the_start_each_time():
    seen = []

    def note(x, y):
        seen.append(x.numpy())
        return x, y

    validation = Dataset.from_tensor_slices((X, Y)).batch(10).map(note)
    run(Dataset.from_tensor_slices((X, Y)).batch(50), epochs=3, validation_data=validation, validation_steps=2)
    assert len(seen) == 6
    for number, batch in enumerate(seen):
        start = number % 2 * 10
        np.testing.assert_array_equal(batch, X[start : start + 10])
    for feed in ((X, Y), Dataset.from_tensor_slices((X, Y)).batch(10)):
        history, _ = run(
            Dataset.from_tensor_slices((X, Y)).batch(50).repeat(),
            epochs=2,
            steps_per_epoch=1,
            validation_data=feed,
            validation_steps=2,
            validation_batch_size=10,
        )
        model = make_model()
        assert history["val_loss"][0] != history["val_loss"][1]
        model.fit(X, Y, batch_size=50, verbose=0)
        np.testing.assert_allclose(history["val_loss"][0], model.evaluate(X[:20], Y[:20], verbose=0)[0], rtol=1e-5)


def test_the_progress_line_learns_the_number_of_steps(capsys):
    dataset = Dataset.from_generator(in_batches, output_types=("float32", "int32"))
    make_model().fit(dataset, epochs=2, verbose=2)
    lines = [line for line in capsys.readouterr().out.splitlines() if "loss" in line]
    assert [line.split()[0] for line in lines] == ["7/7", "7/7"]


def test_the_line_says_how_long_data_were_waited_for(capsys):
    def slow(x, y):
        time.sleep(0.02)
        return x, y

    dataset = Dataset.from_tensor_slices((X, Y)).batch(10)
    make_model().fit(dataset.map(slow), epochs=2, verbose=2)
    shares = [
        int(line.rsplit(" - ", 1)[1].split("%")[0]) for line in capsys.readouterr().out.splitlines() if "/5" in line
    ]
    assert len(shares) == 2 and 30 < shares[1] <= 100


def test_steps_per_epoch_goes_on_where_the_last_epoch_stopped():
    firsts = []

    def note(x, y):
        firsts.append(float(x.numpy()[0, 0]))
        return x, y

    dataset = Dataset.from_tensor_slices((X, Y)).batch(10).map(note).repeat()
    run(dataset, epochs=3, steps_per_epoch=2)
    np.testing.assert_allclose(firsts[:6], [X[0, 0], X[10, 0], X[20, 0], X[30, 0], X[40, 0], X[0, 0]])


def test_data_that_run_out_are_warned_of():
    dataset = Dataset.from_tensor_slices((X, Y)).batch(10)
    with pytest.warns(UserWarning, match="ran out after 1 of 3 steps.*repeat"):
        history, _ = run(dataset.take(4), epochs=2, steps_per_epoch=3)
    assert len(history["loss"]) == 2
    with pytest.warns(UserWarning, match="ran out after 2 of 5 steps"):
        run(Dataset.from_generator(in_batches, ("float32", "int32")).take(2), steps_per_epoch=5)


def test_each_epoch_is_shuffled_anew():
    firsts = []

    class Note(gm.Model):
        def __init__(self):
            super().__init__()
            self.dense = gm.layers.Dense(2)

        def call(self, x):
            firsts.append(np.asarray(x)[0, 0])
            return self.dense(x)

    model = Note()
    model.compile("sgd", gm.losses.SparseCategoricalCrossentropy(from_logits=True), run_eagerly=True)
    dataset = Dataset.from_tensor_slices((X, Y)).shuffle(50, seed=1).batch(50)
    model.fit(dataset, epochs=4, verbose=0)
    assert len({float(first) for first in firsts[-4:]}) > 1


class Table:
    """Quacks like a data frame of pandas: columns by name, an array as a whole."""

    def __init__(self, values):
        self._values = values

    def __array__(self, dtype=None, copy=None):
        return self._values if dtype is None else self._values.astype(dtype)

    def __iter__(self):
        return iter(range(self._values.shape[1]))

    def __len__(self):
        return len(self._values)


def test_tables_by_duck_type():
    model = make_model()
    history = model.fit(Table(X), Table(Y), batch_size=8, shuffle=False, epochs=3, verbose=0).history
    np.testing.assert_allclose(history["loss"], with_arrays()[0]["loss"])


def raising():
    yield X[:8], Y[:8]
    raise OSError("no such image")


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (lambda: Dataset.from_tensor_slices((X, Y)).batch(8).repeat(), gm.errors.ArgumentError, "steps_per_epoch"),
        (lambda: Dataset.from_tensor_slices((X, Y)), gm.errors.ShapeError, r"batch\(\)"),
        (lambda: Dataset.from_tensor_slices((X, Y)).batch(8).take(0), gm.errors.ArgumentError, "at least one batch"),
        (lambda: Dataset.from_tensor_slices(X).batch(8), gm.errors.ArgumentError, "needs targets"),
        (lambda: Dataset.from_tensor_slices((X, Y + 5)).batch(8), gm.errors.ArgumentError, "classes|label"),
        (lambda: Dataset.from_tensor_slices((X, Y, W, W)).batch(8), gm.errors.ArgumentError, "4 items"),
        (lambda: Dataset.from_generator(raising, ("float32", "int32")), OSError, "no such image"),
        (raising, OSError, "no such image"),
        (lambda: Dataset.from_tensor_slices((["a"] * 50, Y)).batch(8), gm.errors.DTypeError, "object"),
    ],
)
def test_bad_data(data, error, words):
    with pytest.raises(error, match=words):
        run(data())


def test_class_weights_need_labels_and_y_must_be_left_out():
    dataset = Dataset.from_tensor_slices((X, Y)).batch(8)
    with pytest.raises(gm.errors.ArgumentError, match="y must be left out"):
        make_model().fit(dataset, Y)
    with pytest.raises(gm.errors.ArgumentError, match="validation_split needs arrays"):
        make_model().fit(dataset, validation_split=0.2)


def test_no_warning_where_the_length_is_unknown():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(Dataset.from_generator(in_batches, ("float32", "int32")), epochs=2)
