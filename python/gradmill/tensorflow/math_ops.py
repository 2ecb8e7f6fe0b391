"""`tf.math`: elementwise functions and reductions."""

from __future__ import annotations

from typing import Any, Callable, Optional, Sequence

import numpy as np

from gradmill import _core, ops
from gradmill.errors import ArgumentError
from gradmill.tensorflow.aliases import aliases
from gradmill.tensorflow.dtype_names import as_dtype
from gradmill.tensorflow.known_values import of_known_sizes
from gradmill.utils.text_values import as_text, is_text

# In tf and in tf.math.
COMMON: dict[str, Callable] = aliases("""
abs: abs
acos: arccos
acosh: arccosh
add: add x=x1 y=x2
asin: arcsin
asinh: arcsinh
atan: arctan
atan2: arctan2 y=x1 x=x2
atanh: arctanh
cos: cos
cosh: cosh
divide: divide x=x1 y=x2
exp: exp
floor: floor
greater: greater x=x1 y=x2
greater_equal: greater_equal x=x1 y=x2
less: less x=x1 y=x2
less_equal: less_equal x=x1 y=x2
logical_and: logical_and x=x1 y=x2
logical_not: logical_not
logical_or: logical_or x=x1 y=x2
maximum: maximum x=x1 y=x2
minimum: minimum x=x1 y=x2
multiply: multiply x=x1 y=x2
negative: negative
pow: power x=x1 y=x2
reduce_all: all input_tensor=x
reduce_any: any input_tensor=x
reduce_logsumexp: logsumexp input_tensor=x
reduce_max: max input_tensor=x
reduce_min: min input_tensor=x
reduce_prod: prod input_tensor=x
reduce_sum: sum input_tensor=x
round: round
sigmoid: sigmoid
sign: sign
sin: sin
sinh: sinh
sqrt: sqrt
square: square
subtract: subtract x=x1 y=x2
tan: tan
tanh: tanh
truediv: true_divide x=x1 y=x2
""")

# In tf.math only.
MATH: dict[str, Callable] = aliases("""
ceil: ceil
divide_no_nan: divide_no_nan x=x1 y=x2
erf: erf
erfinv: erfinv
expm1: expm1
floordiv: floor_divide x=x1 y=x2
floormod mod: mod x=x1 y=x2
is_finite: isfinite
is_inf: isinf
is_nan: isnan
log: log
log1p: log1p
log_sigmoid: log_sigmoid
logical_xor: logical_xor x=x1 y=x2
reciprocal: reciprocal
reduce_std: std input_tensor=x
reduce_variance: var input_tensor=x
rsqrt: rsqrt
softplus: softplus features=x
softsign: softsign features=x
""")


def reduce_mean(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None) -> Any:
    """`tf.reduce_mean`: the mean over `axis`; of integers, an integer."""
    x = input_tensor if hasattr(input_tensor, "dtype") else ops.convert_to_tensor(input_tensor)
    mean = ops.mean(x, axis, keepdims)
    return mean if "float" in str(x.dtype) else ops.cast(mean, str(x.dtype))


def equal(x: Any, y: Any, name: Any = None) -> Any:
    """`tf.equal`: whether values are equal, also those of text."""
    if is_text(x) or is_text(y):
        return _core.tensor((np.asarray(as_text(x), object) == np.asarray(as_text(y), object)).astype(bool))
    return ops.equal(x, y)


def not_equal(x: Any, y: Any, name: Any = None) -> Any:
    """`tf.not_equal`: whether values differ, also those of text."""
    return ops.logical_not(equal(x, y)) if is_text(x) or is_text(y) else ops.not_equal(x, y)


def squared_difference(x: Any, y: Any, name: Any = None) -> Any:
    """`tf.math.squared_difference`: (x - y)²."""
    return ops.square(ops.subtract(x, y))


def multiply_no_nan(x: Any, y: Any, name: Any = None) -> Any:
    """`tf.math.multiply_no_nan`: x * y, and 0 where y is 0."""
    return ops.where(ops.equal(y, 0), ops.zeros_like(x), ops.multiply(x, y))


def unless_zero(compute: Callable, x: Any, y: Any) -> Any:
    """Return `compute(x, y)`, and 0 where x is 0, whatever y is there; gradients stay finite.

    Args:
        compute: function of two tensors that is finite where y is 1.
        x, y: numbers.
    """
    zero = ops.equal(x, 0)
    return ops.where(zero, ops.zeros_like(x), compute(x, ops.where(zero, ops.ones_like(y), y)))


def xlogy(x: Any, y: Any, name: Any = None) -> Any:
    """`tf.math.xlogy`: x * log(y), and 0 where x is 0."""
    return unless_zero(lambda x, y: ops.multiply(x, ops.log(y)), x, y)


