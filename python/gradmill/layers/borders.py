"""Layers that add borders to sequences, images and volumes, or take them away."""

from __future__ import annotations

from typing import Any, Optional, Sequence, Union

from gradmill import ops
from gradmill.errors import ArgumentError, ShapeError
from gradmill.layers.base import Layer
from gradmill.layers.input_spec import InputSpec
from gradmill.layers.reshaping import standardize_data_format
from gradmill.serialization import register_serializable

Borders = Union[int, Sequence[Any]]


def _is_count(value: Any) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool) and 0 <= int(value) < 2**31


def _borders(owner: str, name: str, value: Any, axes: int) -> tuple:
    """Return a pair of numbers for each axis, from a number, a number for each axis, or pairs."""
    forms = "or a pair of them" if axes == 1 else f"{axes} of them or {axes} pairs"
    expected = f"{owner}: expected {name} to be an integer from 0 to 2^31 - 1, {forms}; received {value!r}"
    if _is_count(value):
        return ((int(value), int(value)),) * axes
    if not isinstance(value, (list, tuple)):
        raise ArgumentError(expected)
    if axes == 1:  # the pair itself
        value = [value] if len(value) == 2 else value
    if len(value) != axes:
        raise ArgumentError(expected)
    pairs = []
    for each in value:
        pair = (each, each) if _is_count(each) else each
        if not isinstance(pair, (list, tuple)) or len(pair) != 2 or not all(_is_count(one) for one in pair):
            raise ArgumentError(expected)
        pairs.append((int(pair[0]), int(pair[1])))
    return tuple(pairs)


class _Borders(Layer):
    """Numbers of places at both ends of each spatial axis."""

    _axes = 2

    def __init__(self, name_of_borders: str, value: Any, data_format: Optional[str], **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format, self._label)
        self._pairs = _borders(self._label, name_of_borders, value, self._axes)
        self.input_spec = InputSpec(ndim=self._axes + 2)
        self._build_at_init()

    def _first_axis(self) -> int:
        return 1 if self.data_format == "channels_last" else 2

    def _plain_pairs(self) -> tuple:
        return self._pairs[0] if self._axes == 1 else self._pairs


class _ZeroPadding(_Borders):
    """Zeros at both ends of each spatial axis."""

    def __init__(self, padding: Borders, data_format: Optional[str], **kwargs: Any):
        super().__init__("padding", padding, data_format, **kwargs)
        self.padding = self._plain_pairs()

    def call(self, inputs: Any) -> Any:
        """Return the inputs with their border."""
        widths = [(0, 0)] * len(inputs.shape)
        first = self._first_axis()
        widths[first : first + self._axes] = self._pairs
        return ops.pad(inputs, widths)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "padding": self.padding, "data_format": self.data_format}


class _Cropping(_Borders):
    """What lies between the borders."""

    def __init__(self, cropping: Borders, data_format: Optional[str], **kwargs: Any):
        super().__init__("cropping", cropping, data_format, **kwargs)
        self.cropping = self._plain_pairs()

    def call(self, inputs: Any) -> Any:
        """Return the inputs without their border."""
        index = [slice(None)] * len(inputs.shape)
        for axis, (low, high) in enumerate(self._pairs, start=self._first_axis()):
            size = inputs.shape[axis]
            if low + high >= size:
                raise ShapeError(
                    f"{self._label}: expected cropping smaller than the inputs; received {self.cropping} for shape "
                    f"{tuple(inputs.shape)}; crop less"
                )
            index[axis] = slice(low, size - high)
        return inputs[tuple(index)]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = {**super().get_config(), "cropping": self.cropping}
        return config if self._axes == 1 else {**config, "data_format": self.data_format}


