"""Derivatives along a direction, beside those of NumPy's formulas and difference quotients."""

import numpy as np
import pytest

import gradmill as gm
from gradmill import ops
from gradmill.errors import ArgumentError, ShapeError


def float64(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_a_product_of_matrices_and_a_structure():
    a, b, da, db = (float64(3, 3, seed=i) for i in range(4))

    def both(parts):
        return {"ab": parts["a"] @ parts["b"], "sum": ops.sum(parts["a"])}

    value, slope = ops.jvp(both, ({"a": a, "b": b},), ({"a": da, "b": db},))
    np.testing.assert_allclose(value["ab"].numpy(), a @ b)
    np.testing.assert_allclose(slope["ab"].numpy(), da @ b + a @ db)
    np.testing.assert_allclose(slope["sum"].numpy(), da.sum())


def network(x, kernel):
    hidden = ops.gelu(ops.matmul(x, kernel))
    return ops.logsumexp(ops.softmax(hidden) * ops.tanh(hidden) + ops.max(hidden, axis=-1, keepdims=True), axis=-1)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_network_beside_a_difference_quotient(compiled):
    x, kernel, dx, dkernel = float64(4, 5), float64(5, 6, seed=1), float64(4, 5, seed=2), float64(5, 6, seed=3)
    along = lambda *parts: ops.jvp(network, parts[:2], parts[2:])  # noqa: E731
    tensors = [ops.convert_to_tensor(each) for each in (x, kernel, dx, dkernel)]
    value, slope = (gm.function(along) if compiled else along)(*tensors)
    step = 1e-6
    ahead, behind = (network(x + s * dx, kernel + s * dkernel).numpy() for s in (step, -step))
    np.testing.assert_allclose(value.numpy(), network(*tensors[:2]).numpy(), rtol=1e-12)
    np.testing.assert_allclose(slope.numpy(), (ahead - behind) / (2 * step), rtol=1e-7, atol=1e-9)


def test_what_does_not_depend_on_the_arguments_has_no_slope():
    value, slope, aux = ops.jvp(
        lambda x: ((ops.ones((2,)), ops.argmax(x)), "aux"), (np.ones(3),), (np.ones(3),), has_aux=True
    )
    assert slope[0].numpy().tolist() == [0, 0] and slope[1].numpy() == 0 and aux == "aux"
    assert value[0].numpy().tolist() == [1, 1]


def test_tangents_that_do_not_fit():
    with pytest.raises(ArgumentError, match="jvp: tangents: expected a tuple or list of arguments; received ndarray"):
        ops.jvp(ops.sin, (np.ones(2),), np.ones(2))
    with pytest.raises(ArgumentError, match="the structure of primals, 1 tensors; received 2"):
        ops.jvp(ops.sin, (np.ones(2),), (np.ones(2), np.ones(2)))
    with pytest.raises(ShapeError, match=r"tensor 0 must have the shape \(2,\) of its primal; received \(3,\)"):
        ops.jvp(ops.sin, (np.ones(2),), (np.ones(3),))
