"""InceptionV3: blocks of parallel convolutions of several shapes (Szegedy et al. 2015), as Keras has it."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from gradmill import layers
from gradmill.applications import imagenet_utils
from gradmill.applications.building import Arguments, application, channel_axis, finish, pool, start


@application(299)
def InceptionV3(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "inception_v3",
) -> Any:
    """InceptionV3 (Szegedy et al. 2015): 23,851,784 parameters; images of at least 75x75."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    image = start(given, default_size=299, min_size=75)
    x = stem(image)
    for number, pooled in enumerate((32, 64, 64)):
        branches = (((64, 1),), ((48, 1), (64, 5)), ((64, 1), (96, 3), (96, 3)))
        x = mixed(x, branches, f"mixed{number}", pooled)
    x = mixed(x, (((384, 3),), ((64, 1), (96, 3), (96, 3))), "mixed3")
    for number, filters in enumerate((128, 160, 160, 192), 4):
        line, column = (filters, (1, 7)), (filters, (7, 1))
        single = ((filters, 1), line, (192, (7, 1)))
        double = ((filters, 1), column, line, column, (192, (1, 7)))
        x = mixed(x, (((192, 1),), single, double), f"mixed{number}", 192)
    x = mixed(x, (((192, 1), (320, 3)), ((192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3))), "mixed8")
    for number in range(2):
        x = _forked(x, number)
    return finish(given, image, head(given, x))


def stem(x: Any) -> Any:
    """Return the maps that both Inception networks start with: an eighth of the size, 192 maps.

    Args:
        x: images.
    """
    x = convolve(x, 32, 3, strides=2, padding="valid")
    x = convolve(x, 32, 3, padding="valid")
    x = convolve(x, 64, 3)
    x = layers.MaxPooling2D(3, strides=2)(x)
    x = convolve(x, 80, 1, padding="valid")
    x = convolve(x, 192, 3, padding="valid")
    return layers.MaxPooling2D(3, strides=2)(x)


def mixed(x: Any, branches: Sequence[Sequence[tuple]], name: str, pooled: Optional[int] = None) -> Any:
    """Return the maps of parallel branches, one behind the other.

    Args:
        x: maps.
        branches: maps and kernel of the convolutions of each branch.
        name: name of the concatenation.
        pooled: maps of the branch that averages first; None: the block halves the size, in the last convolution of
            each branch and by a maximum.
    """
    outputs = []
    for steps in branches:
        y = x
        for place, (filters, kernel) in enumerate(steps, 1):
            halve = pooled is None and place == len(steps)
            y = convolve(y, filters, kernel, strides=2 if halve else 1, padding="valid" if halve else "same")
        outputs.append(y)
    if pooled is None:
        outputs.append(layers.MaxPooling2D(3, strides=2)(x))
    else:
        outputs.append(convolve(_average(x), pooled, 1))
    return concatenate(outputs, name)


def _forked(x: Any, number: int) -> Any:
    """Return a block whose branches end in a line and a column side by side."""
    outputs = [convolve(x, 320, 1)]
    for steps, name in ((((384, 1),), f"mixed9_{number}"), (((448, 1), (384, 3)), None)):
        y = x
        for filters, kernel in steps:
            y = convolve(y, filters, kernel)
        outputs.append(concatenate([convolve(y, 384, (1, 3)), convolve(y, 384, (3, 1))], name))
    outputs.append(convolve(_average(x), 192, 1))
    return concatenate(outputs, f"mixed{9 + number}")


def _average(x: Any) -> Any:
    return layers.AveragePooling2D(3, strides=1, padding="same")(x)


def concatenate(inputs: Sequence[Any], name: Optional[str] = None) -> Any:
    """Return maps behind each other.

    Args:
        inputs: maps of one size.
        name: name of the layer.
    """
    return layers.Concatenate(axis=channel_axis(), name=name)(inputs)


def convolve(
    x: Any, filters: int, kernel: Any, strides: int = 1, padding: str = "same", name: Optional[str] = None
) -> Any:
    """Return a convolution, normalized without a scale, and cut at zero.

    Args:
        x: maps.
        filters: number of maps.
        kernel: height and width.
        strides: step of the kernel.
        padding: `"same"` or `"valid"`.
        name: name of the convolution; None for numbered ones.
    """
    x = layers.Conv2D(filters, kernel, strides=strides, padding=padding, use_bias=False, name=name)(x)
    x = layers.BatchNormalization(axis=channel_axis(), scale=False, name=name and f"{name}_bn")(x)
    return layers.Activation("relu", name=name and f"{name}_ac")(x)


def head(given: Arguments, x: Any) -> Any:
    """Return the classes, or the pooled maps without the head.

    Args:
        given: the arguments of the network.
        x: maps of the last block.
    """
    if not given.include_top:
        return pool(given, x, None, None)
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    return layers.Dense(given.classes, activation=given.classifier_activation, name="predictions")(x)


def preprocess_input(x: Any, data_format: Optional[str] = None) -> Any:
    """Return images in the form InceptionV3 was trained on: from -1 to 1.

    Args:
        x: images, RGB from 0 to 255; see `gm.applications.imagenet_utils.preprocess_input`.
        data_format: `"channels_last"`, `"channels_first"` or None for the configured one.
    """
    return imagenet_utils.preprocess_input(x, data_format, "tf")


decode_predictions = imagenet_utils.decode_predictions
