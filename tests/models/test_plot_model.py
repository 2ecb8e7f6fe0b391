"""Drawings of models."""

import sys

import numpy as np
import pytest
from PIL import Image

import gradmill as gm
from gradmill.utils.model_plot import boxes_of


@pytest.fixture
def model():
    x = gm.Input((8,), name="start")
    left = gm.layers.Dense(4, activation="relu", name="left")(x)
    middle = gm.layers.Dense(4, name="middle")(left)
    return gm.Model(x, gm.layers.Add(name="sum")([left, middle]))


def test_boxes_say_what_is_asked_for(model):
    boxes = {box.lines[0].split(" ")[0]: box for box in boxes_of(model, names=True, shapes=True, activations=True)}
    assert boxes["left"].lines == ["left (Dense), relu", "in: (None, 8)", "out: (None, 4)"]
    assert boxes["sum"].lines[1] == "in: (None, 4), (None, 4)"
    assert [boxes[name].level for name in ("start", "left", "middle", "sum")] == [0, 1, 2, 3]
    assert len(boxes["sum"].parents) == 2 and boxes["start"].parents == []
    assert [box.lines for box in boxes_of(model)] == [["InputLayer"], ["Dense"], ["Dense"], ["Add"]]


@pytest.mark.parametrize("rankdir", ["TB", "LR"])
def test_a_picture_is_written(model, tmp_path, rankdir):
    assert gm.utils.plot_model(model, tmp_path / "m.png", show_shapes=True, rankdir=rankdir, dpi=50) is None
    picture = np.asarray(Image.open(tmp_path / "m.png").convert("L"))
    assert (picture.shape[0] > picture.shape[1]) == (rankdir == "TB") and picture.min() < 100 < picture.max()


def test_models_of_other_kinds(tmp_path):
    class Own(gm.Model):
        def __init__(self):
            super().__init__()
            self.dense = gm.layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    model = Own()
    with pytest.raises(gm.errors.ArgumentError, match="expected a built model; 'own"):
        gm.utils.plot_model(model, tmp_path / "m.png")
    model(np.ones((1, 2), "float32"))
    assert [box.lines for box in boxes_of(model)] == [["Own"]]
    sequential = gm.Sequential([gm.Input((4,)), gm.layers.Dense(2), gm.layers.ReLU()])
    assert [box.level for box in boxes_of(sequential)] == [0, 1, 2]


def test_bad_input(model, tmp_path, monkeypatch):
    with pytest.raises(gm.errors.ArgumentError, match="rankdir must be 'TB' or 'LR'; received 'BT'"):
        gm.utils.plot_model(model, tmp_path / "m.png", rankdir="BT")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(gm.errors.UnsupportedError, match="pip install matplotlib"):
        gm.utils.plot_model(model, tmp_path / "m.png")
