"""Texts as lists of numbers: words are counted, and numbered from the most frequent one on."""

from __future__ import annotations

import collections
import hashlib
import json
from typing import Any, Callable, Iterable, Iterator, Optional, Sequence, Union

import numpy as np

from gradmill.errors import ArgumentError

__all__ = ["Tokenizer", "hashing_trick", "one_hot", "text_to_word_sequence", "tokenizer_from_json"]

_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_MODES = ("binary", "count", "freq", "tfidf")
# What a configuration holds as JSON within JSON, and whether its keys are numbers.
_TABLES = {"word_counts": False, "word_docs": False, "index_docs": True, "index_word": True, "word_index": False}


def text_to_word_sequence(input_text: str, filters: str = _FILTERS, lower: bool = True, split: str = " ") -> list[str]:
    """Return the words of a text.

    Args:
        input_text: the text.
        filters: characters that separate words like `split`.
        lower: whether the text is brought to lower case.
        split: what separates words.

    Returns:
        list of words, none of them empty.

    Raises:
        ArgumentError: something other than text.

    Example:
        >>> import gradmill as gm
        >>> gm.preprocessing.text.text_to_word_sequence("Well, well!")
        ['well', 'well']
    """
    if not isinstance(input_text, str):
        raise ArgumentError(f"text_to_word_sequence: expected text; received {input_text!r}")
    text = input_text.lower() if lower else input_text
    separated = text.translate({ord(each): split for each in filters})
    return [word for word in separated.split(split) if word]


def one_hot(
    input_text: str,
    n: int,
    filters: str = _FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Optional[Callable] = None,
) -> list[int]:
    """Return a number from 1 to n - 1 for each word, by Python's `hash`; different words may have the same one.

    Args:
        input_text: the text.
        n: one more than the largest number.
        filters, lower, split: as for `text_to_word_sequence`.
        analyzer: makes words of a text in place of `text_to_word_sequence`.

    Returns:
        list of numbers, which differ from process to process as `hash` does.

    Raises:
        ArgumentError: n below 2, or something other than text.

    Example:
        >>> import gradmill as gm
        >>> first, second = gm.preprocessing.text.one_hot("again again", 50)
        >>> first == second
        True
    """
    return hashing_trick(input_text, n, hash, filters, lower, split, analyzer)


def hashing_trick(
    text: str,
    n: int,
    hash_function: Union[Callable[[str], int], str, None] = None,
    filters: str = _FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Optional[Callable] = None,
) -> list[int]:
    """Return a number from 1 to n - 1 for each word; different words may have the same one.

    Args:
        text: the text.
        n: one more than the largest number.
        hash_function: function from a word to an integer, "md5" for one that gives the same in every process, or None
            for Python's `hash`.
        filters, lower, split: as for `text_to_word_sequence`.
        analyzer: makes words of a text in place of `text_to_word_sequence`.

    Returns:
        list of numbers.

    Raises:
        ArgumentError: n below 2, an unknown name of a hash function, or something other than text.

    Example:
        >>> import gradmill as gm
        >>> gm.preprocessing.text.hashing_trick("one three one", 6, hash_function=len)
        [4, 1, 4]
    """
    if n < 2:
        raise ArgumentError(f"hashing_trick: expected n of at least 2; received {n!r}")
    number = _md5 if hash_function == "md5" else hash if hash_function is None else hash_function
    if not callable(number):
        raise ArgumentError(f"hashing_trick: expected hash_function 'md5', a function or None; received {number!r}")
    words = analyzer(text) if analyzer is not None else text_to_word_sequence(text, filters, lower, split)
    return [number(word) % (n - 1) + 1 for word in words]


def _md5(word: str) -> int:
    return int.from_bytes(hashlib.md5(word.encode(), usedforsecurity=False).digest(), "big")


