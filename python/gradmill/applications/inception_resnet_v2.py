"""InceptionResNetV2: Inception's parallel convolutions with shortcuts (Szegedy et al. 2016), as Keras has it."""

from __future__ import annotations

from typing import Any, Optional

from gradmill import layers
from gradmill.applications import imagenet_utils
from gradmill.applications.building import Arguments, application, channel_axis, finish, start
from gradmill.applications.inception_v3 import concatenate, convolve, head, mixed, stem
from gradmill.serialization import register_serializable

# Maps and kernel of the convolutions in each branch, and the factor on what is added to the shortcut.
_BLOCKS = {
    "block35": ((((32, 1),), ((32, 1), (32, 3)), ((32, 1), (48, 3), (64, 3))), 0.17),
    "block17": ((((192, 1),), ((128, 1), (160, (1, 7)), (192, (7, 1)))), 0.1),
    "block8": ((((192, 1),), ((192, 1), (224, (1, 3)), (256, (3, 1)))), 0.2),
}


@register_serializable("keras.src.applications.inception_resnet_v2")
class CustomScaleLayer(layers.Layer):
    """Add two inputs, the second one scaled: `inputs[0] + scale * inputs[1]`.

    Args:
        scale: the factor.

    Input shape: two tensors of one shape.

    Output shape: the same.

    Example:
    >>> import gradmill as gm
    >>> layer = gm.applications.inception_resnet_v2.CustomScaleLayer(0.5)
    >>> layer([gm.ops.ones((2,)), gm.ops.ones((2,))]).numpy().tolist()
    [1.5, 1.5]
    """

    def __init__(self, scale: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs: Any) -> Any:
        """Return the sum."""
        return inputs[0] + inputs[1] * self.scale

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "scale": self.scale}


@application(299)
def InceptionResNetV2(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "inception_resnet_v2",
) -> Any:
    """InceptionResNetV2 (Szegedy et al. 2016): 55,873,736 parameters; images of at least 75x75."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    image = start(given, default_size=299, min_size=75)
    x = stem(image)
    x = mixed(x, (((96, 1),), ((48, 1), (64, 5)), ((64, 1), (96, 3), (96, 3))), "mixed_5b", 64)
    for number in range(1, 11):
        x = _block(x, "block35", number)
    x = mixed(x, (((384, 3),), ((256, 1), (256, 3), (384, 3))), "mixed_6a")
    for number in range(1, 21):
        x = _block(x, "block17", number)
    x = mixed(x, (((256, 1), (384, 3)), ((256, 1), (288, 3)), ((256, 1), (288, 3), (320, 3))), "mixed_7a")
    for number in range(1, 10):
        x = _block(x, "block8", number)
    x = _block(x, "block8", 10, last=True)
    x = convolve(x, 1536, 1, name="conv_7b")
    return finish(given, image, head(given, x))


def _block(x: Any, kind: str, number: int, last: bool = False) -> Any:
    branches, scale = _BLOCKS[kind]
    outputs = []
    for steps in branches:
        y = x
        for filters, kernel in steps:
            y = convolve(y, filters, kernel)
        outputs.append(y)
    y = concatenate(outputs, f"{kind}_{number}_mixed")
    y = layers.Conv2D(x.shape[channel_axis()], 1, padding="same", name=f"{kind}_{number}_conv")(y)
    if last:
        return CustomScaleLayer(1.0)([x, y])
    return layers.Activation("relu", name=f"{kind}_{number}_ac")(CustomScaleLayer(scale)([x, y]))


def preprocess_input(x: Any, data_format: Optional[str] = None) -> Any:
    """Return images in the form InceptionResNetV2 was trained on: from -1 to 1.

    Args:
        x: images, RGB from 0 to 255; see `gm.applications.imagenet_utils.preprocess_input`.
        data_format: `"channels_last"`, `"channels_first"` or None for the configured one.
    """
    return imagenet_utils.preprocess_input(x, data_format, "tf")


decode_predictions = imagenet_utils.decode_predictions
