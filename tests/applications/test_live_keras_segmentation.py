"""U-Net and the network of 512x512 pictures beside the Keras that is installed: outputs, metrics, ten steps.

Keras runs in an interpreter of its own: the one that runs the tests, or the one that GRADMILL_KERAS_PYTHON names.
"""

from pathlib import Path

import numpy as np
import pytest
from models_for_files import perturb

import gradmill as gm
from gradmill.benchmark import cvnet512 as network
from keras_interpreter import run_with_keras

pytestmark = [pytest.mark.peers, pytest.mark.slow]

SIDE = Path(__file__).with_name("keras_segmentation_side.py")
TOLERANCE = 1e-4


def unet():
    model = gm.applications.UNet((64, 64, 3), alpha=0.35, filters=(32, 16, 8, 8))
    model.compile(gm.optimizers.Adam(1e-3), gm.losses.SparseCategoricalCrossentropy(from_logits=True))
    train, _ = gm.datasets.shapes.synthetic(4, 1, (64, 64), seed=1)
    return model, train.images.astype("float32") / 127.5 - 1, train.masks.astype("int32")


def cvnet512():
    model = network.build(gm, 128, 0.25, dropout=False)
    loss, iou, dice = network.objectives(gm)
    model.compile(gm.optimizers.SGD(0.05, momentum=0.95, nesterov=True), loss, metrics=[iou, dice])
    pairs = gm.datasets.shapes.triangles(4, side=128, seed=1)
    return model, pairs.images.astype("float32") / 255, pairs.masks[..., None].astype("float32")


@pytest.mark.parametrize("make", [unet, cvnet512])
def test_outputs_and_ten_steps(make, tmp_path):
    gm.utils.set_random_seed(1)
    name = make.__name__
    model, x, y = make()
    perturb(model, np.random.default_rng(2))
    weights = {f"w{number}": value for number, value in enumerate(model.get_weights())}
    np.savez(tmp_path / f"{name}.npz", x=x, y=y, **weights)
    run_with_keras(SIDE, name, tmp_path, timeout=900)
    with np.load(tmp_path / f"{name}_keras.npz") as archive:
        expected = dict(archive)
    found = model(x, training=False).numpy()
    np.testing.assert_allclose(found, expected["outputs"], rtol=0, atol=TOLERANCE * np.abs(found).max())
    steps = [model.train_on_batch(x, y, return_dict=True) for _ in range(10)]
    for key in steps[0]:
        np.testing.assert_allclose([float(step[key]) for step in steps], expected[f"log_{key}"], rtol=TOLERANCE)
    losses = [float(step["loss"]) for step in steps]
    assert losses[-1] < losses[0], "the steps did nothing that could differ"
    # With the moving averages that the steps have left; ten steps let rounding grow.
    after = model(x, training=False).numpy()
    np.testing.assert_allclose(after, expected["after"], rtol=0, atol=10 * TOLERANCE * np.abs(after).max())
