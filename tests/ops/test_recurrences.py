"""What recurrences refuse, and what of theirs has no gradient."""

from __future__ import annotations

import pytest

import gradmill as gm
from gradmill import _core, ops


def run_lstm(x, one):
    return _core.ops.lstm(x, ops.ones((1, 4)), ops.ones((1, 4)), ops.ones(4), one, one, ops.ones((1, 1), "bool"))[2]


def run_gru(x, one):
    return _core.ops.gru(x, ops.ones((1, 3)), ops.ones((1, 3)), ops.ones((2, 3)), one, ops.ones((1, 1), "bool"))[1]


@pytest.mark.parametrize("run", [run_lstm, run_gru])
def test_no_gradient_flows_through_gates(run):
    with gm.GradientTape() as tape:
        z = ops.ones((1, 1, 1))
        tape.watch(z)
        gates = run(z, ops.ones((1, 1)))
    with pytest.raises(gm.errors.UnsupportedError, match="gates"):
        tape.gradient(gates, z)


GOOD = {
    "x": (2, 3, 5),
    "kernel": (5, 16),
    "recurrent_kernel": (4, 16),
    "bias": (16,),
    "h0": (2, 4),
    "c0": (2, 4),
    "mask": (2, 3),
}


@pytest.mark.parametrize(
    ("name", "shape", "words"),
    [
        ("x", (2, 3, 6), "features"),
        ("x", (2, 0, 5), "at least one step"),
        ("kernel", (5, 15), "4 \\* units"),
        ("recurrent_kernel", (3, 16), "4 \\* units"),
        ("bias", (2, 16), "input 3 must have shape"),
        ("h0", (3, 4), "input 4 must have shape"),
        ("c0", (2, 5), "input 5 must have shape"),
        ("mask", (2, 4), "mask must have shape"),
    ],
)
def test_shapes_that_do_not_fit(name, shape, words):
    shapes = {**GOOD, name: shape}
    mask = ops.ones(shapes.pop("mask"), dtype="bool")
    with pytest.raises(gm.errors.ShapeError, match=f"lstm: .*{words}"):
        _core.ops.lstm(*(ops.ones(each) for each in shapes.values()), mask)


def test_a_mask_is_bool():
    with pytest.raises(gm.errors.DTypeError, match="mask must be bool; received float32"):
        _core.ops.lstm(*(ops.ones(each) for each in GOOD.values()))


def test_inputs_of_one_dtype():
    given = [ops.ones(each) for each in GOOD.values()]
    given[4] = ops.cast(given[4], "float64")
    with pytest.raises(gm.errors.DTypeError, match="input 4 must be float32 as input 0 is; received float64"):
        _core.ops.lstm(*given[:-1], ops.ones(GOOD["mask"], dtype="bool"))


@pytest.mark.parametrize(("after", "shape"), [(True, (12,)), (False, (2, 12))])
def test_bias_and_gates_of_a_gru_follow_its_reset(after, shape):
    given = [ops.ones(each) for each in ((2, 3, 5), (5, 12), (4, 12), shape, (2, 4))]
    mask = ops.ones((2, 3), dtype="bool")
    with pytest.raises(gm.errors.ShapeError, match="gru: input 3 must have shape"):
        _core.ops.gru(*given, mask, reset_after=after)
    given[3] = ops.ones((2, 12) if after else 12)
    assert _core.ops.gru(*given, mask, reset_after=after)[1].shape == (2, 3, 16 if after else 12)


@pytest.mark.parametrize("layer", [gm.layers.LSTM, gm.layers.GRU, gm.layers.SimpleRNN])
def test_a_second_derivative_is_refused(layer):
    x, cell = ops.ones((2, 3, 4)), layer(2)
    with gm.GradientTape() as outer:
        outer.watch(x)
        with gm.GradientTape() as inner:
            inner.watch(x)
            y = ops.sum(cell(x))
        slope = inner.gradient(y, x)
        total = ops.sum(slope * slope)
    with pytest.raises(gm.errors.UnsupportedError, match="second derivative"):
        outer.gradient(total, x)
