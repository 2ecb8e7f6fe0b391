"""What a training step will take of the memory, layer by layer, before anything runs."""

import importlib
import os
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

import gradmill
from gradmill.benchmark._engines.cell import Cell
from gradmill.benchmark._engines.data import targets_of
from gradmill.benchmark._engines.keras_engine import compile_model
from gradmill.benchmark._engines.keras_networks import build
from gradmill.benchmark.cells import CELLS, nearest
from gradmill.benchmark.tables import text_table
from gradmill.errors import ArgumentError
from gradmill.models import memory_check
from gradmill.utils.memory import available_memory_bytes, memory_text

# Larger batches are no longer looked for.
_LARGEST_BATCH = 2**16
_LAYERS_SHOWN = 15


class LayerMemory(NamedTuple):
    """What a layer holds in the fullest step.

    Attributes:
        layer: its name; "scratch" for what a kernel needs for itself.
        bytes: values that it made forward or backward.
    """

    layer: str
    bytes: int


class StepMemory(NamedTuple):
    """The memory of a training step.

    Attributes:
        planned_bytes: all of it.
        arena_bytes: values between the first and the last kernel.
        variable_bytes: weights, states of the optimizer, metrics.
        batch_bytes: inputs and targets of a batch and of the next, which is gathered meanwhile.
        fullest_step: number of the kernel call at which the arena holds most.
        kernel_calls: how many there are.
        layers: what holds how much of the arena then, the largest first.
    """

    planned_bytes: int
    arena_bytes: int
    variable_bytes: int
    batch_bytes: int
    fullest_step: int
    kernel_calls: int
    layers: List[LayerMemory]


def live_bytes(buffers: Sequence[Dict[str, Any]], steps: int) -> List[int]:
    """Return how many bytes of the arena are in use at each step.

    Args:
        buffers: of `plan.buffers()`.
        steps: number of kernel calls.

    Example:
        >>> from gradmill.benchmark.memory_plan import live_bytes
        >>> live_bytes([{"first": 0, "last": 1, "bytes": 8}, {"first": 1, "last": 2, "bytes": 4}], steps=3)
        [8, 12, 4]
    """
    changes = [0] * (steps + 1)
    for buffer in buffers:
        if buffer["last"] >= buffer["first"]:
            changes[buffer["first"]] += buffer["bytes"]
            changes[buffer["last"] + 1] -= buffer["bytes"]
    found, total = [], 0
    for change in changes[:steps]:
        total += change
        found.append(total)
    return found


def step_memory(plan: Any) -> StepMemory:
    """Return what a plan takes.

    Args:
        plan: of `model.plan_for`.

    Example:
        >>> import numpy as np, gradmill as gm
        >>> from gradmill.benchmark.memory_plan import step_memory
        >>> model = gm.Sequential([gm.Input((4,)), gm.layers.Dense(2)])
        >>> model.compile("sgd", "mse")
        >>> found = step_memory(model.plan_for(np.ones((8, 4), "float32"), np.ones((8, 2), "float32")))
        >>> found.batch_bytes, found.planned_bytes >= found.variable_bytes + found.batch_bytes
        (384, True)
    """
    buffers, calls = plan.buffers(), plan.kernel_calls
    used = live_bytes(buffers, calls) or [0]
    fullest = max(range(len(used)), key=used.__getitem__)
    holders: Dict[str, int] = {}
    for buffer in buffers:
        if buffer["first"] <= fullest <= buffer["last"]:
            name = "scratch" if buffer["op"] == "scratch" else buffer["layer"] or buffer["op"]
            holders[name] = holders.get(name, 0) + buffer["bytes"]
    layers = sorted((LayerMemory(*each) for each in holders.items()), key=lambda layer: -layer.bytes)
    rest = plan.planned_bytes - plan.arena_bytes - plan.batch_bytes
    return StepMemory(plan.planned_bytes, plan.arena_bytes, rest, plan.batch_bytes, fullest, calls, layers)


class Training(NamedTuple):
    """A compiled model and one sample of what it trains on.

    Attributes:
        name: for a reader.
        model: compiled.
        x: inputs of one sample.
        y: its target.
        batch: the usual batch size.
    """

    name: str
    model: Any
    x: Any
    y: Any
    batch: int


def find_training(name: str, image_size: Optional[int] = None) -> Training:
    """Return the training that a name stands for.

    Args:
        name: of a cell of the benchmark suite, of an application such as "ResNet50" (with its head, Adam and 1,000
            classes), or the path of a compiled model that was saved.
        image_size: height and width of images; default: those of the cell or the application.

    Raises:
        ArgumentError: there is no such thing, or the model is not compiled or has unknown sizes.
        OSError: the file cannot be read.
    """
    if name in CELLS:
        return _of_cell(CELLS[name], image_size)
    if os.path.exists(name):
        return _of_file(name)
    constructors = {each.lower(): each for each in _constructors()}
    if name.lower() in constructors:
        return _of_application(constructors[name.lower()], image_size)
    known = [*CELLS, *constructors.values()]
    raise ArgumentError(
        f"plan: expected the name of a cell, of an application or of a file; received {name!r}{nearest(name, known)}"
    )


