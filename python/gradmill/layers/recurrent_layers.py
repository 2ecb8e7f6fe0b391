"""SimpleRNN, LSTM and GRU: their cells run over sequences."""

from __future__ import annotations

from typing import Any

from gradmill import regularizers
from gradmill.errors import ArgumentError
from gradmill.layers.input_spec import InputSpec
from gradmill.layers.recurrent import RNN
from gradmill.layers.recurrent_cells import GRUCell, LSTMCell, SimpleRNNCell
from gradmill.serialization import register_serializable


def of_cell(name: str) -> property:
    """Return a property that hands on an attribute of the layer's cell."""
    return property(lambda self: getattr(self.cell, name), doc=f"`{name}` of the cell.")


class CellLayer(RNN):
    """Base of the layers that make their cell themselves; the cell's arguments are attributes here, too."""

    activation = of_cell("activation")
    use_bias = of_cell("use_bias")
    kernel_initializer = of_cell("kernel_initializer")
    recurrent_initializer = of_cell("recurrent_initializer")
    bias_initializer = of_cell("bias_initializer")
    kernel_regularizer = of_cell("kernel_regularizer")
    recurrent_regularizer = of_cell("recurrent_regularizer")
    bias_regularizer = of_cell("bias_regularizer")
    kernel_constraint = of_cell("kernel_constraint")
    recurrent_constraint = of_cell("recurrent_constraint")
    bias_constraint = of_cell("bias_constraint")
    dropout = of_cell("dropout")
    recurrent_dropout = of_cell("recurrent_dropout")

    def __init__(self, cell: Any, **kwargs: Any):
        super().__init__(cell, **kwargs)
        self.input_spec = InputSpec(ndim=3)

    def _check_cudnn(self, use_cudnn: Any) -> None:
        if use_cudnn not in ("auto", True, False):
            raise ArgumentError(
                f"{self._label}: expected use_cudnn 'auto', True or False (it changes nothing here); received "
                f"{use_cudnn!r}; correct it"
            )
        self.use_cudnn = use_cudnn

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = super().get_config()
        del config["cell"]
        return {
            **config,
            **_cell_arguments(self.cell),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Build a layer from `get_config`'s result."""
        return cls(**config)


def _cell_arguments(cell: Any) -> dict[str, Any]:
    """Return the configuration of a cell without what its layer says itself."""
    return {key: value for key, value in cell.get_config().items() if key not in ("name", "trainable", "dtype")}


@register_serializable("keras.layers")
class SimpleRNN(CellLayer):
    """Network whose output is an input of the next step: `h = activation(x @ kernel + bias + h @ recurrent_kernel)`.

    Args:
        units: size of the output.
        activation: name or function; None for none.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: first values.
        kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer: penalties.
        kernel_constraint, recurrent_constraint, bias_constraint: projections after each update.
        dropout: share of the inputs that training drops, the same at all steps of a call.
        recurrent_dropout: share of the state that training drops, the same at all steps of a call.
        seed: integer, or None.
        return_sequences, return_state, go_backwards, stateful, unroll: as for `RNN`.

    Call arguments: sequences (batch, steps, features); initial_state, a list with the first state; mask, bool
    (batch, steps); training.
    Output shape: (batch, units), with `return_sequences` (batch, steps, units).

    Raises:
        ArgumentError: units that is not a positive integer.
        ShapeError: sequences without steps, a mask, states or batch size that do not fit.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.SimpleRNN(3)(gm.ops.ones((2, 5, 4))).shape
    (2, 3)
    """

    units = of_cell("units")

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **kwargs: Any,
    ):
        cell = SimpleRNNCell(
            units,
            activation=activation,
            use_bias=use_bias,
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
            name="simple_rnn_cell",
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
        )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )


@register_serializable("keras.layers")
class LSTM(CellLayer):
    """Long short-term memory: a carry that gates write, keep and read.

    Args:
        units: size of the output and of the two states.
        activation: of candidate and carry.
        recurrent_activation: of the gates.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: first values.
        unit_forget_bias: the bias of the forget gate begins with ones.
        kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer: penalties.
        kernel_constraint, recurrent_constraint, bias_constraint: projections after each update.
        dropout: share of the inputs that training drops, the same at all steps of a call.
        recurrent_dropout: share of the state that training drops, the same at all steps of a call.
        seed: integer, or None.
        return_sequences, return_state, go_backwards, stateful, unroll: as for `RNN`.
        use_cudnn: accepted for compatibility; changes nothing.

    Call arguments: sequences (batch, steps, features); initial_state, a list with the first state and carry; mask, bool
    (batch, steps); training.
    Output shape: (batch, units), with `return_sequences` (batch, steps, units).

    Raises:
        ArgumentError: units that is not a positive integer.
        ShapeError: sequences without steps, a mask, states or batch size that do not fit.

    Reference: Hochreiter and Schmidhuber 1997.

    Example:
    >>> import gradmill as gm
    >>> outputs, h, c = gm.layers.LSTM(3, return_sequences=True, return_state=True)(gm.ops.ones((2, 5, 4)))
    >>> outputs.shape, h.shape, c.shape
    ((2, 5, 3), (2, 3), (2, 3))
    """

    units = of_cell("units")
    recurrent_activation = of_cell("recurrent_activation")
    unit_forget_bias = of_cell("unit_forget_bias")

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ):
        cell = LSTMCell(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            unit_forget_bias=unit_forget_bias,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            implementation=kwargs.pop("implementation", 2),
            name="lstm_cell",
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
        )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self._check_cudnn(use_cudnn)


@register_serializable("keras.layers")
class GRU(CellLayer):
    """Gated recurrent unit: a state that gates mix with a candidate.

    Args:
        units: size of the output.
        activation: of the candidate.
        recurrent_activation: of the gates.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: first values.
        kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer: penalties.
        kernel_constraint, recurrent_constraint, bias_constraint: projections after each update.
        dropout: share of the inputs that training drops, the same at all steps of a call.
        recurrent_dropout: share of the state that training drops, the same at all steps of a call.
        seed: integer, or None.
        return_sequences, return_state, go_backwards, stateful, unroll: as for `RNN`.
        reset_after: apply the reset gate behind the product with the recurrent kernel, not before it.
        use_cudnn: accepted for compatibility; changes nothing.

    Call arguments: sequences (batch, steps, features); initial_state, a list with the first state; mask, bool
    (batch, steps); training.
    Output shape: (batch, units), with `return_sequences` (batch, steps, units).

    Raises:
        ArgumentError: units that is not a positive integer.
        ShapeError: sequences without steps, a mask, states or batch size that do not fit.

    Reference: Cho et al. 2014.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.GRU(3, return_sequences=True)(gm.ops.ones((2, 5, 4))).shape
    (2, 5, 3)
    """

    units = of_cell("units")
    recurrent_activation = of_cell("recurrent_activation")
    reset_after = of_cell("reset_after")

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ):
        cell = GRUCell(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
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
            reset_after=reset_after,
            implementation=kwargs.pop("implementation", 2),
            name="gru_cell",
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
        )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self._check_cudnn(use_cudnn)
