"""Files of FeatureSpace, and of models behind one, go both ways between GradMill and the Keras that is installed."""

from pathlib import Path

import feature_space_side as side
import numpy as np
import pytest

import gradmill as gm
from keras_interpreter import run_with_keras

pytestmark = [pytest.mark.peers, pytest.mark.slow]


def run_keras(command, folder):
    run_with_keras(Path(side.__file__), command, folder, timeout=300)
    with np.load(folder / "keras.npz") as archive:
        return dict(archive)


def compare(space, model, expected):
    found = side.answers(space, model, side.ROWS)
    for name in ("space", "model"):
        assert found[name].shape == expected[name].shape
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5, atol=1e-6)


def test_keras_reads_our_files(tmp_path):
    space, model = side.save_all(gm, tmp_path)
    compare(space, model, run_keras("read", tmp_path))


def test_we_read_files_of_keras(tmp_path):
    expected = run_keras("write", tmp_path)
    compare(*(gm.saving.load_model(tmp_path / f"{name}.keras") for name in ("space", "model")), expected)
