"""Logs of a `train_step` of one's own."""

import numpy as np
import pytest

import gradmill as gm

X, Y = np.ones((8, 2), "float32"), np.zeros((8, 1), "float32")


class Returns(gm.Model):
    """A linear model whose step returns what it is told."""

    def __init__(self, logs):
        super().__init__()
        self.dense = gm.layers.Dense(1, use_bias=False, kernel_initializer="ones")
        self.logs = logs

    def call(self, x):
        return self.dense(x)

    def train_step(self, data):
        x, y = data
        with gm.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return self.logs(self, loss, y, y_pred)


def all_metrics(model, loss, y, y_pred):
    for metric in model.metrics:
        metric.update_state(*((loss,) if metric.name == "loss" else (y, y_pred)))
    return {metric.name: metric.result() for metric in model.metrics}


@pytest.mark.parametrize("eager", [False, True])
def test_a_returned_loss_is_the_loss_of_the_last_step(eager):
    model = Returns(lambda model, loss, y, y_pred: {"loss": loss})
    model.compile(gm.optimizers.SGD(0.25), "mse", run_eagerly=eager)
    # Both weights 1: loss 4; the slope for each is 4, so they become 0.
    history = model.fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    assert history.history["loss"] == [0.0, 0.0]
    model.dense.set_weights([np.ones((2, 1))])
    assert model.fit(X, Y, batch_size=8, verbose=0).history["loss"] == [4.0]


@pytest.mark.parametrize("eager", [False, True])
def test_results_of_all_metrics_are_logged_by_name(eager):
    """As Keras's guide writes it: the result of the metrics of `compile` is a dict within the logs."""
    model = Returns(all_metrics)
    model.compile(gm.optimizers.SGD(0.0), "mse", metrics=["mae", "mse"], run_eagerly=eager)
    history = model.fit(X, Y, batch_size=4, verbose=0)
    assert history.history == {"loss": [4.0], "mae": [2.0], "mse": [4.0]}


@pytest.mark.parametrize("is_trained", [True, False])
def test_no_gradient_passes_through_an_assignment(is_trained):
    x, kept = gm.Variable(2.0), gm.Variable(1.0, trainable=is_trained)

    def step():
        with gm.GradientTape() as tape:
            kept.assign(x * 3.0)
            product = kept * x
        return tape.gradient(product, x)

    # Of 3 x^2 it would be 12.
    assert float(step()) == float(gm.function(step)()) == 6.0


def step_of_parts(model, data):
    """A step that takes all parts of a batch as inputs of the model, as networks of triplets do."""
    with gm.GradientTape() as tape:
        loss = gm.ops.mean(gm.ops.square(model(data, training=True) - 1.0))
    model.optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
    return {"loss": loss}


class Distance(gm.Model):
    train_step = step_of_parts


class Around(gm.Model):
    train_step = step_of_parts

    def __init__(self, network):
        super().__init__()
        self.network = network

    def call(self, inputs):
        return self.network(inputs)


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("around", [False, True])
def test_a_step_may_take_the_parts_of_a_batch_as_inputs(around, eager):
    inputs = [gm.Input((2,)) for _ in range(3)]
    outputs = gm.layers.Dense(1, use_bias=False, kernel_initializer="ones")(gm.layers.Add()(inputs))
    model = Around(gm.Model(inputs, outputs)) if around else Distance(inputs, outputs)
    model.compile(gm.optimizers.SGD(0.0), run_eagerly=eager)
    history = model.fit(gm.data.Dataset.from_tensor_slices((X, X, 2 * X)).batch(8), epochs=1, verbose=0)
    assert history.history["loss"] == [49.0]  # (1 + 1 + 2) * 2 - 1 = 7


class SideBySide(gm.Model):
    """A step that takes a batch without labels beside a smaller one with labels."""

    def __init__(self):
        super().__init__()
        self.total = gm.metrics.Sum(name="total")

    def train_step(self, data):
        images, (others, labels) = data
        self.total.update_state(gm.ops.sum(images) + 10 * gm.ops.sum(others) + 100 * gm.ops.sum(labels))
        return {"total": self.total.result()}

    test_step = train_step


def test_batches_side_by_side_may_differ_in_size():
    many, few = gm.data.Dataset.from_tensor_slices(X).batch(4), gm.data.Dataset.from_tensor_slices((X, Y + 1)).batch(2)
    both = gm.data.Dataset.zip((many, few))  # 2 steps: 4 samples of 2 ones, 2 samples of 2 ones, 2 labels of 1
    model = SideBySide()
    model.compile()
    history = model.fit(both, validation_data=both, verbose=0).history
    assert history == {"total": [496.0], "val_total": [496.0]}
    plain = gm.Sequential([gm.layers.Dense(1)])
    plain.compile("sgd", "mse")
    with pytest.raises(gm.errors.GradMillError, match="same number of samples"):
        plain.fit(gm.data.Dataset.zip((many, few.map(lambda x, y: y))), verbose=0)
