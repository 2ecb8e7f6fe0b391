"""`tf.summary`: scalars, histograms, images and texts in event files, which TensorBoard shows."""

from __future__ import annotations

import contextlib
import os
import warnings
from typing import Any, Callable, Iterator, Optional

import numpy as np

from gradmill import _core
from gradmill.utils.event_file import EventFileWriter
from gradmill.utils.text_values import text_of

_writers: list[Writer] = []
_steps: dict[str, Any] = {"default": None}


class Writer(EventFileWriter):
    """What `tf.summary.create_file_writer` returns: an `EventFileWriter` that can be the default.

    Args:
        logdir: the folder; it is made where it is missing.

    Example:
        >>> import os, tempfile
        >>> import gradmill.tensorflow as tf
        >>> folder = tempfile.mkdtemp()
        >>> with tf.summary.create_file_writer(folder).as_default(step=3):
        ...     tf.summary.scalar("loss", 0.5)
        True
        >>> len(os.listdir(folder))
        1
    """

    def __init__(self, logdir: Any):
        super().__init__(text_of(os.fspath(logdir)))

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

    def set_as_default(self, step: Any = None) -> None:
        """Let this writer get what is written from now on."""
        _writers[:] = [self]
        _steps["default"] = step

    def init(self) -> None:
        """Accept the call: the file is made with the first event."""


def create_file_writer(logdir: Any, *_: Any, **__: Any) -> Writer:
    """`tf.summary.create_file_writer`: a writer of event files; further arguments are accepted."""
    return Writer(logdir)


def _write(kind: str, name: Any, data: Any, step: Any, **options: Any) -> bool:
    """Write by the method `kind` of the writer; nothing is written while tracing, when there are no values."""
    if not _writers or _core.is_tracing():
        return False
    at = _steps["default"] if step is None else step
    getattr(_writers[-1], kind)(text_of(name), data, None if at is None else int(at), **options)
    return True


def _values(data: Any) -> np.ndarray:
    return np.asarray(data.numpy() if hasattr(data, "numpy") else data)


def scalar(name: str, data: Any, step: Any = None, description: Any = None) -> bool:
    """`tf.summary.scalar`: write a number; returns whether there is a writer."""
    return _write("scalar", name, data, step)


def histogram(name: str, data: Any, step: Any = None, buckets: Any = None, description: Any = None) -> bool:
    """`tf.summary.histogram`: write how values are distributed; returns whether there is a writer."""
    return _write("histogram", name, _values(data), step, buckets=buckets or 30) if _writers else False


def image(name: str, data: Any, step: Any = None, max_outputs: int = 3, description: Any = None) -> bool:
    """`tf.summary.image`: write the first images of a batch (n, height, width, channels); needs Pillow."""
    if not _writers or _core.is_tracing():
        return False
    images = _values(data)[: int(max_outputs)]
    tags = [f"{text_of(name)}/image/{number}" if len(images) > 1 else text_of(name) for number in range(len(images))]
    return all([_write("image", tag, each, step) for tag, each in zip(tags, images)])


def text(name: str, data: Any, step: Any = None, description: Any = None) -> bool:
    """`tf.summary.text`: write a text; returns whether there is a writer."""
    return _write("text", name, text_of(data), step)


def _unwritten(kind: str) -> Callable:
    def accept(*_: Any, **__: Any) -> bool:
        warnings.warn(f"tf.summary.{kind}: this is not written to event files and left out", stacklevel=2)
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
    "create_file_writer": create_file_writer, "histogram": histogram, "image": image, "record_if": _record_if,
    "scalar": scalar, "text": text,
    **{kind: _unwritten(kind) for kind in ("audio", "graph", "trace_export", "trace_off", "trace_on")},
}  # fmt: skip
EXPERIMENTAL: dict[str, Any] = {"get_step": lambda: _steps["default"], "set_step": set_step}
