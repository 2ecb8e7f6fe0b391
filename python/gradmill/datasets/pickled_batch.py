"""Pickled parts of data sets, read without running anything.

The batches of CIFAR's "Python version" are dictionaries that Python 2 pickled (protocol 2): texts, a list of small
integers and one NumPy array of bytes. Sequences of words come as NumPy arrays of lists of integers, which NumPy's own
files hold as pickles. A pickle is a program for a small stack machine; this reader knows the instructions that such
values need and the names that make an array, and refuses everything else before it has any effect.

Source: the instructions as `pickletools` of the standard library documents them; the files of Krizhevsky (2009).
"""

import math
import struct
from typing import Any, Callable, Dict, List, Tuple

import numpy as np

from gradmill import errors

# Names a batch may mention, and what stands for them here. Nothing is imported.
_GLOBALS = {
    ("numpy.core.multiarray", "_reconstruct"): "new array",
    ("numpy._core.multiarray", "_reconstruct"): "new array",
    ("numpy", "ndarray"): "array type",
    ("numpy", "dtype"): "element type",
    ("_codecs", "encode"): "bytes",
}
_LARGEST = 1 << 30
_MARK = object()


class _Name:
    def __init__(self, role: str):
        self.role = role


class _Array:
    """An array in the making: it exists after REDUCE and gets shape and bytes by BUILD."""

    def __init__(self) -> None:
        self.values: Any = None


class _ElementType:
    def __init__(self, code: bytes):
        self.code = code


def read_pickled_lists(content: bytes, label: str) -> np.ndarray:
    """Return the pickled array of lists of integers that a NumPy file holds.

    Args:
        content: the pickle.
        label: names the file in messages.

    Returns:
        array of lists, one axis, dtype object.

    Raises:
        ArgumentError: when the pickle is cut short, damaged, or holds anything but such an array.
    """
    found = _run(content, label, "a pickled array of lists of integers")
    values: Any = found.values if isinstance(found, _Array) else None
    lists = values.tolist() if isinstance(values, np.ndarray) and values.dtype.hasobject else [None]
    if not all(isinstance(each, list) and set(map(type, each)) <= {int} for each in lists):
        raise errors.ArgumentError(f"{label}: expected a pickled array of lists of integers; received something else")
    return values


def read_pickled_batch(content: bytes, label: str) -> Dict[str, Any]:
    """Return the dictionary in a pickled batch.

    Args:
        content: the file.
        label: names the file in messages.

    Returns:
        dict with texts for keys; values are texts (bytes), lists, integers and uint8 arrays.

    Raises:
        ArgumentError: when the file is cut short, damaged, or holds anything but such a dictionary.
    """
    found = _run(content, label, "a pickled dictionary of texts, integers and one array of bytes")
    if not isinstance(found, dict):
        raise errors.ArgumentError(f"{label}: expected a pickled dictionary; received {type(found).__name__}")
    return {key.decode("latin-1"): value.values if isinstance(value, _Array) else value for key, value in found.items()}


def _run(content: bytes, label: str, expected: str) -> Any:
    try:
        return _Machine(content).run()
    except (IndexError, struct.error, _Cut):
        raise errors.ArgumentError(
            f"{label}: expected {expected}; received {len(content)} bytes that end too early; fetch it again"
        ) from None
    except _Refused as problem:
        raise errors.ArgumentError(f"{label}: expected {expected}; received {problem}; nothing of it was run") from None


class _Refused(Exception):
    pass


class _Cut(Exception):
    pass


