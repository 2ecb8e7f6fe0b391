"""Training programs that are killed and started again until they end: `killed_runs.py KIND FOLDER SEED ROUNDS KILLS`.

KIND is run once unbroken and then ROUNDS times with up to KILLS kills. Each run is a process of its own that gets
SIGKILL: by itself at a moment drawn from those it counts (ends of batches and epochs; a file begun, half written,
written, and named), or from outside after a time drawn from those the unbroken run took. What a run leaves must be,
to the bit, what the unbroken one left. Prints the number of kills.
"""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

import gradmill as gm
from gradmill.saving import safetensors
from gradmill.utils import files

counted = {"moments": 0, "kill_at": 0}


def moment():
    counted["moments"] += 1
    if counted["moments"] == counted["kill_at"]:
        os.kill(os.getpid(), signal.SIGKILL)


class HalvedFile:
    """Writes the bytes in two halves."""

    def __init__(self, file):
        self.file = file

    def write(self, part):
        view = memoryview(part)
        self.file.write(view[: len(view) // 2])
        if len(view) > 100:
            self.file.flush()
            moment()
        self.file.write(view[len(view) // 2 :])


def hook_writes():
    write, publish = safetensors.write_safetensors, files.publish

    def watched_write(file, arrays, checksum=False):
        moment()
        write(HalvedFile(file), arrays, checksum)

    def watched_publish(temporary, path):
        moment()
        publish(temporary, path)
        moment()

    safetensors.write_safetensors, files.publish = watched_write, watched_publish


class Moments(gm.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        moment()

    def on_epoch_end(self, epoch, logs=None):
        moment()


def make_model():
    return gm.Sequential(
        [
            gm.layers.Dense(16, activation="relu"),
            gm.layers.Dropout(0.3),
            gm.layers.BatchNormalization(),
            gm.layers.Dense(3),
        ]
    )


def make_arrays():
    random = np.random.default_rng(5)
    x = random.normal(size=(72, 6)).astype("float32")
    return x, np.argmax(x[:, :3] + random.normal(size=(72, 3)), axis=1)


def fit(folder, save_freq, from_dataset=False):
    gm.utils.set_random_seed(11)
    x, y = make_arrays()
    model = make_model()
    loss = gm.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(gm.optimizers.Adam(0.08), loss, metrics=["accuracy"])
    stop = gm.callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)
    plateau = gm.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=1)
    best = gm.callbacks.ModelCheckpoint(
        folder / "best.weights.h5", monitor="val_loss", save_best_only=True, save_weights_only=True
    )
    data = {"x": x[:56], "y": y[:56], "batch_size": 8}
    if from_dataset:
        dataset = gm.data.Dataset.from_tensor_slices((x[:56], y[:56])).shuffle(20)
        data = {"x": dataset.map(lambda a, b: (a + 0.0, b)).shuffle(5).batch(8).prefetch(2)}
    history = model.fit(
        **data,
        validation_data=(x[56:], y[56:]),
        epochs=7,
        verbose=0,
        callbacks=[
            gm.callbacks.BackupAndRestore(folder / "backup", save_freq=save_freq, double_checkpoint=True),
            gm.callbacks.CSVLogger(folder / "log.csv"),
            stop,
            plateau,
            best,
            Moments(),
        ],
    )
    logs = {f"log_{name}": values for name, values in history.history.items()}
    best_now = np.array([stop.best, stop.best_epoch, stop.stopped_epoch, plateau.best, plateau.wait, best.best])
    table = np.array((folder / "log.csv").read_text())
    return {"epochs": history.epoch, "best": best_now, "table": table, **logs, **weights(model, model.optimizer)}


def loop(folder):
    gm.utils.set_random_seed(12)
    x, y = make_arrays()
    dataset = gm.data.Dataset.from_tensor_slices((x, y)).shuffle(72).map(lambda a, b: (a * 2.0, b)).shuffle(7)
    iterator = iter(dataset.repeat().batch(8).prefetch(1))
    model, optimizer = make_model(), gm.optimizers.RMSprop(0.01)
    loss_of = gm.losses.SparseCategoricalCrossentropy(from_logits=True)
    mean = gm.metrics.Mean()
    checkpoint = gm.train.Checkpoint(
        step=0, model=model, optimizer=optimizer, iterator=iterator, mean=mean, random=gm.train.RandomState()
    )
    manager = gm.train.CheckpointManager(checkpoint, folder / "checkpoints", max_to_keep=2)
    checkpoint.restore(manager.latest_checkpoint).expect_partial()

    @gm.function
    def train(images, labels):
        with gm.GradientTape() as tape:
            loss = loss_of(labels, model(images + gm.random.normal(images.shape) * 0.1, training=True))
        optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
        return loss

    while int(checkpoint.step) < 40:
        mean.update_state(train(*next(iterator)))
        checkpoint.step.assign_add(1)
        moment()
        if int(checkpoint.step) % 6 == 0:
            manager.save()
    names = [Path(each).name for each in manager.checkpoints]
    left = sorted(each.name for each in (folder / "checkpoints").iterdir())
    assert left == ["checkpoint", *names], left
    # A kill behind the last save, before the oldest is deleted, leaves one too many until there is another save.
    assert len(names) <= 3, names
    return {"mean": float(mean.result()), "names": names[-2:], "draw": np.random.rand(), **weights(model, optimizer)}


def weights(model, optimizer):
    found = {f"weight_{i}": each.numpy() for i, each in enumerate(model.variables)}
    return {**found, **{f"slot_{i}": each.numpy() for i, each in enumerate(optimizer.variables)}}


KINDS = {
    "fit_epochs": lambda folder: fit(folder, "epoch"),
    "fit_batches": lambda folder: fit(folder, 3),
    "fit_dataset": lambda folder: fit(folder, 4, from_dataset=True),
    "loop": loop,
}


def start(kind, folder, kill_at=0):
    """Run in a new process, which begins as this one was after its imports; return its number."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        counted["kill_at"] = kill_at
        found = KINDS[kind](folder)
        np.savez(folder / "result.npz", moments=counted["moments"], **found)
        status = 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def wait(child):
    """Return the status of a process: 0, or -9 where it was killed; anything else is a failure."""
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status not in (0, -signal.SIGKILL):
        sys.exit(f"a run ended with {status}")
    return status


def main(kind, folder, seed, rounds, most_kills):
    random = np.random.default_rng(seed)
    begun = time.perf_counter()
    whole = folder / "unbroken"
    whole.mkdir()
    wait(start(kind, whole))
    seconds = time.perf_counter() - begun
    expected = np.load(whole / "result.npz")
    kills = 0
    for number in range(rounds):
        broken = folder / f"round_{number}"
        broken.mkdir()
        left = most_kills
        while True:
            from_outside = random.random() < 0.3
            at = int(random.integers(1, expected["moments"])) if left and not from_outside else 0
            child = start(kind, broken, at)
            if left and from_outside:
                time.sleep(random.random() * seconds)
                os.kill(child, signal.SIGKILL)
            if wait(child) == 0:
                break
            kills += 1
            left -= 1
        found = np.load(broken / "result.npz")
        assert sorted(found.files) == sorted(expected.files)
        for name in set(found.files) - {"moments"}:
            np.testing.assert_array_equal(found[name], expected[name], f"{name} in round {number}")
    print(kills)


if __name__ == "__main__":
    hook_writes()
    main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:]))
