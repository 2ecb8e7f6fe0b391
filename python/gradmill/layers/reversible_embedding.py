"""ReversibleEmbedding: a table that also turns rows back into a score for each of its entries."""

from __future__ import annotations

from typing import Any, Optional

from gradmill import config, masks, ops
from gradmill.errors import ShapeError
from gradmill.layers.base import Layer, cast_like
from gradmill.layers.embedding import Embedding
from gradmill.layers.scale_and_offset import check_number
from gradmill.serialization import register_serializable


@register_serializable("keras.layers")
class ReversibleEmbedding(Embedding):
    """Replace integers by the rows of a table; called with `reverse=True`, give each row a score for every integer.

    Args:
        input_dim: number of rows; integers lie in [0, input_dim).
        output_dim: length of a row.
        tie_weights: whether the way back uses the same table; else it has one of its own.
        embeddings_initializer: first values.
        embeddings_regularizer: penalty on the table.
        embeddings_constraint: projection after each update.
        mask_zero: 0 stands for no entry: outputs carry a mask, and layers behind skip such steps.
        reverse_dtype: dtype of the way back, default the compute dtype.
        logit_soft_cap: scores are brought into plus and minus this number by tanh; None leaves them as they are.

    Input shape: (batch, ...), integers; with `reverse=True` (batch, ..., output_dim).
    Output shape: (batch, ..., output_dim); with `reverse=True` (batch, ..., input_dim).
    Weights: embeddings (input_dim, output_dim), and without `tie_weights` reverse_embeddings (output_dim, input_dim).

    Raises:
        ArgumentError: sizes that are not positive integers; an integer beyond the table.

    Reference: Press and Wolf 2016.

    Example:
    >>> import numpy as np, gradmill as gm
    >>> layer = gm.layers.ReversibleEmbedding(3, 2, weights=np.array([[0, 0], [1, 2], [3, 4]], "float32"))
    >>> layer(layer(np.array([[1]])), reverse=True).numpy().tolist()
    [[[0.0, 5.0, 11.0]]]
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Optional[str] = None,
        logit_soft_cap: Optional[float] = None,
        **kwargs: Any,
    ):
        # Before the table may be made from `weights`.
        self.tie_weights = bool(tie_weights)
        self.reverse_embeddings: Any = None
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer=embeddings_initializer,
            embeddings_regularizer=embeddings_regularizer,
            embeddings_constraint=embeddings_constraint,
            mask_zero=mask_zero,
            **kwargs,
        )
        self.reverse_dtype = None if reverse_dtype is None else config.standardize_dtype(reverse_dtype)
        self.logit_soft_cap = (
            None if logit_soft_cap is None else check_number(self._label, "logit_soft_cap", logit_soft_cap)
        )

    def build(self, input_shape: Any = None) -> None:
        """Make the tables."""
        super().build(input_shape)
        if not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                (self.output_dim, self.input_dim), name="reverse_embeddings", initializer=self.embeddings_initializer
            )

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        """Return the rows, or the scores."""
        if not reverse:
            rows = super().call(inputs)
            mask = super().compute_mask(inputs)
            if mask is not None:
                masks.set_mask(rows, mask)
            return rows
        if inputs.shape[-1] != self.output_dim:
            raise ShapeError(
                f"{self._label}: expected rows of length {self.output_dim} with reverse=True; received shape "
                f"{tuple(inputs.shape)}"
            )
        inputs = ops.cast(inputs, self.reverse_dtype or self.compute_dtype)
        table = ops.transpose(self.embeddings) if self.tie_weights else self.reverse_embeddings
        scores = ops.matmul(inputs, cast_like(table, inputs))
        if self.logit_soft_cap is None:
            return scores
        return ops.tanh(scores / self.logit_soft_cap) * self.logit_soft_cap

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Return None: rows get their mask in the call, scores have none."""
        return None

    # Inferred from the call, as it follows from `reverse`.
    compute_output_shape = Layer.compute_output_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "tie_weights": self.tie_weights,
            "reverse_dtype": self.reverse_dtype,
            "logit_soft_cap": self.logit_soft_cap,
        }
