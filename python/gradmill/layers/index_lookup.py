"""What layers share that give tokens the numbers of a vocabulary, and back."""

from __future__ import annotations

import os
from collections import Counter
from itertools import repeat
from typing import Any, Optional

import numpy as np

from gradmill import _core, config, ops
from gradmill.errors import ArgumentError
from gradmill.layers.host_layer import (
    OUTPUT_MODES,
    Adapting,
    HostLayer,
    encode,
    mode_argument,
    on_values,
    refuse_sparse,
)
from gradmill.utils.text_values import as_text, is_text

_LOOKUP_MODES = (*OUTPUT_MODES, "tf_idf")


class IndexLookup(Adapting, HostLayer):
    """What `StringLookup` and `IntegerLookup` share: a table from tokens to numbers.

    The numbers begin with that of the mask token, if there is one and `output_mode` is "int"; then those for tokens
    out of the vocabulary; then the vocabulary.
    """

    _token_type: type = bytes

    def __init__(
        self,
        max_tokens: Optional[int],
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary: Any,
        idf_weights: Any,
        invert: bool,
        output_mode: str,
        pad_to_max_tokens: bool,
        sparse: bool,
        salt: Any,
        **kwargs: Any,
    ):
        # What files of Keras may have besides.
        kwargs.pop("vocabulary_size", None)
        has_vocabulary = kwargs.pop("has_input_vocabulary", vocabulary is not None)
        super().__init__(**kwargs)
        owner = self._label
        if max_tokens is not None and max_tokens <= 1:
            raise ArgumentError(f"{owner}: expected max_tokens above 1, or None; received {max_tokens!r}")
        if pad_to_max_tokens and max_tokens is None:
            raise ArgumentError(f"{owner}: expected max_tokens with pad_to_max_tokens=True; received None")
        if num_oov_indices < 0:
            raise ArgumentError(f"{owner}: expected num_oov_indices of at least 0; received {num_oov_indices!r}")
        refuse_sparse(owner, sparse)
        self.output_mode = mode_argument(owner, output_mode, _LOOKUP_MODES)
        if invert and self.output_mode != "int":
            raise ArgumentError(f"{owner}: expected output_mode 'int' with invert=True; received {output_mode!r}")
        if idf_weights is not None and self.output_mode != "tf_idf":
            raise ArgumentError(f"{owner}: expected idf_weights in output_mode 'tf_idf' only; received {output_mode!r}")
        self.invert, self.max_tokens, self.num_oov_indices = bool(invert), max_tokens, int(num_oov_indices)
        self.mask_token, self.oov_token = mask_token, oov_token
        self.pad_to_max_tokens, self.sparse = bool(pad_to_max_tokens), bool(sparse)
        self.salt = salt_argument(owner, salt)
        self.input_vocabulary = None if isinstance(vocabulary, str) else _plain_list(vocabulary)
        self.has_input_vocabulary = bool(has_vocabulary)
        self.input_idf_weights = _plain_list(idf_weights)
        self._tokens: list = []  # of the vocabulary, without special ones
        self._table: dict[Any, int] = {}
        self._idf: Optional[np.ndarray] = None
        self._counts: Counter = Counter()
        self._document_counts: Counter = Counter()
        self._documents = 0
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    # Vocabulary

    @property
    def _mask_places(self) -> int:
        return 1 if self.mask_token is not None and self.output_mode == "int" else 0

    @property
    def _special_places(self) -> int:
        return self._mask_places + self.num_oov_indices

    def _token(self, value: Any) -> Any:
        """Return a token as the table has it."""
        if self._token_type is bytes:
            return value.encode() if isinstance(value, str) else bytes(value)
        return int(value)

    def _shown(self, token: Any) -> Any:
        return token.decode("utf-8", "replace") if isinstance(token, bytes) else token

    def vocabulary_size(self) -> int:
        """Return the number of tokens, special ones included."""
        return len(self._tokens) + self._special_places

    def get_vocabulary(self, include_special_tokens: bool = True) -> list:
        """Return the tokens in the order of their numbers.

        Args:
            include_special_tokens: whether the mask token and those for unknown ones come first.
        """
        tokens = [self._shown(each) for each in self._tokens]
        if not include_special_tokens:
            return tokens
        return [self.mask_token] * self._mask_places + [self.oov_token] * self.num_oov_indices + tokens

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Take tokens in the order of their numbers.

        Args:
            vocabulary: list or array of tokens, with or without the special ones at its start; or the path of a text
                file with one token a line.
            idf_weights: a number for each token, with `output_mode="tf_idf"` only.

        Raises:
            ArgumentError: tokens given twice, special tokens elsewhere than at the start, more than `max_tokens`,
                weights that are missing or too many, a file that is not there.
        """
        if (self.output_mode == "tf_idf") != (idf_weights is not None):
            raise ArgumentError(
                f"{self._label}: expected idf_weights with output_mode 'tf_idf' and with no other; received "
                f"output_mode={self.output_mode!r}, idf_weights={idf_weights!r}"
            )
        if isinstance(vocabulary, str):
            if not os.path.isfile(vocabulary):
                raise ArgumentError(f"{self._label}: expected a vocabulary file; there is none at {vocabulary!r}")
            with open(vocabulary, "rb") as file:
                vocabulary = file.read().splitlines()
        tokens = [self._token(each) for each in _plain_list(vocabulary)]
        special = [self._token(self.mask_token)] if self._mask_places else []
        special += [self._token(self.oov_token)] * self.num_oov_indices if self.oov_token is not None else []
        has_special = bool(special) and tokens[: len(special)] == special
        self._check_tokens(tokens[len(special) :] if has_special else tokens, special)
        self._take(tokens[len(special) :] if has_special else tokens)
        if idf_weights is not None:
            weights = np.asarray(_plain_list(idf_weights), "float32")
            if weights.shape != (len(tokens),):
                raise ArgumentError(
                    f"{self._label}: expected one of idf_weights for each of {len(tokens)} tokens; received shape "
                    f"{weights.shape}"
                )
            missing = 0 if has_special else self._special_places
            self._idf = np.concatenate([np.full(missing, weights.mean(), "float32"), weights])

    def _check_tokens(self, tokens: list, special: list) -> None:
        twice = [self._shown(token) for token, count in Counter(tokens).items() if count > 1]
        if twice:
            raise ArgumentError(f"{self._label}: expected every token once; received several times: {twice[:10]}")
        for token in (self.mask_token, self.oov_token if self.invert else None):
            if token is not None and self._token(token) in tokens:
                shown = [self._shown(each) for each in special]
                raise ArgumentError(
                    f"{self._label}: expected the special tokens {shown} at the start of the vocabulary in this order, "
                    f"or nowhere; received {token!r} at place {tokens.index(self._token(token))}"
                )
        size = len(tokens) + self._special_places
        if self.max_tokens is not None and size > self.max_tokens:
            raise ArgumentError(
                f"{self._label}: expected at most max_tokens={self.max_tokens} tokens, special ones included; received "
                f"{size}"
            )

    def _take(self, tokens: list) -> None:
        self._tokens = tokens
        start = self._special_places
        self._table = {token: start + place for place, token in enumerate(tokens)}

    # Adapting

    def update_state(self, data: Any) -> None:
        """Count the tokens of one batch."""
        if self.has_input_vocabulary:
            raise ArgumentError(f"{self._label}: expected no adapt() after a vocabulary was given; remove one of them")
        values = data if isinstance(data, list) or hasattr(data, "row_splits") else np.asarray(data)
        if self.output_mode == "tf_idf":
            rows = list(values) if getattr(values, "ndim", 2) > 1 else [values]
            for row in rows:
                self._document_counts.update(set(self._flat_tokens(row)))
            self._documents += len(rows)
        self._counts.update(self._flat_tokens(values))

    def _flat_tokens(self, value: Any) -> Any:
        if isinstance(value, list) and value and isinstance(value[0], list):
            return (token for row in value for token in row)
        if hasattr(value, "flat_values"):
            value = value.flat_values
        return value if isinstance(value, list) else np.asarray(value).ravel().tolist()

    def finalize_state(self) -> None:
        """Make the vocabulary of what was counted."""
        if not self._counts:
            return
        for token in (self.mask_token, self.oov_token):
            if token is not None:
                self._counts.pop(self._token(token), None)
        tokens = sorted(self._counts, key=lambda token: (self._counts[token], token), reverse=True)
        if self.max_tokens is not None:
            tokens = tokens[: self.max_tokens - self._special_places]
        self._take(tokens)
        if self.output_mode == "tf_idf":
            found = np.array([self._document_counts[token] for token in tokens], "float64")
            weights = np.log(1 + self._documents / (1 + found)).astype("float32")
            mean = weights.mean() if len(weights) else 0
            self._idf = np.concatenate([np.full(self._special_places, mean, "float32"), weights])
        self.reset_state()

    def reset_state(self) -> None:
        """Forget what was counted; the vocabulary stays."""
        self._counts, self._document_counts, self._documents = Counter(), Counter(), 0

    # Looking up

    def call(self, inputs: Any) -> Any:
        """Return the numbers of tokens as int64, or encoded as `output_mode` says; with `invert` tokens of numbers."""
        self.require_vocabulary()
        if self.invert:
            return on_values(self._tokens_of, inputs)
        indices = on_values(self._numbers_of, inputs)
        if self.output_mode == "int":
            return indices if hasattr(indices, "row_splits") else ops.convert_to_tensor(indices)
        mode = "count" if self.output_mode == "tf_idf" else self.output_mode
        return self.weighted(encode(indices, mode, self.depth, config.floatx(), owner=self._label))

    def weighted(self, counts: Any) -> Any:
        """Return counts times the weights of tokens in mode "tf_idf", else as they are."""
        if self.output_mode != "tf_idf":
            return counts
        weights = np.zeros(self.depth, config.floatx())
        weights[: len(self._idf)] = self._idf  # type: ignore[arg-type]
        return counts * weights

    def require_vocabulary(self) -> None:
        """Raise unless there is a vocabulary."""
        if not self._tokens:
            raise ArgumentError(f"{self._label}: expected a vocabulary; received none; call adapt() or set one")

    @property
    def depth(self) -> int:
        """Places of an encoded token."""
        return self.max_tokens if self.pad_to_max_tokens else self.vocabulary_size()  # type: ignore[return-value]

    def numbers_of_list(self, tokens: list) -> np.ndarray:
        """Return the numbers of a list of tokens."""
        numbers = np.fromiter(map(self._table.get, tokens, repeat(-1)), "int64", len(tokens))
        unknown = np.flatnonzero(numbers < 0)
        if len(unknown):
            missing = [tokens[place] for place in unknown]
            numbers[unknown] = self._numbers_of_unknown(missing)
        return numbers

    def _numbers_of_unknown(self, tokens: list) -> Any:
        mask = None if self.mask_token is None else self._token(self.mask_token)
        # In modes other than "int" the mask token has no place, so nothing is marked.
        masked = np.fromiter((token == mask for token in tokens), bool, len(tokens))
        if self.num_oov_indices == 0 and not masked.all():
            strange = [self._shown(token) for token in dict.fromkeys(tokens) if token != mask]
            raise ArgumentError(
                f"{self._label}: expected tokens of the vocabulary as num_oov_indices is 0; received {strange[:10]}; "
                "set num_oov_indices=1"
            )
        numbers = np.full(len(tokens), self._mask_places, "int64")
        if self.num_oov_indices > 1:
            numbers += self._buckets(tokens)
        numbers[masked] = 0 if self._mask_places else -1
        return numbers

    def _buckets(self, tokens: list) -> np.ndarray:
        return _core.hash_texts(tokens, self.num_oov_indices, hash_key(self.salt))

    def _numbers_of(self, values: Any) -> np.ndarray:
        if self._token_type is bytes and not is_text(values) and np.size(values):
            raise ArgumentError(f"{self._label}: expected text; received dtype {np.asarray(values).dtype}")
        if self._token_type is int and np.asarray(values).dtype.kind not in "iub":
            raise ArgumentError(f"{self._label}: expected integers; received dtype {np.asarray(values).dtype}")
        array = np.asarray(values, object)
        return self.numbers_of_list(array.ravel().tolist()).reshape(array.shape)

    def _tokens_of(self, values: Any) -> Any:
        numbers = np.asarray(values)
        if numbers.dtype.kind not in "iu":
            raise ArgumentError(f"{self._label}: expected integers with invert=True; received dtype {numbers.dtype}")
        table = [self._token(each) for each in self.get_vocabulary()]
        table[self._special_places :] = self._tokens
        unknown = self._token(self.oov_token)
        found = [table[each] if 0 <= each < len(table) else unknown for each in numbers.ravel().tolist()]
        if self._token_type is int:
            return np.array(found, "int64").reshape(numbers.shape)
        made = np.empty(len(found), object)
        made[:] = found
        return as_text(made.reshape(numbers.shape))

    # Shapes and files

    def compute_output_spec(self, inputs: Any) -> Any:
        """Return a symbolic tensor like the output."""
        return self.encoding_of_shape(inputs.shape)

    def encoding_of_shape(self, shape: Any) -> Any:
        """Return a symbolic tensor like the output for inputs of a shape."""
        if self.invert:
            return self._encoding_of(shape, None, "int", "string" if self._token_type is bytes else "int64")
        has_depth = self.pad_to_max_tokens or self._tokens
        return self._encoding_of(shape, self.depth if has_depth else None, self.output_mode)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "invert": self.invert,
            "max_tokens": self.max_tokens,
            "num_oov_indices": self.num_oov_indices,
            "oov_token": self.oov_token,
            "mask_token": self.mask_token,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "pad_to_max_tokens": self.pad_to_max_tokens,
            "idf_weights": self.input_idf_weights,
            "vocabulary": self._kept_in_config,
            "salt": self.salt,
        }

    @property
    def _kept_in_config(self) -> Optional[list]:
        """The vocabulary if it was given, or if a file with one token a line could not hold it."""
        has_line_ends = any(isinstance(token, bytes) and (b"\n" in token or b"\r" in token) for token in self._tokens)
        return self.get_vocabulary() if self.input_vocabulary is None and has_line_ends else self.input_vocabulary

    def save_own_variables(self, store: Any) -> None:
        """Write the weights of tokens, which mode "tf_idf" has."""
        if self._idf is not None:
            store["idf_weights"] = self._idf

    def load_own_variables(self, store: Any) -> None:
        """Read the weights of tokens."""
        if self.output_mode == "tf_idf":
            self._idf = np.asarray(store["idf_weights"], "float32")

    def save_assets(self, dir_path: str) -> None:
        """Write the vocabulary into a folder, as a file with one token a line."""
        if self._kept_in_config is None:
            with open(os.path.join(dir_path, "vocabulary.txt"), "w", encoding="utf-8") as file:
                file.write("\n".join(str(each) for each in self.get_vocabulary()))

    def load_assets(self, dir_path: str) -> None:
        """Read the vocabulary that `save_assets` wrote."""
        path = os.path.join(dir_path, "vocabulary.txt")
        if self.input_vocabulary is not None or not os.path.isfile(path):
            return
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
        self._take([self._token(each) for each in lines[self._special_places :]])


def salt_argument(owner: str, salt: Any) -> Optional[list[int]]:
    """Return the key of a salted hash, a pair of integers, or None."""
    if salt is None:
        return None
    if isinstance(salt, int):
        return [salt, salt]
    if isinstance(salt, (list, tuple)) and len(salt) == 2:
        return [int(each) for each in salt]
    raise ArgumentError(f"{owner}: expected salt to be an integer or two of them; received {salt!r}")


def hash_key(salt: Optional[list[int]]) -> Optional[tuple[int, int]]:
    """Return a salt as the engine takes it."""
    return None if salt is None else (salt[0], salt[1])


def _plain_list(values: Any) -> Any:
    if values is None or isinstance(values, list):
        return values
    return (np.asarray(values.numpy() if hasattr(values, "numpy") else values)).tolist()
