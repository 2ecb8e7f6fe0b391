"""WordPiece: what the published rules make of texts, vocabularies from files and from texts, bad input."""

import sys

import numpy as np
import pytest

import gradmill as gm

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
TOKENS = [*SPECIAL, "un", "##aff", "##able", "runn", "##ing", "!", ",", "cafe", "Cafe", "世", "we"]


@pytest.fixture
def tokenizer():
    pytest.importorskip("tokenizers", reason="needs the package tokenizers")
    return gm.utils.WordPieceTokenizer(TOKENS)


def test_words_are_cut_greedily(tokenizer):
    """The examples of the published code: unaffable, and a word that no pieces make is unknown as a whole."""
    found = tokenizer(["UNaffable running!", "café,世", b"we unwanted"])
    assert found["input_ids"].tolist() == [
        [2, 5, 6, 7, 8, 9, 10, 3],
        [2, 12, 11, 14, 3, 0, 0, 0],
        [2, 15, 1, 3, 0, 0, 0, 0],
    ]
    assert found["attention_mask"].sum(1).tolist() == [8, 5, 4] and not found["token_type_ids"].any()
    assert {value.dtype for value in found.values()} == {np.dtype("int32")}
    assert tokenizer.decode(found["input_ids"]) == ["unaffable running!", "cafe, 世", "we"]


def test_length_pairs_and_case(tokenizer):
    fixed = gm.utils.WordPieceTokenizer(TOKENS, sequence_length=6, lowercase=False)
    found = fixed(["Cafe", "we we we we we we"])["input_ids"]
    assert found.tolist() == [[2, 13, 3, 0, 0, 0], [2, 15, 15, 15, 15, 3]]
    pairs = tokenizer(["we", "we we"], np.array(["cafe", "running"], object))
    assert pairs["input_ids"].tolist() == [[2, 15, 3, 12, 3, 0, 0], [2, 15, 15, 3, 8, 9, 3]]
    assert pairs["token_type_ids"].tolist() == [[0, 0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1, 1]]
    assert tokenizer("we")["input_ids"].shape == (1, 3) and tokenizer([])["input_ids"].shape == (0, 0)
    assert tokenizer(np.array([b"we"]))["input_ids"].tolist() == [[2, 15, 3]]


def test_vocabulary_of_a_file(tokenizer, tmp_path):
    tokenizer.save_vocabulary(tmp_path / "vocab.txt")
    assert (tmp_path / "vocab.txt").read_bytes().decode().split("\n") == [*TOKENS, ""]
    again = gm.utils.WordPieceTokenizer(tmp_path / "vocab.txt")
    assert again.vocabulary == TOKENS and again.vocabulary_size == 16
    # Tokens of the published vocabularies that str.splitlines would cut.
    (tmp_path / "strange.txt").write_text("\n".join([*SPECIAL, "\u2028", "\x85", "we"]) + "\n", encoding="utf-8")
    assert gm.utils.WordPieceTokenizer(tmp_path / "strange.txt").vocabulary_size == 8


def test_a_vocabulary_is_learned(tokenizer):
    (texts, _), (others, _) = gm.datasets.reviews.synthetic(train=200, test=50)
    learned = gm.utils.WordPieceTokenizer.train(texts, 300, sequence_length=40)
    assert learned.vocabulary[:5] == SPECIAL and learned.vocabulary_size <= 300 and "film" in learned.vocabulary
    found = learned(others)
    assert found["input_ids"].shape == (50, 40) and not (found["input_ids"] == 1).any(), "no letter is unknown"
    again = gm.utils.WordPieceTokenizer.train([text.encode() for text in texts], 300)
    assert again.vocabulary_size == learned.vocabulary_size and "film" in again.vocabulary


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: gm.utils.WordPieceTokenizer(SPECIAL[:3]), "without \\[SEP\\]"),
        (lambda: gm.utils.WordPieceTokenizer(["we", *SPECIAL]), "begin with 'we'"),
        (lambda: gm.utils.WordPieceTokenizer([*SPECIAL, "we", "a", "we"]), "'we' again as number 7"),
        (lambda: gm.utils.WordPieceTokenizer([*SPECIAL, 3]), "as str"),
        (lambda: gm.utils.WordPieceTokenizer(TOKENS, 1), "from 2"),
        (lambda: gm.utils.WordPieceTokenizer(TOKENS)(3), "a list of texts; received int"),
        (lambda: gm.utils.WordPieceTokenizer(TOKENS)(["a", None]), "text 1 as str or bytes; received NoneType"),
        (lambda: gm.utils.WordPieceTokenizer(TOKENS)(["a"], ["b", "c"]), "received 1 and 2"),
        (lambda: gm.utils.WordPieceTokenizer(TOKENS).decode([1, 2]), "shape \\(2,\\)"),
        (lambda: gm.utils.WordPieceTokenizer(TOKENS).decode([[1, 16]]), "0 to 15; received 1 to 16"),
        (lambda: gm.utils.WordPieceTokenizer.train([1]), "text 0 as str or bytes"),
    ],
)
def test_bad_input(tokenizer, make, words):
    with pytest.raises(gm.errors.ArgumentError, match=words):
        make()


def test_bad_files(tokenizer, tmp_path):
    (tmp_path / "vocab.txt").write_bytes(b"[PAD]\n\xff\xfe\n")
    with pytest.raises(gm.errors.ArgumentError, match="vocab.txt: expected a vocabulary in UTF-8"):
        gm.utils.WordPieceTokenizer(tmp_path / "vocab.txt")
    with pytest.raises(FileNotFoundError):
        gm.utils.WordPieceTokenizer(tmp_path / "absent.txt")


def test_the_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(gm.errors.UnsupportedError, match="pip install 'gradmill\\[text\\]'"):
        gm.utils.WordPieceTokenizer(TOKENS)
    with pytest.raises(gm.errors.UnsupportedError, match="package tokenizers"):
        gm.utils.WordPieceTokenizer.train(["a"])
