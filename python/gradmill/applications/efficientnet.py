"""EfficientNet B0 to B7: one network in eight sizes (Tan and Le 2019), as Keras has them.

Blocks are those of MobileNetV2 with a gate per map (squeeze and excitation). Width, depth and image size grow
together. Images are given from 0 to 255; scaling is part of the network.
"""

from __future__ import annotations

import math
from typing import Any, Optional

from gradmill import initializers, layers
from gradmill.applications import imagenet_utils
from gradmill.applications.building import (
    Arguments,
    application,
    channel_axis,
    even_padding,
    finish,
    pool,
    round_channels,
    start,
)

# Kernel, blocks, maps, expansion, stride of the first block (table 1 of the paper).
_STAGES = (
    (3, 1, 16, 1, 1),
    (3, 2, 24, 6, 2),
    (5, 2, 40, 6, 2),
    (3, 3, 80, 6, 2),
    (5, 3, 112, 6, 1),
    (5, 4, 192, 6, 2),
    (3, 1, 320, 6, 1),
)
# Factors on width and depth, image size, dropout before the head.
_SIZES = {
    "B0": (1.0, 1.0, 224, 0.2),
    "B1": (1.0, 1.1, 240, 0.2),
    "B2": (1.1, 1.2, 260, 0.3),
    "B3": (1.2, 1.4, 300, 0.3),
    "B4": (1.4, 1.8, 380, 0.4),
    "B5": (1.6, 2.2, 456, 0.4),
    "B6": (1.8, 2.6, 528, 0.5),
    "B7": (2.0, 3.1, 600, 0.5),
}
_BLOCK_DROPOUT = 0.2
_GATE_SHARE = 0.25


def _efficientnet(given: Arguments, size: str) -> Any:
    width, depth, image_size, dropout = _SIZES[size]
    image = start(given, default_size=image_size)
    x = layers.Rescaling(1.0 / 255.0)(image)
    x = layers.Normalization(axis=channel_axis())(x)
    x = layers.ZeroPadding2D(even_padding(x, 3), name="stem_conv_pad")(x)
    x = convolve(x, round_channels(32 * width), 3, "stem_conv", strides=2, padding="valid", use_bias=False)
    x = _normalize(x, "stem_bn")
    x = layers.Activation("silu", name="stem_activation")(x)
    total = sum(math.ceil(depth * repeats) for _, repeats, _, _, _ in _STAGES)
    number = 0
    for stage, (kernel, repeats, filters, expansion, first_strides) in enumerate(_STAGES, 1):
        for repeat in range(math.ceil(depth * repeats)):
            name = f"block{stage}{chr(ord('a') + repeat)}_"
            strides = first_strides if repeat == 0 else 1
            dropout_rate = _BLOCK_DROPOUT * number / total
            x = _block(x, kernel, round_channels(filters * width), expansion, strides, dropout_rate, name)
            number += 1
    x = convolve(x, round_channels(1280 * width), 1, "top_conv", use_bias=False)
    x = _normalize(x, "top_bn")
    x = layers.Activation("silu", name="top_activation")(x)
    if not given.include_top:
        return finish(given, image, pool(given, x))
    return finish(given, image, classify(given, x, dropout))


def classify(given: Arguments, x: Any, dropout: float) -> Any:
    """Return the classes.

    Args:
        given: the arguments of the network.
        x: maps of the last convolution.
        dropout: share that is dropped before.
    """
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    x = layers.Dropout(dropout, name="top_dropout")(x)
    initializer = initializers.VarianceScaling(1 / 3, mode="fan_out", distribution="uniform")
    activation = given.classifier_activation
    return layers.Dense(given.classes, activation=activation, kernel_initializer=initializer, name="predictions")(x)


