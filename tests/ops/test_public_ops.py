"""Public functions of gradmill.ops against NumPy: a table of function, arguments and what NumPy says."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from cases_elementwise import np_erf, np_erfinv, np_relu, np_sigmoid
from tolerances import tolerance

import gradmill as gm
from gradmill import ops

generator = np.random.default_rng(7)
X = generator.normal(size=(2, 3, 4)).astype("float32")
Y = generator.normal(size=(2, 3, 4)).astype("float32")
P = generator.uniform(0.1, 0.9, (2, 3, 4)).astype("float32")
M = generator.normal(size=(4, 5)).astype("float32")
V = generator.normal(size=4).astype("float32")
K = generator.integers(0, 9, (2, 3, 4)).astype("int32")
B = X > 0
ODD = np.array([np.nan, np.inf, -np.inf, 0.0, -1.5, 2.0], "float32")


def wide(x):
    return np.asarray(x, np.float64)


def np_softmax(x, axis=-1):
    e = np.exp(wide(x) - wide(x).max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def np_one_hot(x, count):
    return (np.asarray(x)[..., None] == np.arange(count)).astype("float32")


def np_logsumexp(x, axis=None, keepdims=False):
    return np.log(np.sum(np.exp(wide(x)), axis=axis, keepdims=keepdims))


def np_sparsemax(x):
    """Euclidean projection onto the simplex, row by row (Martins and Astudillo 2016)."""
    rows = []
    for z in wide(x).reshape(-1, x.shape[-1]):
        ordered = np.sort(z)[::-1]
        k = max(i for i in range(1, len(z) + 1) if 1 + i * ordered[i - 1] > ordered[:i].sum())
        rows.append(np.maximum(z - (ordered[:k].sum() - 1) / k, 0))
    return np.array(rows).reshape(x.shape)


def np_scatter(indices, values, shape):
    result = np.zeros(shape, values.dtype)
    np.add.at(result, tuple(np.moveaxis(np.asarray(indices), -1, 0)), values)
    return result


def assigned(x, index, value):
    result = np.array(x)
    result[index] = value
    return result


SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
W = wide(X)
# (function, arguments, keyword arguments, what NumPy says)
TABLE = [
    # elementwise
    *[
        (name, (X,), {}, getattr(np, name)(W))
        for name in (
            "abs",
            "exp",
            "expm1",
            "square",
            "sin",
            "cos",
            "tan",
            "arctan",
            "sinh",
            "cosh",
            "tanh",
            "arcsinh",
            "floor",
            "ceil",
            "sign",
            "trunc",
            "negative",
            "reciprocal",
            "absolute",
        )
    ],
    *[
        (name, (P,), {}, getattr(np, name)(wide(P)))
        for name in ("log", "log1p", "log2", "log10", "sqrt", "arcsin", "arccos", "arctanh")
    ],
    ("arccosh", (P + 1,), {}, np.arccosh(wide(P + 1))),
    ("rsqrt", (P,), {}, 1 / np.sqrt(wide(P))),
    ("erf", (X,), {}, np_erf(W)),
    ("erfinv", (P,), {}, np_erfinv(wide(P))),
    ("round", (X,), {}, np.round(W)),
    ("round", (X * 10,), {"decimals": 1}, np.round(wide(X * 10), 1)),
    *[
        (name, (X, Y), {}, getattr(np, name)(W, wide(Y)))
        for name in (
            "add",
            "subtract",
            "multiply",
            "divide",
            "true_divide",
            "maximum",
            "minimum",
            "arctan2",
            "logaddexp",
        )
    ],
    *[
        (name, (X, Y), {}, getattr(np, name)(X, Y))
        for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
    ],
    *[(name, (B, Y > 0), {}, getattr(np, name)(B, Y > 0)) for name in ("logical_and", "logical_or", "logical_xor")],
    *[(name, (K, K[::-1]), {}, getattr(np, name)(K, K[::-1])) for name in ("bitwise_and", "bitwise_or", "bitwise_xor")],
    *[(name, (K, 2), {}, np.left_shift(K, 2)) for name in ("left_shift", "bitwise_left_shift")],
    *[(name, (K, 2), {}, np.right_shift(K, 2)) for name in ("right_shift", "bitwise_right_shift")],
    ("bitwise_not", (K,), {}, ~K),
    ("logical_not", (B,), {}, ~B),
    ("power", (P, X), {}, np.power(wide(P), W)),
    ("floor_divide", (K, 3), {}, K // 3),
    ("mod", (K - 4, 3), {}, (K - 4) % 3),
    ("divide_no_nan", (X, B.astype("float32")), {}, np.where(B, W, 0)),
    ("clip", (X, -0.5, 0.5), {}, np.clip(W, -0.5, 0.5)),
    ("where", (B, X, Y), {}, np.where(B, X, Y)),
    ("where", (B, X, 0.0), {}, np.where(B, X, 0)),
    ("isnan", (ODD,), {}, np.isnan(ODD)),
    ("isinf", (ODD,), {}, np.isinf(ODD)),
    ("isfinite", (ODD,), {}, np.isfinite(ODD)),
    ("isclose", (X, X + 1e-6), {"atol": 1e-5}, np.isclose(X, X + 1e-6, atol=1e-5)),
    ("isclose", (ODD, ODD), {"equal_nan": True}, np.isclose(ODD, ODD, equal_nan=True)),
    (
        "nan_to_num",
        (ODD,),
        {"nan": 7.0, "posinf": 8.0, "neginf": -9.0},
        np.nan_to_num(ODD, nan=7.0, posinf=8.0, neginf=-9.0),
    ),
    ("nan_to_num", (ODD,), {}, np.nan_to_num(ODD)),
    ("stop_gradient", (X,), {}, X),
    ("cast", (X, "int32"), {}, X.astype("int32")),
    ("convert_to_tensor", ([[1, 2], [3, 4]],), {}, np.array([[1, 2], [3, 4]], "int32")),
    # reductions
    *[
        (name, (X,), {"axis": axis, "keepdims": keepdims}, getattr(np, name)(W, axis=axis, keepdims=keepdims))
        for name in ("sum", "mean", "max", "min", "prod", "var", "std", "amax", "amin", "ptp", "median")
        for axis in (None, 0, -1, 1)
        for keepdims in (False, True)
    ],
    *[
        (name, (X,), {"axis": (0, 2)}, getattr(np, name)(W, axis=(0, 2)))
        for name in ("sum", "mean", "max", "min", "prod", "var", "std")
    ],
    *[(name, (X,), {"axis": (0, -1), "keepdims": True}, np_logsumexp(X, (0, -1), True)) for name in ("logsumexp",)],
    ("logsumexp", (X,), {}, np_logsumexp(X)),
    *[(name, (B,), {"axis": axis}, getattr(np, name)(B, axis=axis)) for name in ("any", "all") for axis in (None, 1)],
    *[
        (name, (X,), {"axis": axis}, getattr(np, name)(X, axis=axis))
        for name in ("argmax", "argmin")
        for axis in (None, 0, 1, -1)
    ],
    ("argmax", (X,), {"axis": 1, "keepdims": True}, np.argmax(X, axis=1, keepdims=True)),
    ("count_nonzero", (K,), {"axis": 1}, np.count_nonzero(K, axis=1)),
    ("count_nonzero", (K,), {}, np.count_nonzero(K)),
    ("cumsum", (X,), {"axis": 1}, np.cumsum(W, axis=1)),
    ("cumsum", (X,), {}, np.cumsum(W)),
    *[("cumprod", (X,), {"axis": axis}, np.cumprod(W, axis=axis)) for axis in (None, 0, 1, -1)],
    ("cumprod", (K,), {"axis": 0}, np.cumprod(K, axis=0)),
    ("cumprod", (B,), {"axis": 1}, np.cumprod(B, axis=1).astype("int32")),
    ("cumprod", (X[:, :0],), {"axis": 1}, X[:, :0]),
    ("average", (X,), {"axis": 1, "weights": P[0, :, 0]}, np.average(W, axis=1, weights=wide(P[0, :, 0]))),
    ("average", (X,), {}, np.average(W)),
    ("max", (X,), {"initial": 9.0}, np.max(W, initial=9.0)),
    ("norm", (X,), {}, np.linalg.norm(W.ravel())),
    ("norm", (X,), {"axis": -1}, np.linalg.norm(W, axis=-1)),
    ("norm", (X,), {"ord": 1, "axis": 1, "keepdims": True}, np.abs(W).sum(1, keepdims=True)),
    ("norm", (X,), {"ord": np.inf, "axis": 1}, np.abs(W).max(1)),
    ("norm", (M,), {"ord": "fro"}, np.linalg.norm(wide(M))),
    # shapes
    ("reshape", (X, (4, -1)), {}, X.reshape(4, -1)),
    ("ravel", (X,), {}, X.ravel()),
    ("transpose", (X,), {}, X.T),
    ("transpose", (X, (1, 2, 0)), {}, X.transpose(1, 2, 0)),
    ("swapaxes", (X, 0, -1), {}, X.swapaxes(0, -1)),
    ("moveaxis", (X, 0, -1), {}, np.moveaxis(X, 0, -1)),
    ("moveaxis", (X, (0, 1), (-1, 0)), {}, np.moveaxis(X, (0, 1), (-1, 0))),
    ("squeeze", (X[:, :1],), {}, X[:, 0]),
    ("squeeze", (X[:1, :1],), {"axis": 0}, X[0, :1]),
    ("expand_dims", (X, 1), {}, X[:, None]),
    ("expand_dims", (X, (0, -1)), {}, X[None, ..., None]),
    ("concatenate", ([X, Y],), {"axis": -1}, np.concatenate([X, Y], -1)),
    ("concatenate", ([X, K],), {}, np.concatenate([X, K.astype("float32")])),
    ("stack", ([X, Y],), {"axis": 1}, np.stack([X, Y], 1)),
    ("hstack", ([X, Y],), {}, np.hstack([X, Y])),
    ("hstack", ([V, V],), {}, np.hstack([V, V])),
    ("vstack", ([X, Y],), {}, np.vstack([X, Y])),
    ("vstack", ([V, V],), {}, np.vstack([V, V])),
    ("broadcast_to", (V, (3, 4)), {}, np.broadcast_to(V, (3, 4))),
    ("tile", (X, (2, 1, 3)), {}, np.tile(X, (2, 1, 3))),
    ("tile", (V, 2), {}, np.tile(V, 2)),
    ("tile", (V, (2, 3)), {}, np.tile(V, (2, 3))),
    ("repeat", (X, 2), {"axis": 1}, np.repeat(X, 2, 1)),
    ("repeat", (X, 2), {}, np.repeat(X, 2)),
    ("repeat", (X, [1, 0, 2]), {"axis": 1}, np.repeat(X, [1, 0, 2], 1)),
    ("flip", (X,), {"axis": 1}, np.flip(X, 1)),
    ("flip", (X,), {}, np.flip(X)),
    ("roll", (X, 2), {"axis": 2}, np.roll(X, 2, 2)),
    ("roll", (X, -5), {}, np.roll(X, -5)),
    ("pad", (X, ((0, 1), (2, 0), (0, 0))), {}, np.pad(X, ((0, 1), (2, 0), (0, 0)))),
    ("pad", (X, 1), {"constant_values": 3.0}, np.pad(X, 1, constant_values=3.0)),
    ("pad", (X, ((0, 0), (1, 2), (1, 1))), {"mode": "reflect"}, np.pad(X, ((0, 0), (1, 2), (1, 1)), mode="reflect")),
    (
        "pad",
        (X, ((0, 0), (1, 2), (1, 1))),
        {"mode": "symmetric"},
        np.pad(X, ((0, 0), (1, 2), (1, 1)), mode="symmetric"),
    ),
    ("diag", (V,), {}, np.diag(V)),
    ("diag", (M,), {"k": 1}, np.diag(M, 1)),
    ("diagonal", (X,), {"offset": 1, "axis1": 1, "axis2": 2}, np.diagonal(X, 1, 1, 2)),
    ("trace", (M,), {}, np.trace(wide(M))),
    ("tril", (X,), {"k": -1}, np.tril(X, -1)),
    ("triu", (M,), {"k": 1}, np.triu(M, 1)),
    # creation
    ("arange", (5,), {}, np.arange(5, dtype="int32")),
    ("arange", (2, 9, 3), {"dtype": "float32"}, np.arange(2, 9, 3, dtype="float32")),
    ("arange", (1.0, 2.0, 0.25), {}, np.arange(1, 2, 0.25, dtype="float32")),
    ("arange", (5, 0, -2), {}, np.arange(5, 0, -2, dtype="int32")),
    ("linspace", (0.0, 1.0, 7), {}, np.linspace(0, 1, 7, dtype="float32")),
    ("linspace", (0, 3, 4), {"endpoint": False}, np.linspace(0, 3, 4, endpoint=False, dtype="float32")),
    ("zeros", ((2, 3),), {}, np.zeros((2, 3), "float32")),
    ("ones", ((2, 0),), {"dtype": "int32"}, np.ones((2, 0), "int32")),
    ("full", ((2, 3), 2.5), {}, np.full((2, 3), 2.5, "float32")),
    ("zeros_like", (K,), {}, np.zeros_like(K)),
    ("ones_like", (X,), {}, np.ones_like(X)),
    ("full_like", (K, 3), {}, np.full_like(K, 3)),
    ("eye", (3,), {}, np.eye(3, dtype="float32")),
    ("eye", (3, 4), {"k": 1}, np.eye(3, 4, 1, dtype="float32")),
    ("identity", (3,), {}, np.eye(3, dtype="float32")),
    # products
    ("matmul", (X, M), {}, W @ wide(M)),
    ("matmul", (V, M), {}, wide(V) @ wide(M)),
    ("matmul", (X, V), {}, W @ wide(V)),
    ("matmul", (V, V), {}, wide(V) @ wide(V)),
    ("dot", (X, M), {}, np.dot(W, wide(M))),
    ("dot", (V, V), {}, np.dot(wide(V), wide(V))),
    ("dot", (X, 2.0), {}, W * 2),
    ("inner", (X, V), {}, np.inner(W, wide(V))),
    ("vdot", (X, Y), {}, np.vdot(W, wide(Y))),
    ("outer", (V, X), {}, np.outer(wide(V), W)),
    ("cross", (X[..., :3], Y[..., :3]), {}, np.cross(W[..., :3], wide(Y)[..., :3])),
    ("tensordot", (X, M), {"axes": 1}, np.tensordot(W, wide(M), 1)),
    ("tensordot", (X, Y), {"axes": ([1, 2], [1, 2])}, np.tensordot(W, wide(Y), ([1, 2], [1, 2]))),
    ("tensordot", (V, V), {"axes": 0}, np.tensordot(wide(V), wide(V), 0)),
    *[
        ("einsum", (formula, *arrays), {}, np.einsum(formula, *map(wide, arrays)))
        for formula, *arrays in (
            ("ij,jk->ik", M.T, M),
            ("abc,cd->abd", X, M),
            ("abc,abd->acd", X, Y),
            ("abc,abc->", X, Y),
            ("abc->cab", X),
            ("abc->b", X),
            ("i,j->ij", V, V),
            ("ab,bc", M.T, M),
            ("...c,cd->...d", X, M),
            ("aqc,akc->aqk", X, Y),
            ("ij,ij->i", M, M),
            ("a,ab,b->", V, M, M[0]),
            ("bac,bdc->adb", X, Y),
        )
    ],
    # activations
    ("softmax", (X,), {}, np_softmax(X)),
    ("softmax", (X,), {"axis": 1}, np_softmax(X, 1)),
    ("softmax", (X,), {"axis": (1, 2)}, np_softmax(X.reshape(2, 12)).reshape(2, 3, 4)),
    ("log_softmax", (X,), {}, np.log(np_softmax(X))),
    ("relu", (X,), {}, np_relu(W)),
    ("relu6", (X * 5,), {}, np.clip(wide(X * 5), 0, 6)),
    ("sigmoid", (X,), {}, np_sigmoid(W)),
    ("log_sigmoid", (X,), {}, np.log(np_sigmoid(W))),
    ("elu", (X,), {"alpha": 0.7}, np.where(W > 0, W, 0.7 * np.expm1(W))),
    ("celu", (X,), {"alpha": 0.7}, np.maximum(W, 0) + np.minimum(0, 0.7 * np.expm1(W / 0.7))),
    ("selu", (X,), {}, SELU_SCALE * np.where(W > 0, W, SELU_ALPHA * np.expm1(W))),
    ("gelu", (X,), {"approximate": False}, W * 0.5 * (1 + np_erf(W / np.sqrt(2)))),
    ("gelu", (X,), {}, 0.5 * W * (1 + np.tanh(np.sqrt(2 / np.pi) * (W + 0.044715 * W**3)))),
    ("silu", (X,), {}, W * np_sigmoid(W)),
    ("swish", (X,), {}, W * np_sigmoid(W)),
    ("softplus", (X,), {}, np.logaddexp(W, 0)),
    ("softsign", (X,), {}, W / (1 + np.abs(W))),
    ("leaky_relu", (X,), {}, np.where(W > 0, W, 0.2 * W)),
    ("hard_sigmoid", (X * 3,), {}, np.clip(wide(X * 3) / 6 + 0.5, 0, 1)),
    ("hard_silu", (X * 3,), {}, wide(X * 3) * np.clip(wide(X * 3) / 6 + 0.5, 0, 1)),
    ("hard_swish", (X * 3,), {}, wide(X * 3) * np.clip(wide(X * 3) / 6 + 0.5, 0, 1)),
    ("hard_tanh", (X * 3,), {}, np.clip(wide(X * 3), -1, 1)),
    ("hard_shrink", (X,), {}, np.where(np.abs(W) > 0.5, W, 0)),
    ("soft_shrink", (X,), {}, np.sign(W) * np.maximum(np.abs(W) - 0.5, 0)),
    ("tanh_shrink", (X,), {}, W - np.tanh(W)),
    ("threshold", (X, 0.1, -3.0), {}, np.where(W > 0.1, W, -3)),
    ("mish", (X,), {}, W * np.tanh(np.logaddexp(W, 0))),
    ("glu", (X,), {}, W[..., :2] * np_sigmoid(W[..., 2:])),
    ("squareplus", (X,), {}, (W + np.sqrt(W**2 + 4)) / 2),
    ("sparse_plus", (X,), {}, np.where(W <= -1, 0, np.where(W >= 1, W, (W + 1) ** 2 / 4))),
    ("sparse_sigmoid", (X,), {}, np.clip((W + 1) / 2, 0, 1)),
    ("sparsemax", (X,), {}, np_sparsemax(X)),
    ("normalize", (X,), {}, W / np.linalg.norm(W, axis=-1, keepdims=True)),
    # losses
    ("categorical_crossentropy", (np_softmax(Y), np_softmax(X)), {}, -(np_softmax(Y) * np.log(np_softmax(X))).sum(-1)),
    (
        "categorical_crossentropy",
        (np_softmax(Y), X),
        {"from_logits": True},
        -(np_softmax(Y) * np.log(np_softmax(X))).sum(-1),
    ),
    (
        "sparse_categorical_crossentropy",
        (K[..., 0] % 4, X),
        {"from_logits": True},
        -np.take_along_axis(np.log(np_softmax(X)), K[..., :1] % 4, -1)[..., 0],
    ),
    (
        "sparse_categorical_crossentropy",
        (K[..., 0] % 4, np_softmax(X).astype("float32")),
        {},
        -np.take_along_axis(np.log(np_softmax(X)), K[..., :1] % 4, -1)[..., 0],
    ),
    ("binary_crossentropy", (B.astype("float32"), P), {}, -np.where(B, np.log(wide(P)), np.log1p(-wide(P)))),
    ("binary_crossentropy", (B.astype("float32"), X), {"from_logits": True}, np.logaddexp(0, np.where(B, -W, W))),
    # indexing
    ("take", (X, [2, 0, -1]), {"axis": 1}, np.take(X, [2, 0, -1], 1)),
    ("take", (X, 3), {}, np.take(X, 3)),
    ("take", (X, np.array([[0, 1], [1, 0]])), {"axis": 0}, np.take(X, [[0, 1], [1, 0]], 0)),
    ("take_along_axis", (X, np.argsort(X, 1)), {"axis": 1}, np.sort(X, 1)),
    ("slice", (X, (0, 1, 1), (2, 2, 3)), {}, X[0:2, 1:3, 1:4]),
    ("slice_update", (X, (0, 1, 1), np.ones((2, 2, 3), "float32")), {}, assigned(X, np.s_[0:2, 1:3, 1:4], 1)),
    ("scatter", (np.array([[0], [2], [0]]), M[:3], (4, 5)), {}, np_scatter(np.array([[0], [2], [0]]), M[:3], (4, 5))),
    ("scatter", (np.array([[0, 1], [3, 4]]), V[:2], (4, 5)), {}, np_scatter(np.array([[0, 1], [3, 4]]), V[:2], (4, 5))),
    ("scatter_update", (M, [[0, 1], [3, 4]], V[:2]), {}, assigned(M, ([0, 3], [1, 4]), V[:2])),
    ("scatter_update", (M, [[1], [3]], M[:2]), {}, assigned(M, [1, 3], M[:2])),
    ("sort", (X,), {"axis": 1}, np.sort(X, 1)),
    ("sort", (X,), {}, np.sort(X)),
    ("argsort", (X,), {"axis": 0}, np.argsort(X, 0)),
    ("one_hot", (K[0], 5), {}, np_one_hot(K[0], 5)),
    ("one_hot", (K[0], 5), {"axis": 0}, np.moveaxis(np_one_hot(K[0], 5), -1, 0)),
    ("multi_hot", (np.array([[1, 3], [0, 0]]), 4), {}, np.array([[0, 1, 0, 1], [1, 0, 0, 0]], "float32")),
    (
        "in_top_k",
        (np.array([1, 0]), np.array([[0.1, 0.9, 0.5], [0.1, 0.9, 0.5]], "float32"), 2),
        {},
        np.array([True, False]),
    ),
    (
        "segment_sum",
        (M, np.array([0, 0, 2, 2])),
        {"num_segments": 3},
        np.stack([wide(M)[:2].sum(0), np.zeros(5), wide(M)[2:].sum(0)]),
    ),
    ("searchsorted", (np.array([1.0, 2.0, 2.0, 5.0]), np.array([2.0, 0.0, 9.0])), {}, np.array([1, 0, 4])),
    (
        "searchsorted",
        (np.array([1.0, 2.0, 2.0, 5.0]), np.array([2.0, 0.0, 9.0])),
        {"side": "right"},
        np.array([3, 0, 4]),
    ),
]


def check(found, wanted) -> None:
    wanted = np.asarray(wanted)
    assert tuple(found.shape) == wanted.shape
    if found.dtype in ("float32", "float64"):
        np.testing.assert_allclose(found.numpy(), wanted.astype(found.dtype), **{**tolerance("float32", 24)})
    else:
        np.testing.assert_array_equal(found.numpy(), wanted)


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{number}-{row[0]}") for number, row in enumerate(TABLE)])
def test_table(row) -> None:
    name, arguments, keywords, wanted = row
    function = getattr(ops, name)
    check(function(*arguments, **keywords), wanted)
    compiled = gm.function(lambda: function(*arguments, **keywords))()
    check(compiled, wanted)


# Functions whose results are no single tensor, or which are tested by name below.
ELSEWHERE = {
    "convert_to_numpy",
    "is_tensor",
    "shape",
    "size",
    "ndim",
    "dtype",
    "empty",
    "split",
    "unstack",
    "meshgrid",
    "moments",
    "top_k",
    # In tests/layers, beside the layers that are made of them, and against Keras.
    "adaptive_average_pool",
    "dot_product_attention",  # tests/layers/test_attention.py
    "adaptive_max_pool",
    "average_pool",
    "max_pool",
    "batch_norm_training",
    "batch_normalization",
    "layer_normalization",
    "rms_normalization",
    "conv",
    "conv_transpose",
    "depthwise_conv",
    "separable_conv",
}


def test_every_public_function_is_tested() -> None:
    tested = {row[0] for row in TABLE} | ELSEWHERE
    names = ("test_more_public_ops.py", "test_rules_of_more_ops.py", "test_factorizations.py")
    names += ("fourier_expressions.py", "test_fourier.py", "test_forward_mode.py")
    others = [Path(__file__).with_name(name) for name in names]
    tested |= {word for path in others for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}
    public = {
        name
        for name in getattr(ops, "__all__", dir(ops))
        if not name.startswith("_") and inspect.isfunction(getattr(ops, name)) and hasattr(ops, name)
    }
    helpers = {"axes_of", "float_tensor", "public_op", "tensor"}
    assert public - tested - helpers == set()


def test_functions_with_several_results() -> None:
    for found, wanted in zip(ops.split(X, 2, axis=-1), np.split(X, 2, -1)):
        check(found, wanted)
    for found, wanted in zip(ops.split(X, [1, 3], axis=-1), np.split(X, [1, 3], -1)):
        check(found, wanted)
    parts = ops.unstack(X, axis=1)
    assert len(parts) == 3
    check(parts[1], X[:, 1])
    for indexing in ("xy", "ij"):
        for found, wanted in zip(ops.meshgrid(V, V[:3], indexing=indexing), np.meshgrid(V, V[:3], indexing=indexing)):
            check(found, wanted)
    mean, variance = ops.moments(X, axes=[0, 2], keepdims=True)
    check(mean, W.mean((0, 2), keepdims=True))
    check(variance, W.var((0, 2), keepdims=True))
    top, places = ops.top_k(X, 2)
    check(top, -np.sort(-X)[..., :2])
    check(places, np.argsort(-X, kind="stable")[..., :2])
    _, ties = ops.top_k(np.array([1.0, 3.0, 3.0, 2.0]), 3)
    check(ties, [1, 2, 3])


def test_facts_about_tensors() -> None:
    x = ops.convert_to_tensor(X)
    assert (ops.shape(x), ops.size(x), ops.ndim(x), ops.dtype(x)) == ((2, 3, 4), 24, 3, "float32")
    assert ops.is_tensor(x) and not ops.is_tensor(X)
    assert ops.empty((2, 3)).shape == (2, 3)
    np.testing.assert_array_equal(ops.convert_to_numpy(x), X)
