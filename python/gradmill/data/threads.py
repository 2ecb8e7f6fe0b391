"""Work done ahead, in threads of this process: prefetch and parallel map.

Threads end when their iterator is closed or forgotten, when the data end or fail, and at the exit of the interpreter.
Nobody waits for them without a limit.
"""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from collections import deque
from typing import Any

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


class Producer:
    """A thread that reads a stage into a queue of bounded length. It knows nothing of who takes from the queue.

    Args:
        stage: what is read; only the thread touches it once it runs.
        capacity: items made ahead.
    """

    def __init__(self, stage: Stage, capacity: int):
        self._stage = stage
        self._capacity = capacity
        self._ready: deque = deque()
        self._changed = threading.Condition()
        self._making = threading.Lock()  # held while an item is being made, until it is in the queue
        self._closed = self._ended = False
        self._failure: Any = None
        self._thread: Any = None

    def take(self) -> Any:
        """Return the next item, waiting for it; raise StopIteration at the end, or what the stage raised."""
        if self._thread is None and not self._ended and not self._closed:
            self._thread = threading.Thread(target=self._run, name="gradmill-prefetch", daemon=True)
            _running.add(self)
            self._thread.start()
        with self._changed:
            while not self._ready and not self._ended and not self._closed:
                self._changed.wait()
            if self._ready:
                item = self._ready.popleft()
                self._changed.notify_all()
                return item
            failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        raise StopIteration

    def _run(self) -> None:
        while self._wait_for_space():
            with self._making:
                item, failure, ended = None, None, False
                try:
                    item = next(self._stage)
                except StopIteration:
                    ended = True
                except BaseException as problem:  # goes to the thread that takes, whatever it is
                    failure, ended = problem, True
                with self._changed:
                    if ended:
                        self._failure, self._ended = failure, True
                    else:
                        self._ready.append(item)
                    self._changed.notify_all()
                del item, failure
        if self._closed:
            self._stage.close()

    def _wait_for_space(self) -> bool:
        """Return whether another item is wanted."""
        with self._changed:
            while len(self._ready) >= self._capacity and not self._closed:
                self._changed.wait()
            return not self._closed and not self._ended

    def state(self) -> dict:
        """Return the state of the stage and the items made ahead of the consumer."""
        with self._making, self._changed:
            return {"upstream": self._stage.state(), "ready": list(self._ready), "ended": self._ended}

    def restore(self, state: dict) -> None:
        """Go on where the one that gave `state` stood."""
        self._stage.restore(state["upstream"])
        self._ready.extend(state["ready"])
        self._ended = bool(state["ended"])

    def close(self) -> None:
        """Ask the thread to stop after the item it is at, and let it close the stage."""
        with self._changed:
            self._closed = True
            self._ready.clear()
            self._changed.notify_all()
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
