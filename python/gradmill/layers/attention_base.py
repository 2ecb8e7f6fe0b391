"""What layers of several attention heads share: their arguments, projections, masks and the call."""

from __future__ import annotations

import functools
from typing import Any, Optional, Sequence

from gradmill import constraints, initializers, ops, regularizers
from gradmill.errors import ShapeError, UnsupportedError
from gradmill.layers.attention_axes import AttentionAxes
from gradmill.layers.base import Layer, positive_integer
from gradmill.layers.einsum_dense import EinsumDense
from gradmill.layers.regularization import Dropout
from gradmill.layers.scale_and_offset import check_number
from gradmill.ops.attending import as_mask, attend, window_mask

_READERS: dict[str, Any] = {
    "kernel_initializer": initializers,
    "bias_initializer": initializers,
    "kernel_regularizer": regularizers,
    "bias_regularizer": regularizers,
    "kernel_constraint": constraints,
    "bias_constraint": constraints,
}


class HeadedAttention(Layer):
    """Base of `MultiHeadAttention` and `GroupQueryAttention`: a subclass makes the projections in `build`."""

    # Set by the subclass.
    _query_heads: int
    _axes: AttentionAxes
    _query_dense: EinsumDense
    _key_dense: EinsumDense
    _value_dense: EinsumDense
    _gate_dense: EinsumDense
    _output_dense: EinsumDense

    def _read_arguments(
        self, dropout: Any, use_bias: Any, sliding_window: Any, use_gate: Any, seed: Any, projections: dict[str, Any]
    ) -> None:
        self.dropout = check_number(self._label, "dropout", dropout, 0.0, 1.0)
        self.use_bias = bool(use_bias)
        self.use_gate = bool(use_gate)
        if sliding_window is not None:
            sliding_window = positive_integer(sliding_window, "sliding_window", self._label)
        self.sliding_window = sliding_window
        self.seed = seed
        for name, module in _READERS.items():
            setattr(self, name, module.get(projections[name]))
        self._activity_regularizer = regularizers.get(projections["activity_regularizer"])
        self.supports_masking = True

    def _project(
        self, name: str, equation: str, sizes: Sequence[int], input_shape: Any, activation: Any = None
    ) -> EinsumDense:
        """Return a built layer for a projection to axes of these sizes."""
        outputs = equation.split("->")[1]
        parts = {key: getattr(self, key) for key in _READERS}
        layer = EinsumDense(
            equation,
            (*[None] * (len(outputs) - 1 - len(sizes)), *sizes),
            activation=activation,
            bias_axes=outputs[len(outputs) - len(sizes) :] if self.use_bias else None,
            activity_regularizer=self._activity_regularizer,
            name=name,
            dtype=self.dtype_policy,
            **parts,
        )
        layer.build(input_shape)
        return layer

    def _build_attention(self, axes: AttentionAxes) -> None:
        self._axes = axes
        self._dropout_layer = Dropout(self.dropout, seed=self.seed, dtype=self.dtype_policy)

    def _check_shapes(self, query: Sequence, value: Sequence, key: Sequence) -> None:
        if len(query) < 3:
            raise ShapeError(
                f"{self._label}: expected query of shape (batch, steps, features); received {tuple(query)}; reshape it"
            )
        for name, shape in (("value", value), ("key", key)):
            if len(shape) != len(query):
                raise ShapeError(
                    f"{self._label}: expected {name} to have {len(query)} axes like query {tuple(query)}; received "
                    f"shape {tuple(shape)}; reshape it"
                )
        if tuple(key[1:-1]) != tuple(value[1:-1]):
            raise ShapeError(
                f"{self._label}: expected key and value of one shape but for the last axis; received key "
                f"{tuple(key)} and value {tuple(value)}; correct them"
            )
        if len({query[0], value[0], key[0]} - {None}) > 1:
            raise ShapeError(
                f"{self._label}: expected inputs of one batch size; received query {tuple(query)}, value "
                f"{tuple(value)} and key {tuple(key)}; correct them"
            )

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: Optional[bool] = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """Return the outputs, and the shares that keys had if wanted."""
        key = value if key is None else key
        self._check_shapes(query.shape, value.shape, key.shape)
        if not self._axes.plain and len(self._axes.axes) > 1 and (use_causal_mask or self.sliding_window):
            raise UnsupportedError(
                f"{self._label}: expected one axis of attention with use_causal_mask or sliding_window; received "
                f"{self._axes.axes}; pass attention_mask"
            )
        own_masks = {"query_mask": query_mask, "value_mask": value_mask, "key_mask": key_mask}
        mask = self._merge_masks(query, key, own_masks, attention_mask)
        outputs, scores = self._attend(
            query,
            self._axes.join(self._key_dense(key)),
            self._axes.join(self._value_dense(value)),
            mask,
            use_causal_mask,
            return_attention_scores,
            training,
        )
        return (outputs, self._axes.part_scores(scores, query.shape, key.shape)) if return_attention_scores else outputs

    def _attend(
        self, query: Any, key: Any, value: Any, mask: Any, is_causal: bool, with_scores: bool, training: Optional[bool]
    ) -> tuple[Any, Any]:
        """Return outputs and shares for a query and projected keys and values (batch, keys, heads, size)."""
        picked, shares = attend(
            self._axes.join(self._query_dense(query)),
            key,
            value,
            mask=mask,
            is_causal=is_causal,
            dropout=self._dropout_layer if self.dropout and training else None,
            # As in Keras, where attention is done in several steps then.
            clear_masked=bool(self.dropout) or with_scores or not self._axes.plain,
            with_shares=with_scores,
            owner=self._label,
        )
        picked = self._axes.part(picked, query.shape)
        if self.use_gate:
            picked = picked * self._gate_dense(query)
        return self._output_dense(picked), shares

    def _merge_masks(self, query: Any, key: Any, own_masks: dict[str, Any], attention_mask: Any) -> Any:
        """Return what all masks together let be seen, broadcast to (batch, heads, queries, keys), or None."""
        found = []
        for name, mask in own_masks.items():
            if mask is not None:
                steps = self._steps_mask(mask, name, query if name == "query_mask" else key)
                found.append(ops.expand_dims(steps, (1, 3) if name == "query_mask" else (1, 2)))
        if self.sliding_window is not None:
            axis = self._axes.axes[0]
            found.append(window_mask(query.shape[axis], key.shape[axis], self.sliding_window))
        if attention_mask is not None:
            mask = as_mask(attention_mask, "attention_mask", self._label)
            found.append(self._axes.join_scores_mask(mask, query.shape, key.shape, self._query_heads))
        return functools.reduce(ops.logical_and, found) if found else None

    def _steps_mask(self, mask: Any, name: str, inputs: Any) -> Any:
        mask = as_mask(mask, name, self._label)
        wanted = tuple(inputs.shape[:-1])
        given = tuple(mask.shape)
        if len(given) != len(wanted) or any(have not in (1, want) for have, want in zip(given, wanted)):
            raise ShapeError(
                f"{self._label}: expected {name} of shape {wanted}; received {given}; give it the shape of the inputs "
                "without features"
            )
        return self._axes.join(mask if self._axes.plain else ops.broadcast_to(mask, wanted))

    @property
    def query_dense(self) -> Any:
        """The projection of queries, once built."""
        return self._query_dense

    @property
    def key_dense(self) -> Any:
        """The projection of keys, once built."""
        return self._key_dense

    @property
    def value_dense(self) -> Any:
        """The projection of values, once built."""
        return self._value_dense

    @property
    def output_dense(self) -> Any:
        """The projection of the outputs, once built."""
        return self._output_dense

    def _shared_config(self) -> dict[str, Any]:
        return {
            "dropout": self.dropout,
            "use_bias": self.use_bias,
            "use_gate": self.use_gate,
            "sliding_window": self.sliding_window,
            **{name: module.serialize(getattr(self, name)) for name, module in _READERS.items()},
            "activity_regularizer": regularizers.serialize(self._activity_regularizer),
            "seed": self.seed,
        }
