"""Means of precision and recall."""

from typing import Any, Optional

from gradmill import config, errors, ops
from gradmill.losses import support
from gradmill.metrics.base import Metric


class FBetaScore(Metric):
    """Weighted harmonic mean of precision and recall, per class or averaged.

    Args:
        average: None (one score per class), "micro" (over all classes together), "macro" (mean of the classes) or
            "weighted" (mean weighted by how often each class is true).
        beta: weight of recall against precision, > 0.
        threshold: above it a prediction counts, in (0, 1]; None: the largest prediction of each sample counts.
        name, dtype: as in `Metric`.

    Raises:
        ArgumentError: an argument outside these values.
        ShapeError: targets or predictions that are not (batch, classes).

    Reference: van Rijsbergen, "Information retrieval", 1979.

    Example:
        >>> import gradmill as gm
        >>> metric = gm.metrics.FBetaScore(beta=2.0, threshold=0.5, average="micro")
        >>> round(float(metric([[1, 1, 1], [1, 0, 0]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6]])), 3)
        0.5
    """

    _direction = "up"

    def __init__(
        self,
        average: Optional[str] = None,
        beta: float = 1.0,
        threshold: Optional[float] = None,
        name: Optional[str] = "fbeta_score",
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        support.checked_choice("FBetaScore", "average", average, (None, "micro", "macro", "weighted"))
        if not isinstance(beta, float) or beta <= 0.0:
            raise errors.ArgumentError(f"FBetaScore: beta must be a float > 0; received {beta!r}; pass for example 1.0")
        if threshold is not None and (not isinstance(threshold, float) or not 0.0 < threshold <= 1.0):
            raise errors.ArgumentError(
                f"FBetaScore: threshold must be a float in (0, 1] or None; received {threshold!r}; pass for example 0.5"
            )
        self.average = average
        self.beta = beta
        self.threshold = threshold
        self._axis = None if average == "micro" else 0
        self._built = False

    def _build(self, y_true_shape: tuple, y_pred_shape: tuple) -> None:
        if len(y_pred_shape) != 2 or len(y_true_shape) != 2 or y_true_shape[-1] != y_pred_shape[-1]:
            raise errors.ShapeError(
                f"{self.name}: y_true and y_pred must have shape (batch, classes); received y_true {y_true_shape} and "
                f"y_pred {y_pred_shape}; use one-hot targets"
            )
        shape = () if self.average == "micro" else (y_pred_shape[-1],)
        self.true_positives = self.add_variable(shape, dtype=self.dtype, name="true_positives")
        self.false_positives = self.add_variable(shape, dtype=self.dtype, name="false_positives")
        self.false_negatives = self.add_variable(shape, dtype=self.dtype, name="false_negatives")
        self.intermediate_weights = self.add_variable(shape, dtype=self.dtype, name="intermediate_weights")
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch of targets and predictions."""
        y_true = ops.convert_to_tensor(y_true, dtype=self.dtype)
        y_pred = ops.convert_to_tensor(y_pred, dtype=self.dtype)
        if not self._built:
            self._build(tuple(y_true.shape), tuple(y_pred.shape))
        if self.threshold is None:
            largest = ops.max(y_pred, axis=-1, keepdims=True)
            chosen = ops.logical_and(ops.greater_equal(y_pred, largest), ops.greater(ops.abs(y_pred), 1e-9))
        else:
            chosen = ops.greater(y_pred, self.threshold)
        chosen = ops.cast(chosen, self.dtype)
        weight = None
        if sample_weight is not None:
            weight = ops.expand_dims(ops.convert_to_tensor(sample_weight, dtype=self.dtype), 1)

        def add(variable: Any, values: Any) -> None:
            values = values if weight is None else values * weight
            variable.assign(variable + ops.sum(values, axis=self._axis))

        add(self.true_positives, chosen * y_true)
        add(self.false_positives, chosen * (1.0 - y_true))
        add(self.false_negatives, (1.0 - chosen) * y_true)
        add(self.intermediate_weights, y_true)

    def result(self) -> Any:
        """Return the score, one per class when `average` is None."""
        if not self._built:
            return ops.convert_to_tensor(0.0, dtype=self.dtype)
        precision = self.true_positives / (self.true_positives + self.false_positives + config.epsilon())
        recall = self.true_positives / (self.true_positives + self.false_negatives + config.epsilon())
        square = self.beta**2
        score = precision * recall / (square * precision + recall + config.epsilon()) * (1.0 + square)
        if self.average == "weighted":
            share = self.intermediate_weights / (ops.sum(self.intermediate_weights) + config.epsilon())
            return ops.sum(score * share)
        return score if self.average is None else ops.mean(score)

    def get_config(self) -> dict:
        """Return the arguments that make this metric again."""
        arguments = {"average": self.average, "beta": self.beta, "threshold": self.threshold}
        return {**super().get_config(), **arguments}


class F1Score(FBetaScore):
    """Harmonic mean of precision and recall; arguments as in `FBetaScore` with `beta = 1`.

    Args:
        average, threshold, name, dtype: as in `FBetaScore`.

    Example:
        >>> import gradmill as gm
        >>> metric = gm.metrics.F1Score(threshold=0.5, average="micro")
        >>> round(float(metric([[1, 1, 1], [1, 0, 0]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6]])), 3)
        0.5
    """

    def __init__(
        self,
        average: Optional[str] = None,
        threshold: Optional[float] = None,
        name: Optional[str] = "f1_score",
        dtype: Any = None,
    ):
        super().__init__(average=average, beta=1.0, threshold=threshold, name=name, dtype=dtype)

    def get_config(self) -> dict:
        """Return the arguments that make this metric again."""
        settings = super().get_config()
        del settings["beta"]
        return settings
