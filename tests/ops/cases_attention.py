"""Rows for attention, with the scores as whole arrays in NumPy."""

import numpy as np
from case import case, normal, values
from cases_random import np_random_uniform

KEY = values([7, 3], "int64")


def np_weights(query, key, bias, random_key, scale, causal, rate):
    """Weights of every pair, and the factors that dropout gives them."""
    shared = query.shape[2] // key.shape[2]
    x = np.einsum("btnd,bsnd->bnts", query, np.repeat(key, shared, axis=2)) * scale + bias
    if causal:
        x = np.where(np.tril(np.ones(x.shape[2:], bool)), x, -np.inf)
    x = np.exp(x - x.max(axis=-1, keepdims=True))
    kept = np_random_uniform(random_key, x.shape, "float64") < 1 - rate if rate else np.ones(x.shape)
    return x / x.sum(axis=-1, keepdims=True), kept / (1 - rate)


def np_attention(query, key, value, bias, random_key, scale=1.0, causal=False, rate=0.0):
    weights, factors = np_weights(query, key, bias, random_key, scale, causal, rate)
    return np.einsum("bnts,bsne->btne", weights * factors, np.repeat(value, query.shape[2] // key.shape[2], axis=2))


def np_attention_backward(dy, query, key, value, bias, random_key, scale=1.0, causal=False, rate=0.0):
    """The chain rule through the softmax; heads that share a key add up there."""
    batch, keys, groups, _ = key.shape
    shared = query.shape[2] // groups
    weights, factors = np_weights(query, key, bias, random_key, scale, causal, rate)
    arrives = np.einsum("btne,bsne->bnts", dy, np.repeat(value, shared, axis=2)) * factors
    scores = weights * (arrives - np.sum(weights * arrives, axis=-1, keepdims=True)) * scale

    def of_groups(x):
        return x.reshape(batch, keys, groups, shared, -1).sum(axis=3)

    return (
        np.einsum("bnts,bsnd->btnd", scores, np.repeat(key, shared, axis=2)),
        of_groups(np.einsum("bnts,btnd->bsnd", scores, query)),
        of_groups(np.einsum("bnts,btne->bsne", weights * factors, dy)),
    )


def rows(batch, queries, keys, heads, groups, depth, width, bias, **options):
    inputs = {
        "query": normal(batch, queries, heads, depth),
        "key": normal(batch, keys, groups, depth),
        "value": normal(batch, keys, groups, width),
        "bias": normal(*bias),
        "random_key": KEY,
    }
    terms = 8 * (keys + depth)
    case("attention", **inputs, reference=np_attention, sum_length=terms, **options)
    dy = normal(batch, queries, heads, width)
    case("attention_backward", dy=dy, **inputs, reference=np_attention_backward, sum_length=16 * terms, **options)


# One of everything; heads that share keys; biases along each axis; keys that no query sees, queries that see all keys.
rows(1, 1, 1, 1, 1, 1, 1, (1, 1, 1, 1))
rows(2, 5, 7, 4, 2, 8, 6, (1, 1, 1, 1), scale=[1.0, 0.25], causal=[False, True])
rows(2, 9, 5, 2, 1, 7, 5, (2, 1, 1, 5), causal=[False, True])
rows(1, 3, 19, 3, 3, 17, 4, (1, 3, 3, 1), causal=[False, True])
rows(2, 4, 6, 4, 2, 3, 5, (2, 4, 4, 6), scale=0.5, rate=[0.3], causal=[False, True], dtypes=("float64",))
# Several blocks of queries, of which the last is smaller; with two heads for a key their sums are added.
rows(1, 300, 300, 4, 2, 16, 24, (1, 4, 300, 300), scale=0.25, causal=[False, True], large=True)
rows(2, 130, 1100, 2, 2, 24, 16, (1, 1, 1, 1100), scale=0.2, large=True)
