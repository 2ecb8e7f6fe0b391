"""IDX, the file format of MNIST, read strictly.

A file is: two zero bytes, a byte for the element type (8 = uint8), a byte for the rank, one big-endian 32-bit size
per dimension, then the values (LeCun, Cortes and Burges 1998).
"""

import gzip
import hashlib
import zlib
from pathlib import Path
from typing import BinaryIO, Optional, Tuple, cast

import numpy as np

from gradmill import errors

_UINT8 = 8
_GZIP_MAGIC = b"\x1f\x8b"


def read_idx(path: Path, shape: Optional[Tuple[int, ...]] = None, rank: Optional[int] = None) -> np.ndarray:
    """Return the uint8 array of an IDX file, gzipped or not.

    Args:
        path: the file.
        shape: shape the file must hold; default: any.
        rank: rank the file must have; default: any, or that of `shape`.

    Returns:
        uint8 array.

    Raises:
        ArgumentError: when the file is not IDX, holds another shape, is cut short, or has bytes after its values.
    """
    rank = len(shape) if shape is not None else rank
    header, values = _read_parts(path)
    found = tuple(int.from_bytes(header[4 + 4 * i : 8 + 4 * i], "big") for i in range(header[3]))
    if rank is not None and len(found) != rank:
        raise errors.ArgumentError(f"{path}: expected an IDX file of rank {rank}; received shape {found}")
    if shape is not None and found != tuple(shape):
        raise errors.ArgumentError(f"{path}: expected an IDX file of shape {tuple(shape)}; received {found}")
    return np.frombuffer(values, np.uint8).reshape(found)


def content_hash(path: Path, largest: int = 1 << 30) -> str:
    """Return the SHA-256 of the file's content after gunzipping: the same however the file was packed."""
    digest = hashlib.sha256()
    read = 0
    with _open(path) as file:
        try:
            for chunk in iter(lambda: file.read(1 << 20), b""):
                read += len(chunk)
                if read > largest:
                    raise errors.ArgumentError(f"{path}: unpacks to more than the {largest} bytes expected")
                digest.update(chunk)
        except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
            raise _damaged(path, problem) from problem
    return digest.hexdigest()


def _open(path: Path) -> BinaryIO:
    with open(path, "rb") as file:
        packed = file.read(2) == _GZIP_MAGIC
    return cast(BinaryIO, gzip.open(path, "rb")) if packed else open(path, "rb")


def _damaged(path: Path, problem: Exception) -> errors.ArgumentError:
    return errors.ArgumentError(
        f"{path}: expected a complete gzip file; received a truncated or damaged one ({problem}); fetch it again"
    )


def _read_parts(path: Path) -> Tuple[bytes, bytes]:
    """Return header and values; never reads more than the header announces and one byte."""
    with _open(path) as file:
        try:
            header = file.read(4)
            if len(header) < 4 or header[:2] != b"\0\0" or header[2] != _UINT8 or not 1 <= header[3] <= 8:
                raise errors.ArgumentError(
                    f"{path}: expected an IDX file of bytes (magic 00 00 08 01..08); received "
                    f"{header.hex(' ') or 'nothing'}"
                )
            sizes = file.read(4 * header[3])
            if len(sizes) < 4 * header[3]:
                raise errors.ArgumentError(f"{path}: truncated IDX header: expected {header[3]} sizes of 4 bytes")
            count = 1
            for i in range(header[3]):
                count *= int.from_bytes(sizes[4 * i : 4 * i + 4], "big")
            if count > 1 << 32:
                raise errors.ArgumentError(f"{path}: the header announces {count} values, more than 4 GiB; refused")
            values = _read_up_to(file, count + 1)
        except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
            raise _damaged(path, problem) from problem
    if len(values) != count:
        state = "truncated" if len(values) < count else "longer than its header says"
        received = str(len(values)) if len(values) < count else f"more than {count}"
        raise errors.ArgumentError(f"{path}: {state}: expected {count} values; received {received}; fetch it again")
    return header + sizes, values


def _read_up_to(file: BinaryIO, limit: int) -> bytes:
    """Read in pieces, so that a header with a wrong huge size costs no memory."""
    pieces, left = [], limit
    while left > 0:
        piece = file.read(min(left, 1 << 24))
        if not piece:
            break
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)
