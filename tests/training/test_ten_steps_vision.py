"""The first steps of training vision networks are Keras's, loss by loss."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import gradmill as gm

GOLDEN = Path(__file__).parents[1] / "golden" / "training"
EXPECTED = json.loads((GOLDEN / "ten_steps_vision.json").read_text())
# Steps whose losses are compared. Batch normalization over few values magnifies rounding: moving all weights by 1e-7
# of themselves changes the second loss of ResNet50 by 2e-3 and the third of MobileNetV2 by 2e-4, which is as far as
# they are from Keras's, so that later losses tell nothing. VGG16 has no normalization; there the rounding of Winograd's
# transforms, about ten times that of plain sums, grows to 1e-4 by the eighth loss.
COMPARED = {"VGG16": 7, "MobileNetV2": 2, "ResNet50": 1}


def ten_steps():
    spec = importlib.util.spec_from_file_location("ten_steps_vision", GOLDEN / "ten_steps_vision.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("model", [name for name in EXPECTED if name != "made_with"])
def test_losses_of_the_first_steps_equal_those_of_keras(model):
    steps = COMPARED[model]
    np.testing.assert_allclose(ten_steps().losses_of(gm, model)[:steps], EXPECTED[model][:steps], rtol=1e-4)
