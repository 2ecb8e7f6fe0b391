"""Layers that change the colors of images at random, in training only."""

from __future__ import annotations

from typing import Any, Optional, Sequence

import numpy as np

from gradmill import config, ops
from gradmill.layers.augmentation_base import (
    Factor,
    RandomFactorLayer,
    RandomImageLayer,
    range_of,
    rescaled,
)
from gradmill.layers.scale_and_offset import check_number
from gradmill.serialization import register_serializable


@register_serializable("keras.layers")
class RandomContrast(RandomFactorLayer):
    """Stretch the values of each image about the mean of each channel by a random factor.

    Args:
        factor: a number f for a factor from 1 - f to 1 + f, or a pair (l, u) for one from 1 - l to 1 + u.
        value_range: smallest and largest value of a pixel; results are kept between them.
        seed: integer, or None.
        data_format: "channels_last" or "channels_first".

    Raises:
        ArgumentError: factors outside 0..1, or a range that is not two numbers.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.RandomContrast(0.2, seed=1)(gm.ops.ones((5, 8, 8, 3))).shape
    (5, 8, 8, 3)
    """

    _bounds = (0.0, 1.0)

    def __init__(self, factor: Factor, value_range: Sequence[float] = (0, 255), seed: Any = None, **kwargs: Any):
        super().__init__(factor, value_range, seed=seed, **kwargs)
        self.factor = factor
        given = factor if isinstance(factor, (list, tuple)) else (factor, factor)
        self._limits = (1.0 - given[0], 1.0 + given[1])

    def _adjust(self, images: Any, drawn: Any) -> Any:
        mean = ops.mean(images, axis=self._image_axes(images), keepdims=True)
        return self._limited((images - mean) * drawn + mean)


@register_serializable("keras.layers")
class RandomBrightness(RandomFactorLayer):
    """Add a random number to all values of each image.

    Args:
        factor: limits of the number as a share of the range of values: a number for both ways, or a pair.
        value_range: smallest and largest value of a pixel; results are kept between them.
        seed: integer, or None.
        data_format: "channels_last" or "channels_first".

    Raises:
        ArgumentError: factors outside -1..1, or a range that is not two numbers.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.RandomBrightness(0.2, seed=1)(gm.ops.ones((5, 8, 8, 3))).shape
    (5, 8, 8, 3)
    """

    def __init__(self, factor: Factor, value_range: Sequence[float] = (0, 255), seed: Any = None, **kwargs: Any):
        super().__init__(factor, value_range, seed=seed, **kwargs)
        self.factor = factor

    def _adjust(self, images: Any, drawn: Any) -> Any:
        return self._limited(images + drawn * float(self.value_range[1] - self.value_range[0]))


def _turn(images: Any, axis: int, data_format: str, hue: Any = 0.0, saturation: Any = None, most: float = 1.0) -> Any:
    """Return images with something added to their hue, and their saturation multiplied and limited to 0..most."""
    parts = ops.split(ops.image.rgb_to_hsv(images, data_format), 3, axis=axis)
    strength = parts[1] if saturation is None else ops.clip(parts[1] * saturation, 0.0, most)
    return ops.image.hsv_to_rgb(ops.concatenate([parts[0] + hue, strength, parts[2]], axis=axis), data_format)


@register_serializable("keras.layers")
class RandomHue(RandomFactorLayer):
    """Turn the hue of each image by a random angle, either way.

    Args:
        factor: limits of the angle as a share of half a turn, from 0 to 1: a number for 0 up to it, or a pair.
        value_range: smallest and largest value of a pixel.
        data_format: "channels_last" or "channels_first".
        seed: integer, or None.

    Raises:
        ArgumentError: factors outside 0..1, or a range that is not two numbers.
        ShapeError: in a call, images without three channels.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.RandomHue(0.2, seed=1)(gm.ops.ones((5, 8, 8, 3))).shape
    (5, 8, 8, 3)
    """

    _bounds = (0.0, 1.0)

    def _draw(self, images: Any) -> Any:
        shape = (images.shape[0], 1, 1, 1)
        way = ops.where(self._uniform(shape, 0.0, 1.0) > 0.5, -0.5, 0.5)
        return way * self._uniform(shape, *self._limits)

    def _adjust(self, images: Any, drawn: Any) -> Any:
        values = rescaled(images, self.value_range, (0.0, 1.0))
        turned = _turn(values, self._channel_axis(images), self.data_format, hue=drawn)
        return rescaled(ops.clip(turned, 0.0, 1.0), (0.0, 1.0), self.value_range)


