"""Statistics along axes and what is brought to mean 0 and variance 1 by them."""

import math
from typing import Any, List, Optional, Tuple

from gradmill import _core, config
from gradmill.errors import ArgumentError, ShapeError
from gradmill.ops.calling import axes_of, float_tensor, public_op, tensor
from gradmill.ops.shape import full

__all__ = [
    "batch_norm_training",
    "batch_normalization",
    "layer_normalization",
    "moments",
    "normalize",
    "rms_normalization",
]


def _wide(x: Any) -> Any:
    """Statistics of half types are taken in float32."""
    x = float_tensor(x)
    return x if x.dtype in ("float32", "float64") else x.astype("float32")


def _moments(x: Any, axes: List[int]) -> Tuple[Any, Any]:
    """Mean and variance that keep their axes; the variance from distances, so that large means cost no digits."""
    count = 1
    for axis in axes:
        count *= x.shape[axis]
    scale = 1.0 / count if count else float("nan")
    if not axes:
        return x, x - x
    mean = _core.ops.sum(x, axes=axes, keepdims=True) * scale
    return mean, _core.ops.sum(_core.ops.square(x - mean), axes=axes, keepdims=True) * scale


def _checked_axes(axis: Any, ndim: int, who: str) -> List[int]:
    axes = axes_of(axis, ndim)
    if any(not -ndim <= each < ndim for each in axes) or len({each % ndim for each in axes}) != len(axes):
        raise ArgumentError(f"{who}: expected different axes within the {ndim} axes of x; received {axis}; correct it")
    return sorted(each % ndim for each in axes)


@public_op
def moments(x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False) -> Tuple[Any, Any]:
    """Return mean and variance along axes.

    Args:
        x: tensor of floats; half types are widened while adding.
        axes: axis or axes to reduce.
        keepdims: whether reduced axes stay, with size one.
        synchronized: accepted for compatibility; there is one process, so statistics are always of the whole batch.

    Returns:
        mean and variance (the mean of squared distances) in the dtype of `x`.

    Raises:
        ArgumentError: axes that x does not have.

    Example:
        >>> import gradmill as gm
        >>> [float(each) for each in gm.ops.moments([1.0, 3.0], axes=0)]
        [2.0, 1.0]
    """
    x = float_tensor(x)
    chosen = _checked_axes(axes, x.ndim, "moments")
    mean, variance = _moments(_wide(x), chosen)
    shape = [size for axis, size in enumerate(x.shape) if axis not in chosen]
    if not keepdims:
        mean, variance = (_core.ops.reshape(each, shape=shape) for each in (mean, variance))
    return mean.astype(x.dtype), variance.astype(x.dtype)


def _along(value: Any, x: Any, axes: List[int], who: str, name: str) -> Any:
    """A parameter shaped so that it lines up with the axes it belongs to."""
    value = tensor(value).astype(x.dtype)
    wanted = [x.shape[axis] for axis in axes]
    if list(value.shape) != wanted and value.size != 1:
        raise ShapeError(f"{who}: expected {name} of shape {tuple(wanted)} for x {x.shape}; received {value.shape}")
    if value.size == 1 and list(value.shape) != wanted:
        return _core.ops.reshape(value, shape=[1] * x.ndim)
    return _core.ops.reshape(value, shape=[x.shape[axis] if axis in axes else 1 for axis in range(x.ndim)])


