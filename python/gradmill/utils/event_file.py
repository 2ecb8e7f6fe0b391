"""Event files, which TensorBoard shows: records of protocol buffers.

Source: TensorFlow's `event.proto` and `summary.proto` (numbers of fields).
"""

import io
import itertools
import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from gradmill import errors
from gradmill.utils.lazy import LazyModule
from gradmill.utils.protocol_buffers import bytes_field, double_field, float_field, varint_field
from gradmill.utils.record_file import record

if TYPE_CHECKING:
    import PIL.Image as pillow
else:
    pillow = LazyModule("PIL.Image")

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
        self._summary(tag, float_field(2, float(value)), step)

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
        body = b"".join(double_field(number, float(total)) for number, total in enumerate(totals, 1))
        body += bytes_field(6, edges[1:].astype("<f8").tobytes()) + bytes_field(7, counts.astype("<f8").tobytes())
        self._summary(tag, bytes_field(5, body), step)

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
        body = varint_field(1, height) + varint_field(2, width) + varint_field(3, channels)
        self._summary(tag, bytes_field(4, body + bytes_field(4, _png(array))), step)

    def text(self, tag: str, text: str, step: Optional[int] = None) -> None:
        """Write a text, which TensorBoard shows as Markdown."""
        tensor = varint_field(1, 7) + bytes_field(2, b"") + bytes_field(8, text.encode())  # 7: DT_STRING
        plugin = bytes_field(1, bytes_field(1, b"text"))
        self._summary(tag, bytes_field(8, tensor) + bytes_field(9, plugin), step)

    def flush(self) -> None:
        """Accept the call: nothing waits to be written."""

    def close(self) -> None:
        """End the file; a later event begins another."""
        self._path = None

    def _summary(self, tag: str, content: bytes, step: Optional[int]) -> None:
        value = bytes_field(1, str(tag).encode()) + content
        self._write(varint_field(2, int(step or 0)) + bytes_field(5, bytes_field(1, value)))

    def _write(self, content: bytes) -> None:
        records = _record(content)
        if self._path is None:
            self.log_dir.mkdir(parents=True, exist_ok=True)
            name = f"{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{next(_numbers)}.v2"
            self._path = self.log_dir / f"events.out.tfevents.{name}"
            records = _record(bytes_field(3, b"brain.Event:2")) + records
        with open(self._path, "ab") as file:
            file.write(records)


def _record(content: bytes) -> bytes:
    return record(double_field(1, time.time()) + content)


def _png(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    try:
        pillow.fromarray(array[..., 0] if array.shape[-1] == 1 else array).save(stream, "PNG")
    except ImportError:
        raise errors.UnsupportedError("image: writing pictures needs Pillow; pip install Pillow") from None
    return stream.getvalue()
