"""Nodes that call Python functions of the user and go on with what they say: filter, interleave."""

from __future__ import annotations

from typing import Any, Callable, Optional

import numpy as np

from gradmill import errors
from gradmill.data import elements
from gradmill.data.compiled import called
from gradmill.data.stages import INFINITE, UNKNOWN, Node, PassingNode, Stage


def first_element(node: Node) -> Any:
    """Return the first element of a node without changing what later passes give.

    Raises:
        ArgumentError: when there is none.
    """
    counters = [each.counters() for each in node.walk()]
    stage = node.open_elements()
    try:
        return next(stage)
    except StopIteration:
        raise errors.ArgumentError("element_spec: a data set without elements has none") from None
    finally:
        stage.close()
        for each, its_counters in zip(node.walk(), counters):
            each.set_counters(its_counters)


class Filter(PassingNode):
    """The elements for which a function says true."""

    def __init__(self, source: Node, predicate: Callable, only_until_first: bool = False):
        super().__init__(source)
        self._predicate = predicate
        self._only_until_first = only_until_first

    def cardinality(self) -> int:
        return 0 if self.inputs[0].cardinality() == 0 else UNKNOWN

    def open(self) -> Stage:
        return FilterStage(self.inputs[0].open(), self._says_yes, self._only_until_first)

    def _says_yes(self, item: Any) -> bool:
        answer = np.asarray(called(self._predicate, item if self.rows is None else self.rows.element(item)))
        if answer.size != 1 or answer.dtype != np.bool_:
            raise errors.ArgumentError(
                f"filter: the predicate must return one bool; received {answer.dtype} of shape {answer.shape}"
            )
        return bool(answer)


class FilterStage(Stage):
    """A pass over some of the items."""

    def __init__(self, upstream: Stage, says_yes: Callable, only_until_first: bool):
        super().__init__(upstream)
        self._says_yes = says_yes
        self._only_until_first = only_until_first
        self._ended = False

    def __next__(self) -> Any:
        while not self._ended:
            item = next(self.upstream)
            if self._says_yes(item):
                return item
            self._ended = self._only_until_first
        raise StopIteration

    def state(self) -> dict:
        return {**super().state(), "ended": self._ended}

    def restore(self, state: dict) -> None:
        super().restore(state)
        self._ended = bool(state["ended"])


class Interleave(Node):
    """A data set made of each element; `cycle` of them are read in turn, `block` elements at a time."""

    describes_first = True

    def __init__(self, source: Node, function: Callable, cycle: int, block: int, who: str):
        self.inputs = (source,)
        self._function = function
        self.cycle, self.block = cycle, block
        self._who = who

    def inner(self, element: Any) -> Node:
        """Return the node of the data set that the function makes of an element.

        Raises:
            ArgumentError: when it makes something else.
        """
        made = called(self._function, element)
        if not elements.is_dataset(made):
            raise errors.ArgumentError(
                f"{self._who}: the function must return a Dataset; received a {type(made).__name__}; use map for "
                "functions that return values"
            )
        return made._node

    def spec(self) -> Any:
        return self.inner(first_element(self.inputs[0])).spec()

    def cardinality(self) -> int:
        known = self.inputs[0].cardinality()
        return known if known in (0, INFINITE) else UNKNOWN

    def open(self) -> Stage:
        return InterleaveStage(self)


class InterleaveStage(Stage):
    """A pass over data sets in turn."""

    def __init__(self, node: Interleave):
        super().__init__(node.inputs[0].open_elements())
        self._node = node
        self._slots: list[Optional[Stage]] = [None] * node.cycle
        # Where the input stood before it gave the element of a slot.
        self._origins: list[Any] = [None] * node.cycle
        self._slot = self._in_block = 0
        self._ended = False

    def __next__(self) -> Any:
        while not self._ended or any(slot is not None for slot in self._slots):
            stage = self._slots[self._slot]
            if stage is not None:
                try:
                    item = next(stage)
                except StopIteration:
                    stage.close()
                    self._slots[self._slot] = None
                    self._advance()
                    continue
                self._in_block += 1
                if self._in_block == self._node.block:
                    self._advance()
                return item
            if self._ended:
                self._advance()
                continue
            origin = self.upstream.state()
            try:
                element = next(self.upstream)
            except StopIteration:
                self._ended = True
                continue
            self._slots[self._slot] = self._node.inner(element).open_elements()
            self._origins[self._slot] = origin
        raise StopIteration

    def _advance(self) -> None:
        self._slot, self._in_block = (self._slot + 1) % self._node.cycle, 0

    def state(self) -> dict:
        slots = [
            None if stage is None else {"origin": origin, "inner": stage.state()}
            for stage, origin in zip(self._slots, self._origins)
        ]
        place = {"slot": self._slot, "in_block": self._in_block, "ended": self._ended}
        return {**super().state(), **place, "slots": slots}

    def restore(self, state: dict) -> None:
        for number, slot in enumerate(state["slots"]):
            if slot is None:
                continue
            source = self._node.inputs[0].open_elements()
            source.restore(slot["origin"])
            stage = self._node.inner(next(source)).open_elements()
            source.close()
            stage.restore(slot["inner"])
            self._slots[number], self._origins[number] = stage, slot["origin"]
        super().restore(state)
        self._slot, self._in_block = int(state["slot"]), int(state["in_block"])
        self._ended = bool(state["ended"])

    def close(self) -> None:
        for stage in self._slots:
            if stage is not None:
                stage.close()
        super().close()
