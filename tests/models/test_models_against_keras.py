"""Models built here against the same ones built by Keras: configuration, weights, outputs."""

import importlib.util
import json
import pathlib

import numpy as np
import pytest

import gradmill as gm
from gradmill import symbolic

FOLDER = pathlib.Path(__file__).parents[1] / "golden" / "layers"
GOLDEN = json.loads((FOLDER / "models.json").read_text())["models"]
# Settings that only some versions of Keras 3 write, always null here; leaving them out suits all versions.
OPTIONAL = ("quantization_config", "input_axes", "output_axes")


def _load_builders():
    spec = importlib.util.spec_from_file_location("golden_models", FOLDER / "golden_models.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {build.__name__: build for build in module.MODELS}


BUILDERS = _load_builders()


def _plain(value):
    """JSON form without the optional keys and with absent and null compile configurations alike."""
    if isinstance(value, dict):
        kept = {key: _plain(each) for key, each in value.items() if not (key in OPTIONAL and each is None)}
        if not kept.get("compile_config", True):
            del kept["compile_config"]
        return kept
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    # Keras rounds the factors of regularizers to float32.
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _config(model):
    return _plain(json.loads(json.dumps(gm.serialization.serialize_object(model))))


def _build(name):
    symbolic.reset_names()
    return BUILDERS[name](gm)


def _set_and_run(model, golden, name):
    model.set_weights([np.asarray(each, "float32") for each in golden["weight_values"]])
    inputs = [np.asarray(each, "float32") for each in golden["inputs"]]
    if name == "functional_branches":
        return model({"p": inputs[0], "q": inputs[1]})
    return model(inputs[0] if len(inputs) == 1 else inputs)


@pytest.mark.parametrize("name", list(GOLDEN))
def test_configuration_is_that_of_keras(name):
    assert _config(_build(name)) == _plain(GOLDEN[name]["config"])


@pytest.mark.parametrize("name", list(GOLDEN))
def test_weights_and_layers_stand_in_the_order_of_keras(name):
    model, golden = _build(name), GOLDEN[name]
    assert [[weight.path, list(weight.shape)] for weight in model.weights] == golden["weights"]
    assert [weight.path for weight in model.trainable_weights] == golden["trainable"]
    assert [layer.name for layer in model.layers] == golden["layers"]


@pytest.mark.parametrize("name", list(GOLDEN))
def test_outputs_and_losses_are_those_of_keras(name):
    model, golden = _build(name), GOLDEN[name]
    outputs = symbolic.flatten(_set_and_run(model, golden, name))
    assert len(outputs) == len(golden["outputs"])
    for found, wanted in zip(outputs, golden["outputs"]):
        np.testing.assert_allclose(np.asarray(found), wanted, rtol=2e-5, atol=2e-6)
    np.testing.assert_allclose([float(each) for each in model.losses], golden["losses"], rtol=1e-5)


@pytest.mark.parametrize("name", list(GOLDEN))
def test_model_made_from_the_configuration_of_keras(name):
    symbolic.reset_names()
    model = gm.serialization.deserialize_object(GOLDEN[name]["config"])
    assert _config(model) == _plain(GOLDEN[name]["config"])
    for found, wanted in zip(symbolic.flatten(_set_and_run(model, GOLDEN[name], name)), GOLDEN[name]["outputs"]):
        np.testing.assert_allclose(np.asarray(found), wanted, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", list(GOLDEN))
def test_clone_has_the_same_configuration_and_new_variables(name):
    model = _build(name)
    clone = gm.models.clone_model(model)
    assert _config(clone) == _config(model)
    assert not {id(each) for each in clone.weights} & {id(each) for each in model.weights}
    clone.set_weights(model.get_weights())
    assert clone.count_params() == model.count_params()


@pytest.mark.parametrize("name", list(GOLDEN))
def test_summary_totals_are_those_of_keras(name):
    lines = []
    _build(name).summary(print_fn=lines.append)
    text = "\n".join(lines)
    assert [line.strip() for line in text.splitlines() if "params:" in line] == GOLDEN[name]["totals"]