@register_serializable("keras.layers")
class RandomSaturation(RandomFactorLayer):
    """Multiply the saturation of each image by f / (1 - f) for a random f: 0.5 changes nothing, 0 leaves grey.

    Args:
        factor: limits of f: a number for both ways, or a pair from 0 to 1; from 0 down images are grey.
        value_range: smallest and largest value of a pixel; saturations are kept between them, too.
        data_format: "channels_last" or "channels_first".
        seed: integer, or None.

    Raises:
        ArgumentError: factors outside -1..1, or a range that is not two numbers.
        ShapeError: in a call, images without three channels.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.RandomSaturation((0.3, 0.7), seed=1)(gm.ops.ones((5, 8, 8, 3))).shape
    (5, 8, 8, 3)
    """

    def _draw(self, images: Any) -> Any:
        share = super()._draw(images)
        return share / (1.0 - share + config.epsilon())

    def _adjust(self, images: Any, drawn: Any) -> Any:
        most = float(self.value_range[1])
        return _turn(images, self._channel_axis(images), self.data_format, saturation=drawn, most=most)


@register_serializable("keras.layers")
class RandomSharpness(RandomFactorLayer):
    """Move each image away from, or towards, a smoothed copy of it.

    Args:
        factor: limits of a random number: a number for 0 up to it, or a pair. 0 is the smoothed image, 0.5 the image
            itself, 1 sharpens its edges.
        value_range: smallest and largest value of a pixel; results are kept between them.
        data_format: "channels_last" or "channels_first".
        seed: integer, or None.

    Raises:
        ArgumentError: factors outside 0..1, or a range that is not two numbers.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.RandomSharpness(0.2, seed=1)(gm.ops.ones((5, 8, 8, 3))).shape
    (5, 8, 8, 3)
    """

    _bounds = (0.0, 1.0)

    def _adjust(self, images: Any, drawn: Any) -> Any:
        weights = np.full((3, 3, 1, 1), 1.0 / 13.0, "float32")
        weights[1, 1] = 5.0 / 13.0
        kernel = np.repeat(weights, images.shape[self._channel_axis(images)], axis=2)
        smooth = ops.depthwise_conv(
            images, ops.cast(kernel, images.dtype), padding="same", data_format=self.data_format
        )
        return self._limited(images + (1.0 - 2.0 * drawn) * (smooth - images))


@register_serializable("keras.layers")
class RandomColorDegeneration(RandomFactorLayer):
    """Mix each image with its grey copy.

    Args:
        factor: limits of the share of the copy: a number for both ways, or a pair from -1 to 1; below 0 colors grow.
        value_range: smallest and largest value of a pixel; results are kept between them.
        data_format: "channels_last" or "channels_first".
        seed: integer, or None.

    Raises:
        ArgumentError: factors outside -1..1, or a range that is not two numbers.
        ShapeError: in a call, images without three channels.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.RandomColorDegeneration(0.2, seed=1)(gm.ops.ones((5, 8, 8, 3))).shape
    (5, 8, 8, 3)
    """

    def _adjust(self, images: Any, drawn: Any) -> Any:
        return self._limited(images + drawn * (ops.image.rgb_to_grayscale(images, self.data_format) - images))


@register_serializable("keras.layers")
class RandomPosterization(RandomFactorLayer):
    """Keep only a random number of the leading bits of each image's values.

    Args:
        factor: limits of the number of bits, from 1 to 8: a number for 1 up to below it, or a pair (low, high) for
            numbers from low to below high; two equal ones for that number.
        value_range: smallest and largest value of a pixel.
        data_format: "channels_last" or "channels_first".
        seed: integer, or None.

    Raises:
        ArgumentError: factors outside 1..8, or a range that is not two numbers.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.RandomPosterization((2, 2))([[[10.0], [100.0], [200.0]]]).numpy().ravel()
    array([  0.,  64., 192.], dtype=float32)
    """

    _bounds = (1.0, 8.0)

    def _draw(self, images: Any) -> Any:
        low, high = (float(int(each)) for each in self._limits)
        bits = ops.floor(self._uniform((images.shape[0], 1, 1, 1), low, max(high, low + 1.0)))
        return ops.minimum(bits, max(high - 1.0, low))  # an upper end that rounding has reached

    def _adjust(self, images: Any, drawn: Any) -> Any:
        step = ops.power(2.0, 8.0 - ops.cast(drawn, "float32"))
        values = ops.floor(ops.clip(rescaled(ops.cast(images, "float32"), self.value_range, (0.0, 255.0)), 0.0, 255.0))
        return rescaled(ops.floor(values / step) * step, (0.0, 255.0), self.value_range)


