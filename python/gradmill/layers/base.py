"""`Layer`: state, a function of inputs, and the bookkeeping that both need."""

from __future__ import annotations

import functools
import inspect
from typing import Any, Callable, Optional, Union

import numpy as np

from gradmill import (
    _core,
    masks,
    mixed_precision,
    ops,
    regularizers,
    rematerialization,
    serialization,
    symbolic,
    tracing,
)
from gradmill.dtype_policies import DTypePolicyMap
from gradmill.errors import ArgumentError, UnsupportedError
from gradmill.layers import calling
from gradmill.layers.input_spec import assert_input_compatibility
from gradmill.layers.state import LayerState
from gradmill.symbolic import Node, SymbolicTensor, any_symbolic, flatten, map_structure

symbolic.connect(ops, tracing.infer_outputs)


def _wrap_build(build: Callable) -> Callable:
    """Make the outermost `build` of a class chain record its shapes, open the name scope and mark the layer built."""

    @functools.wraps(build)
    def wrapper(self: Layer, *args: Any, **kwargs: Any) -> None:
        if self._building:
            build(self, *args, **kwargs)
            return
        self._building = True
        try:
            with calling.path_scope(self.name), tracing.name_scope(self.name):
                self._path = "/".join(calling.state.path)
                if self._policy_map is not None:
                    self._dtype_policy = self._policy_map[self._path]
                build(self, *args, **kwargs)
        finally:
            self._building = False
        bound = inspect.signature(build).bind(self, *args, **kwargs).arguments
        self._build_shapes = {name: value for name, value in list(bound.items())[1:] if value is not None}
        self.built = True
        # Values of a checkpoint that was restored before there were variables.
        restore_later = self.__dict__.pop("_restore_later", None)
        if restore_later is not None:
            restore_later()

    wrapper._gradmill_wrapped = True  # type: ignore[attr-defined]
    return wrapper


