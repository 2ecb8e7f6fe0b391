"""What all applications do around their own layers: checks, the input, the head, and weights from a file."""

from __future__ import annotations

import inspect
import os
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Optional, Sequence

from gradmill import config, layers
from gradmill.applications.torch_weights import load_torch_weights
from gradmill.errors import ArgumentError, ShapeError
from gradmill.models import Model
from gradmill.models.graph import node_of
from gradmill.symbolic import SymbolicTensor

_ARGUMENTS = """
Args:
    include_top: whether the classifying head is at the end; without it the output is that of the last block.
    weights: None for random weights, or the path of a file: Keras's `.weights.h5`, `.keras` or `.h5`{formats}.
    input_tensor: symbolic tensor that the network starts from; default: a new `gm.Input`.
    input_shape: shape of one image such as (224, 224, 3); sizes may be None {free}. Default:
        {default}.
    pooling: without the head: None for the maps of the last block, `"avg"` or `"max"` for one number per map.
    classes: number of classes of the head.
    classifier_activation: activation of the head; None returns logits.
    name: name of the model.{more}

Returns:
    a functional `gm.Model`.

Raises:
    ArgumentError: arguments that do not go together; weights of another model or a damaged file.
    ShapeError: an image that is too small, has another number of axes, or no fixed size where the head needs one;
        weights of other shapes, with the layer named.
    OSError: no such file.
"""
_TORCH_FORMATS = ", or torchvision's state dict as `.safetensors`"


@dataclass(frozen=True)
class Arguments:
    """The arguments that all applications share."""

    include_top: bool
    weights: Any
    input_tensor: Any
    input_shape: Any
    pooling: Optional[str]
    classes: int
    classifier_activation: Any
    name: Optional[str]


def application(default_size: Optional[int] = 224, torch: bool = False, more: str = "") -> Callable:
    """Complete the docstring of an application with the arguments that all share.

    Args:
        default_size: height and width of its images; None for networks whose head takes any size.
        torch: whether it reads torchvision's weights.
        more: lines for further arguments.
    """
    text = _ARGUMENTS.format(
        formats=_TORCH_FORMATS if torch else "",
        free="with the head too" if default_size is None else "without the head",
        default="three channels of any size"
        if default_size is None
        else f"{default_size}x{default_size}, with three channels, or any size without the head",
        more="\n    " + more if more else "",
    )

    def complete(function: Callable) -> Callable:
        purpose, mark, example = inspect.cleandoc(function.__doc__ or "").partition("\nExample:")
        function.__doc__ = f"{purpose.rstrip()}\n{text}{mark}{example}"
        return function

    return complete


def channel_axis() -> int:
    """Return the axis of the channels in a batch of images."""
    return 1 if config.image_data_format() == "channels_first" else 3


def image_sizes(x: Any) -> tuple:
    """Return height and width of a batch of images, None where free."""
    return tuple(x.shape[2:4] if channel_axis() == 1 else x.shape[1:3])


def check_alpha(label: str, alpha: Any) -> None:
    """Refuse a factor on the number of maps that is no number above 0.

    Args:
        label: name of the network.
        alpha: the factor.
    """
    if isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or not 0 < alpha <= 100:
        raise ArgumentError(f"{label}: expected alpha to be a number above 0; received {alpha!r}")


def round_channels(channels: float, least: float = 0.9) -> int:
    """Return a multiple of 8 near a number of maps, at least 8 and not more than a tenth below it.

    Args:
        channels: the number to round.
        least: smallest share of `channels` that is left.
    """
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < least * channels else rounded


def even_padding(x: Any, kernel_size: int) -> tuple:
    """Return the padding with which a kernel of stride 2 gives half the size, rounded up, as "same" does.

    Args:
        x: maps; a size that is free counts as even.
        kernel_size: height and width of the kernel.
    """
    half = kernel_size // 2
    return tuple((half - (1 if size is None else 1 - size % 2), half) for size in image_sizes(x))


