"""`tf.linalg.LinearOperatorDiag` and its kin: matrices with zeros beside the diagonal."""

from __future__ import annotations

from typing import Any, Optional

from gradmill import ops
from gradmill.errors import ArgumentError
from gradmill.tensorflow import linalg_ops
from gradmill.tensorflow.linear_operators import (
    DeterminedByDiagonal,
    LinearOperator,
    LinearOperatorFullMatrix,
    LinearOperatorLowerTriangular,
    with_axes,
)
from gradmill.tensorflow.shapes import TensorShape


class LinearOperatorDiag(DeterminedByDiagonal):
    """`tf.linalg.LinearOperatorDiag`: matrices with zeros beside the diagonal.

    Args:
        diag: (..., n).
        is_non_singular, is_self_adjoint, is_positive_definite, is_square, name: as in `LinearOperator`.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> tf.linalg.LinearOperatorDiag([2.0, 4.0]).solvevec([2.0, 2.0]).numpy().tolist()
        [1.0, 0.5]
    """

    def __init__(self, diag: Any, *hints: Any, **named: Any):
        super().__init__(*hints, **named)
        self.diag = with_axes(self, "diag", diag, 1)
        self.is_self_adjoint = self._is_square = True

    def _stored(self) -> Any:
        return self.diag

    @property
    def shape(self) -> TensorShape:
        """Shape of the matrices."""
        return TensorShape((*self.diag.shape, self.diag.shape[-1]))

    def to_dense(self, name: Any = None) -> Any:
        """The matrices as a tensor."""
        return linalg_ops.diag(self.diag)

    def _matmul(self, x: Any, adjoint: bool) -> Any:
        return ops.expand_dims(self.diag, -1) * x

    def _times(self, other: LinearOperator) -> LinearOperator:
        if isinstance(other, LinearOperatorDiag):
            return LinearOperatorDiag(self.diag * ops.convert_to_tensor(other.diag))
        return super()._times(other)

    def _solve(self, rhs: Any, adjoint: bool) -> Any:
        return rhs / ops.expand_dims(self.diag, -1)

    def inverse(self, name: Any = None) -> LinearOperator:
        """The operator that takes this one back."""
        return LinearOperatorDiag(1 / ops.convert_to_tensor(self.diag), **self._hints())

    def _cholesky(self) -> LinearOperator:
        return LinearOperatorDiag(ops.sqrt(self.diag), is_non_singular=True)

    def diag_part(self, name: Any = None) -> Any:
        """The diagonals."""
        return ops.convert_to_tensor(self.diag)

    def eigvals(self, name: Any = None) -> Any:
        """The diagonals."""
        return self.diag_part()

    def cond(self, name: Any = None) -> Any:
        """The largest absolute values divided by the smallest."""
        sizes = ops.abs(self.diag)
        return ops.max(sizes, axis=-1) / ops.min(sizes, axis=-1)


class LinearOperatorScaledIdentity(LinearOperatorDiag):
    """`tf.linalg.LinearOperatorScaledIdentity`: square matrices with one number all over the diagonal.

    Args:
        num_rows: number of rows.
        multiplier: the number, or (...) for several matrices.
        is_non_singular, is_self_adjoint, is_positive_definite, is_square: as in `LinearOperator`.
        assert_proper_shapes: accepted; shapes are known.
        name: label.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> tf.linalg.LinearOperatorScaledIdentity(2, multiplier=3.0).to_dense().numpy().tolist()
        [[3.0, 0.0], [0.0, 3.0]]
    """

    def __init__(
        self,
        num_rows: Any,
        multiplier: Any,
        is_non_singular: Optional[bool] = None,
        is_self_adjoint: Optional[bool] = None,
        is_positive_definite: Optional[bool] = None,
        is_square: Optional[bool] = True,
        assert_proper_shapes: bool = False,
        name: Optional[str] = None,
    ):
        if isinstance(num_rows, bool) or int(num_rows) < 0 or not is_square:
            raise ArgumentError(
                f"{type(self).__name__}: expected num_rows of at least 0, and is_square=True; received {num_rows!r} "
                f"and {is_square!r}"
            )
        self.multiplier = ops.convert_to_tensor(multiplier)
        diag = ops.expand_dims(self.multiplier, -1) * ops.ones((int(num_rows),), self.multiplier.dtype)
        super().__init__(diag, is_non_singular, is_self_adjoint, is_positive_definite, is_square, name)


class LinearOperatorIdentity(LinearOperatorScaledIdentity):
    """`tf.linalg.LinearOperatorIdentity`: square matrices that change nothing.

    Args:
        num_rows: number of rows.
        batch_shape: shape before the matrices; default: one matrix.
        dtype: of the entries, default float32.
        is_non_singular, is_self_adjoint, is_positive_definite, is_square, assert_proper_shapes, name: as in
            `LinearOperatorScaledIdentity`; all statements are true.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> tf.linalg.LinearOperatorIdentity(2).matvec([3.0, 4.0]).numpy().tolist()
        [3.0, 4.0]
    """

    def __init__(
        self,
        num_rows: Any,
        batch_shape: Any = None,
        dtype: Any = None,
        is_non_singular: bool = True,
        is_self_adjoint: bool = True,
        is_positive_definite: bool = True,
        is_square: bool = True,
        assert_proper_shapes: bool = False,
        name: Optional[str] = None,
    ):
        if not (is_non_singular and is_self_adjoint and is_positive_definite and is_square):
            raise ArgumentError(f"{type(self).__name__}: expected only true statements; received one that is not")
        sizes = () if batch_shape is None else tuple(int(each) for each in batch_shape)
        multiplier = ops.ones(sizes, "float32" if dtype is None else str(dtype))
        super().__init__(num_rows, multiplier, True, True, True, True, assert_proper_shapes, name)

    def _times(self, other: LinearOperator) -> LinearOperator:
        return super()._times(other) if len(self.batch_shape) else other

    def inverse(self, name: Any = None) -> LinearOperator:
        """The operator itself."""
        return self


OPERATORS: dict[str, type] = {each.__name__: each for each in (
    LinearOperator, LinearOperatorDiag, LinearOperatorFullMatrix, LinearOperatorIdentity, LinearOperatorLowerTriangular,
    LinearOperatorScaledIdentity,
)}  # fmt: skip
