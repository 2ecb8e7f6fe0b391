"""What plans tell about their steps: layer and role in the way back too, operations, bytes."""

import numpy as np
import pytest

import gradmill as gm
from gradmill import _core, ops, tracing
from gradmill.benchmark import Roof, costliest_layers, flops_of, machine_roof, profile_training


@pytest.fixture(autouse=True)
def no_checks_afterwards():
    yield
    gm.config.disable_nan_checks()


def small_network():
    layers = gm.layers
    model = gm.Sequential(
        [
            layers.Input((12, 12, 16)),
            layers.Conv2D(32, 3, padding="same", activation="relu", name="wide"),
            layers.Conv2D(24, 1, name="point"),
            layers.BatchNormalization(name="norm"),
            layers.DepthwiseConv2D(3, strides=2, name="depth"),
            layers.Flatten(),
            layers.Dense(10, name="dense"),
        ],
        name="net",
    )
    model.compile("sgd", gm.losses.SparseCategoricalCrossentropy(from_logits=True))
    generator = np.random.default_rng(0)
    return model, generator.random((8, 12, 12, 16), dtype="float32"), generator.integers(0, 10, 8).astype("int32")


# Multiply-adds of each layer by hand: results times what each of them adds up.
MULTIPLY_ADDS = {
    "net/wide": 8 * 12 * 12 * 32 * (9 * 16),
    "net/point": 8 * 12 * 12 * 24 * 32,
    "net/depth": 8 * 5 * 5 * 24 * 9,
    "net/dense": 8 * 10 * (5 * 5 * 24),
}


def test_each_product_of_a_step_has_layer_role_and_operations() -> None:
    model, x, y = small_network()
    rows = model.plan_for(x, y).costs()
    found = {(row["layer"], row["role"]): row for row in rows if row["flops"] > 0}
    roles = {layer: ["forward", "input gradient", "kernel gradient"] for layer in MULTIPLY_ADDS}
    roles["net/wide"].remove("input gradient")  # nobody learns from the images
    assert set(found) == {(layer, role) for layer in roles for role in roles[layer]}
    for (layer, _), row in found.items():
        assert row["flops"] == 2 * MULTIPLY_ADDS[layer]
    assert any(row["layer"] == "net/norm" and row["role"] == "gradient" for row in rows)
    assert any(row["layer"] == "net/norm" and row["role"] == "forward" for row in rows)


def test_winograd_needs_36_products_a_tile() -> None:
    model, x, y = small_network()
    for row in model.plan_for(x, y).costs():
        if row["kernel"] == "winograd":  # 9 tiles of 4x4 in each image
            assert row["kernel_flops"] == 2 * 8 * 9 * 36 * 16 * 32
        else:
            assert row["kernel_flops"] == row["flops"]
    assert any(row["kernel"] == "winograd" for row in model.plan_for(x, y).costs())


def test_small_tiles_of_winograd_need_16_products_each() -> None:
    image, kernel = np.ones((3, 5, 6, 20), "float32"), np.ones((3, 3, 20, 24), "float32")
    plan = gm.function(lambda x, w: ops.conv(x, w, padding="same")).plan_for(image, kernel)
    [row] = plan.costs()
    assert row["kernel"] == "winograd 2x2" and row["kernel_flops"] == 2 * 3 * 9 * 16 * 20 * 24


def test_tiles_with_strides_need_81_products_for_16_results_of_the_convolution() -> None:
    image, kernel = np.ones((3, 8, 13, 40), "float32"), np.ones((3, 3, 40, 48), "float32")
    turned = np.ones((3, 3, 48, 40), "float32")

    def run(x, w, v):
        return ops.conv(x, w, strides=2, padding="same"), ops.conv_transpose(x, v, strides=2, padding="same")

    _core.set_preferred_kernel("winograd stride 2")
    try:
        rows = gm.function(run).plan_for(image, kernel, turned).costs()
    finally:
        _core.set_preferred_kernel("")
    products = {row["kernel_flops"] for row in rows if row["kernel"] == "winograd stride 2"}
    assert products == {2 * 3 * tiles * 81 * 40 * 48 for tiles in (1 * 2, 2 * 4)}


def test_bytes_are_those_of_inputs_and_outputs() -> None:
    plan = gm.function(ops.matmul).plan_for(np.ones((6, 5), "float32"), np.ones((5, 7), "float32"))
    assert [row["bytes"] for row in plan.costs()] == [4.0 * (6 * 5 + 5 * 7 + 6 * 7)]
    assert flops_of(plan) == (2.0 * 6 * 5 * 7,) * 2


def test_profile_of_a_model_does_not_train_it() -> None:
    model, x, y = small_network()
    before = [weight.copy() for weight in model.get_weights()]
    rows = profile_training(model, x, y, repeats=2)
    plan = model.plan_for(x, y)
    assert [{**row, "seconds": 0} for row in rows] == [{**row, "seconds": 0} for row in plan.costs()]
    assert all(row["seconds"] >= 0 for row in rows) and sum(row["seconds"] for row in rows) > 0
    for old, new in zip(before, model.get_weights()):
        np.testing.assert_array_equal(old, new)
    model.fit(x, y, batch_size=8, verbose=0)
    assert model.plan_for(x, y) is plan, "fit runs the plan that was shown"


