"""The gradient of a whole network in training is the slope of its loss, in 64 bits along a random direction."""

import numpy as np
import pytest
from recorded import module

import gradmill as gm

SEEDED = module("seeded")
NETWORKS = {
    "squeezenet": lambda applications: applications.SqueezeNet1_1(
        input_shape=(64, 64, 3), include_top=False, pooling="avg"
    ),
}


@pytest.fixture
def float64():
    before = gm.config.floatx()
    gm.config.set_floatx("float64")
    yield
    gm.config.set_floatx(before)


@pytest.mark.parametrize("name", NETWORKS)
def test_directional_derivative(name, float64):
    model = NETWORKS[name](gm.applications)
    SEEDED.set_seeded_weights(model)
    generator = np.random.default_rng(3)
    x = generator.normal(size=(4, *model.input_shape[1:]))
    target = generator.normal(size=(4, model.output_shape[-1]))
    variables = model.trainable_variables
    assert {each.dtype for each in variables} == {"float64"}

    def loss():
        return gm.ops.mean(gm.ops.square(model(x, training=True) - target))

    with gm.GradientTape() as tape:
        value = loss()
    gradients = [each.numpy() for each in tape.gradient(value, variables)]
    weights = [each.numpy() for each in variables]
    direction = [generator.normal(size=each.shape) for each in weights]

    def shifted(step):
        for variable, weight, each in zip(variables, weights, direction):
            variable.assign(weight + step * each)
        return float(loss())

    step = 1e-8  # small, so that few activations switch on the way
    slope = (shifted(step) - shifted(-step)) / (2 * step)
    expected = sum(float((gradient * each).sum()) for gradient, each in zip(gradients, direction))
    np.testing.assert_allclose(slope, expected, rtol=1e-4)
