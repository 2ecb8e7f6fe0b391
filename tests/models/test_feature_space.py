"""FeatureSpace: models behind one, data sets, files, mistakes. Its values are those of Keras in tests/tensorflow."""

import subprocess
import sys

import numpy as np
import pytest

import gradmill as gm
import gradmill.tensorflow as tf
from gradmill.errors import ArgumentError
from gradmill.utils import FeatureSpace

TABLE = {
    "size": np.arange(40, dtype="float32"),
    "kind": np.array(["round", "flat", "long", "flat"] * 10),
    "count": np.array([3, 5, 5, 9] * 10),
}
LABELS = (TABLE["kind"] == "flat").astype("float32")


def adapted(features=None, **arguments):
    features = features or {
        "size": "float_normalized",
        "kind": "string_categorical",
        "count": "integer_categorical",
    }
    space = FeatureSpace(features, **arguments)
    space.adapt(TABLE)
    return space


def test_parts_have_keras_names():
    space = adapted(crosses=[("kind", "count")], crossing_dim=5)
    assert {name: type(layer).__name__ for name, layer in space.preprocessors.items()} == {
        "size": "Normalization", "kind": "StringLookup", "count": "IntegerLookup",
    }  # fmt: skip
    assert [layer.name for layer in space.preprocessors.values()] == [
        "size_preprocessor", "kind_preprocessor", "count_preprocessor",
    ]  # fmt: skip
    assert space.crossers["kind_X_count"].num_bins == 5
    assert space.features["kind"].dtype == "string" and space.features["size"].output_mode == "float"
    assert [(name, each.shape, each.dtype) for name, each in space.get_inputs().items()] == [
        ("size", (None, 1), "float32"), ("kind", (None, 1), "string"), ("count", (None, 1), "int32"),
    ]  # fmt: skip
    assert space.get_encoded_features().shape == (None, 1 + 4 + 4 + 5)
    assert tf.keras.utils.FeatureSpace is FeatureSpace


