"""Rematerialization: the same losses, gradients and draws, in less memory."""

import contextlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gradmill as gm
from gradmill import errors, ops

KINDS = ["none", "full", "activations", "larger_than", "list_of_layers", "compile"]


def scope_of(kind):
    scopes = {
        "full": gm.RematScope("full"),
        "activations": gm.RematScope("activations"),
        "larger_than": gm.RematScope("larger_than", output_size_threshold=200),
        "list_of_layers": gm.RematScope("list_of_layers", layer_names=["wide_0", "wide_1", "attention_0"]),
    }
    return scopes.get(kind, contextlib.nullcontext())


def text_model(kind, blocks=3):
    """A transformer with dropout in every place where it can be, batch normalization and a penalty on an output."""
    gm.utils.set_random_seed(7)
    with scope_of(kind):
        inputs = gm.Input((16,), dtype="int32")
        x = gm.layers.Embedding(30, 32)(inputs)
        for number in range(blocks):
            attention = gm.layers.MultiHeadAttention(2, 16, dropout=0.2, name=f"attention_{number}")
            x = gm.layers.LayerNormalization()(x + attention(x, x))
            penalty = None if number else "l2"
            wide = gm.layers.Dense(128, "gelu", activity_regularizer=penalty, name=f"wide_{number}")(x)
            x = gm.layers.BatchNormalization()(x + gm.layers.Dropout(0.3)(gm.layers.Dense(32)(wide)))
        return gm.Model(inputs, gm.layers.Dense(5)(gm.layers.GlobalAveragePooling1D()(x)))


def train(kind, eager=False, steps=4, batch=8, **kwargs):
    model = text_model(kind, **kwargs)
    loss = gm.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(gm.optimizers.SGD(1e-2, momentum=0.9), loss, run_eagerly=eager, remat=kind == "compile")
    ids = np.random.default_rng(0).integers(0, 30, (batch, 16))
    losses = [model.train_on_batch(ids, np.arange(batch) % 5) for _ in range(steps)]
    return model, losses


@pytest.fixture(scope="module")
def plain():
    return {eager: train("none", eager) for eager in (False, True)}


@pytest.mark.parametrize("kind", KINDS[1:])
@pytest.mark.parametrize("eager", [False, True], ids=["compiled", "eager"])
def test_losses_and_weights_are_those_without(plain, kind, eager):
    """Four steps: in eager mode the last of them go back over the tape as a plan."""
    model, losses = train(kind, eager)
    wanted_model, wanted_losses = plain[eager]
    # The same ops on the same numbers, but a compiled step may fuse them otherwise.
    exact = eager or kind != "compile"
    np.testing.assert_allclose(losses, wanted_losses, rtol=0 if exact else 1e-6)
    for found, wanted in zip(model.get_weights(), wanted_model.get_weights()):
        np.testing.assert_allclose(found, wanted, rtol=0 if exact else 1e-5, atol=0 if exact else 1e-6)


def arena(kind, **kwargs):
    (program,) = train(kind, steps=1, batch=64, **kwargs)[0]._programs.values()
    return program.function.plans[0].arena_bytes


def test_a_compiled_step_needs_less_memory():
    plain, full, chosen = (arena(kind, blocks=8) for kind in ("none", "full", "compile"))
    assert full < 0.85 * plain
    assert chosen < 0.5 * plain


def test_memory_grows_less_with_depth_than_without():
    def growth(kind):
        return arena(kind, blocks=12) - arena(kind, blocks=6)

    assert growth("compile") < growth("none") / 4


def test_a_step_of_ones_own_is_divided_too():
    class Own(gm.Model):
        def train_step(self, data):
            x, y = data
            with gm.GradientTape() as tape:
                loss = ops.mean(ops.square(self(x, training=True) - y))
            self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
            return {"loss": loss}

    def run(remat):
        gm.utils.set_random_seed(1)
        x = inputs = gm.Input((64,))
        for _ in range(8):
            x = gm.layers.Dropout(0.5)(gm.layers.Dense(64, "tanh")(x))
        model = Own(inputs, x)
        model.compile(gm.optimizers.SGD(0.1), remat=remat)
        data = np.random.default_rng(0).normal(size=(2, 256, 64)).astype("float32")
        losses = [model.train_on_batch(*data, return_dict=True)["loss"] for _ in range(3)]
        (program,) = model._programs.values()
        return losses, program.function.plans[0].arena_bytes

    (losses, bytes_), (plain_losses, plain_bytes) = run(True), run(False)
    np.testing.assert_allclose(losses, plain_losses, rtol=1e-6)
    assert bytes_ < plain_bytes


# Functions: gradients on tapes, eager and compiled.

SCALE = gm.Variable(np.array([0.5, -1.5, 2.0], "float32"))


def inner(x, power=2.0):
    return ops.tanh(x * SCALE) ** power


def chained(x):
    return ops.sum(ops.exp(inner(inner(x)) * 0.5), axis=-1)


def nested(x):
    return gm.remat(lambda y: gm.remat(chained)(gm.remat(inner)(y, power=3.0)))(x)


def nested_plain(x):
    return chained(inner(x, power=3.0))


