"""The wire format of protocol buffers, as far as event files and TFRecord files use it.

Source: the documentation of protocol buffers, "Encoding".
"""

import struct
from typing import Any, Dict, Iterable, List, Tuple

from gradmill import errors

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # kinds of fields


def varint(value: int) -> bytes:
    """Return an integer of 64 bits in groups of seven.

    Example:
        >>> varint(300).hex()
        'ac02'
    """
    value &= 2**64 - 1
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def varint_field(number: int, value: int) -> bytes:
    """Return a field that holds an integer."""
    return varint(number << 3 | _VARINT) + varint(value)


def bytes_field(number: int, value: bytes) -> bytes:
    """Return a field that holds bytes: text, a message, or packed numbers."""
    return varint(number << 3 | _BYTES) + varint(len(value)) + value


def float_field(number: int, value: float) -> bytes:
    """Return a field that holds a number of 32 bits."""
    return varint(number << 3 | _FIXED32) + struct.pack("<f", value)


def double_field(number: int, value: float) -> bytes:
    """Return a field that holds a number of 64 bits."""
    return varint(number << 3 | _FIXED64) + struct.pack("<d", value)


def read_varint(data: bytes, place: int) -> Tuple[int, int]:
    """Return the integer that begins at `place`, and the place behind it.

    Raises:
        DamagedFileError: the data end within it, or it has more than 64 bits.
    """
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            raise errors.DamagedFileError("protocol buffer: expected the rest of a number; the data end")
        byte = data[place]
        value, place = value | (byte & 0x7F) << shift, place + 1
        if byte < 0x80:
            return value & (2**64 - 1), place
    raise errors.DamagedFileError("protocol buffer: expected a number of at most 10 bytes; received more")


def read_fields(message: bytes) -> Dict[int, List[Any]]:
    """Return the values of a message's fields by their numbers: integers for varints, else bytes.

    Args:
        message: the message.

    Raises:
        DamagedFileError: it is no message, or ends within a field.

    Example:
        >>> read_fields(varint_field(1, 5) + bytes_field(2, b"x"))
        {1: [5], 2: [b'x']}
    """
    found: Dict[int, List[Any]] = {}
    place = 0
    while place < len(message):
        key, place = read_varint(message, place)
        number, kind = key >> 3, key & 7
        if kind not in (_VARINT, _FIXED64, _BYTES, _FIXED32) or number == 0:
            raise errors.DamagedFileError(f"protocol buffer: expected a field; received number {number} of kind {kind}")
        value: Any
        if kind in (_VARINT, _BYTES):
            value, place = read_varint(message, place)
        if kind != _VARINT:
            size = value if kind == _BYTES else 8 if kind == _FIXED64 else 4
            if size > len(message) - place:
                raise errors.DamagedFileError(
                    f"protocol buffer: field {number} says {size} bytes; {len(message) - place} are left"
                )
            value, place = message[place : place + size], place + size
        found.setdefault(number, []).append(value)
    return found


def read_integers(values: Iterable[Any]) -> List[int]:
    """Return the signed 64-bit integers of a repeated field, packed or not.

    Args:
        values: what `read_fields` found.
    """
    found = []
    for value in values:
        if isinstance(value, int):
            found.append(value)
            continue
        place = 0
        while place < len(value):
            number, place = read_varint(value, place)
            found.append(number)
    return [number - 2**64 if number >= 2**63 else number for number in found]
