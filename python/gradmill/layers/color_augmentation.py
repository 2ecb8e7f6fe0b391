"""Layers that change the colors of images at random, in training only."""

from __future__ import annotations

from typing import Any, Sequence

from gradmill import ops
from gradmill.layers.augmentation_base import Factor, RandomFactorLayer
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