def gradients(function, x):
    with gm.GradientTape() as tape:
        tape.watch(x)
        y = ops.sum(function(x))
    return y, *tape.gradient(y, [x, SCALE])


X = np.random.default_rng(2).normal(size=(4, 3)).astype("float32")


@pytest.mark.parametrize(
    ("again", "plain"), [(gm.remat(chained), chained), (nested, nested_plain)], ids=["function", "nested"]
)
@pytest.mark.parametrize("compiled", [False, True])
def test_gradients_of_functions(again, plain, compiled):
    def run(function):
        step = gm.function(lambda x: gradients(function, x)) if compiled else lambda x: gradients(function, x)
        return [[each.numpy() for each in step(ops.convert_to_tensor(X))] for _ in range(4)]

    for found, wanted in zip(run(again), run(plain)):
        for one, other in zip(found, wanted):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_values_that_leave_a_region_otherwise_than_by_return():
    kept = []

    def f(x):
        kept.append(ops.exp(x))
        return ops.sin(kept[-1]) * x

    x = gm.Variable(X)
    with gm.GradientTape() as tape:
        y = ops.sum(gm.remat(f)(x) * kept[-1])
    found = tape.gradient(y, x).numpy()
    e = np.exp(X.astype("float64"))
    np.testing.assert_allclose(found, e * (np.sin(e) + X * np.sin(e) + X * e * np.cos(e)), rtol=1e-4, atol=1e-5)


def test_a_persistent_tape_and_second_derivatives():
    x = gm.Variable(1.5)
    with gm.GradientTape() as outer:
        with gm.GradientTape(persistent=True) as tape:
            y = gm.remat(lambda x: ops.exp(ops.sin(x)))(x)
        slopes = [tape.gradient(y, x), tape.gradient(y, x)]
    second = float(outer.gradient(slopes[0], x))
    assert float(slopes[0]) == float(slopes[1])
    np.testing.assert_allclose(float(slopes[0]), np.exp(np.sin(1.5)) * np.cos(1.5), rtol=1e-5)
    np.testing.assert_allclose(second, np.exp(np.sin(1.5)) * (np.cos(1.5) ** 2 - np.sin(1.5)), rtol=1e-5)


def test_draws_are_the_same_again():
    """A mask drawn anew would give a gradient where the output has none."""
    generator = gm.random.SeedGenerator(3)

    def f(x):
        return ops.exp(gm.random.dropout(x, 0.5, seed=generator))

    x = gm.Variable(np.ones(1000, "float32"))
    with gm.GradientTape() as tape:
        y = gm.remat(f)(x)
    slope = tape.gradient(y, x).numpy()
    dropped = y.numpy() == 1.0
    assert 400 < dropped.sum() < 600
    np.testing.assert_allclose(slope, np.where(dropped, 0, 2 * np.exp(2.0)), rtol=1e-5)


HELD = """
import sys
import numpy as np
import gradmill as gm
from gradmill import ops

def resident_mib():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20

def f(x):
    for _ in range(12):
        x = ops.sin(x)
    return x

def held(function):
    x = gm.Variable(np.zeros(8 << 20, "float32"))  # 32 MiB
    with gm.GradientTape() as tape:
        before = resident_mib()
        y = function(x)
        after = resident_mib()
    assert tape.gradient(y, x).numpy()[0] == 1.0
    return after - before

print(held(gm.remat(f) if sys.argv[1] == "remat" else f))
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")
def test_an_open_tape_holds_less_memory():
    # Processes of their own: memory that was given back to the allocator before would be used again, unseen.
    def held(kind):
        done = subprocess.run([sys.executable, "-c", HELD, kind], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return float(done.stdout)

    assert held("remat") < 5 * 32 < 11 * 32 < held("plain")


def test_an_error_inside_ends_the_region():
    def broken(x):
        raise RuntimeError("inside")

    x = gm.Variable(2.0)
    with gm.GradientTape() as tape:
        with pytest.raises(RuntimeError, match="inside"):
            gm.remat(broken)(x)
        y = x * x
    assert float(tape.gradient(y, x)) == 4.0


def test_scopes_lie_within_each_other():
    with gm.RematScope("full"), gm.RematScope(None):
        assert gm.layers.Dense(1)._remat_scope is None
    with gm.RematScope("full") as outer:
        with gm.RematScope("activations") as inside:
            assert gm.layers.Dense(1)._remat_scope is inside
        assert gm.layers.Dense(1)._remat_scope is outer
    assert gm.layers.Dense(1)._remat_scope is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gm.RematScope("partial"), "expected mode 'full', .* received 'partial'"),
        (lambda: gm.RematScope(output_size_threshold="1"), "output_size_threshold to be a number; received '1'"),
        (lambda: gm.RematScope(layer_names="dense"), "expected layer_names to be a list of names; received 'dense'"),
        (lambda: gm.RematScope(layer_names=[3]), r"expected layer_names to be a list of names; received \[3\]"),
        (lambda: gm.remat(3), "remat: expected a function; received int"),
        (lambda: text_model("none").compile(remat="full"), "remat must be True or False; received 'full'"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(errors.ArgumentError, match=message):
        make()
