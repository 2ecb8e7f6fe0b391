"""ConvLSTM1D, ConvLSTM2D and ConvLSTM3D: LSTMs whose states are images."""

from __future__ import annotations

from typing import Any, Optional

from gradmill import ops
from gradmill.errors import ArgumentError, ShapeError
from gradmill.layers.base import cast_like
from gradmill.layers.convolution_base import spatial_tuple
from gradmill.layers.input_spec import InputSpec
from gradmill.layers.recurrent_cell_base import GatedCell
from gradmill.layers.recurrent_layers import CellLayer, of_cell
from gradmill.layers.recurrent_sequence import lstm_step
from gradmill.layers.reshaping import standardize_data_format
from gradmill.serialization import register_serializable
from gradmill.symbolic import SymbolicTensor, infer_call


class ConvLSTMCell(GatedCell):
    """One step of a ConvLSTM: an LSTMCell with convolutions for products. Arguments are those of the layers."""

    _gates = 4

    def __init__(
        self,
        rank: int,
        filters: int,
        kernel_size: Any,
        strides: Any,
        padding: str,
        data_format: Optional[str],
        dilation_rate: Any,
        unit_forget_bias: bool,
        **kwargs: Any,
    ):
        super().__init__(filters, implementation=1, **kwargs)
        self.rank = rank
        self.filters = self.units
        self.kernel_size = spatial_tuple(kernel_size, rank, "kernel_size", self._label)
        self.strides = spatial_tuple(strides, rank, "strides", self._label)
        self.dilation_rate = spatial_tuple(dilation_rate, rank, "dilation_rate", self._label)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ArgumentError(
                f"{self._label}: expected strides or dilation_rate above 1, not both; received strides={self.strides}, "
                f"dilation_rate={self.dilation_rate}"
            )
        self.padding = padding.lower() if isinstance(padding, str) else padding
        if self.padding not in ("valid", "same"):
            raise ArgumentError(f"{self._label}: expected padding 'valid' or 'same'; received {padding!r}")
        self.data_format = standardize_data_format(data_format, self._label)
        self.unit_forget_bias = unit_forget_bias
        self.state_size = [self.units, self.units]
        self._channel_axis = -1 if self.data_format == "channels_last" else 1

    def build(self, inputs_shape: Any, states_shape: Any = None) -> None:
        """Make kernel, recurrent kernel and bias."""
        self._step_shape = (None, *inputs_shape[1:])
        if None in inputs_shape[1:]:
            raise ShapeError(
                f"{self._label}: expected images of known size; received shape {tuple(inputs_shape)}; give the input "
                "known sizes"
            )
        super().build(inputs_shape)

    def _kernel_shape(self, features: int) -> tuple:
        return (*self.kernel_size, features, self.units * self._gates)

    def _convolve(self, x: Any, kernel: Any) -> Any:
        return ops.conv(x, kernel, self.strides, self.padding, self.data_format, self.dilation_rate)

    def _convolve_state(self, h: Any, kernel: Any) -> Any:
        return ops.conv(h, kernel, 1, "same", self.data_format)

    def _for_each_gate(self, convolve: Any, x: Any, kernel: Any, dropout: Any) -> Any:
        """Convolve with the kernels of all gates, with the factors of dropout, which differ from gate to gate."""
        if dropout is None:
            return convolve(x, kernel)
        kernels = ops.split(kernel, 4, axis=-1)
        parts = [convolve(x * factor, each) for factor, each in zip(dropout, kernels)]
        return ops.concatenate(parts, axis=self._channel_axis)

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        """Return the output and the next states."""
        h, c = states
        input_dropout, dropout = self._factors(inputs, h, training)
        z = self._for_each_gate(self._convolve, inputs, cast_like(self.kernel, inputs), input_dropout)
        z = z + self._for_each_gate(self._convolve_state, h, cast_like(self.recurrent_kernel, inputs), dropout)
        if self.bias is not None:
            bias = cast_like(self.bias, inputs)
            z = z + (bias if self._channel_axis == -1 else ops.reshape(bias, (-1, *[1] * self.rank)))
        h, c = lstm_step(z, c, self.activation, self.recurrent_activation, self._channel_axis)
        return h, [h, c]

    def _is_usual(self) -> bool:
        return False

    def state_shape(self, step_shape: Any) -> tuple:
        """Return the shape of output and states for inputs of `step_shape`, without the batch axis."""

        def convolve(x: Any) -> Any:
            return self._convolve(x, ops.zeros((*self.kernel_size, x.shape[self._channel_axis], self.filters)))

        return infer_call(convolve, (SymbolicTensor((None, *step_shape[1:])),), {}).shape[1:]

    def get_initial_state(self, batch_size: Optional[int] = None) -> list:
        """Return zeros for `batch_size` rows."""
        shape = (batch_size, *self.state_shape(self._step_shape))
        return [ops.zeros(shape, dtype=self.compute_dtype) for _ in range(2)]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer that made the cell."""
        config = {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "unit_forget_bias": self.unit_forget_bias,
        }
        del config["units"]
        return config


class ConvLSTM(CellLayer):
    """Base of the layers; subclasses set `rank`."""

    rank = 0
    filters = of_cell("filters")
    kernel_size = of_cell("kernel_size")
    strides = of_cell("strides")
    padding = of_cell("padding")
    data_format = of_cell("data_format")
    dilation_rate = of_cell("dilation_rate")
    recurrent_activation = of_cell("recurrent_activation")
    unit_forget_bias = of_cell("unit_forget_bias")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: Optional[str] = None,
        dilation_rate: Any = 1,
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
        **kwargs: Any,
    ):
        cell = ConvLSTMCell(
            self.rank,
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            unit_forget_bias,
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
            name="conv_lstm_cell",
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
        )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.input_spec = InputSpec(ndim=self.rank + 3)

    def _output_and_state_shapes(self, sequences_shape: tuple) -> tuple[tuple, list]:
        shape = (sequences_shape[0], *self.cell.state_shape((sequences_shape[0], *sequences_shape[2:])))
        return shape, [shape, shape]


@register_serializable("keras.layers")
class ConvLSTM1D(ConvLSTM):
    """LSTM over sequences of rows of numbers: convolutions stand for the products.

    Args:
        filters: channels of output and states.
        kernel_size: size of the kernels: a number.
        strides: step of the input's kernel; that of the state's is 1.
        padding: "valid" (none) or "same" of the inputs; states are padded so that they keep their size.
        data_format: "channels_last" (batch, steps, columns, channels) or "channels_first".
        dilation_rate: distance between neighbours in the input's kernel.
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
        return_sequences, return_state, go_backwards, stateful: as for `RNN`.

    Call arguments: sequences; initial_state, a list of state and carry; mask, bool (batch, steps); training.

    Raises:
        ArgumentError: filters or sizes that are not positive integers, strides together with dilation.
        ShapeError: images of unknown size, sequences without steps, a mask or states that do not fit.

    Reference: Shi et al. 2015.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.ConvLSTM1D(2, 3, padding="same")(gm.ops.ones((1, 4, 5, 3))).shape
    (1, 5, 2)
    """

    rank = 1


@register_serializable("keras.layers")
class ConvLSTM2D(ConvLSTM):
    """LSTM over sequences of images: convolutions stand for the products.

    Args:
        filters: channels of output and states.
        kernel_size: size of the kernels: a number, or one for each of 2 axes.
        strides: step of the input's kernel; that of the state's is 1.
        padding: "valid" (none) or "same" of the inputs; states are padded so that they keep their size.
        data_format: "channels_last" (batch, steps, rows, columns, channels) or "channels_first".
        dilation_rate: distance between neighbours in the input's kernel.
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
        return_sequences, return_state, go_backwards, stateful: as for `RNN`.

    Call arguments: sequences; initial_state, a list of state and carry; mask, bool (batch, steps); training.

    Raises:
        ArgumentError: filters or sizes that are not positive integers, strides together with dilation.
        ShapeError: images of unknown size, sequences without steps, a mask or states that do not fit.

    Reference: Shi et al. 2015.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.ConvLSTM2D(2, 3, padding="same")(gm.ops.ones((1, 4, 5, 5, 3))).shape
    (1, 5, 5, 2)
    """

    rank = 2


@register_serializable("keras.layers")
class ConvLSTM3D(ConvLSTM):
    """LSTM over sequences of volumes: convolutions stand for the products.

    Args:
        filters: channels of output and states.
        kernel_size: size of the kernels: a number, or one for each of 3 axes.
        strides: step of the input's kernel; that of the state's is 1.
        padding: "valid" (none) or "same" of the inputs; states are padded so that they keep their size.
        data_format: "channels_last" (batch, steps, planes, rows, columns, channels) or "channels_first".
        dilation_rate: distance between neighbours in the input's kernel.
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
        return_sequences, return_state, go_backwards, stateful: as for `RNN`.

    Call arguments: sequences; initial_state, a list of state and carry; mask, bool (batch, steps); training.

    Raises:
        ArgumentError: filters or sizes that are not positive integers, strides together with dilation.
        ShapeError: images of unknown size, sequences without steps, a mask or states that do not fit.

    Reference: Shi et al. 2015.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.ConvLSTM3D(2, 3, padding="same")(gm.ops.ones((1, 4, 3, 3, 3, 3))).shape
    (1, 3, 3, 3, 2)
    """

    rank = 3
