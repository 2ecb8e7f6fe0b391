"""U-Net (Ronneberger, Fischer and Brox 2015) on the encoder of MobileNetV2: a class for every pixel."""

from __future__ import annotations

import os
from typing import Any, Optional, Sequence

from gradmill import layers, saving
from gradmill.applications.building import Arguments, channel_axis, finish, image_sizes, start
from gradmill.applications.mobilenet_v2 import MobileNetV2
from gradmill.errors import ArgumentError, ShapeError
from gradmill.models import Model

# What the decoder gets of the encoder, at a half to a thirty-second of the image's size.
TAPS = (
    "block_1_expand_relu",
    "block_3_expand_relu",
    "block_6_expand_relu",
    "block_13_expand_relu",
    "block_16_project",
)
_SMALLEST_SIDE = 2 ** len(TAPS)


def UNet(
    input_shape: Any = None,
    classes: int = 3,
    alpha: float = 1.0,
    filters: Sequence[int] = (512, 256, 128, 64),
    encoder_weights: Any = None,
    train_encoder: bool = False,
    weights: Any = None,
    input_tensor: Any = None,
    classifier_activation: Any = None,
    name: Optional[str] = "unet",
) -> Model:
    """U-Net (Ronneberger et al. 2015) whose encoder is MobileNetV2's (Sandler et al. 2018).

    Each block of the decoder doubles the size by `Conv2DTranspose(filters, 3, strides=2)`, batch normalization and
    ReLU, and is joined by what the encoder has of that size. The encoder is one layer, "encoder". As long as it is
    frozen it uses its moving averages in training too, and nothing of it is kept for a gradient.

    Args:
        input_shape: shape of one image, sizes multiples of 32. Default: (128, 128, 3).
        classes: number of classes of a pixel.
        alpha: factor on the number of maps in each layer of the encoder, above 0.
        filters: maps of the four blocks of the decoder, coarsest first.
        encoder_weights: None for random weights, or the path of a file of `MobileNetV2` with this `alpha`, with or
            without its head: Keras's `.h5`, or `.weights.h5` or `.keras` without the head.
        train_encoder: whether the encoder is trained, too.
        weights: None, or the path of a file of the whole network: `.weights.h5`, `.keras` or `.h5`.
        input_tensor: symbolic tensor that the network starts from; default: a new `gm.Input`.
        classifier_activation: activation of the result; None returns logits.
        name: name of the model.

    Input shape:
        (batch, height, width, channels); values from -1 to 1 for published weights of the encoder.

    Output shape:
        (batch, height, width, classes).

    Returns:
        a functional `gm.Model`.

    Raises:
        ArgumentError: arguments that do not go together; weights of another model or a damaged file.
        ShapeError: sizes that are no multiples of 32; weights of other shapes, with the layer named.
        OSError: no such file.

    Example:
        >>> import gradmill as gm
        >>> model = gm.applications.UNet((32, 32, 3), classes=2, alpha=0.35, filters=(32, 16, 8, 8))
        >>> model.output_shape, model.get_layer("encoder").trainable
        ((None, 32, 32, 2), False)
    """
    label = name or "UNet"
    filters = _checked_filters(label, filters)
    shape = input_shape
    if shape is None and input_tensor is None:
        shape = (3, 128, 128) if channel_axis() == 1 else (128, 128, 3)
    given = Arguments(True, weights, input_tensor, shape, None, classes, classifier_activation, name)
    image = start(given, min_size=_SMALLEST_SIDE, fixed=False)
    if any(size is None or size % _SMALLEST_SIDE for size in image_sizes(image)):
        raise ShapeError(
            f"{label}: expected height and width to be multiples of {_SMALLEST_SIDE}; received the image shape "
            f"{tuple(image.shape[1:])}; resize or pad the images"
        )
    encoder = _make_encoder(label, tuple(image.shape[1:]), alpha, encoder_weights)
    encoder.trainable = bool(train_encoder)
    *skips, x = encoder(image)
    for number, (count, skip) in enumerate(zip(filters, reversed(skips)), 1):
        x = layers.Conv2DTranspose(count, 3, strides=2, padding="same", use_bias=False, name=f"up_{number}")(x)
        x = layers.BatchNormalization(axis=channel_axis(), name=f"up_{number}_bn")(x)
        x = layers.ReLU(name=f"up_{number}_relu")(x)
        x = layers.Concatenate(axis=channel_axis(), name=f"up_{number}_skip")([x, skip])
    head = layers.Conv2DTranspose(
        classes, 3, strides=2, padding="same", activation=classifier_activation, name="predictions"
    )
    return finish(given, image, head(x))


def _checked_filters(label: str, filters: Any) -> tuple:
    found = tuple(filters) if isinstance(filters, (list, tuple)) else ()
    whole = all(isinstance(count, int) and not isinstance(count, bool) and count > 0 for count in found)
    if len(found) != len(TAPS) - 1 or not whole:
        raise ArgumentError(f"{label}: expected filters to be four positive integers; received {filters!r}")
    return found


def _make_encoder(label: str, shape: tuple, alpha: float, weights: Any) -> Model:
    base = MobileNetV2(shape, alpha=alpha, include_top=False, name=f"{label}_encoder")
    if weights is not None:
        _load_encoder(label, base, shape, alpha, weights)
    return Model(base.inputs[0], [base.get_layer(tap).output for tap in TAPS], name="encoder")


def _load_encoder(label: str, base: Model, shape: tuple, alpha: float, weights: Any) -> None:
    """Give MobileNetV2 without its head the weights of a file, which may have the head."""
    if not isinstance(weights, (str, os.PathLike)) or os.fspath(weights) == "imagenet":
        raise ArgumentError(
            f"{label}: expected encoder_weights to be None or the path of a file; received {weights!r}; no weights "
            "come with this package; save those of Keras's MobileNetV2 and pass the path"
        )
    try:
        saving.load_weights(base, weights)
        return
    except ArgumentError as problem:
        without_head = problem
    # Weights do not depend on the size of the images, which the head wants fixed.
    channels = shape[channel_axis() - 1]
    small = (channels, 32, 32) if channel_axis() == 1 else (32, 32, channels)
    whole = MobileNetV2(small, alpha=alpha)
    try:
        saving.load_weights(whole, weights)
    except (ArgumentError, ShapeError):
        raise without_head from None
    base.set_weights(whole.get_weights()[: len(base.weights)])
