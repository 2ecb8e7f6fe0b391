"""`gradient_accumulation_steps` in compiled steps, beside Keras."""

from pathlib import Path

import numpy as np
import pytest
from accumulation_models import ROWS, run

import gradmill as gm
from keras_interpreter import run_with_keras

pytestmark = [pytest.mark.peers, pytest.mark.slow]


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    file = tmp_path_factory.mktemp("keras") / "answers.npz"
    run_with_keras(Path(__file__).with_name("accumulation_models.py"), file, timeout=600)
    with np.load(file) as archive:
        return dict(archive)


@pytest.mark.parametrize("row", ROWS)
def test_losses_and_weights_are_keras_s(answers, row):
    for number, found in enumerate(run(gm, row)):
        np.testing.assert_allclose(found, answers[f"{row}/{number}"], rtol=2e-5, atol=1e-5, err_msg=str(number))
