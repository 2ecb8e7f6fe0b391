"""Initializers, regularizers, constraints and activations against their formulas."""

import json
import math
import random

import numpy as np
import pytest

import gradmill as gm
from gradmill import errors

initializers, regularizers, constraints, activations = gm.initializers, gm.regularizers, gm.constraints, gm.activations
SHAPE = (300, 200)


@pytest.mark.parametrize(
    "initializer, stddev, bound",
    [
        (initializers.RandomNormal(0.0, 0.05, seed=1), 0.05, None),
        (initializers.RandomUniform(-0.1, 0.1, seed=1), 0.2 / math.sqrt(12), 0.1),
        # A standard normal cut at two has standard deviation 0.87962566.
        (initializers.TruncatedNormal(0.0, 0.05, seed=1), 0.05 * 0.87962566, 0.1),
        (initializers.GlorotUniform(seed=1), math.sqrt(2 / 500), math.sqrt(6 / 500)),
        (initializers.GlorotNormal(seed=1), math.sqrt(2 / 500), 2 * math.sqrt(2 / 500) / 0.87962566),
        (initializers.HeUniform(seed=1), math.sqrt(2 / 300), math.sqrt(6 / 300)),
        (initializers.HeNormal(seed=1), math.sqrt(2 / 300), 2 * math.sqrt(2 / 300) / 0.87962566),
        (initializers.LecunUniform(seed=1), math.sqrt(1 / 300), math.sqrt(3 / 300)),
        (initializers.LecunNormal(seed=1), math.sqrt(1 / 300), 2 * math.sqrt(1 / 300) / 0.87962566),
        (initializers.VarianceScaling(3.0, "fan_out", "untruncated_normal", seed=1), math.sqrt(3 / 200), None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_statistics(initializer, stddev, bound):
    draw = np.asarray(initializer(SHAPE))
    assert draw.shape == SHAPE and draw.dtype == np.float32
    assert abs(draw.mean()) < 4 * stddev / math.sqrt(draw.size)
    assert abs(draw.std() / stddev - 1) < 0.01
    assert bound is None or np.abs(draw).max() <= bound * (1 + 1e-6)
    np.testing.assert_array_equal(draw, np.asarray(initializer(SHAPE)))


def test_instances_without_a_seed_differ():
    first, second = initializers.GlorotUniform(), initializers.GlorotUniform()
    assert not np.array_equal(np.asarray(first((5, 5))), np.asarray(second((5, 5))))
    assert not np.array_equal(np.asarray(first((5, 5))), np.asarray(initializers.get(first)((5, 5))))


def test_fans_of_kernels():
    assert initializers.compute_fans((3, 3, 16, 32)) == (144, 288)
    assert initializers.compute_fans(()) == (1, 1) and initializers.compute_fans((7,)) == (7, 7)


def test_constants_and_identity():
    assert np.asarray(initializers.Zeros()((2,))).tolist() == [0, 0]
    assert np.asarray(initializers.Ones()((2,), dtype="int32")).dtype == np.int32
    assert np.asarray(initializers.Constant([1.0, 2.0])((2, 2))).tolist() == [[1, 2], [1, 2]]
    assert np.asarray(initializers.Identity(gain=2.0)((2, 3))).tolist() == [[2, 0, 0], [0, 2, 0]]
    with pytest.raises(errors.ShapeError, match="two axes"):
        initializers.Identity()((2,))


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (2, 3, 4)])
def test_orthogonal(shape):
    draw = np.asarray(initializers.Orthogonal(gain=2.0, seed=3)(shape), dtype="float64").reshape(-1, shape[-1])
    small = draw.T @ draw if draw.shape[0] >= draw.shape[1] else draw @ draw.T
    np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-5)


@pytest.mark.parametrize(
    "module, name",
    [(initializers, name) for name in ("he_normal", "HeNormal", "zeros", "orthogonal", "identity", "variance_scaling")]
    + [(regularizers, name) for name in ("l1", "l2", "l1_l2", "L1L2", "orthogonal_regularizer")]
    + [(constraints, name) for name in ("max_norm", "non_neg", "unit_norm", "MinMaxNorm")],
)
def test_names_and_round_trip(module, name):
    found = module.get(name)
    described = json.loads(json.dumps(module.serialize(found)))
    again = module.deserialize(described)
    assert type(again) is type(found) and again.get_config() == found.get_config()
    assert type(module.get(described)) is type(found) and module.get(None) is None


