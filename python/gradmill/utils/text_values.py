"""Text as a value beside tensors: bytes and arrays of bytes that answer as tensors do."""

from __future__ import annotations

from typing import Any, Iterator

import numpy as np

from gradmill.errors import DTypeError


class Text(bytes):
    """One string: bytes with the attributes of a tensor without axes.

    Example:
        >>> from gradmill.utils.text_values import Text
        >>> Text(b"abc").numpy(), Text(b"abc").shape
        (b'abc', ())
    """

    shape: tuple = ()
    ndim = 0
    dtype = "string"
    __array_ufunc__ = None  # arrays leave comparisons to this class
    __hash__ = bytes.__hash__

    def __eq__(self, other: Any) -> Any:
        return _equal(self, other)

    def __ne__(self, other: Any) -> Any:
        equal = _equal(self, other)
        return ~equal if isinstance(equal, np.ndarray) else not equal

    def numpy(self) -> bytes:
        """The bytes."""
        return bytes(self)


class TextArray(np.ndarray):
    """Strings: a NumPy array of bytes objects with the method `numpy` of tensors.

    Example:
        >>> from gradmill.utils.text_values import as_text
        >>> as_text([["a", "b"]])[0, 1].numpy()
        b'b'
    """

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: Any) -> Any:
        return _equal(self, other)

    def __ne__(self, other: Any) -> Any:
        return ~_equal(self, other)

    def numpy(self) -> np.ndarray:
        """The array."""
        return self.view(np.ndarray)

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return Text(found) if type(found) is bytes else found

    def __iter__(self) -> Iterator[Any]:
        return (self[place] for place in range(len(self)))


def _equal(text: Any, other: Any) -> Any:
    """A bool for two strings, else an array of them; str is compared by its UTF-8."""
    if isinstance(text, bytes) and isinstance(other, (str, bytes)):
        return bytes(text) == (other.encode() if isinstance(other, str) else bytes(other))
    if not is_text(other):
        return False if isinstance(text, bytes) else np.zeros(text.shape, bool)
    texts, others = (
        np.array(bytes(each), object) if isinstance(each, bytes) else each.numpy() for each in (text, as_text(other))
    )
    return np.asarray(np.equal(texts, others, dtype=object), bool)


def is_text(value: Any) -> bool:
    """Return whether a value is a string, or an array or a nested list of strings.

    Args:
        value: anything.
    """
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "SU" or (
            value.dtype.kind == "O" and value.size > 0 and isinstance(value.flat[0], (str, bytes))
        )
    return isinstance(value, (str, bytes))


def as_text(value: Any) -> Any:
    """Return text as `Text`, or as `TextArray` where there are several.

    Args:
        value: str or bytes, or an array or nested lists of them.

    Raises:
        DTypeError: when something else is among them.
    """
    if isinstance(value, (str, bytes)):
        return Text(value.encode() if isinstance(value, str) else value)
    given = np.asarray(value, dtype=object)
    texts = np.empty(given.size, object)
    for place, item in enumerate(given.ravel()):
        if not isinstance(item, (str, bytes)):
            raise DTypeError(f"text: expected strings only; received a {type(item).__name__} among them")
        texts[place] = item.encode() if isinstance(item, str) else bytes(item)
    return Text(texts[0]) if given.ndim == 0 else texts.reshape(given.shape).view(TextArray)


def text_of(value: Any) -> str:
    """Return one string as a str.

    Args:
        value: str, bytes, or an array that holds one of them.
    """
    if isinstance(value, np.ndarray):
        value = value.item()
    return value.decode() if isinstance(value, bytes) else str(value)
