"""`tf.linalg`: products of matrices, and norms."""

from __future__ import annotations

from typing import Any, Callable

from gradmill import ops
from gradmill.tensorflow import math_ops
from gradmill.tensorflow.aliases import aliases

LINALG: dict[str, Callable] = aliases("""
cross: cross a=x1 b=x2
einsum: einsum
eye: eye num_rows=N num_columns=M
tensordot: tensordot a=x1 b=x2
trace: trace
""")


def _turned(x: Any, transpose: bool) -> Any:
    return ops.swapaxes(x, -1, -2) if transpose else x


def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    output_type: Any = None,
    name: Any = None,
) -> Any:
    """`tf.linalg.matmul`: the product of matrices."""
    return ops.matmul(_turned(a, transpose_a or adjoint_a), _turned(b, transpose_b or adjoint_b))


def matvec(a: Any, b: Any, transpose_a: bool = False, name: Any = None) -> Any:
    """`tf.linalg.matvec`: the product of matrices and vectors."""
    return ops.squeeze(ops.matmul(_turned(a, transpose_a), ops.expand_dims(b, -1)), -1)


def matrix_transpose(a: Any, name: Any = None) -> Any:
    """`tf.linalg.matrix_transpose`: the last two axes in the other order."""
    return _turned(a, True)


def norm(tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool = False, name: Any = None) -> Any:
    """`tf.norm`: the norm of all values, or over `axis`."""
    if ord == "euclidean":
        return ops.sqrt(ops.sum(ops.square(tensor), axis, keepdims))
    return ops.norm(tensor, ord, axis, keepdims)


def normalize(tensor: Any, ord: Any = "euclidean", axis: Any = None, name: Any = None) -> Any:
    """`tf.linalg.normalize`: (the tensor divided by its norm, the norm)."""
    length = norm(tensor, ord, axis, keepdims=True)
    return ops.divide(tensor, length), length


def diag(diagonal: Any, name: Any = None) -> Any:
    """`tf.linalg.diag`: matrices with these diagonals."""
    diagonal = ops.convert_to_tensor(diagonal)
    return ops.multiply(ops.expand_dims(diagonal, -1), ops.eye(diagonal.shape[-1], dtype=diagonal.dtype))


def diag_part(input: Any, name: Any = None) -> Any:
    """`tf.linalg.diag_part`: the diagonals of matrices."""
    return ops.diagonal(input, 0, -2, -1)


def band_part(input: Any, num_lower: int, num_upper: int, name: Any = None) -> Any:
    """`tf.linalg.band_part`: matrices with zeros away from the diagonal; a negative number keeps a whole triangle."""
    kept = input if num_lower < 0 else ops.triu(input, -int(num_lower))
    return kept if num_upper < 0 else ops.tril(kept, int(num_upper))


LINALG.update((each.__name__, each) for each in (
    band_part, diag, diag_part, matmul, matrix_transpose, matvec, norm, normalize,
))  # fmt: skip
LINALG.update(l2_normalize=math_ops.MATH["l2_normalize"], global_norm=math_ops.global_norm)
