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


RANGE = gm.data.Dataset.range(4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: RANGE.group_by_window(lambda x: x, lambda key, group: group), "window_size_func; received neither"),
        (lambda: RANGE.group_by_window(lambda x: x, lambda key, group: group, 2, lambda key: 2), "received both"),
        (lambda: RANGE.group_by_window(lambda x: x, lambda key, group: group, 0), "window_size"),
        (lambda: list(RANGE.group_by_window(lambda x: x * 0.5, lambda key, group: group, 2)), "one integer; received"),
        (lambda: list(RANGE.group_by_window(lambda x: x, lambda key, group: key, 1)), "must return a Dataset"),
        (lambda: RANGE.bucket_by_sequence_length(lambda x: x, [3, 2], [1, 1, 1]), r"received \[3, 2\] and \[1, 1, 1\]"),
        (lambda: RANGE.bucket_by_sequence_length(lambda x: x, [3], [1]), "one batch size more"),
        (
            lambda: list(RANGE.bucket_by_sequence_length(lambda x: x, [2], [1, 1], [], pad_to_bucket_boundary=True)),
            "lengths below 2 with pad_to_bucket_boundary; received 2",
        ),
        (
            lambda: RANGE.bucket_by_sequence_length(
                lambda x: x, [2], [1, 1], pad_to_bucket_boundary=True, no_padding=True
            ),
            "received both",
        ),
        (lambda: list(RANGE.batch(2).unique()), "single numbers or text"),
        (lambda: list(RANGE.scan(0, lambda state, x: state)), "the next state and an output"),
    ],
)
def test_errors_of_groups(call, message):
    with pytest.raises(gm.errors.ArgumentError, match=message):
        call()
