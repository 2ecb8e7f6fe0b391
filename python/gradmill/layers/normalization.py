"""Layers that bring inputs to another scale: by given numbers or by those of a data set."""

from __future__ import annotations

import math
from typing import Any, Iterable, Sequence, Union

import numpy as np

from gradmill import config, ops
from gradmill.errors import ArgumentError, ShapeError
from gradmill.layers.base import Layer
from gradmill.layers.input_spec import InputSpec
from gradmill.serialization import register_serializable


@register_serializable("keras.layers")
class Rescaling(Layer):
    """`inputs * scale + offset`.

    Args:
        scale: number, or numbers that broadcast against the inputs.
        offset: number, or numbers that broadcast against the inputs.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Rescaling(1 / 255)([[0.0, 255.0]]).numpy().tolist()
    [[0.0, 1.0]]
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.scale = scale
        self.offset = offset
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Return the rescaled inputs in the compute dtype."""
        inputs = ops.cast(inputs, self.compute_dtype)
        return inputs * self._constant(self.scale) + self._constant(self.offset)

    def _constant(self, value: Any) -> Any:
        return (
            float(value) if np.ndim(value) == 0 else ops.convert_to_tensor(np.asarray(value), dtype=self.compute_dtype)
        )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "scale": _plain(self.scale), "offset": _plain(self.offset)}


def _plain(value: Any) -> Any:
    array = np.asarray(value)
    return value if array.ndim == 0 and isinstance(value, (int, float)) else array.tolist()


