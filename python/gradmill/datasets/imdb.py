"""Reviews of films as lists of words, good or bad (Maas et al. 2011), as Keras prepares them."""

from typing import Any, Dict, Optional, Tuple

import numpy as np

from gradmill.datasets.npz_file import PublishedFile, shuffled
from gradmill.datasets.word_sequences import check_arguments, marked, short_ones, with_known_words

_REVIEWS = PublishedFile("imdb.npz", "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f")
_WORDS = PublishedFile("imdb_word_index.json", "bfafd718b763782e994055a2d397834f")


def load_data(
    path: Any = "imdb.npz",
    num_words: Optional[int] = None,
    skip_top: int = 0,
    maxlen: Optional[int] = None,
    seed: int = 113,
    start_char: Optional[int] = 1,
    oov_char: Optional[int] = 2,
    index_from: Optional[int] = 3,
    **kwargs: Any,
) -> Tuple[Tuple[np.ndarray, np.ndarray], Tuple[np.ndarray, np.ndarray]]:
    """Load 25,000 reviews to train and as many to test.

    Words are numbered by how often they occur, behind `index_from`; 0 is for padding. Looks for `imdb.npz` in `path`;
    `$GRADMILL_DATA`; the user's cache; then downloads it (17 MB) once and checks its SHA-256. Its pickles are read by a
    parser that runs nothing.

    Args:
        path: that file, or its folder; a name alone stands for the usual places.
        num_words: only words of smaller numbers are known.
        skip_top: words of smaller numbers (the most frequent ones) count as unknown.
        maxlen: reviews of as many words, or more, are left out.
        seed: of the order of the reviews.
        start_char: number in front of each review; None for nothing.
        oov_char: number in place of unknown words; None leaves them out.
        index_from: the number before that of the most frequent word.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: arrays of lists of integers, and int64 labels, 1 for good ones.

    Raises:
        ArgumentError: when the file is missing or damaged, or no review is short enough.
        TypeError: an argument that is not known.

    Example:
        >>> import gradmill as gm
        >>> (x_train, y_train), (x_test, y_test) = gm.datasets.imdb.load_data(num_words=20000)  # doctest: +SKIP
        >>> x_train = gm.utils.pad_sequences(x_train, maxlen=80)  # doctest: +SKIP
    """
    num_words = kwargs.pop("nb_words", num_words)
    check_arguments("imdb", num_words, skip_top, maxlen, index_from, kwargs)
    x_train, y_train, x_test, y_test = _REVIEWS.read_arrays(("x_train", "y_train", "x_test", "y_test"), path)
    # One stream of random numbers orders both parts.
    generator = np.random.RandomState(seed)
    x_train, y_train = shuffled((x_train, y_train), generator)
    x_test, y_test = shuffled((x_test, y_test), generator)
    train, y_train = short_ones("imdb", marked(x_train, start_char, index_from), y_train, maxlen)
    test, y_test = short_ones("imdb", marked(x_test, start_char, index_from), y_test, maxlen)
    known = with_known_words(train + test, num_words, skip_top, oov_char)
    return (known[: len(train)], y_train), (known[len(train) :], y_test)


def get_word_index(path: Any = "imdb_word_index.json") -> Dict[str, int]:
    """Return the number of each word, 1 for the most frequent one; `load_data` adds `index_from`.

    Args:
        path: as in `load_data`.

    Raises:
        ArgumentError: when the file is missing or damaged.

    Example:
        >>> import gradmill as gm
        >>> gm.datasets.imdb.get_word_index()["the"]  # doctest: +SKIP
        1
    """
    return _WORDS.read_json(path)
