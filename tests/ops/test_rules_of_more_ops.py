"""Rules of the ops in `test_more_public_ops`: several results, control flow, errors, gradients, unknown sizes."""

from __future__ import annotations

import numpy as np
import pytest
from test_more_public_ops import BIG, IMAGES
from test_public_ops import B, K, M, V, X, Y, check, wide

import gradmill as gm
from gradmill import ops
from gradmill.testing import check_gradients

W = wide(X)


def test_functions_with_several_results() -> None:
    for name, x, cuts in (("vsplit", X, 2), ("hsplit", X, [1]), ("hsplit", V, 2), ("dsplit", X, 2)):
        for found, wanted in zip(getattr(ops, name)(x, cuts), getattr(np, name)(x, cuts), strict=True):
            check(found, wanted)
    for found, wanted in zip(ops.array_split(V, 3), np.array_split(V, 3), strict=True):
        check(found, wanted)
    for found, wanted in zip(ops.nonzero(K), np.nonzero(K), strict=True):
        check(found, wanted)
    for found, wanted in zip(ops.unravel_index([[3, 7], [-1, 0]], (2, 5)), np.unravel_index([[3, 7], [9, 0]], (2, 5))):
        check(found, wanted)
    for options in ({}, {"bins": 4}, {"bins": 3, "range": (-0.5, 0.7)}):
        for found, wanted in zip(ops.histogram(X, **options), np.histogram(X, **options), strict=True):
            check(found, wanted)
    check(ops.histogram([2.0, 2.0])[0], np.histogram([2.0, 2.0])[0])
    options = {"return_index": True, "return_inverse": True, "return_counts": True}
    for found, wanted in zip(ops.unique(K, **options), np.unique(K, **options), strict=True):
        check(found, wanted)
    for found, wanted in zip(ops.unique(B[0], axis=0, **options), np.unique(B[0], axis=0, **options), strict=True):
        check(found, wanted.reshape(-1) if wanted.ndim == 1 or wanted.shape[1:] == (1,) else wanted)
    check(ops.unique([5, 3, 5], size=4, fill_value=9), [3, 5, 9, 9])
    check(ops.unique([5, 3, 1], size=2), [1, 3])
    check(ops.nextafter(X, Y), np.nextafter(X, Y))
    assert ops.view(X, "int32").numpy().tolist() == X.view("int32").tolist()
    assert ops.view(V, "uint8").shape == (16,)


def test_fold_is_the_transpose_of_unfold() -> None:
    options = {"kernel_size": (2, 3), "dilation": (1, 2), "padding": (1, 2), "stride": (2, 1)}
    columns = ops.unfold(IMAGES, **options)
    weights = np.random.default_rng(5).normal(size=columns.shape).astype("float32")
    back = ops.fold(weights, IMAGES.shape[2:], **options)
    assert float(ops.sum(columns * weights)) == pytest.approx(float(ops.sum(back * IMAGES)), rel=1e-5)


