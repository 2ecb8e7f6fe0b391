"""What a recurrent network does at one step: SimpleRNNCell, LSTMCell, GRUCell."""

from __future__ import annotations

from typing import Any

from gradmill.layers import recurrent_sequence
from gradmill.layers.recurrent_cell_base import GatedCell, StandardCell
from gradmill.serialization import register_serializable


@register_serializable("keras.layers")
class SimpleRNNCell(StandardCell):
    """One step of SimpleRNN: `output = activation(inputs @ kernel + bias + state @ recurrent_kernel)`.

    Args:
        units: size of state and output.
        activation: name or function; None for none.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: first values.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties.
        kernel_constraint, recurrent_constraint, bias_constraint: projections after each update.
        dropout: share of the inputs that training drops, the same at all steps.
        recurrent_dropout: share of the state that training drops, the same at all steps.
        seed: integer, or None.

    Weights: kernel (features, units), recurrent_kernel (units, units), bias (units,).

    Raises:
        ArgumentError: units that is not a positive integer.

    Example:
    >>> import gradmill as gm
    >>> cell = gm.layers.SimpleRNNCell(3)
    >>> output, states = cell(gm.ops.ones((2, 4)), cell.get_initial_state(2))
    >>> output.shape, len(states)
    ((2, 3), 1)
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        **kwargs: Any,
    ):
        super().__init__(
            units,
            activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            kernel_regularizer,
            recurrent_regularizer,
            bias_regularizer,
            kernel_constraint,
            recurrent_constraint,
            bias_constraint,
            dropout,
            recurrent_dropout,
            seed,
            **kwargs,
        )

    def call(self, sequence: Any, states: Any, training: bool = False) -> Any:
        """Return the output and the next states."""
        nested = isinstance(states, (list, tuple))
        h = states[0] if nested else states
        kernel, recurrent_kernel, bias = self._weights_like(sequence)
        input_dropout, dropout = self._factors(sequence, h, training)
        z = self._project(sequence, kernel, bias, input_dropout)
        output = self.activation(z + self._project(h, recurrent_kernel, None, dropout))
        return output, [output] if nested else output

    def _is_usual(self) -> bool:
        return super()._is_usual() and type(self).call is SimpleRNNCell.call

    def _run_usual(self, sequences: Any, states: list, mask: Any, go_backwards: bool) -> Any:
        return recurrent_sequence.simple_rnn(sequences, *self._weights_like(sequences), states[0], mask, go_backwards)


@register_serializable("keras.layers")
class LSTMCell(GatedCell):
    """One step of LSTM. The states are the output and the carry.

    Args:
        units: size of states and output.
        activation: of candidate and carry.
        recurrent_activation: of the gates.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: first values.
        unit_forget_bias: the bias of the forget gate begins with ones.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties.
        kernel_constraint, recurrent_constraint, bias_constraint: projections after each update.
        dropout: share of the inputs that training drops, the same at all steps.
        recurrent_dropout: share of the state that training drops, the same at all steps.
        seed: integer, or None.

    Weights: kernel (features, 4 * units), recurrent_kernel (units, 4 * units), bias (4 * units,); gates in the order
    input, forget, candidate, output.

    Raises:
        ArgumentError: units that is not a positive integer.

    Reference: Hochreiter and Schmidhuber 1997.

    Example:
    >>> import gradmill as gm
    >>> cell = gm.layers.LSTMCell(3)
    >>> output, states = cell(gm.ops.ones((2, 4)), cell.get_initial_state(2))
    >>> output.shape, len(states)
    ((2, 3), 2)
    """

    _gates = 4

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        **kwargs: Any,
    ):
        super().__init__(
            units,
            activation,
            recurrent_activation,
            use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            **kwargs,
        )
        self.unit_forget_bias = unit_forget_bias
        self.state_size = [self.units, self.units]

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        """Return the output and the next states."""
        h, c = states
        kernel, recurrent_kernel, bias = self._weights_like(inputs)
        input_dropout, dropout = self._factors(inputs, h, training)
        z = self._project(inputs, kernel, bias, input_dropout) + self._project(h, recurrent_kernel, None, dropout)
        h, c = recurrent_sequence.lstm_step(z, c, self.activation, self.recurrent_activation)
        return h, [h, c]

    def _is_usual(self) -> bool:
        return super()._is_usual() and type(self).call is LSTMCell.call

    def _run_usual(self, sequences: Any, states: list, mask: Any, go_backwards: bool) -> Any:
        h, c = states
        return recurrent_sequence.lstm(sequences, *self._weights_like(sequences), h, c, mask, go_backwards)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "unit_forget_bias": self.unit_forget_bias}


@register_serializable("keras.layers")
class GRUCell(GatedCell):
    """One step of GRU.

    Args:
        units: size of state and output.
        activation: of the candidate.
        recurrent_activation: of the gates.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: first values.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties.
        kernel_constraint, recurrent_constraint, bias_constraint: projections after each update.
        dropout: share of the inputs that training drops, the same at all steps.
        recurrent_dropout: share of the state that training drops, the same at all steps.
        reset_after: apply the reset gate behind the product with the recurrent kernel, not before it.
        seed: integer, or None.

    Weights: kernel (features, 3 * units), recurrent_kernel (units, 3 * units), bias (2, 3 * units), without
    `reset_after` (3 * units,); gates in the order update, reset, candidate.

    Raises:
        ArgumentError: units that is not a positive integer.

    Reference: Cho et al. 2014.

    Example:
    >>> import gradmill as gm
    >>> cell = gm.layers.GRUCell(3)
    >>> output, states = cell(gm.ops.ones((2, 4)), cell.get_initial_state(2))
    >>> output.shape, len(states)
    ((2, 3), 1)
    """

    _gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: Any = None,
        **kwargs: Any,
    ):
        super().__init__(
            units,
            activation,
            recurrent_activation,
            use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            **kwargs,
        )
        self.reset_after = bool(reset_after)

    def _bias_shape(self) -> tuple:
        return (2, self.units * 3) if self.reset_after else (self.units * 3,)

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        """Return the output and the next states."""
        nested = isinstance(states, (list, tuple))
        h = states[0] if nested else states
        kernel, recurrent_kernel, bias = self._weights_like(inputs)
        input_bias, recurrent_bias = recurrent_sequence.gru_biases(bias, self.reset_after)
        input_dropout, dropout = self._factors(inputs, h, training)
        z = self._project(inputs, kernel, input_bias, input_dropout)
        h = recurrent_sequence.gru_step(
            z,
            h,
            recurrent_kernel,
            recurrent_bias,
            self.reset_after,
            self.activation,
            self.recurrent_activation,
            dropout,
        )
        return h, [h] if nested else h

    def _is_usual(self) -> bool:
        return super()._is_usual() and type(self).call is GRUCell.call

    def _run_usual(self, sequences: Any, states: list, mask: Any, go_backwards: bool) -> Any:
        weights = self._weights_like(sequences)
        return recurrent_sequence.gru(sequences, *weights, states[0], mask, go_backwards, self.reset_after)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "reset_after": self.reset_after}
