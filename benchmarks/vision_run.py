"""One run of one engine for `vision.py`, in the interpreter of that engine: `vision_run.py JSON`, a line as answer.

The engine "roof" measures the machine, the task "layers" profiles GradMill's plan instead of training.
"""

import dataclasses
import importlib
import json
import statistics
import sys
from typing import Callable

import engines
import keras_networks
import numpy as np
import side_by_side
from vision_workloads import WORKLOADS


def keras_model(keras, workload):
    """A compiled model; `keras` is GradMill or Keras."""
    model = keras_networks.build(keras, workload.network, workload.shape, workload.classes)
    optimizer = keras.optimizers.SGD(0.01) if workload.optimizer == "sgd" else keras.optimizers.Adam(0.001)
    if workload.loss == "one-hot":
        loss = keras.losses.CategoricalCrossentropy()
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=workload.loss == "logits")
    model.compile(optimizer, loss)
    return model


def keras_data(workload):
    images, labels = engines.class_images(workload.batch * workload.steps, workload.shape, workload.classes)
    return images, np.eye(workload.classes, dtype="float32")[labels] if workload.loss == "one-hot" else labels


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How the workloads of a comparison run: functions of a workload.

    Attributes:
        make_model: of GradMill or Keras and the workload: a compiled model.
        make_data: samples and labels.
        run_torch: of PyTorch, the workload, epochs, and whether to run at its best: times and losses of the epochs.
    """

    make_model: Callable
    make_data: Callable
    run_torch: Callable


def run_torch(torch, workload, epochs, best):
    """A plain loop; at its best with the fused optimizer and the layout that suits the network."""
    images, labels = engines.class_images(workload.batch * workload.steps, workload.shape, workload.classes)
    layout = torch.channels_last if best and workload.channels_last else torch.contiguous_format
    networks = importlib.import_module("torch_networks")
    torch.manual_seed(0)
    model = networks.build(workload.network, workload.shape, workload.classes).train().to(memory_format=layout)
    images = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))).contiguous(memory_format=layout)
    kind, rate = (torch.optim.SGD, 0.01) if workload.optimizer == "sgd" else (torch.optim.Adam, 0.001)
    optimizer = kind(model.parameters(), lr=rate, fused=best or None)
    labels = torch.from_numpy(labels).long()
    return engines.torch_epochs(torch, model, optimizer, images, labels, workload.batch, epochs, shuffle=False)


def measure_machine(threads, quick):
    benchmark = importlib.import_module("gradmill.benchmark")
    engines.load("gradmill", threads)
    roof = benchmark.machine_roof(seconds=0.02 if quick else 0.5)
    side_by_side.print_result(flops=roof.flops, bandwidth=roof.bandwidth, machine=benchmark.machine_facts())


def profile_layers(recipe, workload, threads, roof, count=10):
    """The costliest layers of GradMill's step."""
    gradmill, _ = engines.load("gradmill", threads)
    benchmark = importlib.import_module("gradmill.benchmark")
    model = recipe.make_model(gradmill, workload)
    samples, labels = recipe.make_data(dataclasses.replace(workload, steps=1))
    rows = benchmark.profile_training(model, samples, labels, repeats=3)
    limits = benchmark.Roof(roof["flops"], roof["bandwidth"])
    layers = benchmark.costliest_layers(rows, limits, count)
    side_by_side.print_result(
        layers=layers,
        table=benchmark.roofline.layer_lines(layers),
        step_seconds=sum(row["seconds"] for row in rows),
        roof_seconds=sum(limits.seconds(row["flops"], row["bytes"]) for row in rows),
    )


def train(recipe, engine, workload, epochs, threads):
    module, version = engines.load(engine, threads)
    facts = {}
    if engine.startswith("torch"):
        times, losses = recipe.run_torch(module, workload, epochs, best=engine == "torch-best")
    elif engine == "gradmill":
        times, losses, facts = engines.fit_and_plan(
            module,
            lambda: recipe.make_model(module, workload),
            lambda: recipe.make_data(workload),
            workload.batch,
            epochs,
        )
    else:
        samples, labels = recipe.make_data(workload)
        model = recipe.make_model(module, workload)
        times, losses = engines.fit_epochs(module, model, samples, labels, workload.batch, epochs, shuffle=False)
    side_by_side.print_result(
        engine=engine,
        version=version,
        samples_per_second=workload.batch * workload.steps / statistics.median(times[1:] or times),
        epoch_seconds=times,
        first_loss=losses[0],
        last_loss=losses[-1],
        **facts,
    )


def main(workloads, recipe):
    """Do the task of the command line."""
    task = json.loads(sys.argv[1])
    if task["engine"] == "roof":
        measure_machine(task["threads"], task["quick"])
        return
    workload = dataclasses.replace(workloads[task["workload"]], **task["changes"])
    if task["quick"]:
        workload = workload.quick()
    if task.get("roof"):
        profile_layers(recipe, workload, task["threads"], task["roof"])
    else:
        train(recipe, task["engine"], workload, task["epochs"], task["threads"])


if __name__ == "__main__":
    main(WORKLOADS, Recipe(keras_model, keras_data, run_torch))
