"""Layers that say where in its sequence a step stands: trained rows, sines, rotations, and rows for tokens too."""

from __future__ import annotations

from typing import Any, Optional, Sequence

import numpy as np

from gradmill import initializers, ops, tracing
from gradmill.errors import ArgumentError, ShapeError
from gradmill.layers.base import Layer, positive_integer
from gradmill.layers.reversible_embedding import ReversibleEmbedding
from gradmill.layers.scale_and_offset import check_number
from gradmill.serialization import register_serializable


def read_positions(owner: str, steps: int, start_index: Any, positions: Any) -> Any:
    """Return the positions of the steps as a tensor (batch or 1, steps).

    Args:
        owner: the layer as named in messages.
        steps: number of steps of the inputs.
        start_index: position of the first step, a number or a tensor of one, where `positions` are not given.
        positions: (steps,) or (batch, steps), or None.

    Raises:
        ShapeError: positions of another shape.
    """
    if positions is None:
        return ops.expand_dims(ops.arange(steps, dtype="int32") + ops.cast(start_index, "int32"), 0)
    positions = ops.convert_to_tensor(positions)
    if len(positions.shape) not in (1, 2) or positions.shape[-1] not in (1, steps):
        raise ShapeError(
            f"{owner}: expected positions of shape ({steps},) or (batch, {steps}); received {tuple(positions.shape)}"
        )
    return ops.expand_dims(positions, 0) if len(positions.shape) == 1 else positions


def check_sequences(owner: str, shape: Sequence[Optional[int]]) -> None:
    """Require inputs (batch, steps, features).

    Args:
        owner: the layer as named in messages.
        shape: of the inputs.

    Raises:
        ShapeError: fewer axes.
    """
    if len(shape) < 3:
        raise ShapeError(
            f"{owner}: expected inputs of shape (batch, steps, features); received {tuple(shape)}; reshape them"
        )


@register_serializable("keras_hub")
class PositionEmbedding(Layer):
    """A trained row for each position, to be added to the inputs; only their shape matters.

    Args:
        sequence_length: number of rows: the greatest length of a sequence.
        initializer: first values.

    Called with inputs (batch, ..., steps, features), and by name `start_index`, the position of the first step, or
    `positions` (steps,) or (batch, steps). Output shape: that of the inputs.
    Weights: embeddings (sequence_length, features).

    A position beyond the rows is an error where the layer is called directly; in a compiled step its row is NaN.

    Raises:
        ArgumentError: a length that is no positive integer, or positions beyond the rows.
        ShapeError: sequences longer than that.

    Reference: Devlin et al. 2019.

    Example:
    >>> import gradmill as gm
    >>> layer = gm.layers.PositionEmbedding(10, initializer="ones")
    >>> layer(gm.ops.zeros((1, 2, 3))).numpy().tolist()
    [[[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]]
    """

    def __init__(self, sequence_length: int, initializer: Any = "glorot_uniform", **kwargs: Any):
        super().__init__(**kwargs)
        self.sequence_length = positive_integer(sequence_length, "sequence_length", self._label)
        self.initializer = initializers.get(initializer)
        self.position_embeddings: Any = None

    def build(self, inputs_shape: Any) -> None:
        """Make the rows."""
        check_sequences(self._label, inputs_shape)
        self.position_embeddings = self.add_weight(
            (self.sequence_length, inputs_shape[-1]), name="embeddings", initializer=self.initializer
        )

    def call(self, inputs: Any, start_index: Any = 0, positions: Any = None) -> Any:
        """Return the rows."""
        steps = inputs.shape[-2]
        first = start_index if isinstance(start_index, (int, np.integer)) else 0
        if positions is None and (first < 0 or first + steps > self.sequence_length):
            raise ShapeError(
                f"{self._label}: expected positions below sequence_length={self.sequence_length}; received {steps} "
                f"steps from {first} on; make sequence_length larger or cut the sequences"
            )
        if positions is None and isinstance(start_index, (int, np.integer)):
            rows = self.position_embeddings[first : first + steps]
        else:
            places = ops.cast(read_positions(self._label, steps, start_index, positions), "int32")
            places = self._check_range(places)
            rows = ops.take(self.position_embeddings, places, axis=0)
        return ops.broadcast_to(ops.cast(rows, self.compute_dtype), inputs.shape)

    def _check_range(self, places: Any) -> Any:
        if tracing.is_tracing():
            # Rows beyond the table are NaN, and a negative number must not count from its end.
            return ops.where(ops.less(places, 0), self.sequence_length, places)
        values = places.numpy()
        if values.size and not 0 <= values.min() <= values.max() < self.sequence_length:
            wrong = values.min() if values.min() < 0 else values.max()
            raise ArgumentError(
                f"{self._label}: expected positions from 0 to {self.sequence_length - 1}; received {wrong}; make "
                "sequence_length larger"
            )
        return places

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """Return the shape of the outputs."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "sequence_length": self.sequence_length,
            "initializer": initializers.serialize(self.initializer),
        }


@register_serializable("keras_hub")
class SinePositionEncoding(Layer):
    """Sines and cosines of positions, of wavelengths that grow from 2 pi by feature; to be added to the inputs.

    Args:
        max_wavelength: the largest wavelength, divided by 2 pi.

    Called with inputs (batch, steps, features), and by name `start_index`, the position of the first step, or
    `positions` (steps,) or (batch, steps). Output shape: that of the inputs. Even features are sines, odd ones cosines.

    Raises:
        ArgumentError: a wavelength that is no number above 0.
        ShapeError: inputs of fewer axes, positions of another shape.

    Reference: Vaswani et al. 2017.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.SinePositionEncoding()(gm.ops.ones((1, 1, 4))).numpy().tolist()
    [[[0.0, 1.0, 0.0, 1.0]]]
    """

    def __init__(self, max_wavelength: float = 10000, **kwargs: Any):
        super().__init__(**kwargs)
        _check_wavelength(self._label, max_wavelength)
        self.max_wavelength = max_wavelength
        self._build_at_init()

    def call(self, inputs: Any, start_index: Any = 0, positions: Any = None) -> Any:
        """Return the sines and cosines."""
        check_sequences(self._label, inputs.shape)
        steps, features = inputs.shape[-2:]
        index = np.arange(features)
        scales = (1.0 / self.max_wavelength) ** (2 * (index // 2) / features)
        # Angles are large: half types would not tell neighbouring positions apart.
        places = ops.cast(read_positions(self._label, steps, start_index, positions), "float32")
        angles = ops.expand_dims(places, -1) * scales.astype("float32")
        waves = ops.where(index % 2 == 0, ops.sin(angles), ops.cos(angles))
        return ops.broadcast_to(ops.cast(waves, self.compute_dtype), inputs.shape)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """Return the shape of the outputs."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "max_wavelength": self.max_wavelength}


