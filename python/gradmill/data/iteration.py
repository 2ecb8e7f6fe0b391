"""Reading a data set: the iterator, and what all data sets have in common."""

from __future__ import annotations

from typing import Any, Callable, Iterator, Optional

import numpy as np

from gradmill import _core
from gradmill.data import elements
from gradmill.data.stages import INFINITE, UNKNOWN, Node


class DatasetIterator:
    """One pass over a data set, whose position can be read and restored.

    It is what `iter(dataset)` gives. Threads that work ahead stop when it is closed or forgotten.

    Args:
        node: the pipeline.
        convert: applied to each element.

    Example:
        >>> import gradmill as gm
        >>> dataset = gm.data.Dataset.range(10).shuffle(10, seed=1)
        >>> iterator = iter(dataset)
        >>> first = [int(next(iterator)) for _ in range(4)]
        >>> state = iterator.get_state()
        >>> rest = [int(x) for x in iterator]
        >>> again = iter(dataset)
        >>> again.set_state(state)
        >>> [int(x) for x in again] == rest
        True
    """

    def __init__(self, node: Node, convert: Callable):
        self._node = node
        self._convert = convert
        self._stage: Any = node.open_elements()
        self._closed = False

    def __iter__(self) -> DatasetIterator:
        return self

    def __next__(self) -> Any:
        if self._closed:
            raise StopIteration
        try:
            return self._convert(next(self._stage))
        except BaseException:
            # The end, an error of the user's function, an interrupt: nothing may run on.
            self.close()
            raise

    def get_next(self) -> Any:
        """Return the next element.

        Raises:
            StopIteration: when there is none.
        """
        return next(self)

    @property
    def element_spec(self) -> Any:
        """Structure of an element, with a `TensorSpec` for each tensor."""
        return self._node.spec()

    def get_state(self) -> dict:
        """Return the position, the seeds and the elements that wait in buffers.

        Returns:
            dict of numbers, text, arrays, and lists, tuples and dicts of them. What Python generators and functions
            remember themselves is no part of it: `set_state` runs a generator again up to its position.
        """
        counters = [node.counters() for node in self._node.walk()]
        return {"counters": counters, "stages": None if self._closed else self._stage.state()}

    def set_state(self, state: dict) -> None:
        """Go on where the iterator that gave `state` stood, in this process or another.

        Args:
            state: what `get_state` of an iterator over the same pipeline returned. The data set's later passes go on
                from there, too.
        """
        if not self._closed:
            self._stage.close()
        # What a node remembers from earlier passes is needed by the stages; opening them counts as a pass.
        self._set_counters(state["counters"])
        self._closed = state["stages"] is None
        if not self._closed:
            self._stage = self._node.open_elements()
            self._stage.restore(state["stages"])
        self._set_counters(state["counters"])

    def _set_counters(self, counters: list) -> None:
        for node, its_counters in zip(self._node.walk(), counters):
            node.set_counters(its_counters)

    def close(self) -> None:
        """Stop the threads and generators behind this iterator; it has no further elements."""
        if not self._closed:
            self._closed = True
            self._stage.close()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            self.close()


class Readable:
    """What can be iterated, counted and described.

    Args:
        node: the pipeline.
    """

    def __init__(self, node: Node):
        self._node = node

    def __iter__(self) -> DatasetIterator:
        """Begin a pass; elements come as tensors."""
        return DatasetIterator(self._node, elements.to_tensors)

    def as_numpy_iterator(self) -> Iterator[Any]:
        """Return an iterator whose elements are NumPy arrays, scalars, and bytes for text.

        Example:
            >>> import gradmill as gm
            >>> [int(x) for x in gm.data.Dataset.range(3).as_numpy_iterator()]
            [0, 1, 2]
        """
        return DatasetIterator(self._node, lambda element: elements.map_leaves(_own, element))

    def iterate_batches(self) -> DatasetIterator:
        """Return an iterator over arrays as the pipeline holds them, which nobody may change; `fit` reads this."""
        return DatasetIterator(self._node, lambda element: element)

    @property
    def element_spec(self) -> Any:
        """Structure of an element, with a `TensorSpec` for each tensor.

        Behind `map` the function is called to find out, first with symbolic tensors, then with a first element.
        """
        return self._node.spec()

    def cardinality(self) -> Any:
        """Return the number of elements as an int64 tensor; -1 for endless, -2 for unknown."""
        return _core.tensor(np.asarray(self._node.cardinality()))

    @property
    def num_batches(self) -> Optional[int]:
        """Number of elements; None when it is endless or unknown."""
        known = self._node.cardinality()
        return None if known < 0 else known

    def __len__(self) -> int:
        known = self._node.cardinality()
        if known < 0:
            kind = "endless" if known == INFINITE else "unknown"
            raise TypeError(f"Dataset: the length is {kind}; iterate to count, or use assert_cardinality")
        return known

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        known = self._node.cardinality()
        count = {INFINITE: "endless", UNKNOWN: "unknown number of"}.get(known, known)
        return f"<gradmill.data.Dataset: {count} elements>"


def _own(leaf: Any) -> Any:
    return leaf.copy() if isinstance(leaf, np.ndarray) and leaf.base is not None else leaf
