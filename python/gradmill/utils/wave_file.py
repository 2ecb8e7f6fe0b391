"""WAV files with 16-bit samples, by the standard library."""

import io
import wave
from typing import Any, Optional

import numpy as np

from gradmill.errors import ArgumentError

_SCALE = 32768.0


def read_wave(
    contents: bytes, channels: Optional[int] = None, samples: Optional[int] = None, name: str = "the bytes"
) -> tuple[np.ndarray, int]:
    """Return the samples of a WAV file, float32 from -1 to 1 (samples, channels), and how many there are in a second.

    Args:
        contents: the bytes of the file.
        channels: how many are wanted: further ones are dropped, missing ones copied from the last; None for all.
        samples: how many are wanted: further ones are dropped, missing ones 0; None for all.
        name: of the file, for messages.

    Raises:
        ArgumentError: the bytes are no WAV file with 16-bit samples.
    """
    try:
        with wave.open(io.BytesIO(contents)) as file:
            width, rate, found = file.getsampwidth(), file.getframerate(), file.getnchannels()
            data = file.readframes(file.getnframes())
    except (EOFError, wave.Error) as problem:
        raise ArgumentError(f"{name} cannot be read as a WAV file: {problem or 'it ends too early'}") from problem
    if width != 2:
        raise ArgumentError(f"{name}: expected a WAV file of 16-bit samples; received {8 * width}-bit samples")
    whole = len(data) // (2 * found) * found
    values = np.frombuffer(data, "<i2", whole).reshape(-1, found)
    if samples is not None:
        values = np.concatenate([values[:samples], np.zeros((max(samples - len(values), 0), found), "int16")])
    if channels is not None:
        values = values[:, np.minimum(np.arange(channels), found - 1)]
    return (values / _SCALE).astype("float32"), rate


def write_wave(samples: Any, rate: int) -> bytes:
    """Return the bytes of a WAV file with 16-bit samples.

    Args:
        samples: floats from -1 to 1, (samples, channels); what lies outside is cut off.
        rate: samples in a second.

    Raises:
        ArgumentError: another shape.
    """
    samples = np.asarray(samples)
    if samples.ndim != 2 or not samples.shape[1]:
        raise ArgumentError(f"expected samples of shape (samples, channels); received {samples.shape}")
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(int(rate))
        file.writeframes(np.clip(np.round(samples * _SCALE), -_SCALE, _SCALE - 1).astype("<i2").tobytes())
    return target.getvalue()
