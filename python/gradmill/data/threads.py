"""Work done ahead, in threads of this process: prefetch and parallel map.

Threads end when their iterator is closed or forgotten, when the data end or fail, and at the exit of the interpreter.
Nobody waits for them without a limit.
"""

from __future__ import annotations

import atexit
import contextlib
import threading
import time
import weakref
from queue import Empty, SimpleQueue
from typing import Any, Optional

from gradmill.data.stages import Node, PassingNode, Stage

AUTOTUNE = -1
_AUTOTUNE_BUFFER = 2
_EXIT_SECONDS = 1.0


class Prefetch(PassingNode):
    """Elements made ahead by a thread."""

    def __init__(self, source: Node, buffer_size: int):
        super().__init__(source)
        self.buffer_size = _AUTOTUNE_BUFFER if buffer_size == AUTOTUNE else buffer_size

    def open(self) -> Stage:
        stage = self.inputs[0].open()
        # Rows are only numbers so far: there is nothing to do ahead.
        return stage if self.rows is not None or self.buffer_size == 0 else PrefetchStage(stage, self.buffer_size)


class PrefetchStage(Stage):
    """The consumer's end of a queue that a thread fills."""

    def __init__(self, upstream: Stage, capacity: int):
        super().__init__()
        self._producer = Producer(upstream, capacity)

    def __next__(self) -> Any:
        return self._producer.take()

    def state(self) -> dict:
        return self._producer.state()

    def restore(self, state: dict) -> None:
        self._producer.restore(state)

    def close(self) -> None:
        self._producer.close()

    def __del__(self) -> None:
        self._producer.close()


class _End:
    """Stands in a queue behind the last item, with what the stage raised instead of a further one."""

    def __init__(self, failure: Optional[BaseException] = None):
        self.failure = failure


class Producer:
    """A thread that reads a stage into a queue of bounded length. It knows nothing of who takes from the queue.

    Args:
        stage: what is read; only the thread touches it once it runs.
        capacity: items made ahead.
    """

    def __init__(self, stage: Stage, capacity: int):
        self._stage = stage
        self._ready: SimpleQueue = SimpleQueue()
        self._space: SimpleQueue = SimpleQueue()  # something for each further item that is wanted
        for _ in range(capacity):
            self._space.put(None)
        self._making = threading.Lock()  # held while an item is being made, until it is in the queue
        self._closed = self._ended = False
        self._thread: Any = None

    def take(self) -> Any:
        """Return the next item, waiting for it; raise StopIteration at the end, or what the stage raised."""
        if self._thread is None and not self._ended and not self._closed:
            self._thread = threading.Thread(target=self._run, name="gradmill-prefetch", daemon=True)
            _running.add(self)
            self._thread.start()
        item = self._ready.get()
        if type(item) is not _End:
            self._space.put(None)
            return item
        failure, item.failure = item.failure, None
        self._ready.put(item)  # for whoever asks next
        if failure is not None:
            raise failure
        raise StopIteration

    def _run(self) -> None:
        while not self._ended:
            self._space.get()
            if self._closed:
                break
            with self._making:
                try:
                    item = next(self._stage)
                except StopIteration:
                    item = _End()
                except BaseException as problem:  # goes to the thread that takes, whatever it is
                    item = _End(problem)
                self._ended = type(item) is _End
                self._ready.put(item)
                del item
        if self._closed:
            self._stage.close()

    def _drain(self) -> list:
        """Take everything out of the queue."""
        items = []
        with contextlib.suppress(Empty):
            while True:
                items.append(self._ready.get_nowait())
        return items

    def state(self) -> dict:
        """Return the state of the stage and the items made ahead of the consumer."""
        with self._making:
            items = self._drain()
            for item in items:
                self._ready.put(item)
            ready = [item for item in items if type(item) is not _End]
            return {"upstream": self._stage.state(), "ready": ready, "ended": self._ended}

    def restore(self, state: dict) -> None:
        """Go on where the one that gave `state` stood."""
        self._stage.restore(state["upstream"])
        for item in state["ready"]:
            self._ready.put(item)
            with contextlib.suppress(Empty):
                self._space.get_nowait()
        self._ended = bool(state["ended"])
        if self._ended:
            self._ready.put(_End())

    def close(self) -> None:
        """Ask the thread to stop after the item it is at, and let it close the stage."""
        self._closed = True
        self._drain()
        self._ready.put(_End())
        self._space.put(None)
        if self._thread is None or not self._thread.is_alive():
            self._stage.close()

    def join(self, seconds: float) -> None:
        """Wait for the thread, but not longer than this."""
        if self._thread is not None:
            self._thread.join(seconds)


_running: weakref.WeakSet[Producer] = weakref.WeakSet()


def _stop_all() -> None:
    """At exit, let no thread run on while the interpreter goes away."""
    deadline = time.monotonic() + _EXIT_SECONDS
    producers = list(_running)
    for producer in producers:
        producer.close()
    for producer in producers:
        producer.join(max(0.0, deadline - time.monotonic()))


atexit.register(_stop_all)
