"""Counts of hits and misses, precision, recall, and each at the best threshold that keeps another one high."""

from typing import Any, List, Optional

from gradmill import errors, ops
from gradmill.metrics import confusion
from gradmill.metrics.base import Metric

_ALL_COUNTS = ("true_positives", "false_positives", "true_negatives", "false_negatives")


class _ConfusionCount(Metric):
    """One of the four counts of the confusion matrix, per threshold."""

    _counted = ""

    def __init__(self, thresholds: Any = None, name: Optional[str] = None, dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.thresholds = confusion.parse_thresholds(type(self).__name__, thresholds, 0.5)
        self._evenly_spread = confusion.are_evenly_spread(self.thresholds)
        self.accumulator = self.add_variable((len(self.thresholds),), name="accumulator")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch of targets (0 or 1) and probabilities."""
        confusion.update_counts(
            self.name,
            {self._counted: self.accumulator},
            y_true,
            y_pred,
            self.thresholds,
            sample_weight=sample_weight,
            evenly_spread=self._evenly_spread,
        )

    def result(self) -> Any:
        """Return the count, one per threshold when there are several."""
        return self.accumulator[0] if len(self.thresholds) == 1 else ops.convert_to_tensor(self.accumulator)

    def get_config(self) -> dict:
        """Return the arguments that make this metric again."""
        return {**super().get_config(), "thresholds": self.init_thresholds}


class TruePositives(_ConfusionCount):
    """How many predictions above the threshold are right.

    Args:
        thresholds: a number in [0, 1] or a list of them; default 0.5.
        name, dtype: as in `Metric`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.TruePositives()([0, 1, 1, 1], [0.1, 0.9, 0.8, 0.2]))
        2.0
    """

    _counted = "true_positives"
    _direction = "up"


class FalsePositives(_ConfusionCount):
    """How many predictions above the threshold are wrong; arguments as in `TruePositives`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.FalsePositives()([0, 1, 0, 0], [0.1, 0.9, 0.8, 0.2]))
        1.0
    """

    _counted = "false_positives"
    _direction = "down"


class TrueNegatives(_ConfusionCount):
    """How many predictions at or below the threshold are right; arguments as in `TruePositives`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.TrueNegatives()([0, 1, 0, 0], [0.1, 0.9, 0.8, 0.2]))
        2.0
    """

    _counted = "true_negatives"
    _direction = "up"


class FalseNegatives(_ConfusionCount):
    """How many predictions at or below the threshold are wrong; arguments as in `TruePositives`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.FalseNegatives()([0, 1, 1, 1], [0.1, 0.9, 0.8, 0.2]))
        1.0
    """

    _counted = "false_negatives"
    _direction = "down"


class _CountRatio(Metric):
    """True positives over true positives plus another count."""

    _direction = "up"
    _other = ""

    def __init__(
        self,
        thresholds: Any = None,
        top_k: Optional[int] = None,
        class_id: Optional[int] = None,
        name: Optional[str] = None,
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.top_k = top_k
        self.class_id = class_id
        # With top_k alone, the k best predictions count whatever their size.
        default = 0.5 if top_k is None else confusion.LOWEST
        self.thresholds = confusion.parse_thresholds(type(self).__name__, thresholds, default)
        self._evenly_spread = confusion.are_evenly_spread(self.thresholds)
        shape = (len(self.thresholds),)
        self.true_positives = self.add_variable(shape, name="true_positives")
        setattr(self, self._other, self.add_variable(shape, name=self._other))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch of targets (0 or 1) and probabilities."""
        confusion.update_counts(
            self.name,
            {"true_positives": self.true_positives, self._other: getattr(self, self._other)},
            y_true,
            y_pred,
            self.thresholds,
            sample_weight=sample_weight,
            top_k=self.top_k,
            class_id=self.class_id,
            evenly_spread=self._evenly_spread,
        )

    def result(self) -> Any:
        """Return the ratio (0 where nothing was counted), one per threshold when there are several."""
        ratio = ops.divide_no_nan(self.true_positives, self.true_positives + getattr(self, self._other))
        return ratio[0] if len(self.thresholds) == 1 else ratio

    def get_config(self) -> dict:
        """Return the arguments that make this metric again."""
        arguments = {"thresholds": self.init_thresholds, "top_k": self.top_k, "class_id": self.class_id}
        return {**super().get_config(), **arguments}


class Precision(_CountRatio):
    """Share of the predictions above the threshold that are right.

    Args:
        thresholds: a number in [0, 1] or a list of them; default 0.5.
        top_k: only the `top_k` largest predictions of each sample may count; without `thresholds` all of these do.
        class_id: look at this class only.
        name, dtype: as in `Metric`.

    Raises:
        ArgumentError: thresholds outside [0, 1]; at the update also `top_k` or `class_id` that do not fit.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.Precision()([0, 1, 1, 1], [0.9, 0.9, 0.2, 0.2]))
        0.5
    """

    _other = "false_positives"


class Recall(_CountRatio):
    """Share of the true cases whose prediction is above the threshold; arguments as in `Precision`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.Recall()([0, 1, 1, 1, 1], [0.9, 0.9, 0.2, 0.2, 0.2]))
        0.25
    """

    _other = "false_negatives"