@register_serializable("keras.layers")
class ZeroPadding1D(_ZeroPadding):
    """Add zeros at the ends of sequences.

    Args:
        padding: a number, or a pair (before, behind).
        data_format: "channels_last" (batch, steps, channels) or "channels_first".

    Raises:
        ArgumentError: negative numbers or another form, or an unknown data format.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.ZeroPadding1D(1)(gm.ops.zeros((1, 4, 2))).shape
    (1, 6, 2)
    """

    _axes = 1

    def __init__(self, padding: Borders = 1, data_format: Optional[str] = None, **kwargs: Any):
        super().__init__(padding, data_format, **kwargs)


@register_serializable("keras.layers")
class ZeroPadding2D(_ZeroPadding):
    """Add zeros at the ends of images.

    Args:
        padding: a number, two (rows, columns), or ((top, bottom), (left, right)).
        data_format: "channels_last" (batch, rows, columns, channels) or "channels_first".

    Raises:
        ArgumentError: negative numbers or another form, or an unknown data format.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.ZeroPadding2D(1)(gm.ops.zeros((1, 4, 4, 2))).shape
    (1, 6, 6, 2)
    """

    _axes = 2

    def __init__(self, padding: Borders = (1, 1), data_format: Optional[str] = None, **kwargs: Any):
        super().__init__(padding, data_format, **kwargs)


@register_serializable("keras.layers")
class ZeroPadding3D(_ZeroPadding):
    """Add zeros at the ends of volumes.

    Args:
        padding: a number, three, or three pairs (before, behind).
        data_format: "channels_last" (batch, planes, rows, columns, channels) or "channels_first".

    Raises:
        ArgumentError: negative numbers or another form, or an unknown data format.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.ZeroPadding3D(1)(gm.ops.zeros((1, 4, 4, 4, 2))).shape
    (1, 6, 6, 6, 2)
    """

    _axes = 3

    def __init__(self, padding: Borders = (1, 1, 1), data_format: Optional[str] = None, **kwargs: Any):
        super().__init__(padding, data_format, **kwargs)


@register_serializable("keras.layers")
class Cropping1D(_Cropping):
    """Take away the ends of sequences.

    Args:
        cropping: a number, or a pair (before, behind).

    Raises:
        ArgumentError: negative numbers or another form.
        ShapeError: in a call, cropping that leaves nothing.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Cropping1D(1)(gm.ops.zeros((1, 4, 2))).shape
    (1, 2, 2)
    """

    _axes = 1

    def __init__(self, cropping: Borders = (1, 1), **kwargs: Any):
        super().__init__(cropping, "channels_last", **kwargs)


@register_serializable("keras.layers")
class Cropping2D(_Cropping):
    """Take away the ends of images.

    Args:
        cropping: a number, two (rows, columns), or ((top, bottom), (left, right)).
        data_format: "channels_last" (batch, rows, columns, channels) or "channels_first".

    Raises:
        ArgumentError: negative numbers or another form, or an unknown data format.
        ShapeError: in a call, cropping that leaves nothing.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Cropping2D(1)(gm.ops.zeros((1, 4, 4, 2))).shape
    (1, 2, 2, 2)
    """

    _axes = 2

    def __init__(self, cropping: Borders = ((0, 0), (0, 0)), data_format: Optional[str] = None, **kwargs: Any):
        super().__init__(cropping, data_format, **kwargs)


@register_serializable("keras.layers")
class Cropping3D(_Cropping):
    """Take away the ends of volumes.

    Args:
        cropping: a number, three, or three pairs (before, behind).
        data_format: "channels_last" (batch, planes, rows, columns, channels) or "channels_first".

    Raises:
        ArgumentError: negative numbers or another form, or an unknown data format.
        ShapeError: in a call, cropping that leaves nothing.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Cropping3D(1)(gm.ops.zeros((1, 4, 4, 4, 2))).shape
    (1, 2, 2, 2, 2)
    """

    _axes = 3

    def __init__(self, cropping: Borders = ((1, 1), (1, 1), (1, 1)), data_format: Optional[str] = None, **kwargs: Any):
        super().__init__(cropping, data_format, **kwargs)
