"""Nested lists, tuples and dicts of leaves: flatten, map, rebuild.

The order of leaves is that of Keras: lists and tuples by position, dicts by sorted key. Everything else, `None`
included, is a leaf.

Example:
    >>> import gradmill as gm
    >>> gm.utils.structure.flatten({"b": [1, 2], "a": 3})
    [3, 1, 2]
"""

from typing import Any, Iterator, List, Tuple

from gradmill import errors
from gradmill.symbolic import flatten, map_structure

__all__ = ["flatten", "flatten_with_paths", "is_nested", "map_structure", "ordered_keys", "pack_as", "skeleton"]


def is_nested(value: Any) -> bool:
    """True for lists, tuples and dicts.

    Args:
        value: anything.

    Returns:
        bool.
    """
    return isinstance(value, (list, tuple, dict))


def ordered_keys(mapping: dict) -> list:
    """Return the keys of a dict in the order in which its values are flattened.

    Args:
        mapping: dict.

    Returns:
        list of keys, sorted where they can be compared.
    """
    try:
        return sorted(mapping)
    except TypeError:
        return list(mapping)


def flatten_with_paths(structure: Any, path: Tuple = ()) -> List[Tuple[Tuple, Any]]:
    """Return pairs `(path, leaf)`; a path holds the keys and positions that lead to the leaf.

    Args:
        structure: nested lists, tuples and dicts.
        path: path of the structure itself.

    Returns:
        list of pairs.
    """
    if isinstance(structure, dict):
        return [pair for key in ordered_keys(structure) for pair in flatten_with_paths(structure[key], path + (key,))]
    if isinstance(structure, (list, tuple)):
        return [pair for i, item in enumerate(structure) for pair in flatten_with_paths(item, path + (i,))]
    return [(path, structure)]


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
    if isinstance(structure, dict):
        packed = {key: _pack(structure[key], leaves) for key in ordered_keys(structure)}
        return {key: packed[key] for key in structure}
    if isinstance(structure, (list, tuple)):
        items = [_pack(item, leaves) for item in structure]
        if isinstance(structure, list):
            return items
        return type(structure)(*items) if hasattr(structure, "_fields") else tuple(items)
    return next(leaves)


def skeleton(structure: Any) -> str:
    """Return a short text of the structure with `*` for leaves and `None` kept, for messages and as a key.

    Args:
        structure: nested lists, tuples and dicts.

    Returns:
        text.
    """
    if isinstance(structure, dict):
        return "{" + ", ".join(f"{key!r}: {skeleton(structure[key])}" for key in ordered_keys(structure)) + "}"
    if isinstance(structure, (list, tuple)):
        inner = ", ".join(skeleton(item) for item in structure)
        return f"[{inner}]" if isinstance(structure, list) else f"({inner},)"
    return "None" if structure is None else "*"
