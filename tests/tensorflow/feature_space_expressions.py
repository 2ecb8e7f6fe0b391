"""What FeatureSpace makes of tables, as expressions that TensorFlow and this package have to give the same values.

`python tests/tensorflow/feature_space_expressions.py` with TensorFlow installed writes its values to
tests/golden/tensorflow.
"""

from pathlib import Path

import numpy as np

RECORDED = Path(__file__).resolve().parents[1] / "golden" / "tensorflow" / "feature_space_expressions.npz"

generator = np.random.default_rng(4)
ROWS = 70
TABLE = {
    "age": generator.normal(50, 12, ROWS).astype("float32"),
    "pressure": generator.integers(90, 180, ROWS).astype("int32"),
    "kind": generator.choice(["normal", "fixed", "reversible"], ROWS),
    "vessels": generator.integers(0, 4, ROWS).astype("int64"),
    "town": generator.choice(["Aachen", "Bonn", "Celle", "Dachau"], ROWS),
}
SEEN = {name: column[:9] for name, column in TABLE.items()}
STRANGE = {
    "age": [20.0, 300.0, -4.5],
    "pressure": [1, 130, 7000],
    "kind": ["normal", "unheard of", ""],
    "vessels": [3, 17, -2],
    "town": ["Essen", "Bonn", "Fulda"],
}
KINDS = {
    "age": "float_normalized",
    "pressure": "float",
    "kind": "string_categorical",
    "vessels": "integer_categorical",
    "town": "string_hashed",
}


def encoded(tf, features, data=SEEN, adapt=TABLE, batch=None, names=None, **arguments):
    """What a space gives for a table; features of mode "dict" behind each other, by name."""
    names = names or features
    space = tf.keras.utils.FeatureSpace(features, **arguments)
    chosen = {name: adapt[name] for name in names}
    rows = tf.data.Dataset.from_tensor_slices(chosen) if batch is not None else chosen
    space.adapt(rows.batch(batch) if batch else rows)
    return joined(space({name: data[name] for name in names}))


def joined(found):
    """One array, with the ranks of features of mode "dict" before them."""
    if not isinstance(found, dict):
        return np.asarray(found)
    arrays = [np.asarray(found[name]) for name in sorted(found)]
    return np.concatenate([[each.ndim for each in arrays], *(np.ravel(each) for each in arrays)]).astype("float32")


def first_row(data):
    """One row of a table, as Python's values."""
    return {name: column[0] if isinstance(column, list) else column[0].item() for name, column in data.items()}


def mapped(tf, batch):
    """Rows and batches of a data set, encoded by `map`."""
    data = tf.data.Dataset
    space = tf.keras.utils.FeatureSpace(KINDS, crosses=[("kind", "vessels")])
    space.adapt(data.from_tensor_slices(TABLE))
    rows = data.from_tensor_slices((SEEN, np.arange(9)))
    rows = (rows.batch(batch) if batch else rows).map(lambda x, y: (space(x), y))
    return np.concatenate([np.concatenate([np.ravel(x), np.ravel(y)]) for x, y in rows])


def models(tf):
    """Outputs of a model of encoded columns, and of one of columns, with the same layers."""
    space = tf.keras.utils.FeatureSpace(KINDS, crosses=[("kind", "town")])
    space.adapt(TABLE)
    inputs, features = space.get_inputs(), space.get_encoded_features()
    dense = tf.keras.layers.Dense(2, "tanh")
    training, inference = tf.keras.Model(features, dense(features)), tf.keras.Model(inputs, dense(features))
    kernel, bias = training.get_weights()
    drawn = np.random.default_rng(2).normal(size=kernel.shape).astype("float32") / 100
    training.set_weights([drawn, bias])
    tensors = {name: tf.convert_to_tensor(column) for name, column in SEEN.items()}
    return np.stack([np.asarray(training(space(SEEN))), np.asarray(inference(tensors))])


def custom(tf, layer, **arguments):
    """One column of text with a layer of one's own."""
    features = {"kind": tf.keras.utils.FeatureSpace.feature("string", layer, **arguments)}
    return encoded(tf, features)


