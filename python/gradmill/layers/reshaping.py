"""Layers that move elements without changing them."""

from __future__ import annotations

import math
from typing import Any, Optional, Sequence

from gradmill import config, ops
from gradmill.errors import ArgumentError, ShapeError
from gradmill.layers.base import Layer
from gradmill.layers.input_spec import InputSpec
from gradmill.serialization import register_serializable


def standardize_data_format(data_format: Optional[str], owner: str) -> str:
    """Return "channels_last" or "channels_first"; None gives `config.image_data_format()`."""
    found = config.image_data_format() if data_format is None else data_format
    if found not in ("channels_last", "channels_first"):
        raise ArgumentError(
            f"{owner}: expected data_format 'channels_last' or 'channels_first'; received {data_format!r}; correct it"
        )
    return found


@register_serializable("keras.layers")
class Flatten(Layer):
    """Join all axes but the first.

    Args:
        data_format: "channels_last", or "channels_first" (then channels are moved last before).

    Input shape: (batch, ...). Output shape: (batch, product of the rest).

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Flatten()(gm.ops.zeros((2, 3, 4))).shape
    (2, 12)
    """

    def __init__(self, data_format: Optional[str] = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format, self._label)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        """Return the flattened inputs."""
        rank = len(inputs.shape)
        if self.data_format == "channels_first" and rank > 2:
            inputs = ops.transpose(inputs, (0, *range(2, rank), 1))
        return reshape_batch(inputs, (-1,))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "data_format": self.data_format}


def reshape_batch(x: Any, target: Sequence[int]) -> Any:
    """Reshape everything behind the batch axis to `target`, one of whose sizes may be -1."""
    sizes = tuple(x.shape[1:])
    known = math.prod(size for size in target if size != -1)
    if None in sizes:
        return ops.reshape(x, (x.shape[0] or -1, *target))
    if -1 in target:
        missing = math.prod(sizes) // known if known else 0
        target = tuple(missing if size == -1 else size for size in target)
    # The batch axis is inferred, so the result does not depend on it; an empty row cannot tell it.
    return ops.reshape(x, (-1 if math.prod(target) else x.shape[0], *target))


@register_serializable("keras.layers")
class Reshape(Layer):
    """Give what lies behind the batch axis another shape.

    Args:
        target_shape: sizes without the batch axis; one may be -1 and is inferred.

    Raises:
        ShapeError: inputs whose number of elements does not fit.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Reshape((2, -1))(gm.ops.zeros((5, 6))).shape
    (5, 2, 3)
    """

    def __init__(self, target_shape: Sequence[int], **kwargs: Any):
        super().__init__(**kwargs)
        target = tuple(-1 if size is None else size for size in target_shape)
        if target.count(-1) > 1 or any(not hasattr(size, "__index__") or size < -1 for size in target):
            raise ArgumentError(
                f"{self._label}: expected sizes >= 0 and at most one -1 in target_shape; received {target_shape}"
            )
        self.target_shape = tuple(int(size) for size in target)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return the reshaped inputs."""
        sizes = tuple(inputs.shape[1:])
        if None not in sizes:
            count = math.prod(sizes)
            known = math.prod(size for size in self.target_shape if size != -1)
            fits = count == known if -1 not in self.target_shape else (count % known == 0 if known else count == 0)
            if not fits:
                raise ShapeError(
                    f"{self._label}: expected {known} elements per sample for target_shape {self.target_shape}; "
                    f"received input shape {tuple(inputs.shape)} with {count}; change target_shape"
                )
        return reshape_batch(inputs, self.target_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "target_shape": self.target_shape}


@register_serializable("keras.layers")
class Permute(Layer):
    """Reorder the axes behind the batch axis.

    Args:
        dims: axes in their new order, counted from 1 (the batch axis is 0 and stays).

    Raises:
        ArgumentError: dims that are not 1..n in some order.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Permute((2, 1))(gm.ops.zeros((5, 3, 4))).shape
    (5, 4, 3)
    """

    def __init__(self, dims: Sequence[int], **kwargs: Any):
        super().__init__(**kwargs)
        self.dims = tuple(int(axis) for axis in dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ArgumentError(
                f"{self._label}: expected dims to be 1..{len(self.dims)} in some order; received {tuple(dims)}"
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        """Return the inputs with their axes reordered."""
        return ops.transpose(inputs, (0, *self.dims))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "dims": self.dims}


@register_serializable("keras.layers")
class RepeatVector(Layer):
    """Repeat each row `n` times along a new axis 1.

    Args:
        n: number of repetitions.

    Input shape: (batch, features). Output shape: (batch, n, features).

    Raises:
        ArgumentError: n that is not a non-negative integer.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.RepeatVector(3)(gm.ops.zeros((2, 4))).shape
    (2, 3, 4)
    """

    def __init__(self, n: int, **kwargs: Any):
        super().__init__(**kwargs)
        if isinstance(n, bool) or not hasattr(n, "__index__") or n < 0:
            raise ArgumentError(f"{self._label}: expected n to be an integer >= 0; received {n!r}; correct it")
        self.n = int(n)
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        """Return the repeated rows."""
        return ops.repeat(ops.expand_dims(inputs, 1), self.n, axis=1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "n": self.n}
