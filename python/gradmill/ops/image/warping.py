"""Images seen at other places: by coordinates, in another scale, in perspective."""

from typing import Any, Sequence

import numpy as np

from gradmill import _core
from gradmill.errors import ArgumentError, ShapeError
from gradmill.ops.calling import float_tensor, public_op, tensor
from gradmill.ops.image.sampling import FILL_MODES, candidates, gathered
from gradmill.ops.shape import moveaxis

__all__ = ["map_coordinates", "scale_and_translate"]

_METHODS = ("linear", "bilinear", "trilinear", "triangle", "cubic", "bicubic", "tricubic", "lanczos3", "lanczos5")


@public_op
def map_coordinates(
    inputs: Any, coordinates: Any, order: int, fill_mode: str = "constant", fill_value: float = 0
) -> Any:
    """Return values of a tensor at places between its entries.

    Args:
        inputs: tensor.
        coordinates: (axes of `inputs`, ...): for each axis, where to look.
        order: 0 for the nearest entry, 1 for a mean of neighbours.
        fill_mode: what lies outside: "constant", "nearest", "wrap", "mirror" (without repeating the edge) or "reflect".
        fill_value: for "constant".

    Returns:
        tensor of the shape of `coordinates` without the first axis.

    Raises:
        ArgumentError: another order or mode.
        ShapeError: coordinates that do not belong to `inputs`.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.image.map_coordinates([0.0, 10.0, 20.0], [[0.5, 2.0]], order=1).numpy()
        array([ 5., 20.], dtype=float32)
    """
    x, at = tensor(inputs), float_tensor(coordinates)
    if order not in (0, 1):
        raise ArgumentError(f"map_coordinates: expected order 0 or 1; received {order!r}")
    if fill_mode not in FILL_MODES:
        raise ArgumentError(f"map_coordinates: expected fill_mode to be one of {FILL_MODES}; received {fill_mode!r}")
    if at.ndim < 1 or at.shape[0] != x.ndim or 0 in x.shape:
        raise ShapeError(f"map_coordinates: expected coordinates ({x.ndim}, ...) for {x.shape}; received {at.shape}")
    return gathered(x, [candidates(at[axis], order) for axis in range(x.ndim)], fill_mode, fill_value)


def _kernel(method: str, x: Any) -> Any:
    """The weight of a pixel at a distance."""
    x = _core.ops.abs(x)
    if method in ("linear", "bilinear", "trilinear", "triangle"):
        return _core.ops.relu(1.0 - x)
    if method in ("cubic", "bicubic", "tricubic"):  # Keys 1981, with a slope of -1/2
        near = (1.5 * x - 2.5) * x * x + 1.0
        far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
        return _core.ops.where(
            _core.ops.less(x, 1.0), near, _core.ops.where(_core.ops.less(x, 2.0), far, 0.0)
        )
    radius = 3.0 if method == "lanczos3" else 5.0
    zero = _core.ops.less(x, 1e-3)
    turned = _core.ops.where(zero, 1.0, x) * np.pi
    value = _core.ops.sin(turned) * _core.ops.sin(turned / radius) * radius / _core.ops.square(turned)
    return _core.ops.where(zero, 1.0, _core.ops.where(_core.ops.greater(x, radius), 0.0, value))


@public_op
def scale_and_translate(
    images: Any,
    output_shape: Any,
    scale: Any,
    translation: Any,
    spatial_dims: Sequence[int],
    method: str,
    antialias: bool = True,
) -> Any:
    """Return images scaled and shifted along some axes.

    Args:
        images: tensor; integers become float32.
        output_shape: sizes of the result.
        scale: (axes,): how much larger each axis becomes.
        translation: (axes,): by how many pixels of the result each axis is shifted.
        spatial_dims: the axes.
        method: "linear" ("bilinear", "trilinear", "triangle"), "cubic" ("bicubic", "tricubic"), "lanczos3" or
            "lanczos5".
        antialias: widen the filter where an axis shrinks.

    Returns:
        tensor of floats; what lies outside of the images is 0.

    Raises:
        ArgumentError: an unknown method, or numbers that do not fit the axes.
    """
    x, scale, translation = float_tensor(images), float_tensor(scale), float_tensor(translation)
    axes, sizes = [int(each) % x.ndim for each in spatial_dims], [int(each) for each in output_shape]
    if method not in _METHODS:
        raise ArgumentError(f"scale_and_translate: expected method to be one of {_METHODS}; received {method!r}")
    if len(sizes) != x.ndim or tuple(scale.shape) != (len(axes),) or tuple(translation.shape) != (len(axes),):
        raise ArgumentError(
            f"scale_and_translate: expected {x.ndim} sizes, and a scale and a translation for each of the axes {axes}; "
            f"received {sizes}, {scale.shape} and {translation.shape}"
        )
    for number, axis in enumerate(axes):
        length, count = x.shape[axis], sizes[axis]
        inverse = 1.0 / scale[number]
        places = (np.arange(count, dtype=x.dtype) + 0.5) * inverse - translation[number] * inverse - 0.5
        width = _core.ops.maximum(inverse, 1.0) if antialias else 1.0
        distances = _core.ops.reshape(places, shape=[1, count]) - np.arange(length, dtype=x.dtype).reshape(-1, 1)
        weights = _kernel(method, distances / width)
        total = _core.ops.sum(weights, axes=[0], keepdims=True)
        small = _core.ops.less(_core.ops.abs(total), 1000.0 * float(np.finfo("float32").eps))
        weights = _core.ops.where(small, 0.0, weights / _core.ops.where(small, 1.0, total))
        inside = _core.ops.logical_and(
            _core.ops.greater_equal(places, -0.5), _core.ops.less_equal(places, length - 0.5)
        )
        weights = _core.ops.where(inside, weights, 0.0)
        x = moveaxis.eager(_core.ops.matmul(moveaxis.eager(x, axis, -1), weights), -1, axis)
    return x
