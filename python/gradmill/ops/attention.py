"""Attention as an op."""

from typing import Any, Optional

from gradmill.errors import UnsupportedError
from gradmill.ops.attending import attend
from gradmill.ops.calling import public_op

__all__ = ["dot_product_attention"]


@public_op
def dot_product_attention(
    query: Any, key: Any, value: Any, bias: Any = None, mask: Any = None, scale: Optional[float] = None,
    is_causal: bool = False, flash_attention: Optional[bool] = None, attn_logits_soft_cap: Optional[float] = None,
) -> Any:
    """Return for each query the mean of the values, weighted by softmax(query . key * scale) (Vaswani et al. 2017).

    Args:
        query: (batch, queries, heads, size).
        key: (batch, keys, key heads, size); `heads` is a multiple of `key heads`, and the heads of a group share one.
        value: (batch, keys, key heads, size of the outputs).
        bias: added to the scores, broadcast to (batch, heads, queries, keys), or None.
        mask: bools or integers, False (0) where a query may not see a key, broadcast likewise, or None. A query that
            sees no key gets the mean of all values.
        scale: factor of the scores; None for 1 / sqrt(size).
        is_causal: whether a query sees no key behind its own place.
        flash_attention: accepted for compatibility; which algorithm runs changes nothing but the speed.
        attn_logits_soft_cap: must be None.

    Returns:
        (batch, queries, heads, size of the outputs).

    Raises:
        ShapeError: shapes that do not fit each other.
        DTypeError: a mask of floats.
        UnsupportedError: a soft cap.

    Example:
        >>> import gradmill as gm
        >>> x = gm.ops.reshape([[1.0, 0.0], [0.0, 1.0]], (1, 2, 1, 2))
        >>> gm.ops.dot_product_attention(x, x, x, is_causal=True).numpy()[0, 0, 0]
        array([1., 0.], dtype=float32)
    """
    if attn_logits_soft_cap is not None:
        raise UnsupportedError(
            f"dot_product_attention: expected attn_logits_soft_cap None; received {attn_logits_soft_cap!r}"
        )
    return attend(query, key, value, bias, mask, scale, is_causal, with_shares=False)[0]
