"""Which axes of inputs attention runs over, and how they become those of one sequence and back."""

from __future__ import annotations

import math
from typing import Any, Optional, Sequence

from gradmill import ops
from gradmill.errors import ArgumentError
from gradmill.ops.attending import check_broadcast


class AttentionAxes:
    """The axes of inputs (batch, ..., features) over which attention runs; the others are further axes of the batch.

    Args:
        rank: number of axes of the inputs.
        axes: those of attention; None for all but the first and the last.
        owner: the layer as named in messages.

    Raises:
        ArgumentError: axes that are none of these, or one twice.
    """

    def __init__(self, rank: int, axes: Optional[Sequence[int]], owner: str):
        inner = range(1, rank - 1)
        chosen = list(inner) if axes is None else [axis + rank if axis < 0 else axis for axis in axes]
        if not chosen or any(axis not in inner for axis in chosen) or len(set(chosen)) < len(chosen):
            raise ArgumentError(
                f"{owner}: expected attention_axes from 1 to {rank - 2} for inputs of {rank} axes, each once; received "
                f"{axes}; correct them"
            )
        self.axes = tuple(chosen)
        self.owner = owner
        self._rest = [axis for axis in inner if axis not in chosen]

    @property
    def plain(self) -> bool:
        """Whether inputs are (batch, steps, features) as they are."""
        return len(self.axes) == 1 and not self._rest

    def join(self, x: Any) -> Any:
        """Return (batch, ..., *behind) as (batch of all other axes, steps, *behind).

        Args:
            x: projected inputs, with two axes behind, or a mask, with none.
        """
        if self.plain:
            return x
        count = 1 + len(self._rest) + len(self.axes)
        behind = list(range(count, len(x.shape)))
        x = ops.transpose(x, [0, *self._rest, *self.axes, *behind])
        batch, steps = x.shape[: 1 + len(self._rest)], x.shape[1 + len(self._rest) : count]
        return ops.reshape(x, (math.prod(batch), math.prod(steps), *x.shape[count:]))

    def part(self, outputs: Any, query_shape: Sequence[int]) -> Any:
        """Return (batch of all other axes, steps, heads, size) with the axes of the inputs again.

        Args:
            outputs: of attention.
            query_shape: of the inputs.
        """
        if self.plain:
            return outputs
        order = [0, *self._rest, *self.axes]
        behind = [len(order), len(order) + 1]
        apart = ops.reshape(outputs, (*(query_shape[axis] for axis in order), *outputs.shape[2:]))
        return ops.transpose(apart, [*(order.index(axis) for axis in range(len(order))), *behind])

    def part_scores(self, scores: Any, query_shape: Sequence[int], key_shape: Sequence[int]) -> Any:
        """Return (batch of all other axes, heads, queries, keys) as (batch, ..., heads, queries..., keys...).

        Args:
            scores: the shares.
            query_shape, key_shape: of the inputs.
        """
        if self.plain:
            return scores
        return ops.reshape(scores, self._scores_shape(query_shape, key_shape, scores.shape[1]))

    def join_scores_mask(self, mask: Any, query_shape: Sequence[int], key_shape: Sequence[int], heads: int) -> Any:
        """Return a mask of scores with the axes (batch of all other axes, heads, queries, keys).

        Args:
            mask: broadcast to (batch, ..., heads, queries..., keys...); the axis of heads may be missing, and with it
                those before it.
            query_shape, key_shape: of the inputs.
            heads: number of heads.

        Raises:
            ShapeError: it cannot be broadcast.
        """
        full = self._scores_shape(query_shape, key_shape, heads)
        pairs = 2 * len(self.axes)
        shape = tuple(mask.shape)
        if pairs <= len(shape) < len(full):
            # What is missing stands where the heads do.
            missing = (1,) * (len(full) - len(shape))
            shape = (*shape[: len(shape) - pairs], *missing, *shape[len(shape) - pairs :])
            mask = ops.reshape(mask, shape)
        check_broadcast(mask, full, "attention_mask", self.owner)
        if self.plain:
            return mask
        wide = ops.broadcast_to(mask, full)
        rest = 1 + len(self._rest)
        queries, keys = full[rest + 1 : rest + 1 + len(self.axes)], full[rest + 1 + len(self.axes) :]
        return ops.reshape(wide, (math.prod(full[:rest]), heads, math.prod(queries), math.prod(keys)))

    def _scores_shape(self, query_shape: Sequence[int], key_shape: Sequence[int], heads: int) -> tuple:
        batch = [query_shape[axis] for axis in (0, *self._rest)]
        return (*batch, heads, *(query_shape[axis] for axis in self.axes), *(key_shape[axis] for axis in self.axes))
