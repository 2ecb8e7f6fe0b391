"""`tf.linalg.LinearOperator*`: matrices that are known by what they do, with the short ways of their kinds."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from gradmill import ops
from gradmill.errors import ArgumentError, ShapeError
from gradmill.tensorflow import linalg_ops
from gradmill.tensorflow.dtype_names import as_dtype
from gradmill.tensorflow.modules import Module
from gradmill.tensorflow.shapes import TensorShape


def _known(x: Any) -> Any:
    """A tensor; variables stay what they are, so that they are read when they are used."""
    return x if hasattr(x, "assign") else ops.convert_to_tensor(x)


class LinearOperator(Module):
    """Matrices, the last two axes; what subclasses share goes by `to_dense`.

    Args:
        is_non_singular, is_self_adjoint, is_positive_definite, is_square: what is known; None for nothing.
        name: label.

    Raises:
        ArgumentError: statements that contradict each other.

    Reference: TensorFlow 2, `tf.linalg.LinearOperator` (2017).
    """

    def __init__(
        self,
        is_non_singular: Optional[bool] = None,
        is_self_adjoint: Optional[bool] = None,
        is_positive_definite: Optional[bool] = None,
        is_square: Optional[bool] = None,
        name: Optional[str] = None,
    ):
        super().__init__(name)
        owner = type(self).__name__
        if is_positive_definite and is_non_singular is False:
            raise ArgumentError(f"{owner}: expected is_non_singular=True of what is positive definite; received False")
        is_non_singular = True if is_positive_definite else is_non_singular
        if is_non_singular and is_square is False:
            raise ArgumentError(f"{owner}: expected is_square=True of what is not singular; received False")
        self.is_non_singular = is_non_singular
        self.is_self_adjoint = is_self_adjoint
        self.is_positive_definite = is_positive_definite
        self._is_square = True if is_non_singular else is_square

    def _hints(self) -> dict[str, Any]:
        return {
            "is_non_singular": self.is_non_singular,
            "is_self_adjoint": self.is_self_adjoint,
            "is_positive_definite": self.is_positive_definite,
            "is_square": self.is_square,
        }

    # What it is

    def to_dense(self, name: Any = None) -> Any:
        """The matrices as a tensor."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method to_dense; it is missing; write it")

    def _stored(self) -> Any:
        """What tells dtype and shape: the matrices, or what they are made of."""
        return self.to_dense()

    @property
    def dtype(self) -> Any:
        """Dtype of the entries."""
        return as_dtype(str(self._stored().dtype))

    @property
    def shape(self) -> TensorShape:
        """Shape of the matrices."""
        return TensorShape(self._stored().shape)

    @property
    def is_square(self) -> Optional[bool]:
        """Whether there are as many rows as columns."""
        if self._is_square is None:
            return bool(self.range_dimension == self.domain_dimension)
        return self._is_square

    @property
    def batch_shape(self) -> TensorShape:
        """Shape before the matrices."""
        return TensorShape(tuple(self.shape)[:-2])

    @property
    def tensor_rank(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def range_dimension(self) -> int:
        """Number of rows."""
        return tuple(self.shape)[-2]

    @property
    def domain_dimension(self) -> int:
        """Number of columns."""
        return tuple(self.shape)[-1]

    def shape_tensor(self, name: Any = None) -> Any:
        """The shape as int32."""
        return ops.convert_to_tensor(np.array(tuple(self.shape), "int32"))

    def batch_shape_tensor(self, name: Any = None) -> Any:
        """The shape before the matrices as int32."""
        return ops.convert_to_tensor(np.array(tuple(self.batch_shape), "int32"))

    def domain_dimension_tensor(self, name: Any = None) -> Any:
        """The number of columns as int32."""
        return ops.convert_to_tensor(np.int32(self.domain_dimension))

    def range_dimension_tensor(self, name: Any = None) -> Any:
        """The number of rows as int32."""
        return ops.convert_to_tensor(np.int32(self.range_dimension))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, shape={tuple(self.shape)}, dtype={self.dtype}>"

    # What it does

    def matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: Any = None) -> Any:
        """The product with matrices, or with another operator, which gives an operator.

        Args:
            x: (..., columns, n); an operator.
            adjoint: whether the transposed operator is meant.
            adjoint_arg: whether the transposed `x` is meant.
            name: not used.

        Raises:
            ShapeError: sizes that do not fit.
        """
        if isinstance(x, LinearOperator):
            first, second = self.adjoint() if adjoint else self, x.adjoint() if adjoint_arg else x
            first._check_rows("matmul", second, first.domain_dimension)
            return first._times(second)
        x = linalg_ops.turned(_known(x), adjoint_arg)
        self._check_rows("matmul", x, self.range_dimension if adjoint else self.domain_dimension)
        return self._matmul(x, adjoint)

    def _check_rows(self, who: str, x: Any, rows: int) -> None:
        if len(x.shape) < 2 or x.shape[-2] != rows:
            raise ShapeError(f"{type(self).__name__}.{who}: expected {rows} rows; received shape {tuple(x.shape)}")

    def _matmul(self, x: Any, adjoint: bool) -> Any:
        return ops.matmul(linalg_ops.turned(self.to_dense(), adjoint), x)

    def _times(self, other: LinearOperator) -> LinearOperator:
        """The product with another operator."""
        return LinearOperatorFullMatrix(self._matmul(other.to_dense(), False))

    def __matmul__(self, other: Any) -> Any:
        return self.matmul(other)

    def matvec(self, x: Any, adjoint: bool = False, name: Any = None) -> Any:
        """The product with vectors (..., columns)."""
        return ops.squeeze(self.matmul(ops.expand_dims(_known(x), -1), adjoint), -1)

    def solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False, name: Any = None) -> Any:
        """What has to be multiplied to give matrices; arguments as in `matmul`.

        Raises:
            ArgumentError: of an operator that is singular or not square.
            ShapeError: sizes that do not fit.
        """
        if self.is_non_singular is False or not self.is_square:
            raise ArgumentError(
                f"{type(self).__name__}.solve: expected a square operator that is not singular; received {self!r}"
            )
        if isinstance(rhs, LinearOperator):
            return LinearOperatorFullMatrix(self.solve(rhs.to_dense(), adjoint, adjoint_arg))
        rhs = linalg_ops.turned(_known(rhs), adjoint_arg)
        self._check_rows("solve", rhs, self.range_dimension)
        return self._solve(rhs, adjoint)

    def _solve(self, rhs: Any, adjoint: bool) -> Any:
        return _broadcast(linalg_ops.solve, linalg_ops.turned(self.to_dense(), adjoint), rhs)

    def solvevec(self, rhs: Any, adjoint: bool = False, name: Any = None) -> Any:
        """The same for vectors."""
        return ops.squeeze(self.solve(ops.expand_dims(_known(rhs), -1), adjoint), -1)

    # What can be made of it

    def adjoint(self, name: Any = None) -> LinearOperator:
        """The transposed operator."""
        if self.is_self_adjoint:
            return self
        return LinearOperatorFullMatrix(linalg_ops.turned(self.to_dense(), True), **self._hints())

    @property
    def H(self) -> LinearOperator:  # noqa: N802
        """The transposed operator."""
        return self.adjoint()

    def inverse(self, name: Any = None) -> LinearOperator:
        """The operator that takes this one back."""
        eye = ops.eye(self.range_dimension, dtype=str(self.dtype))
        return LinearOperatorFullMatrix(self.solve(eye), **self._hints())

    def cholesky(self, name: Any = None) -> LinearOperator:
        """The lower triangular operator whose product with its transposed one this is.

        Raises:
            ArgumentError: unless it is known to be positive definite and self-adjoint.
        """
        if not (self.is_positive_definite and self.is_self_adjoint):
            raise ArgumentError(
                f"{type(self).__name__}.cholesky: expected is_positive_definite=True and is_self_adjoint=True; "
                f"received {self.is_positive_definite} and {self.is_self_adjoint}"
            )
        return self._cholesky()

    def _cholesky(self) -> LinearOperator:
        return LinearOperatorLowerTriangular(ops.cholesky(self.to_dense()), is_non_singular=True)

    def diag_part(self, name: Any = None) -> Any:
        """The diagonals."""
        return linalg_ops.diag_part(self.to_dense())

    def trace(self, name: Any = None) -> Any:
        """The sums of the diagonals."""
        return ops.sum(self.diag_part(), axis=-1)

    def determinant(self, name: Any = None) -> Any:
        """The determinants."""
        return ops.det(self.to_dense())

    def log_abs_determinant(self, name: Any = None) -> Any:
        """The logarithms of the absolute determinants."""
        return ops.slogdet(self.to_dense())[1]

    def eigvals(self, name: Any = None) -> Any:
        """The eigenvalues of an operator that is known to be self-adjoint.

        Raises:
            ArgumentError: of others, whose eigenvalues may be complex.
        """
        if not self.is_self_adjoint:
            raise ArgumentError(f"{type(self).__name__}.eigvals: expected is_self_adjoint=True; received None or False")
        return ops.eigh(self.to_dense())[0]

    def cond(self, name: Any = None) -> Any:
        """The largest singular values divided by the smallest."""
        values = ops.svd(self.to_dense(), compute_uv=False)
        return ops.max(values, axis=-1) / ops.min(values, axis=-1)

    def add_to_tensor(self, x: Any, name: Any = None) -> Any:
        """The sum with matrices."""
        return _known(x) + self.to_dense()


