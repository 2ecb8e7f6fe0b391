"""Low-rank updates of Dense, EinsumDense and Embedding: the weight stays, the product of two small ones is trained."""

import numpy as np
import pytest

import gradmill as gm
from gradmill.errors import ArgumentError

layers = gm.layers
generator = np.random.default_rng(3)
X = generator.normal(size=(5, 6)).astype("float32")
STEPS = generator.normal(size=(2, 7, 6)).astype("float32")
HEADS = generator.normal(size=(2, 7, 3, 4)).astype("float32")
IDS = generator.integers(0, 9, size=(4, 5))


def looked_up(ids, table):
    return table[ids]


def einsum(equation):
    return lambda x, kernel: np.einsum(equation, x, kernel)


# A layer, its inputs, what it does with the whole weight, and the name of the weight.
CASES = {
    "dense": (layers.Dense(4, use_bias=False), X, np.matmul, "kernel"),
    "dense of steps": (layers.Dense(4, use_bias=False), STEPS, np.matmul, "kernel"),
    "table": (layers.Embedding(9, 6), IDS, looked_up, "embeddings"),
}
# Heads of attention, and a last axis that the kernel has not.
for equation, sizes, given in (
    ("abc,cde->abde", (None, 3, 4), STEPS),
    ("abcd,cde->abe", (None, 8), HEADS),
    ("abc,cd->adb", (4, None), STEPS),
):
    CASES[equation] = (layers.EinsumDense(equation, sizes), given, einsum(equation), "kernel")


@pytest.fixture(params=CASES, ids=str)
def case(request):
    layer, x, expected, name = CASES[request.param]
    layer = type(layer).from_config(layer.get_config())
    layer(x)
    return layer, x, expected, name


def factors(layer, name):
    return getattr(layer, f"lora_{name}_a"), getattr(layer, f"lora_{name}_b")


def test_outputs_are_those_of_the_sum(case):
    layer, x, expected, name = case
    kernel, before = getattr(layer, name).numpy(), layer(x).numpy()
    layer.enable_lora(2, lora_alpha=3)
    np.testing.assert_allclose(layer(x), before, rtol=1e-6)  # b begins with zeros
    a, b = factors(layer, name)
    assert a.shape == (*kernel.shape[:-1], 2) and b.shape == (2, kernel.shape[-1])
    b.assign(generator.normal(size=b.shape))
    whole = kernel + 1.5 * (a.numpy() @ b.numpy())
    np.testing.assert_allclose(getattr(layer, name), whole, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(layer(x), expected(x, whole), rtol=1e-4, atol=1e-5)


def test_gradients_are_those_of_the_sum(case):
    layer, x, expected, name = case
    layer.enable_lora(2)
    a, b = factors(layer, name)
    b.assign(generator.normal(size=b.shape))
    frozen = next(each for each in layer.weights if not each.trainable)
    with gm.GradientTape() as tape:
        loss = gm.ops.sum(gm.ops.square(layer(x)))
    found = tape.gradient(loss, [a, b, frozen])
    whole = getattr(layer, name).numpy().astype("float64")

    def slope(change):
        return (np.square(expected(x, whole + change)).sum() - np.square(expected(x, whole - change)).sum()) / 2

    for number, factor in enumerate((a, b)):
        step = 1e-4 * generator.normal(size=factor.shape)
        change = step @ b.numpy() if number == 0 else a.numpy() @ step
        assert slope(change) == pytest.approx(float(np.sum(found[number].numpy() * step)), rel=1e-3, abs=1e-7)


def test_only_the_update_is_trained():
    model = gm.Sequential([gm.Input((6,)), layers.Dense(8, activation="relu"), layers.Dense(1)])
    for layer in model.layers:
        layer.enable_lora(2)
    kernels = [layer.kernel.numpy() for layer in model.layers]
    frozen = [each.numpy() for each in model.non_trainable_weights]
    model.compile("adam", "mse")
    losses = model.fit(X, X.sum(1), epochs=30, verbose=0).history["loss"]
    assert losses[-1] < 0.97 * losses[0]
    for before, after in zip(frozen, model.non_trainable_weights):
        np.testing.assert_array_equal(before, after)
    assert all(np.abs(layer.kernel.numpy() - before).max() > 1e-3 for layer, before in zip(model.layers, kernels))


def test_a_model_that_ran_before_takes_the_update():
    model = gm.Sequential([gm.Input((6,)), layers.Dense(3)])
    model.compile("adam", "mse")
    model.fit(X, np.ones((5, 3)), verbose=0)
    model.predict(X, verbose=0)
    model.layers[0].enable_lora(2)
    model.layers[0].lora_kernel_b.assign(np.ones((2, 3)))
    np.testing.assert_allclose(model.predict(X, verbose=0), model(X), rtol=1e-5)
    with pytest.raises(ArgumentError, match="'lora_kernel_a' is not one the optimizer was built with"):
        model.fit(X, np.ones((5, 3)), verbose=0)
    model.compile("adam", "mse")
    model.fit(X, np.ones((5, 3)), verbose=0)


def test_files_hold_the_sum(tmp_path):
    def model(rank=None):
        table = layers.Embedding(9, 6, lora_rank=rank, lora_alpha=rank and 4)
        return gm.Sequential([gm.Input((5,)), table, layers.Dense(2, lora_rank=rank)])

    changed = model(rank=2)
    for layer, name in zip(changed.layers, ("embeddings", "kernel")):
        factors(layer, name)[1].assign(generator.normal(size=(2, getattr(layer, name).shape[1])))
    expected = changed(IDS).numpy()
    changed.save_weights(tmp_path / "sum.weights.h5")
    plain = model()
    plain.load_weights(tmp_path / "sum.weights.h5")
    np.testing.assert_allclose(plain(IDS), expected, rtol=1e-5, atol=1e-6)
    changed.save(tmp_path / "whole.keras")
    again = gm.models.load_model(tmp_path / "whole.keras")
    np.testing.assert_allclose(again(IDS), expected, rtol=1e-5, atol=1e-6)
    assert again.layers[0].lora_alpha == 4 and again.layers[1].lora_rank == 2
    with gm.GradientTape() as tape:
        loss = gm.ops.sum(again(IDS))
    slopes = tape.gradient(loss, again.layers[1].lora_kernel_b)
    assert np.abs(slopes.numpy()).max() > 0, "an update cannot go on from here"


@pytest.mark.parametrize(
    ("make", "built", "rank", "message"),
    [
        (lambda: layers.Dense(2), False, 2, "expected a built layer for enable_lora"),
        (lambda: layers.Dense(2), True, 0, "rank of enable_lora.*0"),
        (lambda: layers.Dense(2, lora_rank=1), True, 2, "enable_lora once"),
        (lambda: layers.Dense(2, kernel_constraint="non_neg"), True, 2, "no kernel_constraint"),
    ],
)
def test_errors(make, built, rank, message):
    layer = make()
    if built:
        layer(X)
    with pytest.raises(ArgumentError, match=message):
        layer.enable_lora(rank)
    with pytest.raises(ArgumentError, match="lora_rank"):
        layers.Embedding(3, 2, lora_rank=-1)
