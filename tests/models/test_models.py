"""Sequential, functional and subclassed models: building, calling, naming, weights, errors."""

import json

import numpy as np
import pytest

import gradmill as gm
from gradmill import errors, symbolic

layers = gm.layers


class Block(gm.Model):
    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.first = layers.Dense(units)
        self.rest = [layers.Dense(2), layers.Dense(1)]
        self.named = {"drop": layers.Dropout(0.5)}

    def call(self, inputs, training=None):
        x = self.named["drop"](self.first(inputs), training=training)
        for layer in self.rest:
            x = layer(x)
        return x


def _symbolic_mlp():
    entry = gm.Input((4,), name="entry")
    hidden = layers.Dense(3, name="hidden")(entry)
    return gm.Model(entry, layers.Dense(2, name="out")(hidden), name="mlp")


def test_sequential_is_built_by_its_first_data():
    model = gm.Sequential([layers.Dense(3), layers.Dense(2)])
    assert not model.built and model.weights == []
    assert model(np.ones((5, 4), "float32")).shape == (5, 2)
    assert model.built and model.input_shape == (None, 4) and model.output_shape == (None, 2)
    assert model(np.ones((7, 4), "float32")).shape == (7, 2)


def test_sequential_with_input_shape_argument_builds_itself():
    model = gm.Sequential([layers.Flatten(input_shape=(2, 3)), layers.Dense(2)])
    assert model.built and model.input_shape == (None, 2, 3) and model.count_params() == 14


def test_sequential_add_and_pop():
    model = gm.Sequential([gm.Input((4,))])
    model.add(layers.Dense(3))
    model.add(layers.Dense(2))
    assert model.output_shape == (None, 2) and len(model.layers) == 2
    assert model.pop().units == 2
    assert model.output_shape == (None, 3) and len(model.weights) == 2


@pytest.mark.parametrize(
    "wrong, words",
    [
        (lambda: gm.Sequential([3]), "expected a layer"),
        (lambda: gm.Sequential([layers.Dense(1, name="a"), layers.Dense(1, name="a")]), "'a' is there twice"),
        (lambda: gm.Sequential().pop(), "none"),
        (lambda: gm.Sequential([layers.Dense(1), gm.Input((2,))]), "first layer only"),
        (lambda: gm.Sequential([layers.Dense(1)]).output_shape, "not known yet"),
    ],
)
def test_wrong_use_of_sequential(wrong, words):
    with pytest.raises(errors.ArgumentError, match=words):
        wrong()


def test_functional_model_runs_layers_in_order():
    model = _symbolic_mlp()
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    w1, b1, w2, b2 = model.get_weights()
    np.testing.assert_allclose(np.asarray(model(x)), (x @ w1 + b1) @ w2 + b2, rtol=1e-5, atol=1e-6)
    assert [layer.name for layer in model.layers] == ["entry", "hidden", "out"]
    assert model.get_layer("hidden") is model.layers[1] and model.get_layer(index=2).name == "out"


def test_functional_model_from_the_middle_of_another():
    model = _symbolic_mlp()
    tail = gm.Model(model.get_layer("hidden").output, model.output)
    h = np.random.default_rng(0).normal(size=(2, 3)).astype("float32")
    np.testing.assert_allclose(np.asarray(tail(h)), h @ model.get_weights()[2] + model.get_weights()[3], rtol=1e-5)
    features = gm.Model(model.input, model.get_layer("hidden").output)
    assert features(np.ones((2, 4), "float32")).shape == (2, 3)


def test_very_deep_functional_model():
    entry = gm.Input((2,))
    x = entry
    for _ in range(1200):
        x = layers.Identity()(x)
    assert gm.Model(entry, x)(np.ones((1, 2), "float32")).shape == (1, 2)


def test_nested_inputs_and_outputs_keep_their_structure():
    a, b, c = gm.Input((2,), name="a"), gm.Input((2,), name="b"), gm.Input((2,), name="c")
    model = gm.Model({"x": a, "y": [b, c]}, {"sum": layers.Add()([a, b]), "pair": (b, layers.Add()([a, c]))})
    one = np.ones((1, 2), "float32")
    found = model({"x": one, "y": [2 * one, 3 * one]})
    assert set(found) == {"sum", "pair"} and isinstance(found["pair"], tuple)
    assert np.asarray(found["sum"])[0, 0] == 3 and np.asarray(found["pair"][1])[0, 0] == 4


