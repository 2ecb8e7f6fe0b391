"""Callbacks: when they are called, and what each does."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

import gradmill as gm


def model(rate=0.1, optimizer=None):
    made = gm.Sequential([gm.Input((3,)), gm.layers.Dense(1, kernel_initializer="zeros")])
    made.compile(optimizer or gm.optimizers.SGD(rate), loss="mse", metrics=["mae"])
    return made


def data(rows=12):
    generator = np.random.default_rng(4)
    x = generator.normal(size=(rows, 3))
    return x, x @ np.array([[1.0], [-2.0], [0.5]])


class Script(gm.callbacks.Callback):
    """Writes down every call."""

    def __init__(self):
        super().__init__()
        self.calls = []


def _recorder(name):
    def method(self, *arguments, logs=None):
        self.calls.append(name)

    return method


for _name in [name for name in dir(gm.callbacks.Callback) if name.startswith("on_") and name != "on_progress"]:
    if _name not in ("on_batch_begin", "on_batch_end"):
        setattr(Script, _name, _recorder(_name))


def test_order_of_calls():
    script = Script()
    x, y = data()
    model().fit(x, y, batch_size=6, validation_data=(x, y), verbose=0, callbacks=[script])
    step = ["on_train_batch_begin", "on_train_batch_end"]
    evaluation = ["on_test_begin", *["on_test_batch_begin", "on_test_batch_end"] * 2, "on_test_end"]
    expected = ["on_train_begin", "on_epoch_begin", *step * 2, *evaluation, "on_epoch_end", "on_train_end"]
    assert script.calls == expected


def test_batch_logs_are_running_means():
    seen = []
    x, y = data()
    hook = gm.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append((batch, logs["loss"])))
    history = model(rate=0.0).fit(x, y, batch_size=4, shuffle=False, verbose=0, callbacks=[hook])
    squares = (y**2).ravel()
    assert [batch for batch, _ in seen] == [0, 1, 2]
    np.testing.assert_allclose([loss for _, loss in seen], [squares[:n].mean() for n in (4, 8, 12)], rtol=1e-5)
    np.testing.assert_allclose(history.history["loss"][-1], squares.mean(), rtol=1e-5)


def test_stop_training_inside_an_epoch():
    seen = []

    class Stop(gm.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(batch)
            self.model.stop_training = batch == 1

    model().fit(*data(), batch_size=3, epochs=5, verbose=0, callbacks=[Stop()])
    assert seen == [0, 1]


def test_steps_per_execution_groups_batch_hooks():
    seen = []
    made = model()
    made.compile("sgd", loss="mse", steps_per_execution=3)
    hook = gm.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))
    made.fit(*data(21), batch_size=3, verbose=0, callbacks=[hook])
    assert seen == [2, 5, 6]


class Scripted(gm.callbacks.Callback):
    """Puts given values into the logs, before the callback under test sees them."""

    def __init__(self, name, values):
        super().__init__()
        self.name, self.values = name, values

    def on_epoch_end(self, epoch, logs=None):
        logs[self.name] = self.values[epoch]


@pytest.mark.parametrize(
    "options, values, epochs",
    [
        ({"patience": 2}, [5, 4, 4, 4, 3, 3], 4),
        ({"patience": 0}, [5, 6, 1, 1, 1, 1], 2),
        ({"patience": 1, "mode": "max"}, [1, 2, 3, 2, 5, 6], 4),
        ({"patience": 1, "min_delta": 0.5}, [5, 4.9, 4.8, 1, 1, 1], 2),
        ({"patience": 2, "baseline": 3}, [5, 4, 3.5, 1, 1, 1], 6),
        ({"patience": 1, "start_from_epoch": 3}, [5, 6, 7, 8, 9, 9], 5),
    ],
)
def test_early_stopping(options, values, epochs):
    options = {"mode": "min", **options}
    callback = gm.callbacks.EarlyStopping(monitor="score", **options)
    history = model().fit(*data(), epochs=6, verbose=0, callbacks=[Scripted("score", values), callback])
    assert len(history.epoch) == epochs


def test_early_stopping_restores_the_best_weights():
    kept = []
    keep = gm.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: kept.append(made.get_weights()[0].copy()))
    made = model()
    callback = gm.callbacks.EarlyStopping(monitor="score", mode="min", patience=1, restore_best_weights=True)
    made.fit(*data(), epochs=6, verbose=0, callbacks=[Scripted("score", [3, 1, 2, 2, 2, 2]), keep, callback])
    np.testing.assert_array_equal(made.get_weights()[0], kept[1])
    assert not np.array_equal(kept[1], kept[2])


def test_direction_is_found_from_the_metric():
    with pytest.raises(gm.errors.ArgumentError, match="mode='max'"):
        callbacks = [Scripted("score", [1, 2]), gm.callbacks.EarlyStopping(monitor="score")]
        model().fit(*data(), epochs=2, verbose=0, callbacks=callbacks)
    with pytest.raises(gm.errors.ArgumentError, match="upwards"):
        gm.callbacks.EarlyStopping(mode="upwards")


def test_missing_monitor_warns():
    with pytest.warns(UserWarning, match="val_loss.*loss, mae"):
        model().fit(*data(), verbose=0, callbacks=[gm.callbacks.EarlyStopping()])


def test_learning_rate_scheduler_and_log():
    made = model()
    history = made.fit(*data(), epochs=3, verbose=0, callbacks=[gm.callbacks.LearningRateScheduler(lambda e, r: r / 2)])
    np.testing.assert_allclose(history.history["learning_rate"], [0.05, 0.025, 0.0125], rtol=1e-6)
    with pytest.raises(gm.errors.ArgumentError, match="number"):
        made.fit(*data(), verbose=0, callbacks=[gm.callbacks.LearningRateScheduler(lambda e, r: "fast")])


def test_reduce_on_plateau():
    callback = gm.callbacks.ReduceLROnPlateau(
        monitor="score", mode="min", factor=0.5, patience=2, cooldown=1, min_lr=0.03
    )
    made = model()
    history = made.fit(*data(), epochs=8, verbose=0, callbacks=[Scripted("score", [1.0] * 8), callback])
    # The first epoch sets the best; two without improvement halve the rate; one passes in cooldown.
    np.testing.assert_allclose(history.history["learning_rate"], [0.1] * 3 + [0.05] * 2 + [0.03] * 3, rtol=1e-6)


@pytest.mark.parametrize("separator", [",", ";"])
def test_csv_logger(tmp_path, separator):
    path = tmp_path / "log.csv"
    made = model()
    for epochs in ((0, 2), (2, 3)):
        logger = gm.callbacks.CSVLogger(path, separator=separator, append=epochs[0] > 0)
        made.fit(*data(), initial_epoch=epochs[0], epochs=epochs[1], verbose=0, callbacks=[logger])
    rows = list(csv.reader(Path(path).read_text().splitlines(), delimiter=separator))
    assert rows[0] == ["epoch", "loss", "mae", "val_loss", "val_mae"]
    assert (
        [row[0] for row in rows[1:]] == ["0", "1", "2"] and rows[1][3] == "NA" and float(rows[3][1]) < float(rows[1][1])
    )


def test_terminate_on_nan():
    x, y = data()
    x[5] = np.nan
    with pytest.raises(RuntimeError, match="nan"):
        model().fit(x, y, verbose=0, callbacks=[gm.callbacks.TerminateOnNaN(raise_error=True)])
    history = model().fit(x, y, epochs=4, verbose=0, callbacks=[gm.callbacks.TerminateOnNaN()])
    assert len(history.epoch) == 1


def test_lambda_callback_refuses_unknown_names():
    with pytest.raises(gm.errors.ArgumentError, match="on_epoch_ended"):
        gm.callbacks.LambdaCallback(on_epoch_ended=print)


def test_model_checkpoint_keeps_the_best(tmp_path):
    path = tmp_path / "best.weights.h5"
    callback = gm.callbacks.ModelCheckpoint(path, "score", mode="max", save_best_only=True, save_weights_only=True)
    kept = []
    keep = gm.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: kept.append(made.get_weights()[0].copy()))
    made = model()
    made.fit(*data(), epochs=4, verbose=0, callbacks=[Scripted("score", [1, 3, 2, 2]), keep, callback])
    made.load_weights(path)
    np.testing.assert_array_equal(made.get_weights()[0], kept[1])


def test_model_checkpoint_names_and_frequency(tmp_path):
    callbacks = [
        gm.callbacks.ModelCheckpoint(tmp_path / "e{epoch:02d}.weights.h5", save_weights_only=True),
        gm.callbacks.ModelCheckpoint(tmp_path / "s{epoch}-{batch}.weights.h5", save_weights_only=True, save_freq=3),
    ]
    model().fit(*data(12), batch_size=3, epochs=2, verbose=0, callbacks=callbacks)
    names = sorted(os.listdir(tmp_path))
    assert names == ["e01.weights.h5", "e02.weights.h5", "s1-3.weights.h5", "s2-2.weights.h5"]
    for options, words in (({"filepath": "a.txt"}, "end in"), ({"filepath": "a.keras", "save_freq": 0}, "save_freq")):
        with pytest.raises(gm.errors.ArgumentError, match=words):
            gm.callbacks.ModelCheckpoint(**options)
    with pytest.raises(gm.errors.ArgumentError, match="bad_name"):
        bad = gm.callbacks.ModelCheckpoint(tmp_path / "{bad_name}.weights.h5", save_weights_only=True)
        model().fit(*data(), verbose=0, callbacks=[bad])


class Interrupt(gm.callbacks.Callback):
    """Ends the process's training as Ctrl-C does."""

    def __init__(self, epoch, batch):
        super().__init__()
        self.at, self.epoch = (epoch, batch), 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == self.at:
            raise KeyboardInterrupt


