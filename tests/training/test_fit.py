"""`fit`, `evaluate` and `predict`: results against NumPy, the order of data, arguments, other kinds of data."""

import numpy as np
import pytest

import gradmill as gm


def linear_model(**options):
    """A linear model that starts at zero, so that NumPy can follow each step."""
    model = gm.Sequential([gm.Input((2,)), gm.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(gm.optimizers.SGD(0.1), loss="mse", **options)
    return model


def data(rows=10):
    generator = np.random.default_rng(1)
    return generator.normal(size=(rows, 2)), generator.normal(size=(rows, 1))


def follow(x, y, batch_size, epochs, weights=None):
    """Gradient descent on the mean squared error, from the formula; losses are means over all samples of an epoch."""
    kernel, bias, losses = np.zeros((2, 1)), np.zeros(1), []
    weights = np.ones(len(x)) if weights is None else weights
    for _ in range(epochs):
        total = 0.0
        for start in range(0, len(x), batch_size):
            rows = slice(start, start + batch_size)
            error = x[rows] @ kernel + bias - y[rows]
            w = weights[rows][:, None]
            total += float(np.mean(w * error**2)) * len(error)
            slope = 2 * w * error / len(error)
            kernel, bias = kernel - 0.1 * x[rows].T @ slope, bias - 0.1 * slope.sum(axis=0)
        losses.append(total / len(x))
    return kernel, bias, losses


@pytest.mark.parametrize("run_eagerly", [False, True])
@pytest.mark.parametrize("batch_size", [3, 5, 16])
def test_fit_follows_the_formula(run_eagerly, batch_size):
    x, y = data()
    model = linear_model(run_eagerly=run_eagerly)
    history = model.fit(x, y, batch_size=batch_size, epochs=3, shuffle=False, verbose=0)
    kernel, bias, losses = follow(x, y, batch_size, 3)
    np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-5)
    np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.get_weights()[1], bias, rtol=1e-4, atol=1e-6)


def test_sample_weights_follow_the_formula():
    x, y = data()
    weights = np.linspace(0, 2, 10)
    losses = linear_model().fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0, sample_weight=weights)
    np.testing.assert_allclose(losses.history["loss"], follow(x, y, 4, 2, weights)[2], rtol=1e-5)


def classifier(classes=3, **options):
    model = gm.Sequential([gm.Input((4,)), gm.layers.Dense(classes, kernel_initializer="zeros")])
    loss = gm.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(gm.optimizers.SGD(0.0), loss=loss, metrics=["accuracy"], **options)
    return model


def labelled(rows=30, classes=3):
    generator = np.random.default_rng(2)
    return generator.normal(size=(rows, 4)), generator.integers(0, classes, rows)


def test_class_weights_scale_the_loss():
    x, y = labelled()
    losses = classifier().fit(x, y, class_weight={0: 2.0, 2: 0.5}, verbose=0, batch_size=30).history["loss"]
    # With zero logits each sample costs log(3), times the weight of its class.
    expected = np.log(3) * np.array([2.0, 1.0, 0.5])[y].mean()
    np.testing.assert_allclose(losses, [expected], rtol=1e-5)


def test_validation_split_takes_the_end_before_shuffling():
    x, y = data(20)
    model = linear_model()
    history = model.fit(x, y, validation_split=0.25, verbose=0, epochs=1)
    kernel, bias = model.get_weights()
    expected = np.mean((x[15:] @ kernel + bias - y[15:]) ** 2)
    np.testing.assert_allclose(history.history["val_loss"], [expected], rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float64", "uint8", "int32", "bool"])
def test_any_numeric_dtype_and_strides(dtype):
    x = (np.arange(120).reshape(12, 10) % 7).astype(dtype)[::2, ::5]
    y = np.arange(6.0).reshape(6, 1) / 10
    copy = x.copy()
    history = linear_model().fit(x, y, batch_size=2, shuffle=False, verbose=0)
    np.testing.assert_allclose(history.history["loss"], follow(x.astype(float), y, 2, 1)[2], rtol=1e-4)
    np.testing.assert_array_equal(x, copy)


def test_each_epoch_visits_each_row_once_in_a_new_order():
    seen = []

    class Recorder(gm.Sequential):
        def train_step(self, data):
            x, _ = data
            seen.append(np.asarray(x)[:, 0].astype(int).tolist())
            return super().train_step(data)

    model = Recorder([gm.Input((1,)), gm.layers.Dense(1)])
    model.compile(gm.optimizers.SGD(0.0), loss="mse", run_eagerly=True)
    x = np.arange(10.0)[:, None]

    def orders():
        seen.clear()
        gm.utils.set_random_seed(3)
        model.fit(x, x, batch_size=4, epochs=2, verbose=0)
        flat = [row for batch in seen for row in batch]
        return flat[:10], flat[10:]

    first, second = orders()
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second and first != list(range(10))
    assert orders() == (first, second)


def test_evaluate_and_predict_against_numpy():
    x, y = labelled()
    model = classifier()
    kernel = np.random.default_rng(5).normal(size=(4, 3)).astype("float32")
    model.set_weights([kernel, np.zeros(3, "float32")])
    logits = x @ kernel
    loss = np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(30), y])
    accuracy = np.mean(logits.argmax(axis=1) == y)
    np.testing.assert_allclose(model.evaluate(x, y, batch_size=7, verbose=0), [loss, accuracy], rtol=1e-5)
    result = model.evaluate(x, y, batch_size=7, verbose=0, return_dict=True)
    assert sorted(result) == ["accuracy", "loss"]
    np.testing.assert_allclose(model.predict(x, batch_size=7, verbose=0), logits, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.predict_on_batch(x[:3]), logits[:3], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.test_on_batch(x, y), [loss, accuracy], rtol=1e-5)


