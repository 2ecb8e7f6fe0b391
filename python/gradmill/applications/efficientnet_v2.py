"""EfficientNetV2: wide first convolutions instead of narrow and depthwise ones (Tan and Le 2021), as Keras has it.

Images are given from 0 to 255; scaling is part of the network unless `include_preprocessing` is False.
"""

from __future__ import annotations

import math
from typing import Any, Optional

from gradmill import layers
from gradmill.applications import imagenet_utils
from gradmill.applications.building import Arguments, application, channel_axis, finish, pool, round_channels, start
from gradmill.applications.efficientnet import classify, convolve, gate, scaling

# Blocks, maps, expansion, stride of the first block; the first three stages are fused: they convolve once where the
# others widen, convolve depthwise and gate.
_FUSED_STAGES = 3
_STAGES = {
    "B": ((1, 16, 1, 1), (2, 32, 4, 2), (2, 48, 4, 2), (3, 96, 4, 2), (5, 112, 6, 1), (8, 192, 6, 2)),
    "S": ((2, 24, 1, 1), (4, 48, 4, 2), (4, 64, 4, 2), (6, 128, 4, 2), (9, 160, 6, 1), (15, 256, 6, 2)),
    "M": (
        (3, 24, 1, 1),
        (5, 48, 4, 2),
        (5, 80, 4, 2),
        (7, 160, 4, 2),
        (14, 176, 6, 1),
        (18, 304, 6, 2),
        (5, 512, 6, 1),
    ),
    "L": (
        (4, 32, 1, 1),
        (7, 64, 4, 2),
        (7, 96, 4, 2),
        (10, 192, 4, 2),
        (19, 224, 6, 1),
        (25, 384, 6, 2),
        (7, 640, 6, 1),
    ),
}
# Factors on width and depth, image size, maps of the first convolution.
_SIZES = {
    "B0": (1.0, 1.0, 224, 32),
    "B1": (1.0, 1.1, 240, 32),
    "B2": (1.1, 1.2, 260, 32),
    "B3": (1.2, 1.4, 300, 32),
    "S": (1.0, 1.0, 384, 24),
    "M": (1.0, 1.0, 480, 24),
    "L": (1.0, 1.0, 480, 32),
}
_DROPOUT = 0.2
_GATE_SHARE = 0.25
_MEANS = (0.485, 0.456, 0.406)
_DEVIATIONS = (0.229, 0.224, 0.225)
_MORE = "include_preprocessing: whether the network takes images from 0 to 255 and scales them."


def _efficientnet_v2(given: Arguments, size: str, include_preprocessing: bool) -> Any:
    width, depth, image_size, stem = _SIZES[size]
    stages = _STAGES[size[0]]
    image = start(given, default_size=image_size)
    x = _scale(image, size) if include_preprocessing else image
    x = _activated(convolve(x, _rounded(stem * width), 3, "stem_conv", strides=2, use_bias=False), "stem_")
    total = sum(repeats for repeats, _, _, _ in stages)
    number = 0
    for stage, (repeats, filters, expansion, first_strides) in enumerate(stages, 1):
        for repeat in range(math.ceil(depth * repeats)):
            name = f"block{stage}{chr(ord('a') + repeat)}_"
            strides = first_strides if repeat == 0 else 1
            block = _fused_block if stage <= _FUSED_STAGES else _block
            y = block(x, _rounded(filters * width), expansion, strides, name)
            if strides == 1 and x.shape == y.shape:
                if number > 0:
                    # A whole block is left out for some samples (stochastic depth).
                    rate = _DROPOUT * number / total
                    y = layers.Dropout(rate, noise_shape=(None, 1, 1, 1), name=f"{name}drop")(y)
                y = layers.Add(name=f"{name}add")([y, x])
            x = y
            number += 1
    x = _activated(convolve(x, _rounded(1280 * width), 1, "top_conv", use_bias=False), "top_")
    return finish(given, image, classify(given, x, _DROPOUT) if given.include_top else pool(given, x))


def _rounded(channels: float) -> int:
    return round_channels(channels, least=0.0)


def _scale(image: Any, size: str) -> Any:
    if size[0] != "B" or image.shape[channel_axis()] != len(_MEANS):
        return layers.Rescaling(1.0 / 128.0, offset=-1)(image)
    variances = [deviation**2 for deviation in _DEVIATIONS]
    x = layers.Rescaling(1.0 / 255)(image)
    return layers.Normalization(mean=list(_MEANS), variance=variances, axis=channel_axis())(x)


