"""Normalization by the statistics of the batch."""

from __future__ import annotations

from typing import Any, Optional

from gradmill import config, initializers, ops
from gradmill.errors import ArgumentError, ShapeError
from gradmill.layers.input_spec import InputSpec
from gradmill.layers.scale_and_offset import ScaleAndOffset, check_axes, check_number
from gradmill.serialization import register_serializable

_CLIPPING = ("rmax", "rmin", "dmax")


@register_serializable("keras.layers")
class BatchNormalization(ScaleAndOffset):
    """Bring each channel to mean 0 and variance 1; then scale and shift it by trained numbers.

    In training mean and variance are those of the batch, and moving averages of them are kept; otherwise the moving
    averages are used. A layer with `trainable = False` uses them in training too and leaves them as they are.

    Args:
        axis: axis of the channels.
        momentum: share of the moving averages that a batch leaves, 0 to 1.
        epsilon: added to the variance.
        center: whether to shift (weight `beta`).
        scale: whether to scale (weight `gamma`).
        beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer: first values.
        beta_regularizer, gamma_regularizer: penalties.
        beta_constraint, gamma_constraint: projections after each update.
        renorm: correct the batch's statistics towards slower moving ones (Ioffe 2017).
        renorm_clipping: dictionary with any of "rmax", "rmin", "dmax", which limit that correction.
        renorm_momentum: as `momentum`, for the averages that the correction uses.
        synchronized: accepted and without effect: a model trains in one process, so the statistics are those of the
            whole batch anyway.

    Call arguments:
        inputs: tensor; half types are computed in float32.
        training: whether the statistics of the batch are used.
        mask: bool, the inputs' shape without the last axis; positions that are False do not count.

    Weights: gamma, beta (trained), moving_mean, moving_variance.

    Raises:
        ArgumentError: numbers outside their range, or an axis that the inputs do not have.
        ShapeError: an unknown number of channels, or a mask of another rank.

    Reference: Ioffe and Szegedy 2015.

    Example:
    >>> import gradmill as gm
    >>> layer = gm.layers.BatchNormalization(epsilon=0.0, momentum=0.5)
    >>> layer([[1.0], [3.0]], training=True).numpy().ravel()
    array([-1.,  1.], dtype=float32)
    >>> float(layer.moving_mean[0]), float(layer.moving_variance[0])
    (1.0, 1.0)
    """

    def __init__(
        self,
        axis: Any = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Optional[dict] = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if isinstance(axis, (list, tuple)) and len(axis) == 1:
            axis = axis[0]  # as older files write it
        if isinstance(axis, bool) or not hasattr(axis, "__index__"):
            raise ArgumentError(f"{self._label}: expected axis to be an integer; received {axis!r}; correct it")
        self.axis = int(axis)
        self.momentum = check_number(self._label, "momentum", momentum, 0.0, 1.0)
        parts = {name: value for name, value in locals().items() if name.startswith(("beta_", "gamma_"))}
        self._read_arguments(epsilon, center, scale, parts)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.synchronized = bool(synchronized)
        self.renorm = bool(renorm)
        self.renorm_clipping = self._checked_clipping(renorm_clipping)
        self.renorm_momentum = check_number(self._label, "renorm_momentum", renorm_momentum, 0.0, 1.0)
        self.moving_mean: Any = None
        self.moving_variance: Any = None

    def _checked_clipping(self, clipping: Optional[dict]) -> Optional[dict]:
        if clipping is None:
            return {} if self.renorm else None
        unknown = set(clipping) - set(_CLIPPING)
        if unknown:
            raise ArgumentError(
                f"{self._label}: expected renorm_clipping with keys of {_CLIPPING}; received {sorted(unknown)}"
            )
        if clipping.get("rmin", 0.0) > clipping.get("rmax", float("inf")) or clipping.get("dmax", 0.0) < 0:
            raise ArgumentError(f"{self._label}: expected rmin <= rmax and dmax >= 0; received {clipping}; correct it")
        return dict(clipping)

    def build(self, input_shape: Any) -> None:
        """Make factors, terms and moving averages."""
        (axis,) = check_axes(self._label, self.axis, len(input_shape))
        channels = input_shape[axis]
        if channels is None:
            raise ShapeError(
                f"{self._label}: expected a known size along axis {self.axis}; received shape {tuple(input_shape)}; "
                "give the input a known size there"
            )
        self._make_weights((channels,), self.scale, self.center)
        self.moving_mean = self._statistic("moving_mean", channels, self.moving_mean_initializer)
        self.moving_variance = self._statistic("moving_variance", channels, self.moving_variance_initializer)
        if self.renorm:
            deviation = ops.sqrt(self.moving_variance.value)
            self.moving_stddev = self._statistic("moving_stddev", channels, "zeros")
            self.renorm_mean = self._statistic("renorm_mean", channels, "zeros")
            self.renorm_stddev = self._statistic("renorm_stddev", channels, "zeros")
            self.moving_stddev.assign(deviation)
            self.renorm_mean.assign(self.moving_mean.value)
            self.renorm_stddev.assign(deviation)
        self.input_spec = InputSpec(ndim=len(input_shape), axes={axis: channels})

    def _statistic(self, name: str, channels: int, initializer: Any) -> Any:
        return self.add_weight((channels,), name=name, initializer=initializer, trainable=False, autocast=False)

    def call(self, inputs: Any, training: Optional[bool] = None, mask: Any = None) -> Any:
        """Return the normalized inputs in the compute dtype."""
        if mask is not None and len(mask.shape) != len(inputs.shape) - 1:
            raise ShapeError(
                f"{self._label}: expected a mask with one axis less than the inputs {tuple(inputs.shape)}; received "
                f"shape {tuple(mask.shape)}"
            )
        x = ops.cast(inputs, "float64" if inputs.dtype == "float64" else "float32")
        gamma, beta, mean, variance = (
            None if weight is None else ops.cast(weight, x.dtype)
            for weight in (self.gamma, self.beta, self.moving_mean, self.moving_variance)
        )
        if not (training and self.trainable):
            y = ops.batch_normalization(x, mean, variance, self.axis, beta, gamma, self.epsilon)
        elif mask is None and not self.renorm:
            y, mean, variance = self._normalize(x, gamma, beta)
            self._move(mean, variance)
        else:
            mean, variance = self._moments(x, mask)
            if self.renorm:
                gamma, beta = self._corrected(mean, variance, gamma, beta)
                self._move_slowly(mean, variance)
            else:
                self._move(mean, variance)
            y = ops.batch_normalization(x, mean, variance, self.axis, beta, gamma, self.epsilon)
        return ops.cast(y, self.compute_dtype)

    def _normalize(self, x: Any, gamma: Any, beta: Any) -> tuple:
        """Normalize by the batch's own statistics; the engine has the channels last."""
        rank = len(x.shape)
        axis = self.axis % rank
        channels = (x.shape[axis],)
        gamma = ops.ones(channels, x.dtype) if gamma is None else gamma
        beta = ops.zeros(channels, x.dtype) if beta is None else beta
        if axis == rank - 1:
            return ops.batch_norm_training(x, gamma, beta, self.epsilon)
        y, mean, variance = ops.batch_norm_training(ops.moveaxis(x, axis, -1), gamma, beta, self.epsilon)
        return ops.moveaxis(y, -1, axis), mean, variance

    def _moments(self, x: Any, mask: Any) -> tuple:
        axes = [axis for axis in range(len(x.shape)) if axis != self.axis % len(x.shape)]
        if mask is None:
            return ops.moments(x, axes)
        shape = (x.shape[self.axis],)
        kept = ops.broadcast_to(ops.expand_dims(ops.cast(mask, "bool"), -1), x.shape)
        count = ops.sum(ops.cast(kept, x.dtype), axis=axes, keepdims=True) + config.epsilon()
        mean = ops.sum(ops.where(kept, x, 0), axis=axes, keepdims=True) / count
        squares = ops.square(ops.where(kept, x - mean, 0))
        variance = ops.sum(squares, axis=axes, keepdims=True) / count
        return ops.reshape(mean, shape), ops.reshape(variance, shape)

    @staticmethod
    def _blend(weight: Any, value: Any, momentum: float) -> Any:
        value = ops.cast(value, weight.dtype)
        return weight * momentum + value * (1.0 - momentum)

    def _move(self, mean: Any, variance: Any) -> None:
        self.moving_mean.assign(self._blend(self.moving_mean, ops.stop_gradient(mean), self.momentum))
        self.moving_variance.assign(self._blend(self.moving_variance, ops.stop_gradient(variance), self.momentum))

    def _corrected(self, mean: Any, variance: Any, gamma: Any, beta: Any) -> tuple:
        """Return factors and terms that hold the correction towards the slower averages."""
        clip = self.renorm_clipping or {}
        slow = ops.maximum(ops.cast(self.renorm_stddev, mean.dtype), self.epsilon**0.5)
        ratio = ops.sqrt(variance + self.epsilon) / slow
        shift = (mean - ops.cast(self.renorm_mean, mean.dtype)) / slow
        if clip.get("rmin") is not None:
            ratio = ops.maximum(ratio, clip["rmin"])
        if clip.get("rmax") is not None:
            ratio = ops.minimum(ratio, clip["rmax"])
        if clip.get("dmax") is not None:
            shift = ops.clip(shift, -clip["dmax"], clip["dmax"])
        ratio, shift = ops.stop_gradient(ratio), ops.stop_gradient(shift)
        if gamma is not None:
            ratio, shift = ratio * gamma, shift * gamma
        return ratio, shift if beta is None else shift + beta

    def _move_slowly(self, mean: Any, variance: Any) -> None:
        mean, variance = ops.stop_gradient(mean), ops.stop_gradient(variance)
        deviation = ops.sqrt(variance + self.epsilon)
        self.renorm_mean.assign(self._blend(self.renorm_mean, mean, self.renorm_momentum))
        self.renorm_stddev.assign(self._blend(self.renorm_stddev, deviation, self.renorm_momentum))
        self.moving_mean.assign(self._blend(self.moving_mean, mean, self.momentum))
        moved = self._blend(self.moving_stddev, deviation, self.momentum)
        self.moving_stddev.assign(moved)
        self.moving_variance.assign(ops.relu(moved * moved - self.epsilon))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            **self._affine_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "moving_mean_initializer": initializers.serialize(self.moving_mean_initializer),
            "moving_variance_initializer": initializers.serialize(self.moving_variance_initializer),
            "synchronized": self.synchronized,
            "renorm": self.renorm,
            "renorm_clipping": self.renorm_clipping,
            "renorm_momentum": self.renorm_momentum,
        }
