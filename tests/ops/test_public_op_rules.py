"""Rules that all public functions share: promotion, errors, gradients of compositions, indexing."""

from __future__ import annotations

import numpy as np
import pytest
from test_public_ops import B, K, M, X, Y, check, np_softmax

import gradmill as gm
from gradmill import ops
from gradmill.testing import check_gradients


@pytest.mark.parametrize(
    "expression, wanted",
    [
        (lambda i, f: i + f, "float32"),
        (lambda i, f: i * f, "float32"),
        (lambda i, f: i / i, "float32"),
        (lambda i, f: i // i, "int32"),
        (lambda i, f: i + 1, "int32"),
        (lambda i, f: i + 1.5, "float32"),
        (lambda i, f: 2 * f, "float32"),
        (lambda i, f: f + 1.5, "float32"),
        (lambda i, f: ops.mean(i), "float32"),
        (lambda i, f: ops.sum(i), "int32"),
        (lambda i, f: ops.sum(i > 0), "int32"),
        (lambda i, f: ops.sqrt(i), "float32"),
        (lambda i, f: ops.argmax(f), "int32"),
        (lambda i, f: i > f, "bool"),
        (lambda i, f: ops.cast(f, "float16") + 2.5, "float16"),
        (lambda i, f: ops.cast(f, "float16") + i, "float16"),
        (lambda i, f: ops.cast(f, "float64") + f, "float64"),
        (lambda i, f: ops.cast(f, "bfloat16") * 2, "bfloat16"),
        (lambda i, f: ops.cast(f, "float16") + ops.cast(f, "bfloat16"), "float32"),
        (lambda i, f: ops.cast(i, "int8") + i, "int32"),
        (lambda i, f: ops.cast(i, "int8") + ops.cast(i, "uint8"), "int16"),
        (lambda i, f: (i > 0) + i, "int32"),
        (lambda i, f: (i > 0) * f, "float32"),
        (lambda i, f: ops.where(i > 0, f, 0), "float32"),
        (lambda i, f: ops.maximum(i, 0), "int32"),
        (lambda i, f: ops.exp(i), "float32"),
    ],
)
def test_promotion(expression, wanted) -> None:
    i, f = ops.convert_to_tensor(K), ops.convert_to_tensor(X)
    assert expression(i, f).dtype == wanted
    assert gm.function(expression)(i, f).dtype == wanted


@pytest.mark.parametrize(
    "call",
    [
        lambda: ops.add(X, np.ones((5,), "float32")),
        lambda: ops.matmul(X, X),
        lambda: ops.reshape(X, (5, 5)),
        lambda: ops.reshape(X, (-1, -1)),
        lambda: ops.transpose(X, (0, 0, 1)),
        lambda: ops.concatenate([X, M]),
        lambda: ops.concatenate([]),
        lambda: ops.stack([X, M]),
        lambda: ops.sum(X, axis=3),
        lambda: ops.sum(X, axis=(0, 0)),
        lambda: ops.softmax(X, axis=-4),
        lambda: ops.squeeze(X, axis=0),
        lambda: ops.broadcast_to(X, (3, 3, 4)),
        lambda: ops.einsum("ij,jk->ik", X, M),
        lambda: ops.einsum("ij,jk->iz", M.T, M),
        lambda: ops.tensordot(X, M, axes=([0], [0])),
        lambda: ops.split(X, 5, axis=0),
        lambda: ops.max(np.zeros((0, 3)), axis=0),
        lambda: ops.cumprod(X, axis=3),
        lambda: ops.take(X, X),
        lambda: ops.cast(X, "float31"),
        lambda: ops.slice(X, (0, 0, 3), (1, 1, 3)),
        lambda: ops.top_k(X, 9),
        lambda: ops.sort(X, axis=5),
        lambda: ops.expand_dims(X, 9),
        lambda: ops.tile(X, (-1,)),
        lambda: ops.eye(-1),
        lambda: ops.zeros((-1, 2)),
        lambda: ops.zeros((2**40, 2**40)),
        lambda: ops.arange(0, 5, 0),
        lambda: ops.pad(X, ((1, 1),) * 2),
        lambda: ops.pad(X, -1),
        lambda: ops.pad(X, 1, mode="nonsense"),
        lambda: ops.repeat(X, -1),
        lambda: ops.linspace(0, 1, -1),
        lambda: ops.bitwise_and(X, X),
        lambda: ops.convert_to_tensor("text"),
        lambda: ops.convert_to_tensor([[1, 2], [3]]),
        lambda: ops.convert_to_tensor(object()),
        lambda: ops.sparse_categorical_crossentropy(K, X, from_logits=True),
    ],
)
def test_errors(call) -> None:
    with pytest.raises(gm.errors.GradMillError) as caught:
        call()
    assert len(str(caught.value)) > 15


def test_gradients_of_compositions() -> None:
    """Functions made of several ops, against central differences."""
    for function, *inputs in (
        (lambda a, b: ops.einsum("abc,abd->acd", a, b), X, Y),
        (lambda a, b: ops.tensordot(a, b, 1), X, M),
        (ops.std, X),
        (ops.norm, X),
        (lambda a: ops.logsumexp(a, axis=1), X),
        (lambda a, b: ops.slice_update(a, (0, 1, 0), b), X, Y[:, :1, :2]),
        (lambda a: ops.top_k(a, 2)[0], X),
        (lambda a: ops.cumsum(a, axis=1), X),
        (lambda a: ops.cumprod(a, axis=1), X),
        (lambda a: ops.cumprod(ops.concatenate([a, a * 0, a], 2), axis=2), X),  # behind a zero, and at it
        (lambda a: ops.roll(a, 1, axis=1), X),
        (lambda a: ops.pad(a, 1, mode="reflect"), X),
        (lambda a: ops.repeat(a, 2, axis=1), X),
        (lambda a: ops.prod(a, axis=1), X),
        (lambda a: ops.take(a, [0, 0, 1], axis=1), X),
        (lambda a: ops.scatter([[0], [0]], a, (3, 3, 4)), X),
        (ops.gelu, X),
        (ops.mish, X),
        (lambda a: ops.gelu(a, approximate=False), X),
        (ops.log_sigmoid, X),
        (lambda a: ops.normalize(a), X),
        (lambda a: ops.var(a, axis=0), X),
        (lambda a: ops.binary_crossentropy(B, a, from_logits=True), X),
        (lambda a: ops.categorical_crossentropy(np_softmax(Y), a, True), X),
    ):
        check_gradients(function, inputs, max_elements=5, rtol=1e-4, atol=1e-6)


def test_indexing_like_numpy() -> None:
    x = ops.convert_to_tensor(X)
    for index in (
        0,
        -1,
        np.s_[1:],
        np.s_[:, ::2],
        np.s_[..., -1],
        np.s_[:, None],
        np.s_[::-1, 1, 3:0:-2],
        np.s_[1, 2, 3],
        np.s_[5:],
        None,
        ...,
    ):
        check(x[index], X[index])
    check(x[np.array([1, 0, 1])], X[[1, 0, 1]])
    with pytest.raises(IndexError):
        x[2]
    with pytest.raises(gm.errors.GradMillError):
        x[0, 0, 0, 0]


ROW, OTHER_ROW = np.array([1.5, -2.0], "float32"), np.array([3.0, 4.0], "float32")


@pytest.mark.parametrize("kind", [ops.convert_to_tensor, gm.Variable])
@pytest.mark.parametrize(
    "operation",
    [
        lambda x: OTHER_ROW * x,
        lambda x: np.float64(2) - x,
        lambda x: np.int64(3) / x,
        lambda x: OTHER_ROW**x,
        lambda x: np.eye(2, dtype="float32") @ x[:, None],
        lambda x: OTHER_ROW > x,
        lambda x: np.float32(1.5) == x,
    ],
)
def test_operators_of_numpy_leave_their_work_to_tensors(kind, operation) -> None:
    found = operation(kind(ROW))
    assert ops.is_tensor(found) and not isinstance(found, np.ndarray)
    np.testing.assert_allclose(found, operation(ROW), rtol=1e-6)
    compiled = gm.function(operation)(ops.convert_to_tensor(ROW))
    np.testing.assert_allclose(compiled, operation(ROW), rtol=1e-6)


@pytest.mark.parametrize("kind", [ops.convert_to_tensor, gm.Variable])
@pytest.mark.parametrize("function", [np.abs, np.exp, np.sum, np.isnan, lambda x: np.maximum(x, 0)])
def test_functions_of_numpy_read_tensors(kind, function) -> None:
    found = function(kind(ROW))
    assert isinstance(found, (np.ndarray, np.generic))
    np.testing.assert_array_equal(found, function(ROW))
