"""Projections applied to weights after each optimizer update."""

from __future__ import annotations

from typing import Any, Callable, Optional, Sequence, Union

from gradmill import config as settings
from gradmill import ops
from gradmill.errors import UnsupportedError
from gradmill.serialization import register_serializable, resolve_identifier, serialize_object
from gradmill.symbolic import to_snake_case

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]

Axis = Union[int, Sequence[int]]


class Constraint:
    """Base class: subclass it and write `__call__(w)`, which returns the projected weight, and `get_config`.

    Example:
    >>> import gradmill as gm
    >>> class Unit(gm.constraints.Constraint):
    ...     def __call__(self, w):
    ...         return gm.ops.clip(w, -1.0, 1.0)
    >>> Unit()([3.0, 0.5]).numpy().tolist()
    [1.0, 0.5]
    """

    def __call__(self, w: Any) -> Any:
        """Return the projection of `w`."""
        raise UnsupportedError(f"{type(self).__name__}: expected __call__(w) to be written in the subclass")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constraint:
        """Build a constraint from `get_config`'s result."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def _norm(w: Any, axis: Axis) -> Any:
    axis = tuple(axis) if isinstance(axis, (list, tuple)) else axis
    return ops.sqrt(ops.sum(ops.square(w), axis=axis, keepdims=True))


@register_serializable("keras.constraints")
class MaxNorm(Constraint):
    """Shrink vectors that are longer than `max_value` to that length.

    Args:
        max_value: largest norm.
        axis: axis or axes along which norms are taken; 0 for a Dense kernel (the inputs of each unit).

    Example:
    >>> import gradmill as gm
    >>> gm.constraints.MaxNorm(1.0)([[3.0], [4.0]]).numpy().round(3).tolist()
    [[0.6000000238418579], [0.800000011920929]]

    Reference: Srivastava et al. 2014.
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0):
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        """Return the projection of `w`."""
        w = ops.convert_to_tensor(w)
        norms = _norm(w, self.axis)
        return w * (ops.clip(norms, 0, self.max_value) / (settings.epsilon() + norms))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"max_value": self.max_value, "axis": self.axis}


@register_serializable("keras.constraints")
class NonNeg(Constraint):
    """Set negative elements to 0."""

    def __call__(self, w: Any) -> Any:
        """Return the projection of `w`."""
        return ops.maximum(ops.convert_to_tensor(w), 0)


@register_serializable("keras.constraints")
class UnitNorm(Constraint):
    """Scale vectors to length 1.

    Args:
        axis: axis or axes along which norms are taken.
    """

    def __init__(self, axis: Axis = 0):
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        """Return the projection of `w`."""
        w = ops.convert_to_tensor(w)
        return w / (settings.epsilon() + _norm(w, self.axis))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"axis": self.axis}


@register_serializable("keras.constraints")
class MinMaxNorm(Constraint):
    """Bring the length of vectors into an interval.

    Args:
        min_value: smallest norm.
        max_value: largest norm.
        rate: 1.0 enforces the interval; less moves only part of the way.
        axis: axis or axes along which norms are taken.
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0):
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        """Return the projection of `w`."""
        w = ops.convert_to_tensor(w)
        norms = _norm(w, self.axis)
        wanted = self.rate * ops.clip(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        return w * (wanted / (settings.epsilon() + norms))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}


_TABLE: dict[str, Any] = {}
for _class in (MaxNorm, NonNeg, UnitNorm, MinMaxNorm):
    _TABLE[_class.__name__] = _TABLE[to_snake_case(_class.__name__)] = _class

max_norm, non_neg, unit_norm, min_max_norm = MaxNorm, NonNeg, UnitNorm, MinMaxNorm


def get(identifier: Any) -> Union[None, Constraint, Callable]:
    """Return the constraint for None, a name, a configuration, a class or a callable.

    Args:
        identifier: None, a name, a configuration, a class or a callable.

    Raises:
        ArgumentError: an unknown name; the nearest known one is given.

    Example:
    >>> import gradmill as gm
    >>> gm.constraints.get("max_norm").max_value
    2
    """
    return resolve_identifier(identifier, _TABLE, "constraint", "keras.constraints")


def serialize(constraint: Any) -> Any:
    """Return the configuration of a constraint.

    Args:
        constraint: a constraint.
    """
    return serialize_object(constraint)


def deserialize(config: Any, custom_objects: Optional[dict] = None) -> Any:
    """Return the constraint that a configuration describes.

    Args:
        config: what `serialize` returned.
        custom_objects: names to classes and functions of the user.
    """
    return resolve_identifier(config, _TABLE, "constraint", "keras.constraints", custom_objects)