@public_op
def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: int, offset: Any = None, scale: Any = None, epsilon: float = 1e-3
) -> Any:
    """Return (x - mean) / sqrt(variance + epsilon) * scale + offset with given statistics.

    Args:
        x: tensor.
        mean: one number for each place along `axis`.
        variance: the same.
        axis: the axis that has statistics of its own.
        offset: the same as `mean`, or None.
        scale: the same as `mean`, or None.
        epsilon: added to the variance.

    Returns:
        tensor like `x`.

    Raises:
        ArgumentError: an axis that x does not have.
        ShapeError: parameters that do not fit the axis.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.batch_normalization([[3.0]], [1.0], [4.0], axis=-1, epsilon=0.0).numpy()
        array([[1.]], dtype=float32)
    """
    x = float_tensor(x)
    who = "batch_normalization"
    axes = _checked_axes(int(axis), x.ndim, who)
    factor = _core.ops.rsqrt(_along(variance, x, axes, who, "variance") + float(epsilon))
    if scale is not None:
        factor = factor * _along(scale, x, axes, who, "scale")
    shift = _along(mean, x, axes, who, "mean") * factor
    shift = -shift if offset is None else _along(offset, x, axes, who, "offset") - shift
    return x * factor + shift


def _scaled(y: Any, gamma: Any, beta: Any, axes: List[int], who: str) -> Any:
    if gamma is not None:
        y = y * _along(gamma, y, axes, who, "gamma")
    return y if beta is None else y + _along(beta, y, axes, who, "beta")


def _normalized_rows(
    given: Any, gamma: Any, beta: Any, axes: List[int], epsilon: Optional[float], centred: bool, who: str
) -> Any:
    """Rows over the last axes, normalized by one kernel."""
    x = _wide(given)
    first = x.ndim - len(axes)
    size = math.prod(x.shape[first:])

    def line(parameter: Any, name: str, otherwise: float) -> Any:
        if parameter is None:
            return full([size], otherwise, x.dtype)
        parameter = _along(parameter, x, axes, who, name)
        whole = _core.ops.broadcast_to(parameter, shape=[1] * first + list(x.shape[first:]))
        return _core.ops.reshape(whole, shape=[size])

    y, _, _ = _core.ops.layer_norm(
        _core.ops.reshape(x, shape=[*x.shape[:first], size]),
        line(gamma, "gamma", 1.0),
        line(beta, "beta", 0.0),
        epsilon=float(config.epsilon() if epsilon is None else epsilon),
        centred=centred,
    )
    return _core.ops.reshape(y, shape=list(x.shape)).astype(given.dtype)


def _are_rows(x: Any, axes: List[int]) -> bool:
    """Whether the axes are the last ones, so that what they hold lies together."""
    return bool(axes) and axes == list(range(x.ndim - len(axes), x.ndim)) and all(x.shape[axis] for axis in axes)


@public_op
def batch_norm_training(x: Any, scale: Any, offset: Any, epsilon: float = 1e-3) -> Tuple[Any, Any, Any]:
    """Return x normalized by its own statistics over all axes but the last, and these (Ioffe and Szegedy 2015).

    Args:
        x: (..., channels).
        scale: (channels,), factors behind the normalization.
        offset: (channels,), terms behind it.
        epsilon: added to the variance.

    Returns:
        the result, like `x`; mean and variance, (channels,).

    Raises:
        ShapeError: shapes that do not fit.
        ArgumentError: a negative epsilon.

    Example:
        >>> import gradmill as gm
        >>> y, mean, variance = gm.ops.batch_norm_training([[1.0], [3.0]], [1.0], [0.0], epsilon=0.0)
        >>> y.numpy().ravel(), float(mean[0]), float(variance[0])
        (array([-1.,  1.], dtype=float32), 2.0, 1.0)
    """
    x = float_tensor(x)
    scale, offset = (tensor(each).astype(x.dtype) for each in (scale, offset))
    y, mean, variance = _core.ops.batch_norm_training(x, scale, offset, epsilon=float(epsilon))
    return y, mean, variance


