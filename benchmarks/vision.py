"""Training speed and memory of networks for images, GradMill beside its peers.

    python benchmarks/vision.py                                   # this package alone, every workload
    python benchmarks/vision.py --peer-python PATH --engines gradmill,torch,torch-best,keras-tensorflow
    python benchmarks/vision.py --workloads resnet50_224 --layers # and where the time of a step goes

Epochs over synthetic images in memory: forward, loss, gradient, update, running loss; the first epoch warms up. Every
run is a process of its own; engines take turns, and the median of the repeats counts. An engine that is not installed
in the peers' interpreter, or whose applications lack a network, is reported and skipped.

`...-best` is an engine with settings that make it faster than it is by default: the C library keeps freed memory, and
PyTorch has its fused optimizer and, where that pays, images with channels last.

GFLOP/s count two operations for each multiply-add of products and convolutions by the direct method, as GradMill's plan
has them; "carried out" leaves out what Winograd's method saves. The peak of the machine is a loop of fused
multiply-adds on all threads. A peak of memory is that of the whole process.
"""

import argparse
import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Any, Dict, Tuple

import side_by_side
from vision_workloads import MEMORY_TARGET, WORKLOADS

ENGINES = (
    *("gradmill", "torch", "torch-best", "keras-jax", "keras-jax-best"),
    *("keras-tensorflow", "keras-tensorflow-best", "keras-torch", "keras-torch-best"),
)
SCHEMA = "gradmill-side-by-side/1"


@dataclasses.dataclass(frozen=True)
class Suite:
    """What is compared: a text for `--help`, names of engines, workloads by name, and the program of one run."""

    text: str
    engines: Tuple[str, ...]
    workloads: Dict[str, Any]
    runner: Path


def ask(suite, engine, arguments, **task):
    """The answer of one run in a process of its own."""
    task = {"engine": engine, "threads": arguments.threads, "quick": arguments.quick, **task}
    python = sys.executable if engine == "roof" else side_by_side.python_of(engine, arguments)
    environment = side_by_side.KEEP_FREED_MEMORY if engine.endswith("-best") else None
    return side_by_side.run_once([python, str(suite.runner), json.dumps(task)], environment, arguments.limit)


def rows_of(results, batch, roof):
    """One row of figures for each engine."""
    own = results.get("gradmill", [{}])[0]
    rows = []
    for engine, runs in results.items():
        speed, least, greatest = side_by_side.summary(runs)
        step_rate = speed / batch
        rows.append(
            {
                "engine": engine,
                "version": runs[0]["version"],
                "samples_per_second": speed,
                "least": least,
                "greatest": greatest,
                "flops": own["flops"] * step_rate if own else None,
                "share_of_peak": own["flops"] * step_rate / roof["flops"] if own else None,
                "share_carried_out": own["kernel_flops"] * step_rate / roof["flops"] if engine == "gradmill" else None,
                "peak_bytes": side_by_side.summary(runs, "peak_bytes")[0],
                "first_loss": runs[-1]["first_loss"],
                "last_loss": runs[-1]["last_loss"],
            }
        )
    return rows


def compare(rows, target):
    """Speed beside the fastest peer and memory beside the leanest one; None without peers."""
    own = next((row for row in rows if row["engine"] == "gradmill"), None)
    peers = [row for row in rows if row["engine"] != "gradmill"]
    if own is None or not peers:
        return None
    fastest = max(peers, key=lambda row: row["samples_per_second"])
    leanest = min(peers, key=lambda row: row["peak_bytes"])
    return {
        "fastest_peer": fastest["engine"],
        "speed_ratio": own["samples_per_second"] / fastest["samples_per_second"],
        "speed_target": target,
        "leanest_peer": leanest["engine"],
        "memory_ratio": own["peak_bytes"] / leanest["peak_bytes"],
        "memory_target": MEMORY_TARGET,
    }


def memory_of(runs):
    """What the peak of GradMill's process is made of."""
    run = runs[0]
    peak = side_by_side.summary(runs, "peak_bytes")[0]
    known = run["planned_bytes"] + run["start_bytes"] + run["data_bytes"]
    parts = {key: run[key] for key in ("planned_bytes", "start_bytes", "data_bytes")}
    return {
        **parts,
        "peak_bytes": peak,
        "rest_bytes": peak - known,
        "rest_of_plan": (peak - known) / run["planned_bytes"],
    }


def megabytes(count):
    return f"{count / 1e6:,.0f} MB"


