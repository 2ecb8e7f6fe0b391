"""Layers of text and categories: values of Keras, models that read text, files, mistakes."""

import json
from pathlib import Path

import cases_text_and_categories as cases
import numpy as np
import pytest

import gradmill as gm
import gradmill.tensorflow as tf
from gradmill import errors, layers

RECORDED = json.loads((Path(__file__).parents[1] / "golden/layers/text_and_categories.json").read_text())
TEXTS = np.array(["a good film", "bad film", "so good", "an awful bad thing"] * 8)
LABELS = np.array([1, 0, 1, 0] * 8)


@pytest.mark.parametrize("name", cases.CASES)
def test_values_are_those_of_keras(name):
    found, expected = cases.answer(layers, name, lambda value: value), RECORDED[name]
    assert found["shape"] == expected["shape"]
    if isinstance(np.ravel(expected["output"])[0], str):
        assert found["output"] == expected["output"]
    else:
        np.testing.assert_allclose(found["output"], expected["output"], rtol=1e-6)
    if expected["learned"] and isinstance(expected["learned"][0], float):
        np.testing.assert_allclose(found["learned"], expected["learned"], rtol=1e-6)
    else:
        assert found["learned"] == expected["learned"]


@pytest.mark.parametrize("name", [name for name in cases.CASES if not isinstance(cases.CASES[name][3], tuple)])
def test_symbolic_shapes_are_those_of_values(name):
    kind, arguments, data, inputs = cases.CASES[name]
    layer = getattr(layers, kind)(**arguments)
    if data is not None:
        layer.adapt(data)
    given = np.asarray(inputs)
    dtype = "string" if given.dtype.kind == "U" else given.dtype.name
    symbolic = layer(gm.Input(batch_shape=given.shape, dtype=dtype))
    real = layer(inputs)
    assert len(symbolic.shape) == len(real.shape) and symbolic.dtype == str(real.dtype)
    assert all(size in (None, known) for size, known in zip(symbolic.shape, real.shape))


def test_words_and_back():
    forward = layers.StringLookup(vocabulary=["a", "b", "c", "d"])
    backward = layers.StringLookup(vocabulary=forward.get_vocabulary(), invert=True)
    expected = [[b"a", b"c", b"d"], [b"d", b"[UNK]", b"b"]]
    assert backward(forward([["a", "c", "d"], ["d", "z", "b"]])).tolist() == expected


def test_ragged_rows_keep_their_lengths():
    characters = tf.strings.unicode_split(["abc", "z", "ba"], "UTF-8")
    lookup = layers.StringLookup(vocabulary=["a", "b", "c"])
    assert lookup(characters).to_list() == [[1, 2, 3], [0], [2, 1]]
    counts = layers.StringLookup(vocabulary=["a", "b", "c"], output_mode="count")(characters)
    assert counts.numpy().tolist() == [[0, 1, 1, 1], [1, 0, 0, 0], [0, 1, 1, 0]]
    rows = layers.TextVectorization(ragged=True, vocabulary=["mill"])(["the mill", "mill"])
    assert rows.to_list() == [[1, 2], [2]]


def test_adapt_reads_data_sets():
    data = tf.data.Dataset.from_tensor_slices((TEXTS, LABELS)).batch(5)
    layer = layers.TextVectorization()
    layer.adapt(data.map(lambda text, label: text))
    assert layer.get_vocabulary()[:5] == ["", "[UNK]", "good", "film", "bad"]
    few = layers.TextVectorization()
    few.adapt(data.map(lambda text, label: text), steps=1)
    assert few.vocabulary_size() == layer.vocabulary_size()


def test_functions_of_the_user():
    def standardize(text):
        return tf.strings.regex_replace(tf.strings.lower(text), "<br />", " ")

    layer = layers.TextVectorization(standardize=standardize, split=lambda text: tf.strings.split(text, ","))
    layer.adapt(["A,B<br />C", "b c,A"])
    assert layer.get_vocabulary() == ["", "[UNK]", "b c", "a"]


def vectorization(length=6):
    layer = layers.TextVectorization(output_sequence_length=length)
    layer.adapt(TEXTS)
    return layer


