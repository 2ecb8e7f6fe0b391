"""StackedRNNCells, and what is asked of cells that a user may have written."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from gradmill import ops, serialization
from gradmill.errors import ArgumentError
from gradmill.layers import calling
from gradmill.layers.base import Layer
from gradmill.layers.recurrent_cell_base import DroppingCell
from gradmill.serialization import register_serializable
from gradmill.symbolic import flatten


@register_serializable("keras.layers")
class StackedRNNCells(Layer):
    """Several cells as one: each gets the output of the one before.

    Args:
        cells: the cells, first to last.

    The states are a list with those of each cell.

    Raises:
        ArgumentError: a cell without `call` or `state_size`.

    Example:
    >>> import gradmill as gm
    >>> stack = gm.layers.StackedRNNCells([gm.layers.LSTMCell(4), gm.layers.LSTMCell(3)])
    >>> gm.layers.RNN(stack)(gm.ops.ones((2, 5, 6))).shape
    (2, 3)
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any):
        super().__init__(**kwargs)
        if not cells:
            raise ArgumentError(f"{self._label}: expected at least one cell; received {cells!r}; pass a list of cells")
        for cell in cells:
            check_cell(cell, self._label)
        self.cells = list(cells)

    @property
    def state_size(self) -> list:
        """Sizes of the states of each cell."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> Any:
        """Size of the output of the last cell."""
        return output_size(self.cells[-1])

    def get_initial_state(self, batch_size: Optional[int] = None) -> list:
        """Return the first states of each cell for `batch_size` rows."""
        return [first_states(cell, batch_size, self.compute_dtype) for cell in self.cells]

    def build(self, input_shape: Any) -> None:
        """Build the cells."""
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(input_shape)
            input_shape = (input_shape[0], output_size(cell))

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        """Return the output of the last cell and the next states of each."""
        new_states = []
        for cell, before in zip(self.cells, states):
            nested = isinstance(before, (list, tuple))
            inputs, after = run_cell(cell, inputs, list(before) if nested else [before], training)
            after = list(after) if isinstance(after, (list, tuple)) else [after]
            new_states.append(after if nested else after[0])
        return inputs, new_states

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "cells": [serialization.serialize_object(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Optional[dict] = None) -> StackedRNNCells:
        """Build a layer from `get_config`'s result."""
        cells = [serialization.deserialize_object(each, custom_objects, "keras.layers") for each in config["cells"]]
        return cls(cells, **{key: value for key, value in config.items() if key != "cells"})


def check_cell(cell: Any, owner: str) -> None:
    """Check that an object can be used as a cell.

    Raises:
        ArgumentError: it has no `call` or no `state_size`.
    """
    for name, what in (("call", "a method call(inputs, states)"), ("state_size", "state_size (an integer or a list)")):
        if not hasattr(cell, name):
            raise ArgumentError(f"{owner}: expected a cell with {what}; received {cell!r}; add it or pass another")


def output_size(cell: Any) -> Any:
    """Return the size of a cell's output: what it says, or that of its first state."""
    found = getattr(cell, "output_size", None)
    return flatten(cell.state_size)[0] if found is None else found


def first_states(cell: Any, batch_size: Optional[int], dtype: str) -> Any:
    """Return a cell's first states: what it says, or zeros."""
    if hasattr(cell, "get_initial_state"):
        return cell.get_initial_state(batch_size=batch_size)
    sizes = cell.state_size
    if isinstance(sizes, (list, tuple)):
        return [ops.zeros((batch_size, size), dtype=dtype) for size in sizes]
    return ops.zeros((batch_size, sizes), dtype=dtype)


def run_cell(cell: Any, inputs: Any, states: Any, training: Any) -> Any:
    """Call a cell, which need not be a layer."""
    function = cell if callable(cell) else cell.call
    takes_training = (
        cell._call.has_training if isinstance(cell, Layer) else (calling.describe_call(cell.call).has_training)
    )
    return function(inputs, states, **({"training": training} if takes_training else {}))


def forget_dropout(cell: Any) -> None:
    """Forget the dropout factors of a cell and of the cells in it."""
    if isinstance(cell, DroppingCell):
        cell.reset_dropout_mask()
        cell.reset_recurrent_dropout_mask()
    for each in getattr(cell, "cells", None) or ():
        forget_dropout(each)
