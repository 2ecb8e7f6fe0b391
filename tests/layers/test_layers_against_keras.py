"""`Normalization.adapt` against Keras (fixture in golden/layers)."""

import json
import pathlib

import numpy as np
import pytest

import gradmill as gm

CASES = json.loads((pathlib.Path(__file__).parents[1] / "golden" / "layers" / "adapt.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"axis={case['axis']}, batches={case['batches']}")
def test_adapt(case):
    data, size = np.asarray(case["data"], "float32"), case["batches"]
    layer = gm.layers.Normalization(axis=case["axis"])
    layer.adapt([data[start : start + size] for start in range(0, len(data), size)] if size else data)
    assert [[weight.name, list(weight.shape), weight.dtype] for weight in layer.weights] == case["weights"]
    np.testing.assert_allclose(layer.adapt_mean.numpy(), case["mean"], rtol=1e-5)
    np.testing.assert_allclose(layer.adapt_variance.numpy(), case["variance"], rtol=1e-5)
    np.testing.assert_allclose(np.asarray(layer(data)), case["output"], rtol=1e-4, atol=1e-5)
