"""What attention refuses, and queries that no key is left for."""

import numpy as np
import pytest

import gradmill as gm
from gradmill import _core

ops = gm.ops
KEY = np.array([1, 2])
GOOD = {"query": (2, 5, 4, 8), "key": (2, 7, 2, 8), "value": (2, 7, 2, 6), "bias": (1, 1, 1, 7)}


def attention(shapes, key=KEY, **attributes):
    return _core.ops.attention(*(ops.ones(shape) for shape in shapes.values()), key, **attributes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"query": (2, 5, 32)}, r"must have shape \(batch, length, heads, depth\); received \(2, 5, 32\)"),
        ({"key": (3, 7, 2, 8)}, r"key and value must have the batch of query .* received .* key \(3, 7, 2, 8\)"),
        ({"key": (2, 7, 2, 9)}, "key the depth of query"),
        ({"value": (2, 6, 2, 6)}, "one length and number of heads"),
        ({"key": (2, 7, 3, 8), "value": (2, 7, 3, 6)}, "heads of key must divide those of query; received 3 and 4"),
        ({"key": (2, 0, 2, 8), "value": (2, 0, 2, 6), "bias": (1, 1, 1, 1)}, "at least one position"),
        ({"bias": (7,)}, r"bias must have 4 axes that broadcast to the scores \(2, 4, 5, 7\); received \(7,\)"),
        ({"bias": (1, 1, 5, 6)}, r"received \(1, 1, 5, 6\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(change, words):
    with pytest.raises(gm.errors.ShapeError, match=f"attention: .*{words}"):
        attention({**GOOD, **change})


def test_other_arguments_that_do_not_fit_are_refused():
    with pytest.raises(gm.errors.ArgumentError, match="rate must be at least 0 and below 1; received 1"):
        attention(GOOD, rate=1.0)
    with pytest.raises(gm.errors.DTypeError, match=r"random_key must be int64\(2,\)"):
        attention(GOOD, key=np.array([1.0, 2.0], "float32"))


def test_a_query_without_keys_sees_all_alike():
    """As Keras has it: a number far below all scores takes their place, so the weights stay finite."""
    value = ops.convert_to_tensor(np.random.default_rng(0).normal(size=GOOD["value"]).astype("float32"))
    nothing = ops.full(GOOD["bias"], 0.7 * np.finfo("float32").min)
    found = _core.ops.attention(ops.ones(GOOD["query"]), ops.ones(GOOD["key"]), value, nothing, KEY)
    expected = np.broadcast_to(np.array(value).mean(axis=1, keepdims=True).repeat(2, axis=2), found.shape)
    np.testing.assert_allclose(np.array(found), expected, rtol=1e-5, atol=1e-6)