@public_op
def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: Optional[float] = None,
    rms_scaling: bool = False,
) -> Any:
    """Return each row brought to mean 0 and variance 1 over `axis` (Ba et al. 2016).

    Args:
        x: tensor; half types are computed in float32.
        gamma: factors, of the sizes along `axis`, or None.
        beta: terms, of the sizes along `axis`, or None.
        axis: axis or axes of a row.
        epsilon: added to the variance; None for `config.epsilon()`.
        rms_scaling: divide by the deviation without taking away the mean, as an old option of Keras does; `beta` is
            not used then.

    Returns:
        tensor like `x`.

    Raises:
        ArgumentError: axes that x does not have.
        ShapeError: parameters that do not fit them.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.layer_normalization([[1.0, 3.0]], epsilon=0.0).numpy()
        array([[-1.,  1.]], dtype=float32)
    """
    given = float_tensor(x)
    x, who = _wide(given), "layer_normalization"
    axes = _checked_axes(axis, x.ndim, who)
    if not rms_scaling and _are_rows(x, axes):
        return _normalized_rows(given, gamma, beta, axes, epsilon, True, who)
    mean, variance = _moments(x, axes)
    inverse = _core.ops.rsqrt(variance + float(config.epsilon() if epsilon is None else epsilon))
    if rms_scaling:
        return _scaled(x * inverse, gamma, None, axes, who).astype(given.dtype)
    return _scaled((x - mean) * inverse, gamma, beta, axes, who).astype(given.dtype)


@public_op
def rms_normalization(x: Any, scale: Any = None, axis: Any = -1, epsilon: Optional[float] = None) -> Any:
    """Return each row divided by its root mean square over `axis` (Zhang and Sennrich 2019).

    Args:
        x: tensor; half types are computed in float32.
        scale: factors, of the sizes along `axis`, or None.
        axis: axis or axes of a row.
        epsilon: added to the mean square; None for `config.epsilon()`.

    Returns:
        tensor like `x`.

    Raises:
        ArgumentError: axes that x does not have.
        ShapeError: a scale that does not fit them.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.rms_normalization([[2.0, 2.0]], epsilon=0.0).numpy()
        array([[1., 1.]], dtype=float32)
    """
    given = float_tensor(x)
    x, who = _wide(given), "rms_normalization"
    axes = _checked_axes(axis, x.ndim, who)
    if _are_rows(x, axes):
        return _normalized_rows(given, scale, None, axes, epsilon, False, who)
    count = 1
    for each in axes:
        count *= x.shape[each]
    square = _core.ops.sum(_core.ops.square(x), axes=axes, keepdims=True) * (1.0 / max(count, 1))
    inverse = _core.ops.rsqrt(square + float(config.epsilon() if epsilon is None else epsilon))
    return _scaled(x * inverse, scale, None, axes, who).astype(given.dtype)


@public_op
def normalize(x: Any, axis: Any = -1, order: int = 2, epsilon: Optional[float] = None) -> Any:
    """Return each row divided by its norm over `axis`.

    Args:
        x: tensor.
        axis: axis or axes of a row; None for all.
        order: of the norm, a whole number >= 1.
        epsilon: smallest norm to divide by; None for `config.epsilon()`.

    Returns:
        tensor like `x`.

    Raises:
        ArgumentError: another order, or axes that x does not have.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.normalize([[3.0, 4.0]]).numpy()
        array([[0.6, 0.8]], dtype=float32)
    """
    x = float_tensor(x)
    axes = _checked_axes(axis, x.ndim, "normalize")
    if isinstance(order, bool) or not hasattr(order, "__index__") or order < 1:
        raise ArgumentError(f"normalize: expected order to be an integer >= 1; received {order!r}; correct it")
    epsilon = float(config.epsilon() if epsilon is None else epsilon)
    if order == 2:
        square = _core.ops.sum(_core.ops.square(x), axes=axes, keepdims=True)
        # Squares below 1e-37 would count as zero, whose inverse is infinite.
        return x * _core.ops.rsqrt(_core.ops.maximum(square, max(epsilon * epsilon, 1e-37)))
    power = _core.ops.sum(_core.ops.power(_core.ops.abs(x), float(order)), axes=axes, keepdims=True)
    return x / _core.ops.maximum(_core.ops.power(power, 1.0 / order), epsilon)
