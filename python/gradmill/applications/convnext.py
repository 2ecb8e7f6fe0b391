"""ConvNeXt: convolutions arranged as transformers arrange attention (Liu et al. 2022), as Keras has it.

Images are given from 0 to 255; scaling is part of the network unless `include_preprocessing` is False.
"""

from __future__ import annotations

from typing import Any, Optional

from gradmill import initializers, layers, ops, random
from gradmill.applications import imagenet_utils
from gradmill.applications.building import Arguments, application, channel_axis, finish, pool, start
from gradmill.errors import ArgumentError
from gradmill.models import Sequential
from gradmill.serialization import register_serializable

# Blocks and maps of each stage.
_SIZES = {
    "Tiny": ((3, 3, 9, 3), (96, 192, 384, 768)),
    "Small": ((3, 3, 27, 3), (96, 192, 384, 768)),
    "Base": ((3, 3, 27, 3), (128, 256, 512, 1024)),
    "Large": ((3, 3, 27, 3), (192, 384, 768, 1536)),
    "XLarge": ((3, 3, 27, 3), (256, 512, 1024, 2048)),
}
_EPSILON = 1e-6
_FIRST_SCALE = 1e-6
_MEANS = (0.485, 0.456, 0.406)
_DEVIATIONS = (0.229, 0.224, 0.225)
_MORE = "include_preprocessing: whether the network takes images from 0 to 255 and scales them."