def print_report(result):
    """One workload for a reader."""
    print(f"\n{result['workload']}, batch {result['batch']}")
    for row in result["rows"]:
        rate = ""
        if row["flops"] is not None:
            rate = f"{row['flops'] / 1e9:7.1f} GFLOP/s, {row['share_of_peak']:4.0%} of the peak"
        if row["share_carried_out"] is not None:
            rate += f" ({row['share_carried_out']:.0%} carried out)"
        print(
            f"  {row['engine']:22} {row['samples_per_second']:9,.2f} samples/s "
            f"({row['least']:,.2f} to {row['greatest']:,.2f}) {rate}, peak {megabytes(row['peak_bytes'])}, "
            f"loss {row['first_loss']:.4f} -> {row['last_loss']:.4f}"
        )
    ratios = result["comparison"]
    if ratios:
        fast = "reached" if ratios["speed_ratio"] >= ratios["speed_target"] else "missed"
        lean = "reached" if ratios["memory_ratio"] <= ratios["memory_target"] else "missed"
        print(
            f"  gradmill is {ratios['speed_ratio']:.2f} times as fast as {ratios['fastest_peer']} (target "
            f"{ratios['speed_target']:g}: {fast}) and takes {ratios['memory_ratio']:.2f} of the memory of "
            f"{ratios['leanest_peer']} (target {ratios['memory_target']:g}: {lean})"
        )
    memory = result["memory"]
    if memory:
        plan, start, data, rest = (megabytes(memory[f"{part}_bytes"]) for part in ("planned", "start", "data", "rest"))
        print(
            f"  gradmill's memory: plan {plan} + {start} at the start + {data} of samples and labels + {rest} "
            f"({memory['rest_of_plan']:.1%} of the plan)"
        )
    if result["layers"]:
        layers = result["layers"]
        print(
            f"\n  {layers['step_seconds'] * 1e3:.1f} ms a step, {layers['roof_seconds'] * 1e3:.1f} at the roof; "
            "ms, and in brackets those at the roof:\n"
        )
        print(*(f"  {line}" for line in layers["table"]), sep="\n")
    sys.stdout.flush()


def measure(suite, name, engines, arguments, roof):
    """Everything about one workload."""
    asked = {"batch": arguments.batch, "steps": arguments.steps}
    changes = {field: value for field, value in asked.items() if value is not None}
    workload = dataclasses.replace(suite.workloads[name], **changes)
    if arguments.quick:
        workload = workload.quick()
    task = {"workload": name, "changes": changes}
    results = side_by_side.take_turns(
        engines, arguments.repeats, lambda engine: ask(suite, engine, arguments, epochs=arguments.epochs, **task)
    )
    rows = rows_of(results, workload.batch, roof)
    layers = ask(suite, "gradmill", arguments, roof=roof, **task) if arguments.layers else None
    if layers and "error" in layers:
        print(f"layers of {name}: {layers['error']}", file=sys.stderr)
        layers = None
    return {
        "workload": name,
        **dataclasses.asdict(workload),
        "epochs": arguments.epochs,
        "rows": rows,
        "comparison": compare(rows, workload.target),
        "memory": memory_of(results["gradmill"]) if "gradmill" in results else None,
        "layers": layers,
        "runs": results,
    }


def write_json(path, content):
    """Write a file whole or not at all."""
    part = Path(f"{path}.part")
    part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    os.replace(part, path)


def main(suite):
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=suite.text, formatter_class=argparse.RawDescriptionHelpFormatter)
    side_by_side.add_options(parser, suite.engines, "gradmill")
    parser.add_argument("--workloads", default=",".join(suite.workloads), help="comma-separated (default: %(default)s)")
    parser.add_argument("--batch", type=int, help="samples of a step (default: the workload's)")
    parser.add_argument("--steps", type=int, help="steps of an epoch (default: the workload's)")
    parser.add_argument(
        "--epochs", type=int, default=3, help="epochs of a run; the first warms up (default %(default)s)"
    )
    parser.add_argument("--threads", type=int, help="cores to use (default: all)")
    parser.add_argument("--limit", type=float, default=1800, help="seconds a run may take (default %(default)s)")
    parser.add_argument("--layers", action="store_true", help="time the ten costliest layers of GradMill's step")
    parser.add_argument("--quick", action="store_true", help="small samples, two of them, one step: does it work?")
    parser.add_argument("--json", metavar="FILE", help="write all figures, too; after each workload")
    arguments = parser.parse_args()
    for option in ("batch", "steps", "epochs", "threads", "repeats"):
        if getattr(arguments, option) is not None and getattr(arguments, option) < 1:
            parser.error(f"--{option}: expected a positive number; received {getattr(arguments, option)}")
    engines = side_by_side.chosen(parser, arguments.engines, suite.engines, "engine")
    names = side_by_side.chosen(parser, arguments.workloads, suite.workloads, "workload")
    roof = ask(suite, "roof", arguments)
    if "error" in roof:
        sys.exit(f"{parser.prog}: the machine was not measured: {roof['error']}")
    print(
        f"{roof['machine']['cpu']}, {roof['machine']['threads']} threads: peak {roof['flops'] / 1e9:.1f} GFLOP/s, "
        f"{roof['bandwidth'] / 1e9:.1f} GB/s",
        flush=True,
    )
    done = []
    for name in names:
        done.append(measure(suite, name, engines, arguments, roof))
        print_report(done[-1])
        if arguments.json:
            write_json(arguments.json, {"schema": SCHEMA, "machine": roof["machine"], "roof": roof, "workloads": done})


if __name__ == "__main__":
    main(Suite(__doc__, ENGINES, WORKLOADS, Path(__file__).with_name("vision_run.py")))
