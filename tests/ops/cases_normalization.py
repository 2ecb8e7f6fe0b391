"""Rows for softmax, its logarithm and normalizations."""

import numpy as np
from case import case, integers, normal, uniform, values

NAN, INF = float("nan"), float("inf")


def np_softmax(x, axis=-1):
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def np_log_softmax(x, axis=-1):
    shifted = x - np.max(x, axis=axis, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


for op, formula in {"softmax": np_softmax, "log_softmax": np_log_softmax}.items():
    case(op, x=normal(2, 3, 17), axis=[0, 1, -1], reference=formula)
    case(op, x=normal(5), reference=formula)
    case(op, x=normal(4, 1), axis=[0, 1], reference=formula)
    # Rows that fill one vector, two vectors, more; and the borders of blocks of columns.
    for length in (2, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100):
        case(op, x=normal(3, length), axis=[0, 1], reference=formula, large=True)
    case(op, x=normal(2, 5, 70), axis=1, reference=formula, large=True)
    case(op, x=normal(2, 5000, scale=3), axis=[0, 1], reference=formula, sum_length=5000, large=True)
    case(op, x=normal(300, 40, scale=20), axis=[0, 1], reference=formula, large=True)
    case(op, x=values([[1000.0, 999.0, -1000.0], [-1e30, 1e30, 0.0], [-INF, 0.0, 1.0]]), reference=formula,
         gradient=False)
    case(op, x=values([[NAN, 1.0, 2.0], [INF, 1.0, 2.0], [-INF, -INF, -INF]]), axis=[0, 1], reference=formula,
         gradient=False)
    case(op, x=normal(3, 6), axis=[0, 1], reference=formula, dtypes=("float16", "bfloat16"), gradient=False)
    case(op, x=normal(0, 3), axis=[0, 1], reference=lambda x, axis: x, gradient=False)
    case(op, x=integers(-3, 3, 2, 4), reference=lambda x, f=formula: f(x).astype(np.float32), dtypes=("float32",),
         gradient=False)


def np_batch_norm_training(x, scale, offset, epsilon=1e-3):
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axis=axes), x.var(axis=axes)
    return (x - mean) / np.sqrt(variance + epsilon) * scale + offset, mean, variance


for shape in ((6, 3), (2, 3, 4), (2, 5, 4, 7), (1, 2, 3, 2, 4)):
    case("batch_norm_training", x=normal(*shape), scale=normal(shape[-1]), offset=normal(shape[-1]),
         epsilon=[1e-3, 0.1], reference=np_batch_norm_training, sum_length=64)
case("batch_norm_training", x=normal(300, 70, 5), scale=normal(5), offset=normal(5), reference=np_batch_norm_training,
     sum_length=300, large=True)
case("batch_norm_training", x=normal(70000, 2), scale=normal(2), offset=normal(2), reference=np_batch_norm_training,
     sum_length=1000, large=True)
# A variance that squares would lose: mean 1,000 with deviations of 1.
shifted = np.random.default_rng(3).normal(size=(512, 3)).astype("float32") + 1000
case("batch_norm_training", x=values(shifted), scale=normal(3), offset=normal(3), reference=np_batch_norm_training,
     gradient=False, dtypes=("float32",), sum_length=4000)


def np_channel_moments(x):
    axes = tuple(range(x.ndim - 1))
    return x.mean(axis=axes), x.var(axis=axes)


def np_channel_products(dy, x, center):
    axes = tuple(range(x.ndim - 1))
    return dy.sum(axis=axes), (dy * (x - center)).sum(axis=axes)


for shape in ((6, 3), (1, 5), (2, 5, 4, 7), (3, 1, 2, 16), (70, 33)):
    case("channel_moments", x=normal(*shape), reference=np_channel_moments, sum_length=64)
    case("channel_products", dy=normal(*shape), x=normal(*shape), center=normal(shape[-1]),
         reference=np_channel_products, sum_length=64)
# Several pieces, the last one short; a variance that squares would lose.
case("channel_moments", x=normal(5000, 24), reference=np_channel_moments, sum_length=5000, large=True)
case("channel_products", dy=normal(5000, 24), x=normal(5000, 24), center=normal(24), reference=np_channel_products,
     sum_length=5000, large=True)
case("channel_moments", x=values(shifted), reference=np_channel_moments, gradient=False, dtypes=("float32",),
     sum_length=4000)


def np_layer_norm(x, scale, offset, epsilon=1e-3, centred=True):
    mean = x.mean(axis=-1) if centred else np.zeros(x.shape[:-1])
    inverse = 1 / np.sqrt(np.mean((x - mean[..., None]) ** 2, axis=-1) + epsilon)
    return (x - mean[..., None]) * inverse[..., None] * scale + offset, mean, inverse


def np_layer_norm_backward(dy, x, scale, mean, inverse, epsilon=1e-3, centred=True):
    """The chain rule, with mean and inverse as functions of x."""
    normal, arrives = (x - mean[..., None]) * inverse[..., None], dy * scale
    dx = arrives - normal * np.mean(arrives * normal, axis=-1, keepdims=True)
    dx = dx - np.mean(arrives, axis=-1, keepdims=True) if centred else dx
    rows = tuple(range(x.ndim - 1))
    return dx * inverse[..., None], (dy * normal).sum(axis=rows), dy.sum(axis=rows)


# One number, parts of vectors, several vectors, many units of rows; rows whose squares would lose their variance.
for shape in ((1,), (5,), (3, 1), (2, 3, 8), (7, 19), (2, 2, 3, 40)):
    inputs = {"x": normal(*shape), "scale": normal(shape[-1])}
    case("layer_norm", **inputs, offset=normal(shape[-1]), epsilon=[1e-3, 0.5], centred=[True, False], through=1,
         reference=np_layer_norm, sum_length=32)
    numbers = {"mean": normal(*shape[:-1]), "inverse": uniform(0.5, 2.0, *shape[:-1])}
    case("layer_norm_backward", dy=normal(*shape), **inputs, **numbers, centred=[True, False],
         reference=np_layer_norm_backward, sum_length=64)
case("layer_norm", x=normal(3000, 70), scale=normal(70), offset=normal(70), reference=np_layer_norm, sum_length=70,
     large=True)
case("layer_norm_backward", dy=normal(3000, 70), x=normal(3000, 70), scale=normal(70), mean=normal(3000),
     inverse=uniform(0.5, 2.0, 3000), reference=np_layer_norm_backward, sum_length=3000, large=True)
case("layer_norm", x=values(shifted.T.copy()), scale=normal(512), offset=normal(512), reference=np_layer_norm,
     gradient=False, dtypes=("float32",), sum_length=4000)
