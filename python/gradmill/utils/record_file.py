"""Files of records, each with checksums of its length and its content: TFRecord files, event files.

Source: TensorFlow's `record_writer.h`: length (8 bytes), masked CRC-32C of it, content, masked CRC-32C of that, all
little endian.
"""

import gzip
import io
import os
import struct
import sys
import zlib
from typing import Any, BinaryIO, Iterator

from gradmill import _core, errors

_LARGEST_PIECE = 1 << 20


def _masked_checksum(data: bytes) -> bytes:
    value = _core.crc32c(data)
    return struct.pack("<I", ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def record(content: bytes) -> bytes:
    """Return the content as it stands in a file."""
    length = struct.pack("<Q", len(content))
    return length + _masked_checksum(length) + content + _masked_checksum(content)


def open_records(path: Any, mode: str, compression: str = "") -> Any:
    """Open a file of records.

    Args:
        path: the file.
        mode: "rb" or "wb".
        compression: "", "GZIP" or "ZLIB".

    Raises:
        ArgumentError: another compression.
    """
    name = (compression or "").upper()
    if name not in ("", "GZIP", "ZLIB"):
        raise errors.ArgumentError(f"records: compression must be '', 'GZIP' or 'ZLIB'; received {compression!r}")
    if name == "ZLIB":
        return _Deflated(path, mode)
    return gzip.open(path, mode) if name else open(path, mode)


class _Deflated:
    """A file as one stream of zlib."""

    def __init__(self, path: Any, mode: str):
        self._file = open(path, mode)
        self._writes = "w" in mode
        self._packer, self._unpacker, self._ready = zlib.compressobj(), zlib.decompressobj(), b""

    def write(self, data: bytes) -> None:
        self._file.write(self._packer.compress(data))

    def __iter__(self) -> Iterator[bytes]:
        return iter(io.BytesIO(self.read()))

    def read(self, count: int = sys.maxsize) -> bytes:
        while len(self._ready) < count:
            packed = self._file.read(_LARGEST_PIECE)
            if not packed:
                break
            self._ready += self._unpacker.decompress(packed)
        found, self._ready = self._ready[:count], self._ready[count:]
        return found

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        if self._writes and not self._file.closed:
            self._file.write(self._packer.flush())
        self._file.close()

    def __enter__(self) -> "_Deflated":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


def read_records(path: Any, compression: str = "") -> Iterator[bytes]:
    """Yield the contents of a file's records.

    Args:
        path: the file.
        compression: "", "GZIP" or "ZLIB".

    Raises:
        DamagedFileError: a record is damaged or the file ends within one; names the file and the record.
    """
    with open_records(path, "rb", compression) as file:
        number, name = 0, os.fspath(path)
        while True:
            head = _read(file, 12)
            if not head:
                return
            number += 1
            if len(head) < 12 or _masked_checksum(head[:8]) != head[8:]:
                raise errors.DamagedFileError(f"{name}: record {number} is damaged: the checksum of its length")
            size = struct.unpack("<Q", head[:8])[0]
            content = _read(file, size + 4)
            if len(content) < size + 4:
                raise errors.DamagedFileError(f"{name}: record {number} is cut off after {len(content)} bytes")
            if _masked_checksum(content[:size]) != content[size:]:
                raise errors.DamagedFileError(f"{name}: record {number} is damaged: the checksum of its content")
            yield content[:size]


def _read(file: BinaryIO, size: int) -> bytes:
    """Up to `size` bytes, in pieces: a length that lies takes no memory before the file ends."""
    parts, left = [], size
    while left > 0:
        part = file.read(min(left, _LARGEST_PIECE))
        if not part:
            break
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
