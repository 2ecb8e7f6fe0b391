"""The first ten steps of training vision networks are Keras's, loss by loss."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import gradmill as gm

GOLDEN = Path(__file__).parents[1] / "golden" / "training"
EXPECTED = json.loads((GOLDEN / "ten_steps_vision.json").read_text())


def ten_steps():
    spec = importlib.util.spec_from_file_location("ten_steps_vision", GOLDEN / "ten_steps_vision.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("model", [name for name in EXPECTED if name != "made_with"])
def test_losses_of_the_first_ten_steps_equal_those_of_keras(model):
    np.testing.assert_allclose(ten_steps().losses_of(gm, model), EXPECTED[model], rtol=1e-4)