def test_inputs_are_cast_and_a_last_axis_of_one_is_added_or_removed():
    entry = gm.Input((1,))
    model = gm.Model(entry, layers.Identity()(entry))
    assert model(np.arange(3)).shape == (3, 1) and model(np.arange(3)).dtype == "float32"
    flat = gm.Input((4,))
    assert gm.Model(flat, layers.Identity()(flat))(np.ones((2, 4, 1))).shape == (2, 4)


@pytest.mark.parametrize(
    "wrong, error, words",
    [
        (lambda m: m(np.ones((2, 5))), errors.ShapeError, r"'entry' of shape \(None, 4\); received \(2, 5\)"),
        (lambda m: m([np.ones((2, 4))] * 2), errors.ShapeError, "expected 1 inputs"),
        (lambda m: m({"other": np.ones((2, 4))}), errors.ArgumentError, "'entry'"),
        (lambda m: m.get_layer("hiden"), errors.ArgumentError, "'hidden'"),
        (lambda m: m.get_layer(), errors.ArgumentError, "name or index"),
        (lambda m: m.get_layer(index=9), errors.ArgumentError, "below 3"),
        (lambda m: gm.Model(gm.Input((4,)), m.output), errors.ArgumentError, "inputs"),
        (lambda m: gm.Model(m.input, np.ones(3)), errors.ArgumentError, "symbolic"),
        (lambda m: gm.Model([m.input, m.input], m.output), errors.ArgumentError, "twice"),
        (lambda m: m.set_weights([np.ones((4, 3))]), errors.ShapeError, "expected 4 arrays"),
        (lambda m: m.set_weights(m.get_weights()[::-1]), errors.ShapeError, "hidden/kernel"),
    ],
)
def test_wrong_use_of_functional_models(wrong, error, words):
    with pytest.raises(error, match=words):
        wrong(_symbolic_mlp())


def test_subclassed_model_tracks_layers_in_attributes_lists_and_dictionaries():
    symbolic.reset_names()
    model = Block(4)
    assert [layer.name for layer in model.layers] == ["dense", "dense_1", "dense_2", "dropout"]
    assert model(np.ones((3, 5), "float32")).shape == (3, 1)
    assert [weight.path for weight in model.weights][:3] == [
        "block/dense/kernel",
        "block/dense/bias",
        "block/dense_1/kernel",
    ]
    assert model.count_params() == 5 * 4 + 4 + 4 * 2 + 2 + 2 + 1


def test_subclassed_model_builds_from_a_shape():
    model = Block()
    model.build((None, 5))
    assert model.built and len(model.weights) == 6


def test_subclassed_model_round_trip():
    model = Block(4, name="mine")
    model(np.ones((1, 5), "float32"))
    stored = json.loads(json.dumps(gm.serialization.serialize_object(model)))
    again = gm.serialization.deserialize_object(stored, custom_objects={"Block": Block})
    assert again.units == 4 and again.name == "mine" and len(again.weights) == len(model.weights)
    again.set_weights(model.get_weights())
    x = np.ones((2, 5), "float32")
    np.testing.assert_array_equal(np.asarray(again(x)), np.asarray(model(x)))


def test_unknown_class_in_a_configuration():
    stored = gm.serialization.serialize_object(Block())
    with pytest.raises(errors.ArgumentError, match="custom_objects"):
        gm.serialization.deserialize_object({**stored, "registered_name": "Other", "class_name": "Other"})


def test_subclass_that_passes_inputs_and_outputs_is_functional():
    class Shallow(gm.Model):
        def __init__(self, units):
            entry = gm.Input((2,))
            super().__init__(inputs=entry, outputs=layers.Dense(units)(entry))

    model = Shallow(3)
    assert isinstance(model, gm.models.Functional) and model(np.ones((1, 2))).shape == (1, 3)


def test_training_argument_reaches_nested_layers():
    entry = gm.Input((100,))
    inner = gm.Model(entry, layers.Dropout(0.5, seed=1)(entry))
    outer = gm.Sequential([gm.Input((100,)), inner])
    x = np.ones((2, 100), "float32")
    assert np.all(np.asarray(outer(x)) == 1) and np.all(np.asarray(outer(x, training=False)) == 1)
    assert set(np.unique(np.asarray(outer(x, training=True)))) == {0.0, 2.0}
    assert set(np.unique(np.asarray(Dropper()(x, training=True)))) == {0.0, 2.0}
    assert np.all(np.asarray(Dropper()(x)) == 1)


class Dropper(gm.Model):
    """Its call has no `training`, so the context carries it."""

    def __init__(self):
        super().__init__()
        self.drop = layers.Dropout(0.5)

    def call(self, inputs):
        return self.drop(inputs)


