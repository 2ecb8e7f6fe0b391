"""`fit` on data sets of rows of arrays: many steps at once, and the same to the bit as batch by batch."""

import numpy as np
import pytest

import gradmill as gm

Dataset = gm.data.Dataset
_DRAW = np.random.default_rng(2)
X = _DRAW.random((50, 3)).astype("float32")
Y = (X.sum(1) > 1.5).astype("int32")
W = _DRAW.random(50).astype("float32")


class BatchByBatch:
    """A data set of which `fit` sees only the batches."""

    def __init__(self, dataset):
        self._dataset = dataset
        self.iterate_batches, self.cardinality = dataset.iterate_batches, dataset.cardinality
        self.num_batches = dataset.num_batches

    def __iter__(self):
        return iter(self._dataset)


def slices(*parts):
    return Dataset.from_tensor_slices(parts or (X, Y))


PIPELINES = {
    "plain": lambda: slices().batch(8),
    "shuffled": lambda: slices().shuffle(50, seed=3).batch(8),
    "small buffer": lambda: slices().shuffle(7, seed=3).batch(8).prefetch(2),
    "one order": lambda: slices().shuffle(50, seed=3, reshuffle_each_iteration=False).batch(8, drop_remainder=True),
    "repeated": lambda: slices().shuffle(20, seed=1).batch(8).repeat(2).prefetch(gm.data.AUTOTUNE),
    "across passes": lambda: slices().shuffle(20, seed=1).repeat(2).batch(8),
    "parts": lambda: slices().skip(3).shuffle(20, seed=1).batch(8).take(4),
    "weights": lambda: slices(X, Y, W).shuffle(50, seed=1).batch(8),
    "zipped": lambda: Dataset.zip((Dataset.from_tensor_slices(X.astype("float64")), Dataset.from_tensor_slices(Y)))
    .shuffle(50, seed=1)
    .batch(8),
    "half floats": lambda: slices(X.astype("float16"), Y.astype("int64")[:, None]).shuffle(50, seed=1).batch(8),
    "one batch": lambda: slices().shuffle(50, seed=1).batch(64),
}


def make_model(**options):
    gm.utils.set_random_seed(0)
    layers = [gm.layers.Dense(4, activation="tanh"), gm.layers.Dropout(0.3), gm.layers.Dense(2)]
    model = gm.Sequential([gm.Input((3,)), *layers])
    loss = gm.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(gm.optimizers.Adam(0.05), loss, metrics=["accuracy"], **options)
    return model


def train(data, compile_options=None, **options):
    model = make_model(**(compile_options or {}))
    history = model.fit(data, verbose=0, **{"epochs": 3, **options}).history
    return history, [variable.numpy() for variable in [*model.variables, *model.optimizer.variables]]


def assert_equal(one, other):
    assert one[0] == other[0]
    for value, twin in zip(one[1], other[1]):
        np.testing.assert_array_equal(value, twin)


@pytest.mark.parametrize("kind", PIPELINES)
@pytest.mark.parametrize("options", [{}, {"compile_options": {"run_eagerly": True}}], ids=["plan", "eager"])
def test_the_same_as_batch_by_batch(kind, options):
    dataset, twin = PIPELINES[kind](), PIPELINES[kind]()
    validation = slices().batch(20)
    assert_equal(
        train(dataset, validation_data=validation, **options),
        train(BatchByBatch(twin), validation_data=BatchByBatch(validation), **options),
    )
    # Training was so many passes over the data set, whichever way it read them.
    for batch, other in zip(dataset, twin):
        for part, other_part in zip(batch, other):
            np.testing.assert_array_equal(part, other_part)


@pytest.mark.parametrize(("repeats", "steps"), [(None, 2), (None, 7), (3, 4), (1, 7)])
def test_steps_per_epoch_goes_on_in_the_pass(repeats, steps):
    def make():
        dataset = slices().shuffle(30, seed=3).batch(8)
        return dataset if repeats == 1 else dataset.repeat(repeats)

    options = {"epochs": 5, "steps_per_epoch": steps}
    assert_equal(train(make(), **options), train(BatchByBatch(make()), **options))


