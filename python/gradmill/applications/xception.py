"""Xception: separable convolutions with shortcuts (Chollet 2016), as Keras has it."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from gradmill import layers
from gradmill.applications import imagenet_utils
from gradmill.applications.building import Arguments, application, channel_axis, finish, start
from gradmill.applications.inception_v3 import head

# Maps of the separable convolutions of blocks 2 to 13; blocks whose second number differs from their input halve the
# size (figure 5 of the paper).
_BLOCKS = ((128, 128), (256, 256), (728, 728), *((728, 728, 728),) * 8, (728, 1024))


@application(299)
def Xception(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "xception",
) -> Any:
    """Xception (Chollet 2016): 22,910,480 parameters; images of at least 71x71."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    image = start(given, default_size=299, min_size=71)
    x = image
    for number, (filters, strides) in enumerate(((32, 2), (64, 1)), 1):
        x = layers.Conv2D(filters, 3, strides=strides, use_bias=False, name=f"block1_conv{number}")(x)
        x = _normalize(x, f"block1_conv{number}_bn")
        x = layers.Activation("relu", name=f"block1_conv{number}_act")(x)
    for number, widths in enumerate(_BLOCKS, 2):
        x = _block(x, widths, f"block{number}")
    for number, filters in enumerate((1536, 2048), 1):
        x = _convolve(x, filters, f"block14_sepconv{number}")
        x = layers.Activation("relu", name=f"block14_sepconv{number}_act")(x)
    return finish(given, image, head(given, x))


def _block(x: Any, widths: Sequence[int], name: str) -> Any:
    shortcut, halve = x, x.shape[channel_axis()] != widths[-1]
    if halve:
        shortcut = layers.Conv2D(widths[-1], 1, strides=2, padding="same", use_bias=False)(x)
        shortcut = _normalize(shortcut)
    for number, filters in enumerate(widths, 1):
        # What comes from block 1 is positive already.
        if (name, number) != ("block2", 1):
            x = layers.Activation("relu", name=f"{name}_sepconv{number}_act")(x)
        x = _convolve(x, filters, f"{name}_sepconv{number}")
    if halve:
        x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"{name}_pool")(x)
    return layers.Add()([x, shortcut])


def _convolve(x: Any, filters: int, name: str) -> Any:
    x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False, name=name)(x)
    return _normalize(x, f"{name}_bn")


def _normalize(x: Any, name: Optional[str] = None) -> Any:
    return layers.BatchNormalization(axis=1 if channel_axis() == 1 else -1, name=name)(x)


def preprocess_input(x: Any, data_format: Optional[str] = None) -> Any:
    """Return images in the form Xception was trained on: from -1 to 1.

    Args:
        x: images, RGB from 0 to 255; see `gm.applications.imagenet_utils.preprocess_input`.
        data_format: `"channels_last"`, `"channels_first"` or None for the configured one.
    """
    return imagenet_utils.preprocess_input(x, data_format, "tf")


decode_predictions = imagenet_utils.decode_predictions
