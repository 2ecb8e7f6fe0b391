"""AlexNet in the form of Krizhevsky (2014, "one weird trick"), as torchvision has it.

Layers have the names of torch's modules. This form has no local response normalization.
"""

from __future__ import annotations

from typing import Any, Optional

from gradmill import layers
from gradmill.applications import resnet18
from gradmill.applications.building import Arguments, application, channel_axis, finish, image_sizes, pool, start
from gradmill.applications.resnet18 import torch_bias, torch_dense, torch_scaling

# Place among the modules, maps, kernel; a pooling stands after the first, second and last.
_CONVOLUTIONS = ((0, 64, 11), (3, 192, 5), (6, 384, 3), (8, 256, 3), (10, 256, 3))
_POOLED = (0, 3, 10)
_GRID = 6


@application(torch=True)
def AlexNet(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "alexnet",
) -> Any:
    """AlexNet (Krizhevsky 2014), as in torchvision: 61,100,840 parameters."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    x = image = start(given, min_size=63)
    for place, filters, kernel in _CONVOLUTIONS:
        fan_in = x.shape[channel_axis()] * kernel * kernel
        if place == 0:
            x = layers.ZeroPadding2D(2, name="features.0.pad")(x)
        x = layers.Conv2D(
            filters,
            kernel,
            strides=4 if place == 0 else 1,
            padding="valid" if place == 0 else "same",
            kernel_initializer=torch_scaling(),
            bias_initializer=torch_bias(fan_in),
            name=f"features.{place}",
        )(x)
        x = layers.ReLU(name=f"features.{place + 1}")(x)
        if place in _POOLED:
            x = layers.MaxPooling2D(3, strides=2, name=f"features.{place + 2}")(x)
    if not given.include_top:
        return finish(given, image, pool(given, x), {})
    if image_sizes(x) != (_GRID, _GRID):
        x = layers.AdaptiveAveragePooling2D(_GRID, name="avgpool")(x)
    shape = (_GRID, _GRID, x.shape[channel_axis()])
    x = layers.Flatten(name="flatten")(x)
    for place in (1, 4):
        x = layers.Dropout(0.5, name=f"classifier.{place - 1}")(x)
        x = torch_dense(x, 4096, None, f"classifier.{place}")
        x = layers.ReLU(name=f"classifier.{place + 1}")(x)
    x = torch_dense(x, given.classes, given.classifier_activation, "classifier.6")
    return finish(given, image, x, {"classifier.1": shape})


preprocess_input = resnet18.preprocess_input
decode_predictions = resnet18.decode_predictions
