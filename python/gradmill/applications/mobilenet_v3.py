"""MobileNetV3: inverted residual blocks found by search, with gates and hard swish (Howard et al. 2019), as in Keras.

Images are given from 0 to 255; scaling is part of the network unless `include_preprocessing` is False.
"""

from __future__ import annotations

from typing import Any, Callable, Optional, Sequence

from gradmill import layers
from gradmill.applications import imagenet_utils
from gradmill.applications.building import (
    Arguments,
    application,
    channel_axis,
    check_alpha,
    even_padding,
    finish,
    pool,
    round_channels,
    start,
)

# Expansion, maps, kernel, stride, whether gated, whether the activation is hard swish (tables 1 and 2 of the paper).
_SMALL = (
    (1, 16, 3, 2, True, False),
    (72 / 16, 24, 3, 2, False, False),
    (88 / 24, 24, 3, 1, False, False),
    (4, 40, 5, 2, True, True),
    (6, 40, 5, 1, True, True),
    (6, 40, 5, 1, True, True),
    (3, 48, 5, 1, True, True),
    (3, 48, 5, 1, True, True),
    (6, 96, 5, 2, True, True),
    (6, 96, 5, 1, True, True),
    (6, 96, 5, 1, True, True),
)
_LARGE = (
    (1, 16, 3, 1, False, False),
    (4, 24, 3, 2, False, False),
    (3, 24, 3, 1, False, False),
    (3, 40, 5, 2, True, False),
    (3, 40, 5, 1, True, False),
    (3, 40, 5, 1, True, False),
    (6, 80, 3, 2, False, True),
    (2.5, 80, 3, 1, False, True),
    (2.3, 80, 3, 1, False, True),
    (2.3, 80, 3, 1, False, True),
    (6, 112, 3, 1, True, True),
    (6, 112, 3, 1, True, True),
    (6, 160, 5, 2, True, True),
    (6, 160, 5, 1, True, True),
    (6, 160, 5, 1, True, True),
)
_GATE_SHARE = 0.25
_MORE = """alpha: factor on the number of maps in each layer, above 0.
    minimalistic: whether to do without gates, hard swish and kernels of 5x5.
    dropout_rate: share that is dropped before the head.
    include_preprocessing: whether the network takes images from 0 to 255 and scales them; else from -1 to 1."""


@application(None, more=_MORE)
def MobileNetV3Small(
    input_shape: Any = None,
    alpha: float = 1.0,
    minimalistic: bool = False,
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    classes: int = 1000,
    pooling: Optional[str] = None,
    dropout_rate: float = 0.2,
    classifier_activation: Any = "softmax",
    include_preprocessing: bool = True,
    name: Optional[str] = "MobileNetV3Small",
) -> Any:
    """Small MobileNetV3 (Howard et al. 2019): 2,554,968 parameters with alpha 1.

    Example:
        >>> import gradmill as gm
        >>> gm.applications.MobileNetV3Small((32, 32, 3), alpha=0.5, classes=10).output_shape
        (None, 10)
    """
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _mobilenet_v3(given, _SMALL, 1024, alpha, minimalistic, dropout_rate, include_preprocessing)


