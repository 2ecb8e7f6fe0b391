"""Texts as lists of the numbers of their words, and how Keras prepares them."""

from typing import Any, List, Optional, Tuple

import numpy as np

from gradmill import errors


def check_arguments(owner: str, num_words: Any, skip_top: Any, maxlen: Any, index_from: Any, rest: dict) -> None:
    """Raise when an argument of `load_data` makes no sense.

    Raises:
        TypeError: an argument that is not known.
        ArgumentError: a number that is no integer or negative.
    """
    if rest:
        raise TypeError(f"{owner}.load_data: unexpected arguments {sorted(rest)}")
    for name, value, least in (
        ("num_words", num_words, 1), ("skip_top", skip_top, 0), ("maxlen", maxlen, 1), ("index_from", index_from, 0),
    ):  # fmt: skip
        is_number = isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= least
        if value is not None and not is_number:
            raise errors.ArgumentError(
                f"{owner}.load_data: expected {name} to be an integer >= {least}; received {value!r}"
            )


def marked(texts: Any, start_char: Optional[int], index_from: Optional[int]) -> List[List[int]]:
    """Return texts with a mark in front, if there is one, and their words counted from `index_from`."""
    shift = index_from or 0
    front = [] if start_char is None else [start_char]
    return [front + [word + shift for word in text] for text in texts]


def short_ones(
    owner: str, texts: List[List[int]], labels: np.ndarray, maxlen: Optional[int]
) -> Tuple[list, np.ndarray]:
    """Return the texts of fewer than `maxlen` words, marks included, and their labels.

    Raises:
        ArgumentError: when none is left.
    """
    if maxlen is None:
        return texts, labels
    kept = [number for number, text in enumerate(texts) if len(text) < maxlen]
    if not kept:
        raise errors.ArgumentError(f"{owner}.load_data: no text is shorter than maxlen={maxlen}; choose a larger one")
    return [texts[number] for number in kept], labels[kept]


def with_known_words(
    texts: List[List[int]], num_words: Optional[int], skip_top: int, oov_char: Optional[int]
) -> np.ndarray:
    """Return texts (an array of lists) in which words outside [skip_top, num_words) are `oov_char`, or left out.

    Without `num_words` the largest number in the texts stands in for it, so that word counts as unknown, as in Keras.
    """
    end = num_words or max((max(text) for text in texts if text), default=0)
    known = np.empty(len(texts), object)
    for number, text in enumerate(texts):
        if oov_char is None:
            known[number] = [word for word in text if skip_top <= word < end]
        else:
            known[number] = [word if skip_top <= word < end else oov_char for word in text]
    return known
