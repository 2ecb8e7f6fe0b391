"""The half of `test_live_feature_space.py` that runs in an interpreter with Keras.

    python feature_space_side.py write|read FOLDER

write: save a space and a model of its columns, with what they give.
read: load what GradMill saved and write what it gives.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np

TABLE = {
    "age": np.linspace(20, 80, 50).astype("float32"),
    "size": (np.arange(50) ** 2).astype("float32"),
    "rooms": (np.arange(50) % 4).astype("int32"),
    "kind": np.array(["normal", "fixed", "reversible", "normal", "normal"] * 10),
    "town": np.array(["Aachen", "Bonn"] * 25),
}
ROWS = {
    "age": np.array([[30.0], [200.0]], "float32"),
    "size": np.array([[2.0], [1600.0]], "float32"),
    "rooms": np.array([[2], [17]], "int32"),
    "kind": np.array([["fixed"], ["unheard of"]]),
    "town": np.array([["Bonn"], ["Essen"]]),
}


def make_space(keras):
    """A space with a column of each kind, adapted."""
    space = keras.utils.FeatureSpace(
        {
            "age": "float_normalized",
            "size": keras.utils.FeatureSpace.float_discretized(7),
            "rooms": "integer_categorical",
            "kind": "string_categorical",
            "town": keras.utils.FeatureSpace.string_hashed(5),
        },
        crosses=[("kind", "rooms")],
        crossing_dim=11,
    )
    space.adapt(TABLE)
    return space


def save_all(keras, folder):
    """Save a space and a model."""
    space = make_space(keras)
    model = keras.Model(space.get_inputs(), keras.layers.Dense(3)(space.get_encoded_features()))
    space.save(folder / "space.keras")
    model.save(folder / "model.keras")
    return space, model


def answers(space, model, tensors):
    """What both give for rows."""
    return {"space": np.asarray(space(ROWS)), "model": np.asarray(model(tensors))}


if __name__ == "__main__":
    import keras

    import tensorflow as tf

    command, folder = sys.argv[1], Path(sys.argv[2])
    if command == "write":
        space, model = save_all(keras, folder)
    else:
        space, model = (keras.models.load_model(folder / f"{name}.keras") for name in ("space", "model"))
    np.savez(folder / "keras.npz", **answers(space, model, {key: tf.constant(each) for key, each in ROWS.items()}))
