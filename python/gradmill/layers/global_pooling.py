"""Layers that shrink images, sequences and volumes to one value for each channel, or to a given size."""

from __future__ import annotations

from typing import Any, Optional, Sequence, Union

from gradmill import ops
from gradmill.layers.base import Layer
from gradmill.layers.input_spec import InputSpec
from gradmill.layers.reshaping import standardize_data_format
from gradmill.ops.layout import sizes_of
from gradmill.serialization import register_serializable

Sizes = Union[int, Sequence[int]]


class _GlobalPooling(Layer):
    """One value for each channel."""

    _axes = 2

    def __init__(self, data_format: Optional[str] = None, keepdims: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format, self._label)
        self.keepdims = bool(keepdims)
        self.input_spec = InputSpec(ndim=self._axes + 2)
        self._build_at_init()

    def _spatial(self) -> tuple:
        first = 1 if self.data_format == "channels_last" else 2
        return tuple(range(first, first + self._axes))

    def _reduce(self, inputs: Any) -> Any:
        raise NotImplementedError

    def call(self, inputs: Any) -> Any:
        """Return one value for each channel."""
        return self._reduce(inputs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "data_format": self.data_format, "keepdims": self.keepdims}


class _GlobalMaxPooling(_GlobalPooling):
    """The largest value of each channel."""

    def _reduce(self, inputs: Any) -> Any:
        return ops.max(inputs, axis=self._spatial(), keepdims=self.keepdims)


class _GlobalAveragePooling(_GlobalPooling):
    """The mean of each channel."""

    def _reduce(self, inputs: Any) -> Any:
        return ops.mean(inputs, axis=self._spatial(), keepdims=self.keepdims)


