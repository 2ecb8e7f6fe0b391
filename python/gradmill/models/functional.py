"""Functional models: a graph of layer calls between symbolic inputs and outputs."""

from __future__ import annotations

import copy
import inspect
from typing import Any, Optional

import numpy as np

from gradmill import masks, ops, serialization, tracing
from gradmill.errors import ArgumentError, ShapeError
from gradmill.layers.base import Layer
from gradmill.layers.core import Input, InputLayer
from gradmill.models.graph import node_of, replay, trace_graph, upgrade_call
from gradmill.models.host_part import fit_text, host_part, host_reader, was_read
from gradmill.models.model import Model, connect_functional
from gradmill.serialization import register_serializable
from gradmill.symbolic import Node, SymbolicTensor, flatten, map_structure
from gradmill.utils import structure


@register_serializable("keras.src.models.functional", name="Functional")
class Functional(Model):
    """The class of `gm.Model(inputs, outputs)`.

    Args:
        inputs: SymbolicTensor, or list, tuple or dictionary of them; they may be outputs of layers.
        outputs: the same.
        name: label.

    Raises:
        ArgumentError: outputs that do not follow from inputs, an input given twice, or two layers of one name.
    """

    # False where the sizes of inputs are those of the first batch that came, of which another may have others.
    _sizes_are_fixed = True

    def __init__(self, inputs: Any, outputs: Any, name: Optional[str] = None, **kwargs: Any):
        trainable = kwargs.pop("trainable", None)
        Layer.__init__(self, name=name, **kwargs)
        for kind, given in (("inputs", inputs), ("outputs", outputs)):
            for leaf in flatten(given):
                if not isinstance(leaf, SymbolicTensor):
                    raise ArgumentError(
                        f"{self._label}: expected {kind} made of symbolic tensors; received {leaf!r}; use gm.Input"
                    )
        flat = flatten(inputs)
        if len({id(tensor) for tensor in flat}) != len(flat):
            raise ArgumentError(f"{self._label}: expected every input once; received one twice; remove it")
        if any(not isinstance(tensor._keras_history.operation, InputLayer) for tensor in map(_with_history, flat)):
            inputs, outputs = _restart(inputs, outputs)
        self._finish_construction(inputs, outputs)
        if trainable is not None:
            # The model's own mark alone: a file that says of the whole that it is trained may have frozen layers.
            self._trainable = bool(trainable)

    def _finish_construction(self, inputs: Any, outputs: Any) -> None:
        with self._tracker.pause():
            self._input_structure = inputs
            self._output_structure = outputs
            self._inputs = flatten(inputs)
            self._outputs = flatten(outputs)
            graph = trace_graph(self._inputs, self._outputs)
            self._nodes = graph.nodes
            self._node_ids = {id(node) for node in graph.nodes}
            self._operations = graph.operations
            self._host_part = host_part(self._label, graph.nodes, self._inputs, self._outputs)
        names = [operation.name for operation in self._operations]
        for each in names:
            if names.count(each) > 1:
                raise ArgumentError(
                    f"{self._label}: expected layers of different names; {each!r} is there twice; rename one"
                )
        self._tracker.replace("layers", [each for each in self._operations if isinstance(each, Layer)])
        # Inputs take the dtype of their InputLayer, whatever the policy says.
        self.autocast = False
        self.built = True
        self._build_shapes = {"input_shape": None}

    # What the graph looks like

    @property
    def operations(self) -> list[Any]:
        """Layers and ops in the order of the configuration."""
        return list(self._operations)

    @property
    def inputs(self) -> list[SymbolicTensor]:
        """Symbolic inputs, flattened."""
        return list(self._inputs)

    @property
    def outputs(self) -> list[SymbolicTensor]:
        """Symbolic outputs, flattened."""
        return list(self._outputs)

    @property
    def input(self) -> Any:
        """Symbolic inputs as given."""
        return self._input_structure

    @property
    def output(self) -> Any:
        """Symbolic outputs as given."""
        return self._output_structure

    @property
    def input_shape(self) -> Any:
        """Shapes of the inputs."""
        return map_structure(lambda tensor: tensor.shape, self._input_structure)

    @property
    def output_shape(self) -> Any:
        """Shapes of the outputs."""
        return map_structure(lambda tensor: tensor.shape, self._output_structure)

    @property
    def input_names(self) -> list[str]:
        """Names of the input layers."""
        return [tensor._keras_history.operation.name for tensor in self._inputs]

    @property
    def output_names(self) -> list[str]:
        """Keys of the outputs when they are a dictionary, else names of the layers that make them."""
        if isinstance(self._output_structure, dict):
            return sorted(self._output_structure)
        return [tensor._keras_history.operation.name for tensor in self._outputs]

    # Running

    def build(self, input_shape: Any = None) -> None:
        """A functional model is built when it is made."""
        self.built = True

    def call(self, inputs: Any, training: Optional[bool] = None, mask: Any = None) -> Any:
        """Run the graph."""
        nodes = self._nodes
        if self._host_part is not None and was_read(inputs):
            values, done = self._host_part.values_of(inputs), {id(node) for node in self._host_part.nodes}
            nodes = [node for node in nodes if id(node) not in done and not node.is_input]
        else:
            values = {id(tensor): value for tensor, value in zip(self._inputs, self._flat_inputs(inputs))}
        if mask is not None:
            for tensor, each in zip(self._inputs, flatten(mask)):
                if each is not None:
                    masks.set_mask(values[id(tensor)], each)
        for node in nodes:
            if all(id(tensor) in values for tensor in node.output_tensors):
                continue
            args, kwargs = node.fill(values)
            if training is not None and isinstance(node.operation, Layer):
                kwargs["training"] = training
            made = flatten(node.operation(*args, **kwargs))
            values.update(zip((id(tensor) for tensor in node.output_tensors), made))
        return map_structure(lambda tensor: values[id(tensor)], self._output_structure)

    def _infer(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        if self._host_part is None:
            return super()._infer(args, kwargs)
        # Text cannot be traced; the sizes are those of the model's own inputs.
        self._flat_inputs(args[0] if args else kwargs["inputs"])
        return map_structure(lambda tensor: SymbolicTensor(tensor.shape, tensor.dtype), self._output_structure)

    def _host_reader(self) -> Any:
        return host_reader(self)

    def _flat_inputs(self, inputs: Any) -> list:
        """Return the inputs in order, cast to their dtype and with the rank of the symbolic ones."""
        if isinstance(inputs, dict):
            keys = (
                structure.ordered_keys(self._input_structure)
                if isinstance(self._input_structure, dict)
                else self.input_names
            )
            flat = [leaf for key in keys for leaf in flatten(inputs.get(key))]
            missing = [
                tensor.name for tensor, value in zip(self._inputs, flat) if value is None and not _is_optional(tensor)
            ]
            if missing:
                raise ArgumentError(
                    f"{self._label}: expected an input called {missing[0]!r}; received {sorted(map(str, inputs))}"
                )
        else:
            flat = flatten(inputs)
        if len(flat) != len(self._inputs):
            raise ShapeError(
                f"{self._label}: expected {len(self._inputs)} inputs ({', '.join(self.input_names)}); received "
                f"{len(flat)}; pass one for each"
            )
        return [self._fit_input(tensor, value) for tensor, value in zip(self._inputs, flat)]

    def _fit_input(self, tensor: SymbolicTensor, value: Any) -> Any:
        if value is None:
            if _is_optional(tensor):
                return None
            raise ArgumentError(f"{self._label}: expected data for input {tensor.name!r}; received None; pass an array")
        if tensor.dtype == "string" or getattr(value, "dtype", None) == "string":
            return fit_text(self._label, tensor, value)
        mask = masks.get_mask(value)
        value = ops.convert_to_tensor(np.asarray(value) if isinstance(value, (list, tuple, int, float)) else value)
        given = value
        shape, wanted = tuple(value.shape), tensor.shape
        if len(shape) == len(wanted) + 1 and shape[-1] == 1:
            value = ops.squeeze(value, axis=-1)
        elif len(shape) == len(wanted) - 1 and wanted[-1] == 1:
            value = ops.expand_dims(value, axis=-1)
        shape = tuple(value.shape)
        differs = self._sizes_are_fixed and any(
            want is not None and have is not None and want != have for have, want in zip(shape[1:], wanted[1:])
        )
        if len(shape) != len(wanted) or differs:
            raise ShapeError(
                f"{self._label}: expected input {tensor.name!r} of shape {wanted}; received {shape}; reshape the data"
            )
        if value.dtype != tensor.dtype:
            value = ops.cast(value, tensor.dtype)
        tracing.copy_of(given, value)
        if mask is not None:
            masks.set_mask(value, mask)
        return value

    # Configuration

    def get_config(self) -> dict[str, Any]:
        """Return layers, connections, inputs and outputs in Keras's form."""
        if not _plain_constructor(type(self)):
            return super().get_config()
        new_index: dict[int, int] = {}
        for operation in self._operations:
            kept = 1 if isinstance(operation, Functional) else 0
            for node in operation._inbound_nodes:
                if id(node) in self._node_ids:
                    new_index[id(node)] = kept
                    kept += 1
        layers = []
        for operation in self._operations:
            described = serialization.serialize_object(operation)
            described["name"] = operation.name
            described["inbound_nodes"] = [
                self._describe_node(node)
                for node in operation._inbound_nodes
                if id(node) in self._node_ids and not node.is_input
            ]
            layers.append(described)

        def locate(tensor: SymbolicTensor) -> list:
            history = tensor._keras_history
            return [history.operation.name, new_index[id(node_of(tensor))], history.tensor_index]

        return {
            "name": self.name,
            "trainable": self.trainable,
            "layers": copy.deepcopy(layers),
            "input_layers": map_structure(locate, self._input_structure),
            "output_layers": map_structure(locate, self._output_structure),
        }

    def _describe_node(self, node: Node) -> dict[str, Any]:
        """Return args and kwargs of a call; node numbers count only the calls in this model."""

        def describe(leaf: Any) -> Any:
            if not isinstance(leaf, SymbolicTensor):
                return serialization.serialize_object(leaf)
            history = leaf._keras_history
            earlier = history.operation._inbound_nodes[: history.node_index]
            index = sum(id(each) in self._node_ids for each in earlier)
            described = serialization.serialize_object(leaf)
            described["config"]["keras_history"] = [history.operation.name, index, history.tensor_index]
            return described

        return {"args": map_structure(describe, list(node.args)), "kwargs": map_structure(describe, node.kwargs)}


def _with_history(tensor: SymbolicTensor) -> SymbolicTensor:
    node_of(tensor)
    return tensor


def _is_optional(tensor: SymbolicTensor) -> bool:
    return tensor._keras_history.operation.optional


def _plain_constructor(cls: Any) -> bool:
    """True when a model of this class can be made again from inputs and outputs alone."""
    parameters = inspect.signature(cls.__init__).parameters
    kinds = {each.kind for each in parameters.values()}
    if {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD} <= kinds:
        return True
    return list(parameters) == list(inspect.signature(Functional.__init__).parameters)


def _restart(inputs: Any, outputs: Any) -> tuple[Any, Any]:
    """Put new Inputs where a model starts from outputs of layers, and call what follows again."""
    flat = flatten(inputs)
    fresh: dict[int, SymbolicTensor] = {}
    for tensor in flat:
        is_input = isinstance(tensor._keras_history.operation, InputLayer)
        new = tensor if is_input else Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=f"{tensor.name}CLONE")
        fresh[id(tensor)] = new
    replay(flat, flatten(outputs), fresh, lambda operation: operation)
    return map_structure(lambda leaf: fresh[id(leaf)], inputs), map_structure(lambda leaf: fresh[id(leaf)], outputs)


