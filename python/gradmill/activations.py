"""Activation functions by name: every one of Keras, with its arguments and defaults."""

from __future__ import annotations

import types
from typing import Any, Callable, Optional

from gradmill import ops
from gradmill.errors import ArgumentError
from gradmill.serialization import (
    deserialize_object,
    get_by_name,
    get_registered_object,
    register_serializable,
    serialize_object,
)

__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]

_builtin = register_serializable("keras.activations")


@_builtin
def linear(x: Any) -> Any:
    """Return `x` unchanged.

    Args:
        x: tensor.
    """
    return x


@_builtin
def relu(x: Any, negative_slope: float = 0.0, max_value: Optional[float] = None, threshold: float = 0.0) -> Any:
    """Rectified linear unit.

    Args:
        x: tensor.
        negative_slope: slope below `threshold`.
        max_value: upper bound, or None.
        threshold: value below which `x` is damped.

    Returns:
        `x` where x >= threshold (at most max_value), elsewhere `negative_slope * (x - threshold)`.

    Example:
    >>> import gradmill as gm
    >>> gm.activations.relu([-2.0, 3.0], negative_slope=0.5).numpy().tolist()
    [-1.0, 3.0]
    """
    x = ops.convert_to_tensor(x)
    if threshold == 0.0:
        if negative_slope == 0.0:
            if max_value == 6:
                return ops.relu6(x)
            return ops.relu(x) if max_value is None else ops.clip(x, 0.0, max_value)
        y = ops.leaky_relu(x, negative_slope=negative_slope)
    elif negative_slope == 0.0:
        y = ops.where(ops.greater(x, threshold), x, ops.zeros_like(x))
    else:
        y = ops.where(ops.greater(x, threshold), x, negative_slope * (x - threshold))
    return y if max_value is None else ops.minimum(y, max_value)


@_builtin
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """`x` where positive, else `negative_slope * x`.

    Args:
        x: tensor.
        negative_slope: slope below 0.

    Reference: Maas et al. 2013.
    """
    return ops.leaky_relu(x, negative_slope=negative_slope)


@_builtin
def relu6(x: Any) -> Any:
    """min(max(x, 0), 6).

    Args:
        x: tensor.

    Reference: Krizhevsky 2010.
    """
    return ops.relu6(x)


@_builtin
def softmax(x: Any, axis: int = -1) -> Any:
    """Exponentials scaled to sum to one along `axis`.

    Args:
        x: tensor.
        axis: axis along which it acts.

    Example:
    >>> import gradmill as gm
    >>> gm.activations.softmax([[0.0, 0.0]]).numpy().tolist()
    [[0.5, 0.5]]
    """
    return ops.softmax(x, axis=axis)


@_builtin
def log_softmax(x: Any, axis: int = -1) -> Any:
    """Logarithm of the softmax, without its rounding errors.

    Args:
        x: tensor.
        axis: axis along which it acts.
    """
    return ops.log_softmax(x, axis=axis)


@_builtin
def elu(x: Any, alpha: float = 1.0) -> Any:
    """`x` where positive, else `alpha * (exp(x) - 1)`.

    Args:
        x: tensor.
        alpha: positive number.

    Reference: Clevert et al. 2016.
    """
    return ops.elu(x, alpha=alpha)


@_builtin
def celu(x: Any, alpha: float = 1.0) -> Any:
    """`x` where positive, else `alpha * (exp(x / alpha) - 1)`.

    Args:
        x: tensor.
        alpha: positive number.

    Reference: Barron 2017.
    """
    return ops.celu(x, alpha=alpha)


@_builtin
def selu(x: Any) -> Any:
    """Scaled `elu` whose outputs keep mean 0 and variance 1.

    Args:
        x: tensor.

    Reference: Klambauer et al. 2017.
    """
    return ops.selu(x)


@_builtin
def softplus(x: Any) -> Any:
    """log(exp(x) + 1).

    Args:
        x: tensor.

    Reference: Glorot et al. 2011.
    """
    return ops.softplus(x)


