"""Area under a curve that is drawn by moving the threshold."""

from typing import Any, List, Optional

import numpy as np

from gradmill import config, errors, ops
from gradmill.losses import support
from gradmill.metrics import confusion
from gradmill.metrics.base import Metric

_COUNTS = ("true_positives", "false_positives", "true_negatives", "false_negatives")


class AUC(Metric):
    """Area under the ROC, precision-recall or precision-recall-gain curve, by sums over thresholds.

    Args:
        num_thresholds: how many thresholds, > 1, spread evenly over [0, 1].
        curve: "ROC", "PR" or "PRGAIN" (any case).
        summation_method: "interpolation" (trapezoids; for PR the interpolation of Davis and Goadrich), "minoring" or
            "majoring" (lower or upper steps).
        name, dtype: as in `Metric`.
        thresholds: the thresholds between 0 and 1 to use instead of `num_thresholds`.
        multi_label: keep the labels (last axis) apart and average their areas.
        num_labels: number of labels; builds the state at once instead of at the first update.
        label_weights: weights of the labels, in the average (multi_label) or of each prediction.
        from_logits: predictions have not been through a sigmoid.

    Raises:
        ArgumentError: an argument outside these values.
        ShapeError: at the update, predictions that do not fit.

    Reference: Fawcett, "An introduction to ROC analysis", 2006; Davis and Goadrich, "The relationship between
    precision-recall and ROC curves", 2006; Flach and Kull, "Precision-recall-gain curves", 2015.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.AUC(num_thresholds=3)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]))
        0.75
    """

    _direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: Optional[str] = None,
        dtype: Any = None,
        thresholds: Optional[List[float]] = None,
        multi_label: bool = False,
        num_labels: Optional[int] = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ):
        super().__init__(name=name, dtype=dtype)
        self.curve = support.checked_choice("AUC", "curve", _upper(curve), ("ROC", "PR", "PRGAIN"))
        self.summation_method = support.checked_choice(
            "AUC", "summation_method", _lower(summation_method), ("interpolation", "minoring", "majoring")
        )
        self._given_thresholds = None if thresholds is None else sorted(float(each) for each in thresholds)
        if thresholds is None:
            if num_thresholds <= 1:
                raise errors.ArgumentError(
                    f"AUC: num_thresholds must be an integer > 1; received {num_thresholds!r}; pass for example 200"
                )
            inner = [index / (num_thresholds - 1) for index in range(1, num_thresholds - 1)]
            self._evenly_spread = True
        else:
            inner = confusion.parse_thresholds("AUC", self._given_thresholds, 0.5)
            self._evenly_spread = confusion.are_evenly_spread([0.0, *inner, 1.0])
        # The ends stick out, so that every prediction is above the first and none above the last.
        self._thresholds = [0.0 - config.epsilon(), *inner, 1.0 + config.epsilon()]
        self.num_thresholds = len(self._thresholds)
        self.multi_label = multi_label
        self.num_labels = num_labels
        self.label_weights = None if label_weights is None else np.asarray(label_weights, dtype="float32")
        self.from_logits = from_logits
        self._built = False
        if num_labels and not multi_label:
            raise errors.ArgumentError("AUC: num_labels needs multi_label=True; received multi_label=False; set it")
        if not multi_label:
            self._build(())
        elif num_labels:
            self._build((num_labels,))

    @property
    def thresholds(self) -> List[float]:
        """All thresholds, the two ends included."""
        return list(self._thresholds)

    def _build(self, labels: tuple) -> None:
        for count in _COUNTS:
            setattr(self, count, self.add_variable((self.num_thresholds, *labels), name=count))
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch of targets (0 or 1) and predictions."""
        y_pred = ops.convert_to_tensor(y_pred)
        if self.multi_label and (len(y_pred.shape) != 2 or y_pred.shape[1] != (self.num_labels or y_pred.shape[1])):
            raise errors.ShapeError(
                f"AUC: y_pred must have shape (batch, {self.num_labels or 'labels'}) when multi_label=True; received "
                f"{tuple(y_pred.shape)}; reshape the predictions"
            )
        if not self._built:
            self._build((y_pred.shape[1],))
        if self.from_logits:
            y_pred = ops.sigmoid(y_pred)
        confusion.update_counts(
            self.name,
            {count: getattr(self, count) for count in _COUNTS},
            y_true,
            y_pred,
            self._thresholds,
            sample_weight=sample_weight,
            multi_label=self.multi_label,
            label_weights=None if self.multi_label else self.label_weights,
            evenly_spread=self._evenly_spread,
        )

    def result(self) -> Any:
        """Return the area."""
        if not self._built:
            return ops.convert_to_tensor(0.0, dtype=self.dtype)
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self._average(self._interpolated_precision_recall())
        x, y = self._curve_points()
        if self.summation_method == "interpolation":
            heights = (y[:-1] + y[1:]) / 2.0
        elif self.summation_method == "minoring":
            heights = ops.minimum(y[:-1], y[1:])
        else:
            heights = ops.maximum(y[:-1], y[1:])
        return self._average(ops.sum((x[:-1] - x[1:]) * heights, axis=0))

    def _average(self, areas: Any) -> Any:
        if not self.multi_label:
            return areas
        if self.label_weights is None:
            return ops.mean(areas)
        return ops.divide_no_nan(ops.sum(areas * self.label_weights), ops.sum(self.label_weights))

    def _curve_points(self) -> tuple:
        hits, wrong, rejected, missed = (ops.convert_to_tensor(getattr(self, count)) for count in _COUNTS)
        recall = ops.divide_no_nan(hits, hits + missed)
        if self.curve == "ROC":
            return ops.divide_no_nan(wrong, wrong + rejected), recall
        if self.curve == "PR":
            return recall, ops.divide_no_nan(hits, hits + wrong)
        scale = ops.divide_no_nan(hits + missed, rejected + wrong)
        nothing = ops.equal(hits, 0.0)
        recall_gain = ops.where(nothing, 0.0, 1.0 - scale * ops.divide_no_nan(missed, hits))
        precision_gain = ops.where(nothing, 1.0, 1.0 - scale * ops.divide_no_nan(wrong, hits))
        return ops.maximum(recall_gain, 0.0), precision_gain

    def _interpolated_precision_recall(self) -> Any:
        """Area when true positives grow linearly with predicted positives P between two thresholds.

        With tp = intercept + slope * P, the integral of tp / P over recall is
        slope * (dtp + intercept * log(P1 / P0)) / (true positives + false negatives).
        """
        hits, wrong, _, missed = (ops.convert_to_tensor(getattr(self, count)) for count in _COUNTS)
        predicted = hits + wrong
        gained = hits[:-1] - hits[1:]
        slope = ops.divide_no_nan(gained, ops.maximum(predicted[:-1] - predicted[1:], 0.0))
        intercept = hits[1:] - slope * predicted[1:]
        both = ops.logical_and(ops.greater(predicted[:-1], 0.0), ops.greater(predicted[1:], 0.0))
        ratio = ops.where(both, ops.divide_no_nan(predicted[:-1], predicted[1:]), 1.0)
        parts = ops.divide_no_nan(slope * (gained + intercept * ops.log(ratio)), hits[1:] + missed[1:])
        return ops.sum(parts, axis=0)

    def get_config(self) -> dict:
        """Return the arguments that make this metric again."""
        settings = {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": None if self.label_weights is None else self.label_weights.tolist(),
            "from_logits": self.from_logits,
        }
        if self._given_thresholds is not None:
            settings["thresholds"] = list(self._given_thresholds)
        return settings


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value
