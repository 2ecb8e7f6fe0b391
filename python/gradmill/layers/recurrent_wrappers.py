"""Layers around layers for sequences: Bidirectional, TimeDistributed."""

from __future__ import annotations

from typing import Any, Optional

from gradmill import ops, serialization
from gradmill.errors import ArgumentError, ShapeError
from gradmill.layers.base import Layer
from gradmill.layers.convolution_base import ConvolutionLayer
from gradmill.layers.core import Dense, Wrapper
from gradmill.layers.recurrent import RNN
from gradmill.layers.reshaping import Flatten
from gradmill.serialization import register_serializable
from gradmill.symbolic import flatten

# Layers that treat each row of a batch alike, so that the steps of all sequences may come as one batch.
_ROW_LAYERS = (Dense, ConvolutionLayer, Flatten)
_MERGE_MODES = ("sum", "mul", "ave", "concat", None)


@register_serializable("keras.layers")
class Bidirectional(Layer):
    """Run a recurrent layer over sequences in both directions and join the outputs.

    Args:
        layer: an RNN, SimpleRNN, LSTM, GRU, or a layer with the same arguments; copied with new weights.
        merge_mode: how outputs are joined: "concat", "sum", "ave", "mul"; None returns both.
        weights: first values, those of the forward layer before those of the backward layer.
        backward_layer: the layer for the other direction, with the opposite `go_backwards`; default a copy of `layer`.

    Call arguments: sequences; initial_state, the states of the forward layer before those of the backward layer; mask;
    training. Masked steps give zeros where sequences are returned.

    Raises:
        ArgumentError: something that is not a layer, an unknown merge mode, layers that do not fit each other.

    Reference: Schuster and Paliwal 1997.

    Example:
    >>> import gradmill as gm
    >>> layer = gm.layers.Bidirectional(gm.layers.LSTM(3, return_sequences=True))
    >>> layer(gm.ops.ones((2, 5, 4))).shape
    (2, 5, 6)
    """

    def __init__(
        self,
        layer: Any,
        merge_mode: Optional[str] = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ):
        for each in (layer, *(() if backward_layer is None else (backward_layer,))):
            if not isinstance(each, Layer) or not hasattr(each, "go_backwards"):
                raise ArgumentError(f"Bidirectional: expected a recurrent layer; received {each!r}; pass an RNN")
        super().__init__(**kwargs)
        if merge_mode not in _MERGE_MODES:
            raise ArgumentError(
                f"{self._label}: expected merge_mode to be one of {_MERGE_MODES}; received {merge_mode!r}"
            )
        self.forward_layer = _renewed(layer, "forward")
        self.backward_layer = _renewed(layer, "backward", True) if backward_layer is None else backward_layer
        self._check_directions()
        for each in (self.forward_layer, self.backward_layer):
            if hasattr(each, "zero_output_for_mask"):
                each.zero_output_for_mask = each.return_sequences
        self.merge_mode = merge_mode
        self._given_weights = None if weights is None else list(weights)
        self.stateful = layer.stateful
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        self.supports_masking = True
        self.input_spec = layer.input_spec

    def _check_directions(self) -> None:
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            raise ArgumentError(
                f"{self._label}: expected layers of opposite go_backwards; received {forward.go_backwards} for both; "
                "set it on one"
            )
        for name in ("stateful", "return_sequences", "return_state"):
            if getattr(forward, name) != getattr(backward, name):
                raise ArgumentError(
                    f"{self._label}: expected both layers to have the same {name}; received {getattr(forward, name)} "
                    f"and {getattr(backward, name)}; set it alike"
                )

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Build both layers."""
        layers = (self.forward_layer, self.backward_layer)
        for layer in layers:
            if not layer.built:
                layer.build(sequences_shape)
        if self._given_weights is not None:
            self.set_weights(self._given_weights)
            self._given_weights = None

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: Optional[bool] = None) -> Any:
        """Return the joined outputs."""
        states: Any = (None, None)
        if initial_state is not None:
            if len(initial_state) % 2:
                raise ShapeError(
                    f"{self._label}: expected initial_state to hold as many states for each direction; received "
                    f"{len(initial_state)}; pass those of the forward layer, then those of the backward layer"
                )
            half = len(initial_state) // 2
            states = (list(initial_state[:half]), list(initial_state[half:]))
        found: list = []
        for layer, state in zip((self.forward_layer, self.backward_layer), states):
            given = {"mask": mask} if layer._call.has_mask else {}
            if layer._call.has_training:
                given["training"] = training
            if state is not None:
                given["initial_state"] = state
            found.append(self._run_backward(sequences, given) if found else layer(sequences, **given))
        ends: tuple = ()
        if self.return_state:
            ends = (*found[0][1:], *found[1][1:])
            found = [each[0] for each in found]
        forward, backward = (ops.cast(each, self.compute_dtype) for each in found)
        if self.return_sequences and not self._keeps_steps():
            backward = ops.flip(backward, axis=1)
        joined = self._join(forward, backward)
        return (*joined, *ends) if isinstance(joined, tuple) else (joined, *ends) if ends else joined

    def _keeps_steps(self) -> bool:
        """Whether the backward layer can leave its outputs at their steps."""
        layer = self.backward_layer
        return layer.go_backwards and isinstance(layer, RNN) and type(layer).call is RNN.call

    def _run_backward(self, sequences: Any, given: dict) -> Any:
        if not self._keeps_steps():
            return self.backward_layer(sequences, **given)
        self.backward_layer._outputs_at_steps = True
        try:
            return self.backward_layer(sequences, **given)
        finally:
            self.backward_layer._outputs_at_steps = False

    def _join(self, forward: Any, backward: Any) -> Any:
        if self.merge_mode == "concat":
            return ops.concatenate([forward, backward], axis=-1)
        if self.merge_mode == "mul":
            return forward * backward
        if self.merge_mode is None:
            return forward, backward
        return forward + backward if self.merge_mode == "sum" else (forward + backward) / 2

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """Return the shapes of the outputs."""
        forward = self.forward_layer.compute_output_shape(sequences_shape)
        states: tuple = ()
        if self.return_state:
            forward, *rest = forward
            states = (*rest, *rest)
        if self.merge_mode is None:
            return (forward, forward, *states)
        if self.merge_mode == "concat":
            forward = (*forward[:-1], forward[-1] * 2)
        return (forward, *states) if states else forward

    def compute_mask(self, sequences: Any, previous_mask: Any) -> Any:
        """Return the masks of the outputs: those of the inputs, if they are sequences."""
        mask = flatten(previous_mask)[0] if self.return_sequences else None
        outputs = [mask, mask] if self.merge_mode is None else [mask]
        states = flatten(self.forward_layer.state_size) * 2 if self.return_state else []
        return [*outputs, *(None for _ in states)] if len(outputs) + len(states) > 1 else mask

    @property
    def states(self) -> Optional[tuple]:
        """The states that outlive a call, forward ones first; None unless stateful and built."""
        if not (self.forward_layer.states and self.backward_layer.states):
            return None
        return (*self.forward_layer.states, *self.backward_layer.states)

    def reset_state(self) -> None:
        """Set the states that outlive a call to zeros.

        Raises:
            ArgumentError: the layer is not stateful.
        """
        if not self.stateful:
            raise ArgumentError(f"{self._label}: expected a stateful layer; received one with stateful=False")
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    reset_states = reset_state

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "merge_mode": self.merge_mode,
            "layer": serialization.serialize_object(self.forward_layer),
            "backward_layer": serialization.serialize_object(self.backward_layer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Optional[dict] = None) -> Bidirectional:
        """Build a layer from `get_config`'s result."""
        inner = {
            key: serialization.deserialize_object(config[key], custom_objects, default_module="keras.layers")
            for key in ("layer", "backward_layer")
            if config.get(key) is not None
        }
        return cls(**{**config, **inner})


