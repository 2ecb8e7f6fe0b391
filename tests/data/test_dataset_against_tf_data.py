"""Pipelines without chance give what tf.data gives: elements, dtypes, their number and their spec.

The figures stand in tests/golden/data/pipelines.json beside the script that made them.
"""

import importlib.util
import json
from pathlib import Path

import pytest

import gradmill as gm

_FOLDER = Path(__file__).parents[1] / "golden" / "data"
_SPEC = importlib.util.spec_from_file_location("pipelines", _FOLDER / "pipelines.py")
pipelines = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(pipelines)
EXPECTED = json.loads((_FOLDER / "pipelines.json").read_text())


@pytest.mark.parametrize("name", list(pipelines.PIPELINES))
def test_pipelines_against_tf_data(name):
    found = pipelines.describe(name, gm.data.Dataset, lambda n: gm.ops.ones((int(n),), "int32"))
    expected = EXPECTED[name]
    assert found["elements"] == expected["elements"]
    assert found["cardinality"] == expected["cardinality"]
    if name not in pipelines.SPEC_MAY_DIFFER:
        assert found["spec"] == expected["spec"]
