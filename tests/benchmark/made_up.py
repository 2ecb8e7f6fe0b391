"""Lines of results that nobody has measured."""

import dataclasses
import json

from gradmill.benchmark.cells import CELLS
from gradmill.benchmark.results import SCHEMA

CELL = CELLS["tiny_mlp"]
ENVIRONMENT = {
    **{"cpu": "Some CPU", "cores": 4, "threads": 4, "memory_bytes": 2**33, "system": "Linux"},
    **{"instruction_set": "avx2"},
    **{"flags": ["avx2"], "variables": {"OMP_NUM_THREADS": "4"}, "governor": None},
}
ROOF = {
    **{"threads": 4, "flops": 100e9, "bandwidth": 20e9, "flops_one_thread": 30e9, "bandwidth_one_thread": 10e9},
}


def session(**changes):
    line = {"session": "s1", "time": "2020-01-01T00:00:00+0000", "suite": "tiny", "tag": "made-up", "options": {}}
    return {"kind": "session", **line, "cells": ["tiny_mlp", "tiny_cnn"], "environment": ENVIRONMENT, **changes}


def run(rate=1000.0, engine="gradmill", setting="default", number=0, cell=CELL, loss=0.2, **changes):
    """A run of three epochs at about `rate` samples per second."""
    seconds = cell.samples / rate
    line = {
        "kind": "run",
        "session": "s1",
        "round": number,
        "time": "2020-01-01T00:00:01+0000",
        "cell": cell.name,
        "engine": engine,
        "setting": setting,
        "definition": cell.definition(),
        "load": {"average": 0.1, "others": 0.01, "stolen": 0.0, "marked": False},
        "samples": cell.samples,
        "warm_up_seconds": [2 * seconds],
        "epoch_seconds": [0.9 * seconds, seconds, 1.2 * seconds],
        "losses": [2.3, 1.0, 0.5, loss],
        "first_loss": 2.5,
        "peak_bytes": 60_000_000,
        "energy": {"joules": None, "reason": "no counters"},
        "processor_seconds": 1.0,
        "wall": 1.0,
        "versions": {engine: "1.0"},
    }
    if engine == "gradmill":
        line.update(planned_bytes=10_000_000, step_flops=4e6, step_kernel_flops=2e6, step_bytes=1e6)
    return {**line, **changes}


def layers(cell=CELL):
    part = {"seconds": 2e-3, "roof_seconds": 1e-3, "kernels": ["packed"]}
    row = {"layer": "sequential/dense", "seconds": 4e-3, "forward": part, "kernel gradient": part}
    figures = {"layers": [row], "step_seconds": 4e-3, "roof_seconds": 2e-3}
    return {"kind": "layers", "session": "s1", "cell": cell.name, "definition": cell.definition(), **figures}


def write(path, *lines, end=True):
    """Write lines to a file and return its path."""
    rows = [*lines, {"kind": "end", "session": "s1", "seconds": 9.0}] if end else lines
    path.write_text("".join(json.dumps({"schema": SCHEMA, **row}) + "\n" for row in rows))
    return path


def other_cell(**changes):
    return dataclasses.replace(CELL, **changes)
