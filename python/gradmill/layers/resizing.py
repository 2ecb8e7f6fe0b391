"""Layers that give images and other grids another size."""

from __future__ import annotations

from typing import Any, Optional, Sequence, Union

import numpy as np

from gradmill import ops
from gradmill.errors import ArgumentError
from gradmill.layers.base import Layer
from gradmill.layers.input_spec import InputSpec
from gradmill.layers.reshaping import standardize_data_format
from gradmill.ops.layout import sizes_of
from gradmill.serialization import register_serializable

METHODS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")


def check_method(owner: str, interpolation: Any) -> str:
    """Return the name of an interpolation in lower case.

    Args:
        owner: the layer as named in messages.
        interpolation: the name.

    Raises:
        ArgumentError: another name.
    """
    if not isinstance(interpolation, str) or interpolation.lower() not in METHODS:
        raise ArgumentError(f"{owner}: expected interpolation to be one of {METHODS}; received {interpolation!r}")
    return interpolation.lower()


class _UpSampling(Layer):
    """Each place several times along each spatial axis."""

    _axes = 2

    def __init__(self, size: Any, data_format: Optional[str], interpolation: str = "nearest", **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format, self._label)
        self.size = tuple(sizes_of(size, self._axes, "size", self._label))
        self.interpolation = check_method(self._label, interpolation)
        self.input_spec = InputSpec(ndim=self._axes + 2)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return the enlarged inputs."""
        first = 1 if self.data_format == "channels_last" else 2
        for axis, factor in enumerate(self.size, start=first):
            if factor == 1:
                continue
            if "float" in inputs.dtype:
                inputs = ops.image.resample(inputs, factor * inputs.shape[axis], axis, self.interpolation)
            else:
                inputs = ops.repeat(inputs, factor, axis=axis)
        return inputs


@register_serializable("keras.layers")
class UpSampling1D(_UpSampling):
    """Repeat each step of sequences (batch, steps, channels).

    Args:
        size: how often.

    Raises:
        ArgumentError: a size that is no positive integer.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.UpSampling1D(2)([[[1.0], [2.0]]]).numpy().ravel()
    array([1., 1., 2., 2.], dtype=float32)
    """

    _axes = 1

    def __init__(self, size: int = 2, **kwargs: Any):
        super().__init__(size, "channels_last", **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "size": self.size[0]}


@register_serializable("keras.layers")
class UpSampling2D(_UpSampling):
    """Enlarge images by whole numbers.

    Args:
        size: factor, or one for rows and one for columns.
        data_format: "channels_last" (batch, rows, columns, channels) or "channels_first".
        interpolation: "nearest" (repeat), "bilinear", "bicubic", "lanczos3" or "lanczos5".

    Raises:
        ArgumentError: factors that are no positive integers, or an unknown name.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.UpSampling2D((1, 2), interpolation="bilinear")([[[[0.0], [4.0]]]]).numpy().ravel()
    array([0., 1., 3., 4.], dtype=float32)
    """

    def __init__(
        self,
        size: Union[int, Sequence[int]] = (2, 2),
        data_format: Optional[str] = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ):
        super().__init__(size, data_format, interpolation, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = {"size": self.size, "data_format": self.data_format, "interpolation": self.interpolation}
        return {**super().get_config(), **config}


@register_serializable("keras.layers")
class UpSampling3D(_UpSampling):
    """Repeat each place of volumes along three axes.

    Args:
        size: factor, or one for each axis.
        data_format: "channels_last" (batch, planes, rows, columns, channels) or "channels_first".

    Raises:
        ArgumentError: factors that are no positive integers, or an unknown data format.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.UpSampling3D(2)(gm.ops.zeros((1, 2, 3, 4, 5))).shape
    (1, 4, 6, 8, 5)
    """

    _axes = 3

    def __init__(
        self, size: Union[int, Sequence[int]] = (2, 2, 2), data_format: Optional[str] = None, **kwargs: Any
    ):
        super().__init__(size, data_format, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "size": self.size, "data_format": self.data_format}


class ImageLayer(Layer):
    """Base of layers that work on one image or a batch, alone or in a dictionary with "labels" and others beside it."""

    def __init__(self, data_format: Optional[str] = None, **kwargs: Any):
        kwargs.pop("bounding_box_format", None)
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format, self._label)
        self.input_spec = None
        self._build_at_init()

    def _image_axes(self, images: Any) -> tuple[int, int]:
        first = len(images.shape) - (2 if self.data_format == "channels_first" else 3)
        return first, first + 1

    def _sides(self, images: Any) -> tuple[int, int]:
        rows, columns = self._image_axes(images)
        return images.shape[rows], images.shape[columns]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "data_format": self.data_format}


def saturated(x: Any, dtype: str) -> Any:
    """Floats as another dtype: integers rounded and limited to their range."""
    if x.dtype == dtype:
        return x
    if "int" in dtype:
        limits = np.iinfo(dtype)
        # The largest float below a limit that floats cannot hold.
        low, high = (float(np.nextafter(np.float32(each), np.float32(0))) if abs(int(each)) > 2**24 else float(each)
                     for each in (limits.min, limits.max))  # fmt: skip
        x = ops.clip(ops.round(x), low, high)
    return ops.cast(x, dtype)


@register_serializable("keras.layers")
class Resizing(ImageLayer):
    """Give images another size.

    Args:
        height, width: of the result.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
        crop_to_aspect_ratio: first cut the largest centred part that has the ratio of the result.
        pad_to_aspect_ratio: first add borders so that the ratio is that of the result.
        fill_mode: "constant", the only kind of border.
        fill_value: of the border.
        antialias: widen the filter where images shrink.
        data_format: "channels_last" or "channels_first".

    Input shape: (batch, rows, columns, channels) or one image without batch axis. Integers stay integers (rounded).

    Raises:
        ArgumentError: sizes that are no positive integers, or an unknown name.
        ShapeError: in a call, inputs that are no images.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Resizing(2, 3)(gm.ops.ones((5, 8, 8, 1))).shape
    (5, 2, 3, 1)
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(data_format, **kwargs)
        (self.height,) = sizes_of(height, 1, "height", self._label)
        (self.width,) = sizes_of(width, 1, "width", self._label)
        self.interpolation = check_method(self._label, interpolation)
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ArgumentError(
                f"{self._label}: expected one of crop_to_aspect_ratio and pad_to_aspect_ratio; received both"
            )
        if fill_mode != "constant":
            raise ArgumentError(f"{self._label}: expected fill_mode 'constant'; received {fill_mode!r}; correct it")
        self.crop_to_aspect_ratio = bool(crop_to_aspect_ratio)
        self.pad_to_aspect_ratio = bool(pad_to_aspect_ratio)
        self.fill_mode = fill_mode
        self.fill_value = float(fill_value)
        self.antialias = bool(antialias)

    def _resize(self, images: Any, interpolation: str) -> Any:
        resized = ops.image.resize(
            images,
            (self.height, self.width),
            interpolation,
            self.antialias,
            self.crop_to_aspect_ratio,
            self.pad_to_aspect_ratio,
            self.fill_mode,
            self.fill_value,
            self.data_format,
        )
        return saturated(resized, str(images.dtype))

    def call(self, inputs: Any) -> Any:
        """Return the resized images; in a dictionary "images" and, by their nearest pixel, "segmentation_masks"."""
        if not isinstance(inputs, dict):
            return self._resize(inputs, self.interpolation)
        found = dict(inputs)
        for key, method in (("images", self.interpolation), ("segmentation_masks", "nearest")):
            if key in found:
                found[key] = self._resize(found[key], method)
        return found

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = (
            "height",
            "width",
            "interpolation",
            "crop_to_aspect_ratio",
            "pad_to_aspect_ratio",
            "fill_mode",
            "fill_value",
            "antialias",
        )
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@register_serializable("keras.layers")
class CenterCrop(ImageLayer):
    """Cut out the middle of images; images smaller than that are cut to its ratio of sides and enlarged.

    Args:
        height, width: of the result.
        data_format: "channels_last" or "channels_first".

    Raises:
        ArgumentError: sizes that are no positive integers.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.CenterCrop(1, 2)([[[0.0], [1.0], [2.0], [3.0]]]).numpy().ravel()
    array([1., 2.], dtype=float32)
    """

    def __init__(self, height: int, width: int, data_format: Optional[str] = None, **kwargs: Any):
        super().__init__(data_format, **kwargs)
        (self.height,) = sizes_of(height, 1, "height", self._label)
        (self.width,) = sizes_of(width, 1, "width", self._label)

    def call(self, inputs: Any) -> Any:
        """Return the middle of the images in the compute dtype."""
        if isinstance(inputs, dict):
            return {key: self._cut(x) if key in ("images", "segmentation_masks") else x for key, x in inputs.items()}
        return self._cut(inputs)

    def _cut(self, images: Any) -> Any:
        images = ops.cast(images, self.compute_dtype)
        return centre_of(images, self.height, self.width, self.data_format)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "height": self.height, "width": self.width}


def centre_of(images: Any, height: int, width: int, data_format: str) -> Any:
    """Return the middle of images, or images smaller than that cut to its ratio of sides and enlarged.

    Args:
        images: one image or a batch.
        height, width: of the result.
        data_format: "channels_last" or "channels_first".
    """
    first = len(images.shape) - (2 if data_format == "channels_first" else 3)
    spare = (images.shape[first] - height, images.shape[first + 1] - width)
    if min(spare) < 0:
        return ops.image.resize(images, (height, width), crop_to_aspect_ratio=True, data_format=data_format)
    return ops.image.crop_images(
        images, spare[0] // 2, spare[1] // 2, target_height=height, target_width=width, data_format=data_format
    )
