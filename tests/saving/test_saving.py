"""What is saved is what is loaded: architecture, variables, training state."""

import json
import os
import zipfile

import numpy as np
import pytest
from models_for_saving import inputs_for, make_blocks, make_models, perturb

import gradmill as gm
from gradmill.errors import ArgumentError, ShapeError, UnsupportedError

MODELS = make_models(gm)


def outputs(model, x):
    found = model(x, training=False)
    return [np.asarray(each) for each in (found if isinstance(found, (list, tuple)) else [found])]


def assert_same(actual, expected):
    assert len(actual) == len(expected)
    for left, right in zip(actual, expected):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_models_round_trip(tmp_path, name, ending):
    rng = np.random.default_rng(0)
    model = MODELS[name]()
    perturb(model.trainable_variables, rng)
    x = inputs_for(model, rng)
    path = tmp_path / f"model{ending}"
    model.save(path)
    loaded = gm.saving.load_model(path, compile=False)
    assert type(loaded) is type(model) and loaded.name == model.name
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    assert_same(outputs(loaded, x), outputs(model, x))
    assert_same(loaded.get_weights(), model.get_weights())
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("ending", [".weights.h5", ".h5", ".keras"])
def test_weights_round_trip(tmp_path, name, ending):
    rng = np.random.default_rng(0)
    first, second = MODELS[name](), MODELS[name]()
    perturb(first.trainable_variables, rng)
    path = tmp_path / f"model{ending}"
    (first.save if ending == ".keras" else first.save_weights)(path)
    second.load_weights(path)
    assert_same(second.get_weights(), first.get_weights())


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: gm.optimizers.Adam(0.01),
        lambda: gm.optimizers.SGD(gm.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5), momentum=0.9),
        lambda: gm.optimizers.RMSprop(0.01, centered=True, clipnorm=1.0),
        lambda: gm.optimizers.AdamW(0.01, use_ema=True),
    ],
    ids=["adam", "sgd_schedule", "rmsprop", "adamw_ema"],
)
def test_training_goes_on_as_if_nothing_had_happened(tmp_path, ending, optimizer):
    rng = np.random.default_rng(0)
    model = MODELS["sequential"]()
    model.compile(optimizer(), loss="mse", metrics=["mae"])
    x, y = inputs_for(model, rng, 32), rng.random((32, 3)).astype("float32")
    model.fit(x, y, epochs=2, batch_size=8, verbose=0, shuffle=False)
    path = tmp_path / f"model{ending}"
    model.save(path)
    loaded = gm.saving.load_model(path)
    assert_same(
        [each.numpy() for each in loaded.optimizer.variables], [each.numpy() for each in model.optimizer.variables]
    )
    assert type(loaded.optimizer) is type(model.optimizer)
    for each in (model, loaded):
        each.fit(x, y, epochs=2, batch_size=8, verbose=0, shuffle=False)
    assert_same(loaded.get_weights(), model.get_weights())


@pytest.mark.parametrize("loss", [lambda: gm.losses.Huber(0.3), lambda: "mae"])
@pytest.mark.parametrize("metric", [lambda: gm.metrics.MeanAbsoluteError(name="distance"), lambda: "mse"])
@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_losses_and_metrics_come_back(tmp_path, loss, metric, ending):
    model = MODELS["sequential"]()
    model.compile("sgd", loss=loss(), metrics=[metric()])
    rng = np.random.default_rng(0)
    x, y = inputs_for(model, rng), rng.random((6, 3)).astype("float32")
    expected = model.evaluate(x, y, verbose=0, return_dict=True)
    model.save(tmp_path / f"m{ending}")
    assert gm.saving.load_model(tmp_path / f"m{ending}").evaluate(x, y, verbose=0, return_dict=True) == expected


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_models_load_compiled_or_not(tmp_path, ending):
    model = MODELS["sequential"]()
    model.compile(gm.optimizers.Adam(0.25), "mse")
    path = tmp_path / f"m{ending}"
    model.save(path)
    assert not gm.saving.load_model(path, compile=False).compiled
    # Written before the first step, so without the optimizer's slots.
    loaded = gm.saving.load_model(path)
    assert loaded.compiled and float(loaded.optimizer.learning_rate) == 0.25
    MODELS["sequential"]().save(path)
    assert not gm.saving.load_model(path).compiled