def functional_from_config(cls: type, config: dict[str, Any], custom_objects: Optional[dict] = None) -> Functional:
    """Build a functional model from its configuration.

    Args:
        cls: class to make.
        config: what `get_config` returned (or Keras did).
        custom_objects: names to classes and functions.

    Raises:
        ArgumentError: calls that refer to a layer or call which is not there.
    """
    layers: dict[str, Any] = {}
    waiting: dict[str, list] = {}
    for described in config["layers"]:
        name = described.get("name") or described["config"]["name"]
        layers[name] = serialization.deserialize_object(described, custom_objects, default_module="keras.layers")
        layers[name].name = name
        waiting[name] = list(described.get("inbound_nodes", []))
    while any(waiting.values()):
        progress = False
        for name, calls in waiting.items():
            while calls and _try_call(layers, name, calls[0]):
                calls.pop(0)
                progress = True
        if not progress:
            stuck = ", ".join(name for name, calls in waiting.items() if calls)
            raise ArgumentError(
                f"Functional: expected calls that follow from the inputs; {stuck} do not; check the file"
            )

    def find(location: Any) -> Any:
        if isinstance(location, dict):
            return {key: find(value) for key, value in location.items()}
        if isinstance(location, (list, tuple)) and len(location) == 3 and isinstance(location[0], str):
            name, index, position = location
            found = _output_of(layers, name, index - 1 if isinstance(layers.get(name), Functional) else index, position)
            if found is None:
                raise ArgumentError(f"Functional: expected output {location} to exist; it does not; check the file")
            return found
        return [find(each) for each in location]

    inputs, outputs = find(config["input_layers"]), find(config["output_layers"])
    rest = {key: value for key, value in config.items() if key not in ("layers", "input_layers", "output_layers")}
    return cls(inputs=inputs, outputs=outputs, **rest)


