"""Losses on the overlap of regions, and on distances between embeddings."""

from typing import Any, Optional, Tuple

from gradmill import config, errors, ops
from gradmill.losses.base import LossFunctionWrapper, convert_pair, mark_function


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """One minus twice the overlap over the sum of both areas.

    Args:
        y_true: masks in [0, 1], shape (batch, ..).
        y_pred: probabilities, same shape.
        axis: axes over which areas are summed; None sums over everything, the batch too.

    Returns:
        A scalar, or values of the shape without `axis`.

    Raises:
        ShapeError: when the shapes do not broadcast.

    Reference: Milletari et al., "V-Net", 2016.

    Example:
        >>> import gradmill as gm
        >>> round(float(gm.losses.dice([[1.0, 1.0]], [[1.0, 1.0]])), 4)
        0.0
    """
    y_true, y_pred = convert_pair("dice", y_true, y_pred, squeeze=False)
    overlap = ops.sum(y_true * y_pred, axis=axis)
    return 1.0 - 2.0 * overlap / (ops.sum(y_true, axis=axis) + ops.sum(y_pred, axis=axis) + config.epsilon())


def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Any:
    """One minus `overlap / (overlap + alpha * missed + beta * invented)`; `alpha = beta = 0.5` is `dice`.

    Args:
        y_true, y_pred, axis: as in `dice`.
        alpha: weight of `y_true * (1 - y_pred)`.
        beta: weight of `(1 - y_true) * y_pred`.

    Raises:
        ShapeError: when the shapes do not broadcast.

    Reference: Salehi et al., "Tversky loss function for image segmentation", 2017.

    Example:
        >>> import gradmill as gm
        >>> round(float(gm.losses.tversky([[1.0, 1.0]], [[1.0, 1.0]])), 4)
        0.0
    """
    y_true, y_pred = convert_pair("tversky", y_true, y_pred, squeeze=False)
    overlap = ops.sum(y_true * y_pred, axis=axis)
    missed = ops.sum(y_true * (1.0 - y_pred), axis=axis)
    invented = ops.sum((1.0 - y_true) * y_pred, axis=axis)
    return 1.0 - overlap / (overlap + alpha * missed + beta * invented + config.epsilon())


def jaccard(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """One minus intersection over union: the overlap over what either covers.

    Args:
        y_true, y_pred, axis: as in `dice`.

    Returns:
        A scalar, or values of the shape without `axis`.

    Raises:
        ShapeError: when the shapes do not broadcast.

    Reference: Rahman and Wang, "Optimizing intersection-over-union in deep neural networks", 2016.

    Example:
        >>> import gradmill as gm
        >>> round(float(gm.losses.jaccard([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])), 4)
        0.5
    """
    y_true, y_pred = convert_pair("jaccard", y_true, y_pred, squeeze=False)
    overlap = ops.sum(y_true * y_pred, axis=axis)
    union = ops.sum(y_true, axis=axis) + ops.sum(y_pred, axis=axis) - overlap
    return 1.0 - overlap / (union + config.epsilon())


def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80.0,
    margin: float = 0.4,
) -> Any:
    """Loss on cosine distances between embeddings of the same and of different labels.

    Args:
        y_true: labels, shape (batch,) or (batch, 1).
        y_pred: embeddings of length one, shape (batch, d).
        ref_labels, ref_embeddings: what to compare with; default: the batch itself.
        remove_diagonal: leave out each sample's distance to itself.
        gamma: scale.
        margin: how far apart the two groups should be, in [0, 1].

    Returns:
        Values of shape (batch,).

    Reference: Sun et al., "Circle loss", 2020.

    Example:
        >>> import gradmill as gm
        >>> values = gm.losses.circle([0, 0, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        >>> values.shape
        (3,)
    """
    return _circle_values_and_mask(y_true, y_pred, ref_labels, ref_embeddings, remove_diagonal, gamma, margin)[0]