def test_subclassed_weights_round_trip(tmp_path):
    rng = np.random.default_rng(0)
    first, second = make_blocks(gm), make_blocks(gm)
    x = rng.normal(size=(3, 4)).astype("float32")
    first(x), second(x)
    perturb(first.trainable_variables, rng)
    first.save_weights(tmp_path / "m.weights.h5")
    second.load_weights(tmp_path / "m.weights.h5")
    assert_same(outputs(second, x), outputs(first, x))


@gm.saving.register_keras_serializable("saving_tests")
class Doubling(gm.layers.Layer):
    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape):
        self.shift = self.add_weight(shape=(input_shape[-1],), name="shift")

    def call(self, inputs):
        return inputs * self.factor + self.shift

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


class Unregistered(Doubling):
    pass


@gm.saving.register_keras_serializable("saving_tests")
def halve(x):
    return x * 0.5


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_own_layers_come_back(tmp_path, ending):
    model = gm.Sequential(
        [gm.Input((3,)), Doubling(3.0), gm.layers.Lambda(halve), gm.layers.Dense(2, activation=halve)]
    )
    model.layers[0].shift.assign([1.0, 2.0, 3.0])
    model.save(tmp_path / f"m{ending}")
    x = np.ones((2, 3), "float32")
    assert_same(outputs(gm.saving.load_model(tmp_path / f"m{ending}"), x), outputs(model, x))


def test_unregistered_layers_are_passed_by_name(tmp_path):
    model = gm.Sequential([gm.Input((3,)), Unregistered(3.0)])
    model.save(tmp_path / "m.keras")
    with pytest.raises(ArgumentError, match="Unregistered"):
        gm.saving.load_model(tmp_path / "m.keras")
    loaded = gm.saving.load_model(tmp_path / "m.keras", custom_objects={"Unregistered": Unregistered})
    assert isinstance(loaded.layers[0], Unregistered)


def test_lambdas_are_never_written(tmp_path):
    model = gm.Sequential([gm.Input((3,)), gm.layers.Lambda(lambda x: x * 2)])
    for ending in (".keras", ".h5"):
        with pytest.raises(UnsupportedError, match="lambda"):
            model.save(tmp_path / f"m{ending}")
    assert os.listdir(tmp_path) == []


def test_half_types_round_trip(tmp_path):
    for dtype in ("bfloat16", "float16", "float64"):
        first = gm.Sequential([gm.Input((4,)), gm.layers.Dense(3, dtype=dtype)])
        second = gm.Sequential([gm.Input((4,)), gm.layers.Dense(3, dtype=dtype)])
        first.save_weights(tmp_path / "m.weights.h5")
        second.load_weights(tmp_path / "m.weights.h5")
        values = [np.asarray(each.value.astype("float32").numpy()) for each in (first.weights[0], second.weights[0])]
        np.testing.assert_array_equal(*values)


def test_files_say_what_they_are(tmp_path):
    MODELS["sequential"]().save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        assert all(member.compress_type == zipfile.ZIP_STORED for member in archive.infolist())
        assert json.loads(archive.read("metadata.json"))["keras_version"].startswith("3.")
        assert json.loads(archive.read("config.json"))["class_name"] == "Sequential"


