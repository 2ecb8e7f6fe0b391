"""`tf.TensorShape`, and the methods of tensors that scripts for TensorFlow call."""

from __future__ import annotations

import functools
from typing import Any, Callable, Iterable, Optional

import numpy as np

from gradmill import _core, ops
from gradmill.errors import ShapeError
from gradmill.symbolic import SymbolicTensor
from gradmill.tensorflow.dtype_names import BY_NAME, DType, as_dtype
from gradmill.tracing import TensorSpec


class TensorShape(tuple):
    """Sizes of a tensor: a tuple with the methods of TensorFlow's shapes.

    Args:
        dims: sizes, None where unknown.

    Raises:
        ShapeError: for something that is no sequence of sizes.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> tf.ones([2, 3]).shape.as_list()
        [2, 3]
    """

    def __new__(cls, dims: Any = ()) -> TensorShape:
        try:
            sizes = [None if size is None else int(size) for size in ([dims] if isinstance(dims, int) else dims)]
        except (TypeError, ValueError):
            raise ShapeError(f"tf.TensorShape: expected a sequence of sizes; received {dims!r}") from None
        return super().__new__(cls, sizes)

    @property
    def rank(self) -> int:
        """Number of axes."""
        return len(self)

    ndims = rank

    @property
    def dims(self) -> list:
        """The sizes in a list."""
        return list(self)

    def as_list(self) -> list:
        """Return the sizes in a list."""
        return list(self)

    def is_fully_defined(self) -> bool:
        """Return whether all sizes are known."""
        return None not in self

    def num_elements(self) -> Optional[int]:
        """Return the number of elements, None when a size is unknown."""
        return None if None in self else int(np.prod(self, dtype=np.int64))

    def is_compatible_with(self, other: Iterable[Optional[int]]) -> bool:
        """Return whether there is a shape that both describe.

        Args:
            other: sizes, None where unknown.
        """
        sizes = tuple(other)
        return len(sizes) == len(self) and all(a is None or b is None or a == b for a, b in zip(self, sizes))

    def assert_is_compatible_with(self, other: Iterable[Optional[int]]) -> None:
        """Raise when no shape fits both.

        Args:
            other: sizes, None where unknown.

        Raises:
            ShapeError: when a known size differs.
        """
        if not self.is_compatible_with(other):
            raise ShapeError(f"tf.TensorShape: expected a shape compatible with {tuple(self)}; received {tuple(other)}")

    def concatenate(self, other: Iterable[Optional[int]]) -> TensorShape:
        """Return the sizes followed by those of `other`.

        Args:
            other: sizes, None where unknown.
        """
        return TensorShape((*self, *other))

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return _made(found) if isinstance(key, slice) else found

    def __add__(self, other: Any) -> Any:
        return TensorShape((*self, *other))

    def __radd__(self, other: Any) -> Any:
        return TensorShape((*other, *self))


def _made(sizes: Any) -> TensorShape:
    """A shape of sizes that need no check."""
    return tuple.__new__(TensorShape, sizes)


def _set_shape(self: Any, shape: Any) -> None:
    """Check that the shape is what the script says."""
    TensorShape(shape).assert_is_compatible_with(self.shape)


def _with_methods(shape: property) -> property:
    """The property `shape` that returns a TensorShape, or None for an unknown rank."""
    read: Callable[[Any], Any] = shape.__get__

    def known(self: Any) -> Optional[TensorShape]:
        sizes = read(self)
        return None if sizes is None else _made(sizes)

    return property(known, shape.__set__)


def _with_facts(dtype: property) -> property:
    """The property `dtype` that returns a DType."""
    read: Callable[[Any], Any] = dtype.__get__

    def known(self: Any) -> DType:
        return BY_NAME[read(self)]

    return property(known, dtype.__set__)


def _with_scalar_tensors(get_item: Callable) -> Callable:
    """`x[key]` with integer tensors without axes among the parts of a key."""

    def get(self: Any, key: Any) -> Any:
        if type(key) is not tuple or not any(isinstance(part, _core.Tensor) and not part.ndim for part in key):
            return get_item(self, key)
        if not _core.is_tracing():
            known = (int(part) if isinstance(part, _core.Tensor) and not part.ndim else part for part in key)
            return get_item(self, tuple(known))
        # A traced index is a gather along its axis of what the other parts leave.
        place = max(number for number, part in enumerate(key) if isinstance(part, _core.Tensor))
        part = get(self, (*key[:place], slice(None), *key[place + 1 :]))
        sides = (key[:place], key[place + 1 :])
        before, behind = ([each for each in side if each is None or isinstance(each, slice)] for side in sides)
        from_the_end = any(each is Ellipsis for each in key[:place])
        return ops.take(part, key[place], part.ndim - 1 - len(behind) if from_the_end else len(before))

    return get


def _with_numbers(numpy: Callable) -> Callable:
    """The method `numpy`, which gives one number as NumPy's number: it may be the key of a dictionary."""
    return functools.wraps(numpy)(lambda self: numpy(self)[()])


def _format(self: Any, spec: str) -> str:
    """The value alone, as in f"loss {loss}"; what is traced has none."""
    return format(str(self) if self.is_traced else self.numpy(), spec)


def extend_tensors() -> None:
    """Give tensors, variables and symbolic tensors of this process the attributes that they have in TensorFlow."""
    tensor_classes: list[Any] = [_core.Tensor, _core.Variable, SymbolicTensor]
    for each in tensor_classes:
        each.shape = _with_methods(each.shape)
        each.dtype = _with_facts(each.dtype)
        each.get_shape = lambda self: self.shape
        each.set_shape = _set_shape
        each.device = "/device:CPU:0"
    specs: Any = TensorSpec
    given: Callable[[Any], Any] = specs.dtype.__get__
    specs.shape, specs.dtype = _with_methods(specs.shape), property(lambda self: as_dtype(given(self)))
    tensor_classes[0].__format__ = _format
    for each in tensor_classes[:2]:
        each.__getitem__ = _with_scalar_tensors(each.__getitem__)
        each.numpy = _with_numbers(each.numpy)
        each.ref = lambda self: _Reference(self)


class _Reference:
    """A tensor as the key of a dictionary."""

    def __init__(self, tensor: Any):
        self._tensor = tensor

    def deref(self) -> Any:
        """Return the tensor."""
        return self._tensor

    def __hash__(self) -> int:
        return int(self._tensor.id)

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, _Reference) and self._tensor is other._tensor
