"""Find, fetch and read CIFAR-10 and CIFAR-100 as their authors publish them: binary or Python version, unpacked or as
`.tar.gz`."""

import os
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

import numpy as np

from gradmill import errors
from gradmill.datasets.mnist_files import Arrays
from gradmill.datasets.pickled_batch import read_pickled_batch
from gradmill.datasets.places import find_or_fetch
from gradmill.utils.download import download
from gradmill.utils.files import cache_directory, check_hash

_URL = "https://www.cs.toronto.edu/~kriz/"
_SYSTEM_FOLDER = "/usr/share/datasets"
_PIXELS = 3 * 32 * 32
_LARGEST_FILE = 256 << 20
_LARGEST_ARCHIVE = 256 << 20


@dataclass(frozen=True)
class Labels:
    """One of the labels that each image has.

    Args:
        key: its name in the Python version.
        place: which byte it is in a row of the binary version.
        classes: how many there are.
    """

    key: str
    place: int
    classes: int


@dataclass(frozen=True)
class CifarFiles:
    """Where a data set of the CIFAR family is found.

    Args:
        title: as the authors call it.
        name: as it is called here.
        archive: of the archive that is fetched.
        archive_hash: its SHA-256.
        rows: images in each file by its name, without ending; the last one is for testing.
        folders: of the binary version and of the Python version in the archives, then others that are searched.
        label_bytes: bytes in front of the pixels of each row of the binary version.
    """

    title: str
    name: str
    archive: str
    archive_hash: str
    rows: Dict[str, int]
    folders: Tuple[str, ...]
    label_bytes: int

    @property
    def archives(self) -> Tuple[str, str]:
        """The archives of both versions."""
        plain = self.title.lower()
        return f"{plain}-binary.tar.gz", f"{plain}-python.tar.gz"

    @property
    def url(self) -> str:
        """Address of the archive that is fetched."""
        return _URL + self.archive

    @property
    def _advice(self) -> str:
        return (
            f"put {' or '.join(self.archives)} (from {_URL}cifar.html), or the folder {self.folders[0]} or "
            f"{self.folders[1]} that is in it, into a folder and name it in $GRADMILL_DATA or in path="
        )

    def load(self, path: Optional[Any], labels: Labels) -> Arrays:
        """Return `(x_train, y_train), (x_test, y_test)`; see `load_data` of the data sets."""
        if path is not None:
            return self._load_given(Path(os.fspath(path)).expanduser(), labels)
        system_folders = [f"{_SYSTEM_FOLDER}/{name}" for name in (self.name, self.title.lower())]
        return self.read(find_or_fetch(self.name, system_folders, self.find, self._fetch, self._advice), labels)

    def find(self, folder: Path) -> Optional[Path]:
        """Return the folder with the files, or the archive, in `folder` or one of the usual folders in it."""
        inner = (folder / self.name / name for name in self.folders[:2])
        for candidate in (folder, *(folder / name for name in self.folders), *inner):
            if self._file_names(candidate) is not None:
                return candidate
        for candidate in (folder, folder / self.name):
            for name in self.archives:
                if (candidate / name).is_file():
                    return candidate / name
        return None

    def read(self, source: Path, labels: Labels) -> Arrays:
        """Read a folder or an archive that holds all files."""
        contents = _read_archive(source, self) if source.is_file() else self._read_folder(source)
        parts = [self._parse(contents[part], f"{source}: {part}", rows, labels) for part, rows in self.rows.items()]
        images = np.concatenate([part[0] for part in parts[:-1]])
        numbers = np.concatenate([part[1] for part in parts[:-1]])
        return (images, numbers), parts[-1]

    def _load_given(self, path: Path, labels: Labels) -> Arrays:
        if path.is_file():
            return self.read(path, labels)
        source = self.find(path)
        if source is None:
            missing = f"some of these are missing there: {', '.join(self.rows)}" if path.is_dir() else "no such folder"
            raise errors.ArgumentError(
                f"{self.name}: expected the files of {self.title} (binary or Python version) in path={str(path)!r}; "
                f"{missing}; {self._advice}"
            )
        return self.read(source, labels)

    def _fetch(self) -> Path:
        def check(path: Path) -> None:
            check_hash(path, self.archive_hash)

        return download(self.url, cache_directory() / "datasets" / self.archive, check, largest=_LARGEST_ARCHIVE)

    def _file_names(self, folder: Path) -> Optional[Tuple[str, ...]]:
        """Return the names of the files in a folder, binary version first; None unless all are there."""
        for ending in (".bin", ""):
            names = tuple(f"{part}{ending}" for part in self.rows)
            if all((folder / name).is_file() for name in names):
                return names
        return None

    def _read_folder(self, folder: Path) -> Dict[str, bytes]:
        names = self._file_names(folder)
        if names is None:
            raise errors.ArgumentError(f"{folder}: expected {', '.join(self.rows)} (each with .bin, or all without)")
        contents = {}
        for part, name in zip(self.rows, names):
            size = (folder / name).stat().st_size
            if size > _LARGEST_FILE:
                wanted = self.rows[part] * (_PIXELS + self.label_bytes)
                raise errors.ArgumentError(f"{folder / name}: expected about {wanted} bytes; received {size}")
            contents[part] = (folder / name).read_bytes()
        return contents

    def _parse(self, content: bytes, label: str, rows: int, labels: Labels) -> Tuple[np.ndarray, np.ndarray]:
        """Return images (rows, 32, 32, 3) and labels (rows, 1) of one file of either version."""
        pickled = content[:1] == b"\x80"
        planes, numbers = (
            self._parse_pickled(content, label, labels) if pickled else self._parse_binary(content, label, rows, labels)
        )
        if planes.shape != (rows, _PIXELS) or numbers.shape != (rows,):
            raise errors.ArgumentError(
                f"{label}: expected {rows} images of {_PIXELS} bytes with as many labels; received images of shape "
                f"{planes.shape} and {len(numbers)} labels; fetch it again"
            )
        if rows and numbers.max() >= labels.classes:
            row = int(np.argmax(numbers >= labels.classes))
            raise errors.ArgumentError(
                f"{label}: labels must lie in 0..{labels.classes - 1}; received {numbers[row]} at row {row}"
            )
        images = np.ascontiguousarray(planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        return images, numbers.astype(np.uint8).reshape(-1, 1)

    def _parse_binary(self, content: bytes, label: str, rows: int, labels: Labels) -> Tuple[np.ndarray, np.ndarray]:
        """One row is the labels, a byte each, and then the red, the green and the blue plane."""
        row_bytes = _PIXELS + self.label_bytes
        expected = rows * row_bytes
        if len(content) != expected:
            state = "truncated" if len(content) < expected else "too long"
            raise errors.ArgumentError(
                f"{label}: {state}: expected {expected} bytes ({rows} rows of {row_bytes}); received {len(content)}; "
                "fetch it again"
            )
        table = np.frombuffer(content, np.uint8).reshape(rows, row_bytes)
        return table[:, self.label_bytes :], table[:, labels.place]

    def _parse_pickled(self, content: bytes, label: str, labels: Labels) -> Tuple[np.ndarray, np.ndarray]:
        batch = read_pickled_batch(content, label)
        planes, numbers = batch.get("data"), batch.get(labels.key)
        if not isinstance(planes, np.ndarray) or not isinstance(numbers, list):
            raise errors.ArgumentError(
                f"{label}: expected a batch with 'data' and {labels.key!r}; received {sorted(batch)}; is this "
                f"{self.title}?"
            )
        if not all(isinstance(each, int) and 0 <= each <= 255 for each in numbers):
            raise errors.ArgumentError(f"{label}: expected labels that are small integers; received others")
        return planes, np.array(numbers, np.int64)


def _read_archive(path: Path, files: CifarFiles) -> Dict[str, bytes]:
    """Return the files by part name; nothing is unpacked to the disk."""
    contents: Dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r:*") as archive:
            for member in archive:
                base = member.name.rpartition("/")[2]
                part = base[: -len(".bin")] if base.endswith(".bin") else base
                if part not in files.rows or not member.isfile():
                    continue
                if member.size > _LARGEST_FILE or part in contents:
                    raise errors.ArgumentError(
                        f"{path}: expected each of the files once, with at most {_LARGEST_FILE} bytes; received "
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
            f"{path}: expected a whole .tar.gz of {files.title}; received a damaged or cut one ({problem}); fetch it "
            "again"
        ) from None
    missing = [part for part in files.rows if part not in contents]
    if missing:
        raise errors.ArgumentError(f"{path}: expected an archive of {files.title}; these files are missing: {missing}")
    return contents
