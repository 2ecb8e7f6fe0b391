"""Layers that shrink images, sequences and volumes by maxima and means over windows."""

from __future__ import annotations

from typing import Any, Optional, Sequence, Union

from gradmill import ops
from gradmill.errors import ArgumentError
from gradmill.layers.base import Layer
from gradmill.layers.input_spec import InputSpec
from gradmill.layers.reshaping import standardize_data_format
from gradmill.ops.layout import sizes_of
from gradmill.serialization import register_serializable

Sizes = Union[int, Sequence[int]]


class _Pooling(Layer):
    """Windows of one size at equal distances."""

    _axes = 2

    def __init__(
        self, pool_size: Sizes, strides: Optional[Sizes], padding: str, data_format: Optional[str], **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.pool_size = tuple(sizes_of(pool_size, self._axes, "pool_size", self._label))
        steps = self.pool_size if strides is None else strides
        self.strides = tuple(sizes_of(steps, self._axes, "strides", self._label))
        if not isinstance(padding, str) or padding.lower() not in ("valid", "same"):
            raise ArgumentError(f"{self._label}: expected padding 'valid' or 'same'; received {padding!r}; correct it")
        self.padding = padding.lower()
        self.data_format = standardize_data_format(data_format, self._label)
        self.input_spec = InputSpec(ndim=self._axes + 2)
        self._build_at_init()

    def _pool(self, inputs: Any) -> Any:
        raise NotImplementedError

    def call(self, inputs: Any) -> Any:
        """Return one value for each window and channel."""
        return self._pool(inputs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "padding": self.padding,
            "strides": self.strides,
            "data_format": self.data_format,
        }


class _MaxPooling(_Pooling):
    """The largest value of each window."""

    def _pool(self, inputs: Any) -> Any:
        return ops.max_pool(inputs, self.pool_size, self.strides, self.padding, self.data_format)


class _AveragePooling(_Pooling):
    """The mean of each window."""

    def _pool(self, inputs: Any) -> Any:
        return ops.average_pool(inputs, self.pool_size, self.strides, self.padding, self.data_format)


@register_serializable("keras.layers")
class MaxPooling1D(_MaxPooling):
    """The largest value of each window of sequences, channel by channel.

    Args:
        pool_size: size of the window, a number.
        strides: from one window to the next; `pool_size` if None.
        padding: "valid" (windows inside the inputs) or "same" (as many windows as strides fit).
        data_format: "channels_last" (batch, steps, channels) or "channels_first".
        name: label.

    Raises:
        ArgumentError: sizes that are not positive integers, or an unknown padding or data format.
        ShapeError: in a call, a window larger than the inputs.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.MaxPooling1D(2)(gm.ops.zeros((1, 4, 2))).shape
    (1, 2, 2)
    """

    _axes = 1

    def __init__(
        self,
        pool_size: Sizes = 2,
        strides: Optional[Sizes] = None,
        padding: str = "valid",
        data_format: Optional[str] = None,
        name: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(pool_size, strides, padding, data_format, name=name, **kwargs)


@register_serializable("keras.layers")
class MaxPooling2D(_MaxPooling):
    """The largest value of each window of images, channel by channel.

    Args:
        pool_size: size of the window, a number or one for each spatial axis.
        strides: from one window to the next; `pool_size` if None.
        padding: "valid" (windows inside the inputs) or "same" (as many windows as strides fit).
        data_format: "channels_last" (batch, rows, columns, channels) or "channels_first".
        name: label.

    Raises:
        ArgumentError: sizes that are not positive integers, or an unknown padding or data format.
        ShapeError: in a call, a window larger than the inputs.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.MaxPooling2D(2)(gm.ops.zeros((1, 4, 4, 2))).shape
    (1, 2, 2, 2)
    """

    _axes = 2

    def __init__(
        self,
        pool_size: Sizes = (2, 2),
        strides: Optional[Sizes] = None,
        padding: str = "valid",
        data_format: Optional[str] = None,
        name: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(pool_size, strides, padding, data_format, name=name, **kwargs)


@register_serializable("keras.layers")
class MaxPooling3D(_MaxPooling):
    """The largest value of each window of volumes, channel by channel.

    Args:
        pool_size: size of the window, a number or one for each spatial axis.
        strides: from one window to the next; `pool_size` if None.
        padding: "valid" (windows inside the inputs) or "same" (as many windows as strides fit).
        data_format: "channels_last" (batch, planes, rows, columns, channels) or "channels_first".
        name: label.

    Raises:
        ArgumentError: sizes that are not positive integers, or an unknown padding or data format.
        ShapeError: in a call, a window larger than the inputs.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.MaxPooling3D(2)(gm.ops.zeros((1, 4, 4, 4, 2))).shape
    (1, 2, 2, 2, 2)
    """

    _axes = 3

    def __init__(
        self,
        pool_size: Sizes = (2, 2, 2),
        strides: Optional[Sizes] = None,
        padding: str = "valid",
        data_format: Optional[str] = None,
        name: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(pool_size, strides, padding, data_format, name=name, **kwargs)


@register_serializable("keras.layers")
class AveragePooling1D(_AveragePooling):
    """The mean of each window of sequences, channel by channel; what padding adds is not counted.

    Args:
        pool_size: size of the window, a number.
        strides: from one window to the next; `pool_size` if None.
        padding: "valid" (windows inside the inputs) or "same" (as many windows as strides fit).
        data_format: "channels_last" (batch, steps, channels) or "channels_first".
        name: label.

    Raises:
        ArgumentError: sizes that are not positive integers, or an unknown padding or data format.
        ShapeError: in a call, a window larger than the inputs.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.AveragePooling1D(2)(gm.ops.zeros((1, 4, 2))).shape
    (1, 2, 2)
    """

    _axes = 1

    def __init__(
        self,
        pool_size: Sizes,
        strides: Optional[Sizes] = None,
        padding: str = "valid",
        data_format: Optional[str] = None,
        name: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(pool_size, strides, padding, data_format, name=name, **kwargs)


@register_serializable("keras.layers")
class AveragePooling2D(_AveragePooling):
    """The mean of each window of images, channel by channel; what padding adds is not counted.

    Args:
        pool_size: size of the window, a number or one for each spatial axis.
        strides: from one window to the next; `pool_size` if None.
        padding: "valid" (windows inside the inputs) or "same" (as many windows as strides fit).
        data_format: "channels_last" (batch, rows, columns, channels) or "channels_first".
        name: label.

    Raises:
        ArgumentError: sizes that are not positive integers, or an unknown padding or data format.
        ShapeError: in a call, a window larger than the inputs.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.AveragePooling2D(2)(gm.ops.zeros((1, 4, 4, 2))).shape
    (1, 2, 2, 2)
    """

    _axes = 2

    def __init__(
        self,
        pool_size: Sizes,
        strides: Optional[Sizes] = None,
        padding: str = "valid",
        data_format: Optional[str] = None,
        name: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(pool_size, strides, padding, data_format, name=name, **kwargs)


@register_serializable("keras.layers")
class AveragePooling3D(_AveragePooling):
    """The mean of each window of volumes, channel by channel; what padding adds is not counted.

    Args:
        pool_size: size of the window, a number or one for each spatial axis.
        strides: from one window to the next; `pool_size` if None.
        padding: "valid" (windows inside the inputs) or "same" (as many windows as strides fit).
        data_format: "channels_last" (batch, planes, rows, columns, channels) or "channels_first".
        name: label.

    Raises:
        ArgumentError: sizes that are not positive integers, or an unknown padding or data format.
        ShapeError: in a call, a window larger than the inputs.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.AveragePooling3D(2)(gm.ops.zeros((1, 4, 4, 4, 2))).shape
    (1, 2, 2, 2, 2)
    """

    _axes = 3

    def __init__(
        self,
        pool_size: Sizes,
        strides: Optional[Sizes] = None,
        padding: str = "valid",
        data_format: Optional[str] = None,
        name: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(pool_size, strides, padding, data_format, name=name, **kwargs)
