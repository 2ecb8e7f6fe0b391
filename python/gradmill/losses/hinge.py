"""Losses that ask for a margin: targets are -1 or 1 (0 and 1 are turned into them)."""

from typing import Any, Optional

from gradmill import ops
from gradmill.losses.base import LossFunctionWrapper, convert_pair


def hinge(y_true: Any, y_pred: Any) -> Any:
    """Mean over the last axis of `max(1 - y_true * y_pred, 0)`.

    Args:
        y_true: targets -1 or 1; a batch that holds only 0 and 1 is turned into -1 and 1.
        y_pred: scores, same shape.

    Returns:
        Values of the shape without the last axis.

    Raises:
        ShapeError: when the shapes do not broadcast.

    Reference: Cortes and Vapnik, "Support-vector networks", 1995.

    Example:
        >>> import gradmill as gm
        >>> gm.losses.hinge([[-1.0, 1.0]], [[0.5, 1.0]]).numpy().tolist()
        [0.75]
    """
    y_true, y_pred = convert_pair("hinge", y_true, y_pred, squeeze=False)
    return ops.mean(ops.maximum(1.0 - _signed_labels(y_true) * y_pred, 0.0), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """Mean over the last axis of `max(1 - y_true * y_pred, 0)` squared.

    Args:
        y_true, y_pred: as in `hinge`.

    Returns:
        Values of the shape without the last axis.

    Example:
        >>> import gradmill as gm
        >>> gm.losses.squared_hinge([[-1.0, 1.0]], [[1.0, 1.0]]).numpy().tolist()
        [2.0]
    """
    y_true, y_pred = convert_pair("squared_hinge", y_true, y_pred, squeeze=False)
    return ops.mean(ops.square(ops.maximum(1.0 - _signed_labels(y_true) * y_pred, 0.0)), axis=-1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """`max(wrong - right + 1, 0)`: score of the true class against the best wrong one.

    Args:
        y_true: one-hot targets, shape (batch, .., classes).
        y_pred: scores, same shape.

    Example:
        >>> import gradmill as gm
        >>> gm.losses.categorical_hinge([[0.0, 1.0]], [[0.5, 0.25]]).numpy().tolist()
        [1.25]
    """
    y_true, y_pred = convert_pair("categorical_hinge", y_true, y_pred, squeeze=False)
    right = ops.sum(y_true * y_pred, axis=-1)
    wrong = ops.max((1.0 - y_true) * y_pred, axis=-1)
    return ops.maximum(wrong - right + 1.0, 0.0)


def _signed_labels(y_true: Any) -> Any:
    is_binary = ops.all(ops.logical_or(ops.equal(y_true, 0), ops.equal(y_true, 1)))
    return ops.where(is_binary, 2.0 * y_true - 1.0, y_true)


class Hinge(LossFunctionWrapper):
    """Margin loss `max(1 - y_true * y_pred, 0)`.

    Args:
        reduction, name, dtype: as in `Loss`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.losses.Hinge()([[-1.0, 1.0]], [[0.5, 1.0]]))
        0.75
    """

    _fixed_function = True

    def __init__(
        self, reduction: Optional[str] = "sum_over_batch_size", name: Optional[str] = "hinge", dtype: Any = None
    ):
        super().__init__(hinge, reduction, name, dtype)


class SquaredHinge(LossFunctionWrapper):
    """Squared margin loss.

    Args:
        reduction, name, dtype: as in `Loss`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.losses.SquaredHinge()([[-1.0, 1.0]], [[1.0, 1.0]]))
        2.0
    """

    _fixed_function = True

    def __init__(
        self, reduction: Optional[str] = "sum_over_batch_size", name: Optional[str] = "squared_hinge", dtype: Any = None
    ):
        super().__init__(squared_hinge, reduction, name, dtype)


class CategoricalHinge(LossFunctionWrapper):
    """Margin loss between the true class and the best wrong one.

    Args:
        reduction, name, dtype: as in `Loss`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.losses.CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.25]]))
        1.25
    """

    _fixed_function = True

    def __init__(
        self,
        reduction: Optional[str] = "sum_over_batch_size",
        name: Optional[str] = "categorical_hinge",
        dtype: Any = None,
    ):
        super().__init__(categorical_hinge, reduction, name, dtype)
