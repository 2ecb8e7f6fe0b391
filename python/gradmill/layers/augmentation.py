"""Layers that mirror, cut, turn, shift and zoom images at random, in training only."""

from __future__ import annotations

import math
from typing import Any, Optional

import numpy as np

from gradmill import ops
from gradmill.errors import ArgumentError
from gradmill.layers.augmentation_base import Factor, RandomImageLayer, limits_of
from gradmill.ops.layout import sizes_of
from gradmill.serialization import register_serializable

FILL_MODES = ("reflect", "wrap", "constant", "nearest", "mirror")


def check_interpolation(owner: str, interpolation: Any) -> str:
    """Return the name of an interpolation.

    Args:
        owner: the layer as named in messages.
        interpolation: the name.

    Raises:
        ArgumentError: another name.
    """
    if interpolation not in ("nearest", "bilinear"):
        raise ArgumentError(f"{owner}: expected interpolation 'nearest' or 'bilinear'; received {interpolation!r}")
    return interpolation


@register_serializable("keras.layers")
class RandomFlip(RandomImageLayer):
    """Mirror each image with probability one half.

    Args:
        mode: "horizontal" (left becomes right), "vertical", or "horizontal_and_vertical" (each of them by itself).
        seed: integer, or None.
        data_format: "channels_last" or "channels_first".

    Raises:
        ArgumentError: an unknown mode.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.RandomFlip("horizontal", seed=1)(gm.ops.ones((5, 8, 8, 3))).shape
    (5, 8, 8, 3)
    """

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: Any = None,
        data_format: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(seed, data_format, **kwargs)
        modes = ("horizontal", "vertical", "horizontal_and_vertical")
        if mode not in modes:
            raise ArgumentError(f"{self._label}: expected mode to be one of {modes}; received {mode!r}; correct it")
        self.mode = mode

    def _draw(self, images: Any) -> Any:
        """Return 1 and 0 for (vertical, horizontal)."""
        return ops.cast(self._uniform((2, images.shape[0]), 0.0, 1.0) < 0.5, "float32")

    def _change(self, images: Any, drawn: Any, masks: bool) -> Any:
        height, width = self._sides(images)
        down = drawn[0] if "vertical" in self.mode else drawn[0] * 0.0
        across = drawn[1] if "horizontal" in self.mode else drawn[1] * 0.0
        grid = [down * (height - 1.0), across * (width - 1.0), 1.0 - 2.0 * down, 1.0 - 2.0 * across]
        return ops.image.windows_of(images, ops.stack(grid, axis=-1), (height, width), self.data_format)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "mode": self.mode}


@register_serializable("keras.layers")
class RandomCrop(RandomImageLayer):
    """Cut a part of the given size out of each image, at a random place.

    Outside training, and for images smaller than that, the largest centred part with the same ratio of sides is cut
    out and brought to the size.

    Args:
        height, width: of the result.
        seed: integer, or None.
        data_format: "channels_last" or "channels_first".

    Raises:
        ArgumentError: sizes that are no positive integers.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.RandomCrop(4, 6, seed=1)(gm.ops.ones((5, 8, 8, 3))).shape
    (5, 4, 6, 3)
    """

    def __init__(
        self, height: int, width: int, seed: Any = None, data_format: Optional[str] = None, **kwargs: Any
    ):
        super().__init__(seed, data_format, **kwargs)
        (self.height,) = sizes_of(height, 1, "height", self._label)
        (self.width,) = sizes_of(width, 1, "width", self._label)

    def _draw(self, images: Any) -> Any:
        return self._uniform((2, images.shape[0]), 0.0, 1.0)

    def _change(self, images: Any, drawn: Any, masks: bool) -> Any:
        height, width = self._sides(images)
        spare = (height - self.height, width - self.width)
        if min(spare) < 0:
            return self._leave(images)
        top, left = (
            ops.minimum(ops.floor(drawn[axis] * float(most + 1)), float(most)) for axis, most in enumerate(spare)
        )
        one = top * 0.0 + 1.0
        grid = ops.stack([top, left, one, one], axis=-1)
        return ops.image.windows_of(images, grid, (self.height, self.width), self.data_format)

    def _leave(self, images: Any) -> Any:
        if self._sides(images) == (self.height, self.width):
            return images
        return ops.image.resize(
            images, (self.height, self.width), crop_to_aspect_ratio=True, data_format=self.data_format
        )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "height": self.height, "width": self.width}


