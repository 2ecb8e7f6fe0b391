"""Training speed and memory of networks for images, GradMill beside its peers.

    python benchmarks/vision.py                                   # this package alone, every workload
    python benchmarks/vision.py --peer-python PATH --engines gradmill,torch,torch-best,tensorflow
    python benchmarks/vision.py --workloads resnet50_b16 --layers # and where the time of a step goes

The workloads are cells of `gradmill bench --suite full`; here they have targets. Epochs over synthetic images in
memory: forward, loss, gradient, update, running loss; the first epoch warms up. Every run is a process of its own;
engines take turns, and the median of the repeats counts. An engine that is not installed in the peers' interpreter, or
that lacks a network, is reported and skipped.

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
import statistics
import sys
from pathlib import Path

import side_by_side

from gradmill.benchmark.cells import CELLS
from gradmill.benchmark.machine import machine_facts
from gradmill.benchmark.roofline import layer_lines
from gradmill.benchmark.suite import Engine, run_cell, run_inside

ENGINES = ("gradmill", *(f"{peer}{end}" for peer in ("torch", "tensorflow", "jax", "mlx") for end in ("", "-best")))
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
SCHEMA = "gradmill-side-by-side/2"
# How many times as fast as the fastest peer GradMill is to be.
TARGETS = {
    "mnist_cnn_full": 2.2,
    "resnet50_b16": 1.7,
    "mobilenetv2_b32": 2.0,
    "cifar_resnet50_b32": 2.5,
    "cifar_resnet50_b128": 2.5,
    "vgg16_b16": 2.5,
    "resnet18_b16": 2.2,
    "alexnet_b16": 1.4,
    "efficientnet_b0_b16": 1.8,
    "squeezenet_b16": 1.7,
    "unet_b16": 2.0,
    "unet_b64": 2.0,
    "cvnet512_b2": 1.7,
    "cvnet512_b4": 1.7,
}
# Of the peak of the leanest peer's process.
MEMORY_TARGET = 0.6


def engine_of(name):
    """The engine that a word such as "torch-best" names."""
    kind, _, setting = name.partition("-")
    return Engine(kind, setting or "default")


def quick(cell):
    """The same with small images, two samples and one step."""
    side = (64, 64) if cell.shape[0] in (128, 224) else cell.shape[:2]
    shape = (*side, *cell.shape[2:]) if cell.data in ("class_images", "masked_images") else cell.shape
    return dataclasses.replace(cell, shape=shape, batch=2, steps=1)


def rows_of(results, cell, roof):
    """One row of figures for each engine."""
    own = results.get("gradmill", [{}])[0]
    rows = []
    for engine, runs in results.items():
        speed, least, greatest = side_by_side.summary(runs)
        step_rate = speed / cell.batch
        rows.append(
            {
                "engine": engine,
                "versions": runs[0]["versions"],
                "samples_per_second": speed,
                "least": least,
                "greatest": greatest,
                "flops": own["step_flops"] * step_rate if own else None,
                "share_of_peak": own["step_flops"] * step_rate / roof["flops"] if own else None,
                "share_carried_out": (
                    own["step_kernel_flops"] * step_rate / roof["flops"] if engine == "gradmill" else None
                ),
                "peak_bytes": side_by_side.summary(runs, "peak_bytes")[0],
                "first_loss": runs[-1]["losses"][0],
                "last_loss": runs[-1]["losses"][-1],
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
    parts = {key: run[key] for key in ("planned_bytes", "start_bytes", "data_bytes")}
    rest = peak - sum(parts.values())
    return {**parts, "peak_bytes": peak, "rest_bytes": rest, "rest_of_plan": rest / run["planned_bytes"]}


def megabytes(count):
    return f"{count / 1e6:,.0f} MB"


def print_report(result):
    """One workload for a reader."""
    precision = result["cell"].get("precision", "float32")
    print(f"\n{result['workload']}, batch {result['cell']['batch']}, {precision}")
    for row in result["rows"]:
        rate = ""
        if row["flops"] is not None:
            rate = f"{row['flops'] / 1e9:7.1f} GFLOP/s, {row['share_of_peak']:4.0%} of the peak"
        if row["share_carried_out"] is not None:
            rate += f" ({row['share_carried_out']:.0%} carried out)"
        print(
            f"  {row['engine']:16} {row['samples_per_second']:9,.2f} samples/s "
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
        print(*(f"  {line}" for line in layer_lines(layers["layers"])), sep="\n")
    sys.stdout.flush()


def measure(name, target, engines, arguments, roof):
    """Everything about one workload."""
    asked = {field: getattr(arguments, field) for field in ("batch", "steps", "epochs", "precision")}
    cell = quick(CELLS[name]) if arguments.quick else CELLS[name]
    cell = dataclasses.replace(cell, **{field: value for field, value in asked.items() if value is not None})

    def run(engine):
        settings = (arguments.peer_python, arguments.threads or 0, bool(arguments.threads), 0, arguments.limit)
        result = run_cell(cell, engine_of(engine), *settings)
        if "error" not in result:
            result["samples_per_second"] = cell.samples / statistics.median(result["epoch_seconds"])
        return result

    results = side_by_side.take_turns(engines, arguments.repeats, run)
    rows = rows_of(results, cell, roof)
    layers = None
    if arguments.layers:
        task = {"task": "layers", "threads": arguments.threads or 0, "seed": 0, "cell": cell.definition()}
        layers = run_inside(arguments.limit, roof=[roof["flops"], roof["bandwidth"]], **task)
    if layers and "error" in layers:
        print(f"layers of {name}: {layers['error']}", file=sys.stderr)
        layers = None
    return {
        "workload": name,
        "cell": cell.definition(),
        "rows": rows,
        "comparison": compare(rows, target),
        "memory": memory_of(results["gradmill"]) if "gradmill" in results else None,
        "layers": layers,
        "runs": results,
    }


def write_json(path, content):
    """Write a file whole or not at all."""
    part = Path(f"{path}.part")
    part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    os.replace(part, path)


def main(text, targets, engines=ENGINES):
    """Measure what the command line asks for.

    `text` is for `--help`, `targets` has the names of cells.
    """
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    side_by_side.add_options(parser, engines, "gradmill")
    parser.add_argument("--workloads", default=",".join(targets), help="comma-separated (default: %(default)s)")
    parser.add_argument("--batch", type=int, help="samples of a step (default: the workload's)")
    parser.add_argument("--steps", type=int, help="steps of an epoch (default: the workload's)")
    parser.add_argument("--epochs", type=int, help="timed epochs of a run (default: the workload's)")
    parser.add_argument(
        "--precision", default="float32", choices=PRECISIONS, help="what layers compute in (default %(default)s)"
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
    engines = side_by_side.chosen(parser, arguments.engines, engines, "engine")
    names = side_by_side.chosen(parser, arguments.workloads, targets, "workload")
    roof = run_inside(task="roof", threads=arguments.threads or 0, seconds=0.02 if arguments.quick else 0.5)
    if "error" in roof:
        sys.exit(f"{parser.prog}: the machine was not measured: {roof['error']}")
    machine = machine_facts()
    print(
        f"{machine['cpu']}, {roof['threads']} threads: peak {roof['flops'] / 1e9:.1f} GFLOP/s, "
        f"{roof['bandwidth'] / 1e9:.1f} GB/s",
        flush=True,
    )
    done = []
    for name in names:
        done.append(measure(name, targets[name], engines, arguments, roof))
        print_report(done[-1])
        if arguments.json:
            write_json(arguments.json, {"schema": SCHEMA, "machine": machine, "roof": roof, "workloads": done})


if __name__ == "__main__":
    main(__doc__, TARGETS)
