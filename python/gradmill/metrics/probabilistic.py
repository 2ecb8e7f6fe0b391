"""The losses of `gradmill.losses` on classes and margins, averaged over all batches."""

from typing import Any, Optional

from gradmill import losses
from gradmill.metrics.base import MeanMetricWrapper


class KLDivergence(MeanMetricWrapper):
    """Mean divergence of the predicted distributions from the targets.

    Args:
        name, dtype: as in `Metric`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]]))
        0.0
    """

    _fixed_function = True

    def __init__(self, name: Optional[str] = "kl_divergence", dtype: Any = None):
        super().__init__(losses.kl_divergence, name, dtype)


class Poisson(MeanMetricWrapper):
    """Mean Poisson loss.

    Args:
        name, dtype: as in `Metric`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.Poisson()([[0.0, 0.0]], [[1.0, 2.0]]))
        1.5
    """

    _fixed_function = True

    def __init__(self, name: Optional[str] = "poisson", dtype: Any = None):
        super().__init__(losses.poisson, name, dtype)


class BinaryCrossentropy(MeanMetricWrapper):
    """Mean cross entropy of yes/no events.

    Args:
        name, dtype: as in `Metric`.
        from_logits, label_smoothing: as in the loss of that name.

    Example:
        >>> import gradmill as gm
        >>> round(float(gm.metrics.BinaryCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
        0.6931
    """

    _fixed_function = True

    def __init__(
        self,
        name: Optional[str] = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ):
        arguments = {"from_logits": from_logits, "label_smoothing": label_smoothing}
        super().__init__(losses.binary_crossentropy, name, dtype, **arguments)


class CategoricalCrossentropy(MeanMetricWrapper):
    """Mean cross entropy of class distributions.

    Args:
        name, dtype: as in `Metric`.
        from_logits, label_smoothing, axis: as in the loss of that name.

    Example:
        >>> import gradmill as gm
        >>> round(float(gm.metrics.CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
        0.6931
    """

    _fixed_function = True

    def __init__(
        self,
        name: Optional[str] = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ):
        arguments = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(losses.categorical_crossentropy, name, dtype, **arguments)


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """Mean cross entropy where the targets are class numbers.

    Args:
        name, dtype: as in `Metric`.
        from_logits, ignore_class, axis: as in the loss of that name.

    Example:
        >>> import gradmill as gm
        >>> round(float(gm.metrics.SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])), 4)
        0.6931
    """

    _fixed_function = True

    def __init__(
        self,
        name: Optional[str] = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: Optional[int] = None,
        axis: int = -1,
    ):
        arguments = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(losses.sparse_categorical_crossentropy, name, dtype, **arguments)


class Hinge(MeanMetricWrapper):
    """Mean margin loss.

    Args:
        name, dtype: as in `Metric`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.Hinge()([[-1.0, 1.0]], [[0.5, 1.0]]))
        0.75
    """

    _fixed_function = True

    def __init__(self, name: Optional[str] = "hinge", dtype: Any = None):
        super().__init__(losses.hinge, name, dtype)


class SquaredHinge(MeanMetricWrapper):
    """Mean squared margin loss.

    Args:
        name, dtype: as in `Metric`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.SquaredHinge()([[-1.0, 1.0]], [[1.0, 1.0]]))
        2.0
    """

    _fixed_function = True

    def __init__(self, name: Optional[str] = "squared_hinge", dtype: Any = None):
        super().__init__(losses.squared_hinge, name, dtype)


class CategoricalHinge(MeanMetricWrapper):
    """Mean margin loss between the true class and the best wrong one.

    Args:
        name, dtype: as in `Metric`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.25]]))
        1.25
    """

    _fixed_function = True

    def __init__(self, name: Optional[str] = "categorical_hinge", dtype: Any = None):
        super().__init__(losses.categorical_hinge, name, dtype)