@register_serializable("keras.layers")
class RandomInvert(RandomFactorLayer):
    """Subtract some of the images from the largest value.

    Args:
        factor: limits of the probability of it, drawn for each image: a number for 0 up to it, or a pair.
        value_range: smallest and largest value of a pixel.
        seed: integer, or None.
        data_format: "channels_last" or "channels_first".

    Raises:
        ArgumentError: factors outside 0..1, or a range that is not two numbers.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.RandomInvert((1.0, 1.0))([[[10.0], [100.0], [255.0]]]).numpy().ravel()
    array([245., 155.,   0.], dtype=float32)
    """

    _bounds = (0.0, 1.0)

    def __init__(
        self,
        factor: Factor = 1.0,
        value_range: Sequence[float] = (0, 255),
        seed: Any = None,
        data_format: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(factor, value_range, data_format, seed, **kwargs)

    def _draw(self, images: Any) -> Any:
        return self._chosen(images, self._limits)

    def _adjust(self, images: Any, drawn: Any) -> Any:
        return ops.where(drawn > 0, float(self.value_range[1]) - images, images)


@register_serializable("keras.layers")
class RandomGrayscale(RandomImageLayer):
    """Take the colors out of some of the images; the number of channels stays.

    Args:
        factor: the share of the images, from 0 to 1.
        data_format: "channels_last" or "channels_first".
        seed: integer, or None.

    Raises:
        ArgumentError: a factor outside 0..1.
        ShapeError: in a call, images without three channels.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.RandomGrayscale(1.0)([[[0.0, 100.0, 0.0]]]).numpy().ravel().round(4)
    array([58.7, 58.7, 58.7], dtype=float32)
    """

    _masks_too = False

    def __init__(self, factor: float = 0.5, data_format: Optional[str] = None, seed: Any = None, **kwargs: Any):
        super().__init__(seed, data_format, **kwargs)
        self.factor = check_number(self._label, "factor", factor, 0.0, 1.0)

    def _draw(self, images: Any) -> Any:
        return self._chosen(images, (self.factor, self.factor))

    def _change(self, images: Any, drawn: Any, masks: bool) -> Any:
        return ops.where(drawn, ops.image.rgb_to_grayscale(images, self.data_format), images)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "factor": self.factor}


@register_serializable("keras.layers")
class RandomColorJitter(RandomImageLayer):
    """Change brightness, contrast, saturation and hue of each image at random, one after the other.

    Args:
        value_range: smallest and largest value of a pixel.
        brightness_factor, contrast_factor, saturation_factor, hue_factor: what `RandomBrightness`, `RandomContrast`,
            `RandomSaturation` and `RandomHue` take; None leaves that one out.
        seed: integer, or None.
        data_format: "channels_last" or "channels_first".

    Raises:
        ArgumentError: factors that those layers do not take.
        ShapeError: in a call, images without three channels, for saturation and hue.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.RandomColorJitter((0, 1), 0.2, hue_factor=0.1, seed=1)(gm.ops.ones((5, 8, 8, 3))).shape
    (5, 8, 8, 3)
    """

    _masks_too = False

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        brightness_factor: Optional[Factor] = None,
        contrast_factor: Optional[Factor] = None,
        saturation_factor: Optional[Factor] = None,
        hue_factor: Optional[Factor] = None,
        seed: Any = None,
        data_format: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(seed, data_format, **kwargs)
        self.value_range = range_of(self._label, value_range)
        self.brightness_factor = brightness_factor
        self.contrast_factor = contrast_factor
        self.saturation_factor = saturation_factor
        self.hue_factor = hue_factor
        kinds = (
            (RandomBrightness, brightness_factor),
            (RandomContrast, contrast_factor),
            (RandomSaturation, saturation_factor),
            (RandomHue, hue_factor),
        )
        self._steps = [
            self._part(kind, factor=factor, value_range=value_range) for kind, factor in kinds if factor is not None
        ]

    def _draw(self, images: Any) -> Any:
        return [step._draw(images) for step in self._steps]

    def _change(self, images: Any, drawn: Any, masks: bool) -> Any:
        for step, each in zip(self._steps, drawn):
            images = step._change(images, each, masks)
        return images

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = ("value_range", "brightness_factor", "contrast_factor", "saturation_factor", "hue_factor")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
