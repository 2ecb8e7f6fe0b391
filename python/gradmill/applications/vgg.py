"""VGG: stacks of 3x3 convolutions and three dense layers (Simonyan and Zisserman 2014), as Keras has them."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from gradmill import layers
from gradmill.applications import imagenet_utils
from gradmill.applications.building import Arguments, application, finish, pool, start


@application()
def VGG16(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "vgg16",
) -> Any:
    """VGG of 16 layers (Simonyan and Zisserman 2014): 138,357,544 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _vgg(given, (2, 2, 3, 3, 3))


@application()
def VGG19(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "vgg19",
) -> Any:
    """VGG of 19 layers (Simonyan and Zisserman 2014): 143,667,240 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _vgg(given, (2, 2, 4, 4, 4))


def _vgg(given: Arguments, depths: Sequence[int]) -> Any:
    x = image = start(given)
    for stage, depth in enumerate(depths, 1):
        filters = min(32 << stage, 512)
        for number in range(1, depth + 1):
            name = f"block{stage}_conv{number}"
            x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=name)(x)
        x = layers.MaxPooling2D(2, strides=2, name=f"block{stage}_pool")(x)
    if not given.include_top:
        return finish(given, image, pool(given, x, None, None))
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(4096, activation="relu", name="fc1")(x)
    x = layers.Dense(4096, activation="relu", name="fc2")(x)
    x = layers.Dense(given.classes, activation=given.classifier_activation, name="predictions")(x)
    return finish(given, image, x)


def preprocess_input(x: Any, data_format: Optional[str] = None) -> Any:
    """Return images in the form VGG was trained on: BGR minus the mean of ImageNet.

    Args:
        x: images, RGB from 0 to 255; see `gm.applications.imagenet_utils.preprocess_input`.
        data_format: `"channels_last"`, `"channels_first"` or None for the configured one.
    """
    return imagenet_utils.preprocess_input(x, data_format, "caffe")


decode_predictions = imagenet_utils.decode_predictions
