"""`Sequential`: layers one after the other."""

from __future__ import annotations

import copy
from typing import Any, Optional, Sequence

import numpy as np

from gradmill import serialization, tracing
from gradmill.errors import ArgumentError
from gradmill.layers import calling
from gradmill.layers.base import Layer
from gradmill.layers.core import InputLayer
from gradmill.layers.host_layer import runs_on_host
from gradmill.models.functional import Functional
from gradmill.models.model import Model
from gradmill.serialization import register_serializable
from gradmill.symbolic import SymbolicTensor


@register_serializable("keras")
class Sequential(Model):
    """A stack of layers with one input and one output each.

    Args:
        layers: the layers, if known; may begin with `gm.Input(...)`.
        trainable: whether the optimizer changes the variables.
        name: label.

    Without an input shape the model is built on the first data.

    Raises:
        ArgumentError: something that is not a layer, or two layers of one name.

    Example:
    >>> import gradmill as gm
    >>> model = gm.Sequential([gm.Input((4,)), gm.layers.Dense(8, activation="relu"), gm.layers.Dense(2)])
    >>> model.count_params()
    58
    """

    # False once the first data, rather than an Input, have said which sizes there are.
    _sizes_are_fixed = True

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return Layer.__new__(cls, *args, **kwargs)

    def __init__(self, layers: Optional[Sequence[Any]] = None, trainable: bool = True, name: Optional[str] = None):
        Layer.__init__(self, trainable=trainable, name=name)
        with self._tracker.pause():
            self._functional: Optional[Functional] = None
        # Inputs take the dtype of the Input; the layers cast for themselves.
        self.autocast = False
        if layers is not None:
            for layer in layers if isinstance(layers, (list, tuple)) else [layers]:
                self.add(layer, rebuild=False)
            self._maybe_rebuild()

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Add a layer at the end.

        Args:
            layer: a layer, or `gm.Input(...)` as the first one.
            rebuild: build the model if the input shape is known.
        """
        if isinstance(layer, SymbolicTensor) and layer._keras_history is not None:
            layer = layer._keras_history.operation
        if not isinstance(layer, Layer):
            raise ArgumentError(
                f"{self._label}: expected a layer; received {layer!r} of type {type(layer).__name__}; wrap a function "
                "in gm.layers.Lambda"
            )
        if any(layer.name == each.name for each in self._layers):
            raise ArgumentError(
                f"{self._label}: expected layers of different names; {layer.name!r} is there twice; rename one"
            )
        if isinstance(layer, InputLayer) and self._layers:
            raise ArgumentError(
                f"{self._label}: expected an Input as the first layer only; received {layer.name!r} later"
            )
        if not self._layers and not isinstance(layer, InputLayer) and layer._given_batch_shape is not None:
            self._tracker.add("layers", InputLayer(batch_shape=layer._given_batch_shape, dtype=_input_dtype(layer)))
        self._tracker.add("layers", layer)
        self._forget_build()
        if rebuild:
            self._maybe_rebuild()

    def pop(self, rebuild: bool = True) -> Layer:
        """Take out and return the last layer.

        Raises:
            ArgumentError: no layer is left.
        """
        if not self.layers:
            raise ArgumentError(f"{self._label}: expected a layer to pop; the model has none; add one first")
        layer = self._layers[-1]
        self._tracker.untrack(layer)
        self._forget_build()
        if rebuild:
            self._maybe_rebuild()
        return layer

    def _forget_build(self) -> None:
        self.built = False
        self._build_shapes = None
        with self._tracker.pause():
            self._functional = None

    def _maybe_rebuild(self) -> None:
        if len(self._layers) < 2 and not (self._layers and isinstance(self._layers[0], Functional)):
            return
        first = self._layers[0]
        if isinstance(first, InputLayer):
            self.build(first.batch_shape)
        elif isinstance(first, (Functional, Sequential)) and first.inputs and first.built:
            self.build(first.inputs[0].shape)

    def build(self, input_shape: Any = None) -> None:
        """Make the variables for inputs of `input_shape` (with the batch axis, None where a size is free)."""
        if not self._layers:
            raise ArgumentError(f"{self._label}: expected at least one layer to build; the model has none; add one")
        if not isinstance(self._layers[0], InputLayer):
            if input_shape is None:
                raise ArgumentError(
                    f"{self._label}: expected an input shape to build for; received None; add gm.Input(...)"
                )
            if not calling.is_shape(input_shape):
                # Several inputs into the first layer: there is no graph, layers are called in turn.
                self.built = True
                return
            entry = InputLayer(batch_shape=(None, *tuple(input_shape)[1:]), dtype=_input_dtype(self._layers[0]))
            self._sizes_are_fixed = False
            self._tracker.replace("layers", [entry, *self._layers])
        x = self._layers[0].output
        with tracing.name_scope(self.name):
            for layer in self._layers[1:]:
                try:
                    x = layer(x)
                except NotImplementedError:
                    # A layer that cannot be traced; data will build it.
                    return
        with self._tracker.pause():
            self._functional = Functional(self._layers[0].output, x, name=self.name)
            self._functional._sizes_are_fixed = self._sizes_are_fixed
        self.built = True

    def _maybe_build(self, arguments: dict[str, Any]) -> None:
        if not self.built:
            first = next(iter(arguments.values()), None)
            shape: Any = next(iter(calling.shapes_of(arguments).values()), getattr(first, "shape", None))
            if calling.is_shape(shape):
                shape = (None, *tuple(shape)[1:])
            self.build(shape)

    def _host_reader(self) -> Any:
        if self._functional is not None:
            return self._functional._host_reader()
        first = next(iter(self.layers), None)
        if not runs_on_host(first):
            return None

        def read(x: Any) -> Any:
            if self._functional is None:
                self.build((None, *np.shape(x)[1:]))
            return self._graph()._host_reader()(x)

        return read

    def get_build_config(self) -> Optional[dict[str, Any]]:
        """Return the input shape."""
        if self._functional is None:
            return None
        return {"input_shape": self._layers[0].batch_shape}

    def call(self, inputs: Any, training: Optional[bool] = None, mask: Any = None) -> Any:
        """Run the layers."""
        if self._functional is not None:
            return self._functional.call(inputs, training=training, mask=mask)
        for layer in self.layers:
            kwargs = {}
            if layer._call.has_mask and mask is not None:
                kwargs["mask"] = mask
            if training is not None:
                kwargs["training"] = training
            inputs, mask = layer(inputs, **kwargs), None
        return inputs

    @property
    def layers(self) -> list[Layer]:
        """The layers without the Input."""
        return [layer for layer in self._layers if not isinstance(layer, InputLayer)]

    @layers.setter
    def layers(self, _: Any) -> None:
        raise ArgumentError(f"{self._label}: expected layers to be changed by add() and pop(); received an assignment")

    def _graph(self) -> Functional:
        if self._functional is None:
            raise ArgumentError(
                f"{self._label}: expected a built model; its input shape is not known yet; add gm.Input(...) first or "
                "call it on data"
            )
        return self._functional

    @property
    def inputs(self) -> Optional[list[SymbolicTensor]]:
        """Symbolic inputs, None before the build."""
        return None if self._functional is None else self._functional.inputs

    @property
    def outputs(self) -> Optional[list[SymbolicTensor]]:
        """Symbolic outputs, None before the build."""
        return None if self._functional is None else self._functional.outputs

    @property
    def input(self) -> SymbolicTensor:
        """Symbolic input."""
        return self._graph().input

    @property
    def output(self) -> SymbolicTensor:
        """Symbolic output."""
        return self._graph().output

    @property
    def input_shape(self) -> tuple:
        """Shape of the input."""
        return self._graph().input_shape

    @property
    def output_shape(self) -> tuple:
        """Shape of the output."""
        return self._graph().output_shape

    @property
    def input_dtype(self) -> str:
        """Dtype of the input."""
        return self._layers[0].dtype if self._layers else super().input_dtype

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs."""
        return self._graph().input_names

    @property
    def output_names(self) -> Optional[list[str]]:
        """Names of the outputs, None before the build."""
        return None if self._functional is None else self._functional.output_names

    def get_config(self) -> dict[str, Any]:
        """Return the configurations of the layers in Keras's form."""
        config = Layer.get_config(self)
        config = {key: config[key] for key in ("name", "trainable", "dtype")}
        config["layers"] = copy.deepcopy([serialization.serialize_object(layer) for layer in self._layers])
        if self._functional is not None:
            config["build_input_shape"] = self._layers[0].batch_shape
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Optional[dict] = None) -> Sequential:
        """Build a model from `get_config`'s result."""
        model = cls(name=config.get("name"))
        for described in config["layers"]:
            model.add(
                serialization.deserialize_object(described, custom_objects, default_module="keras.layers"),
                rebuild=False,
            )
        shape = config.get("build_input_shape")
        model._maybe_rebuild()
        if not model.built and shape and isinstance(shape, (list, tuple)) and model._layers:
            model.build(tuple(shape))
        if config.get("trainable") is False:
            model.trainable = False
        return model


def _input_dtype(layer: Layer) -> Optional[str]:
    """Dtype of the Input put before a layer: indices stay integers where a layer says so."""
    return getattr(layer, "_input_layer_dtype", None) or layer.compute_dtype
