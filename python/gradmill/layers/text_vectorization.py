"""Text to numbers: cleaned, split into words, looked up."""

from __future__ import annotations

import string
from typing import Any, Callable, Optional, Sequence, Union

import numpy as np

from gradmill import config, ops, serialization
from gradmill.errors import ArgumentError, ShapeError
from gradmill.layers.host_layer import (
    OUTPUT_MODES,
    Adapting,
    HostLayer,
    encode,
    mode_argument,
    refuse_sparse,
)
from gradmill.layers.lookup import StringLookup
from gradmill.serialization import register_serializable
from gradmill.utils.lazy import LazyModule
from gradmill.utils.text_values import as_text, is_text

# Only rows of different lengths need it.
ragged: Any = LazyModule("gradmill.tensorflow.ragged")

_STANDARDS = (None, "lower_and_strip_punctuation", "lower", "strip_punctuation")
_SPLITS = (None, "whitespace", "character")
_PUNCTUATION = string.punctuation.encode()


@register_serializable("keras.layers")
class TextVectorization(Adapting, HostLayer):
    """Rows of numbers of the words in texts.

    Args:
        max_tokens: greatest size of the vocabulary; default no limit.
        standardize: "lower_and_strip_punctuation" (ASCII alone), "lower", "strip_punctuation", None, or a function
            from an array of bytes (`TextArray`) to text.
        split: "whitespace", "character", None, or a function from an array of bytes to ragged rows or to a list of
            lists.
        ngrams: an integer n for all groups of 1 to n neighbouring words, a tuple of their sizes, or None.
        output_mode: "int", the number of each word, 0 for padding and 1 for unknown words; or with one number for each
            word of the vocabulary "multi_hot", "count", "tf_idf".
        output_sequence_length: words of a row, cut or padded with 0; default that of the longest row.
        pad_to_max_tokens: whether modes other than "int" have `max_tokens` places even if the vocabulary is smaller.
        vocabulary: list of words, or path of a text file with one a line; default: call `adapt`.
        idf_weights: weight of each word, for "tf_idf" with a given vocabulary.
        sparse: must be false.
        ragged: whether "int" returns rows of their own lengths (`tf.RaggedTensor`).
        encoding: of the text, "utf-8".
        name: label.

    Inputs: text of shape (batch,) or (batch, 1). Outputs: int64 (batch, words), or (batch, vocabulary).

    Raises:
        ArgumentError: unknown settings, a call before there is a vocabulary, or anything but text.
        ShapeError: text of another shape.

    Reference: Keras 3, `TextVectorization`.

    Example:
    >>> import gradmill as gm
    >>> layer = gm.layers.TextVectorization(output_sequence_length=4)
    >>> layer.adapt(["The mill grinds.", "the mill"])
    >>> layer.get_vocabulary()
    ['', '[UNK]', 'the', 'mill', 'grinds']
    >>> layer(["The wind mill"]).numpy().tolist()
    [[2, 1, 3, 0]]
    """

    def __init__(
        self,
        max_tokens: Optional[int] = None,
        standardize: Union[None, str, Callable] = "lower_and_strip_punctuation",
        split: Union[None, str, Callable] = "whitespace",
        ngrams: Union[None, int, Sequence[int]] = None,
        output_mode: str = "int",
        output_sequence_length: Optional[int] = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        name: Optional[str] = None,
        **kwargs: Any,
    ):
        kwargs.pop("vocabulary_size", None)
        kwargs.pop("has_input_vocabulary", None)
        super().__init__(name=name, **kwargs)
        owner = self._label
        for label, value, allowed in (("standardize", standardize, _STANDARDS), ("split", split, _SPLITS)):
            if not callable(value) and value not in allowed:
                raise ArgumentError(f"{owner}: expected {label} of {allowed} or a function; received {value!r}")
        if isinstance(ngrams, list):
            ngrams = tuple(ngrams)
        sizes = tuple(range(1, ngrams + 1)) if isinstance(ngrams, int) else ngrams
        if sizes is not None and not (isinstance(sizes, tuple) and sizes and all(isinstance(n, int) for n in sizes)):
            raise ArgumentError(f"{owner}: expected ngrams to be an integer or a tuple of them; received {ngrams!r}")
        output_mode = mode_argument(owner, output_mode, (*OUTPUT_MODES, "tf_idf"))
        if output_sequence_length is not None and (output_mode != "int" or not isinstance(output_sequence_length, int)):
            raise ArgumentError(
                f"{owner}: expected output_sequence_length, an integer, with output_mode 'int' only; received "
                f"{output_sequence_length!r} with {output_mode!r}"
            )
        if ragged and output_mode != "int":
            raise ArgumentError(f"{owner}: expected output_mode 'int' with ragged=True; received {output_mode!r}")
        refuse_sparse(owner, sparse)
        self._standardize, self._split, self._ngrams_argument, self._ngrams = standardize, split, ngrams, sizes
        self._output_mode, self._output_sequence_length, self._ragged = output_mode, output_sequence_length, ragged
        self._encoding = encoding
        self._lookup_layer = StringLookup(
            max_tokens=max_tokens,
            mask_token="",
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            output_mode=output_mode,
            pad_to_max_tokens=pad_to_max_tokens,
            encoding=encoding,
        )

    # Vocabulary

    def update_state(self, data: Any) -> None:
        """Count the words of one batch."""
        self._lookup_layer.update_state(self._words(data))

    def finalize_state(self) -> None:
        """Make the vocabulary of what was counted."""
        self._lookup_layer.finalize_state()

    def reset_state(self) -> None:
        """Forget what was counted; the vocabulary stays."""
        self._lookup_layer.reset_state()

    def get_vocabulary(self, include_special_tokens: bool = True) -> list:
        """Return the words in the order of their numbers, those of padding and of unknown words first."""
        return self._lookup_layer.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """Return the number of words, special ones included."""
        return self._lookup_layer.vocabulary_size()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Take words in the order of their numbers; see `StringLookup.set_vocabulary`."""
        self._lookup_layer.set_vocabulary(vocabulary, idf_weights)

    # Calls

    def _words(self, inputs: Any) -> list:
        """Return a list of lists of bytes: the words, or groups of them, of each text."""
        if not is_text(inputs) and np.size(inputs):
            raise ArgumentError(f"{self._label}: expected text; received {inputs!r}")
        texts = self._standardized(as_text(inputs))
        if self._split is None:
            rows = [row if isinstance(row, list) else [row] for row in np.asarray(texts).tolist()]
        else:
            if texts.ndim > 1 and texts.shape[-1] != 1:
                raise ShapeError(f"{self._label}: expected text (batch,) or (batch, 1); received shape {texts.shape}")
            rows = self._split_rows(texts.reshape(texts.shape[0]) if texts.ndim == 2 else texts)
        if self._ngrams is None:
            return rows
        return [
            [b" ".join(row[at : at + size]) for size in self._ngrams for at in range(len(row) - size + 1)]
            for row in rows
        ]

    def _standardized(self, texts: Any) -> Any:
        if callable(self._standardize):
            return as_text(self._standardize(texts))
        lower = self._standardize in ("lower", "lower_and_strip_punctuation")
        strip = _PUNCTUATION if self._standardize in ("strip_punctuation", "lower_and_strip_punctuation") else b""
        flat = np.asarray(texts, object).ravel().tolist()
        made = [(each.lower() if lower else each).translate(None, strip) for each in flat]
        array = np.empty(len(made), object)
        array[:] = made
        return as_text(array.reshape(texts.shape))

    def _split_rows(self, texts: Any) -> list:
        if callable(self._split):
            return _rows_of(self._split(texts))
        rows = np.asarray(texts, object).ravel().tolist()
        if self._split == "whitespace":
            return [row.split() for row in rows]
        return [[each.encode() for each in row.decode(self._encoding, "replace")] for row in rows]

    def call(self, inputs: Any) -> Any:
        """Return numbers of words, or one row of the vocabulary's size for each text."""
        self._lookup_layer.require_vocabulary()
        single = isinstance(inputs, bytes)
        rows = self._words([inputs] if single else inputs)
        lengths = np.array([len(row) for row in rows], "int64")
        numbers = self._lookup_layer.numbers_of_list([word for row in rows for word in row])
        if self._ragged:
            return ragged.RaggedTensor.from_row_lengths(numbers, lengths)
        made = self._padded(numbers, lengths) if self._output_mode == "int" else self._encoded(numbers, lengths)
        return made[0] if single else made

    def _padded(self, numbers: np.ndarray, lengths: np.ndarray) -> Any:
        width = self._output_sequence_length
        padded = np.zeros((len(lengths), max(int(lengths.max(initial=0)), width or 0)), "int64")
        padded[np.arange(padded.shape[1]) < lengths[:, None]] = numbers
        return ops.convert_to_tensor(padded if width is None else np.ascontiguousarray(padded[:, :width]))

    def _encoded(self, numbers: np.ndarray, lengths: np.ndarray) -> Any:
        lookup = self._lookup_layer
        if self._output_mode == "one_hot":
            if len(set(lengths.tolist())) > 1:
                raise ShapeError(
                    f"{self._label}: expected equally many words in mode 'one_hot'; received {lengths.tolist()}"
                )
            words = numbers.reshape(len(lengths), lengths.max(initial=0))
            return encode(words, "one_hot", lookup.depth, config.floatx())
        counts = np.zeros((len(lengths), lookup.depth), config.floatx())
        places, known = np.repeat(np.arange(len(lengths)), lengths), numbers >= 0
        np.add.at(counts, (places[known], numbers[known]), 1)
        if self._output_mode == "multi_hot":
            counts = np.minimum(counts, 1)
        return lookup.weighted(ops.convert_to_tensor(counts))

    # Shapes and files

    def compute_output_spec(self, inputs: Any) -> Any:
        """Return a symbolic tensor like the output."""
        return self._lookup_layer.encoding_of_shape((inputs.shape[0], self._output_sequence_length))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        lookup = self._lookup_layer
        return {
            **super().get_config(),
            "max_tokens": lookup.max_tokens,
            "standardize": _named(self._standardize),
            "split": _named(self._split),
            "ngrams": self._ngrams_argument,
            "output_mode": self._output_mode,
            "output_sequence_length": self._output_sequence_length,
            "pad_to_max_tokens": lookup.pad_to_max_tokens,
            "sparse": lookup.sparse,
            "ragged": self._ragged,
            "vocabulary": lookup._kept_in_config,
            "idf_weights": lookup.input_idf_weights,
            "encoding": self._encoding,
            "vocabulary_size": self.vocabulary_size(),
        }

    @classmethod
    def from_config(cls, described: dict[str, Any]) -> TextVectorization:
        """Make the layer that `get_config` describes."""
        described = dict(described)
        for name in ("standardize", "split"):
            if isinstance(described.get(name), dict):
                described[name] = serialization.deserialize_object(described[name])
        return cls(**described)

    def save_own_variables(self, store: Any) -> None:
        """Write the weights of words, which mode "tf_idf" has."""
        self._lookup_layer.save_own_variables(store)

    def load_own_variables(self, store: Any) -> None:
        """Read the weights of words."""
        self._lookup_layer.load_own_variables(store)

    def save_assets(self, dir_path: str) -> None:
        """Write the vocabulary into a folder."""
        self._lookup_layer.save_assets(dir_path)

    def load_assets(self, dir_path: str) -> None:
        """Read the vocabulary that `save_assets` wrote."""
        self._lookup_layer.load_assets(dir_path)


def _named(setting: Any) -> Any:
    return serialization.serialize_object(setting) if callable(setting) else setting


def _rows_of(made: Any) -> list:
    """Return what a user's `split` gave as a list of lists of bytes."""
    if hasattr(made, "to_list"):
        made = made.to_list()
    rows = made.tolist() if isinstance(made, np.ndarray) else made
    return [[each.encode() if isinstance(each, str) else bytes(each) for each in row] for row in rows]
