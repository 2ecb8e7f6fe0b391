"""Errors of real-valued predictions, averaged over all batches."""

from typing import Any, Optional

from gradmill import config, errors, losses, ops
from gradmill.losses.base import convert_pair, squeeze_or_expand_to_same_rank
from gradmill.metrics.base import Mean, MeanMetricWrapper, Metric


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Cosine of the angle between targets and predictions: 1 is alike (the loss of that name is its negative).

    Args:
        y_true, y_pred: tensors of the same shape.
        axis: axis of the vectors.
    """
    return -losses.cosine_similarity(y_true, y_pred, axis=axis)


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Pearson's correlation of targets and predictions along `axis`.

    Args:
        y_true, y_pred: tensors of the same shape.
        axis: axis of the samples that are correlated.

    Reference: Pearson, "Note on regression and inheritance in the case of two parents", 1895.
    """
    y_true, y_pred = convert_pair("pearson_correlation", y_true, y_pred)
    return ops.mean(_standardized(y_true, axis) * _standardized(y_pred, axis), axis=axis)


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Lin's concordance of targets and predictions along `axis`: correlation that also punishes shift and scale.

    Args:
        y_true, y_pred: tensors of the same shape.
        axis: axis of the samples that are compared.

    Reference: Lin, "A concordance correlation coefficient to evaluate reproducibility", 1989.
    """
    y_true, y_pred = convert_pair("concordance_correlation", y_true, y_pred)
    true_mean = ops.mean(y_true, axis=axis, keepdims=True)
    pred_mean = ops.mean(y_pred, axis=axis, keepdims=True)
    spread = ops.var(y_true, axis=axis, keepdims=True) + ops.var(y_pred, axis=axis, keepdims=True)
    together = (y_true - pred_mean) * (y_pred - pred_mean)
    norm = spread + ops.square(true_mean - pred_mean) + config.epsilon()
    return ops.mean(2.0 * together / norm, axis=axis)


def _standardized(x: Any, axis: int) -> Any:
    centered = x - ops.mean(x, axis=axis, keepdims=True)
    return centered / ops.std(centered, axis=axis, keepdims=True)


class MeanSquaredError(MeanMetricWrapper):
    """Mean squared error.

    Args:
        name, dtype: as in `Metric`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.MeanSquaredError()([[0.0, 2.0]], [[1.0, 2.0]]))
        0.5
    """

    _fixed_function = True

    def __init__(self, name: Optional[str] = "mean_squared_error", dtype: Any = None):
        super().__init__(losses.mean_squared_error, name, dtype)


class MeanAbsoluteError(MeanMetricWrapper):
    """Mean absolute error.

    Args:
        name, dtype: as in `Metric`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.MeanAbsoluteError()([[0.0, 2.0]], [[1.0, 2.0]]))
        0.5
    """

    _fixed_function = True

    def __init__(self, name: Optional[str] = "mean_absolute_error", dtype: Any = None):
        super().__init__(losses.mean_absolute_error, name, dtype)


class MeanAbsolutePercentageError(MeanMetricWrapper):
    """Mean absolute error in percent of the targets.

    Args:
        name, dtype: as in `Metric`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.MeanAbsolutePercentageError()([[1.0, 2.0]], [[1.0, 1.0]]))
        25.0
    """

    _fixed_function = True

    def __init__(self, name: Optional[str] = "mean_absolute_percentage_error", dtype: Any = None):
        super().__init__(losses.mean_absolute_percentage_error, name, dtype)


class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """Mean squared error of logarithms.

    Args:
        name, dtype: as in `Metric`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.MeanSquaredLogarithmicError()([[3.0]], [[3.0]]))
        0.0
    """

    _fixed_function = True

    def __init__(self, name: Optional[str] = "mean_squared_logarithmic_error", dtype: Any = None):
        super().__init__(losses.mean_squared_logarithmic_error, name, dtype)


class RootMeanSquaredError(Mean):
    """Square root of the mean squared error over all batches.

    Args:
        name, dtype: as in `Metric`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.RootMeanSquaredError()([[0.0, 0.0]], [[2.0, 2.0]]))
        2.0
    """

    _direction = "down"

    def __init__(self, name: Optional[str] = "root_mean_squared_error", dtype: Any = None):
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take in one batch of targets and predictions."""
        y_pred = ops.convert_to_tensor(y_pred, dtype=self.dtype)
        y_true, y_pred = convert_pair(self.name, y_true, y_pred)
        super().update_state(ops.square(y_pred - y_true), sample_weight)

    def result(self) -> Any:
        """Return the root of the mean."""
        return ops.sqrt(super().result())


class CosineSimilarity(MeanMetricWrapper):
    """Mean cosine of the angle between targets and predictions.

    Args:
        name, dtype: as in `Metric`.
        axis: axis of the vectors.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.CosineSimilarity()([[0.0, 2.0]], [[0.0, 4.0]]))
        1.0
    """

    _fixed_function = True
    _direction = "up"

    def __init__(self, name: Optional[str] = "cosine_similarity", dtype: Any = None, axis: int = -1):
        super().__init__(cosine_similarity, name, dtype, axis=axis)


class LogCoshError(MeanMetricWrapper):
    """Mean logarithm of the hyperbolic cosine of the errors.

    Args:
        name, dtype: as in `Metric`.

    Example:
        >>> import gradmill as gm
        >>> round(float(gm.metrics.LogCoshError()([[1.0]], [[1.0]])), 5)
        0.0
    """

    _fixed_function = True

    def __init__(self, name: Optional[str] = "logcosh", dtype: Any = None):
        super().__init__(losses.log_cosh, name, dtype)


