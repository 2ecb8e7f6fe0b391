"""`Model`: a layer that can be trained, saved and summarized."""

from __future__ import annotations

import inspect
import json
from typing import Any, Callable, Optional

from gradmill import serialization, tracing
from gradmill.errors import ArgumentError, InternalError, UnsupportedError
from gradmill.layers import calling
from gradmill.layers.base import Layer
from gradmill.models import summary as summary_table
from gradmill.models.training import Trainer
from gradmill.serialization import register_serializable
from gradmill.symbolic import SymbolicTensor
from gradmill.utils.messages import say

# Filled from above: the functional class and the file functions both need this module first.
_connection: dict[str, Any] = {}


def connect_functional(functional_class: type, from_config: Callable) -> None:
    """Hand over the class that `Model(inputs, outputs)` makes and the function that reads its configuration."""
    _connection.update(functional_class=functional_class, from_config=from_config)


def connect_saving(save_model: Callable, save_weights: Callable, load_weights: Callable) -> None:
    """Hand over the functions behind `save`, `save_weights` and `load_weights` (called once at import)."""
    _connection.update(save_model=save_model, save_weights=save_weights, load_weights=load_weights)


def connected(name: str) -> Callable:
    """Return a function that was handed over."""
    if name not in _connection:
        raise InternalError(f"Model.{name}: expected gradmill.saving to be imported; import gradmill as a whole")
    return _connection[name]


def is_functional_call(args: tuple, kwargs: dict) -> bool:
    """True when a constructor was called with inputs and outputs."""
    return (
        len(args) in (2, 3) or (len(args) == 1 and "outputs" in kwargs) or ("inputs" in kwargs and "outputs" in kwargs)
    )


