"""Kinds of columns of a table, for `FeatureSpace`: what each is, which layer reads it, how it is encoded."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from gradmill import ops
from gradmill.errors import ArgumentError
from gradmill.layers.base import Layer
from gradmill.layers.categories import Discretization, Hashing
from gradmill.layers.lookup import IntegerLookup, StringLookup
from gradmill.layers.normalization import Normalization, Rescaling
from gradmill.serialization import deserialize_object, register_serializable, serialize_object
from gradmill.symbolic import unique_name

# Where Keras has these classes, in files.
_MODULE = "keras.src.layers.preprocessing.feature_space"
_Float = float  # `ColumnKinds.float` takes the name


@register_serializable(_MODULE)
class Cross:
    """Columns whose combinations are one feature; made by `FeatureSpace.cross`.

    Args:
        feature_names: names of the columns.
        crossing_dim: number of bins that combinations are dealt to.
        output_mode: "one_hot" or "int".

    Raises:
        ArgumentError: another output mode.
    """

    def __init__(self, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot"):
        self.feature_names = tuple(feature_names)
        self.crossing_dim = crossing_dim
        self.output_mode = one_of_modes("FeatureSpace.cross", output_mode, ("int", "one_hot"))

    @property
    def name(self) -> str:
        """The names of the columns, joined."""
        return "_X_".join(self.feature_names)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "feature_names": self.feature_names,
            "crossing_dim": self.crossing_dim,
            "output_mode": self.output_mode,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Cross:
        """Make what `get_config` describes."""
        return cls(**config)


@register_serializable(_MODULE)
class Feature:
    """How a column is read and encoded; made by the class methods of `FeatureSpace`.

    Args:
        dtype: of the column: "float32", "int32", "string", ...
        preprocessor: layer that gets the column, (batch, 1).
        output_mode: "float" or "int", as the layer gives it, or "one_hot".

    Raises:
        ArgumentError: another output mode.
    """

    def __init__(self, dtype: str, preprocessor: Any, output_mode: str):
        self.output_mode = one_of_modes("FeatureSpace.feature", output_mode, ("int", "one_hot", "float"))
        self.dtype = dtype
        self.preprocessor = deserialize_object(preprocessor) if isinstance(preprocessor, dict) else preprocessor

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "dtype": self.dtype,
            "preprocessor": serialize_object(self.preprocessor),
            "output_mode": self.output_mode,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Feature:
        """Make what `get_config` describes."""
        return cls(**config)


@register_serializable(_MODULE)
class TFDIdentity(Layer):
    """A column as it is, in the compute dtype; Keras's name, which files have."""

    def call(self, x: Any) -> Any:
        """Return the column."""
        return x


@register_serializable(_MODULE)
class TFDConcat(Layer):
    """Features side by side; Keras's name, which files have.

    Args:
        axis: along which they are joined.
    """

    def __init__(self, axis: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, xs: Any) -> Any:
        """Return one tensor."""
        return ops.concatenate(xs, axis=self.axis)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "axis": self.axis}


class ColumnKinds:
    """The class methods of `FeatureSpace` that say what a column is."""

    @classmethod
    def cross(cls, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot") -> Cross:
        """Return a crossing of columns; arguments as in `Cross`."""
        return Cross(feature_names, crossing_dim, output_mode=output_mode)

    @classmethod
    def feature(cls, dtype: str, preprocessor: Any, output_mode: str) -> Feature:
        """Return a column for a layer of the user; arguments as in `Feature`."""
        return Feature(dtype, preprocessor, output_mode)

    @classmethod
    def float(cls, name: Optional[str] = None) -> Feature:
        """Return a column of numbers that are used as they are."""
        return Feature("float32", TFDIdentity(dtype="float32", name=_layer_name("float", name)), "float")

    @classmethod
    def float_rescaled(cls, scale: _Float = 1.0, offset: _Float = 0.0, name: Optional[str] = None) -> Feature:
        """Return a column of numbers that become `x * scale + offset`."""
        layer = Rescaling(scale=scale, offset=offset, name=_layer_name("float_rescaled", name))
        return Feature("float32", layer, "float")

    @classmethod
    def float_normalized(cls, name: Optional[str] = None) -> Feature:
        """Return a column of numbers that get mean 0 and variance 1."""
        return Feature("float32", Normalization(axis=-1, name=_layer_name("float_normalized", name)), "float")

    @classmethod
    def float_discretized(
        cls,
        num_bins: Optional[int],
        bin_boundaries: Optional[Sequence[_Float]] = None,
        output_mode: str = "one_hot",
        name: Optional[str] = None,
    ) -> Feature:
        """Return a column of numbers as bins: `num_bins` that `adapt` finds, or None and boundaries."""
        layer = Discretization(bin_boundaries, num_bins, name=_layer_name("float_discretized", name))
        return Feature("float32", layer, output_mode)

    @classmethod
    def integer_categorical(
        cls,
        max_tokens: Optional[int] = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: Optional[str] = None,
    ) -> Feature:
        """Return a column of integers with a vocabulary; the settings are those of `IntegerLookup`."""
        layer = IntegerLookup(max_tokens, num_oov_indices, name=_layer_name("integer_categorical", name))
        return Feature("int32", layer, output_mode)

    @classmethod
    def string_categorical(
        cls,
        max_tokens: Optional[int] = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: Optional[str] = None,
    ) -> Feature:
        """Return a column of words with a vocabulary; the settings are those of `StringLookup`."""
        layer = StringLookup(max_tokens, num_oov_indices, name=_layer_name("string_categorical", name))
        return Feature("string", layer, output_mode)

    @classmethod
    def string_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: Optional[str] = None) -> Feature:
        """Return a column of words dealt to bins."""
        return Feature("string", Hashing(num_bins, name=_layer_name("string_hashed", name)), output_mode)

    @classmethod
    def integer_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: Optional[str] = None) -> Feature:
        """Return a column of integers dealt to bins."""
        return Feature("int32", Hashing(num_bins, name=_layer_name("integer_hashed", name)), output_mode)


def one_of_modes(owner: str, mode: Any, allowed: tuple[str, ...]) -> str:
    """Return an output mode, or raise.

    Raises:
        ArgumentError: a mode that is not allowed.
    """
    if mode not in allowed:
        raise ArgumentError(f"{owner}: expected output_mode to be one of {allowed}; received {mode!r}")
    return mode


def _layer_name(kind: str, name: Optional[str]) -> str:
    return f"{name or unique_name(kind)}_preprocessor"
