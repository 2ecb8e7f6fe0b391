"""Layers that choose among the layers that change images, for each batch anew."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from gradmill import ops, random, tracing
from gradmill.layers.augmentation import (
    RandomRotation,
    RandomShear,
    RandomTransform,
    RandomTranslation,
    check_interpolation,
)
from gradmill.layers.augmentation_base import Factor, RandomImageLayer, limits_of, range_of
from gradmill.layers.color_augmentation import (
    RandomBrightness,
    RandomColorDegeneration,
    RandomContrast,
    RandomPosterization,
    RandomSharpness,
)
from gradmill.layers.scale_and_offset import check_number
from gradmill.layers.tone_augmentation import AutoContrast, Equalization, Solarization
from gradmill.ops.layout import sizes_of
from gradmill.serialization import register_serializable


class _Policy(RandomImageLayer):
    """Base of the layers that choose: their parts are attributes with the names of Keras."""

    def __init__(
        self,
        value_range: Sequence[float],
        factor: Factor,
        interpolation: str,
        seed: Any,
        data_format: Optional[str],
        **kwargs: Any,
    ):
        super().__init__(seed, data_format, **kwargs)
        self.value_range = range_of(self._label, value_range)
        self.factor = limits_of(self._label, "factor", factor, 0.0, 1.0)
        self.interpolation = check_interpolation(self._label, interpolation)
        self._parts: list[Any] = []

    def _make_parts(self, names: Sequence[str]) -> None:
        factor, values, way = self.factor, {"value_range": self.value_range}, {"interpolation": self.interpolation}
        kinds: dict[str, tuple[Any, dict]] = {
            "random_shear": (RandomShear, {"x_factor": factor, "y_factor": factor, **way}),
            "random_translation": (RandomTranslation, {"height_factor": factor, "width_factor": factor, **way}),
            "random_rotation": (RandomRotation, {"factor": factor, **way}),
            "random_brightness": (RandomBrightness, {"factor": factor, **values}),
            "random_color_degeneration": (RandomColorDegeneration, {"factor": factor, **values}),
            "random_contrast": (RandomContrast, {"factor": factor, **values}),
            "random_sharpness": (RandomSharpness, {"factor": factor, **values}),
            "random_posterization": (RandomPosterization, {"factor": max(1, int(8 * factor[1])), **values}),
            "solarization": (Solarization, {"addition_factor": factor, "threshold_factor": factor, **values}),
            "auto_contrast": (AutoContrast, values),
            "equalization": (Equalization, values),
        }
        for name in names:
            setattr(self, name, self._part(kinds[name][0], **kinds[name][1]))
        self._parts = [getattr(self, name) for name in names]

    def _draw_parts(self, images: Any) -> list:
        return [part._draw(images) for part in self._parts]

    def _chosen_change(self, index: Any, drawn: list, images: Any, masks: bool) -> Any:
        """Return images changed by the part with a number; a number behind the last one leaves them.

        A compiled function cannot branch: there all parts run, and one result is taken.
        """
        fitting = [
            (number, part, each)
            for number, (part, each) in enumerate(zip(self._parts, drawn))
            if part._masks_too or not masks
        ]
        if not tracing.is_tracing():
            found = [(part, each) for number, part, each in fitting if number == int(index)]
            return found[0][0]._change(images, found[0][1], masks) if found else images
        result, transform, kind = images, None, None
        for number, part, each in fitting:
            chosen = ops.equal(index, number)
            if isinstance(part, RandomTransform):
                # Affine maps differ in eight numbers: one map serves for all.
                transform, kind = each if transform is None else ops.where(chosen, each, transform), part
            else:
                result = ops.where(chosen, part._change(images, each, masks), result)
        if kind is not None:
            affine = [number for number, part, _ in fitting if isinstance(part, RandomTransform)]
            chosen = ops.any(ops.stack([ops.equal(index, number) for number in affine]))
            result = ops.where(chosen, kind._change(images, transform, masks), result)
        return result

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = ("value_range", "factor", "interpolation")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@register_serializable("keras.layers")
class RandAugment(_Policy):
    """Change images by some of eleven layers, chosen anew for each batch (Cubuk et al. 2019).

    Among them are shear, shift, rotation, brightness, colors, contrast, sharpness, posterization, solarization,
    `AutoContrast` and `Equalization`.

    Args:
        value_range: smallest and largest value of a pixel.
        num_ops: how many layers change an image, one after the other.
        factor: how much they change, from 0 to 1: a number for 0 up to it, or a pair.
        interpolation: "bilinear" or "nearest".
        seed: integer, or None.
        data_format: "channels_last" or "channels_first".

    Raises:
        ArgumentError: factors outside 0..1, or a number of layers that is no positive integer.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.RandAugment((0, 1), factor=0.3, seed=1)(gm.ops.ones((5, 8, 8, 3))).shape
    (5, 8, 8, 3)
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        num_ops: int = 2,
        factor: Factor = 0.5,
        interpolation: str = "bilinear",
        seed: Any = None,
        data_format: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(value_range, factor, interpolation, seed, data_format, **kwargs)
        (self.num_ops,) = sizes_of(num_ops, 1, "num_ops", self._label)
        self._make_parts(
            (
                "random_shear",
                "random_translation",
                "random_rotation",
                "random_brightness",
                "random_color_degeneration",
                "random_contrast",
                "random_sharpness",
                "random_posterization",
                "solarization",
                "auto_contrast",
                "equalization",
            )
        )

    def _draw(self, images: Any) -> Any:
        chosen = random.randint((self.num_ops,), 0, len(self._parts), seed=self.generator)
        return chosen, self._draw_parts(images)

    def _change(self, images: Any, drawn: Any, masks: bool) -> Any:
        for step in range(self.num_ops):
            images = self._chosen_change(drawn[0][step], drawn[1], images, masks)
        return images

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "num_ops": self.num_ops}


