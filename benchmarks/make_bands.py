"""Find out what the losses of a cell must be, and write it to the package's `bands.json`.

    python benchmarks/make_bands.py --peer-python PATH --cells lstm,gru --engines torch-best,jax --seeds 0,1,2

Engines other than GradMill train the cell from several seeds; a band goes from the least to the greatest of their
losses of an epoch, widened on both sides by half of its width (all of it for fewer than five runs, which know little of
the spread) and a little for rounding. The epochs 1, 2, 4, 8, ... and the last have a band each: a job that goes on for
longer than `--epochs` is judged by the latest that it passes. GradMill's own runs have no part in it.
"""

import argparse
import dataclasses
import json
import math
import os
import sys
from pathlib import Path

import side_by_side
from vision import ENGINES, engine_of

from gradmill.benchmark.cells import CELLS, scaled
from gradmill.benchmark.suite import run_cell

BANDS = Path(__file__).resolve().parents[1] / "python" / "gradmill" / "benchmark" / "bands.json"
# Rounding, and what dropout draws, differ from engine to engine: a part of the loss, and something near zero.
WIDENED_BY, AT_LEAST = 0.03, 0.01
ENOUGH_RUNS = 5


def widened(losses):
    """Ends of the band around last losses."""
    low, high = min(losses), max(losses)
    margin = (high - low) * (0.5 if len(losses) >= ENOUGH_RUNS else 1.0) + WIDENED_BY * high + AT_LEAST
    return round(max(0.0, low - margin), 4), round(high + margin, 4)


def losses_of(cell, engines, seeds, arguments):
    """What the epochs of all runs ended with, and the versions that were run: (losses of a run, ...), {name: text}."""
    runs, versions = [], {}
    for engine in engines:
        for seed in seeds:
            settings = {name: getattr(arguments, name) for name in ("threads", "limit", "parts")}
            result = run_cell(cell, engine_of(engine), arguments.peer_python, seed=seed, **settings)
            if "error" in result:
                print(f"{cell.name} {engine}: no result: {result['error']}", file=sys.stderr, flush=True)
                break
            runs.append(result["losses"])
            versions.update(result["versions"])
            print(f"{cell.name} {engine} seed {seed}: {result['losses'][-1]:.4f}", flush=True)
    return runs, versions


def bands_of(cell, runs, versions):
    """Rows of the file, for the epochs that get one and in which every loss is a number."""
    last = cell.warm_up + cell.epochs
    epochs = [2**i for i in range(last.bit_length()) if 2**i < last] + [last]
    rows = []
    for epoch in epochs:
        losses = [run[epoch - 1] for run in runs]
        if losses and all(map(math.isfinite, losses)):
            low, high = widened(losses)
            names = ", ".join(f"{name} {text}" for name, text in sorted(versions.items()))
            rows.append({"steps": cell.steps, "batch": cell.batch, "epoch": epoch, "low": low, "high": high})
            rows[-1]["source"] = f"{len(losses)} runs of {names}"
    return rows


def store(name, rows):
    """Put rows of a cell into the file, in the place of those for the same job."""
    content = json.loads(BANDS.read_text(encoding="utf-8"))

    def job(row):
        return row["batch"], row["steps"], row["epoch"]

    kept = {job(row): row for row in [*content["bands"].get(name, []), *rows]}
    content["bands"][name] = [kept[key] for key in sorted(kept)]
    part = BANDS.with_suffix(".part")
    part.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(part, BANDS)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    side_by_side.add_options(parser, ENGINES, "torch-best")
    parser.add_argument("--cells", required=True, help="comma-separated")
    parser.add_argument("--seeds", default="0,1,2", help="comma-separated (default %(default)s)")
    parser.add_argument("--scale", type=float, default=1.0, help="part of the cell's work (default %(default)s)")
    parser.add_argument("--epochs", type=int, help="of a run, warm-up and all (default: the cell's)")
    parser.add_argument("--threads", type=int, default=0, help="threads of the engines (default: their own choice)")
    parser.add_argument("--parts", type=int, default=1, help="of a batch that memory cannot hold (default %(default)s)")
    parser.add_argument("--limit", type=float, default=900, help="seconds a run may take (default %(default)s)")
    arguments = parser.parse_args()
    engines = side_by_side.chosen(parser, arguments.engines, ENGINES, "engine")
    seeds = [int(word) for word in arguments.seeds.split(",")]
    for name in side_by_side.chosen(parser, arguments.cells, CELLS, "cell"):
        cell = scaled(CELLS[name], arguments.scale)
        if arguments.epochs:
            cell = dataclasses.replace(cell, warm_up=0, epochs=arguments.epochs)
        rows = bands_of(cell, *losses_of(cell, engines, seeds, arguments))
        if rows:
            store(name, rows)


if __name__ == "__main__":
    main()
