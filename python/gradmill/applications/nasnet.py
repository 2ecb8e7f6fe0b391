"""NASNet: cells of separable convolutions and pooling, found by search (Zoph et al. 2017), as Keras has it."""

from __future__ import annotations

from typing import Any, Optional

from gradmill import layers
from gradmill.applications import imagenet_utils
from gradmill.applications.building import (
    Arguments,
    application,
    channel_axis,
    even_padding,
    finish,
    image_sizes,
    pool,
    start,
)
from gradmill.errors import ShapeError


@application(224)
def NASNetMobile(
    input_shape: Any = None,
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "nasnet_mobile",
) -> Any:
    """NASNet for small devices (Zoph et al. 2017): 5,326,716 parameters; sizes are fixed without the head too."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _nasnet(given, 224, 44, 4, 32, skip_reduction=False)


@application(331)
def NASNetLarge(
    input_shape: Any = None,
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    pooling: Optional[str] = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: Optional[str] = "nasnet_large",
) -> Any:
    """Large NASNet (Zoph et al. 2017): 88,949,818 parameters; sizes are fixed without the head too."""
    given = Arguments(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _nasnet(given, 331, 168, 6, 96, skip_reduction=True)


def _nasnet(given: Arguments, size: int, filters: int, repeats: int, stem: int, skip_reduction: bool) -> Any:
    """Build the network.

    Args:
        given: the arguments.
        size: default height and width.
        filters: maps of the first cells.
        repeats: cells in each of three stages.
        stem: maps of the first convolution.
        skip_reduction: whether the cell behind one that halves the size sees what is before that one, and before its
            input.
    """
    if given.input_shape is None:
        shape = (3, size, size) if channel_axis() == 1 else (size, size, 3)
        given = Arguments(**{**vars(given), "input_shape": shape})
    image = start(given, default_size=size)
    if None in image_sizes(image):
        # How cells are joined depends on whether a size is odd.
        raise ShapeError(f"{given.name}: expected images of a fixed size; received {image.shape[1:]}; give a size")
    x = _convolve(image, stem, "stem_conv1", kernel=3, strides=2, padding="valid")
    x = _normalize(x, "stem_bn1")
    x, before = _halving_cell(x, None, filters // 4, "stem_1")
    x, before = _halving_cell(x, before, filters // 2, "stem_2")
    for stage in range(3):
        if stage > 0:
            x, skipped = _halving_cell(x, before, filters << stage, f"reduce_{repeats * stage}")
            before = before if skip_reduction else skipped
        for number in range(repeats):
            cell = f"{repeats * stage + number + (stage > 0)}"
            x, before = _normal_cell(x, before, filters << stage, cell)
    x = layers.Activation("relu")(x)
    if not given.include_top:
        return finish(given, image, pool(given, x, None, None))
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(given.classes, activation=given.classifier_activation, name="predictions")(x)
    return finish(given, image, x)


def _normal_cell(x: Any, before: Any, filters: int, cell: str) -> tuple:
    """Return the maps of a cell that keeps the size, and its input.

    Args:
        x: maps of the last cell.
        before: maps of the cell before that.
        filters: maps of each part.
        cell: what names of the layers end with.
    """
    p = _adjust(before, x, filters, cell)
    h = _squeeze(x, filters, "normal", cell)
    parts = [
        (_separable(h, filters, 5, f"normal_left1_{cell}"), _separable(p, filters, 3, f"normal_right1_{cell}")),
        (_separable(p, filters, 5, f"normal_left2_{cell}"), _separable(p, filters, 3, f"normal_right2_{cell}")),
        (_average(h, f"normal_left3_{cell}"), p),
        (_average(p, f"normal_left4_{cell}"), _average(p, f"normal_right4_{cell}")),
        (_separable(h, filters, 3, f"normal_left5_{cell}"), h),
    ]
    sums = [layers.Add(name=f"normal_add_{number}_{cell}")(list(part)) for number, part in enumerate(parts, 1)]
    return _concatenate([p, *sums], f"normal_concat_{cell}"), x


def _halving_cell(x: Any, before: Any, filters: int, cell: str) -> tuple:
    """Return the maps of a cell that halves the size, and its input.

    Args:
        x: maps of the last cell.
        before: maps of the cell before that, None for the first.
        filters: maps of each part.
        cell: what names of the layers end with.
    """
    p = x if before is None else _adjust(before, x, filters, cell)
    h = _squeeze(x, filters, "reduction", cell)
    padded = layers.ZeroPadding2D(even_padding(h, 3), name=f"reduction_pad_1_{cell}")(h)

    def named(kind: str, part: str) -> Any:
        return getattr(layers, kind)(3, strides=2, padding="valid", name=f"reduction_{part}_{cell}")(padded)

    left = _separable(h, filters, 5, f"reduction_left1_{cell}", strides=2)
    right = _separable(p, filters, 7, f"reduction_right1_{cell}", strides=2)
    first = layers.Add(name=f"reduction_add_1_{cell}")([left, right])
    left = named("MaxPooling2D", "left2")
    right = _separable(p, filters, 7, f"reduction_right2_{cell}", strides=2)
    second = layers.Add(name=f"reduction_add_2_{cell}")([left, right])
    left = named("AveragePooling2D", "left3")
    right = _separable(p, filters, 5, f"reduction_right3_{cell}", strides=2)
    third = layers.Add(name=f"reduction_add3_{cell}")([left, right])
    fourth = layers.Add()([second, _average(first, f"reduction_left4_{cell}")])
    left = _separable(first, filters, 3, f"reduction_left4_{cell}")
    fifth = layers.Add(name=f"reduction_add4_{cell}")([left, named("MaxPooling2D", "right5")])
    return _concatenate([second, third, fourth, fifth], f"reduction_concat_{cell}"), x


def _adjust(p: Any, x: Any, filters: int, cell: str) -> Any:
    """Return the maps of an earlier cell in the size of `x`, as many as are wanted."""
    if p.shape[2] != x.shape[2]:
        p = layers.Activation("relu", name=f"adjust_relu_1_{cell}")(p)
        # Every second pixel, and every second of those between them.
        even = layers.AveragePooling2D(1, strides=2, padding="valid", name=f"adjust_avg_pool_1_{cell}")(p)
        even = _convolve(even, filters // 2, f"adjust_conv_1_{cell}")
        odd = layers.Cropping2D(((1, 0), (1, 0)))(layers.ZeroPadding2D(((0, 1), (0, 1)))(p))
        odd = layers.AveragePooling2D(1, strides=2, padding="valid", name=f"adjust_avg_pool_2_{cell}")(odd)
        odd = _convolve(odd, filters // 2, f"adjust_conv_2_{cell}")
        return _normalize(_concatenate([even, odd]), f"adjust_bn_{cell}")
    if p.shape[channel_axis()] != filters:
        p = _convolve(layers.Activation("relu")(p), filters, f"adjust_conv_projection_{cell}")
        return _normalize(p, f"adjust_bn_{cell}")
    return p


def _squeeze(x: Any, filters: int, kind: str, cell: str) -> Any:
    x = _convolve(layers.Activation("relu")(x), filters, f"{kind}_conv_1_{cell}")
    return _normalize(x, f"{kind}_bn_1_{cell}")


def _separable(x: Any, filters: int, kernel: int, name: str, strides: int = 1) -> Any:
    """Convolve twice, the first time with strides."""
    for number in (1, 2):
        x = layers.Activation("relu")(x)
        if strides == 2:
            x = layers.ZeroPadding2D(even_padding(x, kernel), name=f"separable_conv_{number}_pad_{name}")(x)
        x = layers.SeparableConv2D(
            filters,
            kernel,
            strides=strides,
            padding="same" if strides == 1 else "valid",
            use_bias=False,
            name=f"separable_conv_{number}_{name}",
        )(x)
        x = _normalize(x, f"separable_conv_{number}_bn_{name}")
        strides = 1
    return x


def _average(x: Any, name: str) -> Any:
    return layers.AveragePooling2D(3, strides=1, padding="same", name=name)(x)


def _convolve(x: Any, filters: int, name: str, kernel: int = 1, strides: int = 1, padding: str = "same") -> Any:
    return layers.Conv2D(
        filters, kernel, strides=strides, padding=padding, use_bias=False, kernel_initializer="he_normal", name=name
    )(x)


def _concatenate(inputs: list, name: Optional[str] = None) -> Any:
    return layers.Concatenate(axis=1 if channel_axis() == 1 else -1, name=name)(inputs)


def _normalize(x: Any, name: str) -> Any:
    axis = 1 if channel_axis() == 1 else -1
    return layers.BatchNormalization(axis=axis, momentum=0.9997, epsilon=1e-3, name=name)(x)


def preprocess_input(x: Any, data_format: Optional[str] = None) -> Any:
    """Return images in the form NASNet was trained on: from -1 to 1.

    Args:
        x: images, RGB from 0 to 255; see `gm.applications.imagenet_utils.preprocess_input`.
        data_format: `"channels_last"`, `"channels_first"` or None for the configured one.
    """
    return imagenet_utils.preprocess_input(x, data_format, "tf")


decode_predictions = imagenet_utils.decode_predictions