class LinearOperatorFullMatrix(LinearOperator):
    """`tf.linalg.LinearOperatorFullMatrix`: matrices all of whose entries are stored.

    Args:
        matrix: (..., rows, columns).
        is_non_singular, is_self_adjoint, is_positive_definite, is_square, name: as in `LinearOperator`.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> operator = tf.linalg.LinearOperatorFullMatrix([[1.0, 2.0], [3.0, 4.0]])
        >>> operator.matvec([1.0, 1.0]).numpy().tolist()
        [3.0, 7.0]
    """

    def __init__(self, matrix: Any, *hints: Any, **named: Any):
        super().__init__(*hints, **named)
        self.matrix = with_axes(self, "matrix", matrix, 2)

    def _stored(self) -> Any:
        return self.matrix

    def to_dense(self, name: Any = None) -> Any:
        """The matrices as a tensor."""
        return ops.convert_to_tensor(self.matrix)


class DeterminedByDiagonal(LinearOperator):
    """What triangular operators share, diagonal ones among them; arguments as in `LinearOperator`."""

    def determinant(self, name: Any = None) -> Any:
        """The products of the diagonals."""
        return ops.prod(self.diag_part(), axis=-1)

    def log_abs_determinant(self, name: Any = None) -> Any:
        """The logarithms of the absolute determinants."""
        return ops.sum(ops.log(ops.abs(self.diag_part())), axis=-1)