@application(None, more=_MORE)
def MobileNetV3Large(
    input_shape: Any = None,
    alpha: float = 1.0,
    minimalistic: bool = False,
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    classes: int = 1000,
    pooling: Optional[str] = None,
    dropout_rate: float = 0.2,
    classifier_activation: Any = "softmax",
    include_preprocessing: bool = True,
    name: Optional[str] = "MobileNetV3Large",
) -> Any:
    """Large MobileNetV3 (Howard et al. 2019): 5,507,432 parameters with alpha 1."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _mobilenet_v3(given, _LARGE, 1280, alpha, minimalistic, dropout_rate, include_preprocessing)


def _mobilenet_v3(
    given: Arguments,
    blocks: Sequence[tuple],
    last: int,
    alpha: float,
    minimalistic: bool,
    dropout_rate: float,
    include_preprocessing: bool,
) -> Any:
    check_alpha(given.name or "MobileNetV3", alpha)
    image = start(given, default_size=None, fixed=False)
    activate = _relu if minimalistic else _hard_swish
    x = layers.Rescaling(1.0 / 127.5, offset=-1.0)(image) if include_preprocessing else image
    x = layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False, name="conv")(x)
    x = activate(_normalize(x, "conv_bn"))
    for number, (expansion, filters, kernel, strides, gated, swish) in enumerate(blocks):
        x = _block(
            x,
            expansion,
            round_channels(filters * alpha),
            3 if minimalistic else kernel,
            strides,
            gated and not minimalistic,
            activate if swish else _relu,
            f"expanded_conv_{number}_" if number else "expanded_conv_",
        )
    x = _convolve(x, round_channels(6 * x.shape[channel_axis()]), "conv_1", use_bias=False)
    x = activate(_normalize(x, "conv_1_bn"))
    if not given.include_top:
        return finish(given, image, pool(given, x))
    x = layers.GlobalAveragePooling2D(keepdims=True)(x)
    x = activate(_convolve(x, round_channels(last * alpha) if alpha > 1.0 else last, "conv_2"))
    if dropout_rate > 0:
        x = layers.Dropout(dropout_rate)(x)
    x = layers.Flatten()(_convolve(x, given.classes, "logits"))
    x = layers.Activation(given.classifier_activation, name="predictions")(x)
    return finish(given, image, x)


def _block(
    x: Any, expansion: float, filters: int, kernel: int, strides: int, gated: bool, activate: Callable, prefix: str
) -> Any:
    shortcut, channels = x, x.shape[channel_axis()]
    if prefix != "expanded_conv_":
        x = _convolve(x, round_channels(channels * expansion), f"{prefix}expand", use_bias=False)
        x = activate(_normalize(x, f"{prefix}expand_bn"))
    if strides == 2:
        x = layers.ZeroPadding2D(even_padding(x, kernel), name=f"{prefix}depthwise_pad")(x)
    padding = "same" if strides == 1 else "valid"
    x = layers.DepthwiseConv2D(kernel, strides=strides, padding=padding, use_bias=False, name=f"{prefix}depthwise")(x)
    x = activate(_normalize(x, f"{prefix}depthwise_bn"))
    if gated:
        x = _gate(x, f"{prefix}squeeze_excite_")
    x = _convolve(x, filters, f"{prefix}project", use_bias=False)
    x = _normalize(x, f"{prefix}project_bn")
    if strides == 1 and channels == filters:
        return layers.Add(name=f"{prefix}add")([shortcut, x])
    return x


def _gate(x: Any, prefix: str) -> Any:
    """Scale each map by a number from 0 to 1 that follows from the means of all maps."""
    channels = x.shape[channel_axis()]
    gate = layers.GlobalAveragePooling2D(keepdims=True, name=f"{prefix}avg_pool")(x)
    gate = _convolve(gate, round_channels(channels * _GATE_SHARE), f"{prefix}conv")
    gate = layers.ReLU(name=f"{prefix}relu")(gate)
    gate = _convolve(gate, channels, f"{prefix}conv_1")
    gate = layers.ReLU(6.0)(gate + 3.0) * (1.0 / 6.0)
    return layers.Multiply(name=f"{prefix}mul")([x, gate])


def _convolve(x: Any, filters: int, name: str, use_bias: bool = True) -> Any:
    return layers.Conv2D(filters, 1, padding="same", use_bias=use_bias, name=name)(x)


def _normalize(x: Any, name: str) -> Any:
    axis = 1 if channel_axis() == 1 else -1
    return layers.BatchNormalization(axis=axis, epsilon=1e-3, momentum=0.999, name=name)(x)


def _relu(x: Any) -> Any:
    return layers.ReLU()(x)


def _hard_swish(x: Any) -> Any:
    return layers.Activation("hard_swish")(x)


def preprocess_input(x: Any, data_format: Optional[str] = None) -> Any:
    """Return the images as they are: scaling is part of these networks.

    Args:
        x: images, RGB from 0 to 255.
        data_format: accepted as the other applications do.
    """
    return x


decode_predictions = imagenet_utils.decode_predictions
