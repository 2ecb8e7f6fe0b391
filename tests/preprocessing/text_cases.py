"""Texts and sequences that this package and Keras have to prepare alike: functions of the module `preprocessing`."""

import json
import random

import numpy as np

TEXTS = [
    "The cat sat on the mat.", "The dog sat on the log; the cat did not!", "Dogs & cats, living together:",
    "", "mass\thysteria\nmass",
]  # fmt: skip
NEW = ["the unknown cat", "a dog's life", "MASS hysteria?"]
ENDINGS = ("counts", "docs", "index", "word")
LISTS = [["One", "two"], ["two", "three", "Two"]]


def fitted(preprocessing, texts=TEXTS, **arguments):
    tokenizer = preprocessing.text.Tokenizer(**arguments)
    tokenizer.fit_on_texts(texts)
    return tokenizer


def sequences(**arguments):
    return lambda p: fitted(p, **arguments).texts_to_sequences(NEW)


def matrix(mode, **arguments):
    return lambda p: fitted(p, **arguments).texts_to_matrix([*NEW, *TEXTS], mode=mode)


def attributes(preprocessing):
    tokenizer = fitted(preprocessing, oov_token="?")
    names = ("word_counts", "word_docs", "word_index", "index_word", "index_docs")
    tables = [sorted(getattr(tokenizer, name).items(), key=str) for name in names]
    return [*tables, list(tokenizer.word_counts), tokenizer.document_count]


def from_numbers(preprocessing):
    tokenizer = preprocessing.text.Tokenizer(num_words=6)
    tokenizer.fit_on_sequences([[1, 2, 2], [2, 5], [9]])
    return tokenizer.sequences_to_matrix([[1, 2, 2], [], [5, 9]], mode="tfidf")


def stored(preprocessing):
    found = json.loads(fitted(preprocessing, num_words=9).to_json())
    tables = {key: json.loads(value) for key, value in found["config"].items() if key.partition("_")[2] in ENDINGS}
    return {**found, "config": {**found["config"], **tables}}  # Keras has the words of a text in no order


def twice(preprocessing):
    tokenizer = fitted(preprocessing)
    tokenizer.fit_on_texts(NEW)
    again = preprocessing.text.tokenizer_from_json(tokenizer.to_json())
    again.fit_on_texts(["hysteria the unknown hysteria"])  # Keras knows no new words now
    return [tokenizer.word_index, again.word_index, again.texts_to_matrix(NEW, mode="tfidf").tolist()]


def batches(make, count=None):
    """Batches as lists; draws follow from a seed."""

    def run(preprocessing):
        np.random.seed(3)
        made = make(preprocessing.sequence.TimeseriesGenerator)
        return [len(made), [[part.tolist() for part in made[i]] for i in range(count or len(made))]]

    return run


SERIES = np.arange(60.0).reshape(30, 2)


def seeded(function):
    def run(preprocessing):
        random.seed(11)
        return function(preprocessing.sequence)

    return run


CASES = {
    "words": lambda p: [p.text.text_to_word_sequence(each) for each in TEXTS],
    "words kept": lambda p: p.text.text_to_word_sequence("A-b C_d,e", filters="_-", lower=False, split=","),
    "md5": lambda p: [p.text.hashing_trick(each, 50, "md5") for each in TEXTS],
    "own hash": lambda p: p.text.hashing_trick("to be or", 7, hash_function=len, analyzer=list),
    "one hot": lambda p: p.text.one_hot("same same", 2),
    "attributes": attributes,
    "sequences": sequences(),
    "sequences of few words": sequences(num_words=4),
    "sequences with oov": sequences(num_words=4, oov_token="<unk>"),
    "sequences of characters": sequences(char_level=True, oov_token="#"),
    "sequences in capitals": sequences(lower=False),
    "sequences of another analyzer": sequences(analyzer=lambda text: text.upper().split("A")),
    "sequences of lists": lambda p: fitted(p, LISTS).texts_to_sequences(LISTS),
    "the token for unknown words is a word": sequences(oov_token="cat"),
    "binary": matrix("binary"),
    "count": matrix("count", num_words=5),
    "freq": matrix("freq", oov_token="?"),
    "tfidf": matrix("tfidf"),
    "tfidf of numbers": from_numbers,
    "texts back": lambda p: fitted(p).sequences_to_texts([[1, 2, 99], [], [3]]),
    "texts back with oov": lambda p: fitted(p, num_words=3, oov_token="?").sequences_to_texts([[1, 2, 99], [5]]),
    "json": stored,
    "counting goes on": twice,
    "series": batches(lambda generator: generator(SERIES, SERIES[:, 0], 5, batch_size=4)),
    "series with steps": batches(lambda generator: generator(
        SERIES, SERIES, length=6, sampling_rate=2, stride=3, start_index=2, end_index=27, reverse=True, batch_size=3,
    )),
    "series drawn": batches(lambda generator: generator(SERIES, SERIES, 4, shuffle=True, batch_size=7), 2),
    "series of lists": batches(lambda generator: generator(SERIES.tolist(), list(range(30)), 10, batch_size=8)),
    "sampling table": lambda p: p.sequence.make_sampling_table(500, sampling_factor=1e-3),
    "pairs": seeded(lambda s: s.skipgrams([1, 2, 0, 3, 4, 5, 1, 6], 7, window_size=2)),
    "pairs with seed": seeded(lambda s: s.skipgrams([1, 2, 3, 4], 5, negative_samples=0.5, seed=4)),
    "pairs in order": seeded(lambda s: s.skipgrams([3, 1, 2], 4, shuffle=False, categorical=True, negative_samples=2)),
    "pairs by table": seeded(lambda s: s.skipgrams(
        list(range(1, 50)) * 3, 50, sampling_table=s.make_sampling_table(50, 1e-2), window_size=1,
    )),
    "pairs of nothing": seeded(lambda s: s.skipgrams([0, 0], 4)),
}  # fmt: skip


def value_of(name, preprocessing):
    """The value of a case: an array, or whatever JSON holds."""
    found = CASES[name](preprocessing)
    return found if isinstance(found, np.ndarray) else np.array(json.dumps(found))
