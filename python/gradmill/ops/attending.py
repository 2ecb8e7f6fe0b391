"""Attention itself, the one place where it is computed: scores, masks, shares and what they pick from the values."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

import numpy as np

from gradmill import _core
from gradmill.errors import DTypeError, ShapeError
from gradmill.ops.calling import float_tensor, tensor

# Stands for minus infinity: a row in which everything is masked gets equal shares rather than NaN.
_LOWEST = -1e30
_NO_DRAW = np.zeros(2, "int64")  # the key of draws that are not made


class _Sizes(NamedTuple):
    batch: int
    queries: int
    keys: int
    heads: int
    key_heads: int

    @property
    def scores(self) -> tuple:
        return (self.batch, self.heads, self.queries, self.keys)


def attend(
    query: Any, key: Any, value: Any, bias: Any = None, mask: Any = None, scale: Optional[float] = None,
    is_causal: bool = False, dropout: Any = None, clear_masked: bool = False, with_shares: bool = True,
    owner: str = "dot_product_attention",
) -> tuple:
    """Return the outputs and shares of attention.

    Args:
        query: (batch, queries, heads, size).
        key: (batch, keys, key heads, size); the number of heads is a multiple of that of key heads.
        value: (batch, keys, key heads, size of the outputs).
        bias: added to the scores, broadcast to (batch, heads, queries, keys), or None.
        mask: False where a query may not see a key, broadcast likewise, or None.
        scale: factor of the scores; None for 1 / sqrt(size).
        is_causal: whether a query sees no key behind its own place.
        dropout: a Dropout layer that thins out the shares before they pick values, or None.
        clear_masked: whether a query that sees no key gets shares of 0 rather than equal ones.
        with_shares: whether the shares are wanted; without, no array of them is made.
        owner: who asks, for messages.

    Returns:
        outputs (batch, queries, heads, size of the outputs) and shares (batch, heads, queries, keys) or None.

    Raises:
        ShapeError: shapes that do not fit each other.
        DTypeError: a mask of floats.
    """
    query, key, value = float_tensor(query), float_tensor(key), float_tensor(value)
    sizes = _check_shapes(query, key, value, owner)
    if scale is None:
        scale = query.shape[3] ** -0.5
    if bias is not None:
        bias = check_broadcast(float_tensor(bias), sizes.scores, "bias", owner)
    visible = None if mask is None else check_broadcast(as_mask(mask, "mask", owner), sizes.scores, "mask", owner)
    one_dtype = query.dtype == key.dtype == value.dtype
    if not with_shares and one_dtype and sizes.keys and (dropout is None or dropout.rate < 1):
        return _in_one_op(query, key, value, bias, visible, float(scale), is_causal, dropout, clear_masked), None
    if is_causal:
        visible = _both(visible, causal_mask(sizes.queries, sizes.keys))
    scores = _scores(query * float(scale), key, sizes)
    if bias is not None:
        scores = scores + bias.astype(scores.dtype)
    if visible is not None:
        scores = _core.ops.where(visible, scores, _LOWEST)
    shares = _core.ops.softmax(scores, axis=-1)
    if visible is not None and clear_masked:
        shares = _core.ops.where(visible, shares, 0.0)
    shares = shares.astype(value.dtype)
    thinned = shares if dropout is None else dropout(shares, training=True)
    return _picked(thinned, value, sizes), shares


def _both(visible: Any, more: Any) -> Any:
    return more if visible is None else _core.ops.logical_and(visible, more)


def _in_one_op(
    query: Any, key: Any, value: Any, bias: Any, visible: Any, scale: float, is_causal: bool, dropout: Any, clear: bool
) -> Any:
    """The outputs by the op that keeps no scores. All masks but a lone causal one become part of the bias."""
    given = query.dtype
    if given not in ("float32", "float64"):
        query, key, value = (each.astype("float32") for each in (query, key, value))
    if visible is not None and is_causal:
        visible = _both(visible, causal_mask(query.shape[1], key.shape[1]))
    if bias is not None:
        bias = bias.astype(query.dtype)
    if visible is not None:
        bias = _core.ops.where(visible, 0.0 if bias is None else bias, _LOWEST).astype(query.dtype)
    if bias is None:
        bias = tensor(0.0).astype(query.dtype)
    outputs = _core.ops.attention(
        query, key, value,
        _core.ops.reshape(bias, shape=[1] * (4 - bias.ndim) + list(bias.shape)),
        _NO_DRAW if dropout is None else dropout.seed_generator.next(),
        scale=scale,
        causal=is_causal and visible is None,
        rate=0.0 if dropout is None else float(dropout.rate),
    )
    if visible is not None and clear:
        visible = _core.ops.reshape(visible, shape=[1] * (4 - visible.ndim) + list(visible.shape))
        sees = _core.ops.max(visible.astype("int32"), axes=[3], keepdims=True)
        outputs = _core.ops.where(_core.ops.transpose(sees, permutation=[0, 2, 1, 3]).astype("bool"), outputs, 0.0)
    return outputs.astype(given)


def causal_mask(queries: int, keys: int, first: Any = 0) -> Any:
    """Return the mask that lets a query see the keys up to its own place.

    Args:
        queries: number of queries.
        keys: number of keys.
        first: the place of the first query, a number or a tensor of one.

    Returns:
        bools (queries, keys).
    """
    rows = _places(queries, [queries, 1])
    rows = rows if type(first) is int and first == 0 else rows + tensor(first, "int32")
    return _core.ops.greater_equal(rows, _places(keys, [1, keys]))


def window_mask(queries: int, keys: int, width: int) -> Any:
    """Return the mask that lets a query see the keys less than `width` places away.

    Args:
        queries: number of queries.
        keys: number of keys.
        width: the first distance that is not seen.

    Returns:
        bools (queries, keys).
    """
    distance = _core.ops.abs(_places(queries, [queries, 1]) - _places(keys, [1, keys]))
    return _core.ops.less(distance, width)


def _places(count: int, shape: list) -> Any:
    return _core.ops.reshape(_core.ops.iota(length=count, dtype="int32"), shape=shape)


def as_mask(mask: Any, name: str, owner: str) -> Any:
    """Return a mask of bools.

    Args:
        mask: bools, or integers of which 0 hides.
        name: of the argument.
        owner: who asks, for messages.

    Raises:
        DTypeError: floats: whether they hide by 0 or by a large negative number cannot be told.
    """
    mask = tensor(mask)
    if mask.dtype == "bool":
        return mask
    if "int" not in mask.dtype:
        raise DTypeError(
            f"{owner}: expected {name} of bools or integers, true where a key may be seen; received {mask.dtype}; pass "
            "bools, and numbers to add to the scores as bias of gm.ops.dot_product_attention"
        )
    return _core.ops.not_equal(mask, 0)


def check_broadcast(x: Any, shape: tuple, name: str, owner: str) -> Any:
    """Return `x` if it can be broadcast to a shape.

    Args:
        x: tensor.
        shape: the shape.
        name: of the argument.
        owner: who asks, for messages.

    Raises:
        ShapeError: it cannot.
    """
    given = tuple(x.shape)
    fits = len(given) <= len(shape) and all(have in (1, want) for have, want in zip(given[::-1], shape[::-1]))
    if not fits:
        raise ShapeError(
            f"{owner}: expected {name} to broadcast to (batch, heads, queries, keys) = {tuple(shape)}; received shape "
            f"{given}; reshape it"
        )
    return x


def _check_shapes(query: Any, key: Any, value: Any, owner: str) -> _Sizes:
    for name, each in (("query", query), ("key", key), ("value", value)):
        if each.ndim != 4:
            raise ShapeError(
                f"{owner}: expected {name} of shape (batch, steps, heads, size); received {each.shape}; reshape it"
            )
    batch, queries, heads, size = query.shape
    _, keys, key_heads, _ = key.shape
    wanted = {"key": (batch, keys, key_heads, size), "value": (batch, keys, key_heads, value.shape[3])}
    for name, each in (("key", key), ("value", value)):
        if tuple(each.shape) != wanted[name]:
            raise ShapeError(
                f"{owner}: expected {name} of shape {wanted[name]} for query {tuple(query.shape)} and key "
                f"{tuple(key.shape)}; received {tuple(each.shape)}; correct it"
            )
    if key_heads == 0 or heads % key_heads:
        raise ShapeError(
            f"{owner}: expected the number of heads of query to be a multiple of that of key; received {heads} and "
            f"{key_heads}; correct them"
        )
    return _Sizes(batch, queries, keys, heads, key_heads)


def _scores(query: Any, key: Any, sizes: _Sizes) -> Any:
    """Products of all queries with all keys, in float32 at least. Heads that share a key head stand as its rows."""
    left = _by_heads(query, sizes)
    right = _core.ops.transpose(key, permutation=[0, 2, 3, 1])
    scores = _core.ops.reshape(_core.ops.matmul(left, right), shape=list(sizes.scores))
    return scores if scores.dtype in ("float32", "float64") else scores.astype("float32")


def _by_heads(query: Any, sizes: _Sizes) -> Any:
    by_heads = _core.ops.transpose(query, permutation=[0, 2, 1, 3])
    if sizes.heads == sizes.key_heads:
        return by_heads
    rows = sizes.heads // sizes.key_heads * sizes.queries
    return _core.ops.reshape(by_heads, shape=[sizes.batch, sizes.key_heads, rows, query.shape[3]])


def _picked(shares: Any, value: Any, sizes: _Sizes) -> Any:
    rows = sizes.heads // sizes.key_heads * sizes.queries
    if sizes.heads != sizes.key_heads:
        shares = _core.ops.reshape(shares, shape=[sizes.batch, sizes.key_heads, rows, sizes.keys])
    picked = _core.ops.matmul(shares, _core.ops.transpose(value, permutation=[0, 2, 1, 3]))
    by_heads = _core.ops.reshape(picked, shape=[sizes.batch, sizes.heads, sizes.queries, value.shape[3]])
    return _core.ops.transpose(by_heads, permutation=[0, 2, 1, 3])
