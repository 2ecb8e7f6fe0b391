"""Elements kept from the first pass on, in memory or in a file."""

from __future__ import annotations

import threading
from typing import Any, Optional, Union

from gradmill import errors
from gradmill.data.elements import stack
from gradmill.data.file_cache import FileRows
from gradmill.data.stages import Node, Rows, Stage


class KeptRows(Rows):
    """Elements kept one by one, and as arrays once all are there and fit together."""

    def __init__(self) -> None:
        self.kept: list = []
        self._joined: Optional[Rows] = None

    def __len__(self) -> int:
        return len(self.kept)

    def find(self) -> bool:
        """Return whether the elements are there already."""
        return False

    def add(self, element: Any) -> None:
        """Keep an element behind the others."""
        self.kept.append(element)

    def join(self) -> None:
        """Keep the elements as arrays if they have one shape, so that a batch is one indexing."""
        try:
            self._joined = Rows(stack(self.kept)) if self.kept else None
        except errors.GradMillError:
            return
        if self._joined is not None:
            self.kept = [None] * len(self.kept)

    def element(self, row: int) -> Any:
        return self.kept[row] if self._joined is None else self._joined.element(row)

    def arrays(self) -> Any:
        return None if self._joined is None else self._joined.data

    def gather(self, rows: Any) -> Any:
        return stack([self.kept[row] for row in rows]) if self._joined is None else self._joined.gather(rows)

    def clear(self) -> None:
        """Forget all."""
        self.kept, self._joined = [], None


class Cache(Node):
    """The elements of the first whole pass, again and again.

    Args:
        source: what is read once.
        rows: where elements are kept.

    Stages pass the numbers of kept elements on. One stage of the input fills the store, whoever asks first.
    """

    def __init__(self, source: Node, rows: Union[KeptRows, FileRows]):
        self.inputs = (source,)
        self.rows: Union[KeptRows, FileRows] = rows
        self._complete = False
        self._filling: Optional[Stage] = None
        self._origin: Any = None  # where the input stood before the first element
        self._readers = 0
        self._lock = threading.RLock()

    def cardinality(self) -> int:
        return len(self.rows) if self._complete else self.inputs[0].cardinality()

    def open(self) -> Stage:
        with self._lock:
            self._readers += 1
            self._complete = self._complete or self.rows.find()
        return CacheStage(self)

    def has(self, row: int) -> bool:
        """Return whether there is an element with this number, reading the input as far as needed."""
        with self._lock:
            while row >= len(self.rows) and not self._complete:
                if self._filling is None:
                    self._filling = self.inputs[0].open_elements()
                    if self._origin is not None:
                        self._filling.restore(self._origin)
                    self._origin = self._filling.state()
                try:
                    self.rows.add(next(self._filling))
                except StopIteration:
                    self._complete = True
                    self.rows.join()
                    self._filling.close()
                    self._filling = None
            return row < len(self.rows)

    def leave(self) -> None:
        """Note that a pass is over; what was not read to its end is forgotten."""
        with self._lock:
            self._readers -= 1
            if self._readers or self._complete or self._filling is None:
                return
            self._filling.close()
            self._filling = self._origin = None
            self.rows.clear()

    def state_of(self, position: int) -> dict:
        """Return the state of a pass."""
        with self._lock:
            filled = -1 if self._complete else len(self.rows)
            return {"position": position, "filled": filled, "origin": self._origin}

    def fill_as(self, state: dict) -> None:
        """Fill the store as it was when `state` was read, unless it holds something."""
        with self._lock:
            if len(self.rows) or self._complete:
                return
            self._origin = state["origin"]
            filled = int(state["filled"])
            if filled:
                self.has(2**62 if filled < 0 else filled - 1)

    def counters(self) -> Any:
        return {"origin": self._origin} if self._complete else None

    def set_counters(self, counters: Any) -> None:
        if counters is not None and not self._complete and self._filling is None:
            self._origin = counters["origin"]


class CacheStage(Stage):
    """One pass over what is kept."""

    def __init__(self, node: Cache):
        super().__init__()
        self._node: Optional[Cache] = node
        self._position = 0

    def __next__(self) -> Any:
        if self._node is None or not self._node.has(self._position):
            raise StopIteration
        self._position += 1
        return self._position - 1

    def state(self) -> dict:
        return {} if self._node is None else self._node.state_of(self._position)

    def restore(self, state: dict) -> None:
        if not state:
            self.close()
        elif self._node is not None:
            self._node.fill_as(state)
            self._position = int(state["position"])

    def close(self) -> None:
        node, self._node = self._node, None
        if node is not None:
            node.leave()

    def __del__(self) -> None:
        self.close()