def _renewed(layer: Any, prefix: str, go_backwards: Optional[bool] = None) -> Any:
    """Return a layer of the same configuration and other weights, named after its direction."""
    config = serialization.serialize_object(layer)
    name = layer.name[len(prefix) + 1 :] if layer.name.startswith(f"{prefix}_") else layer.name
    config["config"]["name"] = f"{prefix}_{name}"
    if go_backwards is not None:
        config["config"]["go_backwards"] = go_backwards
    # Classes of the user need not be registered: they are at hand.
    classes = {type(each).__name__: type(each) for each in layer._flatten_layers()}
    return serialization.deserialize_object(config, classes, default_module="keras.layers")


@register_serializable("keras.layers")
class TimeDistributed(Wrapper):
    """Apply a layer to every step of sequences.

    Args:
        layer: the layer, for inputs without the axis of the steps.

    Input shape: (batch, steps, ...). Output shape: (batch, steps, ...), as the layer makes of each step.

    Raises:
        ArgumentError: something that is not a layer.
        ShapeError: inputs without steps, a mask that does not fit.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.TimeDistributed(gm.layers.Dense(3))(gm.ops.ones((2, 5, 4))).shape
    (2, 5, 3)
    """

    def __init__(self, layer: Layer, **kwargs: Any):
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def _step_shape(self, input_shape: Any) -> tuple:
        if len(input_shape) < 3 or input_shape[1] == 0:
            raise ShapeError(
                f"{self._label}: expected inputs of at least 3 axes (batch, steps, ...) and one step; received "
                f"shape {tuple(input_shape)}; correct the input"
            )
        return (input_shape[0], *input_shape[2:])

    def build(self, input_shape: Any = None) -> None:
        """Build the layer inside."""
        super().build(self._step_shape(input_shape))

    def call(self, inputs: Any, training: Optional[bool] = None, mask: Any = None) -> Any:
        """Return the outputs of all steps."""
        self._step_shape(inputs.shape)
        masks: Any = [None] * inputs.shape[1]
        if mask is not None:
            if tuple(mask.shape[:2]) != tuple(inputs.shape[:2]):
                raise ShapeError(
                    f"{self._label}: expected a mask that begins with {tuple(inputs.shape[:2])} (batch, steps); "
                    f"received shape {tuple(mask.shape)}; pass one entry for each step"
                )
            masks = ops.unstack(mask, axis=1)
        if isinstance(self.layer, _ROW_LAYERS) and type(self.layer).__module__.startswith("gradmill."):
            rows = ops.reshape(inputs, (inputs.shape[0] * inputs.shape[1], *inputs.shape[2:]))
            found = self.layer.call(rows)
            return ops.reshape(found, (*inputs.shape[:2], *found.shape[1:]))
        outputs = []
        for piece, piece_mask in zip(ops.unstack(inputs, axis=1), masks):
            given = {"training": training} if self.layer._call.has_training else {}
            if piece_mask is not None and self.layer._call.has_mask:
                given["mask"] = piece_mask
            outputs.append(self.layer.call(piece, **given))
        return ops.stack(outputs, axis=1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the outputs."""
        batch, *rest = self.layer.compute_output_shape(self._step_shape(input_shape))
        return (batch, input_shape[1], *rest)