def test_train_on_batch_is_one_step():
    x, y = data()
    model = linear_model()
    loss = model.train_on_batch(x, y)
    kernel, bias, losses = follow(x, y, 10, 1)
    np.testing.assert_allclose(loss, losses[0], rtol=1e-5)
    np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-5)
    assert sorted(model.train_on_batch(x, y, return_dict=True)) == ["loss"]


def test_epochs_and_initial_epoch():
    x, y = data()
    history = linear_model().fit(x, y, epochs=5, initial_epoch=2, verbose=0)
    assert history.epoch == [2, 3, 4]
    assert linear_model().fit(x, y, epochs=0, verbose=0).history == {}


def test_validation_freq():
    x, y = data()
    options = {"verbose": 0, "epochs": 4, "validation_data": (x, y)}
    assert len(linear_model().fit(x, y, validation_freq=2, **options).history["val_loss"]) == 2
    assert len(linear_model().fit(x, y, validation_freq=[1, 2, 4], **options).history["val_loss"]) == 3


def test_steps_per_epoch_goes_on_in_the_pass():
    x, y = data(12)
    history = linear_model().fit(x, y, batch_size=3, steps_per_epoch=2, epochs=2, shuffle=False, verbose=0)
    model = linear_model()
    parts = [model.fit(x[a:b], y[a:b], batch_size=3, shuffle=False, verbose=0) for a, b in ((0, 6), (6, 12))]
    np.testing.assert_allclose(history.history["loss"], [part.history["loss"][0] for part in parts], rtol=1e-6)


def test_too_many_steps_warn():
    x, y = data(6)
    with pytest.warns(UserWarning, match="ran out after 2 of 5"):
        linear_model().fit(x, y, batch_size=3, steps_per_epoch=5, verbose=0)


def batches(x, y, size):
    for start in range(0, len(x), size):
        yield x[start : start + size], y[start : start + size]


class Batches(gm.utils.PyDataset):
    def __init__(self, x, y, size):
        super().__init__()
        self.x, self.y, self.size, self.epochs_ended = x, y, size, 0

    def __len__(self):
        return -(-len(self.x) // self.size)

    def __getitem__(self, index):
        rows = slice(index * self.size, (index + 1) * self.size)
        return self.x[rows], self.y[rows]

    def on_epoch_end(self):
        self.epochs_ended += 1


def test_generators_and_data_sets_equal_arrays():
    x, y = data()
    expected = linear_model().fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0).history["loss"]
    source = Batches(x, y, 4)
    model = linear_model()
    history = model.fit(source, epochs=2, shuffle=False, verbose=0, validation_data=Batches(x, y, 5))
    np.testing.assert_allclose(history.history["loss"], expected, rtol=1e-6)
    assert source.epochs_ended == 2
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(history.history["val_loss"][-1], np.mean((x @ kernel + bias - y) ** 2), rtol=1e-5)
    generator = (batch for _ in range(2) for batch in batches(x, y, 4))
    history = linear_model().fit(generator, epochs=2, steps_per_epoch=3, verbose=0)
    np.testing.assert_allclose(history.history["loss"], expected, rtol=1e-6)
    np.testing.assert_allclose(
        model.predict(((part,) for part, _ in batches(x, y, 4)), verbose=0), x @ kernel + bias, rtol=1e-4
    )