class _AdaptivePooling(Layer):
    """Windows chosen so that the result has a given size."""

    _axes = 2

    def __init__(self, output_size: Sizes, data_format: Optional[str] = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.output_size = tuple(sizes_of(output_size, self._axes, "output_size", self._label))
        self.data_format = standardize_data_format(data_format, self._label)
        self.input_spec = InputSpec(ndim=self._axes + 2)
        self._build_at_init()

    def _pool(self, inputs: Any) -> Any:
        raise NotImplementedError

    def call(self, inputs: Any) -> Any:
        """Return values of the given spatial size."""
        return self._pool(inputs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "output_size": self.output_size, "data_format": self.data_format}


class _AdaptiveMaxPooling(_AdaptivePooling):
    """Maxima of windows that follow from the size of the result."""

    def _pool(self, inputs: Any) -> Any:
        return ops.adaptive_max_pool(inputs, self.output_size, self.data_format)


class _AdaptiveAveragePooling(_AdaptivePooling):
    """Means of windows that follow from the size of the result."""

    def _pool(self, inputs: Any) -> Any:
        return ops.adaptive_average_pool(inputs, self.output_size, self.data_format)


@register_serializable("keras.layers")
class GlobalMaxPooling1D(_GlobalMaxPooling):
    """The largest value of each channel of sequences.

    Args:
        data_format: "channels_last" (batch, steps, channels) or "channels_first".
        keepdims: keep the spatial axes, with size 1.

    Output shape: (batch, channels).

    Raises:
        ArgumentError: an unknown data format.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.GlobalMaxPooling1D()(gm.ops.zeros((1, 4, 2))).shape
    (1, 2)
    """

    _axes = 1


@register_serializable("keras.layers")
class GlobalMaxPooling2D(_GlobalMaxPooling):
    """The largest value of each channel of images.

    Args:
        data_format: "channels_last" (batch, rows, columns, channels) or "channels_first".
        keepdims: keep the spatial axes, with size 1.

    Output shape: (batch, channels).

    Raises:
        ArgumentError: an unknown data format.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.GlobalMaxPooling2D()(gm.ops.zeros((1, 4, 4, 2))).shape
    (1, 2)
    """

    _axes = 2


@register_serializable("keras.layers")
class GlobalMaxPooling3D(_GlobalMaxPooling):
    """The largest value of each channel of volumes.

    Args:
        data_format: "channels_last" (batch, planes, rows, columns, channels) or "channels_first".
        keepdims: keep the spatial axes, with size 1.

    Output shape: (batch, channels).

    Raises:
        ArgumentError: an unknown data format.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.GlobalMaxPooling3D()(gm.ops.zeros((1, 4, 4, 4, 2))).shape
    (1, 2)
    """

    _axes = 3


@register_serializable("keras.layers")
class GlobalAveragePooling1D(_GlobalAveragePooling):
    """The mean of each channel of sequences, over the steps that a mask leaves.

    Args:
        data_format: "channels_last" (batch, steps, channels) or "channels_first".
        keepdims: keep the spatial axes, with size 1.

    Output shape: (batch, channels).

    Raises:
        ArgumentError: an unknown data format.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.GlobalAveragePooling1D()(gm.ops.zeros((1, 4, 2))).shape
    (1, 2)
    """

    _axes = 1

    def __init__(self, data_format: Optional[str] = None, keepdims: bool = False, **kwargs: Any):
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mean of each channel over the steps that the mask leaves."""
        if mask is None:
            return self._reduce(inputs)
        steps = self._spatial()[0]
        kept = ops.expand_dims(ops.cast(mask, "bool"), 3 - steps)
        total = ops.sum(ops.where(kept, inputs, 0), axis=steps, keepdims=self.keepdims)
        return total / ops.sum(ops.cast(kept, inputs.dtype), axis=steps, keepdims=self.keepdims)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return None: there are no steps any more."""
        return None


@register_serializable("keras.layers")
class GlobalAveragePooling2D(_GlobalAveragePooling):
    """The mean of each channel of images.

    Args:
        data_format: "channels_last" (batch, rows, columns, channels) or "channels_first".
        keepdims: keep the spatial axes, with size 1.

    Output shape: (batch, channels).

    Raises:
        ArgumentError: an unknown data format.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.GlobalAveragePooling2D()(gm.ops.zeros((1, 4, 4, 2))).shape
    (1, 2)
    """

    _axes = 2


@register_serializable("keras.layers")
class GlobalAveragePooling3D(_GlobalAveragePooling):
    """The mean of each channel of volumes.

    Args:
        data_format: "channels_last" (batch, planes, rows, columns, channels) or "channels_first".
        keepdims: keep the spatial axes, with size 1.

    Output shape: (batch, channels).

    Raises:
        ArgumentError: an unknown data format.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.GlobalAveragePooling3D()(gm.ops.zeros((1, 4, 4, 4, 2))).shape
    (1, 2)
    """

    _axes = 3


@register_serializable("keras.layers")
class AdaptiveMaxPooling1D(_AdaptiveMaxPooling):
    """The largest value of each window of sequences, with windows that follow from the size of the result.

    Args:
        output_size: spatial size of the result, a number.
        data_format: "channels_last" (batch, steps, channels) or "channels_first".

    Raises:
        ArgumentError: sizes that are not positive integers, or an unknown data format.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.AdaptiveMaxPooling1D(3)(gm.ops.zeros((1, 4, 2))).shape
    (1, 3, 2)
    """

    _axes = 1


@register_serializable("keras.layers")
class AdaptiveMaxPooling2D(_AdaptiveMaxPooling):
    """The largest value of each window of images, with windows that follow from the size of the result.

    Args:
        output_size: spatial size of the result, a number or one for each axis.
        data_format: "channels_last" (batch, rows, columns, channels) or "channels_first".

    Raises:
        ArgumentError: sizes that are not positive integers, or an unknown data format.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.AdaptiveMaxPooling2D(3)(gm.ops.zeros((1, 4, 4, 2))).shape
    (1, 3, 3, 2)
    """

    _axes = 2


@register_serializable("keras.layers")
class AdaptiveMaxPooling3D(_AdaptiveMaxPooling):
    """The largest value of each window of volumes, with windows that follow from the size of the result.

    Args:
        output_size: spatial size of the result, a number or one for each axis.
        data_format: "channels_last" (batch, planes, rows, columns, channels) or "channels_first".

    Raises:
        ArgumentError: sizes that are not positive integers, or an unknown data format.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.AdaptiveMaxPooling3D(3)(gm.ops.zeros((1, 4, 4, 4, 2))).shape
    (1, 3, 3, 3, 2)
    """

    _axes = 3


@register_serializable("keras.layers")
class AdaptiveAveragePooling1D(_AdaptiveAveragePooling):
    """The mean of each window of sequences, with windows that follow from the size of the result.

    Args:
        output_size: spatial size of the result, a number.
        data_format: "channels_last" (batch, steps, channels) or "channels_first".

    Raises:
        ArgumentError: sizes that are not positive integers, or an unknown data format.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.AdaptiveAveragePooling1D(3)(gm.ops.zeros((1, 4, 2))).shape
    (1, 3, 2)
    """

    _axes = 1


@register_serializable("keras.layers")
class AdaptiveAveragePooling2D(_AdaptiveAveragePooling):
    """The mean of each window of images, with windows that follow from the size of the result.

    Args:
        output_size: spatial size of the result, a number or one for each axis.
        data_format: "channels_last" (batch, rows, columns, channels) or "channels_first".

    Raises:
        ArgumentError: sizes that are not positive integers, or an unknown data format.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.AdaptiveAveragePooling2D(3)(gm.ops.zeros((1, 4, 4, 2))).shape
    (1, 3, 3, 2)
    """

    _axes = 2


@register_serializable("keras.layers")
class AdaptiveAveragePooling3D(_AdaptiveAveragePooling):
    """The mean of each window of volumes, with windows that follow from the size of the result.

    Args:
        output_size: spatial size of the result, a number or one for each axis.
        data_format: "channels_last" (batch, planes, rows, columns, channels) or "channels_first".

    Raises:
        ArgumentError: sizes that are not positive integers, or an unknown data format.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.AdaptiveAveragePooling3D(3)(gm.ops.zeros((1, 4, 4, 4, 2))).shape
    (1, 3, 3, 3, 2)
    """

    _axes = 3
