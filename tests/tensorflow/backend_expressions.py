"""Expressions in names of `tf.keras.backend`, of which other modules have none; see expressions.py.

`python tests/tensorflow/backend_expressions.py` with TensorFlow installed writes its values to tests/golden/tensorflow.
"""

from pathlib import Path

import numpy as np

RECORDED = Path(__file__).resolve().parents[1] / "golden" / "tensorflow" / "backend_expressions.npz"

generator = np.random.default_rng(3)
A = generator.normal(size=(4, 3, 5)).astype("float32")
B = generator.normal(size=(4, 5, 2)).astype("float32")
ROWS = generator.normal(size=(4, 5)).astype("float32")
IMAGES = generator.normal(size=(2, 3, 4, 2)).astype("float32")
MOMENTS = generator.uniform(0.5, 2, size=(4, 2)).astype("float32")
STEPS = generator.uniform(0.01, 1, size=(3, 7, 5)).astype("float32") ** 3
STEPS /= STEPS.sum(-1, keepdims=True)
LABELS = np.array([[0, 1, 3], [2, 2, 0], [1, 0, 0]])
COUNTS, LENGTHS = np.array([[3], [2], [1]]), np.array([[7], [6], [4]])


def moved(name):
    """A variable after an update."""

    def value(tf):
        variable = tf.Variable([1.0, 2.0])
        getattr(tf.keras.backend, name)(variable, [0.5, 1.0])
        return variable

    return value


def averaged(tf):
    variable = tf.Variable([1.0, 2.0])
    tf.keras.backend.moving_average_update(variable, tf.constant([0.0, 4.0]), 0.75)
    return variable


def assigned(tf):
    one, two = tf.Variable([1.0]), tf.Variable([2.0, 3.0])
    tf.keras.backend.batch_set_value([(one, [4.0]), (two, [5.0, 6.0])])
    return tf.concat([one, two], 0)


EXPRESSIONS = {
    "ctc_batch_cost": lambda tf: tf.keras.backend.ctc_batch_cost(LABELS, tf.constant(STEPS), LENGTHS, COUNTS),
    "ctc_decode": lambda tf: tf.keras.backend.ctc_decode(tf.constant(STEPS), LENGTHS[:, 0])[0][0],
    "ctc_decode scores": lambda tf: tf.keras.backend.ctc_decode(tf.constant(STEPS), LENGTHS[:, 0])[1],
    "batch_dot": lambda tf: tf.keras.backend.batch_dot(tf.constant(A), tf.constant(B)),
    "batch_dot of rows": lambda tf: tf.keras.backend.batch_dot(tf.constant(ROWS), tf.constant(ROWS + 1)),
    "batch_dot with rows": lambda tf: tf.keras.backend.batch_dot(tf.constant(A), tf.constant(ROWS)),
    "batch_dot axes": lambda tf: tf.keras.backend.batch_dot(tf.constant(A), tf.constant(B), axes=(2, 1)),
    "batch_normalization": lambda tf: tf.keras.backend.batch_normalization(
        tf.constant(IMAGES), *map(tf.constant, MOMENTS), epsilon=0.1
    ),
    "bias_add": lambda tf: tf.keras.backend.bias_add(tf.constant(IMAGES), tf.constant([1.0, -1.0])),
    "update": moved("update"),
    "update_add": moved("update_add"),
    "update_sub": moved("update_sub"),
    "moving_average_update": averaged,
    "batch_set_value": assigned,
    "temporal_padding": lambda tf: tf.keras.backend.temporal_padding(tf.constant(A), (2, 0)),
    "spatial_2d_padding": lambda tf: tf.keras.backend.spatial_2d_padding(tf.constant(IMAGES), ((1, 0), (2, 1))),
    "resize_images": lambda tf: tf.keras.backend.resize_images(tf.constant(IMAGES), 2, 3, "channels_last"),
    "resize_images smooth": lambda tf: tf.keras.backend.resize_images(
        tf.constant(IMAGES), 2, 3, "channels_last", "bilinear"
    ),
    "eye": lambda tf: tf.keras.backend.eye(3),
    "repeat": lambda tf: tf.keras.backend.repeat(tf.constant(ROWS), 3),
    "in_top_k": lambda tf: tf.keras.backend.in_top_k(tf.constant(ROWS), tf.constant([0, 1, 2, 3]), 2),
    "cumprod": lambda tf: tf.keras.backend.cumprod(tf.constant(ROWS), axis=1),
    "map_fn": lambda tf: tf.keras.backend.map_fn(lambda row: row * row[0], tf.constant(ROWS)),
    "count_params": lambda tf: tf.keras.backend.count_params(tf.constant(ROWS)),
}


def value_of(name, tf):
    """The value of an expression as a NumPy array."""
    return np.asarray(EXPRESSIONS[name](tf))


if __name__ == "__main__":
    import tensorflow

    np.savez_compressed(RECORDED, **{name: value_of(name, tensorflow) for name in EXPRESSIONS})
