"""Positions of data sets as JSON and arrays: what a checkpoint stores."""

from __future__ import annotations

from typing import Any, Dict, Tuple

import numpy as np

from gradmill import errors

# Lists from this length on are stored as arrays where their items are alike: a shuffle's buffer has thousands.
_LONG = 16


def pack_state(state: Any) -> Tuple[Any, Dict[str, np.ndarray]]:
    """Take arrays out of a state.

    Args:
        state: numbers, text, bytes, arrays, None, and lists, tuples and dicts of them.

    Returns:
        a tree that JSON can write, and the arrays by the names that stand for them in it.

    Raises:
        ArgumentError: for anything else in the state.

    Example:
        >>> import numpy as np
        >>> from gradmill.utils.plain_state import pack_state, unpack_state
        >>> tree, arrays = pack_state({"position": 3, "waiting": (np.arange(2), b"text")})
        >>> unpack_state(tree, arrays)
        {'position': 3, 'waiting': (array([0, 1]), b'text')}
    """
    arrays: Dict[str, np.ndarray] = {}
    return _pack(state, arrays, ""), arrays


def unpack_state(tree: Any, arrays: Dict[str, np.ndarray]) -> Any:
    """Return the state that `pack_state` took apart.

    Args:
        tree: its tree, as it was or as JSON gave it back.
        arrays: its arrays.
    """
    if not isinstance(tree, (list, tuple)):
        return tree
    kind, content = tree
    if kind == "dict":
        return {key: unpack_state(value, arrays) for key, value in content}
    if kind in ("list", "tuple"):
        items = [unpack_state(item, arrays) for item in content]
        return items if kind == "list" else tuple(items)
    if kind in ("ints", "int tuple"):
        numbers = arrays[content].tolist()
        return numbers if kind == "ints" else tuple(numbers)
    if kind == "rows":
        return list(arrays[content])
    if kind == "columns":
        return list(zip(*[unpack_state(column, arrays) for column in content]))
    if kind == "bytes":
        return content.encode("latin-1")
    if kind == "texts":
        shape, texts = content
        array = np.empty(len(texts), object)
        array[:] = [text.encode("latin-1") for text in texts]
        return array.reshape(shape)
    return arrays[content][()] if kind == "scalar" else arrays[content]


def _pack(value: Any, arrays: Dict[str, np.ndarray], path: str) -> Any:
    if value is None or isinstance(value, (bool, int, str)) or type(value) is float:
        return value
    if isinstance(value, dict):
        return ["dict", [[key, _pack(item, arrays, f"{path}/{key}")] for key, item in value.items()]]
    if isinstance(value, (list, tuple)):
        packed = _pack_alike(value, arrays, path) if len(value) >= _LONG else None
        if packed is not None:
            return packed
        items = [_pack(item, arrays, f"{path}/{index}") for index, item in enumerate(value)]
        return ["list" if isinstance(value, list) else "tuple", items]
    if isinstance(value, bytes):
        return ["bytes", value.decode("latin-1")]
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        return ["texts", [list(value.shape), [text.decode("latin-1") for text in value.ravel()]]]
    if isinstance(value, (np.ndarray, np.generic)):
        return ["array" if isinstance(value, np.ndarray) else "scalar", _add(np.asarray(value), arrays, path)]
    raise errors.ArgumentError(
        f"pack_state: a state holds numbers, text and arrays; received a {type(value).__name__} at {path!r}; data sets "
        "of data sets have no state that a file could hold"
    )


def _pack_alike(items: Any, arrays: Dict[str, np.ndarray], path: str) -> Any:
    """Pack a long list of numbers, of arrays of one shape, or of tuples of those; None for any other."""
    first = items[0]
    if all(type(item) is int and -(2**63) <= item < 2**63 for item in items):
        return ["ints" if isinstance(items, list) else "int tuple", _add(np.array(items, np.int64), arrays, path)]
    if not isinstance(items, list) or any(type(item) is not type(first) for item in items):
        return None
    if type(first) is tuple and first and all(len(item) == len(first) for item in items):
        columns = enumerate(zip(*items))
        return ["columns", [_pack(list(column), arrays, f"{path}/{index}") for index, column in columns]]
    if isinstance(first, (np.ndarray, np.generic)) and first.dtype.kind != "O":
        if all(item.dtype == first.dtype and item.shape == first.shape for item in items):
            return ["rows", _add(np.stack(items), arrays, path)]
    return None


def _add(array: np.ndarray, arrays: Dict[str, np.ndarray], path: str) -> str:
    """Take an array up under its path, with a number behind it where that is taken."""
    name, number = path.lstrip("/"), 1
    while name in arrays:
        number += 1
        name = f"{path.lstrip('/')}#{number}"
    arrays[name] = array
    return name