@register_serializable("keras.layers")
class Normalization(Layer):
    """Shift and scale inputs to mean 0 and variance 1, with the numbers of a data set.

    Args:
        axis: axis or axes that keep statistics of their own; None for one mean and variance over everything.
        mean, variance: the statistics, if known; else call `adapt`.
        invert: do the opposite.

    Weights: mean, variance, count (not trainable; none when mean and variance are given).

    Raises:
        ArgumentError: only one of mean and variance, or a bad axis.
        ShapeError: a kept axis of unknown size.

    Example:
    >>> import numpy as np, gradmill as gm
    >>> layer = gm.layers.Normalization()
    >>> layer.adapt(np.array([[1.0], [3.0]], "float32"))
    >>> layer([[1.0], [3.0]]).numpy().tolist()
    [[-1.0], [1.0]]
    """

    def __init__(
        self,
        axis: Union[None, int, Sequence[int]] = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        axes = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        if 0 in axes:
            raise ArgumentError(f"{self._label}: expected axes behind the batch axis; received axis={axis}; correct it")
        if (mean is None) != (variance is None):
            raise ArgumentError(f"{self._label}: expected both mean and variance or neither; received one; pass both")
        self.axis = axes
        self.input_mean = mean
        self.input_variance = variance
        self.invert = invert
        self.supports_masking = True
        self.adapt_mean: Any = None
        self.adapt_variance: Any = None
        self.count: Any = None

    def build(self, input_shape: Any) -> None:
        """Make the weights for the statistics."""
        rank = len(input_shape)
        if any(not -rank <= axis < rank for axis in self.axis):
            raise ArgumentError(
                f"{self._label}: expected axes within {rank} axes; received axis={self.axis}; correct it"
            )
        self._kept = sorted(axis % rank for axis in self.axis)
        self._reduced = tuple(axis for axis in range(rank) if axis not in self._kept)
        unknown = [axis for axis in self._kept if input_shape[axis] is None]
        if unknown:
            raise ShapeError(
                f"{self._label}: expected known sizes along axis {self.axis}; received shape {tuple(input_shape)}; "
                "give the input a known size there"
            )
        self._broadcast_shape = tuple(input_shape[axis] if axis in self._kept else 1 for axis in range(rank))
        shape = tuple(input_shape[axis] for axis in self._kept)
        if self._kept:  # else one mean and variance serve arrays of any rank
            self.input_spec = InputSpec(ndim=rank, axes={axis: input_shape[axis] for axis in self._kept})
        else:
            self._broadcast_shape = ()
        if self.input_mean is None:
            self.adapt_mean = self.add_weight(shape, name="mean", initializer="zeros", trainable=False)
            self.adapt_variance = self.add_weight(shape, name="variance", initializer="ones", trainable=False)
            self.count = self.add_weight((), name="count", dtype="int32", initializer="zeros", trainable=False)
        else:
            self._given = [
                np.broadcast_to(
                    np.reshape(np.asarray(each, "float32"), _fit(each, self._broadcast_shape)), self._broadcast_shape
                )
                for each in (self.input_mean, self.input_variance)
            ]

    def adapt(self, data: Any) -> None:
        """Take mean and variance from data.

        Args:
            data: an array or tensor, or an iterable of batches (arrays, or tuples whose first element counts).

        Raises:
            ArgumentError: mean and variance were given to the constructor, or no data.
            ShapeError: data that does not fit the shape the layer was built for.
        """
        if self.input_mean is not None:
            raise ArgumentError(
                f"{self._label}: expected a layer without given mean and variance; remove the arguments"
            )
        batches: Iterable = [data] if hasattr(data, "shape") else data
        count, mean, variance = 0, np.float64(0), np.float64(0)
        for batch in batches:
            batch = np.asarray(batch[0] if isinstance(batch, (tuple, list)) else batch)
            if not self.built:
                self.build((None, *batch.shape[1:]))
            self._check_inputs(batch)
            # Float64, and exact merging of batch statistics (Chan, Golub and LeVeque 1983).
            reduced = self._reduced if self._kept else None
            size = math.prod(batch.shape[axis] for axis in self._reduced) if self._kept else batch.size
            batch = batch.astype(np.float64)
            batch_mean, batch_variance = batch.mean(axis=reduced), batch.var(axis=reduced)
            total = count + size
            if total == 0:
                continue
            share = size / total
            new_mean = mean * (1 - share) + batch_mean * share
            variance = (variance + (mean - new_mean) ** 2) * (1 - share) + (
                batch_variance + (batch_mean - new_mean) ** 2
            ) * share
            mean, count = new_mean, total
        if count == 0:
            raise ArgumentError(f"{self._label}: expected data to adapt to; received none; pass an array with rows")
        self.adapt_mean.assign(np.asarray(mean, "float32"))
        self.adapt_variance.assign(np.asarray(variance, "float32"))

    def call(self, inputs: Any) -> Any:
        """Return the normalized inputs in the compute dtype."""
        inputs = ops.cast(inputs, self.compute_dtype)
        mean = ops.cast(self.mean, self.compute_dtype)
        spread = ops.maximum(ops.sqrt(ops.cast(self.variance, self.compute_dtype)), config.epsilon())
        return mean + inputs * spread if self.invert else (inputs - mean) / spread

    @property
    def mean(self) -> Any:
        """What is subtracted, broadcast against inputs."""
        return self._statistic(0, self.adapt_mean)

    @property
    def variance(self) -> Any:
        """The square of what inputs are divided by, broadcast against them."""
        return self._statistic(1, self.adapt_variance)

    def _statistic(self, number: int, adapted: Any) -> Any:
        if not self.built:
            raise ArgumentError(f"{self._label}: expected a built layer; call adapt(data) first")
        if self.input_mean is None:
            return ops.reshape(adapted, self._broadcast_shape)
        return ops.convert_to_tensor(self._given[number])

    def finalize_state(self) -> None:
        """Accepted for compatibility: the statistics are read from the weights at every call."""

    def load_own_variables(self, store: Any) -> None:
        """Read the statistics; older files may lack the count."""
        if self.input_mean is None and len(store.keys()) == 2 and self.built:
            self.adapt_mean.assign(np.asarray(store["0"]))
            self.adapt_variance.assign(np.asarray(store["1"]))
            return
        super().load_own_variables(store)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "invert": self.invert,
            "mean": None if self.input_mean is None else np.asarray(self.input_mean).tolist(),
            "variance": None if self.input_variance is None else np.asarray(self.input_variance).tolist(),
        }


def _fit(value: Any, shape: Sequence[int]) -> Sequence[int]:
    """Return the shape in which given statistics broadcast to `shape`: theirs, or `shape` when they have as many."""
    size = np.size(value)
    if size == math.prod(shape):
        return tuple(shape)
    return np.shape(value) if size != 1 else (1,) * len(shape)
