"""Sequences of different lengths as one array."""

from typing import Any, Optional, Sequence

import numpy as np

from gradmill.errors import ArgumentError, ShapeError


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: Optional[int] = None,
    dtype: str = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Put sequences into the rows of one array; short ones are filled up, long ones cut.

    Args:
        sequences: lists or arrays, whose items may be arrays of one shape.
        maxlen: length of all rows; default: that of the longest.
        dtype: element type.
        padding: "pre" or "post": where rows are filled up.
        truncating: "pre" or "post": where rows are cut.
        value: what fills them up.

    Returns:
        array (sequences, maxlen, shape of an item).

    Raises:
        ArgumentError: something other than a list of sequences, or an unknown `padding` or `truncating`.
        ShapeError: items of different shapes.

    Example:
        >>> import gradmill as gm
        >>> gm.utils.pad_sequences([[1], [2, 3, 4]], maxlen=2, padding="post")
        array([[1, 0],
               [3, 4]], dtype=int32)
    """
    for name, given in (("padding", padding), ("truncating", truncating)):
        if given not in ("pre", "post"):
            raise ArgumentError(f"pad_sequences: expected {name} 'pre' or 'post'; received {given!r}")
    if not hasattr(sequences, "__len__") or any(not hasattr(each, "__len__") for each in sequences):
        raise ArgumentError("pad_sequences: expected a list of sequences; received something without lengths in it")
    length = max((len(each) for each in sequences), default=0) if maxlen is None else int(maxlen)
    item: tuple = next((np.asarray(each).shape[1:] for each in sequences if len(each)), ())
    result = np.full((len(sequences), length, *item), value, dtype=dtype)
    for row, sequence in zip(result, sequences):
        if not len(sequence) or not length:
            continue
        kept = np.asarray(sequence[-length:] if truncating == "pre" else sequence[:length], dtype=dtype)
        if kept.shape[1:] != item:
            raise ShapeError(f"pad_sequences: expected items of shape {item}; received {kept.shape[1:]}")
        row[slice(-len(kept), None) if padding == "pre" else slice(len(kept))] = kept
    return result
