"""Further ways to join, cut and turn tensors."""

import builtins
import math
from typing import Any, List, Optional, Sequence

import numpy as np

from gradmill import _core, config, symbolic
from gradmill.errors import ArgumentError, ShapeError
from gradmill.ops.calling import known_values, public_op, tensor
from gradmill.ops.shape import concatenate, diag, flip, ravel, split, swapaxes

__all__ = [
    "append",
    "array_split",
    "diagflat",
    "dsplit",
    "dstack",
    "fliplr",
    "flipud",
    "get_item",
    "hsplit",
    "kron",
    "rot90",
    "select",
    "unravel_index",
    "view",
    "vsplit",
]


@public_op
def get_item(x: Any, key: Any) -> Any:
    """Return `x[key]`.

    Args:
        x: tensor.
        key: numbers, slices, None, Ellipsis or an array of indices, or several of them.

    Returns:
        tensor.
    """
    return symbolic.get_item(tensor(x), key)


@public_op
def append(x1: Any, x2: Any, axis: Optional[int] = None) -> Any:
    """Return `x2` behind `x1`.

    Args:
        x1: tensor.
        x2: tensor.
        axis: axis to join along; None flattens both first.

    Returns:
        tensor.
    """
    if axis is None:
        return concatenate.eager([ravel.eager(x1), ravel.eager(x2)], 0)
    return concatenate.eager([x1, x2], axis)


@public_op
def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """Cut along `axis` into parts that are as equal as possible, the larger ones first, or at the given positions.

    Args:
        x: tensor.
        indices_or_sections: number of parts, or positions of the cuts.
        axis: axis to cut.

    Returns:
        list of tensors.

    Raises:
        ArgumentError: for a number of parts below 1.

    Example:
        >>> import gradmill as gm
        >>> [part.numpy().tolist() for part in gm.ops.array_split([1, 2, 3, 4, 5], 2)]
        [[1, 2, 3], [4, 5]]
    """
    x = tensor(x)
    if not isinstance(indices_or_sections, (int, np.integer)):
        return split.eager(x, indices_or_sections, axis)
    parts = int(indices_or_sections)
    if parts < 1:
        raise ArgumentError(f"array_split: expected at least one part; received {parts}")
    each, rest = divmod(x.shape[axis], parts)
    return split.eager(x, [i * each + builtins.min(i, rest) for i in range(1, parts)], axis)


def _split_along(who: str, x: Any, indices_or_sections: Any, axis: int, rank: int) -> Any:
    x = tensor(x)
    if x.ndim < rank:
        raise ShapeError(f"{who}: expected at least {rank} axes; received shape {x.shape}")
    return split.eager(x, indices_or_sections, axis)


@public_op
def vsplit(x: Any, indices_or_sections: Any) -> Any:
    """Cut along the first axis into equal parts, or at the given positions.

    Args:
        x: tensor of rank 2 or more.
        indices_or_sections: number of equal parts, or positions of the cuts.

    Returns:
        list of tensors.
    """
    return _split_along("vsplit", x, indices_or_sections, 0, 2)


@public_op
def hsplit(x: Any, indices_or_sections: Any) -> Any:
    """Cut along the second axis (the first of a vector) into equal parts, or at the given positions.

    Args:
        x: tensor of rank 1 or more.
        indices_or_sections: number of equal parts, or positions of the cuts.

    Returns:
        list of tensors.
    """
    x = tensor(x)
    return _split_along("hsplit", x, indices_or_sections, 1 if x.ndim > 1 else 0, 1)


@public_op
def dsplit(x: Any, indices_or_sections: Any) -> Any:
    """Cut along the third axis into equal parts, or at the given positions.

    Args:
        x: tensor of rank 3 or more.
        indices_or_sections: number of equal parts, or positions of the cuts.

    Returns:
        list of tensors.
    """
    return _split_along("dsplit", x, indices_or_sections, 2, 3)


@public_op
def dstack(xs: Any) -> Any:
    """Join tensors along the third axis; vectors become (1, size, 1), matrices (rows, columns, 1).

    Args:
        xs: tensors.

    Returns:
        tensor.
    """
    deep = []
    for each in xs:
        each = tensor(each)
        if each.ndim < 3:
            each = _core.ops.reshape(each, shape=[*([1] * builtins.max(2 - each.ndim, 0)), *each.shape, 1])
        deep.append(each)
    return concatenate.eager(deep, 2)


@public_op
def diagflat(x: Any, k: int = 0) -> Any:
    """Return a matrix with the entries of `x` on the diagonal `k`.

    Args:
        x: tensor, flattened.
        k: which diagonal; above the main one when positive.

    Returns:
        matrix.
    """
    return diag.eager(ravel.eager(x), k)


@public_op
def fliplr(x: Any) -> Any:
    """Reverse the order along the second axis.

    Args:
        x: tensor of rank 2 or more.

    Returns:
        tensor like `x`.

    Raises:
        ShapeError: for fewer axes.
    """
    x = tensor(x)
    if x.ndim < 2:
        raise ShapeError(f"fliplr: expected at least 2 axes; received shape {x.shape}")
    return flip.eager(x, 1)


