"""Convolutions and their gradients by NumPy in double precision, and what kernels find for the same."""

import numpy as np

import gradmill as gm

# Batch, height, width, channels, filters, window, padding, stride.
CASES = [
    (3, 14, 14, 64, 96, (3, 3), "same", 1),
    (9, 7, 7, 32, 64, (3, 3), "same", 1),  # several images in one block of a sum
    (4, 9, 13, 32, 32, (3, 3), "valid", 1),
    (2, 12, 11, 64, 32, (5, 5), "same", 1),
    (2, 40, 30, 32, 64, (3, 3), "same", 1),  # several bands of one image
    (5, 6, 6, 64, 288, (1, 3), "same", 1),  # more filters than a unit takes
    (2, 8, 8, 320, 64, (2, 2), "same", 1),  # padding behind alone, and a large kernel
    (1, 70, 20, 32, 32, (3, 3), "same", 1),
    (5, 1, 1, 32, 32, (3, 3), "same", 1),  # a window larger than the image
    (3, 14, 14, 64, 96, (3, 3), "same", 2),
    (3, 15, 13, 32, 64, (3, 3), "valid", 2),
    (5, 7, 7, 64, 64, (3, 3), "same", 2),
    (2, 30, 31, 32, 32, (3, 3), "same", 2),
    (2, 13, 17, 32, 64, (5, 4), "same", 3),
    (3, 12, 12, 64, 32, (2, 2), "valid", 2),
    (2, 9, 8, 32, 32, (3, 3), "valid", 2),  # pixels at the end that no window sees
]


def shape_of_result(batch, height, width, channels, filters, window, padding, stride):
    sizes = [-(-(size - (n - 1 if padding == "valid" else 0)) // stride) for size, n in zip((height, width), window)]
    return (batch, *sizes, filters)


def reference(x, kernel, g, padding, stride):
    """The convolution and the gradients of its sum weighted by g, as sums over the taps of the kernel."""
    x, kernel, g = (each.astype("float64") for each in (x, kernel, g))
    height, width = kernel.shape[:2]
    sizes = g.shape[1:3]
    pads = [(0, 0)]
    for size, out, window in zip(x.shape[1:3], sizes, (height, width)):
        missing = max((out - 1) * stride + window - size, 0) if padding == "same" else 0
        pads.append((missing // 2, missing - missing // 2))
    wide = np.pad(x, [*pads, (0, 0)])
    y, dx, dkernel = np.zeros(g.shape), np.zeros(wide.shape), np.zeros(kernel.shape)
    for i in range(height):
        for j in range(width):
            seen = np.s_[:, i : i + (sizes[0] - 1) * stride + 1 : stride, j : j + (sizes[1] - 1) * stride + 1 : stride]
            y += wide[seen] @ kernel[i, j]
            dx[seen] += g @ kernel[i, j].T
            dkernel[i, j] = np.einsum("nhwc,nhwf->cf", wide[seen], g)
    return y, dx[:, pads[1][0] : pads[1][0] + x.shape[1], pads[2][0] : pads[2][0] + x.shape[2]], dkernel


def results(x, kernel, g, padding, stride, dtype):
    """The same, computed with factors of this dtype, as float64, and what the plan says."""

    def step(x, kernel, g):
        with gm.GradientTape() as tape:
            tape.watch([x, kernel])
            y = gm.ops.conv(gm.ops.cast(x, dtype), gm.ops.cast(kernel, dtype), strides=stride, padding=padding)
            total = gm.ops.sum(gm.ops.cast(y, "float32") * g)
        return (y, *tape.gradient(total, [x, kernel]))

    compiled = gm.function(step)
    values = [gm.ops.convert_to_tensor(each) for each in (x, kernel, g)]
    plan = compiled.plan_for(*values).describe()
    return [gm.ops.cast(each, "float64").numpy() for each in compiled(*values)], plan
