"""TransformerEncoder and TransformerDecoder: attention and two dense layers, each added to its inputs."""

from __future__ import annotations

from typing import Any, Callable, Optional

from gradmill import activations, initializers, masks, ops
from gradmill.errors import ArgumentError, ShapeError
from gradmill.layers.base import Layer, positive_integer
from gradmill.layers.cached_attention import CachedMultiHeadAttention
from gradmill.layers.core import Dense
from gradmill.layers.feature_normalization import LayerNormalization
from gradmill.layers.multi_head_attention import MultiHeadAttention
from gradmill.layers.regularization import Dropout
from gradmill.layers.scale_and_offset import check_number
from gradmill.ops.attending import as_mask, causal_mask
from gradmill.serialization import register_serializable


class TransformerBlock(Layer):
    """Base of encoder and decoder.

    Args:
        intermediate_dim: size between the two dense layers.
        num_heads: number of heads of attention; each has `features // num_heads` features.
        dropout: share of the outputs of each part, and of the weights of keys, that is dropped in training.
        activation: between the dense layers.
        layer_norm_epsilon: added to the variance by the normalizations.
        kernel_initializer, bias_initializer: first values of attention and dense layers.
        normalize_first: whether inputs of each part are normalized rather than its outputs.
    """

    # Made by `build` of the subclass, in the order of keras_hub's weights.
    _feedforward_layer_norm: LayerNormalization
    _feedforward_dropout: Dropout

    def __init__(
        self,
        intermediate_dim: int,
        num_heads: int,
        dropout: float = 0,
        activation: Any = "relu",
        layer_norm_epsilon: float = 1e-05,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        normalize_first: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.intermediate_dim = positive_integer(intermediate_dim, "intermediate_dim", self._label)
        self.num_heads = positive_integer(num_heads, "num_heads", self._label)
        check_number(self._label, "dropout", dropout, 0.0, 1.0)
        self.dropout = dropout
        self.activation = activations.get(activation)
        self.layer_norm_epsilon = check_number(self._label, "layer_norm_epsilon", layer_norm_epsilon)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.normalize_first = bool(normalize_first)
        self.supports_masking = True

    def _check_features(self, shape: Any) -> int:
        """Return the size of a head."""
        if len(shape) != 3 or shape[-1] is None:
            raise ShapeError(
                f"{self._label}: expected inputs of shape (batch, steps, features); received {tuple(shape)}"
            )
        if shape[-1] < self.num_heads:
            raise ArgumentError(
                f"{self._label}: expected at least as many features as num_heads={self.num_heads}; received inputs of "
                f"shape {tuple(shape)}; use fewer heads"
            )
        return shape[-1] // self.num_heads

    def _heads(self, kind: type, size: int, name: str) -> Any:
        return kind(
            self.num_heads,
            size,
            dropout=self.dropout,
            kernel_initializer=self.kernel_initializer,
            bias_initializer=self.bias_initializer,
            dtype=self.dtype_policy,
            name=name,
        )

    def _norm(self, shape: Any, name: str) -> LayerNormalization:
        layer = LayerNormalization(epsilon=self.layer_norm_epsilon, dtype=self.dtype_policy, name=name)
        layer.build(shape)
        return layer

    def _drop(self, name: str) -> Dropout:
        return Dropout(self.dropout, dtype=self.dtype_policy, name=name)

    def _dense(self, units: int, shape: Any, name: str, activation: Any = None) -> Dense:
        layer = Dense(
            units,
            activation=activation,
            kernel_initializer=self.kernel_initializer,
            bias_initializer=self.bias_initializer,
            dtype=self.dtype_policy,
            name=name,
        )
        layer.build(shape)
        return layer

    def _build_dense_layers(self, shape: Any) -> None:
        self._feedforward_intermediate_dense = self._dense(
            self.intermediate_dim, shape, "feedforward_intermediate_dense", self.activation
        )
        self._feedforward_output_dense = self._dense(
            shape[-1], (*shape[:-1], self.intermediate_dim), "feedforward_output_dense"
        )

    def _feedforward(self, x: Any, training: Optional[bool]) -> Any:
        def dense_layers(values: Any) -> Any:
            return self._feedforward_output_dense(self._feedforward_intermediate_dense(values))

        return self._add_to(x, dense_layers, self._feedforward_layer_norm, self._feedforward_dropout, training)

    def _add_to(self, x: Any, part: Callable, norm: Layer, drop: Layer, training: Optional[bool]) -> Any:
        """Return x plus what a part of the block makes of it."""
        if self.normalize_first:
            return drop(part(norm(x)), training=training) + x
        return norm(drop(part(x), training=training) + x)

    def _merge_masks(self, name: str, inputs: Any, padding_mask: Any, attention_mask: Any) -> Any:
        """Return one mask (batch, 1 or queries, keys), or None."""
        found = []
        padding = masks.get_mask(inputs) if padding_mask is None else padding_mask
        if padding is not None:
            padding = as_mask(padding, f"{name}padding_mask", self._label)
            if len(padding.shape) != 2 or padding.shape[1] not in (1, inputs.shape[1]):
                raise ShapeError(
                    f"{self._label}: expected {name}padding_mask of shape {tuple(inputs.shape[:2])}; received "
                    f"{tuple(padding.shape)}; correct it"
                )
            found.append(ops.expand_dims(padding, 1))
        if attention_mask is not None:
            mask = as_mask(attention_mask, f"{name}attention_mask", self._label)
            if len(mask.shape) != 3:
                raise ShapeError(
                    f"{self._label}: expected {name}attention_mask of shape (batch, queries, keys); received "
                    f"{tuple(mask.shape)}; reshape it"
                )
            found.append(mask)
        return ops.logical_and(*found) if len(found) == 2 else next(iter(found), None)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "intermediate_dim": self.intermediate_dim,
            "num_heads": self.num_heads,
            "dropout": self.dropout,
            "activation": activations.serialize(self.activation),
            "layer_norm_epsilon": self.layer_norm_epsilon,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "normalize_first": self.normalize_first,
        }