@_builtin
def softsign(x: Any) -> Any:
    """x / (|x| + 1).

    Args:
        x: tensor.
    """
    return ops.softsign(x)


@_builtin
def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """`x` moved towards 0 by `threshold`, and 0 within it.

    Args:
        x: tensor.
        threshold: number >= 0.
    """
    x = ops.convert_to_tensor(x)
    return ops.maximum(x - threshold, 0.0) + ops.minimum(x + threshold, 0.0)


@_builtin
def sparse_plus(x: Any) -> Any:
    """0 below -1, `(x + 1)^2 / 4` up to 1, `x` above.

    Args:
        x: tensor.
    """
    x = ops.convert_to_tensor(x)
    middle = ops.square(x + 1.0) * 0.25
    return ops.where(x <= -1.0, ops.zeros_like(x), ops.where(x < 1.0, middle, x))


@_builtin
def silu(x: Any) -> Any:
    """x * sigmoid(x), also called swish.

    Args:
        x: tensor.

    Reference: Ramachandran et al. 2017.
    """
    return ops.silu(x)


@_builtin
def squareplus(x: Any, b: float = 4) -> Any:
    """(x + sqrt(x^2 + b)) / 2.

    Args:
        x: tensor.
        b: positive number.

    Reference: Barron 2021.
    """
    x = ops.convert_to_tensor(x)
    return (x + ops.sqrt(ops.square(x) + b)) * 0.5


@_builtin
def gelu(x: Any, approximate: bool = False) -> Any:
    """x * P(X <= x) for a standard normal X; `approximate` uses tanh.

    Args:
        x: tensor.
        approximate: use the tanh formula.

    Reference: Hendrycks and Gimpel 2016.
    """
    return ops.gelu(x, approximate=approximate)


@_builtin
def glu(x: Any, axis: int = -1) -> Any:
    """First half along `axis` times the sigmoid of the second.

    Args:
        x: tensor.
        axis: axis along which it acts.

    Reference: Dauphin et al. 2017.
    """
    return ops.glu(x, axis=axis)


@_builtin
def tanh(x: Any) -> Any:
    """Hyperbolic tangent.

    Args:
        x: tensor.
    """
    return ops.tanh(x)


@_builtin
def tanh_shrink(x: Any) -> Any:
    """x - tanh(x).

    Args:
        x: tensor.
    """
    x = ops.convert_to_tensor(x)
    return x - ops.tanh(x)


@_builtin
def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """`x` where greater than `threshold`, else `default_value`.

    Args:
        x: tensor.
        threshold: value that `x` must exceed.
        default_value: value elsewhere.
    """
    x = ops.convert_to_tensor(x)
    return ops.where(x > threshold, x, ops.full_like(x, default_value))


