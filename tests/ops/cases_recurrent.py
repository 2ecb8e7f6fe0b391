"""Rows for recurrences over sequences."""

import numpy as np
from case import booleans, case, normal, uniform, values


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def np_lstm(x, kernel, recurrent, bias, h0, c0, mask, backwards=False):
    """The definition, a step after the other."""
    batch, steps, _ = x.shape
    units = len(recurrent)
    outputs, cells, gates = (np.zeros((batch, steps, n * units)) for n in (1, 1, 4))
    h, c = h0, c0
    for t in range(steps)[:: -1 if backwards else 1]:
        i, f, g, o = np.split(x[:, t] @ kernel + h @ recurrent + bias, 4, axis=1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        new = f * c + i * g
        counts = mask[:, t : t + 1]
        h, c = np.where(counts, o * np.tanh(new), h), np.where(counts, new, c)
        outputs[:, t], cells[:, t] = h, c
        gates[:, t] = np.where(counts, np.concatenate([i, f, g, o], axis=1), 0)
    return outputs, cells, gates


class Gradients:
    """What arrives at the inputs of a recurrence, collected step by step from the last to the first."""

    def __init__(self, x, kernel, recurrent, first, outputs, backwards, wants_x):
        self.x, self.kernel, self.recurrent, self.wants_x = x, kernel, recurrent, wants_x
        order = list(range(x.shape[1])[:: -1 if backwards else 1])
        self.steps = [(t, outputs[:, order[i - 1]] if i else first, i) for i, t in enumerate(order)][::-1]
        self.order = order
        self.dx, self.d_kernel, self.d_recurrent = np.zeros(x.shape), np.zeros(kernel.shape), np.zeros(recurrent.shape)
        self.bias_of_x, self.bias_of_h = np.zeros(kernel.shape[1]), np.zeros(kernel.shape[1])

    def add(self, t, h, d_sums, d_of_h=None):
        """Take what arrives at the sums of a step; return what arrives by them at the state before."""
        d_of_h = d_sums if d_of_h is None else d_of_h
        if self.wants_x:
            self.dx[:, t] = d_sums @ self.kernel.T
        self.d_kernel += self.x[:, t].T @ d_sums
        self.d_recurrent += h.T @ d_of_h
        self.bias_of_x += d_sums.sum(0)
        self.bias_of_h += d_of_h.sum(0)
        return d_of_h @ self.recurrent.T


def np_lstm_backward(
    d_outputs, d_cells, x, kernel, recurrent, h0, c0, outputs, cells, gates, mask, backwards=False, wants_x=True
):
    """The chain rule, from the last step to the first."""
    found = Gradients(x, kernel, recurrent, h0, outputs, backwards, wants_x)
    dh, dc = np.zeros(h0.shape), np.zeros(h0.shape)
    for t, h, step in found.steps:
        before = cells[:, found.order[step - 1]] if step else c0
        dh, dc = dh + d_outputs[:, t], dc + d_cells[:, t]
        i, f, g, o = np.split(gates[:, t], 4, axis=1)
        active = np.tanh(cells[:, t])
        d_cell = dc + dh * o * (1 - active**2)
        d_i, d_f = d_cell * g * i * (1 - i), d_cell * before * f * (1 - f)
        parts = [d_i, d_f, d_cell * i * (1 - g**2), dh * active * o * (1 - o)]
        counts = mask[:, t : t + 1]
        through = found.add(t, h, np.where(counts, np.concatenate(parts, axis=1), 0))
        dh, dc = np.where(counts, through, dh), np.where(counts, d_cell * f, dc)
    return found.dx, found.d_kernel, found.d_recurrent, found.bias_of_x, dh, dc


def np_gru(x, kernel, recurrent, bias, h0, mask, backwards=False, reset_after=True):
    """The definition, a step after the other."""
    batch, steps, _ = x.shape
    units = len(recurrent)
    kept = 4 if reset_after else 3
    outputs, gates, h = np.zeros((batch, steps, units)), np.zeros((batch, steps, kept * units)), h0
    bias_of_x, bias_of_h = bias if reset_after else (bias, 0)
    for t in range(steps)[:: -1 if backwards else 1]:
        sums = x[:, t] @ kernel + bias_of_x, h @ recurrent + bias_of_h
        (zu, zr, zg), (pu, pr, pg) = (np.split(each, 3, axis=1) for each in sums)
        u, r = sigmoid(zu + pu), sigmoid(zr + pr)
        g = np.tanh(zg + (r * pg if reset_after else (r * h) @ recurrent[:, 2 * units :]))
        counts = mask[:, t : t + 1]
        h = np.where(counts, u * h + (1 - u) * g, h)
        outputs[:, t], gates[:, t] = h, np.where(counts, np.concatenate([u, r, g, pg][:kept], axis=1), 0)
    return outputs, gates


def np_gru_backward(
    d_outputs, x, kernel, recurrent, h0, outputs, gates, mask, backwards=False, wants_x=True, reset_after=True
):
    """The chain rule, from the last step to the first."""
    found = Gradients(x, kernel, recurrent, h0, outputs, backwards, wants_x)
    dh, units = np.zeros(h0.shape), len(recurrent)
    for t, before, _ in found.steps:
        dh = dh + d_outputs[:, t]
        u, r, g, *pg = np.split(gates[:, t], 4 if reset_after else 3, axis=1)
        counts = mask[:, t : t + 1]
        d_u = np.where(counts, dh * (before - g) * u * (1 - u), 0)
        d_g = np.where(counts, dh * (1 - u) * (1 - g**2), 0)
        if reset_after:
            d_r = d_g * pg[0] * r * (1 - r)
            through = found.add(t, before, np.hstack([d_u, d_r, d_g]), np.hstack([d_u, d_r, d_g * r]))
        else:
            d_q = d_g @ recurrent[:, 2 * units :].T
            d_r = d_q * before * r * (1 - r)
            through = d_q * r + found.add(t, before, np.hstack([d_u, d_r, d_g]), np.hstack([d_u, d_r, 0 * d_g]))
            found.d_recurrent[:, 2 * units :] += (r * before).T @ d_g
        dh = np.where(counts, dh * u + through, dh)
    d_bias = np.stack([found.bias_of_x, found.bias_of_h]) if reset_after else found.bias_of_x
    return found.dx, found.d_kernel, found.d_recurrent, d_bias, dh


def np_simple_rnn(x, kernel, recurrent, bias, h0, mask, backwards=False):
    """The definition, a step after the other."""
    outputs, h = np.zeros((*x.shape[:2], len(recurrent))), h0
    for t in range(x.shape[1])[:: -1 if backwards else 1]:
        h = np.where(mask[:, t : t + 1], np.tanh(x[:, t] @ kernel + h @ recurrent + bias), h)
        outputs[:, t] = h
    return outputs


def np_simple_rnn_backward(d_outputs, x, kernel, recurrent, h0, outputs, mask, backwards=False, wants_x=True):
    """The chain rule, from the last step to the first."""
    found = Gradients(x, kernel, recurrent, h0, outputs, backwards, wants_x)
    dh = np.zeros(h0.shape)
    for t, before, _ in found.steps:
        dh = dh + d_outputs[:, t]
        counts = mask[:, t : t + 1]
        dh = np.where(counts, found.add(t, before, np.where(counts, dh * (1 - outputs[:, t] ** 2), 0)), dh)
    return found.dx, found.d_kernel, found.d_recurrent, found.bias_of_x, dh


def weights(features, units, gates, biases=()):
    """Kernel, recurrent kernel and bias, by name."""
    return {
        "kernel": normal(features, gates * units, scale=0.5),
        "recurrent_kernel": normal(units, gates * units, scale=0.5),
        "bias": normal(*biases, gates * units, scale=0.5),
    }


def without_bias(given):
    """The weights that an op backwards needs."""
    return {name: each for name, each in given.items() if name != "bias"}


# Units that fill no vector, one, several; one row, a unit of rows, more; one step; one feature and several.
for batch, steps, features, units in ((1, 1, 1, 1), (3, 4, 2, 5), (17, 3, 9, 8), (2, 7, 1, 33)):
    x, states, state = normal(batch, steps, features), normal(batch, steps, units), normal(batch, units)
    counts, gates = booleans(batch, steps), uniform(0.0, 1.0, batch, steps, 4 * units)
    forward = {"backwards": [False, True], "sum_length": 8 * (units + features)}
    back = {"backwards": [False, True], "wants_x": [False, True], "sum_length": 16 * units * steps * batch}
    given = weights(features, units, 4)
    case("lstm", x=x, **given, h0=state, c0=state, mask=counts, reference=np_lstm, through=2, **forward)
    case("lstm_backward", d_outputs=states, d_cells=states, x=x, **without_bias(given), h0=state, c0=state,
         outputs=states, cells=states, gates=gates, mask=counts, reference=np_lstm_backward, **back)
    for after, biases, kept in ((True, (2,), gates), (False, (), uniform(0.0, 1.0, batch, steps, 3 * units))):
        given = weights(features, units, 3, biases)
        case("gru", x=x, **given, h0=state, mask=counts, reference=np_gru, through=1, reset_after=after, **forward)
        case("gru_backward", d_outputs=states, x=x, **without_bias(given), h0=state, outputs=states, gates=kept,
             mask=counts, reference=np_gru_backward, reset_after=after, **back)
    given = weights(features, units, 1)
    case("simple_rnn", x=x, **given, h0=state, mask=counts, reference=np_simple_rnn, **forward)
    case("simple_rnn_backward", d_outputs=states, x=x, **without_bias(given), h0=state, outputs=states, mask=counts,
         reference=np_simple_rnn_backward, **back)
# More terms than a block of a product has, and more rows than one product takes; all steps count.
case("lstm", x=normal(2, 30, 30), kernel=normal(30, 4 * 260, scale=0.02),
     recurrent_kernel=normal(260, 4 * 260, scale=0.02), bias=normal(4 * 260, scale=0.1), h0=normal(2, 260),
     c0=normal(2, 260), mask=booleans(2, 30), reference=np_lstm, large=True, sum_length=3000)
every, few = values(np.ones((70, 5)), "bool"), (np.arange(5) < 1 + np.arange(70)[:, None] % 6)
for counts in (every, values(few, "bool")):
    state, x = normal(70, 16), normal(70, 5, 3)
    case("lstm", x=x, **weights(3, 16, 4), h0=state, c0=state, mask=counts, reference=np_lstm, large=True,
         sum_length=200)
    for after, biases in ((True, (2,)), (False, ())):
        case("gru", x=x, **weights(3, 16, 3, biases), h0=state, mask=counts, reference=np_gru, reset_after=after,
             large=True, sum_length=200)
    case("gru_backward", d_outputs=normal(70, 5, 16), x=x, **without_bias(weights(3, 16, 3)), h0=state,
         outputs=normal(70, 5, 16), gates=uniform(0.0, 1.0, 70, 5, 48), mask=counts, reference=np_gru_backward,
         reset_after=False, large=True, sum_length=5000)
    case("lstm_backward", d_outputs=normal(70, 5, 16), d_cells=normal(70, 5, 16), x=x,
         **without_bias(weights(3, 16, 4)), h0=state, c0=state, outputs=normal(70, 5, 16), cells=normal(70, 5, 16),
         gates=uniform(0.0, 1.0, 70, 5, 64), mask=counts, reference=np_lstm_backward, large=True, sum_length=5000)
# Terms of the gradients of weights that fill more than one block of a product.
case("simple_rnn_backward", d_outputs=normal(40, 12, 4), x=normal(40, 12, 2), **without_bias(weights(2, 4, 1)),
     h0=normal(40, 4), outputs=normal(40, 12, 4), mask=values(np.ones((40, 12)), "bool"),
     reference=np_simple_rnn_backward, large=True, sum_length=5000)
