"""Recurrent layers against the Keras that is installed: outputs, gradients, losses of ten steps, configurations.

Keras runs in an interpreter of its own: the one that runs the tests, or the one that GRADMILL_KERAS_PYTHON names.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cases_recurrent_layers import MODELS, run

import gradmill as gm

pytestmark = [pytest.mark.peers, pytest.mark.slow]


@pytest.fixture(scope="module")
def keras_answers(tmp_path_factory):
    named = os.environ.get("GRADMILL_KERAS_PYTHON")
    if named is None and importlib.util.find_spec("keras") is None:
        pytest.skip("Keras is not installed, and GRADMILL_KERAS_PYTHON names no interpreter that has it")
    folder = tmp_path_factory.mktemp("keras")
    script = Path(__file__).with_name("keras_recurrent_side.py")
    command = [named or sys.executable, str(script), str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert result.returncode == 0, result.stderr[-4000:]
    with np.load(folder / "answers.npz") as archive:
        return dict(archive), json.loads((folder / "models.json").read_text())


@pytest.mark.parametrize("number, name", list(enumerate(MODELS)), ids=list(MODELS))
def test_model_is_that_of_keras(keras_answers, number, name):
    answers, described = keras_answers
    found, description = run(gm, number, name)
    assert description["weights"] == described[name]["weights"]
    check_configs(json.loads(json.dumps(description["config"])), described[name]["config"])
    for key, value in found.items():
        np.testing.assert_allclose(value, answers[key], rtol=1e-5, atol=1e-5, err_msg=key)


def check_configs(ours, theirs):
    """Compare what two configurations say, but for automatic names and arguments that only one of them knows."""
    if isinstance(theirs, dict):
        # Keras leaves the seed of SimpleRNN out.
        assert set(ours) - set(theirs) <= {"seed"}
        assert set(theirs) - set(ours) <= {"input_axes", "output_axes", "quantization_config"}
        for key in set(ours) & set(theirs) - {"name"}:
            check_configs(ours[key], theirs[key])
    elif isinstance(theirs, list):
        assert len(ours) == len(theirs)
        for pair in zip(ours, theirs):
            check_configs(*pair)
    else:
        assert ours == (pytest.approx(theirs) if isinstance(theirs, float) else theirs)
