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


@pytest.mark.parametrize("peer", ["torch", "tensorflow", "jax"])
def test_adam_with_small_gradients(peer):
    """Those of VGG16 at its start are near epsilon: where it is added decides how far the first steps go."""
    python = interpreter_with(peer, peer)
    cell = dataclasses.replace(CELLS["vgg16_b16"], shape=(64, 64, 3), batch=4, steps=1, epochs=3)
    ours = losses(cell, Engine("gradmill"), python)
    assert ours[-1] < ours[0] - 0.05
    np.testing.assert_allclose(losses(cell, Engine(peer), python), ours, rtol=3e-4)


@pytest.mark.parametrize("setting", ["default", "best"])
def test_adam_of_mlx(setting):
    """Blank images with faint objects: many gradients are near epsilon."""
    python = interpreter_with("mlx", "MLX")
    cell = dataclasses.replace(CELLS["fashion_mlp"], batch=32, steps=1, epochs=12, warm_up=0)
    ours = losses(cell, Engine("gradmill"), python)
    assert ours[-1] < ours[0] - 0.05
    np.testing.assert_allclose(losses(cell, Engine("mlx", setting), python), ours, rtol=1e-4)


def test_batches_in_parts():
    """PyTorch takes a batch that does not fit in memory in parts, and its steps are those of the whole."""
    python = interpreter_with("torch", "PyTorch")
    cell = dataclasses.replace(CELLS["lstm"], batch=16, steps=2, epochs=3, optimizer="sgd", rate=0.3)
    whole, parts = (run_cell(cell, Engine("torch"), python, threads=1, parts=parts) for parts in (1, 4))
    assert whole["losses"][-1] < whole["losses"][0]
    np.testing.assert_allclose(parts["losses"], whole["losses"], rtol=1e-5)
    for name, count, text in (("mobilenetv2", 2, "normalizes over the whole batch"), ("lstm", 3, "batch of 16")):
        cell = dataclasses.replace(CELLS[name], batch=16, steps=1, epochs=1)
        assert text in run_cell(cell, Engine("torch"), python, threads=1, parts=count)["error"]


TINY = dataclasses.replace(CELLS["distilbert"], shape=(16,), batch=8, vocabulary=1000, epochs=1)
TRANSFORMERS = [
    dataclasses.replace(TINY, network="distilbert_tiny"),
    dataclasses.replace(TINY, network="bert_tiny"),
    dataclasses.replace(CELLS["char_gpt"], shape=(16,), batch=8, steps=1, epochs=1),
]


@pytest.mark.parametrize("peer", ["torch", "tensorflow", "jax"])
@pytest.mark.parametrize("cell", TRANSFORMERS, ids=lambda cell: cell.network)
def test_transformers_start_alike(cell, peer):
    """The first losses are without dropout, which each draws in its own way."""
    python = interpreter_with(peer, peer)
    ours, theirs = (losses(cell, Engine(kind), python) for kind in ("gradmill", peer))
    assert theirs[0] == pytest.approx(ours[0], rel=1e-4)
    assert np.isfinite(theirs).all()
