"""Layers of keras_hub against its recorded answers: outputs, gradients, losses of ten steps, configurations.

tests/golden/layers/keras_hub.npz and keras_hub.json were made with Keras 3.15.1 on PyTorch 2.13 and keras_hub 0.32.0 by
`python tests/layers/keras_models_side.py cases_keras_hub FOLDER` (answers.npz, compressed, and models.json).
"""

from pathlib import Path

import against_keras
import cases_keras_hub as cases
import pytest

import gradmill as gm

GOLDEN = Path(__file__).parents[1] / "golden" / "layers"


@pytest.fixture(scope="module")
def recorded():
    return against_keras.read_answers(GOLDEN / "keras_hub.npz", GOLDEN / "keras_hub.json")


@pytest.mark.parametrize("number, name", list(enumerate(cases.MODELS)), ids=list(cases.MODELS))
def test_model_is_that_of_keras_hub(recorded, number, name):
    against_keras.check(cases, gm, *recorded, number, name)
