"""MobileNet: depthwise convolutions, each followed by one of 1x1 (Howard et al. 2017), as Keras has it."""

from __future__ import annotations

from typing import Any, Optional

from gradmill import layers
from gradmill.applications import imagenet_utils
from gradmill.applications.building import (
    Arguments,
    application,
    channel_axis,
    check_alpha,
    finish,
    image_sizes,
    pool,
    start,
)

# Maps and stride of each block (table 1 of the paper).
_BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))
_MORE = """alpha: factor on the number of maps in each layer, above 0.
    depth_multiplier: maps that each depthwise convolution makes from one.
    dropout: share that is dropped before the head."""


@application(more=_MORE)
def MobileNet(
    input_shape: Any = None,
    alpha: float = 1.0,
    depth_multiplier: int = 1,
    dropout: float = 1e-3,
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = None,
) -> Any:
    """MobileNet (Howard et al. 2017): 4,253,864 parameters with alpha 1.

    Example:
        >>> import gradmill as gm
        >>> gm.applications.MobileNet((32, 32, 3), alpha=0.25, classes=10).name
        'mobilenet_0.25_32'
    """
    label = name or "MobileNet"
    check_alpha(label, alpha)
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, label)
    image = start(given)
    given = Arguments(**{**vars(given), "name": name or f"mobilenet_{alpha:0.2f}_{image_sizes(image)[0]}"})
    x = layers.Conv2D(int(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="conv1")(image)
    x = _normalize(x, "conv1")
    for number, (filters, strides) in enumerate(_BLOCKS, 1):
        if strides == 2:
            x = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"conv_pad_{number}")(x)
        x = layers.DepthwiseConv2D(
            3,
            strides=strides,
            padding="same" if strides == 1 else "valid",
            depth_multiplier=depth_multiplier,
            use_bias=False,
            name=f"conv_dw_{number}",
        )(x)
        x = _normalize(x, f"conv_dw_{number}")
        x = layers.Conv2D(int(filters * alpha), 1, padding="same", use_bias=False, name=f"conv_pw_{number}")(x)
        x = _normalize(x, f"conv_pw_{number}")
    if not given.include_top:
        return finish(given, image, pool(given, x, None, None))
    x = layers.GlobalAveragePooling2D(keepdims=True)(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Conv2D(given.classes, 1, padding="same", name="conv_preds")(x)
    x = layers.Reshape((given.classes,), name="reshape_2")(x)
    x = layers.Activation(given.classifier_activation, name="predictions")(x)
    return finish(given, image, x)


def _normalize(x: Any, name: str) -> Any:
    axis = 1 if channel_axis() == 1 else -1
    x = layers.BatchNormalization(axis=axis, name=f"{name}_bn")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x)


def preprocess_input(x: Any, data_format: Optional[str] = None) -> Any:
    """Return images in the form MobileNet was trained on: from -1 to 1.

    Args:
        x: images, RGB from 0 to 255; see `gm.applications.imagenet_utils.preprocess_input`.
        data_format: `"channels_last"`, `"channels_first"` or None for the configured one.
    """
    return imagenet_utils.preprocess_input(x, data_format, "tf")


decode_predictions = imagenet_utils.decode_predictions
