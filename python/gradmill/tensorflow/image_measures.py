"""`tf.image`: how much images differ, and where they have edges."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from gradmill import ops
from gradmill.errors import ShapeError
from gradmill.ops.image.likeness import similarity
from gradmill.tensorflow.image_ops import convert_image_dtype

# How much each scale counts (Wang, Simoncelli and Bovik 2003).
_SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def total_variation(images: Any, name: Any = None) -> Any:
    """`tf.image.total_variation`: the sum of distances between neighbouring pixels, for each image."""
    x = ops.convert_to_tensor(images)
    if x.ndim not in (3, 4):
        raise ShapeError(
            f"tf.image.total_variation: expected an image or a batch of them; received shape {tuple(x.shape)}"
        )
    down = ops.abs(ops.subtract(x[..., 1:, :, :], x[..., :-1, :, :]))
    across = ops.abs(ops.subtract(x[..., :, 1:, :], x[..., :, :-1, :]))
    return ops.add(ops.sum(down, (-3, -2, -1)), ops.sum(across, (-3, -2, -1)))


def psnr(a: Any, b: Any, max_val: float, name: Optional[str] = None) -> Any:
    """`tf.image.psnr`: the ratio of peak signal to noise in decibels, for each image."""
    error = ops.mean(ops.square(ops.subtract(ops.cast(a, "float32"), ops.cast(b, "float32"))), (-3, -2, -1))
    return ops.multiply(ops.log10(ops.divide(max_val**2, error)), 10.0)


def _pair(who: str, img1: Any, img2: Any, max_val: Any) -> tuple[Any, Any, Any]:
    """Both images as batches of floats of equal shape, with the largest value in that scale."""
    first, second = ops.convert_to_tensor(img1), ops.convert_to_tensor(img2)
    if first.ndim < 3 or tuple(first.shape) != tuple(second.shape):
        raise ShapeError(
            f"tf.image.{who}: expected two images (..., height, width, channels) of one shape; received "
            f"{tuple(first.shape)} and {tuple(second.shape)}"
        )
    largest = convert_image_dtype(ops.cast(ops.convert_to_tensor(max_val), first.dtype), "float32")
    return convert_image_dtype(first, "float32"), convert_image_dtype(second, "float32"), largest


def _similarity(x: Any, y: Any, largest: Any, options: tuple, who: str) -> tuple[Any, Any]:
    """Similarity, and that of contrast and structure alone, at each pixel and channel."""
    shape = tuple(x.shape)
    x, y = (ops.reshape(each, (-1, *shape[-3:])) for each in (x, y))
    whole, contrast = similarity(x, y, largest, options, f"tf.image.{who}")
    return tuple(ops.reshape(each, (*shape[:-3], *each.shape[1:])) for each in (whole, contrast))  # type: ignore[return-value]


def ssim(
    img1: Any,
    img2: Any,
    max_val: Any,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    return_index_map: bool = False,
) -> Any:
    """`tf.image.ssim`: structural similarity of two images, or at each pixel (Wang et al. 2004)."""
    first, second, largest = _pair("ssim", img1, img2, max_val)
    found, _ = _similarity(first, second, largest, (int(filter_size), filter_sigma, k1, k2), "ssim")
    return ops.mean(found, -1) if return_index_map else ops.mean(found, (-3, -2, -1))


def ssim_multiscale(
    img1: Any,
    img2: Any,
    max_val: Any,
    power_factors: Sequence[float] = _SCALES,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
) -> Any:
    """`tf.image.ssim_multiscale`: similarity of contrast and structure at several scales, of half the size each."""
    first, second, largest = _pair("ssim_multiscale", img1, img2, max_val)
    options = (int(filter_size), filter_sigma, k1, k2)
    total: Any = 1.0
    for scale, power in enumerate(power_factors):
        if scale:
            first, second = _halved(first), _halved(second)
        found = _similarity(first, second, largest, options, "ssim_multiscale")
        # The last scale counts with its brightness.
        of_channels = ops.mean(found[0 if scale == len(power_factors) - 1 else 1], (-3, -2))
        total = total * ops.power(ops.relu(of_channels), float(power))
    return ops.mean(total, -1)


def _halved(x: Any) -> Any:
    """Means of 2x2 pixels; of an odd number of rows or columns the last is there twice."""
    shape = tuple(x.shape)
    x = ops.reshape(x, (-1, *shape[-3:]))
    odd = [(0, 0), (0, shape[-3] % 2), (0, shape[-2] % 2), (0, 0)]
    x = ops.pad(x, odd, mode="symmetric") if shape[-3] % 2 or shape[-2] % 2 else x
    x = ops.average_pool(x, 2, 2, data_format="channels_last")
    return ops.reshape(x, (*shape[:-3], *x.shape[1:]))


def sobel_edges(image: Any) -> Any:
    """`tf.image.sobel_edges`: slopes from row to row and from column to column, as a last axis."""
    x = ops.convert_to_tensor(image)
    if x.ndim != 4:
        raise ShapeError(f"tf.image.sobel_edges: expected a batch of images; received shape {tuple(x.shape)}")
    x = ops.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)], mode="reflect")

    def along(axis: int) -> Any:
        """The slope along one axis, smoothed along the other."""
        slope = _shifted(x, axis, 2) - _shifted(x, axis, 0)
        other = 3 - axis
        return _shifted(slope, other, 0) + _shifted(slope, other, 1) * 2 + _shifted(slope, other, 2)

    return ops.stack([along(1), along(2)], -1)


def _shifted(x: Any, axis: int, start: int) -> Any:
    """All but two places of an axis."""
    end = x.shape[axis] - 2 + start
    return x[tuple(slice(start, end) if i == axis else slice(None) for i in range(axis + 1))]


MEASURES: dict[str, Any] = {each.__name__: each for each in (
    psnr, sobel_edges, ssim, ssim_multiscale, total_variation,
)}  # fmt: skip
