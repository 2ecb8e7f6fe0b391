"""Rows of a table as vectors: one preprocessing layer for each column, crossings of columns, one encoding of all."""

from __future__ import annotations

from typing import Any, Iterator, Mapping, Optional, Sequence

import numpy as np

from gradmill import _core, ops
from gradmill.errors import ArgumentError
from gradmill.layers.base import Layer
from gradmill.layers.categories import CategoryEncoding, Discretization, HashedCrossing, Hashing
from gradmill.layers.core import Input
from gradmill.layers.index_lookup import IndexLookup
from gradmill.layers.normalization import Normalization
from gradmill.layers.text_vectorization import TextVectorization
from gradmill.models.feature_kinds import ColumnKinds, Cross, Feature, TFDConcat, one_of_modes
from gradmill.models.model import connected
from gradmill.serialization import deserialize_object, register_serializable, serialize_object
from gradmill.symbolic import SymbolicTensor
from gradmill.utils.text_values import as_text, is_text

# Rows that `adapt` gives a layer at once, as Keras does: bins of numbers depend on it.
_ADAPT_ROWS = 32


@register_serializable("keras.utils")
class FeatureSpace(ColumnKinds, Layer):
    """Encode rows of a table, given as a dictionary of columns.

    Args:
        features: what each column is, by its name: one of "float", "float_normalized", "float_rescaled",
            "float_discretized", "integer_categorical", "string_categorical", "integer_hashed" and "string_hashed"; or
            what the class method of that name returns, which has settings; or `FeatureSpace.feature(...)`.
        output_mode: "concat" for one vector a row, the columns in alphabetical order, then the crossings; "dict" for
            a dictionary of all of them.
        crosses: columns whose combinations are a feature: tuples of names, or what `FeatureSpace.cross` returns.
        crossing_dim: bins of each crossing given by names.
        hashing_dim: bins of columns that are hashed, given by name.
        num_discretization_bins: bins of "float_discretized".
        name: label.

    Attributes:
        features, crosses: how columns are read.
        preprocessors: the layer of each column, by name.
        crossers: the `HashedCrossing` of each crossing, by "first_X_second".

    Inputs: dictionary of tensors, arrays, lists or text, each () for one row, (batch,) or (batch, n). Outputs: (size,)
    for one row, else (batch, size); in mode "dict" the same for each feature.

    Raises:
        ArgumentError: an unknown type of a column, a crossing of unknown columns, something else than a dictionary, a
            call before `adapt`, or a feature that is no number where all are joined.

    Reference: Keras 3, `FeatureSpace`.

    Example:
    >>> import gradmill as gm
    >>> table = {"size": [1.0, 2.0, 6.0], "kind": ["round", "flat", "round"]}
    >>> space = gm.utils.FeatureSpace({"size": "float_rescaled", "kind": "string_categorical"})
    >>> space.adapt(table)
    >>> space(table).numpy().tolist()
    [[0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 2.0], [0.0, 1.0, 0.0, 6.0]]
    >>> space({"size": 5.0, "kind": "square"}).numpy().tolist()
    [1.0, 0.0, 0.0, 5.0]
    """

    def __init__(
        self,
        features: Mapping[str, Any],
        output_mode: str = "concat",
        crosses: Optional[Sequence[Any]] = None,
        crossing_dim: int = 32,
        hashing_dim: int = 32,
        num_discretization_bins: int = 32,
        name: Optional[str] = None,
    ):
        super().__init__(name=name)
        if not isinstance(features, Mapping) or not features:
            raise ArgumentError(f"{self._label}: expected features, a dictionary with columns; received {features!r}")
        self.crossing_dim = crossing_dim
        self.hashing_dim = hashing_dim
        self.num_discretization_bins = num_discretization_bins
        self.output_mode = one_of_modes(self._label, output_mode, ("dict", "concat"))
        self.features = {key: self._feature(key, value) for key, value in features.items()}
        self.crosses = [self._cross(each) for each in crosses or []]
        self.crosses_by_name = {each.name: each for each in self.crosses}
        self.inputs = {key: Input((1,), dtype=each.dtype, name=key) for key, each in self.features.items()}
        self.preprocessors = {key: each.preprocessor for key, each in self.features.items()}
        self.crossers = {each.name: HashedCrossing(each.crossing_dim, name=each.name) for each in self.crosses}
        self.one_hot_encoders: dict[str, Any] = {}
        self.concat: Any = None
        self.encoded_features: Any = None
        self._is_adapted = False

    def _feature(self, name: str, value: Any) -> Feature:
        """Return the column that an item of `features` describes."""
        if isinstance(value, Feature):
            return value
        if isinstance(value, dict):
            return deserialize_object(value)
        arguments = {
            "float": (),
            "float_normalized": (),
            "float_rescaled": (),
            "float_discretized": (self.num_discretization_bins,),
            "integer_categorical": (),
            "string_categorical": (),
            "integer_hashed": (self.hashing_dim,),
            "string_hashed": (self.hashing_dim,),
        }
        if not isinstance(value, str) or value not in arguments:
            raise ArgumentError(
                f"{self._label}: expected one of {sorted(arguments)} or FeatureSpace.feature(...) for column {name!r}; "
                f"received {value!r}"
            )
        return getattr(self, value)(*arguments[value], name=name)

    def _cross(self, value: Any) -> Cross:
        """Return the crossing that an item of `crosses` describes."""
        cross = deserialize_object(value) if isinstance(value, dict) else value
        if not isinstance(cross, Cross):
            if not self.crossing_dim:
                raise ArgumentError(
                    f"{self._label}: expected a positive crossing_dim with crosses; received {self.crossing_dim!r}"
                )
            cross = Cross(cross, self.crossing_dim)
        unknown = [name for name in cross.feature_names if name not in self.features]
        if unknown:
            raise ArgumentError(
                f"{self._label}: expected crosses of the columns {sorted(self.features)}; received {unknown} in "
                f"{cross.feature_names}"
            )
        return cross

    # Adapting

    def _adaptable(self) -> list[str]:
        """Return the columns whose layers learn from data."""
        return [name for name, layer in self.preprocessors.items() if hasattr(layer, "adapt") and not _is_given(layer)]

    def adapt(self, dataset: Any) -> None:
        """Let the layers of all columns learn from data what they need.

        Args:
            dataset: a `Dataset` of dictionaries, of rows or batches; or a dictionary of columns.

        Raises:
            ArgumentError: something else, or a column that is missing.
        """
        if not isinstance(dataset, Mapping) and not hasattr(dataset, "element_spec"):
            raise ArgumentError(
                f"{self._label}: expected a Dataset of dictionaries, or a dictionary of columns, to adapt to; received "
                f"a {type(dataset).__name__}"
            )
        for name in self._adaptable():
            self.preprocessors[name].adapt(self._batches(dataset, name))
        self._is_adapted = True
        self.encoded_features = None  # sizes may have changed
        self.get_encoded_features()
        self.built = True

    def _batches(self, dataset: Any, name: str) -> Iterator[Any]:
        """Yield a column, (rows, 1) or as batches have it."""
        rows: list = []
        if isinstance(dataset, Mapping):
            columns: Any = _array(self._column(dataset, name))
        else:
            columns = (_array(self._column(element, name)) for element in dataset)
        for column in columns:
            if np.ndim(column) > 0:
                yield column[:, np.newaxis] if np.ndim(column) == 1 else column
                continue
            rows.append(column)
            if len(rows) == _ADAPT_ROWS:
                yield _array(rows)[:, np.newaxis]
                rows = []
        if rows:
            yield _array(rows)[:, np.newaxis]

    def _column(self, element: Any, name: str) -> Any:
        if not isinstance(element, Mapping) or name not in element:
            raise ArgumentError(
                f"{self._label}: expected dictionaries with a column {name!r} to adapt to; received "
                f"{sorted(element) if isinstance(element, Mapping) else type(element).__name__}"
            )
        return element[name]

    def _waits_for_data(self) -> bool:
        return not self._is_adapted and bool(self._adaptable())

    def _check_adapted(self) -> None:
        if self._waits_for_data():
            raise ArgumentError(f"{self._label}: expected adapt(dataset) before it is used; call it first")

    # Symbolic

    def get_inputs(self) -> dict[str, SymbolicTensor]:
        """Return the symbolic columns, for a functional model that reads rows of the table."""
        self.get_encoded_features()
        return self.inputs

    def get_encoded_features(self) -> Any:
        """Return the symbolic encoding of `get_inputs()`, a tensor or, in mode "dict", a dictionary of them."""
        self._check_adapted()
        if self.encoded_features is None:
            features = self._preprocess(self.inputs)
            self._make_encoders(features)
            self.encoded_features = self._merge(features)
        return self.encoded_features

    def _make_encoders(self, features: dict[str, Any]) -> None:
        for name, feature in features.items():
            spec = self.features.get(name) or self.crosses_by_name[name]
            if spec.output_mode == "one_hot":
                layer = self.preprocessors.get(name) or self.crossers[name]
                self.one_hot_encoders[name] = CategoryEncoding(
                    self._categories(name, layer, feature.dtype), output_mode="multi_hot"
                )
            elif self.output_mode == "concat" and (feature.dtype.startswith("int") or feature.dtype == "string"):
                raise ArgumentError(
                    f"{self._label}: expected encoded features where all are joined; feature {name!r} has dtype "
                    f'{feature.dtype}; choose another output_mode for it, or output_mode="dict" for the space'
                )
        if self.output_mode == "concat":
            self.concat = TFDConcat(axis=-1)

    def _categories(self, name: str, layer: Any, dtype: str) -> int:
        """Return how many categories a layer tells apart."""
        if not dtype.startswith("int"):
            raise ArgumentError(
                f"{self._label}: expected integers of the layer of feature {name!r}, whose output_mode is 'one_hot'; "
                f"it returns {dtype}"
            )
        if isinstance(layer, IndexLookup):
            return layer.vocabulary_size()
        if isinstance(layer, Discretization):
            return layer.num_bins or len(layer.bin_boundaries or ()) + 1
        if isinstance(layer, (HashedCrossing, Hashing)):
            return layer.num_bins
        raise ArgumentError(
            f"{self._label}: expected a layer of GradMill that tells categories apart for feature {name!r}, whose "
            f"output_mode is 'one_hot'; received {type(layer).__name__}; use output_mode='int'"
        )

    # Encoding

    def _preprocess(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Return the features that layers make of columns, in the order of the result, then the crossings."""
        features = {name: self.preprocessors[name](columns[name]) for name in sorted(columns)}
        crossings = {
            name: self.crossers[name]([features[each] for each in self.crosses_by_name[name].feature_names])
            for name in sorted(self.crossers)
        }
        return {**features, **crossings}

    def _merge(self, features: dict[str, Any]) -> Any:
        encoders = self.one_hot_encoders
        encoded = {name: encoders[name](each) if name in encoders else each for name, each in features.items()}
        return encoded if self.output_mode == "dict" else self.concat([*encoded.values()])

    def __call__(self, data: Any) -> Any:
        """Return the encoding of one row or of a batch of rows.

        Args:
            data: dictionary of columns.

        Raises:
            ArgumentError: something else, other columns, or no `adapt` yet.
        """
        self.get_encoded_features()
        if not isinstance(data, Mapping):
            raise ArgumentError(f"{self._label}: expected a dictionary of columns; received a {type(data).__name__}")
        if set(data) != set(self.features):
            raise ArgumentError(f"{self._label}: expected the columns {sorted(self.features)}; received {sorted(data)}")
        columns = {name: _value(each) for name, each in data.items()}
        is_row = any(len(each.shape) == 0 for each in columns.values())
        merged = self._merge(self._preprocess({name: _with_axes(each) for name, each in columns.items()}))
        if not is_row:
            return merged
        if self.output_mode == "dict":
            return {name: each[0] if len(each.shape) == 2 else each for name, each in merged.items()}
        return merged[0]

    # Files

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "features": serialize_object(dict(self.features)),
            "output_mode": self.output_mode,
            "crosses": serialize_object(list(self.crosses)),
            "crossing_dim": self.crossing_dim,
            "hashing_dim": self.hashing_dim,
            "num_discretization_bins": self.num_discretization_bins,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FeatureSpace:
        """Make what `get_config` describes."""
        return cls(**config)

    def get_build_config(self) -> Optional[dict[str, Any]]:
        """Return what `build_from_config` needs for the layers of the columns, or None before `adapt`."""
        if self._waits_for_data():
            return None
        return {name: layer.get_build_config() or {} for name, layer in self.preprocessors.items()}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Make the variables of the layers of the columns."""
        for name, each in config.items():
            if not self.preprocessors[name].built:
                self.preprocessors[name].build_from_config(each)
        self._is_adapted = True

    def save(self, filepath: Any) -> None:
        """Write a `.keras` file, which `gm.saving.load_model` reads.

        Args:
            filepath: its name.
        """
        connected("save_model")(self, filepath)


def _is_given(layer: Any) -> bool:
    """Whether a layer has from its constructor what it could learn."""
    if isinstance(layer, Normalization):
        return layer.input_mean is not None
    if isinstance(layer, Discretization):
        return layer.num_bins is None
    lookup = layer._lookup_layer if isinstance(layer, TextVectorization) else layer
    return isinstance(lookup, IndexLookup) and lookup.has_input_vocabulary


def _value(value: Any) -> Any:
    """Return a column as text, ragged rows, or a tensor."""
    if isinstance(value, (_core.Tensor, SymbolicTensor)) or hasattr(value, "row_splits"):
        return value
    return as_text(value) if is_text(value) else ops.convert_to_tensor(value)


def _array(value: Any) -> Any:
    """Return a column as text, ragged rows, or an array."""
    value = _value(value)
    return np.asarray(value) if isinstance(value, _core.Tensor) else value


def _with_axes(value: Any) -> Any:
    """Return a column as (rows, 1), unless it has two or more axes."""
    missing = 0 if hasattr(value, "row_splits") else 2 - len(value.shape)
    if missing <= 0:
        return value
    shape = (1, 1) if missing == 2 else (-1, 1)
    return as_text(np.reshape(np.array(value, object), shape)) if is_text(value) else ops.reshape(value, shape)
