"""Embedding: a row of a table for each integer."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from gradmill import constraints, initializers, ops, regularizers, tracing
from gradmill.errors import ArgumentError
from gradmill.layers.base import positive_integer
from gradmill.layers.low_rank import LowRankLayer, low_rank_factor
from gradmill.serialization import register_serializable


@register_serializable("keras.layers")
class Embedding(LowRankLayer):
    """Replace integers by the rows of a table that is learned.

    Args:
        input_dim: number of rows; integers lie in [0, input_dim).
        output_dim: length of a row.
        embeddings_initializer: first values.
        embeddings_regularizer: penalty on the table.
        embeddings_constraint: projection after each update.
        mask_zero: 0 stands for no entry: outputs carry a mask, and layers behind skip such steps.
        weights: first values as an array (input_dim, output_dim).
        lora_rank, lora_alpha: rank and strength of a low-rank update; see `enable_lora`.
        quantization_config: must be None.

    Input shape: (batch, ...), integers. Output shape: (batch, ..., output_dim).
    Weights: embeddings (input_dim, output_dim).

    Integers are looked at before a compiled step begins, too, where they are its inputs as they were given. Those that
    the step computes cannot be refused: one beyond the table has a row of NaN, which `gm.config.enable_nan_checks()`
    finds.

    Raises:
        ArgumentError: sizes that are not positive integers; an integer beyond the table.

    Example:
    >>> import numpy as np, gradmill as gm
    >>> layer = gm.layers.Embedding(3, 2, weights=np.array([[0, 0], [1, 2], [3, 4]], "float32"))
    >>> layer(np.array([[2, 1]])).numpy().tolist()
    [[[3.0, 4.0], [1.0, 2.0]]]
    """

    _table_name = "embeddings"
    lora_embeddings_a, lora_embeddings_b = low_rank_factor(0), low_rank_factor(1)

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: Optional[int] = None,
        lora_alpha: Optional[float] = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ):
        input_length = kwargs.pop("input_length", None)
        if input_length is not None:
            kwargs.setdefault("input_shape", input_length)
        super().__init__(**kwargs)
        self.input_dim = positive_integer(input_dim, "input_dim", self._label)
        self.output_dim = positive_integer(output_dim, "output_dim", self._label)
        self._prepare_low_rank(lora_rank, lora_alpha, quantization_config)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = bool(mask_zero)
        self.supports_masking = self.mask_zero
        # Integers may arrive as floats; a cast to a half type would change them.
        self.autocast = False
        if weights is not None:
            self.build()
            self.set_weights(weights if isinstance(weights, (list, tuple)) and len(weights) == 1 else [weights])

    def build(self, input_shape: Any = None) -> None:
        """Make the table."""
        self._table = self.add_weight(
            (self.input_dim, self.output_dim),
            name="embeddings",
            initializer=self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )
        self._enable_wanted()

    @property
    def embeddings(self) -> Any:
        """The table, with its low-rank update if it has one; None before the layer is built."""
        return self._whole_table()

    def call(self, inputs: Any) -> Any:
        """Return the rows."""
        given = inputs
        if inputs.dtype not in ("int32", "int64"):
            inputs = ops.cast(inputs, "int32")
        if not tracing.is_tracing():
            self._check_range(inputs.numpy())
        elif not tracing.check_input(given, self._check_range):
            # A negative number would count from the end of the table.
            inputs = ops.where(ops.less(inputs, 0), self.input_dim, inputs)
        rows = ops.cast(ops.take(self._table, inputs, axis=0), self.compute_dtype)
        return self._with_update(rows, lambda a: ops.take(a, inputs, axis=0))

    def _check_range(self, values: np.ndarray) -> None:
        if values.size and not (0 <= values.min() and values.max() < self.input_dim):
            place = tuple(np.argwhere(~((values >= 0) & (values < self.input_dim)))[0].tolist())
            at = f"row {place[0]}, position {', '.join(map(str, place[1:]))}" if len(place) > 1 else f"place {place}"
            raise ArgumentError(
                f"{self._label}: expected integers from 0 to {self.input_dim - 1}; received {values[place]} at {at}; "
                "make input_dim larger than the largest of them"
            )

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Return True where an entry is not 0, or None without `mask_zero`."""
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """Return the shape of the outputs."""
        return (*input_shape, self.output_dim)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "embeddings_initializer": initializers.serialize(self.embeddings_initializer),
            "embeddings_regularizer": regularizers.serialize(self.embeddings_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "embeddings_constraint": constraints.serialize(self.embeddings_constraint),
            "mask_zero": self.mask_zero,
            "quantization_config": None,
        }
