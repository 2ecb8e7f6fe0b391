"""Nested lists, tuples, deques and dicts of leaves, under Keras's names.

Leaves come in the order of positions and of sorted keys; an OrderedDict keeps its own order. `None` is a leaf.

Example:
    >>> import gradmill as gm
    >>> gm.tree.map_structure(lambda a, b: a + b, {"x": 1, "y": (2, 3)}, {"x": 10, "y": (20, 30)})
    {'x': 11, 'y': (22, 33)}
"""

import warnings
from typing import Any, Callable, Iterable, List, Optional, Tuple

from gradmill.errors import ArgumentError
from gradmill.utils import structure as structures_of
from gradmill.utils.structure import flatten, is_nested

__all__ = [
    "MAP_TO_NONE",
    "assert_same_paths",
    "assert_same_structure",
    "flatten",
    "flatten_with_path",
    "is_nested",
    "lists_to_tuples",
    "map_shape_structure",
    "map_structure",
    "map_structure_up_to",
    "pack_sequence_as",
    "traverse",
]


class MAP_TO_NONE:
    """What the function of `traverse` returns to put None in a place; None itself means "go on"."""


def flatten_with_path(structure: Any) -> List[Tuple[Tuple, Any]]:
    """Return pairs `(path, leaf)`; a path holds the keys and positions that lead to the leaf.

    Args:
        structure: nested lists, tuples, deques and dicts.

    Returns:
        list of pairs.

    Example:
        >>> import gradmill as gm
        >>> gm.tree.flatten_with_path({"a": [5, 6]})
        [(('a', 0), 5), (('a', 1), 6)]
    """
    return structures_of.flatten_with_paths(structure)


def map_structure(func: Callable, *structures: Any, none_is_leaf: bool = True) -> Any:
    """Return the nesting of the structures, with `func` of the leaves that stand at one place in each.

    Args:
        func: takes as many leaves as there are structures.
        *structures: of one nesting.
        none_is_leaf: False leaves None where it stands, without a call.

    Returns:
        new structure, of the kinds of the first.

    Raises:
        ArgumentError: no structure, or structures that differ.
        TypeError: `func` cannot be called.

    Example:
        >>> import gradmill as gm
        >>> gm.tree.map_structure(lambda x: x * x, [[1], [2]])
        [[1], [4]]
    """
    _check_call("map_structure", func, structures)
    if len(structures) == 1 and none_is_leaf:
        return structures_of.map_structure(func, structures[0])

    def of_leaves(*leaves: Any) -> Any:
        if not none_is_leaf and any(each is None for each in leaves):
            if any(each is not None for each in leaves):
                raise _differ("map_structure", *leaves)
            return None
        if any(is_nested(each) for each in leaves):
            raise _differ("map_structure", *leaves)
        return func(*leaves)

    return _map_together("map_structure", of_leaves, *structures)


def map_structure_up_to(shallow_structure: Any, func: Callable, *structures: Any) -> Any:
    """Return the nesting of `shallow_structure`, with `func` of what stands at the places of its leaves.

    Args:
        shallow_structure: its leaves end the way down, whatever they are.
        func: takes as many values as there are structures.
        *structures: nested like `shallow_structure`, or deeper.

    Returns:
        new structure.

    Raises:
        ArgumentError: no structure, or one that is less deep.
        TypeError: `func` cannot be called.

    Example:
        >>> import gradmill as gm
        >>> gm.tree.map_structure_up_to([None, None], len, [[1, 2], "abc"])
        [2, 3]
    """
    _check_call("map_structure_up_to", func, structures)
    return _map_together("map_structure_up_to", lambda _, *found: func(*found), shallow_structure, *structures)


def assert_same_structure(a: Any, b: Any, check_types: Optional[bool] = None) -> None:
    """Check that two structures have one nesting, of the same kinds of containers; kinds of dicts are one kind.

    Args:
        a, b: structures.
        check_types: deprecated, and without meaning.

    Raises:
        ArgumentError: they differ.

    Example:
        >>> import gradmill as gm
        >>> gm.tree.assert_same_structure([1, (2, 3)], ["x", (None, "y")])
    """
    if check_types is not None:
        warnings.warn(
            "assert_same_structure: check_types has no effect; assert_same_paths compares places alone",
            DeprecationWarning,
            stacklevel=2,
        )

    def of_leaves(first: Any, second: Any) -> None:
        if is_nested(second):
            raise _differ("assert_same_structure", first, second)

    _map_together("assert_same_structure", of_leaves, a, b)


def assert_same_paths(a: Any, b: Any) -> None:
    """Check that the leaves of two structures have the same paths, whatever kinds of sequences lead there.

    Args:
        a, b: structures.

    Raises:
        ArgumentError: with the paths that only one of them has.

    Example:
        >>> import gradmill as gm
        >>> gm.tree.assert_same_paths([1, (2, 3)], (4, [5, 6]))
    """
    first, second = ({path for path, _ in flatten_with_path(each)} for each in (a, b))
    if first != second:
        only = [sorted(map(str, paths)) for paths in (first - second, second - first)]
        raise ArgumentError(f"assert_same_paths: expected the same paths; only a has {only[0]}, only b has {only[1]}")


