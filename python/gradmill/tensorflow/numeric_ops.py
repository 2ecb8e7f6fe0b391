"""Further names of `tf.math`, `tf.linalg` and `tf.bitwise`, made of others."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from gradmill import ops
from gradmill.errors import ArgumentError, ShapeError
from gradmill.tensorflow.aliases import aliases
from gradmill.tensorflow.math_ops import moved_on, unless_zero

BITWISE: dict[str, Any] = aliases("""
bitwise_and: bitwise_and
bitwise_or: bitwise_or
bitwise_xor: bitwise_xor
invert: bitwise_not
left_shift: left_shift
right_shift: right_shift
""")


def cumulative_logsumexp(
    x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False, name: Any = None
) -> Any:
    """`tf.math.cumulative_logsumexp`: logarithms of the sums of exp(x) up to each value."""
    x = ops.convert_to_tensor(x)
    turned = ops.flip(x, axis) if reverse else x
    summed = ops.associative_scan(ops.logaddexp, turned, axis=axis)
    summed = moved_on(summed, axis, -np.inf) if exclusive else summed
    return ops.flip(summed, axis) if reverse else summed


def reduce_euclidean_norm(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None) -> Any:
    """`tf.math.reduce_euclidean_norm`: the square root of the sum of squares."""
    return ops.sqrt(ops.sum(ops.square(input_tensor), axis, keepdims))


def xdivy(x: Any, y: Any, name: Any = None) -> Any:
    """`tf.math.xdivy`: x / y, and 0 where x is 0."""
    return unless_zero(ops.divide, x, y)


def xlog1py(x: Any, y: Any, name: Any = None) -> Any:
    """`tf.math.xlog1py`: x * log(1 + y), and 0 where x is 0."""
    return unless_zero(lambda x, y: ops.multiply(x, ops.log1p(y)), x, y)


def reciprocal_no_nan(x: Any, name: Any = None) -> Any:
    """`tf.math.reciprocal_no_nan`: 1 / x, and 0 where x is 0."""
    x = ops.convert_to_tensor(x)
    return ops.divide_no_nan(ops.ones_like(x), x)


def scalar_mul(scalar: Any, x: Any, name: Any = None) -> Any:
    """`tf.math.scalar_mul`: a tensor times a number."""
    return ops.multiply(x, scalar)


def rint(x: Any, name: Any = None) -> Any:
    """`tf.math.rint`: the nearest integers, even ones of two."""
    return ops.round(x)


def invert_permutation(x: Any, name: Any = None) -> Any:
    """`tf.math.invert_permutation`: where each number stands in a permutation."""
    x = ops.convert_to_tensor(x)
    return ops.cast(ops.argsort(x), x.dtype)


def _neighbours(x: Any) -> tuple[Any, Any]:
    flat = ops.reshape(x, (-1,))
    return flat[:-1], flat[1:]


def is_non_decreasing(x: Any, name: Any = None) -> Any:
    """`tf.math.is_non_decreasing`: whether no value is smaller than the one before."""
    before, after = _neighbours(x)
    return ops.all(ops.less_equal(before, after))


def is_strictly_increasing(x: Any, name: Any = None) -> Any:
    """`tf.math.is_strictly_increasing`: whether each value is larger than the one before."""
    before, after = _neighbours(x)
    return ops.all(ops.less(before, after))


MATH: dict[str, Any] = {
    **aliases("erfc: erfc\nlog_softmax: log_softmax logits=x\nsoftmax: softmax logits=x"),
    **{each.__name__: each for each in (
        cumulative_logsumexp, invert_permutation, is_non_decreasing, is_strictly_increasing, reciprocal_no_nan,
        reduce_euclidean_norm, rint, scalar_mul, xdivy, xlog1py,
    )},
}  # fmt: skip


def set_diag(input: Any, diagonal: Any, name: Any = None) -> Any:
    """`tf.linalg.set_diag`: matrices with other diagonals."""
    input = ops.convert_to_tensor(input)
    rows, columns = input.shape[-2:]
    length = min(rows, columns)
    diagonal = ops.cast(diagonal, input.dtype)
    if tuple(diagonal.shape) != (*input.shape[:-2], length):
        raise ShapeError(
            f"tf.linalg.set_diag: expected diagonals of shape {(*input.shape[:-2], length)}; received "
            f"{tuple(diagonal.shape)}"
        )
    rest = [(0, 0)] * (diagonal.ndim - 1)
    columnwise = ops.expand_dims(ops.pad(diagonal, [*rest, (0, rows - length)]), -1)
    return ops.where(ops.cast(ops.eye(rows, columns), "bool"), columnwise, input)


def matrix_rank(a: Any, tol: Optional[float] = None, validate_args: bool = False, name: Any = None) -> Any:
    """`tf.linalg.matrix_rank`: how many singular values are not 0."""
    return ops.cast(ops.matrix_rank(a) if tol is None else ops.matrix_rank(a, tol), "int32")


def tensor_diag(diagonal: Any, name: Any = None) -> Any:
    """`tf.linalg.tensor_diag`: a tensor of twice the axes with these values where both halves of a place are equal."""
    diagonal = ops.convert_to_tensor(diagonal)
    sizes = tuple(diagonal.shape)
    return ops.reshape(ops.diag(ops.reshape(diagonal, (-1,))), (*sizes, *sizes))


def tensor_diag_part(input: Any, name: Any = None) -> Any:
    """`tf.linalg.tensor_diag_part`: the values where both halves of a place are equal."""
    input = ops.convert_to_tensor(input)
    half = tuple(input.shape[: input.ndim // 2])
    if input.ndim % 2 or tuple(input.shape[len(half) :]) != half:
        raise ArgumentError(
            f"tf.linalg.tensor_diag_part: expected two equal halves of axes; received {tuple(input.shape)}"
        )
    count = int(np.prod(half))
    return ops.reshape(ops.diagonal(ops.reshape(input, (count, count))), half)


LINALG: dict[str, Any] = {
    each.__name__: each for each in (matrix_rank, set_diag, tensor_diag, tensor_diag_part)
}