def test_costliest_layers_add_up() -> None:
    def row(layer, role, seconds, kernel="packed", flops=0.0, moved=0.0):
        return dict(layer=layer, role=role, kernel=kernel, seconds=seconds, flops=flops, bytes=moved)

    rows = [
        row("a", "forward", 1.0, flops=50.0, moved=1.0),
        row("b", "forward", 2.0, flops=10.0, moved=30.0),
        row("a", "kernel gradient", 4.0, "winograd", flops=50.0),
        row("b", "gradient", 0.5, "tile", moved=10.0),
        row("b", "gradient", 0.5, "sum", moved=10.0),
        row("", "forward", 9.0),
    ]
    first, second = costliest_layers(rows, Roof(flops=100.0, bandwidth=10.0))
    assert (first["layer"], first["seconds"]) == ("a", 5.0) and (second["layer"], second["seconds"]) == ("b", 3.0)
    assert first["forward"]["roof_seconds"] == 0.5 and second["forward"]["roof_seconds"] == 3.0
    assert first["kernel gradient"]["kernels"] == ["winograd"]
    assert second["gradient"] == {"seconds": 1.0, "roof_seconds": 2.0, "kernels": ["tile", "sum"]}
    assert len(costliest_layers(rows, Roof(1.0, 1.0), count=1)) == 1


def test_the_roof_is_above_what_products_reach() -> None:
    roof = machine_roof(seconds=0.05)
    side = np.ones((192, 192), "float32")
    plan = gm.function(ops.matmul).plan_for(side, side)
    seconds = plan.profile([ops.convert_to_tensor(side)] * 2, 20)[0]["seconds"]
    # A machine with other work may slow either; the limit of a core lies far above both.
    assert 2 * 192**3 / seconds < 2 * roof.flops < 2e15
    assert 0 < roof.bandwidth < 1e13


def test_the_nan_check_names_the_layer_in_the_way_back() -> None:
    @gm.function
    def slope(x):
        with gm.GradientTape() as tape:
            tape.watch(x)
            with tracing.name_scope("net"), tracing.name_scope("root"):
                y = ops.sqrt(x)
        return tape.gradient(y, x)

    gm.config.enable_nan_checks()
    with pytest.raises(gm.errors.NonFiniteError, match=r"layer 'net/root \(gradient\)'"):
        slope(ops.zeros((3,)))


def test_gradients_of_gradients_have_one_mark() -> None:
    def curvature(x):
        with gm.GradientTape() as outer:
            outer.watch(x)
            with gm.GradientTape() as inner:
                inner.watch(x)
                with tracing.name_scope("wave"):
                    y = ops.sum(ops.matmul(x, ops.sin(x)))
            slope = inner.gradient(y, x)
        return outer.gradient(slope, x)

    text = str(gm.function(curvature).plan_for(np.ones((3, 3), "float32")))
    assert '"wave (gradient)"' in text and "(gradient) (gradient)" not in text


def test_plan_for_needs_a_compiled_model() -> None:
    model = gm.Sequential([gm.Input((4,)), gm.layers.Dense(2)])
    x, y = np.ones((8, 4), "float32"), np.ones((8, 2), "float32")
    with pytest.raises(gm.errors.ArgumentError, match="compile"):
        model.plan_for(x, y)
    model.compile("sgd", "mse", run_eagerly=True)
    with pytest.raises(gm.errors.ArgumentError, match="run_eagerly"):
        model.plan_for(x, y)
    with pytest.raises(gm.errors.ArgumentError, match="repeats"):
        gm.function(ops.matmul).plan_for(x, x.T.copy()).profile([ops.ones((8, 4)), ops.ones((4, 8))], 0)


@pytest.mark.parametrize(("layer", "gates"), [("SimpleRNN", 1), ("GRU", 3), ("LSTM", 4)])
def test_operations_of_a_recurrence(layer: str, gates: int) -> None:
    stack = [gm.Input((6, 3)), getattr(gm.layers, layer)(5, return_sequences=True), getattr(gm.layers, layer)(4)]
    model = gm.Sequential(stack, name="net")
    model.compile("sgd", "mse")
    rows = model.plan_for(np.ones((2, 6, 3), "float32"), np.ones((2, 4), "float32")).costs()
    found = sorted(row["flops"] / 2 for row in rows if row["flops"] > 0)
    steps = 2 * 6 * gates
    first, second = steps * 3 * 5, steps * 5 * 4  # products with the inputs
    own_first, own_second = steps * 5 * 5, steps * 4 * 4  # products with the states
    # Backward every product comes twice, but for the gradient of the first inputs, which nobody needs.
    forward = [first + own_first, second + own_second]
    assert found == sorted([*forward, first + 2 * own_first, 2 * (second + own_second)])
    assert {row["role"] for row in rows if row["flops"] > 0} == {"forward", "gradient"}
