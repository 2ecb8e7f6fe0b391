"""Layers that spread, turn round or thin out the values of images."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from gradmill import ops
from gradmill.layers.augmentation_base import (
    BYTES,
    ColorLayer,
    Factor,
    RandomImageLayer,
    limits_of,
    rescaled,
)
from gradmill.ops.layout import sizes_of
from gradmill.serialization import register_serializable


@register_serializable("keras.layers")
class AutoContrast(ColorLayer):
    """Stretch each channel of each image so that it fills the range of values, in training and outside.

    Args:
        value_range: smallest and largest value of a pixel.
        **kwargs: `data_format` ("channels_last" or "channels_first"), `name`, `dtype`.

    Raises:
        ArgumentError: a range that is not two numbers.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.AutoContrast()([[[10.0], [20.0], [15.0]]]).numpy().ravel()
    array([  0. , 255. , 127.5], dtype=float32)
    """

    _always = True

    def _adjust(self, images: Any, drawn: Any) -> Any:
        axes = self._image_axes(images)
        values = rescaled(images, self.value_range, BYTES)
        low, high = ops.min(values, axis=axes, keepdims=True), ops.max(values, axis=axes, keepdims=True)
        flat = ops.equal(high, low)
        scale = 255.0 / ops.where(flat, 1.0, high - low)
        spread = ops.clip(values * scale - low * scale, 0.0, 255.0)
        # A channel of one value has nothing to stretch.
        return ops.where(flat, images, rescaled(spread, BYTES, self.value_range))


@register_serializable("keras.layers")
class Equalization(ColorLayer):
    """Replace values by their rank, so that all of them are about as frequent; each channel by itself.

    The histogram is that of all images of a batch together. In training only.

    Args:
        value_range: smallest and largest value of a pixel.
        bins: of the histogram.
        data_format: "channels_last" or "channels_first".

    Raises:
        ArgumentError: a range that is not two numbers, or a number of bins that is no positive integer.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Equalization()([[[10.0], [11.0], [12.0]]]).numpy().ravel()
    array([  0., 128., 255.], dtype=float32)
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        bins: int = 256,
        data_format: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(value_range, data_format=data_format, **kwargs)
        (self.bins,) = sizes_of(bins, 1, "bins", self._label)

    def _adjust(self, images: Any, drawn: Any) -> Any:
        axis, last = self._channel_axis(images), self.bins - 1
        channels = images.shape[axis]
        values = ops.cast(rescaled(images, self.value_range, BYTES), "float32")
        # Each channel has its own part of one histogram.
        first = ops.reshape(ops.arange(channels) * self.bins, [-1 if i == axis else 1 for i in range(4)])
        places = ops.cast(ops.clip(values * float(last) / 255.0, 0.0, float(last)), "int32") + first
        counts = ops.segment_sum(ops.ones_like(ops.reshape(values, (-1,))), ops.reshape(places, (-1,)),
                                 channels * self.bins)  # fmt: skip
        counts = ops.reshape(counts, (channels, self.bins))
        total = ops.cumsum(counts, axis=1)
        least = ops.min(ops.where(total > 0, total, float("inf")), axis=1, keepdims=True)
        rest = total[:, -1:] - least
        table = ops.clip(ops.round((total - least) * 255.0 / ops.where(ops.equal(rest, 0.0), 1.0, rest)), 0.0, 255.0)
        places = ops.cast(ops.clip(values / 255.0 * float(last), 0.0, float(last)), "int32") + first
        found = ops.take(ops.reshape(table, (-1,)), places)
        several = ops.sum(ops.cast(counts > 0, "int32"), axis=1) > 1
        found = ops.where(ops.reshape(several, first.shape), found, values)
        return rescaled(found, BYTES, self.value_range)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "bins": self.bins}


@register_serializable("keras.layers")
class Solarization(ColorLayer, RandomImageLayer):
    """Add a random number to the values of each image, then turn round those from a random threshold on.

    Args:
        addition_factor: what is added, as a share of the range of values: a number for 0 up to it, or a pair.
        threshold_factor: the threshold, as a share of the range: a number for 0 up to it, or a pair.
        value_range: smallest and largest value of a pixel.
        seed: integer, or None.
        **kwargs: `data_format` ("channels_last" or "channels_first"), `name`, `dtype`.

    Raises:
        ArgumentError: factors outside 0..1, or a range that is not two numbers.

    Example:
    >>> import gradmill as gm
    >>> layer = gm.layers.Solarization(threshold_factor=(0.5, 0.5))
    >>> layer([[[10.0], [100.0], [200.0]]]).numpy().ravel()
    array([ 10., 100.,  55.], dtype=float32)
    """

    def __init__(
        self,
        addition_factor: Factor = 0.0,
        threshold_factor: Factor = 0.0,
        value_range: Sequence[float] = (0, 255),
        seed: Any = None,
        **kwargs: Any,
    ):
        super().__init__(value_range, seed=seed, **kwargs)
        self.addition_factor = limits_of(self._label, "addition_factor", addition_factor, 0.0, 1.0)
        self.threshold_factor = limits_of(self._label, "threshold_factor", threshold_factor, 0.0, 1.0)

    def _draw(self, images: Any) -> Any:
        shape = (images.shape[0], 1, 1, 1)
        return [self._uniform(shape, *each) * 255.0 for each in (self.addition_factor, self.threshold_factor)]

    def _adjust(self, images: Any, drawn: Any) -> Any:
        addition, threshold = (ops.cast(each, images.dtype) for each in drawn)
        values = ops.clip(rescaled(images, self.value_range, BYTES) + addition, 0.0, 255.0)
        return rescaled(ops.where(values < threshold, values, 255.0 - values), BYTES, self.value_range)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        factors = {"addition_factor": self.addition_factor, "threshold_factor": self.threshold_factor}
        return {**super().get_config(), **factors}
