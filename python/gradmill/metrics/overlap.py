"""Overlap of predicted and true regions, class by class: intersection over union."""

from typing import Any, Optional, Sequence

from gradmill import config, errors, ops
from gradmill.metrics.base import Metric


class IoU(Metric):
    """Mean over the chosen classes of intersection over union.

    The state is the confusion matrix of all pixels seen; classes that never occurred do not count.

    Args:
        num_classes: number of classes.
        target_class_ids: the classes to average.
        name, dtype: as in `Metric`; the default dtype is int32 (weights are then cut to whole numbers).
        ignore_class: class number of pixels to leave out.
        sparse_y_true: targets are class numbers; False: scores or one-hot along `axis`.
        sparse_y_pred: predictions are class numbers; False: scores along `axis`.
        axis: axis of the classes where scores are given.

    Raises:
        ArgumentError: a target class outside [0, num_classes).
        ShapeError: targets and predictions of different size.

    Reference: Jaccard, "The distribution of the flora in the alpine zone", 1912.

    Example:
        >>> import gradmill as gm
        >>> round(float(gm.metrics.IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1])), 4)
        0.3333
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: Optional[str] = None,
        dtype: Any = None,
        ignore_class: Optional[int] = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ):
        super().__init__(name=name, dtype=dtype or "int32")
        wrong = [each for each in target_class_ids if not 0 <= each < num_classes]
        if wrong or not len(target_class_ids):
            raise errors.ArgumentError(
                f"{type(self).__name__}: target_class_ids must be in [0, {num_classes}); received "
                f"{list(target_class_ids)}; name existing classes"
            )
        self.num_classes = num_classes
        self.target_class_ids = list(target_class_ids)
        self.ignore_class = ignore_class
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis
        self.total_cm = self.add_variable((num_classes, num_classes), dtype=self.dtype, name="total_confusion_matrix")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add the pixels of one batch to the confusion matrix."""
        if not self.sparse_y_true:
            y_true = ops.argmax(y_true, axis=self.axis)
        if not self.sparse_y_pred:
            y_pred = ops.argmax(y_pred, axis=self.axis)
        y_true = ops.reshape(ops.cast(y_true, "int32"), (-1,))
        y_pred = ops.reshape(ops.cast(y_pred, "int32"), (-1,))
        if y_true.shape != y_pred.shape:
            raise errors.ShapeError(
                f"{self.name}: y_true and y_pred must have the same number of elements; received {y_true.shape[0]} and "
                f"{y_pred.shape[0]}; set sparse_y_true or sparse_y_pred to False where scores are given"
            )
        weight = ops.convert_to_tensor(1 if sample_weight is None else sample_weight, dtype=self.dtype)
        if len(weight.shape) > 1:
            weight = ops.reshape(weight, (-1,))
        weight = ops.broadcast_to(weight, y_true.shape)
        valid = ops.logical_and(self._in_range(y_true), self._in_range(y_pred))
        if self.ignore_class is not None:
            valid = ops.logical_and(valid, ops.not_equal(y_true, self.ignore_class))
        cell = ops.where(valid, y_true * self.num_classes + y_pred, 0)
        weight = ops.cast(ops.where(valid, weight, 0), self.dtype)
        matrix = ops.segment_sum(weight, cell, num_segments=self.num_classes * self.num_classes)
        self.total_cm.assign(self.total_cm + ops.reshape(matrix, self.total_cm.shape))

    def _in_range(self, classes: Any) -> Any:
        return ops.logical_and(ops.greater_equal(classes, 0), ops.less(classes, self.num_classes))

    def result(self) -> Any:
        """Return the mean over the target classes that occurred."""
        matrix = ops.cast(self.total_cm, "float32")
        hits = ops.sum(matrix * ops.eye(self.num_classes, dtype="float32"), axis=0)
        areas = ops.sum(matrix, axis=0) + ops.sum(matrix, axis=1)
        chosen = ops.convert_to_tensor(self.target_class_ids, dtype="int32")
        overlap, whole = self._parts(ops.take(hits, chosen, axis=0), ops.take(areas, chosen, axis=0))
        occurred = ops.greater(whole, 1e-9)
        share = ops.where(occurred, overlap / (whole + config.epsilon()), 0.0)
        return ops.sum(share) / (ops.sum(ops.cast(occurred, "float32")) + config.epsilon())

    def _parts(self, hits: Any, areas: Any) -> Any:
        """Return what is divided, from the common area of each class and the sum of both areas."""
        return hits, areas - hits

    def get_config(self) -> dict:
        """Return the arguments that make this metric again."""
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "target_class_ids": self.target_class_ids,
            "ignore_class": self.ignore_class,
            "sparse_y_true": self.sparse_y_true,
            "sparse_y_pred": self.sparse_y_pred,
            "axis": self.axis,
        }


