"""Losses for real-valued targets."""

import math
from typing import Any, Optional

from gradmill import config, ops
from gradmill.losses.base import LossFunctionWrapper, convert_pair


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """Mean over the last axis of the squared differences.

    Args:
        y_true: targets, shape (batch, d0, .. dN).
        y_pred: predictions, same shape or one that broadcasts.

    Returns:
        Values of shape (batch, d0, .. dN-1).

    Raises:
        ShapeError: when the shapes do not broadcast.

    Example:
        >>> import gradmill as gm
        >>> gm.losses.mean_squared_error([[0.0, 2.0]], [[1.0, 2.0]]).numpy().tolist()
        [0.5]
    """
    y_true, y_pred = convert_pair("mean_squared_error", y_true, y_pred)
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """Mean over the last axis of the absolute differences.

    Args:
        y_true, y_pred: as in `mean_squared_error`.

    Returns:
        Values of the shape without the last axis.

    Example:
        >>> import gradmill as gm
        >>> gm.losses.mean_absolute_error([[0.0, 2.0]], [[1.0, 2.0]]).numpy().tolist()
        [0.5]
    """
    y_true, y_pred = convert_pair("mean_absolute_error", y_true, y_pred)
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """100 times the mean of `|y_true - y_pred| / max(|y_true|, epsilon)`.

    Args:
        y_true, y_pred: as in `mean_squared_error`.

    Returns:
        Values of the shape without the last axis.

    Example:
        >>> import gradmill as gm
        >>> gm.losses.mean_absolute_percentage_error([[1.0, 2.0]], [[1.0, 1.0]]).numpy().tolist()
        [25.0]
    """
    y_true, y_pred = convert_pair("mean_absolute_percentage_error", y_true, y_pred)
    difference = ops.abs((y_true - y_pred) / ops.maximum(ops.abs(y_true), config.epsilon()))
    return 100.0 * ops.mean(difference, axis=-1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of the squared differences of `log(max(y, epsilon) + 1)`.

    Args:
        y_true, y_pred: as in `mean_squared_error`.

    Returns:
        Values of the shape without the last axis.

    Example:
        >>> import gradmill as gm
        >>> gm.losses.mean_squared_logarithmic_error([[3.0, 2.0]], [[3.0, 2.0]]).numpy().tolist()
        [0.0]
    """
    y_true, y_pred = convert_pair("mean_squared_logarithmic_error", y_true, y_pred)
    log_pred = ops.log(ops.maximum(y_pred, config.epsilon()) + 1.0)
    log_true = ops.log(ops.maximum(y_true, config.epsilon()) + 1.0)
    return ops.mean(ops.square(log_pred - log_true), axis=-1)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Negative cosine of the angle between targets and predictions: -1 is alike, 0 orthogonal, 1 opposite.

    Args:
        y_true, y_pred: tensors of the same shape.
        axis: axis of the vectors.

    Returns:
        Values of the shape without `axis`.

    Example:
        >>> import gradmill as gm
        >>> gm.losses.cosine_similarity([[0.0, 2.0]], [[0.0, 4.0]]).numpy().tolist()
        [-1.0]
    """
    y_true, y_pred = convert_pair("cosine_similarity", y_true, y_pred)
    return -ops.sum(_unit_vectors(y_true, axis) * _unit_vectors(y_pred, axis), axis=axis)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """Half the squared error up to `delta`, linear beyond; mean over the last axis.

    Args:
        y_true, y_pred: as in `mean_squared_error`.
        delta: error at which the loss turns linear, > 0.

    Reference: Huber, "Robust estimation of a location parameter", 1964.

    Example:
        >>> import gradmill as gm
        >>> gm.losses.huber([[0.0, 0.0]], [[1.0, 3.0]]).numpy().tolist()
        [1.5]
    """
    y_true, y_pred = convert_pair("huber", y_true, y_pred)
    error = y_pred - y_true
    size = ops.abs(error)
    return ops.mean(ops.where(size <= delta, 0.5 * ops.square(error), delta * size - 0.5 * delta * delta), axis=-1)


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """Mean over the last axis of `log(cosh(y_pred - y_true))`, safe for large errors.

    Args:
        y_true, y_pred: as in `mean_squared_error`.

    Returns:
        Values of the shape without the last axis.

    Example:
        >>> import gradmill as gm
        >>> gm.losses.log_cosh([[1.0, 2.0]], [[1.0, 2.0]]).numpy().round(5).tolist()
        [0.0]
    """
    y_true, y_pred = convert_pair("log_cosh", y_true, y_pred)
    error = y_pred - y_true
    return ops.mean(error + ops.softplus(error * -2.0) - math.log(2.0), axis=-1)


def _unit_vectors(x: Any, axis: int) -> Any:
    inverse_norm = ops.rsqrt(ops.sum(ops.square(x), axis=axis, keepdims=True))
    return x * ops.minimum(inverse_norm, 1.0 / config.epsilon())


class MeanSquaredError(LossFunctionWrapper):
    """Mean of squared differences between targets and predictions.

    Args:
        reduction, name, dtype: as in `Loss`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.losses.MeanSquaredError()([[0.0, 2.0]], [[1.0, 2.0]]))
        0.5
    """

    _fixed_function = True

    def __init__(
        self,
        reduction: Optional[str] = "sum_over_batch_size",
        name: Optional[str] = "mean_squared_error",
        dtype: Any = None,
    ):
        super().__init__(mean_squared_error, reduction, name, dtype)


class MeanAbsoluteError(LossFunctionWrapper):
    """Mean of absolute differences between targets and predictions.

    Args:
        reduction, name, dtype: as in `Loss`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.losses.MeanAbsoluteError()([[0.0, 2.0]], [[1.0, 2.0]]))
        0.5
    """

    _fixed_function = True

    def __init__(
        self,
        reduction: Optional[str] = "sum_over_batch_size",
        name: Optional[str] = "mean_absolute_error",
        dtype: Any = None,
    ):
        super().__init__(mean_absolute_error, reduction, name, dtype)


class MeanAbsolutePercentageError(LossFunctionWrapper):
    """Mean of absolute differences in percent of the targets.

    Args:
        reduction, name, dtype: as in `Loss`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.losses.MeanAbsolutePercentageError()([[1.0, 2.0]], [[1.0, 1.0]]))
        25.0
    """

    _fixed_function = True

    def __init__(
        self,
        reduction: Optional[str] = "sum_over_batch_size",
        name: Optional[str] = "mean_absolute_percentage_error",
        dtype: Any = None,
    ):
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """Mean of squared differences of logarithms, for targets of very different sizes.

    Args:
        reduction, name, dtype: as in `Loss`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.losses.MeanSquaredLogarithmicError()([[3.0]], [[3.0]]))
        0.0
    """

    _fixed_function = True

    def __init__(
        self,
        reduction: Optional[str] = "sum_over_batch_size",
        name: Optional[str] = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ):
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)