@register_serializable("keras.layers")
class AugMix(_Policy):
    """Mix images with copies of them that chains of layers have changed (Hendrycks et al. 2019).

    The layers of each chain, the weights of the chains and that of the images are drawn anew for each batch.

    Args:
        value_range: smallest and largest value of a pixel; results are kept between them.
        num_chains: number of copies.
        chain_depth: most layers that change a copy.
        factor: how much they change, from 0 to 1: a number for 0 up to it, or a pair.
        alpha: parameter of the distributions of the weights (Dirichlet, beta).
        all_ops: whether brightness, colors, contrast and sharpness are among the layers.
        interpolation: "bilinear" or "nearest".
        seed: integer, or None.
        data_format: "channels_last" or "channels_first".

    Raises:
        ArgumentError: factors outside 0..1, or numbers that are not positive.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.AugMix((0, 1), num_chains=2, seed=1)(gm.ops.ones((5, 8, 8, 3))).shape
    (5, 8, 8, 3)
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        num_chains: int = 3,
        chain_depth: int = 3,
        factor: Factor = 0.3,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: str = "bilinear",
        seed: Any = None,
        data_format: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(value_range, factor, interpolation, seed, data_format, **kwargs)
        (self.num_chains,) = sizes_of(num_chains, 1, "num_chains", self._label)
        (self.chain_depth,) = sizes_of(chain_depth, 1, "chain_depth", self._label)
        self.alpha = check_number(self._label, "alpha", alpha, 1e-6)
        self.all_ops = bool(all_ops)
        names = (
            "random_shear",
            "random_translation",
            "random_rotation",
            "random_posterization",
            "solarization",
            "auto_contrast",
            "equalization",
        )
        more = ("random_brightness", "random_color_degeneration", "random_contrast", "random_sharpness")
        self._make_parts(names + more if self.all_ops else names)

    def _draw(self, images: Any) -> Any:
        shares = random.gamma((self.num_chains,), self.alpha, dtype="float32", seed=self.generator)
        weight = random.beta((), self.alpha, self.alpha, dtype="float32", seed=self.generator)
        shape = (self.num_chains, self.chain_depth)
        # One number more than there are parts: that step leaves the copy.
        chosen = random.randint(shape, 0, len(self._parts) + 1, seed=self.generator)
        steps = [[self._draw_parts(images) for _ in range(shape[1])] for _ in range(shape[0])]
        return shares / ops.sum(shares), weight, chosen, steps

    def _change(self, images: Any, drawn: Any, masks: bool) -> Any:
        shares, weight, chosen, steps = drawn
        mixed = images * ops.cast(weight, images.dtype)
        for chain in range(self.num_chains):
            copy = images
            for depth in range(self.chain_depth):
                copy = self._chosen_change(chosen[chain][depth], steps[chain][depth], copy, masks)
            mixed = mixed + copy * ops.cast((1.0 - weight) * shares[chain], images.dtype)
        return mixed if masks else ops.clip(mixed, *(float(each) for each in self.value_range))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = ("num_chains", "chain_depth", "alpha", "all_ops")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
