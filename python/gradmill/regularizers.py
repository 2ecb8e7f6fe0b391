"""Penalties on weights or activations that are added to the loss."""

from __future__ import annotations

import math
from typing import Any, Callable, Optional, Union

from gradmill import ops
from gradmill.errors import ArgumentError, ShapeError, UnsupportedError
from gradmill.serialization import register_serializable, resolve_identifier, serialize_object

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]


class Regularizer:
    """Base class: subclass it, write `__call__(x)` (returns a scalar) and `get_config`.

    Example:
    >>> import gradmill as gm
    >>> class MeanSize(gm.regularizers.Regularizer):
    ...     def __call__(self, x):
    ...         return gm.ops.mean(gm.ops.abs(x))
    >>> float(MeanSize()([1.0, -3.0]))
    2.0
    """

    def __call__(self, x: Any) -> Any:
        """Return the penalty for `x`."""
        raise UnsupportedError(f"{type(self).__name__}: expected __call__(x) to be written in the subclass")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        raise UnsupportedError(f"{type(self).__name__}: expected get_config() to be written in the subclass")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Regularizer:
        """Build a regularizer from `get_config`'s result."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def _check_factor(owner: str, name: str, value: Any) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or math.isnan(value)
        or math.isinf(value)
        or value < 0
    ):
        raise ArgumentError(f"{owner}: expected {name} to be a finite number >= 0; received {value!r}; pass one")
    return value


@register_serializable("keras.regularizers")
class L1L2(Regularizer):
    """l1 * sum(|x|) + l2 * sum(x^2).

    Args:
        l1: factor of the absolute values, >= 0.
        l2: factor of the squares, >= 0.

    Raises:
        ArgumentError: a factor that is negative or not finite.

    Example:
    >>> import gradmill as gm
    >>> float(gm.regularizers.L1L2(l1=1.0, l2=0.5)([1.0, -2.0]))
    5.5
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0):
        self.l1 = _check_factor("L1L2", "l1", 0.0 if l1 is None else l1)
        self.l2 = _check_factor("L1L2", "l2", 0.0 if l2 is None else l2)

    def __call__(self, x: Any) -> Any:
        """Return the penalty for `x`."""
        x = ops.convert_to_tensor(x)
        penalty = ops.zeros((), dtype=x.dtype)
        if self.l1:
            penalty = penalty + self.l1 * ops.sum(ops.abs(x))
        if self.l2:
            penalty = penalty + self.l2 * ops.sum(ops.square(x))
        return penalty

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"l1": float(self.l1), "l2": float(self.l2)}


@register_serializable("keras.regularizers")
class L1(Regularizer):
    """l1 * sum(|x|).

    Args:
        l1: factor >= 0.

    Raises:
        ArgumentError: a factor that is negative or not finite.
    """

    def __init__(self, l1: float = 0.01):
        self.l1 = _check_factor("L1", "l1", 0.01 if l1 is None else l1)

    def __call__(self, x: Any) -> Any:
        """Return the penalty for `x`."""
        return self.l1 * ops.sum(ops.abs(x))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"l1": float(self.l1)}


@register_serializable("keras.regularizers")
class L2(Regularizer):
    """l2 * sum(x^2).

    Args:
        l2: factor >= 0.

    Raises:
        ArgumentError: a factor that is negative or not finite.
    """

    def __init__(self, l2: float = 0.01):
        self.l2 = _check_factor("L2", "l2", 0.01 if l2 is None else l2)

    def __call__(self, x: Any) -> Any:
        """Return the penalty for `x`."""
        return self.l2 * ops.sum(ops.square(x))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"l2": float(self.l2)}


@register_serializable("keras.regularizers")
class OrthogonalRegularizer(Regularizer):
    """Mean absolute cosine between the rows (or columns) of a matrix, times a factor.

    Args:
        factor: number >= 0.
        mode: "rows" or "columns".

    Raises:
        ArgumentError: another mode.
        ShapeError: an input that is not a matrix.

    Reference: Brock et al. 2016.
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows"):
        if mode not in ("rows", "columns"):
            raise ArgumentError(f"OrthogonalRegularizer: expected mode 'rows' or 'columns'; received {mode!r}")
        self.factor = _check_factor("OrthogonalRegularizer", "factor", factor)
        self.mode = mode

    def __call__(self, x: Any) -> Any:
        """Return the penalty for a matrix."""
        x = ops.convert_to_tensor(x)
        if len(x.shape) != 2:
            raise ShapeError(f"OrthogonalRegularizer: expected a matrix; received shape {tuple(x.shape)}; reshape it")
        x = x if self.mode == "rows" else ops.transpose(x)
        count = x.shape[0]
        length = ops.sqrt(ops.maximum(ops.sum(ops.square(x), axis=1, keepdims=True), 1e-12))
        directions = x / length
        products = ops.matmul(directions, ops.transpose(directions)) * (1.0 - ops.eye(count, dtype=x.dtype))
        pairs = count * (count - 1.0) / 2.0
        return 0.5 * self.factor * ops.sum(ops.abs(products)) / max(pairs, 1.0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"factor": self.factor, "mode": self.mode}


l1, l2, orthogonal_regularizer = L1, L2, OrthogonalRegularizer


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """Return `L1L2(l1, l2)`; the defaults are those of the name "l1_l2".

    Args:
        l1: factor of the absolute values.
        l2: factor of the squares.
    """
    return L1L2(l1, l2)


_TABLE: dict[str, Any] = {
    "L1": L1, "L2": L2, "L1L2": L1L2, "OrthogonalRegularizer": OrthogonalRegularizer, "l1": L1, "l2": L2, "l1l2": L1L2,
    "l1_l2": l1_l2, "orthogonal_regularizer": OrthogonalRegularizer,
}  # fmt: skip


def get(identifier: Any) -> Union[None, Regularizer, Callable]:
    """Return the regularizer for None, a name, a configuration, a class or a callable.

    Args:
        identifier: None, a name, a configuration, a class or a callable.

    Raises:
        ArgumentError: an unknown name; the nearest known one is given.

    Example:
    >>> import gradmill as gm
    >>> gm.regularizers.get("l2").l2
    0.01
    """
    if identifier == "l1_l2":
        return l1_l2()
    return resolve_identifier(identifier, _TABLE, "regularizer", "keras.regularizers")


def serialize(regularizer: Any) -> Any:
    """Return the configuration of a regularizer.

    Args:
        regularizer: a regularizer.
    """
    return serialize_object(regularizer)


def deserialize(config: Any, custom_objects: Optional[dict] = None) -> Any:
    """Return the regularizer that a configuration describes.

    Args:
        config: what `serialize` returned.
        custom_objects: names to classes and functions of the user.
    """
    return resolve_identifier(config, _TABLE, "regularizer", "keras.regularizers", custom_objects)