@public_op
def flipud(x: Any) -> Any:
    """Reverse the order along the first axis.

    Args:
        x: tensor of rank 1 or more.

    Returns:
        tensor like `x`.

    Raises:
        ShapeError: for a number.
    """
    x = tensor(x)
    if x.ndim < 1:
        raise ShapeError(f"flipud: expected at least 1 axis; received shape {x.shape}")
    return flip.eager(x, 0)


@public_op
def rot90(array: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Any:
    """Turn by 90 degrees `k` times, from the first of two axes towards the second.

    Args:
        array: tensor of rank 2 or more.
        k: how often; negative numbers turn the other way.
        axes: the plane.

    Returns:
        tensor.

    Raises:
        ArgumentError: for other than two different axes of `array`.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.rot90([[1, 2], [3, 4]]).numpy()
        array([[2, 4],
               [1, 3]], dtype=int32)
    """
    x, plane = tensor(array), [int(each) for each in axes]
    if len(plane) != 2 or any(not -x.ndim <= each < x.ndim for each in plane) or (plane[0] - plane[1]) % x.ndim == 0:
        raise ArgumentError(f"rot90: expected two different axes of a tensor {x.shape}; received {tuple(axes)!r}")
    first, second = plane
    if k % 4 == 2:
        return flip.eager(x, plane)
    if k % 4 == 1:
        return swapaxes.eager(flip.eager(x, [second]), first, second)
    return flip.eager(swapaxes.eager(x, first, second), [second]) if k % 4 == 3 else x


@public_op
def kron(x1: Any, x2: Any) -> Any:
    """Return Kronecker's product: a copy of `x2` for every entry of `x1`, multiplied by it.

    Args:
        x1: tensor.
        x2: tensor.

    Returns:
        tensor; sizes are the products of sizes.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.kron([1, 10], [1, 2]).numpy()
        array([ 1,  2, 10, 20], dtype=int32)
    """
    x1, x2 = tensor(x1), tensor(x2)
    rank = builtins.max(x1.ndim, x2.ndim)
    outer = [1] * (rank - x1.ndim) + list(x1.shape)
    inner = [1] * (rank - x2.ndim) + list(x2.shape)
    a = _core.ops.reshape(x1, shape=[each for size in outer for each in (size, 1)])
    b = _core.ops.reshape(x2, shape=[each for size in inner for each in (1, size)])
    return _core.ops.reshape(a * b, shape=[m * n for m, n in zip(outer, inner)])


@public_op
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """Choose each entry from the first choice whose condition holds there.

    Args:
        condlist: bool tensors.
        choicelist: as many tensors; all are broadcast against each other.
        default: where no condition holds.

    Returns:
        tensor of the common dtype.

    Raises:
        ArgumentError: when the lists differ in length, or are empty.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.select([[True, False, False], [True, True, False]], [[1, 2, 3], [10, 20, 30]], -1).numpy()
        array([ 1, 20, -1], dtype=int32)
    """
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ArgumentError(
            f"select: expected as many conditions as choices, and at least one; received {len(condlist)} and "
            f"{len(choicelist)}"
        )
    result = default
    for condition, choice in reversed(list(zip(condlist, choicelist))):
        result = _core.ops.where(tensor(condition), tensor(choice), result)
    return result


@public_op
def unravel_index(indices: Any, shape: Any) -> Any:
    """Return the positions along each axis of a tensor of `shape` that numbers of its entries stand for.

    Args:
        indices: tensor of integers; negative ones count from the end.
        shape: sizes.

    Returns:
        tuple of tensors like `indices`, one for each axis.

    Example:
        >>> import gradmill as gm
        >>> [int(each) for each in gm.ops.unravel_index(5, (2, 3))]
        [1, 2]
    """
    places, sizes = tensor(indices), [int(each) for each in shape]
    places = _core.ops.where(_core.ops.less(places, 0), places + math.prod(sizes), places)
    found: List[Any] = []
    for size in reversed(sizes):
        found.insert(0, _core.ops.mod(places, size))
        places = _core.ops.floor_divide(places, size)
    return tuple(found)


@public_op
def view(x: Any, dtype: Any = None) -> Any:
    """Return the bytes of `x` read as another dtype; outside of compiled functions only.

    Args:
        x: tensor.
        dtype: name of a dtype; None for that of `x`. The last axis grows or shrinks with the size of an entry.

    Returns:
        tensor.

    Raises:
        ArgumentError: when the last axis does not divide into entries of `dtype`.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.view(gm.ops.array([1.0]), "int32").numpy()
        array([1065353216], dtype=int32)
    """
    x = tensor(x)
    name = x.dtype if dtype is None else config.standardize_dtype(dtype)
    if name == x.dtype:
        return x
    values = known_values(x, "view")
    try:
        return _core.tensor(values.view(name))
    except (TypeError, ValueError):
        raise ArgumentError(f"view: expected a shape to be read as {name}; received {x.shape} {x.dtype}") from None
