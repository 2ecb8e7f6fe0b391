"""A program's state in one file that is whole or absent, and that tells when it was damaged.

It is a safetensors file: the arrays of the state, a JSON text with all else, and a SHA-256 of everything before it.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Callable, Optional

import numpy as np

from gradmill import errors
from gradmill.utils.files import PathLike, atomic_path
from gradmill.utils.lazy import LazyModule
from gradmill.utils.plain_state import pack_state, unpack_state

if TYPE_CHECKING:
    from gradmill.saving import safetensors
else:
    # It stands above this package.
    safetensors = LazyModule("gradmill.saving.safetensors")

_TREE = "__state__"


def array_of(variable: Any) -> np.ndarray:
    """Return a variable's value in a dtype that files know: bfloat16 goes through float32, which holds it exactly.

    Args:
        variable: a `Variable`.
    """
    value = variable.value.astype("float32") if str(variable.dtype) == "bfloat16" else variable
    return np.asarray(value.numpy())


def write_state(path: PathLike, state: Any, before_naming: Optional[Callable[[], None]] = None) -> None:
    """Write a state; the file appears under its name, in place of an older one, when it is complete and on the disk.

    Args:
        path: the file.
        state: numbers, text, bytes, arrays, None, and lists, tuples and dicts of them.
        before_naming: called when everything is written and an older file still has the name.

    Raises:
        ArgumentError: for anything else in the state.
        OSError: the file cannot be written.

    Example:
        >>> import os, tempfile
        >>> from gradmill.utils.state_file import read_state, write_state
        >>> path = os.path.join(tempfile.mkdtemp(), "state")
        >>> write_state(path, {"epoch": 3, "losses": [0.5, 0.25]})
        >>> read_state(path)
        {'epoch': 3, 'losses': [0.5, 0.25]}
    """
    tree, arrays = pack_state(state)
    arrays[_TREE] = np.frombuffer(json.dumps(tree).encode(), np.uint8)
    with atomic_path(path) as temporary:
        with open(temporary, "wb") as file:
            safetensors.write_safetensors(file, arrays, checksum=True)
        if before_naming is not None:
            before_naming()


def read_state(path: PathLike) -> Any:
    """Return the state in a file.

    Args:
        path: written by `write_state`.

    Raises:
        DamagedFileError: the file is cut short, changed, or of another kind.
        OSError: the file cannot be opened.
    """
    check_state_file(path)
    try:
        # A file may be replaced while its values are waited for: they are copied, not mapped.
        arrays = {name: np.array(array) for name, array in safetensors.read_safetensors(path).items()}
        return unpack_state(json.loads(arrays.pop(_TREE).tobytes()), arrays)
    except (KeyError, TypeError, ValueError) as problem:
        raise errors.DamagedFileError(
            f"{path}: expected a file of a program's state; received another kind of safetensors file ({problem})"
        ) from None


def check_state_file(path: PathLike) -> None:
    """Read a file through and compare it with its checksum.

    Args:
        path: written by `write_state`.

    Raises:
        DamagedFileError: the file is cut short, changed, or of another kind.
        OSError: the file cannot be opened.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(2, "expected an existing file; received", os.fspath(path))
    try:
        safetensors.check_checksum(path)
    except errors.ArgumentError as problem:
        raise errors.DamagedFileError(str(problem)) from None
