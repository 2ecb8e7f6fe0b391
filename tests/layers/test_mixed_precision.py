"""Layers, losses and optimizers under the mixed policies."""

import logging

import numpy as np
import pytest

import gradmill as gm

POLICIES = {"mixed_bfloat16": ("bfloat16", 2.0**-8), "mixed_float16": ("float16", 2.0**-11)}


@pytest.fixture(params=sorted(POLICIES))
def policy(request):
    gm.mixed_precision.set_global_policy(request.param)
    yield request.param
    gm.mixed_precision.set_global_policy(None)


def small_model():
    return gm.Sequential(
        [
            gm.layers.Input((16,)),
            gm.layers.Dense(32, activation="relu"),
            gm.layers.LayerNormalization(),
            gm.layers.BatchNormalization(),
            gm.layers.Dense(4, dtype="float32"),
        ]
    )


def batch(rows=64, columns=16):
    random = np.random.default_rng(7)
    return random.standard_normal((rows, columns)).astype("float32"), random.integers(0, 4, rows)


def test_variables_are_float32_and_values_half(policy):
    half = POLICIES[policy][0]
    model = small_model()
    hidden = model.layers[0](batch()[0])
    assert hidden.dtype == half
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert model(batch()[0]).dtype == "float32"
    loss = gm.losses.SparseCategoricalCrossentropy(from_logits=True)
    assert loss(batch()[1], gm.ops.cast(model(batch()[0]), half)).dtype == "float32"


