"""Activations."""

from typing import Any

import numpy as np

from gradmill import _core
from gradmill.errors import ShapeError
from gradmill.ops.calling import clipped, float_tensor, public_op, tensor

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu6",
    "selu",
    "silu",
    "soft_shrink",
    "softmax",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh_shrink",
    "threshold",
]


@public_op
def relu6(x: Any) -> Any:
    """Return min(max(x, 0), 6).

    Args:
        x: tensor.

    Returns:
        tensor like `x`.
    """
    return clipped(tensor(x), 0.0, 6.0)


@public_op
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """Return x where positive and negative_slope * x elsewhere.

    Args:
        x: tensor.
        negative_slope: slope below zero.

    Returns:
        tensor like `x`.
    """
    x = float_tensor(x)
    return _core.ops.where(_core.ops.greater(x, 0.0), x, x * negative_slope)


@public_op
def elu(x: Any, alpha: float = 1.0) -> Any:
    """Return x where positive and alpha * (exp(x) - 1) elsewhere (Clevert et al. 2016).

    Args:
        x: tensor.
        alpha: minus the limit at minus infinity.

    Returns:
        tensor like `x`.
    """
    x = float_tensor(x)
    negative = _core.ops.expm1(_core.ops.minimum(x, 0.0))
    return _core.ops.where(_core.ops.greater(x, 0.0), x, negative if alpha == 1.0 else negative * alpha)


@public_op
def selu(x: Any) -> Any:
    """Return the scaled elu whose outputs normalise themselves (Klambauer et al. 2017).

    Args:
        x: tensor.

    Returns:
        tensor like `x`.
    """
    return elu.eager(x, 1.6732632423543772) * 1.0507009873554805


@public_op
def celu(x: Any, alpha: float = 1.0) -> Any:
    """Return max(x, 0) + min(0, alpha * (exp(x / alpha) - 1)) (Barron 2017).

    Args:
        x: tensor.
        alpha: minus the limit at minus infinity.

    Returns:
        tensor like `x`.
    """
    x = float_tensor(x)
    return _core.ops.relu(x) + _core.ops.expm1(_core.ops.minimum(x, 0.0) / alpha) * alpha


@public_op
def gelu(x: Any, approximate: bool = True) -> Any:
    """Return x times the normal distribution function of x, by tanh or exactly by erf (Hendrycks and Gimpel 2016).

    Args:
        x: tensor.
        approximate: whether to use tanh in place of erf.

    Returns:
        tensor like `x`.
    """
    x = float_tensor(x)
    if approximate:
        inner = (x + x * x * x * 0.044715) * float(np.sqrt(2.0 / np.pi))
        return x * 0.5 * (_core.ops.tanh(inner) + 1.0)
    return x * 0.5 * (_core.ops.erf(x * float(np.sqrt(0.5))) + 1.0)


@public_op
def silu(x: Any) -> Any:
    """Return x * sigmoid(x) (Elfwing et al. 2018).

    Args:
        x: tensor.

    Returns:
        tensor like `x`.
    """
    return _core.ops.silu(float_tensor(x))


swish = silu


@public_op
def softsign(x: Any) -> Any:
    """Return x / (1 + |x|).

    Args:
        x: tensor.

    Returns:
        tensor like `x`.
    """
    x = float_tensor(x)
    return x / (_core.ops.abs(x) + 1.0)


@public_op
def log_sigmoid(x: Any) -> Any:
    """Return log(sigmoid(x)) without overflow.

    Args:
        x: tensor.

    Returns:
        tensor like `x`.
    """
    return -_core.ops.softplus(-float_tensor(x))


@public_op
def mish(x: Any) -> Any:
    """Return x * tanh(softplus(x)) (Misra 2019).

    Args:
        x: tensor.

    Returns:
        tensor like `x`.
    """
    x = float_tensor(x)
    return x * _core.ops.tanh(_core.ops.softplus(x))


@public_op
def hard_sigmoid(x: Any) -> Any:
    """Return x / 6 + 0.5 limited to [0, 1].

    Args:
        x: tensor.

    Returns:
        tensor like `x`.
    """
    return clipped(float_tensor(x) / 6.0 + 0.5, 0.0, 1.0)


@public_op
def hard_silu(x: Any) -> Any:
    """Return x * hard_sigmoid(x) (Howard et al. 2019).

    Args:
        x: tensor.

    Returns:
        tensor like `x`.
    """
    x = float_tensor(x)
    return x * hard_sigmoid.eager(x)


hard_swish = hard_silu


@public_op
def hard_tanh(x: Any) -> Any:
    """Return x limited to [-1, 1].

    Args:
        x: tensor.

    Returns:
        tensor like `x`.
    """
    return clipped(float_tensor(x), -1.0, 1.0)


@public_op
def tanh_shrink(x: Any) -> Any:
    """Return x - tanh(x).

    Args:
        x: tensor.

    Returns:
        tensor like `x`.
    """
    x = float_tensor(x)
    return x - _core.ops.tanh(x)


@public_op
def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """Return x where |x| exceeds the threshold and 0 elsewhere.

    Args:
        x: tensor.
        threshold: what |x| must exceed.

    Returns:
        tensor like `x`.
    """
    x = float_tensor(x)
    return _core.ops.where(_core.ops.greater(_core.ops.abs(x), threshold), x, 0.0)


