"""Muon, ScheduleFreeAdamW and MultiOptimizer in models: training, files, checkpoints, messages."""

import inspect

import numpy as np
import pytest

import gradmill as gm

layers, optimizers = gm.layers, gm.optimizers


def chosen():
    return optimizers.OptimizerMap(optimizers.SGD(0.1), {".*first.*": optimizers.Adam(0.01, use_ema=True)})


def model(optimizer):
    gm.utils.set_random_seed(3)
    made = gm.Sequential([gm.Input((4,)), layers.Dense(5, "tanh", name="first"), layers.Dense(1, name="last")])
    made.compile(optimizer, "mse")
    return made


def rows():
    generator = np.random.default_rng(2)
    x = generator.normal(size=(32, 4)).astype("float32")
    return x, (x @ [1.0, -2.0, 0.5, 1.5])[:, None].astype("float32")


MAKE = {
    "muon": lambda: optimizers.Muon(0.2),
    "schedule_free": lambda: optimizers.ScheduleFreeAdamW(0.05, warmup_steps=4),
    "several": lambda: optimizers.MultiOptimizer(chosen()),
}


@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_training_goes_on_from_a_file(make, tmp_path):
    x, y = rows()
    made = model(make())
    losses = made.fit(x, y, epochs=8, batch_size=8, shuffle=False, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]
    made.save(tmp_path / "model.keras")
    again = gm.models.load_model(tmp_path / "model.keras")
    for one, other in zip(made.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    for each in (made, again):
        each.fit(x, y, epochs=2, batch_size=8, shuffle=False, verbose=0)
    for one, other in zip(made.get_weights(), again.get_weights()):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_checkpoint(make, tmp_path):
    x, y = rows()
    made, again = model(make()), model(make())
    made.fit(x, y, epochs=2, verbose=0)
    path = gm.train.Checkpoint(model=made, optimizer=made.optimizer).save(tmp_path / "c")
    gm.train.Checkpoint(model=again, optimizer=again.optimizer).restore(path)
    again.fit(x, y, epochs=1, shuffle=False, verbose=0)
    made.fit(x, y, epochs=1, shuffle=False, verbose=0)
    for one, other in zip(made.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_half_precision(make):
    x, y = rows()
    gm.utils.set_random_seed(3)
    made = gm.Sequential([gm.Input((4,)), layers.Dense(5, "tanh", name="first"), layers.Dense(1)])
    for layer in made.layers:
        layer.dtype_policy = gm.dtype_policies.DTypePolicy("mixed_float16")
    made.compile(optimizers.LossScaleOptimizer(make(), initial_scale=64.0), "mse")
    losses = made.fit(x, y, epochs=6, batch_size=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_each_variable_has_its_optimizer():
    made = model(optimizers.MultiOptimizer(chosen()))
    adam, sgd = made.optimizer.optimizers
    x, y = rows()
    made.fit(x, y, epochs=1, batch_size=16, verbose=0)
    paths = [each.path.split("/")[-2:] for each in adam._trainable_variables]
    assert paths == [["first", "kernel"], ["first", "bias"]]
    assert len(sgd._trainable_variables) == 2
    assert int(made.optimizer.iterations) == int(adam.iterations) == int(sgd.iterations) == 2
    assert len(list(made.optimizer.averaged_variables())) == 2
    # `fit` ends with the averages in place.
    for variable, average in made.optimizer.averaged_variables():
        np.testing.assert_array_equal(variable.numpy(), average.numpy())


def test_hyperparameters_of_a_part_take_effect_between_steps():
    x = gm.Variable([1.0], name="x")
    part = optimizers.SGD(1.0)
    optimizer = optimizers.MultiOptimizer(optimizers.OptimizerMap(part))
    optimizer.apply([np.float32([1.0])], [x])
    part.clipvalue = 0.5
    optimizer.apply([np.float32([1.0])], [x])
    part.learning_rate = 2.0
    optimizer.apply([np.float32([1.0])], [x])
    assert x.numpy().tolist() == [-1.5]


def test_function_in_place_of_a_map():
    parts = {"a": optimizers.SGD(0.5), "b": optimizers.SGD(0.25)}
    a, b = gm.Variable([1.0], name="a"), gm.Variable([1.0], name="b")
    optimizer = optimizers.MultiOptimizer(lambda variable: parts[variable.path])
    optimizer.apply([np.float32([1.0]), np.float32([1.0])], [a, b])
    assert (a.numpy().tolist(), b.numpy().tolist()) == ([0.5], [0.75])


def test_variable_without_gradient_keeps_its_value():
    a, b = gm.Variable([1.0], name="a"), gm.Variable([1.0], name="b")
    optimizer = optimizers.MultiOptimizer(optimizers.OptimizerMap(optimizers.SGD(0.5), {"b": optimizers.SGD(0.25)}))
    with pytest.warns(UserWarning, match="no gradient for b"):
        optimizer.apply([np.float32([1.0]), None], [a, b])
    assert (a.numpy().tolist(), b.numpy().tolist()) == ([0.5], [1.0])


def test_map():
    found = chosen()
    assert found["model/first/kernel"] is found[".*first.*"] and found["other"] is found.default_optimizer
    assert list(found) == [".*first.*"] and len(found) == 1
    found["model/.*"] = optimizers.SGD()
    with pytest.raises(ValueError, match=r"at most one key to fit 'model/first/kernel'.*first"):
        found["model/first/kernel"]
    del found["model/.*"]
    again = optimizers.OptimizerMap.from_config(found.get_config())
    assert type(again["a/first/b"]) is optimizers.Adam and type(again["b"]) is optimizers.SGD


def test_messages():
    with pytest.raises(ValueError, match=r"expected an Optimizer for 'x'.*received 'adam'"):
        optimizers.OptimizerMap(optimizers.SGD(), {"x": "adam"})
    with pytest.raises(ValueError, match="received .*LossScaleOptimizer"):
        chosen()["y"] = optimizers.LossScaleOptimizer(optimizers.SGD())
    with pytest.raises(ValueError, match="a new key; received '.\\*first.\\*'"):
        chosen()[".*first.*"] = optimizers.SGD()
    with pytest.raises(ValueError, match="a key that is a text; received 3"):
        chosen()[3] = optimizers.SGD()
    with pytest.raises(TypeError, match="default_optimizer must be an Optimizer; received 'sgd'"):
        optimizers.OptimizerMap("sgd")
    with pytest.raises(TypeError, match="optimizer_map must be a dictionary"):
        optimizers.OptimizerMap(optimizers.SGD(), [1])
    with pytest.raises(ValueError, match="OptimizerMap or a function; received {}"):
        optimizers.MultiOptimizer({})
    several = optimizers.MultiOptimizer(lambda variable: "sgd")
    with pytest.raises(ValueError, match="expected an Optimizer for 'x'.*received 'sgd'"):
        several.build([gm.Variable([1.0], name="x")])
    with pytest.raises(AttributeError, match="has no learning_rate; read"):
        several.learning_rate  # noqa: B018
    with pytest.raises(AttributeError, match="has no learning_rate; set"):
        several.learning_rate = 0.1
    with pytest.raises(ValueError, match="weight decay belongs to its parts"):
        several.exclude_from_weight_decay(var_names=["bias"])
    with pytest.raises(ValueError, match="Muon: ns_steps must be an integer >= 1; received 0"):
        optimizers.Muon(ns_steps=0)
    with pytest.raises(ValueError, match="Muon: exclude_layers must be a list of regular expressions; received 'out'"):
        optimizers.Muon(exclude_layers="out")
    with pytest.raises(ValueError, match="beta_1 must not be 0"):
        optimizers.ScheduleFreeAdamW(beta_1=0.0)
    with pytest.raises(ValueError, match="warmup_steps must be >= 0; received -1"):
        optimizers.ScheduleFreeAdamW(warmup_steps=-1)


def test_muon_takes_arguments_in_the_order_of_keras():
    names = list(inspect.signature(optimizers.Muon).parameters)
    assert names[:6] == [
        "learning_rate", "adam_beta_1", "adam_beta_2", "adam_weight_decay", "epsilon", "weight_decay",
    ]  # fmt: skip
    assert names[14:17] == ["name", "exclude_layers", "exclude_embeddings"]


def test_muon_leaves_embeddings_to_adam():
    table = gm.Variable(np.ones((3, 2), "float32"), name="embedding/embeddings")
    optimizer = optimizers.Muon()
    optimizer.build([table])
    assert [each.name.split("_")[-1] for each in optimizer.variables[2:]] == ["momentum", "velocity"]
    other = optimizers.Muon(exclude_embeddings=False)
    other.build([table])
    assert len(other.variables) == 3