class Tokenizer:
    """Number the words of texts by how frequent they are; number 0 belongs to none.

    Args:
        num_words: numbers from here on are left out of sequences, or become that of `oov_token`; default: none are.
        filters: characters that separate words.
        lower: whether texts are brought to lower case.
        split: what separates words.
        char_level: whether characters take the place of words.
        oov_token: stands for unknown words and gets number 1; without it they are left out.
        analyzer: function from a text to its words, in place of the four arguments before.
        document_count: texts that count as seen.

    Attributes:
        word_counts: how often each word occurred, in the order of first occurrence.
        word_docs: in how many texts each word occurred.
        word_index, index_word: numbers of words, and words of numbers.
        index_docs: in how many texts each number occurred.
        document_count: texts that were seen.

    Example:
        >>> import gradmill as gm
        >>> tokenizer = gm.preprocessing.text.Tokenizer(num_words=3, oov_token="?")
        >>> tokenizer.fit_on_texts(["A rose is a rose.", "A daisy is not."])
        >>> tokenizer.texts_to_sequences(["a daisy", "a tulip"])
        [[2, 1], [2, 1]]
        >>> tokenizer.texts_to_matrix(["a rose a"], mode="count")
        array([[0., 1., 2.]])
    """

    def __init__(
        self,
        num_words: Optional[int] = None,
        filters: str = _FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: Optional[str] = None,
        analyzer: Optional[Callable] = None,
        document_count: int = 0,
    ):
        self.num_words = num_words
        self.filters = filters
        self.lower = lower
        self.split = split
        self.char_level = char_level
        self.oov_token = oov_token
        self.analyzer = analyzer
        self.document_count = document_count
        self.word_counts: dict[str, int] = collections.OrderedDict()
        self.word_docs: dict[str, int] = collections.defaultdict(int)
        self.index_docs: dict[int, int] = collections.defaultdict(int)
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}

    def _words(self, text: Any) -> Sequence[str]:
        """The words of a text, or of a list, which holds them already."""
        if not isinstance(text, (str, list)):
            raise ArgumentError(f"Tokenizer: expected texts or lists of words; received {text!r} among them")
        if isinstance(text, list):
            return [word.lower() for word in text] if self.lower else text
        if self.char_level:
            return text.lower() if self.lower else text
        if self.analyzer is not None:
            return self.analyzer(text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Count the words of texts, together with those counted before, and number all anew.

        Args:
            texts: texts, or lists of words.

        Raises:
            ArgumentError: something else among them.
        """
        for text in texts:
            words = self._words(text)
            self.document_count += 1
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            for word in dict.fromkeys(words):
                self.word_docs[word] += 1
        ranked = sorted(self.word_counts, key=self.word_counts.__getitem__, reverse=True)
        ranked = ranked if self.oov_token is None else [self.oov_token, *ranked]
        self.word_index = {word: number for number, word in enumerate(ranked, 1)}
        self.index_word = {number: word for word, number in self.word_index.items()}
        self.index_docs.update((self.word_index[word], count) for word, count in self.word_docs.items())

    def fit_on_sequences(self, sequences: Sequence[Iterable[int]]) -> None:
        """Count in how many sequences each number occurs, which mode "tfidf" needs; for data without texts.

        Args:
            sequences: lists of numbers.
        """
        self.document_count += len(sequences)
        for sequence in sequences:
            for number in set(sequence):
                self.index_docs[number] += 1

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """Return the numbers of the words of each text.

        Args:
            texts: texts, or lists of words.

        Returns:
            a list for each text.

        Raises:
            ArgumentError: something else among them.
        """
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        """Yield what `texts_to_sequences` returns.

        Args:
            texts: texts, or lists of words.

        Raises:
            ArgumentError: something else among them.
        """
        for text in texts:
            yield self._known(self.word_index.get(word) for word in self._words(text))

    def _known(self, numbers: Iterable[Optional[int]]) -> list[int]:
        """Leave out what is None or beyond `num_words`, or put the number for unknown words in its place."""
        other = None if self.oov_token is None else self.word_index.get(self.oov_token)
        end = self.num_words or float("inf")
        replaced = (number if number is not None and number < end else other for number in numbers)
        return [number for number in replaced if number is not None]

    def sequences_to_texts(self, sequences: Iterable[Iterable[int]]) -> list[str]:
        """Return texts of the words with the given numbers, with a space between two words.

        Args:
            sequences: lists of numbers.

        Returns:
            list of texts.
        """
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Iterable[int]]) -> Iterator[str]:
        """Yield what `sequences_to_texts` returns.

        Args:
            sequences: lists of numbers.
        """
        for sequence in sequences:
            known = self._known(number if number in self.index_word else None for number in sequence)
            yield " ".join(self.index_word[number] for number in known)

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> np.ndarray:
        """Return a row for each text and a column for each number.

        Args:
            texts: texts, or lists of words.
            mode: as for `sequences_to_matrix`.

        Returns:
            array (texts, numbers).

        Raises:
            ArgumentError: as for `sequences_to_matrix`.
        """
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(self, sequences: Sequence[Sequence[int]], mode: str = "binary") -> np.ndarray:
        """Return a row for each sequence and a column for each number.

        Args:
            sequences: lists of numbers.
            mode: "binary": 1 for numbers that occur; "count": how often they do; "freq": that, as a share; "tfidf":
                (1 + log(count)) * log(1 + texts / (1 + texts with that number)).

        Returns:
            float64 array (sequences, num_words), or a column more than there are words without `num_words`.

        Raises:
            ArgumentError: an unknown mode, or nothing was counted yet.
        """
        if mode not in _MODES:
            raise ArgumentError(f"Tokenizer.sequences_to_matrix: expected mode {', '.join(_MODES)}; received {mode!r}")
        if not self.num_words and not self.word_index:
            raise ArgumentError(
                "Tokenizer.sequences_to_matrix: expected num_words, or texts that were counted; received neither; call "
                "fit_on_texts first"
            )
        if mode == "tfidf" and not self.document_count:
            raise ArgumentError("Tokenizer.sequences_to_matrix: mode 'tfidf' needs counts; call fit_on_texts first")
        columns = self.num_words or len(self.word_index) + 1
        matrix = np.zeros((len(sequences), columns))
        for row, sequence in zip(matrix, sequences):
            for number, count in collections.Counter(sequence).items():
                if number < columns:
                    row[number] = self._entry(number, count, len(sequence), mode)
        return matrix

    def _entry(self, number: int, count: int, length: int, mode: str) -> float:
        if mode == "tfidf":
            rarity = np.log(1 + self.document_count / (1 + self.index_docs.get(number, 0)))
            return (1 + np.log(count)) * rarity
        return 1.0 if mode == "binary" else count if mode == "count" else count / length

    def get_config(self) -> dict[str, Any]:
        """Return the arguments and what was counted; tables as JSON."""
        plain = {
            name: getattr(self, name)
            for name in ("num_words", "filters", "lower", "split", "char_level", "oov_token", "document_count")
        }
        return {**plain, **{name: json.dumps(getattr(self, name)) for name in _TABLES}}

    def to_json(self, **kwargs: Any) -> str:
        """Return the tokenizer as JSON, for `tokenizer_from_json`.

        Args:
            **kwargs: for `json.dumps`.
        """
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """Return the tokenizer that `Tokenizer.to_json` wrote, here or in Keras.

    Args:
        json_string: what it returned.

    Returns:
        a `Tokenizer`.

    Raises:
        ArgumentError: something else.

    Example:
        >>> import gradmill as gm
        >>> first = gm.preprocessing.text.Tokenizer()
        >>> first.fit_on_texts(["to be or not to be"])
        >>> gm.preprocessing.text.tokenizer_from_json(first.to_json()).word_index
        {'to': 1, 'be': 2, 'or': 3, 'not': 4}
    """
    try:
        config = dict(json.loads(json_string)["config"])
        tables = {name: json.loads(config.pop(name)) for name in _TABLES}
        tokenizer = Tokenizer(**config)
        for name, numbered in _TABLES.items():
            pairs = tables[name].items()
            setattr(tokenizer, name, {int(key): value for key, value in pairs} if numbered else dict(pairs))
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise ArgumentError(f"tokenizer_from_json: expected what Tokenizer.to_json returns; {problem!r}") from problem
    # Counting goes on where it stopped, so words that are new begin at 0.
    tokenizer.word_docs = collections.defaultdict(int, tokenizer.word_docs)
    tokenizer.index_docs = collections.defaultdict(int, tokenizer.index_docs)
    return tokenizer