class BinaryIoU(IoU):
    """Intersection over union of two classes, told apart by a threshold on one score.

    Args:
        target_class_ids: (0,), (1,) or (0, 1).
        threshold: at or above it a prediction is class 1.
        name, dtype: as in `IoU`.

    Example:
        >>> import gradmill as gm
        >>> round(float(gm.metrics.BinaryIoU(threshold=0.3)([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])), 4)
        0.3333
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: Optional[str] = None,
        dtype: Any = None,
    ):
        super().__init__(2, target_class_ids, name=name, dtype=dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add the pixels of one batch to the confusion matrix."""
        y_pred = ops.greater_equal(ops.convert_to_tensor(y_pred, dtype="float32"), self.threshold)
        super().update_state(y_true, y_pred, sample_weight)

    def get_config(self) -> dict:
        """Return the arguments that make this metric again."""
        return _only(super().get_config(), "target_class_ids", threshold=self.threshold)


class MeanIoU(IoU):
    """Mean over all classes of intersection over union.

    Args:
        num_classes: number of classes.
        name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis: as in `IoU`.

    Example:
        >>> import gradmill as gm
        >>> round(float(gm.metrics.MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1])), 4)
        0.3333
    """

    def __init__(
        self,
        num_classes: int,
        name: Optional[str] = None,
        dtype: Any = None,
        ignore_class: Optional[int] = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ):
        targets = range(num_classes)
        super().__init__(num_classes, targets, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def get_config(self) -> dict:
        """Return the arguments that make this metric again."""
        kept = ("num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")
        return _only(super().get_config(), *kept)


class OneHotIoU(IoU):
    """`IoU` for one-hot targets.

    Args:
        num_classes, target_class_ids, name, dtype, ignore_class, axis: as in `IoU`.
        sparse_y_pred: predictions are class numbers; default: scores.

    Example:
        >>> import gradmill as gm
        >>> metric = gm.metrics.OneHotIoU(num_classes=2, target_class_ids=[1])
        >>> round(float(metric([[0, 1], [1, 0]], [[0.2, 0.8], [0.9, 0.1]])), 4)
        1.0
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: Optional[str] = None,
        dtype: Any = None,
        ignore_class: Optional[int] = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ):
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict:
        """Return the arguments that make this metric again."""
        kept = ("num_classes", "target_class_ids", "ignore_class", "sparse_y_pred", "axis")
        return _only(super().get_config(), *kept)


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` for one-hot targets.

    Args:
        num_classes, name, dtype, ignore_class, axis: as in `MeanIoU`.
        sparse_y_pred: predictions are class numbers; default: scores.

    Example:
        >>> import gradmill as gm
        >>> metric = gm.metrics.OneHotMeanIoU(num_classes=2)
        >>> round(float(metric([[0, 1], [1, 0]], [[0.2, 0.8], [0.9, 0.1]])), 4)
        1.0
    """

    def __init__(
        self,
        num_classes: int,
        name: Optional[str] = None,
        dtype: Any = None,
        ignore_class: Optional[int] = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ):
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict:
        """Return the arguments that make this metric again."""
        return _only(super().get_config(), "num_classes", "ignore_class", "sparse_y_pred", "axis")


class Dice(IoU):
    """Twice the overlap over the sum of both areas, the mean over classes. Keras has it as a loss only.

    For one class and a single picture this is `2 * iou / (1 + iou)`; it is also called the F1 score.

    Args:
        num_classes: number of classes.
        target_class_ids: the classes to average; default: all.
        name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis: as in `IoU`.

    Raises:
        ArgumentError: a target class outside [0, num_classes).

    Reference: Dice, "Measures of the amount of ecologic association between species", 1945.

    Example:
        >>> import gradmill as gm
        >>> round(float(gm.metrics.Dice(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1])), 4)
        0.5
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Optional[Sequence[int]] = None,
        name: Optional[str] = None,
        dtype: Any = None,
        ignore_class: Optional[int] = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ):
        targets = range(num_classes) if target_class_ids is None else target_class_ids
        super().__init__(num_classes, targets, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def _parts(self, hits: Any, areas: Any) -> Any:
        return 2.0 * hits, areas


def _only(settings: dict, *names: str, **more: Any) -> dict:
    kept = {key: value for key, value in settings.items() if key in ("name", "dtype", *names)}
    return {**kept, **more}
