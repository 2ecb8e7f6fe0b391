"""Pixels between pixels and around them: what functions on images share."""

from typing import Any, List, Sequence, Tuple

import numpy as np

from gradmill import _core
from gradmill.ops.convolution import depthwise_conv
from gradmill.ops.image.likeness import bell_of_tensor

FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")


def _inside(places: Any, size: int, mode: str) -> Any:
    """Whole numbers brought into the range of an axis."""
    if mode == "wrap":
        return _core.ops.mod(places, size)
    if mode == "mirror":
        if size == 1:
            return places * 0
        far = _core.ops.mod(places, 2 * (size - 1))
        return _core.ops.minimum(far, 2 * (size - 1) - far)
    if mode == "reflect":
        far = _core.ops.mod(places, 2 * size)
        return _core.ops.minimum(far, 2 * size - 1 - far)
    return _core.ops.minimum(_core.ops.maximum(places, 0), size - 1)


def candidates(place: Any, order: int) -> List[Tuple[Any, Any]]:
    """The entries that count along an axis, with their weights.

    Args:
        place: where to look.
        order: 0 for the nearest entry, 1 for its neighbours on both sides.

    Returns:
        pairs of places and weights, None for 1.
    """
    if order == 0:
        return [(_core.ops.round(place).astype("int32"), None)]
    low = _core.ops.floor(place)
    share = place - low
    return [(low.astype("int32"), 1.0 - share), (low.astype("int32") + 1, share)]


def gathered(x: Any, axes: Sequence[Sequence[Tuple[Any, Any]]], fill_mode: str, fill_value: float) -> Any:
    """Sums over the candidates of all axes; an axis whose places are an array is read where that says.

    Args:
        x: tensor.
        axes: for each axis its candidates.
        fill_mode: what lies outside, as in `map_coordinates`.
        fill_value: for "constant".

    Returns:
        tensor of the shape to which the places are broadcast.
    """
    flat = _core.ops.reshape(x, shape=[-1])
    total: Any = None
    for number in np.ndindex(*(len(each) for each in axes)):
        index: Any = 0
        weight: Any = None
        known: Any = None
        for axis, chosen in enumerate(number):
            places, part = axes[axis][chosen]
            size = x.shape[axis]
            exact = isinstance(places, np.ndarray)
            index = index * size + (places if exact else _inside(places, size, fill_mode))
            if fill_mode == "constant" and not exact:
                here = _core.ops.logical_and(_core.ops.greater_equal(places, 0), _core.ops.less(places, size))
                known = here if known is None else _core.ops.logical_and(known, here)
            if part is not None:
                weight = part if weight is None else weight * part
        value = _core.ops.gather(flat, index, axis=0)
        value = value if known is None else _core.ops.where(known, value, _core.tensor(fill_value, x.dtype))
        value = value if weight is None else value * weight
        total = value if total is None else total + value
    if "int" in x.dtype and total.dtype != x.dtype:
        total = _core.ops.round(total)
    return total.astype(x.dtype)


def sampled(x: Any, down: Any, along: Any, order: int, fill_mode: str, fill_value: float) -> Any:
    """Return images seen at places between their pixels.

    Args:
        x: (batch, rows, columns, channels), floats.
        down, along: (batch, rows of the result, columns of the result): the row and the column to look at.
        order: 0 for the nearest pixel, 1 for a mean of neighbours.
        fill_mode: as in `map_coordinates`.
        fill_value: for "constant".

    Returns:
        (batch, rows of the result, columns of the result, channels).
    """
    down, along = (_core.ops.reshape(each, shape=[*each.shape, 1]) for each in (down, along))
    batch, channels = (np.arange(x.shape[axis], dtype="int32") for axis in (0, 3))
    axes = [
        [(batch.reshape(-1, 1, 1, 1), None)],
        candidates(down, order),
        candidates(along, order),
        [(channels, None)],
    ]
    return gathered(x, axes, fill_mode, fill_value)


def filtered(x: Any, weights: Any, axis: int) -> Any:
    """Sums of neighbours along rows (1) or columns (2), zeros around.

    Args:
        x: a batch with channels last.
        weights: an array, or a tensor with one axis.
        axis: 1 or 2.

    Returns:
        tensor like `x`.
    """
    shape = [-1 if i + 1 == axis else 1 for i in range(4)]
    kernel: Any = None
    if isinstance(weights, np.ndarray):
        kernel = np.repeat(weights.reshape(shape), x.shape[-1], axis=2).astype(x.dtype)
    else:
        column = _core.ops.reshape(weights.astype(x.dtype), shape=shape)
        kernel = _core.ops.broadcast_to(column, shape=[*column.shape[:2], x.shape[-1], 1])
    return depthwise_conv.eager(x, kernel, padding="same", data_format="channels_last")


def bent(x: Any, noise: Any, alpha: Any, sigma: Any, size: int, order: int, fill_mode: str, fill_value: float) -> Any:
    """Return images whose pixels are moved by smoothed noise.

    Args:
        x: (batch, rows, columns, channels), floats.
        noise: (2, batch, rows, columns): normal numbers, for columns and for rows.
        alpha: how far they move.
        sigma: width of the bell curve that smooths the noise, a tensor; it reaches three times as far.
        size: most values of the curve.
        order: 0 for the nearest pixel, 1 for a mean of neighbours.
        fill_mode, fill_value: what lies outside.

    Returns:
        tensor like `x`.
    """
    _, count, height, width = noise.shape
    curve = bell_of_tensor(size, sigma, _core.ops.floor(sigma * 3.0))
    noise = _core.ops.reshape(noise * sigma, shape=[2 * count, height, width, 1])
    shifts = _core.ops.reshape(filtered(filtered(noise, curve, 1), curve, 2), shape=[2, count, height, width])
    along = shifts[0] * alpha + np.arange(width, dtype=x.dtype)
    down = shifts[1] * alpha + np.arange(height, dtype=x.dtype).reshape(-1, 1)
    return sampled(x, down, along, order, fill_mode, fill_value)