def model_of_text(*first):
    model = gm.Sequential(
        [*first, layers.Embedding(20, 8), layers.GlobalAveragePooling1D(), layers.Dense(1, activation="sigmoid")]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def test_a_model_that_reads_text_trains_as_one_that_reads_its_numbers():
    gm.utils.set_random_seed(0)
    vectorize = vectorization()
    text = model_of_text(gm.Input((1,), dtype="string"), vectorize)
    text.build()
    numbers = model_of_text(gm.Input((6,), dtype="int64"))
    numbers.set_weights(text.get_weights())
    arguments = {"epochs": 2, "shuffle": False, "verbose": 0}
    expected = numbers.fit(vectorize(TEXTS).numpy(), LABELS, **arguments).history
    data = tf.data.Dataset.from_tensor_slices((TEXTS, LABELS)).batch(32)
    assert text.fit(TEXTS, LABELS, validation_data=data, **arguments).history["loss"] == expected["loss"]
    assert text.evaluate(data, verbose=0) == numbers.evaluate(vectorize(TEXTS).numpy(), LABELS, verbose=0)
    np.testing.assert_array_equal(
        text.predict(TEXTS.astype(object), verbose=0), numbers.predict(vectorize(TEXTS).numpy(), verbose=0)
    )
    np.testing.assert_allclose(text(tf.constant(TEXTS[:3])), text.predict(TEXTS[:3], verbose=0), rtol=1e-6)
    np.testing.assert_allclose(text.predict_on_batch(TEXTS[:3]), text.predict(TEXTS[:3], verbose=0), rtol=1e-6)
    assert np.isfinite(text.train_on_batch(TEXTS[:4], LABELS[:4])[0])


def test_a_trained_model_behind_a_layer_of_text():
    """The export of text tutorials: no Input, the first data say what there is."""
    core = model_of_text()
    vectorize = vectorization()
    core.fit(vectorize(TEXTS).numpy(), LABELS, verbose=0)
    whole = gm.Sequential([vectorize, core, layers.Activation("linear")])
    whole.compile(loss="binary_crossentropy", metrics=["accuracy"])
    np.testing.assert_array_equal(whole.predict(TEXTS, verbose=0), core.predict(vectorize(TEXTS).numpy(), verbose=0))
    data = tf.data.Dataset.from_tensor_slices((TEXTS, LABELS)).batch(10)
    assert whole.evaluate(data, verbose=0)[1] == core.evaluate(vectorize(TEXTS).numpy(), LABELS, verbose=0)[1]


def table_model():
    """Columns of a table: a number, a word and an integer; one layer of each kind."""
    age, kind = gm.Input((1,), name="age"), gm.Input((1,), name="kind", dtype=tf.string)
    code = gm.Input((1,), name="code", dtype="int64")
    words = layers.StringLookup(vocabulary=["normal", "fixed"], output_mode="one_hot")(kind)
    codes = layers.CategoryEncoding(4, output_mode="one_hot")(layers.IntegerLookup(vocabulary=[0, 1, 2])(code))
    bins = layers.Discretization(bin_boundaries=[30.0, 60.0], output_mode="one_hot")(age)
    joined = layers.Concatenate()([age, words, codes, bins])
    return gm.Model([age, kind, code], layers.Dense(1)(joined)), gm.Model([age, kind, code], joined)


TABLE = {
    "age": np.array([[20.0], [40.0], [70.0]], "float32"),
    "kind": np.array([["normal"], ["fixed"], ["other"]]),
    "code": np.array([[2], [0], [9]]),
}
ENCODED = [
    [20, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0],
    [40, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0],
    [70, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1],
]


def test_a_table_with_columns_of_text():
    model, encoder = table_model()
    np.testing.assert_array_equal(encoder.predict(TABLE, verbose=0), ENCODED)
    np.testing.assert_array_equal(encoder({key: tf.constant(value) for key, value in TABLE.items()}), ENCODED)
    model.compile("sgd", "mse")
    weights = [each.copy() for each in model.get_weights()]
    y = np.ones((3, 1), "float32")
    model.fit(tf.data.Dataset.from_tensor_slices((TABLE, y)).batch(3), epochs=1, verbose=0)
    by_rows = model.get_weights()
    # One step of gradient descent on the mean square, by hand.
    x = np.array(ENCODED, "float32")
    slope = 2 / 3 * (x @ weights[0] + weights[1] - y)
    np.testing.assert_allclose(by_rows[0], weights[0] - 0.01 * x.T @ slope, rtol=1e-4, atol=1e-4)
    model.set_weights(weights)
    model.fit(TABLE, y, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], by_rows[0], rtol=1e-6)


def test_a_model_inside_a_model_reads_text():
    """The way of the tutorial on CSV files: encode in one model, train another behind it."""
    _, encoder = table_model()
    inputs = {key: gm.Input((1,), name=key, dtype=tensor.dtype) for key, tensor in zip(TABLE, encoder.inputs)}
    model = gm.Model(inputs, gm.Sequential([layers.Dense(4), layers.Dense(1)])(encoder([*inputs.values()])))
    model.compile("adam", "mse")
    assert np.isfinite(model.fit(TABLE, np.ones(3), verbose=0).history["loss"][0])


