"""`tf.linalg`: products of matrices, and norms."""

from __future__ import annotations

from typing import Any, Callable

from gradmill import ops
from gradmill.tensorflow import math_ops
from gradmill.tensorflow.aliases import aliases

LINALG: dict[str, Callable] = aliases("""
cholesky: cholesky input=x
cross: cross a=x1 b=x2
det: det input=x
eigh: eigh tensor=x
einsum: einsum
inv: inv input=x
eye: eye num_rows=N num_columns=M
tensordot: tensordot a=x1 b=x2
logdet: logdet matrix=x
pinv: pinv a=x
slogdet: slogdet input=x
trace: trace
""")


def turned(x: Any, transpose: bool) -> Any:
    """Return matrices, transposed if wanted."""
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
    return ops.matmul(turned(a, transpose_a or adjoint_a), turned(b, transpose_b or adjoint_b))


def matvec(a: Any, b: Any, transpose_a: bool = False, name: Any = None) -> Any:
    """`tf.linalg.matvec`: the product of matrices and vectors."""
    return ops.squeeze(ops.matmul(turned(a, transpose_a), ops.expand_dims(b, -1)), -1)


def matrix_transpose(a: Any, name: Any = None) -> Any:
    """`tf.linalg.matrix_transpose`: the last two axes in the other order."""
    return turned(a, True)


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


def solve(matrix: Any, rhs: Any, adjoint: bool = False, name: Any = None) -> Any:
    """`tf.linalg.solve`: what the matrices, transposed if wanted, have to be multiplied by to give `rhs`."""
    return ops.solve(turned(matrix, adjoint), rhs)


def triangular_solve(matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: Any = None) -> Any:
    """`tf.linalg.triangular_solve`: the same for triangular matrices."""
    return ops.solve_triangular(turned(matrix, adjoint), rhs, lower=lower != adjoint)


def cholesky_solve(chol: Any, rhs: Any, name: Any = None) -> Any:
    """`tf.linalg.cholesky_solve`: the same for positive definite matrices with these factors."""
    return triangular_solve(chol, triangular_solve(chol, rhs), adjoint=True)


def lstsq(matrix: Any, rhs: Any, l2_regularizer: float = 0.0, fast: bool = True, name: Any = None) -> Any:
    """`tf.linalg.lstsq`: the factors of the least squared error, plus `l2_regularizer` times their squares."""
    transposed = turned(matrix, True)
    square = ops.matmul(transposed, matrix)
    ridge = ops.eye(square.shape[-1], dtype=square.dtype) * l2_regularizer
    return ops.solve(square + ridge, ops.matmul(transposed, rhs)) if fast else ops.matmul(ops.pinv(matrix), rhs)


def qr(input: Any, full_matrices: bool = False, name: Any = None) -> Any:
    """`tf.linalg.qr`: (orthonormal columns, upper triangular matrices)."""
    return ops.qr(input, "complete" if full_matrices else "reduced")


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: Any = None) -> Any:
    """`tf.linalg.svd`: (singular values, left vectors, right vectors), both vectors as columns."""
    if not compute_uv:
        return ops.svd(tensor, full_matrices=False, compute_uv=False)
    left, values, right = ops.svd(tensor, full_matrices=full_matrices)
    return values, left, turned(right, True)


LINALG.update((each.__name__, each) for each in (
    band_part, cholesky_solve, diag, diag_part, lstsq, matmul, matrix_transpose, matvec, norm, normalize, qr, solve,
    svd, triangular_solve,
))  # fmt: skip
LINALG.update(
    adjoint=matrix_transpose, l2_normalize=math_ops.MATH["l2_normalize"], global_norm=math_ops.global_norm
)