class RandomTransform(RandomImageLayer):
    """Base of the layers that move pixels by an affine map."""

    def __init__(
        self,
        fill_mode: str,
        interpolation: str,
        seed: Any,
        fill_value: float,
        data_format: Optional[str],
        **kwargs: Any,
    ):
        super().__init__(seed, data_format, **kwargs)
        if fill_mode not in FILL_MODES:
            raise ArgumentError(f"{self._label}: expected fill_mode to be one of {FILL_MODES}; received {fill_mode!r}")
        self.fill_mode = fill_mode
        self.interpolation = check_interpolation(self._label, interpolation)
        self.fill_value = float(fill_value)

    def _change(self, images: Any, drawn: Any, masks: bool) -> Any:
        interpolation = "nearest" if masks else self.interpolation
        return ops.image.affine_transform(
            images, drawn, interpolation, self.fill_mode, self.fill_value, self.data_format
        )

    @staticmethod
    def _about_centre(a0: Any, a1: Any, b0: Any, b1: Any, height: int, width: int) -> Any:
        """Return transforms (batch, 8) that leave the centre of the image where it is."""
        x, y = (width - 1) / 2.0, (height - 1) / 2.0
        zero = a0 * 0.0
        return ops.stack([a0, a1, x - a0 * x - a1 * y, b0, b1, y - b0 * x - b1 * y, zero, zero], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = {"fill_mode": self.fill_mode, "interpolation": self.interpolation, "fill_value": self.fill_value}
        return {**super().get_config(), **config}


@register_serializable("keras.layers")
class RandomRotation(RandomTransform):
    """Turn each image about its centre by a random angle.

    Args:
        factor: limits of the angle as a share of a full turn: a number for both ways, or a pair; positive ones turn
            counter-clockwise. 0.1 is up to 36 degrees either way.
        fill_mode: what lies outside: "reflect", "wrap", "constant", "nearest" or "mirror".
        interpolation: "bilinear" or "nearest".
        seed: integer, or None.
        fill_value: for "constant".
        data_format: "channels_last" or "channels_first".

    Raises:
        ArgumentError: a factor outside -1..1, or an unknown name.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.RandomRotation(0.1, seed=1)(gm.ops.ones((5, 8, 8, 3))).shape
    (5, 8, 8, 3)
    """

    def __init__(
        self,
        factor: Factor,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: Any = None,
        fill_value: float = 0.0,
        data_format: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.factor = limits_of(self._label, "factor", factor, -1.0, 1.0)

    def _draw(self, images: Any) -> Any:
        angle = self._uniform((images.shape[0],), self.factor[0] * 2 * math.pi, self.factor[1] * 2 * math.pi)
        cosine, sine = ops.cos(angle), ops.sin(angle)
        return self._about_centre(cosine, -sine, sine, cosine, *self._sides(images))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "factor": self.factor}


@register_serializable("keras.layers")
class RandomTranslation(RandomTransform):
    """Shift each image by a random share of its sides.

    Args:
        height_factor: limits of the shift as a share of the height: a number for both ways, or a pair; positive ones
            shift down.
        width_factor: the same for the width; positive ones shift to the right.
        fill_mode: what lies outside: "reflect", "wrap", "constant", "nearest" or "mirror".
        interpolation: "bilinear" or "nearest".
        seed: integer, or None.
        fill_value: for "constant".
        data_format: "channels_last" or "channels_first".

    Raises:
        ArgumentError: a factor outside -1..1, or an unknown name.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.RandomTranslation(0.1, 0.1, seed=1)(gm.ops.ones((5, 8, 8, 3))).shape
    (5, 8, 8, 3)
    """

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Factor,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: Any = None,
        fill_value: float = 0.0,
        data_format: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self._limits = [
            limits_of(self._label, name, value, -1.0, 1.0)
            for name, value in (("height_factor", height_factor), ("width_factor", width_factor))
        ]
        self.height_factor = height_factor
        self.width_factor = width_factor

    def _draw(self, images: Any) -> Any:
        height, width = self._sides(images)
        down = self._uniform((images.shape[0],), *self._limits[0]) * float(height)
        right = self._uniform((images.shape[0],), *self._limits[1]) * float(width)
        zero = down * 0.0
        one = zero + 1.0
        return ops.stack([one, zero, -right, zero, one, -down, zero, zero], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "height_factor": self.height_factor, "width_factor": self.width_factor}


@register_serializable("keras.layers")
class RandomZoom(RandomTransform):
    """Enlarge or shrink each image about its centre by a random factor.

    Args:
        height_factor: limits of the change: a number for both ways, or a pair. Positive ones zoom out (0.2: the image
            shows 20 % more), negative ones zoom in.
        width_factor: the same for the width; None uses the number drawn for the height, so that ratios stay.
        fill_mode: what lies outside: "reflect", "wrap", "constant", "nearest" or "mirror".
        interpolation: "bilinear" or "nearest".
        seed: integer, or None.
        fill_value: for "constant".
        data_format: "channels_last" or "channels_first".

    Raises:
        ArgumentError: a factor that is not above -1 and at most 1, or an unknown name.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.RandomZoom(0.2, seed=1)(gm.ops.ones((5, 8, 8, 3))).shape
    (5, 8, 8, 3)
    """

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Optional[Factor] = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: Any = None,
        fill_value: float = 0.0,
        data_format: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        vertical = limits_of(self._label, "height_factor", height_factor, -1.0, 1.0)
        horizontal = None if width_factor is None else limits_of(self._label, "width_factor", width_factor, -1.0, 1.0)
        self._limits = (vertical, horizontal)
        smallest = min(np.min(value) for value in (height_factor, width_factor) if value is not None)
        if smallest <= -1.0:
            raise ArgumentError(f"{self._label}: expected factors above -1, which leaves nothing; received {smallest}")
        self.height_factor = height_factor
        self.width_factor = width_factor

    def _draw(self, images: Any) -> Any:
        shape = (images.shape[0],)
        vertical, horizontal = self._limits
        height = self._uniform(shape, *vertical) + 1.0
        width = height if horizontal is None else self._uniform(shape, *horizontal) + 1.0
        zero = height * 0.0
        return self._about_centre(width, zero, zero, height, *self._sides(images))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "height_factor": self.height_factor, "width_factor": self.width_factor}


