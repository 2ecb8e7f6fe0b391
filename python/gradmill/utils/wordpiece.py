"""Texts to numbers and back by WordPiece, the tokens of BERT. Needs the package `tokenizers`."""

from __future__ import annotations

import importlib
import os
from typing import Any, Iterable, Optional, Sequence

import numpy as np

from gradmill.errors import ArgumentError, UnsupportedError
from gradmill.utils.files import PathLike, atomic_write

PADDING, UNKNOWN, START, SEPARATOR, MASK = SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


class WordPieceTokenizer:
    """Cut texts into the tokens of a vocabulary: words, and for rare words pieces of them (`##` marks what goes on).

    Args:
        vocabulary: path of a file with one token a line, such as the published `vocab.txt` of BERT, or the tokens in
            order. It must hold `[PAD]` (first), `[UNK]`, `[CLS]` and `[SEP]`.
        sequence_length: length that every result has, cut or filled up; None for that of the longest text of a call.
        lowercase: whether texts are put into small letters, and accents are taken off; as the vocabulary was made.

    Called with one text or several (str or UTF-8 bytes), and optionally as many second texts. Returns a dict of int32
    arrays (texts, length): `input_ids`; `attention_mask`, 1 for tokens and 0 for padding; `token_type_ids`, 1 for the
    second text.

    Raises:
        UnsupportedError: the package `tokenizers` is not installed.
        ArgumentError: a vocabulary without the special tokens, or with a token twice; texts that are no texts.
        OSError: no such file.

    Reference: Wu et al. 2016; Devlin et al. 2018.

    Example:
        >>> import gradmill as gm
        >>> words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "play", "##ing", "we"]
        >>> tokenizer = gm.utils.WordPieceTokenizer(words, sequence_length=6)  # doctest: +SKIP
        >>> tokenizer(["We playing"])["input_ids"].tolist()  # doctest: +SKIP
        [[2, 6, 4, 5, 3, 0]]
    """

    def __init__(self, vocabulary: Any, sequence_length: Optional[int] = None, lowercase: bool = True):
        self.sequence_length = _length(sequence_length)
        self.lowercase = bool(lowercase)
        self.vocabulary = _read_vocabulary(vocabulary)
        library = _library()
        ids = {token: number for number, token in enumerate(self.vocabulary)}
        self._tokenizer = _plain(library, library.models.WordPiece(ids, unk_token=UNKNOWN), self.lowercase)
        ends = [(SEPARATOR, ids[SEPARATOR]), (START, ids[START])]
        self._tokenizer.post_processor = library.processors.BertProcessing(*ends)
        self._tokenizer.decoder = library.decoders.WordPiece()
        if self.sequence_length is not None:
            self._tokenizer.enable_truncation(self.sequence_length)
        self._tokenizer.enable_padding(pad_id=0, pad_token=PADDING, length=self.sequence_length)

    @classmethod
    def train(
        cls,
        texts: Iterable[Any],
        vocabulary_size: int = 30522,
        sequence_length: Optional[int] = None,
        lowercase: bool = True,
    ) -> WordPieceTokenizer:
        """Return a tokenizer whose vocabulary is made from texts; among pieces that are as frequent the choice is free.

        Args:
            texts: str or bytes.
            vocabulary_size: most tokens that it may have.
            sequence_length, lowercase: as in the class.

        Raises:
            UnsupportedError: the package `tokenizers` is not installed.
            ArgumentError: texts that are no texts; a size without room for single letters.
        """
        library = _library()
        learner = _plain(library, library.models.WordPiece(unk_token=UNKNOWN), lowercase)
        trainer = library.trainers.WordPieceTrainer(
            vocab_size=vocabulary_size, special_tokens=list(SPECIAL), show_progress=False
        )
        learner.train_from_iterator((_text(each, place) for place, each in enumerate(texts)), trainer)
        # Learned numbers differ from run to run, and mean nothing.
        return cls([*SPECIAL, *sorted(set(learner.get_vocab()) - set(SPECIAL))], sequence_length, lowercase)

    @property
    def vocabulary_size(self) -> int:
        """Number of tokens."""
        return len(self.vocabulary)

    def __call__(self, texts: Any, pairs: Any = None) -> dict[str, np.ndarray]:
        """Return the numbers of texts."""
        first = _texts(texts)
        if pairs is None:
            found = self._tokenizer.encode_batch(first)
        else:
            second = _texts(pairs)
            if len(second) != len(first):
                raise ArgumentError(
                    f"WordPieceTokenizer: expected as many second texts as first ones; received {len(first)} and "
                    f"{len(second)}"
                )
            found = self._tokenizer.encode_batch(list(zip(first, second)))
        length = len(found[0].ids) if found else self.sequence_length or 0

        def table(rows: list) -> np.ndarray:
            return np.array(rows, "int32").reshape(len(found), length)

        return {
            "input_ids": table([each.ids for each in found]),
            "attention_mask": table([each.attention_mask for each in found]),
            "token_type_ids": table([each.type_ids for each in found]),
        }

    def decode(self, ids: Any) -> list[str]:
        """Return the texts of sequences of numbers, without special tokens.

        Args:
            ids: integers (texts, length).

        Raises:
            ArgumentError: something else, or a number beyond the vocabulary.
        """
        rows = np.asarray(ids)
        if rows.ndim != 2 or rows.dtype.kind not in "iu":
            raise ArgumentError(
                f"WordPieceTokenizer: expected integers (texts, length); received {rows.dtype} of shape {rows.shape}"
            )
        if rows.size and not 0 <= rows.min() <= rows.max() < self.vocabulary_size:
            raise ArgumentError(
                f"WordPieceTokenizer: expected numbers from 0 to {self.vocabulary_size - 1}; received "
                f"{rows.min()} to {rows.max()}"
            )
        special = [number for number, token in enumerate(self.vocabulary) if token in SPECIAL]
        return [self._tokenizer.decode(row[~np.isin(row, special)].tolist()) for row in rows]

    def save_vocabulary(self, path: PathLike) -> None:
        """Write the tokens, one a line.

        Args:
            path: the file.
        """
        with atomic_write(path) as part:
            part.write("".join(f"{token}\n" for token in self.vocabulary).encode())


