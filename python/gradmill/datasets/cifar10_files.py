"""Find, fetch and read CIFAR-10 as its authors publish it: binary or Python version, unpacked or as `.tar.gz`."""

import os
import tarfile
import zlib
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from gradmill import errors
from gradmill.datasets.mnist_files import Arrays
from gradmill.datasets.pickled_batch import read_pickled_batch
from gradmill.datasets.places import search_places
from gradmill.utils.download import download
from gradmill.utils.files import cache_directory, check_hash

NAME = "cifar10"
URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
# SHA-256 of that archive as the authors publish it.
URL_HASH = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
ARCHIVES = ("cifar-10-binary.tar.gz", "cifar-10-python.tar.gz")
PARTS = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch")
# Images in each of the six files.
ROWS = 10000
CLASSES = 10
SYSTEM_FOLDERS = ("/usr/share/datasets/cifar10", "/usr/share/datasets/cifar-10")
_PIXELS = 3 * 32 * 32
_LARGEST_FILE = 64 << 20
_LARGEST_ARCHIVE = 256 << 20
_FOLDERS = ("cifar-10-batches-bin", "cifar-10-batches-py", "cifar10", "cifar-10")
_ADVICE = (
    f"put {' or '.join(ARCHIVES)} (from https://www.cs.toronto.edu/~kriz/cifar.html), or the folder "
    "cifar-10-batches-bin or cifar-10-batches-py that is in it, into a folder and name it in $GRADMILL_DATA or in path="
)


def load(path: Optional[Any] = None) -> Arrays:
    """Return `(x_train, y_train), (x_test, y_test)`; see `gm.datasets.cifar10.load_data`."""
    if path is not None:
        return _load_given(Path(os.fspath(path)).expanduser())
    tried: List[str] = []
    for reason, folder in search_places(SYSTEM_FOLDERS):
        if folder is None:
            tried.append(reason)
            continue
        source = find(folder)
        if source is not None:
            return read(source)
        tried.append(f"{folder} ({reason}): " + ("files missing" if folder.is_dir() else "no such folder"))
    return _fetch(tried)


def find(folder: Path) -> Optional[Path]:
    """Return the folder with the six files, or the archive, in `folder` or one of the usual folders in it."""
    for candidate in (folder, *(folder / name for name in _FOLDERS), *(folder / NAME / name for name in _FOLDERS[:2])):
        if _file_names(candidate) is not None:
            return candidate
    for candidate in (folder, folder / NAME):
        for name in ARCHIVES:
            if (candidate / name).is_file():
                return candidate / name
    return None


def read(source: Path) -> Arrays:
    """Read a folder or an archive that holds all six files."""
    contents = _read_archive(source) if source.is_file() else _read_folder(source)
    parts = [_parse(contents[part], f"{source}: {part}", ROWS) for part in PARTS]
    images = np.concatenate([part[0] for part in parts[:-1]])
    labels = np.concatenate([part[1] for part in parts[:-1]])
    return (images, labels), parts[-1]


def _load_given(path: Path) -> Arrays:
    if path.is_file():
        return read(path)
    source = find(path)
    if source is None:
        missing = f"some of these are missing there: {', '.join(PARTS)}" if path.is_dir() else "there is no such folder"
        raise errors.ArgumentError(
            f"{NAME}: expected the six files of CIFAR-10 (binary or Python version) in path={str(path)!r}; {missing}; "
            f"{_ADVICE}"
        )
    return read(source)


def _fetch(tried: List[str]) -> Arrays:
    target = cache_directory() / "datasets" / URL.rpartition("/")[2]

    def check(path: Path) -> None:
        check_hash(path, URL_HASH)

    try:
        download(URL, target, check, largest=_LARGEST_ARCHIVE)
    except (OSError, errors.ArgumentError) as problem:
        lines = "\n  - ".join([*tried, str(problem)])
        raise errors.ArgumentError(
            f"{NAME}: the data files were not found and could not be downloaded. Tried:\n  - {lines}\n"
            f"To get them: {_ADVICE}"
        ) from problem
    return read(target)


def _file_names(folder: Path) -> Optional[Tuple[str, ...]]:
    """Return the names of the six files in a folder, binary version first; None unless all are there."""
    for ending in (".bin", ""):
        names = tuple(f"{part}{ending}" for part in PARTS)
        if all((folder / name).is_file() for name in names):
            return names
    return None


