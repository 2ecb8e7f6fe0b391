"""Further functions of `tf.keras.backend`: labels without places, products of batches, updates, borders."""

from __future__ import annotations

from typing import Any, Callable, Optional, Sequence

from gradmill import config, layers, ops, random
from gradmill.errors import ArgumentError
from gradmill.tensorflow.dtype_names import as_dtype
from gradmill.variable import Variable


def ctc_batch_cost(y_true: Any, y_pred: Any, input_length: Any, label_length: Any) -> Any:
    """`K.ctc_batch_cost`: minus the logarithms of the probabilities of labels; the last class stands for no label.

    Args:
        y_true: (batch, labels) integers.
        y_pred: (batch, steps, classes) probabilities.
        input_length: (batch, 1): how many steps count.
        label_length: (batch, 1): how many labels count.

    Returns:
        (batch, 1) floats.
    """
    labels, steps = (ops.cast(ops.squeeze(each, -1), "int32") for each in (label_length, input_length))
    logits = ops.log(y_pred + config.epsilon())
    loss = ops.ctc_loss(ops.cast(y_true, "int32"), logits, labels, steps, mask_index=y_pred.shape[-1] - 1)
    return ops.expand_dims(loss, 1)


def ctc_decode(
    y_pred: Any, input_length: Any, greedy: bool = True, beam_width: int = 100, top_paths: int = 1
) -> tuple[list, Any]:
    """`K.ctc_decode`: the most probable labels; the last class stands for no label.

    Args:
        y_pred: (batch, steps, classes) probabilities.
        input_length: (batch,): how many steps count.
        greedy: whether to take the best class of each step rather than to search.
        beam_width: how many beginnings the search keeps.
        top_paths: how many labelings the search returns.

    Returns:
        (list of labels (batch, steps) with -1 behind them, scores (batch, top_paths)).
    """
    logits = ops.log(y_pred + config.epsilon())
    how: dict[str, Any] = {"strategy": "greedy"}
    if not greedy:
        how = {"strategy": "beam_search", "beam_width": beam_width, "top_paths": top_paths}
    labels, scores = ops.ctc_decode(logits, ops.cast(input_length, "int32"), **how, mask_index=None)
    return [ops.cast(each, "int64") for each in ops.unstack(labels)], scores


def batch_dot(x: Any, y: Any, axes: Any = None) -> Any:
    """`K.batch_dot`: products of the examples of two batches, summed along one axis of each.

    Args:
        x: (batch, ...).
        y: (batch, ...).
        axes: the axis in both, or a pair; the last of x and the last but one of y (of matrices: the last) if None.
    """
    if axes is None:
        axes = (len(x.shape) - 1, max(len(y.shape) - 2, 1))
    return layers.Dot(axes)([x, y])


def batch_set_value(tuples: Sequence[tuple]) -> None:
    """`K.batch_set_value`: assign to several variables."""
    for variable, value in tuples:
        variable.assign(value)


def batch_normalization(
    x: Any, mean: Any, var: Any, beta: Any, gamma: Any, axis: int = -1, epsilon: float = 1e-3
) -> Any:
    """`K.batch_normalization`: normalized values for a mean and a variance, scaled and shifted."""
    return ops.batch_normalization(x, mean, var, axis, beta, gamma, epsilon)


def _is_channels_first(data_format: Optional[str]) -> bool:
    return (data_format or config.image_data_format()) == "channels_first"


def bias_add(x: Any, bias: Any, data_format: Optional[str] = None) -> Any:
    """`K.bias_add`: one number more for each channel."""
    ones = [1] * (len(x.shape) - 2) if _is_channels_first(data_format) else []
    return ops.add(x, ops.reshape(bias, [-1, *ones]))


def update(x: Any, new_x: Any) -> Any:
    """`K.update`: give a variable another value."""
    x.assign(new_x)
    return x


def update_add(x: Any, increment: Any) -> Any:
    """`K.update_add`: add to a variable."""
    x.assign_add(increment)
    return x


def update_sub(x: Any, decrement: Any) -> Any:
    """`K.update_sub`: subtract from a variable."""
    x.assign_sub(decrement)
    return x


def moving_average_update(x: Any, value: Any, momentum: float) -> Any:
    """`K.moving_average_update`: move a variable towards a value."""
    return update(x, x * momentum + value * (1 - momentum))


def temporal_padding(x: Any, padding: Sequence[int] = (1, 1)) -> Any:
    """`K.temporal_padding`: zeros before and behind the steps of sequences."""
    return ops.pad(x, [(0, 0), tuple(padding), (0, 0)])


def spatial_2d_padding(
    x: Any, padding: Sequence[Sequence[int]] = ((1, 1), (1, 1)), data_format: Optional[str] = None
) -> Any:
    """`K.spatial_2d_padding`: zeros around images."""
    around = [tuple(each) for each in padding]
    channels_first = _is_channels_first(data_format)
    return ops.pad(x, [(0, 0), (0, 0), *around] if channels_first else [(0, 0), *around, (0, 0)])


def resize_images(
    x: Any, height_factor: int, width_factor: int, data_format: str, interpolation: str = "nearest"
) -> Any:
    """`K.resize_images`: images that many times as high and wide."""
    rows, columns = x.shape[2:] if data_format == "channels_first" else x.shape[1:3]
    if None in (rows, columns):
        raise ArgumentError(f"K.resize_images: expected images of known size; received shape {x.shape}")
    size = (int(rows) * height_factor, int(columns) * width_factor)
    return ops.image.resize(x, size, interpolation, data_format=data_format)


def count_params(x: Any) -> int:
    """`K.count_params`: the number of values."""
    return int(ops.size(x))


def dtype(x: Any) -> str:
    """`K.dtype`: the name of the dtype."""
    return str(getattr(x.dtype, "name", x.dtype))


def eye(size: int, dtype: Any = None, name: Any = None) -> Any:
    """`K.eye`: a variable that holds the identity matrix."""
    return Variable(ops.eye(size, dtype=as_dtype(dtype or config.floatx())), name=name)


def repeat(x: Any, n: int) -> Any:
    """`K.repeat`: each example n times along a new axis 1."""
    return ops.repeat(ops.expand_dims(x, 1), n, 1)


def in_top_k(predictions: Any, targets: Any, k: int) -> Any:
    """`K.in_top_k`: whether each target is among the k largest predictions of its row."""
    return ops.in_top_k(targets, predictions, k)


def map_fn(fn: Callable, elems: Any, name: Any = None, dtype: Any = None) -> Any:
    """`K.map_fn`: a function of each part along the first axis."""
    return ops.map(fn, elems)


def random_bernoulli(shape: Any, p: float = 0.0, dtype: Any = None, seed: Any = None) -> Any:
    """`K.random_bernoulli`: ones with probability p, zeros otherwise."""
    return ops.cast(random.uniform(shape, seed=seed) <= p, as_dtype(dtype or config.floatx()))


def truncated_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """`K.truncated_normal`: draws from the normal distribution that lie within two standard deviations."""
    return random.truncated_normal(shape, mean, stddev, dtype, seed)


FURTHER = {each.__name__: each for each in (
    batch_dot, batch_normalization, batch_set_value, bias_add, count_params, ctc_batch_cost, ctc_decode, dtype, eye,
    in_top_k, map_fn, moving_average_update, random_bernoulli, repeat, resize_images, spatial_2d_padding,
    temporal_padding, truncated_normal, update, update_add, update_sub,
)}  # fmt: skip