class CosineSimilarity(LossFunctionWrapper):
    """Negative cosine of the angle between targets and predictions.

    Args:
        axis: axis of the vectors.
        reduction, name, dtype: as in `Loss`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.losses.CosineSimilarity()([[0.0, 2.0]], [[0.0, 4.0]]))
        -1.0
    """

    _fixed_function = True

    def __init__(
        self,
        axis: int = -1,
        reduction: Optional[str] = "sum_over_batch_size",
        name: Optional[str] = "cosine_similarity",
        dtype: Any = None,
    ):
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)


class Huber(LossFunctionWrapper):
    """Squared error near zero, absolute error beyond `delta`.

    Args:
        delta: error at which the loss turns linear, > 0.
        reduction, name, dtype: as in `Loss`.

    Reference: Huber, 1964.

    Example:
        >>> import gradmill as gm
        >>> float(gm.losses.Huber()([[0.0, 0.0]], [[1.0, 3.0]]))
        1.5
    """

    _fixed_function = True

    def __init__(
        self,
        delta: float = 1.0,
        reduction: Optional[str] = "sum_over_batch_size",
        name: Optional[str] = "huber_loss",
        dtype: Any = None,
    ):
        super().__init__(huber, reduction, name, dtype, delta=delta)


class LogCosh(LossFunctionWrapper):
    """Mean logarithm of the hyperbolic cosine of the errors.

    Args:
        reduction, name, dtype: as in `Loss`.

    Example:
        >>> import gradmill as gm
        >>> round(float(gm.losses.LogCosh()([[1.0]], [[1.0]])), 5)
        0.0
    """

    _fixed_function = True

    def __init__(
        self, reduction: Optional[str] = "sum_over_batch_size", name: Optional[str] = "log_cosh", dtype: Any = None
    ):
        super().__init__(log_cosh, reduction, name, dtype)
