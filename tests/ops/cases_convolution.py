"""Rows for convolutions. The references are explicit loops over the kernel, with the padding written out."""

import itertools

import numpy as np
from case import case, integers, normal


def filled(values, rank, default):
    return tuple(values) or (default,) * rank


def strips(x, kernel_size, strides, padding_low, padding_high, dilation):
    """For each tap of the kernel, the padded input's pixels that output pixels see through it, as index tuples."""
    rank = len(kernel_size)
    strides, dilation = filled(strides, rank, 1), filled(dilation, rank, 1)
    low, high = filled(padding_low, rank, 0), filled(padding_high, rank, 0)
    padded = [n + a + b for n, a, b in zip(x, low, high)]
    out = [(p - (k - 1) * d - 1) // s + 1 for p, k, d, s in zip(padded, kernel_size, dilation, strides)]
    taps = {}
    for tap in itertools.product(*map(range, kernel_size)):
        taps[tap] = tuple(
            slice(t * d, t * d + (o - 1) * s + 1, s) for t, d, o, s in zip(tap, dilation, out, strides)
        )
    inside = tuple(slice(a, a + n) for a, n in zip(low, x))
    return padded, out, taps, inside


def np_convolution(x, kernel, strides=(), padding_low=(), padding_high=(), dilation=(), groups=1):
    rank = kernel.ndim - 2
    padded, out, taps, inside = strips(x.shape[1:-1], kernel.shape[:rank], strides, padding_low, padding_high, dilation)
    wide = np.zeros((x.shape[0], *padded, x.shape[-1]))
    wide[(slice(None), *inside)] = x
    y = np.zeros((x.shape[0], *out, kernel.shape[-1]))
    depth, width = kernel.shape[-2], kernel.shape[-1] // groups
    for tap, pixels in taps.items():
        seen = wide[(slice(None), *pixels)]
        for group in range(groups):
            of = slice(group * width, (group + 1) * width)
            y[..., of] += np.einsum("...c,cf->...f", seen[..., group * depth : (group + 1) * depth], kernel[tap][:, of])
    return y


def np_input_gradient(dy, kernel, strides=(), padding_low=(), padding_high=(), dilation=(), groups=1, input_size=()):
    rank = kernel.ndim - 2
    padded, _, taps, inside = strips(input_size, kernel.shape[:rank], strides, padding_low, padding_high, dilation)
    depth, width = kernel.shape[-2], kernel.shape[-1] // groups
    wide = np.zeros((dy.shape[0], *padded, depth * groups))
    for tap, pixels in taps.items():
        for group in range(groups):
            of = slice(group * width, (group + 1) * width)
            sent = np.einsum("...f,cf->...c", dy[..., of], kernel[tap][:, of])
            wide[(slice(None), *pixels, slice(group * depth, (group + 1) * depth))] += sent
    return wide[(slice(None), *inside)]


def np_kernel_gradient(x, dy, strides=(), padding_low=(), padding_high=(), dilation=(), groups=1, kernel_size=()):
    padded, _, taps, inside = strips(x.shape[1:-1], kernel_size, strides, padding_low, padding_high, dilation)
    wide = np.zeros((x.shape[0], *padded, x.shape[-1]))
    wide[(slice(None), *inside)] = x
    depth, width = x.shape[-1] // groups, dy.shape[-1] // groups
    result = np.zeros((*kernel_size, depth, dy.shape[-1]))
    for tap, pixels in taps.items():
        seen = wide[(slice(None), *pixels)]
        for group in range(groups):
            of = slice(group * width, (group + 1) * width)
            result[tap][:, of] = np.einsum(
                "pc,pf->cf",
                seen[..., group * depth : (group + 1) * depth].reshape(-1, depth),
                dy[..., of].reshape(-1, width),
            )
    return result


def convolution_rows(image, window, channels, filters, batch=2, groups=1, large=False, **attributes):
    """A row for each of the three ops on the same problem."""
    rank = len(image)
    given = [attributes.get(name, ()) for name in ("strides", "padding_low", "padding_high", "dilation")]
    _, out, _, _ = strips(image, window, *given)
    x, dy = normal(batch, *image, channels), normal(batch, *out, filters)
    kernel = normal(*window, channels // groups, filters)
    attributes = {**attributes, "groups": groups} if groups > 1 else attributes
    # Winograd's transforms, whose entries reach 8, magnify the rounding of such sums.
    square = tuple(window) == (3, 3) and groups == 1 and given[0] in ((), (1, 1)) and min(*image, *out) >= 4
    taps = int(np.prod(window))
    case("convolution", x=x, kernel=kernel, reference=np_convolution, large=large,
         sum_length=taps * channels // groups * (8 if square and channels >= 4 else 1), **attributes)
    case("convolution_input_gradient", dy=dy, kernel=kernel, reference=np_input_gradient, large=large,
         sum_length=taps * filters // groups * (8 if square and filters >= 4 else 1), input_size=tuple(image),
         **attributes)
    case("convolution_kernel_gradient", x=x, dy=dy, reference=np_kernel_gradient, large=large,
         sum_length=batch * int(np.prod(out)) * (8 if square and min(channels, filters) >= 8 else 1),
         kernel_size=tuple(window), **attributes)
    assert rank == len(window)


ONE = {"padding_low": (1, 1), "padding_high": (1, 1)}
convolution_rows((7,), (3,), 2, 3)
convolution_rows((9,), (4,), 3, 2, strides=(2,), padding_low=(1,), padding_high=(2,))
convolution_rows((9,), (3,), 4, 6, groups=2, dilation=(2,), padding_low=(4,))
convolution_rows((5, 6), (1, 1), 3, 4)
convolution_rows((5, 6), (1, 1), 3, 4, strides=(2, 2))
convolution_rows((5, 6), (3, 3), 3, 4, **ONE)
convolution_rows((6, 5), (3, 2), 2, 3, strides=(2, 3), padding_low=(0, 1), padding_high=(1, 0))
convolution_rows((7, 8), (3, 3), 2, 5, dilation=(2, 1), padding_low=(2, 1), padding_high=(2, 1))
convolution_rows((8, 7), (3, 2), 2, 2, strides=(2, 3), dilation=(3, 2), padding_low=(1, 2), padding_high=(3, 0))
convolution_rows((6, 6), (3, 3), 4, 6, groups=2, strides=(2, 2), padding_high=(1, 1))
convolution_rows((5, 7), (3, 3), 5, 5, groups=5, **ONE)
convolution_rows((7, 6), (3, 3), 3, 6, groups=3, strides=(2, 2), **ONE)
convolution_rows((9, 8), (5, 5), 3, 3, groups=3, strides=(2, 2), padding_low=(1, 2), padding_high=(2, 2))
convolution_rows((2, 2), (3, 3), 3, 4, **ONE)
convolution_rows((1, 1), (3, 3), 3, 4, **ONE)
convolution_rows((4, 4), (3, 3), 2, 3, strides=(2, 2), padding_high=(1, 1))
convolution_rows((3, 3), (3, 3), 1, 1, batch=1)
convolution_rows((2, 3), (1, 2), 2, 2, padding_low=(3, 4), padding_high=(2, 5))  # pixels that see only padding
convolution_rows((5, 5), (1, 1), 2, 2, strides=(7, 3))  # strides beyond the image
convolution_rows((4, 3, 5), (2, 3, 2), 2, 3, padding_low=(1, 1, 0), padding_high=(0, 1, 1))
convolution_rows((5, 4, 3), (2, 2, 3), 2, 4, groups=2, strides=(2, 1, 1), dilation=(1, 2, 1))
# Sizes beyond one block of the kernels, and none that vectors divide.
convolution_rows((13, 11), (3, 3), 37, 41, large=True, **ONE)
convolution_rows((29, 27), (7, 7), 3, 19, large=True, strides=(2, 2), padding_low=(3, 3), padding_high=(3, 3))
convolution_rows((37, 35), (11, 11), 3, 17, batch=1, large=True, strides=(4, 4), padding_low=(2, 2),
                 padding_high=(2, 2))
convolution_rows((14, 15), (3, 3), 66, 33, batch=3, large=True, strides=(2, 2), padding_high=(1, 1))
convolution_rows((14, 15), (1, 1), 70, 33, batch=3, large=True, strides=(2, 2))
convolution_rows((2, 2), (3, 3), 65, 130, batch=19, large=True, **ONE)
convolution_rows((1, 1), (3, 3), 130, 65, batch=33, large=True, **ONE)
convolution_rows((4, 4), (3, 3), 33, 34, batch=9, large=True, **ONE)
convolution_rows((5, 10), (3, 3), 21, 34, large=True, **ONE)  # smaller tiles
convolution_rows((11, 8), (3, 3), 5, 3, large=True, padding_low=(2, 0), padding_high=(0, 2))
convolution_rows((12, 9), (3, 3), 24, 36, batch=2, groups=3, large=True, **ONE)
convolution_rows((17, 19), (3, 3), 45, 45, groups=45, large=True, **ONE)
convolution_rows((17, 19), (3, 3), 45, 45, groups=45, large=True, strides=(2, 2), padding_low=(0, 1),
                 padding_high=(1, 1))
convolution_rows((16, 21), (5, 5), 27, 27, groups=27, large=True, padding_low=(2, 2), padding_high=(2, 2))
convolution_rows((16, 21), (5, 5), 27, 27, groups=27, large=True, strides=(2, 2), padding_low=(1, 2),
                 padding_high=(2, 2))
convolution_rows((7, 9), (5, 5), 256, 256, batch=1, groups=256, large=True)  # a power of two
convolution_rows((9, 57), (5, 5), 80, 80, groups=80, large=True, padding_low=(2, 1), padding_high=(1, 2))
convolution_rows((15, 12), (3, 3), 19, 38, groups=19, large=True, dilation=(2, 2), padding_low=(2, 2),
                 padding_high=(2, 2))
convolution_rows((300,), (9,), 16, 24, large=True, dilation=(3,), padding_low=(24,))
convolution_rows((6, 7, 5), (3, 3, 3), 10, 20, large=True, padding_low=(1, 1, 1), padding_high=(1, 1, 1))

case("convolution_kernel_gradient", x=normal(0, 5, 5, 17), dy=normal(0, 3, 3, 18), reference=np_kernel_gradient,
     gradient=False, kernel_size=(3, 3))
case("convolution", x=normal(0, 5, 5, 2), kernel=normal(3, 3, 2, 4), reference=np_convolution, gradient=False)
case("convolution_input_gradient", dy=normal(0, 3, 3, 4), kernel=normal(3, 3, 2, 4), input_size=(5, 5),
     reference=np_input_gradient, gradient=False)
case("convolution_kernel_gradient", x=normal(0, 5, 5, 2), dy=normal(0, 3, 3, 4), kernel_size=(3, 3),
     reference=np_kernel_gradient, gradient=False)
case("convolution", x=normal(1, 5, 5, 2), kernel=normal(3, 3, 2, 4), reference=np_convolution, gradient=False,
     dtypes=("float16", "bfloat16"), sum_length=18)
case("convolution", x=integers(-9, 9, 1, 5, 5, 2), kernel=integers(-9, 9, 3, 3, 2, 4), reference=np_convolution,
     exact=True)
