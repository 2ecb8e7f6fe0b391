"""Sums and products of all values up to each one."""

from typing import Any

import numpy as np

from gradmill import _core
from gradmill.errors import ArgumentError
from gradmill.ops.calling import public_op, tensor

__all__ = ["cumprod", "cumsum"]


@public_op
def cumsum(x: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Return the running sum along `axis`; of all values in order without axis.

    Args:
        x: tensor.
        axis: axis to add along; None for the flattened tensor.
        dtype: dtype in which to add; default: that of `x`.

    Returns:
        tensor of the shape of `x`, flat without `axis`.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.cumsum([1, 2, 3]).numpy()
        array([1, 3, 6], dtype=int32)
    """
    x = tensor(x, dtype)
    if axis is None:
        return _core.ops.cumsum(_core.ops.reshape(x, shape=[-1]), axis=0)
    return _core.ops.cumsum(x, axis=int(axis))


@public_op
def cumprod(x: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Return the running product along `axis`; of all values in order without axis.

    Args:
        x: tensor.
        axis: axis to multiply along; None for the flattened tensor.
        dtype: dtype in which to multiply; default: that of `x`, int32 for bool.

    Returns:
        tensor of the shape of `x`, flat without `axis`.

    Raises:
        ArgumentError: an axis that x does not have.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.cumprod([1, 2, 3, 4]).numpy()
        array([ 1,  2,  6, 24], dtype=int32)
    """
    x = tensor(x, dtype)
    if x.dtype == "bool":
        x = _core.ops.cast(x, dtype="int32")
    if axis is None:
        x, axis = _core.ops.reshape(x, shape=[-1]), 0
    if not -x.ndim <= int(axis) < x.ndim:
        raise ArgumentError(f"cumprod: expected an axis of a tensor of shape {tuple(x.shape)}; received {axis!r}")
    axis = int(axis) % x.ndim
    # After the step with distance d each place holds the product of the last 2 d values (Hillis and Steele 1986).
    size, distance = x.shape[axis], 1
    while distance < size:
        ones = _core.tensor(np.ones([distance if i == axis else n for i, n in enumerate(x.shape)]), x.dtype)
        index = tuple(slice(0, size - distance) if i == axis else slice(None) for i in range(x.ndim))
        x = x * _core.ops.concatenate([ones, x[index]], axis=axis)
        distance *= 2
    return x
