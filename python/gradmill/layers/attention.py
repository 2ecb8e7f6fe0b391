"""Attention and AdditiveAttention: one head, without projections."""

from __future__ import annotations

from typing import Any, Sequence

from gradmill import ops, random
from gradmill.errors import ArgumentError, ShapeError
from gradmill.layers.base import Layer, cast_like
from gradmill.layers.scale_and_offset import check_number
from gradmill.ops.attending import as_mask, causal_mask
from gradmill.serialization import register_serializable


@register_serializable("keras.layers")
class Attention(Layer):
    """For each query the mean of the values, weighted by the softmax of the query's products with the keys.

    Args:
        use_scale: whether the scores are multiplied by a trained number.
        score_mode: "dot" for products, "concat" for the sum of tanh(query + key).
        dropout: share of the weights of keys that is dropped in training.
        seed: of the dropout.

    Called with [query (batch, queries, size), value (batch, keys, size of the outputs), key (default: value)], and by
    name:

    - `mask`: [mask of the queries (batch, queries), mask of the values (batch, keys)], either may be None; taken from
      the tensors if not given. Outputs of masked queries are 0.
    - `return_attention_scores`: return also the weights (batch, queries, keys), before dropout.
    - `use_causal_mask`: a query sees no key behind its own place.

    Output shape: (batch, queries, size of the outputs).
    Weights: scale (), where used; with "concat" also concat_score_weight ().

    Raises:
        ArgumentError: another score_mode, or something else than two or three inputs.
        ShapeError: inputs or masks that do not fit each other.
        DTypeError: a mask of floats.

    Reference: Luong et al. 2015.

    Example:
    >>> import gradmill as gm
    >>> x = gm.ops.convert_to_tensor([[[1.0, 0.0], [0.0, 1.0]]])
    >>> gm.layers.Attention()([x, x], use_causal_mask=True).numpy()[0, 0].tolist()
    [1.0, 0.0]
    """

    def __init__(
        self, use_scale: bool = False, score_mode: str = "dot", dropout: float = 0.0, seed: Any = None, **kwargs: Any
    ):
        super().__init__(**kwargs)
        if score_mode not in ("dot", "concat"):
            raise ArgumentError(f"{self._label}: expected score_mode 'dot' or 'concat'; received {score_mode!r}")
        self.use_scale = bool(use_scale)
        self.score_mode = score_mode
        self.dropout = check_number(self._label, "dropout", dropout, 0.0, 1.0)
        self.seed = seed
        if self.dropout:
            self.seed_generator = random.SeedGenerator(seed)
        self.scale: Any = None
        self.concat_score_weight: Any = None

    def build(self, input_shape: Any) -> None:
        """Make the numbers that scale the scores."""
        self._check_shapes(input_shape)
        if self.use_scale:
            self.scale = self.add_weight((), name="scale", initializer="ones")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight((), name="concat_score_weight", initializer="ones")

    def _check_shapes(self, shapes: Any) -> None:
        if not isinstance(shapes, (list, tuple)) or not all(isinstance(each, (list, tuple)) for each in shapes):
            raise ArgumentError(f"{self._label}: expected a list of inputs; received one; pass [query, value]")
        if len(shapes) not in (2, 3):
            raise ArgumentError(
                f"{self._label}: expected two or three inputs; received {len(shapes)}; pass [query, value] or "
                "[query, value, key]"
            )
        query, value, key = (tuple(shape) for shape in (*shapes, shapes[1])[:3])
        if any(len(shape) < 3 or len(shape) != len(query) for shape in (query, value, key)):
            raise ShapeError(
                f"{self._label}: expected inputs of shape (batch, steps, size); received {query}, {value} and {key}; "
                "reshape them"
            )
        if key[-1] != query[-1] or key[1:-1] != value[1:-1]:
            raise ShapeError(
                f"{self._label}: expected key with the size of query and the steps of value; received query {query}, "
                f"value {value} and key {key}; correct them"
            )

    def _scores(self, query: Any, key: Any) -> Any:
        if self.score_mode == "dot":
            scores = ops.matmul(query, ops.swapaxes(key, -2, -1))
            return scores if self.scale is None else scores * cast_like(self.scale, scores)
        sums = _all_sums(query, key)
        sums = sums if self.scale is None else sums * cast_like(self.scale, sums)
        scores = ops.sum(ops.tanh(sums), axis=-1)
        return scores * cast_like(self.concat_score_weight, scores)

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """Return the outputs, and the weights if wanted."""
        self._check_shapes([tuple(each.shape) for each in inputs])
        query, value, key = (*inputs, inputs[1])[:3]
        query_mask, value_mask = self._read_masks(mask, query.shape, value.shape)
        scores = self._scores(query, key)
        visible = None if value_mask is None else ops.expand_dims(value_mask, -2)
        if use_causal_mask:
            before = causal_mask(scores.shape[-2], scores.shape[-1])
            visible = before if visible is None else ops.logical_and(visible, before)
        if visible is not None:
            # As large as float16 can hold.
            scores = ops.where(visible, scores, scores - (65504.0 if scores.dtype == "float16" else 1e9))
        weights = thinned = ops.softmax(scores, axis=-1)
        if training and self.dropout:
            thinned = random.dropout(weights, self.dropout, seed=self.seed_generator)
        outputs = ops.matmul(thinned, value)
        if query_mask is not None:
            outputs = ops.where(ops.expand_dims(query_mask, -1), outputs, ops.zeros_like(outputs))
        return (outputs, weights) if return_attention_scores else outputs

    def _read_masks(self, mask: Any, query_shape: Sequence[int], value_shape: Sequence[int]) -> list:
        if mask is None:
            return [None, None]
        if not isinstance(mask, (list, tuple)) or len(mask) not in (2, 3):
            raise ArgumentError(
                f"{self._label}: expected mask as a list of two or three masks; received {mask!r}; pass "
                "[query_mask, value_mask], either of which may be None"
            )
        found = []
        for name, each, shape in zip(("query", "value"), mask, (query_shape, value_shape)):
            read = None if each is None else as_mask(each, f"mask of {name}", self._label)
            wanted = tuple(shape[:-1])
            if read is not None and (
                len(read.shape) != len(wanted) or any(have not in (1, want) for have, want in zip(read.shape, wanted))
            ):
                raise ShapeError(
                    f"{self._label}: expected mask of {name} of shape {wanted}; received {tuple(read.shape)}"
                )
            found.append(read)
        return found

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Return the mask of the queries."""
        return previous_mask[0] if isinstance(previous_mask, (list, tuple)) else None

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "use_scale": self.use_scale,
            "score_mode": self.score_mode,
            "dropout": self.dropout,
            "seed": self.seed,
        }


def _all_sums(query: Any, key: Any) -> Any:
    """Every query plus every key: (batch, queries, keys, size)."""
    return ops.expand_dims(query, -2) + ops.expand_dims(key, -3)


@register_serializable("keras.layers")
class AdditiveAttention(Attention):
    """For each query the mean of the values, weighted by the softmax of sum(scale * tanh(query + key)).

    Args:
        use_scale: whether the sum has trained factors.
        dropout: share of the weights of keys that is dropped in training.

    Called like `Attention`. Weights: scale (size,), where used.

    Raises:
        ArgumentError: something else than two or three inputs.
        ShapeError: inputs or masks that do not fit each other.
        DTypeError: a mask of floats.

    Reference: Bahdanau et al. 2015.

    Example:
    >>> import gradmill as gm
    >>> x = gm.ops.ones((1, 3, 2))
    >>> outputs, weights = gm.layers.AdditiveAttention()([x, x], return_attention_scores=True)
    >>> outputs.shape, weights.shape
    ((1, 3, 2), (1, 3, 3))
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any):
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Make the factors."""
        self._check_shapes(input_shape)
        if self.use_scale:
            self.scale = self.add_weight(input_shape[0][-1:], name="scale", initializer="glorot_uniform")

    def _scores(self, query: Any, key: Any) -> Any:
        bent = ops.tanh(_all_sums(query, key))
        return ops.sum(bent if self.scale is None else bent * cast_like(self.scale, bent), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = super().get_config()
        del config["score_mode"]
        return config