EXPRESSIONS = {
    "all kinds": lambda tf: encoded(tf, KINDS),
    "strange values": lambda tf: encoded(tf, KINDS, STRANGE),
    "one row": lambda tf: encoded(tf, KINDS, first_row(SEEN)),
    "one strange row": lambda tf: encoded(tf, KINDS, first_row(STRANGE), crosses=[("kind", "town")]),
    "one row, apart": lambda tf: encoded(tf, KINDS, first_row(SEEN), output_mode="dict"),
    "columns with an axis": lambda tf: encoded(tf, KINDS, {name: each[:, None] for name, each in SEEN.items()}),
    "apart": lambda tf: encoded(tf, KINDS, output_mode="dict", crosses=[("vessels", "town")]),
    "adapted to rows": lambda tf: encoded(tf, KINDS, batch=0),
    "adapted to batches": lambda tf: encoded(tf, KINDS, batch=20),
    "rescaled": lambda tf: encoded(
        tf, {"age": tf.keras.utils.FeatureSpace.float_rescaled(0.5, -3.0), "pressure": "float_rescaled"}
    ),
    "bins": lambda tf: encoded(tf, {"age": "float_discretized"}, num_discretization_bins=5),
    "bins of rows": lambda tf: encoded(
        tf, {"age": tf.keras.utils.FeatureSpace.float_discretized(4), "pressure": "float_discretized"}, batch=0
    ),
    "bins as integers": lambda tf: encoded(
        tf, {"age": tf.keras.utils.FeatureSpace.float_discretized(4, output_mode="int")}, output_mode="dict"
    ),
    "hashes": lambda tf: encoded(
        tf,
        {"vessels": "integer_hashed", "town": tf.keras.utils.FeatureSpace.string_hashed(6), "kind": "string_hashed"},
        hashing_dim=10,
    ),
    "hashes as integers": lambda tf: encoded(
        tf, {"vessels": tf.keras.utils.FeatureSpace.integer_hashed(50, output_mode="int")}, output_mode="dict"
    ),
    "few tokens": lambda tf: encoded(
        tf,
        {
            "kind": tf.keras.utils.FeatureSpace.string_categorical(max_tokens=3, num_oov_indices=2),
            "vessels": tf.keras.utils.FeatureSpace.integer_categorical(4, 2),
        },
        STRANGE,
    ),
    "words as integers": lambda tf: encoded(
        tf, {"kind": tf.keras.utils.FeatureSpace.string_categorical(output_mode="int")}, STRANGE, output_mode="dict"
    ),
    "crossings": lambda tf: encoded(
        tf,
        KINDS,
        crosses=[("town", "kind"), tf.keras.utils.FeatureSpace.cross(("vessels", "kind"), 9)],
        crossing_dim=12,
    ),
    "crossing as an integer": lambda tf: encoded(
        tf, KINDS, crosses=[tf.keras.utils.FeatureSpace.cross(("vessels", "kind"), 40, "int")], output_mode="dict"
    ),
    "words of one's own": lambda tf: custom(
        tf, tf.keras.layers.TextVectorization(output_mode="tf_idf"), output_mode="float"
    ),
    "letters of one's own": lambda tf: custom(
        tf, tf.keras.layers.TextVectorization(split="character", output_mode="count"), output_mode="float"
    ),
    "numbers of one's own": lambda tf: encoded(
        tf,
        {
            "age": tf.keras.utils.FeatureSpace.feature(
                "float32", tf.keras.layers.Normalization(mean=50.0, variance=4.0), "float"
            )
        },
    ),
    "map of rows": lambda tf: mapped(tf, None),
    "map of batches": lambda tf: mapped(tf, 4),
    "models": models,
}


def value_of(name, tf):
    """The value of an expression as a NumPy array."""
    return EXPRESSIONS[name](tf)


if __name__ == "__main__":
    import tensorflow

    np.savez_compressed(RECORDED, **{name: value_of(name, tensorflow) for name in EXPRESSIONS})
