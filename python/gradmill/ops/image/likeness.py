"""How alike images are in brightness, contrast and structure (Wang et al. 2004)."""

from typing import Any, Tuple

import numpy as np

from gradmill import _core
from gradmill.errors import ShapeError
from gradmill.ops.calling import tensor
from gradmill.ops.convolution import depthwise_conv


def bell(size: int, sigma: float) -> np.ndarray:
    """A bell curve whose values sum to one.

    Args:
        size: how many values.
        sigma: its width.

    Returns:
        vector.
    """
    places = np.arange(size) - (size - 1) / 2
    weights = np.exp(-(places**2) / (2 * sigma**2))
    return weights / weights.sum()


def bell_of_tensor(size: int, sigma: Any, reach: Any = None) -> Any:
    """A bell curve whose width is a tensor.

    Args:
        size: how many values.
        sigma: its width, without axes.
        reach: how far from the middle values count; None for all.

    Returns:
        tensor of `size` values that sum to one.
    """
    places = (np.arange(size) - (size - 1) / 2).astype(sigma.dtype)
    weights = _core.ops.exp(_core.ops.square(places / sigma) * -0.5)
    if reach is not None:
        weights = _core.ops.where(_core.ops.less_equal(_core.tensor(np.abs(places)), reach), weights, 0.0)
    return weights / _core.ops.sum(weights, axes=[0], keepdims=True)


def _blurred(x: Any, size: int, sigma: float, who: str) -> Any:
    """Means around each pixel, weighted by a bell curve."""
    if min(x.shape[1:3]) < size:
        raise ShapeError(
            f"{who}: expected images of at least {size}x{size} pixels (filter_size); received "
            f"{x.shape[1]}x{x.shape[2]}"
        )
    for shape in ((size, 1, 1, 1), (1, size, 1, 1)):
        kernel = np.repeat(bell(size, sigma).reshape(shape), x.shape[-1], axis=2).astype(x.dtype)
        x = depthwise_conv.eager(x, kernel, data_format="channels_last")
    return x


def similarity(x: Any, y: Any, largest: Any, options: Tuple[int, float, float, float], who: str) -> Tuple[Any, Any]:
    """Similarity, and that of contrast and structure alone, at each pixel and channel.

    Args:
        x: (batch, rows, columns, channels).
        y: of the same shape.
        largest: the largest value that pixels may have.
        options: size and sigma of the windows, and the two constants.
        who: name of the op, for the message.

    Returns:
        two tensors; windows that leave the image are left out.
    """
    size, sigma, k1, k2 = options
    c1, c2 = (_core.ops.square(tensor(largest, x.dtype) * k) for k in (k1, k2))
    mean_x, mean_y, product, squares = (
        _blurred(each, size, sigma, who) for each in (x, y, x * y, _core.ops.square(x) + _core.ops.square(y))
    )
    means, mean_squares = mean_x * mean_y * 2.0, _core.ops.square(mean_x) + _core.ops.square(mean_y)
    contrast = (product * 2.0 - means + c2) / (squares - mean_squares + c2)
    return (means + c1) / (mean_squares + c1) * contrast, contrast
