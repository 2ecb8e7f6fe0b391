"""Recurrences over a whole sequence: SimpleRNN, LSTM and GRU with their usual activations, and the loop for the rest.

`simple_rnn`, `lstm` and `gru` share one contract. `x` is (batch, steps, features), states are (batch, units). `mask`
is None or a bool tensor (batch, steps): at a step whose entry is False, output and states stay what they were, which
before the first step that counts are the initial states. With `go_backwards` the last step comes first; outputs stand
at their steps all the same. Each returns the outputs (batch, steps, units) and the states after the
last step.

The steps of a gate are functions of their own, which the cells use too.
"""

from __future__ import annotations

from typing import Any, Callable, Optional

from gradmill import _core, activations, ops
from gradmill.symbolic import flatten, map_structure


def simple_rnn(
    x: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any,
    h0: Any,
    mask: Any = None,
    go_backwards: bool = False,
) -> tuple[Any, Any]:
    """Run `h = tanh(x @ kernel + bias + h @ recurrent_kernel)` over a sequence.

    Args:
        x: (batch, steps, features).
        kernel: (features, units).
        recurrent_kernel: (units, units).
        bias: (units,), or None.
        h0: first state.
        mask: bool (batch, steps), or None.
        go_backwards: begin with the last step.

    Returns:
        outputs and the last state.
    """

    bias = _bias_or_zeros(bias, kernel.shape[-1:], x)
    made = _core.ops.simple_rnn(x, kernel, recurrent_kernel, bias, h0, _all_or(mask, x), backwards=go_backwards)
    return made, _last(made, go_backwards)


def lstm(
    x: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any,
    h0: Any,
    c0: Any,
    mask: Any = None,
    go_backwards: bool = False,
) -> tuple[Any, Any, Any]:
    """Run an LSTM with tanh and sigmoid over a sequence.

    Args:
        x: (batch, steps, features).
        kernel: (features, 4 * units); gates in the order input, forget, candidate, output.
        recurrent_kernel: (units, 4 * units).
        bias: (4 * units,), or None.
        h0, c0: first state and carry.
        mask: bool (batch, steps), or None.
        go_backwards: begin with the last step.

    Returns:
        outputs, the last state and the last carry.

    Reference: Hochreiter and Schmidhuber 1997.
    """
    bias = _bias_or_zeros(bias, kernel.shape[-1:], x)
    outputs, cells, _ = _core.ops.lstm(
        x, kernel, recurrent_kernel, bias, h0, c0, _all_or(mask, x), backwards=go_backwards
    )
    return outputs, _last(outputs, go_backwards), _last(cells, go_backwards)


def gru(
    x: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any,
    h0: Any,
    mask: Any = None,
    go_backwards: bool = False,
    reset_after: bool = True,
) -> tuple[Any, Any]:
    """Run a GRU with tanh and sigmoid over a sequence.

    Args:
        x: (batch, steps, features).
        kernel: (features, 3 * units); gates in the order update, reset, candidate.
        recurrent_kernel: (units, 3 * units).
        bias: (2, 3 * units) with `reset_after` (of the input, of the state), else (3 * units,); or None.
        h0: first state.
        mask: bool (batch, steps), or None.
        go_backwards: begin with the last step.
        reset_after: apply the reset gate behind the product with the recurrent kernel, not before it.

    Returns:
        outputs and the last state.

    Reference: Cho et al. 2014; Chung et al. 2014 for `reset_after`.
    """
    bias = _bias_or_zeros(bias, (2, kernel.shape[-1]) if reset_after else kernel.shape[-1:], x)
    made, _ = _core.ops.gru(
        x, kernel, recurrent_kernel, bias, h0, _all_or(mask, x), backwards=go_backwards, reset_after=reset_after
    )
    return made, _last(made, go_backwards)


def _all_or(mask: Any, x: Any) -> Any:
    """Return the mask, or one that counts all steps of `x`."""
    return ops.ones(x.shape[:2], dtype="bool") if mask is None else mask


def _bias_or_zeros(bias: Any, shape: tuple, x: Any) -> Any:
    return ops.zeros(shape, dtype=x.dtype) if bias is None else bias


def _last(outputs: Any, go_backwards: bool) -> Any:
    """Return of outputs that stand at their steps what was made last."""
    return outputs[:, 0 if go_backwards else -1]