def test_files_keep_vocabularies(tmp_path):
    model = model_of_text(gm.Input((1,), dtype="string"), vectorization())
    model.save(tmp_path / "model.keras")
    again = gm.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(TEXTS, verbose=0), model.predict(TEXTS, verbose=0))
    assert again.layers[0].get_vocabulary() == model.layers[0].get_vocabulary()


def test_files_keep_tokens_with_line_ends(tmp_path):
    lookup = layers.StringLookup()
    lookup.adapt(list("ab\nb"))
    model = gm.Sequential([gm.Input((2,), dtype="string"), lookup, layers.Embedding(5, 2)])
    model.save(tmp_path / "model.keras")
    again = gm.saving.load_model(tmp_path / "model.keras").layers[0]
    assert again.get_vocabulary() == ["[UNK]", "b", "a", "\n"]


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: layers.StringLookup()(["a"]), "expected a vocabulary"),
        (lambda: layers.StringLookup(vocabulary=["a"])([1, 2]), "expected text"),
        (lambda: layers.StringLookup(vocabulary=["a", "a"]), r"several times: \['a'\]"),
        (lambda: layers.StringLookup(vocabulary=["a", ""], mask_token=""), "at place 1"),
        (lambda: layers.StringLookup(vocabulary=["a", "b"], max_tokens=2), "received 3"),
        (lambda: layers.StringLookup(vocabulary=["a"], num_oov_indices=0)(["a", "q"]), r"received \['q'\]"),
        (lambda: layers.StringLookup(vocabulary="nowhere.txt"), "none at 'nowhere.txt'"),
        (lambda: layers.StringLookup(output_mode="hot"), "output_mode"),
        (lambda: layers.StringLookup(vocabulary=["a"], output_mode="tf_idf"), "idf_weights"),
        (lambda: layers.StringLookup(vocabulary=["a"]).adapt(["b"]), "remove one of them"),
        (lambda: layers.IntegerLookup(vocabulary=[1])([1.5]), "expected integers"),
        (lambda: layers.TextVectorization(standardize="upper"), "standardize"),
        (lambda: layers.TextVectorization(output_mode="count", output_sequence_length=3), "output_sequence_length"),
        (lambda: layers.TextVectorization(vocabulary=["a"])([["a", "b"]]), r"\(batch, 1\)"),
        (lambda: layers.TextVectorization(vocabulary=["a"])([3.0]), "expected text"),
        (lambda: layers.CategoryEncoding(3)([0, 3]), "from 0 to 2"),
        (lambda: layers.CategoryEncoding(), "num_tokens"),
        (lambda: layers.Discretization(), "one of num_bins and bin_boundaries"),
        (lambda: layers.Discretization(num_bins=2)([1.0]), "expected boundaries"),
        (lambda: layers.Hashing(0), "num_bins"),
        (lambda: layers.HashedCrossing(3)(["a"]), "two or more features"),
        (lambda: layers.HashedCrossing(3)((["a"], [1, 2])), "features all of shape"),
        (lambda: layers.Dense(2)(np.array(["a"])), "not supported"),
    ],
)
def test_mistakes_are_named(make, message):
    with pytest.raises((errors.ArgumentError, errors.ShapeError, errors.DTypeError), match=message):
        make()


def test_mistakes_in_models_are_named():
    model = model_of_text(gm.Input((1,), dtype="string"), vectorization())
    with pytest.raises(errors.ArgumentError, match="expected text for input"):
        model.predict(np.ones((2, 1)), verbose=0)
    numbers = model_of_text(gm.Input((6,), dtype="int64"))
    with pytest.raises(errors.DTypeError, match="expected numbers"):
        numbers.predict(TEXTS, verbose=0)
    words = gm.Input((6,), dtype="int64")
    back = gm.Model(words, layers.StringLookup(vocabulary=["a"], invert=True)(words))
    with pytest.raises(errors.ArgumentError, match="call the model"):
        back.predict(np.ones((2, 6), "int64"), verbose=0)


def test_weights_before_layers_of_the_host_are_refused():
    x = gm.Input((1,))
    hidden = layers.Dense(1)(x)
    model = gm.Model(x, layers.Dense(1)(layers.Hashing(3, output_mode="one_hot")(hidden)))
    model.compile("sgd", "mse")
    with pytest.raises(errors.ArgumentError, match="expected weights behind the layers that read text; dense"):
        model.fit(np.ones((2, 1)), np.ones((2, 1)), verbose=0)