def _library() -> Any:
    try:
        return importlib.import_module("tokenizers")
    except ImportError:
        raise UnsupportedError(
            "WordPieceTokenizer: expected the package tokenizers; it is not installed; pip install 'gradmill[text]'"
        ) from None


def _plain(library: Any, model: Any, lowercase: bool) -> Any:
    """Return a tokenizer that cuts texts into words and these by a model."""
    tokenizer = library.Tokenizer(model)
    tokenizer.normalizer = library.normalizers.BertNormalizer(lowercase=bool(lowercase))
    tokenizer.pre_tokenizer = library.pre_tokenizers.BertPreTokenizer()
    return tokenizer


def _length(value: Any) -> Optional[int]:
    if value is None:
        return None
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < 2:
        raise ArgumentError(
            f"WordPieceTokenizer: expected sequence_length None or an integer from 2, as [CLS] and [SEP] take two "
            f"places; received {value!r}"
        )
    return int(value)


def _read_vocabulary(given: Any) -> list[str]:
    source = "vocabulary"
    if isinstance(given, (str, os.PathLike)):
        source = os.fspath(given)
        with open(given, encoding="utf-8") as file:
            try:
                # Not splitlines: published vocabularies hold characters that it takes for ends of lines.
                tokens = file.read().rstrip("\n").split("\n")
            except UnicodeDecodeError as problem:
                raise ArgumentError(f"{source}: expected a vocabulary in UTF-8; {problem}") from None
    else:
        tokens = list(given)
    if not all(isinstance(token, str) for token in tokens):
        raise ArgumentError(f"{source}: expected tokens as str; received {type(given).__name__} of other things")
    seen: set[str] = set()
    for number, token in enumerate(tokens):
        if token in seen:
            raise ArgumentError(f"{source}: expected every token once; received {token!r} again as number {number}")
        seen.add(token)
    missing = [token for token in SPECIAL[:-1] if token not in seen]
    if missing or tokens[0] != PADDING:
        raise ArgumentError(
            f"{source}: expected a vocabulary of WordPiece that begins with {PADDING} and holds "
            f"{', '.join(SPECIAL[1:-1])}; received {len(tokens)} tokens "
            + (f"without {', '.join(missing)}" if missing else f"that begin with {tokens[0]!r}")
        )
    return tokens


def _texts(given: Any) -> list[str]:
    if isinstance(given, (str, bytes)):
        given = [given]
    elif hasattr(given, "numpy"):
        given = given.numpy()
    if not isinstance(given, (Sequence, np.ndarray)) or np.ndim(given) != 1:
        raise ArgumentError(f"WordPieceTokenizer: expected a text or a list of texts; received {type(given).__name__}")
    return [_text(each, place) for place, each in enumerate(given)]


def _text(given: Any, place: int) -> str:
    if isinstance(given, str):
        return str(given)
    if isinstance(given, bytes):
        return given.decode("utf-8", errors="replace")
    raise ArgumentError(f"WordPieceTokenizer: expected text {place} as str or bytes; received {type(given).__name__}")
