"""Files that real Keras wrote (see tests/golden/keras_files) load and give the same outputs."""

import json
from pathlib import Path

import numpy as np
import pytest
from models_for_saving import make_blocks, make_models

import gradmill as gm
from gradmill.errors import UnsupportedError
from gradmill.saving.hdf5 import read_hdf5
from gradmill.saving.legacy_config import strip_config, upgrade_compiled, upgrade_config, upgrade_optimizer

FILES = Path(__file__).parents[1] / "golden" / "keras_files"
MODELS = make_models(gm)
TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}


@pytest.fixture(scope="module")
def expected():
    with np.load(FILES / "expected.npz") as archive:
        return dict(archive)


def inputs(expected, name):
    found = {key.split("/")[-1]: value for key, value in expected.items() if key.startswith(f"{name}/input/")}
    return found["x"] if list(found) == ["x"] else found


@pytest.mark.parametrize("name", ["sequential.keras", "functional.keras", "sequential.h5", "functional.h5"])
def test_whole_models(name, expected):
    model = gm.saving.load_model(FILES / name)
    x = inputs(expected, name)
    np.testing.assert_allclose(np.asarray(model(x, training=False)), expected[f"{name}/output"], **TOLERANCE)
    # The optimizer's state came along: one more step gives what it gave in Keras.
    found = model.train_on_batch(x, expected[f"{name}/target"], return_dict=True)
    np.testing.assert_allclose(found["loss"], expected[f"{name}/next_loss"], **TOLERANCE)
    np.testing.assert_allclose(
        np.asarray(model(x, training=False)), expected[f"{name}/next_output"], rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(
    "name", ["sequential.weights.h5", "functional.weights.h5", "sequential.keras", "functional.h5"]
)
def test_weights_alone(name, expected):
    model = MODELS[name.split(".")[0]]()
    model.load_weights(FILES / name)
    found = np.asarray(model(inputs(expected, name), training=False))
    np.testing.assert_allclose(found, expected[f"{name}/output"], **TOLERANCE)


def test_old_weights_alone(expected):
    model = MODELS["sequential"]()
    model.load_weights(FILES / "weights_only.h5")
    found = np.asarray(model(inputs(expected, "weights_only.h5"), training=False))
    np.testing.assert_allclose(found, expected["weights_only.h5/output"], **TOLERANCE)


def test_subclassed_models(expected):
    model = make_blocks(gm)
    x = inputs(expected, "blocks.weights.h5")
    model(x)
    model.load_weights(FILES / "blocks.weights.h5")
    np.testing.assert_allclose(np.asarray(model(x)), expected["blocks.weights.h5/output"], **TOLERANCE)


def test_we_write_the_paths_that_keras_writes(tmp_path):
    for name in ("sequential", "functional", "blocks"):
        model = make_blocks(gm) if name == "blocks" else MODELS[name]()
        if name == "blocks":
            model(np.zeros((1, 4), "float32"))
        else:
            model.compile(
                "adam" if name == "sequential" else gm.optimizers.SGD(0.1, momentum=0.9), "mse", metrics=["mae"]
            )
            model.optimizer.build(model.trainable_variables)
        model.save_weights(tmp_path / "m.weights.h5")
        ours, theirs = (
            {(each.path, getattr(each, "shape", None), getattr(each, "dtype", None)) for each in read_hdf5(path).walk()}
            for path in (tmp_path / "m.weights.h5", FILES / f"{name}.weights.h5")
        )
        assert ours == theirs


def test_bfloat16(expected):
    found = read_hdf5(FILES / "bfloat16.weights.h5").dataset("layers/dense/vars/0")
    assert found.dtype == "bfloat16"
    np.testing.assert_array_equal(found.numpy(), expected["bfloat16.weights.h5/kernel"])
    model = gm.Sequential([gm.Input((4,)), gm.layers.Dense(3, dtype="bfloat16")])
    model.load_weights(FILES / "bfloat16.weights.h5")
    values = np.asarray(model.weights[0].value.astype("float32").numpy())
    np.testing.assert_array_equal(values, expected["bfloat16.weights.h5/kernel"])


# What Keras 2 stored, written down from its documentation of the format and from files in use.
KERAS_2_SEQUENTIAL = {
    "class_name": "Sequential",
    "config": {
        "name": "sequential",
        "layers": [
            {
                "class_name": "Dense",
                "config": {
                    "name": "dense",
                    "trainable": True,
                    "batch_input_shape": [None, 4],
                    "dtype": "float32",
                    "units": 3,
                    "activation": "relu",
                    "use_bias": True,
                    "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}},
                    "bias_initializer": {"class_name": "Zeros", "config": {}},
                    "kernel_regularizer": None,
                    "bias_regularizer": None,
                    "activity_regularizer": None,
                    "kernel_constraint": None,
                    "bias_constraint": None,
                },
            }
        ],
    },
}
KERAS_2_FUNCTIONAL = {
    "class_name": "Model",
    "config": {
        "name": "model",
        "layers": [
            {
                "class_name": "InputLayer",
                "config": {"batch_input_shape": [None, 4], "dtype": "float32", "sparse": False, "name": "input_1"},
                "name": "input_1",
                "inbound_nodes": [],
            },
            {
                "class_name": "Dense",
                "config": {"name": "d", "units": 4, "activation": "linear"},
                "name": "d",
                "inbound_nodes": [[["input_1", 0, 0, {}]]],
            },
            {
                "class_name": "Add",
                "config": {"name": "add", "trainable": True, "dtype": "float32"},
                "name": "add",
                "inbound_nodes": [[["input_1", 0, 0, {}], ["d", 0, 0, {}]]],
            },
        ],
        "input_layers": [["input_1", 0, 0]],
        "output_layers": [["add", 0, 0]],
    },
}


@pytest.mark.parametrize("config", [KERAS_2_SEQUENTIAL, KERAS_2_FUNCTIONAL], ids=["sequential", "functional"])
def test_configurations_of_keras_2(config):
    model = gm.saving.deserialize_object(upgrade_config(json.loads(json.dumps(config))))
    assert model.built and model.input_shape == (None, 4) if config is KERAS_2_SEQUENTIAL else model.built
    x = np.ones((2, 4), "float32")
    kernel, bias = (each.numpy() for each in model.weights)
    linear = x @ kernel + bias
    expected = np.maximum(linear, 0) if config is KERAS_2_SEQUENTIAL else x + linear
    found = model(x)
    np.testing.assert_allclose(np.asarray(found[0] if isinstance(found, (list, tuple)) else found), expected, rtol=1e-5)


def test_training_configurations_of_keras_2():
    optimizer = upgrade_optimizer(
        {"class_name": "Adam", "config": {"lr": 0.5, "decay": 0.0, "beta_1": 0.8, "jit_compile": False}}
    )
    made = gm.saving.deserialize_object(optimizer)
    assert isinstance(made, gm.optimizers.Adam) and float(made.learning_rate) == 0.5 and made.beta_1 == 0.8
    metric = {
        "class_name": "MeanMetricWrapper",
        "config": {"name": "accuracy", "dtype": "float32", "fn": "binary_accuracy"},
    }
    assert upgrade_compiled([[metric]]) == [["accuracy"]]
    loss = {"class_name": "MeanSquaredError", "config": {"reduction": "auto", "name": "mse"}}
    assert upgrade_compiled(loss)["config"]["reduction"] == "sum_over_batch_size"


@pytest.mark.parametrize(
    "arguments",
    [
        {"function": ["4wEAAAAAAAAA", None, None], "function_type": "lambda"},
        {"function": {"class_name": "__lambda__", "config": {"code": "4wEAAAAA"}}},
    ],
)
def test_code_in_older_files_is_not_run(arguments):
    layers = [{"class_name": "Lambda", "config": {"name": "lambda", **arguments}}]
    with pytest.raises(UnsupportedError, match="never run"):
        upgrade_config({"class_name": "Sequential", "config": {"name": "s", "layers": layers}})


def test_ops_in_h5_files_are_told_from_layers():
    """Keras 3 writes both as they are called, Add and Multiply, without a module."""
    inputs = gm.Input((4,), name="x")
    hidden = gm.layers.Add()([gm.layers.Dense(4)(inputs), inputs])
    outputs = gm.ops.relu((hidden + 3.0) * inputs) - gm.layers.Multiply()([hidden, inputs])
    model = gm.Model(inputs, gm.ops.sum(outputs, axis=-1, keepdims=True))
    config = strip_config(gm.saving.serialize_object(model))
    assert {layer.pop("module", None) for layer in config["config"]["layers"]} > {None}
    again = gm.saving.deserialize_object(upgrade_config(json.loads(json.dumps(config))))
    again.set_weights(model.get_weights())
    x = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    np.testing.assert_array_equal(again(x), model(x))


@gm.saving.register_serializable("users", name="Sum")
class OwnSum(gm.layers.Layer):
    """Called like an op, with a configuration as short as an op's."""

    def call(self, x):
        return x * 2.0

    def get_config(self):
        return {"name": self.name}


def test_layers_of_the_user_come_before_ops():
    config = {"class_name": "users>Sum", "config": {"name": "sum"}}
    assert isinstance(gm.saving.deserialize_object(upgrade_config(config)), OwnSum)
    with gm.saving.CustomObjectScope({"Sum": OwnSum}):
        assert isinstance(gm.saving.deserialize_object(upgrade_config({**config, "class_name": "Sum"})), OwnSum)
