"""DenseNet: each layer takes the maps of all before it in its block (Huang et al. 2016), as Keras has it."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from gradmill import layers
from gradmill.applications import imagenet_utils
from gradmill.applications.building import Arguments, application, channel_axis, finish, start
from gradmill.applications.resnet import head, normalize

# Maps that each layer adds.
_GROWTH = 32


@application()
def DenseNet121(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "densenet121",
) -> Any:
    """DenseNet of 121 layers (Huang et al. 2016): 8,062,504 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _densenet(given, (6, 12, 24, 16))


@application()
def DenseNet169(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "densenet169",
) -> Any:
    """DenseNet of 169 layers (Huang et al. 2016): 14,307,880 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _densenet(given, (6, 12, 32, 32))


@application()
def DenseNet201(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "densenet201",
) -> Any:
    """DenseNet of 201 layers (Huang et al. 2016): 20,242,984 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _densenet(given, (6, 12, 48, 32))


def _densenet(given: Arguments, depths: Sequence[int]) -> Any:
    image = start(given)
    x = layers.ZeroPadding2D(3)(image)
    x = layers.Conv2D(64, 7, strides=2, use_bias=False, name="conv1_conv")(x)
    x = _activate(x, "conv1_")
    x = layers.ZeroPadding2D(1)(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1")(x)
    for stage, depth in enumerate(depths, 2):
        for number in range(1, depth + 1):
            x = _block(x, f"conv{stage}_block{number}")
        if stage < len(depths) + 1:
            x = _halve(x, f"pool{stage}")
    return finish(given, image, head(given, _activate(x, "")))


def _block(x: Any, name: str) -> Any:
    y = _activate(x, f"{name}_0_")
    y = layers.Conv2D(4 * _GROWTH, 1, use_bias=False, name=f"{name}_1_conv")(y)
    y = _activate(y, f"{name}_1_")
    y = layers.Conv2D(_GROWTH, 3, padding="same", use_bias=False, name=f"{name}_2_conv")(y)
    return layers.Concatenate(axis=channel_axis(), name=f"{name}_concat")([x, y])


def _halve(x: Any, name: str) -> Any:
    """Halve the number of maps and their size."""
    x = _activate(x, f"{name}_")
    x = layers.Conv2D(x.shape[channel_axis()] // 2, 1, use_bias=False, name=f"{name}_conv")(x)
    return layers.AveragePooling2D(2, strides=2, name=f"{name}_pool")(x)


def _activate(x: Any, prefix: str) -> Any:
    return layers.Activation("relu", name=f"{prefix}relu")(normalize(x, f"{prefix}bn"))


def preprocess_input(x: Any, data_format: Optional[str] = None) -> Any:
    """Return images in the form DenseNet was trained on: mean 0, deviation 1 per channel.

    Args:
        x: images, RGB from 0 to 255; see `gm.applications.imagenet_utils.preprocess_input`.
        data_format: `"channels_last"`, `"channels_first"` or None for the configured one.
    """
    return imagenet_utils.preprocess_input(x, data_format, "torch")


decode_predictions = imagenet_utils.decode_predictions
