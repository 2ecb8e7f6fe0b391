"""`BackupAndRestore`: whatever the data and the callbacks, an interrupted run ends as an unbroken one."""

import numpy as np
import pytest

import gradmill as gm

X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
Y = X.sum(1)


class Batches(gm.utils.PyDataset):
    def __len__(self):
        return 10

    def __getitem__(self, index):
        return X[index * 4 : index * 4 + 4], Y[index * 4 : index * 4 + 4]


class ListOfBatches:
    def __iter__(self):
        return (Batches()[index] for index in (3, 1, 4, 0, 5, 9, 2, 6, 8, 7))


def generate():
    for place in range(1000):
        rows = np.random.default_rng(place).integers(0, 40, 4)
        yield X[rows], Y[rows]


def dataset():
    return gm.data.Dataset.from_tensor_slices((X, Y)).shuffle(40).batch(4)


DATA = {
    "arrays": lambda: (X, Y),
    "indexed": lambda: (Batches(),),
    "iterable": lambda: (ListOfBatches(),),
    "generator": lambda: (generate(),),
    "dataset": lambda: (dataset(),),
    "endless dataset": lambda: (dataset().repeat(),),
}
STEPS = {"arrays": 5, "indexed": 5, "iterable": 5, "generator": 6, "dataset": None, "endless dataset": 7}


class Interrupt(gm.callbacks.Callback):
    """Ends training as Ctrl-C does, after so many calls."""

    def __init__(self, calls, moment="on_train_batch_end"):
        super().__init__()
        self.left = calls
        setattr(self, moment, self.count)

    def count(self, *_, **__):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def run(
    make_model, data, folder, callbacks=(), seed=3, save_freq="epoch", validation=lambda: (X[:8], Y[:8]), **options
):
    gm.utils.set_random_seed(seed)
    model = make_model()
    backup = gm.callbacks.BackupAndRestore(folder, save_freq)
    options.update(epochs=4, verbose=0, callbacks=[backup, *callbacks], validation_data=validation())
    history = model.fit(*data(), **options)
    return [each.numpy() for each in [*model.variables, *model.optimizer.variables]], history.history


def check_resumed(tmp_path, make_model, data, interrupt, callbacks=list, **options):
    weights, history = run(make_model, data, tmp_path / "a", callbacks(), **options)
    with pytest.raises(KeyboardInterrupt):
        run(make_model, data, tmp_path / "b", [*callbacks(), interrupt], **options)
    resumed, resumed_history = run(make_model, data, tmp_path / "b", callbacks(), seed=99, **options)
    for one, two in zip(weights, resumed):
        np.testing.assert_array_equal(one, two)
    assert resumed_history == history
    return history


def plain_model(optimizer=gm.optimizers.Adam, **options):
    model = gm.Sequential([gm.Input((3,)), gm.layers.Dense(5, "tanh"), gm.layers.Dropout(0.2), gm.layers.Dense(1)])
    model.compile(optimizer(0.05, **options), "mse", metrics=["mae"])
    return model


@pytest.mark.parametrize("save_freq", ["epoch", 2])
@pytest.mark.parametrize("kind", DATA)
def test_all_kinds_of_data(tmp_path, kind, save_freq):
    options = {"steps_per_epoch": STEPS[kind], "batch_size": 4 if kind == "arrays" else None}
    if kind == "dataset":
        options["validation"] = dataset
    check_resumed(tmp_path, plain_model, DATA[kind], Interrupt(16), save_freq=save_freq, **options)


def test_a_train_step_of_ones_own(tmp_path):
    """Its logs are those of its last step, which may be the one that was interrupted."""

    class Own(gm.Model):
        def __init__(self):
            super().__init__()
            self.dense = gm.layers.Dense(1)

        def call(self, x):
            return self.dense(x)

        def train_step(self, data):
            x, y = data
            with gm.GradientTape() as tape:
                loss = gm.ops.mean((self(x)[:, 0] - y) ** 2)
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply(gradients, self.trainable_variables)
            return {"own": loss}

    def make_model():
        model = Own()
        model.compile(gm.optimizers.SGD(0.05), "mse")
        return model

    history = check_resumed(tmp_path, make_model, DATA["arrays"], Interrupt(11), save_freq=5, batch_size=4)
    assert "own" in history


def test_the_end_of_training_may_be_interrupted_too(tmp_path):
    def averaged():
        return plain_model(gm.optimizers.SGD, use_ema=True)

    check_resumed(tmp_path, averaged, DATA["arrays"], Interrupt(1, "on_train_end"))


def test_training_that_was_stopped_stays_stopped(tmp_path):
    def callbacks():
        return [gm.callbacks.EarlyStopping("loss", patience=0, mode="max", restore_best_weights=True)]

    history = check_resumed(tmp_path, plain_model, DATA["arrays"], Interrupt(1, "on_train_end"), callbacks)
    assert len(history["loss"]) == 2


class Remembers(gm.callbacks.Callback):
    state_names = ("seen",)

    def on_train_begin(self, logs=None):
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(np.array([epoch, logs["loss"]]))
        logs["total"] = float(np.sum(self.seen))


def test_callbacks_of_ones_own_are_kept(tmp_path):
    def callbacks():
        return [Remembers(), Remembers(), gm.callbacks.LambdaCallback()]

    history = check_resumed(tmp_path, plain_model, DATA["arrays"], Interrupt(5), callbacks)
    assert len(history["total"]) == 4


def test_every_line_of_the_log_stands_there_once(tmp_path):
    def callbacks():
        return [gm.callbacks.CSVLogger(tmp_path / "log.csv"), gm.callbacks.ReduceLROnPlateau("loss", patience=0)]

    run(plain_model, DATA["arrays"], tmp_path / "a", callbacks(), batch_size=4)
    expected = (tmp_path / "log.csv").read_text()
    for calls in (10, 3, 5):
        with pytest.raises(KeyboardInterrupt):
            # The epoch's line is written, the backup is not.
            callback = Interrupt(2 if calls == 10 else calls, "on_epoch_end" if calls == 10 else "on_train_batch_end")
            run(plain_model, DATA["arrays"], tmp_path / "b", [*callbacks(), callback], batch_size=4)
    run(plain_model, DATA["arrays"], tmp_path / "b", callbacks(), batch_size=4)
    assert (tmp_path / "log.csv").read_text() == expected and expected.count("\n") == 5
    new = gm.callbacks.CSVLogger(tmp_path / "new.csv", append=True)
    run(plain_model, DATA["arrays"], tmp_path / "d", [new], batch_size=4, save_freq=3)
    assert len((tmp_path / "new.csv").read_text().splitlines()) == 5
    appended = gm.callbacks.CSVLogger(tmp_path / "log.csv", append=True)
    plateau = gm.callbacks.ReduceLROnPlateau("loss", patience=0)
    run(plain_model, DATA["arrays"], tmp_path / "c", [appended, plateau], batch_size=4)
    assert (tmp_path / "log.csv").read_text() == expected + expected.partition("\n")[2]


def test_a_killed_write_leaves_nothing_behind(tmp_path):
    (tmp_path / ".training_state.safetensors.x1.part").write_bytes(b"half")
    run(plain_model, DATA["arrays"], tmp_path)
    assert not tmp_path.exists()
