"""`tf.nn`: what networks are made of."""

from __future__ import annotations

import math
from typing import Any, Callable, Optional

from gradmill import ops, random
from gradmill.errors import ArgumentError
from gradmill.tensorflow import math_ops
from gradmill.tensorflow.aliases import alias, aliases

NN: dict[str, Callable] = aliases("""
elu: elu features=x
leaky_relu: leaky_relu features=x alpha=negative_slope
log_softmax: log_softmax logits=x
relu: relu features=x
relu6: relu6 features=x
selu: selu features=x
sigmoid: sigmoid
softmax: softmax logits=x
softplus: softplus features=x
softsign: softsign features=x
silu swish: silu features=x
tanh: tanh
""")


def _layout(data_format: Optional[str], who: str) -> str:
    if data_format is None or data_format.startswith("N") and data_format.endswith("C"):
        return "channels_last"
    if data_format.startswith("NC"):
        return "channels_first"
    raise ArgumentError(f"tf.nn.{who}: expected data_format 'NHWC' or 'NCHW'; received {data_format!r}")


def _spatial(value: Any, layout: str, axes: int, who: str) -> tuple[int, ...]:
    """The spatial entries of `strides`, `ksize` or `dilations`, which may name batch and channels, too."""
    if value is None:
        return (1,) * axes
    values = [int(value)] if isinstance(value, int) else [int(each) for each in value]
    if len(values) == 1:
        values *= axes
    if len(values) == axes + 2:
        outer = (values[0], values[-1 if layout == "channels_last" else 1])
        if outer != (1, 1):
            raise ArgumentError(f"tf.nn.{who}: expected 1 for batch and channels; received {values}")
        values = values[1:-1] if layout == "channels_last" else values[2:]
    if len(values) != axes:
        raise ArgumentError(f"tf.nn.{who}: expected {axes} or {axes + 2} numbers; received {value!r}")
    return tuple(values)


def _padded(x: Any, padding: Any, who: str) -> tuple[Any, str]:
    """(the input with an explicit border, what is left to pad)."""
    if isinstance(padding, str):
        if padding.lower() not in ("same", "valid"):
            raise ArgumentError(f"tf.nn.{who}: expected padding 'SAME', 'VALID' or pairs; received {padding!r}")
        return x, padding.lower()
    return ops.pad(x, [tuple(int(each) for each in pair) for pair in padding]), "valid"


def _convolution(axes: int, who: str) -> Callable:
    def convolve(
        input: Any,
        filters: Any,
        strides: Any = 1,
        padding: Any = "VALID",
        data_format: Optional[str] = None,
        dilations: Any = None,
        name: Any = None,
    ) -> Any:
        layout = _layout(data_format, who)
        x, left = _padded(input, padding, who)
        steps, spread = _spatial(strides, layout, axes, who), _spatial(dilations, layout, axes, who)
        return ops.conv(x, filters, steps, left, layout, spread)

    convolve.__doc__ = f"`tf.nn.{who}`: a convolution over {axes} axes."
    return convolve