def add_n(inputs: Sequence[Any], name: Any = None) -> Any:
    """`tf.add_n`: the sum of tensors."""
    total = ops.convert_to_tensor(inputs[0])
    for each in inputs[1:]:
        total = ops.add(total, each)
    return total


def _index(function: Callable, x: Any, axis: Optional[int], output_type: Any) -> Any:
    return ops.cast(function(x, 0 if axis is None else axis), as_dtype(output_type))


def argmax(input: Any, axis: Optional[int] = None, output_type: Any = "int64", name: Any = None) -> Any:
    """`tf.argmax`: position of the largest value along `axis`, 0 by default."""
    return _index(ops.argmax, input, axis, output_type)


def argmin(input: Any, axis: Optional[int] = None, output_type: Any = "int64", name: Any = None) -> Any:
    """`tf.argmin`: position of the smallest value along `axis`, 0 by default."""
    return _index(ops.argmin, input, axis, output_type)


def cumsum(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False, name: Any = None) -> Any:
    """`tf.cumsum`: sums of all values up to each one."""
    x = ops.convert_to_tensor(x)
    summed = ops.flip(ops.cumsum(ops.flip(x, axis), axis), axis) if reverse else ops.cumsum(x, axis)
    return ops.subtract(summed, x) if exclusive else summed


def cumprod(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False, name: Any = None) -> Any:
    """`tf.math.cumprod`: products of all values up to each one."""
    x = ops.convert_to_tensor(x)
    axis = int(axis) % max(x.ndim, 1)
    if reverse:
        return ops.flip(cumprod(ops.flip(x, axis), axis, exclusive), axis)
    return ops.cumprod(moved_on(x, axis, 1) if exclusive else x, axis)


def moved_on(x: Any, axis: int, first: float) -> Any:
    """Return the values along an axis moved by one place, with another one in front and without the last.

    Args:
        x: a tensor.
        axis: which axis.
        first: what comes in front.
    """
    axis = int(axis) % max(x.ndim, 1)
    if not x.shape[axis]:
        return x
    before = x[tuple(slice(0, -1) if i == axis else slice(None) for i in range(axis + 1))]
    front = ops.full([1 if i == axis else size for i, size in enumerate(x.shape)], first, x.dtype)
    return ops.concatenate([front, before], axis)


def polyval(coeffs: Sequence[Any], x: Any, name: Any = None) -> Any:
    """`tf.math.polyval`: the polynomial with these coefficients, that of the highest power first."""
    if not isinstance(coeffs, (list, tuple)):
        raise ArgumentError(f"tf.math.polyval: expected a list of coefficients; received {type(coeffs).__name__}")
    x = ops.convert_to_tensor(x)
    value = ops.zeros_like(x)
    for coefficient in coeffs:
        value = ops.add(ops.multiply(value, x), coefficient)
    return value


def histogram_fixed_width_bins(
    values: Any, value_range: Any, nbins: int = 100, dtype: Any = "int32", name: Any = None
) -> Any:
    """`tf.histogram_fixed_width_bins`: the part of a range that holds each value; the ends take all beyond."""
    values = ops.convert_to_tensor(values)
    low, high = (ops.cast(value_range[end], values.dtype) for end in (0, 1))
    share = ops.divide(ops.subtract(values, low), ops.subtract(high, low))
    return ops.cast(ops.clip(ops.floor(ops.multiply(share, float(nbins))), 0, nbins - 1), as_dtype(dtype))


def histogram_fixed_width(
    values: Any, value_range: Any, nbins: int = 100, dtype: Any = "int32", name: Any = None
) -> Any:
    """`tf.histogram_fixed_width`: how many values fall in each of equal parts of a range; the ends take all beyond."""
    bins = ops.reshape(histogram_fixed_width_bins(values, value_range, nbins), (-1,))
    return ops.segment_sum(ops.ones_like(bins, dtype=as_dtype(dtype)), bins, int(nbins))


def count_nonzero(input: Any, axis: Any = None, keepdims: bool = False, dtype: Any = "int64", name: Any = None) -> Any:
    """`tf.math.count_nonzero`: how many values are not 0."""
    return ops.sum(ops.cast(ops.not_equal(input, 0), as_dtype(dtype)), axis, keepdims)


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: Any = None) -> Any:
    """`tf.clip_by_value`: values moved into the range."""
    return ops.clip(t, clip_value_min, clip_value_max)


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: Any = None) -> Any:
    """`tf.clip_by_norm`: the tensor scaled so that its norm is at most `clip_norm`."""
    norm = ops.sqrt(ops.sum(ops.square(t), axes, keepdims=True))
    return ops.multiply(t, ops.divide(clip_norm, ops.maximum(norm, clip_norm)))


