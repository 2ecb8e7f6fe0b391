"""Files go both ways between GradMill and the Keras that is installed.

Keras runs in an interpreter of its own: the one that runs the tests, or the one that GRADMILL_KERAS_PYTHON names.
"""

from pathlib import Path

import numpy as np
import pytest
from models_for_saving import inputs_for, make_blocks, make_models, perturb

import gradmill as gm
from keras_interpreter import run_with_keras

pytestmark = [pytest.mark.peers, pytest.mark.slow]
MODELS = make_models(gm)
ENDINGS = (".keras", ".h5", ".weights.h5")


def run_keras(command, folder):
    run_with_keras(Path(__file__).with_name("keras_side.py"), command, folder, timeout=600)


def as_list(found):
    return [np.asarray(each) for each in (found if isinstance(found, (list, tuple)) else [found])]


@pytest.fixture(scope="module")
def written_here(tmp_path_factory):
    """Files of ours with what our models answer, after Keras has read them and written its answers."""
    folder = tmp_path_factory.mktemp("ours")
    rng = np.random.default_rng(5)
    answers = {}
    for key, make in MODELS.items():
        for ending in ENDINGS:
            model = make()
            perturb(model.trainable_variables, rng)
            x = inputs_for(model, rng)
            if key == "sequential":
                model.compile("adam", "mse", metrics=["mae"])
                model.train_on_batch(x, np.zeros((6, 3), "float32"))
            name = f"{key}{ending}"
            (model.save_weights if ending == ".weights.h5" else model.save)(folder / name)
            np.savez(folder / f"{name}.inputs.npz", **(x if isinstance(x, dict) else {"x": x}))
            answers[name] = (as_list(model(x, training=False)), model)
    blocks = make_blocks(gm)
    x = rng.normal(size=(6, 4)).astype("float32")
    blocks(x)
    perturb(blocks.trainable_variables, rng)
    blocks.save_weights(folder / "blocks.weights.h5")
    np.savez(folder / "blocks.weights.h5.inputs.npz", x=x)
    answers["blocks.weights.h5"] = (as_list(blocks(x)), blocks)
    run_keras("load", folder)
    return folder, answers


@pytest.mark.parametrize("name", [*(f"{key}{ending}" for key in MODELS for ending in ENDINGS), "blocks.weights.h5"])
def test_keras_reads_our_files(written_here, name):
    folder, answers = written_here
    expected, model = answers[name]
    with np.load(folder / f"{name}.outputs.npz") as archive:
        found = dict(archive)
    for index, value in enumerate(expected):
        np.testing.assert_allclose(found[str(index)], value, rtol=1e-5, atol=5e-6)
    if name == "sequential.keras":  # from .h5 Keras 3.15 reads no optimizer's state, not even its own
        for index, variable in enumerate(model.optimizer.variables):
            np.testing.assert_allclose(found[f"optimizer_{index}"], variable.numpy(), rtol=1e-6)


@pytest.fixture(scope="module")
def written_by_keras(tmp_path_factory):
    folder = tmp_path_factory.mktemp("theirs")
    run_keras("write", folder)
    return folder


# Among them operators.h5 and embedded.h5: Keras writes ops (also those that make masks) to .h5 without saying that they
# are no layers, and cannot read such a file itself.
@pytest.mark.parametrize("name", sorted(f"{key}{ending}" for key in MODELS for ending in ENDINGS))
def test_we_read_files_of_keras(written_by_keras, name):
    with np.load(written_by_keras / f"{name}.inputs.npz") as archive:
        arrays = dict(archive)
    x = arrays["x"] if list(arrays) == ["x"] else arrays
    if name.endswith(".weights.h5"):
        model = MODELS[name.split(".")[0]]()
        model.load_weights(written_by_keras / name)
    else:
        model = gm.saving.load_model(written_by_keras / name)
    with np.load(written_by_keras / f"{name}.outputs.npz") as archive:
        expected = dict(archive)
    for index, value in enumerate(as_list(model(x, training=False))):
        np.testing.assert_allclose(value, expected[str(index)], rtol=1e-5, atol=5e-6)
