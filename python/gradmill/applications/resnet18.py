"""Residual networks of basic blocks (He, Zhang, Ren and Sun 2015), as torchvision has them.

Layers have the names of torch's modules. Padding is the same on both sides, and statistics of batch normalization move
by a tenth. (torch keeps the unbiased variance as running statistic, this the plain one, as Keras does.)
"""

from __future__ import annotations

from typing import Any, Optional, Sequence

from gradmill import initializers, layers
from gradmill.applications import imagenet_utils
from gradmill.applications.building import Arguments, application, channel_axis, finish, pool, start


@application(torch=True)
def ResNet18(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "resnet18",
) -> Any:
    """ResNet of 18 layers (He et al. 2015), as in torchvision: 11,689,512 parameters.

    Beside them 9,600 statistics of batch normalization, which torch does not count.
    """
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _resnet(given, (2, 2, 2, 2))


@application(torch=True)
def ResNet34(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "resnet34",
) -> Any:
    """ResNet of 34 layers (He et al. 2015), as in torchvision: 21,797,672 parameters.

    Beside them 17,024 statistics of batch normalization, which torch does not count.
    """
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _resnet(given, (3, 4, 6, 3))


def _resnet(given: Arguments, depths: Sequence[int]) -> Any:
    image = start(given, fixed=False)
    x = _convolve(image, 64, 7, 2, "conv1")
    x = _normalize(x, "bn1")
    x = layers.ReLU(name="relu")(x)
    # Nothing is below zero here, so zeros around the maps are as good as the -inf that torch pads with.
    x = layers.ZeroPadding2D(1, name="maxpool.pad")(x)
    x = layers.MaxPooling2D(3, strides=2, name="maxpool")(x)
    for stage, depth in enumerate(depths):
        for number in range(depth):
            strides = 2 if stage > 0 and number == 0 else 1
            x = _block(x, 64 << stage, strides, f"layer{stage + 1}.{number}")
    if not given.include_top:
        return finish(given, image, pool(given, x, "avgpool", "maxpool2"), {})
    x = layers.GlobalAveragePooling2D(name="avgpool")(x)
    return finish(given, image, torch_dense(x, given.classes, given.classifier_activation, "fc"), {})


def _block(x: Any, filters: int, strides: int, name: str) -> Any:
    shortcut = x
    if strides > 1 or x.shape[channel_axis()] != filters:
        shortcut = _convolve(x, filters, 1, strides, f"{name}.downsample.0")
        shortcut = _normalize(shortcut, f"{name}.downsample.1")
    x = _convolve(x, filters, 3, strides, f"{name}.conv1")
    x = _normalize(x, f"{name}.bn1")
    x = layers.ReLU(name=f"{name}.relu")(x)
    x = _convolve(x, filters, 3, 1, f"{name}.conv2")
    x = _normalize(x, f"{name}.bn2")
    x = layers.Add(name=f"{name}.add")([shortcut, x])
    return layers.ReLU(name=f"{name}.out")(x)


def _convolve(x: Any, filters: int, kernel: int, strides: int, name: str) -> Any:
    """Convolve with half the kernel of zeros on every side."""
    if kernel > 1 and strides > 1:
        x = layers.ZeroPadding2D(kernel // 2, name=f"{name}.pad")(x)
    return layers.Conv2D(
        filters,
        kernel,
        strides=strides,
        padding="same" if strides == 1 else "valid",
        use_bias=False,
        kernel_initializer=initializers.VarianceScaling(2.0, mode="fan_out", distribution="untruncated_normal"),
        name=name,
    )(x)


def _normalize(x: Any, name: str) -> Any:
    return layers.BatchNormalization(axis=channel_axis(), momentum=0.9, epsilon=1e-5, name=name)(x)


def torch_scaling() -> Any:
    """Return the initializer of kernels that torch takes without being told: uniform up to 1 / sqrt(fan in)."""
    return initializers.VarianceScaling(1 / 3, mode="fan_in", distribution="uniform")


def torch_bias(fan_in: int) -> Any:
    """Return torch's initializer of biases: uniform up to 1 / sqrt(fan in).

    Args:
        fan_in: inputs of each output.
    """
    return initializers.RandomUniform(-(fan_in**-0.5), fan_in**-0.5)


def torch_dense(x: Any, units: int, activation: Any, name: str) -> Any:
    """Return a dense layer that begins as torch's does.

    Args:
        x: features (batch, n).
        units: number of outputs.
        activation: what follows.
        name: name of the layer.
    """
    return layers.Dense(
        units,
        activation=activation,
        kernel_initializer=torch_scaling(),
        bias_initializer=torch_bias(x.shape[-1]),
        name=name,
    )(x)


def preprocess_input(x: Any, data_format: Optional[str] = None) -> Any:
    """Return images in the form torchvision's networks were trained on: mean 0, deviation 1 per channel.

    Args:
        x: images, RGB from 0 to 255; see `gm.applications.imagenet_utils.preprocess_input`.
        data_format: `"channels_last"`, `"channels_first"` or None for the configured one.
    """
    return imagenet_utils.preprocess_input(x, data_format, "torch")


decode_predictions = imagenet_utils.decode_predictions
