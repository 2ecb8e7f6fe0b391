"""Nodes that choose which elements come, and in what order."""

from __future__ import annotations

import math
from typing import Any, Optional

import numpy as np

from gradmill import _core, errors
from gradmill.data.sources import Range, Slices
from gradmill.data.stages import INFINITE, UNKNOWN, BlockStage, Node, PassingNode, Stage
from gradmill.utils.random_seed import new_shuffle_seed

_DRAWS_AT_ONCE = 1024


class Shuffle(PassingNode):
    """Elements drawn from a buffer that is filled up from the input."""

    def __init__(self, source: Node, buffer_size: int, seed: Optional[int], reshuffle: bool):
        super().__init__(source)
        self.buffer_size = buffer_size
        self._seed = new_shuffle_seed() if seed is None else seed
        self._reshuffle = reshuffle
        self._passes = 0

    def open(self) -> Stage:
        number = self._passes if self._reshuffle else 0
        self._passes += 1
        return ShuffleStage(self.inputs[0].open(), self.buffer_size, self._seed, number, self.rows is not None)

    def counters(self) -> Any:
        return {"seed": self._seed, "passes": self._passes}

    def set_counters(self, counters: Any) -> None:
        self._seed, self._passes = int(counters["seed"]), int(counters["passes"])


