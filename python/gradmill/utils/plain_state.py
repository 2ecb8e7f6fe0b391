"""Positions of data sets as JSON and arrays: what a checkpoint stores."""

from __future__ import annotations

from typing import Any, Dict, Tuple

import numpy as np

from gradmill import errors


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
    return _pack(state, arrays), arrays


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
    if kind == "bytes":
        return content.encode("latin-1")
    if kind == "texts":
        shape, texts = content
        array = np.empty(len(texts), object)
        array[:] = [text.encode("latin-1") for text in texts]
        return array.reshape(shape)
    return arrays[content][()] if kind == "scalar" else arrays[content]


def _pack(value: Any, arrays: Dict[str, np.ndarray]) -> Any:
    if value is None or isinstance(value, (bool, int, str)) or type(value) is float:
        return value
    if isinstance(value, dict):
        return ["dict", [[key, _pack(item, arrays)] for key, item in value.items()]]
    if isinstance(value, (list, tuple)):
        return ["list" if isinstance(value, list) else "tuple", [_pack(item, arrays) for item in value]]
    if isinstance(value, bytes):
        return ["bytes", value.decode("latin-1")]
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        return ["texts", [list(value.shape), [text.decode("latin-1") for text in value.ravel()]]]
    if isinstance(value, (np.ndarray, np.generic)):
        name = f"array_{len(arrays)}"
        arrays[name] = np.asarray(value)
        return ["array" if isinstance(value, np.ndarray) else "scalar", name]
    raise errors.ArgumentError(
        f"pack_state: a state holds numbers, text and arrays; received a {type(value).__name__}; data sets of data "
        "sets have no state that a file could hold"
    )