class PearsonCorrelation(MeanMetricWrapper):
    """Mean Pearson correlation.

    Args:
        name, dtype: as in `Metric`.
        axis: axis of the samples that are correlated.

    Example:
        >>> import gradmill as gm
        >>> round(float(gm.metrics.PearsonCorrelation()([[0.0, 1.0, 2.0]], [[1.0, 3.0, 5.0]])), 4)
        1.0
    """

    _fixed_function = True
    _direction = "up"

    def __init__(self, name: Optional[str] = "pearson_correlation", dtype: Any = None, axis: int = -1):
        super().__init__(pearson_correlation, name, dtype, axis=axis)


class ConcordanceCorrelation(MeanMetricWrapper):
    """Mean concordance correlation.

    Args:
        name, dtype: as in `Metric`.
        axis: axis of the samples that are compared.

    Example:
        >>> import gradmill as gm
        >>> round(float(gm.metrics.ConcordanceCorrelation()([[0.0, 1.0, 2.0]], [[0.0, 1.0, 2.0]])), 4)
        1.0
    """

    _fixed_function = True
    _direction = "up"

    def __init__(self, name: Optional[str] = "concordance_correlation", dtype: Any = None, axis: int = -1):
        super().__init__(concordance_correlation, name, dtype, axis=axis)


class R2Score(Metric):
    """Coefficient of determination: 1 is perfect, 0 as good as always predicting the mean.

    Args:
        class_aggregation: "uniform_average", "variance_weighted_average", or None for one score per output.
        num_regressors: number of independent variables for the adjusted score; 0 gives the plain one. The plain one
            is also returned while there are not more samples than `num_regressors + 1`.
        name, dtype: as in `Metric`.

    Raises:
        ArgumentError: an unknown aggregation or a negative number.
        ShapeError: targets or predictions that are not (batch, outputs).

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])).__round__(4)
        0.5714
    """

    _direction = "up"

    def __init__(
        self,
        class_aggregation: Optional[str] = "uniform_average",
        num_regressors: int = 0,
        name: Optional[str] = "r2_score",
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        if class_aggregation not in (None, "uniform_average", "variance_weighted_average"):
            raise errors.ArgumentError(
                "R2Score: class_aggregation must be None, 'uniform_average' or 'variance_weighted_average'; "
                f"received {class_aggregation!r}; pass one of these"
            )
        if num_regressors < 0:
            raise errors.ArgumentError(f"R2Score: num_regressors must be >= 0; received {num_regressors!r}; pass 0")
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_variable((), name="num_samples")
        self._built = False

    def _build(self, y_true_shape: tuple, y_pred_shape: tuple) -> None:
        if len(y_pred_shape) != 2 or len(y_true_shape) != 2 or y_pred_shape[-1] != y_true_shape[-1]:
            raise errors.ShapeError(
                f"R2Score: y_true and y_pred must have shape (batch, outputs); received y_true {tuple(y_true_shape)} "
                f"and y_pred {tuple(y_pred_shape)}; reshape them"
            )
        shape = (y_pred_shape[-1],)
        self.squared_sum = self.add_variable(shape, name="squared_sum")
        self.sum = self.add_variable(shape, name="sum")
        self.total_mse = self.add_variable(shape, name="residual")
        self.count = self.add_variable(shape, name="count")
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch of targets and predictions."""
        y_true = ops.convert_to_tensor(y_true, dtype=self.dtype)
        y_pred = ops.convert_to_tensor(y_pred, dtype=self.dtype)
        y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
        if not self._built:
            self._build(tuple(y_true.shape), tuple(y_pred.shape))
        weight = ops.convert_to_tensor(1.0 if sample_weight is None else sample_weight, dtype=self.dtype)
        if len(weight.shape) == 1:
            weight = ops.expand_dims(weight, axis=1)
        weight = ops.broadcast_to(weight, y_true.shape)
        self.sum.assign(self.sum + ops.sum(y_true * weight, axis=0))
        self.squared_sum.assign(self.squared_sum + ops.sum(y_true * y_true * weight, axis=0))
        self.total_mse.assign(self.total_mse + ops.sum(ops.square(y_true - y_pred) * weight, axis=0))
        self.count.assign(self.count + ops.sum(weight, axis=0))
        self.num_samples.assign(self.num_samples + float(y_true.shape[0] * y_true.shape[1]))

    def result(self) -> Any:
        """Return the score."""
        if not self._built:
            return ops.convert_to_tensor(0.0, dtype=self.dtype)
        total = self.squared_sum - self.sum * (self.sum / self.count)
        scores = 1.0 - self.total_mse / total
        scores = ops.where(ops.isinf(scores), 0.0, scores)
        if self.class_aggregation == "uniform_average":
            score = ops.mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            score = ops.sum(total * scores) / ops.sum(total)
        else:
            score = scores
        if self.num_regressors == 0:
            return score
        freedom = self.num_samples - float(self.num_regressors) - 1.0
        enough = ops.greater(freedom, 0.0)
        adjusted = 1.0 - (1.0 - score) * (self.num_samples - 1.0) / ops.where(enough, freedom, 1.0)
        return ops.where(enough, adjusted, score)

    def get_config(self) -> dict:
        """Return the arguments that make this metric again."""
        arguments = {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
        return {**super().get_config(), **arguments}
