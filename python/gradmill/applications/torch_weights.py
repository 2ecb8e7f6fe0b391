"""Weights of torchvision's models, from a state dict that was saved as safetensors.

Layers of the models whose reference is torchvision have the names of torch's modules, so a layer's tensors are found
under its name. Kernels change from (out, in, height, width) to (height, width, in, out), dense weights from (out, in)
to (in, out). Behind a flattening torch counts channels first; such rows are put into the order of channels last.
"""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import numpy as np

from gradmill import config, layers
from gradmill.errors import ArgumentError, ShapeError
from gradmill.saving.safetensors import read_safetensors

# What torch counts beside the statistics of a batch normalization; training here does not need it.
_IGNORED = ".num_batches_tracked"


def load_torch_weights(model: Any, path: str, flattened: Mapping[str, Sequence[int]]) -> None:
    """Give a model the tensors of a state dict.

    Args:
        model: model whose layers have the names of torch's modules.
        path: the safetensors file.
        flattened: names of dense layers behind a flattening, to the shape (height, width, channels) before it.

    Raises:
        ArgumentError: tensors that are missing or belong to no layer.
        ShapeError: a tensor of another shape; the message names layer and shapes.
    """
    stored = read_safetensors(path)
    filled = [layer for layer in model.layers if layer.weights]
    expected = {f"{layer.name}.{each}" for layer in filled for each in _variables(layer)}
    missing = [name for name in sorted(expected) if name not in stored]
    unknown = [name for name in stored if name not in expected and not name.endswith(_IGNORED)]
    if missing or unknown:
        raise ArgumentError(
            f"{path}: expected the state dict of {model.name}; "
            + "; ".join(
                f"{len(names)} tensors {what}: {', '.join(names[:5])}{', ...' if len(names) > 5 else ''}"
                for names, what in ((missing, "are missing"), (unknown, "belong to no layer"))
                if names
            )
            + "; use the file of the same model"
        )
    pairs = []
    for layer in filled:
        for each, variable in _variables(layer).items():
            tensor = stored[f"{layer.name}.{each}"]
            value = _convert(tensor, layer, flattened)
            if tuple(variable.shape) != value.shape:
                raise ShapeError(
                    f"{path}: expected {layer.name}.{each} to fit {layer.name} ({type(layer).__name__}) of shape "
                    f"{tuple(variable.shape)}; received {tensor.shape}, which is {value.shape} here; use the file of "
                    "the same model with the same number of classes"
                )
            pairs.append((variable, value))
    for variable, value in pairs:
        variable.assign(value)


def _variables(layer: Any) -> dict[str, Any]:
    """Return a layer's variables by torch's names."""
    if isinstance(layer, layers.BatchNormalization):
        variables = (layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance)
        return dict(zip(("weight", "bias", "running_mean", "running_var"), variables))
    return {"weight": layer.kernel, "bias": layer.bias} if layer.use_bias else {"weight": layer.kernel}


def _convert(value: np.ndarray, layer: Any, flattened: Mapping[str, Sequence[int]]) -> np.ndarray:
    """Return a tensor of torch in the layout of this layer."""
    value = np.asarray(value, np.float32)
    if value.ndim == 4:
        return value.transpose(2, 3, 1, 0)
    if value.ndim != 2:
        return value
    if layer.name in flattened and config.image_data_format() == "channels_last":
        height, width, channels = flattened[layer.name]
        if value.shape[1] == height * width * channels:
            value = value.reshape(-1, channels, height, width).transpose(0, 2, 3, 1).reshape(value.shape)
    return value.T
