"""Entries of tensors along their first axis, for functions that are called with one after the other."""

from typing import Any, List

from gradmill.errors import ArgumentError
from gradmill.ops.calling import tensor
from gradmill.ops.shape import stack
from gradmill.symbolic import flatten, map_structure


def entries_of(who: str, xs: Any) -> List[Any]:
    """The entries of tensors along their first axis.

    Args:
        who: name of the op, for the message.
        xs: structure of tensors, or of what becomes some.

    Returns:
        list of structures like `xs`.

    Raises:
        ArgumentError: when the tensors have different numbers of entries.
    """
    xs = map_structure(tensor, xs)
    leaves = flatten(xs)
    if not leaves or any(each.ndim < 1 for each in leaves) or len({each.shape[0] for each in leaves}) != 1:
        shapes = [tuple(each.shape) for each in leaves]
        raise ArgumentError(f"{who}: expected tensors with the same number of entries; received shapes {shapes}")
    return [map_structure(lambda leaf, i=i: leaf[i], xs) for i in range(leaves[0].shape[0])]


def side_by_side(rows: List[Any]) -> Any:
    """The tensors of several structures, stacked.

    Args:
        rows: structures of tensors, all alike.

    Returns:
        a structure like each of them.
    """
    columns = iter([stack.eager(list(column)) for column in zip(*(flatten(row) for row in rows))])
    return map_structure(lambda _: next(columns), rows[0])