@register_serializable("keras_hub")
class TransformerEncoder(TransformerBlock):
    """Steps that attend to each other, and two dense layers; each part is added to its inputs and normalized.

    Args:
        intermediate_dim: size between the two dense layers.
        num_heads: number of heads of attention; each has `features // num_heads` features.
        dropout: share of the outputs of each part, and of the weights of keys, that is dropped in training.
        activation: between the dense layers.
        layer_norm_epsilon: added to the variance by the normalizations.
        kernel_initializer, bias_initializer: first values of attention and dense layers.
        normalize_first: whether inputs of each part are normalized (as in GPT-2) rather than its outputs (as in BERT).

    Called with inputs (batch, steps, features), and by name:

    - `padding_mask` (batch, steps): False at steps that do not count; taken from the inputs if not given.
    - `attention_mask` (batch, steps, steps): False where a step may not see another.
    - `return_attention_scores`: return also the weights of keys (batch, heads, steps, steps).

    Output shape: that of the inputs.
    Weights: those of attention, its normalization, the normalization of the dense layers, the dense layers.

    Raises:
        ArgumentError: sizes that are not positive integers, fewer features than heads.
        ShapeError: masks that do not fit the inputs.
        DTypeError: a mask of floats.

    Reference: Vaswani et al. 2017.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.TransformerEncoder(intermediate_dim=16, num_heads=2)(gm.ops.ones((1, 5, 8))).shape
    (1, 5, 8)
    """

    def build(self, inputs_shape: Any) -> None:
        """Make the parts."""
        size = self._check_features(inputs_shape)
        self._self_attention_layer = self._heads(MultiHeadAttention, size, "self_attention_layer")
        self._self_attention_layer.build(inputs_shape, inputs_shape)
        self._self_attention_layer_norm = self._norm(inputs_shape, "self_attention_layer_norm")
        self._self_attention_dropout = self._drop("self_attention_dropout")
        self._feedforward_layer_norm = self._norm(inputs_shape, "feedforward_layer_norm")
        self._build_dense_layers(inputs_shape)
        self._feedforward_dropout = self._drop("feedforward_dropout")

    def call(
        self,
        inputs: Any,
        padding_mask: Any = None,
        attention_mask: Any = None,
        training: Optional[bool] = None,
        return_attention_scores: bool = False,
    ) -> Any:
        """Return the outputs, and the weights of keys if wanted."""
        mask = self._merge_masks("", inputs, padding_mask, attention_mask)
        kept = []

        def attention(x: Any) -> Any:
            outputs = self._self_attention_layer(
                x, x, attention_mask=mask, return_attention_scores=return_attention_scores, training=training
            )
            if return_attention_scores:
                outputs, scores = outputs
                kept.append(scores)
            return outputs

        x = self._add_to(inputs, attention, self._self_attention_layer_norm, self._self_attention_dropout, training)
        x = self._feedforward(x, training)
        return (x, *kept) if return_attention_scores else x


