"""The program of one run: reads its task from the command line and prints what was measured."""

import ctypes
import importlib
import json
import os
import signal
import sys
from typing import Any, Dict, List

from .cell import Cell
from .clock import Clock
from .energy import EnergyMeter
from .processes import print_result

# Engines by name: the module that runs it, and its first argument.
ENGINES = {
    "gradmill": ("keras_engine", "gradmill"),
    "torch": ("torch_engine", "torch"),
    "tensorflow": ("keras_engine", "tensorflow"),
    "jax": ("keras_engine", "jax"),
    "mlx": ("mlx_engine", "mlx"),
}
_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Ask the kernel to end this process when the one that started it is gone, however it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def openmp_runtimes() -> List[str]:
    """Return the OpenMP libraries in this process; more than one means two pools of threads."""
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
            paths = {line.split(maxsplit=5)[5].strip() for line in file if "/" in line}
    except OSError:
        return []
    names = ("libgomp", "libomp", "libiomp5")
    return sorted(path for path in paths if os.path.basename(path).startswith(names))


def pin(threads: int) -> List[int]:
    """Hold this process to its first `threads` cores; return them, or nothing where the system cannot."""
    if not hasattr(os, "sched_setaffinity"):
        return []
    cores = sorted(os.sched_getaffinity(0))[:threads]
    os.sched_setaffinity(0, cores)
    return cores


def main() -> None:
    """Run the task of the command line."""
    end_with_parent()
    task: Dict[str, Any] = json.loads(sys.argv[1])
    facts: Dict[str, Any] = {}
    if task["pin"]:
        facts["pinned_to"] = pin(task["threads"])
    if task["threads"]:
        os.environ["OMP_NUM_THREADS"] = str(task["threads"])
    cell = Cell.from_definition(task["cell"])
    if cell.target_accuracy and task["engine"] != "gradmill":
        raise LookupError("the time to an accuracy is measured on gradmill alone")
    parts = task.get("parts", 1)
    if parts > 1 and task["engine"] != "torch":
        raise LookupError(f"batches are trained in parts on torch alone, not on {task['engine']}")
    clock = Clock(cell.warm_up, EnergyMeter(gpus=task["engine"] != "gradmill"))
    module, kind = ENGINES[task["engine"]]
    options = {name: task[name] for name in ("seed", "threads", "best")}
    options.update(parts=parts, clock=clock)
    engine = importlib.import_module(f".{module}", __package__)
    facts = {"samples": cell.samples, **facts, **engine.run(kind, cell, options)}
    print_result(**clock.result(), **facts, openmp=openmp_runtimes())


if __name__ == "__main__":
    main()
