"""Images filtered and compared."""

from typing import Any, Optional

import numpy as np

from gradmill import _core
from gradmill.errors import ArgumentError, ShapeError
from gradmill.ops.calling import float_tensor, public_op
from gradmill.ops.image.frames import as_given, batch_of
from gradmill.ops.image.likeness import bell, bell_of_tensor, similarity
from gradmill.ops.image.sampling import filtered
from gradmill.ops.layout import sizes_of
from gradmill.ops.reduction import mean

__all__ = ["gaussian_blur", "sobel_edges", "ssim"]


@public_op
def gaussian_blur(
    images: Any, kernel_size: Any = (3, 3), sigma: Any = (1.0, 1.0), data_format: Optional[str] = None
) -> Any:
    """Return means around each pixel, weighted by a bell curve; zeros lie around the image.

    Args:
        images: one image or a batch; integers become float32.
        kernel_size: columns and rows that count.
        sigma: width of the bell along columns and rows: numbers, or a tensor of two.
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.

    Returns:
        tensor of floats like `images`.

    Raises:
        ArgumentError: for widths that are not positive.
    """
    x, single, first = batch_of(float_tensor(images), data_format, "gaussian_blur")
    across, down = sizes_of(kernel_size, 2, "kernel_size", "gaussian_blur")
    if isinstance(sigma, _core.Tensor):
        if tuple(sigma.shape) != (2,):
            raise ArgumentError(f"gaussian_blur: expected sigma to be two numbers; received shape {sigma.shape}")
        curves = [bell_of_tensor(size, sigma[i]) for i, size in enumerate((across, down))]
    else:
        widths = [float(each) for each in (sigma if isinstance(sigma, (list, tuple, np.ndarray)) else (sigma, sigma))]
        if len(widths) != 2 or min(widths) <= 0:
            raise ArgumentError(f"gaussian_blur: expected sigma to be two positive numbers; received {sigma!r}")
        curves = [bell(size, width) for size, width in zip((across, down), widths)]
    x = filtered(filtered(x, curves[1], 1), curves[0], 2)
    return as_given(x, single, first)


@public_op
def sobel_edges(images: Any, data_format: Optional[str] = None) -> Any:
    """Return slopes from row to row and from column to column; zeros lie around the image.

    Args:
        images: a batch; integers become float32.
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.

    Returns:
        tensor like `images`, with a last axis of size 2.

    Raises:
        ShapeError: for other than a batch.
    """
    x, single, first = batch_of(float_tensor(images), data_format, "sobel_edges")
    if single:
        raise ShapeError(f"sobel_edges: expected a batch of images; received shape {x.shape[1:]}")
    slope, smooth = np.array([-1.0, 0.0, 1.0]), np.array([1.0, 2.0, 1.0])
    found = [filtered(filtered(x, slope, axis), smooth, 3 - axis) for axis in (1, 2)]
    found = [as_given(each, False, first) for each in found]
    return _core.ops.concatenate([_core.ops.reshape(each, shape=[*each.shape, 1]) for each in found], axis=4)


@public_op
def ssim(
    image1: Any,
    image2: Any,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: Optional[str] = None,
) -> Any:
    """Return the structural similarity of images: 1 for equal ones.

    Args:
        image1: one image or a batch; integers become float32.
        image2: of the same shape.
        max_val: the largest value that pixels may have.
        filter_size: rows and columns of the windows that are compared.
        filter_sigma: width of the bell curve that weights a window.
        k1: keeps brightness from a division by zero.
        k2: keeps contrast from a division by zero.
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.

    Returns:
        (batch,); a number for single images.

    Raises:
        ShapeError: for images of different shapes, or smaller than a window.
    """
    x, y = float_tensor(image1), float_tensor(image2)
    if x.shape != y.shape:
        raise ShapeError(f"ssim: expected images of one shape; received {x.shape} and {y.shape}")
    x, single, _ = batch_of(x, data_format, "ssim")
    y, _, _ = batch_of(y, data_format, "ssim")
    found, _ = similarity(x, y, float(max_val), (int(filter_size), float(filter_sigma), k1, k2), "ssim")
    score = mean.eager(found, (1, 2, 3))
    return _core.ops.reshape(score, shape=[]) if single else score
