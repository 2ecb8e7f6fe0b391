"""Residual networks that normalize before each convolution (He, Zhang, Ren and Sun 2016), as Keras has them."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from gradmill import layers
from gradmill.applications import imagenet_utils
from gradmill.applications.building import Arguments, application, finish, start
from gradmill.applications.resnet import head, normalize


@application()
def ResNet50V2(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "resnet50v2",
) -> Any:
    """ResNet V2 of 50 layers (He et al. 2016): 25,613,800 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _resnet_v2(given, (3, 4, 6, 3))


@application()
def ResNet101V2(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "resnet101v2",
) -> Any:
    """ResNet V2 of 101 layers (He et al. 2016): 44,675,560 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _resnet_v2(given, (3, 4, 23, 3))


@application()
def ResNet152V2(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "resnet152v2",
) -> Any:
    """ResNet V2 of 152 layers (He et al. 2016): 60,380,648 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _resnet_v2(given, (3, 8, 36, 3))


def _resnet_v2(given: Arguments, depths: Sequence[int]) -> Any:
    image = start(given)
    x = layers.ZeroPadding2D(3, name="conv1_pad")(image)
    x = layers.Conv2D(64, 7, strides=2, name="conv1_conv")(x)
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    for stage, depth in enumerate(depths):
        for number in range(1, depth + 1):
            # The maps shrink in the last block of a stage.
            strides = 2 if number == depth and stage < len(depths) - 1 else 1
            x = _block(x, 64 << stage, strides, number == 1, f"conv{stage + 2}_block{number}")
    x = normalize(x, "post_bn")
    x = layers.Activation("relu", name="post_relu")(x)
    return finish(given, image, head(given, x))


def _block(x: Any, filters: int, strides: int, project: bool, name: str) -> Any:
    before = normalize(x, f"{name}_preact_bn")
    before = layers.Activation("relu", name=f"{name}_preact_relu")(before)
    if project:
        shortcut = layers.Conv2D(4 * filters, 1, strides=strides, name=f"{name}_0_conv")(before)
    else:
        shortcut = layers.MaxPooling2D(1, strides=strides)(x) if strides > 1 else x
    y = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_1_conv")(before)
    y = normalize(y, f"{name}_1_bn")
    y = layers.Activation("relu", name=f"{name}_1_relu")(y)
    y = layers.ZeroPadding2D(1, name=f"{name}_2_pad")(y)
    y = layers.Conv2D(filters, 3, strides=strides, use_bias=False, name=f"{name}_2_conv")(y)
    y = normalize(y, f"{name}_2_bn")
    y = layers.Activation("relu", name=f"{name}_2_relu")(y)
    y = layers.Conv2D(4 * filters, 1, name=f"{name}_3_conv")(y)
    return layers.Add(name=f"{name}_out")([shortcut, y])


def preprocess_input(x: Any, data_format: Optional[str] = None) -> Any:
    """Return images in the form ResNet V2 was trained on: from -1 to 1.

    Args:
        x: images, RGB from 0 to 255; see `gm.applications.imagenet_utils.preprocess_input`.
        data_format: `"channels_last"`, `"channels_first"` or None for the configured one.
    """
    return imagenet_utils.preprocess_input(x, data_format, "tf")


decode_predictions = imagenet_utils.decode_predictions
