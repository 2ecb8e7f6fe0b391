"""How often predictions are right."""

from typing import Any, Optional

from gradmill import config, errors, ops
from gradmill.losses.base import convert_pair
from gradmill.metrics.base import MeanMetricWrapper


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where `y_true == y_pred`, else 0, element by element.

    Args:
        y_true: targets.
        y_pred: predictions, broadcast against the targets.

    Returns:
        tensor of 0 and 1.

    Example:
        >>> import gradmill as gm
        >>> gm.metrics.accuracy([1, 2, 3], [1, 2, 0]).numpy().tolist()
        [1.0, 1.0, 0.0]
    """
    y_true, y_pred = convert_pair("accuracy", y_true, y_pred)
    return ops.cast(ops.equal(y_true, y_pred), config.floatx())


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """1 where `y_pred > threshold` is what `y_true` (0 or 1) says, element by element.

    Args:
        y_true: 0 or 1, shape (batch, ..).
        y_pred: probabilities, same shape.
        threshold: above it a prediction counts as 1.

    Raises:
        ShapeError: when the shapes do not broadcast.

    Example:
        >>> import gradmill as gm
        >>> gm.metrics.binary_accuracy([[1], [0]], [[0.9], [0.8]]).numpy().tolist()
        [[1.0], [0.0]]
    """
    y_true, y_pred = convert_pair("binary_accuracy", y_true, y_pred)
    return ops.cast(ops.equal(y_true, ops.cast(ops.greater(y_pred, threshold), y_true.dtype)), config.floatx())


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is at the largest target, over the last axis.

    Args:
        y_true: one-hot targets, shape (batch, .., classes).
        y_pred: scores, same shape.

    Returns:
        Values of the shape without the last axis.

    Raises:
        ShapeError: when the shapes do not match.

    Example:
        >>> import gradmill as gm
        >>> gm.metrics.categorical_accuracy([[0, 1], [1, 0]], [[0.1, 0.9], [0.2, 0.8]]).numpy().tolist()
        [1.0, 0.0]
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.argmax(y_true, axis=-1)
    return _class_matches("categorical_accuracy", y_true, y_pred)


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is at the class that `y_true` names.

    Args:
        y_true: class numbers, shape (batch, ..) or (batch, .., 1).
        y_pred: scores, shape (batch, .., classes).

    Returns:
        Values of shape (batch, ..).

    Raises:
        ShapeError: when the shapes do not fit.

    Example:
        >>> import gradmill as gm
        >>> gm.metrics.sparse_categorical_accuracy([1, 0], [[0.1, 0.9], [0.2, 0.8]]).numpy().tolist()
        [1.0, 0.0]
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.convert_to_tensor(y_true)
    if len(y_true.shape) == len(y_pred.shape) and y_true.shape[-1] == 1:
        y_true = ops.squeeze(y_true, axis=-1)
    matches = _class_matches("sparse_categorical_accuracy", y_true, y_pred)
    if len(matches.shape) > 1 and matches.shape[-1] == 1:
        matches = ops.squeeze(matches, axis=-1)
    return matches


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the true class is among the `k` best scores.

    Args:
        y_true: one-hot targets, shape (batch, .., classes).
        y_pred: scores, same shape.
        k: how many of the best scores count.

    Example:
        >>> import gradmill as gm
        >>> gm.metrics.top_k_categorical_accuracy([[0, 0, 1]], [[0.5, 0.2, 0.3]], k=2).numpy().tolist()
        [1.0]
    """
    y_pred = ops.convert_to_tensor(y_pred)
    return _top_k_matches("top_k_categorical_accuracy", ops.argmax(y_true, axis=-1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Any:
    """1 where the class that `y_true` names is among the `k` best scores.

    Args:
        y_true: class numbers, shape (batch, ..).
        y_pred: scores, shape (batch, .., classes); or class numbers, best first, when `from_sorted_ids`.
        k: how many of the best count.
        from_sorted_ids: see `y_pred`.

    Example:
        >>> import gradmill as gm
        >>> gm.metrics.sparse_top_k_categorical_accuracy([2], [[0.5, 0.2, 0.3]], k=2).numpy().tolist()
        [1.0]
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.convert_to_tensor(y_true)
    if not from_sorted_ids:
        return _top_k_matches("sparse_top_k_categorical_accuracy", y_true, y_pred, k)
    _check_class_shape("sparse_top_k_categorical_accuracy", y_true, y_pred)
    found = ops.equal(ops.expand_dims(y_true, -1), y_pred[..., :k])
    return ops.cast(ops.any(found, axis=-1), config.floatx())


def _check_class_shape(name: str, y_true: Any, y_pred: Any) -> None:
    expected, received = tuple(y_pred.shape)[:-1], tuple(y_true.shape)
    if (
        len(y_pred.shape) == 0
        or len(received) != len(expected)
        or any(a != b for a, b in zip(received, expected) if None not in (a, b))
    ):
        raise errors.ShapeError(
            f"{name}: y_true must name one class per prediction, shape {expected}; received y_true {received} and "
            f"y_pred {tuple(y_pred.shape)}; reshape the targets"
        )


def _class_matches(name: str, y_true: Any, y_pred: Any) -> Any:
    # Class numbers stay integers: a float32 holds them exactly only up to 2^24.
    _check_class_shape(name, y_true, y_pred)
    return ops.cast(ops.equal(y_true, ops.argmax(y_pred, axis=-1)), config.floatx())


def _top_k_matches(name: str, y_true: Any, y_pred: Any, k: int) -> Any:
    if len(y_true.shape) == len(y_pred.shape) and y_true.shape[-1] == 1:
        y_true = ops.squeeze(y_true, axis=-1)
    _check_class_shape(name, y_true, y_pred)
    shape = tuple(y_true.shape)
    y_true = ops.cast(y_true, "int32")
    if len(shape) != 1:
        y_true = ops.reshape(y_true, (-1,))
        y_pred = ops.reshape(y_pred, (-1, y_pred.shape[-1]))
    matches = ops.cast(ops.in_top_k(y_true, y_pred, k=k), config.floatx())
    return matches if len(shape) == 1 else ops.reshape(matches, shape)


class Accuracy(MeanMetricWrapper):
    """Share of predictions equal to their targets.

    Args:
        name, dtype: as in `Metric`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.Accuracy()([1, 2, 3, 4], [1, 2, 3, 0]))
        0.75
    """

    _fixed_function = True
    _direction = "up"

    def __init__(self, name: Optional[str] = "accuracy", dtype: Any = None):
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """Share of yes/no predictions that are right.

    Args:
        name, dtype: as in `Metric`.
        threshold: above it a prediction counts as 1.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.BinaryAccuracy()([[1], [0]], [[0.9], [0.8]]))
        0.5
    """

    _fixed_function = True
    _direction = "up"

    def __init__(self, name: Optional[str] = "binary_accuracy", dtype: Any = None, threshold: float = 0.5):
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """Share of samples whose best score is at the one-hot target.

    Args:
        name, dtype: as in `Metric`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.CategoricalAccuracy()([[0, 1], [1, 0]], [[0.1, 0.9], [0.2, 0.8]]))
        0.5
    """

    _fixed_function = True
    _direction = "up"

    def __init__(self, name: Optional[str] = "categorical_accuracy", dtype: Any = None):
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """Share of samples whose best score is at the class that the target names.

    Args:
        name, dtype: as in `Metric`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.SparseCategoricalAccuracy()([1, 0], [[0.1, 0.9], [0.2, 0.8]]))
        0.5
    """

    _fixed_function = True
    _direction = "up"

    def __init__(self, name: Optional[str] = "sparse_categorical_accuracy", dtype: Any = None):
        super().__init__(sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """Share of samples whose one-hot target is among the `k` best scores.

    Args:
        k: how many of the best scores count.
        name, dtype: as in `Metric`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.TopKCategoricalAccuracy(k=2)([[0, 0, 1]], [[0.5, 0.2, 0.3]]))
        1.0
    """

    _fixed_function = True
    _direction = "up"

    def __init__(self, k: int = 5, name: Optional[str] = "top_k_categorical_accuracy", dtype: Any = None):
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """Share of samples whose named class is among the `k` best scores.

    Args:
        k: how many of the best count.
        name, dtype: as in `Metric`.
        from_sorted_ids: predictions are class numbers, best first, instead of scores.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.SparseTopKCategoricalAccuracy(k=2)([2], [[0.5, 0.2, 0.3]]))
        1.0
    """

    _fixed_function = True
    _direction = "up"

    def __init__(
        self,
        k: int = 5,
        name: Optional[str] = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ):
        arguments = {"k": k, "from_sorted_ids": from_sorted_ids}
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, **arguments)

    def get_config(self) -> dict:
        """Return the arguments that make this metric again."""
        settings = super().get_config()
        if not settings["from_sorted_ids"]:
            del settings["from_sorted_ids"]
        return settings