@register_serializable("keras.src.applications.convnext")
class StochasticDepth(layers.Layer):
    """Set whole samples to 0 in training and scale the others by `1 / (1 - drop_path_rate)`.

    Args:
        drop_path_rate: share of the samples, at least 0 and below 1.

    Input shape: (batch, ...).

    Output shape: the same.

    Raises:
        ArgumentError: a rate outside 0..1.

    Reference: Huang et al. 2016.

    Example:
    >>> import gradmill as gm
    >>> layer = gm.applications.convnext.StochasticDepth(0.5)
    >>> layer(gm.ops.ones((2, 1))).numpy().tolist()
    [[1.0], [1.0]]
    """

    def __init__(self, drop_path_rate: float, **kwargs: Any):
        super().__init__(**kwargs)
        if not isinstance(drop_path_rate, (int, float)) or not 0 <= drop_path_rate < 1:
            raise ArgumentError(
                f"{self._label}: expected drop_path_rate at least 0 and below 1; received {drop_path_rate!r}"
            )
        self.drop_path_rate = drop_path_rate

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the inputs, without some samples when training."""
        if not training:
            return inputs
        kept = 1 - self.drop_path_rate
        shape = (inputs.shape[0], *(1,) * (len(inputs.shape) - 1))
        return inputs / kept * ops.floor(kept + random.uniform(shape, dtype=self.compute_dtype))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "drop_path_rate": self.drop_path_rate}


@register_serializable("keras.src.applications.convnext")
class LayerScale(layers.Layer):
    """Multiply each feature by a number that is learned.

    Args:
        init_values: what the numbers begin with.
        projection_dim: number of features.

    Input shape: (..., projection_dim).

    Output shape: the same.

    Weights: one number for each feature.

    Reference: Touvron et al. 2021.

    Example:
    >>> import gradmill as gm
    >>> gm.applications.convnext.LayerScale(0.5, 2)([[2.0, 4.0]]).numpy().tolist()
    [[1.0, 2.0]]
    """

    def __init__(self, init_values: float, projection_dim: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.init_values = init_values
        self.projection_dim = projection_dim

    def build(self, input_shape: Any) -> None:
        """Make the weight."""
        self.gamma = self.add_weight(
            shape=(self.projection_dim,), initializer=initializers.Constant(self.init_values), trainable=True
        )

    def call(self, inputs: Any) -> Any:
        """Return the scaled inputs."""
        return inputs * self.gamma

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "init_values": self.init_values, "projection_dim": self.projection_dim}


def _convnext(given: Arguments, size: str, include_preprocessing: bool) -> Any:
    name = given.name
    if channel_axis() == 1:
        raise ArgumentError(
            f'{name}: expected the image data format "channels_last"; received "channels_first"; change it with '
            "gm.config.set_image_data_format"
        )
    image = start(given)
    x = image
    if include_preprocessing and x.shape[-1] == len(_MEANS):
        x = layers.Normalization(
            mean=[255 * mean for mean in _MEANS],
            variance=[(255 * deviation) ** 2 for deviation in _DEVIATIONS],
            name=f"{name}_prestem_normalization",
        )(x)
    depths, widths = _SIZES[size]
    stem = (layers.Conv2D(widths[0], 4, strides=4, name=f"{name}_stem_conv"), _normalization(f"{name}_stem_layernorm"))
    shrinking = [Sequential(stem, name=f"{name}_stem")]
    for number, width in enumerate(widths[1:]):
        halving = (
            _normalization(f"{name}_downsampling_layernorm_{number}"),
            layers.Conv2D(width, 2, strides=2, name=f"{name}_downsampling_conv_{number}"),
        )
        shrinking.append(Sequential(halving, name=f"{name}_downsampling_block_{number}"))
    for stage, (shrink, depth) in enumerate(zip(shrinking, depths)):
        x = shrink(x)
        for number in range(depth):
            x = _block(x, f"{name}_stage_{stage}_block_{number}")
    if not given.include_top:
        return finish(given, image, _normalization()(pool(given, x, None, None)))
    x = layers.GlobalAveragePooling2D(name=f"{name}_head_gap")(x)
    x = _normalization(f"{name}_head_layernorm")(x)
    x = layers.Dense(given.classes, activation=given.classifier_activation, name=f"{name}_head_dense")(x)
    return finish(given, image, x)


def _block(x: Any, name: str) -> Any:
    width = x.shape[-1]
    y = layers.Conv2D(width, 7, padding="same", groups=width, name=f"{name}_depthwise_conv")(x)
    y = _normalization(f"{name}_layernorm")(y)
    y = layers.Dense(4 * width, name=f"{name}_pointwise_conv_1")(y)
    y = layers.Activation("gelu", name=f"{name}_gelu")(y)
    y = layers.Dense(width, name=f"{name}_pointwise_conv_2")(y)
    y = LayerScale(_FIRST_SCALE, width, name=f"{name}_layer_scale")(y)
    return x + layers.Activation("linear", name=f"{name}_identity")(y)


def _normalization(name: Optional[str] = None) -> Any:
    return layers.LayerNormalization(epsilon=_EPSILON, name=name)


def preprocess_input(x: Any, data_format: Optional[str] = None) -> Any:
    """Return the images as they are: scaling is part of these networks.

    Args:
        x: images, RGB from 0 to 255.
        data_format: accepted as the other applications do.
    """
    return x


decode_predictions = imagenet_utils.decode_predictions


@application(more=_MORE)
def ConvNeXtTiny(
    include_top: bool = True,
    include_preprocessing: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "convnext_tiny",
) -> Any:
    """ConvNeXtTiny (Liu et al. 2022): 28,589,128 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _convnext(given, "Tiny", include_preprocessing)


@application(more=_MORE)
def ConvNeXtSmall(
    include_top: bool = True,
    include_preprocessing: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "convnext_small",
) -> Any:
    """ConvNeXtSmall (Liu et al. 2022): 50,223,688 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _convnext(given, "Small", include_preprocessing)


@application(more=_MORE)
def ConvNeXtBase(
    include_top: bool = True,
    include_preprocessing: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "convnext_base",
) -> Any:
    """ConvNeXtBase (Liu et al. 2022): 88,591,464 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _convnext(given, "Base", include_preprocessing)


@application(more=_MORE)
def ConvNeXtLarge(
    include_top: bool = True,
    include_preprocessing: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "convnext_large",
) -> Any:
    """ConvNeXtLarge (Liu et al. 2022): 197,767,336 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _convnext(given, "Large", include_preprocessing)


@application(more=_MORE)
def ConvNeXtXLarge(
    include_top: bool = True,
    include_preprocessing: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "convnext_xlarge",
) -> Any:
    """ConvNeXtXLarge (Liu et al. 2022): 350,196,968 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _convnext(given, "XLarge", include_preprocessing)
