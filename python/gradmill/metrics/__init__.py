"""Metrics: numbers that are watched while training, summed over batches in variables."""

from typing import Any, Dict, Mapping, Optional

from gradmill import losses, serialization, symbolic
from gradmill.losses.categorical import (
    categorical_crossentropy,
    categorical_focal_crossentropy,
    sparse_categorical_crossentropy,
)
from gradmill.losses.hinge import categorical_hinge, hinge, squared_hinge
from gradmill.losses.probabilistic import binary_crossentropy, binary_focal_crossentropy, kl_divergence, poisson
from gradmill.losses.regression import (
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from gradmill.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    accuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from gradmill.metrics.auc import AUC
from gradmill.metrics.base import Mean, MeanMetricWrapper, Metric, Sum
from gradmill.metrics.f_score import F1Score, FBetaScore
from gradmill.metrics.overlap import BinaryIoU, Dice, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from gradmill.metrics.precision_recall import (
    FalseNegatives,
    FalsePositives,
    Precision,
    PrecisionAtRecall,
    Recall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
    TrueNegatives,
    TruePositives,
)
from gradmill.metrics.probabilistic import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    Hinge,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
from gradmill.metrics.regression import (
    ConcordanceCorrelation,
    CosineSimilarity,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    PearsonCorrelation,
    R2Score,
    RootMeanSquaredError,
    concordance_correlation,
    cosine_similarity,
    pearson_correlation,
)

_CLASSES = (
    AUC,
    Accuracy,
    BinaryAccuracy,
    BinaryCrossentropy,
    BinaryIoU,
    CategoricalAccuracy,
    CategoricalCrossentropy,
    CategoricalHinge,
    ConcordanceCorrelation,
    CosineSimilarity,
    Dice,
    F1Score,
    FBetaScore,
    FalseNegatives,
    FalsePositives,
    Hinge,
    IoU,
    KLDivergence,
    LogCoshError,
    Mean,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanIoU,
    MeanMetricWrapper,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Metric,
    OneHotIoU,
    OneHotMeanIoU,
    PearsonCorrelation,
    Poisson,
    Precision,
    PrecisionAtRecall,
    R2Score,
    Recall,
    RecallAtPrecision,
    RootMeanSquaredError,
    SensitivityAtSpecificity,
    SparseCategoricalAccuracy,
    SparseCategoricalCrossentropy,
    SparseTopKCategoricalAccuracy,
    SpecificityAtSensitivity,
    SquaredHinge,
    Sum,
    TopKCategoricalAccuracy,
    TrueNegatives,
    TruePositives,
)
# The functions that only metrics have; those of the losses are exported here too.
_OWN_FUNCTIONS = (
    accuracy,
    binary_accuracy,
    categorical_accuracy,
    concordance_correlation,
    cosine_similarity,
    pearson_correlation,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
_LOSS_FUNCTIONS = (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
_ALIASES = {
    BinaryCrossentropy: ("bce", "BCE"),
    KLDivergence: ("kld", "KLD"),
    LogCoshError: ("logcosh", "log_cosh"),
    MeanAbsoluteError: ("mae", "MAE"),
    MeanAbsolutePercentageError: ("mape", "MAPE"),
    MeanSquaredError: ("mse", "MSE"),
    MeanSquaredLogarithmicError: ("msle", "MSLE"),
    RootMeanSquaredError: ("rmse", "RMSE"),
}
_ACCURACIES = {"binary": BinaryAccuracy, "sparse": SparseCategoricalAccuracy, "categorical": CategoricalAccuracy}
_CROSSENTROPIES = {
    "binary": BinaryCrossentropy,
    "sparse": SparseCategoricalCrossentropy,
    "categorical": CategoricalCrossentropy,
}
# Names that stand for one of three metrics, by the kind of the targets.
_CHOSEN_BY_SHAPE: Dict[str, Dict[str, Any]] = {
    "accuracy": _ACCURACIES,
    "acc": _ACCURACIES,
    "crossentropy": _CROSSENTROPIES,
    "ce": _CROSSENTROPIES,
}
_BY_NAME: Dict[str, Any] = {}
for _class in _CLASSES:
    _aliases = (symbolic.to_snake_case(_class.__name__), *_ALIASES.get(_class, ()))
    _BY_NAME.update({name: _class for name in (_class.__name__, *_aliases)})
    serialization.register_serializable("keras.metrics", aliases=_aliases)(_class)
for _function in _OWN_FUNCTIONS:
    _BY_NAME.setdefault(_function.__name__, _function)
    serialization.register_serializable("keras.metrics")(_function)


def get(identifier: Any) -> Any:
    """Return the metric that `identifier` stands for.

    Args:
        identifier: None, a name ("AUC", "mean_squared_error", "mse"), a configuration, a class, a function or a
            `Metric`.

    Returns:
        None, a `Metric` or a function.

    Raises:
        ArgumentError: an unknown name; the message gives the nearest known one.

    Example:
        >>> import gradmill as gm
        >>> gm.metrics.get("mse").name
        'mean_squared_error'
    """
    return serialization.resolve_identifier(identifier, _BY_NAME, "metric", "keras.metrics")


def resolve(identifier: Any, y_true: Any, y_pred: Any) -> Metric:
    """Return the `Metric` that one entry of `compile(metrics=[...])` means for an output.

    "accuracy" and "acc" choose the binary, sparse or categorical accuracy from the two shapes, "crossentropy" and
    "ce" the cross entropy; a function is wrapped.

    Args:
        identifier: as in `get`, but not None.
        y_true, y_pred: anything with `.shape`.

    Returns:
        A `Metric`; it carries the string given as its name.

    Example:
        >>> import numpy as np
        >>> import gradmill as gm
        >>> type(gm.metrics.resolve("acc", np.zeros(4), np.zeros((4, 10)))).__name__
        'SparseCategoricalAccuracy'
    """
    word = identifier.lower() if isinstance(identifier, str) else ""
    if word in _CHOSEN_BY_SHAPE:
        found = _CHOSEN_BY_SHAPE[word][losses.target_kind(y_true, y_pred)](name=identifier)
    else:
        found = get(identifier)
    if not isinstance(found, Metric):
        default = getattr(found, "name", None) or symbolic.to_snake_case(
            getattr(found, "__name__", type(found).__name__)
        )
        found = MeanMetricWrapper(found, name=default)
    if isinstance(identifier, str):
        found.name = identifier
    return found


def serialize(metric: Any) -> Any:
    """Return the configuration of a `Metric` or metric function.

    Args:
        metric: instance, or a public function.

    Returns:
        dict in Keras's form, or a name.
    """
    return serialization.serialize_object(metric)


def deserialize(config: Any, custom_objects: Optional[Mapping[str, Any]] = None) -> Any:
    """Return the metric that a configuration describes.

    Args:
        config: what `serialize` returned, or the name of a class or function.
        custom_objects: further names to classes or functions.

    Raises:
        ArgumentError: an unknown name.
    """
    if not isinstance(config, str):
        return serialization.deserialize_object(config, custom_objects, default_module="keras.metrics")
    with serialization.CustomObjectScope(custom_objects):
        return serialization.get_by_name(_BY_NAME, config, "metric")


__all__ = sorted(
    [each.__name__ for each in (*_CLASSES, *_OWN_FUNCTIONS, *_LOSS_FUNCTIONS)]
    + ["deserialize", "get", "resolve", "serialize"]
)