def conv2d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: str = "SAME",
    data_format: str = "NHWC",
    dilations: Any = None,
    name: Any = None,
) -> Any:
    """`tf.nn.conv2d_transpose`: the gradient of a convolution as a layer; sizes as `output_shape` says."""
    layout = _layout(data_format, "conv2d_transpose")
    steps = _spatial(strides, layout, 2, "conv2d_transpose")
    first = 1 if layout == "channels_last" else 2
    wanted = [int(size) for size in output_shape][first : first + 2]
    sizes, kernel = ops.shape(input)[first : first + 2], ops.shape(filters)[:2]
    same = padding.lower() == "same"
    # What the output has beyond the sizes that "no output padding" gives.
    extra = [
        want - ((size - 1) * step + (window - 2 * (window // 2) if same else window))
        for want, size, step, window in zip(wanted, sizes, steps, kernel)
    ]
    spread = _spatial(dilations, layout, 2, "conv2d_transpose")
    return ops.conv_transpose(input, filters, steps, padding.lower(), tuple(extra), layout, spread)


def depthwise_conv2d(
    input: Any,
    filter: Any,
    strides: Any,
    padding: Any,
    data_format: Any = None,
    dilations: Any = None,
    name: Any = None,
) -> Any:
    """`tf.nn.depthwise_conv2d`: a convolution of each channel by itself."""
    layout = _layout(data_format, "depthwise_conv2d")
    x, left = _padded(input, padding, "depthwise_conv2d")
    steps = _spatial(strides, layout, 2, "depthwise_conv2d")
    return ops.depthwise_conv(x, filter, steps, left, layout, _spatial(dilations, layout, 2, "depthwise_conv2d"))


def separable_conv2d(
    input: Any,
    depthwise_filter: Any,
    pointwise_filter: Any,
    strides: Any,
    padding: Any,
    data_format: Any = None,
    dilations: Any = None,
    name: Any = None,
) -> Any:
    """`tf.nn.separable_conv2d`: a depthwise convolution and one of single pixels."""
    between = depthwise_conv2d(input, depthwise_filter, strides, padding, data_format, dilations)
    return ops.conv(between, pointwise_filter, 1, "valid", _layout(data_format, "separable_conv2d"))


def _pooling(pool: Callable, axes: int, who: str) -> Callable:
    def pooled(
        input: Any,
        ksize: Any,
        strides: Any,
        padding: Any,
        data_format: Optional[str] = None,
        name: Any = None,
    ) -> Any:
        layout = _layout(data_format, who)
        count = len(ops.shape(input)) - 2 if axes == 0 else axes
        window = _spatial(ksize, layout, count, who)
        return pool(input, window, _spatial(strides, layout, count, who), padding.lower(), layout)

    pooled.__doc__ = f"`tf.nn.{who}`: the {'largest value' if pool is ops.max_pool else 'mean'} of each window."
    return pooled


def bias_add(value: Any, bias: Any, data_format: Optional[str] = None, name: Any = None) -> Any:
    """`tf.nn.bias_add`: a number for each channel added."""
    if _layout(data_format, "bias_add") == "channels_last":
        return ops.add(value, bias)
    return ops.add(value, ops.reshape(bias, (-1, *[1] * (len(ops.shape(value)) - 2))))


def dropout(x: Any, rate: float, noise_shape: Any = None, seed: Any = None, name: Any = None) -> Any:
    """`tf.nn.dropout`: a random share of the values set to 0, the others scaled up."""
    return random.dropout(x, float(rate), noise_shape, seed)


def moments(x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: Any = None) -> Any:
    """`tf.nn.moments`: (mean, variance) over `axes`."""
    return ops.moments(x, axes, keepdims)


def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: float, name: Any = None
) -> Any:
    """`tf.nn.batch_normalization`: (x - mean) / deviation * scale + offset."""
    factor = ops.rsqrt(ops.add(variance, variance_epsilon))
    factor = factor if scale is None else ops.multiply(factor, scale)
    y = ops.multiply(ops.subtract(x, mean), factor)
    return y if offset is None else ops.add(y, offset)


def gelu(features: Any, approximate: bool = False, name: Any = None) -> Any:
    """`tf.nn.gelu`: x times the normal distribution function of x."""
    return ops.gelu(features, approximate)


def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any, name: Any = None) -> Any:
    """`tf.nn.sparse_softmax_cross_entropy_with_logits`: the loss of each example whose label is a number."""
    return ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)


def softmax_cross_entropy_with_logits(labels: Any, logits: Any, axis: int = -1, name: Any = None) -> Any:
    """`tf.nn.softmax_cross_entropy_with_logits`: the loss of each example whose label is a distribution."""
    return ops.categorical_crossentropy(ops.cast(labels, logits.dtype), logits, from_logits=True, axis=axis)