def _block(x: Any, filters: int, expansion: int, strides: int, name: str) -> Any:
    channels = x.shape[channel_axis()]
    x = _activated(convolve(x, channels * expansion, 1, f"{name}expand_conv", use_bias=False), f"{name}expand_")
    x = layers.DepthwiseConv2D(
        3,
        strides=strides,
        padding="same",
        use_bias=False,
        depthwise_initializer=scaling(),
        name=f"{name}dwconv2",
    )(x)
    x = gate(_activated(x, name), max(1, int(channels * _GATE_SHARE)), name)
    return _normalize(convolve(x, filters, 1, f"{name}project_conv", use_bias=False), f"{name}project_bn")


def _fused_block(x: Any, filters: int, expansion: int, strides: int, name: str) -> Any:
    if expansion == 1:
        x = convolve(x, filters, 3, f"{name}project_conv", strides=strides, use_bias=False)
        return _activated(x, f"{name}project_")
    wide = x.shape[channel_axis()] * expansion
    x = convolve(x, wide, 3, f"{name}expand_conv", strides=strides, use_bias=False)
    x = _activated(x, f"{name}expand_")
    return _normalize(convolve(x, filters, 1, f"{name}project_conv", use_bias=False), f"{name}project_bn")


def _activated(x: Any, prefix: str) -> Any:
    return layers.Activation("silu", name=f"{prefix}activation")(_normalize(x, f"{prefix}bn"))


def _normalize(x: Any, name: str) -> Any:
    return layers.BatchNormalization(axis=channel_axis(), momentum=0.9, name=name)(x)


def preprocess_input(x: Any, data_format: Optional[str] = None) -> Any:
    """Return the images as they are: scaling is part of these networks.

    Args:
        x: images, RGB from 0 to 255.
        data_format: accepted as the other applications do.
    """
    return x


decode_predictions = imagenet_utils.decode_predictions


@application(224, more=_MORE)
def EfficientNetV2B0(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    include_preprocessing: bool = True,
    name: Optional[str] = "efficientnetv2-b0",
) -> Any:
    """EfficientNetV2B0 (Tan and Le 2021): 7,200,312 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _efficientnet_v2(given, "B0", include_preprocessing)


@application(240, more=_MORE)
def EfficientNetV2B1(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    include_preprocessing: bool = True,
    name: Optional[str] = "efficientnetv2-b1",
) -> Any:
    """EfficientNetV2B1 (Tan and Le 2021): 8,212,124 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _efficientnet_v2(given, "B1", include_preprocessing)


@application(260, more=_MORE)
def EfficientNetV2B2(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    include_preprocessing: bool = True,
    name: Optional[str] = "efficientnetv2-b2",
) -> Any:
    """EfficientNetV2B2 (Tan and Le 2021): 10,178,374 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _efficientnet_v2(given, "B2", include_preprocessing)


@application(300, more=_MORE)
def EfficientNetV2B3(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    include_preprocessing: bool = True,
    name: Optional[str] = "efficientnetv2-b3",
) -> Any:
    """EfficientNetV2B3 (Tan and Le 2021): 14,467,622 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _efficientnet_v2(given, "B3", include_preprocessing)


@application(384, more=_MORE)
def EfficientNetV2S(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    include_preprocessing: bool = True,
    name: Optional[str] = "efficientnetv2-s",
) -> Any:
    """EfficientNetV2S (Tan and Le 2021): 21,612,360 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _efficientnet_v2(given, "S", include_preprocessing)


@application(480, more=_MORE)
def EfficientNetV2M(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    include_preprocessing: bool = True,
    name: Optional[str] = "efficientnetv2-m",
) -> Any:
    """EfficientNetV2M (Tan and Le 2021): 54,431,388 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _efficientnet_v2(given, "M", include_preprocessing)


@application(480, more=_MORE)
def EfficientNetV2L(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    include_preprocessing: bool = True,
    name: Optional[str] = "efficientnetv2-l",
) -> Any:
    """EfficientNetV2L (Tan and Le 2021): 119,027,848 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _efficientnet_v2(given, "L", include_preprocessing)
