"""What else the machine does while something is measured."""

import os
import time
from typing import Any, Dict, List, Optional

# Above these shares of all processors the figure of a run is marked.
OTHERS_MARK, STOLEN_MARK = 0.10, 0.05


def _ticks() -> Optional[List[int]]:
    """Clock ticks of all processors: user, nice, system, idle, waiting, interrupts, soft interrupts, stolen."""
    try:
        with open("/proc/stat", encoding="ascii") as file:
            return [int(word) for word in file.readline().split()[1:9]]
    except (OSError, ValueError):
        return None


def load_average() -> Optional[float]:
    """Return how many processes wanted to run in the last minute, None where the system does not tell."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None


class LoadWatch:
    """Watches from its creation until `result` how busy the processors are with other work."""

    def __init__(self) -> None:
        self._average = load_average()
        self._before = _ticks()
        self._start = time.monotonic()

    def result(self, processor_seconds: float) -> Dict[str, Any]:
        """Return the load average at the start, and the shares of all processors that others took.

        Args:
            processor_seconds: what the measured process took itself.

        Returns:
            dict with `average`, `others` and `stolen` (by other guests of a virtual machine's host), each None where
            the system does not tell, and `marked`: whether the figures are to be taken with care.
        """
        after = _ticks()
        if self._before is None or after is None:
            return {"average": self._average, "others": None, "stolen": None, "marked": False}
        spent = [now - then for now, then in zip(after, self._before)]
        total = max(1, sum(spent))
        tick = os.sysconf("SC_CLK_TCK")
        busy = total - spent[3] - spent[4] - spent[7]
        others = max(0.0, (busy - processor_seconds * tick) / total)
        stolen = spent[7] / total
        marked = others > OTHERS_MARK or stolen > STOLEN_MARK
        return {"average": self._average, "others": round(others, 4), "stolen": round(stolen, 4), "marked": marked}
