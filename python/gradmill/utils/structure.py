"""Nested lists, tuples, deques and dicts of leaves: flatten, map, rebuild.

The order of leaves is that of Keras: lists, tuples and deques by position, dicts by sorted key, an OrderedDict in its
own order. Everything else, `None` included, is a leaf. `gradmill.tree` has Keras's names for it.

Example:
    >>> import gradmill as gm
    >>> gm.utils.structure.flatten({"b": [1, 2], "a": 3})
    [3, 1, 2]
"""

from typing import Any, Iterator, List, Tuple

from gradmill import errors
from gradmill.symbolic import flatten, is_nested, map_structure, ordered_keys, rebuild

__all__ = [
    "flatten",
    "flatten_with_paths",
    "is_nested",
    "items_of",
    "map_structure",
    "ordered_keys",
    "pack_as",
    "rebuild",
    "skeleton",
]


def items_of(container: Any) -> List[Tuple[Any, Any]]:
    """Return pairs of key (or position) and item, one level deep, in flattened order.

    Args:
        container: list, tuple, deque or dict.

    Returns:
        list of pairs.
    """
    if isinstance(container, dict):
        return [(key, container[key]) for key in ordered_keys(container)]
    return list(enumerate(container))


def flatten_with_paths(structure: Any, path: Tuple = ()) -> List[Tuple[Tuple, Any]]:
    """Return pairs `(path, leaf)`; a path holds the keys and positions that lead to the leaf.

    Args:
        structure: nested lists, tuples, deques and dicts.
        path: path of the structure itself.

    Returns:
        list of pairs.
    """
    if not is_nested(structure):
        return [(path, structure)]
    return [pair for key, item in items_of(structure) for pair in flatten_with_paths(item, path + (key,))]


def pack_as(structure: Any, leaves: List[Any]) -> Any:
    """Return the leaves arranged like `structure`.

    Args:
        structure: nested lists, tuples and dicts.
        leaves: as many as the structure has, in flattened order.

    Returns:
        new structure.

    Raises:
        ArgumentError: when the number of leaves differs.
    """
    expected = len(flatten(structure))
    if expected != len(leaves):
        raise errors.ArgumentError(
            f"pack_as: expected {expected} leaves for {skeleton(structure)}; received {len(leaves)}"
        )
    return _pack(structure, iter(leaves))


def _pack(structure: Any, leaves: Iterator[Any]) -> Any:
    if not is_nested(structure):
        return next(leaves)
    return rebuild(structure, [_pack(item, leaves) for _, item in items_of(structure)])


def skeleton(structure: Any) -> str:
    """Return a short text of the structure with `*` for leaves and `None` kept, for messages and as a key.

    Args:
        structure: nested lists, tuples and dicts.

    Returns:
        text.
    """
    if isinstance(structure, dict):
        return "{" + ", ".join(f"{key!r}: {skeleton(structure[key])}" for key in ordered_keys(structure)) + "}"
    if is_nested(structure):
        inner = ", ".join(skeleton(item) for item in structure)
        return f"[{inner}]" if isinstance(structure, list) else f"({inner},)"
    return "None" if structure is None else "*"
