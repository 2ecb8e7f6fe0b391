"""Cross-entropies of probabilities or logits."""

from typing import Any, Optional

from gradmill import _core
from gradmill.errors import ArgumentError, ShapeError
from gradmill.ops.calling import clipped, float_tensor, public_op, tensor

__all__ = ["binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"]


def _check_same_shape(name: str, target: Any, output: Any) -> None:
    if target.shape != output.shape:
        raise ShapeError(f"{name}: expected target and output of one shape; received {target.shape} and {output.shape}")


@public_op
def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """Return -t log(p) - (1 - t) log(1 - p), entry by entry.

    Args:
        target: probabilities, or 0 and 1.
        output: probabilities (clipped away from 0 and 1 by 1e-7), or logits.
        from_logits: whether `output` holds logits.

    Returns:
        tensor of the shape of `output`.

    Raises:
        ShapeError: when the shapes differ.
    """
    output = float_tensor(output)
    target = tensor(target).astype(output.dtype)
    _check_same_shape("binary_crossentropy", target, output)
    if from_logits:
        return _core.ops.relu(output) - output * target + _core.ops.log1p(_core.ops.exp(-_core.ops.abs(output)))
    output = clipped(output, 1e-7, 1.0 - 1e-7)
    return -(target * _core.ops.log(output) + (1.0 - target) * _core.ops.log(1.0 - output))


@public_op
def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """Return -sum(t log(p)) along `axis`.

    Args:
        target: probabilities, for example one-hot.
        output: probabilities (scaled to sum to one and clipped by 1e-7), or logits.
        from_logits: whether `output` holds logits.
        axis: the axis of the classes.

    Returns:
        tensor of the shape of `output` without `axis`.

    Raises:
        ShapeError: when the shapes differ.
    """
    output = float_tensor(output)
    target = tensor(target).astype(output.dtype)
    _check_same_shape("categorical_crossentropy", target, output)
    axis %= output.ndim
    if from_logits:
        logarithm = _core.ops.log_softmax(output, axis=axis)
    else:
        output = output / _core.ops.sum(output, axes=[axis], keepdims=True)
        logarithm = _core.ops.log(clipped(output, 1e-7, 1.0 - 1e-7))
    return -_core.ops.sum(target * logarithm, axes=[axis], keepdims=False)


@public_op
def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1, ignore_class: Optional[int] = None
) -> Any:
    """Return -log(p[target]) along `axis`.

    Args:
        target: integer classes, of the shape of `output` without `axis` (or with it, of size one).
        output: probabilities (scaled to sum to one and clipped by 1e-7), or logits.
        from_logits: whether `output` holds logits.
        axis: the axis of the classes.
        ignore_class: class whose entries give 0.

    Returns:
        tensor of the shape of `target`.

    Raises:
        ShapeError: when the shapes do not fit.
        ArgumentError: for `output` without a class axis.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.sparse_categorical_crossentropy([1], [[0.0, 0.0]], from_logits=True).numpy()
        array([0.6931472], dtype=float32)
    """
    output, target = float_tensor(output), tensor(target)
    if output.ndim < 1:
        raise ArgumentError("sparse_categorical_crossentropy: expected an output with a class axis; received a scalar")
    axis %= output.ndim
    shape = [size for i, size in enumerate(output.shape) if i != axis]
    if target.ndim == output.ndim and target.shape[axis] == 1:
        target = _core.ops.reshape(target, shape=[size for i, size in enumerate(target.shape) if i != axis])
    if list(target.shape) != shape:
        raise ShapeError(
            f"sparse_categorical_crossentropy: expected a target of shape {tuple(shape)} for an output of shape "
            f"{output.shape}; received {target.shape}"
        )
    if "int" not in target.dtype:
        target = target.astype("int32")
    if axis != output.ndim - 1:
        output = _core.ops.transpose(output, permutation=[i for i in range(output.ndim) if i != axis] + [axis])
    if not from_logits:
        last = [output.ndim - 1]
        output = output / _core.ops.sum(output, axes=last, keepdims=True)
        # The logarithms of probabilities are logits of the same distribution but for the clipping: no softmax follows.
        logarithm = _core.ops.log(clipped(output, 1e-7, 1.0 - 1e-7))
        chosen = _core.ops.take_along_axis(
            logarithm, _core.ops.reshape(target, shape=[*shape, 1]), axis=output.ndim - 1
        )
        loss = -_core.ops.reshape(chosen, shape=shape)
        return loss if ignore_class is None else _core.ops.where(_core.ops.equal(target, ignore_class), 0.0, loss)
    if ignore_class is None:
        return _core.ops.sparse_softmax_cross_entropy(output, target)
    return _core.ops.sparse_softmax_cross_entropy(output, target, ignore_class=int(ignore_class))