class _Machine:
    """The stack machine; one method per kind of instruction."""

    def __init__(self, content: bytes):
        self._content = content
        self._at = 0
        self._stack: List[Any] = []
        self._memo: Dict[int, Any] = {}

    def run(self) -> Any:
        if self._content[:1] != b"\x80":
            raise _Refused("no pickle of a protocol from 2 on")
        while True:
            code = self._take(1)
            if code == b".":
                if len(self._stack) != 1:
                    raise _Refused("a program that leaves no single value")
                return self._stack[0]
            handler = _INSTRUCTIONS.get(code)
            if handler is None:
                raise _Refused(f"instruction {code!r} at byte {self._at - 1}")
            handler(self)

    def _take(self, count: int) -> bytes:
        if count > len(self._content) - self._at:
            raise _Cut
        self._at += count
        return self._content[self._at - count : self._at]

    def _number(self, form: str) -> int:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _line(self) -> str:
        end = self._content[self._at : self._at + 256].find(b"\n")
        if end < 0:
            raise _Cut
        return self._take(end + 1)[:-1].decode("latin-1")

    def _pop(self) -> Any:
        value = self._stack.pop()
        if value is _MARK:
            raise _Refused("a mark in place of a value")
        return value

    def _pop_to_mark(self) -> List[Any]:
        found: List[Any] = []
        while self._stack[-1] is not _MARK:
            found.append(self._stack.pop())
        self._stack.pop()
        return found[::-1]

    # Instructions

    def protocol(self) -> None:
        version = self._number("<B")
        if version > 5:
            raise _Refused(f"protocol {version}")

    def push(self, value: Any) -> None:
        self._stack.append(value)

    def push_number(self, form: str) -> None:
        self.push(self._number(form))

    def push_small_numbers(self) -> None:
        """Numbers of one and two bytes, of which lists of words are made: as many as follow each other."""
        content, at, push = self._content, self._at - 1, self._stack.append
        while True:
            code = content[at]
            if code == 0x4B:  # K
                push(content[at + 1])
                at += 2
            elif code == 0x4D:  # M
                push(content[at + 1] | content[at + 2] << 8)
                at += 3
            else:
                break
        self._at = at

    def push_long(self) -> None:
        self.push(int.from_bytes(self._take(self._number("<B")), "little", signed=True))

    def push_unicode(self, form: str) -> None:
        self.push_text(form)
        try:
            self._stack[-1] = self._stack[-1].decode()
        except UnicodeDecodeError:
            raise _Refused("a text that is no UTF-8") from None

    def memoize(self) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def push_text(self, form: str) -> None:
        length = self._number(form)
        if not 0 <= length <= _LARGEST:
            raise _Refused(f"a text of {length} bytes")
        self.push(self._take(length))

    def store(self, form: str) -> None:
        self._memo[self._number(form)] = self._stack[-1]

    def recall(self, form: str) -> None:
        number = self._number(form)
        if number not in self._memo:
            raise _Refused(f"a reference to value {number}, which is not there")
        self.push(self._memo[number])

    def name(self, on_stack: bool) -> None:
        given = (self._pop(), self._pop())[::-1] if on_stack else (self._line(), self._line())
        if not all(isinstance(each, str) for each in given) or given not in _GLOBALS:
            raise _Refused(f"the name {given[0]}.{given[1]}")
        self.push(_Name(_GLOBALS[given]))

    def make_tuple(self, count: int) -> None:
        values = [self._pop() for _ in range(count)][::-1]
        self.push(tuple(values))

    def make_tuple_from_mark(self) -> None:
        self.push(tuple(self._pop_to_mark()))

    def append(self, several: bool) -> None:
        values = self._pop_to_mark() if several else [self._pop()]
        if not isinstance(self._stack[-1], list):
            raise _Refused("values appended to something that is no list")
        self._stack[-1].extend(values)

    def set_items(self, several: bool) -> None:
        values = self._pop_to_mark() if several else [self._pop(), self._pop()][::-1]
        target = self._stack[-1]
        keys = values[::2]
        if not isinstance(target, dict) or len(values) % 2 or not all(isinstance(key, bytes) for key in keys):
            raise _Refused("entries that do not make a dictionary of texts")
        target.update(zip(keys, values[1::2]))

    def call(self) -> None:
        arguments, name = self._pop(), self._pop()
        role = name.role if isinstance(name, _Name) and isinstance(arguments, tuple) else None
        if role == "new array":
            self.push(_Array())
        elif role == "element type" and _are_texts(arguments[:1]):
            self.push(_ElementType(_as_bytes(arguments[0])))
        elif role == "bytes" and _are_texts(arguments):
            self.push(_as_bytes(arguments[0]))
        else:
            raise _Refused(f"a call of {role or 'something that is no name'}")

    def build(self) -> None:
        state, target = self._pop(), self._stack[-1]
        if isinstance(target, _Array):
            target.values = _array(state)
        elif not isinstance(target, _ElementType):
            raise _Refused("a state for something that is no array")


