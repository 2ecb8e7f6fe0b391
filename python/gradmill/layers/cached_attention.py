"""CachedMultiHeadAttention: keys and values of earlier steps are kept, so that a text can grow step by step."""

from __future__ import annotations

from typing import Any, Optional

from gradmill import ops
from gradmill.errors import ArgumentError, ShapeError
from gradmill.layers.multi_head_attention import MultiHeadAttention
from gradmill.serialization import register_serializable


@register_serializable("keras_hub")
class CachedMultiHeadAttention(MultiHeadAttention):
    """MultiHeadAttention that can keep the keys and values of earlier steps in a cache.

    Its arguments are those of `MultiHeadAttention`. Called with `query`, `value` and optionally `key`, and by name:

    - `attention_mask`: False where a query may not see a key, broadcast to (batch, heads, queries, keys).
    - `cache` (batch, 2, length, heads, key_dim): keys, then values; `length` is the number of keys then.
    - `cache_update_index`: place of the first given value in the cache; None where the cache is complete.
    - `return_attention_scores`: return also the shares (batch, heads, queries, keys).
    - `use_causal_mask`: a query sees no key behind its own place; not with a cache.

    Output: outputs (batch, queries, features), then the shares if wanted, then the new cache if one was given.

    Raises:
        ArgumentError: an index without a cache.
        ShapeError: a cache that does not fit.

    Example:
    >>> import gradmill as gm
    >>> layer = gm.layers.CachedMultiHeadAttention(num_heads=2, key_dim=3)
    >>> x, cache = gm.ops.ones((1, 1, 6)), gm.ops.zeros((1, 2, 4, 2, 3))
    >>> mask = gm.ops.convert_to_tensor([[[True, False, False, False]]])
    >>> outputs, cache = layer(x, x, attention_mask=mask, cache=cache, cache_update_index=0)
    >>> outputs.shape, cache.shape
    ((1, 1, 6), (1, 2, 4, 2, 3))
    """

    def call(  # type: ignore[override]
        self,
        query: Any,
        value: Any,
        key: Any = None,
        attention_mask: Any = None,
        cache: Any = None,
        cache_update_index: Any = None,
        return_attention_scores: bool = False,
        training: Optional[bool] = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """Return the outputs, the shares that keys had if wanted, and the new cache if there is one."""
        if cache is None:
            if cache_update_index is not None:
                raise ArgumentError(
                    f"{self._label}: expected a cache with cache_update_index; received cache_update_index="
                    f"{cache_update_index!r} alone; pass cache"
                )
            return super().call(
                query,
                value,
                key,
                attention_mask=attention_mask,
                return_attention_scores=return_attention_scores,
                training=training,
                use_causal_mask=use_causal_mask,
            )
        if use_causal_mask:
            raise ArgumentError(f"{self._label}: expected no use_causal_mask with a cache; pass attention_mask")
        wanted = (query.shape[0], 2, cache.shape[2] if len(cache.shape) == 5 else None, self.num_heads, self.key_dim)
        if tuple(cache.shape) != wanted or self.value_dim != self.key_dim:
            raise ShapeError(
                f"{self._label}: expected cache of shape (batch, 2, length, heads, key_dim) = {wanted} and values "
                f"of the size of keys; received cache {tuple(cache.shape)} and value_dim={self.value_dim}"
            )
        if cache_update_index is not None:
            made = [self._key_dense(value if key is None else key), self._value_dense(value)]
            cache = self._put(cache, cache_update_index, ops.stack(made, axis=1))
        keys = cache[:, 0]
        mask = self._merge_masks(query, keys[:, :, 0], {}, attention_mask)
        outputs, shares = self._attend(query, keys, cache[:, 1], mask, False, return_attention_scores, training)
        return (outputs, shares, cache) if return_attention_scores else (outputs, cache)

    def _put(self, cache: Any, index: Any, made: Any) -> Any:
        """Return the cache with the new keys and values from `index` on, which may be a tensor."""
        length, count = cache.shape[2], made.shape[2]
        if count > length or (isinstance(index, int) and not 0 <= index <= length - count):
            raise ShapeError(
                f"{self._label}: expected {count} steps from cache_update_index={index} on to fit into a cache of "
                f"{length}; make the cache longer"
            )
        places = ops.arange(length, dtype="int32") - ops.cast(index, "int32")
        is_new = ops.logical_and(places >= 0, places < count)
        spread = ops.take(made, ops.clip(places, 0, count - 1), axis=2)
        return ops.where(ops.reshape(is_new, (1, 1, length, 1, 1)), ops.cast(spread, cache.dtype), cache)
