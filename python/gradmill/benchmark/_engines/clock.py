"""Times and losses of epochs."""

import time
from typing import Any, Dict, List, Optional

from .energy import EnergyMeter


class Clock:
    """Takes the time of each epoch by a clock that never goes back.

    Args:
        warm_up: epochs that come before those that are measured.
        meter: reads the energy of the measured ones.
    """

    def __init__(self, warm_up: int, meter: Optional[EnergyMeter] = None):
        self.seconds: List[float] = []
        self.losses: List[float] = []
        self._warm_up, self._meter = warm_up, meter
        self._start = self._processor = 0.0
        self._spent: Dict[str, Any] = {"processor_seconds": 0.0, "energy": {"joules": None, "reason": "not asked for"}}

    def begin(self) -> None:
        """An epoch begins."""
        if len(self.seconds) == self._warm_up:
            self._processor = time.process_time()
            if self._meter:
                self._meter.start()
        self._start = time.perf_counter()

    def end(self, loss: float) -> None:
        """An epoch ends, with its mean loss."""
        self.seconds.append(time.perf_counter() - self._start)
        self.losses.append(float(loss))
        if len(self.seconds) > self._warm_up:
            self._spent["processor_seconds"] = time.process_time() - self._processor
            if self._meter:
                self._spent["energy"] = self._meter.stop()

    def result(self) -> Dict[str, Any]:
        """Return times, losses, processor time and energy of the measured epochs."""
        return {
            "warm_up_seconds": self.seconds[: self._warm_up],
            "epoch_seconds": self.seconds[self._warm_up :],
            "losses": self.losses,
            **self._spent,
        }
