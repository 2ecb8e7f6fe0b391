"""Losses for one class out of many."""

import warnings
from typing import Any, Optional, Tuple

from gradmill import config, errors, ops
from gradmill.losses.base import LossFunctionWrapper, convert_pair, mark_function


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """Cross entropy between target and predicted class distributions.

    Args:
        y_true: target probabilities (one-hot or soft), shape (batch, .., classes).
        y_pred: probabilities (scaled to sum to one), or logits when `from_logits`, same shape.
        from_logits: True when `y_pred` has not been through a softmax.
        label_smoothing: in [0, 1]; targets move that far towards the uniform distribution.
        axis: axis of the classes.

    Returns:
        Values of the shape without `axis`.

    Raises:
        ShapeError: when the shapes differ.

    Example:
        >>> import gradmill as gm
        >>> gm.losses.categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4).tolist()
        [0.6930999755859375]
    """
    y_true, y_pred = _categorical_pair("categorical_crossentropy", y_true, y_pred, label_smoothing, axis)
    return ops.categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Cross entropy weighted by `alpha * (1 - p)^gamma`, p the predicted probability of each class.

    Args:
        y_true, y_pred, from_logits, label_smoothing, axis: as in `categorical_crossentropy`.
        alpha: weight of all classes, or one weight per class.
        gamma: how strongly easy examples are played down, >= 0.

    Raises:
        ShapeError: when the shapes differ.

    Reference: Lin et al., "Focal loss for dense object detection", 2017.

    Example:
        >>> import gradmill as gm
        >>> gm.losses.categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(3).tolist()
        [0.0430000014603138]
    """
    y_true, y_pred = _categorical_pair("categorical_focal_crossentropy", y_true, y_pred, label_smoothing, axis)
    if from_logits:
        y_pred = ops.softmax(y_pred, axis=axis)
    probability = y_pred / ops.sum(y_pred, axis=axis, keepdims=True)
    probability = ops.clip(probability, config.epsilon(), 1.0 - config.epsilon())
    weight = ops.power(1.0 - probability, gamma) * alpha
    return -ops.sum(weight * y_true * ops.log(probability), axis=axis)


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: Optional[int] = None, axis: int = -1
) -> Any:
    """Cross entropy where the targets are class numbers.

    Args:
        y_true: class numbers in [0, classes), the shape of `y_pred` without `axis` (or with size 1 there).
        y_pred: probabilities, or logits when `from_logits`, shape (batch, .., classes).
        from_logits: True when `y_pred` has not been through a softmax.
        ignore_class: a class number whose samples give the value 0.
        axis: axis of the classes.

    Returns:
        Values of the shape of `y_pred` without `axis`.

    Raises:
        ShapeError: when the shapes do not fit.

    Example:
        >>> import gradmill as gm
        >>> gm.losses.sparse_categorical_crossentropy([1], [[0.5, 0.5]]).numpy().round(4).tolist()
        [0.6930999755859375]
    """
    return _sparse_values_and_mask(y_true, y_pred, from_logits, ignore_class, axis)[0]


def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float = 0.5) -> Any:
    """`(1 - p^q) / q`, p the probability given to the true class: a cross entropy that tolerates wrong labels.

    Args:
        y_true: class numbers, shape (batch, ..).
        y_pred: probabilities, shape (batch, .., classes).
        q: in (0, 1); near 0 it is the cross entropy, near 1 the absolute error.

    Reference: Zhang and Sabuncu, "Generalized cross entropy loss", 2018.

    Example:
        >>> import gradmill as gm
        >>> gm.losses.categorical_generalized_cross_entropy([1], [[0.75, 0.25]]).numpy().tolist()
        [1.0]
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = _class_numbers("categorical_generalized_cross_entropy", y_true, y_pred, -1)
    probability = ops.sum(y_pred * ops.one_hot(y_true, y_pred.shape[-1], dtype=y_pred.dtype), axis=-1)
    return (1.0 - ops.power(probability, q)) / q


def _categorical_pair(name: str, y_true: Any, y_pred: Any, label_smoothing: float, axis: int) -> Tuple[Any, Any]:
    _check_axis(name, axis)
    y_true, y_pred = convert_pair(name, y_true, y_pred, match="equal", squeeze=False)
    classes = y_pred.shape[axis]
    if classes == 1:
        warnings.warn(
            f"{name}: y_pred {tuple(y_pred.shape)} has one class, so the loss is constant; "
            "use binary_crossentropy for yes/no targets",
            SyntaxWarning,
            stacklevel=3,
        )
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + label_smoothing / classes
    return y_true, y_pred


def _check_axis(name: str, axis: Any) -> None:
    if isinstance(axis, bool) or not isinstance(axis, int):
        raise errors.ArgumentError(f"{name}: axis must be an integer; received {axis!r}; pass for example axis=-1")


