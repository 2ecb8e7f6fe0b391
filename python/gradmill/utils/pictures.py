"""Pictures of Pillow and arrays of pixels."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any, Optional

import numpy as np

from gradmill import config
from gradmill.errors import ArgumentError, ShapeError, UnsupportedError
from gradmill.utils.lazy import LazyModule

_pillow = LazyModule("PIL.Image")
_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
_FILTERS = {"nearest": 0, "bilinear": 2, "bicubic": 3, "hamming": 5, "box": 4, "lanczos": 1}


def _open(source: Any) -> Any:
    try:
        return _pillow.open(source)
    except ModuleNotFoundError:
        raise UnsupportedError("pictures: expected the package Pillow; install it with pip") from None


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: Optional[tuple[int, int]] = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """Read a picture from a file.

    Args:
        path: its name, or an open binary file.
        color_mode: "grayscale", "rgb" or "rgba".
        target_size: (height, width); default: as it is.
        interpolation: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos".
        keep_aspect_ratio: whether the middle with the target's shape is cut out before.

    Returns:
        a picture of Pillow.

    Raises:
        ArgumentError: an unknown `color_mode` or `interpolation`.
        UnsupportedError: Pillow is not installed.
        OSError: the file is missing or no picture.

    Example:
        >>> import gradmill as gm
        >>> gm.utils.save_img("grey.png", np.zeros((4, 6, 1)))
        >>> gm.utils.img_to_array(gm.utils.load_img("grey.png", target_size=(2, 3))).shape
        (2, 3, 3)
    """
    if color_mode not in _MODES:
        raise ArgumentError(f"load_img: expected color_mode {', '.join(_MODES)}; received {color_mode!r}")
    if interpolation not in _FILTERS:
        raise ArgumentError(f"load_img: expected interpolation {', '.join(_FILTERS)}; received {interpolation!r}")
    picture = _open(io.BytesIO(path.read() if hasattr(path, "read") else Path(path).read_bytes()))
    picture = picture.convert(_MODES[color_mode])
    if target_size is None or picture.size == (target_size[1], target_size[0]):
        return picture
    height, width = target_size
    box = None
    if keep_aspect_ratio:
        wide, high = picture.size
        cut_wide, cut_high = min(wide, high * width // height), min(high, wide * height // width)
        left, top = (wide - cut_wide) // 2, (high - cut_high) // 2
        box = (left, top, left + cut_wide, top + cut_high)
    return picture.resize((width, height), _FILTERS[interpolation], box=box)


def img_to_array(img: Any, data_format: Optional[str] = None, dtype: Optional[str] = None) -> np.ndarray:
    """Return the pixels of a picture.

    Args:
        img: a picture of Pillow.
        data_format: "channels_last" or "channels_first"; default: `gm.config.image_data_format()`.
        dtype: element type; default `floatx()`.

    Returns:
        array (height, width, channels).

    Raises:
        ShapeError: something other than a picture.
    """
    pixels = np.asarray(img, dtype=dtype or config.floatx())
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.ndim != 3:
        raise ShapeError(f"img_to_array: expected a picture of 2 or 3 axes; received shape {pixels.shape}")
    first = (data_format or config.image_data_format()) == "channels_first"
    return pixels.transpose(2, 0, 1) if first else pixels


def array_to_img(x: Any, data_format: Optional[str] = None, scale: bool = True, dtype: Optional[str] = None) -> Any:
    """Make a picture of pixels.

    Args:
        x: array (height, width, channels) with 1, 3 or 4 channels.
        data_format: "channels_last" or "channels_first"; default: `gm.config.image_data_format()`.
        scale: whether the range of values is stretched to 0 to 255.
        dtype: element type in which this is done; default `floatx()`.

    Returns:
        a picture of Pillow.

    Raises:
        ShapeError: another shape.
    """
    pixels = np.asarray(x, dtype=dtype or config.floatx())
    if pixels.ndim == 3 and (data_format or config.image_data_format()) == "channels_first":
        pixels = pixels.transpose(1, 2, 0)
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4):
        raise ShapeError(f"array_to_img: expected pixels (height, width, 1, 3 or 4); received shape {np.shape(x)}")
    if scale:
        pixels = pixels - pixels.min()
        largest = pixels.max()
        pixels = pixels / (largest or 1.0) * 255
    values = pixels.astype("uint8")
    return _pillow.fromarray(values[..., 0] if values.shape[2] == 1 else values)


def save_img(
    path: Any,
    x: Any,
    data_format: Optional[str] = None,
    file_format: Optional[str] = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Write pixels to a picture file.

    Args:
        path: its name, or an open binary file.
        x: array (height, width, channels).
        data_format: "channels_last" or "channels_first"; default: `gm.config.image_data_format()`.
        file_format: such as "png"; default: by the name's ending.
        scale: whether the range of values is stretched to 0 to 255.
        **kwargs: for Pillow.

    Raises:
        ShapeError: another shape.
    """
    target = path if hasattr(path, "write") else os.fspath(path)
    array_to_img(x, data_format, scale).save(target, format=file_format, **kwargs)
