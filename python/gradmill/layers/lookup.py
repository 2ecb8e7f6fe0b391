"""Layers that give words or integers the numbers of a vocabulary, and back."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from gradmill.errors import ArgumentError
from gradmill.layers.index_lookup import IndexLookup
from gradmill.serialization import register_serializable


@register_serializable("keras.layers")
class StringLookup(IndexLookup):
    """Numbers of words in a vocabulary, or with `invert` words of numbers.

    Args:
        max_tokens: greatest size of the vocabulary, special tokens included; default no limit.
        num_oov_indices: places for words out of the vocabulary; with 0 they are refused, with several they are dealt
            out by FarmHash's Fingerprint64 (or SipHash, with a salt).
        mask_token: word that gets the number 0 in mode "int", for example "".
        oov_token: what `invert` gives for numbers without a word.
        vocabulary: list of words, or path of a text file with one word a line; default: call `adapt`.
        idf_weights: weight of each word, for output mode "tf_idf" with a given vocabulary.
        invert: whether numbers are turned into words.
        output_mode: "int"; or, with one place for each token, "one_hot", "multi_hot", "count", "tf_idf".
        pad_to_max_tokens: whether there are `max_tokens` places even if the vocabulary is smaller.
        sparse: must be false.
        encoding: of the words, "utf-8".
        name: label.
        salt: integer or two, key of the hash.

    Inputs: text of any shape, or ragged rows of it. Outputs: int64 of the same shape, or
    encoded (see `output_mode`) in `floatx()`.

    Raises:
        ArgumentError: no vocabulary yet, unknown words with `num_oov_indices=0`, or anything but text.

    Reference: Keras 3, `StringLookup`.

    Example:
    >>> import gradmill as gm
    >>> layer = gm.layers.StringLookup(vocabulary=["a", "b"])
    >>> layer([["a", "b"], ["c", "a"]]).numpy().tolist()
    [[1, 2], [0, 1]]
    >>> layer.get_vocabulary()
    ['[UNK]', 'a', 'b']
    """

    def __init__(
        self,
        max_tokens: Optional[int] = None,
        num_oov_indices: int = 1,
        mask_token: Optional[str] = None,
        oov_token: str = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: Optional[str] = None,
        salt: Any = None,
        **kwargs: Any,
    ):
        kwargs.pop("oov_method", None)  # of files of Keras, where it is for integers alone
        super().__init__(
            max_tokens,
            num_oov_indices,
            mask_token,
            oov_token,
            vocabulary,
            idf_weights,
            invert,
            output_mode,
            pad_to_max_tokens,
            sparse,
            salt,
            name=name,
            **kwargs,
        )
        self.encoding = encoding

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "encoding": self.encoding}


@register_serializable("keras.layers")
class IntegerLookup(IndexLookup):
    """Numbers of integers in a vocabulary, or with `invert` integers of numbers.

    Args:
        max_tokens: greatest size of the vocabulary, special tokens included; default no limit.
        num_oov_indices: places for integers out of the vocabulary; with 0 they are refused.
        mask_token: integer that gets the number 0 in mode "int".
        oov_token: what `invert` gives for numbers without an integer.
        vocabulary: list of integers, or path of a text file with one a line; default: call `adapt`.
        vocabulary_dtype: "int64".
        idf_weights: weight of each token, for output mode "tf_idf" with a given vocabulary.
        invert: whether numbers are turned into the integers of the vocabulary.
        output_mode: as in `StringLookup`.
        sparse: must be false.
        pad_to_max_tokens: whether there are `max_tokens` places even if the vocabulary is smaller.
        oov_method: how several places are dealt out: "floormod", the remainder, or "farmhash", a hash of the digits.
        salt: integer or two, key of the hash, with "farmhash" only.
        name: label.

    Inputs: integers of any shape, or ragged rows. Outputs: int64 of the same shape, or encoded.

    Raises:
        ArgumentError: a call before there is a vocabulary, unknown integers with `num_oov_indices=0`, or other dtypes.

    Reference: Keras 3, `IntegerLookup`.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.IntegerLookup(vocabulary=[12, 36])([[36, 12, 7]]).numpy().tolist()
    [[2, 1, 0]]
    """

    _token_type = int
    _input_layer_dtype = "int64"

    def __init__(
        self,
        max_tokens: Optional[int] = None,
        num_oov_indices: int = 1,
        mask_token: Optional[int] = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        name: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(
            max_tokens,
            num_oov_indices,
            mask_token,
            oov_token,
            vocabulary,
            idf_weights,
            invert,
            output_mode,
            pad_to_max_tokens,
            sparse,
            salt,
            name=name,
            **kwargs,
        )
        if vocabulary_dtype != "int64":
            raise ArgumentError(f"{self._label}: expected vocabulary_dtype 'int64'; received {vocabulary_dtype!r}")
        if oov_method not in ("floormod", "farmhash") or (salt is not None and oov_method != "farmhash"):
            raise ArgumentError(
                f"{self._label}: expected oov_method 'floormod' or 'farmhash', a salt with 'farmhash' only; received "
                f"oov_method={oov_method!r}, salt={salt!r}"
            )
        self.vocabulary_dtype, self.oov_method = vocabulary_dtype, oov_method

    def _buckets(self, tokens: list) -> np.ndarray:
        if self.oov_method == "floormod":
            return np.array([token % self.num_oov_indices for token in tokens], "int64")
        return super()._buckets([str(token).encode() for token in tokens])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "vocabulary_dtype": self.vocabulary_dtype, "oov_method": self.oov_method}