@pytest.mark.parametrize("module, name, nearest", [
    (initializers, "glorot_unifrom", "glorot_uniform"),
    (regularizers, "l1_l3", "l1_l2"),
    (constraints, "maxnorm", "max_norm|MaxNorm"),
    (activations, "sofmax", "softmax"),
])  # fmt: skip
def test_unknown_names_give_the_nearest(module, name, nearest):
    with pytest.raises(errors.ArgumentError, match=nearest):
        module.get(name)


def test_regularizers():
    x = np.array([[1.0, -2.0], [3.0, 0.5]], "float32")
    assert float(regularizers.L1(0.1)(x)) == pytest.approx(0.65)
    assert float(regularizers.L2(0.1)(x)) == pytest.approx(0.1 * (1 + 4 + 9 + 0.25))
    assert float(regularizers.L1L2(0.1, 0.2)(x)) == pytest.approx(0.65 + 0.2 * 14.25)
    rows = x / np.linalg.norm(x, axis=1, keepdims=True)
    assert float(regularizers.OrthogonalRegularizer(0.3)(x)) == pytest.approx(0.3 * abs(rows[0] @ rows[1]), rel=1e-5)
    with pytest.raises(errors.ArgumentError, match=">= 0"):
        regularizers.L2(-1.0)


def test_constraints():
    w = np.array([[3.0, 0.3], [-4.0, 0.4]], "float32")
    np.testing.assert_allclose(np.asarray(constraints.MaxNorm(1.0)(w)), [[0.6, 0.3], [-0.8, 0.4]], rtol=1e-5)
    np.testing.assert_allclose(np.asarray(constraints.NonNeg()(w)), [[3.0, 0.3], [0.0, 0.4]])
    np.testing.assert_allclose(np.asarray(constraints.UnitNorm()(w)), [[0.6, 0.6], [-0.8, 0.8]], rtol=1e-5)
    np.testing.assert_allclose(
        np.asarray(constraints.MinMaxNorm(1.0, 2.0, rate=0.5)(w)), [[2.1, 0.45], [-2.8, 0.6]], rtol=1e-5
    )


def test_activation_arguments():
    x = np.array([-2.0, 0.25, 3.0], "float32")
    relu = activations.relu(x, negative_slope=0.5, max_value=2.0, threshold=1.0)
    np.testing.assert_allclose(np.asarray(relu), [-1.5, -0.375, 2.0])
    np.testing.assert_allclose(np.asarray(activations.threshold(x, 0.5, 7.0)), [7.0, 7.0, 3.0])
    np.testing.assert_allclose(np.asarray(activations.soft_shrink(x, 1.0)), [-1.0, 0.0, 2.0])
    np.testing.assert_allclose(
        np.asarray(activations.gelu(x, approximate=True)), np.asarray(activations.gelu(x)), atol=2e-3
    )
    assert activations.get(None) is activations.linear and activations.serialize(activations.relu) == "relu"


def test_sparsemax_is_the_projection_onto_the_simplex():
    found = np.asarray(activations.sparsemax(np.array([[1.0, 0.8, -3.0], [0.2, 0.1, 0.0], [5.0, 0.0, 0.0]], "float32")))
    np.testing.assert_allclose(found, [[0.6, 0.4, 0.0], [1.3 / 3, 1 / 3, 0.7 / 3], [1.0, 0.0, 0.0]], atol=1e-6)


def test_gradients_of_every_activation():
    x = np.array([[-3.3, -1.7, -0.8, 0.2, 0.9, 1.6, 3.4, 6.5]])
    for name in sorted(activations._TABLE):
        if name != "threshold":
            gm.testing.check_gradients(activations.get(name), [x], rtol=2e-5)


def test_check_gradients_finds_a_wrong_gradient():
    with pytest.raises(AssertionError, match="input 0"):
        gm.testing.check_gradients(lambda x: x * gm.ops.stop_gradient(x), [[1.0, 2.0]])


def test_everything_random_follows_from_the_seed():
    """Whatever else draws from Python's and NumPy's generators, in this thread or another."""

    def draws(disturbance):
        gm.random.set_seed(3)
        random.seed(disturbance)
        np.random.seed(disturbance)
        kernels = [gm.layers.Dense(2), gm.layers.Dense(2)]
        for layer in kernels:
            layer.build((None, 3))
        order = [int(x) for x in gm.data.Dataset.range(20).shuffle(20)]
        return [layer.kernel.numpy().tolist() for layer in kernels], order, gm.random.normal((2,)).numpy().tolist()

    first = draws(1)
    assert draws(2) == first
    assert first[0][0] != first[0][1]
