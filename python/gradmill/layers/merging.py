"""Layers that combine several inputs."""

from __future__ import annotations

import functools
from typing import Any, Callable, Optional, Sequence, Union

from gradmill import masks, ops
from gradmill.errors import ArgumentError, ShapeError
from gradmill.layers.base import Layer
from gradmill.serialization import register_serializable


class Merge(Layer):
    """Base class of the merging layers: a list of inputs that broadcast against each other.

    Inputs with fewer axes get axes of size 1 behind the batch axis. The output's mask is the union of the
    inputs' masks.
    """

    _exact_count: Optional[int] = None

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Check the shapes."""
        shapes = check_shape_list(self._label, input_shape, self._exact_count)
        batch = {shape[0] for shape in shapes if shape and shape[0] is not None}
        if len(batch) > 1:
            raise ShapeError(f"{self._label}: expected inputs of one batch size; received shapes {shapes}; match them")
        rank = max(len(shape) for shape in shapes)
        padded = [(*shape[:1], *(1,) * (rank - len(shape)), *shape[1:]) for shape in shapes]
        for axis in range(1, rank):
            if len({shape[axis] for shape in padded} - {1, None}) > 1:
                raise ShapeError(
                    f"{self._label}: expected inputs that broadcast against each other; received shapes {shapes}, "
                    f"which differ along axis {axis}; reshape one of them"
                )

    def call(self, inputs: Any) -> Any:
        """Return the combination."""
        if not isinstance(inputs, (list, tuple)):
            raise ArgumentError(f"{self._label}: expected a list of inputs; received one tensor; pass [a, b]")
        rank = max(len(each.shape) for each in inputs)
        aligned = []
        for each in inputs:
            for _ in range(rank - len(each.shape)):
                each = ops.expand_dims(each, axis=1)
            aligned.append(each)
        return self._merge(aligned)

    def _merge(self, inputs: list) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: expected a method _merge(inputs); it is missing; write it")

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Return the union of the inputs' masks, None unless all have one."""
        if not isinstance(previous_mask, (list, tuple)) or any(mask is None for mask in previous_mask):
            return None
        return functools.reduce(ops.logical_or, previous_mask)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config()


def check_shape_list(owner: str, shapes: Any, count: Optional[int] = None) -> list:
    """Return a list of shapes, or raise when it is one shape or has another length.

    Args:
        owner: label for messages.
        shapes: shapes of the inputs.
        count: number of inputs wanted, or None.
    """
    if not isinstance(shapes, (list, tuple)) or not shapes or not isinstance(shapes[0], (list, tuple)):
        raise ArgumentError(f"{owner}: expected a list of inputs; received shape {shapes}; pass [a, b]")
    if count is not None and len(shapes) != count:
        raise ArgumentError(f"{owner}: expected {count} inputs; received {len(shapes)}; pass a list of {count}")
    return [tuple(shape) for shape in shapes]


@register_serializable("keras.layers")
class Add(Merge):
    """Sum of the inputs.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Add()([gm.ops.ones((2,)), gm.ops.ones((2,))]).numpy().tolist()
    [2.0, 2.0]
    """

    def _merge(self, inputs: list) -> Any:
        return functools.reduce(ops.add, inputs)


@register_serializable("keras.layers")
class Subtract(Merge):
    """First input minus the second."""

    _exact_count = 2

    def _merge(self, inputs: list) -> Any:
        return ops.subtract(inputs[0], inputs[1])


@register_serializable("keras.layers")
class Multiply(Merge):
    """Product of the inputs; steps that an input masks count as 1 there, and as 0 where all inputs mask them."""

    def _merge(self, inputs: list) -> Any:
        found = [masks.get_mask(each) for each in inputs]
        wide = [
            None if mask is None else ops.broadcast_to(ops.expand_dims(mask, -1), each.shape)
            for mask, each in zip(found, inputs)
        ]
        inputs = [
            each if mask is None else ops.where(mask, each, ops.ones_like(each)) for mask, each in zip(wide, inputs)
        ]
        output = functools.reduce(ops.multiply, inputs)
        if any(mask is None for mask in wide):
            return output
        return ops.where(functools.reduce(ops.logical_or, wide), output, ops.zeros_like(output))


@register_serializable("keras.layers")
class Average(Merge):
    """Mean of the inputs."""

    def _merge(self, inputs: list) -> Any:
        return functools.reduce(ops.add, inputs) / len(inputs)


class _Extreme(Merge):
    """Maximum or minimum, in which masked steps of one input leave the choice to the other."""

    _choose: Callable

    def _merge(self, inputs: list) -> Any:
        output: Any = None
        output_mask: Any = None
        for each in inputs:
            mask = masks.get_mask(each)
            mask = None if mask is None else ops.broadcast_to(ops.expand_dims(mask, -1), each.shape)
            if output is None:
                output, output_mask = each, mask
                continue
            other = each if mask is None else ops.where(mask, each, output)
            output = output if output_mask is None else ops.where(output_mask, output, other)
            output_mask = None if mask is None or output_mask is None else ops.logical_or(output_mask, mask)
            output = type(self)._choose(output, other)
        return output


@register_serializable("keras.layers")
class Maximum(_Extreme):
    """Largest of the inputs, by element."""

    _choose = staticmethod(ops.maximum)


@register_serializable("keras.layers")
class Minimum(_Extreme):
    """Smallest of the inputs, by element."""

    _choose = staticmethod(ops.minimum)