def sigmoid_cross_entropy_with_logits(labels: Any, logits: Any, name: Any = None) -> Any:
    """`tf.nn.sigmoid_cross_entropy_with_logits`: the loss of each value by itself."""
    logits = ops.convert_to_tensor(logits)
    return ops.binary_crossentropy(ops.cast(labels, logits.dtype), logits, from_logits=True)


def weighted_cross_entropy_with_logits(labels: Any, logits: Any, pos_weight: Any, name: Any = None) -> Any:
    """`tf.nn.weighted_cross_entropy_with_logits`: the same with true labels counted `pos_weight` times."""
    positive = ops.multiply(ops.multiply(labels, pos_weight), ops.softplus(ops.negative(logits)))
    return ops.add(positive, ops.multiply(ops.subtract(1.0, labels), ops.softplus(logits)))


def l2_loss(t: Any, name: Any = None) -> Any:
    """`tf.nn.l2_loss`: half the sum of squares."""
    return ops.multiply(ops.sum(ops.square(t)), 0.5)


def embedding_lookup(params: Any, ids: Any, max_norm: Any = None, name: Any = None) -> Any:
    """`tf.nn.embedding_lookup`: rows of a table."""
    if max_norm is not None:
        raise ArgumentError(f"tf.nn.embedding_lookup: expected max_norm None; received {max_norm!r}; use a constraint")
    return ops.take(params, ids, 0)


def nce_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    name: Any = None,
) -> Any:
    """`tf.nn.nce_loss`: noise-contrastive estimation with one true class, noise drawn log-uniformly.

    Reference:
        Gutmann and Hyvärinen 2010.
    """
    if num_true != 1:
        raise ArgumentError(f"tf.nn.nce_loss: expected num_true 1; received {num_true}")
    width = math.log(num_classes + 1.0)
    draw = random.uniform((num_sampled,))
    noise = ops.clip(ops.cast(ops.exp(draw * width), "int64") - 1, 0, num_classes - 1)

    def logits(classes: Any) -> tuple[Any, Any]:
        """Rows and offsets: log of how often a class is expected in the draw is taken off."""
        number = ops.cast(classes, "float32")
        expected = num_sampled / width * ops.log((number + 2.0) / (number + 1.0))
        return ops.take(weights, classes, 0), ops.subtract(ops.take(biases, classes, 0), ops.log(expected))

    true_rows, true_offset = logits(ops.reshape(ops.cast(labels, "int64"), (-1,)))
    noise_rows, noise_offset = logits(noise)
    true_logits = ops.add(ops.sum(ops.multiply(inputs, true_rows), -1), true_offset)
    noise_logits = ops.add(ops.matmul(inputs, ops.transpose(noise_rows)), noise_offset)
    return ops.add(ops.softplus(ops.negative(true_logits)), ops.sum(ops.softplus(noise_logits), -1))


NN.update(
    (each.__name__, each)
    for each in (
        batch_normalization, bias_add, conv2d_transpose, depthwise_conv2d, dropout, embedding_lookup, gelu, l2_loss,
        moments, nce_loss, separable_conv2d, sigmoid_cross_entropy_with_logits, softmax_cross_entropy_with_logits,
        sparse_softmax_cross_entropy_with_logits, weighted_cross_entropy_with_logits,
    )
)  # fmt: skip
for _axes in (1, 2, 3):
    _conv = _convolution(_axes, f"conv{_axes}d")
    NN[f"conv{_axes}d"] = alias(_conv, "stride=strides") if _axes == 1 else _conv
    NN[f"max_pool{_axes}d"] = _pooling(ops.max_pool, _axes, f"max_pool{_axes}d")
    NN[f"avg_pool{_axes}d"] = _pooling(ops.average_pool, _axes, f"avg_pool{_axes}d")
NN["max_pool"] = _pooling(ops.max_pool, 0, "max_pool")
NN["avg_pool"] = _pooling(ops.average_pool, 0, "avg_pool")
for _shared in ("in_top_k", "l2_normalize", "top_k", "zero_fraction"):
    NN[_shared] = math_ops.MATH[_shared]
