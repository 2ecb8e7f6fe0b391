"""MobileNetV2: inverted residual blocks of 1x1 and depthwise convolutions (Sandler et al. 2018), as Keras has it."""

from __future__ import annotations

from typing import Any, Optional

from gradmill import layers
from gradmill.applications import imagenet_utils
from gradmill.applications.building import (
    Arguments,
    application,
    channel_axis,
    check_alpha,
    even_padding,
    finish,
    image_sizes,
    pool,
    round_channels,
    start,
)

# Expansion, maps, blocks, stride of the first block (table 2 of the paper).
_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


@application(more="alpha: factor on the number of maps in each layer, above 0.")
def MobileNetV2(
    input_shape: Any = None,
    alpha: float = 1.0,
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = None,
) -> Any:
    """MobileNetV2 (Sandler et al. 2018): 3,538,984 parameters with alpha 1.

    Example:
        >>> import gradmill as gm
        >>> gm.applications.MobileNetV2((32, 32, 3), alpha=0.35, classes=10).name
        'mobilenetv2_0.35_32'
    """
    label = name or "MobileNetV2"
    check_alpha(label, alpha)
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, label)
    image = start(given)
    given = Arguments(**{**vars(given), "name": name or f"mobilenetv2_{alpha:0.2f}_{image_sizes(image)[0]}"})
    x = layers.Conv2D(round_channels(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="Conv1")(image)
    x = _normalize(x, "bn_Conv1")
    x = layers.ReLU(6.0, name="Conv1_relu")(x)
    number = 0
    for expansion, filters, repeats, first_strides in _STAGES:
        for repeat in range(repeats):
            x = _block(x, expansion, round_channels(filters * alpha), first_strides if repeat == 0 else 1, number)
            number += 1
    last = round_channels(1280 * alpha) if alpha > 1.0 else 1280
    x = layers.Conv2D(last, 1, use_bias=False, name="Conv_1")(x)
    x = _normalize(x, "Conv_1_bn")
    x = layers.ReLU(6.0, name="out_relu")(x)
    if not given.include_top:
        return finish(given, image, pool(given, x, None, None))
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(given.classes, activation=given.classifier_activation, name="predictions")(x)
    return finish(given, image, x)


def _block(x: Any, expansion: int, filters: int, strides: int, number: int) -> Any:
    shortcut, channels = x, x.shape[channel_axis()]
    prefix = f"block_{number}_" if number else "expanded_conv_"
    if number:
        x = layers.Conv2D(expansion * channels, 1, padding="same", use_bias=False, name=f"{prefix}expand")(x)
        x = _normalize(x, f"{prefix}expand_BN")
        x = layers.ReLU(6.0, name=f"{prefix}expand_relu")(x)
    if strides == 2:
        x = layers.ZeroPadding2D(even_padding(x, 3), name=f"{prefix}pad")(x)
    padding = "same" if strides == 1 else "valid"
    x = layers.DepthwiseConv2D(3, strides=strides, padding=padding, use_bias=False, name=f"{prefix}depthwise")(x)
    x = _normalize(x, f"{prefix}depthwise_BN")
    x = layers.ReLU(6.0, name=f"{prefix}depthwise_relu")(x)
    x = layers.Conv2D(filters, 1, padding="same", use_bias=False, name=f"{prefix}project")(x)
    x = _normalize(x, f"{prefix}project_BN")
    if channels == filters and strides == 1:
        return layers.Add(name=f"{prefix}add")([shortcut, x])
    return x


def _normalize(x: Any, name: str) -> Any:
    axis = 1 if channel_axis() == 1 else -1
    return layers.BatchNormalization(axis=axis, epsilon=1e-3, momentum=0.999, name=name)(x)


def preprocess_input(x: Any, data_format: Optional[str] = None) -> Any:
    """Return images in the form MobileNetV2 was trained on: from -1 to 1.

    Args:
        x: images, RGB from 0 to 255; see `gm.applications.imagenet_utils.preprocess_input`.
        data_format: `"channels_last"`, `"channels_first"` or None for the configured one.
    """
    return imagenet_utils.preprocess_input(x, data_format, "tf")


decode_predictions = imagenet_utils.decode_predictions