class _BestAtConstraint(Metric):
    """Largest value of one ratio over the thresholds at which another is at least `value`."""

    _direction = "up"
    # Name of the constructor's argument, and the two ratios: numerator and what is added below it.
    _argument = ""
    _constrained: tuple = ()
    _wanted: tuple = ()

    def __init__(
        self,
        value: float,
        num_thresholds: int = 200,
        class_id: Optional[int] = None,
        name: Optional[str] = None,
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        owner = type(self).__name__
        if not 0 <= value <= 1:
            raise errors.ArgumentError(
                f"{owner}: {self._argument} must be in [0, 1]; received {value!r}; pass such a one"
            )
        if num_thresholds <= 0:
            raise errors.ArgumentError(
                f"{owner}: num_thresholds must be an integer > 0; received {num_thresholds!r}; pass for example 200"
            )
        self.value = value
        self.num_thresholds = num_thresholds
        self.class_id = class_id
        setattr(self, self._argument, value)
        self.thresholds = even_thresholds(num_thresholds) if num_thresholds > 1 else [0.5]
        self._evenly_spread = num_thresholds > 2
        for count in _ALL_COUNTS:
            setattr(self, count, self.add_variable((len(self.thresholds),), name=count))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch of targets (0 or 1) and probabilities."""
        confusion.update_counts(
            self.name,
            {count: getattr(self, count) for count in _ALL_COUNTS},
            y_true,
            y_pred,
            self.thresholds,
            sample_weight=sample_weight,
            class_id=self.class_id,
            evenly_spread=self._evenly_spread,
        )

    def _ratio(self, counts: tuple) -> Any:
        hits, others = (getattr(self, count) for count in counts)
        return ops.divide_no_nan(ops.convert_to_tensor(hits), hits + others)

    def result(self) -> Any:
        """Return the largest value, 0 when no threshold meets the constraint."""
        feasible = ops.greater_equal(self._ratio(self._constrained), self.value)
        return ops.max(ops.where(feasible, self._ratio(self._wanted), 0.0))

    def get_config(self) -> dict:
        """Return the arguments that make this metric again."""
        arguments = {"class_id": self.class_id, "num_thresholds": self.num_thresholds, self._argument: self.value}
        return {**super().get_config(), **arguments}


class SensitivityAtSpecificity(_BestAtConstraint):
    """Best sensitivity (recall) at thresholds where specificity is at least the given one.

    Args:
        specificity: `true negatives / (true negatives + false positives)` asked for, in [0, 1].
        num_thresholds: how many evenly spread thresholds are tried.
        class_id: look at this class only.
        name, dtype: as in `Metric`.

    Raises:
        ArgumentError: numbers outside these ranges.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8]))
        0.5
    """

    _argument = "specificity"
    _constrained = ("true_negatives", "false_positives")
    _wanted = ("true_positives", "false_negatives")

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: Optional[int] = None,
        name: Optional[str] = None,
        dtype: Any = None,
    ):
        super().__init__(specificity, num_thresholds, class_id, name, dtype)


class SpecificityAtSensitivity(_BestAtConstraint):
    """Best specificity at thresholds where sensitivity (recall) is at least the given one.

    Args:
        sensitivity: `true positives / (true positives + false negatives)` asked for, in [0, 1].
        num_thresholds, class_id, name, dtype: as in `SensitivityAtSpecificity`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.SpecificityAtSensitivity(0.5)([0, 0, 1, 1], [0.0, 0.3, 0.2, 0.8]))
        1.0
    """

    _argument = "sensitivity"
    _constrained = ("true_positives", "false_negatives")
    _wanted = ("true_negatives", "false_positives")

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: Optional[int] = None,
        name: Optional[str] = None,
        dtype: Any = None,
    ):
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)


class PrecisionAtRecall(_BestAtConstraint):
    """Best precision at thresholds where recall is at least the given one.

    Args:
        recall: recall asked for, in [0, 1].
        num_thresholds, class_id, name, dtype: as in `SensitivityAtSpecificity`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.PrecisionAtRecall(0.5)([0, 0, 1, 1], [0.0, 0.3, 0.2, 0.8]))
        1.0
    """

    _argument = "recall"
    _constrained = ("true_positives", "false_negatives")
    _wanted = ("true_positives", "false_positives")

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: Optional[int] = None,
        name: Optional[str] = None,
        dtype: Any = None,
    ):
        super().__init__(recall, num_thresholds, class_id, name, dtype)


class RecallAtPrecision(_BestAtConstraint):
    """Best recall at thresholds where precision is at least the given one.

    Args:
        precision: precision asked for, in [0, 1].
        num_thresholds, class_id, name, dtype: as in `SensitivityAtSpecificity`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.RecallAtPrecision(0.8)([0, 0, 1, 1], [0.0, 0.3, 0.2, 0.8]))
        0.5
    """

    _argument = "precision"
    _constrained = ("true_positives", "false_positives")
    _wanted = ("true_positives", "false_negatives")

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: Optional[int] = None,
        name: Optional[str] = None,
        dtype: Any = None,
    ):
        super().__init__(precision, num_thresholds, class_id, name, dtype)


def even_thresholds(count: int) -> List[float]:
    """Return `count` >= 2 numbers from 0 to 1 at equal distances."""
    return [index / (count - 1) for index in range(count)]
