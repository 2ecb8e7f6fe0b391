"""`gm.tree` beside what Keras's tree gave for the same expressions (tests/golden/data/tree.json)."""

import json

import pytest
import tree_expressions

import gradmill as gm

RECORDED = json.loads(tree_expressions.RECORDED.read_text())


@pytest.mark.parametrize("name", tree_expressions.EXPRESSIONS)
def test_as_keras(name):
    assert tree_expressions.result(gm.tree, name) == RECORDED[name]


def test_errors_say_what_differs():
    with pytest.raises(gm.errors.ArgumentError, match=r"map_structure.*\[\*, \*\] and \(\*, \*,\)"):
        gm.tree.map_structure(max, {"a": [1, 2]}, {"a": (1, 2)})
    with pytest.raises(gm.errors.ArgumentError, match=r"only a has .*'b'.*, only b has \[\]"):
        gm.tree.assert_same_paths({"a": 1, "b": 2}, {"a": 3})
    with pytest.raises(TypeError, match="map_structure: expected a function"):
        gm.tree.map_structure(3, [1])


def test_the_old_argument_of_same_structure_is_taken_with_a_warning():
    with pytest.warns(DeprecationWarning, match="assert_same_paths"):
        gm.tree.assert_same_structure([1], [2], check_types=False)


def test_structures_are_flattened_and_packed_in_one_order():
    """An OrderedDict keeps its order both ways."""
    ordered = tree_expressions.ORDERED
    assert gm.tree.pack_sequence_as(ordered, gm.tree.flatten(ordered)) == ordered
    assert gm.utils.structure.pack_as(ordered, [7, 8, 9])["b"] == 7
