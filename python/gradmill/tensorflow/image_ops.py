"""`tf.image`: sizes, places and parts of images; channels stand last."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from gradmill import ops, random
from gradmill.errors import ShapeError
from gradmill.tensorflow.dtype_names import as_dtype
from gradmill.tensorflow.random_ops import stream


class ResizeMethod:
    """`tf.image.ResizeMethod`: names of ways to compute pixels."""

    AREA = "area"
    BICUBIC = "bicubic"
    BILINEAR = "bilinear"
    GAUSSIAN = "gaussian"
    LANCZOS3 = "lanczos3"
    LANCZOS5 = "lanczos5"
    MITCHELLCUBIC = "mitchellcubic"
    NEAREST_NEIGHBOR = "nearest"


def _image(image: Any, who: str) -> Any:
    image = ops.convert_to_tensor(image)
    if image.ndim not in (3, 4):
        raise ShapeError(
            f"tf.image.{who}: expected an image (height, width, channels) or a batch of them; received shape "
            f"{tuple(image.shape)}"
        )
    return image


def _rows(image: Any) -> int:
    """The axis of rows: images may come in batches."""
    return image.ndim - 3


def resize(
    images: Any,
    size: Any,
    method: str = "bilinear",
    preserve_aspect_ratio: bool = False,
    antialias: bool = False,
    name: Any = None,
) -> Any:
    """`tf.image.resize`: images of another size, as floats except with method "nearest"."""
    images = _image(images, "resize")
    height, width = (int(each) for each in size)
    if preserve_aspect_ratio:
        rows, columns = images.shape[-3:-1]
        scale = min(height / rows, width / columns)
        height, width = round(rows * scale), round(columns * scale)
    x = images if method == "nearest" or "float" in images.dtype else ops.cast(images, "float32")
    if method == "area":
        by_rows = ops.tensordot(_shares(height, x.shape[-3]), x, (1, x.ndim - 3))
        by_columns = ops.tensordot(_shares(width, x.shape[-2]), by_rows, (1, x.ndim - 2))
        return ops.transpose(by_columns, (1, 0, 2) if x.ndim == 3 else (2, 1, 0, 3))
    resized = ops.image.resize(x, (height, width), method, antialias, data_format="channels_last")
    return ops.cast(resized, str(images.dtype)) if method == "nearest" else resized


def _shares(wanted: int, given: int) -> Any:
    """How much each of the given pixels of a row counts for each of the wanted ones, by the part that they share."""
    ends = np.arange(wanted + 1) * (given / wanted)
    places = np.arange(given)
    shared = np.minimum(ends[1:, None], places + 1) - np.maximum(ends[:-1, None], places)
    return ops.convert_to_tensor(np.maximum(shared, 0) * (wanted / given), "float32")


def resize_with_pad(
    image: Any, target_height: int, target_width: int, method: str = "bilinear", antialias: bool = False
) -> Any:
    """`tf.image.resize_with_pad`: images of another size with their shape kept, and a black border."""
    return pad_centre(
        resize(image, (target_height, target_width), method, True, antialias), target_height, target_width
    )


def pad_centre(image: Any, height: int, width: int) -> Any:
    """Put the image into the middle of a larger black one.

    Args:
        image: image or batch.
        height, width: sizes of the result.
    """
    rows, columns = image.shape[-3:-1]
    return pad_to_bounding_box(image, (height - rows) // 2, (width - columns) // 2, height, width)


def pad_to_bounding_box(
    image: Any, offset_height: int, offset_width: int, target_height: int, target_width: int
) -> Any:
    """`tf.image.pad_to_bounding_box`: the image at a place of a larger black one."""
    image = _image(image, "pad_to_bounding_box")
    rows, columns = image.shape[-3:-1]
    below, right = target_height - rows - offset_height, target_width - columns - offset_width
    if min(offset_height, offset_width, below, right) < 0:
        raise ShapeError(
            f"tf.image.pad_to_bounding_box: expected room for {rows}x{columns} pixels at ({offset_height}, "
            f"{offset_width}); received a target of {target_height}x{target_width}"
        )
    return ops.pad(image, [(0, 0)] * _rows(image) + [(offset_height, below), (offset_width, right), (0, 0)])


def crop_to_bounding_box(
    image: Any, offset_height: int, offset_width: int, target_height: int, target_width: int
) -> Any:
    """`tf.image.crop_to_bounding_box`: a part of the image."""
    image = _image(image, "crop_to_bounding_box")
    rows, columns = image.shape[-3:-1]
    if min(offset_height, offset_width) < 0 or (
        offset_height + target_height > rows or offset_width + target_width > columns
    ):
        raise ShapeError(
            f"tf.image.crop_to_bounding_box: expected a part of {rows}x{columns} pixels; received "
            f"{target_height}x{target_width} at ({offset_height}, {offset_width})"
        )
    return image[..., offset_height : offset_height + target_height, offset_width : offset_width + target_width, :]


def central_crop(image: Any, central_fraction: float) -> Any:
    """`tf.image.central_crop`: the middle of the image, a share of each side."""
    image = _image(image, "central_crop")
    rows, columns = image.shape[-3:-1]
    top, left = int((rows - rows * central_fraction) / 2), int((columns - columns * central_fraction) / 2)
    return crop_to_bounding_box(image, top, left, rows - 2 * top, columns - 2 * left)


def resize_with_crop_or_pad(image: Any, target_height: int, target_width: int) -> Any:
    """`tf.image.resize_with_crop_or_pad`: the middle of the image, or the image with a border, on each axis."""
    image = _image(image, "resize_with_crop_or_pad")
    rows, columns = image.shape[-3:-1]
    height, width = min(rows, target_height), min(columns, target_width)
    part = crop_to_bounding_box(image, (rows - height) // 2, (columns - width) // 2, height, width)
    return pad_centre(part, target_height, target_width)


def flip_left_right(image: Any) -> Any:
    """`tf.image.flip_left_right`: the image mirrored."""
    return ops.flip(_image(image, "flip_left_right"), -2)


def flip_up_down(image: Any) -> Any:
    """`tf.image.flip_up_down`: the image upside down."""
    return ops.flip(_image(image, "flip_up_down"), -3)


def transpose(image: Any, name: Any = None) -> Any:
    """`tf.image.transpose`: rows as columns."""
    return ops.swapaxes(_image(image, "transpose"), -3, -2)


def rot90(image: Any, k: int = 1, name: Any = None) -> Any:
    """`tf.image.rot90`: the image turned `k` times by 90 degrees against the clock."""
    image = _image(image, "rot90")
    turns: list[Callable] = [
        lambda x: x,
        lambda x: ops.flip(ops.swapaxes(x, -3, -2), -3),
        lambda x: ops.flip(x, (-3, -2)),
        lambda x: ops.flip(ops.swapaxes(x, -3, -2), -2),
    ]
    return turns[k % 4](image)


def _by_chance(changed: Any, image: Any, seed: Any) -> Any:
    """One of two for each image of a batch."""
    shape = (image.shape[0], 1, 1, 1) if image.ndim == 4 else (1, 1, 1)
    return ops.where(ops.less(random.uniform(shape, seed=stream(seed)), 0.5), changed, image)


def random_flip_left_right(image: Any, seed: Any = None) -> Any:
    """`tf.image.random_flip_left_right`: every second image mirrored, by chance."""
    return _by_chance(flip_left_right(image), _image(image, "random_flip_left_right"), seed)


def random_flip_up_down(image: Any, seed: Any = None) -> Any:
    """`tf.image.random_flip_up_down`: every second image upside down, by chance."""
    return _by_chance(flip_up_down(image), _image(image, "random_flip_up_down"), seed)


def random_crop(value: Any, size: Any, seed: Any = None, name: Any = None) -> Any:
    """`tf.image.random_crop`: a block of this size, anywhere."""
    value = ops.convert_to_tensor(value)
    sizes = [whole if int(wanted) == -1 else int(wanted) for wanted, whole in zip(size, value.shape)]
    if len(sizes) != value.ndim or any(wanted > whole for wanted, whole in zip(sizes, value.shape)):
        raise ShapeError(f"tf.image.random_crop: expected at most {tuple(value.shape)}; received {tuple(sizes)}")
    room = [whole - wanted + 1 for wanted, whole in zip(sizes, value.shape)]
    draw = random.uniform((len(room),), seed=stream(seed))
    starts = ops.cast(ops.floor(ops.multiply(draw, ops.cast(room, "float32"))), "int64")
    for axis, (wanted, whole) in enumerate(zip(sizes, value.shape)):
        if wanted != whole:
            value = ops.take(value, ops.add(starts[axis], ops.arange(wanted, dtype="int64")), axis)
    return value


def convert_image_dtype(image: Any, dtype: Any, saturate: bool = False, name: Any = None) -> Any:
    """`tf.image.convert_image_dtype`: another dtype, integers from their full range to [0, 1] or back."""
    image, wanted = ops.convert_to_tensor(image), as_dtype(dtype)
    given = as_dtype(image.dtype)
    if given == wanted:
        return image
    if given.is_floating and wanted.is_floating:
        return ops.cast(image, wanted)
    if wanted.is_floating:
        return ops.multiply(ops.cast(image, wanted), 1.0 / given.max)
    if given.is_floating:
        scaled = ops.multiply(image, wanted.max + 0.5)
        return ops.cast(ops.clip(scaled, wanted.min, wanted.max) if saturate else scaled, wanted)
    steps = (wanted.max + 1) / (given.max + 1)
    if steps >= 1:
        return ops.multiply(ops.cast(image, wanted), int(steps))
    return ops.cast(ops.floor_divide(image, int(1 / steps)), wanted)


def _in_floats(change: Callable, image: Any) -> Any:
    """Compute with floats in [0, 1] and return the dtype that came."""
    image = ops.convert_to_tensor(image)
    return convert_image_dtype(change(convert_image_dtype(image, "float32")), image.dtype, saturate=True)


def adjust_brightness(image: Any, delta: Any) -> Any:
    """`tf.image.adjust_brightness`: the same added to every pixel."""
    return _in_floats(lambda x: ops.add(x, delta), image)


def adjust_contrast(images: Any, contrast_factor: Any) -> Any:
    """`tf.image.adjust_contrast`: distances from the mean of each channel multiplied."""

    def change(x: Any) -> Any:
        mean = ops.mean(x, (-3, -2), keepdims=True)
        return ops.add(ops.multiply(ops.subtract(x, mean), contrast_factor), mean)

    return _in_floats(change, images)


def adjust_gamma(image: Any, gamma: float = 1, gain: float = 1) -> Any:
    """`tf.image.adjust_gamma`: gain * pixel ** gamma."""
    return _in_floats(lambda x: ops.multiply(ops.power(x, gamma), gain), image)


def rgb_to_grayscale(images: Any, name: Any = None) -> Any:
    """`tf.image.rgb_to_grayscale`: the luma of each pixel."""
    return _in_floats(lambda x: ops.image.rgb_to_grayscale(x, "channels_last"), images)


def grayscale_to_rgb(images: Any, name: Any = None) -> Any:
    """`tf.image.grayscale_to_rgb`: the one channel three times."""
    return ops.concatenate([ops.convert_to_tensor(images)] * 3, -1)


def rgb_to_hsv(images: Any, name: Any = None) -> Any:
    """`tf.image.rgb_to_hsv`: hue, saturation and value, in [0, 1]."""
    return ops.image.rgb_to_hsv(images, "channels_last")


def hsv_to_rgb(images: Any, name: Any = None) -> Any:
    """`tf.image.hsv_to_rgb`: back from hue, saturation and value."""
    return ops.image.hsv_to_rgb(images, "channels_last")


def adjust_saturation(image: Any, saturation_factor: Any, name: Any = None) -> Any:
    """`tf.image.adjust_saturation`: the saturation multiplied."""

    def change(x: Any) -> Any:
        hsv = rgb_to_hsv(x)
        more = ops.clip(ops.multiply(hsv[..., 1:2], saturation_factor), 0.0, 1.0)
        return hsv_to_rgb(ops.concatenate([hsv[..., :1], more, hsv[..., 2:]], -1))

    return _in_floats(change, image)


def adjust_hue(image: Any, delta: Any, name: Any = None) -> Any:
    """`tf.image.adjust_hue`: the hue turned by a part of the circle."""

    def change(x: Any) -> Any:
        hsv = rgb_to_hsv(x)
        return hsv_to_rgb(ops.concatenate([ops.mod(ops.add(hsv[..., :1], delta), 1.0), hsv[..., 1:]], -1))

    return _in_floats(change, image)


def _drawn(low: float, high: float, seed: Any) -> Any:
    return random.uniform((), low, high, seed=stream(seed))


def random_brightness(image: Any, max_delta: float, seed: Any = None) -> Any:
    """`tf.image.random_brightness`: a number from [-max_delta, max_delta) added to every pixel."""
    return adjust_brightness(image, _drawn(-max_delta, max_delta, seed))


def random_contrast(image: Any, lower: float, upper: float, seed: Any = None) -> Any:
    """`tf.image.random_contrast`: contrast changed by a factor from [lower, upper)."""
    return adjust_contrast(image, _drawn(lower, upper, seed))


def random_saturation(image: Any, lower: float, upper: float, seed: Any = None) -> Any:
    """`tf.image.random_saturation`: saturation changed by a factor from [lower, upper)."""
    return adjust_saturation(image, _drawn(lower, upper, seed))


def random_hue(image: Any, max_delta: float, seed: Any = None) -> Any:
    """`tf.image.random_hue`: the hue turned by a number from [-max_delta, max_delta)."""
    return adjust_hue(image, _drawn(-max_delta, max_delta, seed))


def per_image_standardization(image: Any) -> Any:
    """`tf.image.per_image_standardization`: each image with mean 0 and deviation 1."""
    x = ops.cast(_image(image, "per_image_standardization"), "float32")
    axes = (-3, -2, -1)
    count = float(x.shape[-1] * x.shape[-2] * x.shape[-3])
    deviation = ops.maximum(ops.std(x, axes, keepdims=True), count**-0.5)
    return ops.divide(ops.subtract(x, ops.mean(x, axes, keepdims=True)), deviation)


IMAGES: dict[str, Any] = {each.__name__: each for each in (
    ResizeMethod, adjust_brightness, adjust_contrast, adjust_gamma, adjust_hue, adjust_saturation, central_crop,
    convert_image_dtype, crop_to_bounding_box, flip_left_right, flip_up_down, grayscale_to_rgb, hsv_to_rgb,
    pad_to_bounding_box, per_image_standardization, random_brightness, random_contrast, random_crop,
    random_flip_left_right, random_flip_up_down, random_hue, random_saturation, resize, resize_with_crop_or_pad,
    resize_with_pad, rgb_to_grayscale, rgb_to_hsv, rot90, transpose,
)}  # fmt: skip
