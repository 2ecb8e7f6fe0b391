"""Public functions on matrices against NumPy, and CTC against the sum over all ways."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from test_public_ops import check

import gradmill as gm
from gradmill import ops
from gradmill.testing import check_gradients

generator = np.random.default_rng(17)
A = generator.normal(size=(2, 4, 4)) + 2 * np.eye(4)
P = A @ A.transpose(0, 2, 1)
TALL = generator.normal(size=(2, 6, 3))
FLAT = generator.normal(size=(3, 5))
LOW = np.outer(np.arange(1.0, 4.0), np.arange(1.0, 5.0))
B = generator.normal(size=(2, 4, 3))
U = np.triu(A)

# (function, arguments, keyword arguments, what NumPy says)
TABLE = [
    ("cholesky", (P,), {}, np.linalg.cholesky(P)),
    ("cholesky", (P,), {"upper": True}, np.linalg.cholesky(P).transpose(0, 2, 1)),
    ("cholesky", (-P,), {}, np.full_like(P, np.nan)),
    ("cholesky_inverse", (np.linalg.cholesky(P),), {}, np.linalg.inv(P)),
    ("cholesky_inverse", (np.linalg.cholesky(P).transpose(0, 2, 1),), {"upper": True}, np.linalg.inv(P)),
    ("det", (A,), {}, np.linalg.det(A)),
    ("det", (LOW[:3, :3],), {}, 0.0),
    ("logdet", (P,), {}, np.linalg.slogdet(P)[1]),
    ("inv", (A,), {}, np.linalg.inv(A)),
    ("solve", (A, B), {}, np.linalg.solve(A, B)),
    ("solve", (A, B[:, :, 0]), {}, np.linalg.solve(A, B[:, :, :1])[..., 0]),
    ("solve", (A[0], B), {}, np.linalg.solve(A[0], B)),
    ("solve_triangular", (A, B), {}, np.linalg.solve(U, B)),
    ("solve_triangular", (A, B), {"lower": True}, np.linalg.solve(np.tril(A), B)),
    ("svd", (TALL,), {"compute_uv": False}, np.linalg.svd(TALL, compute_uv=False)),
    ("pinv", (TALL,), {}, np.linalg.pinv(TALL)),
    ("pinv", (LOW,), {}, np.linalg.pinv(LOW)),
    ("lstsq", (TALL[0], TALL[1, :, 0]), {}, np.linalg.lstsq(TALL[0], TALL[1, :, 0], None)[0]),
    ("lstsq", (FLAT, B[0, :3]), {}, np.linalg.lstsq(FLAT, B[0, :3], None)[0]),
    ("matrix_rank", (LOW,), {}, 1),
    ("matrix_rank", (A,), {}, [4, 4]),
    ("matrix_rank", (np.diag([5.0, 0.1]),), {"tol": 1.0}, 1),
]


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{number}-{row[0]}") for number, row in enumerate(TABLE)])
def test_table(row) -> None:
    name, arguments, keywords, wanted = row
    function = getattr(ops.linalg if name != "logdet" else ops, name)
    check(function(*arguments, **keywords), wanted)
    check(gm.function(lambda: function(*arguments, **keywords))(), wanted)


@pytest.mark.parametrize("x", [A, TALL, FLAT])
def test_factors_multiply_to_what_was_given(x) -> None:
    for mode in ("reduced", "complete"):
        q, r = (each.numpy() for each in ops.qr(x, mode))
        np.testing.assert_allclose(q @ r, x, atol=1e-12)
        assert q.shape == np.linalg.qr(x, mode)[0].shape
        np.testing.assert_allclose(
            np.swapaxes(q, -1, -2) @ q,
            np.broadcast_to(np.eye(q.shape[-1]), q.shape[:-2] + (q.shape[-1],) * 2),
            atol=1e-12,
        )
        np.testing.assert_array_equal(r, np.triu(r))
    for full in (False, True):
        u, s, vt = (each.numpy() for each in ops.svd(x, full))
        k = s.shape[-1]
        np.testing.assert_allclose((u[..., :k] * s[..., None, :]) @ vt[..., :k, :], x, atol=1e-12)
        assert (u.shape, vt.shape) == tuple(np.linalg.svd(x, full)[i].shape for i in (0, 2))
    factors, pivots = (each.numpy() for each in ops.lu_factor(x))
    rows = x.copy()
    for place in np.ndindex(x.shape[:-2]):
        for i, other in enumerate(pivots[place]):
            rows[place][[i, other]] = rows[place][[other, i]]
    lower = np.tril(factors, -1)[..., : pivots.shape[-1]] + np.eye(x.shape[-2], pivots.shape[-1])
    np.testing.assert_allclose(lower @ np.triu(factors)[..., : pivots.shape[-1], :], rows, atol=1e-12)


def test_eigenvectors() -> None:
    values, vectors = (each.numpy() for each in ops.eigh(P))
    np.testing.assert_allclose(values, np.linalg.eigvalsh(P), rtol=1e-10)
    np.testing.assert_allclose(P @ vectors, vectors * values[..., None, :], atol=1e-10)
    x = np.linalg.inv(A) @ np.diag([1.0, -2.0, 3.0, 0.5]) @ A
    values, vectors = (each.numpy() for each in ops.eig(x))
    np.testing.assert_allclose(np.sort(values[0]), [-2.0, 0.5, 1.0, 3.0], rtol=1e-9)
    np.testing.assert_allclose(x @ vectors, vectors * values[..., None, :], atol=1e-9)
    sign, logarithm = ops.slogdet(A)
    check(sign, np.linalg.slogdet(A)[0])
    check(logarithm, np.linalg.slogdet(A)[1])
    assert [float(each) for each in ops.slogdet(np.zeros((2, 2)))] == [0.0, -np.inf]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_or_singular_ends_in_numbers_that_say_so(value) -> None:
    x = np.array([[1.0, value], [value, 1.0]])
    for function in (ops.eigh, ops.svd):
        assert all(np.isnan(each.numpy()).all() for each in function(x))
    for function in (ops.cholesky, ops.det):
        assert not np.isfinite(function(x).numpy()).all()
    assert not np.isfinite(ops.inv(np.zeros((2, 2))).numpy()).any() or np.isnan(ops.inv(np.zeros((2, 2))).numpy()).any()
    assert not np.isfinite(ops.solve_triangular(np.zeros((2, 2)), np.ones(2)).numpy()).any()


@pytest.mark.parametrize(
    "call",
    [
        lambda: ops.inv(FLAT),
        lambda: ops.det(np.ones(3)),
        lambda: ops.cholesky(np.zeros((0, 0))),
        lambda: ops.solve(A, np.ones(3)),
        lambda: ops.solve(A, np.ones((3, 4, 1))),
        lambda: ops.qr(A, "raw"),
        lambda: ops.svd(np.ones(4)),
        lambda: ops.lstsq(A, A),
        lambda: ops.eig([[0.0, 1.0], [-1.0, 0.0]]),
        lambda: ops.ctc_loss([[1]], np.ones((1, 2, 3)), [1, 1], [2]),
        lambda: ops.ctc_loss([1], np.ones((1, 2, 3)), [1], [2]),
        lambda: ops.ctc_decode(np.ones((1, 2, 3)), [2], "best"),
        lambda: ops.ctc_decode(np.ones((2, 3)), [2]),
    ],
)
def test_errors(call) -> None:
    with pytest.raises((gm.errors.GradMillError, ValueError)) as caught:
        call()
    assert len(str(caught.value)) > 15


def test_gradients() -> None:
    for function, *inputs in (
        (ops.inv, A),
        (ops.pinv, TALL),
        (lambda a, b: ops.lstsq(a, b), TALL[0], TALL[1]),
        (lambda a: ops.logdet(ops.matmul(a, ops.transpose(a))), A[0]),
        (lambda a: ops.svd(a, compute_uv=False), FLAT),
        (lambda x: ops.ctc_loss([[1, 1, 2], [2, 1, 0]], x, [3, 2], [6, 4]), generator.normal(size=(2, 6, 4))),
    ):
        check_gradients(function, inputs, max_elements=5, rtol=1e-4, atol=1e-6)


def all_ways(logits, labels, blank):
    """The probability of labels, as the sum over all ways to write them."""
    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    total = 0.0
    for way in itertools.product(range(logits.shape[1]), repeat=len(logits)):
        read = [label for label, _ in itertools.groupby(way) if label != blank]
        if read == list(labels):
            total += np.prod([row[label] for row, label in zip(probabilities, way)])
    return total


LOGITS = generator.normal(size=(4, 5, 3))


@pytest.mark.parametrize("blank", [0, 2])
def test_ctc_loss_is_the_sum_over_all_ways(blank) -> None:
    labels = np.array([[1, 1], [1, 0], [0, 1], [1, 1]]) + (1 if blank == 0 else 0)
    counts, steps = [2, 2, 1, 0], [5, 4, 3, 5]
    found = ops.ctc_loss(labels, LOGITS, counts, steps, blank).numpy()
    for i in range(4):
        wanted = all_ways(LOGITS[i, : steps[i]], labels[i, : counts[i]], blank)
        np.testing.assert_allclose(np.exp(-found[i]), wanted, rtol=1e-6)


def test_ctc_decode() -> None:
    best = [[1, 1, 0, 1, 2], [0, 2, 2, 0, 1]]
    labels, scores = ops.ctc_decode(np.eye(3)[best] * 4, [5, 4])
    assert labels.numpy().tolist() == [[[1, 1, 2, -1, -1], [2, -1, -1, -1, -1]]]
    assert scores.numpy().tolist() == [[-20.0], [-16.0]]
    labels, _ = ops.ctc_decode(np.eye(3)[best] * 4, [5, 4], merge_repeated=False)
    assert labels.numpy().tolist() == [[[1, 1, 1, 2, -1], [2, 2, -1, -1, -1]]]
    labels, scores = ops.ctc_decode(LOGITS[:1], [4], "beam_search", beam_width=200, top_paths=3)
    found = [[label for label in path if label >= 0] for path in labels.numpy()[:, 0].tolist()]
    candidates = [[*each] for count in range(5) for each in itertools.product((1, 2), repeat=count)]
    ranked = sorted(candidates, key=lambda each: -all_ways(LOGITS[0, :4], each, 0))[:3]
    assert found == ranked
    wanted = [np.log(all_ways(LOGITS[0, :4], each, 0)) for each in ranked]
    np.testing.assert_allclose(scores.numpy()[0], wanted, rtol=1e-6)


def test_symbolic() -> None:
    x = gm.Input((4, 4))
    assert tuple(ops.inv(x).shape) == (None, 4, 4) and tuple(ops.det(x).shape) == (None,)
    assert [tuple(each.shape) for each in ops.svd(x, False)] == [(None, 4, 4), (None, 4), (None, 4, 4)]
    np.testing.assert_allclose(
        gm.Model(x, ops.inv(x))(A.astype("float32")).numpy(), np.linalg.inv(A), rtol=1e-3, atol=1e-4
    )
