"""Further names of `tf.image`: draws by a seed alone, quality of JPEG files, other colours, patches."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from gradmill import _core, ops, random
from gradmill.errors import ArgumentError, ShapeError
from gradmill.tensorflow import image_ops, io_ops
from gradmill.tensorflow.random_ops import fixed_seed, stream

# What red, green and blue add to the channels of the standards, row by row; and back.
_COLOURS = {
    "rgb_to_yiq": [[0.299, 0.59590059, 0.2115], [0.587, -0.27455667, -0.52273617], [0.114, -0.32134392, 0.31119955]],
    "yiq_to_rgb": [[1, 1, 1], [0.95598634, -0.27201283, -1.10674021], [0.6208248, -0.64720424, 1.70423049]],
    "rgb_to_yuv": [
        [0.299, -0.14714119, 0.61497538],
        [0.587, -0.28886916, -0.51496512],
        [0.114, 0.43601035, -0.10001026],
    ],
    "yuv_to_rgb": [[1, 1, 1], [0, -0.394642334, 2.03206185], [1.13988303, -0.58062185, 0]],
}


def _colours(name: str) -> Callable:
    def convert(images: Any) -> Any:
        images = ops.convert_to_tensor(images)
        return ops.matmul(images, ops.convert_to_tensor(_COLOURS[name], images.dtype))

    convert.__doc__ = f"`tf.image.{name}`: the colours as another standard has them."
    return convert


def _stateless(draw: Callable, name: str) -> Callable:
    """A function of `tf.image` whose last argument is a seed of two numbers, which alone decides."""

    def drawn(image: Any, *args: Any, **kwargs: Any) -> Any:
        if "seed" in kwargs:
            seed = kwargs.pop("seed")
        elif args:
            *args, seed = args  # type: ignore[assignment]
        else:
            raise TypeError(f"tf.image.{name}: expected a seed of two numbers; received none")
        if np.shape(np.asarray(seed)) != (2,):
            raise ArgumentError(f"tf.image.{name}: expected a seed of two numbers; received {seed!r}")
        return draw(image, *args, **kwargs, seed=fixed_seed(seed))

    drawn.__doc__ = f"`tf.image.{name}`: as without stateless, by two numbers alone."
    return drawn


def adjust_jpeg_quality(image: Any, jpeg_quality: Any, dct_method: str = "", name: Any = None) -> Any:
    """`tf.image.adjust_jpeg_quality`: one image (height, width, channels) as it comes back from a JPEG file."""
    image = ops.convert_to_tensor(image)
    if image.ndim != 3:
        raise ShapeError(
            f"tf.image.adjust_jpeg_quality: expected (height, width, channels); received {tuple(image.shape)}"
        )
    pixels = image_ops.convert_image_dtype(image, "uint8", saturate=True)
    packed = io_ops.encode_jpeg(pixels, quality=int(jpeg_quality))
    return image_ops.convert_image_dtype(io_ops.decode_jpeg(packed, image.shape[-1]), image.dtype, saturate=True)


def random_jpeg_quality(image: Any, min_jpeg_quality: int, max_jpeg_quality: int, seed: Any = None) -> Any:
    """`tf.image.random_jpeg_quality`: the same with a quality from [min_jpeg_quality, max_jpeg_quality)."""
    if not 0 <= min_jpeg_quality < max_jpeg_quality <= 100:
        raise ArgumentError(
            "tf.image.random_jpeg_quality: expected 0 <= min_jpeg_quality < max_jpeg_quality <= 100; received "
            f"{min_jpeg_quality} and {max_jpeg_quality}"
        )
    return adjust_jpeg_quality(image, random.randint((), min_jpeg_quality, max_jpeg_quality, seed=stream(seed)))


def extract_patches(images: Any, sizes: Any, strides: Any, rates: Any, padding: str, name: Any = None) -> Any:
    """`tf.image.extract_patches`: the pixels of each window as channels; sizes name batch and channels, too."""
    (rows, columns), steps, spread = ([int(each) for each in entry[1:3]] for entry in (sizes, strides, rates))
    if spread[0] != spread[1]:
        raise ArgumentError(f"tf.image.extract_patches: expected one rate for both axes; received {rates!r}")
    return ops.image.extract_patches(
        images, (rows, columns), tuple(steps), spread[0], padding.lower(), data_format="channels_last"
    )


def image_gradients(image: Any) -> tuple[Any, Any]:
    """`tf.image.image_gradients`: (steps to the row below, steps to the column on the right), 0 at the last."""
    image = ops.convert_to_tensor(image)
    if image.ndim != 4:
        raise ShapeError(f"tf.image.image_gradients: expected a batch of images; received shape {tuple(image.shape)}")
    down = ops.pad(image[:, 1:] - image[:, :-1], [(0, 0), (0, 1), (0, 0), (0, 0)])
    right = ops.pad(image[:, :, 1:] - image[:, :, :-1], [(0, 0), (0, 0), (0, 1), (0, 0)])
    return down, right


def is_jpeg(contents: Any, name: Any = None) -> Any:
    """`tf.io.is_jpeg`: whether bytes begin as a JPEG file does."""
    return _core.tensor(np.array(bytes(contents)[:3] == b"\xff\xd8\xff"))


_DRAWS = {
    "random_jpeg_quality": random_jpeg_quality,
    **{name: image_ops.IMAGES[name] for name in image_ops.IMAGES if name.startswith("random_")},
}
FURTHER: dict[str, Any] = {
    **{name: _colours(name) for name in _COLOURS},
    **{f"stateless_{name}": _stateless(draw, f"stateless_{name}") for name, draw in _DRAWS.items()},
    **{each.__name__: each for each in (
        adjust_jpeg_quality, extract_patches, image_gradients, is_jpeg, random_jpeg_quality,
    )},
}  # fmt: skip
