"""The peers' networks are ours: from the same weights and batches they lose the same, step by step."""

import dataclasses

import numpy as np
import pytest

from gradmill.benchmark.cells import CELLS
from gradmill.benchmark.suite import Engine, run_cell
from keras_interpreter import interpreter_with

pytestmark = [pytest.mark.peers, pytest.mark.slow]


def losses(cell, engine, python, limit=250):
    """The loss before training and those of the steps."""
    run = run_cell(cell, engine, python, threads=1, limit=limit)
    assert "error" not in run, run
    return [run["first_loss"], *run["losses"]]


@pytest.mark.parametrize("name", ["lstm", "gru", "bilstm_full"])
def test_recurrent_networks_of_pytorch(name):
    """With plain steps: Adam divides by gradients, so that rounding of the small ones would show."""
    python = interpreter_with("torch", "PyTorch")
    cell = dataclasses.replace(CELLS[name], batch=16, steps=1, epochs=6, optimizer="sgd", rate=0.3)
    ours = losses(cell, Engine("gradmill"), python)
    assert ours[-1] < ours[0] - 0.005, "the steps did nothing that could differ"
    for setting in ("default", "best"):
        np.testing.assert_allclose(losses(cell, Engine("torch", setting), python), ours, rtol=2e-6, err_msg=setting)
