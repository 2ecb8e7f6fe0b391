"""Weights of applications go both ways between GradMill and the Keras that is installed.

Keras runs in an interpreter of its own: the one that runs the tests, or the one that GRADMILL_KERAS_PYTHON names.
"""

from pathlib import Path

import numpy as np
import pytest
from models_for_files import MODELS, perturb

import gradmill as gm
from keras_interpreter import run_with_keras

pytestmark = [pytest.mark.peers, pytest.mark.slow]


def run_keras(command, folder):
    run_with_keras(Path(__file__).with_name("keras_applications_side.py"), command, folder, timeout=1800)


@pytest.fixture(scope="module")
def written_by_keras(tmp_path_factory):
    folder = tmp_path_factory.mktemp("theirs")
    run_keras("write", folder)
    return folder


@pytest.mark.parametrize("ending", [".weights.h5", ".keras", ".h5"])
@pytest.mark.parametrize("name", list(MODELS))
def test_we_read_weights_of_keras(written_by_keras, name, ending):
    with np.load(written_by_keras / f"{name}.npz") as archive:
        x, y = archive["x"], archive["y"]
    model = MODELS[name](gm.applications, weights=written_by_keras / f"{name}{ending}")
    np.testing.assert_allclose(model(x).numpy(), y, rtol=0, atol=1e-4 * np.abs(y).max())
    if ending != ".weights.h5":
        whole = gm.saving.load_model(written_by_keras / f"{name}{ending}")
        np.testing.assert_allclose(whole(x).numpy(), y, rtol=0, atol=1e-4 * np.abs(y).max())


def test_keras_reads_our_weights(tmp_path):
    rng = np.random.default_rng(2)
    for name, make in MODELS.items():
        gm.utils.clear_session()
        model = make(gm.applications)
        perturb(model, rng)
        x = rng.random((2, *model.input_shape[1:])).astype("float32")
        np.savez(tmp_path / f"{name}.npz", x=x, y=model(x).numpy())
        model.save_weights(tmp_path / f"{name}.weights.h5")
        model.save(tmp_path / f"{name}.keras")
        model.save(tmp_path / f"{name}.h5")
    run_keras("read", tmp_path)
