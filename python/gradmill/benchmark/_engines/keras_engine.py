"""A cell on GradMill or on Keras with one of its backends."""

import importlib
import os
from typing import Any, Dict, List

import numpy as np

from . import keras_networks
from .cell import NESTEROV_MOMENTUM, Cell
from .clock import Clock
from .data import samples_of, targets_of
from .processes import peak_memory_bytes
from .weights import first_values

# Where XLA made Keras on TensorFlow faster on a processor with AVX2; elsewhere it made it slower or no difference.
XLA_PAYS = ("fashion_mlp", "lstm", "gru", "bilstm")


def load(kind: str, threads: int) -> Any:
    """Import an engine and return its module of Keras's names.

    Args:
        kind: "gradmill", or Keras's backend.
        threads: how many it may use, 0 for its own choice.
    """
    if kind == "gradmill":
        gradmill = importlib.import_module("gradmill")
        if threads:
            gradmill.config.set_threads(threads)
        return gradmill
    os.environ["KERAS_BACKEND"] = kind
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if kind == "tensorflow" and threads:
        settings = importlib.import_module("tensorflow").config.threading
        settings.set_intra_op_parallelism_threads(threads)
        settings.set_inter_op_parallelism_threads(threads)
    if kind == "torch" and threads:
        importlib.import_module("torch").set_num_threads(threads)
    return importlib.import_module("keras")


def versions(keras: Any, kind: str) -> Dict[str, str]:
    """Return the versions of what takes part."""
    if kind == "gradmill":
        return {"gradmill": keras.__version__}
    return {"keras": keras.__version__, kind: importlib.import_module(kind).__version__}


def make_model(keras: Any, cell: Cell, seed: int, **options: Any) -> Any:
    """Return the compiled network with its first weights.

    Args:
        keras: GradMill or Keras.
        cell: what is measured.
        seed: of weights and dropout.
        options: further arguments of `compile`.
    """
    keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy(cell.precision)
    model = keras_networks.build(keras, cell)
    names = [weight.name.rpartition("/")[2] for weight in model.weights]
    model.set_weights(first_values(list(zip(names, model.get_weights())), seed))
    return compile_model(keras, model, cell, **options)


def compile_model(keras: Any, model: Any, cell: Cell, **options: Any) -> Any:
    """Compile a network as its cell says, and return it.

    Args:
        keras: GradMill or Keras.
        model: the network.
        cell: what is measured.
        options: further arguments of `compile`.
    """
    optimizers, losses = keras.optimizers, keras.losses
    if cell.optimizer == "adam":
        optimizer = optimizers.Adam(cell.rate)
    elif cell.optimizer == "nesterov":
        optimizer = optimizers.SGD(cell.rate, momentum=NESTEROV_MOMENTUM, nesterov=True)
    else:
        optimizer = optimizers.SGD(cell.rate)
    if cell.loss == "overlap":
        loss = keras_networks.cvnet512.objectives(keras)[0]
    elif cell.loss == "one-hot":
        loss = losses.CategoricalCrossentropy()
    else:
        loss = losses.SparseCategoricalCrossentropy(from_logits=cell.loss == "logits")
    model.compile(optimizer=optimizer, loss=loss, **options)
    return model


def first_loss(model: Any, x: np.ndarray, y: np.ndarray, batch: int) -> float:
    """Return the loss of the first batch before training, without dropout: it is the same for all engines."""
    return float(model.evaluate(x[:batch], y[:batch], batch_size=batch, verbose=0))


def fit(keras: Any, model: Any, cell: Cell, x: np.ndarray, y: np.ndarray, clock: Clock) -> None:
    """Train all epochs of a cell."""

    class Times(keras.callbacks.Callback):  # type: ignore[name-defined, misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            clock.begin()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            clock.end(logs["loss"])

    epochs = cell.warm_up + cell.epochs
    model.fit(x, y, batch_size=cell.batch, epochs=epochs, shuffle=False, verbose=0, callbacks=[Times()])


def plan_facts(gradmill: Any, model: Any, x: np.ndarray, y: np.ndarray) -> Dict[str, Any]:
    """Return what GradMill's plan of a step says: memory, operations, bytes."""
    plan = model.plan_for(x, y)
    flops, kernel_flops = importlib.import_module("gradmill.benchmark").flops_of(plan)
    return {
        "planned_bytes": plan.planned_bytes,
        "step_flops": flops,
        "step_kernel_flops": kernel_flops,
        "step_bytes": sum(row["bytes"] for row in plan.costs()),
        "instruction_set": gradmill.config.instruction_set(),
        "threads": gradmill.config.get_threads(),
    }


def train_to_accuracy(gradmill: Any, cell: Cell, seed: int, clock: Clock) -> Dict[str, Any]:
    """Train on a data set until enough of its test images are right, and return what that took.

    The time between epochs, in which the test images are looked at, does not count.

    Args:
        gradmill: the engine; other ones have no such data sets.
        cell: with `target_accuracy`, whose `data` names the data set.
        seed: of weights, dropout and order.
        clock: gets the epochs.
    """
    (x, y), (x_test, y_test) = getattr(gradmill.datasets, cell.data).load_data()
    x, x_test = (each.astype("float32") / 255 for each in (x, x_test))
    y, y_test = (each.reshape(-1).astype("int32") for each in (y, y_test))
    model = make_model(gradmill, cell, seed, metrics=["accuracy"])
    accuracies: List[float] = []
    while len(accuracies) < cell.epochs and (not accuracies or accuracies[-1] < cell.target_accuracy):
        clock.begin()
        history = model.fit(x, y, batch_size=cell.batch, epochs=1, verbose=0).history
        clock.end(history["loss"][0])
        accuracies.append(model.evaluate(x_test, y_test, verbose=0, return_dict=True)["accuracy"])
    return {
        "versions": versions(gradmill, "gradmill"),
        "first_loss": clock.losses[0],
        "samples": len(x),
        "data_bytes": x.nbytes + y.nbytes,
        "parameters": int(model.count_params()),
        "accuracies": accuracies,
        **plan_facts(gradmill, model, x[: cell.batch], y[: cell.batch]),
    }


def run(kind: str, cell: Cell, options: Dict[str, Any]) -> Dict[str, Any]:
    """Train a cell and return what was measured.

    Args:
        kind: "gradmill", or Keras's backend.
        cell: what is measured.
        options: `seed`, `threads`, `best` and `clock`.

    Raises:
        LookupError: this engine has no such network.
    """
    keras = load(kind, options["threads"])
    at_start = peak_memory_bytes()
    if cell.target_accuracy:
        return {**train_to_accuracy(keras, cell, options["seed"], options["clock"]), "start_bytes": at_start}
    compiled: Dict[str, Any] = {}
    if kind == "tensorflow" and options["best"]:
        compiled["jit_compile"] = cell.network in XLA_PAYS
    model = make_model(keras, cell, options["seed"], **compiled)
    x, labels = samples_of(cell, options["seed"])
    y = targets_of(cell, labels)
    start = first_loss(model, x, y, cell.batch)
    fit(keras, model, cell, x, y, options["clock"])
    facts = plan_facts(keras, model, x[: cell.batch], y[: cell.batch]) if kind == "gradmill" else {}
    return {
        "versions": versions(keras, kind),
        "first_loss": start,
        "start_bytes": at_start,
        "data_bytes": x.nbytes + y.nbytes,
        "parameters": int(model.count_params()),
        **facts,
    }

