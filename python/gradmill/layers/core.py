"""Input, Dense, Lambda, Identity, Wrapper."""

from __future__ import annotations

from typing import Any, Callable, Optional, Sequence

from gradmill import activations, config, constraints, initializers, masks, ops, regularizers, serialization
from gradmill.errors import ArgumentError, ShapeError, UnsupportedError
from gradmill.layers.base import Layer, activated, cast_like, positive_integer
from gradmill.layers.input_spec import InputSpec
from gradmill.layers.low_rank import LowRankLayer, low_rank_factor
from gradmill.serialization import register_serializable
from gradmill.symbolic import Node, SymbolicTensor, standardize_shape


@register_serializable("keras.layers")
class InputLayer(Layer):
    """The layer behind `gm.Input`: an entry of a model.

    Args:
        shape: sizes without the batch axis; None where free.
        batch_size: size of the batch axis, or None.
        dtype: element type, default `config.floatx()`; "string" for layers that read text.
        sparse, ragged: accepted for compatibility, must be false.
        batch_shape: sizes with the batch axis, instead of `shape`.
        input_tensor: a SymbolicTensor to stand for the input.
        optional: the model may be called with None here.
        name: label.

    Raises:
        ShapeError: neither or both of `shape` and `batch_shape`.
    """

    def __init__(
        self,
        shape: Optional[Sequence[Optional[int]]] = None,
        batch_size: Optional[int] = None,
        dtype: Optional[str] = None,
        sparse: Optional[bool] = None,
        ragged: Optional[bool] = None,
        batch_shape: Optional[Sequence[Optional[int]]] = None,
        input_tensor: Optional[SymbolicTensor] = None,
        optional: bool = False,
        name: Optional[str] = None,
        **kwargs: Any,
    ):
        shape = kwargs.pop("input_shape", shape)
        batch_shape = kwargs.pop("batch_input_shape", batch_shape)
        super().__init__(name=name, **kwargs)
        if sparse or ragged:
            raise UnsupportedError(f"{self._label}: expected a dense input; received sparse={sparse}, ragged={ragged}")
        if input_tensor is not None:
            if not isinstance(input_tensor, SymbolicTensor):
                raise ArgumentError(
                    f"{self._label}: expected input_tensor to be symbolic; received {type(input_tensor).__name__}"
                )
            batch_shape, dtype = input_tensor.shape, input_tensor.dtype
        elif (shape is None) == (batch_shape is None):
            raise ShapeError(
                f"{self._label}: expected one of shape and batch_shape; received shape={shape}, "
                f"batch_shape={batch_shape}; pass for example shape=(28, 28)"
            )
        if batch_shape is None:
            batch_shape = (batch_size, *standardize_shape(shape, f"{self._label}: shape"))
        self._batch_shape = standardize_shape(batch_shape, f"{self._label}: batch_shape")
        is_text = getattr(dtype, "name", dtype) in ("string", str)
        self._dtype = "string" if is_text else config.standardize_dtype(dtype)
        self.optional = bool(optional)
        output = input_tensor if input_tensor is not None else SymbolicTensor(self._batch_shape, self._dtype, self.name)
        Node(self, (), {}, output)
        self._build_at_init()

    @property
    def batch_shape(self) -> tuple:
        """Sizes with the batch axis."""
        return self._batch_shape

    @property
    def dtype(self) -> str:
        """Element type of the input."""
        return self._dtype

    def call(self, *args: Any) -> Any:
        """An entry computes nothing."""
        raise UnsupportedError(f"{self._label}: expected to be used through gm.Input; received a call; call the model")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "batch_shape": self._batch_shape,
            "dtype": self._dtype,
            "sparse": False,
            "ragged": False,
            "name": self.name,
            "optional": self.optional,
        }


def Input(  # noqa: N802
    shape: Optional[Sequence[Optional[int]]] = None,
    batch_size: Optional[int] = None,
    dtype: Optional[str] = None,
    sparse: Optional[bool] = None,
    ragged: Optional[bool] = None,
    batch_shape: Optional[Sequence[Optional[int]]] = None,
    name: Optional[str] = None,
    tensor: Optional[SymbolicTensor] = None,
    optional: bool = False,
) -> SymbolicTensor:
    """Return a symbolic tensor that stands for an input of a model.

    Args:
        shape: sizes without the batch axis; None where free.
        batch_size: size of the batch axis, or None.
        dtype: element type, default `config.floatx()`; "string" for layers that read text.
        sparse, ragged: must be false.
        batch_shape: sizes with the batch axis, instead of `shape`.
        name: label.
        tensor: a SymbolicTensor to stand for the input.
        optional: the model may be called with None here.

    Returns:
        A SymbolicTensor.

    Raises:
        ShapeError: neither or both of `shape` and `batch_shape`.

    Example:
    >>> import gradmill as gm
    >>> x = gm.Input(shape=(4,))
    >>> gm.Model(x, gm.layers.Dense(2)(x)).count_params()
    10
    """
    layer = InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name)
    return layer.output


