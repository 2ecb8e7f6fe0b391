"""Rows for maxima and means over windows, and their gradients."""

import itertools

import numpy as np
from case import case, distinct, normal, values

NAN, INF = float("nan"), float("inf")


def windows(x, window, strides, padding_low, padding_high, border):
    """The window of every place, in order, and where it begins in the padded array."""
    axes = x.ndim - 2
    strides = strides or (1,) * axes
    low, high = padding_low or (0,) * axes, padding_high or (0,) * axes
    padded = np.pad(x, [(0, 0), *zip(low, high), (0, 0)], constant_values=border)
    counts = [(padded.shape[i + 1] - window[i]) // strides[i] + 1 for i in range(axes)]
    for place in itertools.product(*map(range, counts)):
        starts = [p * s for p, s in zip(place, strides)]
        part = tuple(slice(a, a + w) for a, w in zip(starts, window))
        yield place, part, padded[(slice(None), *part)], low, counts


def np_max_pool(x, window, strides=(), padding_low=(), padding_high=()):
    y = None
    for place, _, part, _, counts in windows(x, window, strides, padding_low, padding_high, -INF):
        y = np.zeros((x.shape[0], *counts, x.shape[-1]), x.dtype) if y is None else y
        y[(slice(None), *place)] = part.max(axis=tuple(range(1, x.ndim - 1)))
    return y


def np_average_pool(x, window, strides=(), padding_low=(), padding_high=(), count_include_padding=False):
    y, border = None, 0.0 if count_include_padding else NAN
    for place, _, part, _, counts in windows(x, window, strides, padding_low, padding_high, border):
        y = np.zeros((x.shape[0], *counts, x.shape[-1]), x.dtype) if y is None else y
        y[(slice(None), *place)] = np.nanmean(part, axis=tuple(range(1, x.ndim - 1)))
    return y


def unpadded(total, low, sizes):
    return total[(slice(None), *(slice(a, a + size) for a, size in zip(low, sizes)))]


def np_max_pool_gradient(x, y, dy, window, strides=(), padding_low=(), padding_high=()):
    axes = x.ndim - 2
    low, high = padding_low or (0,) * axes, padding_high or (0,) * axes
    total = np.zeros_like(np.pad(x, [(0, 0), *zip(low, high), (0, 0)]))
    for place, part, elements, _, _ in windows(x, window, strides, padding_low, padding_high, -INF):
        flat = elements.reshape(x.shape[0], -1, x.shape[-1])
        first = (flat >= y[(slice(None), *place)][:, None, :]).argmax(axis=1)
        chosen = np.arange(flat.shape[1])[None, :, None] == first[:, None, :]
        total[(slice(None), *part)] += (chosen * dy[(slice(None), *place)][:, None, :]).reshape(elements.shape)
    return unpadded(total, low, x.shape[1:-1])


def np_average_pool_gradient(
    dy, window, strides=(), padding_low=(), padding_high=(), count_include_padding=False, input_size=()
):
    axes = dy.ndim - 2
    low, high = padding_low or (0,) * axes, padding_high or (0,) * axes
    ones = np.ones((dy.shape[0], *input_size, dy.shape[-1]))
    total = np.zeros_like(np.pad(ones, [(0, 0), *zip(low, high), (0, 0)]))
    inside = np.pad(ones, [(0, 0), *zip(low, high), (0, 0)])
    for place, part, elements, _, _ in windows(ones, window, strides, padding_low, padding_high, 0.0):
        count = elements[0, ..., 0].size if count_include_padding else elements[0, ..., 0].sum()
        total[(slice(None), *part)] += (dy[(slice(None), *place)] / count).reshape(
            dy.shape[0], *[1] * axes, dy.shape[-1]
        ) * inside[(slice(None), *part)]
    return unpadded(total, low, input_size)


def with_maxima(shape, **attributes):
    """x with its maxima and a dy, as the gradient gets them."""
    generator = np.random.default_rng(sum(shape))
    # Few different numbers, so that windows have several maxima.
    x = generator.integers(-3, 3, shape) * 0.5
    y = np_max_pool(x, **attributes)
    return {"x": values(x), "y": values(y), "dy": values(generator.normal(size=y.shape))}


SETTINGS = [
    # shape, window, strides, low, high
    ((2, 6, 3), (2,), (2,), (), ()),
    ((2, 7, 3), (3,), (1,), (1,), (2,)),
    ((2, 5, 6, 3), (2, 2), (2, 2), (), ()),
    ((2, 5, 6, 9), (3, 3), (2, 2), (0, 1), (1, 1)),
    ((1, 4, 5, 8), (3, 3), (1, 1), (1, 1), (1, 1)),
    ((1, 7, 5, 2), (2, 1), (3, 2), (), ()),
    ((1, 9, 9, 1), (3, 2), (3, 2), (1, 0), (1, 1)),
    ((1, 3, 4, 5, 2), (2, 2, 2), (1, 2, 2), (0, 1, 0), (1, 0, 1)),
]
BIG = [
    # Blocks of dx along the first axis, more than one vector of channels, partial vectors.
    ((2, 65, 33, 67), (3, 3), (2, 2), (1, 1), (1, 1)),
    ((1, 64, 64, 64), (2, 2), (2, 2), (), ()),
    ((1, 200, 7, 40), (3, 3), (1, 1), (1, 1), (1, 1)),
    # Windows of more places than are kept in a list.
    ((1, 12, 12, 5), (9, 9), (1, 1), (), ()),
    ((1, 70000, 1), (4,), (3,), (1,), (1,)),
    ((2, 5, 20, 20, 17), (3, 3, 3), (2, 2, 2), (1, 1, 1), (1, 1, 1)),
]
for settings in SETTINGS + BIG:
    shape, window, strides, low, high = settings
    given = {"window": window, "strides": strides, "padding_low": low, "padding_high": high}
    large = settings in BIG
    case("max_pool", x=distinct(*shape), reference=np_max_pool, large=large, exact=True, **given)
    case("average_pool", x=normal(*shape), count_include_padding=[False, True], reference=np_average_pool, large=large,
         sum_length=int(np.prod(window)), **given)
    pooled = np_max_pool(np.zeros(shape), **given).shape
    case("average_pool_gradient", dy=normal(*pooled), count_include_padding=[False, True], input_size=shape[1:-1],
         reference=np_average_pool_gradient, large=large, sum_length=int(np.prod(window)), **given)
    case("max_pool_gradient", reference=np_max_pool_gradient, gradient=False, large=large,
         sum_length=int(np.prod(window)), **with_maxima(shape, **given), **given)
x = np.arange(24.0).reshape(1, 4, 6, 1)[:, ::-1] % 7
case("max_pool_gradient", x=values(x), y=values(np_max_pool(x, (2, 2), (2, 2))), dy=normal(1, 2, 3, 1), window=(2, 2),
     strides=(2, 2), reference=np_max_pool_gradient, gradient=False)
case("max_pool", x=normal(2, 5, 3), window=(2,), reference=np_max_pool, dtypes=("float16", "bfloat16"), gradient=False)
case("max_pool", x=values([[[NAN], [1.0], [2.0], [NAN], [-INF], [-INF], [INF]]]), window=(2,), reference=np_max_pool,
     gradient=False)
case("max_pool", x=normal(0, 4, 3), window=(2,), reference=lambda x, window: np.zeros((0, 3, 3)), gradient=False)
case("average_pool", x=normal(2, 4, 0), window=(2,), reference=lambda x, window: np.zeros((2, 3, 0)), gradient=False)