@register_serializable("keras.layers")
class Concatenate(Merge):
    """Inputs side by side along an axis.

    Args:
        axis: the axis.

    Raises:
        ShapeError: inputs that differ along another axis.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Concatenate()([gm.ops.ones((2, 3)), gm.ops.ones((2, 4))]).shape
    (2, 7)
    """

    def __init__(self, axis: int = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, input_shape: Any) -> None:
        """Check the shapes."""
        shapes = check_shape_list(self._label, input_shape)
        rank = len(shapes[0])
        if any(len(shape) != rank for shape in shapes) or not -rank <= self.axis < rank:
            raise ShapeError(
                f"{self._label}: expected inputs of one rank that have axis {self.axis}; received shapes {shapes}"
            )
        for axis in range(rank):
            if axis != self.axis % rank and len({shape[axis] for shape in shapes} - {None}) > 1:
                raise ShapeError(
                    f"{self._label}: expected inputs that agree along every axis but {self.axis}; received shapes "
                    f"{shapes}, which differ along axis {axis}; reshape one of them"
                )

    def call(self, inputs: Any) -> Any:
        """Return the inputs side by side."""
        return ops.concatenate(list(inputs), axis=self.axis)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Return the masks side by side; an input without one counts wholly."""
        if not isinstance(previous_mask, (list, tuple)) or all(mask is None for mask in previous_mask):
            return None
        wide = []
        for each, mask in zip(inputs, previous_mask):
            if mask is None:
                mask = ops.ones_like(each, dtype="bool")
            elif len(mask.shape) < len(each.shape):
                mask = ops.logical_or(ops.expand_dims(mask, axis=-1), ops.zeros_like(each, dtype="bool"))
            wide.append(mask)
        return ops.any(ops.concatenate(wide, axis=self.axis), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "axis": self.axis}


@register_serializable("keras.layers")
class Dot(Merge):
    """Products of the samples of two inputs, summed along one axis of each.

    Args:
        axes: the axis in both inputs, or a pair of axes; not the batch axis.
        normalize: scale to length 1 along the axis first (cosine of the angle).

    Raises:
        ArgumentError: other axes.
        ShapeError: sizes along the axes that differ.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Dot(axes=1)([gm.ops.ones((2, 3)), gm.ops.ones((2, 3))]).numpy().tolist()
    [[3.0], [3.0]]
    """

    _exact_count = 2

    def __init__(self, axes: Union[int, Sequence[int]], normalize: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        pair = (axes, axes) if isinstance(axes, int) else tuple(axes)
        if len(pair) != 2 or not all(isinstance(axis, int) for axis in pair):
            raise ArgumentError(f"{self._label}: expected axes to be an integer or a pair of them; received {axes!r}")
        self.axes = axes
        self.normalize = normalize

    def _positive_axes(self, first: Sequence, second: Sequence) -> tuple[int, int]:
        pair = (self.axes, self.axes) if isinstance(self.axes, int) else tuple(self.axes)
        found = []
        for axis, shape in zip(pair, (first, second)):
            rank = len(shape)
            if not -rank <= axis < rank or axis % rank == 0:
                raise ArgumentError(
                    f"{self._label}: expected axes behind the batch axis; received {self.axes}; correct it"
                )
            found.append(axis % rank)
        return found[0], found[1]

    def build(self, input_shape: Any) -> None:
        """Check the shapes."""
        first, second = check_shape_list(self._label, input_shape, 2)
        axis1, axis2 = self._positive_axes(first, second)
        if None not in (first[axis1], second[axis2]) and first[axis1] != second[axis2]:
            raise ShapeError(
                f"{self._label}: expected equal sizes along axes {axis1} and {axis2}; received shapes {first}, {second}"
            )

    def call(self, inputs: Any) -> Any:
        """Return the products."""
        first, second = inputs
        axis1, axis2 = self._positive_axes(first.shape, second.shape)
        if self.normalize:
            first, second = _unit_length(first, axis1), _unit_length(second, axis2)
        rank1, rank2 = len(first.shape), len(second.shape)
        letters = iter("cdefghijklmnop")
        names1 = ["b"] + [next(letters) for _ in range(rank1 - 1)]
        names2 = ["b"] + [next(letters) for _ in range(rank2 - 1)]
        names2[axis2] = names1[axis1]
        kept = [name for name in (*names1[1:], *names2[1:]) if name != names1[axis1]]
        equation = f"{''.join(names1)},{''.join(names2)}->b{''.join(kept)}"
        output = ops.einsum(equation, first, second)
        return ops.expand_dims(output, -1) if rank1 == rank2 == 2 else output

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The summed axis takes the masks with it."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def _unit_length(x: Any, axis: int) -> Any:
    squares = ops.sum(ops.square(x), axis=axis, keepdims=True)
    return x / ops.sqrt(ops.maximum(squares, 1e-12))


def add(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return `Add(**kwargs)(inputs)`.

    Args:
        inputs: list of tensors.
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return `Subtract(**kwargs)(inputs)`.

    Args:
        inputs: list of tensors.
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return `Multiply(**kwargs)(inputs)`.

    Args:
        inputs: list of tensors.
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return `Average(**kwargs)(inputs)`.

    Args:
        inputs: list of tensors.
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return `Maximum(**kwargs)(inputs)`.

    Args:
        inputs: list of tensors.
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return `Minimum(**kwargs)(inputs)`.

    Args:
        inputs: list of tensors.
    """
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Sequence[Any], axis: int = -1, **kwargs: Any) -> Any:
    """Return `Concatenate(axis, **kwargs)(inputs)`.

    Args:
        inputs: list of tensors.
        axis: axis along which it acts.
    """
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Sequence[Any], axes: Union[int, Sequence[int]], normalize: bool = False, **kwargs: Any) -> Any:
    """Return `Dot(axes, normalize, **kwargs)(inputs)`.

    Args:
        inputs: list of tensors.
        axes: axis in both inputs, or a pair.
        normalize: scale to length 1 along the axes first.
    """
    return Dot(axes=axes, normalize=normalize, **kwargs)(inputs)
