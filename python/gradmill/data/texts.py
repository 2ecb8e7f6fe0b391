"""Data sets of text files."""

from __future__ import annotations

from typing import Any, Optional

from gradmill import errors
from gradmill.data.files import FolderOptions, dataset_of_files


def text_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: Optional[str] = "int",
    class_names: Any = None,
    batch_size: Optional[int] = 32,
    max_length: Optional[int] = None,
    shuffle: bool = True,
    seed: Optional[int] = None,
    validation_split: Optional[float] = None,
    subset: Optional[str] = None,
    follow_links: bool = False,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Return a data set of the texts (`.txt`) in a folder.

    Args:
        directory, labels, label_mode, class_names, batch_size, shuffle, seed, validation_split, subset, follow_links,
            verbose: as in `image_dataset_from_directory`.
        max_length: bytes of a text that are kept; None for all.
        format: accepted; there is one kind of data set.

    Returns:
        `Dataset` of bytes, with labels unless there are none. It has the attributes `class_names` and `file_paths`.

    Raises:
        ArgumentError: for wrong options, or a folder without texts.

    Reference: Keras 3, `keras.utils.text_dataset_from_directory` (2023).

    Example:
        >>> import gradmill as gm
        >>> data = gm.utils.text_dataset_from_directory("reviews", label_mode="binary")  # doctest: +SKIP
    """
    who = "text_dataset_from_directory"
    options = FolderOptions.among(locals())
    if max_length is not None and (not isinstance(max_length, int) or max_length < 1):
        raise errors.ArgumentError(f"{who}: max_length must be a positive integer; received {max_length!r}")

    def read(path: bytes) -> bytes:
        with open(path, "rb") as file:
            return file.read() if max_length is None else file.read(max_length)

    return dataset_of_files(options, (".txt",), read)
