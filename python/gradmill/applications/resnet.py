"""Residual networks of bottleneck blocks (He, Zhang, Ren and Sun 2015), as Keras has them.

Stage s has blocks `convS_blockN`; each is 1x1, 3x3 (both with F maps), 1x1 (4 F maps) around a shortcut, with batch
normalization behind each convolution.
"""

from __future__ import annotations

from typing import Any, Optional, Sequence

from gradmill import layers
from gradmill.applications import imagenet_utils
from gradmill.applications.building import Arguments, application, channel_axis, finish, pool, start

_EPSILON = 1.001e-5


@application()
def ResNet50(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "resnet50",
) -> Any:
    """ResNet of 50 layers (He et al. 2015): 25,636,712 parameters.

    Example:
        >>> import gradmill as gm
        >>> gm.applications.ResNet50(input_shape=(32, 32, 3), classes=10).count_params()
        23608202
    """
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _resnet(given, (3, 4, 6, 3))


@application()
def ResNet101(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "resnet101",
) -> Any:
    """ResNet of 101 layers (He et al. 2015): 44,707,176 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _resnet(given, (3, 4, 23, 3))


@application()
def ResNet152(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "resnet152",
) -> Any:
    """ResNet of 152 layers (He et al. 2015): 60,419,944 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _resnet(given, (3, 8, 36, 3))


def _resnet(given: Arguments, depths: Sequence[int]) -> Any:
    image = start(given)
    x = layers.ZeroPadding2D(3, name="conv1_pad")(image)
    x = layers.Conv2D(64, 7, strides=2, name="conv1_conv")(x)
    x = normalize(x, "conv1_bn")
    x = layers.Activation("relu", name="conv1_relu")(x)
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    for stage, depth in enumerate(depths):
        for number in range(1, depth + 1):
            strides = 2 if stage > 0 and number == 1 else 1
            x = _block(x, 64 << stage, strides, number == 1, f"conv{stage + 2}_block{number}")
    return finish(given, image, head(given, x))


def _block(x: Any, filters: int, strides: int, project: bool, name: str) -> Any:
    shortcut = x
    if project:
        shortcut = layers.Conv2D(4 * filters, 1, strides=strides, name=f"{name}_0_conv")(x)
        shortcut = normalize(shortcut, f"{name}_0_bn")
    x = layers.Conv2D(filters, 1, strides=strides, name=f"{name}_1_conv")(x)
    x = normalize(x, f"{name}_1_bn")
    x = layers.Activation("relu", name=f"{name}_1_relu")(x)
    x = layers.Conv2D(filters, 3, padding="same", name=f"{name}_2_conv")(x)
    x = normalize(x, f"{name}_2_bn")
    x = layers.Activation("relu", name=f"{name}_2_relu")(x)
    x = layers.Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)
    x = normalize(x, f"{name}_3_bn")
    x = layers.Add(name=f"{name}_add")([shortcut, x])
    return layers.Activation("relu", name=f"{name}_out")(x)


def normalize(x: Any, name: str) -> Any:
    """Return batch normalization with the epsilon of these networks.

    Args:
        x: the maps.
        name: name of the layer.
    """
    return layers.BatchNormalization(axis=channel_axis(), epsilon=_EPSILON, name=name)(x)


def head(given: Arguments, x: Any) -> Any:
    """Return the mean of each map and the classes, or the pooled maps without the head.

    Args:
        given: the arguments of the network.
        x: maps of the last block.
    """
    if not given.include_top:
        return pool(given, x)
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    return layers.Dense(given.classes, activation=given.classifier_activation, name="predictions")(x)


def preprocess_input(x: Any, data_format: Optional[str] = None) -> Any:
    """Return images in the form ResNet was trained on: BGR minus the mean of ImageNet.

    Args:
        x: images, RGB from 0 to 255; see `gm.applications.imagenet_utils.preprocess_input`.
        data_format: `"channels_last"`, `"channels_first"` or None for the configured one.
    """
    return imagenet_utils.preprocess_input(x, data_format, "caffe")


decode_predictions = imagenet_utils.decode_predictions
