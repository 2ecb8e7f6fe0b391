"""SqueezeNet: 1x1 convolutions that squeeze before 1x1 and 3x3 ones expand (Iandola et al. 2016), as in torchvision.

Layers have the names of torch's modules.
"""

from __future__ import annotations

from typing import Any, Optional, Sequence

from gradmill import initializers, layers
from gradmill.applications import resnet18
from gradmill.applications.building import Arguments, application, channel_axis, finish, image_sizes, pool, start

# Maps after squeezing and in each half of the expansion; None is a pooling.
_MODULES_1_0 = ((16, 64), (16, 64), (32, 128), None, (32, 128), (48, 192), (48, 192), (64, 256), None, (64, 256))
_MODULES_1_1 = ((16, 64), (16, 64), None, (32, 128), (32, 128), None, (48, 192), (48, 192), (64, 256), (64, 256))


@application(torch=True)
def SqueezeNet1_0(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "squeezenet1_0",
) -> Any:
    """SqueezeNet 1.0 (Iandola et al. 2016), as in torchvision: 1,248,424 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _squeezenet(given, 96, 7, _MODULES_1_0)


@application(torch=True)
def SqueezeNet1_1(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "squeezenet1_1",
) -> Any:
    """SqueezeNet 1.1 (Iandola et al. 2016), as in torchvision: 1,235,496 parameters and a third of the work of 1.0.

    Example:
        >>> import gradmill as gm
        >>> gm.applications.SqueezeNet1_1(input_shape=(64, 64, 3)).count_params()
        1235496
    """
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _squeezenet(given, 64, 3, _MODULES_1_1)


def _squeezenet(given: Arguments, filters: int, kernel: int, modules: Sequence[Any]) -> Any:
    image = start(given, fixed=False)
    x = layers.Conv2D(filters, kernel, strides=2, kernel_initializer="he_uniform", name="features.0")(image)
    x = layers.ReLU(name="features.1")(x)
    x = _pool_whole(x, "features.2")
    for place, module in enumerate(modules, 3):
        x = _pool_whole(x, f"features.{place}") if module is None else _fire(x, f"features.{place}", *module)
    if not given.include_top:
        return finish(given, image, pool(given, x), {})
    x = layers.Dropout(0.5, name="classifier.0")(x)
    scaling = initializers.RandomNormal(stddev=0.01)
    x = layers.Conv2D(given.classes, 1, kernel_initializer=scaling, name="classifier.1")(x)
    x = layers.ReLU(name="classifier.2")(x)
    x = layers.GlobalAveragePooling2D(name="classifier.3")(x)
    if given.classifier_activation is not None:
        x = layers.Activation(given.classifier_activation, name="predictions")(x)
    return finish(given, image, x, {})


def _pool_whole(x: Any, name: str) -> Any:
    """Return maxima over 3x3 with stride 2, in which the last, partial window counts (torch's ceil_mode)."""
    odd = [size is not None and size % 2 == 1 for size in image_sizes(x)]
    if None in image_sizes(x) or len(set(odd)) == 2:
        # Nothing is below zero here, so a row of zeros changes no maximum.
        x = layers.ZeroPadding2D(((0, 0 if odd[0] else 1), (0, 0 if odd[1] else 1)), name=f"{name}.pad")(x)
        odd = [True, True]
    return layers.MaxPooling2D(3, strides=2, padding="valid" if odd[0] else "same", name=name)(x)


def _fire(x: Any, name: str, squeezed: int, expanded: int) -> Any:
    x = _convolve(x, squeezed, 1, f"{name}.squeeze")
    halves = [_convolve(x, expanded, size, f"{name}.expand{size}x{size}") for size in (1, 3)]
    return layers.Concatenate(axis=channel_axis(), name=name)(halves)


def _convolve(x: Any, filters: int, kernel: int, name: str) -> Any:
    x = layers.Conv2D(filters, kernel, padding="same", kernel_initializer="he_uniform", name=name)(x)
    return layers.ReLU(name=f"{name}_activation")(x)


preprocess_input = resnet18.preprocess_input
decode_predictions = resnet18.decode_predictions
