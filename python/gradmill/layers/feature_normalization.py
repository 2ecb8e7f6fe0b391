"""Normalization of each sample by itself: over features, groups of channels, or neighbouring channels."""

from __future__ import annotations

import warnings
from typing import Any, Optional, Sequence, Union

from gradmill import ops
from gradmill.errors import ArgumentError, ShapeError
from gradmill.layers.base import Layer
from gradmill.layers.input_spec import InputSpec
from gradmill.layers.reshaping import standardize_data_format
from gradmill.layers.scale_and_offset import ScaleAndOffset, check_axes, check_number
from gradmill.serialization import register_serializable

Axes = Union[int, Sequence[int]]


def _axis_argument(owner: str, axis: Any) -> Any:
    if isinstance(axis, int) and not isinstance(axis, bool):
        return axis
    if isinstance(axis, (list, tuple)) and axis and all(isinstance(each, int) for each in axis):
        return list(axis)
    raise ArgumentError(f"{owner}: expected axis to be an integer or a list of them; received {axis!r}; correct it")


def _sizes_along(owner: str, shape: Sequence[Optional[int]], axis: Axes) -> tuple:
    axes = check_axes(owner, axis, len(shape))
    sizes = tuple(shape[each] for each in axes)
    if None in sizes:
        raise ShapeError(
            f"{owner}: expected known sizes along axis {axis}; received shape {tuple(shape)}; give the input a known "
            "size there"
        )
    return sizes


