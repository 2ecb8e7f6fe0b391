"""Weights of torchvision's models, from a state dict that was saved as safetensors.

Layers of the models whose reference is torchvision have the names of torch's modules, so a layer's tensors are found
under its name. Kernels change from (out, in, height, width) to (height, width, in, out), dense weights from (out, in)
to (in, out). Behind a flattening torch counts channels first; such rows are put into the order of channels last.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping, Sequence, Tuple

import numpy as np

from gradmill import config, layers
from gradmill.errors import ArgumentError, ShapeError
from gradmill.saving.safetensors import read_safetensors

# What torch counts beside the statistics of a batch normalization; training here does not need it.
_IGNORED = ".num_batches_tracked"

# A variable, and what brings a tensor of torch to its layout.
Place = Tuple[Any, Callable[[np.ndarray], np.ndarray]]


def load_torch_weights(model: Any, path: str, flattened: Mapping[str, Sequence[int]]) -> None:
    """Give a model the tensors of a state dict.

    Args:
        model: model whose layers have the names of torch's modules.
        path: the safetensors file.
        flattened: names of dense layers behind a flattening, to the shape (height, width, channels) before it.

    Raises:
        ArgumentError: tensors that are missing, belong to no layer or are no floats.
        ShapeError: tensors of other shapes.
    """
    places = {
        f"{layer.name}.{each}": (variable, lambda value, layer=layer: _convert(value, layer, flattened))
        for layer in model.layers
        if layer.weights
        for each, variable in _variables(layer).items()
    }
    stored = {name: value for name, value in read_safetensors(path).items() if not name.endswith(_IGNORED)}
    assign_tensors(model, path, stored, places)


def assign_tensors(model: Any, path: str, stored: Mapping[str, np.ndarray], places: Mapping[str, Place]) -> None:
    """Give variables the tensors of a state dict: all of them, or none if anything does not fit.

    Args:
        model: the model, for messages.
        path: the file, for messages.
        stored: tensors by name.
        places: name of each tensor that is expected, to its variable and the function that brings it to this layout.

    Raises:
        ArgumentError: tensors that are missing, belong to no layer or are no floats; all of them are listed.
        ShapeError: only shapes differ; all of them are listed.
    """
    missing = [name for name in sorted(places) if name not in stored]
    unknown = [name for name in stored if name not in places]
    values = {name: stored[name] for name in places if name in stored}
    inexact = [f"{name} of dtype {value.dtype}" for name, value in values.items() if value.dtype.kind != "f"]
    misshapen = []
    for name, value in values.items():
        variable, convert = places[name]
        shape = tuple(convert(value).shape)
        if shape != tuple(variable.shape):
            misshapen.append(
                f"{name} has to be {tuple(variable.shape)} in {variable.path} and is {value.shape}, {shape} here"
            )
    found = ((missing, "are missing"), (unknown, "belong to no layer"), (inexact, "are no floats"))
    problems = [f"{len(names)} tensors {what}: {', '.join(names)}" for names, what in found if names]
    error = ArgumentError if problems else ShapeError
    if misshapen:
        problems.append(f"{len(misshapen)} tensors have another shape: {', '.join(misshapen)}")
    if problems:
        raise error(
            f"{path}: expected the state dict of {model.name}; {'; '.join(problems)}; use the file of the same model "
            "with the same sizes and number of classes"
        )
    for name, value in values.items():
        variable, convert = places[name]
        variable.assign(np.asarray(convert(value), np.float32))


def _variables(layer: Any) -> dict[str, Any]:
    """Return a layer's variables by torch's names."""
    if isinstance(layer, layers.BatchNormalization):
        variables = (layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance)
        return dict(zip(("weight", "bias", "running_mean", "running_var"), variables))
    return {"weight": layer.kernel, "bias": layer.bias} if layer.use_bias else {"weight": layer.kernel}


def _convert(value: np.ndarray, layer: Any, flattened: Mapping[str, Sequence[int]]) -> np.ndarray:
    """Return a tensor of torch in the layout of this layer."""
    if value.ndim == 4:
        return value.transpose(2, 3, 1, 0)
    if value.ndim != 2:
        return value
    if layer.name in flattened and config.image_data_format() == "channels_last":
        height, width, channels = flattened[layer.name]
        if value.shape[1] == height * width * channels:
            value = value.reshape(-1, channels, height, width).transpose(0, 2, 3, 1).reshape(value.shape)
    return value.T
