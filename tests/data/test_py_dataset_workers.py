"""`PyDataset` with workers: batches made ahead in threads, in order."""

import threading
import time
import warnings

import numpy as np
import pytest

import gradmill as gm
from gradmill.utils import batch_data

X = np.random.default_rng(4).random((48, 3)).astype("float32")
Y = X.sum(1)


class Batches(gm.utils.PyDataset):
    """Notes which batches were made, and in how many threads at once."""

    def __init__(self, count=12, fails_at=None, **options):
        super().__init__(**options)
        self.count, self.fails_at = count, fails_at
        self.made, self.threads = [], set()
        self.events = []

    @property
    def num_batches(self):
        return self.count

    def __getitem__(self, index):
        if index == self.fails_at:
            raise OSError("no such image")
        time.sleep(0.002 * (index % 3))
        self.made.append(index)
        self.threads.add(threading.current_thread().name)
        rows = np.arange(index * 4, index * 4 + 4) % 48
        return X[rows], Y[rows]

    def on_epoch_begin(self):
        self.events.append(("begin", len(self.made)))

    def on_epoch_end(self):
        self.events.append(("end", len(self.made)))


def train(data, callbacks=(), **options):
    gm.utils.set_random_seed(0)
    model = gm.Sequential([gm.Input((3,)), gm.layers.Dense(1)])
    model.compile("adam", "mse")
    history = model.fit(data, verbose=0, callbacks=list(callbacks), **{"epochs": 3, **options}).history["loss"]
    return history, [variable.numpy().tolist() for variable in model.variables]


def threads_alive():
    return [thread for thread in threading.enumerate() if thread.name.startswith("gradmill-batches")]


def assert_threads_end():
    deadline = time.monotonic() + 20
    while threads_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not threads_alive()


@pytest.mark.parametrize(
    "options",
    [{"workers": 2}, {"workers": 4, "max_queue_size": 1}, {"workers": 3, "max_queue_size": 100}, {"workers": 0}],
)
@pytest.mark.parametrize("fit", [{}, {"shuffle": False}, {"steps_per_epoch": 6}])
def test_the_order_is_that_of_one_thread(options, fit):
    data = Batches(**options)
    assert train(data, **fit) == train(Batches(), **fit)
    assert any(name.startswith("gradmill-batches") for name in data.threads) == (options["workers"] > 1)
    assert_threads_end()


def test_an_endless_data_set():
    data = Batches(count=None, workers=2, max_queue_size=4)
    assert train(data, steps_per_epoch=5) == train(Batches(count=None), steps_per_epoch=5)
    assert sorted(set(data.made)) == list(range(len(set(data.made)))) and len(set(data.made)) < 15 + 6
    assert_threads_end()


def test_no_more_than_the_queue_holds_is_made_ahead():
    data = Batches(count=100, workers=3, max_queue_size=5)
    iterator = batch_data.batches_ahead(data, range(100))
    next(iterator)
    assert data.made == [0]
    next(iterator)
    time.sleep(0.3)
    assert sorted(data.made) == list(range(7))
    iterator.close()
    assert_threads_end()
    assert sorted(data.made) == list(range(7))


def test_evaluate_and_predict():
    model = gm.Sequential([gm.Input((3,)), gm.layers.Dense(1)])
    model.compile("adam", "mse")
    np.testing.assert_array_equal(
        model.predict(Batches(workers=3), verbose=0), model.predict(X, batch_size=4, verbose=0)
    )
    assert model.evaluate(Batches(workers=3), verbose=0) == model.evaluate(Batches(), verbose=0)


def test_each_epoch_begins_when_the_last_one_is_made():
    data = Batches(workers=2)
    train(data, shuffle=False)
    assert data.events == [("begin", 1), ("end", 12), ("begin", 12), ("end", 24), ("begin", 24), ("end", 36)]


def test_the_error_of_a_batch_comes_in_its_place():
    data = Batches(fails_at=7, workers=3)
    steps = []
    note = gm.callbacks.LambdaCallback(on_train_batch_end=lambda step, logs: steps.append(step))
    with pytest.raises(OSError, match="no such image"):
        train(data, [note], shuffle=False)
    assert steps == list(range(7))
    assert_threads_end()


def test_training_that_stops_ends_the_threads():
    class Stop(gm.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.interrupts:
                raise KeyboardInterrupt
            self.model.stop_training = True

    stop = Stop()
    stop.interrupts = False
    train(Batches(count=500, workers=2), [stop])
    assert_threads_end()
    stop.interrupts = True
    with pytest.raises(KeyboardInterrupt):
        train(Batches(count=500, workers=2), [stop])
    assert_threads_end()


def test_multiprocessing_is_said_once_to_be_threads():
    batch_data._say_threads_are_used.cache_clear()
    with pytest.warns(UserWarning, match="in threads"):
        data = Batches(use_multiprocessing=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        twin = Batches(use_multiprocessing=True, workers=2)
    assert train(data) == train(twin) == train(Batches())
    assert any(name.startswith("gradmill-batches") for name in data.threads)


def test_a_subclass_without_the_call_of_init():
    class Plain(gm.utils.Sequence):
        def __init__(self):
            pass

        def __len__(self):
            return 12

        def __getitem__(self, index):
            return X[index * 4 : index * 4 + 4], Y[index * 4 : index * 4 + 4]

    assert train(Plain()) == train(Batches())


@pytest.mark.parametrize("options", [{"workers": -1}, {"workers": 1.5}, {"max_queue_size": "10"}])
def test_bad_options(options):
    (name,) = options
    with pytest.raises(gm.errors.ArgumentError, match=f"Batches: {name} must be an integer"):
        Batches(**options)


def test_an_interrupted_run_sees_the_same_batches(tmp_path):
    class Interrupt(gm.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 7:
                raise KeyboardInterrupt

    def run(folder, *callbacks):
        return train(Batches(workers=3), [gm.callbacks.BackupAndRestore(tmp_path / folder, save_freq=3), *callbacks])

    whole = run("a")
    with pytest.raises(KeyboardInterrupt):
        run("b", Interrupt())
    assert run("b") == whole