@pytest.mark.parametrize("save_freq", ["epoch", 2])
def test_backup_reaches_the_same_weights(tmp_path, save_freq):
    x, y = data(30)
    folder = tmp_path / "backup"

    def run(seed, callbacks):
        gm.utils.set_random_seed(seed)
        made = model(optimizer=gm.optimizers.Adam(0.01))
        history = made.fit(x, y, batch_size=4, epochs=4, verbose=0, callbacks=callbacks)
        return made.get_weights(), history.history["loss"][-1]

    whole, loss = run(1, [])
    with pytest.raises(KeyboardInterrupt):
        run(1, [gm.callbacks.BackupAndRestore(folder, save_freq=save_freq), Interrupt(2, 5)])
    assert os.listdir(folder) == ["training_state.safetensors"]
    resumed, resumed_loss = run(99, [gm.callbacks.BackupAndRestore(folder, save_freq=save_freq)])
    for one, two in zip(whole, resumed):
        np.testing.assert_array_equal(one, two)
    assert loss == resumed_loss and not folder.exists()


def test_damaged_and_foreign_backups(tmp_path):
    folder = tmp_path / "backup"
    x, y = data()
    backup = gm.callbacks.BackupAndRestore(folder, delete_checkpoint=False, double_checkpoint=True)
    model().fit(x, y, epochs=2, verbose=0, callbacks=[backup])
    path = folder / "training_state.safetensors"
    path.write_bytes(path.read_bytes()[:500])
    # The newest is damaged, so the one before it is used: one epoch is left.
    with pytest.warns(UserWarning, match="training_state.safetensors.*damaged.*backup before it is used"):
        history = model().fit(x, y, epochs=2, verbose=0, callbacks=[backup])
    assert history.epoch == [0, 1]
    other = gm.Sequential([gm.Input((3,)), gm.layers.Dense(4), gm.layers.Dense(1)])
    other.compile("sgd", loss="mse")
    with pytest.raises(gm.errors.ArgumentError, match="another model"):
        other.fit(x, y, verbose=0, callbacks=[gm.callbacks.BackupAndRestore(folder)])
    path.write_bytes(b"nothing")
    (folder / "training_state.safetensors.bkp").unlink()
    with pytest.raises(gm.errors.DamagedFileError, match="delete it to start anew"):
        model().fit(x, y, verbose=0, callbacks=[gm.callbacks.BackupAndRestore(folder)])


def test_history_is_a_table_in_a_notebook():
    history = model().fit(*data(), epochs=2, verbose=0)
    page = history._repr_html_()
    assert page.count("<tr>") == 3 and "<th>mae</th>" in page
