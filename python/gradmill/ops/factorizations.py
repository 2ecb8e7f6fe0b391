"""Matrices taken apart, and what follows: solutions, inverses, determinants, ranks. Leading axes are a batch."""

from typing import Any, Optional, Tuple

import numpy as np

from gradmill import _core
from gradmill.errors import ArgumentError, ShapeError, UnsupportedError
from gradmill.ops.calling import float_tensor, known_values, public_op
from gradmill.ops.shape import swapaxes

__all__ = [
    "cholesky",
    "cholesky_inverse",
    "det",
    "eig",
    "eigh",
    "inv",
    "logdet",
    "lstsq",
    "lu_factor",
    "matrix_rank",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
]


def _wide(x: Any) -> Any:
    """As float32 or float64: there are no factorizations in 16 bits."""
    x = float_tensor(x)
    return x if x.dtype in ("float32", "float64") else x.astype("float32")


def _identity(like: Any) -> Any:
    size = like.shape[-1]
    return _core.ops.broadcast_to(_core.tensor(np.eye(size), like.dtype), shape=[*like.shape[:-1], size])


def _square(x: Any, who: str) -> Any:
    x = _wide(x)
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ShapeError(f"{who}: expected square matrices (..., n, n); received shape {x.shape}")
    return x


@public_op
def cholesky(x: Any, upper: bool = False) -> Any:
    """Return the triangular L of x = L Lᵀ for symmetric positive definite matrices.

    Args:
        x: (..., n, n); the lower triangle is read.
        upper: return the upper triangular Lᵀ instead.

    Returns:
        (..., n, n); NaN for a matrix that is not positive definite.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.cholesky([[4.0, 2.0], [2.0, 5.0]]).numpy()
        array([[2., 0.],
               [1., 2.]], dtype=float32)
    """
    found = _core.ops.cholesky(_square(x, "cholesky"))
    return swapaxes.eager(found, -1, -2) if upper else found


@public_op
def cholesky_inverse(x: Any, upper: bool = False) -> Any:
    """Return the inverse of the matrix that has this triangle in its Cholesky factorization.

    Args:
        x: (..., n, n), triangular.
        upper: whether it is the upper triangle.

    Returns:
        (..., n, n).
    """
    x = _square(x, "cholesky_inverse")
    inverse = _core.ops.solve_triangular(x, _identity(x), lower=not upper)
    return _core.ops.matmul(inverse, inverse, transpose_a=not upper, transpose_b=bool(upper))


@public_op
def det(x: Any) -> Any:
    """Return determinants.

    Args:
        x: (..., n, n).

    Returns:
        (...).

    Example:
        >>> import gradmill as gm
        >>> round(float(gm.ops.det([[1.0, 2.0], [3.0, 4.0]])), 4)
        -2.0
    """
    return _core.ops.det(_square(x, "det"))


@public_op
def slogdet(x: Any) -> Tuple[Any, Any]:
    """Return determinants as their signs and the logarithms of their absolute values.

    Args:
        x: (..., n, n).

    Returns:
        (signs (...), logarithms (...)); 0 and minus infinity for a singular matrix.
    """
    sign, logarithm = _core.ops.slogdet(_square(x, "slogdet"))
    return sign, logarithm


@public_op
def logdet(x: Any) -> Any:
    """Return the logarithms of the determinants of positive definite matrices.

    Args:
        x: (..., n, n).

    Returns:
        (...); NaN where a determinant is negative.
    """
    sign, logarithm = _core.ops.slogdet(_square(x, "logdet"))
    return _core.ops.where(_core.ops.less(sign, 0.0), float("nan"), logarithm)


@public_op
def inv(x: Any) -> Any:
    """Return inverses.

    Args:
        x: (..., n, n).

    Returns:
        (..., n, n); infinite or NaN for a singular matrix.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.inv([[2.0, 0.0], [0.0, 4.0]]).numpy()
        array([[0.5 , 0.  ],
               [0.  , 0.25]], dtype=float32)
    """
    x = _square(x, "inv")
    return _core.ops.solve(x, _identity(x))


