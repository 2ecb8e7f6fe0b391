"""Safetensors files: named arrays behind a JSON header; read strictly, without running anything, and written.

A file is eight bytes with the length of the header (little endian), the header, and the values. The header maps each
name to dtype, shape and the place [begin, end) of its values; every byte belongs to exactly one array.

Source: the format description of the safetensors project (2023).
"""

from __future__ import annotations

import collections
import json
import math
import os
from typing import IO, TYPE_CHECKING, Any, Dict, List, Mapping, Tuple

import numpy as np

from gradmill.errors import ArgumentError
from gradmill.saving.hdf5 import PathLike
from gradmill.utils.lazy import LazyModule

if TYPE_CHECKING:
    import hashlib
else:
    hashlib = LazyModule("hashlib")

_DTYPES = {
    "BOOL": np.dtype("?"),
    "U8": np.dtype("u1"),
    "I8": np.dtype("i1"),
    "U16": np.dtype("<u2"),
    "I16": np.dtype("<i2"),
    "U32": np.dtype("<u4"),
    "I32": np.dtype("<i4"),
    "U64": np.dtype("<u8"),
    "I64": np.dtype("<i8"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items() if name != "BF16"}
# The last array of a file written with a checksum: the SHA-256 of all bytes before its own.
CHECKSUM = "__sha256__"
CHECKSUM_BYTES = 32
_LARGEST_HEADER = 100_000_000
_HIGHEST_RANK = 8


def read_safetensors(path: PathLike) -> Dict[str, np.ndarray]:
    """Return the arrays of a safetensors file; bfloat16 becomes float32, which holds it exactly.

    Args:
        path: the file.

    Returns:
        dict of read-only arrays that show the file's bytes (they are not copied), in the header's order.

    Raises:
        ArgumentError: not a safetensors file, cut short, or with a header that does not describe its bytes exactly.
        OSError: the file cannot be opened.
    """
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        start = file.read(8)
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length > min(_LARGEST_HEADER, size - 8):
            raise _bad(path, f"{size} bytes, of which the header would take {length}")
        header = file.read(length)
    entries = _parse_header(path, header)
    begin = 8 + length
    _check_cover(path, entries, size - begin)
    if not entries or size == begin:
        return {name: np.empty(shape, dtype) for name, dtype, shape, _, _ in map(_resolve, entries)}
    content = np.memmap(path, np.uint8, mode="r", offset=begin, shape=(size - begin,))
    arrays = {}
    for entry in entries:
        name, dtype, shape, first, last = _resolve(entry)
        array = np.frombuffer(content[first:last], dtype).reshape(shape)
        arrays[name] = (array.astype(np.uint32) << 16).view(np.float32) if entry[1] == "BF16" else array
    return arrays


Entry = Tuple[str, str, Tuple[int, ...], int, int]


def _resolve(entry: Entry) -> Tuple[str, np.dtype, Tuple[int, ...], int, int]:
    name, kind, shape, first, last = entry
    return name, _DTYPES[kind], shape, first, last


def write_safetensors(file: IO, arrays: Mapping[str, np.ndarray], checksum: bool = False) -> None:
    """Write a safetensors file.

    Args:
        file: open for writing bytes.
        arrays: arrays by name; large elements come first in the file, so that all are aligned.
        checksum: add the array `CHECKSUM` at the end.

    Raises:
        ArgumentError: an array of an element type that the format does not have; nothing is written then.
    """
    digest = hashlib.sha256()
    header: Dict[str, Any] = {}
    position = 0
    ordered = sorted(arrays.items(), key=lambda item: -item[1].dtype.itemsize)
    for name, array in ordered:
        kind = _NAMES.get(array.dtype.newbyteorder("<"))
        if kind is None or name in (CHECKSUM, "__metadata__"):
            raise ArgumentError(
                f"write_safetensors: expected arrays of {', '.join(_NAMES.values())}; received {name!r} of "
                f"{array.dtype}; convert it first"
            )
        header[name] = _describe(kind, list(array.shape), position, array.nbytes)
        position += array.nbytes
    if checksum:
        header[CHECKSUM] = _describe("U8", [CHECKSUM_BYTES], position, CHECKSUM_BYTES)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    for part in (len(text).to_bytes(8, "little"), text, *(_little_endian(array) for _, array in ordered)):
        digest.update(part)
        file.write(part)
    if checksum:
        file.write(digest.digest())


def _describe(kind: str, shape: List[int], position: int, size: int) -> Dict[str, Any]:
    return {"dtype": kind, "shape": shape, "data_offsets": [position, position + size]}


def _little_endian(array: np.ndarray) -> Any:
    plain = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return plain.reshape(-1).view(np.uint8).data


def check_checksum(path: PathLike) -> None:
    """Compare a file with the checksum at its end.

    Args:
        path: written by `write_safetensors` with a checksum.

    Raises:
        ArgumentError: another checksum, or a file too short to have one.
        OSError: the file cannot be opened.
    """
    digest = hashlib.sha256()
    left = os.path.getsize(path) - CHECKSUM_BYTES
    if left < 8:
        raise _bad(path, f"{left + CHECKSUM_BYTES} bytes")
    with open(path, "rb") as file:
        while left > 0:
            part = file.read(min(left, 1 << 20))
            if not part:
                raise _bad(path, "one that became shorter while it was read")
            digest.update(part)
            left -= len(part)
        if file.read() != digest.digest():
            raise _bad(path, "bytes that differ from those written: the checksum is another")


def _bad(path: PathLike, received: str) -> ArgumentError:
    return ArgumentError(
        f"{path}: expected a whole safetensors file; received {received}; the file is damaged or of another kind"
    )


def _parse_header(path: PathLike, header: bytes) -> List[Entry]:
    """Return (name, dtype, shape, begin, end) of every array."""
    twice: List[str] = []

    def collect(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice.extend(name for name, count in collections.Counter(name for name, _ in pairs).items() if count > 1)
        return found

    if header[:1] != b"{":
        raise _bad(path, "a header that is no JSON object")
    try:
        parsed = json.loads(header.decode("utf-8"), object_pairs_hook=collect)
    except (ValueError, RecursionError) as problem:
        raise _bad(path, f"a header that is no JSON ({problem})") from None
    if twice or not isinstance(parsed, dict):
        raise _bad(path, f"the name {twice[0]!r} twice" if twice else "a header that is no JSON object")
    parsed.pop("__metadata__", None)
    return [_parse_entry(path, name, entry) for name, entry in parsed.items()]


def _parse_entry(path: PathLike, name: str, entry: Any) -> Entry:
    keys = {"dtype", "shape", "data_offsets"}
    if not isinstance(entry, dict) or set(entry) != keys:
        raise _bad(path, f"an entry {name!r} without exactly {sorted(keys)}")
    kind, shape, place = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(kind, str) or kind not in _DTYPES:
        raise _bad(path, f"{name!r} of dtype {kind!r}, which is none of {', '.join(_DTYPES)}")
    if not _are_sizes(shape) or len(shape) > _HIGHEST_RANK or not _are_sizes(place) or len(place) != 2:
        raise _bad(path, f"{name!r} of shape {shape!r} at {place!r}")
    count = math.prod(shape)
    # NumPy counts the bytes of the other axes even if one has no entries.
    if math.prod(each or 1 for each in shape) * _DTYPES[kind].itemsize >= 1 << 62:
        raise _bad(path, f"{name!r} of shape {shape}, too large for any memory")
    if place[1] - place[0] != count * _DTYPES[kind].itemsize:
        raise _bad(path, f"{name!r} of shape {shape} and dtype {kind} in {place[1] - place[0]} bytes")
    return name, kind, tuple(shape), place[0], place[1]


def _are_sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(each) is int and 0 <= each < 1 << 62 for each in value)


def _check_cover(path: PathLike, entries: List[Entry], size: int) -> None:
    """Every byte belongs to exactly one array."""
    position = 0
    for name, _, _, first, last in sorted(entries, key=lambda entry: entry[3:]):
        if first != position:
            raise _bad(path, f"{name!r} at byte {first}, where byte {position} follows")
        position = last
    if position != size:
        raise _bad(path, f"{size} bytes of values, of which the header describes {position}")
