"""Reductions of the rows that have the same id."""

from typing import Any, Optional

import numpy as np

from gradmill import _core
from gradmill.errors import ShapeError
from gradmill.ops.calling import known_values, public_op, tensor

__all__ = ["segment_max", "segment_min", "segment_prod", "segment_sum"]


def _checked(who: str, data: Any, segment_ids: Any, num_segments: Optional[int]) -> tuple:
    data, ids, given = tensor(data), tensor(segment_ids), segment_ids
    if data.ndim < 1 or tuple(ids.shape) != (data.shape[0],):
        raise ShapeError(f"{who}: expected one id for each row of data {data.shape}; received ids {ids.shape}")
    if num_segments is not None:
        return data, ids, int(num_segments)
    values = known_values(given, who, "give num_segments")
    return data, ids, int(values.max()) + 1 if values.size else 0


def _reduced(who: str, data: Any, segment_ids: Any, num_segments: Optional[int], neutral: Any) -> Any:
    """Of all rows, those of each segment, and the neutral number in place of the others."""
    data, ids, count = _checked(who, data, segment_ids, num_segments)
    own = _core.ops.equal(np.arange(count, dtype="int32").reshape(-1, 1), ids.astype("int32"))
    own = _core.ops.reshape(own, shape=[count, data.shape[0], *([1] * (data.ndim - 1))])
    if data.shape[0] == 0:
        return _core.ops.broadcast_to(_core.tensor(neutral, data.dtype), shape=[count, *data.shape[1:]])
    rows = _core.ops.where(own, _core.ops.reshape(data, shape=[1, *data.shape]), _core.tensor(neutral, data.dtype))
    return getattr(_core.ops, who.partition("_")[2])(rows, axes=[1], keepdims=False)


def _lowest(data: Any, sign: int) -> Any:
    dtype = tensor(data).dtype
    if "float" in dtype:
        return sign * float("inf")
    return (np.iinfo(dtype).min if sign < 0 else np.iinfo(dtype).max) if dtype != "bool" else sign > 0


@public_op
def segment_sum(data: Any, segment_ids: Any, num_segments: Optional[int] = None, sorted: bool = False) -> Any:
    """Add up the rows that have the same id.

    Args:
        data: (rows, ...).
        segment_ids: (rows,) integers.
        num_segments: rows of the result; default: the largest id plus one (eager only).
        sorted: accepted for compatibility.

    Returns:
        (num_segments, ...).
    """
    data, ids, count = _checked("segment_sum", data, segment_ids, num_segments)
    return _core.ops.gather_backward(ids, data, shape=[count, *data.shape[1:]], axis=0)


@public_op
def segment_max(data: Any, segment_ids: Any, num_segments: Optional[int] = None, sorted: bool = False) -> Any:
    """Return the largest values of the rows that have the same id.

    Args:
        data: (rows, ...).
        segment_ids: (rows,) integers; a row whose id is no segment counts nowhere.
        num_segments: rows of the result; default: the largest id plus one (eager only).
        sorted: accepted for compatibility.

    Returns:
        (num_segments, ...); the lowest number of the dtype where a segment has no row.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.segment_max([1, 5, 2], [0, 0, 1]).numpy()
        array([5, 2], dtype=int32)
    """
    return _reduced("segment_max", data, segment_ids, num_segments, _lowest(data, -1))


@public_op
def segment_min(data: Any, segment_ids: Any, num_segments: Optional[int] = None, sorted: bool = False) -> Any:
    """Return the smallest values of the rows that have the same id.

    Args:
        data: (rows, ...).
        segment_ids: (rows,) integers; a row whose id is no segment counts nowhere.
        num_segments: rows of the result; default: the largest id plus one (eager only).
        sorted: accepted for compatibility.

    Returns:
        (num_segments, ...); the highest number of the dtype where a segment has no row.
    """
    return _reduced("segment_min", data, segment_ids, num_segments, _lowest(data, 1))


@public_op
def segment_prod(data: Any, segment_ids: Any, num_segments: Optional[int] = None, sorted: bool = False) -> Any:
    """Multiply the rows that have the same id.

    Args:
        data: (rows, ...).
        segment_ids: (rows,) integers; a row whose id is no segment counts nowhere.
        num_segments: rows of the result; default: the largest id plus one (eager only).
        sorted: accepted for compatibility.

    Returns:
        (num_segments, ...); 1 where a segment has no row.
    """
    return _reduced("segment_prod", data, segment_ids, num_segments, 1)