class Uniform:
    """A stream of numbers between 0 and 1 that can be taken up at any place.

    Args:
        seed, number: key of the stream.
    """

    def __init__(self, seed: int, number: int):
        self.seed, self.number, self.position = seed, number, 0
        self._draws = np.empty(0)

    def take(self, count: int) -> np.ndarray:
        """Return the next numbers."""
        parts: list[np.ndarray] = []
        while count > 0:
            place = self.position % _DRAWS_AT_ONCE
            if place == 0 or not len(self._draws):
                block = [0, self.position // _DRAWS_AT_ONCE, 0, 0]
                key = np.array([self.seed % 2**64, self.number], np.uint64)
                philox = np.random.Philox(counter=block, key=key)
                self._draws = np.random.Generator(philox).random(_DRAWS_AT_ONCE)
            parts.append(self._draws[place : place + count])
            self.position += len(parts[-1])
            count -= len(parts[-1])
        return parts[0] if len(parts) == 1 else np.concatenate(parts) if parts else np.empty(0)

    def state(self) -> dict:
        """Return key and place."""
        return {"seed": self.seed, "number": self.number, "position": self.position}

    def restore(self, state: dict) -> None:
        """Go on where the stream that gave `state` stood."""
        self.seed, self.number, self.position = (int(state[name]) for name in ("seed", "number", "position"))
        self._draws = np.empty(0)


class ShuffleStage(BlockStage):
    """One pass in random order.

    Args:
        upstream: gives the items.
        buffer_size: how many wait to be drawn.
        seed, number: of the draws.
        are_rows: whether items are numbers of rows; these wait in an array, until the input has ended.
    """

    def __init__(self, upstream: Stage, buffer_size: int, seed: int, number: int, are_rows: bool):
        super().__init__(upstream)
        self._buffer_size = buffer_size
        self._uniform = Uniform(seed, number)
        self._are_rows = are_rows
        self._buffer: Any = []
        self._begun = self._ended = False

    def next_items(self, count: int) -> list:
        if not self._begun:
            self._begun = True
            self._keep(self.upstream.next_items(self._buffer_size))
            self._ended = len(self._buffer) < self._buffer_size
        drawn: list = []
        if not self._ended and count > 0:
            incoming = self.upstream.next_items(count)
            self._ended = len(incoming) < count
            drawn = self._exchange(incoming)
        if len(drawn) == count:
            return drawn
        if not isinstance(self._buffer, list):
            self._buffer = self._buffer.tolist()
        buffer = self._buffer
        for draw in self._uniform.take(min(count - len(drawn), len(buffer))).tolist():
            place = int(draw * len(buffer))
            last = buffer.pop()
            if place == len(buffer):
                drawn.append(last)
            else:
                drawn.append(buffer[place])
                buffer[place] = last
        return drawn

    def _keep(self, items: list) -> None:
        self._buffer = np.array(items, np.int64) if self._are_rows else list(items)

    def _exchange(self, incoming: list) -> list:
        """Put each item into the place of one that is drawn; return those."""
        buffer = self._buffer
        places = (self._uniform.take(len(incoming)) * len(buffer)).astype(np.int64)
        if self._are_rows:
            return _core.exchange_numbers(buffer, incoming, places).tolist()
        drawn = []
        for item, place in zip(incoming, places.tolist()):
            drawn.append(buffer[place])
            buffer[place] = item
        return drawn

    def state(self) -> dict:
        flags = {"begun": self._begun, "ended": self._ended}
        waiting = np.asarray(self._buffer).tolist() if self._are_rows else list(self._buffer)
        return {**super().state(), **flags, "uniform": self._uniform.state(), "buffer": waiting}

    def restore(self, state: dict) -> None:
        super().restore(state)
        self._uniform.restore(state["uniform"])
        self._keep(state["buffer"])
        self._begun, self._ended = bool(state["begun"]), bool(state["ended"])


class Repeat(PassingNode):
    """Several passes, or endless ones (`count` None)."""

    def __init__(self, source: Node, count: Optional[int]):
        super().__init__(source)
        self._count = count

    def cardinality(self) -> int:
        once = self.inputs[0].cardinality()
        if self._count is None:
            return once if once == 0 else INFINITE
        if self._count == 0 or once < 0:
            return 0 if self._count == 0 else once
        return once * self._count

    def open(self) -> Stage:
        return RepeatStage(self.inputs[0], self._count)


class RepeatStage(BlockStage):
    """Passes one after another; each is opened when its first item is wanted."""

    def __init__(self, source: Node, count: Optional[int]):
        super().__init__()
        self._source = source
        self._count = math.inf if count is None else count
        self._passes = 0
        self._empty = True

    def __next__(self) -> Any:
        if self.upstream is not None:
            try:
                item = next(self.upstream)
            except StopIteration:
                pass  # found again, and dealt with, below
            else:
                self._empty = False
                return item
        return super().__next__()

    def next_items(self, count: int) -> list:
        items: list = []
        while len(items) < count and self._passes < self._count:
            if self.upstream is None:
                self.upstream, self._empty = self._source.open(), True
            wanted = count - len(items)
            found = self.upstream.next_items(wanted)
            self._empty = self._empty and not found
            items = items + found if items else found
            if len(found) < wanted:
                self._passes += 1
                if self._empty:  # an endless repetition of nothing ends, too
                    self._count = 0
                self.upstream.close()
                self.upstream = None
        return items

    def state(self) -> dict:
        ended = self._passes >= self._count
        return {"passes": self._passes, "empty": self._empty, "ended": ended, **super().state()}

    def restore(self, state: dict) -> None:
        self._passes, self._empty = int(state["passes"]), bool(state["empty"])
        if state["ended"]:
            self._count = 0
        if "upstream" in state:
            self.upstream = self._source.open()
            self.upstream.restore(state["upstream"])


class Part(PassingNode):
    """Elements `start`, `start + step`, ... before `stop` (None: to the end)."""

    def __init__(self, source: Node, start: int, stop: Optional[int], step: int = 1):
        super().__init__(source)
        self._start, self._stop, self._step = start, stop, step

    def cardinality(self) -> int:
        known = self.inputs[0].cardinality()
        if known == INFINITE and self._stop is not None:
            known = self._stop
        if known < 0:
            return 0 if self._stop == 0 else known
        return len(range(known)[self._start : self._stop : self._step])

    def open(self) -> Stage:
        return PartStage(self.inputs[0].open(), self._start, self._stop, self._step)


class PartStage(BlockStage):
    """A pass that leaves elements out."""

    def __init__(self, upstream: Stage, start: int, stop: Optional[int], step: int):
        super().__init__(upstream)
        self._next, self._stop, self._step = start, math.inf if stop is None else stop, step
        self._position = 0

    def next_items(self, count: int) -> list:
        items: list = []
        while len(items) < count and self._next < self._stop:
            if self._next > self._position:
                gap = self._next - self._position
                if len(self.upstream.next_items(min(gap, _DRAWS_AT_ONCE))) < min(gap, _DRAWS_AT_ONCE):
                    self._stop = 0
                    break
                self._position += min(gap, _DRAWS_AT_ONCE)
                continue
            wanted = int(min(count - len(items), self._stop - self._next)) if self._step == 1 else 1
            found = self.upstream.next_items(wanted)
            items.extend(found)
            self._position += len(found)
            self._next += self._step * len(found)
            if len(found) < wanted:
                self._stop = 0
        return items

    def state(self) -> dict:
        ended = self._stop == 0
        return {"position": self._position, "next": self._next, "ended": ended, **super().state()}

    def restore(self, state: dict) -> None:
        super().restore(state)
        self._position, self._next = int(state["position"]), int(state["next"])
        if state["ended"]:
            self._stop = 0


class Joined(Node):
    """All elements of one input, then all of the next."""

    def __init__(self, sources: tuple[Node, ...]):
        self.inputs = sources

    def cardinality(self) -> int:
        counts = [node.cardinality() for node in self.inputs]
        if min(counts) < 0:
            return INFINITE if INFINITE in counts else UNKNOWN
        return sum(counts)

    def open(self) -> Stage:
        return JoinedStage(self.inputs)


class JoinedStage(Stage):
    """A pass over several inputs in turn; each is opened when it is reached."""

    def __init__(self, sources: tuple[Node, ...]):
        super().__init__()
        self._sources = sources
        self._index = 0

    def __next__(self) -> Any:
        while self._index < len(self._sources):
            if self.upstream is None:
                self.upstream = self._sources[self._index].open_elements()
            try:
                return next(self.upstream)
            except StopIteration:
                self.upstream.close()
                self.upstream = None
                self._index += 1
        raise StopIteration

    def state(self) -> dict:
        return {"index": self._index, **super().state()}

    def restore(self, state: dict) -> None:
        self._index = int(state["index"])
        if "upstream" in state:
            self.upstream = self._sources[self._index].open_elements()
            self.upstream.restore(state["upstream"])


class Zipped(Node):
    """Elements side by side, until the first input ends.

    Args:
        shape: tuple or dict whose leaves are nodes.
    """

    def __init__(self, nodes: list[Node], arrange: Any):
        self.inputs = tuple(nodes)
        self._arrange = arrange

    def spec(self) -> Any:
        return self._arrange([node.spec() for node in self.inputs])

    def cardinality(self) -> int:
        counts = [node.cardinality() for node in self.inputs]
        finite = [count for count in counts if count != INFINITE]
        if not finite:
            return INFINITE
        return UNKNOWN if UNKNOWN in finite else min(finite)

    def open(self) -> Stage:
        return ZippedStage([node.open_elements() for node in self.inputs], self._arrange)


class ManyStage(Stage):
    """A stage that reads several."""

    def __init__(self, upstreams: list[Stage]):
        super().__init__()
        self._upstreams = upstreams

    def state(self) -> dict:
        return {"upstreams": [stage.state() for stage in self._upstreams]}

    def restore(self, state: dict) -> None:
        for stage, its_state in zip(self._upstreams, state["upstreams"]):
            stage.restore(its_state)

    def close(self) -> None:
        for stage in self._upstreams:
            stage.close()


class ZippedStage(ManyStage):
    """A pass over inputs side by side."""

    def __init__(self, upstreams: list[Stage], arrange: Any):
        super().__init__(upstreams)
        self._arrange = arrange

    def __next__(self) -> Any:
        items = []
        for stage in self._upstreams:
            items.append(next(stage))
        return self._arrange(items)


def zip_nodes(nodes: list[Node], arrange: Any) -> Node:
    """Return the node that zips others; arrays of one length stay arrays, whose rows are read together."""
    if all(type(node) is Slices for node in nodes) and len({node.cardinality() for node in nodes}) == 1:
        return Slices(arrange([node.rows.data for node in nodes if node.rows is not None]))
    return Zipped(nodes, arrange)


def enumerate_node(node: Node, start: int) -> Node:
    """Return the node that counts elements, as int64 from `start`."""
    numbers = Range(range(start, 2**63 - 1), "int64")
    count = node.cardinality()
    zipped = Zipped([numbers, node], tuple)
    return zipped if count == UNKNOWN or count == INFINITE else Sized(zipped, count)


class Sized(PassingNode):
    """A node whose number of elements is known from elsewhere."""

    def __init__(self, source: Node, count: int, checked: bool = False):
        super().__init__(source)
        self._count = count
        self._checked = checked

    def cardinality(self) -> int:
        return self._count

    def open(self) -> Stage:
        stage = self.inputs[0].open()
        return CheckedStage(stage, self._count) if self._checked and self._count >= 0 else stage


class CheckedStage(Stage):
    """A pass that must have a certain number of elements."""

    def __init__(self, upstream: Stage, count: int):
        super().__init__(upstream)
        self._count = count
        self._position = 0

    def __next__(self) -> Any:
        try:
            item = next(self.upstream)
        except StopIteration:
            if self._position < self._count:
                raise errors.ArgumentError(
                    f"assert_cardinality: expected {self._count} elements; received {self._position}"
                ) from None
            raise
        if self._position >= self._count:
            raise errors.ArgumentError(f"assert_cardinality: expected {self._count} elements; received more")
        self._position += 1
        return item

    def state(self) -> dict:
        return {"position": self._position, **super().state()}

    def restore(self, state: dict) -> None:
        super().restore(state)
        self._position = int(state["position"])
