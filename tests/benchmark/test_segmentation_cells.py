"""The cells whose samples have a class for every pixel."""

import dataclasses

import numpy as np
import pytest

from gradmill.benchmark._engines import keras_engine
from gradmill.benchmark._engines.clock import Clock
from gradmill.benchmark._engines.data import masked_images, targets_of
from gradmill.benchmark._engines.energy import EnergyMeter
from gradmill.benchmark.cells import CELLS
from gradmill.benchmark.suite import Engine, run_cell
from keras_interpreter import interpreter_with

SMALL = [
    dataclasses.replace(CELLS["unet_b16"], shape=(64, 64, 3), batch=2, steps=1, epochs=4),
    dataclasses.replace(CELLS["cvnet512_b2"], shape=(128, 128, 1), batch=2, steps=1, epochs=4, rate=0.02),
]


def test_masked_images_are_brighter_where_the_class_is_higher():
    images, labels = masked_images(4, (40, 32, 3), 3, seed=1)
    assert images.shape == (4, 40, 32, 3) and images.dtype == np.float32 and labels.shape == (4, 40, 32)
    means = [images[labels == label].mean() for label in range(3)]
    assert means[0] < means[1] < means[2] and 0 <= images.min() and images.max() < 1
    again = masked_images(4, (40, 32, 3), 3, seed=1)
    assert np.array_equal(images, again[0]) and np.array_equal(labels, again[1])
    masks = targets_of(SMALL[1], masked_images(2, (128, 128, 1), 2)[1])
    assert masks.shape == (2, 128, 128, 1) and masks.dtype == np.float32 and set(np.unique(masks)) == {0, 1}


@pytest.mark.parametrize("cell", SMALL, ids=lambda cell: cell.network)
def test_they_are_trained(cell):
    clock = Clock(cell.warm_up, EnergyMeter(gpus=False))
    keras_engine.run("gradmill", cell, {"seed": 0, "threads": 0, "best": False, "clock": clock})
    losses = clock.result()["losses"]
    assert len(losses) == 5 and np.isfinite(losses).all() and min(losses[1:]) < losses[0]


@pytest.mark.slow
@pytest.mark.peers
@pytest.mark.parametrize("name", ["unet_b16", "cvnet512_b2"])
def test_pytorch_starts_from_the_same_weights(name):
    """Both begin with the same loss, up to how strides and transposed convolutions are padded."""
    python = interpreter_with("torch", "PyTorch")
    cell = dataclasses.replace(CELLS[name], batch=1, steps=1, epochs=1, warm_up=0)
    engines = (Engine(kind, "default") for kind in ("gradmill", "torch"))
    ours, theirs = (run_cell(cell, engine, python, seed=0, limit=250) for engine in engines)
    assert "error" not in ours and "error" not in theirs, (ours, theirs)
    assert theirs["first_loss"] == pytest.approx(ours["first_loss"], rel=2e-3)
    assert theirs["parameters"] <= ours["parameters"] < 1.01 * theirs["parameters"]