def _block(x: Any, kernel: int, filters: int, expansion: int, strides: int, dropout: float, name: str) -> Any:
    shortcut, channels = x, x.shape[channel_axis()]
    if expansion != 1:
        x = convolve(x, channels * expansion, 1, f"{name}expand_conv", use_bias=False)
        x = _normalize(x, f"{name}expand_bn")
        x = layers.Activation("silu", name=f"{name}expand_activation")(x)
    if strides == 2:
        x = layers.ZeroPadding2D(even_padding(x, kernel), name=f"{name}dwconv_pad")(x)
    x = layers.DepthwiseConv2D(
        kernel,
        strides=strides,
        padding="valid" if strides == 2 else "same",
        use_bias=False,
        depthwise_initializer=scaling(),
        name=f"{name}dwconv",
    )(x)
    x = _normalize(x, f"{name}bn")
    x = layers.Activation("silu", name=f"{name}activation")(x)
    x = gate(x, max(1, int(channels * _GATE_SHARE)), name)
    x = convolve(x, filters, 1, f"{name}project_conv", use_bias=False)
    x = _normalize(x, f"{name}project_bn")
    if strides != 1 or channels != filters:
        return x
    if dropout > 0:
        # A whole block is left out for some samples (stochastic depth).
        x = layers.Dropout(dropout, noise_shape=(None, 1, 1, 1), name=f"{name}drop")(x)
    return layers.Add(name=f"{name}add")([x, shortcut])


def gate(x: Any, reduced: int, name: str) -> Any:
    """Scale each map by a number from 0 to 1 that follows from the means of all maps (Hu et al. 2018).

    Args:
        x: maps.
        reduced: how many numbers the means are brought to first.
        name: what names of the layers begin with.
    """
    channels = x.shape[channel_axis()]
    shape = (channels, 1, 1) if channel_axis() == 1 else (1, 1, channels)
    y = layers.GlobalAveragePooling2D(name=f"{name}se_squeeze")(x)
    y = layers.Reshape(shape, name=f"{name}se_reshape")(y)
    y = convolve(y, reduced, 1, f"{name}se_reduce", activation="silu")
    y = convolve(y, channels, 1, f"{name}se_expand", activation="sigmoid")
    return layers.Multiply(name=f"{name}se_excite")([x, y])


def convolve(x: Any, filters: int, kernel: int, name: str, padding: str = "same", **options: Any) -> Any:
    """Return a convolution whose weights begin as these networks need them.

    Args:
        x: maps.
        filters: number of maps.
        kernel: height and width.
        name: name of the layer.
        padding: `"same"` or `"valid"`.
        options: further arguments of `Conv2D`.
    """
    return layers.Conv2D(filters, kernel, padding=padding, kernel_initializer=scaling(), name=name, **options)(x)


def scaling() -> Any:
    """Return the initializer of all kernels but the head's."""
    return initializers.VarianceScaling(2.0, mode="fan_out", distribution="truncated_normal")


def _normalize(x: Any, name: str) -> Any:
    return layers.BatchNormalization(axis=channel_axis(), name=name)(x)


def preprocess_input(x: Any, data_format: Optional[str] = None) -> Any:
    """Return the images as they are: scaling is part of these networks.

    Args:
        x: images, RGB from 0 to 255.
        data_format: accepted as the other applications do.
    """
    return x


decode_predictions = imagenet_utils.decode_predictions


@application(224)
def EfficientNetB0(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "efficientnetb0",
) -> Any:
    """EfficientNetB0 (Tan and Le 2019): 5,330,571 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _efficientnet(given, "B0")


@application(240)
def EfficientNetB1(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "efficientnetb1",
) -> Any:
    """EfficientNetB1 (Tan and Le 2019): 7,856,239 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _efficientnet(given, "B1")


@application(260)
def EfficientNetB2(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "efficientnetb2",
) -> Any:
    """EfficientNetB2 (Tan and Le 2019): 9,177,569 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _efficientnet(given, "B2")


@application(300)
def EfficientNetB3(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "efficientnetb3",
) -> Any:
    """EfficientNetB3 (Tan and Le 2019): 12,320,535 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _efficientnet(given, "B3")


@application(380)
def EfficientNetB4(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "efficientnetb4",
) -> Any:
    """EfficientNetB4 (Tan and Le 2019): 19,466,823 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _efficientnet(given, "B4")


@application(456)
def EfficientNetB5(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "efficientnetb5",
) -> Any:
    """EfficientNetB5 (Tan and Le 2019): 30,562,527 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _efficientnet(given, "B5")


@application(528)
def EfficientNetB6(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "efficientnetb6",
) -> Any:
    """EfficientNetB6 (Tan and Le 2019): 43,265,143 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _efficientnet(given, "B6")


@application(600)
def EfficientNetB7(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "efficientnetb7",
) -> Any:
    """EfficientNetB7 (Tan and Le 2019): 66,658,687 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _efficientnet(given, "B7")
