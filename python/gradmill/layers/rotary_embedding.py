"""RotaryEmbedding: features turned by angles that grow with the position."""

from __future__ import annotations

import math
from typing import Any, Optional

import numpy as np

from gradmill import ops
from gradmill.errors import ArgumentError, ShapeError
from gradmill.layers.base import Layer
from gradmill.layers.position_embedding import check_sequences, read_positions
from gradmill.layers.scale_and_offset import check_number
from gradmill.serialization import register_serializable

_TYPES = ("linear", "dynamic", "yarn")


@register_serializable("keras_hub")
class RotaryEmbedding(Layer):
    """Turn pairs of features (i, i + half) by angles that grow with the position, slower the larger i is.

    The product of a query and a key turned so depends on the distance of their positions only.

    Args:
        max_wavelength: the largest wavelength, divided by 2 pi.
        scaling_factor: by how much angles are lessened, for sequences longer than those trained on.
        rope_type: how: "linear" (all by the factor), "dynamic" (by a power of it) or "yarn" (long wavelengths only).
        beta_fast, beta_slow: turns over the original length from which on "yarn" leaves an angle, and lessens it.
        original_max_position_embeddings: length of the sequences trained on, for "yarn".
        truncate: whether "yarn" rounds the limits between features.
        sequence_axis, feature_axis: which axes of the inputs are steps and features.
        denominator_dim: divisor in the exponents of the wavelengths; None for the number of features.

    Called with inputs (batch, steps, features) or (batch, steps, heads, features), and by name `start_index`, the
    position of the first step, or `positions` (steps,) or (batch, steps). Output shape: that of the inputs.

    Raises:
        ArgumentError: another rope_type, axes that are not there.
        ShapeError: an odd number of features, positions of another shape.

    Reference: Su et al. 2021; Peng et al. 2023 for "yarn".

    Example:
    >>> import gradmill as gm
    >>> turned = gm.layers.RotaryEmbedding()(gm.ops.ones((1, 3, 2)))
    >>> [f"{x:.3f} {y:.3f}" for x, y in turned.numpy()[0]]
    ['1.000 1.000', '-0.301 1.382', '-1.325 0.493']
    """

    def __init__(
        self,
        max_wavelength: float = 10000,
        scaling_factor: float = 1.0,
        rope_type: str = "linear",
        beta_fast: float = 32.0,
        beta_slow: float = 1.0,
        original_max_position_embeddings: int = 4096,
        truncate: bool = True,
        sequence_axis: int = 1,
        feature_axis: int = -1,
        denominator_dim: Optional[int] = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if rope_type not in _TYPES:
            raise ArgumentError(
                f"{self._label}: expected rope_type to be one of {', '.join(_TYPES)}; received {rope_type!r}"
            )
        numbers = {"max_wavelength": max_wavelength, "scaling_factor": scaling_factor, "beta_fast": beta_fast,
                   "beta_slow": beta_slow,
                   "original_max_position_embeddings": original_max_position_embeddings}  # fmt: skip
        for name, value in numbers.items():
            if check_number(self._label, name, value) == 0:
                raise ArgumentError(f"{self._label}: expected {name} above 0; received {value!r}; correct it")
        self.max_wavelength = max_wavelength
        self.scaling_factor = scaling_factor
        self.rope_type = rope_type
        self.beta_fast = beta_fast
        self.beta_slow = beta_slow
        self.original_max_position_embeddings = original_max_position_embeddings
        self.truncate = bool(truncate)
        self.sequence_axis = sequence_axis
        self.feature_axis = feature_axis
        self.denominator_dim = denominator_dim
        self._build_at_init()

    def call(self, inputs: Any, start_index: Any = 0, positions: Any = None) -> Any:
        """Return the turned inputs."""
        check_sequences(self._label, inputs.shape)
        steps_axis, features_axis = self._axes(len(inputs.shape))
        features = inputs.shape[features_axis]
        if features % 2:
            raise ShapeError(
                f"{self._label}: expected an even number of features; received shape {tuple(inputs.shape)} with "
                f"feature_axis={self.feature_axis}; pad them"
            )
        moved = ops.moveaxis(inputs, (features_axis, steps_axis), (-1, 1))
        # Angles are large: half types would not tell neighbouring positions apart.
        places = ops.cast(read_positions(self._label, moved.shape[1], start_index, positions), "float32")
        angles = ops.expand_dims(places, -1) * self._frequencies(features).astype("float32")
        angles = ops.reshape(angles, (*places.shape, *[1] * (len(moved.shape) - 3), features // 2))
        cosines, sines = (ops.cast(each, moved.dtype) for each in self._waves(angles))
        first, second = ops.split(moved, 2, axis=-1)
        turned = ops.concatenate([first * cosines - second * sines, second * cosines + first * sines], axis=-1)
        return ops.moveaxis(turned, (-1, 1), (features_axis, steps_axis))

    def _axes(self, rank: int) -> tuple[int, int]:
        given = {"sequence_axis": self.sequence_axis, "feature_axis": self.feature_axis}
        for name, axis in given.items():
            if not -rank <= axis < rank:
                raise ArgumentError(
                    f"{self._label}: expected {name} from {-rank} to {rank - 1} for inputs of {rank} axes; received "
                    f"{axis}; correct it"
                )
        steps, features = (axis % rank for axis in given.values())
        if steps == features or steps == 0 or features == 0:
            raise ArgumentError(
                f"{self._label}: expected sequence_axis and feature_axis to be different axes behind the first; "
                f"received {given}; correct them"
            )
        return steps, features

    def _waves(self, angles: Any) -> tuple[Any, Any]:
        strength = 1.0 + 0.1 * math.log(self.scaling_factor) if self.rope_type == "yarn" else 1.0
        return ops.cos(angles) * strength, ops.sin(angles) * strength

    def _frequencies(self, features: int) -> np.ndarray:
        """Angle of one step for each pair of features."""
        index = np.arange(0, features, 2) / (self.denominator_dim or features)
        plain = float(self.max_wavelength) ** -index
        if self.rope_type == "linear":
            return plain / self.scaling_factor
        if self.rope_type == "dynamic":
            return plain / self.scaling_factor ** (features / max(1, features - 2))
        return self._yarn_frequencies(features)

    def _yarn_frequencies(self, features: int) -> np.ndarray:
        plain = float(self.max_wavelength) ** -(np.arange(0, features, 2) / features)

        def feature_of(turns: float) -> float:
            """Which feature turns so often over the original length."""
            ratio = self.original_max_position_embeddings / (turns * 2 * math.pi)
            return features * math.log(ratio) / (2 * math.log(self.max_wavelength))

        low, high = feature_of(self.beta_fast), feature_of(self.beta_slow)
        if self.truncate:
            low, high = math.floor(low), math.ceil(high)
        low, high = max(low, 0), min(high, features - 1)
        lessened = np.clip((np.arange(features // 2) - low) / max(high - low, 0.001), 0.0, 1.0)
        return plain / self.scaling_factor * lessened + plain * (1.0 - lessened)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """Return the shape of the outputs."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "max_wavelength": self.max_wavelength,
            "scaling_factor": self.scaling_factor,
            "rope_type": self.rope_type,
            "beta_fast": self.beta_fast,
            "beta_slow": self.beta_slow,
            "original_max_position_embeddings": self.original_max_position_embeddings,
            "truncate": self.truncate,
            "sequence_axis": self.sequence_axis,
            "feature_axis": self.feature_axis,
            "denominator_dim": self.denominator_dim,
        }
