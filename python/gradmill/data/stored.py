"""Arrays that lie in a file and are read piece by piece, such as a data set of h5py."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from gradmill.data.elements import to_leaf


class StoredArray:
    """The rows of something that is indexed like an array and read when it is.

    Args:
        source: has `shape`, `dtype`, and slices along its first axis.
    """

    def __init__(self, source: Any):
        self._source = source
        self._lock = threading.Lock()  # readers of files are seldom made for several threads
        self.shape, self.dtype = tuple(source.shape), np.dtype(source.dtype)
        self.ndim = len(self.shape)

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, row: int) -> Any:
        with self._lock:
            return np.asarray(self._source[row])

    def take(self, rows: np.ndarray, axis: int = 0) -> np.ndarray:
        """Return rows in any order, each read once; rows that lie side by side are one read."""
        wanted, places = np.unique(rows, return_inverse=True)
        if not len(wanted):
            return np.empty((0, *self.shape[1:]), self.dtype)
        found = np.empty((len(wanted), *self.shape[1:]), self.dtype)
        begins = np.concatenate([[0], np.flatnonzero(np.diff(wanted) != 1) + 1])
        with self._lock:
            for begin, end in zip(begins, [*begins[1:], len(wanted)]):
                found[begin:end] = self._source[int(wanted[begin]) : int(wanted[end - 1]) + 1]
        return found[places]


def to_rows(value: Any) -> Any:
    """Return one value whose rows are wanted: an array, or a `StoredArray` for what is stored in chunks."""
    is_stored = hasattr(value, "chunks") and hasattr(value, "shape") and hasattr(value, "dtype")
    if is_stored and value.shape and np.dtype(value.dtype).kind in "biufc":
        return StoredArray(value)
    return to_leaf(value)
