"""Copies of models with new variables."""

from __future__ import annotations

from typing import Any, Callable, Optional

from gradmill import serialization
from gradmill.errors import ArgumentError
from gradmill.layers.base import Layer
from gradmill.layers.core import Input, InputLayer
from gradmill.models.functional import Functional
from gradmill.models.graph import replay
from gradmill.models.model import Model
from gradmill.models.sequential import Sequential
from gradmill.symbolic import FunctionOperation, SymbolicTensor, flatten, map_structure


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Optional[Callable[[Layer], Layer]] = None,
    call_function: Optional[Callable] = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Model:
    """Return a model of the same architecture with new, freshly initialized variables.

    Args:
        model: functional, sequential, or any model with a configuration.
        input_tensors: symbolic tensors that replace the inputs.
        clone_function: returns the copy of a layer; default makes it from its configuration.
        call_function: accepted as None only.
        recursive: also apply `clone_function` inside nested models.

    Returns:
        The new model.

    Raises:
        ArgumentError: something that is not a model, or input tensors of another number.

    Example:
    >>> import gradmill as gm
    >>> model = gm.Sequential([gm.Input((2,)), gm.layers.Dense(1)])
    >>> gm.models.clone_model(model).count_params()
    3
    """
    if not isinstance(model, Model):
        raise ArgumentError(f"clone_model: expected a model; received {type(model).__name__}; pass a gm.Model")
    if call_function is not None:
        raise ArgumentError("clone_model: expected call_function None; received a function; change the layers instead")

    def copy_layer(layer: Any) -> Any:
        if isinstance(layer, FunctionOperation):
            return FunctionOperation(layer.function, layer.settings, layer.name)
        if isinstance(layer, (Functional, Sequential)) and recursive:
            return clone_model(layer, clone_function=clone_function, recursive=True)
        if clone_function is not None:
            return clone_function(layer)
        return type(layer).from_config(layer.get_config())

    with serialization.functions_kept():
        if isinstance(model, Sequential):
            return _clone_sequential(model, input_tensors, copy_layer)
        if isinstance(model, Functional):
            return _clone_functional(model, input_tensors, copy_layer)
        return type(model).from_config(model.get_config())


def _clone_sequential(model: Sequential, input_tensors: Any, copy_layer: Callable) -> Sequential:
    clone = Sequential(name=model.name, trainable=model.trainable)
    flat = [] if input_tensors is None else flatten(input_tensors)
    if len(flat) > 1:
        raise ArgumentError(
            f"clone_model: expected one input tensor for {model.name!r}; received {len(flat)}; pass one"
        )
    if flat:
        clone.add(flat[0], rebuild=False)
    elif isinstance(model._layers[0] if model._layers else None, InputLayer):
        entry = model._layers[0]
        clone.add(InputLayer(batch_shape=entry.batch_shape, dtype=entry.dtype, name=entry.name), rebuild=False)
    for layer in model.layers:
        clone.add(copy_layer(layer), rebuild=False)
    clone._maybe_rebuild()
    return clone


def _clone_functional(model: Functional, input_tensors: Any, copy_layer: Callable) -> Functional:
    if input_tensors is None:
        given = [
            Input(
                batch_shape=tensor.shape,
                dtype=tensor.dtype,
                name=name,
                optional=tensor._keras_history.operation.optional,
            )
            for tensor, name in zip(model.inputs, model.input_names)
        ]
    else:
        given = flatten(input_tensors)
        if len(given) != len(model.inputs):
            raise ArgumentError(
                f"clone_model: expected {len(model.inputs)} input tensors for {model.name!r}; received {len(given)}"
            )
    fresh: dict[int, SymbolicTensor] = {id(old): new for old, new in zip(model.inputs, given)}
    copies: dict[int, Any] = {}

    def copy_once(operation: Any) -> Any:
        if id(operation) not in copies:
            copies[id(operation)] = copy_layer(operation)
        return copies[id(operation)]

    replay(model.inputs, model.outputs, fresh, copy_once)

    def new(leaf: SymbolicTensor) -> SymbolicTensor:
        return fresh[id(leaf)]

    return Functional(
        map_structure(new, model.input), map_structure(new, model.output), name=model.name, trainable=model.trainable
    )
