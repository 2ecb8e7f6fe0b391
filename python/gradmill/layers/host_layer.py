"""What layers share that read text or look numbers up: they run in NumPy on a batch, never inside a compiled step."""

from __future__ import annotations

from typing import Any, Callable, Iterable, Iterator, Optional

import numpy as np

from gradmill import _core, config, ops
from gradmill.errors import ArgumentError, ShapeError, UnsupportedError
from gradmill.layers import calling
from gradmill.layers.base import Layer
from gradmill.symbolic import Node, SymbolicTensor, any_symbolic, flatten
from gradmill.utils.text_values import as_text, is_text

OUTPUT_MODES = ("int", "one_hot", "multi_hot", "count")


class HostLayer(Layer):
    """Layer whose `call` gets text (`TextArray`), NumPy arrays, or ragged rows of them, and returns tensors or text.

    In a functional or sequential model such layers stand before the layers with weights: `fit`, `evaluate` and
    `predict` run them on each batch that is read, the rest is compiled.
    """

    runs_on_host = True
    _input_layer_dtype = "string"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs, or link them for symbolic inputs."""
        self._check_initialized()
        self.built = True
        try:
            if any_symbolic(args, kwargs):
                outputs = self.compute_output_spec(*args, **kwargs)
                Node(self, args, kwargs, outputs)
                return outputs
            return self.call(*map(self._host_value, args), **kwargs)
        except Exception as error:
            calling.annotate_error(error, self._label, [args, kwargs])
            raise

    def _host_value(self, value: Any) -> Any:
        return host_value(value, self._label)

    def _encoding_of(self, shape: Any, depth: Optional[int], mode: str, dtype: Any = None) -> SymbolicTensor:
        """Return the symbolic output of an encoding (see `encode`) of inputs of some shape."""
        return SymbolicTensor(
            encoded_shape(tuple(shape), depth, mode), dtype or ("int64" if mode == "int" else config.floatx())
        )


def host_value(value: Any, owner: str) -> Any:
    """Return text, an array, or ragged rows as they are; lists of either become arrays, structures of them stay.

    Raises:
        UnsupportedError: a value of a function that is being traced, which is not known yet.
    """
    if hasattr(value, "row_splits") or isinstance(value, dict):
        return value
    if isinstance(value, (list, tuple)) and any(hasattr(each, "shape") for each in value):
        return type(value)(host_value(each, owner) for each in value)
    if is_text(value):
        return as_text(value)
    try:
        return np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    except UnsupportedError as error:
        raise UnsupportedError(
            f"{owner}: expected text or numbers that are known; received a value of a function that is being traced; "
            "put the layer before the layers with weights, or map it over the data set"
        ) from error


def on_values(function: Callable, value: Any) -> Any:
    """Apply `function` to an array, or to the values of ragged rows."""
    if not hasattr(value, "row_splits"):
        return function(value)
    if hasattr(value.values, "row_splits"):
        return type(value)(on_values(function, value.values), np.asarray(value.row_splits))
    values = function(value.values if is_text(value.values) else np.asarray(value.values))
    return type(value)(values if is_text(values) else ops.convert_to_tensor(values), np.asarray(value.row_splits))


def mode_argument(owner: str, mode: Any, allowed: Iterable[str] = OUTPUT_MODES) -> str:
    """Return the output mode, old spellings corrected."""
    mode = {"binary": "multi_hot", "tf-idf": "tf_idf"}.get(mode, mode)
    if mode not in allowed:
        raise ArgumentError(f"{owner}: expected output_mode to be one of {tuple(allowed)}; received {mode!r}")
    return mode


def refuse_sparse(owner: str, sparse: Any) -> None:
    """Raise for `sparse=True`: results are dense."""
    if sparse:
        raise ArgumentError(f"{owner}: expected sparse=False, results are dense; received sparse={sparse!r}; remove it")


def encoded_shape(shape: tuple, depth: Optional[int], mode: str) -> tuple:
    """Return the shape of `encode`'s result."""
    if mode == "int":
        return shape
    if mode == "one_hot":
        return (*(shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape), depth)
    return (*shape[:-1], depth)


def encode(indices: Any, mode: str, depth: int, dtype: str, count_weights: Any = None, owner: str = "encode") -> Any:
    """Return categories as numbers: as they are ("int"), or one of `depth` places each.

    Args:
        indices: integers of any shape; ragged rows for "multi_hot" and "count".
        mode: "one_hot" marks each element (a last axis of size 1 is replaced), "multi_hot" what occurs along the last
            axis, "count" how often.
        depth: number of categories.
        dtype: of the result.
        count_weights: what each element counts, in mode "count".
        owner: begins messages.

    Returns:
        tensor; shape as `encoded_shape` says.
    """
    if hasattr(indices, "row_splits"):
        if mode == "int":
            return indices
        # One place more, for the padding, is cut off again.
        return encode(indices.to_tensor(depth), mode, depth + 1, dtype, owner=owner)[..., :depth]
    indices = ops.convert_to_tensor(indices)
    if mode == "int":
        return ops.cast(indices, dtype)
    if indices.ndim == 0:
        indices = ops.expand_dims(indices, -1)
    if mode == "one_hot":
        if indices.ndim > 1 and indices.shape[-1] == 1:
            indices = ops.squeeze(indices, axis=-1)
        return ops.one_hot(indices, depth, dtype=dtype)
    marks = ops.one_hot(indices, depth, dtype=dtype)
    if count_weights is not None:
        if tuple(count_weights.shape) != tuple(indices.shape):
            raise ShapeError(
                f"{owner}: expected count_weights of the inputs' shape {tuple(indices.shape)}; received "
                f"{tuple(count_weights.shape)}"
            )
        marks = marks * ops.expand_dims(ops.cast(count_weights, dtype), -1)
    return ops.max(marks, axis=-2) if mode == "multi_hot" else ops.sum(marks, axis=-2)


def batches_to_adapt(data: Any, steps: Optional[int], owner: str) -> Iterator[Any]:
    """Yield what `adapt` reads: one array, or the batches of a data set.

    Args:
        data: array, list, text, ragged rows; or an iterable of batches (the first part of a tuple counts).
        steps: batches to read at most, default all.
        owner: begins messages.
    """
    is_array = isinstance(data, (list, tuple, np.ndarray, _core.Tensor)) or is_text(data) or hasattr(data, "row_splits")
    if is_array or not hasattr(data, "__iter__"):
        yield host_value(data, owner)
        return
    for number, batch in enumerate(data):
        if steps is not None and number >= steps:
            return
        yield host_value(batch[0] if isinstance(batch, tuple) else batch, owner)


class Adapting:
    """The part of a layer that learns from data: a subclass has `reset_state`, `update_state` and `finalize_state`."""

    def adapt(self, data: Any, batch_size: Optional[int] = None, steps: Optional[int] = None) -> None:
        """Learn from data what the layer needs, in place of what it learnt before.

        Args:
            data: array, list or text; or a data set of batches, of whose tuples the first part counts.
            batch_size: accepted for Keras 2.
            steps: batches to read at most.

        Raises:
            ArgumentError: a layer whose constructor was given what it would learn.
        """
        layer: Any = self
        layer.reset_state()
        for batch in batches_to_adapt(data, steps, layer._label):
            layer.update_state(batch)
        layer.finalize_state()


def runs_on_host(operation: Any) -> bool:
    """Whether an operation of a model, or something in a model inside of it, is a layer of this kind."""
    if getattr(operation, "runs_on_host", False):
        return True
    return any(runs_on_host(each) for each in flatten(getattr(operation, "_operations", [])))
