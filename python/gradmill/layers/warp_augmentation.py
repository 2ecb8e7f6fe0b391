"""Layers that blur images, bend them, or see them in perspective, at random and in training only."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from gradmill import ops, random
from gradmill.errors import ArgumentError
from gradmill.layers.augmentation import RandomTransform, check_interpolation
from gradmill.layers.augmentation_base import ColorLayer, Factor, RandomImageLayer, limits_of, range_of
from gradmill.layers.scale_and_offset import check_number
from gradmill.ops.image.sampling import bent
from gradmill.ops.layout import sizes_of
from gradmill.serialization import register_serializable


@register_serializable("keras.layers")
class RandomGaussianBlur(ColorLayer, RandomImageLayer):
    """Blur some of the images by a bell curve; zeros lie around the images.

    Args:
        factor: limits of the probability of it, drawn for each image: a number for 0 up to it, or a pair.
        kernel_size: odd numbers of columns and rows that count, or one for both.
        sigma: limits of the width of the bell in pixels, from 0 to 1: a number for 0 up to it, or a pair. One width
            along columns and one along rows is drawn for a batch.
        value_range: smallest and largest value of a pixel; results are kept between them.
        data_format: "channels_last" or "channels_first".
        seed: integer, or None.

    Raises:
        ArgumentError: numbers outside 0..1, even sizes, or a range that is not two numbers.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.RandomGaussianBlur(kernel_size=5, seed=1)(gm.ops.ones((5, 8, 8, 3))).shape
    (5, 8, 8, 3)
    """

    def __init__(
        self,
        factor: Factor = 1.0,
        kernel_size: Any = 3,
        sigma: Factor = 1.0,
        value_range: Sequence[float] = (0, 255),
        data_format: Optional[str] = None,
        seed: Any = None,
        **kwargs: Any,
    ):
        super().__init__(value_range, seed=seed, data_format=data_format, **kwargs)
        self.factor = limits_of(self._label, "factor", factor, 0.0, 1.0)
        self.sigma = limits_of(self._label, "sigma", sigma, 0.0, 1.0)
        self.kernel_size = tuple(sizes_of(kernel_size, 2, "kernel_size", self._label))
        if any(size % 2 == 0 for size in self.kernel_size):
            raise ArgumentError(f"{self._label}: expected odd numbers for kernel_size; received {kernel_size!r}")

    def _draw(self, images: Any) -> Any:
        return self._chosen(images, self.factor), self._uniform((2,), *self.sigma) + 1e-6

    def _adjust(self, images: Any, drawn: Any) -> Any:
        blurred = ops.image.gaussian_blur(images, self.kernel_size, drawn[1], self.data_format)
        return self._limited(ops.where(drawn[0], blurred, images))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = ("factor", "kernel_size", "sigma")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@register_serializable("keras.layers")
class RandomPerspective(RandomImageLayer):
    """Show some of the images as from another place: their corners are shifted at random.

    Args:
        factor: limits of the probability of it, drawn for each image: a number for 0 up to it, or a pair.
        scale: corners move by up to half of this share of their coordinates, from 0 to 1.
        interpolation: "bilinear" or "nearest".
        fill_value: what lies outside of the images.
        seed: integer, or None.
        data_format: "channels_last" or "channels_first".

    Raises:
        ArgumentError: numbers outside 0..1, or an unknown interpolation.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.RandomPerspective(scale=0.3, seed=1)(gm.ops.ones((5, 8, 8, 3))).shape
    (5, 8, 8, 3)
    """

    def __init__(
        self,
        factor: Factor = 1.0,
        scale: float = 1.0,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        seed: Any = None,
        data_format: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(seed, data_format, **kwargs)
        self.factor = limits_of(self._label, "factor", factor, 0.0, 1.0)
        self.scale = check_number(self._label, "scale", scale, 0.0, 1.0)
        self.interpolation = check_interpolation(self._label, interpolation)
        self.fill_value = float(fill_value)

    def _draw(self, images: Any) -> Any:
        height, width = self._sides(images)
        right, low = width - 1.0, height - 1.0
        corners = ops.convert_to_tensor([[[0.0, 0.0], [right, 0.0], [0.0, low], [right, low]]])
        start = ops.broadcast_to(corners, (images.shape[0], 4, 2))
        moved = start * self._uniform((images.shape[0], 4, 2), -0.5 * self.scale, 0.5 * self.scale)
        return self._chosen(images, self.factor), start, start + moved

    def _change(self, images: Any, drawn: Any, masks: bool) -> Any:
        chosen, start, end = drawn
        seen = ops.image.perspective_transform(
            ops.cast(images, "float32"),
            start,
            end,
            "nearest" if masks else self.interpolation,
            self.fill_value,
            self.data_format,
        )
        return ops.where(chosen, ops.cast(seen, images.dtype), images)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = ("factor", "scale", "interpolation", "fill_value")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@register_serializable("keras.layers")
class RandomElasticTransform(RandomTransform):
    """Bend some of the images by smooth noise (Simard et al. 2003).

    Args:
        factor: limits of the probability of it, drawn for each image: a number for 0 up to it, or a pair.
        scale: limits of its strength, from 0 to 1 and drawn for a batch: a number for 0 up to it, or a pair. At 1 the
            noise is as wide as a twentieth of the shorter side, and moves pixels by a tenth of the longer one.
        interpolation: "bilinear" or "nearest".
        fill_mode: what lies outside: "reflect", "wrap", "constant", "nearest" or "mirror".
        fill_value: for "constant".
        value_range: smallest and largest value of a pixel; results are kept between them.
        seed: integer, or None.
        data_format: "channels_last" or "channels_first".

    Raises:
        ArgumentError: numbers outside 0..1, an unknown name, or a range that is not two numbers.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.RandomElasticTransform(scale=0.5, seed=1)(gm.ops.ones((5, 8, 8, 3))).shape
    (5, 8, 8, 3)
    """

    def __init__(
        self,
        factor: Factor = 1.0,
        scale: Factor = 1.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        value_range: Sequence[float] = (0, 255),
        seed: Any = None,
        data_format: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.factor = limits_of(self._label, "factor", factor, 0.0, 1.0)
        self.scale = limits_of(self._label, "scale", scale, 0.0, 1.0)
        self.value_range = range_of(self._label, value_range)

    def _draw(self, images: Any) -> Any:
        shape = (2, images.shape[0], *self._sides(images))
        noise = random.normal(shape, dtype="float32", seed=self.generator)
        return self._chosen(images, self.factor), self._uniform((), *self.scale), noise

    def _change(self, images: Any, drawn: Any, masks: bool) -> Any:
        chosen, scale, noise = drawn
        first = self.data_format == "channels_first"
        sides = self._sides(images)
        # Without any width there would be no curve; this one moves nothing.
        width = ops.maximum(ops.cast(scale, "float32") * (0.05 * min(sides)), 1e-6)
        x = ops.cast(images, "float32")
        found = bent(
            ops.transpose(x, (0, 2, 3, 1)) if first else x,
            noise,
            scale * (0.1 * max(sides)),
            width,
            int(6 * 0.05 * min(sides) * self.scale[1]) | 1,
            int(self.interpolation == "bilinear" and not masks),
            self.fill_mode,
            self.fill_value,
        )
        found = ops.transpose(found, (0, 3, 1, 2)) if first else found
        found = ops.where(chosen, found, x)
        if not masks:
            found = ops.clip(found, *(float(each) for each in self.value_range))
        return ops.cast(found, images.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = ("factor", "scale", "value_range")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
