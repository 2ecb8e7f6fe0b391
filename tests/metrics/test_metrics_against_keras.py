"""Every metric against what Keras computed batch after batch (tests/golden/objectives/metrics.json)."""

import json
import pathlib

import numpy as np
import pytest

import gradmill as gm

CASES = json.loads((pathlib.Path(__file__).parents[1] / "golden" / "objectives" / "metrics.json").read_text())
IDS = [f"{index}-{case['class']}" for index, case in enumerate(CASES)]
TOLERANCE = {"rtol": 3e-5, "atol": 3e-6}


def array(values):
    if values is None:
        return None
    found = np.asarray(values)
    return found.astype("float32") if found.dtype.kind == "f" else found.astype("int32")


def feed(metric, case, batch):
    if case.get("values_only"):
        metric.update_state(array(batch["values"]), sample_weight=array(batch["weight"]))
    else:
        metric.update_state(array(batch["y_true"]), array(batch["y_pred"]), sample_weight=array(batch["weight"]))


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_results_after_each_batch(case):
    metric = getattr(gm.metrics, case["class"])(**case["kwargs"])
    for batch in case["batches"]:
        feed(metric, case, batch)
        np.testing.assert_allclose(np.asarray(metric.result()), batch["result"], **TOLERANCE)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_results_of_compiled_updates(case):
    metric = getattr(gm.metrics, case["class"])(**case["kwargs"])
    for batch in case["batches"]:
        if case.get("values_only"):
            inputs = (array(batch["values"]),)
        else:
            inputs = (array(batch["y_true"]), array(batch["y_pred"]))
        weight = array(batch["weight"])
        if weight is None:
            gm.function(lambda *x: metric.update_state(*x))(*inputs)
        else:
            gm.function(lambda w, *x: metric.update_state(*x, sample_weight=w))(weight, *inputs)
        result = gm.function(lambda: metric.result())()
        np.testing.assert_allclose(np.asarray(result), batch["result"], **TOLERANCE)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_reset_forgets_and_variables_are_those_of_keras(case):
    metric = getattr(gm.metrics, case["class"])(**case["kwargs"])
    feed(metric, case, case["batches"][-1])
    assert [[each.name, list(each.shape)] for each in metric.variables] == case["variables"]
    metric.reset_state()
    assert all(not each.numpy().any() for each in metric.variables)
    feed(metric, case, case["batches"][0])
    np.testing.assert_allclose(np.asarray(metric.result()), case["batches"][0]["result"], **TOLERANCE)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_configuration_is_that_of_keras(case):
    metric = getattr(gm.metrics, case["class"])(**case["kwargs"])
    config = metric.get_config()
    # Names made by counting depend on what was made before.
    for key, value in case["config"].items():
        if key == "name":
            assert config["name"].rstrip("_0123456789") == value.rstrip("_0123456789")
        else:
            assert json.loads(json.dumps(config[key])) == value
    again = gm.metrics.deserialize(json.loads(json.dumps(gm.metrics.serialize(metric))))
    assert type(again) is type(metric)
    assert json.dumps(again.get_config()) == json.dumps(config)


def test_every_class_has_a_case():
    own = {"Dice", "Metric", "MeanMetricWrapper"}
    classes = {name for name in gm.metrics.__all__ if isinstance(getattr(gm.metrics, name), type)} - own
    assert classes == {case["class"] for case in CASES}
