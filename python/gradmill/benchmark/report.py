"""Time a training run, sum it up, and write its results and curve."""

import importlib
import json
import time
from pathlib import Path
from typing import Any, Dict, List, Optional

from gradmill.benchmark._engines.processes import peak_memory_bytes
from gradmill.benchmark.machine import has_module, machine_facts
from gradmill.callbacks import Callback
from gradmill.utils.files import PathLike, atomic_write

SCHEMA = "gradmill-training/1"
_MEBIBYTE = 2**20


class EpochTimer(Callback):
    """Measures the wall time of each epoch, without its validation.

    Attributes:
        seconds: time of each epoch's training steps.

    Example:
        >>> import gradmill.benchmark
        >>> timer = gradmill.benchmark.EpochTimer()
    """

    def __init__(self) -> None:
        super().__init__()
        self.seconds: List[float] = []
        self._start = 0.0
        self._end: Optional[float] = None

    def on_epoch_begin(self, epoch: int, logs: Optional[dict] = None) -> None:
        """Start the clock."""
        self._start = time.perf_counter()
        self._end = None

    def on_test_begin(self, logs: Optional[dict] = None) -> None:
        """Stop the clock before a validation inside the epoch."""
        self._end = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Optional[dict] = None) -> None:
        """Keep the time."""
        self.seconds.append((self._end or time.perf_counter()) - self._start)


def summarize(seconds: List[float], samples: int) -> Dict[str, Any]:
    """Return the times of a run in numbers that can be compared.

    The first epoch, in which the step is traced and planned, counts only when it is the only one.

    Args:
        seconds: time of each epoch.
        samples: training samples of an epoch.

    Returns:
        dict with `epoch_seconds`, `seconds_per_epoch` (median) and `samples_per_second`.

    Example:
        >>> from gradmill.benchmark import summarize
        >>> summarize([2.0, 1.0, 1.0], 500)["samples_per_second"]
        500.0
    """
    counted = sorted(seconds[1:] or seconds)
    middle = len(counted) // 2
    if not counted:
        return {"epoch_seconds": [], "seconds_per_epoch": None, "samples_per_second": None}
    median = counted[middle] if len(counted) % 2 else (counted[middle - 1] + counted[middle]) / 2
    return {
        "epoch_seconds": [round(value, 6) for value in seconds],
        "seconds_per_epoch": median,
        "samples_per_second": samples / median if median > 0 else None,
    }


def write_results(path: PathLike, results: Dict[str, Any]) -> Path:
    """Write the results of a run as JSON, whole or not at all.

    Args:
        path: the file.
        results: plain values; `schema`, `machine` and `peak_memory_bytes` are added.

    Returns:
        the path.
    """
    content = {
        "schema": SCHEMA,
        **results,
        "peak_memory_bytes": peak_memory_bytes(),
        "machine": machine_facts(),
    }
    with atomic_write(path, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2, default=float)
        file.write("\n")
    return Path(path)


def write_curve(path: PathLike, history: Dict[str, List[float]], title: str) -> Optional[Path]:
    """Draw loss and metrics over the epochs as a PNG.

    Args:
        path: the file.
        history: `History.history`.
        title: text above the picture.

    Returns:
        the path, or None when matplotlib is not installed.
    """
    if not has_module("matplotlib"):
        return None
    # An optional package that costs half a second is loaded only where a picture is drawn.
    figure_module = importlib.import_module("matplotlib.figure")
    canvas_module = importlib.import_module("matplotlib.backends.backend_agg")
    names = [name for name in history if not name.startswith("val_")]
    losses = [name for name in names if name.endswith("loss")]
    groups = [group for group in (losses, [name for name in names if name not in losses]) if group]
    figure = figure_module.Figure(figsize=(5 * max(len(groups), 1), 4), layout="constrained")
    canvas_module.FigureCanvasAgg(figure)
    figure.suptitle(title)
    for position, group in enumerate(groups):
        axes = figure.add_subplot(1, len(groups), position + 1)
        for name in group:
            for key, style in ((name, "-"), (f"val_{name}", "--")):
                if key in history:
                    axes.plot(range(1, len(history[key]) + 1), history[key], style, marker=".", label=key)
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
        axes.legend()
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=120)
    return Path(path)


def print_summary(results: Dict[str, Any]) -> None:
    """Print what a run reached, one fact a line."""
    if results.get("test_accuracy") is not None:
        print(f"Test accuracy:     {results['test_accuracy']:.4f} on {results['test_samples']:,} images")
    if results.get("seconds_per_epoch") is not None:
        print(f"Seconds per epoch: {results['seconds_per_epoch']:.3f}")
    rate = results.get("samples_per_second")
    if rate is not None:
        print(f"Samples/s:         {rate:,.0f}" if rate >= 100 else f"Samples/s:         {rate:.3g}")
    peak = peak_memory_bytes()
    print("Peak memory:       " + ("n/a" if peak is None else f"{peak / _MEBIBYTE:,.0f} MiB"))
