"""Gradients of recurrences, with masks of any form: numerically, in double precision."""

from __future__ import annotations

import numpy as np
import pytest

import gradmill as gm
from gradmill import _core, ops
from gradmill.testing import check_gradients


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(("batch", "steps", "units"), [(1, 1, 1), (3, 4, 5), (18, 3, 2)])
def test_lstm(batch, steps, units, backwards):
    generator = np.random.default_rng(2)
    mask = ops.convert_to_tensor(generator.random((batch, steps)) < 0.7)

    def outputs_and_cells(z, kernel, h0, c0):
        outputs, cells, _ = _core.ops.lstm(z, kernel, h0, c0, mask, backwards=backwards)
        return outputs, cells

    shapes = [(batch, steps, 4 * units), (units, 4 * units), (batch, units), (batch, units)]
    check_gradients(outputs_and_cells, [generator.normal(size=shape) for shape in shapes])


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(("batch", "steps", "units"), [(1, 1, 1), (3, 4, 5), (18, 3, 2)])
def test_gru(batch, steps, units, backwards):
    generator = np.random.default_rng(2)
    mask = ops.convert_to_tensor(generator.random((batch, steps)) < 0.7)

    def outputs(z, kernel, bias, h0):
        return _core.ops.gru(z, kernel, bias, h0, mask, backwards=backwards)[0]

    shapes = [(batch, steps, 3 * units), (units, 3 * units), (3 * units,), (batch, units)]
    check_gradients(outputs, [generator.normal(size=shape) for shape in shapes])


def test_no_gradient_through_gates():
    one = ops.ones((1, 1))
    with gm.GradientTape() as tape:
        z = ops.ones((1, 1, 4))
        tape.watch(z)
        gates = _core.ops.lstm(z, ops.ones((1, 4)), one, one, ops.ones((1, 1), dtype="bool"))[2]
    with pytest.raises(gm.errors.UnsupportedError, match="gates"):
        tape.gradient(gates, z)