def _class_numbers(name: str, y_true: Any, y_pred: Any, axis: int) -> Any:
    y_true = ops.convert_to_tensor(y_true)
    rank = len(y_pred.shape)
    if rank == 0:
        raise errors.ShapeError(f"{name}: y_pred needs an axis of classes; received shape (); pass (batch, classes)")
    if not -rank <= axis < rank:
        raise errors.ArgumentError(
            f"{name}: axis must be within the rank of y_pred {tuple(y_pred.shape)}; received {axis}; pass axis=-1"
        )
    if len(y_true.shape) == rank and y_true.shape[axis] == 1:
        y_true = ops.squeeze(y_true, axis=axis)
    expected = tuple(size for i, size in enumerate(y_pred.shape) if i != axis % rank)
    received = tuple(y_true.shape)
    if len(received) != len(expected) or any(a != b for a, b in zip(received, expected) if None not in (a, b)):
        raise errors.ShapeError(
            f"{name}: y_true must hold one class number per prediction, shape {expected}; received y_true {received} "
            f"and y_pred {tuple(y_pred.shape)}; for one-hot targets use categorical_crossentropy"
        )
    if y_true.dtype not in ("int32", "int64"):
        y_true = ops.cast(y_true, "int32")
    return y_true


def _sparse_values_and_mask(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: Optional[int] = None, axis: int = -1
) -> Tuple[Any, Optional[Any]]:
    name = "sparse_categorical_crossentropy"
    _check_axis(name, axis)
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = _class_numbers(name, y_true, y_pred, axis)
    rank = len(y_pred.shape)
    if axis % rank != rank - 1:
        order = [i for i in range(rank) if i != axis % rank] + [axis % rank]
        y_pred = ops.transpose(y_pred, order)
    valid = None
    if ignore_class is not None:
        valid = ops.not_equal(y_true, ignore_class)
        y_true = ops.where(valid, y_true, 0)
        # Ignored rows may hold anything, NaN too: they are replaced before the logarithm, not after.
        y_pred = ops.where(ops.expand_dims(valid, -1), y_pred, 0.0)
    values = ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=-1)
    if valid is not None:
        values = ops.where(valid, values, 0.0)
    return values, valid


mark_function(sparse_categorical_crossentropy, integer_targets=True, values_and_mask=_sparse_values_and_mask)
mark_function(categorical_generalized_cross_entropy, integer_targets=True)


class CategoricalCrossentropy(LossFunctionWrapper):
    """Cross entropy between target and predicted class distributions.

    Args:
        from_logits: True when predictions have not been through a softmax.
        label_smoothing: in [0, 1]; targets move that far towards the uniform distribution.
        axis: axis of the classes.
        reduction, name, dtype: as in `Loss`.

    Example:
        >>> import gradmill as gm
        >>> loss = gm.losses.CategoricalCrossentropy(from_logits=True)
        >>> round(float(loss([[0.0, 1.0]], [[3.0, 3.0]])), 4)
        0.6931
    """

    _fixed_function = True

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Optional[str] = "sum_over_batch_size",
        name: Optional[str] = "categorical_crossentropy",
        dtype: Any = None,
    ):
        arguments = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(categorical_crossentropy, reduction, name, dtype, **arguments)


class CategoricalFocalCrossentropy(LossFunctionWrapper):
    """Categorical cross entropy that plays down examples already right.

    Args:
        alpha: weight of all classes, or one weight per class.
        gamma: how strongly easy examples are played down, >= 0.
        from_logits, label_smoothing, axis: as in `CategoricalCrossentropy`.
        reduction, name, dtype: as in `Loss`.

    Reference: Lin et al., 2017.

    Example:
        >>> import gradmill as gm
        >>> round(float(gm.losses.CategoricalFocalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 3)
        0.043
    """

    _fixed_function = True

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Optional[str] = "sum_over_batch_size",
        name: Optional[str] = "categorical_focal_crossentropy",
        dtype: Any = None,
    ):
        arguments = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        arguments.update(alpha=alpha, gamma=gamma)
        super().__init__(categorical_focal_crossentropy, reduction, name, dtype, **arguments)


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """Cross entropy where the targets are class numbers.

    Args:
        from_logits: True when predictions have not been through a softmax.
        ignore_class: class number whose samples count neither in the sum nor in the mean.
        reduction, name, dtype: as in `Loss`.
        axis: axis of the classes.

    Example:
        >>> import gradmill as gm
        >>> loss = gm.losses.SparseCategoricalCrossentropy(from_logits=True)
        >>> round(float(loss([1], [[3.0, 3.0]])), 4)
        0.6931
    """

    _fixed_function = True

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: Optional[int] = None,
        reduction: Optional[str] = "sum_over_batch_size",
        axis: int = -1,
        name: Optional[str] = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ):
        arguments = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(sparse_categorical_crossentropy, reduction, name, dtype, **arguments)


class CategoricalGeneralizedCrossEntropy(LossFunctionWrapper):
    """Cross entropy for class numbers of which some are wrong.

    Args:
        q: in (0, 1); near 0 it is the cross entropy, near 1 the absolute error.
        reduction, name, dtype: as in `Loss`.

    Raises:
        ArgumentError: when `q` is not between 0 and 1.

    Reference: Zhang and Sabuncu, 2018.

    Example:
        >>> import gradmill as gm
        >>> float(gm.losses.CategoricalGeneralizedCrossEntropy()([1], [[0.75, 0.25]]))
        1.0
    """

    _fixed_function = True

    def __init__(
        self,
        q: float = 0.5,
        reduction: Optional[str] = "sum_over_batch_size",
        name: Optional[str] = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ):
        if not 0 < q < 1:
            raise errors.ArgumentError(f"{name}: q must be between 0 and 1; received {q!r}; pass for example q=0.5")
        super().__init__(categorical_generalized_cross_entropy, reduction, name, dtype, q=q)
