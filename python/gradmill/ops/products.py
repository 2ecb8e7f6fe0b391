"""Matrix products and contractions."""

import string
from typing import Any, Dict, List

import numpy as np

from gradmill import _core
from gradmill.errors import ArgumentError, ShapeError
from gradmill.ops.calling import float_tensor, public_op, tensor
from gradmill.ops.shape import moveaxis

__all__ = [
    "cross",
    "dot",
    "einsum",
    "inner",
    "matmul",
    "outer",
    "tensordot",
    "trace",
    "vdot",
]


@public_op
def matmul(x1: Any, x2: Any) -> Any:
    """Return the matrix product over the last two axes, as NumPy's `@`; leading axes are broadcast.

    Args:
        x1: (..., rows, inner) or (inner,).
        x2: (..., inner, columns) or (inner,).

    Returns:
        (..., rows, columns).

    Example:
        >>> import gradmill as gm
        >>> gm.ops.matmul([[1.0, 2.0]], [[3.0], [4.0]]).numpy()
        array([[11.]], dtype=float32)
    """
    return _core.matmul(tensor(x1), tensor(x2))


@public_op
def dot(x1: Any, x2: Any) -> Any:
    """Return NumPy's dot: a sum over the last axis of x1 and the last but one (or only) axis of x2.

    Args:
        x1: tensor.
        x2: tensor.

    Returns:
        tensor.
    """
    x1, x2 = tensor(x1), tensor(x2)
    if x1.ndim == 0 or x2.ndim == 0:
        return x1 * x2
    return tensordot.eager(x1, x2, [[x1.ndim - 1], [max(x2.ndim - 2, 0)]])


@public_op
def vdot(x1: Any, x2: Any) -> Any:
    """Return the sum of the products of all entries.

    Args:
        x1: tensor.
        x2: tensor of as many entries.

    Returns:
        scalar tensor.
    """
    flat = [_core.ops.reshape(tensor(x), shape=[-1]) for x in (x1, x2)]
    return _core.ops.sum(flat[0] * flat[1], axes=[0], keepdims=False)


@public_op
def inner(x1: Any, x2: Any) -> Any:
    """Return the sum of products over the last axes.

    Args:
        x1: tensor.
        x2: tensor whose last axis has the same size.

    Returns:
        tensor.
    """
    x1, x2 = tensor(x1), tensor(x2)
    if x1.ndim == 0 or x2.ndim == 0:
        return x1 * x2
    return tensordot.eager(x1, x2, [[x1.ndim - 1], [x2.ndim - 1]])


@public_op
def outer(x1: Any, x2: Any) -> Any:
    """Return the product of every entry of x1 with every entry of x2.

    Args:
        x1: tensor, flattened.
        x2: tensor, flattened.

    Returns:
        (entries of x1, entries of x2).
    """
    return _core.ops.reshape(tensor(x1), shape=[-1, 1]) * _core.ops.reshape(tensor(x2), shape=[1, -1])


@public_op
def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """Sum products over pairs of axes.

    Args:
        x1: tensor.
        x2: tensor.
        axes: how many last axes of x1 meet the first of x2, or two lists of axes.

    Returns:
        tensor with the remaining axes of `x1`, then those of `x2`.

    Raises:
        ShapeError: when paired axes differ in size.
    """
    x1, x2 = tensor(x1), tensor(x2)
    if isinstance(axes, (int, np.integer)):
        left, right = list(range(x1.ndim - axes, x1.ndim)), list(range(axes))
    else:
        left, right = ([each] if isinstance(each, int) else list(each) for each in axes)
    left, right = [each % x1.ndim for each in left], [each % x2.ndim for each in right]
    if [x1.shape[i] for i in left] != [x2.shape[i] for i in right]:
        raise ShapeError(f"tensordot: axes {left} of {x1.shape} and {right} of {x2.shape} differ in size")
    rest1 = [i for i in range(x1.ndim) if i not in left]
    rest2 = [i for i in range(x2.ndim) if i not in right]
    inner = int(np.prod([x1.shape[i] for i in left], dtype=np.int64))
    a = _core.ops.reshape(_permuted(x1, rest1 + left), shape=[_product(x1, rest1), inner])
    b = _core.ops.reshape(_permuted(x2, right + rest2), shape=[inner, _product(x2, rest2)])
    return _core.ops.reshape(
        _core.ops.matmul(a, b), shape=[*(x1.shape[i] for i in rest1), *(x2.shape[i] for i in rest2)]
    )


def _permuted(x: Any, order: List[int]) -> Any:
    return x if order == list(range(x.ndim)) else _core.ops.transpose(x, permutation=order)


def _product(x: Any, axes: List[int]) -> int:
    return int(np.prod([x.shape[i] for i in axes], dtype=np.int64))


@public_op
def einsum(subscripts: str, *operands: Any) -> Any:
    """Evaluate Einstein's summation, such as "ij,jk->ik" or "...ab,...bc->...ac".

    Args:
        subscripts: one letter for each axis, terms separated by commas, "->" and the result's axes; without "->" the
            letters that occur once, in alphabetical order.
        *operands: a tensor for each term.

    Returns:
        tensor.

    Raises:
        ArgumentError: when the subscripts do not fit the operands.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.einsum("ij,j->i", [[1.0, 2.0], [3.0, 4.0]], [1.0, 10.0]).numpy()
        array([21., 43.], dtype=float32)
    """
    terms, output = _parse_einsum(subscripts, [tensor(each) for each in operands])
    values = [tensor(each) for each in operands]
    values, terms = map(list, zip(*(_without_repeats(value, term) for value, term in zip(values, terms))))
    result, labels = values[0], terms[0]
    for position in range(1, len(values)):
        needed = set(output).union(*terms[position + 1 :]) if position + 1 < len(terms) else set(output)
        result, labels = _contract(result, labels, values[position], terms[position], needed)
    summed = [i for i, label in enumerate(labels) if label not in output]
    if summed:
        result = _core.ops.sum(result, axes=summed, keepdims=False)
        labels = "".join(label for label in labels if label in output)
    return _permuted(result, [labels.index(label) for label in output])