def _circle_values_and_mask(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80.0,
    margin: float = 0.4,
) -> Tuple[Any, Any]:
    y_pred = ops.convert_to_tensor(y_pred)
    if len(y_pred.shape) != 2:
        raise errors.ShapeError(
            f"circle: y_pred must have shape (batch, embedding); received {tuple(y_pred.shape)}; flatten the embeddings"
        )
    y_true = ops.reshape(ops.cast(y_true, "int32"), (-1, 1))
    references = y_pred if ref_embeddings is None else ops.convert_to_tensor(ref_embeddings, dtype=y_pred.dtype)
    labels = y_true if ref_labels is None else ops.reshape(ops.cast(ref_labels, "int32"), (-1, 1))
    if y_true.shape[0] != y_pred.shape[0] or labels.shape[0] != references.shape[0]:
        raise errors.ShapeError(
            f"circle: one label per embedding expected; received {y_true.shape[0]} labels for y_pred "
            f"{tuple(y_pred.shape)} and {labels.shape[0]} for the reference {tuple(references.shape)}; make them equal"
        )
    same = ops.equal(y_true, ops.transpose(labels))
    different = ops.logical_not(same)
    if remove_diagonal:
        itself = ops.cast(ops.eye(y_true.shape[0], labels.shape[0]), "bool")
        same = ops.logical_and(same, ops.logical_not(itself))
    distance = ops.maximum(1.0 - ops.matmul(y_pred, ops.transpose(references)), 0.0)
    positive = -gamma * (margin + distance) * (margin - distance)
    negative = gamma * ops.maximum(1.0 + margin - distance, 0.0) * (1.0 - margin - distance)
    positive = ops.logsumexp(ops.where(same, positive, float("-inf")), axis=1)
    negative = ops.logsumexp(ops.where(different, negative, float("-inf")), axis=1)
    values = ops.softplus(positive + negative)
    return values, ops.greater(values, 0.0)


mark_function(circle, integer_targets=True, values_and_mask=_circle_values_and_mask)


class Dice(LossFunctionWrapper):
    """Overlap loss for segmentation.

    Args:
        reduction, name, dtype: as in `Loss`.
        axis: axes over which areas are summed; None sums over everything, the batch too.

    Reference: Milletari et al., 2016.

    Example:
        >>> import gradmill as gm
        >>> round(float(gm.losses.Dice()([[1.0, 0.0]], [[0.0, 1.0]])), 4)
        1.0
    """

    _fixed_function = True

    def __init__(
        self,
        reduction: Optional[str] = "sum_over_batch_size",
        name: Optional[str] = "dice",
        axis: Any = None,
        dtype: Any = None,
    ):
        super().__init__(dice, reduction, name, dtype, axis=axis)


class Jaccard(LossFunctionWrapper):
    """Intersection over union as a loss for segmentation. Keras does not have it.

    Args:
        reduction, name, dtype: as in `Loss`.
        axis: axes over which areas are summed; None sums over everything, the batch too.

    Reference: Rahman and Wang, 2016.

    Example:
        >>> import gradmill as gm
        >>> round(float(gm.losses.Jaccard(axis=-1)([[1.0, 1.0], [1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]])), 4)
        0.25
    """

    _fixed_function = True

    def __init__(
        self,
        reduction: Optional[str] = "sum_over_batch_size",
        name: Optional[str] = "jaccard",
        axis: Any = None,
        dtype: Any = None,
    ):
        super().__init__(jaccard, reduction, name, dtype, axis=axis)


class Tversky(LossFunctionWrapper):
    """Overlap loss that weighs missed and invented area differently.

    Args:
        alpha: weight of missed area.
        beta: weight of invented area.
        reduction, name, dtype: as in `Loss`.
        axis: axes over which areas are summed; None sums over everything, the batch too.

    Reference: Salehi et al., 2017.

    Example:
        >>> import gradmill as gm
        >>> round(float(gm.losses.Tversky()([[1.0, 0.0]], [[0.0, 1.0]])), 4)
        1.0
    """

    _fixed_function = True

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: Optional[str] = "sum_over_batch_size",
        name: Optional[str] = "tversky",
        axis: Any = None,
        dtype: Any = None,
    ):
        super().__init__(tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)


class Circle(LossFunctionWrapper):
    """Loss on distances between embeddings of the same and of different labels.

    Args:
        gamma: scale.
        margin: how far apart the two groups should be, in [0, 1].
        remove_diagonal: leave out each sample's distance to itself.
        reduction, name, dtype: as in `Loss`.

    Reference: Sun et al., 2020.

    Example:
        >>> import gradmill as gm
        >>> loss = gm.losses.Circle(gamma=1.0)
        >>> float(loss([0, 0, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])) > 0
        True
    """

    _fixed_function = True

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: Optional[str] = "sum_over_batch_size",
        name: Optional[str] = "circle",
        dtype: Any = None,
    ):
        super().__init__(circle, reduction, name, dtype, gamma=gamma, margin=margin, remove_diagonal=remove_diagonal)