def test_control_flow() -> None:
    x = ops.array([1.0, 2.0, 3.0])
    assert float(ops.cond(x[0] > 5, lambda: 1.0, lambda: x[1])) == 2.0
    assert ops.switch(np.int32(7), [lambda: "a", lambda: "b"]) == "b"
    assert ops.switch(-3, [lambda: "a", lambda: "b"]) == "a"
    assert ops.while_loop(lambda n: n < 100, lambda n: n * 2, 1) == 128
    assert ops.while_loop(lambda n: True, lambda n: (n + 1,), (0,), maximum_iterations=3) == (3,)
    total, products = ops.scan(lambda c, e: (c + e[0], e[0] * e[1]), 0.0, (x, x), reverse=True)
    assert (float(total), products.numpy().tolist()) == (6.0, [1, 4, 9])
    assert ops.scan(lambda c, e: (c * 2, None), 1, length=5) == (32, None)
    check(ops.map(lambda e: {"y": e[0] + e[1]}, (x, x))["y"], [2, 4, 6])
    check(ops.vectorized_map(lambda e: ops.sum(e), M), wide(M).sum(1))
    check(ops.vectorize(np.dot, signature="(n),(n)->()")(X, V), W @ wide(V))
    check(ops.vectorize(lambda a, n, k: a * n + k, excluded=[1])(M, 3, k=1.0), wide(M) * 3 + 1)
    for reverse in (False, True):
        wanted = np.cumsum(W[:, ::-1], 1)[:, ::-1] if reverse else np.cumsum(W, 1)
        check(ops.associative_scan(lambda a, b: a + b, X, reverse, 1), wanted)
    # A product of matrices is associative, but not commutative.
    square = X[..., :3, :3][:, :, :3].repeat(3, 0)[:5]
    found = ops.associative_scan(lambda a, b: ops.matmul(a, b), square)
    product = np.eye(3)
    for matrix, one in zip(wide(square), found):
        product = product @ matrix
        np.testing.assert_allclose(one.numpy(), product, rtol=1e-4, atol=1e-5)

    @gm.function
    def known(x):
        return ops.fori_loop(0, 3, lambda i, y: y * ops.cond(i == 1, lambda: 10.0, lambda: 1.0) + x, x)

    check(known(x), [22, 44, 66])


@pytest.mark.parametrize(
    "call",
    [
        lambda x: ops.cond(x[0] > 0, lambda: x, lambda: -x),
        lambda x: ops.switch(ops.cast(x[0], "int32"), [lambda: x]),
        lambda x: ops.while_loop(lambda y: ops.sum(y) < 100, lambda y: y * 2, x),
        lambda x: ops.fori_loop(0, ops.cast(x[0], "int32"), lambda i, y: y, x),
        ops.nonzero,
        ops.unique,
        lambda x: ops.nextafter(x, 0.0),
        lambda x: ops.bincount(ops.cast(x, "int32")),
        lambda x: ops.segment_max(x, ops.cast(x, "int32")),
        lambda x: ops.quantile(x, x),
    ],
)
def test_what_depends_on_values_is_refused_while_traced(call) -> None:
    with pytest.raises(gm.errors.UnsupportedError, match="being traced"):
        gm.function(call)(ops.ones(3))


@pytest.mark.parametrize(
    "call",
    [
        lambda: ops.array_split(X, 0),
        lambda: ops.bincount([-1]),
        lambda: ops.bincount([1.5]),
        lambda: ops.bincount([1], weights=[1.0, 2.0]),
        lambda: ops.cdist(M, X),
        lambda: ops.conj(1 + 2j),
        lambda: ops.imag(1 + 2j),
        lambda: ops.corrcoef(X),
        lambda: ops.correlate(X, V),
        lambda: ops.correlate(V, V, "middle"),
        lambda: ops.depth_to_space(IMAGES, 3),
        lambda: ops.space_to_depth(IMAGES, 5),
        lambda: ops.diff(V, -1),
        lambda: ops.dsplit(M, 2),
        lambda: ops.fliplr(V),
        lambda: ops.fold(V, 3, 2),
        lambda: ops.fori_loop(V, 3, lambda i, y: y, 0),
        lambda: ops.gcd(1.5, 2),
        lambda: ops.geomspace(0, 3),
        lambda: ops.histogram(X, 0),
        lambda: ops.kaiser(-1, 2.0),
        lambda: ops.ldexp(V, V),
        lambda: ops.logspace(0, 1, -2),
        lambda: ops.map(lambda x: x, np.zeros((0, 2))),
        lambda: ops.quantile(X, 1.5),
        lambda: ops.quantile(X, 0.5, method="median_unbiased"),
        lambda: ops.rearrange(X, "a b -> b a"),
        lambda: ops.rearrange(X, "a b c -> a b"),
        lambda: ops.rearrange(X, "a b (c d) -> a b c d"),
        lambda: ops.rearrange(X, "a b (c d) -> a b c d", c=3),
        lambda: ops.rearrange(X, "a b (c -> a b c"),
        lambda: ops.rot90(X, axes=(0, 3)),
        lambda: ops.scan(lambda c, x: (c, x), 0),
        lambda: ops.segment_max(M, [0, 1]),
        lambda: ops.select([B], []),
        lambda: ops.switch(0, []),
        lambda: ops.tri(-1),
        lambda: ops.unfold(IMAGES, 9),
        lambda: ops.unique(X, size=-1),
        lambda: ops.vander(M),
        lambda: ops.vectorize(np.dot, signature="n,n"),
        lambda: ops.view(ops.ones((3, 3), "uint8"), "float32"),
        lambda: ops.while_loop(lambda a, b: True, lambda a, b: a, (1, 2)),
    ],
)
def test_errors(call) -> None:
    with pytest.raises(gm.errors.GradMillError) as caught:
        call()
    assert "expected" in str(caught.value) or "value" in str(caught.value)


