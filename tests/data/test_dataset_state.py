"""The position of a data set is read, stored, and taken up by a new data set of the same make."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import gradmill as gm
from gradmill.utils.plain_state import pack_state, unpack_state

Dataset = gm.data.Dataset
_PATH = Path(__file__).parents[1] / "golden" / "data" / "pipelines.py"
_SPEC = importlib.util.spec_from_file_location("pipelines", _PATH)
pipelines = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(pipelines)

X = np.arange(20, dtype="float32").reshape(10, 2)


def walk():
    yield from np.arange(30)


RANDOM = {
    "shuffled_rows": lambda: Dataset.from_tensor_slices((X, X[:, 0])).shuffle(10).batch(3).prefetch(2),
    "shuffled_elements": lambda: Dataset.from_generator(walk, "int32").shuffle(8).repeat(2).batch(4).prefetch(1),
    "small_buffer": lambda: Dataset.range(40).shuffle(5).repeat(2),
    "two_shuffles": lambda: Dataset.range(12).shuffle(12).shuffle(4).repeat(3).batch(5),
    "cached": lambda: Dataset.range(10).map(lambda v: v + 1).cache().shuffle(10).repeat(2).batch(3),
    "cached_order": lambda: Dataset.range(10).map(lambda v: v).shuffle(10).cache().repeat(3).batch(4),
    "parallel": lambda: Dataset.range(20).shuffle(20).map(lambda v: v * 2, num_parallel_calls=3).batch(4).prefetch(1),
    "sampled": lambda: Dataset.sample_from_datasets(
        [Dataset.range(8).shuffle(8), Dataset.range(100, 112)], weights=[0.3, 0.7]
    ),
    "flat_map_of_shuffled": lambda: (
        Dataset.range(4).shuffle(4).flat_map(lambda v: Dataset.from_tensors(v).repeat(3)).batch(2)
    ),
}
ALL = {
    **{name: lambda n=name: pipelines.PIPELINES[n](Dataset, ones) for name in pipelines.PIPELINES},
    **RANDOM,
}


def ones(size):
    return gm.ops.ones((int(size),), "int32")


def plain(iterator):
    return [pipelines.plain(element) for element in iterator]


def through_a_file(state):
    tree, arrays = pack_state(state)
    return unpack_state(json.loads(json.dumps(tree)), arrays)


@pytest.mark.parametrize("name", list(ALL))
def test_any_position_is_taken_up_again(name):
    dataset = ALL[name]()
    total = len(plain(dataset.as_numpy_iterator()))  # the pass that follows is not the first
    for cut in sorted({0, min(1, total), total // 2, total}):
        iterator = dataset.as_numpy_iterator()
        for _ in range(cut):
            next(iterator)
        state = through_a_file(iterator.get_state())
        rest, next_pass = plain(iterator), plain(dataset.as_numpy_iterator())
        new_dataset = ALL[name]()
        again = new_dataset.as_numpy_iterator()
        again.set_state(state)
        assert plain(again) == rest
        assert plain(new_dataset.as_numpy_iterator()) == next_pass


def test_reading_the_state_changes_nothing():
    dataset = Dataset.range(30).map(lambda v: v, num_parallel_calls=2).shuffle(10, seed=1).batch(4).prefetch(2)
    expected = plain(dataset.as_numpy_iterator())
    found = []
    iterator = Dataset.range(30).map(lambda v: v, 2).shuffle(10, seed=1).batch(4).prefetch(2).as_numpy_iterator()
    for element in iterator:
        iterator.get_state()
        found.append(pipelines.plain(element))
    assert found == expected


def test_the_end_is_a_position_too():
    dataset = Dataset.range(4).shuffle(4)
    iterator = iter(dataset)
    assert len(list(iterator)) == 4
    new_dataset = Dataset.range(4).shuffle(4)
    again = iter(new_dataset)
    again.set_state(iterator.get_state())
    assert list(again) == []
    assert plain(new_dataset.as_numpy_iterator()) == plain(dataset.as_numpy_iterator())


def test_only_numbers_text_and_arrays_are_packed():
    with pytest.raises(gm.errors.ArgumentError, match="received a object"):
        pack_state({"a": [object()]})


# ---- fit


def make_model():
    gm.utils.set_random_seed(3)
    model = gm.Sequential([gm.Input((2,)), gm.layers.Dense(4, activation="relu"), gm.layers.Dense(1)])
    model.compile(gm.optimizers.Adam(0.01), "mse")
    return model


def make_data():
    x = np.random.default_rng(0).random((40, 2)).astype("float32")
    elements = Dataset.from_tensor_slices((x, x.sum(1))).shuffle(40, seed=9)
    return elements.map(lambda a, b: (a * 2, b)).shuffle(10, seed=5).batch(4).prefetch(2)


class StopAt(gm.callbacks.Callback):
    """Breaks off after so many batches, as a kill would."""

    def __init__(self, batches):
        super().__init__()
        self.left = batches

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


@pytest.mark.parametrize("save_freq", ["epoch", 1, 3])
@pytest.mark.parametrize("steps", [None, 7])
@pytest.mark.parametrize("stop", [4, 10, 17])
def test_a_run_on_a_data_set_goes_on_to_the_same_weights(tmp_path, save_freq, steps, stop):
    def fit(model, data, callbacks):
        model.fit(data, epochs=3, steps_per_epoch=steps, verbose=0, callbacks=callbacks)
        return [np.asarray(weight) for weight in model.weights]

    def data():
        return make_data() if steps is None else make_data().repeat()

    unbroken = fit(make_model(), data(), [])
    with pytest.raises(KeyboardInterrupt):
        fit(make_model(), data(), [gm.callbacks.BackupAndRestore(tmp_path, save_freq), StopAt(stop)])
    resumed = fit(make_model(), data(), [gm.callbacks.BackupAndRestore(tmp_path, save_freq)])
    for one, other in zip(unbroken, resumed):
        np.testing.assert_array_equal(one, other)