def _right_side(who: str, a: Any, b: Any) -> Tuple[Any, Any, bool]:
    """Both with equal leading axes, a vector as a column, and whether it was one."""
    a, b = _square(a, who), _wide(b)
    is_vector = b.ndim == 1 or (b.ndim == a.ndim - 1 and tuple(b.shape) == tuple(a.shape[:-1]))
    if is_vector:
        b = _core.ops.reshape(b, shape=[*b.shape, 1])
    if b.ndim < 2 or b.shape[-2] != a.shape[-1]:
        raise ShapeError(f"{who}: expected b with {a.shape[-1]} rows for a {a.shape}; received shape {b.shape}")
    batch = list(np.broadcast_shapes(a.shape[:-2], b.shape[:-2]))
    a = _core.ops.broadcast_to(a, shape=[*batch, *a.shape[-2:]])
    return a, _core.ops.broadcast_to(b, shape=[*batch, *b.shape[-2:]]), is_vector


def _as_given(x: Any, is_vector: bool) -> Any:
    return _core.ops.reshape(x, shape=list(x.shape[:-1])) if is_vector else x


@public_op
def solve(a: Any, b: Any) -> Any:
    """Solve a x = b.

    Args:
        a: (..., n, n).
        b: (..., n) or (..., n, k).

    Returns:
        tensor of the shape of `b`; infinite or NaN for a singular matrix.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.solve([[2.0, 1.0], [0.0, 4.0]], [4.0, 8.0]).numpy()
        array([1., 2.], dtype=float32)
    """
    a, b, is_vector = _right_side("solve", a, b)
    return _as_given(_core.ops.solve(a, b), is_vector)


@public_op
def solve_triangular(a: Any, b: Any, lower: bool = False) -> Any:
    """Solve a x = b for triangular matrices; the other triangle of `a` is not read.

    Args:
        a: (..., n, n).
        b: (..., n) or (..., n, k).
        lower: whether the lower triangle is the matrix.

    Returns:
        tensor of the shape of `b`; infinite or NaN where the diagonal has a zero.
    """
    a, b, is_vector = _right_side("solve_triangular", a, b)
    return _as_given(_core.ops.solve_triangular(a, b, lower=bool(lower)), is_vector)


@public_op
def lu_factor(x: Any) -> Tuple[Any, Any]:
    """Return the factors L and U of matrices with some rows exchanged.

    Args:
        x: (..., m, n).

    Returns:
        (..., m, n) with U, and below its diagonal L, whose own diagonal is one; int32 (..., min(m, n)) that says with
        which row each was exchanged, in order.
    """
    factors, pivots, _ = _core.ops.lu_factor(_wide(x))
    return factors, pivots


@public_op
def qr(x: Any, mode: str = "reduced") -> Tuple[Any, Any]:
    """Return x = Q R with orthonormal columns in Q and a triangle R.

    Args:
        x: (..., m, n).
        mode: "reduced" for Q (..., m, min(m, n)), "complete" for a square one.

    Returns:
        (Q, R).

    Raises:
        ArgumentError: for another mode.
    """
    if mode not in ("reduced", "complete"):
        raise ArgumentError(f"qr: expected mode 'reduced' or 'complete'; received {mode!r}")
    q, r = _core.ops.qr(_wide(x), complete=mode == "complete")
    return q, r


@public_op
def eigh(x: Any) -> Tuple[Any, Any]:
    """Return eigenvalues and eigenvectors of symmetric matrices.

    Args:
        x: (..., n, n); the lower triangle is read.

    Returns:
        (values in ascending order (..., n), vectors in columns (..., n, n)).

    Example:
        >>> import gradmill as gm
        >>> gm.ops.eigh([[2.0, 0.0], [0.0, 1.0]])[0].numpy()
        array([1., 2.], dtype=float32)
    """
    values, vectors = _core.ops.eigh(_square(x, "eigh"))
    return values, vectors