def test_class_weights_and_steps_seen_one_by_one():
    steps = []
    note = gm.callbacks.LambdaCallback(on_train_batch_end=lambda step, logs: steps.append(step))
    weights = {0: 0.5, 1: 2.0}
    make = PIPELINES["shuffled"]
    watched = train(make(), class_weight=weights, callbacks=[note])
    assert steps == [*range(7)] * 3
    assert_equal(watched, train(make(), class_weight=weights))
    assert_equal(watched, train(BatchByBatch(make()), class_weight=weights))
    with pytest.raises(gm.errors.ArgumentError, match="class_weight cannot be combined"):
        train(PIPELINES["weights"](), class_weight=weights)


def test_a_callback_stops_after_a_step():
    class Stop(gm.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 3

    make = PIPELINES["shuffled"]
    assert_equal(train(make(), callbacks=[Stop()]), train(BatchByBatch(make()), callbacks=[Stop()]))


def test_evaluate_and_predict():
    model = make_model()
    dataset = slices().batch(8).prefetch(1)
    assert model.evaluate(dataset, verbose=0) == model.evaluate(X, Y, batch_size=8, verbose=0)
    assert model.evaluate(dataset, steps=2, verbose=0) == model.evaluate(X[:16], Y[:16], batch_size=8, verbose=0)
    np.testing.assert_array_equal(model.predict(dataset, verbose=0), model.predict(X, batch_size=8, verbose=0))


def test_dicts_of_inputs():
    def run(wrap):
        gm.utils.set_random_seed(1)
        a, b = gm.Input((3,), name="a"), gm.Input((1,), dtype="int32", name="b")
        joined = gm.layers.Concatenate()([a, gm.layers.Flatten()(gm.layers.Embedding(2, 3)(b))])
        model = gm.Model({"a": a, "b": b}, {"total": gm.layers.Dense(1, name="total")(joined)})
        model.compile("sgd", {"total": "mse"})
        data = slices({"a": X, "b": Y[:, None]}, {"total": W[:, None]}).shuffle(50, seed=2).batch(16)
        return model.fit(wrap(data), epochs=3, verbose=0).history["loss"]

    assert run(lambda data: data) == run(BatchByBatch)


def test_labels_are_refused_where_they_are_read():
    labels = Y.copy()
    labels[45] = 7
    good = slices(X, labels).take(40).batch(8)
    assert_equal(train(good), train(BatchByBatch(slices(X, labels).take(40).batch(8))))
    with pytest.raises(gm.errors.ArgumentError, match="7"):
        train(slices(X, labels).shuffle(50).batch(8))


def test_arrays_changed_between_epochs_are_read_anew():
    x = X.copy()

    def clear(epoch, logs):
        x[:] = 0

    def run(wrap):
        x[:] = X
        note = gm.callbacks.LambdaCallback(on_epoch_end=clear)
        return train(wrap(slices(x, Y).shuffle(50, seed=1).batch(8)), callbacks=[note])

    assert_equal(run(lambda data: data), run(BatchByBatch))


class Interrupt(gm.callbacks.Callback):
    def __init__(self, steps):
        super().__init__()
        self.left = steps

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("save_freq", ["epoch", 3])
@pytest.mark.parametrize("kind", ["plain", "small buffer", "repeated", "across passes", "weights"])
def test_a_run_goes_on_in_the_middle_of_an_epoch(tmp_path, kind, save_freq):
    def run(folder, *callbacks):
        backup = gm.callbacks.BackupAndRestore(tmp_path / folder, save_freq)
        return train(PIPELINES[kind](), callbacks=[backup, *callbacks])

    whole = run("a")
    with pytest.raises(KeyboardInterrupt):
        run("b", Interrupt(11))
    assert_equal(whole, run("b"))
    assert_equal(whole, train(PIPELINES[kind]()))
