"""Event files: what a reader of the published format finds in them, and TensorBoard itself where it is installed."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from event_files import crc32c, events, fields
from PIL import Image

import gradmill as gm
import gradmill.tensorflow as tf
from keras_interpreter import run_with_keras


@pytest.fixture
def model():
    result = gm.Sequential([gm.Input((3,)), gm.layers.Dense(2, name="dense")])
    result.compile(gm.optimizers.SGD(0.1), "mse", metrics=["mae"])
    return result


def scalars(folder):
    found = {}
    for step, tag, value in events(folder):
        if 2 in value:
            found.setdefault(tag, []).append((step, value[2][0]))
    return found


def train(model, folder, **options):
    x, y = np.ones((8, 3), "float32"), np.zeros((8, 2), "float32")
    board = gm.callbacks.TensorBoard(folder, **options)
    return model.fit(x, y, batch_size=2, epochs=2, validation_data=(x, y), verbose=0, callbacks=[board]).history


def test_checksums_are_those_of_the_standard():
    assert crc32c(b"123456789") == 0xE3069283  # RFC 3720's polynomial, its usual check value


def test_logs_of_epochs(model, tmp_path):
    history = train(model, tmp_path)
    found = scalars(tmp_path / "train")
    assert set(found) == {"epoch_loss", "epoch_mae", "epoch_learning_rate"}
    for name in ("loss", "mae"):
        assert found[f"epoch_{name}"] == [(epoch, np.float32(value)) for epoch, value in enumerate(history[name])]
    validation = scalars(tmp_path / "validation")
    assert [value for _, value in validation["epoch_loss"]] == [np.float32(value) for value in history["val_loss"]]
    assert [step for step, _ in validation["evaluation_loss_vs_iterations"]] == [4, 8]


def test_batches_and_histograms(model, tmp_path):
    train(model, tmp_path, update_freq=2, histogram_freq=1, write_steps_per_second=True)
    found = scalars(tmp_path / "train")
    assert [step for step, _ in found["batch_loss"]] == [0, 2, 4, 6] and len(found["epoch_steps_per_second"]) == 2
    histograms = [(step, tag, fields(value[5][0])) for step, tag, value in events(tmp_path / "train") if 5 in value]
    assert [(step, tag.endswith("dense/kernel")) for step, tag, _ in histograms][::2] == [(0, True), (1, True)]
    last = next(each for step, tag, each in histograms if step == 1 and tag.endswith("kernel"))
    kernel = model.layers[0].kernel.numpy()
    assert last[1][0] == kernel.min() and last[2][0] == kernel.max() and last[3][0] == 6
    assert np.isclose(last[4][0], kernel.sum()) and np.isclose(last[5][0], np.square(kernel).sum())
    limits, counts = np.frombuffer(last[6][0], "<f8"), np.frombuffer(last[7][0], "<f8")
    assert counts.sum() == 6 and all((kernel <= limit).sum() >= counts[: i + 1].sum() for i, limit in enumerate(limits))


@pytest.mark.parametrize("options", [{"update_freq": "often"}, {"update_freq": 0}, {"histogram_freq": -1}])
def test_bad_arguments(options):
    with pytest.raises(gm.errors.ArgumentError, match=f"TensorBoard: {next(iter(options))}"):
        gm.callbacks.TensorBoard("logs", **options)


def test_summaries_of_tensorflow(tmp_path):
    writer = tf.summary.create_file_writer(str(tmp_path / "logs"))
    assert tf.summary.scalar("loss", 1.0, step=0) is False
    picture = np.arange(12, dtype="float32").reshape(1, 2, 2, 3) / 15
    with writer.as_default():
        for step in range(2):
            tf.summary.scalar("loss", tf.constant(0.5 * step), step=step)
        with tf.summary.record_if(False):
            tf.summary.scalar("loss", 9.0, step=2)
        assert tf.summary.image("picture", picture, step=3)
        assert tf.summary.text("note", tf.constant("hello"), step=4)
        assert tf.summary.histogram("values", tf.range(5), step=5)
        with pytest.warns(UserWarning, match="tf.summary.audio"):
            tf.summary.audio("sound", np.zeros((1, 2, 1)), 8000, step=0)
    assert scalars(tmp_path / "logs") == {"loss": [(0, 0.0), (1, 0.5)]}
    found = {tag: (step, value) for step, tag, value in events(tmp_path / "logs")}
    image = fields(found["picture"][1][4][0])
    assert found["picture"][0] == 3 and (image[1], image[2], image[3]) == ([2], [2], [3])
    shown = np.asarray(Image.open(io.BytesIO(image[4][0])))
    np.testing.assert_array_equal(shown, np.round(picture[0] * 255))
    assert fields(found["note"][1][8][0])[8] == [b"hello"] and fields(found["values"][1][5][0])[3] == [5.0]


def test_images_of_a_wrong_shape(tmp_path):
    with tf.summary.create_file_writer(str(tmp_path)).as_default():
        with pytest.raises(gm.errors.ShapeError, match="image 'x': expected shape"):
            tf.summary.image("x", np.zeros((1, 4, 4, 2)), step=0)


@pytest.mark.slow
def test_tensorboard_reads_them(model, tmp_path):
    history = train(model, tmp_path)
    run_with_keras(Path(__file__).with_name("tensorboard_side.py"), tmp_path / "train", tmp_path / "found", timeout=300)
    found = json.loads((tmp_path / "found").read_text())
    if found is None:
        pytest.skip("TensorBoard is not installed beside Keras")
    assert found["epoch_loss"] == [[epoch, np.float32(value)] for epoch, value in enumerate(history["loss"])]