@public_op
def eig(x: Any) -> Tuple[Any, Any]:
    """Return eigenvalues and eigenvectors of matrices that have real ones; outside of compiled functions only.

    Args:
        x: (..., n, n).

    Returns:
        (values (..., n), vectors in columns (..., n, n)).

    Raises:
        UnsupportedError: when values are complex.
    """
    x = _square(x, "eig")
    values, vectors = np.linalg.eig(known_values(x, "eig", "use eigh for symmetric matrices"))
    if np.iscomplexobj(values) and np.any(values.imag):
        raise UnsupportedError(f"eig: expected matrices with real eigenvalues; received one with {values.ravel()[0]}")
    return _core.tensor(np.ascontiguousarray(values.real)), _core.tensor(np.ascontiguousarray(vectors.real))


@public_op
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Return x = U diag(s) Vᵀ: singular values and vectors.

    Args:
        x: (..., m, n).
        full_matrices: whether U and V are square; otherwise they have min(m, n) columns.
        compute_uv: whether to return the vectors, too.

    Returns:
        (U, s in descending order, Vᵀ), or s alone.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.svd([[3.0, 0.0], [0.0, -4.0]], compute_uv=False).numpy()
        array([4., 3.], dtype=float32)
    """
    u, s, vt = _core.ops.svd(_wide(x), full_matrices=bool(full_matrices and compute_uv))
    return (u, s, vt) if compute_uv else s


def _limit(s: Any, rcond: Optional[float], shape: Any) -> Any:
    """Below it, singular values count as 0."""
    share = float(np.finfo(s.dtype).eps) * max(shape[-2:]) if rcond is None else float(rcond)
    return s[(Ellipsis, slice(0, 1))] * share


def _inverted(s: Any, limit: Any) -> Any:
    kept = _core.ops.greater(s, limit)
    return _core.ops.where(kept, 1.0 / _core.ops.where(kept, s, 1.0), 0.0)


@public_op
def pinv(x: Any, rcond: Optional[float] = None) -> Any:
    """Return Moore and Penrose's inverses.

    Args:
        x: (..., m, n).
        rcond: singular values below this share of the largest count as 0; default: what rounding leaves.

    Returns:
        (..., n, m).
    """
    x = _wide(x)
    u, s, vt = _core.ops.svd(x, full_matrices=False)
    inverse = _inverted(s, _limit(s, rcond, x.shape))
    scaled = _core.ops.reshape(inverse, shape=[*inverse.shape, 1]) * swapaxes.eager(u, -1, -2)
    return _core.ops.matmul(vt, scaled, transpose_a=True)


@public_op
def lstsq(a: Any, b: Any, rcond: Optional[float] = None) -> Any:
    """Return the shortest x that makes the length of a x - b the least.

    Args:
        a: (m, n).
        b: (m,) or (m, k).
        rcond: singular values below this share of the largest count as 0; default: what rounding leaves.

    Returns:
        (n,) or (n, k).

    Raises:
        ShapeError: for other shapes.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.lstsq([[1.0], [1.0]], [1.0, 3.0]).numpy().round(4)
        array([2.], dtype=float32)
    """
    a, b = _wide(a), _wide(b)
    if a.ndim != 2 or b.ndim not in (1, 2) or a.shape[0] != b.shape[0]:
        raise ShapeError(f"lstsq: expected a (m, n) and b (m,) or (m, k); received shapes {a.shape} and {b.shape}")
    columns = b if b.ndim == 2 else _core.ops.reshape(b, shape=[-1, 1])
    return _as_given(_core.ops.matmul(pinv.eager(a, rcond), columns), b.ndim == 1)


@public_op
def matrix_rank(x: Any, tol: Optional[float] = None) -> Any:
    """Return how many singular values are not 0.

    Args:
        x: (..., m, n).
        tol: what counts as 0; default: what rounding leaves of the largest.

    Returns:
        int32 (...).
    """
    x = _wide(x)
    s = svd.eager(x, compute_uv=False)
    limit = _limit(s, None, x.shape) if tol is None else float(tol)
    return _core.ops.sum(_core.ops.greater(s, limit).astype("int32"), axes=[s.ndim - 1], keepdims=False)