@register_serializable("keras.layers")
class RandomShear(RandomTransform):
    """Shear each image by random numbers along its rows and columns.

    Args:
        x_factor: limits of the shear along rows, as a share of the height: a number for both ways, or a pair. Both
            numbers that are drawn for an image change their sign by chance.
        y_factor: the same along columns, as a share of the width.
        interpolation: "bilinear" or "nearest".
        fill_mode: what lies outside: "reflect", "wrap", "constant", "nearest" or "mirror".
        fill_value: for "constant".
        data_format: "channels_last" or "channels_first".
        seed: integer, or None.

    Raises:
        ArgumentError: a factor outside -1..1, or an unknown name.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.RandomShear(0.2, 0.1, seed=1)(gm.ops.ones((5, 8, 8, 3))).shape
    (5, 8, 8, 3)
    """

    def __init__(
        self,
        x_factor: Factor = 0.0,
        y_factor: Factor = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: Optional[str] = None,
        seed: Any = None,
        **kwargs: Any,
    ):
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.x_factor = limits_of(self._label, "x_factor", x_factor, -1.0, 1.0)
        self.y_factor = limits_of(self._label, "y_factor", y_factor, -1.0, 1.0)

    def _draw(self, images: Any) -> Any:
        shape = (images.shape[0],)
        way = ops.where(self._uniform(shape, 0.0, 1.0) > 0.5, -1.0, 1.0)
        across, down = (way * self._uniform(shape, *each) for each in (self.x_factor, self.y_factor))
        zero, one = way * 0.0, way * way
        return ops.stack([one, across, zero, down, one, zero, zero, zero], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "x_factor": self.x_factor, "y_factor": self.y_factor}
