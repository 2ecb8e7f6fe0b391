"""Layers that erase parts of images, or mix the images of a batch; labels are mixed with them."""

from __future__ import annotations

from typing import Any, Optional, Sequence

import numpy as np

from gradmill import ops, random
from gradmill.errors import ArgumentError, ShapeError
from gradmill.layers.augmentation_base import (
    ColorLayer,
    Factor,
    RandomImageLayer,
    is_number,
    limits_of,
)
from gradmill.layers.scale_and_offset import check_number
from gradmill.serialization import register_serializable


class _BoxLayer(RandomImageLayer):
    """Base of the layers that draw a box in each image."""

    def _boxes(self, images: Any, down: Any, across: Any) -> Any:
        """Return which pixels (batch, rows, columns, 1), or channels first, lie in boxes at random places.

        Args:
            images: a batch.
            down, across: (batch,), the sides of the boxes as shares of those of the images.
        """
        inside: Any = None
        for axis, share in zip(self._image_axes(images), (down, across)):
            size = images.shape[axis]
            length = share * float(size)
            first = self._uniform(tuple(share.shape), 0.0, 1.0) * (float(size) - length)
            first, end = (ops.reshape(each, (-1, 1, 1, 1)) for each in (first, first + length))
            places = np.arange(size, dtype="float32").reshape([-1 if i == axis else 1 for i in range(4)])
            here = ops.logical_and(ops.greater_equal(places, first), ops.less(places, end))
            inside = here if inside is None else ops.logical_and(inside, here)
        return inside


@register_serializable("keras.layers")
class RandomErasing(ColorLayer, _BoxLayer):
    """Overwrite a box at a random place of some of the images.

    Args:
        factor: limits of the probability of it, drawn for each image: a number for 0 up to it, or a pair.
        scale: limits of the area of the box as a share of that of the image, in the same way; each side is drawn for
            itself.
        fill_value: a number, or one for each channel; None for noise.
        value_range: smallest and largest value of a pixel; what is filled in is kept between them.
        seed: integer, or None.
        data_format: "channels_last" or "channels_first".

    Raises:
        ArgumentError: numbers outside 0..1, a range that is not two numbers, or another fill_value.
        ShapeError: in a call, when the images have not as many channels as `fill_value` has numbers.

    Example:
    >>> import gradmill as gm
    >>> layer = gm.layers.RandomErasing((1, 1), (0.25, 0.25), fill_value=0.0, seed=1)
    >>> int((layer(gm.ops.ones((1, 8, 8, 1))).numpy() == 0).sum()) in (9, 12, 16, 20, 25)
    True
    """

    def __init__(
        self,
        factor: Factor = 1.0,
        scale: Factor = (0.02, 0.33),
        fill_value: Any = None,
        value_range: Sequence[float] = (0, 255),
        seed: Any = None,
        data_format: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(value_range, seed=seed, data_format=data_format, **kwargs)
        self.factor = limits_of(self._label, "factor", factor, 0.0, 1.0)
        self.scale = limits_of(self._label, "scale", scale, 0.0, 1.0)
        given = fill_value if isinstance(fill_value, (list, tuple)) else [fill_value]
        if fill_value is not None and not (given and all(map(is_number, given))):
            raise ArgumentError(
                f"{self._label}: expected fill_value to be a number, or one for each channel; received {fill_value!r}"
            )
        self.fill_value = fill_value

    def _draw(self, images: Any) -> Any:
        sides = ops.sqrt(self._uniform((2, images.shape[0]), *self.scale))
        inside = self._boxes(images, sides[1], sides[0])
        inside = ops.logical_and(inside, self._chosen(images, self.factor))
        if self.fill_value is None:
            noise = random.normal(tuple(images.shape), dtype="float32", seed=self.generator)
            return inside, noise * float(self.value_range[1])
        axis, channels = self._channel_axis(images), images.shape[self._channel_axis(images)]
        values = np.array(self.fill_value, "float32").ravel()
        if values.size not in (1, channels):
            raise ShapeError(
                f"{self._label}: expected images with {values.size} channels, as many as fill_value has numbers; "
                f"received {channels}"
            )
        return inside, ops.convert_to_tensor(values.reshape([-1 if i == axis else 1 for i in range(4)]))

    def _adjust(self, images: Any, drawn: Any) -> Any:
        return ops.where(drawn[0], ops.cast(self._limited(drawn[1]), images.dtype), images)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = ("factor", "scale", "fill_value")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


class _MixingLayer(RandomImageLayer):
    """Base of the layers that mix the images of a batch: draws (order, weights of the images that were there, ...)."""

    def _order(self, images: Any) -> Any:
        return ops.argsort(self._uniform((images.shape[0],), 0.0, 1.0))

    def _change_labels(self, labels: Any, drawn: Any) -> Any:
        labels = ops.convert_to_tensor(labels)
        if len(labels.shape) < 2 and "float" not in str(labels.dtype):
            raise ShapeError(
                f"{self._label}: expected labels that can be mixed, (batch, classes); received shape "
                f"{tuple(labels.shape)} of {labels.dtype}; use gradmill.ops.one_hot"
            )
        if "float" not in str(labels.dtype):
            labels = ops.cast(labels, "float32")
        weight = ops.reshape(drawn[1], [-1] + [1] * (len(labels.shape) - 1))
        return _mixed(labels, drawn[0], ops.cast(weight, labels.dtype))


def _mixed(x: Any, order: Any, weight: Any) -> Any:
    """Return weight * x + (1 - weight) * x in another order."""
    return weight * x + (1.0 - weight) * ops.take(x, order, axis=0)


@register_serializable("keras.layers")
class MixUp(_MixingLayer):
    """Mix each image with another one of the batch, and their labels and masks alike (Zhang et al. 2017).

    Args:
        alpha: the weight of an image is drawn from the beta distribution with both parameters `alpha`.
        data_format: "channels_last" or "channels_first".
        seed: integer, or None.

    Call with images, or with a dictionary: "images", "labels" (batch, classes), "segmentation_masks".

    Raises:
        ArgumentError: an `alpha` that is not above 0.
        ShapeError: in a call, labels that are numbers of classes.

    Example:
    >>> import gradmill as gm
    >>> batch = {"images": gm.ops.ones((4, 8, 8, 3)), "labels": gm.ops.one_hot([0, 1, 2, 1], 3)}
    >>> gm.layers.MixUp(seed=1)(batch)["labels"].numpy().sum(1)
    array([1., 1., 1., 1.], dtype=float32)
    """

    def __init__(self, alpha: float = 0.2, data_format: Optional[str] = None, seed: Any = None, **kwargs: Any):
        super().__init__(seed, data_format, **kwargs)
        self.alpha = check_number(self._label, "alpha", alpha, 1e-6)

    def _draw(self, images: Any) -> Any:
        weight = random.beta((images.shape[0],), self.alpha, self.alpha, dtype="float32", seed=self.generator)
        return self._order(images), weight

    def _change(self, images: Any, drawn: Any, masks: bool) -> Any:
        return _mixed(images, drawn[0], ops.cast(ops.reshape(drawn[1], (-1, 1, 1, 1)), images.dtype))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "alpha": self.alpha}