def start(given: Arguments, default_size: Optional[int] = 224, min_size: int = 32, fixed: bool = True) -> Any:
    """Check the arguments and return the tensor that the network starts from.

    Args:
        given: the arguments.
        default_size: height and width when no shape is given; None for any.
        min_size: smallest height and width.
        fixed: whether the head needs images of a fixed size.
    """
    label = given.name or "application"
    if given.pooling not in (None, "avg", "max"):
        raise ArgumentError(f'{label}: expected pooling None, "avg" or "max"; received {given.pooling!r}')
    if isinstance(given.classes, bool) or not isinstance(given.classes, int) or given.classes < 1:
        raise ArgumentError(f"{label}: expected classes to be a positive integer; received {given.classes!r}")
    if given.weights is not None:
        _check_weights(label, given.weights)
    needs_size = given.include_top and fixed
    if given.input_tensor is not None:
        if not isinstance(given.input_tensor, SymbolicTensor):
            raise ArgumentError(
                f"{label}: expected input_tensor to be symbolic, as gm.Input returns; received "
                f"{type(given.input_tensor).__name__}; call the model on data instead"
            )
        _check_shape(label, given.input_tensor.shape[1:], min_size, needs_size)
        return given.input_tensor
    shape = given.input_shape
    if shape is None:
        sizes = (default_size, default_size) if given.include_top else (None, None)
        shape = (3, *sizes) if channel_axis() == 1 else (*sizes, 3)
    return layers.Input(shape=_check_shape(label, shape, min_size, needs_size))


def _check_weights(label: str, weights: Any) -> None:
    if not isinstance(weights, (str, os.PathLike)):
        raise ArgumentError(f"{label}: expected weights to be None or a path; received {type(weights).__name__}")
    if os.fspath(weights) == "imagenet":
        raise ArgumentError(
            f'{label}: expected weights to be None or the path of a file; received "imagenet"; no weights come with '
            "this package; save them with Keras (model.save_weights) or torchvision (safetensors) and pass the path"
        )
    if not os.path.exists(weights):
        raise FileNotFoundError(2, f"{label}: expected weights to be None or an existing file; received", str(weights))


def _check_shape(label: str, shape: Any, min_size: int, needs_size: bool) -> tuple:
    fits = isinstance(shape, (tuple, list)) and len(shape) == 3
    if not fits or not all(each is None or isinstance(each, int) for each in shape):
        raise ShapeError(f"{label}: expected the shape of one image, such as (224, 224, 3); received {shape!r}")
    channels = shape[0] if channel_axis() == 1 else shape[-1]
    sizes = shape[1:] if channel_axis() == 1 else shape[:-1]
    if channels is None or channels < 1:
        raise ShapeError(f"{label}: expected a fixed number of channels; received the image shape {tuple(shape)}")
    if any(size is not None and size < min_size for size in sizes):
        raise ShapeError(
            f"{label}: expected images of at least {min_size}x{min_size}; received {sizes[0]}x{sizes[1]}; resize them"
        )
    if needs_size and None in sizes:
        raise ShapeError(
            f"{label}: expected images of a fixed size for the head; received {tuple(shape)}; give a size or pass "
            "include_top=False"
        )
    return tuple(shape)


def pool(given: Arguments, x: Any, average: Optional[str] = "avg_pool", largest: Optional[str] = "max_pool") -> Any:
    """Return the output without the head: `x` as it is or pooled.

    Args:
        given: the arguments.
        x: maps of the last block.
        average: name of the average pooling.
        largest: name of the maximum pooling.
    """
    if given.pooling == "avg":
        return layers.GlobalAveragePooling2D(name=average)(x)
    if given.pooling == "max":
        return layers.GlobalMaxPooling2D(name=largest)(x)
    return x


def finish(given: Arguments, x: Any, output: Any, torch: Optional[Mapping[str, Sequence[int]]] = None) -> Model:
    """Make the model and give it the weights of the file.

    Args:
        given: the arguments.
        x: the tensor that `start` returned.
        output: the output of the network.
        torch: for networks whose reference is torchvision: names of the dense layers behind a flattening, to the
            shape (height, width, channels) that was flattened.
    """
    model = Model(_source_of(x), output, name=given.name)
    if given.weights is None:
        return model
    path = os.fspath(given.weights)
    if not path.endswith(".safetensors"):
        model.load_weights(path)
    elif torch is not None:
        load_torch_weights(model, path, torch)
    else:
        raise ArgumentError(
            f"{given.name}: expected Keras's .weights.h5, .keras or .h5; received {path!r}; state dicts of torchvision "
            "fit ResNet18, ResNet34, AlexNet and SqueezeNet"
        )
    return model


def _source_of(x: SymbolicTensor) -> Any:
    """Return the inputs that a tensor follows from: one tensor or a list."""
    found: dict[int, SymbolicTensor] = {}
    waiting, seen = [x], set()
    while waiting:
        node = node_of(waiting.pop())
        if id(node) in seen:
            continue
        seen.add(id(node))
        waiting.extend(node.input_tensors)
        if node.is_input:
            found.update((id(each), each) for each in node.output_tensors)
    sources = list(found.values())
    return sources[0] if len(sources) == 1 else sources