def _check_wavelength(owner: str, value: Any) -> None:
    check_number(owner, "max_wavelength", value)
    if value == 0:
        raise ArgumentError(f"{owner}: expected max_wavelength above 0; received {value!r}; correct it")


@register_serializable("keras_hub")
class TokenAndPositionEmbedding(Layer):
    """The sum of a trained row for each token and one for its position.

    Args:
        vocabulary_size: number of tokens.
        sequence_length: the greatest length of a sequence.
        embedding_dim: length of a row.
        tie_weights: whether `token_embedding` turns rows back into scores by the same table.
        embeddings_initializer: first values of both tables.
        mask_zero: token 0 is padding: outputs carry a mask.

    Called with tokens (batch, steps), and by name `start_index` or `positions`, as `PositionEmbedding`.
    Output shape: (batch, steps, embedding_dim).
    Weights: embeddings (vocabulary_size, embedding_dim), embeddings (sequence_length, embedding_dim).

    Raises:
        ArgumentError: sizes that are not positive integers; tokens or positions beyond the tables.
        ShapeError: sequences that are too long.

    Example:
    >>> import numpy as np, gradmill as gm
    >>> layer = gm.layers.TokenAndPositionEmbedding(vocabulary_size=5, sequence_length=8, embedding_dim=3)
    >>> layer(np.array([[1, 4]])).shape
    (1, 2, 3)
    """

    def __init__(
        self,
        vocabulary_size: int,
        sequence_length: int,
        embedding_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        mask_zero: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.vocabulary_size = positive_integer(vocabulary_size, "vocabulary_size", self._label)
        self.sequence_length = positive_integer(sequence_length, "sequence_length", self._label)
        self.embedding_dim = positive_integer(embedding_dim, "embedding_dim", self._label)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.token_embedding = ReversibleEmbedding(
            self.vocabulary_size,
            self.embedding_dim,
            tie_weights=tie_weights,
            embeddings_initializer=self.embeddings_initializer,
            mask_zero=mask_zero,
            dtype=self.dtype_policy,
            name="token_embedding",
        )
        self.position_embedding = PositionEmbedding(
            self.sequence_length,
            initializer=self.embeddings_initializer,
            dtype=self.dtype_policy,
            name="position_embedding",
        )
        self.supports_masking = bool(mask_zero)
        # Tokens may arrive as floats; a cast to a half type would change them.
        self.autocast = False

    def build(self, input_shape: Any) -> None:
        """Make both tables."""
        self.token_embedding.build(tuple(input_shape))
        self.position_embedding.build((*input_shape, self.embedding_dim))

    def call(self, inputs: Any, start_index: Any = 0, positions: Any = None) -> Any:
        """Return the sums."""
        tokens = self.token_embedding(inputs)
        return tokens + self.position_embedding(tokens, start_index=start_index, positions=positions)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Return True where a token is not 0, or None without `mask_zero`."""
        return ops.not_equal(inputs, 0) if self.token_embedding.mask_zero else None

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """Return the shape of the outputs."""
        return (*input_shape, self.embedding_dim)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "sequence_length": self.sequence_length,
            "embedding_dim": self.embedding_dim,
            "embeddings_initializer": initializers.serialize(self.embeddings_initializer),
            "tie_weights": self.token_embedding.tie_weights,
            "mask_zero": self.token_embedding.mask_zero,
        }
