"""Data sets of sound files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Optional

from gradmill import errors
from gradmill.data.files import FolderOptions, dataset_of_files
from gradmill.utils.wave_file import read_wave


def audio_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: Optional[str] = "int",
    class_names: Any = None,
    batch_size: Optional[int] = 32,
    sampling_rate: Optional[int] = None,
    output_sequence_length: Optional[int] = None,
    ragged: bool = False,
    shuffle: bool = True,
    seed: Optional[int] = None,
    validation_split: Optional[float] = None,
    subset: Optional[str] = None,
    follow_links: bool = False,
    verbose: bool = True,
) -> Any:
    """Return a data set of the WAV files with 16-bit samples in a folder.

    Args:
        directory, labels, label_mode, class_names, batch_size, shuffle, seed, validation_split, subset, follow_links,
            verbose: as in `image_dataset_from_directory`.
        sampling_rate: samples in a second that every file must have; None for any.
        output_sequence_length: samples of an element; longer sounds are cut, shorter ones filled with 0. None: the
            sounds of a batch are made as long as the longest.
        ragged: must be false.

    Returns:
        `Dataset` of float32 samples from -1 to 1, (batch, samples, channels), with labels unless there are none. It has
        the attributes `class_names` and `file_paths`.

    Raises:
        ArgumentError: for wrong options, or a folder without WAV files. A file that cannot be read, or has another
            rate than `sampling_rate`, raises when its turn comes, with its name.
        UnsupportedError: `ragged`.

    Reference: Keras 3, `keras.utils.audio_dataset_from_directory` (2023).

    Example:
        >>> import gradmill as gm
        >>> data = gm.utils.audio_dataset_from_directory("words", output_sequence_length=16000)  # doctest: +SKIP
    """
    who = "audio_dataset_from_directory"
    options = FolderOptions.among(locals())
    if ragged:
        raise errors.UnsupportedError(
            f"{who}: expected ragged=False; received {ragged!r}; leave output_sequence_length out to fill the "
            "sounds of a batch up to the longest"
        )
    for name, value in (("sampling_rate", sampling_rate), ("output_sequence_length", output_sequence_length)):
        if value is not None and (isinstance(value, bool) or not hasattr(value, "__index__") or value < 1):
            raise errors.ArgumentError(f"{who}: {name} must be a positive integer or None; received {value!r}")

    def read(path: bytes) -> Any:
        name = os.fsdecode(path)
        samples, rate = read_wave(Path(name).read_bytes(), None, output_sequence_length, name)
        if sampling_rate is not None and rate != sampling_rate:
            raise errors.ArgumentError(
                f"{who}: expected {sampling_rate} samples in a second; received {rate} in {name}; resample the files"
            )
        return samples

    return dataset_of_files(options, (".wav",), read, padded=output_sequence_length is None)
