"""`custom_gradient`: what flows back is what the user's function says, in loops, in compiled functions, in layers."""

import numpy as np
import pytest

import gradmill as gm
import gradmill.tensorflow as tf
from gradmill import errors


@gm.ops.custom_gradient
def clipped(x):
    """The same value; gradients shortened to length 1."""

    def gradient(upstream):
        norm = gm.ops.sqrt(gm.ops.sum(gm.ops.square(upstream)))
        return upstream / gm.ops.maximum(norm, 1.0)

    return x * 1.0, gradient


@gm.custom_gradient
def log1pexp(x):
    e = gm.ops.exp(x)

    def gradient(*args, upstream=None):
        if upstream is None:
            (upstream,) = args
        return upstream * (1 - 1 / gm.ops.add(1, e))

    return gm.ops.log(1 + e), gradient


@gm.custom_gradient
def product_and_sum(a, b):
    return (a * b, a + b), lambda d_product, d_sum: (10 * d_product * b + d_sum, 100 * d_product * a + d_sum)


def test_a_stable_gradient_where_the_plain_one_is_nan():
    x = gm.Variable(100.0)
    with gm.GradientTape() as tape:
        y = log1pexp(x)
    assert float(tape.gradient(y, x)) == 1.0


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("tape_class", [gm.GradientTape, tf.GradientTape])
def test_a_chain_of_functions(compiled, tape_class):
    w = gm.Variable([3.0, 4.0])

    def loss_and_gradient(x):
        with tape_class() as tape:
            h = clipped(w * x) * 2.0
            y = gm.ops.sum(clipped(h) * 5.0) + gm.ops.sum(w)
        return y, tape.gradient(y, w)

    function = gm.function(loss_and_gradient) if compiled else loss_and_gradient
    y, gradient = function(gm.ops.convert_to_tensor([1.0, 2.0]))
    assert float(y) == pytest.approx(117.0)
    inner = np.full(2, 5.0) / np.sqrt(50.0)  # shortened once, then doubled and shortened again
    inner = 2 * inner / np.linalg.norm(2 * inner)
    np.testing.assert_allclose(gradient.numpy(), inner * [1.0, 2.0] + 1.0, rtol=1e-6)


def test_several_inputs_and_outputs_and_one_used_twice():
    a, b = gm.Variable(2.0), gm.Variable(3.0)
    with gm.GradientTape(persistent=True) as tape:
        product, total = product_and_sum(a, b)
        again, _ = product_and_sum(product, a)
        y = again + 7 * total
    # again = product * a: d product = 10 * a, d a = 100 * product; product and total as the function says.
    d_product = 10 * 2.0
    assert float(tape.gradient(y, a)) == 100 * 6.0 + 10 * d_product * 3.0 + 7
    assert float(tape.gradient(y, b)) == 100 * d_product * 2.0 + 7
    assert float(tape.gradient(y, total)) == 7.0
    assert float(tape.gradient(total, a)) == 1.0
    assert tape.gradient(total, again) is None


def test_variables_that_the_function_reads():
    scale = gm.Variable(2.0, name="scale")

    @gm.custom_gradient
    def scaled(x):
        return x * scale, lambda upstream, variables: (upstream * 5.0, [upstream * 7.0 for _ in variables])

    x = gm.Variable(3.0)
    with gm.GradientTape() as tape:
        y = scaled(x * 1.0)
    assert [float(each) for each in tape.gradient(y, [x, scale])] == [5.0, 7.0]

    @gm.custom_gradient
    def forgetful(x):
        return x * scale, lambda upstream: upstream

    with gm.GradientTape() as tape:
        y = forgetful(x)
    with pytest.raises(errors.ArgumentError, match="argument variables, because forgetful reads scale"):
        tape.gradient(y, x)


def test_gradients_of_gradients_go_through_the_function():
    x = gm.Variable(2.0)

    @gm.custom_gradient
    def cube(x):
        return x * x * x, lambda upstream: upstream * 3.0 * x * x

    with gm.GradientTape() as outer:
        with gm.GradientTape() as inner:
            y = cube(x)
        slope = inner.gradient(y, x)
    assert float(slope) == 12.0 and float(outer.gradient(slope, x)) == 12.0


def test_in_a_layer_that_fit_trains():
    class Reversed(gm.layers.Layer):
        def call(self, x):
            return reversed_flow(x)

    @gm.custom_gradient
    def reversed_flow(x):
        return x, lambda upstream: -upstream

    x = np.ones((4, 2), "float32")
    model = gm.Sequential([gm.layers.Dense(1, use_bias=False, kernel_initializer="ones"), Reversed()])
    model.compile(gm.optimizers.SGD(0.1), "mse")
    model.fit(x, np.zeros((4, 1)), verbose=0, batch_size=4)
    # The loss 4 has the slope 4 for each weight; reversed, weights rise.
    np.testing.assert_allclose(model.get_weights()[0], [[1.4], [1.4]], rtol=1e-6)


def test_a_tape_is_for_one_call_and_pauses():
    x = gm.Variable(2.0)
    with gm.GradientTape() as tape:
        y = log1pexp(x)
    tape.gradient(y, x)
    assert [each is x for each in tape.watched_variables()] == [True]
    with pytest.raises(errors.UnsupportedError, match="persistent=True"):
        tape.gradient(y, x)
    with gm.GradientTape() as tape:
        z = x * 1.0
        with tape.stop_recording():
            y = log1pexp(z)
    assert tape.gradient(y, x) is None


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: x, "must return a result and a gradient function; received a Tensor"),
        (lambda x: (3, lambda upstream: upstream), "expected tensors as results; received a int"),
    ],
)
def test_functions_of_another_form(function, words):
    with pytest.raises(errors.ArgumentError, match=words):
        gm.custom_gradient(function)(gm.ops.convert_to_tensor(1.0))


@pytest.mark.parametrize(
    ("gradient", "words"),
    [
        (lambda upstream: [upstream, upstream], "has 1 inputs; its gradient function returned 2 gradients"),
        (lambda upstream: gm.ops.zeros((3,)), r"shape \(2,\); its gradient function returned one of shape \(3,\)"),
    ],
)
def test_gradients_that_do_not_fit(gradient, words):
    x = gm.Variable([1.0, 2.0])
    with gm.GradientTape() as tape:
        y = gm.custom_gradient(lambda x: (x * 1.0, gradient))(x)
    with pytest.raises(errors.ArgumentError, match=words):
        tape.gradient(y, x)
    with pytest.raises(errors.ArgumentError, match="expected a function; received int"):
        gm.custom_gradient(3)