def _parse_einsum(subscripts: str, values: List[Any]) -> tuple:
    text = subscripts.replace(" ", "")
    left, _, output = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(values):
        raise ArgumentError(f"einsum: expected {len(terms)} operands for {subscripts!r}; received {len(values)}")
    spare = [letter for letter in string.ascii_letters if letter not in text]
    extra = max(
        [value.ndim - len(term.replace("...", "")) for term, value in zip(terms, values) if "..." in term], default=0
    )
    dots = "".join(spare[:extra])
    expanded = []
    for term, value in zip(terms, values):
        if "..." in term:
            own = value.ndim - len(term.replace("...", ""))
            term = term.replace("...", dots[extra - own :])
        if len(term) != value.ndim or not term.isalpha() and term:
            raise ArgumentError(
                f"einsum: term {term!r} of {subscripts!r} does not fit an operand of shape {value.shape}"
            )
        expanded.append(term)
    if "->" not in text:
        joined = "".join(expanded)
        output = dots + "".join(
            sorted(label for label in set(joined) if joined.count(label) == 1 and label not in dots)
        )
    output = output.replace("...", dots)
    for label in output:
        if output.count(label) > 1 or not any(label in term for term in expanded):
            raise ArgumentError(
                f"einsum: expected each label of the result once, and in some operand; received {label!r} "
                f"in {subscripts!r}"
            )
    return expanded, output


def _without_repeats(value: Any, term: str) -> tuple:
    """Take the diagonal where a label occurs twice in one operand."""
    for label in sorted(set(term)):
        while term.count(label) > 1:
            first = term.index(label)
            second = term.index(label, first + 1)
            value = moveaxis.eager(value, (first, second), (-2, -1))
            size = value.shape[-1]
            flat = _core.ops.reshape(value, shape=[*value.shape[:-2], size * size])
            value = _core.ops.gather(flat, np.arange(size, dtype="int32") * (size + 1), axis=flat.ndim - 1)
            term = term.replace(label, "") + label * (term.count(label) - 1)
    return value, term


def _contract(a: Any, a_term: str, b: Any, b_term: str, needed: set) -> tuple:
    """One pairwise product as a batched matrix product."""
    sizes: Dict[str, int] = {}
    for term, value in ((a_term, a), (b_term, b)):
        for label, size in zip(term, value.shape):
            sizes[label] = max(size, sizes.get(label, 1))
    a, a_term = _sum_private(a, a_term, b_term, needed)
    b, b_term = _sum_private(b, b_term, a_term, needed)
    shared = [label for label in a_term if label in b_term]
    batch = [label for label in shared if label in needed]
    summed = [label for label in shared if label not in needed]
    rows = [label for label in a_term if label not in b_term]
    columns = [label for label in b_term if label not in a_term]
    common = [batch] if batch else []  # one plain product where nothing is
    a = _arranged(a, a_term, [*common, rows, summed], sizes)
    b = _arranged(b, b_term, [*common, summed, columns], sizes)
    product = _core.ops.matmul(a, b)
    labels = "".join(batch + rows + columns)
    return _core.ops.reshape(product, shape=[sizes[label] for label in labels]), labels


def _sum_private(value: Any, term: str, other: str, needed: set) -> tuple:
    alone = [i for i, label in enumerate(term) if label not in other and label not in needed]
    if not alone:
        return value, term
    return _core.ops.sum(value, axes=alone, keepdims=False), "".join(c for i, c in enumerate(term) if i not in alone)


def _arranged(value: Any, term: str, groups: List[List[str]], sizes: dict) -> Any:
    order = [term.index(label) for group in groups for label in group]
    value = _permuted(value, order)
    full = [sizes[label] for group in groups for label in group]
    if list(value.shape) != full:  # an operand of size one is broadcast
        value = _core.ops.broadcast_to(value, shape=full)
    shape = [int(np.prod([sizes[label] for label in group], dtype=np.int64)) for group in groups]
    return _core.ops.reshape(value, shape=shape)


@public_op
def cross(x1: Any, x2: Any, axis: int = -1) -> Any:
    """Return the cross product of three-dimensional vectors along `axis`.

    Args:
        x1: tensor whose `axis` has size 3.
        x2: tensor like `x1`, broadcast against it.
        axis: axis of the vectors.

    Returns:
        tensor of floats.
    """
    x1, x2 = moveaxis.eager(float_tensor(x1), axis, -1), moveaxis.eager(float_tensor(x2), axis, -1)
    a, b = [x1[..., i] for i in range(3)], [x2[..., i] for i in range(3)]
    parts = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    joined = _core.ops.concatenate([_core.ops.reshape(p, shape=[*p.shape, 1]) for p in parts], axis=parts[0].ndim)
    return moveaxis.eager(joined, -1, axis)


@public_op
def trace(x: Any, offset: int = 0) -> Any:
    """Return the sum of the diagonal of a matrix.

    Args:
        x: (..., rows, columns).
        offset: which diagonal; above the main one when positive.

    Returns:
        (...).
    """
    x = tensor(x)
    mask = np.eye(x.shape[-2], x.shape[-1], offset, dtype=bool)
    return _core.ops.sum(_core.ops.where(mask, x, 0), axes=[x.ndim - 2, x.ndim - 1], keepdims=False)