def test_a_model_of_features_and_one_of_columns():
    """Training on encoded rows, and the same layers behind raw columns."""
    space = adapted(crosses=[("kind", "count")], crossing_dim=5)
    data = tf.data.Dataset.from_tensor_slices((TABLE, LABELS)).shuffle(40, seed=1).batch(16)
    encoded = data.map(lambda x, y: (space(x), y), num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
    features = space.get_encoded_features()
    outputs = gm.layers.Dense(1, activation="sigmoid")(gm.layers.Dense(8, activation="relu")(features))
    training, inference = gm.Model(features, outputs), gm.Model(space.get_inputs(), outputs)
    training.compile(gm.optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
    history = training.fit(encoded, epochs=8, validation_data=encoded, verbose=0).history
    assert history["loss"][-1] < history["loss"][0] / 2 and history["val_accuracy"][-1] > 0.95
    expected = training.predict(space(TABLE), verbose=0)
    np.testing.assert_allclose(inference.predict(TABLE, verbose=0), expected, rtol=1e-5)
    row = {"size": tf.constant([3.0]), "kind": tf.constant(["flat"]), "count": tf.constant([9])}
    np.testing.assert_allclose(inference.predict(row, verbose=0), expected[3:4], rtol=1e-5)


def test_a_space_inside_a_model():
    space = adapted()
    inputs = {name: gm.Input((1,), name=name, dtype=each.dtype) for name, each in space.get_inputs().items()}
    model = gm.Model(inputs, space(inputs))
    np.testing.assert_array_equal(model.predict(TABLE, verbose=0), space(TABLE))


def test_rows_and_batches_of_a_map():
    space = adapted(output_mode="dict")
    data = tf.data.Dataset.from_tensor_slices(TABLE)
    row = next(iter(data.map(space)))
    assert {name: tuple(each.shape) for name, each in row.items()} == {"count": (4,), "kind": (4,), "size": (1,)}
    batches = list(data.batch(25).map(space))
    assert [tuple(each["kind"].shape) for each in batches] == [(25, 4), (15, 4)]
    np.testing.assert_array_equal(np.concatenate([each["kind"] for each in batches]), space(TABLE)["kind"])


def test_adapting_again_forgets():
    space = adapted()
    space.adapt({**TABLE, "kind": np.array(["one", "two", "three", "four", "five"] * 8)})
    assert space.get_encoded_features().shape == (None, 1 + 4 + 6)
    assert space(TABLE).shape == (40, 1 + 4 + 6)
    assert space.preprocessors["kind"].get_vocabulary() == ["[UNK]", "two", "three", "one", "four", "five"]


def test_what_is_given_is_not_learned():
    space = FeatureSpace({
        "size": FeatureSpace.float_discretized(None, bin_boundaries=[10.0, 20.0, 30.0]),
        "kind": FeatureSpace.feature("string", gm.layers.StringLookup(vocabulary=["flat"]), "one_hot"),
    })  # fmt: skip
    rows = {"size": [10.5, 40.0], "kind": ["flat", "round"]}
    expected = [[0, 1, 0, 1, 0, 0], [1, 0, 0, 0, 0, 1]]
    assert space(rows).numpy().tolist() == expected
    space.adapt({"size": TABLE["size"], "kind": TABLE["kind"]})
    assert space(rows).numpy().tolist() == expected


LOADING = """
import sys, numpy as np, gradmill as gm
space = gm.saving.load_model(sys.argv[1] + "/space.keras")
np.save(sys.argv[1] + "/found.npy", space({"size": [3.0, 99.0], "kind": ["long", "?"], "count": [5, 4]}).numpy())
"""


def test_files(tmp_path):
    space = adapted({
        "size": FeatureSpace.float_discretized(4, name="bins"),
        "kind": FeatureSpace.feature("string", gm.layers.TextVectorization(output_mode="tf_idf"), "float"),
        "count": FeatureSpace.integer_categorical(max_tokens=3),
    }, crosses=[FeatureSpace.cross(("size", "count"), 6)])  # fmt: skip
    space.save(tmp_path / "space.keras")
    rows = {"size": [3.0, 99.0], "kind": ["long", "?"], "count": [5, 4]}
    again = gm.saving.load_model(tmp_path / "space.keras")
    np.testing.assert_array_equal(again(rows), space(rows))
    assert again.get_config() == space.get_config()
    # In a process that has not asked for gm.utils.FeatureSpace.
    subprocess.run([sys.executable, "-c", LOADING, str(tmp_path)], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "found.npy"), space(rows))


def test_a_file_of_a_space_that_is_not_adapted(tmp_path):
    FeatureSpace({"kind": "string_categorical"}).save(tmp_path / "space.keras")
    again = gm.saving.load_model(tmp_path / "space.keras")
    with pytest.raises(ArgumentError, match=r"expected adapt\(dataset\)"):
        again({"kind": "flat"})
    again.adapt({"kind": TABLE["kind"]})
    assert again({"kind": "flat"}).numpy().tolist() == [0, 1, 0, 0]


def test_configurations_are_read_back():
    space = FeatureSpace(
        {"size": "float_discretized", "kind": "string_hashed"}, "dict", [("size", "kind")], 7, 8, 9, name="mill"
    )
    config = space.get_config()
    assert list(config) == [
        "features", "output_mode", "crosses", "crossing_dim", "hashing_dim", "num_discretization_bins",
    ]  # fmt: skip
    again = FeatureSpace.from_config(config)
    assert again.get_config() == config
    layers = (again.preprocessors["size"], again.preprocessors["kind"], again.crossers["size_X_kind"])
    assert [layer.num_bins for layer in layers] == [9, 8, 7]


def joined_with(feature, **arguments):
    return lambda: adapted({"kind": feature}, **arguments)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FeatureSpace({}), r"expected features, a dictionary with columns; received \{\}"),
        (lambda: FeatureSpace({"size": "real"}), "for column 'size'; received 'real'"),
        (lambda: FeatureSpace({"size": "float"}, output_mode="list"), r"'dict', 'concat'.*received 'list'"),
        (lambda: FeatureSpace({"size": "float"}, crosses=[("size", "kind")]), r"received \['kind'\] in"),
        (lambda: FeatureSpace({"size": "float"}, crosses=[("size",)], crossing_dim=0), "positive crossing_dim"),
        (lambda: FeatureSpace.cross(("a", "b"), 4, "float"), "FeatureSpace.cross: expected output_mode"),
        (lambda: FeatureSpace.string_hashed(4, "hot"), "FeatureSpace.feature: expected output_mode"),
        (lambda: FeatureSpace({"kind": "string_categorical"})(TABLE), r"expected adapt\(dataset\) before"),
        (lambda: FeatureSpace({"kind": "string_categorical"}).get_inputs(), r"expected adapt\(dataset\) before"),
        (lambda: FeatureSpace({"size": "float"}).adapt([1.0]), "dictionary of columns, to adapt to; received a list"),
        (lambda: FeatureSpace({"a": "float_normalized"}).adapt(TABLE), r"a column 'a' .*'count', 'kind', 'size'\]"),
        (
            lambda: FeatureSpace({"size": "float_normalized"}).adapt(
                tf.data.Dataset.from_tensor_slices((TABLE, LABELS))
            ),
            "column 'size' to adapt to; received tuple",
        ),
        (lambda: FeatureSpace({"size": "float"})([1.0]), "expected a dictionary of columns; received a list"),
        (lambda: FeatureSpace({"size": "float"})(TABLE), r"the columns \['size'\]; received \['count', 'kind', 's"),
        (joined_with(FeatureSpace.string_categorical(output_mode="int")), "feature 'kind' has dtype int64; choose"),
        (
            lambda: adapted({"size": FeatureSpace.feature("float32", gm.layers.Rescaling(2), "one_hot")}),
            "expected integers of the layer of feature 'size'.*returns float32",
        ),
        (
            joined_with(FeatureSpace.feature("string", gm.layers.TextVectorization(), "one_hot")),
            "received TextVectorization; use output_mode='int'",
        ),
    ],
)
def test_mistakes_are_named(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()
