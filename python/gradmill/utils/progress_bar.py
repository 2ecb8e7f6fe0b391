"""One live progress line that never floods: at most five redraws a second, plain lines when not on a terminal."""

import math
import os
import sys
import time
from typing import Any, Iterable, List, Optional, Tuple

import numpy as np

from gradmill import config
from gradmill.utils.messages import say

_BOLD, _GREEN, _GREY, _RESET = "\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m"


def is_live_output(stream: Any) -> bool:
    """True when a line written to `stream` can be drawn again: a terminal or a notebook, and not the log."""
    if not config.is_interactive_logging_enabled():
        return False
    if _runs_in_a_notebook() or "PYCHARM_HOSTED" in os.environ:
        return True
    return bool(getattr(stream, "isatty", lambda: False)()) and os.environ.get("TERM") != "dumb"


def _runs_in_a_notebook() -> bool:
    """Whether there is a shell of a kernel; a process that has only imported the package of kernels is none."""
    ipython = sys.modules.get("IPython")
    return "ipykernel" in sys.modules and ipython is not None and ipython.get_ipython() is not None


def format_duration(seconds: float) -> str:
    """Return `42s`, `3:07` or `1:02:09`."""
    whole = int(seconds)
    if whole >= 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}" if whole > 60 else f"{whole}s"


def format_step_time(seconds: float, unit_name: str) -> str:
    """Return the time of one step, such as `2ms/step`, with a digit more below ten."""
    for limit, scale, unit in ((1.0, 1.0, "s"), (1e-3, 1e3, "ms"), (0.0, 1e6, "us")):
        if seconds >= limit:
            value = seconds * scale
            return f"{value:.1f}{unit}/{unit_name}" if value < 10 else f"{value:.0f}{unit}/{unit_name}"
    return f"0s/{unit_name}"


def format_value(value: Any) -> str:
    """Return a metric in four decimals, or in scientific form when it is tiny."""
    number = float(np.mean(value))
    return f"{number:.4f}" if abs(number) > 1e-3 or number == 0 else f"{number:.4e}"


class Progbar:
    """Progress of a loop on one line, in the look of Keras.

    Args:
        target: number of steps, or None when unknown.
        width: characters of the bar.
        verbose: 0 silent, 1 live line, 2 one line at the end.
        interval: smallest time between two redraws, seconds.
        stateful_metrics: names shown as they come; all others are averaged over the steps.
        stateless_metrics: names that are averaged; all others are shown as they come. Give one of the two.
        unit_name: what a step is called.

    On a stream that cannot be redrawn (a file, a pipe) only the last line is written.

    Raises:
        ValueError: when both `stateful_metrics` and `stateless_metrics` are given.

    Example:
        >>> import gradmill as gm
        >>> bar = gm.utils.Progbar(target=3, verbose=0)
        >>> for step in range(3):
        ...     bar.update(step + 1, [("loss", 0.5)])
    """

    def __init__(
        self,
        target: Optional[int],
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.2,
        stateful_metrics: Optional[Iterable[str]] = None,
        stateless_metrics: Optional[Iterable[str]] = None,
        unit_name: str = "step",
    ):
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError("Progbar: give stateful_metrics or stateless_metrics; received both")
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self.note = ""  # said at the end of the line
        self._stateful = None if stateful_metrics is None else set(stateful_metrics)
        self._stateless = None if stateless_metrics is None else set(stateless_metrics)
        self._sums: dict = {}
        self._seen = 0
        self._start = time.perf_counter()
        self._first_step_end: Optional[Tuple[int, float]] = None
        self._last_draw = -math.inf
        self._drawn_width = 0
        self._stream = sys.stdout
        self._live = is_live_output(sys.stdout)

    def update(
        self, current: int, values: Optional[List[Tuple[str, Any]]] = None, finalize: Optional[bool] = None
    ) -> None:
        """Show `current` finished steps.

        Args:
            current: steps finished so far.
            values: pairs of name and value of the last step.
            finalize: whether this is the last update; default: when `current` reaches the target.
        """
        now = time.perf_counter()
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        for name, value in values or []:
            self._record(name, value, current, finalize)
        self._seen = current
        if self._first_step_end is None and current:
            self._first_step_end = (current, now)
        if self.verbose == 0 or (self.verbose == 2 and not finalize):
            return
        if not finalize and (not self._live or now - self._last_draw < self.interval):
            return
        self._last_draw = now
        self._draw(current, now, finalize)

    def add(self, n: int, values: Optional[List[Tuple[str, Any]]] = None) -> None:
        """Show `n` more finished steps."""
        self.update(self._seen + n, values)

    def _record(self, name: str, value: Any, current: int, finalize: bool) -> None:
        if self._stateless is not None:
            averaged = name in self._stateless
        else:
            averaged = self._stateful is None or name not in self._stateful
        if not averaged or finalize:
            self._sums[name] = (value, 1)
            return
        steps = max(current - self._seen, 1)
        total, count = self._sums.get(name, (0.0, 0))
        self._sums[name] = (total + value * steps, count + steps)

    def _step_seconds(self, current: int, now: float) -> float:
        """Mean time of a step; the first, which may include tracing, does not count once there are others."""
        if not current:
            return now - self._start
        steps, end = self._first_step_end or (0, self._start)
        if current > steps:
            return (now - end) / (current - steps)
        return (now - self._start) / current

    def _metrics_text(self) -> str:
        metrics = "".join(
            f" - {name}: {format_value(np.divide(total, max(count, 1)))}" for name, (total, count) in self._sums.items()
        )
        return f"{metrics} - {self.note}" if self.note else metrics

    def _draw(self, current: int, now: float, finalize: bool) -> None:
        target = self.target or 0
        known = target > 0
        step_seconds = self._step_seconds(current, now)
        if finalize or not known:
            seconds = now - self._start
        else:
            seconds = step_seconds * (target - current)
        count = f"{current:{len(str(self.target))}d}/{self.target}" if known else f"{current:7d}/Unknown"
        times = format_duration(seconds), format_step_time(step_seconds, self.unit_name)
        tail = " ".join(times) + self._metrics_text()
        if self.verbose == 2:
            say(f"{count} - {' - '.join(times)}{self._metrics_text()}")
            return
        full = min(self.width, int(self.width * current / target)) if known else 0
        bar = "━" * self.width if known else ""
        plain = " ".join(part for part in (count, bar, tail) if part)
        if not self._live:
            say(plain)
            return
        coloured = f"{_GREEN}{bar[:full]}{_RESET}{_GREY}{bar[full:]}{_RESET}" if bar else ""
        line = " ".join(part for part in (f"{_BOLD}{count}{_RESET}", coloured, tail) if part)
        blanks = " " * max(0, self._drawn_width - len(plain))
        self._stream.write("\r" + line + blanks + ("\n" if finalize else ""))
        self._drawn_width = len(plain)
        self._stream.flush()
