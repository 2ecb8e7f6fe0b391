"""Every loss against what Keras computed (tests/golden/objectives/losses.json), values, reductions and gradients."""

import json
import pathlib

import numpy as np
import pytest

import gradmill as gm

CASES = json.loads((pathlib.Path(__file__).parents[1] / "golden" / "objectives" / "losses.json").read_text())
IDS = [f"{case['class']}-{case['kwargs']}-{case['input']}" for case in CASES]
TOLERANCE = {"rtol": 2e-5, "atol": 2e-6}


def read(case):
    kwargs = {key: tuple(value) if isinstance(value, list) else value for key, value in case["kwargs"].items()}
    y_true = np.asarray(case["y_true"], "int64" if case["integer"] else "float32")
    return getattr(gm.losses, case["class"]), kwargs, y_true, np.asarray(case["y_pred"], "float32")


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_values_per_sample(case):
    loss_class, kwargs, y_true, y_pred = read(case)
    values = loss_class(reduction=None, **kwargs)(y_true, y_pred)
    np.testing.assert_allclose(values.numpy(), case["values"], **TOLERANCE)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_reductions_and_weights(case):
    loss_class, kwargs, y_true, y_pred = read(case)
    for each in case["reduced"]:
        weight = None if each["weight"] is None else np.asarray(each["weight"], "float32")
        value = loss_class(reduction=each["reduction"], **kwargs)(y_true, y_pred, sample_weight=weight)
        assert value.shape == ()
        np.testing.assert_allclose(float(value), each["value"], **TOLERANCE)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_gradients(case):
    loss_class, kwargs, y_true, y_pred = read(case)
    for each in case["reduced"]:
        weight = None if each["weight"] is None else np.asarray(each["weight"], "float32")
        variable = gm.Variable(y_pred)
        with gm.GradientTape() as tape:
            value = loss_class(reduction=each["reduction"], **kwargs)(y_true, variable, sample_weight=weight)
        gradient = tape.gradient(value, variable)
        np.testing.assert_allclose(gradient.numpy(), each["gradient"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_configuration_is_that_of_keras(case):
    loss_class, kwargs, _, _ = read(case)
    loss = loss_class(**kwargs)
    for key, value in case["config"].items():
        found = loss.get_config()[key]
        assert (list(found) if isinstance(found, tuple) else found) == value
    again = gm.losses.deserialize(json.loads(json.dumps(gm.losses.serialize(loss))))
    assert type(again) is loss_class
    assert json.dumps(again.get_config()) == json.dumps(loss.get_config())


def test_every_class_has_a_case():
    own = {"Jaccard", "Loss", "LossFunctionWrapper"}
    classes = {name for name in gm.losses.__all__ if isinstance(getattr(gm.losses, name), type)} - own
    assert classes == {case["class"] for case in CASES}
