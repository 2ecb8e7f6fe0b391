"""Trained factors and terms behind a normalization."""

from __future__ import annotations

import math
from typing import Any, Sequence

from gradmill import constraints, initializers, regularizers
from gradmill.errors import ArgumentError
from gradmill.layers.base import Layer

_PARTS = ("beta_initializer", "gamma_initializer", "beta_regularizer", "gamma_regularizer", "beta_constraint",
          "gamma_constraint")  # fmt: skip


def check_number(owner: str, name: str, value: Any, low: float = 0.0, high: float = math.inf) -> float:
    """Return a finite number between two limits as a float.

    Args:
        owner: the layer as named in messages.
        name: of the argument.
        value: what was given.
        low, high: the limits, both allowed.

    Raises:
        ArgumentError: anything else.
    """
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not fits or not low <= value <= high:
        limits = f">= {low:g}" if high == math.inf else f"from {low:g} to {high:g}"
        raise ArgumentError(f"{owner}: expected {name} to be a number {limits}; received {value!r}; correct it")
    return float(value)


def check_axes(owner: str, axis: Any, rank: int) -> list[int]:
    """Return axes as sorted numbers >= 0.

    Args:
        owner: the layer as named in messages.
        axis: a number or several.
        rank: how many axes there are.

    Raises:
        ArgumentError: axes outside, or one twice.
    """
    axes = [axis] if isinstance(axis, int) else list(axis)
    if any(not -rank <= each < rank for each in axes) or len({each % rank for each in axes}) != len(axes):
        raise ArgumentError(
            f"{owner}: expected different axes from {-rank} to {rank - 1}; received axis={axis}; correct it"
        )
    return sorted(each % rank for each in axes)


class ScaleAndOffset(Layer):
    """Base of layers with the weights `gamma` (factors) and `beta` (terms)."""

    def _read_arguments(self, epsilon: Any, center: Any, scale: Any, parts: dict[str, Any]) -> None:
        self.epsilon = check_number(self._label, "epsilon", epsilon)
        self.center = bool(center)
        self.scale = bool(scale)
        readers = {"initializer": initializers.get, "regularizer": regularizers.get, "constraint": constraints.get}
        for name in _PARTS:
            setattr(self, name, readers[name.split("_")[1]](parts[name]))
        self.gamma: Any = None
        self.beta: Any = None
        self.supports_masking = True

    def _make_weights(self, shape: Sequence[int], scale: bool, center: bool) -> None:
        for name, wanted in (("gamma", scale), ("beta", center)):
            if wanted:
                weight = self.add_weight(
                    shape,
                    name=name,
                    autocast=False,  # read in the dtype of the arithmetic
                    initializer=getattr(self, f"{name}_initializer"),
                    regularizer=getattr(self, f"{name}_regularizer"),
                    constraint=getattr(self, f"{name}_constraint"),
                )
                setattr(self, name, weight)

    def _affine_config(self) -> dict[str, Any]:
        writers = {
            "initializer": initializers.serialize,
            "regularizer": regularizers.serialize,
            "constraint": constraints.serialize,
        }
        parts = {name: writers[name.split("_")[1]](getattr(self, name)) for name in _PARTS}
        return {"epsilon": self.epsilon, "center": self.center, "scale": self.scale, **parts}