@register_serializable("keras_hub")
class TransformerDecoder(TransformerBlock):
    """Steps that attend to those before them, then to another sequence if there is one, and two dense layers.

    Args:
        intermediate_dim: size between the two dense layers.
        num_heads: number of heads of attention; each has `features // num_heads` features.
        dropout: share of the outputs of each part, and of the weights of keys, that is dropped in training.
        activation: between the dense layers.
        layer_norm_epsilon: added to the variance by the normalizations.
        kernel_initializer, bias_initializer: first values of attention and dense layers.
        normalize_first: whether inputs of each part are normalized (as in GPT-2) rather than its outputs.

    Called with `decoder_sequence` (batch, steps, features) and optionally `encoder_sequence` (batch, keys, features),
    always or never, and by name:

    - `decoder_padding_mask` (batch, steps), `encoder_padding_mask` (batch, keys): False at steps that do not count;
      taken from the inputs if not given.
    - `decoder_attention_mask` (batch, steps, steps), `encoder_attention_mask` (batch, steps, keys): False where a step
      may not see another.
    - `self_attention_cache` (batch, 2, length, heads, features // heads): keys and values of steps before, which those
      of these steps join at `self_attention_cache_update_index`; likewise for `cross_attention_cache`, whose
      index is None where it is complete.
    - `use_causal_mask`: whether a step sees no step behind it.

    Output shape: that of the decoder's sequence; with caches a tuple with the new caches behind.
    Weights: those of attention, its normalization, (the same for the other sequence,) the dense layers, their
    normalization.

    Raises:
        ArgumentError: sizes that are not positive integers, fewer features than heads, another number of sequences or
            of caches than before.
        ShapeError: masks or caches that do not fit the inputs.
        DTypeError: a mask of floats.

    Reference: Vaswani et al. 2017.

    Example:
    >>> import gradmill as gm
    >>> decoder = gm.layers.TransformerDecoder(intermediate_dim=16, num_heads=2)
    >>> decoder(gm.ops.ones((1, 5, 8)), gm.ops.ones((1, 7, 8))).shape
    (1, 5, 8)
    """

    def __init__(self, intermediate_dim: int, num_heads: int, *args: Any, **kwargs: Any):
        # Written by `get_config`, as keras_hub's layer does.
        shapes = [kwargs.pop(f"{each}_sequence_shape", None) for each in ("decoder", "encoder")]
        super().__init__(intermediate_dim, num_heads, *args, **kwargs)
        self._decoder_sequence_shape: Any = None
        self._encoder_sequence_shape: Any = None
        self._cross_attention_layer: Any = None
        if shapes[0] is not None:
            self.build(*(None if each is None else tuple(each) for each in shapes))

    def build(  # type: ignore[override]
        self, decoder_sequence_shape: Any, encoder_sequence_shape: Any = None
    ) -> None:
        """Make the parts."""
        size = self._check_features(decoder_sequence_shape)
        self._decoder_sequence_shape = decoder_sequence_shape
        self._encoder_sequence_shape = encoder_sequence_shape
        self._self_attention_layer = self._heads(CachedMultiHeadAttention, size, "self_attention")
        self._self_attention_layer.build(decoder_sequence_shape, decoder_sequence_shape)
        self._self_attention_layer_norm = self._norm(decoder_sequence_shape, "self_attention_layer_norm")
        self._self_attention_dropout = self._drop("self_attention_dropout")
        if encoder_sequence_shape is not None:
            self._cross_attention_layer = self._heads(CachedMultiHeadAttention, size, "cross_attention")
            self._cross_attention_layer.build(decoder_sequence_shape, encoder_sequence_shape)
            self._cross_attention_layer_norm = self._norm(decoder_sequence_shape, "cross_attention_layer_norm")
            self._cross_attention_dropout = self._drop("cross_attention_dropout")
        self._build_dense_layers(decoder_sequence_shape)
        self._feedforward_layer_norm = self._norm(decoder_sequence_shape, "feedforward_layer_norm")
        self._feedforward_dropout = self._drop("feedforward_dropout")

    def call(
        self,
        decoder_sequence: Any,
        encoder_sequence: Any = None,
        decoder_padding_mask: Any = None,
        decoder_attention_mask: Any = None,
        encoder_padding_mask: Any = None,
        encoder_attention_mask: Any = None,
        self_attention_cache: Any = None,
        self_attention_cache_update_index: Any = None,
        cross_attention_cache: Any = None,
        cross_attention_cache_update_index: Any = None,
        use_causal_mask: bool = True,
        training: Optional[bool] = None,
    ) -> Any:
        """Return the outputs, and the new caches if there are any."""
        crosses = self._cross_attention_layer is not None
        if crosses != (encoder_sequence is not None):
            raise ArgumentError(
                f"{self._label}: expected {'an' if crosses else 'no'} encoder_sequence, as when it was built; received "
                f"{'none' if crosses else 'one'}; use one layer for each way of calling"
            )
        if crosses and (self_attention_cache is None) != (cross_attention_cache is None):
            raise ArgumentError(
                f"{self._label}: expected self_attention_cache and cross_attention_cache, or neither; received one"
            )
        caches = []

        def attend_to(layer: Layer, x: Any, other: Any, mask: Any, cache: Any, index: Any, causal: bool) -> Any:
            if cache is None:
                return layer(x, other, attention_mask=mask, use_causal_mask=causal, training=training)
            outputs, cache = layer(
                x, other, attention_mask=mask, cache=cache, cache_update_index=index, training=training
            )
            caches.append(cache)
            return outputs

        own, index = self._self_attention_layer, self_attention_cache_update_index
        own_mask = self._merge_masks("decoder_", decoder_sequence, decoder_padding_mask, decoder_attention_mask)
        if self_attention_cache is not None and use_causal_mask:
            first = 0 if index is None else index
            before = causal_mask(decoder_sequence.shape[1], self_attention_cache.shape[2], first)
            before = ops.expand_dims(before, 0)
            own_mask = before if own_mask is None else ops.logical_and(own_mask, before)
        x = self._add_to(
            decoder_sequence,
            lambda x: attend_to(own, x, x, own_mask, self_attention_cache, index, use_causal_mask),
            self._self_attention_layer_norm,
            self._self_attention_dropout,
            training,
        )
        if crosses:
            mask = self._merge_masks("encoder_", encoder_sequence, encoder_padding_mask, encoder_attention_mask)
            layer, index = self._cross_attention_layer, cross_attention_cache_update_index
            x = self._add_to(
                x,
                lambda x: attend_to(layer, x, encoder_sequence, mask, cross_attention_cache, index, False),
                self._cross_attention_layer_norm,
                self._cross_attention_dropout,
                training,
            )
        x = self._feedforward(x, training)
        return (x, *caches) if caches else x

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Make the variables from `get_build_config`'s result, unless the constructor's arguments did."""
        if not self.built:
            super().build_from_config(config)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "decoder_sequence_shape": self._decoder_sequence_shape,
            "encoder_sequence_shape": self._encoder_sequence_shape,
        }
