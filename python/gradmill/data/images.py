"""Data sets of image files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from gradmill import config, errors, ops
from gradmill.data.files import FolderOptions, dataset_of_files
from gradmill.utils.lazy import LazyModule

if TYPE_CHECKING:
    pillow: Any
else:
    pillow = LazyModule("PIL.Image")

_FORMATS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
_INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")


def image_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: Optional[str] = "int",
    class_names: Any = None,
    color_mode: str = "rgb",
    batch_size: Optional[int] = 32,
    image_size: Any = (256, 256),
    shuffle: bool = True,
    seed: Optional[int] = None,
    validation_split: Optional[float] = None,
    subset: Optional[str] = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: Optional[str] = None,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Return a data set of the images in a folder, read by threads while the model trains. Needs Pillow.

    Args:
        directory: folder; with `labels="inferred"` each of its subfolders is a class.
        labels: "inferred", None for images alone, or a list of integers in the order of the sorted paths.
        label_mode: "int" (int32), "categorical" (one-hot), "binary" (float32, 0 or 1) or None for no labels.
        class_names: subfolders that are the classes, in this order; default all, sorted.
        color_mode: "grayscale", "rgb" or "rgba".
        batch_size: images of a batch; None for single images.
        image_size: height and width.
        shuffle: whether each pass has a new order; else the order is that of the sorted paths.
        seed: seed of the order, and of the split.
        validation_split: fraction of the files held back for validation.
        subset: "training", "validation", or "both" for a list of the two.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
        follow_links: whether subfolders that are links are entered.
        crop_to_aspect_ratio: cut to the ratio of `image_size` instead of distorting.
        pad_to_aspect_ratio: add borders instead.
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.
        format: accepted; there is one kind of data set.
        verbose: print how many files and classes were found.

    Returns:
        `Dataset` of float32 images from 0 to 255, with labels unless there are none. It has the attributes
        `class_names` and `file_paths`.

    Raises:
        ArgumentError: for wrong options, or a folder without images. A file that cannot be read raises when its turn
            comes, with its name.

    Reference: Keras 3, `keras.utils.image_dataset_from_directory` (2023).

    Example:
        >>> import gradmill as gm
        >>> data = gm.utils.image_dataset_from_directory("photos", image_size=(64, 64))  # doctest: +SKIP
    """
    who = "image_dataset_from_directory"
    options = FolderOptions.among(locals())
    if color_mode not in _MODES:
        raise errors.ArgumentError(f"{who}: color_mode must be one of {sorted(_MODES)}; received {color_mode!r}")
    if interpolation not in _INTERPOLATIONS:
        raise errors.ArgumentError(f"{who}: interpolation must be one of {_INTERPOLATIONS}; received {interpolation!r}")
    size = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
    if len(size) != 2 or not all(isinstance(side, (int, np.integer)) and side > 0 for side in size):
        raise errors.ArgumentError(f"{who}: image_size must be height and width; received {image_size!r}")
    layout = config.image_data_format() if data_format is None else data_format
    if layout not in ("channels_last", "channels_first"):
        raise errors.ArgumentError(
            f'{who}: data_format must be "channels_last" or "channels_first"; received {data_format!r}'
        )

    def read(path: bytes) -> Any:
        image = ops.image.resize(
            read_image(path, color_mode).astype(np.float32),
            size,
            interpolation=interpolation,
            crop_to_aspect_ratio=crop_to_aspect_ratio,
            pad_to_aspect_ratio=pad_to_aspect_ratio,
            data_format="channels_last",
        )
        return ops.transpose(image, (2, 0, 1)) if layout == "channels_first" else image

    return dataset_of_files(options, _FORMATS, read)


def read_image(path: Any, color_mode: str) -> np.ndarray:
    """Return the pixels of an image file as uint8 (height, width, channels); of a moving one, the first picture.

    Raises:
        ArgumentError: when the file is no image that can be read.
        UnsupportedError: when Pillow is not installed.
    """
    pixels = read_pixels(path, _MODES[color_mode])[0]
    return pixels[..., None] if pixels.ndim == 2 else pixels


def read_pixels(path: Any, mode: Optional[str] = None) -> tuple[np.ndarray, str]:
    """Return the pixels of an image file, and the mode that Pillow calls them by.

    Args:
        path: the file.
        mode: mode to convert to; default: as they are stored.

    Raises:
        ArgumentError: when the file is no image that can be read.
        UnsupportedError: when Pillow is not installed.
    """
    name = os.fsdecode(path)
    try:
        with pillow.open(name) as image:
            converted = image.convert(mode) if mode else image
            return np.asarray(converted), converted.mode
    except ModuleNotFoundError as problem:
        raise errors.UnsupportedError("reading images needs Pillow; pip install pillow") from problem
    except (OSError, SyntaxError, ValueError, pillow.DecompressionBombError) as problem:
        raise errors.ArgumentError(f"{name} cannot be read as an image: {problem}") from problem
