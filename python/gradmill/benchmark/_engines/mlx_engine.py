"""A cell on MLX: a plain loop, on its default device; at its best with the step compiled."""

import functools
import importlib
from typing import Any, Callable, Dict

import numpy as np

from . import mlx_networks
from .cell import Cell
from .clock import Clock
from .data import samples_of
from .weights import first_values


def _set_first_values(mx: Any, nn: Any, network: Any, seed: int) -> None:
    """Give a network the weights that every engine starts from."""
    found = mlx_networks.drawn_weights(nn, network)
    values = first_values([(name, np.empty(shape, "float32")) for name, shape, _, _ in found], seed)
    for (_, _, layer, axes), value in zip(found, values):
        layer.weight = mx.array(np.ascontiguousarray(value.transpose(axes)))
        layer.bias = mx.zeros_like(layer.bias)


def _corrected(mx: Any, rate: float) -> Callable:
    """The rate of each step with which MLX's Adam without its own correction is Keras's.

    Keras corrects the rate and adds epsilon to the root of the moment as it is; MLX adds it to the corrected one's.
    """

    def rate_of(steps_before: Any) -> Any:
        step = steps_before + 1
        return rate * mx.sqrt(1 - 0.999**step) / (1 - 0.9**step)

    return rate_of


def run(kind: str, cell: Cell, options: Dict[str, Any]) -> Dict[str, Any]:
    """Train a cell and return what was measured.

    Args:
        kind: "mlx".
        cell: what is measured.
        options: `seed`, `threads` (MLX has no such setting), `best` and `clock`.

    Raises:
        LookupError: no such network is written for MLX, or another precision than float32 is asked for.
    """
    if cell.precision != "float32":
        raise LookupError(f"{cell.precision} is not measured on MLX")
    mx = importlib.import_module(f"{kind}.core")
    nn, optimizers = importlib.import_module(f"{kind}.nn"), importlib.import_module(f"{kind}.optimizers")
    mx.random.seed(options["seed"])
    network = mlx_networks.build(nn, cell)
    _set_first_values(mx, nn, network, options["seed"])
    samples, targets = samples_of(cell, options["seed"])
    x, labels = mx.array(samples), mx.array(targets)
    if cell.optimizer == "sgd":
        optimizer = optimizers.SGD(cell.rate)
    else:
        optimizer = optimizers.Adam(_corrected(mx, cell.rate), eps=1e-7, bias_correction=False)

    def loss_of(rows: Any, marks: Any) -> Any:
        return nn.losses.cross_entropy(network(rows), marks, reduction="mean")

    network.eval()
    first = loss_of(x[: cell.batch], labels[: cell.batch]).item()
    network.train()
    gradient = nn.value_and_grad(network, loss_of)
    state = [network.state, optimizer.state, mx.random.state]

    def step(rows: Any, marks: Any) -> Any:
        loss, gradients = gradient(rows, marks)
        optimizer.update(network, gradients)
        return loss

    if options["best"]:
        step = functools.partial(mx.compile, inputs=state, outputs=state)(step)
    clock: Clock = options["clock"]
    for _ in range(cell.warm_up + cell.epochs):
        clock.begin()
        total = 0.0
        for i in range(0, cell.samples, cell.batch):
            loss = step(x[i : i + cell.batch], labels[i : i + cell.batch])
            mx.eval(state, loss)
            total += loss.item()
        clock.end(total / cell.steps)
    return {
        "versions": {"mlx": mx.__version__},
        "device": str(mx.default_device()),
        "first_loss": first,
        "data_bytes": samples.nbytes + targets.nbytes,
        "parameters": sum(int(np.prod(each.shape)) for each in _leaves(network.parameters())),
    }


def _leaves(tree: Any) -> Any:
    """All arrays of a tree of parameters."""
    children = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, (list, tuple)) else None
    if children is None:
        yield tree
    else:
        for child in children:
            yield from _leaves(child)
