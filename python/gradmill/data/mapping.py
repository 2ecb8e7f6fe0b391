"""`map`: a function of each element, in Python and its threads, or as a compiled plan in threads of the engine."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Callable, Optional

from gradmill import config, tracing
from gradmill.data import elements
from gradmill.data.compiled import ElementFunction, signature_of
from gradmill.data.stages import BlockStage, Node, Rows, Stage
from gradmill.data.threads import AUTOTUNE
from gradmill.data.transforming import first_element
from gradmill.symbolic import SymbolicTensor

# Functions that take less are called in the thread that reads: handing them over would cost as much.
_WORTH_A_THREAD_SECONDS = 2e-4
_CALLS_TO_MEASURE = 8
# A plan runs ahead of the reader by an element for each worker, or as many as have results of this size, up to so many.
_BYTES_AHEAD = 2**22
_ELEMENTS_AHEAD = 64


class Map(Node):
    """A function of each element."""

    def __init__(self, source: Node, function: Callable, workers: Optional[int], ordered: bool):
        self.inputs = (source,)
        self.function = ElementFunction(function, salt=sum(1 for _ in source.walk()))
        self._python_function = function
        self._workers = workers
        self._ordered = ordered
        self._spec: Any = None
        self._passes = 0

    def spec(self) -> Any:
        """Return what the function returns for symbolic inputs, or for a first element if it does not take those."""
        if self._spec is None:
            source = self.inputs[0].spec()
            try:
                symbolic = elements.map_leaves(lambda leaf: SymbolicTensor(leaf.shape, leaf.dtype), source)
                arguments = symbolic if isinstance(symbolic, tuple) else (symbolic,)
                result = tracing.infer_outputs(self._python_function, *arguments)
                result = tuple(result) if isinstance(result, list) else result
                self._spec = elements.map_leaves(lambda leaf: tracing.TensorSpec(leaf.shape, leaf.dtype), result)
            except Exception:
                self.describes_first = True
                self._spec = elements.spec_of(self.function.call(first_element(self.inputs[0]), 0, 0))
        return self._spec

    def open(self) -> Stage:
        source, number = self.inputs[0], self._passes
        self._passes += 1
        return MapStage(source.open(), source.rows, self.function, number, self._workers, self._ordered)

    def counters(self) -> Any:
        return {"seed": self.function.seed, "passes": self._passes}

    def set_counters(self, counters: Any) -> None:
        self.function.seed, self._passes = int(counters["seed"]), int(counters["passes"])


class _Failed:
    """Stands for an element that could not be made."""

    def __init__(self, problem: Exception):
        self.problem = problem


class MapStage(BlockStage):
    """A pass: calls of Python, here or ahead in a pool of threads, and blocks of a plan as soon as there is one.

    Args:
        upstream: gives elements, or numbers of rows.
        rows: what the numbers mean, or None.
        function: what is applied.
        number: of the pass.
        workers: threads; None for the thread that reads.
        ordered: whether results come in the order of the elements.
    """

    def __init__(
        self,
        upstream: Stage,
        rows: Optional[Rows],
        function: ElementFunction,
        number: int,
        workers: Optional[int],
        ordered: bool,
    ):
        super().__init__(upstream)
        self._rows = rows
        self._function = function
        self._number = number
        self._ordered = ordered
        self._is_lazy = workers is None and rows is None
        self._workers = config.get_threads() if workers == AUTOTUNE else workers or 1
        self._measured = _CALLS_TO_MEASURE if workers == AUTOTUNE else 0
        self._seconds = 0.0
        self._pool: Any = None
        self._pending: deque[Future] = deque()
        self._ready: deque = deque()
        self._ahead = 1
        self._position = 0  # of the next element to be read
        self._ended = False

    def next_items(self, count: int) -> list:
        items: list = []
        while len(items) < count:
            if self._ready:
                items.append(self._next_ready())
            elif not self._pending and self._function.has_plans() and not self._ended:
                self._run_block(count - len(items))
            elif not self._pending and self._is_called_here() and not self._ended:
                self._call_here()
            else:
                self._submit()
                if not self._pending:
                    break
                items.append(self._take().result())
        return items

    def next_joined(self, count: int, least: int, join: Callable) -> Any:
        if self._ready or self._pending or self._ended or not self._function.has_plans():
            return super().next_joined(count, least, join)
        items, position = self._read(count)
        if len(items) < least:
            return None
        stacked = self._run(items, position)
        return join(self._apply(items, position)) if stacked is None else stacked

    def _read(self, count: int) -> tuple[list, int]:
        """Return the next items of the input and the position of the first."""
        items, position = self.upstream.next_items(count), self._position
        self._position += len(items)
        self._ended = len(items) < count
        return items, position

    def _run_block(self, wanted: int) -> None:
        """Put results that a plan gives for the next elements, at least those that are wanted, among those ready."""
        ahead = 0 if self._is_lazy else self._ahead
        items, position = self._read(max(wanted, ahead))
        stacked = self._run(items, position) if items else None
        if stacked is None:
            for place, item in enumerate(items, position):
                self._ready.append(self._made_or_failed(item, place))
        else:
            self._ready.extend(map(Rows(stacked).element, range(len(items))))

    def _run(self, items: list, position: int) -> Any:
        """Return the plan's results, stacked; None when there is no plan for all these items."""
        data: Any = None if self._rows is None else self._rows.arrays()
        order: Any = None
        if data is not None:
            order = items
            signature = signature_of(elements.map_leaves(lambda leaf: leaf[0], data))
        else:
            items = self._elements(items)
            signature = signature_of(items[0])
            if any(signature_of(item) != signature for item in items[1:]):
                return None
        plan = self._function.plan_for(signature)
        if plan is None:
            return None
        self._ahead = min(_ELEMENTS_AHEAD, max(self._workers, _BYTES_AHEAD // max(1, plan.bytes)))
        if data is None:
            data = elements.stack(items) if len(items) > 1 else elements.map_leaves(lambda leaf: leaf[None], items[0])
        return plan.run(data, order, len(items), self._number, position, self._workers)

    def _elements(self, items: list) -> list:
        return items if self._rows is None else [self._rows.element(row) for row in items]

    def _apply(self, items: list, position: int) -> list:
        """Return what Python makes of items, one after another."""
        numbered = enumerate(self._elements(items), position)
        return [self._function.call(element, self._number, place) for place, element in numbered]

    def _next_ready(self) -> Any:
        item = self._ready.popleft()
        if type(item) is _Failed:
            raise item.problem
        return item

    def _made_or_failed(self, item: Any, place: int) -> Any:
        """Return what Python makes of an item, or what it raised: for the element's turn, so that no other is lost."""
        try:
            return self._apply([item], place)[0]
        except Exception as problem:
            return _Failed(problem)

    def _is_called_here(self) -> bool:
        """Whether Python is called in this thread: until enough calls are measured, and then if they were short."""
        if self._workers == 1 or self._measured:
            return True
        return 0 < self._seconds < _WORTH_A_THREAD_SECONDS * _CALLS_TO_MEASURE

    def _call_here(self) -> None:
        items, position = self._read(1)
        begin = time.perf_counter()
        self._ready.extend(self._apply(items, position))
        if self._measured:
            self._measured -= 1
            self._seconds += time.perf_counter() - begin

    def _submit(self) -> None:
        """Hand elements to the pool until each thread has one."""
        while not self._ended and len(self._pending) < self._workers and not self._function.has_plans():
            items, position = self._read(1)
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._workers, "gradmill-map")
            for element in self._elements(items):
                self._pending.append(self._pool.submit(self._function.call, element, self._number, position))

    def _take(self) -> Future:
        if self._ordered:
            return self._pending.popleft()
        wait(self._pending, return_when=FIRST_COMPLETED)
        done = next(future for future in self._pending if future.done())
        self._pending.remove(done)
        return done

    def state(self) -> dict:
        done = [item for item in self._ready if type(item) is not _Failed]
        ready = [*done, *(future.result() for future in self._pending)]
        place = {"seed": self._function.seed, "number": self._number, "position": self._position, "ended": self._ended}
        return {**super().state(), **place, "ready": ready}

    def restore(self, state: dict) -> None:
        super().restore(state)
        self._ready.extend(state["ready"])
        self._function.seed = int(state["seed"])
        self._number, self._position = int(state["number"]), int(state["position"])
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
