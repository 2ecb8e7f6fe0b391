"""The part of a model's graph that runs in NumPy on each batch that is read: layers of text and of look-ups.

A compiled step knows numbers alone. So `fit`, `evaluate` and `predict` run the nodes up to the last layer that runs on
the host, and the step gets what the rest of the graph reads, a dictionary whose keys no user would choose.
"""

from __future__ import annotations

from typing import Any, Callable, Optional

import numpy as np

from gradmill.errors import ArgumentError
from gradmill.layers.host_layer import runs_on_host
from gradmill.symbolic import Node, SymbolicTensor, flatten
from gradmill.utils.text_values import as_text, is_text

_KEY = "read on the host: "


class HostPart:
    """The nodes of a functional model that run on the host.

    Args:
        label: the model, for messages.
        nodes: those of the model's graph, in an order in which they run.
        inputs, outputs: the model's symbolic tensors.
    """

    def __init__(self, label: str, nodes: list[Node], inputs: list[SymbolicTensor], outputs: list[SymbolicTensor]):
        self._label = label
        needed: set[int] = set()
        for node in reversed(nodes):
            if runs_on_host(node.operation) or any(id(each) in needed for each in node.output_tensors):
                needed.update(id(each) for each in [*node.input_tensors, *node.output_tensors])
        entries = {id(each) for each in inputs}
        self.nodes = [
            node for node in nodes if any(id(each) in needed for each in node.output_tensors) and not node.is_input
        ]
        made = {id(each) for node in self.nodes for each in node.output_tensors} | entries
        inside = {id(node) for node in self.nodes}
        read = [each for node in nodes if id(node) not in inside for each in node.input_tensors] + list(outputs)
        self.results = list({id(each): each for each in read if id(each) in made}.values())

    @property
    def trained_layers(self) -> list[str]:
        """Names of layers with trainable weights in this part, which cannot be trained."""
        found = {node.operation.name: getattr(node.operation, "trainable_variables", []) for node in self.nodes}
        return [name for name, variables in found.items() if variables]

    def read(self, values: dict[int, Any]) -> dict[str, np.ndarray]:
        """Return what the rest of the graph reads, by key.

        Args:
            values: the model's inputs by the `id` of their symbolic tensors; results of nodes are added.

        Raises:
            ArgumentError: text among what the rest reads.
        """
        for node in self.nodes:
            args, kwargs = node.fill(values)
            values.update(zip(map(id, node.output_tensors), flatten(node.operation(*args, **kwargs))))
        found = {}
        for place, tensor in enumerate(self.results):
            value = values[id(tensor)]
            if is_text(value):
                raise ArgumentError(
                    f"{self._label}: expected numbers in what is compiled; {tensor.name!r} is text; call the model on "
                    "the batch instead, model(x)"
                )
            found[f"{_KEY}{place}"] = np.asarray(value)
        return found

    def values_of(self, inputs: dict[str, Any]) -> dict[int, Any]:
        """Return the values of symbolic tensors, by their `id`, from what `read` returned."""
        return {id(tensor): inputs[f"{_KEY}{place}"] for place, tensor in enumerate(self.results)}


def host_part(label: str, nodes: list[Node], inputs: list, outputs: list) -> Optional[HostPart]:
    """Return the part of a graph that runs on the host, None for a graph without."""
    if not any(runs_on_host(node.operation) for node in nodes):
        return None
    return HostPart(label, nodes, inputs, outputs)


def was_read(inputs: Any) -> bool:
    """Whether inputs of a model are what `HostPart.read` returned."""
    return isinstance(inputs, dict) and bool(inputs) and all(str(key).startswith(_KEY) for key in inputs)


def fit_text(label: str, tensor: SymbolicTensor, value: Any) -> Any:
    """Return text with the rank of the symbolic input that it is for.

    Raises:
        ArgumentError: something else than text, or another rank.
    """
    if isinstance(value, SymbolicTensor) and value.dtype == tensor.dtype:
        return value
    if tensor.dtype != "string" or not is_text(value):
        wanted = "text" if tensor.dtype == "string" else f"numbers ({tensor.dtype})"
        raise ArgumentError(f"{label}: expected {wanted} for input {tensor.name!r}; received {value!r}")
    value = as_text(value)
    missing = len(tensor.shape) - len(value.shape)
    if missing == 1 and tensor.shape[-1] == 1:
        return value[..., np.newaxis]
    if missing == -1 and value.shape[-1] == 1:
        return value[..., 0]
    if missing:
        raise ArgumentError(
            f"{label}: expected text of shape {tensor.shape} for input {tensor.name!r}; received {value.shape}"
        )
    return value


def host_reader(functional: Any) -> Optional[Callable]:
    """Return the function from a functional model's x to what its compiled steps read; None when that is x itself."""
    part = functional._host_part
    if part is None:
        return None

    def read(x: Any) -> Any:
        if was_read(x):
            return x
        values = dict(zip(map(id, functional.inputs), functional._flat_inputs(x)))
        return part.read(values)

    return read