@register_serializable("keras")
class Model(Trainer, Layer):
    """A layer with `compile`, `fit`, `evaluate`, `predict`, `save` and `summary`.

    `Model(inputs, outputs)` makes a functional model from symbolic tensors; a subclass writes `__init__` and `call`.

    Args:
        inputs: SymbolicTensor, or list, tuple or dictionary of them.
        outputs: the same.
        name: label.

    Raises:
        ArgumentError: outputs that do not follow from inputs.

    Example:
    >>> import gradmill as gm
    >>> x = gm.Input((3,))
    >>> model = gm.Model(inputs=x, outputs=gm.layers.Dense(2)(x))
    >>> model.output_shape
    (None, 2)
    >>> class Twice(gm.Model):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.dense = gm.layers.Dense(3)
    ...     def call(self, x):
    ...         return self.dense(self.dense(x))
    >>> Twice()(gm.ops.ones((1, 3))).shape
    (1, 3)
    """

    _takes_text = True

    optimizer: Any = None
    compiled = False

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is Model and is_functional_call(args, kwargs):
            functional = _connection["functional_class"]
            return functional.__new__(functional, *args, **kwargs)
        return super().__new__(cls, *args, **kwargs)

    def __init__(self, *args: Any, **kwargs: Any):
        if is_functional_call(args, kwargs):
            # A subclass that passes inputs and outputs to this constructor becomes a functional model itself.
            functional = _connection["functional_class"]
            _make_functional(type(self), functional)
            functional.__init__(self, *args, **kwargs)
            return
        if args:
            raise ArgumentError(
                f"{type(self).__name__}: expected inputs and outputs, or named arguments only; received {len(args)} "
                "positional argument; pass Model(inputs, outputs)"
            )
        super().__init__(**kwargs)

    @property
    def layers(self) -> list[Any]:
        """The direct sublayers."""
        return self._flatten_layers(include_self=False, recursive=False)

    @layers.setter
    def layers(self, _: Any) -> None:
        raise ArgumentError(f"{self._label}: expected another attribute name; `layers` is the list of sublayers")

    def get_layer(self, name: Optional[str] = None, index: Optional[int] = None) -> Layer:
        """Return a sublayer.

        Args:
            name: its name.
            index: its place in `layers`.

        Raises:
            ArgumentError: neither or both given, or no such layer.
        """
        if (name is None) == (index is None):
            raise ArgumentError(f"{self._label}: expected name or index in get_layer; received {name!r}, {index!r}")
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ArgumentError(f"{self._label}: expected an index below {len(self.layers)}; received {index}")
            return self.layers[index]
        return serialization.get_by_name({layer.name: layer for layer in self.layers}, name, f"layer of {self.name}")

    def build(self, input_shape: Any) -> None:
        """Make the variables of all layers, by inferring the shapes of `call` for inputs of `input_shape`.

        Args:
            input_shape: shape, or list or dictionary of shapes; None where a size is free.
        """
        self._check_initialized()
        inputs = calling.map_shapes(lambda shape: SymbolicTensor(shape, self.compute_dtype), input_shape)
        if input_shape is not None and type(self).call is not Layer.call:
            with calling.inferring():
                tracing.infer_outputs(self.call, inputs)
        self.built = True

    def _maybe_build(self, arguments: dict[str, Any]) -> None:
        if self.built or type(self).build is not Model.build:
            super()._maybe_build(arguments)
            return
        # The call that follows builds the sublayers.
        shapes = calling.shapes_of(arguments)
        self._path = "/".join([*calling.state.path, self.name])
        self._build_shapes = {"input_shape": next(iter(shapes.values()), None)} if len(shapes) <= 1 else shapes
        self.built = True

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Make the variables from `get_build_config`'s result."""
        if config.get("input_shape") is not None:
            self.build(calling.map_shapes(tuple, config["input_shape"]))
        elif "shapes_dict" in config and type(self).build is not Model.build:
            super().build_from_config(config)

    def summary(
        self,
        line_length: Optional[int] = None,
        positions: Optional[list] = None,
        print_fn: Optional[Callable[[str], Any]] = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Optional[list] = None,
    ) -> None:
        """Print a table of the layers with output shapes and numbers of parameters.

        Args:
            line_length: characters in a line.
            positions: share of the line at which each column ends.
            print_fn: called with the text instead of printing it.
            expand_nested: list the layers of nested models too.
            show_trainable: add a column that says whether a layer is trained.
            layer_range: names (or patterns) of the first and last layer to show.
        """
        text = summary_table.to_text(
            self,
            line_length,
            positions,
            expand_nested=expand_nested,
            show_trainable=show_trainable,
            layer_range=layer_range,
        )
        (print_fn or say)(text)

    def _repr_html_(self) -> str:
        return summary_table.to_html(self)

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Write architecture, weights and training state to a `.keras` or `.h5` file; see `gm.saving.save_model`."""
        connected("save_model")(self, filepath, overwrite=overwrite, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the weights to a `.weights.h5` file; see `gm.saving.save_weights`."""
        connected("save_weights")(self, filepath, overwrite=overwrite)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Read the weights from a file; see `gm.saving.load_weights`."""
        connected("load_weights")(self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    def export(self, filepath: Any, format: str = "tf_saved_model", **kwargs: Any) -> None:
        """Not there, as models are run by this engine only.

        Args:
            filepath, format, kwargs: as in Keras.

        Raises:
            UnsupportedError: always; the message says what to use.
        """
        raise UnsupportedError(
            f"Model.export: expected a format that this engine writes; received {format!r}; use "
            "model.save('model.keras'), which gm.models.load_model and Keras read, and Keras's own export from there"
        )

    def to_json(self, **kwargs: Any) -> str:
        """Return the architecture as JSON text; `kwargs` go to `json.dumps`."""
        return json.dumps(serialization.serialize_object(self), **kwargs)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Optional[dict] = None) -> Any:
        """Build a model from `get_config`'s result."""
        if {"layers", "input_layers", "output_layers"} <= set(config) and _takes_inputs_and_outputs(cls):
            target = _connection["functional_class"] if cls is Model else cls
            return _connection["from_config"](target, config, custom_objects)
        return super().from_config(config)


def _takes_inputs_and_outputs(cls: Any) -> bool:
    """True for constructors that can be called with inputs and outputs, as those of plain functional models."""
    parameters = inspect.signature(cls.__init__).parameters
    kinds = {each.kind for each in parameters.values()}
    variadic = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD} <= kinds
    return variadic or list(parameters)[1:3] == ["inputs", "outputs"]


def _make_functional(cls: type, functional: type) -> None:
    """Replace `Model` by the functional class among the bases of `cls`."""
    if cls is Model or issubclass(cls, functional):
        return
    for base in cls.__bases__:
        if base is not Model and issubclass(base, Model):
            _make_functional(base, functional)
    if Model in cls.__bases__:
        cls.__bases__ = tuple(functional if base is Model else base for base in cls.__bases__)


def model_from_json(text: str, custom_objects: Optional[dict] = None) -> Model:
    """Return the model that `Model.to_json` described.

    Args:
        text: JSON text.
        custom_objects: names to classes and functions of the user.
    """
    return serialization.deserialize_object(json.loads(text), custom_objects)