def test_gradients() -> None:
    for function, *inputs in (
        (ops.cbrt, X),
        (ops.erfc, X * 2),
        (ops.i0, BIG[1:5]),
        (ops.sinc, X),
        (ops.hypot, X, Y),
        (ops.logaddexp2, X, Y),
        (ops.kron, V, M),
        (lambda a: ops.vander(a, 3), V),
        (lambda a: ops.quantile(a, [0.2, 0.7], axis=1), X),
        (ops.corrcoef, M),
        (ops.cdist, M, M[:2] + 0.5),
        (lambda a, b: ops.correlate(a, b, "full"), V, M[0]),
        (lambda a: ops.segment_max(a, [0, 1, 1, 0]), M),
        (lambda a: ops.segment_prod(a, [0, 1, 1, 0]), M),
        (lambda a: ops.nanmean(ops.concatenate([a, ops.full_like(a, float("nan"))], 1), axis=1), X),
        (lambda a: ops.unfold(a, 2, padding=1), IMAGES[:1, :2, :3, :3]),
        (lambda a: ops.fold(ops.unfold(a, 2), (3, 3), 2), IMAGES[:1, :2, :3, :3]),
        (lambda a: ops.trapezoid(a, axis=0), X),
        (lambda a: ops.associative_scan(lambda p, q: p * q, a, axis=1), X),
        (lambda a: ops.scan(lambda c, e: (c * e, c + e), a[0], a)[1], M),
    ):
        check_gradients(function, inputs, max_elements=5, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "function, shape, wanted",
    [
        (lambda x: ops.nanmean(x, axis=1), (None, 4), (None,)),
        (lambda x: ops.quantile(x, [0.1, 0.9], axis=-1), (None, 4), (2, None)),
        (lambda x: ops.rearrange(x, "b (h w) -> b h w", h=2), (None, 4), (None, 2, 2)),
        (lambda x: ops.depth_to_space(x, 2), (None, 3, 3, 4), (None, 6, 6, 1)),
        (lambda x: ops.unfold(x, 2), (None, 3, 4, 4), (None, 12, 9)),
        (lambda x: ops.cdist(x, M), (None, 5), (None, 4)),
        (lambda x: ops.associative_scan(lambda a, b: a + b, x, axis=1), (None, 4), (None, 4)),
        (lambda x: ops.diff(x), (None, 4), (None, 3)),
        (lambda x: ops.map(lambda e: e * 2, x), (3, 4), (3, 4)),
        (lambda x: ops.erfc(x), (None, 4), (None, 4)),
    ],
)
def test_symbolic(function, shape, wanted) -> None:
    x = gm.Input(shape=shape[1:], batch_size=shape[0])
    y = function(x)
    assert tuple(y.shape) == wanted
    data = np.random.default_rng(6).normal(size=[3 if size is None else size for size in shape]).astype("float32")
    found, direct = gm.Model(x, y)(data), function(ops.array(data))
    np.testing.assert_allclose(found.numpy(), direct.numpy(), rtol=1e-6)
