"""Maxima and means over windows of images, sequences and volumes."""

from typing import Any, List, Optional, Tuple

import numpy as np

from gradmill import _core
from gradmill.errors import ArgumentError, ShapeError
from gradmill.ops.calling import float_tensor, public_op
from gradmill.ops.layout import channels_back, channels_last, data_format_of, same_padding, sizes_of

__all__ = ["adaptive_average_pool", "adaptive_max_pool", "average_pool", "max_pool"]


def _images(x: Any, who: str) -> Any:
    x = float_tensor(x)
    if not 3 <= x.ndim <= 5:
        raise ShapeError(
            f"{who}: expected inputs with a batch axis, 1 to 3 spatial axes and channels; received shape {x.shape}"
        )
    return x


def _pool(who: str, inputs: Any, pool_size: Any, strides: Any, padding: str, data_format: Optional[str]) -> Any:
    x = _images(inputs, who)
    data_format = data_format_of(data_format, who)
    count = x.ndim - 2
    window = sizes_of(pool_size, count, "pool_size", who)
    steps = window if strides is None else sizes_of(strides, count, "strides", who)
    if not isinstance(padding, str) or padding.lower() not in ("valid", "same"):
        raise ArgumentError(f"{who}: expected padding 'valid' or 'same'; received {padding!r}; correct it")
    x = channels_last(x, data_format)
    low, high = [0] * count, [0] * count
    sizes = x.shape[1:-1]
    if padding.lower() == "same":
        low, high = same_padding(sizes, window, steps)
    too_large = [axis for axis in range(count) if window[axis] > sizes[axis] + low[axis] + high[axis]]
    if too_large:
        raise ShapeError(
            f"{who}: expected pool_size of at most the spatial sizes {tuple(sizes)} of the inputs; received "
            f"{tuple(window)}; use a smaller pool_size, padding='same' or larger inputs"
        )
    result = getattr(_core.ops, who)(x, window=window, strides=steps, padding_low=low, padding_high=high)
    return channels_back(result, data_format)


@public_op
def max_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: Optional[str] = None
) -> Any:
    """Return the largest element of each window, channel by channel.

    Args:
        inputs: (batch, 1 to 3 spatial axes, channels), or with the channels behind the batch axis.
        pool_size: size of the window, a number or one for each spatial axis.
        strides: from one window to the next; `pool_size` if None.
        padding: "valid" (windows inside the inputs) or "same" (as many windows as strides fit).
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.

    Returns:
        tensor with one place for each window.

    Raises:
        ArgumentError: sizes that are not positive integers, an unknown padding or data format.
        ShapeError: wrong rank, or a window larger than the inputs.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.max_pool([[[1.0], [3.0], [2.0], [0.0]]], 2).numpy().ravel()
        array([3., 2.], dtype=float32)
    """
    return _pool("max_pool", inputs, pool_size, strides, padding, data_format)


@public_op
def average_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: Optional[str] = None
) -> Any:
    """Return the mean of each window, channel by channel; what "same" padding adds is not counted.

    Args:
        inputs: (batch, 1 to 3 spatial axes, channels), or with the channels behind the batch axis.
        pool_size: size of the window, a number or one for each spatial axis.
        strides: from one window to the next; `pool_size` if None.
        padding: "valid" (windows inside the inputs) or "same" (as many windows as strides fit).
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.

    Returns:
        tensor with one place for each window.

    Raises:
        ArgumentError: sizes that are not positive integers, an unknown padding or data format.
        ShapeError: wrong rank, or a window larger than the inputs.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.average_pool([[[1.0], [3.0], [2.0]]], 2, padding="same").numpy().ravel()
        array([2., 2.], dtype=float32)
    """
    return _pool("average_pool", inputs, pool_size, strides, padding, data_format)


def _bounds(size: int, parts: int) -> List[Tuple[int, int]]:
    """Where each of `parts` parts of an axis begins and ends; parts overlap where sizes do not divide."""
    return [(i * size // parts, -((-(i + 1) * size) // parts)) for i in range(parts)]


def _adaptive(who: str, inputs: Any, output_size: Any, data_format: Optional[str]) -> Any:
    x = _images(inputs, who)
    data_format = data_format_of(data_format, who)
    parts = sizes_of(output_size, x.ndim - 2, "output_size", who)
    x = channels_last(x, data_format)
    sizes = x.shape[1:-1]
    if 0 in sizes:
        raise ShapeError(f"{who}: expected inputs without empty spatial axes; received shape {x.shape}")
    largest = who == "adaptive_max_pool"
    if all(size % part == 0 for size, part in zip(sizes, parts)):
        window = [size // part for size, part in zip(sizes, parts)]
        pool = _core.ops.max_pool if largest else _core.ops.average_pool
        return channels_back(pool(x, window=window, strides=window), data_format)
    for axis, (size, part) in enumerate(zip(sizes, parts), start=1):
        if size == part:
            continue
        bounds = _bounds(size, part)
        longest = max(end - begin for begin, end in bounds)
        # The elements of every part; short parts hold their last element twice, which no maximum notices.
        places = np.array([[min(begin + i, end - 1) for i in range(longest)] for begin, end in bounds], "int32")
        x = _core.ops.gather(x, places, axis=axis)
        if largest:
            x = _core.ops.max(x, axes=[axis + 1])
        else:
            weights = np.array([[(begin + i < end) / (end - begin) for i in range(longest)] for begin, end in bounds])
            weights = weights.reshape(part, longest, *[1] * (x.ndim - axis - 2))
            x = _core.ops.sum(x * _core.tensor(weights, x.dtype), axes=[axis + 1])
    return channels_back(x, data_format)


@public_op
def adaptive_average_pool(inputs: Any, output_size: Any, data_format: Optional[str] = None) -> Any:
    """Return means over windows chosen so that the result has a given size.

    Args:
        inputs: (batch, 1 to 3 spatial axes, channels), or with the channels behind the batch axis.
        output_size: spatial size of the result, a number or one for each axis. Window i of n along an axis of size s
            goes from floor(i s / n) to ceil((i + 1) s / n).
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.

    Returns:
        tensor of the given spatial size.

    Raises:
        ArgumentError: sizes that are not positive integers, or an unknown data format.
        ShapeError: wrong rank, or an empty spatial axis.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.adaptive_average_pool([[[1.0], [3.0], [2.0]]], 2).numpy().ravel()
        array([2. , 2.5], dtype=float32)
    """
    return _adaptive("adaptive_average_pool", inputs, output_size, data_format)


@public_op
def adaptive_max_pool(inputs: Any, output_size: Any, data_format: Optional[str] = None) -> Any:
    """Return maxima over windows chosen so that the result has a given size.

    Args:
        inputs: (batch, 1 to 3 spatial axes, channels), or with the channels behind the batch axis.
        output_size: spatial size of the result, a number or one for each axis; windows as in `adaptive_average_pool`.
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.

    Returns:
        tensor of the given spatial size.

    Raises:
        ArgumentError: sizes that are not positive integers, or an unknown data format.
        ShapeError: wrong rank, or an empty spatial axis.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.adaptive_max_pool([[[1.0], [3.0], [2.0]]], 2).numpy().ravel()
        array([3., 3.], dtype=float32)
    """
    return _adaptive("adaptive_max_pool", inputs, output_size, data_format)