def test_training_is_close_to_float32(policy):
    x, y = batch()
    losses = {}
    for name in (policy, "float32"):
        gm.mixed_precision.set_global_policy(name)
        gm.utils.set_random_seed(3)
        model = small_model()
        model.compile(gm.optimizers.Adam(0.01), gm.losses.SparseCategoricalCrossentropy(from_logits=True))
        losses[name] = model.fit(x, y, batch_size=32, epochs=5, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(losses[policy], losses["float32"], rtol=0.02)


def test_a_compiled_step_and_an_eager_one_agree(policy):
    x, y = batch()
    losses = []
    for eagerly in (False, True):
        gm.utils.set_random_seed(3)
        model = small_model()
        loss = gm.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(gm.optimizers.SGD(0.05), loss, run_eagerly=eagerly)
        losses.append([float(model.train_on_batch(x, y)) for _ in range(5)])
    np.testing.assert_allclose(losses[0], losses[1], rtol=0.01)


@pytest.mark.parametrize("shapes", [(5, 7, 3), (33, 300, 70), (64, 2048, 160), (300, 257, 129), (1, 1, 1)])
@pytest.mark.parametrize("transposed", [(False, False), (True, False), (False, True), (True, True)])
def test_products_of_half_types_are_rounded_once(policy, shapes, transposed):
    half, unit = POLICIES[policy]
    rows, inner, columns = shapes
    random = np.random.default_rng(rows)

    def factor(first, second, is_transposed):
        value = gm.ops.cast(random.standard_normal((first, second)).astype("float32"), half)
        exact = gm.ops.cast(value, "float32").numpy().astype("float64")
        return (gm.ops.transpose(value), exact) if is_transposed else (value, exact)

    (a, exact_a), (b, exact_b) = factor(rows, inner, transposed[0]), factor(inner, columns, transposed[1])
    raw = gm._core.ops.matmul(a, b, transpose_a=transposed[0], transpose_b=transposed[1])
    assert raw.dtype == half
    product = exact_a @ exact_b
    bound = unit * np.abs(product) + 1e-6 * (np.abs(exact_a) @ np.abs(exact_b))
    assert (np.abs(gm.ops.cast(raw, "float32").numpy() - product) <= bound).all()

    @gm.function
    def with_work_on_it(a, b):
        y = gm._core.ops.matmul(a, b, transpose_a=transposed[0], transpose_b=transposed[1])
        return gm.ops.relu(y + 1.0), gm.ops.sum(gm.ops.cast(y, "float32"), axis=0)

    work, sums = with_work_on_it(a, b)
    assert work.dtype == half
    wanted = np.maximum(product + 1, 0)
    assert (np.abs(gm.ops.cast(work, "float32").numpy() - wanted) <= 3 * (bound + unit * (wanted + 1))).all()
    np.testing.assert_allclose(sums.numpy(), product.sum(axis=0), atol=float(2 * bound.sum(axis=0).max()))


def test_batches_of_products_of_half_types(policy):
    half, unit = POLICIES[policy]
    random = np.random.default_rng(1)
    shapes = ((3, 2, 9, 20), (2, 20, 11))
    a, b = (gm.ops.cast(random.standard_normal(shape).astype("float32"), half) for shape in shapes)
    wanted = gm.ops.cast(a, "float32").numpy() @ gm.ops.cast(b, "float32").numpy()
    found = gm.ops.cast(gm.ops.matmul(a, b), "float32").numpy()
    np.testing.assert_allclose(found, wanted, atol=4 * unit * np.abs(wanted).max())


def test_normalizations_and_sums_read_half_types_without_a_copy(policy):
    half, unit = POLICIES[policy]
    x = np.random.default_rng(2).standard_normal((512, 96)).astype("float32")

    @gm.function
    def together(x):
        wide = gm.ops.cast(x, "float32")
        mean, variance = gm.ops.moments(wide, axes=[0])
        return gm.ops.layer_normalization(x), gm.ops.sum(wide, axis=0), gm.ops.sum(wide, axis=1), mean, variance

    value = gm.ops.cast(x, half)
    exact = gm.ops.cast(value, "float32").numpy().astype("float64")
    rows, down, across, mean, variance = together(value)
    normal = (exact - exact.mean(1, keepdims=True)) / np.sqrt(exact.var(1, keepdims=True) + gm.config.epsilon())
    assert rows.dtype == half
    np.testing.assert_allclose(gm.ops.cast(rows, "float32").numpy(), normal, atol=4 * unit)
    np.testing.assert_allclose(down.numpy(), exact.sum(0), atol=1e-3)
    np.testing.assert_allclose(across.numpy(), exact.sum(1), atol=1e-3)
    np.testing.assert_allclose(mean.numpy(), exact.mean(0), atol=1e-5)
    np.testing.assert_allclose(variance.numpy(), exact.var(0), atol=1e-4)


def test_activations_take_about_half_the_memory(policy):
    planned = {}
    x, y = batch(2048, 256)
    for name in (policy, "float32"):
        gm.mixed_precision.set_global_policy(name)
        hidden = [gm.layers.Dense(256, activation="gelu") for _ in range(6)]
        model = gm.Sequential([gm.layers.Input((256,)), *hidden, gm.layers.Dense(4, dtype="float32")])
        model.compile("sgd", gm.losses.SparseCategoricalCrossentropy(from_logits=True))
        planned[name] = model.plan_for(x, y).planned_bytes
    assert planned[policy] < 0.7 * planned["float32"]


def test_overflow_is_skipped_counted_and_reported(caplog):
    x, y = batch()
    model = gm.Sequential(
        [
            gm.layers.Input((16,)),
            gm.layers.Dense(8, dtype="mixed_float16"),
            gm.layers.Dense(4, dtype="float32"),
        ]
    )
    optimizer = gm.optimizers.LossScaleOptimizer(gm.optimizers.SGD(0.1), initial_scale=2.0**30, dynamic_growth_steps=50)
    model.compile(optimizer, gm.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = [weight.numpy() for weight in model.weights]
    model.train_on_batch(x, y)
    assert optimizer.skipped_steps == 1
    for weight, value in zip(model.weights, before):
        np.testing.assert_array_equal(weight.numpy(), value)
    with caplog.at_level(logging.WARNING, "gradmill"):
        model.fit(x, y, batch_size=16, epochs=20, verbose=0)
    skipped = optimizer.skipped_steps
    assert 1 < skipped < 40
    assert int(optimizer.iterations) == 81 - skipped
    messages = [record.getMessage() for record in caplog.records]
    assert "skipped, because a gradient was infinite or undefined" in messages[0]
    assert f"{2.0 ** (30 - 5):g}" in messages[0] or "the loss scale is now" in messages[0]
    model.fit(x, y, batch_size=16, epochs=1, verbose=0)
    assert len(caplog.records) == len(messages)


def test_mixed_float16_wraps_the_optimizer(policy):
    model = small_model()
    model.compile("adam", "mse")
    wrapped = isinstance(model.optimizer, gm.optimizers.LossScaleOptimizer)
    assert wrapped == (policy == "mixed_float16")
    model.compile("adam", "mse", auto_scale_loss=False)
    assert type(model.optimizer) is gm.optimizers.Adam


def test_the_policy_says_once_what_the_processor_has(caplog, monkeypatch):
    monkeypatch.setattr(gm.mixed_precision, "_described", set())
    with caplog.at_level(logging.WARNING, "gradmill"):
        for _ in range(2):
            gm.mixed_precision.set_global_policy("mixed_bfloat16")
    gm.mixed_precision.set_global_policy(None)
    assert [record.getMessage() for record in caplog.records] == [
        gm.mixed_precision.describe_processor("mixed_bfloat16")
    ]
    assert "computed in float32" in caplog.text
    with pytest.raises(ValueError, match="mixed_float16, mixed_bfloat16.*received 'float32'"):
        gm.mixed_precision.describe_processor("float32")


class Scaled(gm.layers.Layer):
    """A layer that reads its variables without a cast of its own."""

    def build(self, input_shape):
        size = (input_shape[-1],)
        self.factor = self.add_weight(size, initializer="ones", name="factor")
        self.term = self.add_weight(size, initializer="zeros", name="term", autocast=False)
        self.count = self.add_weight((), initializer="zeros", dtype="int32", trainable=False, name="count")

    def call(self, inputs):
        self.seen = [each.dtype for each in (self.factor, self.term, self.count)]
        self.values = [each.value.dtype for each in (self.factor, self.term, self.count)]
        return inputs * self.factor


def test_variables_are_read_in_the_compute_dtype_inside_call(policy):
    half = POLICIES[policy][0]
    layer = Scaled()
    assert layer(np.ones((2, 3), "float32")).dtype == half
    assert layer.seen == layer.values == [half, "float32", "int32"]
    assert [each.dtype for each in layer.weights] == ["float32", "float32", "int32"]
    symbolic = Scaled()(gm.Input((3,)))
    assert symbolic.dtype == half
    own = Scaled(dtype="float32")
    assert own(np.ones((2, 3), "float32")).dtype == "float32"
    assert own.seen == ["float32", "float32", "int32"]


def test_a_layer_without_autocast_inside_another_reads_float32(policy):
    half = POLICIES[policy][0]

    class Outer(gm.layers.Layer):
        def __init__(self):
            super().__init__()
            self.plain, self.casting = Scaled(autocast=False), Scaled()

        def call(self, inputs):
            return self.casting(self.plain(inputs))

    outer = Outer()
    outer(np.ones((2, 3), "float32"))
    assert outer.plain.seen[0] == "float32"
    assert outer.casting.seen[0] == half


def test_an_error_inside_call_ends_the_casting(policy):
    class Failing(Scaled):
        def call(self, inputs):
            raise ValueError("on purpose")

    layer = Failing()
    with pytest.raises(ValueError, match="on purpose"):
        layer(np.ones((2, 3), "float32"))
    assert layer.factor.dtype == layer.factor.value.dtype == "float32"


def test_gradients_of_variables_read_in_half_are_float32(policy):
    layer = Scaled()
    x = np.full((4, 3), 0.5, "float32")
    layer(x)
    with gm.GradientTape() as tape:
        loss = gm.ops.sum(gm.ops.cast(layer(x), "float32"))
    gradient = tape.gradient(loss, layer.factor)
    assert gradient.dtype == "float32"
    np.testing.assert_array_equal(gradient.numpy(), [2.0, 2.0, 2.0])


def test_sums_of_metrics_stay_exact_inside_a_layer(policy):
    class Counting(gm.layers.Layer):
        def __init__(self):
            super().__init__()
            self.total = gm.metrics.Sum()

        def call(self, inputs):
            self.total.update_state([4097.0])
            return inputs

    layer = Counting()
    layer(np.ones((2, 3), "float32"))
    layer(np.ones((2, 3), "float32"))
    assert float(layer.total.result()) == 8194.0


@pytest.mark.parametrize("name", ["mixed_float8", "mixed_float32", "mixed"])
def test_unknown_policies_are_named_beside_the_known(name):
    uses = [gm.mixed_precision.DTypePolicy, gm.mixed_precision.set_global_policy]
    for use in [*uses, lambda dtype: gm.layers.Dense(2, dtype=dtype)]:
        with pytest.raises(ValueError, match=f"unknown policy '{name}'; expected 'mixed_float16' or 'mixed_bfloat16'"):
            use(name)
    with pytest.raises(ValueError, match="unknown type 'float31'; did you mean 'float32'"):
        gm.mixed_precision.set_global_policy("float31")
    assert gm.mixed_precision.dtype_policy().name == "float32"


@pytest.mark.parametrize("name", ["int32", "uint8", "bool"])
def test_all_layers_cannot_be_told_to_compute_in_integers(name):
    with pytest.raises(ValueError, match=f"cannot compute in '{name}'; expected a floating-point dtype"):
        gm.mixed_precision.set_global_policy(name)
    assert gm.mixed_precision.dtype_policy().name == "float32"
