"""Counting hits and misses at thresholds: the part that all confusion metrics share.

A prediction counts as positive at threshold t when it is greater than t. The state of a metric holds one count per
threshold (and per label). Two ways of counting give the same numbers:

* few or uneven thresholds: every prediction is compared with every threshold, T comparisons per prediction;
* thresholds spread evenly over [0, 1]: each prediction falls into one bucket between two thresholds, so one pass adds
  up the weights per bucket, and the count at threshold k is the sum of the buckets above it.
"""

import math
from typing import Any, List, Mapping, Optional, Sequence

import numpy as np

from gradmill import config, errors, ops
from gradmill.losses.base import squeeze_or_expand_to_same_rank
from gradmill.variable import Variable

# Stands for "smaller than every score" where only the top k predictions count.
LOWEST = -1e10


def parse_thresholds(owner: str, thresholds: Any, default: float) -> List[float]:
    """Return the thresholds as a list of floats, or `[default]` for None.

    Raises:
        ArgumentError: a threshold outside [0, 1].
    """
    if thresholds is None:
        return [default]
    values = list(thresholds) if isinstance(thresholds, (list, tuple, np.ndarray)) else [thresholds]
    wrong = [value for value in values if value is None or not 0 <= value <= 1]
    if wrong or not values:
        raise errors.ArgumentError(
            f"{owner}: thresholds must be numbers in [0, 1]; received {thresholds!r}; pass for example 0.5"
        )
    return [float(value) for value in values]


def are_evenly_spread(thresholds: Sequence[float]) -> bool:
    """True when there are at least three thresholds and they divide [0, 1] into equal parts."""
    count = len(thresholds)
    if count < 3:
        return False
    return bool(np.allclose(thresholds, np.arange(count, dtype=np.float32) / (count - 1), atol=config.epsilon()))