@register_serializable("keras.layers")
class LayerNormalization(ScaleAndOffset):
    """Bring each sample to mean 0 and variance 1 over `axis`; then scale and shift by trained numbers.

    Args:
        axis: axis or axes over which means are taken.
        epsilon: added to the variance.
        center: whether to shift (weight `beta`).
        scale: whether to scale (weight `gamma`).
        beta_initializer, gamma_initializer: first values.
        beta_regularizer, gamma_regularizer: penalties.
        beta_constraint, gamma_constraint: projections after each update.
        rms_scaling: an old option of Keras, kept for its files: divide by the deviation without taking away the mean.

    Weights: gamma, beta, of the sizes along `axis`.

    Raises:
        ArgumentError: an axis that the inputs do not have, or a negative epsilon.
        ShapeError: an unknown size along `axis`.

    Reference: Ba et al. 2016.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.LayerNormalization(epsilon=0.0)([[1.0, 3.0]]).numpy()
    array([[-1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        axis: Axes = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        rms_scaling: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.axis = _axis_argument(self._label, axis)
        parts = {name: value for name, value in locals().items() if name.startswith(("beta_", "gamma_"))}
        self._read_arguments(epsilon, center, scale, parts)
        self.rms_scaling = bool(rms_scaling)
        if self.rms_scaling:
            warnings.warn(
                f"{self._label}: rms_scaling divides by the deviation, not by the root mean square; "
                "RMSNormalization does the latter",
                stacklevel=2,
            )
        self.autocast = False

    def build(self, input_shape: Any) -> None:
        """Make factors and terms."""
        sizes = _sizes_along(self._label, input_shape, self.axis)
        self.axis = [self.axis] if isinstance(self.axis, int) else sorted(self.axis)
        self._make_weights(sizes, self.scale or self.rms_scaling, self.center and not self.rms_scaling)

    def call(self, inputs: Any) -> Any:
        """Return the normalized inputs in the compute dtype."""
        y = ops.layer_normalization(
            inputs, self.gamma, self.beta, self.axis, self.epsilon, rms_scaling=self.rms_scaling
        )
        return ops.cast(y, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            **self._affine_config(),
            "axis": self.axis,
            "rms_scaling": self.rms_scaling,
        }


@register_serializable("keras.layers")
class GroupNormalization(ScaleAndOffset):
    """Bring groups of channels of each sample to mean 0 and variance 1; then scale and shift each channel.

    Args:
        groups: number of groups, which must divide the channels; -1 makes each channel a group of its own, which is
            instance normalization.
        axis: axis of the channels.
        epsilon: added to the variance.
        center: whether to shift (weight `beta`).
        scale: whether to scale (weight `gamma`).
        beta_initializer, gamma_initializer: first values.
        beta_regularizer, gamma_regularizer: penalties.
        beta_constraint, gamma_constraint: projections after each update.

    Weights: gamma, beta (channels,).

    Raises:
        ArgumentError: groups that are no positive integer nor -1, or an axis that the inputs do not have.
        ShapeError: groups that do not divide the channels.

    Reference: Wu and He 2018.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.GroupNormalization(groups=2, epsilon=0.0)([[1.0, 3.0, 10.0, 30.0]]).numpy()
    array([[-1.,  1., -1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if isinstance(groups, bool) or not hasattr(groups, "__index__") or (groups < 1 and groups != -1):
            raise ArgumentError(
                f"{self._label}: expected groups to be a positive integer or -1; received {groups!r}; correct it"
            )
        self.groups = int(groups)
        self.axis = axis
        parts = {name: value for name, value in locals().items() if name.startswith(("beta_", "gamma_"))}
        self._read_arguments(epsilon, center, scale, parts)
        self.autocast = False

    def build(self, input_shape: Any) -> None:
        """Make factors and terms."""
        rank = len(input_shape)
        (channels,) = _sizes_along(self._label, input_shape, self.axis)
        if self.axis % rank == 0:
            raise ArgumentError(f"{self._label}: expected an axis behind the batch axis; received axis={self.axis}")
        if self.groups == -1:
            self.groups = channels
        if channels == 0 or channels % self.groups:
            raise ShapeError(
                f"{self._label}: expected channels that divide into {self.groups} groups; received shape "
                f"{tuple(input_shape)} with {channels} along axis {self.axis}; change groups"
            )
        self._make_weights((channels,), self.scale, self.center)
        self.input_spec = InputSpec(ndim=rank, axes={self.axis % rank: channels})

    def call(self, inputs: Any) -> Any:
        """Return the normalized inputs in the compute dtype."""
        rank, shape = len(inputs.shape), tuple(inputs.shape)
        axis = self.axis % rank
        split = (*shape[:axis], self.groups, shape[axis] // self.groups, *shape[axis + 1 :])
        x = ops.reshape(ops.cast(inputs, "float64" if inputs.dtype == "float64" else "float32"), split)
        mean, variance = ops.moments(x, [each for each in range(1, rank + 1) if each != axis], keepdims=True)
        y = ops.reshape((x - mean) * ops.rsqrt(variance + self.epsilon), shape)
        place = [shape[axis] if each == axis else 1 for each in range(rank)]
        if self.gamma is not None:
            y = y * ops.reshape(ops.cast(self.gamma, y.dtype), place)
        if self.beta is not None:
            y = y + ops.reshape(ops.cast(self.beta, y.dtype), place)
        return ops.cast(y, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), **self._affine_config(), "groups": self.groups, "axis": self.axis}


@register_serializable("keras.layers")
class RMSNormalization(Layer):
    """Divide each sample by its root mean square over `axis`; then scale by trained numbers.

    Args:
        axis: axis or axes over which the mean is taken.
        epsilon: added to the mean square.

    Weights: scale, of the sizes along `axis`.

    Raises:
        ArgumentError: an axis that the inputs do not have, or a negative epsilon.
        ShapeError: an unknown size along `axis`.

    Reference: Zhang and Sennrich 2019.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.RMSNormalization(epsilon=0.0)([[2.0, -2.0]]).numpy()
    array([[ 1., -1.]], dtype=float32)
    """

    def __init__(self, axis: Axes = -1, epsilon: float = 1e-6, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = _axis_argument(self._label, axis)
        self.epsilon = check_number(self._label, "epsilon", epsilon)
        self.scale: Any = None

    def build(self, input_shape: Any) -> None:
        """Make the factors."""
        sizes = _sizes_along(self._label, input_shape, self.axis)
        self.axis = [self.axis] if isinstance(self.axis, int) else sorted(self.axis)
        self.scale = self.add_weight(sizes, name="scale", initializer="ones")

    def call(self, inputs: Any) -> Any:
        """Return the normalized inputs."""
        return ops.rms_normalization(inputs, self.scale, self.axis, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}


@register_serializable("keras.layers")
class UnitNormalization(Layer):
    """Divide each sample by its length over `axis`, so that the sum of squares is one.

    Args:
        axis: axis or axes over which squares are added.

    Raises:
        ArgumentError: an axis that is no integer or that the inputs do not have.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.UnitNormalization()([[3.0, 4.0]]).numpy()
    array([[0.6, 0.8]], dtype=float32)
    """

    def __init__(self, axis: Axes = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = _axis_argument(self._label, axis)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return the inputs with length one."""
        check_axes(self._label, self.axis, len(inputs.shape))
        return ops.normalize(inputs, axis=self.axis, order=2, epsilon=1e-12)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "axis": self.axis}


@register_serializable("gradmill")
class LocalResponseNormalization(Layer):
    """Divide each value by `(k + alpha * sum of the squares of neighbouring channels) ** beta`.

    Args:
        size: how many channels count as neighbours, the own one in the middle.
        alpha, beta, k: the numbers of the formula. PyTorch divides alpha by `size`; do so here to get the same.
        data_format: "channels_last" or "channels_first".

    Raises:
        ArgumentError: a size that is no positive integer, or negative numbers.

    Reference: Krizhevsky et al. 2012 (AlexNet), whose numbers are the defaults.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.LocalResponseNormalization(size=3, alpha=1.0, beta=1.0, k=0.0)([[[2.0, 0.0, 4.0]]]).numpy()
    array([[[0.5 , 0.  , 0.25]]], dtype=float32)
    """

    def __init__(
        self,
        size: int = 5,
        alpha: float = 1e-4,
        beta: float = 0.75,
        k: float = 2.0,
        data_format: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if isinstance(size, bool) or not hasattr(size, "__index__") or not 1 <= size <= 1024:
            raise ArgumentError(f"{self._label}: expected size to be an integer from 1 to 1024; received {size!r}")
        self.size = int(size)
        self.alpha = check_number(self._label, "alpha", alpha)
        self.beta = check_number(self._label, "beta", beta)
        self.k = check_number(self._label, "k", k)
        self.data_format = standardize_data_format(data_format, self._label)
        self.input_spec = InputSpec(min_ndim=3)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Return the normalized inputs."""
        rank = len(inputs.shape)
        axis = rank - 1 if self.data_format == "channels_last" else 1
        border = [(0, 0)] * rank
        border[axis] = (self.size // 2, self.size - 1 - self.size // 2)
        squares = ops.pad(ops.square(inputs), border)
        index = [slice(None)] * rank
        total = 0.0
        for first in range(self.size):
            index[axis] = slice(first, first + inputs.shape[axis])
            total = total + squares[tuple(index)]
        return inputs / ops.power(total * self.alpha + self.k, self.beta)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = {"size": self.size, "alpha": self.alpha, "beta": self.beta, "k": self.k}
        return {**super().get_config(), **config, "data_format": self.data_format}