class Layer(LayerState):
    """Base class of all layers.

    Args:
        activity_regularizer: penalty on the outputs, added to the loss: None, a name, or a regularizer.
        trainable: whether the optimizer changes the variables.
        dtype: dtype of computations and variables, or a policy ("mixed_bfloat16"); default is the global policy.
        autocast: cast floating-point inputs to the compute dtype, and float variables where `call` reads them.
        name: label; made unique from the class name when missing.
        input_shape, input_dim: accepted as in older scripts; `Sequential` builds itself from them.

    A subclass writes `call(self, inputs, ...)`, makes its variables in `build(self, input_shape)` by `add_weight`, and
    returns its constructor's arguments from `get_config`. `call` may have the arguments `training` (filled from the
    caller, then from the enclosing layer, then its default) and `mask`.

    Raises:
        ArgumentError: an unknown argument.

    Example:
    >>> import gradmill as gm
    >>> class Scale(gm.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> layer = Scale()
    >>> layer([[1.0, 2.0]]).numpy().tolist()
    [[1.0, 2.0]]
    >>> layer.count_params()
    2
    """

    _remat_scope: Optional[rematerialization.RematScope] = None
    _takes_text = False  # models may have layers that read text
    _is_divided = False  # set by `compile(remat=True)`

    def __new__(cls, *args: Any, **kwargs: Any) -> Layer:
        instance = object.__new__(cls)
        instance._initialize_tracking()
        try:
            bound = inspect.signature(cls.__init__).bind(instance, *args, **kwargs)
        except (TypeError, ValueError):
            bound = None
        with instance._tracker.pause():
            instance._init_arguments = None if bound is None else _flat_arguments(bound)
        return instance

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        build = cls.__dict__.get("build")
        if build is not None and not getattr(build, "_gradmill_wrapped", False):
            cls.build = _wrap_build(build)  # type: ignore[method-assign]

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: Optional[str] = None,
        **kwargs: Any,
    ):
        self._initialize_tracking()
        input_dim = kwargs.pop("input_dim", None)
        input_shape = kwargs.pop("input_shape", None)
        batch_shape = kwargs.pop("batch_shape", kwargs.pop("batch_input_shape", None))
        if kwargs:
            unknown = next(iter(kwargs))
            guess = serialization.nearest_name(unknown, _constructor_names(type(self)))
            raise ArgumentError(
                f"{type(self).__name__}: expected known arguments; received {unknown}={kwargs[unknown]!r}"
                + (f"; did you mean {guess!r}?" if guess else "; remove it")
            )
        if not isinstance(trainable, (bool, np.bool_)):
            raise ArgumentError(f"{type(self).__name__}: expected trainable True or False; received {trainable!r}")
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ArgumentError(f"{type(self).__name__}: expected a name without '/'; received {name!r}; correct it")
        self.name = name or symbolic.unique_name(symbolic.to_snake_case(type(self).__name__))
        if batch_shape is None and (input_shape is not None or input_dim is not None):
            shape = (input_dim,) if input_dim is not None else input_shape
            batch_shape = (None, *((shape,) if isinstance(shape, int) else shape))
        self._given_batch_shape = None if batch_shape is None else tuple(batch_shape)
        self.dtype_policy = dtype
        self.autocast = autocast
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._trainable = bool(trainable)
        self._call = calling.describe_call(self.call)
        self.supports_masking = type(self).compute_mask is not Layer.compute_mask
        self._remat_scope = rematerialization.current_scope()
        self._initialized = True

    # Names and dtypes

    @property
    def path(self) -> Optional[str]:
        """Names of the enclosing layers and this one joined by '/', None before the layer is built."""
        return self._path

    @property
    def dtype_policy(self) -> mixed_precision.DTypePolicy:
        """The policy that fixes compute and variable dtype, or the map that gives it by the path; may be set."""
        return self._dtype_policy if self._policy_map is None else self._policy_map

    @dtype_policy.setter
    def dtype_policy(self, value: Any) -> None:
        policy = mixed_precision.get_policy(value)
        self._policy_map = policy if isinstance(policy, DTypePolicyMap) else None
        if isinstance(policy, DTypePolicyMap) and self._path is not None:  # else it is known when the layer is built
            policy = policy[self._path]
        self._dtype_policy = policy

    @property
    def dtype(self) -> str:
        """Dtype of the variables."""
        return self._dtype_policy.variable_dtype

    variable_dtype = dtype

    @property
    def compute_dtype(self) -> str:
        """Dtype of the computations."""
        return self._dtype_policy.compute_dtype

    @property
    def input_dtype(self) -> str:
        """Dtype floating-point inputs are cast to."""
        return self._dtype_policy.compute_dtype

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"

    # Build

    def build(self, input_shape: Any) -> None:
        """Make the variables for inputs of `input_shape` (None where a size is free)."""
        self._check_initialized()
        self.built = True

    build = _wrap_build(build)

    def _build_at_init(self) -> None:
        """Mark a layer without variables as built, so that no build configuration is stored for it."""
        self.built = True

    def get_build_config(self) -> Optional[dict[str, Any]]:
        """Return what `build_from_config` needs to make the same variables, or None before the build."""
        if self._build_shapes is None:
            return None
        if len(self._build_shapes) == 1:
            return {"input_shape": next(iter(self._build_shapes.values()))}
        return {"shapes_dict": self._build_shapes} if self._build_shapes else None

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Make the variables from `get_build_config`'s result."""
        if not config:
            return
        if "input_shape" in config:
            self.build(calling.map_shapes(tuple, config["input_shape"]))
        elif "shapes_dict" in config:
            self.build(**{key: calling.map_shapes(tuple, value) for key, value in config["shapes_dict"].items()})

    # Calls

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs; written by the subclass."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method call(inputs); it is missing; write it")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Build on the first call, then compute (or, for symbolic inputs, link) the outputs."""
        self._check_initialized()
        state = calling.state
        is_entry = state.entry_layer is None
        outer_training = state.training
        try:
            args, kwargs = calling.convert_arguments(
                args, kwargs, self.compute_dtype, self.autocast, self._label, self._takes_text
            )
            if is_entry:
                state.entry_layer = self
                self._clear_losses()
            arguments = self._bind(args, kwargs)
            if self._call.has_mask or self._call.masked:
                self._fill_masks(arguments, args, kwargs)
            state.training = self._resolve_training(arguments, kwargs)
            first = calling.first_argument(args, kwargs, self._call.names)
            symbolic_call = any_symbolic(args, kwargs)
            self._check_inputs(first)
            with tracing.name_scope(self.name):
                self._maybe_build(arguments)
                outputs = self._infer(args, kwargs) if symbolic_call else self._call_here(args, kwargs)
            self._finish(first, outputs, symbolic_call)
            if symbolic_call:
                Node(self, args, kwargs, outputs)
            return outputs
        except Exception as error:
            calling.annotate_error(error, self._label, [args, kwargs])
            raise
        finally:
            state.training = outer_training
            if is_entry:
                state.entry_layer = None

    def _call_here(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        """Call `call`; float variables are read in the compute dtype."""
        policy = self._dtype_policy
        with calling.path_scope(self.name):
            if calling.state.autocast is None and policy.compute_dtype == policy.variable_dtype:
                return self._call_as_region(args, kwargs)
            with calling.autocast_scope(policy.compute_dtype, self.autocast):
                return self._call_as_region(args, kwargs)

    def _call_as_region(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        """Call `call`, as a region that gradients compute again where that is wanted and there are values."""
        if not calling.state.inferring:
            if self._is_divided:
                return rematerialization.call_divided(self, args, kwargs)
            if self._remat_scope is not None:
                return rematerialization.call_in_scope(self._remat_scope, self, args, kwargs)
        return self.call(*args, **kwargs)

    def _bind(self, args: tuple, kwargs: dict) -> dict[str, Any]:
        """Return given arguments by name; context arguments the signature lacks are taken out of `kwargs`."""
        if "training" in kwargs and not self._call.has_training:
            calling.state.training = kwargs.pop("training")
        if "mask" in kwargs and kwargs["mask"] is None and not self._call.has_mask:
            del kwargs["mask"]
        try:
            return self._call.bind(args, kwargs)
        except TypeError as error:
            raise ArgumentError(
                f"{self._label}: expected the arguments of call{self._call.signature}; {error}; correct the call"
            ) from None

    def _resolve_training(self, arguments: dict[str, Any], kwargs: dict[str, Any]) -> Any:
        """Return the value of `training`: given, else the enclosing call's, else the default; store it in kwargs."""
        if not self._call.has_training:
            return calling.state.training
        value = arguments.get("training")
        if value is None:
            value = calling.state.training
        if value is None:
            value = self._call.default_training
        given_by_position = "training" in arguments and "training" not in kwargs
        if value is not None and not given_by_position:
            kwargs["training"] = value
        return value

    def _fill_masks(self, arguments: dict[str, Any], args: tuple, kwargs: dict[str, Any]) -> None:
        """Give `call` the masks that its arguments carry, unless the caller gave them."""
        for name in self._call.masked:
            carried, key = masks.get_mask(arguments.get(name)), f"{name}_mask"
            if carried is not None and (key not in arguments or kwargs.get(key, 0) is None):
                kwargs[key] = carried
        if not self._call.has_mask or "mask" in arguments:
            return
        kwargs["mask"] = _masks_of(calling.first_argument(args, kwargs, self._call.names))

    def _check_inputs(self, first: Any) -> None:
        if self.input_spec is not None:
            assert_input_compatibility(self.input_spec, first, self._label)

    def _maybe_build(self, arguments: dict[str, Any]) -> None:
        if self.built:
            return
        shapes = calling.shapes_of(arguments)
        build_arguments = calling.build_arguments(self.build, shapes, self._label)
        self.build(**build_arguments)
        if self.input_spec is not None:
            self._check_inputs(next(iter(arguments.values()), None))

    def _infer(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        """Return symbolic outputs of `call` without computing anything."""
        overridden = type(self).compute_output_shape is not Layer.compute_output_shape
        tensors = [value for key, value in kwargs.items() if key not in ("mask", "training") and any_symbolic(value)]
        if overridden and len(args) == 1 and not tensors:
            shapes = self.compute_output_shape(map_structure(lambda tensor: tuple(tensor.shape), args[0]))
            return calling.map_shapes(lambda shape: SymbolicTensor(shape, self.compute_dtype), shapes)

        def run(*values: Any, **named: Any) -> Any:
            values, named = calling.convert_arguments(values, named, self.compute_dtype, self.autocast, self._label)
            return self._call_here(values, named)

        with calling.inferring():
            return symbolic.infer_call(run, args, kwargs)

    def _finish(self, first: Any, outputs: Any, symbolic_call: bool) -> None:
        """Attach masks to the outputs and add the penalty on them."""
        if self.activity_regularizer is not None and not symbolic_call:
            for output in flatten(outputs):
                if calling.is_tensor(output):
                    # Per sample, so that the strength does not depend on the batch size.
                    rows = max(output.shape[0], 1) if output.shape else 1
                    self.add_loss(self.activity_regularizer(output) / float(rows))
        if not self.supports_masking or (type(outputs) is _core.Tensor and masks.get_mask(outputs) is not None):
            return
        has_own = type(self).compute_mask is not Layer.compute_mask
        if not has_own and _masks_of(first) is None:
            return
        flat = [each for each in flatten(outputs) if calling.is_tensor(each)]
        if not flat or all(masks.get_mask(each) is not None for each in flat):
            return
        computed = self.compute_mask(first, map_structure(masks.get_mask, first))
        if computed is None:
            return
        for tensor, mask in zip(flat, flatten(computed)):
            if mask is not None and masks.get_mask(tensor) is None and tensor is not first:
                masks.set_mask(tensor, mask)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return the mask of the outputs; the default hands the inputs' mask on."""
        return previous_mask

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return SymbolicTensors like the outputs for symbolic arguments; nothing is recorded or computed."""
        if not self.built:
            with tracing.name_scope(self.name):
                self._maybe_build(self._bind(args, kwargs))
        return self._infer(args, kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the outputs for inputs of `input_shape` (None where a size is free).

        The layer is built if it was not: shapes are inferred by the ops that `call` uses.
        """
        inputs = calling.map_shapes(lambda shape: SymbolicTensor(shape, self.compute_dtype), input_shape)
        return map_structure(lambda tensor: tuple(tensor.shape), self.compute_output_spec(inputs))

    # Graph

    @property
    def input(self) -> Any:
        """Symbolic input of the first symbolic call."""
        return _unpack(self._first_node().input_tensors)

    @property
    def output(self) -> Any:
        """Symbolic output of the first symbolic call."""
        return _unpack(self._first_node().output_tensors)

    def _first_node(self) -> Node:
        if not self._inbound_nodes:
            raise ArgumentError(
                f"{self._label}: expected a layer called on a symbolic input; it never was; connect it to gm.Input(...)"
            )
        return self._inbound_nodes[0]

    # Configuration

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain values.

        Raises:
            UnsupportedError: a subclass whose arguments are not plain values and that has no `get_config` of its own.
        """
        self._check_initialized()
        config: dict[str, Any] = {"name": self.name}
        if type(self).get_config is Layer.get_config and type(self).__init__ is not Layer.__init__:
            config.update(self._automatic_config())
        config.update(trainable=self.trainable, dtype=serialization.serialize_object(self.dtype_policy))
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return config

    def _automatic_config(self) -> dict[str, Any]:
        arguments = self._init_arguments
        plain = (str, int, float, bool, type(None))
        if arguments is None or not all(isinstance(leaf, plain) for leaf in flatten(arguments)):
            raise UnsupportedError(
                f"{type(self).__name__}: expected a method get_config() that returns the constructor's arguments, as "
                "some of them are not plain values; write it"
            )
        return {key: value for key, value in arguments.items() if key not in ("name", "trainable", "dtype")}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        """Build a layer from `get_config`'s result."""
        parameters = inspect.signature(cls.__init__).parameters
        if not any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values()):
            # A constructor written without **kwargs cannot take what every layer's configuration holds.
            shared = ("name", "trainable", "dtype", "activity_regularizer")
            config = {key: value for key, value in config.items() if key in parameters or key not in shared}
        return cls(**config)