class LinearOperatorLowerTriangular(DeterminedByDiagonal):
    """`tf.linalg.LinearOperatorLowerTriangular`: square matrices with zeros above the diagonal.

    Args:
        tril: (..., n, n); what stands above the diagonal is not looked at.
        is_non_singular, is_self_adjoint, is_positive_definite, is_square, name: as in `LinearOperator`.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> operator = tf.linalg.LinearOperatorLowerTriangular([[2.0, 9.0], [1.0, 4.0]])
        >>> operator.solvevec([2.0, 9.0]).numpy().tolist()
        [1.0, 2.0]
    """

    def __init__(self, tril: Any, *hints: Any, **named: Any):
        super().__init__(*hints, **named)
        self.tril = with_axes(self, "tril", tril, 2)
        self._is_square = True

    def _stored(self) -> Any:
        return self.tril

    def to_dense(self, name: Any = None) -> Any:
        """The matrices as a tensor."""
        return ops.tril(ops.convert_to_tensor(self.tril))

    def _solve(self, rhs: Any, adjoint: bool) -> Any:
        return _broadcast(
            lambda matrix, columns: linalg_ops.triangular_solve(matrix, columns, adjoint=adjoint), self.to_dense(), rhs
        )

    def diag_part(self, name: Any = None) -> Any:
        """The diagonals."""
        return linalg_ops.diag_part(ops.convert_to_tensor(self.tril))


def with_axes(owner: LinearOperator, name: str, value: Any, least: int) -> Any:
    """Return a tensor or variable that has so many axes.

    Raises:
        ShapeError: fewer axes.
    """
    value = _known(value)
    if len(value.shape) < least:
        raise ShapeError(
            f"{type(owner).__name__}: expected {name} with {least} axes or more; received shape {tuple(value.shape)}"
        )
    return value


def _broadcast(function: Any, matrix: Any, rhs: Any) -> Any:
    """Return a function of matrices and columns whose axes before them are made equal."""
    batch = np.broadcast_shapes(tuple(matrix.shape[:-2]), tuple(rhs.shape[:-2]))
    parts = (ops.broadcast_to(each, (*batch, *each.shape[-2:])) for each in (matrix, rhs))
    return function(*parts)
