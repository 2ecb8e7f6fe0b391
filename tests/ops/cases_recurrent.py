"""Rows for recurrences over sequences."""

import numpy as np
from case import booleans, case, normal, uniform, values


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def np_lstm(z, kernel, h0, c0, mask, backwards=False):
    """The definition, a step after the other."""
    batch, steps, _ = z.shape
    units = kernel.shape[0]
    outputs, cells, gates = np.zeros((batch, steps, units)), np.zeros((batch, steps, units)), np.zeros(z.shape)
    h, c = h0, c0
    for t in range(steps)[:: -1 if backwards else 1]:
        i, f, g, o = np.split(z[:, t] + h @ kernel, 4, axis=1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        new = f * c + i * g
        counts = mask[:, t : t + 1]
        h, c = np.where(counts, o * np.tanh(new), h), np.where(counts, new, c)
        outputs[:, t], cells[:, t] = h, c
        gates[:, t] = np.where(counts, np.concatenate([i, f, g, o], axis=1), 0)
    return outputs, cells, gates


def np_lstm_backward(d_outputs, d_cells, gates, cells, kernel, c0, mask, backwards=False):
    """The chain rule, from the last step to the first."""
    batch, steps, units = cells.shape
    dz, dh, dc = np.zeros(gates.shape), np.zeros((batch, units)), np.zeros((batch, units))
    order = list(range(steps)[:: -1 if backwards else 1])
    for step in reversed(range(steps)):
        t = order[step]
        before = cells[:, order[step - 1]] if step else c0
        dh, dc = dh + d_outputs[:, t], dc + d_cells[:, t]
        i, f, g, o = np.split(gates[:, t], 4, axis=1)
        active = np.tanh(cells[:, t])
        d_cell = dc + dh * o * (1 - active**2)
        d_i, d_f = d_cell * g * i * (1 - i), d_cell * before * f * (1 - f)
        parts = [d_i, d_f, d_cell * i * (1 - g**2), dh * active * o * (1 - o)]
        counts = mask[:, t : t + 1]
        dz[:, t] = np.where(counts, np.concatenate(parts, axis=1), 0)
        dh, dc = np.where(counts, dz[:, t] @ kernel.T, dh), np.where(counts, d_cell * f, dc)
    return dz, dh, dc


def np_gru(z, kernel, bias, h0, mask, backwards=False):
    """The definition, a step after the other."""
    batch, steps, _ = z.shape
    units = kernel.shape[0]
    outputs, gates, h = np.zeros((batch, steps, units)), np.zeros((batch, steps, 4 * units)), h0
    for t in range(steps)[:: -1 if backwards else 1]:
        (zu, zr, zg), (pu, pr, pg) = np.split(z[:, t], 3, axis=1), np.split(h @ kernel + bias, 3, axis=1)
        u, r = sigmoid(zu + pu), sigmoid(zr + pr)
        g = np.tanh(zg + r * pg)
        counts = mask[:, t : t + 1]
        h = np.where(counts, u * h + (1 - u) * g, h)
        outputs[:, t], gates[:, t] = h, np.where(counts, np.concatenate([u, r, g, pg], axis=1), 0)
    return outputs, gates


def np_gru_backward(d_outputs, gates, outputs, kernel, h0, mask, backwards=False):
    """The chain rule, from the last step to the first."""
    batch, steps, units = outputs.shape
    dz, dp, dh = np.zeros((batch, steps, 3 * units)), np.zeros((batch, steps, 3 * units)), np.zeros((batch, units))
    order = list(range(steps)[:: -1 if backwards else 1])
    for step in reversed(range(steps)):
        t = order[step]
        before = outputs[:, order[step - 1]] if step else h0
        dh = dh + d_outputs[:, t]
        u, r, g, pg = np.split(gates[:, t], 4, axis=1)
        d_u, d_g = dh * (before - g) * u * (1 - u), dh * (1 - u) * (1 - g**2)
        d_r = d_g * pg * r * (1 - r)
        counts = mask[:, t : t + 1]
        dz[:, t] = np.where(counts, np.concatenate([d_u, d_r, d_g], axis=1), 0)
        dp[:, t] = np.where(counts, np.concatenate([d_u, d_r, d_g * r], axis=1), 0)
        dh = np.where(counts, dh * u + dp[:, t] @ kernel.T, dh)
    return dz, dp, dh


# Units that fill no vector, one, several, and more than a block of terms; one row, a unit of rows, more; one step.
for batch, steps, units in ((1, 1, 1), (3, 4, 5), (17, 3, 8), (2, 7, 33)):
    state, counts, both_ways = normal(batch, units), booleans(batch, steps), [False, True]
    kernel = normal(units, 4 * units, scale=0.5)
    case("lstm", z=normal(batch, steps, 4 * units), recurrent_kernel=kernel, h0=state, c0=state, mask=counts,
         backwards=both_ways, reference=np_lstm, through=2, sum_length=8 * units)
    case("lstm_backward", d_outputs=normal(batch, steps, units), d_cells=normal(batch, steps, units),
         gates=uniform(0.0, 1.0, batch, steps, 4 * units), cells=normal(batch, steps, units), recurrent_kernel=kernel,
         c0=state, mask=counts, backwards=both_ways, reference=np_lstm_backward, sum_length=16 * units * steps)
    kernel = normal(units, 3 * units, scale=0.5)
    case("gru", z=normal(batch, steps, 3 * units), recurrent_kernel=kernel, recurrent_bias=normal(3 * units), h0=state,
         mask=counts, backwards=both_ways, reference=np_gru, through=1, sum_length=8 * units)
    case("gru_backward", d_outputs=normal(batch, steps, units), gates=uniform(0.0, 1.0, batch, steps, 4 * units),
         outputs=normal(batch, steps, units), recurrent_kernel=kernel, h0=state, mask=counts, backwards=both_ways,
         reference=np_gru_backward, sum_length=16 * units * steps)
# More terms than a block of a product has, and more rows than a unit of work; all steps count.
case("lstm", z=normal(2, 30, 4 * 260, scale=0.1), recurrent_kernel=normal(260, 4 * 260, scale=0.02), h0=normal(2, 260),
     c0=normal(2, 260), mask=booleans(2, 30), reference=np_lstm, large=True, sum_length=3000)
case("lstm", z=normal(40, 5, 4 * 16), recurrent_kernel=normal(16, 4 * 16), h0=normal(40, 16), c0=normal(40, 16),
     mask=values(np.ones((40, 5)), "bool"), reference=np_lstm, large=True, sum_length=200)
case("gru", z=normal(40, 5, 3 * 16), recurrent_kernel=normal(16, 3 * 16), recurrent_bias=normal(3 * 16),
     h0=normal(40, 16), mask=values(np.ones((40, 5)), "bool"), reference=np_gru, large=True, sum_length=200)
