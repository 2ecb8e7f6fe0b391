"""What has no gradient in recurrences says so."""

from __future__ import annotations

import pytest

import gradmill as gm
from gradmill import _core, ops


def run_lstm(z, one):
    return _core.ops.lstm(z, ops.ones((1, 4)), one, one, ops.ones((1, 1), dtype="bool"))[2]


def run_gru(z, one):
    return _core.ops.gru(z[..., :3], ops.ones((1, 3)), ops.ones(3), one, ops.ones((1, 1), dtype="bool"))[1]


@pytest.mark.parametrize("run", [run_lstm, run_gru])
def test_no_gradient_flows_through_gates(run):
    with gm.GradientTape() as tape:
        z = ops.ones((1, 1, 4))
        tape.watch(z)
        gates = run(z, ops.ones((1, 1)))
    with pytest.raises(gm.errors.UnsupportedError, match="gates"):
        tape.gradient(gates, z)