def pack_sequence_as(structure: Any, flat_sequence: Iterable) -> Any:
    """Return the leaves of `flat_sequence`, nested like `structure`.

    Args:
        structure: nested lists, tuples, deques and dicts.
        flat_sequence: as many leaves as the structure has, in the order of `flatten`.

    Returns:
        new structure.

    Raises:
        ArgumentError: another number of leaves.
        TypeError: `flat_sequence` cannot be iterated over.

    Example:
        >>> import gradmill as gm
        >>> gm.tree.pack_sequence_as({"b": [0, 0], "a": 0}, [1, 2, 3])
        {'b': [2, 3], 'a': 1}
    """
    return structures_of.pack_as(structure, list(flat_sequence))


def traverse(func: Callable, structure: Any, top_down: bool = True) -> Any:
    """Visit a structure and everything in it, and return it with what `func` put in the places.

    Args:
        func: called with each part and leaf. None leaves the part as it is; any other value, or `MAP_TO_NONE` for None,
            takes its place.
        structure: nested lists, tuples, deques and dicts.
        top_down: whether a part comes before what is in it, which then is not visited if `func` replaced the part.

    Returns:
        new structure.

    Raises:
        TypeError: `func` cannot be called.

    Example:
        >>> import gradmill as gm
        >>> gm.tree.traverse(lambda part: "pair" if isinstance(part, tuple) else None, [(1, 2), 3])
        ['pair', 3]
    """
    if top_down:
        found = func(structure)
        if found is None:
            return _traverse_items(func, structure, top_down)
    else:
        structure = _traverse_items(func, structure, top_down)
        found = func(structure)
        if found is None:
            return structure
    return None if found is MAP_TO_NONE else found


def lists_to_tuples(structure: Any) -> Any:
    """Return the structure with tuples in place of lists.

    Args:
        structure: nested lists, tuples, deques and dicts.

    Returns:
        new structure.

    Example:
        >>> import gradmill as gm
        >>> gm.tree.lists_to_tuples([1, {"a": [2, 3]}])
        (1, {'a': (2, 3)})
    """
    return traverse(lambda part: tuple(part) if isinstance(part, list) else None, structure, top_down=False)


def map_shape_structure(func: Callable, structure: Any) -> Any:
    """`map_structure` whose leaves are shapes: lists and tuples of integers and None.

    Args:
        func: called with each shape.
        structure: nested lists, tuples, deques and dicts of shapes.

    Returns:
        new structure.

    Example:
        >>> import gradmill as gm
        >>> gm.tree.map_shape_structure(len, {"image": (None, 28, 28), "label": (None,)})
        {'image': 3, 'label': 1}
    """
    is_shape = isinstance(structure, (list, tuple)) and all(each is None or isinstance(each, int) for each in structure)
    if is_shape or not is_nested(structure):
        return func(structure)
    parts = [map_shape_structure(func, item) for _, item in structures_of.items_of(structure)]
    return structures_of.rebuild(structure, parts)


def _traverse_items(func: Callable, structure: Any, top_down: bool) -> Any:
    if not is_nested(structure):
        return structure
    parts = [traverse(func, item, top_down) for _, item in structures_of.items_of(structure)]
    return structures_of.rebuild(structure, parts)


def _map_together(name: str, func: Callable, first: Any, *others: Any) -> Any:
    """Go down `first` and the others side by side; at its leaves, call `func` with what the others have there."""
    if not is_nested(first):
        return func(first, *others)
    keys = [key for key, _ in structures_of.items_of(first)]
    for other in others:
        if not _same_shape(first, other):
            raise _differ(name, first, other)
    parts = [_map_together(name, func, first[key], *(other[key] for other in others)) for key in keys]
    return structures_of.rebuild(first, parts)


def _same_shape(first: Any, other: Any) -> bool:
    """Whether two containers have the same kind and keys; what is in them does not matter."""
    if isinstance(first, dict):
        return isinstance(other, dict) and set(first) == set(other)
    return type(first) is type(other) and len(first) == len(other)


def _check_call(name: str, func: Callable, structures: Any) -> None:
    if not callable(func):
        raise TypeError(f"{name}: expected a function; received {func!r}; pass one that takes the leaves")
    if not structures:
        raise ArgumentError(f"{name}: expected at least one structure after the function; received none")


def _differ(name: str, first: Any, *others: Any) -> ArgumentError:
    shown = " and ".join(structures_of.skeleton(each) for each in (first, *others))
    return ArgumentError(f"{name}: expected structures of one nesting; received {shown} at one place")
