"""What the cells of recurrent networks share: arguments, weights, dropout."""

from __future__ import annotations

from typing import Any, Callable, Optional

from gradmill import activations, constraints, initializers, ops, random, regularizers
from gradmill.errors import ArgumentError
from gradmill.layers import recurrent_sequence
from gradmill.layers.base import Layer, cast_like, positive_integer

_TANH = (activations.tanh, ops.tanh)
_SIGMOID = (activations.sigmoid, ops.sigmoid)


class DroppingCell(Layer):
    """Base of cells with dropout: the factors are drawn once and serve all steps until they are reset."""

    # Set by the constructors of the subclasses.
    dropout: float
    recurrent_dropout: float
    seed_generator: random.SeedGenerator
    # Number of factors, one for each gate; None for one that all gates share.
    dropout_mask_count: Optional[int] = None
    _dropout_mask: Any = None
    _recurrent_dropout_mask: Any = None

    def _set_dropout(self, dropout: float, recurrent_dropout: float, seed: Any) -> None:
        self.dropout = min(1.0, max(0.0, dropout))
        self.recurrent_dropout = min(1.0, max(0.0, recurrent_dropout))
        self.seed = seed
        self.seed_generator = random.SeedGenerator(seed)

    def _draw(self, like: Any, rate: float) -> Any:
        ones = ops.ones_like(like)
        if self.dropout_mask_count is None:
            return random.dropout(ones, rate, seed=self.seed_generator)
        return [random.dropout(ones, rate, seed=self.seed_generator) for _ in range(self.dropout_mask_count)]

    def get_dropout_mask(self, step_input: Any) -> Any:
        """Return the factors of the inputs (a list with one for each gate, or one for all), None without dropout."""
        if self._dropout_mask is None and 0 < self.dropout < 1:
            with self._tracker.pause():
                self._dropout_mask = self._draw(step_input, self.dropout)
        return self._dropout_mask

    def get_recurrent_dropout_mask(self, step_input: Any) -> Any:
        """Return the factors of the state (a list with one for each gate, or one for all), None without dropout."""
        if self._recurrent_dropout_mask is None and 0 < self.recurrent_dropout < 1:
            with self._tracker.pause():
                self._recurrent_dropout_mask = self._draw(step_input, self.recurrent_dropout)
        return self._recurrent_dropout_mask

    def reset_dropout_mask(self) -> None:
        """Forget the factors of the inputs."""
        self._dropout_mask = None

    def reset_recurrent_dropout_mask(self) -> None:
        """Forget the factors of the state."""
        self._recurrent_dropout_mask = None


def unit_forget_initializer(initializer: Any, units: int) -> Callable:
    """Return an initializer of the four biases of an LSTM with ones for the forget gate."""

    def initialize(_: Any, dtype: Any = None) -> Any:
        parts = [initializer((units,), dtype=dtype), ops.ones((units,), dtype=dtype)]
        return ops.concatenate([*parts, initializer((units * 2,), dtype=dtype)])

    return initialize


