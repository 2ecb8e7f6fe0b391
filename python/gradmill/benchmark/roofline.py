"""What this machine can do at most, what the steps of a plan do, and how near they come."""

import time
from typing import Any, Dict, List, NamedTuple, Tuple

import numpy as np

from gradmill import _core, ops, tracing
from gradmill.utils import structure
from gradmill.variable import Variable

# The roles of a step of a plan, in the order of a training step.
ROLES = ("forward", "input gradient", "kernel gradient", "gradient")
# Larger than last-level caches.
_ARRAY_BYTES = 2**26


class Roof(NamedTuple):
    """The limits of a machine.

    Attributes:
        flops: operations in float32 a second in a loop of nothing but fused multiply-adds, each of them two.
        bandwidth: bytes a second between memory and cores, adding two arrays into a third.

    Example:
        >>> from gradmill.benchmark import Roof
        >>> Roof(flops=200e9, bandwidth=30e9).seconds(flops=4e9, moved=3e9)
        0.1
    """

    flops: float
    bandwidth: float

    def seconds(self, flops: float, moved: float) -> float:
        """Return the least time in which a step can do `flops` operations and move `moved` bytes."""
        return max(flops / self.flops, moved / self.bandwidth)


def machine_roof(seconds: float = 0.5) -> Roof:
    """Measure what all threads in use reach together.

    Args:
        seconds: time to spend on each of the two figures; the best of many short runs counts.

    Returns:
        Roof: the limits.

    Example:
        >>> import gradmill.benchmark
        >>> gradmill.benchmark.machine_roof(seconds=0.01).flops > 0
        True
    """
    flops = 2 * _core.peak_multiply_adds(seconds)
    elements = _ARRAY_BYTES // 4
    total = Variable(np.zeros(elements, "float32"))
    add = tracing.function(lambda x, y: total.assign(x + y))
    x, y = ops.ones(elements), ops.ones(elements)
    plan = add.plan_for(x, y)
    times: List[float] = []
    start = time.perf_counter()
    # The first runs meet fresh memory.
    while len(times) < 3 or time.perf_counter() - start < seconds:
        times.append(plan.profile([x, y], 1)[0]["seconds"])
    return Roof(flops, 3 * _ARRAY_BYTES / min(times))


def profile_training(model: Any, x: Any, y: Any, repeats: int = 5) -> List[Dict[str, Any]]:
    """Time each step of a model's training plan on one batch; nothing is learned.

    Args:
        model: a compiled model.
        x: inputs of a batch.
        y: targets of the batch.
        repeats: runs of which the mean is taken, after one that warms up.

    Returns:
        list of the rows of `plan.profile`.
    """
    plan = model.plan_for(x, y)
    arrays = structure.flatten((x, y))
    tensors = [ops.convert_to_tensor(array, dtype=dtype) for array, (_, dtype) in zip(arrays, plan.inputs)]
    plan.profile(tensors, 1)
    return plan.profile(tensors, repeats)


def flops_of(plan: Any) -> Tuple[float, float]:
    """Return the operations of a plan's products and convolutions: by the direct method, and as they are carried out.

    Fewer are carried out where a kernel has a shorter method, such as Winograd's, and where nobody reads a result.

    Args:
        plan: of `model.plan_for`, or of `plan_for` of a `gm.function`.

    Example:
        >>> import numpy as np, gradmill as gm
        >>> from gradmill.benchmark import flops_of
        >>> plan = gm.function(gm.ops.matmul).plan_for(np.ones((2, 3), "float32"), np.ones((3, 4), "float32"))
        >>> flops_of(plan)
        (48.0, 48.0)
    """
    return plan.flops, sum(row["kernel_flops"] for row in plan.costs())


def costliest_layers(rows: List[Dict[str, Any]], roof: Roof, count: int = 10) -> List[Dict[str, Any]]:
    """Sum up a profile by layer.

    Args:
        rows: of `profile_training`.
        roof: the limits of this machine.
        count: number of layers to return.

    Returns:
        list of dicts, the costliest first: `layer`, `seconds` of all its steps, and for each role of its products
        (`"forward"`, `"input gradient"`, `"kernel gradient"`) and for the rest of its way back (`"gradient"`) a dict
        with `seconds`, `roof_seconds` and `kernels`.

    Example:
        >>> from gradmill.benchmark import Roof, costliest_layers
        >>> row = {"layer": "dense", "role": "forward", "kernel": "packed", "seconds": 2e-3, "flops": 1e6, "bytes": 4e6}
        >>> costliest_layers([row], Roof(1e9, 1e10))[0]["forward"]["roof_seconds"]
        0.001
    """
    layers: Dict[str, Dict[str, Any]] = {}
    for row in rows:
        if not row["layer"]:
            continue
        layer = layers.setdefault(row["layer"], {"layer": row["layer"], "seconds": 0.0})
        layer["seconds"] += row["seconds"]
        part = layer.setdefault(row["role"], {"seconds": 0.0, "roof_seconds": 0.0, "kernels": []})
        part["seconds"] += row["seconds"]
        part["roof_seconds"] += roof.seconds(row["flops"], row["bytes"])
        if row["kernel"] not in part["kernels"]:
            part["kernels"].append(row["kernel"])
    return sorted(layers.values(), key=lambda layer: -layer["seconds"])[:count]


def layer_lines(layers: List[Dict[str, Any]]) -> List[str]:
    """Return the lines of a table of what `costliest_layers` found: milliseconds, and in brackets those of the roof.

    Args:
        layers: what to show.

    Example:
        >>> from gradmill.benchmark.roofline import layer_lines
        >>> part = {"seconds": 2e-3, "roof_seconds": 1e-3, "kernels": ["packed"]}
        >>> print(*layer_lines([{"layer": "dense", "seconds": 2e-3, "forward": part}]), sep=chr(10))
        | layer | all | forward | input gradient | kernel gradient | gradient |
        |---|---:|---:|---:|---:|---:|
        | dense | 2.0 | 2.0 (1.0) packed |  |  |  |
    """
    lines = ["| layer | all | " + " | ".join(ROLES) + " |", "|---|---:|" + "---:|" * len(ROLES)]
    for layer in layers:
        cells = [layer["layer"], f"{layer['seconds'] * 1e3:.1f}"]
        for role in ROLES:
            part = layer.get(role)
            if part is None:
                cells.append("")
            else:
                times = f"{part['seconds'] * 1e3:.1f} ({part['roof_seconds'] * 1e3:.1f})"
                cells.append(f"{times} {', '.join(part['kernels'])}")
        lines.append("| " + " | ".join(cells) + " |")
    return lines
