"""Losses: what training makes small. Classes carry a reduction; functions return one value per sample."""

from typing import Any, Dict, Mapping, Optional

from gradmill import serialization
from gradmill.losses.base import Loss, LossFunctionWrapper
from gradmill.losses.categorical import (
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    SparseCategoricalCrossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    sparse_categorical_crossentropy,
)
from gradmill.losses.hinge import CategoricalHinge, Hinge, SquaredHinge, categorical_hinge, hinge, squared_hinge
from gradmill.losses.overlap import Circle, Dice, Jaccard, Tversky, circle, dice, jaccard, tversky
from gradmill.losses.probabilistic import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    KLDivergence,
    Poisson,
    binary_crossentropy,
    binary_focal_crossentropy,
    kl_divergence,
    poisson,
)
from gradmill.losses.regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from gradmill.losses.sequences import CTC, ctc

_CLASSES = (
    CTC,
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    CategoricalHinge,
    Circle,
    CosineSimilarity,
    Dice,
    Hinge,
    Huber,
    Jaccard,
    KLDivergence,
    LogCosh,
    Loss,
    LossFunctionWrapper,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SparseCategoricalCrossentropy,
    SquaredHinge,
    Tversky,
)
# Each function with the further names under which it may be asked for.
_FUNCTIONS = {
    binary_crossentropy: ("bce", "BCE"),
    binary_focal_crossentropy: (),
    categorical_crossentropy: (),
    categorical_focal_crossentropy: (),
    categorical_generalized_cross_entropy: (),
    categorical_hinge: (),
    circle: (),
    cosine_similarity: (),
    ctc: (),
    dice: (),
    hinge: (),
    huber: (),
    jaccard: (),
    kl_divergence: ("kld", "KLD", "kullback_leibler_divergence"),
    log_cosh: ("logcosh",),
    mean_absolute_error: ("mae", "MAE"),
    mean_absolute_percentage_error: ("mape", "MAPE"),
    mean_squared_error: ("mse", "MSE"),
    mean_squared_logarithmic_error: ("msle", "MSLE"),
    poisson: (),
    sparse_categorical_crossentropy: (),
    squared_hinge: (),
    tversky: (),
}
_BY_NAME: Dict[str, Any] = {each.__name__: each for each in _CLASSES}
for _function, _aliases in _FUNCTIONS.items():
    _BY_NAME.update({name: _function for name in (_function.__name__, *_aliases)})
    serialization.register_serializable("keras.losses", aliases=_aliases)(_function)
for _class in _CLASSES:
    serialization.register_serializable("keras.losses")(_class)

# The functions by which metrics measure; smaller is better for all of them.
FUNCTIONS = frozenset(_FUNCTIONS)


def get(identifier: Any) -> Any:
    """Return the loss that `identifier` stands for.

    Args:
        identifier: None, the name of a function ("mse", "mean_squared_error") or class ("MeanSquaredError"), a
            configuration, a class, a function or a `Loss`.

    Returns:
        None, a function or a `Loss`.

    Raises:
        ArgumentError: an unknown name; the message gives the nearest known one.

    Example:
        >>> import gradmill as gm
        >>> gm.losses.get("mse").__name__
        'mean_squared_error'
    """
    return serialization.resolve_identifier(identifier, _BY_NAME, "loss", "keras.losses")


def resolve(identifier: Any, y_true: Any, y_pred: Any) -> Optional[Loss]:
    """Return the `Loss` that `compile(loss=identifier)` means for an output.

    "crossentropy" and "ce" choose the binary, sparse or categorical one from the two shapes, as Keras does.

    Args:
        identifier: as in `get`.
        y_true, y_pred: anything with `.shape`.

    Returns:
        A `Loss`, or None for None. Its name is the string given.

    Example:
        >>> import numpy as np
        >>> import gradmill as gm
        >>> gm.losses.resolve("ce", np.zeros(4), np.zeros((4, 10))).fn.__name__
        'sparse_categorical_crossentropy'
    """
    if identifier is None:
        return None
    if isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce"):
        choice = {
            "binary": binary_crossentropy,
            "sparse": sparse_categorical_crossentropy,
            "categorical": categorical_crossentropy,
        }
        found = choice[target_kind(y_true, y_pred)]
    else:
        found = get(identifier)
    if isinstance(found, Loss):
        return found
    name = identifier if isinstance(identifier, str) else getattr(found, "__name__", type(found).__name__)
    return LossFunctionWrapper(found, name=name)


def target_kind(y_true: Any, y_pred: Any) -> str:
    """Return "binary", "sparse" or "categorical": what kind of targets two shapes speak of.

    Args:
        y_true: targets, with a shape.
        y_pred: predictions, with a shape.

    Returns:
        The kind.
    """
    true_shape, pred_shape = tuple(y_true.shape), tuple(y_pred.shape)
    if pred_shape[-1:] == (1,):
        return "binary"
    if len(true_shape) < len(pred_shape) or true_shape[-1:] == (1,):
        return "sparse"
    return "categorical"


def serialize(loss: Any) -> Any:
    """Return the configuration of a `Loss` or loss function.

    Args:
        loss: instance, or a public function.

    Returns:
        dict in Keras's form, or a name.
    """
    return serialization.serialize_object(loss)


def deserialize(name: Any, custom_objects: Optional[Mapping[str, Any]] = None) -> Any:
    """Return the loss that a configuration or name describes.

    Args:
        name: what `serialize` returned, or the name of a function or class.
        custom_objects: further names to classes or functions.

    Raises:
        ArgumentError: an unknown name.
    """
    if not isinstance(name, str):
        return serialization.deserialize_object(name, custom_objects, default_module="keras.losses")
    with serialization.CustomObjectScope(custom_objects):
        return serialization.get_by_name(_BY_NAME, name, "loss")


__all__ = sorted(
    [each.__name__ for each in _CLASSES]
    + [each.__name__ for each in _FUNCTIONS]
    + ["deserialize", "get", "resolve", "serialize", "target_kind"]
)