def test_generator_that_ends_warns_in_the_next_epoch():
    x, y = data()
    with pytest.warns(UserWarning, match="ran out"):
        linear_model().fit(batches(x, y, 5), epochs=2, verbose=0)


def test_several_inputs_and_outputs_by_name():
    a, b = gm.Input((2,), name="a"), gm.Input((3,), name="b")
    left = gm.layers.Dense(1, kernel_initializer="zeros", name="left")(a)
    right = gm.layers.Dense(1, kernel_initializer="zeros", name="right")(gm.layers.Concatenate()([a, b]))
    model = gm.Model([a, b], [left, right])
    model.compile(
        gm.optimizers.SGD(0.0), loss={"left": "mse", "right": "mae"}, loss_weights={"left": 2.0, "right": 3.0},
        metrics={"right": ["mse"]},
    )  # fmt: skip
    x = {"a": np.ones((8, 2)), "b": np.ones((8, 3))}
    y = {"left": np.full((8, 1), 2.0), "right": np.full((8, 1), 5.0)}
    logs = model.fit([x["a"], x["b"]], [y["left"], y["right"]], verbose=0).history
    # All outputs are zero: squares of 2, absolutes of 5.
    expected = {"left_loss": 4.0, "right_loss": 5.0, "loss": 2 * 4.0 + 3 * 5.0, "right_mse": 25.0}
    assert {name: values[0] for name, values in logs.items()} == pytest.approx(expected)
    assert model.evaluate(x, y, verbose=0) == pytest.approx([23.0, 4.0, 5.0, 25.0])
    assert [part.shape for part in model.predict(x, verbose=0)] == [(8, 1), (8, 1)]


def test_own_train_step_and_own_logs():
    class Doubled(gm.Sequential):
        def train_step(self, data):
            logs = super().train_step(data)
            return {**logs, "twice": 2 * logs["loss"]}

    model = Doubled([gm.Input((2,)), gm.layers.Dense(1)])
    model.compile("sgd", loss="mse")
    logs = model.fit(*data(), verbose=0, epochs=2).history
    np.testing.assert_allclose(logs["twice"], 2 * np.array(logs["loss"]), rtol=1e-6)


def test_own_compute_loss():
    class Shifted(gm.Sequential):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return super().compute_loss(x, y, y_pred, sample_weight, training) + 10.0

    x, y = data()
    model = Shifted([gm.Input((2,)), gm.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(gm.optimizers.SGD(0.0), loss="mse")
    np.testing.assert_allclose(model.fit(x, y, verbose=0).history["loss"], [np.mean(y**2) + 10], rtol=1e-5)


def test_subclassed_model_is_built_from_the_data():
    class Net(gm.Model):
        def __init__(self):
            super().__init__()
            self.first, self.second = gm.layers.Dense(4, activation="relu"), gm.layers.Dense(1)

        def call(self, inputs):
            return self.second(self.first(inputs))

    model = Net()
    model.compile("adam", loss="mse", metrics=["mae"])
    x, y = data()
    history = model.fit(x, y, epochs=3, verbose=0)
    assert sorted(history.history) == ["loss", "mae"] and model.count_params() == 2 * 4 + 4 + 4 + 1
    assert model.predict(x, verbose=0).shape == (10, 1)


def test_regularizers_count_in_the_loss():
    x, y = data()
    layer = gm.layers.Dense(1, kernel_initializer="ones", kernel_regularizer=gm.regularizers.L2(0.5))
    model = gm.Sequential([gm.Input((2,)), layer])
    model.compile(gm.optimizers.SGD(0.0), loss="mse")
    expected = np.mean((x.sum(axis=1, keepdims=True) - y) ** 2) + 0.5 * 2
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0), expected, rtol=1e-5)


def test_compile_config_round_trip():
    model = linear_model(metrics=["mae"])
    config = model.get_compile_config()
    twin = gm.Sequential([gm.Input((2,)), gm.layers.Dense(1, kernel_initializer="zeros")])
    twin.compile_from_config(config)
    x, y = data()
    one, two = (each.fit(x, y, shuffle=False, verbose=0).history for each in (model, twin))
    assert one == two and sorted(one) == ["loss", "mae"]


def test_progress_text(capsys):
    x, y = data()
    linear_model(metrics=["mae"]).fit(x, y, epochs=2, batch_size=5)
    lines = capsys.readouterr().out.splitlines()
    assert (
        lines[0] == "Epoch 1/2"
        and lines[1].startswith("2/2 ━━━")
        and " - loss: " in lines[1]
        and " - mae: " in lines[1]
    )
    linear_model().fit(x, y, verbose=0)
    assert capsys.readouterr().out == ""
