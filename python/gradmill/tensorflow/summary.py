"""`tf.summary`: scalars as lines of JSON in the folder of the writer; other kinds are accepted and not written."""

from __future__ import annotations

import contextlib
import json
import os
import time
import warnings
from pathlib import Path
from typing import Any, Callable, Iterator, Optional

import numpy as np

from gradmill import _core
from gradmill.utils.text_values import text_of

_writers: list[Writer] = []
_steps: dict[str, Any] = {"default": None}


class Writer:
    """What `tf.summary.create_file_writer` returns: writes to `scalars.jsonl` in a folder.

    Args:
        logdir: the folder; it is made where it is missing.

    Example:
        >>> import pathlib, tempfile
        >>> import gradmill.tensorflow as tf
        >>> folder = tempfile.mkdtemp()
        >>> with tf.summary.create_file_writer(folder).as_default(step=3):
        ...     tf.summary.scalar("loss", 0.5)
        True
        >>> pathlib.Path(folder, "scalars.jsonl").read_text().split(', "time"')[0]
        '{"name": "loss", "value": 0.5, "step": 3'
    """

    def __init__(self, logdir: Any):
        self.path = Path(text_of(os.fspath(logdir))) / "scalars.jsonl"

    @contextlib.contextmanager
    def as_default(self, step: Any = None) -> Iterator[Writer]:
        """Return a context in which this writer gets what is written.

        Args:
            step: number for what is written without one.
        """
        before = _steps["default"]
        _writers.append(self)
        _steps["default"] = before if step is None else step
        try:
            yield self
        finally:
            _writers.remove(self)
            _steps["default"] = before

    def write(self, line: dict) -> None:
        """Add a line.

        Args:
            line: names to numbers.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def set_as_default(self, step: Any = None) -> None:
        """Let this writer get what is written from now on."""
        _writers[:] = [self]
        _steps["default"] = step

    def flush(self) -> None:
        """Accept the call: lines are written at once."""

    close = init = flush


def create_file_writer(logdir: Any, *_: Any, **__: Any) -> Writer:
    """`tf.summary.create_file_writer`: a writer of lines of JSON; further arguments are accepted."""
    return Writer(logdir)


def scalar(name: str, data: Any, step: Any = None, description: Any = None) -> bool:
    """`tf.summary.scalar`: write a number; returns whether there is a writer. Nothing is written while tracing."""
    if not _writers or _core.is_tracing():
        return False
    at = _steps["default"] if step is None else step
    value = np.asarray(data.numpy() if hasattr(data, "numpy") else data).item()
    line = {"name": str(name), "value": value, "step": None if at is None else int(at), "time": time.time()}
    _writers[-1].write(line)
    return True


def _unwritten(kind: str) -> Callable:
    def accept(*_: Any, **__: Any) -> bool:
        warnings.warn(f"tf.summary.{kind}: only scalars are written; this is left out", stacklevel=2)
        return False

    return accept


@contextlib.contextmanager
def _record_if(condition: Any) -> Iterator[None]:
    """`tf.summary.record_if`: a context in which nothing is written where the condition does not hold."""
    before = list(_writers)
    if not (condition() if callable(condition) else bool(condition)):
        _writers.clear()
    try:
        yield
    finally:
        _writers[:] = before


def set_step(step: Optional[Any]) -> None:
    """`tf.summary.experimental.set_step`: the number for what is written without one."""
    _steps["default"] = step


SUMMARY: dict[str, Any] = {
    "create_file_writer": create_file_writer, "record_if": _record_if, "scalar": scalar,
    **{kind: _unwritten(kind) for kind in (
        "audio", "graph", "histogram", "image", "text", "trace_export", "trace_off", "trace_on",
    )},
}  # fmt: skip
EXPERIMENTAL: dict[str, Any] = {"get_step": lambda: _steps["default"], "set_step": set_step}
