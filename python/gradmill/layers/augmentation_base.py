"""What layers share that change images, most of them at random and in training only.

They work inside a model and on arrays alike: called by themselves they take `training=True`. Each image of a batch gets
a change of its own. A dictionary with "images" may be given; then "segmentation_masks" are moved along with the images
(by their nearest pixel), "labels" follow where images are mixed, and what else stands in it is handed on.
"""

from __future__ import annotations

from typing import Any, Optional, Sequence, Union

from gradmill import ops, random
from gradmill.errors import ArgumentError, ShapeError, UnsupportedError
from gradmill.layers.resizing import ImageLayer, saturated

Factor = Union[float, Sequence[float]]
BYTES = (0.0, 255.0)


def is_number(value: Any) -> bool:
    """Whether a value is an integer or a float, and no truth value."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def limits_of(owner: str, name: str, value: Any, low: float, high: float) -> tuple[float, float]:
    """Return the limits of a random number, from a number (both ways, as far as allowed) or a pair.

    Args:
        owner: the layer as named in messages.
        name: of the argument.
        value: what was given.
        low, high: what is allowed.

    Raises:
        ArgumentError: anything else.
    """
    given = list(value) if isinstance(value, (list, tuple)) and len(value) == 2 else [value]
    if not all(is_number(each) and low <= each <= high for each in given):
        raise ArgumentError(
            f"{owner}: expected {name} to be a number or a pair of numbers from {low:g} to {high:g}; received {value!r}"
        )
    return (max(-abs(value), low), abs(value)) if given == [value] else (min(given), max(given))


def range_of(owner: str, value_range: Any) -> list:
    """Return the smallest and the largest value of a pixel.

    Args:
        owner: the layer as named in messages.
        value_range: two numbers.

    Raises:
        ArgumentError: anything else.
    """
    fits = isinstance(value_range, (list, tuple)) and len(value_range) == 2 and all(map(is_number, value_range))
    if not fits or value_range[0] == value_range[1]:
        raise ArgumentError(f"{owner}: expected value_range to be two numbers; received {value_range!r}")
    return sorted(value_range)


def rescaled(images: Any, source: Sequence[float], target: Sequence[float]) -> Any:
    """Return images with one range of values brought to another.

    Args:
        images: floats.
        source, target: smallest and largest value before and after.
    """
    if tuple(source) == tuple(target):
        return images
    share = (images - float(source[0])) / float(source[1] - source[0])
    return share * float(target[1] - target[0]) + float(target[0])


class ImageChange(ImageLayer):
    """Base of the layers that change images."""

    _masks_too = True  # segmentation masks change with the images
    _always = False  # outside training, too

    def _draw(self, images: Any) -> Any:
        """Return the random numbers for these images (a batch)."""
        return ()

    def _change(self, images: Any, drawn: Any, masks: bool) -> Any:
        """Return a batch of images, or of masks that belong to images, changed by what was drawn."""
        raise NotImplementedError

    def _change_labels(self, labels: Any, drawn: Any) -> Any:
        """Return the labels of a batch that was changed."""
        return labels

    def _leave(self, images: Any) -> Any:
        """Return images outside training."""
        return images

    def _channel_axis(self, images: Any) -> int:
        return len(images.shape) - (3 if self.data_format == "channels_first" else 1)

    def call(self, inputs: Any, training: bool = True) -> Any:
        """Return the images, changed when training, in the compute dtype."""
        if not isinstance(inputs, dict):
            return self._run({"images": inputs}, training)["images"]
        if "images" not in inputs or "bounding_boxes" in inputs:
            raise UnsupportedError(
                f"{self._label}: expected a dictionary with 'images' and without 'bounding_boxes'; received the keys "
                f"{sorted(inputs)}"
            )
        return self._run(dict(inputs), training)

    def _run(self, data: dict[str, Any], training: bool) -> dict[str, Any]:
        rank = len(data["images"].shape)
        if rank not in (3, 4):
            raise ShapeError(
                f"{self._label}: expected an image with 3 axes or a batch with 4; received shape "
                f"{tuple(data['images'].shape)}"
            )
        drawn = None
        for key in ("images", "segmentation_masks") if self._masks_too else ("images",):
            if key not in data:
                continue
            dtype = self.compute_dtype
            images = ops.cast(data[key], dtype if "float" in dtype else "float32")
            if training or self._always:
                batch = ops.expand_dims(images, 0) if rank == 3 else images
                drawn = self._draw(batch) if drawn is None else drawn
                batch = self._change(batch, drawn, key != "images")
                images = ops.squeeze(batch, 0) if rank == 3 else batch
            else:
                images = self._leave(images)
            data[key] = saturated(images, dtype)
        if drawn is not None and "labels" in data and rank == 4:
            data["labels"] = self._change_labels(data["labels"], drawn)
        return data


class RandomImageLayer(ImageChange):
    """Base of the layers that draw numbers for each image, then change the images by them."""

    def __init__(self, seed: Any = None, data_format: Optional[str] = None, **kwargs: Any):
        super().__init__(data_format, **kwargs)
        self.seed = seed
        self.generator = random.SeedGenerator(seed)

    def _draw(self, images: Any) -> Any:
        raise NotImplementedError

    def _uniform(self, shape: Sequence[int], low: float, high: float) -> Any:
        return random.uniform(shape, low, high, dtype="float32", seed=self.generator)

    def _chosen(self, images: Any, limits: tuple[float, float]) -> Any:
        """Return for each image (batch, 1, 1, 1) whether it changes; its probability lies between limits."""
        shape = (images.shape[0], 1, 1, 1)
        return self._uniform(shape, 0.0, 1.0) < self._uniform(shape, *limits)

    def _part(self, kind: Any, **arguments: Any) -> Any:
        """Return a layer that is a part of this one and draws from the same stream."""
        part = kind(data_format=self.data_format, dtype=self.dtype_policy, **arguments)
        if isinstance(part, RandomImageLayer):
            part.generator = self.generator
        return part

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "seed": self.seed}


class ColorLayer(ImageChange):
    """Base of the layers that change values and leave pixels where they are: masks stay as they are."""

    _masks_too = False

    def __init__(self, value_range: Sequence[float] = (0, 255), **kwargs: Any):
        super().__init__(**kwargs)
        self.value_range = range_of(self._label, value_range)

    def _adjust(self, images: Any, drawn: Any) -> Any:
        """Return a batch of images changed by what was drawn."""
        raise NotImplementedError

    def _change(self, images: Any, drawn: Any, masks: bool) -> Any:
        return ops.cast(self._adjust(images, drawn), images.dtype)

    def _limited(self, images: Any) -> Any:
        return ops.clip(images, *(float(each) for each in self.value_range))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "value_range": self.value_range}


class RandomFactorLayer(ColorLayer, RandomImageLayer):
    """Base of the layers that change values by a number drawn for each image."""

    _bounds = (-1.0, 1.0)

    def __init__(
        self,
        factor: Factor,
        value_range: Sequence[float] = (0, 255),
        data_format: Optional[str] = None,
        seed: Any = None,
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, data_format=data_format, seed=seed, **kwargs)
        self._limits = limits_of(self._label, "factor", factor, *self._bounds)
        self.factor: Any = self._limits

    def _draw(self, images: Any) -> Any:
        return self._uniform((images.shape[0], 1, 1, 1), *self._limits)

    def _change(self, images: Any, drawn: Any, masks: bool) -> Any:
        return super()._change(images, ops.cast(drawn, images.dtype), masks)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "factor": self.factor}