def _read_folder(folder: Path) -> Dict[str, bytes]:
    names = _file_names(folder)
    if names is None:
        raise errors.ArgumentError(f"{folder}: expected {', '.join(PARTS)} (each with .bin, or all without)")
    contents = {}
    for part, name in zip(PARTS, names):
        size = (folder / name).stat().st_size
        if size > _LARGEST_FILE:
            raise errors.ArgumentError(f"{folder / name}: expected about {ROWS * (_PIXELS + 1)} bytes; received {size}")
        contents[part] = (folder / name).read_bytes()
    return contents


def _read_archive(path: Path) -> Dict[str, bytes]:
    """Return the six files by part name; nothing is unpacked to the disk."""
    contents: Dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r:*") as archive:
            for member in archive:
                base = member.name.rpartition("/")[2]
                part = base[: -len(".bin")] if base.endswith(".bin") else base
                if part not in PARTS or not member.isfile():
                    continue
                if member.size > _LARGEST_FILE or part in contents:
                    raise errors.ArgumentError(
                        f"{path}: expected each of the six files once, with at most {_LARGEST_FILE} bytes; received "
                        f"{member.name} of {member.size} bytes" + (" a second time" if part in contents else "")
                    )
                file = archive.extractfile(member)
                contents[part] = file.read() if file is not None else b""
            # The checksum of a gzip file stands at its end.
            for _ in range(_LARGEST_ARCHIVE >> 20):
                if not archive.fileobj.read(1 << 20):
                    break
    except (tarfile.TarError, EOFError, OSError, zlib.error) as problem:
        raise errors.ArgumentError(
            f"{path}: expected a whole .tar.gz of CIFAR-10; received a truncated or damaged one ({problem}); fetch it "
            "again"
        ) from None
    missing = [part for part in PARTS if part not in contents]
    if missing:
        raise errors.ArgumentError(f"{path}: expected an archive of CIFAR-10; these files are missing: {missing}")
    return contents


def _parse(content: bytes, label: str, rows: int) -> Tuple[np.ndarray, np.ndarray]:
    """Return images (rows, 32, 32, 3) and labels (rows, 1) of one file of either version."""
    planes, labels = _parse_pickled(content, label) if content[:1] == b"\x80" else _parse_binary(content, label, rows)
    if planes.shape != (rows, _PIXELS) or labels.shape != (rows,):
        raise errors.ArgumentError(
            f"{label}: expected {rows} images of {_PIXELS} bytes with as many labels; received images of shape "
            f"{planes.shape} and {len(labels)} labels; fetch it again"
        )
    if rows and labels.max() >= CLASSES:
        row = int(np.argmax(labels >= CLASSES))
        raise errors.ArgumentError(f"{label}: labels must lie in 0..{CLASSES - 1}; received {labels[row]} at row {row}")
    images = np.ascontiguousarray(planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
    return images, labels.astype(np.uint8).reshape(-1, 1)


def _parse_binary(content: bytes, label: str, rows: int) -> Tuple[np.ndarray, np.ndarray]:
    """One row is a label byte and then the red, the green and the blue plane."""
    expected = rows * (_PIXELS + 1)
    if len(content) != expected:
        state = "truncated" if len(content) < expected else "too long"
        raise errors.ArgumentError(
            f"{label}: {state}: expected {expected} bytes ({rows} rows of {_PIXELS + 1}); received {len(content)}; "
            "fetch it again"
        )
    table = np.frombuffer(content, np.uint8).reshape(rows, _PIXELS + 1)
    return table[:, 1:], table[:, 0]


def _parse_pickled(content: bytes, label: str) -> Tuple[np.ndarray, np.ndarray]:
    batch = read_pickled_batch(content, label)
    planes, labels = batch.get("data"), batch.get("labels")
    if not isinstance(planes, np.ndarray) or not isinstance(labels, list):
        raise errors.ArgumentError(
            f"{label}: expected a batch with 'data' and 'labels'; received {sorted(batch)}; is this CIFAR-10?"
        )
    if not all(isinstance(each, int) and 0 <= each <= 255 for each in labels):
        raise errors.ArgumentError(f"{label}: expected labels that are small integers; received others")
    return planes, np.array(labels, np.int64)