@register_serializable("keras.layers")
class CutMix(_MixingLayer, _BoxLayer):
    """Put a box of another image of the batch into each image, and mix their labels by area (Yun et al. 2019).

    Args:
        factor: limits of a number drawn for the batch: a number for 0 up to it, or a pair. The share of an image that
            stays is drawn from the beta distribution with both parameters that number.
        seed: integer, or None.
        data_format: "channels_last" or "channels_first".

    Call with images, or with a dictionary: "images", "labels" (batch, classes), "segmentation_masks".

    Raises:
        ArgumentError: numbers outside 0..1.
        ShapeError: in a call, labels that are numbers of classes.

    Example:
    >>> import gradmill as gm
    >>> batch = {"images": gm.ops.ones((4, 8, 8, 3)), "labels": gm.ops.one_hot([0, 1, 2, 1], 3)}
    >>> gm.layers.CutMix(seed=1)(batch)["labels"].numpy().sum(1)
    array([1., 1., 1., 1.], dtype=float32)
    """

    def __init__(self, factor: Factor = 1.0, seed: Any = None, data_format: Optional[str] = None, **kwargs: Any):
        super().__init__(seed, data_format, **kwargs)
        self.factor = limits_of(self._label, "factor", factor, 0.0, 1.0)

    def _draw(self, images: Any) -> Any:
        alpha = self._uniform((), *self.factor) + 1e-6
        weight = random.beta((images.shape[0],), alpha, alpha, dtype="float32", seed=self.generator)
        side = ops.sqrt(1.0 - weight)
        return self._order(images), weight, self._boxes(images, side, side)

    def _change(self, images: Any, drawn: Any, masks: bool) -> Any:
        return ops.where(drawn[2], ops.take(images, drawn[0], axis=0), images)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "factor": self.factor}
