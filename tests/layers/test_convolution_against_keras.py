"""Layers with a sliding kernel against Keras: weights, configuration, outputs (fixture in golden/layers)."""

import importlib.util
import json
import pathlib

import numpy as np
import pytest

import gradmill as gm

FOLDER = pathlib.Path(__file__).parents[1] / "golden" / "layers"
GOLDEN = json.loads((FOLDER / "convolutions.json").read_text())


def _load_cases():
    spec = importlib.util.spec_from_file_location("convolution_cases", FOLDER / "convolution_cases.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CASES = _load_cases()
# Settings that only some versions of Keras 3 write, always null here; leaving them out suits all versions.
OPTIONAL = ("quantization_config", "input_axes", "output_axes")


def plain(value):
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items() if not (key in OPTIONAL and each is None)}
    return [plain(each) for each in value] if isinstance(value, (list, tuple)) else value


@pytest.mark.parametrize("number", range(len(CASES.CASES)), ids=lambda n: f"{CASES.CASES[n][0]}-{n}")
def test_layer_is_that_of_keras(number):
    weights, described, output = CASES.run(gm, CASES.CASES[number])
    golden = GOLDEN[number]
    assert weights == golden["weights"]
    described = plain(json.loads(json.dumps(described)))
    del described["name"]
    assert described == plain(golden["config"])
    assert list(output.shape) == golden["shape"]
    np.testing.assert_allclose(output.ravel(), golden["output"], rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("number", range(len(CASES.CASES)), ids=lambda n: f"{CASES.CASES[n][0]}-{n}")
def test_channels_first_is_the_transpose_of_channels_last(number):
    kind, arguments, shape = CASES.CASES[number]
    if arguments.get("data_format") == "channels_first":
        return
    x = CASES.numbers(shape, 3)
    last = getattr(gm.layers, kind)(**arguments)
    first = getattr(gm.layers, kind)(**arguments, data_format="channels_first")
    wanted = np.asarray(last(x))
    moved = np.moveaxis(x, -1, 1)
    first.build(moved.shape)
    first.set_weights(last.get_weights())
    np.testing.assert_allclose(np.moveaxis(np.asarray(first(moved)), 1, -1), wanted, rtol=1e-5, atol=1e-6)
