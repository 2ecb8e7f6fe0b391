"""Optimizers: how gradients change variables, and how fast."""

from typing import Any, Mapping, Optional

from gradmill import errors, serialization
from gradmill.optimizers import schedules
from gradmill.optimizers.adam import Adam, Adamax, AdamW, Lamb, Nadam
from gradmill.optimizers.adaptive import Adadelta, Adafactor, Adagrad, Ftrl, RMSprop
from gradmill.optimizers.base import Optimizer
from gradmill.optimizers.loss_scale import LossScaleOptimizer
from gradmill.optimizers.multi import MultiOptimizer, OptimizerMap
from gradmill.optimizers.muon import Muon
from gradmill.optimizers.schedule_free import ScheduleFreeAdamW
from gradmill.optimizers.sgd import SGD, Lion

_CLASSES = (
    Adadelta,
    Adafactor,
    Adagrad,
    Adam,
    AdamW,
    Adamax,
    Ftrl,
    Lamb,
    Lion,
    LossScaleOptimizer,
    MultiOptimizer,
    Muon,
    Nadam,
    Optimizer,
    RMSprop,
    SGD,
    ScheduleFreeAdamW,
)
_BY_NAME = {}
for _class in _CLASSES:
    _BY_NAME.update({name: _class for name in (_class.__name__, _class.__name__.lower())})
    serialization.register_serializable("keras.optimizers", aliases=(_class.__name__.lower(),))(_class)
serialization.register_serializable("keras.optimizers")(OptimizerMap)


def get(identifier: Any) -> Optional[Optimizer]:
    """Return the optimizer that `identifier` stands for.

    Args:
        identifier: None, a name in any case ("adam", "SGD"), a configuration, a class or an `Optimizer`.

    Returns:
        None or an `Optimizer`.

    Raises:
        ArgumentError: an unknown name (the message gives the nearest known one) or something else.

    Example:
        >>> import gradmill as gm
        >>> type(gm.optimizers.get("adam")).__name__
        'Adam'
    """
    if identifier is None or isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return identifier()
    if isinstance(identifier, (str, dict)):
        return deserialize(identifier)
    raise errors.ArgumentError(
        f"optimizer: expected a name, a configuration or an Optimizer; received {identifier!r} of type "
        f"{type(identifier).__name__}; pass for example 'adam'"
    )


def serialize(optimizer: Optimizer) -> Any:
    """Return the configuration of an optimizer.

    Args:
        optimizer: instance.

    Returns:
        dict in Keras's form.
    """
    return serialization.serialize_object(optimizer)


def deserialize(config: Any, custom_objects: Optional[Mapping[str, Any]] = None) -> Optimizer:
    """Return the optimizer that a configuration describes.

    Args:
        config: what `serialize` returned, or a name in any case.
        custom_objects: further names to classes.

    Raises:
        ArgumentError: an unknown name.
    """
    if not isinstance(config, str):
        return serialization.deserialize_object(config, custom_objects, default_module="keras.optimizers")
    with serialization.CustomObjectScope(custom_objects):
        name = config if config in _BY_NAME else config.lower() if config.lower() in _BY_NAME else config
        return serialization.get_by_name(_BY_NAME, name, "optimizer")()


__all__ = ["OptimizerMap", "deserialize", "get", "schedules", "serialize"]
__all__ += [each.__name__ for each in _CLASSES]
