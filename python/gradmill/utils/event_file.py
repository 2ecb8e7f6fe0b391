"""Event files, which TensorBoard shows: records of protocol buffers, each with checksums of its length and its content.

Sources: TensorFlow's `record_writer.h` (framing: length, masked CRC-32C of it, data, masked CRC-32C of them, all little
endian) and `event.proto`, `summary.proto` (numbers of fields). Protocol buffers' encoding is that of its documentation.
"""

import functools
import io
import itertools
import os
import socket
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, List, Optional

import numpy as np

from gradmill import errors
from gradmill.utils.lazy import LazyModule

if TYPE_CHECKING:
    import PIL.Image as pillow
else:
    pillow = LazyModule("PIL.Image")

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # kinds of fields
_numbers = itertools.count()


class EventFileWriter:
    """Writes scalars, histograms, images and texts for TensorBoard.

    The file is made with the first event. Each event is written at once, so a killed program loses none.

    Args:
        log_dir: folder; made where it is missing.

    Example:
        >>> import tempfile
        >>> folder = tempfile.mkdtemp()
        >>> writer = EventFileWriter(folder)
        >>> writer.scalar("loss", 0.5, step=3)
        >>> writer.close()
        >>> [name.startswith("events.out.tfevents.") for name in os.listdir(folder)]
        [True]
    """

    def __init__(self, log_dir: Any):
        self.log_dir = Path(os.fspath(log_dir))
        self._path: Optional[Path] = None

    def scalar(self, tag: str, value: Any, step: Optional[int] = None) -> None:
        """Write a number.

        Args:
            tag: name of the curve.
            value: anything that `float` takes.
            step: where on the horizontal axis.
        """
        self._summary(tag, _float_field(2, float(value)), step)

    def histogram(self, tag: str, values: Any, step: Optional[int] = None, buckets: int = 30) -> None:
        """Write how values are distributed.

        Args:
            tag: name.
            values: array of any shape; values that are not finite are left out.
            step: where on the axis of time.
            buckets: how many, of equal width.
        """
        flat = np.asarray(values, np.float64).ravel()
        flat = flat[np.isfinite(flat)]
        if not flat.size:
            return
        counts, edges = np.histogram(flat, bins=buckets)
        totals = (flat.min(), flat.max(), flat.size, flat.sum(), np.square(flat).sum())
        body = b"".join(_double_field(number, float(total)) for number, total in enumerate(totals, 1))
        body += _bytes_field(6, edges[1:].astype("<f8").tobytes()) + _bytes_field(7, counts.astype("<f8").tobytes())
        self._summary(tag, _bytes_field(5, body), step)

    def image(self, tag: str, image: Any, step: Optional[int] = None) -> None:
        """Write a picture; needs Pillow.

        Args:
            tag: name.
            image: (height, width, 1, 3 or 4), uint8 from 0 to 255 or floats from 0 to 1.
            step: where on the axis of time.
        """
        array = np.asarray(image)
        if array.ndim != 3 or array.shape[-1] not in (1, 3, 4):
            raise errors.ShapeError(
                f"image {tag!r}: expected shape (height, width, 1, 3 or 4); received {array.shape}; reshape it"
            )
        if array.dtype != np.uint8:
            array = np.clip(array.astype(np.float64) * 255.0 + 0.5, 0, 255).astype(np.uint8)
        height, width, channels = array.shape
        body = _varint_field(1, height) + _varint_field(2, width) + _varint_field(3, channels)
        self._summary(tag, _bytes_field(4, body + _bytes_field(4, _png(array))), step)

    def text(self, tag: str, text: str, step: Optional[int] = None) -> None:
        """Write a text, which TensorBoard shows as Markdown."""
        tensor = _varint_field(1, 7) + _bytes_field(2, b"") + _bytes_field(8, text.encode())  # 7: DT_STRING
        plugin = _bytes_field(1, _bytes_field(1, b"text"))
        self._summary(tag, _bytes_field(8, tensor) + _bytes_field(9, plugin), step)

    def flush(self) -> None:
        """Accept the call: nothing waits to be written."""

    def close(self) -> None:
        """End the file; a later event begins another."""
        self._path = None

    def _summary(self, tag: str, content: bytes, step: Optional[int]) -> None:
        value = _bytes_field(1, str(tag).encode()) + content
        self._write(_varint_field(2, int(step or 0)) + _bytes_field(5, _bytes_field(1, value)))

    def _write(self, content: bytes) -> None:
        records = _record(content)
        if self._path is None:
            self.log_dir.mkdir(parents=True, exist_ok=True)
            name = f"{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{next(_numbers)}.v2"
            self._path = self.log_dir / f"events.out.tfevents.{name}"
            records = _record(_bytes_field(3, b"brain.Event:2")) + records
        with open(self._path, "ab") as file:
            file.write(records)


def _record(content: bytes) -> bytes:
    event = _double_field(1, time.time()) + content
    length = struct.pack("<Q", len(event))
    return length + _masked_checksum(length) + event + _masked_checksum(event)


def _png(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    try:
        pillow.fromarray(array[..., 0] if array.shape[-1] == 1 else array).save(stream, "PNG")
    except ImportError:
        raise errors.UnsupportedError("image: writing pictures needs Pillow; pip install Pillow") from None
    return stream.getvalue()


@functools.cache
def _checksum_table() -> List[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)  # Castagnoli's polynomial, reversed
        table.append(byte)
    return table


def checksum(data: bytes) -> int:
    """Return the CRC-32C.

    Example:
        >>> hex(checksum(b"123456789"))
        '0xe3069283'
    """
    table, value = _checksum_table(), 0xFFFFFFFF
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF


def _masked_checksum(data: bytes) -> bytes:
    value = checksum(data)
    return struct.pack("<I", ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def _varint(value: int) -> bytes:
    value &= 2**64 - 1
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def _key(number: int, kind: int) -> bytes:
    return _varint(number << 3 | kind)


def _varint_field(number: int, value: int) -> bytes:
    return _key(number, _VARINT) + _varint(value)


def _bytes_field(number: int, value: bytes) -> bytes:
    return _key(number, _BYTES) + _varint(len(value)) + value


def _float_field(number: int, value: float) -> bytes:
    return _key(number, _FIXED32) + struct.pack("<f", value)


def _double_field(number: int, value: float) -> bytes:
    return _key(number, _FIXED64) + struct.pack("<d", value)
