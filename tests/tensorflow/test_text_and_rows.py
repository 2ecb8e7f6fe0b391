"""Bad input to text functions, ragged rows and TensorArray."""


import numpy as np
import pytest

import gradmill.tensorflow as tf
from gradmill import errors


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: tf.strings.to_number("four"), "expected a number; received b'four'"),
        (lambda: tf.strings.regex_replace("a", "(", ""), "regular expression"),
        (lambda: tf.strings.length("a", unit="WORD"), "'BYTE' or 'UTF8_CHAR'; received 'WORD'"),
        (lambda: tf.strings.substr("abc", 9, 1), "within 3 places; received 9"),
        (lambda: tf.strings.lower([1, 2]), "strings only; received a int"),
        (lambda: tf.RaggedTensor.from_row_splits([1, 2], [0, 3]), "row_splits that end with 2"),
        (lambda: tf.RaggedTensor.from_row_splits([1, 2], [1, 2]), "begin with 0 and rise"),
        (lambda: tf.ragged.constant([1, 2]), "list of lists"),
        (lambda: tf.ragged.constant([[1]]).row_lengths(axis=2), "expected axis 1 to 1; received 2"),
        (lambda: tf.TensorArray(tf.float32, 2).write(2, 1.0), "below the size 2; received 2"),
        (lambda: tf.TensorArray(tf.float32, 2).read(2), "below 2; received 2"),
        (lambda: tf.TensorArray(tf.float32, 2).stack(), "a write or an element_shape"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(errors.GradMillError, match=words):
        call()


def test_text_in_data_sets_answers_as_tensors_do():
    dataset = tf.data.Dataset.from_tensor_slices((["a", "bc"], [0, 1]))
    assert [text.numpy() for text, _ in dataset] == [b"a", b"bc"]
    texts, _ = next(iter(dataset.batch(2)))
    assert [text.numpy() for text in texts] == [b"a", b"bc"] and texts.numpy().tolist() == [b"a", b"bc"]
    lengths = dataset.map(lambda text, number: tf.strings.length(text) + number)
    assert [int(each) for each in lengths] == [1, 3]


def test_ragged_rows_can_be_walked_through():
    rows = tf.ragged.constant([[1, 2], [], [3]])
    assert [row.numpy().tolist() for row in rows] == [[1, 2], [], [3]] and rows.to_list() == [[1, 2], [], [3]]
    assert rows.shape.as_list() == [3, None] and rows.dtype == tf.int32 and len(rows) == 3
    with pytest.raises(IndexError):
        rows[3]
    words = tf.strings.split(["a b", "c"])
    assert words.to_tensor().numpy().tolist() == [[b"a", b"b"], [b"c", b""]] and words.dtype == tf.string


def test_a_tensor_array_in_a_compiled_loop_with_its_gradient():
    w = tf.Variable(2.0)

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            powers, value = tf.TensorArray(tf.float32, size=0, dynamic_size=True), tf.constant(1.0)
            for place in tf.range(tf.shape(x)[0]):
                value = value * w
                powers = powers.write(place, value * x[place])
            total = tf.reduce_sum(powers.stack())
        return total, tape.gradient(total, w)

    total, slope = step(tf.constant([1.0, 1.0, 1.0]))
    assert (float(total), float(slope)) == (14.0, 17.0) and len(step.plans) == 1


TEXT = np.array([["a", "bc"], ["d", "ef"]], dtype=object)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda t: tf.expand_dims(t, -1), TEXT[..., None]),
        (lambda t: tf.reshape(t, [-1]), TEXT.reshape(-1)),
        (lambda t: tf.transpose(t), TEXT.T),
        (lambda t: tf.concat([t, t], axis=1), np.concatenate([TEXT, TEXT], 1)),
        (lambda t: tf.concat([["x"], t[0]], 0), np.array(["x", "a", "bc"], object)),
        (lambda t: tf.stack([t, t]), np.stack([TEXT, TEXT])),
        (lambda t: tf.stack(["x", "y"]), np.array(["x", "y"], object)),
        (lambda t: tf.gather(t, [1, 0]), TEXT[[1, 0]]),
        (lambda t: tf.tile(input=t, multiples=[1, 2]), np.tile(TEXT, [1, 2])),
        (lambda t: tf.squeeze(t[:1]), TEXT[0]),
        (lambda t: tf.reverse(t, [0]), TEXT[::-1]),
        (lambda t: tf.split(t, 2, axis=1)[1], TEXT[:, 1:]),
        (lambda t: tf.boolean_mask(t, [False, True]), TEXT[1:]),
        (lambda t: tf.where(t == "a", t, "no"), np.array([["a", "no"], ["no", "no"]], object)),
        (lambda t: tf.fill([2], "z"), np.array(["z", "z"], object)),
    ],
)
def test_text_is_moved_as_numbers_are(call, expected):
    found = call(tf.constant(TEXT))
    assert found.dtype == tf.string or found.dtype == object
    assert found.numpy().tolist() == np.vectorize(str.encode, otypes=[object])(expected).tolist()


def test_text_of_a_data_set_gets_an_axis_for_a_layer():
    reader = tf.keras.layers.TextVectorization(output_sequence_length=2)
    texts = tf.data.Dataset.from_tensor_slices((["one two", "one"], [0, 1])).batch(2)
    reader.adapt(texts.map(lambda text, label: text))
    rows, labels = next(iter(texts.map(lambda text, label: (reader(tf.expand_dims(text, -1)), label))))
    assert np.asarray(rows).tolist() == [[2, 3], [2, 0]] and np.asarray(labels).tolist() == [0, 1]
