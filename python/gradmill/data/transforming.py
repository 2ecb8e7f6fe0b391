"""Nodes that call Python functions of the user: map, filter, interleave."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Callable, Optional

import numpy as np

from gradmill import config, errors, tracing
from gradmill.data import elements
from gradmill.data.stages import INFINITE, UNKNOWN, Node, PassingNode, Stage
from gradmill.data.threads import AUTOTUNE
from gradmill.symbolic import SymbolicTensor

# Functions that take less are called in the thread that reads: handing them over would cost as much.
_WORTH_A_THREAD_SECONDS = 2e-4
_CALLS_TO_MEASURE = 8


def call(function: Callable, element: Any) -> Any:
    """Return `function` of an element, given as tensors; a tuple becomes several arguments."""
    arguments = elements.to_tensors(element)
    try:
        return function(*arguments) if isinstance(arguments, tuple) else function(arguments)
    except StopIteration as problem:  # would end the data set silently
        raise RuntimeError("Dataset: the function raised StopIteration") from problem


class Map(Node):
    """A function of each element."""

    def __init__(self, source: Node, function: Callable, workers: Optional[int], ordered: bool):
        self.inputs = (source,)
        self._function = function
        self._workers = workers
        self._ordered = ordered
        self._spec: Any = None

    def apply(self, element: Any) -> Any:
        """Return the function's result as an element."""
        result = call(self._function, element)
        if result is None:
            raise errors.ArgumentError("map: the function must return the new element; received None")
        # A list as the whole result is several parts, as in tf.data; inside a result it is one array.
        return elements.to_element(tuple(result) if isinstance(result, list) else result)

    def spec(self) -> Any:
        """Return what the function returns for symbolic inputs, or for a first element if it does not take those."""
        if self._spec is None:
            source = self.inputs[0].spec()
            try:
                symbolic = elements.map_leaves(lambda leaf: SymbolicTensor(leaf.shape, leaf.dtype), source)
                arguments = symbolic if isinstance(symbolic, tuple) else (symbolic,)
                result = tracing.infer_outputs(self._function, *arguments)
                result = tuple(result) if isinstance(result, list) else result
                self._spec = elements.map_leaves(lambda leaf: tracing.TensorSpec(leaf.shape, leaf.dtype), result)
            except Exception:
                self._spec = elements.spec_of(self.apply(first_element(self.inputs[0])))
        return self._spec

    def open(self) -> Stage:
        upstream = self.inputs[0].open_elements()
        if self._workers is None or self._workers == 1:
            return MapStage(upstream, self.apply)
        return ParallelMapStage(upstream, self.apply, self._workers, self._ordered)


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


class MapStage(Stage):
    """A pass with the function called by whoever reads."""

    def __init__(self, upstream: Stage, function: Callable):
        super().__init__(upstream)
        self._function = function

    def __next__(self) -> Any:
        return self._function(next(self.upstream))


class ParallelMapStage(Stage):
    """A pass with calls running ahead in a pool of threads."""

    def __init__(self, upstream: Stage, function: Callable, workers: int, ordered: bool):
        super().__init__(upstream)
        self._function = function
        self._ordered = ordered
        self._workers = config.get_threads() if workers == AUTOTUNE else workers
        self._measured = _CALLS_TO_MEASURE if workers == AUTOTUNE else 0
        self._seconds = 0.0
        self._pool: Any = None
        self._pending: deque[Future] = deque()
        self._ended = False

    def __next__(self) -> Any:
        if self._is_quick() and not self._pending:
            return self._call_here()
        while not self._ended and len(self._pending) < self._workers:
            try:
                element = next(self.upstream)
            except StopIteration:
                self._ended = True
                break
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._workers, "gradmill-map")
            self._pending.append(self._pool.submit(self._function, element))
        if not self._pending:
            raise StopIteration
        return self._take().result()

    def _is_quick(self) -> bool:
        """Whether the function is called here: until enough calls are measured, and then if they were short."""
        if self._workers == 1:
            return True
        if self._measured:
            return True
        return 0 < self._seconds < _WORTH_A_THREAD_SECONDS * _CALLS_TO_MEASURE

    def _call_here(self) -> Any:
        element = next(self.upstream)
        begin = time.perf_counter()
        result = self._function(element)
        if self._measured:
            self._measured -= 1
            self._seconds += time.perf_counter() - begin
        return result

    def _take(self) -> Future:
        if self._ordered:
            return self._pending.popleft()
        wait(self._pending, return_when=FIRST_COMPLETED)
        done = next(future for future in self._pending if future.done())
        self._pending.remove(done)
        return done

    def state(self) -> dict:
        return {**super().state(), "ready": [future.result() for future in self._pending], "ended": self._ended}

    def restore(self, state: dict) -> None:
        super().restore(state)
        for element in state["ready"]:
            future: Future = Future()
            future.set_result(element)
            self._pending.append(future)
        self._ended = bool(state["ended"])

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
        self._pending.clear()
        super().close()

    def __del__(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)


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
        answer = np.asarray(call(self._predicate, item if self.rows is None else self.rows.element(item)))
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
        made = call(self._function, element)
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
