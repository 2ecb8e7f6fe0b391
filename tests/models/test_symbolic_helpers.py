"""Functions between symbolic tensors, what a tensor follows from, and Graphviz's text of a model."""

import re

import numpy as np
import pytest

import gradmill as gm


def test_a_function_runs_from_the_middle_of_a_model():
    x = gm.Input((3,))
    hidden = gm.layers.Dense(4, activation="relu")(x)
    y = gm.layers.Dense(2)(hidden)
    model, rest = gm.Model(x, y), gm.Function(hidden, {"y": y, "sum": gm.ops.sum(hidden, axis=-1)})
    data = np.random.RandomState(0).normal(size=(5, 3)).astype("float32")
    middle = gm.Function(x, hidden)(data)
    found = rest(middle)
    np.testing.assert_allclose(found["y"], model(data), rtol=1e-6)
    np.testing.assert_allclose(found["sum"], middle.numpy().sum(-1), rtol=1e-6)
    assert rest(gm.Input((4,)))["y"].shape == (None, 2)


def test_a_function_needs_all_its_inputs():
    a, b = gm.Input((2,)), gm.Input((2,))
    with pytest.raises(gm.errors.ArgumentError, match="inputs"):
        gm.Function(a, a + b)


def test_sources_of_a_tensor_in_order_and_once():
    a, b = gm.Input((2,), name="a"), gm.Input((2,), name="b")
    both = gm.layers.Concatenate()([a * 2.0, b])
    assert [each.name for each in gm.utils.get_source_inputs(gm.layers.Add()([both, both + 1.0]))] == ["a", "b"]
    assert gm.utils.get_source_inputs(b) == [b]
    assert gm.utils.is_keras_tensor(both) and not gm.utils.is_keras_tensor(np.ones(2))


def test_graphviz_text_has_each_layer_and_edge():
    a = gm.Input((4,), name="a")
    left, right = gm.layers.Dense(3, name='say "left"')(a), gm.layers.Dense(3, name="right")(a)
    model = gm.Model(a, gm.layers.Add(name="sum")([left, right]))
    text = gm.utils.model_to_dot(model, show_shapes=True, rankdir="LR").to_string()
    labels = dict(re.findall(r'(box\d) \[label="(.*)"\];', text))
    edges = {(labels[x].split(" (")[0], labels[y].split(" (")[0]) for x, y in re.findall(r"(box\d) -> (box\d);", text)}
    quoted = r"say \"left\""
    assert edges == {("a", quoted), ("a", "right"), (quoted, "sum"), ("right", "sum")}
    assert "rankdir=LR" in text and r"Dense)\nin: (None, 4)\nout: (None, 3)" in text


def test_graphviz_text_of_a_model_that_is_not_built(tmp_path):
    model = gm.Sequential([gm.layers.Dense(2)])
    with pytest.raises(gm.errors.ArgumentError, match="model_to_dot.*built"):
        gm.utils.model_to_dot(model)
    model.build((None, 3))
    gm.utils.model_to_dot(model, subgraph=True).write(tmp_path / "model.dot")
    assert (tmp_path / "model.dot").read_text().startswith("subgraph")
