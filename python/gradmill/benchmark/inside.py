"""The program that looks into the machine, and into GradMill's plan of a cell; its task is JSON."""

import json
import sys
from typing import Any, Dict, List

from gradmill import config
from gradmill.benchmark._engines.cell import Cell
from gradmill.benchmark._engines.data import samples_of, targets_of
from gradmill.benchmark._engines.keras_engine import make_model
from gradmill.benchmark._engines.processes import print_result
from gradmill.benchmark._engines.start import end_with_parent
from gradmill.benchmark.roofline import Roof, costliest_layers, machine_roof, profile_training

import gradmill  # isort: skip

# More layers than fit on a chart tell nobody anything.
LAYERS_SHOWN = 10


def measure_roof(seconds: float) -> Dict[str, Any]:
    """Return the limits of the machine, with all threads and with one.

    Args:
        seconds: to spend on each figure.
    """
    roof = machine_roof(seconds)
    threads = config.get_threads()
    config.set_threads(1)
    one = machine_roof(seconds)
    return {
        "threads": threads,
        "flops": roof.flops,
        "bandwidth": roof.bandwidth,
        "flops_one_thread": one.flops,
        "bandwidth_one_thread": one.bandwidth,
    }


def layers_of(cell: Cell, seed: int, roof: Roof, repeats: int = 3) -> Dict[str, Any]:
    """Return where the time of a step goes.

    Args:
        cell: what was measured.
        seed: of weights and data.
        roof: the limits of the machine.
        repeats: runs of the step.
    """
    model = make_model(gradmill, cell, seed)
    x, labels = samples_of(cell, seed)
    y = targets_of(cell, labels)
    rows = profile_training(model, x[: cell.batch], y[: cell.batch], repeats)
    layers: List[Dict[str, Any]] = costliest_layers(rows, roof, LAYERS_SHOWN)
    return {
        "layers": layers,
        "step_seconds": sum(row["seconds"] for row in rows),
        "roof_seconds": sum(roof.seconds(row["flops"], row["bytes"]) for row in rows),
    }


def main() -> None:
    """Do the task of the command line."""
    end_with_parent()
    task = json.loads(sys.argv[1])
    if task["threads"]:
        config.set_threads(task["threads"])
    if task["task"] == "roof":
        print_result(**measure_roof(task["seconds"]))
    else:
        print_result(**layers_of(Cell.from_definition(task["cell"]), task["seed"], Roof(*task["roof"])))


if __name__ == "__main__":
    main()