def global_norm(t_list: Sequence[Any], name: Any = None) -> Any:
    """`tf.linalg.global_norm`: the norm of all values of several tensors; None entries count nothing."""
    return ops.sqrt(add_n([ops.sum(ops.square(each)) for each in t_list if each is not None]))


def clip_by_global_norm(t_list: Sequence[Any], clip_norm: Any, use_norm: Any = None, name: Any = None) -> Any:
    """`tf.clip_by_global_norm`: (the tensors scaled so that their common norm is at most `clip_norm`, that norm)."""
    norm = global_norm(t_list) if use_norm is None else use_norm
    scale = ops.divide(clip_norm, ops.maximum(norm, clip_norm))
    return [None if each is None else ops.multiply(each, scale) for each in t_list], norm


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: Any = None) -> Any:
    """`tf.math.l2_normalize`: x divided by its norm over `axis`, all axes by default."""
    total = ops.sum(ops.square(x), axis, keepdims=True)
    return ops.multiply(x, ops.rsqrt(ops.maximum(total, epsilon)))


def bincount(arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None, dtype: Any = "int32") -> Any:
    """`tf.math.bincount`: how often each integer from 0 occurs, or the sums of its weights."""
    arr = ops.reshape(ops.convert_to_tensor(arr), (-1,))
    length = max(int(ops.max(arr)) + 1 if arr.size else 0, int(minlength or 0))
    length = length if maxlength is None else min(length, int(maxlength))
    values = ops.one_hot(arr, length, dtype="float64" if weights is None else ops.convert_to_tensor(weights).dtype)
    if weights is not None:
        return ops.sum(values * ops.reshape(weights, (-1, 1)), 0)
    return ops.cast(ops.sum(values, 0), as_dtype(dtype))


def confusion_matrix(
    labels: Any, predictions: Any, num_classes: Any = None, weights: Any = None, dtype: Any = "int32", name: Any = None
) -> Any:
    """`tf.math.confusion_matrix`: counts of (label, prediction) pairs, labels in rows."""
    labels, predictions = ops.reshape(labels, (-1,)), ops.reshape(predictions, (-1,))
    if num_classes is None:
        num_classes = int(ops.maximum(ops.max(labels), ops.max(predictions))) + 1
    rows = ops.one_hot(labels, int(num_classes), dtype="float64")
    if weights is not None:
        rows = rows * ops.reshape(weights, (-1, 1))
    columns = ops.one_hot(predictions, int(num_classes), dtype="float64")
    return ops.cast(_core.matmul(ops.transpose(rows), columns), as_dtype(dtype))


def accumulate_n(inputs: Sequence[Any], shape: Any = None, tensor_dtype: Any = None, name: Any = None) -> Any:
    """`tf.math.accumulate_n`: the sum of tensors."""
    return add_n(inputs)


def top_k(input: Any, k: int = 1, sorted: bool = True, index_type: Any = "int32", name: Any = None) -> Any:
    """`tf.math.top_k`: (the k largest values along the last axis, their positions)."""
    return ops.top_k(input, int(k), sorted)


def in_top_k(targets: Any, predictions: Any, k: int, name: Any = None) -> Any:
    """`tf.math.in_top_k`: whether each target is among the k largest predictions of its row."""
    return ops.in_top_k(targets, predictions, int(k))


def zero_fraction(value: Any, name: Any = None) -> Any:
    """`tf.math.zero_fraction`: the share of values that are 0."""
    return ops.mean(ops.cast(ops.equal(value, 0), "float32"))


for _function in (add_n, argmax, argmin, cumsum, equal, not_equal, reduce_mean):
    COMMON[_function.__name__] = _function
for _further in (
    accumulate_n, bincount, confusion_matrix, count_nonzero, cumprod, in_top_k, l2_normalize, multiply_no_nan, polyval,
    squared_difference, top_k, xlogy, zero_fraction,
):  # fmt: skip
    MATH[_further.__name__] = _further
# Reached from tf alone.
HISTOGRAMS: dict[str, Callable] = {each.__name__: each for each in (histogram_fixed_width, histogram_fixed_width_bins)}
CLIPS: dict[str, Callable] = {each.__name__: each for each in (clip_by_value, clip_by_norm, clip_by_global_norm)}
# What is computed of sizes, which are known while a function is traced.
for _table, _names in (
    (COMMON, "abs add add_n cumsum maximum minimum multiply negative pow reduce_max reduce_min reduce_prod reduce_sum"),
    (COMMON, "sign square subtract"),
    (MATH, "cumprod floordiv floormod mod"),
):
    for _name in _names.split():
        _table[_name] = of_known_sizes(_table[_name])
