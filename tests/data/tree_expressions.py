"""Expressions of structures, written once for Keras's `tree` and ours.

`KERAS_BACKEND=jax python tests/data/tree_expressions.py` with Keras installed writes what they give to
tests/golden/data/tree.json.
"""

import collections
import json
from pathlib import Path

RECORDED = Path(__file__).resolve().parents[1] / "golden" / "data" / "tree.json"

Point = collections.namedtuple("Point", "x y")
Place = collections.namedtuple("Place", "x y")
UNSORTED = {"b": 1, "a": [2, (3, None)], "c": {"z": 4, "y": 5}}
ORDERED = collections.OrderedDict([("b", 1), ("a", [2, 3])])
DEFAULTS = collections.defaultdict(list, {"q": [1, 2], "p": 0})
EVERY = [1, (2, [3]), UNSORTED, ORDERED, DEFAULTS, Point(6, [7]), collections.deque([8, 9], maxlen=4), None, "text", []]


def visited(tree, structure, top_down):
    seen = []
    tree.traverse(lambda part: seen.append(repr(part)), structure, top_down=top_down)
    return seen


def replaced(tree, found, top_down):
    structure = [(1, [2]), {"a": (3, (4,))}]
    return tree.traverse(lambda part: found if isinstance(part, tuple) else None, structure, top_down)


EXPRESSIONS = {
    "flatten": lambda tree: tree.flatten(EVERY),
    "flatten leaf": lambda tree: [tree.flatten(each) for each in (None, 3, "text", [], {}, [[]], [5], ([6],))],
    "flatten with path": lambda tree: tree.flatten_with_path(EVERY),
    "is nested": lambda tree: [tree.is_nested(each) for each in [*EVERY, {}, (), {1, 2}, range(3), b"x"]],
    "pack": lambda tree: tree.pack_sequence_as(EVERY, list(range(100, 100 + len(tree.flatten(EVERY))))),
    "pack leaf": lambda tree: tree.pack_sequence_as(3, ["x"]),
    "pack tuple of leaves": lambda tree: tree.pack_sequence_as({"b": 0, "a": 0}, (1, 2)),
    "pack too few": lambda tree: tree.pack_sequence_as([1, 2], [1]),
    "pack too many": lambda tree: tree.pack_sequence_as([1, 2], [1, 2, 3]),
    "pack no sequence": lambda tree: tree.pack_sequence_as([1], 3),
    "map": lambda tree: tree.map_structure(lambda each: (each,), EVERY),
    "map two": lambda tree: tree.map_structure(lambda a, b: (a, b), UNSORTED, dict(reversed(UNSORTED.items()))),
    "map kinds of dicts": lambda tree: tree.map_structure(lambda a, b: (a, b), ORDERED, {"a": [5, 6], "b": 7}),
    "map dict and ordered": lambda tree: tree.map_structure(lambda a, b: (a, b), {"a": [5, 6], "b": 7}, ORDERED),
    "map nothing": lambda tree: tree.map_structure(lambda: 0),
    "map other length": lambda tree: tree.map_structure(max, [1, 2], [1, 2, 3]),
    "map other kind": lambda tree: tree.map_structure(max, [1, 2], (1, 2)),
    "map other keys": lambda tree: tree.map_structure(max, {"a": 1}, {"b": 1}),
    "map deeper": lambda tree: tree.map_structure(lambda a, b: 0, [1, 2], [1, [2]]),
    "map less deep": lambda tree: tree.map_structure(lambda a, b: 0, [1, [2]], [1, 2]),
    "map other named tuple": lambda tree: tree.map_structure(lambda a, b: 0, Point(1, 2), Place(1, 2)),
    "map none": lambda tree: tree.map_structure(lambda each: (each,), [1, None, (None, 2)], none_is_leaf=False),
    "map none alone": lambda tree: tree.map_structure(lambda each: 1, None, none_is_leaf=False),
    "map two none": lambda tree: tree.map_structure(lambda a, b: a + b, [1, None], [2, None], none_is_leaf=False),
    "map none and value": lambda tree: tree.map_structure(lambda a, b: 0, [1, None], [2, 3], none_is_leaf=False),
    "up to": lambda tree: tree.map_structure_up_to([1, 2], len, [[1, 2], ["ab"]]),
    "up to two": lambda tree: tree.map_structure_up_to(
        {"a": 0, "b": (0, 0)}, lambda *x: x, {"b": ([1], 2), "a": {"k": 3}}, {"a": 4, "b": (5, [6, 7])}
    ),
    "up to less deep": lambda tree: tree.map_structure_up_to([1, [2]], lambda each: 0, [1, 2]),
    "up to nothing": lambda tree: tree.map_structure_up_to([1], len),
    "same": lambda tree: tree.assert_same_structure([1, (2, {"a": None})], ["x", (None, {"a": 3})]),
    "same kinds of dicts": lambda tree: tree.assert_same_structure({"a": [1, 2], "b": 3}, ORDERED),
    "same list and tuple": lambda tree: tree.assert_same_structure([1, 2], (1, 2)),
    "same deeper": lambda tree: tree.assert_same_structure([1, 2], [1, [2]]),
    "same less deep": lambda tree: tree.assert_same_structure([1, [2]], [1, 2]),
    "same named tuples": lambda tree: tree.assert_same_structure(Point(1, 2), Place(1, 2)),
    "same empty": lambda tree: tree.assert_same_structure([], ()),
    "same paths": lambda tree: tree.assert_same_paths([1, (2, 3)], (4, collections.deque([5, 6]))),
    "same paths named": lambda tree: tree.assert_same_paths(Point(1, 2), [3, 4]),
    "other paths": lambda tree: tree.assert_same_paths([1, (2, 3)], [1, 2]),
    "other paths of keys": lambda tree: tree.assert_same_paths({"a": 1}, [1]),
    "visited top down": lambda tree: visited(tree, EVERY, True),
    "visited bottom up": lambda tree: visited(tree, EVERY, False),
    "replaced top down": lambda tree: replaced(tree, "x", True),
    "replaced bottom up": lambda tree: replaced(tree, "x", False),
    "replaced by none": lambda tree: [replaced(tree, tree.MAP_TO_NONE, each) for each in (True, False)],
    "tuples": lambda tree: tree.lists_to_tuples(EVERY),
    "tuple of a leaf": lambda tree: tree.lists_to_tuples(3),
    "shapes": lambda tree: tree.map_shape_structure(lambda each: ["shape", each], {"b": (None, 3), "a": [(1,), [2]]}),
    "shape alone": lambda tree: tree.map_shape_structure(len, (None, 28, 28)),
    "shapes that are empty": lambda tree: tree.map_shape_structure(lambda each: ["found", each], [(), {"a": []}, "x"]),
}


def result(tree, name):
    """What an expression gives as text, or which error."""
    try:
        return repr(EXPRESSIONS[name](tree))
    except (TypeError, ValueError) as error:
        return f"error: {'TypeError' if isinstance(error, TypeError) else 'ValueError'}"


if __name__ == "__main__":
    import keras

    found = {name: result(keras.tree, name) for name in EXPRESSIONS}
    RECORDED.write_text(json.dumps(found, indent=1) + "\n")
    print(len(found), "expressions, Keras", keras.__version__)
