"""Data sets that are published as one file: found, fetched once and read, without running pickles."""

import io
import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

from gradmill import errors
from gradmill.datasets.pickled_batch import read_pickled_lists
from gradmill.datasets.places import find_or_fetch
from gradmill.utils.download import download
from gradmill.utils.files import cache_directory, check_hash

_ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_LARGEST = 256 << 20
_SYSTEM_FOLDER = "/usr/share/datasets"
_DAMAGED = (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError)


@dataclass(frozen=True)
class PublishedFile:
    """A file of a data set, as Keras's authors publish it.

    Args:
        name: of the file.
        hash: its SHA-256 or MD5 in hexadecimal, which a download must have.
    """

    name: str
    hash: str

    def find(self, path: Any = None) -> Path:
        """Return where the file is; fetch it when it is nowhere.

        Looks in `path` (and nowhere else when that names something that exists); `$GRADMILL_DATA`; the user's cache;
        the place where systems install data sets; then downloads the file once into the cache.

        Args:
            path: the file, or a folder that holds it. A name alone is where Keras would keep it, and is not looked for.

        Raises:
            ArgumentError: when the file is missing; the message names every place that was tried.
        """
        given = None if path is None else Path(os.fspath(path)).expanduser()
        if given is not None and (given.exists() or len(given.parts) > 1):
            found = given / self.name if given.is_dir() else given
            if found.is_file():
                return found
            raise errors.ArgumentError(
                f"{self.name}: expected path to be that file or its folder; {found} is not there"
            )
        advice = f"put {_ORIGIN}{self.name} into a folder and name it in $GRADMILL_DATA or in path="
        return find_or_fetch(self.name, [_SYSTEM_FOLDER], self._in_folder, self._fetch, advice)

    def _in_folder(self, folder: Path) -> Optional[Path]:
        return folder / self.name if (folder / self.name).is_file() else None

    def _fetch(self) -> Path:
        def check(path: Path) -> None:
            check_hash(path, self.hash)

        return download(_ORIGIN + self.name, cache_directory() / "datasets" / self.name, check, largest=_LARGEST)

    def read_json(self, path: Any = None) -> Dict[str, int]:
        """Return the words and their numbers; `path` and errors as in `find`."""
        found = self.find(path)
        try:
            table = json.loads(found.read_text(encoding="utf-8"))
        except ValueError as problem:
            raise errors.ArgumentError(f"{found}: expected a JSON file; received a damaged one ({problem})") from None
        if not isinstance(table, dict) or not all(type(each) is int for each in table.values()):
            raise errors.ArgumentError(f"{found}: expected a table of words and integers; received something else")
        return table

    def read_arrays(self, names: Sequence[str], path: Any = None) -> Tuple[np.ndarray, ...]:
        """Return arrays of an `.npz` file; those of objects must be lists of integers.

        Args:
            names: of the arrays.
            path: as in `find`.

        Raises:
            ArgumentError: as in `find`, and when the file is damaged or an array is missing.
        """
        found = self.find(path)
        try:
            with zipfile.ZipFile(found) as archive:
                missing = [name for name in names if f"{name}.npy" not in archive.namelist()]
                if missing:
                    raise errors.ArgumentError(f"{found}: expected the arrays {list(names)}; missing {missing}")
                return tuple(_array(archive.read(f"{name}.npy"), f"{found}: {name}") for name in names)
        except _DAMAGED as problem:
            if isinstance(problem, errors.ArgumentError):
                raise
            raise errors.ArgumentError(
                f"{found}: expected a NumPy .npz file; received a damaged one ({problem})"
            ) from None


def _array(content: bytes, label: str) -> np.ndarray:
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"{label}: format {version}")
    read_header: Callable = getattr(np.lib.format, f"read_array_header_{version[0]}_0")
    shape, _, dtype = read_header(file)
    if not dtype.hasobject:
        return np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    values = read_pickled_lists(content[file.tell() :], label)
    if values.shape != shape:
        raise errors.ArgumentError(f"{label}: expected shape {shape}; received {values.shape}; the file is damaged")
    return values


def shuffled(arrays: Sequence[np.ndarray], generator: np.random.RandomState) -> List[np.ndarray]:
    """Return arrays in one random order of their rows, which is the one that Keras has for a generator of this seed."""
    order = np.arange(len(arrays[0]))
    generator.shuffle(order)
    return [each[order] for each in arrays]


def split(x: Any, y: Any, test_split: float) -> Tuple[Tuple[Any, Any], Tuple[Any, Any]]:
    """Return `(x_train, y_train), (x_test, y_test)`; the last share of the rows is for testing.

    Raises:
        ArgumentError: a share that is not in [0, 1).
    """
    if isinstance(test_split, bool) or not isinstance(test_split, (int, float)) or not 0 <= test_split < 1:
        raise errors.ArgumentError(f"load_data: expected test_split from 0 to below 1; received {test_split!r}")
    count = int(len(x) * (1 - test_split))
    return (x[:count], y[:count]), (x[count:], y[count:])


def load_table(file: PublishedFile, path: Any, test_split: float, seed: int, rows: Any = None) -> Any:
    """Return the table `x` with its targets `y`, shuffled and split; `rows` limits it to the first ones."""
    x, y = file.read_arrays(("x", "y"), path)
    x, y = shuffled((x[:rows], y[:rows]), np.random.RandomState(seed))
    return split(x, y, test_split)