def _constructors() -> List[str]:
    """Names of the applications."""
    module = importlib.import_module("gradmill.applications")
    return [name for name in vars(module) if name[0].isupper() and callable(getattr(module, name))]


def _of_cell(cell: Cell, image_size: Optional[int]) -> Training:
    if image_size and len(cell.shape) == 3:
        cell = Cell.from_definition({**cell.definition(), "shape": [image_size, image_size, cell.shape[2]]})
    model = compile_model(gradmill, build(gradmill, cell), cell)
    x = np.zeros((1, *cell.shape), "int32" if cell.vocabulary else "float32")
    return Training(cell.name, model, x, targets_of(cell, np.zeros(1, "int32")), cell.batch)


def _of_application(name: str, image_size: Optional[int]) -> Training:
    constructor = getattr(importlib.import_module("gradmill.applications"), name)
    if name in ("Bert", "DistilBert"):
        model, x = constructor(head="classification", sequence_length=128), np.zeros((1, 128), "int32")
    else:
        shape = {"input_shape": (image_size, image_size, 3)} if image_size else {}
        model = constructor(weights=None, **shape)
        x = np.zeros((1, *model.input_shape[1:]), "float32")
    # What the head returns, probabilities or logits, changes nothing in the memory that counts.
    model.compile("adam", "sparse_categorical_crossentropy")
    return Training(name, model, x, np.zeros(1, "int32"), 32)


def _of_file(path: str) -> Training:
    model = importlib.import_module("gradmill.saving").load_model(path)
    if model.optimizer is None:
        raise ArgumentError(f"plan: {path} holds a model that is not compiled; compile it before it is saved")
    inputs = [_zeros(each.shape, each.dtype, path) for each in model.inputs]
    outputs = [_zeros(each.shape, each.dtype, path) for each in model.outputs]
    classes = "sparse" in str(model.loss).lower()
    y: List[Any] = [each[..., 0].astype("int32") if classes else each for each in outputs]
    name = f"{os.path.basename(path)} ({model.name})"
    return Training(name, model, _one_or_all(inputs), _one_or_all(y), 32)


def _zeros(shape: Sequence[Optional[int]], dtype: str, path: str) -> np.ndarray:
    if None in shape[1:]:
        raise ArgumentError(f"plan: expected a model whose sizes but the batch's are known; {path} has {tuple(shape)}")
    return np.zeros((1, *(size or 1 for size in shape[1:])), dtype)


def _one_or_all(arrays: List[Any]) -> Any:
    return arrays[0] if len(arrays) == 1 else arrays


def plan_lines(training: Training, batch: int, available: Optional[int] = None) -> Tuple[List[str], bool]:
    """Return what `gradmill plan` prints, and whether the batch fits.

    Args:
        training: what is planned.
        batch: samples of a step.
        available: bytes that may be taken beside the variables; default: what the system leaves.
    """
    step, one = training.model.training_step(training.x, training.y)
    plan = memory_check.plan_of_batch(step, one, batch)
    found = step_memory(plan)
    held = sum(layer.bytes for layer in found.layers)
    lines = [
        f"{training.name}, batch {batch}: {memory_text(found.planned_bytes)} for a training step",
        f"  weights, optimizer, metrics      {memory_text(found.variable_bytes)}",
        f"  inputs and targets of two steps  {memory_text(found.batch_bytes)}",
        f"  arena of all values in between   {memory_text(found.arena_bytes)}",
        "",
        f"fullest at kernel call {found.fullest_step} of {found.kernel_calls}, where {memory_text(held)} are held by",
    ]
    shown = [[layer.layer, memory_text(layer.bytes), f"{layer.bytes / held:.0%}"] for layer in found.layers]
    rest = found.layers[_LAYERS_SHOWN:]
    if rest:
        total = sum(layer.bytes for layer in rest)
        shown[_LAYERS_SHOWN:] = [[f"{len(rest)} more", memory_text(total), f"{total / held:.0%}"]]
    lines += text_table(("layer", "memory", "share"), shown, left=1) if shown else []
    available = available_memory_bytes() if available is None else available
    if available is None:
        return [*lines, "", "the system does not tell how much memory is available"], True
    largest = memory_check.largest_batch(step, one, available, _LARGEST_BATCH)
    fits = plan.missing_bytes <= available
    more = " or more" if largest == _LARGEST_BATCH else ""
    best = f"the largest batch that fits is {largest:,}{more}" if largest else "not even a batch of 1 fits"
    said = "fits" if fits else "does NOT fit"
    return [*lines, "", f"a batch of {batch} {said} into {memory_text(available)} of available memory; {best}"], fits
