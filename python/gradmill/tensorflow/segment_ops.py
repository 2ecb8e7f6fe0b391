"""Rows put together by their numbers: `tf.math.segment_*`, `tf.dynamic_partition` and `tf.dynamic_stitch`."""

from __future__ import annotations

from typing import Any, Callable, Sequence

import numpy as np

from gradmill import ops
from gradmill.errors import ArgumentError


def _sorted_form(name: str, combine: Callable) -> Callable:
    def segment(data: Any, segment_ids: Any, name: Any = None) -> Any:
        return combine(data, segment_ids, int(ops.max(segment_ids)) + 1)

    segment.__doc__ = f"`tf.math.segment_{name}`: the {name} of the rows with the same number."
    return segment


def _unsorted_form(name: str, combine: Callable) -> Callable:
    def segment(data: Any, segment_ids: Any, num_segments: Any, name: Any = None) -> Any:
        return combine(data, segment_ids, int(num_segments))

    segment.__doc__ = f"`tf.math.unsorted_segment_{name}`: the {name} of the rows with the same number, in any order."
    return segment


def _shared(data: Any, segment_ids: Any, count: int, power: float) -> Any:
    """Sums divided by a power of how many rows there are, at least one."""
    data = ops.convert_to_tensor(data)
    total = ops.segment_sum(data, segment_ids, count)
    rows = ops.segment_sum(ops.ones(data.shape[:1], data.dtype), segment_ids, count)
    share = ops.power(ops.maximum(rows, 1), power)
    return ops.divide(total, ops.reshape(share, (-1, *[1] * (data.ndim - 1))))


def _mean(data: Any, segment_ids: Any, count: int) -> Any:
    return _shared(data, segment_ids, count, 1.0)


def _sqrt_n(data: Any, segment_ids: Any, count: int) -> Any:
    return _shared(data, segment_ids, count, 0.5)


_KINDS: dict[str, Callable] = {
    "max": ops.segment_max, "mean": _mean, "min": ops.segment_min, "prod": ops.segment_prod,
    "sum": ops.segment_sum,
}  # fmt: skip
SEGMENTS: dict[str, Any] = {
    **{f"segment_{name}": _sorted_form(name, combine) for name, combine in _KINDS.items()},
    **{f"unsorted_segment_{name}": _unsorted_form(name, combine) for name, combine in _KINDS.items()},
    "unsorted_segment_sqrt_n": _unsorted_form("sqrt_n", _sqrt_n),
}


def dynamic_partition(data: Any, partitions: Any, num_partitions: int, name: Any = None) -> list:
    """`tf.dynamic_partition`: the rows of each part, in order; outside of compiled functions."""
    parts = np.asarray(partitions)
    data = ops.convert_to_tensor(data)
    are_parts = not parts.size or 0 <= parts.min() <= parts.max() < num_partitions
    if tuple(data.shape[: parts.ndim]) != parts.shape or not are_parts:
        raise ArgumentError(
            f"tf.dynamic_partition: expected the number of a part, 0 to {int(num_partitions) - 1}, for each row of "
            f"data of shape {tuple(data.shape)}; received partitions of shape {parts.shape}"
        )
    rows = ops.reshape(data, (-1, *data.shape[parts.ndim :]))
    return [ops.take(rows, np.flatnonzero(parts.ravel() == part), 0) for part in range(int(num_partitions))]


def dynamic_stitch(indices: Sequence[Any], data: Sequence[Any], name: Any = None) -> Any:
    """`tf.dynamic_stitch`: rows at the places that indices name, the last one where two name one; not compiled."""
    places = [np.asarray(each) for each in indices]
    values = [ops.convert_to_tensor(each) for each in data]
    if len(places) != len(values) or any(tuple(v.shape[: p.ndim]) != p.shape for p, v in zip(places, values)):
        raise ArgumentError("tf.dynamic_stitch: expected a place for each row of data; received other shapes")
    flat = np.concatenate([each.ravel() for each in places])
    rows = ops.concatenate([ops.reshape(v, (-1, *v.shape[p.ndim :])) for p, v in zip(places, values)], 0)
    last = np.zeros(int(flat.max()) + 1 if flat.size else 0, "int64")
    last[flat] = np.arange(len(flat))
    return ops.take(rows, last, 0)
