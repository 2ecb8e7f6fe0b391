"""`tf.sets`: the last axis of a tensor holds the members of a set."""

from __future__ import annotations

from typing import Any, Callable, Dict, Set, Tuple

import numpy as np

from gradmill import _core, ops
from gradmill.errors import ShapeError
from gradmill.tensorflow.sparse import SparseTensor, from_dense
from gradmill.utils.text_values import as_text, is_text

_Rows = Dict[Tuple[int, ...], Set[Any]]


def _rows(sets: Any) -> tuple[_Rows, tuple[int, ...], Any]:
    """The members of each row by its place, the number of rows of each axis, and a value that shows their dtype."""
    if not isinstance(sets, SparseTensor):
        values = np.asarray(as_text(sets) if is_text(sets) else ops.convert_to_tensor(sets))
        shape = values.shape[:-1]
        return {place: set(values[place].tolist()) for place in np.ndindex(shape)}, shape, values
    values, shape = np.asarray(sets.values), tuple(sets._sizes[:-1].tolist())
    found: _Rows = {place: set() for place in np.ndindex(shape)}
    for place, value in zip(sets._places[:, :-1].tolist(), values.tolist()):
        found[tuple(place)].add(value)
    return found, shape, values


def _joined(name: str, join: Callable[[set, set], set], a: Any, b: Any) -> SparseTensor:
    """Sets made of those in the same rows of `a` and `b`, their members in order."""
    (first, shape, values), (second, other, _) = _rows(a), _rows(b)
    if shape != other:
        raise ShapeError(f"tf.sets.{name}: expected equal sizes but for the last axis; received {shape} and {other}")
    rows = {place: sorted(join(first[place], second[place])) for place in first}
    places = [(*place, number) for place, row in rows.items() for number in range(len(row))]
    members = [member for row in rows.values() for member in row]
    made = as_text(np.array(members, object)) if is_text(values) else np.array(members, values.dtype)
    return SparseTensor(np.array(places), made, (*shape, max(map(len, rows.values()), default=0)))


def union(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """`tf.sets.union`: the members of either set.

    Args:
        a: integers or text (..., members), dense or sparse; members may repeat.
        b: the same sizes but for the last.
        validate_indices: ignored; places are always checked.

    Raises:
        ShapeError: the sizes differ.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> tf.sparse.to_dense(tf.sets.union([[3, 5, 9]], [[5, 11]])).numpy().tolist()
        [[3, 5, 9, 11]]
    """
    return _joined("union", set.union, a, b)


def intersection(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """`tf.sets.intersection`: the members of both sets; see `union`."""
    return _joined("intersection", set.intersection, a, b)


def difference(a: Any, b: Any, aminusb: bool = True, validate_indices: bool = True) -> SparseTensor:
    """`tf.sets.difference`: the members of `a` that `b` has not, or the other way round; see `union`."""
    return _joined("difference", set.difference, *((a, b) if aminusb else (b, a)))


def size(a: Any, validate_indices: bool = True) -> Any:
    """`tf.sets.size`: the number of members of every set, int32; `a` as in `union`."""
    rows, shape, _ = _rows(a if isinstance(a, SparseTensor) else from_dense(a))
    return _core.tensor(np.array([len(row) for row in rows.values()], "int32").reshape(shape))


SETS: dict[str, Any] = {each.__name__: each for each in (difference, intersection, size, union)}
