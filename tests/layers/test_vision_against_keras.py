"""Layers of vision models against the Keras that is installed: outputs, weights, configurations.

Keras runs in an interpreter of its own: the one that runs the tests, or the one that GRADMILL_KERAS_PYTHON names.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from cases_vision import CASES, FUNCTIONS

import gradmill as gm
from keras_interpreter import run_with_keras

pytestmark = [pytest.mark.peers, pytest.mark.slow]


def draw_weights(number, weights):
    """The weights that keras_vision_side.py sets."""
    generator = np.random.default_rng(1000 + number)
    drawn = [generator.normal(size=weight.shape) for weight in weights]
    return [
        (np.abs(value) + 0.5 if weight.name.endswith(("variance", "stddev")) else value).astype("float32")
        for weight, value in zip(weights, drawn)
    ]


@pytest.fixture(scope="module")
def keras_answers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keras")
    run_with_keras(Path(__file__).with_name("keras_vision_side.py"), folder, timeout=600)
    with np.load(folder / "answers.npz") as archive:
        return dict(archive), json.loads((folder / "layers.json").read_text())


ROWS = [
    pytest.param(number, id=f"{case[0]}-{number}")
    for number, case in enumerate(CASES)
    if not (case[0].startswith("LocalResponse") or "seed" in case[1])
]


@pytest.mark.parametrize("number", ROWS)
def test_layer_is_that_of_keras(keras_answers, number):
    answers, described = keras_answers
    if str(number) not in described:
        pytest.skip(f"this Keras has no {CASES[number][0]}")
    name, arguments, shape, expected = CASES[number]
    layer = getattr(gm.layers, name)(**arguments)
    layer.build(shape)
    wanted = described[str(number)]
    assert [[weight.name, list(weight.shape)] for weight in layer.weights] == wanted["weights"]
    config = json.loads(json.dumps(layer.get_config()))
    assert {key: config[key] for key in wanted["config"] if key in config} == wanted["config"]
    layer.set_weights(draw_weights(number, layer.weights))
    x = np.random.default_rng(number).normal(size=shape).astype("float32")
    training = bool(expected.get("call_kwargs", {}).get("training"))
    found = layer(x, training=True) if training else layer(x)
    np.testing.assert_allclose(found.numpy(), answers[f"{number}"], rtol=1e-4, atol=2e-5)
    for index, weight in enumerate(layer.weights):
        np.testing.assert_allclose(weight.numpy(), answers[f"{number}_{index}"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("number", range(len(FUNCTIONS)))
def test_function_is_that_of_keras(keras_answers, number):
    name, shape, arguments = FUNCTIONS[number]
    x = np.random.default_rng(number).normal(size=shape).astype("float32")
    found = getattr(gm.ops.image, name)(x, **arguments)
    np.testing.assert_allclose(found.numpy(), keras_answers[0][f"function_{number}"], rtol=1e-4, atol=2e-5)
