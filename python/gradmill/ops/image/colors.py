"""Colors of pixels."""

from typing import Any, Optional, Tuple

from gradmill import _core
from gradmill.errors import DTypeError, ShapeError
from gradmill.ops.calling import clipped, float_tensor, public_op, tensor
from gradmill.ops.layout import data_format_of

__all__ = ["hsv_to_rgb", "rgb_to_grayscale", "rgb_to_hsv"]


def _planes(x: Any, data_format: Optional[str], who: str) -> Tuple[list, int]:
    """The three channels, each with its axis, and that axis."""
    axis = x.ndim - (3 if data_format_of(data_format, who) == "channels_first" else 1)
    if axis < 0 or x.shape[axis] != 3:
        raise ShapeError(f"{who}: expected images with three channels; received shape {x.shape}")
    front = (slice(None),) * axis
    return [x[(*front, slice(i, i + 1))] for i in range(3)], axis


def _floats(images: Any, who: str) -> Any:
    x = tensor(images)
    if "float" not in x.dtype:
        raise DTypeError(f"{who}: expected images of floats from 0 to 1; received {x.dtype}; divide by 255")
    return x


@public_op
def rgb_to_grayscale(images: Any, data_format: Optional[str] = None) -> Any:
    """Return the brightness of pixels, as one channel.

    Args:
        images: with channels red, green and blue.
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.

    Returns:
        tensor of the dtype of `images`.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.image.rgb_to_grayscale([[[1.0, 1.0, 0.0]]]).numpy().ravel().round(4)
        array([0.8859], dtype=float32)
    """
    given = tensor(images)
    (red, green, blue), _ = _planes(float_tensor(given), data_format, "rgb_to_grayscale")
    return (red * 0.2989 + green * 0.587 + blue * 0.114).astype(given.dtype)


@public_op
def rgb_to_hsv(images: Any, data_format: Optional[str] = None) -> Any:
    """Return hue, saturation and value of pixels, each from 0 to 1.

    Args:
        images: floats from 0 to 1, with channels red, green and blue.
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.

    Returns:
        tensor like `images`.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.image.rgb_to_hsv([[[0.0, 0.5, 0.0]]]).numpy().ravel().round(4)
        array([0.3333, 1.    , 0.5   ], dtype=float32)
    """
    planes, axis = _planes(_floats(images, "rgb_to_hsv"), data_format, "rgb_to_hsv")
    red, green, blue = planes
    value = _core.ops.maximum(_core.ops.maximum(red, green), blue)
    spread = value - _core.ops.minimum(_core.ops.minimum(red, green), blue)
    in_red = _core.ops.mod(_core.ops.divide_no_nan(green - blue, spread), 6.0)
    in_green = _core.ops.divide_no_nan(blue - red, spread) + 2.0
    in_blue = _core.ops.divide_no_nan(red - green, spread) + 4.0
    hue = _core.ops.where(
        _core.ops.equal(value, red), in_red, _core.ops.where(_core.ops.equal(value, green), in_green, in_blue)
    )
    hue = _core.ops.where(_core.ops.equal(spread, 0.0), 0.0, hue * (1.0 / 6.0))
    saturation = _core.ops.where(_core.ops.greater(value, 0.0), _core.ops.divide_no_nan(spread, value), 0.0)
    return _core.ops.concatenate([hue, saturation, value], axis=axis)


@public_op
def hsv_to_rgb(images: Any, data_format: Optional[str] = None) -> Any:
    """Return red, green and blue of pixels given by hue, saturation and value.

    Args:
        images: floats from 0 to 1, with channels hue, saturation and value.
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.

    Returns:
        tensor like `images`.
    """
    planes, axis = _planes(_floats(images, "hsv_to_rgb"), data_format, "hsv_to_rgb")
    hue, saturation, value = planes
    sixths = hue * 6.0

    def channel(shift: float) -> Any:
        place = _core.ops.mod(sixths + shift, 6.0)
        return value * (1.0 - saturation * clipped(_core.ops.minimum(place, 4.0 - place), 0.0, 1.0))

    return _core.ops.concatenate([channel(5.0), channel(3.0), channel(1.0)], axis=axis)
