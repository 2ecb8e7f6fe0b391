"""Files that are complete or absent: atomic writes, hashes, the cache folder."""

import errno
import glob
import os
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Iterator, Union

from gradmill import errors
from gradmill.utils.lazy import LazyModule

if TYPE_CHECKING:
    import hashlib
    import pathlib
    import tempfile
else:
    hashlib = LazyModule("hashlib")
    pathlib = LazyModule("pathlib")
    tempfile = LazyModule("tempfile")

PathLike = Union[str, "os.PathLike[str]"]
_CHUNK = 1 << 20
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def atomic_path(path: PathLike) -> Iterator[str]:
    """Give the name of a temporary file that gets the name `path` when the block is done.

    It lies in the same folder, is flushed to the disk and then renamed; when the block raises, nothing is left and an
    older file stays as it was. What is neither a file nor a folder, such as a device or a pipe, is given as it is.

    Args:
        path: the file to write; its folder is made when missing.

    Raises:
        IsADirectoryError: when `path` is a folder.
        OSError: the disk is full; it has the name of the file.
    """
    target = pathlib.Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir():
        raise IsADirectoryError(f"{target}: expected a file name; received a folder")
    if target.exists() and not target.is_file():
        yield str(target)
        return
    descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    os.close(descriptor)
    try:
        yield temporary
        publish(temporary, target)
    except BaseException as problem:
        if os.path.exists(temporary):
            os.unlink(temporary)
        if isinstance(problem, OSError) and problem.errno in _DISK_FULL and problem.filename is None:
            problem.filename = str(target)
        raise


def remove_unfinished(folder: PathLike, beginning: str) -> None:
    """Delete temporary files that a killed process has left of `atomic_path`.

    Args:
        folder: the folder; it may be missing.
        beginning: of the names that the files would have had. Nobody else may be writing such files.
    """
    for path in pathlib.Path(folder).glob(f".{glob.escape(beginning)}*.part"):
        path.unlink()


def publish(temporary: PathLike, path: PathLike) -> None:
    """Flush a complete temporary file to the disk and give it its name, with the permissions of a new file.

    Args:
        temporary: the file, in the folder of `path`.
        path: its name from now on.
    """
    # mkstemp makes files private; a written file gets the permissions that open() would have given it.
    mask = os.umask(0)
    os.umask(mask)
    os.chmod(temporary, 0o666 & ~mask)
    with open(temporary, "rb") as file:
        os.fsync(file.fileno())
    os.replace(temporary, path)


@contextmanager
def atomic_write(path: PathLike, mode: str = "wb", **options: Any) -> Iterator[IO]:
    """Open a file that appears under its name only when it is complete.

    The text goes to a temporary file, as in `atomic_path`; when the block raises, nothing is left.

    Args:
        path: the file to write; its folder is made when missing.
        mode: `"wb"` or `"w"`.
        options: further arguments of `open`, such as `encoding`.

    Raises:
        IsADirectoryError: when `path` is a folder.
    """
    with atomic_path(path) as temporary, open(temporary, mode, **options) as file:
        yield file


def hash_file(path: PathLike, algorithm: str = "sha256") -> str:
    """Return the hash of a file as hexadecimal text.

    Args:
        path: the file.
        algorithm: a name that `hashlib.new` knows, such as `"sha256"` or `"md5"`.
    """
    digest = hashlib.new(algorithm)
    with open(path, "rb") as file:
        for chunk in iter(lambda: file.read(_CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def check_hash(path: PathLike, expected: str, algorithm: str = "auto") -> None:
    """Raise when a file's hash is not the expected one.

    Args:
        path: the file.
        expected: hash in hexadecimal.
        algorithm: `"sha256"`, `"md5"` or `"auto"` (by the length of `expected`).

    Raises:
        ArgumentError: when the hash differs or its kind is unknown.
    """
    if algorithm == "auto":
        algorithm = {64: "sha256", 32: "md5"}.get(len(expected), "")
    if algorithm not in ("sha256", "md5"):
        raise errors.ArgumentError(
            f"check_hash: expected a SHA-256 (64 digits) or MD5 (32 digits); received {expected!r}"
        )
    found = hash_file(path, algorithm)
    if found != expected.lower():
        raise errors.ArgumentError(
            f"{path}: expected {algorithm} {expected}; received {found}; the file is damaged or another version, "
            "delete it and try again"
        )


def cache_directory() -> "pathlib.Path":
    """Return GradMill's cache folder: `$XDG_CACHE_HOME/gradmill`, else `~/.cache/gradmill`. It may not exist yet."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return pathlib.Path(base) / "gradmill"