def _masks_of(tensors: Any) -> Any:
    """Return the masks of a structure of tensors, None where none carries one."""
    if type(tensors) is _core.Tensor:
        return masks.get_mask(tensors)
    found = map_structure(masks.get_mask, tensors)
    return found if any(each is not None for each in flatten(found)) else None


def _flat_arguments(bound: inspect.BoundArguments) -> dict[str, Any]:
    """Return the bound arguments of a constructor with those of `**kwargs` beside the others."""
    flat: dict[str, Any] = {}
    for name, value in list(bound.arguments.items())[1:]:
        kind = bound.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            flat.update(value)
        elif kind is inspect.Parameter.VAR_POSITIONAL:
            flat[name] = list(value)
        else:
            flat[name] = value
    return flat


def _constructor_names(cls: Any) -> list[str]:
    names = {
        name for each in cls.__mro__ if "__init__" in vars(each) for name in inspect.signature(each.__init__).parameters
    }
    return sorted(names - {"self", "args", "kwargs"})


def _unpack(values: list) -> Union[Any, list]:
    return values[0] if len(values) == 1 else values


def positive_integer(value: Any, name: str, owner: str) -> int:
    """Return `value` if it is a whole number from 1 on.

    Args:
        value: what the user gave.
        name: the argument's name.
        owner: the layer as named in messages.

    Raises:
        ArgumentError: anything else.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < 1:
        raise ArgumentError(f"{owner}: expected {name} to be a positive integer; received {value!r}")
    return int(value)


def activated(activation: Any, outputs: Any) -> Any:
    """Return outputs through an activation; as they are where its user took it away (`layer.activation = None`)."""
    return outputs if activation is None else activation(outputs)


def cast_like(variable: Any, tensor: Any) -> Any:
    """Return a variable in the dtype of a tensor (under a mixed policy they differ)."""
    return variable if variable.dtype == tensor.dtype else ops.cast(variable, tensor.dtype)