def update_counts(
    owner: str,
    variables: Mapping[str, Variable],
    y_true: Any,
    y_pred: Any,
    thresholds: Sequence[float],
    sample_weight: Any = None,
    top_k: Optional[int] = None,
    class_id: Optional[int] = None,
    multi_label: bool = False,
    label_weights: Any = None,
    evenly_spread: bool = False,
) -> None:
    """Add one batch to the counts.

    Args:
        owner: name for messages.
        variables: any of "true_positives", "false_positives", "true_negatives", "false_negatives" with the variable
            of shape (thresholds,), or (thresholds, labels) when `multi_label`.
        y_true: 0 or 1, shape (batch, ..).
        y_pred: probabilities, same shape.
        thresholds: ascending numbers.
        sample_weight: None or weights of shape (batch,) or (batch, ..).
        top_k: only the `top_k` largest predictions of each sample may count as positive.
        class_id: look at this class only.
        multi_label: keep the labels (last axis) apart.
        label_weights: None or one weight per label.
        evenly_spread: the thresholds divide [0, 1] evenly (the two ends may stick out a little).

    Raises:
        ShapeError: when targets and predictions do not fit.
        ArgumentError: when `class_id` or `top_k` does not fit the predictions.
    """
    dtype = next(iter(variables.values())).dtype
    y_true, y_pred = ops.cast(y_true, dtype), ops.cast(y_pred, dtype)
    y_pred, y_true = squeeze_or_expand_to_same_rank(y_pred, y_true)
    if tuple(y_true.shape) != tuple(y_pred.shape):
        raise errors.ShapeError(
            f"{owner}: y_true must have the shape of y_pred; received y_true {tuple(y_true.shape)} and y_pred "
            f"{tuple(y_pred.shape)}; use one-hot targets"
        )
    weight = None
    if sample_weight is not None:
        weight = ops.expand_dims(ops.cast(sample_weight, dtype), -1)
        _, weight = squeeze_or_expand_to_same_rank(y_true, weight, expand_rank_1=False)
    if top_k is not None:
        y_pred = _keep_top_k(owner, y_pred, top_k)
    if class_id is not None:
        y_true, y_pred = _one_class(owner, y_true, class_id), _one_class(owner, y_pred, class_id)
    shape = tuple(y_pred.shape)
    if weight is not None:
        weight = ops.broadcast_to(weight, shape)
    if label_weights is not None:
        label_weights = ops.broadcast_to(ops.expand_dims(ops.cast(label_weights, dtype), 0), shape)
        weight = label_weights if weight is None else weight * label_weights
    positive = ops.cast(ops.not_equal(y_true, 0), dtype)
    # One row per sample and one column per label that is counted apart.
    columns = shape[-1] if multi_label else 1
    flat = (math.prod(shape) // columns if columns else 0, columns)
    positive, y_pred = ops.reshape(positive, flat), ops.reshape(y_pred, flat)
    weight = None if weight is None else ops.reshape(weight, flat)
    true_weight = positive if weight is None else positive * weight
    false_weight = 1.0 - positive if weight is None else (1.0 - positive) * weight
    count = _count_in_buckets if evenly_spread else _count_by_comparison
    true_positives, false_positives = count(true_weight, false_weight, y_pred, thresholds)
    found = {"true_positives": true_positives, "false_positives": false_positives}
    if "false_negatives" in variables:
        found["false_negatives"] = ops.sum(true_weight, axis=0, keepdims=True) - true_positives
    if "true_negatives" in variables:
        found["true_negatives"] = ops.sum(false_weight, axis=0, keepdims=True) - false_positives
    for name, variable in variables.items():
        variable.assign(variable + ops.reshape(found[name], variable.shape))


def _count_by_comparison(true_weight: Any, false_weight: Any, y_pred: Any, thresholds: Sequence[float]) -> tuple:
    limits = ops.reshape(ops.convert_to_tensor(list(thresholds), dtype=y_pred.dtype), (-1, 1, 1))
    above = ops.cast(ops.greater(ops.expand_dims(y_pred, 0), limits), y_pred.dtype)
    return ops.sum(above * true_weight, axis=1), ops.sum(above * false_weight, axis=1)


def _count_in_buckets(true_weight: Any, false_weight: Any, y_pred: Any, thresholds: Sequence[float]) -> tuple:
    # Bucket b holds the predictions in ((b - 1) / (T - 1), b / (T - 1)]; bucket 0 those that are at most 0.
    # With ends that stick out, as AUC has them, a prediction of 0 is above the first threshold: bucket 1.
    parts = len(thresholds) - 1
    columns = y_pred.shape[1]
    buckets = ops.ceil(ops.clip(y_pred, 0.0, 1.0) * float(parts))
    if thresholds[0] < 0.0 or thresholds[-1] > 1.0:
        buckets = ops.maximum(buckets, 1.0)
    buckets = ops.cast(buckets, "int32")
    size = parts + 2
    if columns > 1:
        buckets = buckets + ops.reshape(ops.arange(columns, dtype="int32") * size, (1, columns))
    buckets = ops.reshape(buckets, (-1,))

    def above(weight: Any) -> Any:
        sums = ops.segment_sum(ops.reshape(weight, (-1,)), buckets, num_segments=size * columns)
        sums = ops.flip(ops.reshape(sums, (columns, size)), axis=1)
        return ops.transpose(ops.flip(ops.cumsum(sums, axis=1), axis=1))[1:]

    return above(true_weight), above(false_weight)


def _keep_top_k(owner: str, y_pred: Any, k: int) -> Any:
    classes = y_pred.shape[-1]
    if not 0 < k <= classes:
        raise errors.ArgumentError(
            f"{owner}: top_k must be between 1 and the number of classes {classes}; received {k}; pass a smaller one"
        )
    _, best = ops.top_k(y_pred, k)
    kept = ops.sum(ops.one_hot(best, classes, dtype=y_pred.dtype), axis=-2)
    return y_pred * kept + LOWEST * (1.0 - kept)


def _one_class(owner: str, tensor: Any, class_id: int) -> Any:
    shape = tuple(tensor.shape)
    if len(shape) < 2 or not 0 <= class_id < shape[-1]:
        raise errors.ArgumentError(
            f"{owner}: class_id {class_id} needs predictions of shape (batch, classes) with more classes; received "
            f"{shape}; pass a class within it"
        )
    return tensor[..., class_id : class_id + 1]
