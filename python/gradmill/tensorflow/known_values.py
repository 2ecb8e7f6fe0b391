"""Values that array functions treat in their own way: sizes known while a function is traced, and text."""

from __future__ import annotations

import functools
from typing import Any, Callable, Iterator

import numpy as np

from gradmill import _core, tracing
from gradmill.symbolic import flatten, is_symbolic
from gradmill.tensorflow.dtype_names import as_dtype
from gradmill.tensorflow.shapes import TensorShape
from gradmill.utils.text_values import as_text, is_text


class Known(np.ndarray):
    """Numbers that are known while a function is traced: sizes, and what is computed of them.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> halves = tf.function(lambda x: tf.reshape(x, [tf.shape(x)[0] // 2, 2]))
        >>> halves(tf.ones([6])).shape.as_list()
        [3, 2]
    """

    def numpy(self) -> np.ndarray:
        """The numbers."""
        return np.asarray(self)

    def get_shape(self) -> TensorShape:
        """Their shape."""
        return TensorShape(self.shape)


def known(numbers: Any, dtype: Any) -> Any:
    """Return numbers as a tensor; while a function is traced, where a tensor hides its values, as an array.

    Args:
        numbers: anything array-like.
        dtype: TensorFlow's or ours.
    """
    array = np.asarray(numbers, dtype=as_dtype(dtype))
    return array.view(Known) if _core.is_tracing() else _core.tensor(array)


def is_hidden(value: Any) -> bool:
    """Return whether nobody can read a value now: it is traced, a variable, or a placeholder of a model.

    Args:
        value: anything.
    """
    traced = isinstance(value, _core.Tensor) and value.is_traced
    return traced or isinstance(value, _core.Variable) or is_symbolic(value)


def of_known_sizes(function: Callable) -> Callable:
    """Return a function that computes integers of what is known at once, also where a function is being traced.

    What it returns is a tensor whose values can be read, or `Known` if that came in: so it may be a size again.

    Args:
        function: returns a tensor.
    """

    @functools.wraps(function, updated=())
    def computed(*args: Any, **kwargs: Any) -> Any:
        if _core.is_tracing():
            leaves = flatten([list(args), list(kwargs.values())])
            if not any(map(is_hidden, leaves)):
                with tracing.init_scope():
                    result = function(*args, **kwargs)
                if isinstance(result, _core.Tensor) and result.dtype.startswith(("int", "uint")):
                    sizes = any(isinstance(each, (Known, np.integer)) for each in leaves)
                    return np.asarray(result).view(Known) if sizes else result
        return function(*args, **kwargs)

    return computed


def of_text_too(function: Callable) -> Callable:
    """Return a function that moves strings as it moves numbers.

    The function is given numbers in place of strings, and the strings are put where the numbers come to lie.

    Args:
        function: its first argument may hold text; what it returns consists of entries of it alone.
    """

    @functools.wraps(function, updated=())
    def moved(*args: Any, **kwargs: Any) -> Any:
        named = next(iter(kwargs), "")
        values = args[0] if args else kwargs.get(named)
        if not any(map(is_text, _parts(values))):
            return function(*args, **kwargs)
        texts: list[bytes] = []
        numbers = _numbered(values, texts)
        with tracing.init_scope():
            result = function(numbers, *args[1:], **kwargs) if args else function(**{**kwargs, named: numbers})
        table = np.empty(len(texts), object)
        table[:] = texts
        one = isinstance(result, _core.Tensor)
        found = [as_text(table[np.asarray(each)]) for each in ([result] if one else result)]
        return found[0] if one else found

    return moved


def _parts(values: Any) -> Iterator[Any]:
    """A value, and if it is a sequence of values, the first of them: enough to see whether it is text."""
    yield values
    if isinstance(values, (list, tuple)) and values:
        yield values[0]


def _numbered(values: Any, texts: list) -> Any:
    """The same arrays with numbers in place of strings, which are added to `texts`."""
    if isinstance(values, (list, tuple)) and any(isinstance(each, np.ndarray) for each in values):
        return [_numbered(each, texts) for each in values]
    array = np.asarray(as_text(values), dtype=object)
    texts.extend(array.ravel())
    return np.arange(len(texts) - array.size, len(texts)).reshape(array.shape)
