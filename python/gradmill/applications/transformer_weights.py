"""Weights of the transformers library, from a state dict that was saved as safetensors.

Layers have the names of that library's modules, so a layer's tensors are found under its name. Dense weights
change from (out, in) to (in, out), and those of attention to (in, heads, size) or (heads, size, out).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Callable, Tuple

import numpy as np

from gradmill import layers
from gradmill.applications.torch_weights import Place, assign_tensors
from gradmill.errors import ArgumentError
from gradmill.saving.safetensors import read_safetensors

# How normalizations were spelled in TensorFlow, where the first files came from.
_OLD_SPELLINGS = {"gamma": "weight", "beta": "bias"}


@dataclass(frozen=True)
class Family:
    """Names of tensors in the files of one kind of transformer.

    Attributes:
        prefix: what files of a model with a head put before the encoder's names.
        attention: names of the four dense layers of an attention, behind its own.
        heads: groups of name beginnings; a group that a file lacks as a whole stays random, and one that the model
            lacks is left out.
        unused: beginnings of names that never count: buffers, second names of the table, heads of other tasks.
    """

    prefix: str
    attention: Tuple[str, str, str, str]
    heads: Tuple[Tuple[str, ...], ...]
    unused: Tuple[str, ...]


def load_transformer_weights(model: Any, path: str, family: Family) -> None:
    """Give a model the tensors of a published state dict.

    Args:
        model: model whose layers have the names of the library's modules.
        path: the safetensors file.
        family: names of its tensors.

    Raises:
        ArgumentError: tensors that are missing, belong to no layer, come twice or are no floats.
        ShapeError: tensors of other shapes.
    """
    stored: dict[str, np.ndarray] = {}
    for given, value in read_safetensors(path).items():
        name = _today(given, family)
        if name in stored:
            raise ArgumentError(f"{path}: expected every tensor once; received {name!r} also as {given!r}")
        stored[name] = value
    places = {name: place for layer in model.layers for name, place in _places(layer, family).items()}
    for group in family.heads:
        wanted = [name for name in places if name.startswith(group)]
        if not wanted:
            stored = {name: value for name, value in stored.items() if not name.startswith(group)}
        elif not any(name in stored for name in wanted):
            warnings.warn(f"{path}: holds no {', '.join(wanted)}; in {model.name} they stay random", stacklevel=4)
            places = {name: place for name, place in places.items() if name not in wanted}
    stored = {name: value for name, value in stored.items() if name in places or not name.startswith(family.unused)}
    assign_tensors(model, path, stored, places)


def _today(name: str, family: Family) -> str:
    """Return a name without prefix, in today's spelling."""
    name = name[len(family.prefix) :] if name.startswith(family.prefix) else name
    start, dot, last = name.rpartition(".")
    return f"{start}{dot}{_OLD_SPELLINGS.get(last, last)}"


def _places(layer: Any, family: Family) -> dict[str, Place]:
    """Return variable and conversion of each tensor of a layer."""
    if isinstance(layer, layers.MultiHeadAttention):
        return _attention_places(layer, family)
    names = {"kernel": "weight", "embeddings": "weight", "gamma": "weight", "beta": "bias", "bias": "bias"}
    found: dict[str, Place] = {}
    for variable in layer.weights:
        found[f"{layer.name}.{names[variable.name]}"] = (variable, np.transpose if variable.name == "kernel" else _same)
    return found


def _attention_places(layer: Any, family: Family) -> dict[str, Place]:
    found: dict[str, Place] = {}
    variables = iter(layer.weights)
    for number, part in enumerate(family.attention):
        kernel, bias = next(variables), next(variables)
        cut = -1 if number == 3 else 1
        sides = (int(np.prod(kernel.shape[:cut])), int(np.prod(kernel.shape[cut:])))
        found[f"{layer.name}.{part}.weight"] = (kernel, _cut(sides, tuple(kernel.shape)))
        found[f"{layer.name}.{part}.bias"] = (bias, _cut((int(np.prod(bias.shape)),), tuple(bias.shape)))
    return found


def _same(value: np.ndarray) -> np.ndarray:
    return value


def _cut(sides: Tuple[int, ...], shape: Tuple[int, ...]) -> Callable[[np.ndarray], np.ndarray]:
    """Return what transposes a tensor and cuts a side into heads; a tensor of other sides is left uncut."""

    def convert(value: np.ndarray) -> np.ndarray:
        return value.T.reshape(shape) if value.T.shape == sides else value.T

    return convert
