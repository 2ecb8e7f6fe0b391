"""Texts and sequences as numbers: what follows from the definitions, and what Keras makes of the same cases."""

import json
import math

import numpy as np
import pytest
import text_cases
from live_keras import values_of_keras

import gradmill as gm
from gradmill import preprocessing
from gradmill.errors import ArgumentError

text, sequence = preprocessing.text, preprocessing.sequence


@pytest.fixture(scope="module")
def of_keras(tmp_path_factory):
    return values_of_keras("text_cases", tmp_path_factory.mktemp("text"))


@pytest.mark.peers
@pytest.mark.parametrize("name", text_cases.CASES)
def test_as_keras(name, of_keras):
    found, expected = text_cases.value_of(name, preprocessing), of_keras[name]
    assert found.dtype.kind == expected.dtype.kind
    if found.dtype.kind == "U":
        assert json.loads(str(found)) == json.loads(str(expected))
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_words_are_numbered_by_frequency():
    tokenizer = text.Tokenizer()
    tokenizer.fit_on_texts(["b a b, c!", "A b d"])
    assert tokenizer.word_index == {"b": 1, "a": 2, "c": 3, "d": 4}  # c came before d
    assert tokenizer.word_docs == {"b": 2, "a": 2, "c": 1, "d": 1}
    assert tokenizer.texts_to_sequences(["d x a"]) == [[4, 2]]


def test_counting_goes_on_after_json():
    first = text.Tokenizer()
    first.fit_on_texts(["a b"])
    again = text.tokenizer_from_json(first.to_json())
    again.fit_on_texts(["c c c"])
    assert again.word_index == {"c": 1, "a": 2, "b": 3}
    assert again.word_docs == {"a": 1, "b": 1, "c": 1}


def test_matrix_modes():
    tokenizer = text.Tokenizer()
    tokenizer.fit_on_texts(["a b b", "a"])
    rows = {mode: tokenizer.texts_to_matrix(["b a b"], mode=mode)[0] for mode in ("binary", "count", "freq", "tfidf")}
    a, b = tokenizer.word_index["a"], tokenizer.word_index["b"]
    assert [rows["binary"][b], rows["count"][b], rows["freq"][b]] == [1, 2, 2 / 3]
    assert rows["count"][0] == 0 and len(rows["count"]) == 3
    assert rows["tfidf"][b] == pytest.approx((1 + math.log(2)) * math.log(1 + 2 / 2))
    assert rows["tfidf"][a] == pytest.approx(math.log(1 + 2 / 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: text.Tokenizer().texts_to_matrix(["a"]), "num_words.*fit_on_texts"),
        (lambda: text.Tokenizer(4).texts_to_matrix(["a"], "tfidf"), "fit_on_texts"),
        (lambda: text.Tokenizer(4).texts_to_matrix(["a"], "sum"), "expected mode binary.*'sum'"),
        (lambda: text.Tokenizer().fit_on_texts(["a", float("nan")]), "texts or lists of words; received nan"),
        (lambda: text.tokenizer_from_json("{}"), "to_json"),
        (lambda: text.tokenizer_from_json("[1]"), "to_json"),
        (lambda: text.tokenizer_from_json("nothing"), "to_json"),
        (lambda: text.hashing_trick("a", 1), "n of at least 2; received 1"),
        (lambda: text.hashing_trick("a", 5, "sha"), "hash_function.*'sha'"),
        (lambda: text.text_to_word_sequence(b"a"), "expected text"),
        (lambda: sequence.TimeseriesGenerator([1, 2], [1], 1), "received 1 and 2"),
        (lambda: sequence.TimeseriesGenerator([1, 2], [1, 2], 2), "end_index"),
        (lambda: sequence.TimeseriesGenerator([1, 2], [1, 2], 1, stride=0), "stride"),
        (lambda: sequence.TimeseriesGenerator([1j, 2], [1, 2], 1).to_json(), "numbers"),
        (lambda: sequence.make_sampling_table(0), "at least 1; received 0"),
        (lambda: sequence.skipgrams([1], 1), "vocabulary_size.*1"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()


def test_a_model_trains_on_windows():
    series = np.sin(np.arange(40) / 3).astype("float32")[:, None]
    windows = sequence.TimeseriesGenerator(series, series, length=4, batch_size=8)
    model = gm.Sequential([gm.layers.Flatten(), gm.layers.Dense(1)])
    model.compile(gm.optimizers.Adam(0.05), "mse")
    losses = model.fit(windows, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 2
    assert model.predict(windows, verbose=0).shape == (36, 1)


def test_the_arguments_of_windows_as_json():
    stored = json.loads(sequence.TimeseriesGenerator(np.arange(3.0), [4, 5, 6], 1, reverse=True).to_json())
    config = stored["config"]
    assert stored["class_name"] == "TimeseriesGenerator"
    assert json.loads(config["data"]) == [0.0, 1.0, 2.0] and json.loads(config["targets"]) == [4, 5, 6]
    assert (config["length"], config["start_index"], config["end_index"], config["reverse"]) == (1, 1, 2, True)


def test_pairs_near_each_other():
    pairs, labels = sequence.skipgrams([1, 2, 3, 0, 4], 5, window_size=1, negative_samples=0, shuffle=False)
    assert pairs == [[1, 2], [2, 1], [2, 3], [3, 2]]
    assert labels == [1] * 4


def test_words_are_drawn_as_often_as_real_pairs():
    pairs, labels = sequence.skipgrams(list(range(1, 30)), 30, window_size=2, negative_samples=1.5)
    real = labels.count(1)
    assert real == 4 * 29 - 6 and labels.count(0) == int(real * 1.5)
    for (word, other), label in zip(pairs, labels):
        assert 1 <= other < 30 and (label == 0 or abs(word - other) <= 2)
