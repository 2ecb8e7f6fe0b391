"""The two halves of a pipeline: nodes say what is done, stages do it once.

A `Node` is made when the user calls a method of `Dataset`, and never changes but for what must outlive one pass (how
often a shuffle began, what a cache holds). `open()` gives a `Stage`, one pass over it, with a position that can be read
and restored.

Where the elements are rows of arrays in memory, stages pass row numbers on, and `Node.rows` says what they mean; so
shuffling moves integers, and a batch is one indexing of each array.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Callable, Iterator, Optional

import numpy as np

from gradmill import errors
from gradmill.data.elements import map_leaves

INFINITE = -1
UNKNOWN = -2


class Rows:
    """Arrays with one first dimension, whose rows are elements.

    Args:
        data: element whose leaves are arrays.
    """

    def __init__(self, data: Any):
        self.data = data
        nested = (tuple, dict, type(None))
        self._plain = data if type(data) is tuple and not any(isinstance(leaf, nested) for leaf in data) else None

    def element(self, row: int) -> Any:
        """Return one row."""
        if self._plain is not None:
            return tuple([array[row] for array in self._plain])
        return map_leaves(lambda array: array[row], self.data)

    def arrays(self) -> Any:
        """Return the arrays, or None while the elements are not kept as such."""
        return self.data

    def gather(self, rows: Any) -> Any:
        """Return the rows with these numbers as arrays of their own."""
        index = np.asarray(rows, np.intp)
        return map_leaves(lambda array: array.take(index, axis=0), self.data)


class Node:
    """One step of a pipeline.

    Attributes:
        inputs: the nodes before it.
        rows: what the items are rows of, or None when items are elements.
    """

    inputs: tuple[Node, ...] = ()
    rows: Optional[Rows] = None
    # Whether the spec is that of the first element, whose sizes others need not have.
    describes_first: bool = False

    def spec(self) -> Any:
        """Return the structure of an element with a `TensorSpec` for each leaf."""
        return self.inputs[0].spec()

    def cardinality(self) -> int:
        """Return the number of elements, INFINITE or UNKNOWN."""
        return self.inputs[0].cardinality()

    def open(self) -> Stage:
        """Begin a pass."""
        raise NotImplementedError

    def open_elements(self) -> Stage:
        """Begin a pass whose items are elements."""
        stage = self.open()
        return stage if self.rows is None else RowStage(stage, self.rows)

    def counters(self) -> Any:
        """Return what outlives a pass, as plain numbers; None for nothing."""
        return None

    def set_counters(self, counters: Any) -> None:
        """Set what `counters` returned."""

    def walk(self) -> Iterator[Node]:
        """Yield the node and all before it, each once, in a fixed order."""
        seen: list[Node] = []
        waiting: list[Node] = [self]
        while waiting:
            node = waiting.pop()
            if not any(node is other for other in seen):
                seen.append(node)
                waiting.extend(node.inputs)
        return iter(seen)


class PassingNode(Node):
    """A node that passes the items of one input on, in another order or number."""

    def __init__(self, source: Node):
        self.inputs = (source,)
        self.rows = source.rows


class Stage:
    """One pass over a node: an iterator over items with a position.

    Args:
        upstream: the stage that it reads, or None.
    """

    def __init__(self, upstream: Optional[Stage] = None):
        self.upstream: Any = upstream

    def __iter__(self) -> Stage:
        return self

    def __next__(self) -> Any:
        raise NotImplementedError

    def next_items(self, count: int) -> list:
        """Return the next items, fewer than `count` only at the end."""
        return list(islice(self, count))

    def next_joined(self, count: int, least: int, join: Callable[[list], Any]) -> Any:
        """Return `join` of the next `count` items, of fewer at the end; None when there are fewer than `least`."""
        items = self.next_items(count)
        return join(items) if len(items) >= least else None

    def state(self) -> dict:
        """Return the position as numbers, arrays, and lists and dicts of them."""
        return {} if self.upstream is None else {"upstream": self.upstream.state()}

    def restore(self, state: dict) -> None:
        """Go on where the stage that gave `state` stood; this one must be new."""
        if self.upstream is not None:
            self.upstream.restore(state["upstream"])

    def close(self) -> None:
        """Stop threads and generators."""
        if self.upstream is not None:
            self.upstream.close()


class BlockStage(Stage):
    """A pass that takes several items at a time; subclasses write `next_items`, and one item is a block of one."""

    def __next__(self) -> Any:
        items = self.next_items(1)
        if not items:
            raise StopIteration
        return items[0]

    def next_items(self, count: int) -> list:
        raise NotImplementedError


class RowStage(Stage):
    """Rows in place of their numbers."""

    def __init__(self, upstream: Stage, rows: Rows):
        super().__init__(upstream)
        self._rows = rows

    def __next__(self) -> Any:
        return self._rows.element(next(self.upstream))


def check_count(who: str, name: str, value: Any, least: int) -> int:
    """Return an integer argument of at least `least`.

    Raises:
        ArgumentError: when it is none.
    """
    if isinstance(value, np.ndarray) or hasattr(value, "numpy"):
        value = np.asarray(value)[()]
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)) or value < least:
        raise errors.ArgumentError(f"{who}: {name} must be an integer of at least {least}; received {value!r}")
    return int(value)
