"""TensorFlow's functions give TensorFlow's values; expressions.py recorded them with TensorFlow 2.21."""

import sys
from pathlib import Path

import numpy as np
import pytest

import gradmill.tensorflow as tf

sys.path.insert(0, str(Path(__file__).parent))
import expressions

# TensorFlow reads the weights of its bicubic curve from a table of 1,024 steps.
WIDER = {"resize bicubic": 0.15}


@pytest.fixture(scope="module")
def recorded():
    with np.load(expressions.RECORDED) as file:
        return dict(file)


@pytest.mark.parametrize("name", expressions.EXPRESSIONS)
def test_expression(name, recorded):
    found, expected = expressions.value_of(name, tf), recorded[name]
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=WIDER.get(name, 2e-6))
