"""Newswires of Reuters as lists of words, by topic (Lewis 1997), as Keras prepares them."""

from typing import Any, Dict, Optional, Tuple

import numpy as np

from gradmill.datasets.npz_file import PublishedFile, shuffled, split
from gradmill.datasets.word_sequences import check_arguments, marked, short_ones, with_known_words

_WIRES = PublishedFile("reuters.npz", "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916")
_WORDS = PublishedFile("reuters_word_index.json", "4d44cc38712099c9e383dc6e5f11a921")
_TOPICS = (
    "cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves ship cotton carcass "
    "crude nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin strategic-metal livestock retail ipi "
    "iron-steel rubber heat jobs lei bop zinc orange pet-chem dlr gas silver wpi hog lead"
)


def load_data(
    path: Any = "reuters.npz",
    num_words: Optional[int] = None,
    skip_top: int = 0,
    maxlen: Optional[int] = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: Optional[int] = 1,
    oov_char: Optional[int] = 2,
    index_from: Optional[int] = 3,
    **kwargs: Any,
) -> Tuple[Tuple[np.ndarray, np.ndarray], Tuple[np.ndarray, np.ndarray]]:
    """Load 11,228 newswires of 46 topics (see `get_label_names`); the file is found as that of `imdb.load_data`.

    Args:
        path: `reuters.npz`, or its folder; a name alone stands for the usual places.
        num_words, skip_top, maxlen, seed, start_char, oov_char, index_from: as in `imdb.load_data`.
        test_split: share of the newswires that are for testing.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: arrays of lists of integers, and int64 labels 0 to 45.

    Raises:
        ArgumentError: when the file is missing or damaged, or no newswire is short enough.
        TypeError: an argument that is not known.

    Example:
        >>> import gradmill as gm
        >>> (x_train, y_train), (x_test, y_test) = gm.datasets.reuters.load_data(num_words=1000)  # doctest: +SKIP
    """
    num_words = kwargs.pop("nb_words", num_words)
    check_arguments("reuters", num_words, skip_top, maxlen, index_from, kwargs)
    texts, labels = shuffled(_WIRES.read_arrays(("x", "y"), path), np.random.RandomState(seed))
    kept, labels = short_ones("reuters", marked(texts, start_char, index_from), labels, maxlen)
    return split(with_known_words(kept, num_words, skip_top, oov_char), labels, test_split)


def get_word_index(path: Any = "reuters_word_index.json") -> Dict[str, int]:
    """Return the number of each word, 1 for the most frequent one; `load_data` adds `index_from`.

    Args:
        path: as in `load_data`.

    Raises:
        ArgumentError: when the file is missing or damaged.

    Example:
        >>> import gradmill as gm
        >>> words = gm.datasets.reuters.get_word_index()  # doctest: +SKIP
    """
    return _WORDS.read_json(path)


def get_label_names() -> Tuple[str, ...]:
    """Return the topics by their labels.

    Example:
        >>> import gradmill as gm
        >>> gm.datasets.reuters.get_label_names()[3]
        'earn'
    """
    return tuple(_TOPICS.split())
