"""Pipelines without chance give what tf.data gives: elements, dtypes, their number and their spec.

The figures stand in tests/golden/data/pipelines.json beside the script that made them.
"""

import importlib.util
import json
from pathlib import Path

import numpy as np
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


# Of a map that cannot be traced, the first element, whose length is 1, is all that is known beforehand.
@pytest.mark.parametrize(
    ("make", "length", "expected"),
    [
        (lambda n: np.ones(n), lambda x: x.shape[0], [(2, 3), (2, 8), (2, 8), (1, 3), (1, 8)]),
        (lambda n: np.ones((n, 4)), lambda x: x.shape[0], [(2, 3, 4), (2, 8, 4), (2, 8, 4), (1, 3, 4), (1, 8, 4)]),
        (lambda n: np.ones((4, n)), lambda x: x.shape[1], [(2, 4, 3), (2, 4, 8), (2, 4, 8), (1, 4, 3), (1, 4, 8)]),
        (
            lambda n: (np.ones((n, 2)), {"words": np.array(["a"] * n), "count": n, "line": "text"}),
            lambda x, y: x.shape[0],
            [(2, 3, 2), (2, 8, 2), (2, 8, 2), (1, 3, 2), (1, 8, 2)],
        ),
    ],
)
def test_buckets_know_lengths_from_their_elements(make, length, expected):
    numbers = gm.data.Dataset.range(1, 9).map(lambda n: make(int(n)))
    buckets = numbers.bucket_by_sequence_length(length, [4, 9], [2, 2, 1], pad_to_bucket_boundary=True)
    found = list(buckets.as_numpy_iterator())
    assert [each[0].shape if isinstance(each, tuple) else each.shape for each in found] == expected
    if isinstance(found[0], tuple):
        assert [each[1]["words"].shape for each in found] == [shape[:2] for shape in expected]
        assert [each[1]["count"].tolist() for each in found] == [[1, 2], [4, 5], [6, 7], [3], [8]]


def test_buckets_of_equal_lengths_and_of_other_ranks():
    """Every element as long as the first; and a generator that is described, whose sizes stay as they are."""
    same = gm.data.Dataset.range(4).map(lambda n: np.ones((3 + 0 * int(n), 5)))
    buckets = same.bucket_by_sequence_length(lambda x: x.shape[0], [8], [4, 1], pad_to_bucket_boundary=True)
    assert [x.shape for x in buckets.as_numpy_iterator()] == [(4, 7, 5)]
    described = gm.data.Dataset.from_generator(
        lambda: iter([np.ones((2, 2), "float32")] * 2), output_signature=gm.TensorSpec((None, 2), "float32")
    )
    buckets = described.bucket_by_sequence_length(lambda x: x.shape[0], [8], [2, 1], pad_to_bucket_boundary=True)
    assert [x.shape for x in buckets.as_numpy_iterator()] == [(2, 7, 2)]
    mixed = gm.data.Dataset.range(1, 3).map(lambda n: np.ones((2,) * int(n)))
    buckets = mixed.bucket_by_sequence_length(lambda x: x.shape[0], [8], [2, 1], pad_to_bucket_boundary=True)
    with pytest.raises(gm.errors.ShapeError, match="all elements need one rank"):
        list(buckets)