def project(x: Any, kernel: Any, bias: Any = None) -> Any:
    """Return `x @ kernel + bias`."""
    z = ops.matmul(x, kernel)
    return z if bias is None else z + bias


def lstm_step(z: Any, c: Any, activation: Callable, recurrent_activation: Callable, axis: int = -1) -> tuple[Any, Any]:
    """Return state and carry after one step.

    Args:
        z: what the four gates see, one behind the other along `axis`.
        c: carry before.
        activation: of candidate and carry.
        recurrent_activation: of the gates.
        axis: of the units.
    """
    i, f, g, o = ops.split(z, 4, axis=axis)
    c = recurrent_activation(f) * c + recurrent_activation(i) * activation(g)
    return recurrent_activation(o) * activation(c), c


def gru_biases(bias: Any, reset_after: bool) -> tuple[Any, Any]:
    """Return the biases of input and state; one that is not there is None."""
    if bias is None or not reset_after:
        return bias, None
    return bias[0], bias[1]


def gru_step(
    z: Any,
    h: Any,
    recurrent_kernel: Any,
    recurrent_bias: Any,
    reset_after: bool,
    activation: Callable = activations.tanh,
    recurrent_activation: Callable = activations.sigmoid,
    dropout: Optional[list] = None,
) -> Any:
    """Return the state after one step.

    Args:
        z: what the three gates see of the input, one behind the other along the last axis.
        h: state before.
        recurrent_kernel, recurrent_bias, reset_after: as for `gru`.
        activation: of the candidate.
        recurrent_activation: of the gates.
        dropout: factors of the state for each of the three gates, or None.
    """
    x_update, x_reset, x_new = ops.split(z, 3, axis=-1)
    if dropout is None and reset_after:
        h_update, h_reset, h_new = ops.split(project(h, recurrent_kernel, recurrent_bias), 3, axis=-1)
        reset = recurrent_activation(x_reset + h_reset)
        h_new = reset * h_new
    else:
        kept = [h if dropout is None else h * dropout[gate] for gate in range(3)]
        kernels = ops.split(recurrent_kernel, 3, axis=-1)
        biases = [None] * 3 if recurrent_bias is None else ops.split(recurrent_bias, 3, axis=-1)
        h_update, h_reset = (project(kept[gate], kernels[gate], biases[gate]) for gate in range(2))
        reset = recurrent_activation(x_reset + h_reset)
        if reset_after:
            h_new = reset * project(kept[2], kernels[2], biases[2])
        else:
            h_new = ops.matmul(reset * kept[2], kernels[2])
    update = recurrent_activation(x_update + h_update)
    return update * h + (1.0 - update) * activation(x_new + h_new)


def scan(
    step: Callable,
    inputs: Any,
    states: Any,
    mask: Any = None,
    go_backwards: bool = False,
    first_output: Any = None,
    zero_masked: bool = False,
) -> tuple[list, Any]:
    """Apply a function to one step of a sequence after the other.

    Args:
        step: `step(input, states)` returns an output and the next states, nested like `states`.
        inputs: (batch, steps, ...).
        states: nested tensors (batch, ...).
        mask: bool (batch, steps), or None; where False, states stay and the output is the one before.
        go_backwards: begin with the last step.
        first_output: what masked steps give before the first that counts; None for zeros.
        zero_masked: masked steps give zeros everywhere.

    Returns:
        The outputs of the steps in the order in which they were made, and the last states.
    """
    pieces = ops.unstack(inputs, axis=1)
    counts = [None] * len(pieces) if mask is None else ops.unstack(mask, axis=1)
    outputs: list = []
    for piece, count in zip(reversed(pieces), reversed(counts)) if go_backwards else zip(pieces, counts):
        output, new_states = step(piece, states)
        if count is not None:
            before = outputs[-1] if outputs else first_output
            if zero_masked or before is None:
                before = ops.zeros_like(output)
            output = keep_where(count, output, before)
            old = iter(flatten(states))
            new_states = map_structure(lambda new: keep_where(count, new, next(old)), new_states)  # noqa: B023
        states = new_states
        outputs.append(output)
    return outputs, states


def keep_where(counts: Any, new: Any, old: Any) -> Any:
    """Return `new` in the rows that count and `old` in the others."""
    return ops.where(ops.reshape(counts, (-1, *[1] * (len(new.shape) - 1))), new, old)