class StandardCell(DroppingCell):
    """Base of SimpleRNNCell, LSTMCell and GRUCell: their common arguments and weights."""

    _gates = 1
    _channel_axis = -1

    def __init__(
        self,
        units: int,
        activation: Any,
        use_bias: bool,
        kernel_initializer: Any,
        recurrent_initializer: Any,
        bias_initializer: Any,
        kernel_regularizer: Any,
        recurrent_regularizer: Any,
        bias_regularizer: Any,
        kernel_constraint: Any,
        recurrent_constraint: Any,
        bias_constraint: Any,
        dropout: float,
        recurrent_dropout: float,
        seed: Any,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.units = positive_integer(units, "units", self._label)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self._set_dropout(dropout, recurrent_dropout, seed)
        self.state_size: Any = self.units
        self.output_size = self.units
        self.kernel: Any = None
        self.recurrent_kernel: Any = None
        self.bias: Any = None

    def _kernel_shape(self, features: int) -> tuple:
        return (features, self.units * self._gates)

    def _bias_shape(self) -> tuple:
        return (self.units * self._gates,)

    def _first_bias(self) -> Any:
        return self.bias_initializer

    def build(self, input_shape: Any) -> None:
        """Make kernel, recurrent kernel and bias."""
        self.kernel = self.add_weight(
            self._kernel_shape(input_shape[self._channel_axis]),
            name="kernel",
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.recurrent_kernel = self.add_weight(
            self._kernel_shape(self.units),
            name="recurrent_kernel",
            initializer=self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                self._bias_shape(),
                name="bias",
                initializer=self._first_bias(),
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def _weights_like(self, inputs: Any) -> tuple[Any, Any, Any]:
        """Return the three weights in the dtype of the inputs."""
        bias = None if self.bias is None else cast_like(self.bias, inputs)
        return cast_like(self.kernel, inputs), cast_like(self.recurrent_kernel, inputs), bias

    def _project(self, x: Any, kernel: Any, bias: Any, dropout: Any) -> Any:
        """Return `x @ kernel + bias` with the factors of dropout, which may differ from gate to gate."""
        if not isinstance(dropout, list):
            return recurrent_sequence.project(x if dropout is None else x * dropout, kernel, bias)
        kernels = ops.split(kernel, self._gates, axis=-1)
        z = ops.concatenate([ops.matmul(x * factor, each) for factor, each in zip(dropout, kernels)], axis=-1)
        return z if bias is None else z + bias

    def _factors(self, inputs: Any, h: Any, training: Any) -> tuple[Any, Any]:
        """Return the dropout factors of inputs and state in this call."""
        if not training:
            return None, None
        return self.get_dropout_mask(inputs), self.get_recurrent_dropout_mask(h)

    def _is_usual(self) -> bool:
        """Whether `run_sequence` computes what `call` would at each step."""
        return self.activation in _TANH and self.recurrent_dropout == 0 and self.dropout_mask_count is None

    def run_sequence(self, sequences: Any, states: list, mask: Any, go_backwards: bool, training: Any) -> Any:
        """Run over a whole sequence; the contract is that of `recurrent_sequence`.

        Returns:
            (outputs, states), or None for a cell that can only be run step by step.
        """
        if not self._is_usual():
            return None
        if training and 0 < self.dropout < 1:
            sequences = sequences * ops.expand_dims(self.get_dropout_mask(sequences[:, 0]), 1)
        outputs, *states = self._run_usual(sequences, states, mask, go_backwards)
        return outputs, states

    def _run_usual(self, sequences: Any, states: list, mask: Any, go_backwards: bool) -> Any:
        raise NotImplementedError

    def get_initial_state(self, batch_size: Optional[int] = None) -> list:
        """Return zeros for `batch_size` rows."""
        sizes = self.state_size if isinstance(self.state_size, list) else [self.state_size]
        zeros = {size: ops.zeros((batch_size, size), dtype=self.compute_dtype) for size in dict.fromkeys(sizes)}
        return [zeros[size] for size in sizes]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "recurrent_initializer": initializers.serialize(self.recurrent_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "recurrent_regularizer": regularizers.serialize(self.recurrent_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "recurrent_constraint": constraints.serialize(self.recurrent_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "seed": self.seed,
        }


class GatedCell(StandardCell):
    """Base of LSTMCell and GRUCell: gates with an activation of their own.

    With `implementation=1`, and with any recurrent dropout, each gate has dropout factors of its own.
    """

    unit_forget_bias = False

    def __init__(self, units: int, activation: Any, recurrent_activation: Any, use_bias: bool, **kwargs: Any):
        implementation = kwargs.pop("implementation", 2)
        super().__init__(units, activation, use_bias, **kwargs)
        if implementation not in (0, 1, 2):
            raise ArgumentError(f"{self._label}: expected implementation 1 or 2; received {implementation!r}")
        self.recurrent_activation = activations.get(recurrent_activation)
        self.implementation = 1 if self.recurrent_dropout != 0 else implementation
        if self.implementation == 1 and (self.dropout or self.recurrent_dropout):
            self.dropout_mask_count = self._gates

    def _is_usual(self) -> bool:
        return super()._is_usual() and self.recurrent_activation in _SIGMOID

    def _first_bias(self) -> Any:
        first = self.bias_initializer
        return unit_forget_initializer(first, self.units) if self.unit_forget_bias else first

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "recurrent_activation": activations.serialize(self.recurrent_activation)}
