"""Activation functions as layers."""

from __future__ import annotations

from typing import Any, Optional, Sequence, Union

from gradmill import activations, constraints, initializers, ops, regularizers
from gradmill.errors import ArgumentError
from gradmill.layers.base import Layer, cast_like
from gradmill.layers.input_spec import InputSpec
from gradmill.serialization import register_serializable


@register_serializable("keras.layers")
class Activation(Layer):
    """Apply an activation function.

    Args:
        activation: name, function or layer.

    Raises:
        ArgumentError: an unknown name.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Activation("relu")([-1.0, 2.0]).numpy().tolist()
    [0.0, 2.0]
    """

    def __init__(self, activation: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.activation = activations.get(activation)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return the activations."""
        return self.activation(inputs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


def _check_slope(owner: str, name: str, value: Any) -> float:
    if value is None or value < 0:
        raise ArgumentError(f"{owner}: expected {name} >= 0; received {value!r}; correct it")
    return value


@register_serializable("keras.layers")
class ReLU(Layer):
    """Rectified linear unit.

    Args:
        max_value: upper bound >= 0, or None.
        negative_slope: slope below `threshold`, >= 0.
        threshold: value below which the input is damped, >= 0.

    Raises:
        ArgumentError: a negative argument.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.ReLU(max_value=1.0)([-3.0, 0.5, 2.0]).numpy().tolist()
    [0.0, 0.5, 1.0]
    """

    def __init__(
        self, max_value: Optional[float] = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else _check_slope(self._label, "max_value", max_value)
        self.negative_slope = _check_slope(self._label, "negative_slope", negative_slope)
        self.threshold = _check_slope(self._label, "threshold", threshold)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return the activations."""
        return activations.relu(
            inputs, negative_slope=self.negative_slope, max_value=self.max_value, threshold=self.threshold
        )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }


@register_serializable("keras.layers")
class LeakyReLU(Layer):
    """Rectified linear unit with a slope below 0.

    Args:
        negative_slope: slope below 0, >= 0.

    Raises:
        ArgumentError: a negative slope.

    Reference: Maas et al. 2013.
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any):
        negative_slope = kwargs.pop("alpha", negative_slope)
        super().__init__(**kwargs)
        self.negative_slope = _check_slope(self._label, "negative_slope", negative_slope)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return the activations."""
        return activations.leaky_relu(inputs, negative_slope=self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "negative_slope": self.negative_slope}


@register_serializable("keras.layers")
class PReLU(Layer):
    """Rectified linear unit with a learned slope below 0.

    Args:
        alpha_initializer: first slopes.
        alpha_regularizer: penalty on the slopes.
        alpha_constraint: projection of the slopes.
        shared_axes: axes (from 1) along which one slope serves all elements.

    Weights: alpha, the input's shape without the batch axis, 1 along shared axes.

    Raises:
        ShapeError: an axis of unknown size that is not shared.

    Reference: He et al. 2015.
    """

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Union[None, int, Sequence[int]] = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        self.shared_axes = [shared_axes] if isinstance(shared_axes, int) else shared_axes and list(shared_axes)
        self.alpha: Any = None

    def build(self, input_shape: Any) -> None:
        """Make the slopes."""
        shared = self.shared_axes or ()
        shape = [1 if axis in shared else size for axis, size in enumerate(input_shape)][1:]
        self.alpha = self.add_weight(
            shape,
            name="alpha",
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        axes = {axis: size for axis, size in enumerate(input_shape) if axis > 0 and axis not in shared}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=axes)

    def call(self, inputs: Any) -> Any:
        """Return the activations."""
        return activations.relu(inputs) - cast_like(self.alpha, inputs) * activations.relu(-inputs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "alpha_initializer": initializers.serialize(self.alpha_initializer),
            "alpha_regularizer": regularizers.serialize(self.alpha_regularizer),
            "alpha_constraint": constraints.serialize(self.alpha_constraint),
            "shared_axes": self.shared_axes,
        }


@register_serializable("keras.layers")
class ELU(Layer):
    """Exponential linear unit.

    Args:
        alpha: value approached below 0 is `-alpha`.

    Reference: Clevert et al. 2016.
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.alpha = alpha
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return the activations."""
        return activations.elu(inputs, alpha=self.alpha)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "alpha": self.alpha}


@register_serializable("keras.layers")
class Softmax(Layer):
    """Exponentials scaled to sum to one.

    Args:
        axis: axis or axes over which they sum.

    `call(inputs, mask=None)` gives elements where the mask is False (almost) no share.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Softmax()([[1.0, 1.0]]).numpy().tolist()
    [[0.5, 0.5]]
    """

    def __init__(self, axis: Union[int, Sequence[int]] = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = list(axis) if isinstance(axis, (list, tuple)) else axis
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Return the shares."""
        if mask is not None:
            # Large enough to vanish behind exp, small enough for float16.
            lowest = -3e4 if inputs.dtype == "float16" else -1e9
            inputs = inputs + (1.0 - ops.cast(mask, inputs.dtype)) * lowest
        if isinstance(self.axis, list):
            if len(self.axis) > 1:
                return ops.exp(inputs - ops.logsumexp(inputs, axis=tuple(self.axis), keepdims=True))
            return activations.softmax(inputs, axis=self.axis[0])
        return activations.softmax(inputs, axis=self.axis)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "axis": self.axis}
