"""`tf.io`: files, and images in files."""

from __future__ import annotations

import base64
import glob
import io
import os
from pathlib import Path
from typing import Any, Optional

import numpy as np

from gradmill import _core, ops
from gradmill.errors import ArgumentError, UnsupportedError
from gradmill.tensorflow.dtype_names import as_dtype
from gradmill.tensorflow.string_ops import each_text
from gradmill.utils.files import atomic_write
from gradmill.utils.lazy import LazyModule
from gradmill.utils.text_values import Text, text_of

_pillow = LazyModule("PIL.Image")
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def read_file(filename: Any, name: Any = None) -> Text:
    """`tf.io.read_file`: the bytes of a file."""
    return Text(Path(text_of(filename)).read_bytes())


def write_file(filename: Any, contents: Any, name: Any = None) -> None:
    """`tf.io.write_file`: a file with these bytes; folders are made where they are missing."""
    contents = contents.item() if isinstance(contents, np.ndarray) else contents
    with atomic_write(text_of(filename)) as file:
        file.write(contents if isinstance(contents, bytes) else str(contents).encode())


def decode_image(
    contents: Any,
    channels: Optional[int] = None,
    dtype: Any = "uint8",
    name: Any = None,
    expand_animations: bool = True,
) -> Any:
    """`tf.io.decode_image`: the pixels (height, width, channels) of a PNG, JPEG, BMP or GIF file's bytes.

    Raises:
        UnsupportedError: Pillow is not installed.
        ArgumentError: the bytes are no image that can be read, or `channels` is not 0, 1, 3 or 4.
    """
    contents = contents.item() if isinstance(contents, np.ndarray) else contents
    if (channels or 0) not in (0, *_MODES):
        raise ArgumentError(f"tf.io.decode_image: expected channels 0, 1, 3 or 4; received {channels!r}")
    try:
        picture = _pillow.open(io.BytesIO(contents))
        count = channels or {"1": 1, "L": 1, "RGBA": 4, "LA": 4, "PA": 4}.get(picture.mode, 3)
        pixels = np.asarray(picture.convert(_MODES[count]))
    except ModuleNotFoundError:
        raise UnsupportedError("tf.io.decode_image: expected the package Pillow; install it with pip") from None
    except (OSError, SyntaxError, TypeError) as error:
        raise ArgumentError(f"tf.io.decode_image: expected the bytes of an image; {error}") from None
    image = _core.tensor(pixels.reshape((*pixels.shape[:2], count)).copy())
    wanted = as_dtype(dtype)
    return ops.divide(ops.cast(image, wanted), 255.0) if wanted.is_floating else ops.cast(image, wanted)


def decode_png(contents: Any, channels: int = 0, dtype: Any = "uint8", name: Any = None) -> Any:
    """`tf.io.decode_png`: the pixels of a PNG file's bytes; see `decode_image`."""
    return decode_image(contents, channels, dtype)


def decode_jpeg(contents: Any, channels: int = 0, ratio: int = 1, name: Any = None, **_: Any) -> Any:
    """`tf.io.decode_jpeg`: the pixels of a JPEG file's bytes; see `decode_image`."""
    image = decode_image(contents, channels)
    return image if ratio == 1 else image[::ratio, ::ratio]


def decode_bmp(contents: Any, channels: int = 0, name: Any = None) -> Any:
    """`tf.io.decode_bmp`: the pixels of a BMP file's bytes; see `decode_image`."""
    return decode_image(contents, channels)


def _encoded(image: Any, form: str, **options: Any) -> Text:
    pixels = np.asarray(image)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[-1] not in _MODES:
        raise ArgumentError(
            f"tf.io.encode_{form}: expected uint8 pixels (height, width, 1, 3 or 4); received {pixels.dtype} "
            f"{pixels.shape}"
        )
    target = io.BytesIO()
    _pillow.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(target, form, **options)
    return Text(target.getvalue())


def encode_png(image: Any, compression: int = 6, name: Any = None) -> Text:
    """`tf.io.encode_png`: the bytes of a PNG file."""
    return _encoded(image, "png", compress_level=max(compression, 0))


def encode_jpeg(image: Any, format: str = "", quality: int = 95, name: Any = None, **_: Any) -> Text:
    """`tf.io.encode_jpeg`: the bytes of a JPEG file."""
    return _encoded(image, "jpeg", quality=quality)


def decode_raw(input_bytes: Any, out_type: Any, little_endian: bool = True, name: Any = None) -> Any:
    """`tf.io.decode_raw`: numbers from their bytes."""
    input_bytes = input_bytes.item() if isinstance(input_bytes, np.ndarray) else input_bytes
    dtype = np.dtype(as_dtype(out_type).as_numpy_dtype).newbyteorder("<" if little_endian else ">")
    return _core.tensor(np.frombuffer(input_bytes, dtype).astype(as_dtype(out_type)))


def decode_base64(input: Any, name: Any = None) -> Any:
    """`tf.io.decode_base64`: bytes from web-safe base64, of each string of an array."""
    return each_text(lambda text: base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4)), input)


def encode_base64(input: Any, pad: bool = False, name: Any = None) -> Any:
    """`tf.io.encode_base64`: web-safe base64 of each string, with `=` at the end if `pad`."""

    def encode(text: bytes) -> bytes:
        coded = base64.urlsafe_b64encode(text)
        return coded if pad else coded.rstrip(b"=")

    return each_text(encode, input)


def makedirs(path: Any) -> None:
    """`tf.io.gfile.makedirs`: make a folder and those above it."""
    os.makedirs(text_of(path), exist_ok=True)


DECODERS: dict[str, Any] = {each.__name__: each for each in (
    decode_bmp, decode_image, decode_jpeg, decode_png, encode_jpeg, encode_png,
)}  # fmt: skip
IO: dict[str, Any] = {
    **DECODERS,
    **{each.__name__: each for each in (decode_base64, decode_raw, encode_base64, read_file, write_file)},
}
GFILE: dict[str, Any] = {
    "GFile": open, "exists": os.path.exists, "glob": glob.glob, "isdir": os.path.isdir, "join": os.path.join,
    "listdir": os.listdir, "makedirs": makedirs, "remove": os.remove,
}  # fmt: skip
