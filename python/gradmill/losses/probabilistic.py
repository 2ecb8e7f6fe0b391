"""Losses between probabilities of independent events, and between distributions."""

from typing import Any, Optional

from gradmill import config, ops
from gradmill.losses.base import LossFunctionWrapper, convert_pair


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """Sum over the last axis of `y_true * log(y_true / y_pred)`, both clipped to [epsilon, 1].

    Args:
        y_true: target distributions, shape (batch, .., events).
        y_pred: predicted distributions, same shape.

    Raises:
        ShapeError: when the shapes do not broadcast.

    Reference: Kullback and Leibler, "On information and sufficiency", 1951.

    Example:
        >>> import gradmill as gm
        >>> gm.losses.kl_divergence([[0.5, 0.5]], [[0.5, 0.5]]).numpy().tolist()
        [0.0]
    """
    y_true, y_pred = convert_pair("kl_divergence", y_true, y_pred, squeeze=False)
    y_true = ops.clip(y_true, config.epsilon(), 1.0)
    y_pred = ops.clip(y_pred, config.epsilon(), 1.0)
    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Any:
    """Mean over the last axis of `y_pred - y_true * log(y_pred + epsilon)`, for counts.

    Args:
        y_true: counts, shape (batch, .., d).
        y_pred: predicted rates, > 0, same shape.

    Raises:
        ShapeError: when the shapes do not broadcast.

    Example:
        >>> import gradmill as gm
        >>> gm.losses.poisson([[0.0, 0.0]], [[1.0, 2.0]]).numpy().tolist()
        [1.5]
    """
    y_true, y_pred = convert_pair("poisson", y_true, y_pred, squeeze=False)
    return ops.mean(y_pred - y_true * ops.log(y_pred + config.epsilon()), axis=-1)


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """Mean over `axis` of the cross entropy of independent yes/no events.

    Args:
        y_true: targets in [0, 1], shape (batch, .., d).
        y_pred: probabilities, or logits when `from_logits`, same shape; a last axis of 1 may be missing in one of both.
        from_logits: True when `y_pred` has not been through a sigmoid.
        label_smoothing: in [0, 1]; targets move that far towards 0.5.
        axis: axis of the mean.

    Raises:
        ShapeError: when the shapes differ.

    Example:
        >>> import gradmill as gm
        >>> gm.losses.binary_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4).tolist()
        [0.6930999755859375]
    """
    y_true, y_pred = convert_pair("binary_crossentropy", y_true, y_pred, match="equal")
    y_true = _smooth_towards_half(y_true, label_smoothing)
    return ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits), axis=axis)


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Binary cross entropy weighted by `(1 - p)^gamma`, p the probability given to the truth.

    Args:
        y_true, y_pred, from_logits, label_smoothing, axis: as in `binary_crossentropy`.
        apply_class_balancing: weight class 1 by `alpha` and class 0 by `1 - alpha`.
        alpha: weight of class 1, in [0, 1].
        gamma: how strongly easy examples are played down, >= 0.

    Raises:
        ShapeError: when the shapes differ.

    Reference: Lin et al., "Focal loss for dense object detection", 2017.

    Example:
        >>> import gradmill as gm
        >>> gm.losses.binary_focal_crossentropy([[1.0]], [[0.5]]).numpy().round(3).tolist()
        [0.17299999296665192]
    """
    y_true, y_pred = convert_pair("binary_focal_crossentropy", y_true, y_pred, match="equal", squeeze=False)
    y_true = _smooth_towards_half(y_true, label_smoothing)
    if from_logits:
        y_pred = ops.sigmoid(y_pred)
    crossentropy = ops.binary_crossentropy(y_true, y_pred, from_logits=False)
    truth_probability = y_true * y_pred + (1.0 - y_true) * (1.0 - y_pred)
    values = ops.power(1.0 - truth_probability, gamma) * crossentropy
    if apply_class_balancing:
        values = (y_true * alpha + (1.0 - y_true) * (1.0 - alpha)) * values
    return ops.mean(values, axis=axis)


def _smooth_towards_half(y_true: Any, label_smoothing: float) -> Any:
    if not label_smoothing:
        return y_true
    return y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing


class KLDivergence(LossFunctionWrapper):
    """Divergence of the predicted distributions from the targets.

    Args:
        reduction, name, dtype: as in `Loss`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.losses.KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]]))
        0.0
    """

    _fixed_function = True

    def __init__(
        self, reduction: Optional[str] = "sum_over_batch_size", name: Optional[str] = "kl_divergence", dtype: Any = None
    ):
        super().__init__(kl_divergence, reduction, name, dtype)


class Poisson(LossFunctionWrapper):
    """Negative log likelihood of counts up to a constant.

    Args:
        reduction, name, dtype: as in `Loss`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.losses.Poisson()([[0.0, 0.0]], [[1.0, 2.0]]))
        1.5
    """

    _fixed_function = True

    def __init__(
        self, reduction: Optional[str] = "sum_over_batch_size", name: Optional[str] = "poisson", dtype: Any = None
    ):
        super().__init__(poisson, reduction, name, dtype)


class BinaryCrossentropy(LossFunctionWrapper):
    """Cross entropy of independent yes/no events.

    Args:
        from_logits: True when predictions have not been through a sigmoid.
        label_smoothing: in [0, 1]; targets move that far towards 0.5.
        axis: axis of the mean.
        reduction, name, dtype: as in `Loss`.

    Example:
        >>> import gradmill as gm
        >>> loss = gm.losses.BinaryCrossentropy(from_logits=True)
        >>> round(float(loss([[0.0, 1.0]], [[0.0, 0.0]])), 4)
        0.6931
    """

    _fixed_function = True

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Optional[str] = "sum_over_batch_size",
        name: Optional[str] = "binary_crossentropy",
        dtype: Any = None,
    ):
        arguments = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(binary_crossentropy, reduction, name, dtype, **arguments)


class BinaryFocalCrossentropy(LossFunctionWrapper):
    """Binary cross entropy that plays down examples already right.

    Args:
        apply_class_balancing: weight class 1 by `alpha` and class 0 by `1 - alpha`.
        alpha: weight of class 1, in [0, 1].
        gamma: how strongly easy examples are played down, >= 0.
        from_logits, label_smoothing, axis: as in `BinaryCrossentropy`.
        reduction, name, dtype: as in `Loss`.

    Reference: Lin et al., 2017.

    Example:
        >>> import gradmill as gm
        >>> round(float(gm.losses.BinaryFocalCrossentropy()([[1.0]], [[0.5]])), 3)
        0.173
    """

    _fixed_function = True

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Optional[str] = "sum_over_batch_size",
        name: Optional[str] = "binary_focal_crossentropy",
        dtype: Any = None,
    ):
        arguments = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        arguments.update(apply_class_balancing=apply_class_balancing, alpha=alpha, gamma=gamma)
        super().__init__(binary_focal_crossentropy, reduction, name, dtype, **arguments)