def test_by_name_loads_what_has_a_name(tmp_path):
    first = gm.Sequential([gm.Input((4,)), gm.layers.Dense(3, name="a"), gm.layers.Dense(2, name="b")])
    first.save_weights(tmp_path / "m.h5")
    second = gm.Sequential([gm.Input((3,)), gm.layers.Dense(2, name="b"), gm.layers.Dense(5, name="c")])
    before = second.layers[1].get_weights()
    second.load_weights(tmp_path / "m.h5", by_name=True)
    assert_same(second.layers[0].get_weights(), first.layers[1].get_weights())
    assert_same(second.layers[1].get_weights(), before)
    with pytest.raises(ArgumentError, match="by_name"):
        first.save_weights(tmp_path / "m.weights.h5")
        second.load_weights(tmp_path / "m.weights.h5", by_name=True)


def test_mismatches_name_the_layer(tmp_path):
    first = gm.Sequential([gm.Input((4,)), gm.layers.Dense(3, name="a"), gm.layers.Dense(2, name="b")])
    other = gm.Sequential([gm.Input((4,)), gm.layers.Dense(3, name="a"), gm.layers.Dense(7, name="wide")])
    for ending, error in ((".weights.h5", ArgumentError), (".h5", ShapeError)):
        path = tmp_path / f"m{ending}"
        first.save_weights(path)
        with pytest.raises(error, match="wide"):
            other.load_weights(path)
        before = other.layers[1].get_weights()
        with pytest.warns(UserWarning, match="wide"):
            other.load_weights(path, skip_mismatch=True)
        assert_same(other.layers[0].get_weights(), first.layers[0].get_weights())
        assert_same(other.layers[1].get_weights(), before)
    fewer = gm.Sequential([gm.Input((4,)), gm.layers.Dense(3)])
    with pytest.raises(ArgumentError, match="expected 1 layers with variables; received 2"):
        fewer.load_weights(tmp_path / "m.h5")


def test_wrong_calls_are_refused(tmp_path):
    model = MODELS["sequential"]()
    for call, message in (
        (lambda: model.save(tmp_path / "m.txt"), "ends in"),
        (lambda: model.save(tmp_path / "m.weights.h5"), "save_weights"),
        (lambda: model.save_weights(tmp_path / "m.keras"), "ends in"),
        (lambda: gm.Sequential([gm.layers.Dense(2)]).save_weights(tmp_path / "m.weights.h5"), "built"),
    ):
        with pytest.raises(ArgumentError, match=message):
            call()
    model.save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(ArgumentError, match="overwrite"):
        model.save_weights(tmp_path / "m.weights.h5", overwrite=False)
    with pytest.raises(ArgumentError, match="built"):
        gm.Sequential([gm.layers.Dense(2)]).load_weights(tmp_path / "m.weights.h5")
    for name in ("missing.keras", "missing.h5"):
        with pytest.raises(FileNotFoundError, match=name):
            gm.saving.load_model(tmp_path / name)
    (tmp_path / "m.txt").write_text("x")
    with pytest.raises(ArgumentError, match="ends in"):
        gm.saving.load_model(tmp_path / "m.txt")
    model.save_weights(tmp_path / "only.h5")
    with pytest.raises(ArgumentError, match="weights only"):
        gm.saving.load_model(tmp_path / "only.h5")


@pytest.mark.parametrize("way", [".keras", ".h5", "clone"])
def test_frozen_layers_stay_frozen(way, tmp_path):
    inner = gm.Input((4,))
    frozen = gm.Model(inner, gm.layers.BatchNormalization()(gm.layers.Dense(3)(inner)), name="inner")
    frozen.trainable = False
    layer = gm.layers.Dense(5, name="layer")
    layer.trainable = False
    x = gm.Input((4,))
    model = gm.Model(x, gm.layers.Dense(2)(layer(frozen(x))))
    if way == "clone":
        again = gm.models.clone_model(model)
    else:
        model.save(tmp_path / f"m{way}")
        again = gm.saving.load_model(tmp_path / f"m{way}")
    assert [each.shape for each in again.trainable_weights] == [(5, 2), (2,)]
    inside = again.get_layer("inner").layers
    assert not any(each.trainable for each in (*inside[1:], again.get_layer("inner"), again.get_layer("layer")))
