"""Elements kept in a file: `Dataset.cache(filename)` and `Dataset.save(path)`.

`NAME.data-TOKEN` holds the arrays of one element after another, `NAME.index` where they are and what they look like.
The index comes last and names its data, so that a cache is whole or not there, and two programs that make it at the
same time do not mix.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import secrets
import tempfile
import zlib
from typing import Any

import numpy as np

from gradmill import errors
from gradmill.data.elements import stack
from gradmill.data.stages import Rows
from gradmill.utils.files import publish
from gradmill.utils.plain_state import pack_state, unpack_state
from gradmill.utils.state_file import read_state, write_state

_ALIGNMENT = 8


class FileRows(Rows):
    """Elements in a file, which is written once, from the first to the last, and read in any order.

    Args:
        path: beginning of the names of the files.
        what: what they are, for messages.
        packed: whether elements are compressed.

    Attributes:
        notes: plain values that are kept beside the elements.
    """

    def __init__(self, path: str, what: str = "a cache", packed: bool = False):
        self._path = pathlib.Path(path)
        self._what, self._packed = what, packed
        self.notes: Any = None
        self._index_path = pathlib.Path(f"{self._path}.index")
        self._layout_numbers: dict[str, int] = {}
        self._temporary = ""
        self._file: Any = None
        self._forget()

    def _forget(self) -> None:
        if self._file is not None:
            self._file.close()
        if self._temporary:
            os.unlink(self._temporary)
        self._temporary, self._file = "", None
        self._layout_numbers.clear()
        self._layouts: list[Any] = []
        self._kinds: Any = []  # number of each element's layout
        self._ends: Any = []  # where its bytes end
        self._sums: Any = []  # and their CRC-32
        self._flushed = 0
        self._last: Any = None

    def __len__(self) -> int:
        return len(self._kinds)

    def find(self) -> bool:
        """Open the files of an earlier pass, if they are there.

        Raises:
            DamagedFileError: they are not as they were written.
        """
        if self._file is not None or not self._index_path.is_file():
            return False
        state = read_state(self._index_path)
        try:
            layouts, kinds, ends, sums = (state[name] for name in ("layouts", "kinds", "ends", "sums"))
            self._layouts = [_parse_layout(text) for text in layouts]
            self._file = open(f"{self._path}.data-{state['token']}", "rb")
        except (KeyError, TypeError, ValueError, FileNotFoundError) as problem:
            raise self.damaged(f"one that does not fit ({problem})") from None
        self.notes, self._packed = state.get("notes"), bool(state.get("packed"))
        self._kinds, self._ends, self._sums = kinds, ends, sums
        self._flushed = len(kinds)
        return True

    def add(self, element: Any) -> None:
        """Write an element behind the others."""
        if self._file is None:
            self._begin()
        tree, arrays = pack_state(element)
        outline = json.dumps([tree, [[name, array.dtype.str, array.shape] for name, array in arrays.items()]])
        content = b"".join(_padded(array.tobytes()) for array in arrays.values())
        content = zlib.compress(content) if self._packed else content
        self._file.write(content)
        if outline not in self._layout_numbers:
            self._layout_numbers[outline] = len(self._layouts)
            self._layouts.append(_parse_layout(outline))
        self._last = len(self), element
        self._ends.append((self._ends[-1] if self._ends else 0) + len(content))
        self._sums.append(zlib.crc32(content))
        self._kinds.append(self._layout_numbers[outline])

    def _begin(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, self._temporary = tempfile.mkstemp(prefix=f".{self._path.name}.", suffix=".part", dir=self._path.parent)
        self._file = os.fdopen(handle, "w+b")

    def replace(self) -> None:
        """Give the files their names in place of older ones, which go when the new ones are whole."""
        older = None
        with contextlib.suppress(OSError, errors.GradMillError, KeyError, TypeError):
            older = str(read_state(self._index_path)["token"])
        if self._file is None:
            self._begin()
        self._publish()
        if older is not None and older.isalnum():
            with contextlib.suppress(OSError):
                os.unlink(f"{self._path}.data-{older}")

    def join(self) -> None:
        """Give the files their names, unless another program has finished them before."""
        if self._temporary and not self._index_path.is_file():
            self._publish()
        self._last = None

    def _publish(self) -> None:
        self._file.flush()
        token = secrets.token_hex(8)
        publish(self._temporary, f"{self._path}.data-{token}")
        self._temporary = ""
        numbers = {"kinds": self._kinds, "ends": self._ends, "sums": self._sums}
        state = {name: np.asarray(values, np.int64) for name, values in numbers.items()}
        further = {"token": token, "layouts": list(self._layout_numbers), "notes": self.notes, "packed": self._packed}
        write_state(self._index_path, {**further, **state})

    def element(self, row: int) -> Any:
        """Return one element."""
        if self._last is not None and self._last[0] == row:
            return self._last[1]
        if row >= self._flushed:
            self._file.flush()
            self._flushed = len(self)
        begin, end = int(self._ends[row - 1]) if row else 0, int(self._ends[row])
        content = os.pread(self._file.fileno(), end - begin, begin)
        if len(content) != end - begin or zlib.crc32(content) != self._sums[row]:
            raise self.damaged(f"other bytes for element {row}")
        tree, shapes = self._layouts[self._kinds[row]]
        content = zlib.decompress(content) if self._packed else content
        arrays, place = {}, 0
        for name, dtype, shape, count in shapes:
            arrays[name] = np.frombuffer(content, dtype, count, place).reshape(shape)
            place += -(-count * dtype.itemsize // _ALIGNMENT) * _ALIGNMENT
        return unpack_state(tree, arrays)

    def arrays(self) -> Any:
        return None

    def gather(self, rows: Any) -> Any:
        return stack([self.element(int(row)) for row in rows])

    def clear(self) -> None:
        """Forget what an unfinished pass has written."""
        self._forget()

    def damaged(self, received: str) -> errors.DamagedFileError:
        """Return the error that says what is wrong in the files."""
        return errors.DamagedFileError(
            f"{self._index_path}: expected {self._what} of elements as it was written; received {received}; delete "
            "this file to make it anew"
        )

    def __del__(self) -> None:
        self._forget()


def _padded(content: bytes) -> bytes:
    return content + b"\0" * (-len(content) % _ALIGNMENT)


def _parse_layout(text: str) -> tuple:
    """Return the tree of an element, and of each array its name, dtype, shape and number of values."""
    tree, arrays = json.loads(text)
    shapes = []
    for name, kind, shape in arrays:
        dtype = np.dtype(kind)
        if dtype.kind not in "biufc":
            raise ValueError(f"an array of dtype {kind}")
        shapes.append((name, dtype, tuple(shape), int(np.prod(shape, dtype=np.int64))))
    return tree, shapes
