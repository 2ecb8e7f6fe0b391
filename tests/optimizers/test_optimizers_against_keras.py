"""Every optimizer and schedule against what Keras computed (tests/golden/objectives)."""

import json
import pathlib

import numpy as np
import pytest

import gradmill as gm

FOLDER = pathlib.Path(__file__).parents[1] / "golden" / "objectives"
CASES = json.loads((FOLDER / "optimizers.json").read_text())
IDS = [f"{index}-{case['class']}" for index, case in enumerate(CASES)]
SCHEDULES = json.loads((FOLDER / "schedules.json").read_text())
SCHEDULE_IDS = [f"{index}-{case['class']}" for index, case in enumerate(SCHEDULES)]
TOLERANCE = {"rtol": 3e-5, "atol": 3e-6}


def build(name, kwargs):
    kwargs = dict(kwargs)
    if isinstance(kwargs.get("learning_rate"), dict):
        schedule = kwargs["learning_rate"]
        kwargs["learning_rate"] = getattr(gm.optimizers.schedules, schedule["class"])(**schedule["kwargs"])
    if "inner" in kwargs:
        inner = kwargs.pop("inner")
        kwargs["inner_optimizer"] = build(inner["class"], inner["kwargs"])
    if "map" in kwargs:
        chosen = {key: build(*each) for key, each in kwargs.pop("map").items()}
        kwargs["optimizer_map"] = gm.optimizers.OptimizerMap(build(*kwargs.pop("default")), chosen)
    return getattr(gm.optimizers, name)(**kwargs)


def start(case):
    names = ("kernel", "bias", "scale")
    variables = [gm.Variable(np.float32(value), name=name) for value, name in zip(case["start"], names)]
    optimizer = build(case["class"], case["kwargs"])
    if case["excluded"]:
        optimizer.exclude_from_weight_decay(var_names=case["excluded"])
    return variables, optimizer


def gradients(step):
    return [np.array(each).astype("float32") for each in step["gradients"]]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_steps_and_state(case):
    variables, optimizer = start(case)
    for step in case["steps"]:
        optimizer.apply(gradients(step), variables)
        for variable, expected in zip(variables, step["values"]):
            np.testing.assert_allclose(variable.numpy(), expected, **TOLERANCE)
    assert len(optimizer.variables) == len(case["state"])
    for variable, (name, expected) in zip(optimizer.variables, case["state"]):
        np.testing.assert_allclose(variable.numpy(), expected, err_msg=name, **TOLERANCE)
        assert variable.name == name or name.startswith("variable")
    assert int(optimizer.iterations) == case["iterations"]
    if "finalized" in case:
        optimizer.finalize_variable_values(variables)
        for variable, expected in zip(variables, case["finalized"]):
            np.testing.assert_allclose(variable.numpy(), expected, **TOLERANCE)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_steps_inside_a_compiled_function(case):
    variables, optimizer = start(case)
    optimizer.build(variables)
    step_function = gm.function(lambda *grads: optimizer.apply(grads, variables))
    for step in case["steps"]:
        step_function(*gradients(step))
        for variable, expected in zip(variables, step["values"]):
            np.testing.assert_allclose(variable.numpy(), expected, **TOLERANCE)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_configuration_is_that_of_keras(case):
    _, optimizer = start(case)
    config = json.loads(json.dumps(gm.optimizers.serialize(optimizer)))
    for key, value in case.get("config", {}).items():
        if key != "name":
            expected = pytest.approx(value, rel=1e-6) if isinstance(value, float) else value
            assert config["config"][key] == expected, key
    assert set(case.get("config", config["config"])) == set(config["config"])
    again = gm.optimizers.deserialize(config)
    assert type(again) is type(optimizer)
    assert json.loads(json.dumps(gm.optimizers.serialize(again))) == config


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_state_saved_in_the_middle_continues_the_same(case):
    variables, optimizer = start(case)
    for step in case["steps"][:3]:
        optimizer.apply(gradients(step), variables)
    store = {}
    optimizer.save_own_variables(store)
    fresh_variables, fresh = start(case)
    for variable, value in zip(fresh_variables, variables):
        variable.assign(value.numpy())
    fresh.build(fresh_variables)
    fresh.load_own_variables(store)
    for step in case["steps"][3:]:
        fresh.apply(gradients(step), fresh_variables)
    for variable, expected in zip(fresh_variables, case["steps"][-1]["values"]):
        np.testing.assert_allclose(variable.numpy(), expected, **TOLERANCE)


@pytest.mark.parametrize("case", SCHEDULES, ids=SCHEDULE_IDS)
def test_schedules(case):
    schedule = getattr(gm.optimizers.schedules, case["class"])(**case["kwargs"])
    rates = [float(schedule(step)) for step in case["steps"]]
    np.testing.assert_allclose(rates, case["rates"], rtol=1e-5, atol=1e-7)
    assert schedule.get_config() == case["config"]
    again = gm.optimizers.schedules.deserialize(gm.optimizers.schedules.serialize(schedule))
    assert type(again) is type(schedule) and again.get_config() == schedule.get_config()


@pytest.mark.parametrize("case", SCHEDULES, ids=SCHEDULE_IDS)
def test_schedules_inside_a_compiled_function(case):
    schedule = getattr(gm.optimizers.schedules, case["class"])(**case["kwargs"])
    rate = gm.function(lambda step: schedule(step))
    for step, expected in zip(case["steps"][::4], case["rates"][::4]):
        assert float(rate(np.int32(step))) == pytest.approx(expected, rel=1e-5, abs=1e-7)


def test_every_class_has_a_case():
    classes = {name for name in gm.optimizers.__all__ if isinstance(getattr(gm.optimizers, name), type)}
    assert classes - {"Optimizer", "OptimizerMap"} == {case["class"] for case in CASES}
    classes = {name for name in gm.optimizers.schedules.__all__ if name[0].isupper()}
    assert classes - {"LearningRateSchedule"} == {case["class"] for case in SCHEDULES}