def _are_texts(values: Any) -> bool:
    return bool(values) and all(isinstance(each, (bytes, str)) for each in values)


def _as_bytes(text: Any) -> bytes:
    return text.encode("latin-1", "replace") if isinstance(text, str) else text


def _array(state: Any) -> np.ndarray:
    """Return the array of a state (version, shape, element type, Fortran order, bytes or a list of the elements)."""
    if not isinstance(state, tuple) or len(state) != 5:
        raise _Refused("an array without shape, type and bytes")
    _, shape, element, fortran, content = state
    code = element.code if isinstance(element, _ElementType) else b""
    sizes = shape if isinstance(shape, tuple) else ()
    if code not in (b"u1", b"O8", b"O4", b"O") or fortran is not False:
        raise _Refused("an array of another type than rows of uint8, or lists")
    if not sizes or not all(isinstance(size, int) and 0 <= size <= _LARGEST for size in sizes):
        raise _Refused(f"an array of shape {shape!r}")
    if not isinstance(content, bytes if code == b"u1" else list) or len(content) != math.prod(sizes):
        raise _Refused(f"an array of shape {sizes} without as many elements")
    if isinstance(content, bytes):
        return np.frombuffer(content, np.uint8).reshape(sizes)
    values = np.empty(len(content), object)
    values[:] = content
    return values.reshape(sizes)


def _with(method: Callable, *arguments: Any) -> Callable:
    return lambda machine: method(machine, *arguments)


_PAIRS: Tuple[Tuple[bytes, Callable], ...] = (
    (b"\x80", _Machine.protocol),
    (b"}", lambda machine: machine.push({})),
    (b"]", lambda machine: machine.push([])),
    (b"(", _with(_Machine.push, _MARK)),
    (b"N", _with(_Machine.push, None)),
    (b"\x88", _with(_Machine.push, True)),
    (b"\x89", _with(_Machine.push, False)),
    (b"K", _Machine.push_small_numbers),
    (b"M", _Machine.push_small_numbers),
    (b"J", _with(_Machine.push_number, "<i")),
    (b"\x8a", _Machine.push_long),
    (b"U", _with(_Machine.push_text, "<B")),
    (b"C", _with(_Machine.push_text, "<B")),
    (b"B", _with(_Machine.push_text, "<I")),
    (b"X", _with(_Machine.push_unicode, "<I")),
    (b"\x8c", _with(_Machine.push_unicode, "<B")),
    (b"\x94", _Machine.memoize),
    (b"\x95", _with(_Machine._number, "<Q")),  # the length of what follows
    (b"T", _with(_Machine.push_text, "<i")),
    (b"q", _with(_Machine.store, "<B")),
    (b"r", _with(_Machine.store, "<I")),
    (b"h", _with(_Machine.recall, "<B")),
    (b"j", _with(_Machine.recall, "<I")),
    (b"c", _with(_Machine.name, False)),
    (b"\x93", _with(_Machine.name, True)),
    (b"t", _Machine.make_tuple_from_mark),
    (b")", _with(_Machine.make_tuple, 0)),
    (b"\x85", _with(_Machine.make_tuple, 1)),
    (b"\x86", _with(_Machine.make_tuple, 2)),
    (b"\x87", _with(_Machine.make_tuple, 3)),
    (b"a", _with(_Machine.append, False)),
    (b"e", _with(_Machine.append, True)),
    (b"s", _with(_Machine.set_items, False)),
    (b"u", _with(_Machine.set_items, True)),
    (b"R", _Machine.call),
    (b"b", _Machine.build),
)
_INSTRUCTIONS: Dict[bytes, Callable] = dict(_PAIRS)
