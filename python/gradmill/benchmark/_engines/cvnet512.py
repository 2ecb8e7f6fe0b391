"""The network, loss and metrics of `examples/cvnet512.py`, for GradMill and for Keras: both are passed as `keras`.

An encoder-decoder network for grey images (20,886,706 parameters at full width), with the layers of CV-net benchmark
512, a public benchmark: https://github.com/tkshirakawa/benchmark_TensorFlow_macOS.
"""

from typing import Any, Callable, Tuple

# Maps of the five encoder blocks, the two deepest layers, and the six decoder blocks.
ENCODER = (8, 16, 32, 128, 512)
DEEPEST = (1024, 2048)
DECODER = (512, 384, 160, 56, 24, 24)
MOMENTUM = 0.95


def build(keras: Any, side: int = 512, width: float = 1.0, dropout: bool = True) -> Any:
    """The network for images (side, side, 1).

    Args:
        keras: GradMill or Keras.
        side: height and width: 512, or 256 or 128 for trials, whose two deepest layers have smaller kernels.
        width: factor on the number of maps.
        dropout: whether the dropout layers are there.
    """
    layers = keras.layers
    if side not in (128, 256, 512):
        raise ValueError(f"cvnet512: expected a side of 128, 256 or 512 pixels; received {side}")
    # Without padding these take off half of what the encoder left, which the decoder's first block gives back.
    deepest_kernel = side // 128 + 1

    def scaled(maps: int) -> int:
        return max(1, round(maps * width))

    def finish(x: Any, rate: float) -> Any:
        x = layers.BatchNormalization(momentum=MOMENTUM)(x)
        x = layers.LeakyReLU(negative_slope=0.2)(x)
        return layers.Dropout(rate)(x) if rate and dropout else x

    def convolve(x: Any, maps: int, kernel: int, padding: str = "valid", **options: Any) -> Any:
        return layers.Conv2D(
            scaled(maps), kernel, padding=padding, kernel_initializer="he_uniform", use_bias=False, **options
        )(x)

    def separable(x: Any, maps: int, kernel: int, padding: str) -> Any:
        return layers.SeparableConv2D(
            scaled(maps),
            kernel,
            padding=padding,
            depthwise_initializer="he_uniform",
            pointwise_initializer="he_uniform",
            use_bias=False,
        )(x)

    def transposed(x: Any, maps: int, padding: str = "valid") -> Any:
        return layers.Conv2DTranspose(
            scaled(maps), 3, padding=padding, kernel_initializer="he_uniform", use_bias=False
        )(x)

    image = keras.Input((side, side, 1), name="image")
    x = layers.Conv2D(scaled(8), 3, padding="same", use_bias=False)(image)
    x = layers.Activation("sigmoid")(layers.BatchNormalization(momentum=MOMENTUM)(x))
    skips = [x]
    for maps in ENCODER:
        # Half the size: a valid convolution with stride 2 leaves one row and one column less, which are put in front.
        x = layers.ZeroPadding2D(((1, 0), (1, 0)))(convolve(x, maps, 3, strides=2))
        x = finish(x, 0.25)
        narrow = finish(convolve(x, maps, 1), 0.5)
        x = layers.Concatenate()([narrow, finish(separable(x, maps, 5, "same"), 0.5)])
        skips.append(x)
    for maps in DEEPEST:
        x = finish(separable(x, maps, deepest_kernel, "valid"), 0.25)
    for maps, skip in zip(DECODER, reversed(skips)):
        x = layers.UpSampling2D(interpolation="bilinear")(x)
        x = finish(transposed(x, maps, "same"), 0.25)
        x = layers.Concatenate()([x, skip])
    x = finish(convolve(x, 32, 3), 0)
    x = finish(transposed(x, 16), 0)
    x = layers.Concatenate()([x, image])
    x = layers.Conv2D(1, 1)(x)
    return keras.Model(image, layers.Activation("sigmoid", dtype="float32", name="mask")(x), name="cvnet512")


def objectives(keras: Any) -> Tuple[Callable[[Any, Any], Any], ...]:
    """The loss and the two metrics, functions of masks and predictions (batch, height, width, channels).

    Each gives one value a picture: the mean over the channels whose mask is not empty, 0 where all are.

    Args:
        keras: GradMill or Keras.

    Raises:
        ValueError: from the functions, masks whose shape is not that of the predictions.

    Returns:
        loss (the squared error over the union, and 1 - IoU^2), iou, dice.
    """
    ops = keras.ops

    def clipped(y_true: Any, y_pred: Any) -> Tuple[Any, Any]:
        # TensorFlow may not know all sizes of a batch, Keras says None for these.
        sizes = zip(y_true.shape[1:], y_pred.shape[1:])
        if len(y_true.shape) != len(y_pred.shape) or any(a != b for a, b in sizes if a is not None and b is not None):
            raise ValueError(
                f"cvnet512: expected masks of the shape of the predictions, {tuple(y_pred.shape)}; received "
                f"{tuple(y_true.shape)}; resize the masks, or give them an axis for their channels"
            )
        return ops.clip(ops.cast(y_true, y_pred.dtype), 0, 1), ops.clip(y_pred, 0, 1)

    def areas(true: Any, pred: Any) -> Tuple[Any, Any, Any]:
        """The union, the sum of both areas, and 1 where there is a mask: (batch, channels)."""
        union = ops.sum(ops.clip(true + pred, 0, 1), axis=(1, 2))
        both = ops.sum(true, axis=(1, 2)) + ops.sum(pred, axis=(1, 2))
        return union, both, ops.max(true, axis=(1, 2))

    def mean(values: Any, exists: Any) -> Any:
        return ops.divide_no_nan(ops.sum(values * exists, axis=-1), ops.sum(exists, axis=-1))

    def loss(y_true: Any, y_pred: Any) -> Any:
        true, pred = clipped(y_true, y_pred)
        union, both, exists = areas(true, pred)
        error = ops.divide_no_nan(ops.sum(ops.square(pred - true), axis=(1, 2)), union)
        overlap = ops.divide_no_nan(both - union, union)
        return mean(error + 1.0 - ops.square(overlap), exists)

    def iou(y_true: Any, y_pred: Any) -> Any:
        union, both, exists = areas(*clipped(y_true, y_pred))
        return mean(ops.divide_no_nan(both - union, union), exists)

    def dice(y_true: Any, y_pred: Any) -> Any:
        union, both, exists = areas(*clipped(y_true, y_pred))
        return mean(ops.divide_no_nan(2.0 * (both - union), both), exists)

    return loss, iou, dice
