"""Further names of `tf.nn`: convolutions of any rank, normalization across channels, losses of several devices."""

from __future__ import annotations

from typing import Any, Optional

from gradmill import ops
from gradmill.errors import ArgumentError, ShapeError
from gradmill.tensorflow.nn_ops import NN, _layout, _spatial


def convolution(
    input: Any,
    filters: Any,
    strides: Any = None,
    padding: str = "VALID",
    data_format: Optional[str] = None,
    dilations: Any = None,
    name: Any = None,
) -> Any:
    """`tf.nn.convolution`: a convolution over 1 to 3 axes."""
    axes = len(ops.shape(filters)) - 2
    if axes not in (1, 2, 3):
        raise ShapeError(f"tf.nn.convolution: expected filters of 3 to 5 axes; received {axes + 2}")
    return NN[f"conv{axes}d"](input, filters, 1 if strides is None else strides, padding, data_format, dilations)


def conv1d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: str = "SAME",
    data_format: str = "NWC",
    dilations: Any = None,
    name: Any = None,
) -> Any:
    """`tf.nn.conv1d_transpose`: as `tf.nn.conv2d_transpose` along one axis."""
    if _layout(data_format, "conv1d_transpose") == "channels_first":
        raise ArgumentError("tf.nn.conv1d_transpose: expected data_format 'NWC'; received 'NCW'; transpose the input")
    step = _spatial(strides, "channels_last", 1, "conv1d_transpose")[0]
    batch, length, channels = (int(size) for size in output_shape)
    x, kernel = ops.expand_dims(input, 1), ops.expand_dims(filters, 0)
    y = NN["conv2d_transpose"](x, kernel, (batch, 1, length, channels), (1, step), padding)
    return ops.squeeze(y, 1)


def pool(
    input: Any,
    window_shape: Any,
    pooling_type: str,
    strides: Any = None,
    padding: str = "VALID",
    data_format: Optional[str] = None,
    dilations: Any = None,
    name: Any = None,
) -> Any:
    """`tf.nn.pool`: the largest value or the mean of each window."""
    kinds = {"MAX": "max_pool", "AVG": "avg_pool"}
    if str(pooling_type).upper() not in kinds:
        raise ArgumentError(f"tf.nn.pool: expected pooling_type 'MAX' or 'AVG'; received {pooling_type!r}")
    if dilations is not None and set(_spatial(dilations, "channels_last", len(ops.shape(input)) - 2, "pool")) != {1}:
        raise ArgumentError(f"tf.nn.pool: expected no dilations; received {dilations!r}")
    steps = 1 if strides is None else strides
    return NN[kinds[pooling_type.upper()]](input, window_shape, steps, padding, data_format)


def depth_to_space(input: Any, block_size: int, data_format: str = "NHWC", name: Any = None) -> Any:
    """`tf.nn.depth_to_space`: channels as blocks of pixels."""
    return ops.depth_to_space(input, int(block_size), _layout(data_format, "depth_to_space"))


def space_to_depth(input: Any, block_size: int, data_format: str = "NHWC", name: Any = None) -> Any:
    """`tf.nn.space_to_depth`: blocks of pixels as channels."""
    return ops.space_to_depth(input, int(block_size), _layout(data_format, "space_to_depth"))


def local_response_normalization(
    input: Any, depth_radius: int = 5, bias: float = 1, alpha: float = 1, beta: float = 0.5, name: Any = None
) -> Any:
    """`tf.nn.local_response_normalization`: values divided by a power of the squares in near channels.

    Reference:
        Krizhevsky et al. 2012.
    """
    x = ops.convert_to_tensor(input)
    radius, channels = int(depth_radius), x.shape[-1]
    squares = ops.pad(ops.square(x), [(0, 0)] * (x.ndim - 1) + [(radius, radius)])
    total = squares[..., :channels]
    for shift in range(1, 2 * radius + 1):
        total = ops.add(total, squares[..., shift : shift + channels])
    return ops.divide(x, ops.power(ops.add(ops.multiply(total, alpha), bias), beta))


def crelu(features: Any, axis: int = -1, name: Any = None) -> Any:
    """`tf.nn.crelu`: relu of the values, and behind it relu of their negatives."""
    return ops.relu(ops.concatenate([features, ops.negative(features)], axis))


def log_poisson_loss(targets: Any, log_input: Any, compute_full_loss: bool = False, name: Any = None) -> Any:
    """`tf.nn.log_poisson_loss`: minus the log-likelihood of counts, but for a constant; exp(log_input) is expected."""
    if compute_full_loss:
        raise ArgumentError("tf.nn.log_poisson_loss: expected compute_full_loss=False; received True")
    return ops.subtract(ops.exp(log_input), ops.multiply(log_input, targets))


def ctc_loss(
    labels: Any,
    logits: Any,
    label_length: Any,
    logit_length: Any,
    logits_time_major: bool = True,
    unique: Any = None,
    blank_index: Optional[int] = None,
    name: Any = None,
) -> Any:
    """`tf.nn.ctc_loss`: minus the log-probability of labels (batch, labels), wherever they stand.

    Args:
        labels: dense; those of a SparseTensor go through tf.sparse.to_dense.
        logits: (steps, batch, classes), or (batch, steps, classes) without logits_time_major.
        label_length, logit_length: of each example.
        logits_time_major, unique, name: as said; the latter two change nothing.
        blank_index: the class that means no label, 0 by default; negative ones count from the end.
    """
    logits = ops.swapaxes(logits, 0, 1) if logits_time_major else ops.convert_to_tensor(logits)
    blank = int(blank_index or 0) % logits.shape[-1]
    return ops.ctc_loss(labels, logits, label_length, logit_length, blank)


def compute_average_loss(
    per_example_loss: Any, sample_weight: Any = None, global_batch_size: Any = None, name: Any = None
) -> Any:
    """`tf.nn.compute_average_loss`: the sum of losses, divided by the number of examples on all devices."""
    losses = ops.convert_to_tensor(per_example_loss)
    if sample_weight is not None:
        losses = ops.multiply(losses, sample_weight)
    count = (losses.shape[0] if losses.ndim else 1) if global_batch_size is None else global_batch_size
    return ops.divide(ops.sum(losses), ops.cast(count, losses.dtype))


def scale_regularization_loss(regularization_loss: Any) -> Any:
    """`tf.nn.scale_regularization_loss`: the sum of losses, divided by the number of devices: one."""
    return ops.sum(regularization_loss)


NN.update(
    (each.__name__, each)
    for each in (
        compute_average_loss, conv1d_transpose, convolution, crelu, ctc_loss, depth_to_space,
        local_response_normalization, log_poisson_loss, pool, scale_regularization_loss, space_to_depth,
    )
)  # fmt: skip
NN["lrn"] = local_response_normalization