@register_serializable("keras.layers")
class Dense(LowRankLayer):
    """`activation(inputs @ kernel + bias)` over the last axis.

    Args:
        units: number of outputs.
        activation: name or function; None for none.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: first values.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties.
        kernel_constraint, bias_constraint: projections after each update.
        lora_rank, lora_alpha: rank and strength of a low-rank update; see `enable_lora`.
        quantization_config: must be None.

    Input shape: (batch, ..., inputs). Output shape: (batch, ..., units).
    Weights: kernel (inputs, units), bias (units,).

    Raises:
        ArgumentError: units that is not a positive integer.
        ShapeError: an input whose last axis is unknown or differs from the one built for.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Dense(3)(gm.ops.ones((2, 4))).shape
    (2, 3)
    """

    lora_kernel_a, lora_kernel_b = low_rank_factor(0), low_rank_factor(1)

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: Optional[int] = None,
        lora_alpha: Optional[float] = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self._prepare_low_rank(lora_rank, lora_alpha, quantization_config)
        units = positive_integer(units, "units", self._label)
        self.units = units
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.bias: Any = None
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias."""
        self._table = self.add_weight(
            (input_shape[-1], self.units),
            name="kernel",
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (self.units,),
                name="bias",
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: input_shape[-1]})
        self._enable_wanted()

    @property
    def kernel(self) -> Any:
        """The kernel, with its low-rank update if it has one; None before the layer is built."""
        return self._whole_table()

    def call(self, inputs: Any, training: Optional[bool] = None) -> Any:
        """Return the outputs."""
        outputs = ops.matmul(inputs, cast_like(self._table, inputs))
        outputs = self._with_update(outputs, lambda a: ops.matmul(inputs, a))
        if self.bias is not None:
            outputs = ops.add(outputs, cast_like(self.bias, outputs))
        return activated(self.activation, outputs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
        }


@register_serializable("keras.layers")
class Identity(Layer):
    """Return the inputs unchanged."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return the inputs."""
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config()


@register_serializable("keras.layers")
class Lambda(Layer):
    """A function as a layer. For anything with variables write a subclass of `Layer`.

    Args:
        function: called with the inputs; may have arguments `mask` and `training`.
        output_shape: accepted for compatibility; shapes are inferred.
        mask: mask of the outputs, or a function of inputs and mask.
        arguments: further arguments of the function.

    Only named, registered functions can be saved; the code of a lambda is never written to a file.

    Raises:
        ArgumentError: something that cannot be called.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Lambda(lambda x: x * 2)([1.0, 2.0]).numpy().tolist()
    [2.0, 4.0]
    """

    def __init__(
        self,
        function: Callable,
        output_shape: Any = None,
        mask: Any = None,
        arguments: Optional[dict[str, Any]] = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if not callable(function):
            raise ArgumentError(f"{self._label}: expected a function; received {function!r}; pass a callable")
        with self._tracker.pause():
            self.function = function
            self.arguments = dict(arguments or {})
        self._output_shape = output_shape
        self.mask = mask
        self.supports_masking = True
        accepted = getattr(getattr(function, "__code__", None), "co_varnames", ())
        self._passes_mask = "mask" in accepted
        self._passes_training = "training" in accepted
        self._build_at_init()

    def call(self, inputs: Any, mask: Any = None, training: Optional[bool] = None) -> Any:
        """Return `function(inputs, **arguments)`."""
        arguments = dict(self.arguments)
        if self._passes_mask:
            arguments["mask"] = mask
        if self._passes_training:
            arguments["training"] = training
        return self.function(inputs, **arguments)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Return the mask given to the constructor."""
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        described = {
            **super().get_config(),
            "function": serialization.serialize_object(self.function),
            "arguments": serialization.serialize_object(self.arguments),
        }
        if self._output_shape is not None:
            described["output_shape"] = self._output_shape
        if self.mask is not None:
            described["mask"] = serialization.serialize_object(self.mask)
        return described

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Lambda:
        """Build a layer from `get_config`'s result."""
        for key in ("function", "mask", "arguments"):
            if isinstance(config.get(key), dict):
                config[key] = serialization.deserialize_object(config[key])
        if isinstance(config.get("output_shape"), list):
            config["output_shape"] = tuple(config["output_shape"])
        return cls(**config)


@register_serializable("keras.layers")
class Wrapper(Layer):
    """Base class of layers that change what another layer does.

    Args:
        layer: the layer inside.

    Raises:
        ArgumentError: something that is not a layer.
    """

    def __init__(self, layer: Layer, **kwargs: Any):
        if not isinstance(layer, Layer):
            raise ArgumentError(f"{type(self).__name__}: expected a layer; received {layer!r}; pass a gm.layers.Layer")
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        """Build the layer inside."""
        if not self.layer.built:
            self.layer.build(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "layer": serialization.serialize_object(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Optional[dict] = None) -> Wrapper:
        """Build a layer from `get_config`'s result."""
        layer = serialization.deserialize_object(config["layer"], custom_objects, default_module="keras.layers")
        return cls(layer, **{key: value for key, value in config.items() if key != "layer"})


@register_serializable("keras.layers")
class Masking(Layer):
    """Mark steps whose features all equal a value, so that later layers skip them.

    Args:
        mask_value: the value.

    Input shape: (batch, steps, features). Output: the same, with those steps set to 0 and a mask attached.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Masking().compute_mask(gm.ops.convert_to_tensor([[[0.0], [1.0]]])).numpy().tolist()
    [[False, True]]
    """

    def __init__(self, mask_value: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.mask_value = mask_value
        self.supports_masking = True
        self._build_at_init()

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return True where a step counts."""
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)

    def call(self, inputs: Any) -> Any:
        """Return the inputs with the skipped steps set to 0."""
        mask = self.compute_mask(inputs)
        outputs = ops.where(ops.expand_dims(mask, -1), inputs, ops.zeros_like(inputs))
        masks.set_mask(outputs, mask)
        return outputs

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "mask_value": self.mask_value}
