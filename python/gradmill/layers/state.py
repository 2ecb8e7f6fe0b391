"""`LayerState`: the variables of a layer and its sublayers, their values, and the losses of a call."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Optional

import numpy as np

from gradmill import config as settings
from gradmill import constraints, initializers, random, regularizers, symbolic, tracing
from gradmill.errors import ArgumentError, DTypeError, ShapeError
from gradmill.layers import calling
from gradmill.layers.tracking import Tracker
from gradmill.metrics import Metric
from gradmill.symbolic import flatten
from gradmill.variable import Variable


class LayerState:
    """What a layer keeps: base of `Layer`, which adds names, dtypes, calls and configuration."""

    # Set by `_initialize_tracking`, before any constructor runs.
    _tracker: Tracker
    _trainable_variables: list[Variable]
    _non_trainable_variables: list[Variable]
    _metrics: list[Metric]
    _layers: list[Any]
    _seed_generators: list[random.SeedGenerator]
    _inbound_nodes: list[Any]
    _losses: list[Any]
    _initialized: bool
    _building: bool
    _build_shapes: Optional[dict[str, Any]]
    _path: Optional[str]
    _given_batch_shape: Optional[tuple]
    built: bool
    input_spec: Any
    # Set by `Layer`.
    _init_arguments: Optional[dict[str, Any]]
    _trainable: bool
    _dtype_policy: Any
    _policy_map: Any
    name: str

    def _check_initialized(self) -> None:
        if not self._initialized:
            raise ArgumentError(
                f"{type(self).__name__}: expected super().__init__() as the first statement of __init__; it was not "
                "called; add it"
            )

    @property
    def _label(self) -> str:
        return f"{self.name} ({type(self).__name__})"

    def _initialize_tracking(self) -> None:
        if "_tracker" in self.__dict__:
            return
        stores: dict[str, list] = {
            each: [] for each in ("trainable", "non_trainable", "metrics", "layers", "seed_generators")
        }
        tracker = Tracker(
            {
                "trainable": (lambda x: isinstance(x, Variable) and x.trainable, stores["trainable"]),
                "non_trainable": (lambda x: isinstance(x, Variable) and not x.trainable, stores["non_trainable"]),
                "metrics": (lambda x: isinstance(x, Metric), stores["metrics"]),
                "layers": (lambda x: isinstance(x, LayerState), stores["layers"]),
                "seed_generators": (lambda x: isinstance(x, random.SeedGenerator), stores["seed_generators"]),
            }
        )
        values = {
            "_tracker": tracker,
            "_trainable_variables": stores["trainable"],
            "_non_trainable_variables": stores["non_trainable"],
            "_metrics": stores["metrics"],
            "_layers": stores["layers"],
            "_seed_generators": stores["seed_generators"],
            "_inbound_nodes": [],
            "_losses": [],
            "_initialized": False,
            "_building": False,
            "_build_shapes": None,
            "_path": None,
            "_policy_map": None,
            "_given_batch_shape": None,
            "built": False,
            "input_spec": None,
        }
        for key, value in values.items():
            object.__setattr__(self, key, value)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "_tracker" or isinstance(getattr(type(self), name, None), property):
            object.__setattr__(self, name, value)
            return
        if "_tracker" not in self.__dict__:
            self._initialize_tracking()
        # A variable that moved between trainable and not stays where it was tracked first.
        if isinstance(value, Variable) and self._owns(value):
            object.__setattr__(self, name, value)
            return
        object.__setattr__(self, name, self._tracker.track(value))

    def __delattr__(self, name: str) -> None:
        self._tracker.untrack(getattr(self, name))
        object.__delattr__(self, name)

    def _owns(self, variable: Variable) -> bool:
        return any(variable is each for each in (*self._trainable_variables, *self._non_trainable_variables))

    def add_weight(
        self,
        shape: Optional[Sequence[int]] = None,
        initializer: Any = None,
        dtype: Optional[str] = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: Optional[str] = None,
        overwrite_with_gradient: bool = False,
        name: Optional[str] = None,
    ) -> Variable:
        """Make a variable of this layer.

        Args:
            shape: sizes, all known; default a scalar.
            initializer: first values; default "glorot_uniform" for floats, "zeros" for the rest.
            dtype: element type; default the layer's variable dtype.
            trainable: whether the optimizer changes it.
            autocast: whether `call` reads it in the layer's compute dtype, where that differs from `dtype`.
            regularizer: penalty on the values, added to the loss.
            constraint: projection applied after each update.
            aggregation: accepted for compatibility.
            overwrite_with_gradient: accepted for compatibility.
            name: label.

        Returns:
            The variable.

        Raises:
            ShapeError: a size that is unknown or negative, or an initializer's values of another shape.
            DTypeError: a weight that is trained in a layer of integers or bool.
        """
        self._check_initialized()
        if isinstance(shape, str):
            raise ArgumentError(f"{self._label}: expected shape first in add_weight; received {shape!r}; pass name=")
        shape = symbolic.standardize_shape(() if shape is None else shape, f"{self._label}: shape of weight {name!r}")
        if None in shape:
            raise ShapeError(
                f"{self._label}: expected weight {name!r} to have known sizes; received {shape}; give the input a "
                "known size along that axis"
            )
        if dtype is None:
            dtype = self._dtype_policy.variable_dtype
            if trainable and not calling.is_float(dtype):
                raise DTypeError(
                    f"{self._label}: expected dtype to be a floating-point dtype or a policy, as weight {name!r} is "
                    f"trained; received dtype={dtype!r}; for a weight that is not, pass trainable=False to add_weight"
                )
        dtype = settings.standardize_dtype(dtype)
        if initializer is None:
            initializer = "glorot_uniform" if calling.is_float(dtype) else "zeros"
        if (
            isinstance(initializer, str)
            or not callable(initializer)
            or isinstance(initializer, initializers.Initializer)
        ):
            initializer = initializers.get(initializer)
        # A first call may come while a step is traced or shapes are inferred; first values are computed regardless.
        with tracing.init_scope():
            value = initializer(shape, dtype=dtype)
            variable = Variable(value, name=name or "variable", trainable=trainable, dtype=dtype, autocast=autocast)
        if tuple(variable.shape) != shape:
            raise ShapeError(
                f"{self._label}: expected the initializer of weight {name!r} to return values of shape {shape}; "
                f"received {tuple(variable.shape)}"
            )
        variable.path = "/".join([*self._scope_path(), name or "variable"])
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints.get(constraint)
        variable.overwrite_with_gradient = overwrite_with_gradient
        self._tracker.add("trainable" if trainable else "non_trainable", variable)
        if not self._trainable:
            variable.trainable = False
        return variable

    add_variable = add_weight

    def _scope_path(self) -> list[str]:
        path = calling.state.path
        return list(path) if path and path[-1] == self.name else [*path, self.name]

    # State

    @property
    def trainable(self) -> bool:
        """Whether the optimizer changes the variables; setting it sets it for all sublayers."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for variable in self._trainable_variables:
            variable.trainable = self._trainable
        for layer in self._layers:
            layer.trainable = value

    @property
    def variables(self) -> list[Variable]:
        """All variables: own ones, states of seed generators, then those of the sublayers."""
        found: dict[int, Variable] = {}
        self._collect_variables(found)
        return list(found.values())

    def _collect_variables(self, found: dict[int, Variable]) -> None:
        """Add to `found` what `variables` lists, by identity."""
        for own in (self._trainable_variables, self._non_trainable_variables):
            for variable in own:
                found.setdefault(id(variable), variable)
        for generator in self._seed_generators:
            found.setdefault(id(generator.state), generator.state)
        for layer in self._layers:
            layer._collect_variables(found)

    @property
    def weights(self) -> list[Variable]:
        """Variables that `get_weights` returns: own trainable, own others, then those of the sublayers."""
        found = [*self._trainable_variables, *self._non_trainable_variables]
        for layer in self._layers:
            found.extend(layer.weights)
        return unique(found)

    @property
    def trainable_variables(self) -> list[Variable]:
        """Variables the optimizer changes."""
        return [each for each in self.variables if each.trainable] if self.trainable else []

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """Variables the optimizer leaves alone."""
        return [each for each in self.variables if not each.trainable] if self.trainable else self.variables

    @property
    def trainable_weights(self) -> list[Variable]:
        """Weights the optimizer changes."""
        return [each for each in self.weights if each.trainable] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Weights the optimizer leaves alone."""
        return [each for each in self.weights if not each.trainable] if self.trainable else self.weights

    @property
    def metrics(self) -> list[Metric]:
        """Metrics of this layer and its sublayers."""
        found = list(self._metrics)
        for layer in self._layers:
            found.extend(layer.metrics)
        return unique(found)

    @property
    def metrics_variables(self) -> list[Variable]:
        """States of the metrics."""
        return [variable for metric in self.metrics for variable in metric.variables]

    def get_weights(self) -> list[np.ndarray]:
        """Return the values of the weights as NumPy arrays."""
        return [np.asarray(each.numpy()) for each in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set the values of the weights.

        Args:
            weights: arrays in the order of `get_weights`.

        Raises:
            ShapeError: another number of arrays, or an array of another shape; nothing is changed then.
        """
        expected = self.weights
        if len(weights) != len(expected):
            listed = ", ".join(f"{each.path} {tuple(each.shape)}" for each in expected[:6]) or "none"
            raise ShapeError(
                f"{self._label}: expected {len(expected)} arrays ({listed}{', ...' if len(expected) > 6 else ''}); "
                f"received {len(weights)}; pass one for each weight"
            )
        for variable, value in zip(expected, weights):
            if tuple(variable.shape) != tuple(np.shape(value)):
                raise ShapeError(
                    f"{self._label}: expected shape {tuple(variable.shape)} for weight {variable.path}; received "
                    f"{tuple(np.shape(value))}; pass the arrays in the order of get_weights()"
                )
        for variable, value in zip(expected, weights):
            variable.assign(value)

    def _stored_variables(self) -> list[Variable]:
        """The variables of this layer itself that files hold."""
        return [*self._trainable_variables, *self._non_trainable_variables]

    def save_own_variables(self, store: Any) -> None:
        """Write the variables that belong to this layer itself into `store` under "0", "1", ..."""
        for index, variable in enumerate(self._stored_variables()):
            store[str(index)] = variable

    def load_own_variables(self, store: Any) -> None:
        """Read the variables that belong to this layer itself from `store`.

        Raises:
            ShapeError: another number of variables, or one of another shape.
        """
        own = self._stored_variables()
        if len(store.keys()) != len(own):
            hint = "build the layer first" if not self.built and not own else "use the file of the same layer"
            raise ShapeError(
                f"{self._label}: expected {len(own)} variables ({', '.join(each.name for each in own) or 'none'}); "
                f"received {len(store.keys())} from the file; {hint}"
            )
        for index, variable in enumerate(own):
            value = store[str(index)]
            if tuple(value.shape) != tuple(variable.shape):
                raise ShapeError(
                    f"{self._label}: expected shape {tuple(variable.shape)} for weight {variable.path}; received "
                    f"{tuple(value.shape)} from the file; use the file of the same layer"
                )
            variable.assign(np.asarray(value))

    def count_params(self) -> int:
        """Return the number of scalars in the weights.

        Raises:
            ArgumentError: the layer is not built.
        """
        if not self.built:
            raise ArgumentError(
                f"{self._label}: expected a built layer to count its parameters; received one that was not; call it on "
                "data or call build(input_shape)"
            )
        return sum(math.prod(each.shape) for each in self.weights)

    # Losses

    def add_loss(self, loss: Any) -> None:
        """Add a scalar, or a list of them, to the loss of the step that runs this call."""
        if not calling.state.inferring:
            self._losses.extend(each for each in flatten(loss) if each is not None)

    @property
    def losses(self) -> list[Any]:
        """Losses added by the last call, and the penalties on trainable weights."""
        layers = self._flatten_layers()
        found = [loss for layer in layers for loss in layer._losses]
        for variable in unique([each for layer in layers for each in layer._trainable_variables]):
            if variable.trainable and getattr(variable, "regularizer", None) is not None:
                found.append(variable.regularizer(variable))
        return found

    def _clear_losses(self) -> None:
        self._losses.clear()
        for layer in self._layers:
            layer._clear_losses()

    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> list[LayerState]:
        """Return this layer and its sublayers, each once, parents first."""
        found: dict[int, LayerState] = {id(self): self} if include_self else {}
        queue = list(self._layers)
        while queue:
            layer = queue.pop(0)
            if id(layer) not in found:
                found[id(layer)] = layer
                if recursive:
                    queue[:0] = layer._layers
        return list(found.values())


def unique(values: Sequence[Any]) -> list:
    """Return the values without repetitions of the same object, in order."""
    return list({id(each): each for each in values}.values())