def test_trainable_reaches_all_layers():
    model = _symbolic_mlp()
    model.get_layer("hidden").trainable = False
    assert [weight.path for weight in model.trainable_weights] == ["out/kernel", "out/bias"]
    model.trainable = False
    assert model.trainable_weights == [] and len(model.non_trainable_weights) == 4
    model.trainable = True
    assert len(model.trainable_weights) == 4


def test_shared_layer_has_one_set_of_weights():
    shared = layers.Dense(2)
    a, b = gm.Input((2,)), gm.Input((2,))
    model = gm.Model([a, b], layers.Add()([shared(a), shared(b)]))
    assert len(model.weights) == 2
    assert gm.models.clone_model(model).count_params() == 6


def test_clones_call_the_functions_that_their_layers_were_given():
    def halved(x):
        return x / 2

    dense = layers.Dense(4, activation=halved, kernel_initializer=lambda shape, dtype: gm.ops.full(shape, 7.0))
    model = gm.Sequential([gm.Input((3, 2)), dense])
    model.add(layers.TimeDistributed(layers.Lambda(lambda x: x + 1, mask=lambda *_: None)))
    x = np.arange(12.0).reshape(2, 3, 2)
    clone = gm.models.clone_model(model)
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(clone(x), model(x))
    assert not {id(each) for each in clone.weights} & {id(each) for each in model.weights}
    with pytest.raises(errors.UnsupportedError, match="lambda"):
        model.get_config()


def test_summary_shows_every_layer_and_unknown_shapes():
    lines = []
    gm.Sequential([layers.Dense(3, name="first")]).summary(print_fn=lines.append)
    assert "first (Dense)" in lines[0] and "?" in lines[0] and "0 (unbuilt)" in lines[0]
    model = gm.Sequential([gm.Input((4,)), layers.Dense(1000, name="wide", trainable=False)])
    lines.clear()
    model.summary(print_fn=lines.append, line_length=70, show_trainable=True)
    assert "5,000" in lines[0] and "(19.53 KB)" in lines[0] and " N " in lines[0]
    assert max(map(len, lines[0].splitlines())) <= 70
    assert "<table>" in model._repr_html_() and "wide (Dense)" in model._repr_html_()


def test_operators_on_symbolic_tensors():
    entry = gm.Input((3,))
    outputs = [
        entry + 1, 1 - entry, entry * entry, entry / 2, 2.0 / entry, -entry, entry**2, abs(entry), entry[:, 1],
        entry > 0, entry % 2, entry // 2, gm.ops.sum(entry, axis=1),
    ]  # fmt: skip
    x = np.array([[1.0, -2.0, 3.0]], "float32")
    wanted = [
        x + 1, 1 - x, x * x, x / 2, 2 / x, -x, x**2, abs(x), x[:, 1], x > 0, x % 2, x // 2, x.sum(axis=1),
    ]  # fmt: skip
    model = gm.Model(entry, outputs)
    for found, each in zip(model(x), wanted):
        np.testing.assert_allclose(np.asarray(found), each, rtol=1e-6)
    again = gm.models.model_from_json(model.to_json())
    for found, each in zip(again(x), wanted):
        np.testing.assert_allclose(np.asarray(found), each, rtol=1e-6)


@pytest.mark.parametrize("ask", [bool, float, len, list, lambda t: t.numpy(), np.asarray])
def test_symbolic_tensors_have_no_values(ask):
    with pytest.raises(errors.ArgumentError, match="no values"):
        ask(gm.Input((3,)))


def test_first_data_do_not_fix_the_sizes_of_a_sequential_model():
    model = gm.Sequential([gm.layers.LSTM(4, return_sequences=True), gm.layers.Dense(2)])
    model.compile("sgd", "mse")
    assert model(np.ones((2, 5, 3), "float32")).shape == (2, 5, 2)
    assert model(np.ones((2, 7, 3), "float32")).shape == (2, 7, 2)
    model.fit(np.ones((4, 9, 3)), np.ones((4, 9, 2)), verbose=0)
    assert model.predict(np.ones((4, 6, 3)), verbose=0).shape == (4, 6, 2)
    with pytest.raises(gm.errors.ShapeError, match=r"received \(2, 7, 4\)"):
        model(np.ones((2, 7, 4), "float32"))


def test_weights_of_a_compiled_model_that_was_not_trained(tmp_path):
    model = gm.Sequential([gm.Input((3,)), gm.layers.Dense(2)])
    model.compile("adam", "mse")
    model.save_weights(tmp_path / "x.weights.h5")
    before = model.get_weights()
    model.set_weights([weight + 1 for weight in before])
    model.load_weights(tmp_path / "x.weights.h5")
    assert all(np.array_equal(*pair) for pair in zip(model.get_weights(), before))