@_builtin
def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)).

    Args:
        x: tensor.
    """
    return ops.sigmoid(x)


@_builtin
def sparse_sigmoid(x: Any) -> Any:
    """0 below -1, `(x + 1) / 2` up to 1, 1 above.

    Args:
        x: tensor.
    """
    x = ops.convert_to_tensor(x)
    return ops.clip((x + 1.0) * 0.5, 0.0, 1.0)


@_builtin
def exponential(x: Any) -> Any:
    """exp(x).

    Args:
        x: tensor.
    """
    return ops.exp(x)


@_builtin
def hard_sigmoid(x: Any) -> Any:
    """0 below -3, 1 above 3, `x / 6 + 0.5` between.

    Args:
        x: tensor.
    """
    return ops.hard_sigmoid(x)


@_builtin
def log_sigmoid(x: Any) -> Any:
    """Logarithm of the sigmoid, without its rounding errors.

    Args:
        x: tensor.
    """
    return ops.log_sigmoid(x)


@_builtin
def hard_silu(x: Any) -> Any:
    """x * hard_sigmoid(x), also called hard_swish.

    Args:
        x: tensor.

    Reference: Howard et al. 2019.
    """
    return ops.hard_silu(x)


@_builtin
def hard_tanh(x: Any) -> Any:
    """`x` clipped to [-1, 1].

    Args:
        x: tensor.
    """
    return ops.clip(ops.convert_to_tensor(x), -1.0, 1.0)


@_builtin
def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """`x` where |x| > threshold, else 0.

    Args:
        x: tensor.
        threshold: number >= 0.
    """
    x = ops.convert_to_tensor(x)
    return ops.where(ops.abs(x) > threshold, x, ops.zeros_like(x))


@_builtin
def mish(x: Any) -> Any:
    """x * tanh(softplus(x)).

    Args:
        x: tensor.

    Reference: Misra 2019.
    """
    x = ops.convert_to_tensor(x)
    return x * ops.tanh(ops.softplus(x))


@_builtin
def sparsemax(x: Any, axis: int = -1) -> Any:
    """Projection onto the simplex: like softmax, with exact zeros.

    Args:
        x: tensor.
        axis: axis along which it acts.

    The outputs sum to one, as in the reference; those of Keras 3 (up to 3.15) do not.

    Reference: Martins and Astudillo 2016.
    """
    x = ops.convert_to_tensor(x)
    ordered = ops.flip(ops.sort(x, axis=axis), axis=axis)
    sums = ops.cumsum(ordered, axis=axis)
    shape = [1] * len(x.shape)
    shape[axis] = x.shape[axis]
    rank = ops.reshape(ops.arange(1, x.shape[axis] + 1, dtype=x.dtype), shape)
    support = ops.cast(1.0 + rank * ordered > sums, x.dtype)
    count = ops.sum(support, axis=axis, keepdims=True)
    tau = (ops.sum(ordered * support, axis=axis, keepdims=True) - 1.0) / count
    return ops.maximum(x - tau, 0.0)


_FUNCTIONS = (
    relu, leaky_relu, relu6, softmax, celu, elu, selu, softplus, softsign, squareplus, soft_shrink, sparse_plus, silu,
    gelu, glu, tanh, tanh_shrink, threshold, sigmoid, sparse_sigmoid, exponential, hard_sigmoid, hard_silu, hard_tanh,
    hard_shrink, linear, mish, log_softmax, log_sigmoid, sparsemax,
)  # fmt: skip
_TABLE: dict[str, Callable] = {each.__name__: each for each in _FUNCTIONS}
_TABLE.update(swish=silu, hard_swish=hard_silu)

swish = silu
hard_swish = hard_silu


def get(identifier: Any) -> Callable:
    """Return the function for None (linear), a name, a configuration or a callable.

    Args:
        identifier: None, a name, a configuration, a class or a callable.

    Raises:
        ArgumentError: an unknown name; the nearest known one is given.

    Example:
    >>> import gradmill as gm
    >>> gm.activations.get("relu") is gm.activations.relu
    True
    """
    if identifier is None:
        return linear
    if isinstance(identifier, dict):
        identifier = deserialize_object(identifier, default_module="keras.layers")
    if isinstance(identifier, str):
        return get_by_name(_TABLE, identifier, "activation")
    if not callable(identifier):
        raise ArgumentError(
            f"activation: expected None, a name, a configuration or a callable; received {identifier!r} of type "
            f"{type(identifier).__name__}; pass one of these"
        )
    return identifier


def serialize(activation: Any) -> Any:
    """Return the name of an activation of this module, else the configuration of a function or layer.

    Args:
        activation: function or layer.
    """
    if isinstance(activation, types.FunctionType) and _TABLE.get(activation.__name__) is activation:
        return activation.__name__
    return serialize_object(activation)


def deserialize(config: Any, custom_objects: Optional[dict] = None) -> Callable:
    """Return the function that `serialize` described.

    Args:
        config: what `serialize` returned.
        custom_objects: names to classes and functions of the user.
    """
    if isinstance(config, str):
        found = get_registered_object(config, custom_objects)
        return found if found is not None else get(config)
    return deserialize_object(config, custom_objects, default_module="keras.layers")