def _output_of(layers: dict[str, Any], name: str, index: int, position: int) -> Optional[SymbolicTensor]:
    """Return an output of a call, None when the call has not been made yet."""
    if name not in layers:
        raise ArgumentError(
            f"Functional: expected a layer called {name!r}; it is not in the configuration; check the file"
        )
    nodes = layers[name]._inbound_nodes
    if not 0 <= index < len(nodes):
        return None
    outputs = nodes[index].output_tensors
    return outputs[position] if 0 <= position < len(outputs) else None


def _try_call(layers: dict[str, Any], name: str, described: Any) -> bool:
    """Make one call of a saved graph; False when its inputs are not there yet."""
    described = upgrade_call(described)
    if not isinstance(described, dict):
        raise ArgumentError(f"Model: expected calls of {name!r} as args and kwargs; received {described!r}; correct it")
    args = serialization.deserialize_object(described["args"])
    kwargs = serialization.deserialize_object(described["kwargs"])
    missing = False

    def revive(leaf: Any) -> Any:
        nonlocal missing
        if not isinstance(leaf, SymbolicTensor) or leaf._saved_history is None:
            return leaf
        found = _output_of(layers, *leaf._saved_history)
        missing = missing or found is None
        return found

    args, kwargs = map_structure(revive, args), map_structure(revive, kwargs)
    if not missing:
        layers[name](*args, **kwargs)
    return not missing


connect_functional(Functional, functional_from_config)