@public_op
def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """Return x moved towards 0 by the threshold, 0 within it.

    Args:
        x: tensor.
        threshold: by how much values move.

    Returns:
        tensor like `x`.
    """
    x = float_tensor(x)
    return _core.ops.sign(x) * _core.ops.relu(_core.ops.abs(x) - threshold)


@public_op
def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """Return x where it exceeds the threshold and the default value elsewhere.

    Args:
        x: tensor.
        threshold: what x must exceed.
        default_value: the value elsewhere.

    Returns:
        tensor like `x`.
    """
    x = float_tensor(x)
    return _core.ops.where(_core.ops.greater(x, threshold), x, float(default_value))


@public_op
def squareplus(x: Any, b: float = 4) -> Any:
    """Return (x + sqrt(x^2 + b)) / 2 (Barron 2021).

    Args:
        x: tensor.
        b: width of the bend at zero.

    Returns:
        tensor like `x`.
    """
    x = float_tensor(x)
    return (x + _core.ops.sqrt(x * x + float(b))) * 0.5


@public_op
def sparse_plus(x: Any) -> Any:
    """Return 0 below -1, x above 1 and (x + 1)^2 / 4 between.

    Args:
        x: tensor.

    Returns:
        tensor like `x`.
    """
    x = float_tensor(x)
    middle = _core.ops.square(x + 1.0) * 0.25
    return _core.ops.where(_core.ops.less(x, -1.0), 0.0, _core.ops.where(_core.ops.greater(x, 1.0), x, middle))


@public_op
def sparse_sigmoid(x: Any) -> Any:
    """Return 0 below -1, 1 above 1 and (x + 1) / 2 between.

    Args:
        x: tensor.

    Returns:
        tensor like `x`.
    """
    return clipped((float_tensor(x) + 1.0) * 0.5, 0.0, 1.0)


@public_op
def glu(x: Any, axis: int = -1) -> Any:
    """Return the first half along `axis` times the sigmoid of the second (Dauphin et al. 2017).

    Args:
        x: tensor.
        axis: axis to halve.

    Returns:
        tensor with half the size along `axis`.

    Raises:
        ShapeError: when the axis has an odd size.
    """
    x = float_tensor(x)
    if x.shape[axis] % 2:
        raise ShapeError(f"glu: expected an even size of axis {axis}; received shape {x.shape}")
    half, index = x.shape[axis] // 2, [slice(None)] * x.ndim
    index[axis] = slice(0, half)
    first = x[tuple(index)]
    index[axis] = slice(half, None)
    return first * _core.ops.sigmoid(x[tuple(index)])


def _flat_axes(function: Any, x: Any, axis: Any) -> Any:
    """Apply `function` over several axes as if they were one."""
    axes = sorted(each % x.ndim for each in axis)
    rest = [i for i in range(x.ndim) if i not in axes]
    moved = _core.ops.transpose(x, permutation=rest + axes)
    flat = _core.ops.reshape(moved, shape=[*(x.shape[i] for i in rest), -1])
    back = _core.ops.reshape(function(flat, axis=-1), shape=list(moved.shape))
    return _core.ops.transpose(back, permutation=[int(i) for i in np.argsort(rest + axes)])


@public_op
def softmax(x: Any, axis: Any = -1) -> Any:
    """Return exponentials scaled to sum to one along `axis` (a number, several, or None for all).

    Args:
        x: logits.
        axis: axis or axes over which the result sums to one.

    Returns:
        tensor like `x`.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.softmax([0.0, 0.0]).numpy()
        array([0.5, 0.5], dtype=float32)
    """
    x = float_tensor(x)
    if axis is None:
        axis = range(x.ndim)
    return _core.ops.softmax(x, axis=axis) if isinstance(axis, int) else _flat_axes(_core.ops.softmax, x, axis)


@public_op
def log_softmax(x: Any, axis: Any = -1) -> Any:
    """Return the logarithm of softmax, without overflow.

    Args:
        x: logits.
        axis: axis or axes over which the probabilities sum to one.

    Returns:
        tensor like `x`.
    """
    x = float_tensor(x)
    if axis is None:
        axis = range(x.ndim)
    return _core.ops.log_softmax(x, axis=axis) if isinstance(axis, int) else _flat_axes(_core.ops.log_softmax, x, axis)


@public_op
def sparsemax(x: Any, axis: int = -1) -> Any:
    """Return the projection of x onto the simplex along `axis` (Martins and Astudillo 2016).

    Args:
        x: logits.
        axis: axis over which the result sums to one.

    Returns:
        tensor like `x`.
    """
    x = float_tensor(x)
    axis %= x.ndim
    descending = -_core.ops.sort(-x, axis=axis)
    count = x.shape[axis]
    place = [count if i == axis else 1 for i in range(x.ndim)]
    rank = _core.tensor(np.arange(1, count + 1, dtype="float32").reshape(place), x.dtype)
    running = _core.ops.cumsum(descending, axis=axis)
    inside = _core.ops.greater(descending * rank + 1.0, running).astype(x.dtype)
    kept = _core.ops.sum(inside, axes=[axis], keepdims=True)
    total = _core.ops.sum(inside * descending, axes=[axis], keepdims=True)
    return _core.ops.relu(x - (total - 1.0) / kept)
