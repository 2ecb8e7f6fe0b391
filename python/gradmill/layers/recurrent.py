"""`RNN`: a cell run over the steps of a sequence."""

from __future__ import annotations

from typing import Any, Optional

from gradmill import ops, serialization, tracing
from gradmill.errors import ArgumentError, ShapeError
from gradmill.layers.base import Layer
from gradmill.layers.recurrent_cell_base import StandardCell
from gradmill.layers.recurrent_sequence import keep_where, scan
from gradmill.layers.recurrent_stack import (
    StackedRNNCells,
    check_cell,
    first_states,
    forget_dropout,
    output_size,
    run_cell,
)
from gradmill.serialization import register_serializable
from gradmill.symbolic import flatten, map_structure
from gradmill.variable import Variable


@register_serializable("keras.layers")
class RNN(Layer):
    """Run a cell over the steps of sequences.

    Args:
        cell: SimpleRNNCell, LSTMCell, GRUCell, a list of cells, or any object with `call(inputs, states)`, which
            returns output and next states, and `state_size`, an integer or a list of them.
        return_sequences: return the outputs of all steps, not only the last.
        return_state: return the last states too, behind the outputs.
        go_backwards: begin with the last step; outputs then stand in the order in which they were made.
        stateful: begin where the last call ended; the batch size must be fixed.
        unroll: accepted for compatibility; changes no result.
        zero_output_for_mask: masked steps give zeros instead of the output before.

    Call arguments: sequences (batch, steps, ...); initial_state, the first states; mask, bool (batch, steps); training.
    At a masked step the states stay as they are and the output is that of the step before (zeros before the first).

    Output shape: (batch, units), with `return_sequences` (batch, steps, units); with `return_state` a tuple of that and
    the states.

    Raises:
        ArgumentError: something that is not a cell.
        ShapeError: sequences without steps, a mask, states or batch size that do not fit.

    Example:
    >>> import gradmill as gm
    >>> layer = gm.layers.RNN(gm.layers.GRUCell(3), return_sequences=True)
    >>> layer(gm.ops.ones((2, 5, 4))).shape
    (2, 5, 3)
    """

    # Outputs of a layer that goes backwards stand at their steps, not in the order in which they were made: set by
    # Bidirectional while it calls the layer, as it would have to turn them round.
    _outputs_at_steps = False

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        check_cell(cell, self._label)
        sizes = cell.state_size
        if not isinstance(sizes, (list, tuple)) and (isinstance(sizes, bool) or not hasattr(sizes, "__index__")):
            raise ArgumentError(
                f"{self._label}: expected the cell's state_size to be an integer or a list of integers; received "
                f"{sizes!r}; correct it"
            )
        self.cell = cell
        self.return_sequences = bool(return_sequences)
        self.return_state = bool(return_state)
        self.go_backwards = bool(go_backwards)
        self.stateful = bool(stateful)
        self.unroll = bool(unroll)
        self.zero_output_for_mask = bool(zero_output_for_mask)
        self.state_size = list(sizes) if isinstance(sizes, (list, tuple)) else [sizes]
        self.supports_masking = True
        self.states: Any = None

    def _check_steps(self, shape: tuple) -> None:
        if len(shape) < 3:
            raise ShapeError(
                f"{self._label}: expected sequences (batch, steps, features), 3 or more axes; received shape {shape}; "
                "add the missing axis"
            )
        if shape[1] == 0:
            raise ShapeError(
                f"{self._label}: expected sequences of at least one step; received shape {shape}; leave empty ones out"
            )

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Build the cell, and make the states that outlive a call."""
        sequences_shape = tuple(sequences_shape)
        self._check_steps(sequences_shape)
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build((sequences_shape[0], *sequences_shape[2:]))
        if self.stateful and self.states is None:
            if sequences_shape[0] is None:
                raise ShapeError(
                    f"{self._label}: expected a known batch size, as stateful=True; received shape {sequences_shape}; "
                    "give the input a batch_size"
                )
            self._make_states(sequences_shape[0])

    def _make_states(self, batch_size: int) -> None:
        def make(value: Any) -> Variable:
            return Variable(value, name="rnn_state", trainable=False, dtype=self.variable_dtype)

        # As in Keras these are no weights: they belong to the data that was seen last.
        with tracing.init_scope(), self._tracker.pause():
            self.states = map_structure(make, self.get_initial_state(batch_size))

    def get_initial_state(self, batch_size: Any = None) -> list:
        """Return the states that a call begins with.

        Args:
            batch_size: number of rows; or, as in Keras 2, the inputs that have them.

        Returns:
            list of tensors, one for each state; of lists for stacked cells.
        """
        if len(getattr(batch_size, "shape", ())) > 1:
            batch_size = batch_size.shape[0]
        found = first_states(self.cell, batch_size, self._state_dtype)
        return list(found) if isinstance(found, (list, tuple)) else [found]

    @property
    def _state_dtype(self) -> str:
        return self.cell.compute_dtype if isinstance(self.cell, Layer) else self.compute_dtype

    def reset_state(self) -> None:
        """Set the states that outlive a call to zeros."""
        for each in flatten(self.states):
            if each is not None:
                each.assign(ops.zeros_like(each))

    def reset_states(self, states: Any = None) -> None:
        """Set the states that outlive a call.

        Args:
            states: values; None for zeros.

        Raises:
            ShapeError: values that do not fit.
        """
        if states is None:
            self.reset_state()
            return
        values = self._fitting_states(self.states, states)
        for variable, value in zip(flatten(self.states), flatten(values)):
            variable.assign(value)

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        """Return the outputs."""
        self._check_steps(tuple(sequences.shape))
        mask = self._checked_mask(mask, sequences.shape)
        from_zero = initial_state is None and not self.stateful and isinstance(self.cell, StandardCell)
        states = self.get_initial_state(sequences.shape[0])
        if self.stateful:
            self._check_batch(sequences.shape[0])
            initial_state = self.states if initial_state is None else initial_state
        if initial_state is not None:
            states = self._fitting_states(states, initial_state)
        states = _cast(states, self._state_dtype)
        try:
            outputs, states = self._run(sequences, states, mask, training, from_zero)
        finally:
            forget_dropout(self.cell)
        outputs, states = _cast(outputs, self.compute_dtype), _cast(states, self.compute_dtype)
        if self.stateful:
            for variable, value in zip(flatten(self.states), flatten(states)):
                variable.assign(value)
        return (outputs, *states) if self.return_state else outputs

    def _run(self, sequences: Any, states: list, mask: Any, training: Any, from_zero: bool) -> Any:
        """Return the outputs (of all steps, or of the last) and the last states."""
        if isinstance(self.cell, StandardCell):
            found = self.cell.run_sequence(sequences, states, mask, self.go_backwards, training)
            if found is not None:
                outputs, states = found
                return self._select(outputs, states, mask, from_zero)

        def step(inputs: Any, before: Any) -> Any:
            output, after = run_cell(self.cell, inputs, before, training)
            return output, list(after) if isinstance(after, (list, tuple)) else [after]

        outputs, states = scan(step, sequences, states, mask, self.go_backwards, zero_masked=self.zero_output_for_mask)
        if not self.return_sequences:
            return outputs[-1], states
        turned = self.go_backwards and self._outputs_at_steps
        return ops.stack(outputs[::-1] if turned else outputs, axis=1), states

    def _select(self, outputs: Any, states: list, mask: Any, from_zero: bool) -> Any:
        """Take the wanted outputs of a recurrence whose outputs are its first state and stand at their steps."""
        counts = None
        if mask is not None and not (from_zero and not self.zero_output_for_mask):
            counts = mask if self.zero_output_for_mask else self._counted_until(mask)
        if not self.return_sequences:
            last = states[0]
            if counts is not None:
                last = keep_where(counts[:, 0 if self.go_backwards else -1], last, ops.zeros_like(last))
            return last, states
        if counts is not None:
            outputs = ops.where(ops.expand_dims(counts, -1), outputs, ops.zeros_like(outputs))
        turned = self.go_backwards and not self._outputs_at_steps
        return ops.flip(outputs, axis=1) if turned else outputs, states

    def _counted_until(self, mask: Any) -> Any:
        """Return True where a step counts or one before it did, in the order of the recurrence."""

        def in_order(x: Any) -> Any:
            return ops.flip(x, axis=1) if self.go_backwards else x

        return in_order(ops.cumsum(ops.cast(in_order(mask), "int32"), axis=1)) > 0

    def _checked_mask(self, mask: Any, shape: tuple) -> Any:
        """Return a mask as a bool tensor (batch, steps), or None."""
        if isinstance(mask, (list, tuple)):
            mask = next((each for each in flatten(mask) if hasattr(each, "shape")), mask)
        if mask is None:
            return None
        mask = ops.convert_to_tensor(mask)
        if tuple(mask.shape) == (*shape[:2], 1):
            mask = ops.squeeze(mask, -1)
        if tuple(mask.shape) != tuple(shape[:2]):
            raise ShapeError(
                f"{self._label}: expected a mask of shape {tuple(shape[:2])} (batch, steps); received "
                f"{tuple(mask.shape)}; pass one entry for each step"
            )
        return mask if mask.dtype == "bool" else ops.not_equal(mask, 0)

    def _check_batch(self, batch_size: int) -> None:
        expected = flatten(self.states)[0].shape[0]
        if batch_size != expected:
            raise ShapeError(
                f"{self._label}: expected batches of {expected} sequences, as stateful=True; received {batch_size}; "
                "leave a smaller last batch out"
            )

    def _fitting_states(self, template: Any, given: Any) -> Any:
        """Return given states nested as the template is."""
        wanted, leaves = flatten(template), flatten(given)
        if len(leaves) != len(wanted):
            raise ShapeError(
                f"{self._label}: expected {len(wanted)} states of shapes {[tuple(each.shape) for each in wanted]}; "
                f"received {len(leaves)}; pass one for each state of the cell"
            )
        leaves = [ops.convert_to_tensor(each) for each in leaves]
        for index, (expected, each) in enumerate(zip(wanted, leaves)):
            if tuple(each.shape) != tuple(expected.shape):
                raise ShapeError(
                    f"{self._label}: expected state {index} of shape {tuple(expected.shape)}; received "
                    f"{tuple(each.shape)}; correct initial_state"
                )
        rest = iter(leaves)
        return map_structure(lambda _: next(rest), template)

    def _output_and_state_shapes(self, sequences_shape: tuple) -> tuple[tuple, list]:
        """Return the shapes of one step's output and of the states."""
        batch = sequences_shape[0]
        with tracing.init_scope():
            states = self.get_initial_state(1)
        return (batch, output_size(self.cell)), map_structure(lambda each: (batch, *each.shape[1:]), states)

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """Return the shapes of the outputs."""
        sequences_shape = tuple(sequences_shape)
        self._check_steps(sequences_shape)
        output, states = self._output_and_state_shapes(sequences_shape)
        if self.return_sequences:
            output = (output[0], sequences_shape[1], *output[1:])
        return (output, *states) if self.return_state else output

    def compute_mask(self, sequences: Any, previous_mask: Any) -> Any:
        """Return the mask of the outputs: that of the inputs, if they are sequences."""
        mask = flatten(previous_mask)[0] if self.return_sequences else None
        return [mask, *(None for _ in flatten(self.state_size))] if self.return_state else mask

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "go_backwards": self.go_backwards,
            "stateful": self.stateful,
            "unroll": self.unroll,
            "zero_output_for_mask": self.zero_output_for_mask,
            "cell": serialization.serialize_object(self.cell),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Optional[dict] = None) -> RNN:
        """Build a layer from `get_config`'s result."""
        cell = serialization.deserialize_object(config["cell"], custom_objects, "keras.layers")
        return cls(cell, **{key: value for key, value in config.items() if key != "cell"})


def _cast(values: Any, dtype: str) -> Any:
    return map_structure(lambda each: each if each.dtype == dtype else ops.cast(each, dtype), values)
