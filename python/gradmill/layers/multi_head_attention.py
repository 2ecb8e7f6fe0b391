"""MultiHeadAttention and GroupQueryAttention: several queries, keys and values for each step, made by projections."""

from __future__ import annotations

from string import ascii_lowercase
from typing import Any, Optional, Sequence, Union

from gradmill.errors import ArgumentError
from gradmill.layers.attention_axes import AttentionAxes
from gradmill.layers.attention_base import HeadedAttention
from gradmill.layers.base import positive_integer
from gradmill.serialization import register_serializable


@register_serializable("keras.layers")
class MultiHeadAttention(HeadedAttention):
    """Attention with several heads: projections of queries, keys and values, attention, a projection of the outputs.

    Args:
        num_heads: number of heads.
        key_dim: size of a query and of a key of one head.
        value_dim: size of a value of one head; None for `key_dim`.
        dropout: share of the weights of keys that is dropped in training.
        use_bias: whether the projections have biases.
        output_shape: size of the outputs, or several sizes; None for that of the queries.
        attention_axes: the axes along which steps attend to each other; None for all but the first and the last.
        sliding_window: a query sees keys less than this far from its own place; None for all.
        flash_attention: accepted for compatibility; which algorithm runs changes nothing but the speed.
        kernel_initializer, bias_initializer: first values of the projections.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties on the projections.
        kernel_constraint, bias_constraint: projections of their values after each update.
        use_gate: whether outputs are multiplied by the sigmoid of a further projection of the queries.
        seed: of the dropout.

    Called with `query` (batch, queries, features), `value` (batch, keys, features) and optionally `key` (default: the
    values), and by name:

    - `query_mask`, `value_mask`, `key_mask`: False at steps that do not count; taken from the tensors if not given.
    - `attention_mask`: False where a query may not see a key, broadcast to (batch, heads, queries, keys); the axis of
      heads may be missing. Bools, or integers of which 0 hides.
    - `return_attention_scores`: return also the shares (batch, heads, queries, keys), before dropout.
    - `use_causal_mask`: a query sees no key behind its own place.

    Output shape: (batch, queries, *output_shape).
    Weights: kernel and bias of query, key, (gate,) value and attention_output.

    Raises:
        ArgumentError: sizes that are not positive integers, axes that are not there.
        ShapeError: inputs or masks that do not fit each other.
        DTypeError: a mask of floats.

    Reference: Vaswani et al. 2017.

    Example:
    >>> import gradmill as gm
    >>> layer = gm.layers.MultiHeadAttention(num_heads=2, key_dim=3)
    >>> x = gm.ops.ones((1, 4, 6))
    >>> outputs, scores = layer(x, x, use_causal_mask=True, return_attention_scores=True)
    >>> outputs.shape, scores.shape, scores.numpy()[0, 0, 1].tolist()
    ((1, 4, 6), (1, 2, 4, 4), [0.5, 0.5, 0.0, 0.0])
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: Optional[int] = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Union[None, int, Sequence[int]] = None,
        attention_axes: Union[None, int, Sequence[int]] = None,
        sliding_window: Optional[int] = None,
        flash_attention: Optional[bool] = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.num_heads = positive_integer(num_heads, "num_heads", self._label)
        self.key_dim = positive_integer(key_dim, "key_dim", self._label)
        self.value_dim = self.key_dim if value_dim is None else positive_integer(value_dim, "value_dim", self._label)
        self._query_heads = self.num_heads
        self._read_arguments(dropout, use_bias, sliding_window, use_gate, seed, {
            "kernel_initializer": kernel_initializer, "bias_initializer": bias_initializer,
            "kernel_regularizer": kernel_regularizer, "bias_regularizer": bias_regularizer,
            "activity_regularizer": activity_regularizer, "kernel_constraint": kernel_constraint,
            "bias_constraint": bias_constraint,
        })  # fmt: skip
        self._output_shape = self._whole_numbers("output_shape", output_shape, 1)
        self._attention_axes = self._whole_numbers("attention_axes", attention_axes, None)

    def _whole_numbers(self, name: str, value: Any, least: Optional[int]) -> Optional[tuple]:
        if value is None:
            return None
        given = tuple(value) if isinstance(value, (list, tuple)) else (value,)
        if not given or any(isinstance(each, bool) or not hasattr(each, "__index__") for each in given):
            raise ArgumentError(
                f"{self._label}: expected {name} None, an integer or several; received {value!r}; correct it"
            )
        if least is not None and min(given) < least:
            raise ArgumentError(f"{self._label}: expected {name} of at least {least}; received {value!r}; correct it")
        return given

    @property
    def attention_axes(self) -> Optional[tuple]:
        """The axes along which steps attend to each other."""
        return self._attention_axes

    def build(  # type: ignore[override]
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        """Make the projections."""
        key_shape = value_shape if key_shape is None else key_shape
        self._check_shapes(query_shape, value_shape, key_shape)
        axes = AttentionAxes(len(query_shape), self._attention_axes, self._label)
        self._attention_axes = axes.axes
        steps = ascii_lowercase[: len(query_shape) - 1]
        features, heads, size, *further = list(ascii_lowercase[len(steps) :])
        into_heads = f"{steps}{features},{features}{heads}{size}->{steps}{heads}{size}"
        key_sizes, value_sizes = (self.num_heads, self.key_dim), (self.num_heads, self.value_dim)
        self._query_dense = self._project("query", into_heads, key_sizes, query_shape)
        self._key_dense = self._project("key", into_heads, key_sizes, key_shape)
        if self.use_gate:
            self._gate_dense = self._project("gate", into_heads, value_sizes, query_shape, "sigmoid")
        self._value_dense = self._project("value", into_heads, value_sizes, value_shape)
        self._build_attention(axes)
        sizes = self._output_shape or (query_shape[-1],)
        outputs = "".join(further[: len(sizes)])
        out_of_heads = f"{steps}{heads}{size},{heads}{size}{outputs}->{steps}{outputs}"
        joined = (*query_shape[:-1], *value_sizes)
        self._output_dense = self._project("attention_output", out_of_heads, sizes, joined)

    def compute_output_shape(  # type: ignore[override]
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> tuple:
        """Return the shape of the outputs."""
        self._check_shapes(query_shape, value_shape, value_shape if key_shape is None else key_shape)
        return (*query_shape[:-1], *(self._output_shape or query_shape[-1:]))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "value_dim": self.value_dim,
            "output_shape": self._output_shape,
            "attention_axes": self._attention_axes,
            **self._shared_config(),
        }


@register_serializable("keras.layers", name="GroupQueryAttention")
class GroupedQueryAttention(HeadedAttention):
    """Attention in which several heads of queries share one of keys and values.

    Args:
        head_dim: size of a query, key and value of one head.
        num_query_heads: number of heads of queries, a multiple of `num_key_value_heads`.
        num_key_value_heads: number of heads of keys and values.
        dropout: share of the weights of keys that is dropped in training.
        use_bias: whether the projections have biases.
        sliding_window: a query sees keys less than this far from its own place; None for all.
        flash_attention: accepted for compatibility; which algorithm runs changes nothing but the speed.
        kernel_initializer, bias_initializer: first values of the projections.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties on the projections.
        kernel_constraint, bias_constraint: projections of their values after each update.
        use_gate: whether outputs are multiplied by the sigmoid of a further projection of the queries.
        seed: of the dropout.

    Called like `MultiHeadAttention`. Output shape: that of the queries.
    Weights: kernel and bias of query, key, (gate,) value and attention_output.

    Raises:
        ArgumentError: sizes that are not positive integers, numbers of heads that do not divide.
        ShapeError: inputs or masks that do not fit each other.
        DTypeError: a mask of floats.

    Reference: Ainslie et al. 2023.

    Example:
    >>> import gradmill as gm
    >>> layer = gm.layers.GroupQueryAttention(head_dim=3, num_query_heads=4, num_key_value_heads=2)
    >>> layer(gm.ops.ones((1, 5, 6)), gm.ops.ones((1, 7, 6))).shape
    (1, 5, 6)
    """

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: Optional[int] = None,
        flash_attention: Optional[bool] = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: Any = None,
        **kwargs: Any,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.head_dim = positive_integer(head_dim, "head_dim", self._label)
        self.num_query_heads = positive_integer(num_query_heads, "num_query_heads", self._label)
        self.num_key_value_heads = positive_integer(num_key_value_heads, "num_key_value_heads", self._label)
        if self.num_query_heads % self.num_key_value_heads:
            raise ArgumentError(
                f"{self._label}: expected num_query_heads to be a multiple of num_key_value_heads; received "
                f"{num_query_heads} and {num_key_value_heads}; correct them"
            )
        self._query_heads = self.num_query_heads
        self._read_arguments(dropout, use_bias, sliding_window, use_gate, seed, {
            "kernel_initializer": kernel_initializer, "bias_initializer": bias_initializer,
            "kernel_regularizer": kernel_regularizer, "bias_regularizer": bias_regularizer,
            "activity_regularizer": activity_regularizer, "kernel_constraint": kernel_constraint,
            "bias_constraint": bias_constraint,
        })  # fmt: skip

    def build(  # type: ignore[override]
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        """Make the projections."""
        key_shape = value_shape if key_shape is None else key_shape
        self._check_shapes(query_shape, value_shape, key_shape)
        axes = AttentionAxes(len(query_shape), (1,), self._label)
        query_sizes, key_sizes = (self.num_query_heads, self.head_dim), (self.num_key_value_heads, self.head_dim)
        self._query_dense = self._project("query", "bqm,muh->bquh", query_sizes, query_shape)
        self._key_dense = self._project("key", "bkm,mvh->bkvh", key_sizes, key_shape)
        if self.use_gate:
            self._gate_dense = self._project("gate", "bqm,muh->bquh", query_sizes, query_shape, "sigmoid")
        self._value_dense = self._project("value", "bkm,mvh->bkvh", key_sizes, value_shape)
        self._build_attention(axes)
        joined = (*query_shape[:-1], *query_sizes)
        self._output_dense = self._project("attention_output", "bquh,uhm->bqm", query_shape[-1:], joined)

    def compute_output_shape(  # type: ignore[override]
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> tuple:
        """Return the shape of the outputs."""
        self._check_shapes(query_shape, value_shape, value_shape if key_shape is None else key_shape)
        return tuple(query_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "head_dim": self.head_dim,
            "num_query_heads": self.num_query_heads,
            "num_key_value_heads": self.num_key_value_heads,
            **self._shared_config(),
        }
