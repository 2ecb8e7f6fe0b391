"""Rows for sampling one axis at other places."""

import numpy as np
from case import case, normal


def triangle(x):
    return np.maximum(0.0, 1.0 - x)


def keys(x):
    near, far = (1.5 * x - 2.5) * x * x + 1.0, ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))


def lanczos(radius):
    return lambda x: np.where(x <= radius, np.sinc(x) * np.sinc(x / radius), 0.0)


FILTERS = {"bilinear": triangle, "bicubic": keys, "lanczos3": lanczos(3), "lanczos5": lanczos(5)}


def matrix(size, input_size, method, antialias):
    """Weights (size, input_size) of every element in every place."""
    scale = input_size / size
    if method == "nearest":
        return np.eye(input_size)[np.floor((np.arange(size) + 0.5) * scale).astype(int)]
    centres = (np.arange(size) + 0.5) * scale - 0.5
    distance = np.abs(centres[:, None] - np.arange(input_size)[None, :])
    weights = FILTERS[method](distance / (max(scale, 1.0) if antialias else 1.0))
    return weights / weights.sum(axis=1, keepdims=True)


def np_resample(x, axis=1, size=1, method="bilinear", antialias=False):
    return np.moveaxis(np.tensordot(matrix(size, x.shape[axis], method, antialias), x, (1, axis)), 0, axis)


def np_resample_gradient(dy, axis=1, size=1, method="bilinear", antialias=False, input_size=1):
    return np.moveaxis(np.tensordot(matrix(size, input_size, method, antialias).T, dy, (1, axis)), 0, axis)


METHODS = ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"]
for given, size in ((5, 8), (7, 3), (4, 4), (1, 5), (6, 1), (3, 12)):
    case("resample", x=normal(2, given, 3), size=size, axis=1, method=METHODS, antialias=[False, True],
         reference=np_resample, sum_length=12)
    case("resample_gradient", dy=normal(2, size, 3), size=size, input_size=given, axis=1, method=METHODS,
         antialias=[False, True], reference=np_resample_gradient, sum_length=12)
case("resample", x=normal(3, 5), size=4, axis=[0, 1, -1], reference=np_resample)
case("resample", x=normal(2, 28, 28, 17), size=100, axis=[1, 2], reference=np_resample, large=True, sum_length=28)
case("resample", x=normal(300, 400), size=90, axis=[0, 1], antialias=True, method=["bilinear", "lanczos3"],
     reference=np_resample, large=True, sum_length=30)
case("resample_gradient", dy=normal(2, 50, 56, 19), size=56, input_size=23, axis=2, method=["bilinear", "nearest"],
     reference=np_resample_gradient, large=True, sum_length=28)
case("resample", x=normal(2, 5), size=3, axis=1, reference=np_resample, dtypes=("float16", "bfloat16"), gradient=False)
case("resample", x=normal(0, 5), size=3, axis=1, reference=np_resample, gradient=False)
