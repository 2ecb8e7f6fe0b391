"""Rows for sampling one axis at other places."""

import numpy as np
from case import case, normal, values


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


def folded(i, size, fill_mode):
    """Where place i of an endless axis comes from; -1 for the constant."""
    if fill_mode == "constant":
        return np.where((i >= 0) & (i < size), i, -1)
    width = {"nearest": 40, "wrap": 40 * size, "mirror": 40 * max(size - 1, 1), "reflect": 40 * size}[fill_mode]
    modes = {"nearest": "edge", "wrap": "wrap", "mirror": "reflect", "reflect": "symmetric"}
    return np.pad(np.arange(size), width, mode=modes[fill_mode])[i + width]


def np_affine_sample(images, transform, height=1, width=1, method="bilinear", fill_mode="constant", fill_value=0.0):
    batch, rows, columns, channels = images.shape
    result = np.zeros((batch, height, width, channels))
    y, x = np.mgrid[:height, :width]
    for n, (a0, a1, a2, b0, b1, b2) in enumerate(transform):
        column, row = a0 * x + a1 * y + a2, b0 * x + b1 * y + b2

        def pixel(i, j, n=n):
            i = folded(i.astype(int), rows, fill_mode)
            j = folded(j.astype(int), columns, fill_mode)
            return np.where(((i < 0) | (j < 0))[..., None], fill_value, images[n][i, j])

        if method == "nearest":
            result[n] = pixel(np.floor(row + 0.5), np.floor(column + 0.5))
            continue
        i, j = np.floor(row), np.floor(column)
        down, right = (row - i)[..., None], (column - j)[..., None]
        upper = pixel(i, j) * (1 - right) + pixel(i, j + 1) * right
        lower = pixel(i + 1, j) * (1 - right) + pixel(i + 1, j + 1) * right
        result[n] = upper * (1 - down) + lower * down
    return result


def np_affine_sample_gradient(dy, transform, height=1, width=1, **settings):
    """The adjoint, from what the op does to every unit image."""
    dx = np.zeros((dy.shape[0], height, width, dy.shape[3]))
    for i in range(height):
        for j in range(width):
            unit = np.zeros((dy.shape[0], height, width, 1))
            unit[:, i, j] = 1
            seen = np_affine_sample(unit, transform, dy.shape[1], dy.shape[2], **settings)
            dx[:, i, j] = (seen * dy).sum(axis=(1, 2))
    return dx


def np_affine_sample_transform_gradient(images, transform, dy, height=1, width=1, method="bilinear", **settings):
    found = np.zeros((len(images), 6))
    for k in range(6) if method == "bilinear" else ():
        step = np.zeros(6)
        step[k] = 1e-6
        ahead, behind = (
            np_affine_sample(images, transform + s, height, width, method, **settings) for s in (step, -step)
        )
        found[:, k] = ((ahead - behind) * dy).sum(axis=(1, 2, 3)) / 2e-6
    return found


FILLS = ["constant", "nearest", "wrap", "mirror", "reflect"]
TURNED = [[0.83, -0.31, 1.37, 0.27, 1.13, -2.21], [1.41, 0.17, -3.3, -0.52, 0.77, 4.4]]
for shape in ((2, 5, 6, 3), (2, 4, 3, 1), (2, 1, 2, 4)):
    case("affine_sample", images=normal(*shape), transform=values(TURNED), height=7, width=4,
         method=["nearest", "bilinear"], fill_mode=FILLS, fill_value=0.7, reference=np_affine_sample, sum_length=24,
         gradient=False)
    case("affine_sample_gradient", dy=normal(2, 7, 4, shape[-1]), transform=values(TURNED), height=shape[1],
         width=shape[2], method=["nearest", "bilinear"], fill_mode=FILLS, reference=np_affine_sample_gradient,
         sum_length=60, gradient=False)
# Through maps that stay as they are, and with respect to them (away from whole pixels, where there are kinks).
fixed = values(TURNED, "float64")
case("affine_sample", images=normal(2, 5, 6, 3), transform=fixed, height=4, width=5, fill_mode=FILLS,
     reference=np_affine_sample, sum_length=24, dtypes=("float64",))
case("affine_sample_gradient", dy=normal(2, 4, 5, 3), transform=fixed, height=5, width=6, fill_mode=FILLS,
     reference=np_affine_sample_gradient, sum_length=60, dtypes=("float64",))
case("affine_sample", images=normal(2, 5, 6, 3), transform=values(TURNED), height=2, width=3, fill_mode=FILLS,
     fill_value=0.7, reference=np_affine_sample, sum_length=24)
case("affine_sample_transform_gradient", images=normal(2, 5, 6, 3), transform=values(TURNED), dy=normal(2, 2, 3, 3),
     height=2, width=3, fill_mode=FILLS, fill_value=0.7, reference=np_affine_sample_transform_gradient,
     dtypes=("float64",), sum_length=10**7)
case("affine_sample_transform_gradient", images=normal(2, 5, 6, 3), transform=values(TURNED), dy=normal(2, 2, 3, 3),
     height=2, width=3, method="nearest", reference=np_affine_sample_transform_gradient)
# Rows that are copied: shifts, crops, mirror images, and those that reach outside.
whole = [[1, 0, 2, 0, 1, 1], [-1, 0, 4, 0, -1, 3], [1, 0, -1, 0, 1, -2], [-1, 0, 7, 0, 2, 0]]
case("affine_sample", images=normal(4, 5, 6, 3), transform=values(whole), height=3, width=4, method="nearest",
     fill_mode=FILLS, reference=np_affine_sample, exact=True, gradient=False)
for columns in (1, 2, 3, 4, 5, 9):
    mirrored = [[-1, 0, columns - 1, 0, 1, 0], [-1, 0, columns, 0, -1, 2], [1, 0, 1, 0, 1, 0]]
    for channels in (1, 2, 3):
        case("affine_sample", images=normal(3, 3, columns + 1, channels), transform=values(mirrored), height=3,
             width=columns, method="nearest", fill_mode="constant", fill_value=0.5, reference=np_affine_sample,
             exact=True, gradient=False)
case("affine_sample", images=normal(3, 70, 90, 3), transform=values([TURNED[0]] * 3), height=80, width=100,
     reference=np_affine_sample, sum_length=400, large=True)
