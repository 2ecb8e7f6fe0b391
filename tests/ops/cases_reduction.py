"""Rows for sums, products, extremes, their places, and running sums."""

import numpy as np
from case import booleans, case, distinct, integers, normal, uniform, values

NAN, INF = float("nan"), float("inf")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32")
WIDENED = {"bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}


def all_or(axes):
    return tuple(axes) if axes else None


def wide(x):
    return x if x.dtype.kind == "f" else x.astype(np.int64)


def narrow(result, dtype):
    return result if dtype.kind == "f" else np.asarray(result).astype(WIDENED.get(str(dtype), str(dtype)))


def np_sum(x, axes=(), keepdims=False):
    return narrow(np.sum(wide(x), axis=all_or(axes), keepdims=keepdims), x.dtype)


def np_prod(x, axes=(), keepdims=False):
    return narrow(np.prod(wide(x), axis=all_or(axes), keepdims=keepdims), x.dtype)


def np_max(x, axes=(), keepdims=False):
    return np.max(x, axis=all_or(axes), keepdims=keepdims)


def np_min(x, axes=(), keepdims=False):
    return np.min(x, axis=all_or(axes), keepdims=keepdims)


def np_all_finite(x):
    return np.isfinite(x).all()


def np_argmax(x, axis=-1, keepdims=False):
    return np.argmax(x, axis=axis, keepdims=keepdims)


def np_argmin(x, axis=-1, keepdims=False):
    return np.argmin(x, axis=axis, keepdims=keepdims)


def np_cumsum(x, axis=0, reverse=False, exclusive=False):
    x = x.astype(np.int32) if x.dtype == bool else x
    turned = np.flip(x, axis) if reverse else x
    sums = np.cumsum(turned, axis=axis, dtype=x.dtype)
    sums = (sums - turned).astype(x.dtype) if exclusive else sums
    return np.flip(sums, axis) if reverse else sums


REDUCTIONS = {"sum": np_sum, "prod": np_prod, "max": np_max, "min": np_min}
for op, formula in REDUCTIONS.items():
    some = uniform(0.5, 1.5, 3, 4, 5) if op in ("sum", "prod") else distinct(3, 4, 5)
    axes = [(), (0,), (1,), (-1,), (0, 1), (0, 2), (-2, -1), (0, 1, 2)]
    case(op, x=some, axes=axes, keepdims=[False, True], reference=formula, sum_length=60)
    case(op, x=normal(), reference=formula)
    case(op, x=normal(1, 1), axes=[(), (0,)], reference=formula)
    # Axes of size one, axes that merge, and a kept axis narrower and wider than a vector.
    case(op, x=uniform(0.5, 1.5, 2, 1, 3, 2, 1, 2), axes=[(0, 2), (1, 3, 5), (2, 3)], reference=formula, gradient=False)
    for columns in (1, 3, 8, 10, 33, 300):
        case(op, x=uniform(0.9, 1.1, 70, columns), axes=[(0,), (1,)], reference=formula, sum_length=300, large=True)
    for dtype in INTEGERS:
        case(op, x=integers(0 if dtype[0] == "u" else -3, 4, 3, 5, 6, dtype=dtype), axes=[(), (0,), (1,), (2,), (0, 2)],
             reference=formula)
    case(op, x=booleans(4, 6), axes=[(), (0,), (1,)], reference=formula)
    case(op, x=values([[1.0, NAN, 3.0], [INF, 1.0, -INF], [INF, 2.0, 3.0]]), axes=[(), (0,), (1,)], reference=formula,
         gradient=False)
    case(op, x=uniform(0.5, 1.5, 4, 9), axes=[(1,)], reference=formula, dtypes=("float16", "bfloat16"), gradient=False,
         sum_length=9)
    case(op, x=normal(0, 3), axes=[(1,)], reference=formula, gradient=False)

# Few outputs and many terms: partial results of chunks, combined in a second phase.
case("sum", x=uniform(-1, 1, 200001), reference=np_sum, sum_length=200001, large=True)
case("sum", x=uniform(-1, 1, 30011, 7), axes=[(), (0,)], reference=np_sum, sum_length=210077, large=True)
case("sum", x=uniform(-1, 1, 5, 40000), axes=[(0,), (1,)], reference=np_sum, sum_length=40000, large=True)
case("sum", x=uniform(-1, 1, 40, 6, 900), axes=[(0, 2), (1,)], reference=np_sum, sum_length=36000, large=True)
case("max", x=normal(300, 700), axes=[(), (0,), (1,)], reference=np_max, large=True)
case("min", x=normal(100000, 3), axes=[(), (0,), (1,)], reference=np_min, large=True)
case("prod", x=uniform(0.999, 1.001, 100000), reference=np_prod, dtypes=("float64",), sum_length=100000, large=True)

case("sum", x=normal(0, 3), axes=[(), (0,)], reference=np_sum, gradient=False)
case("prod", x=normal(0, 3), axes=[(), (0,)], reference=np_prod, gradient=False)
# One zero, two zeros and none in a product.
case("prod", x=values([[0.0, 2.0, 3.0], [0.0, 0.0, 5.0], [1.5, 2.0, -1.0]]), axes=[(), (0,), (1,)], reference=np_prod)

for op, formula in {"argmax": np_argmax, "argmin": np_argmin}.items():
    case(op, x=normal(3, 4, 5), axis=[0, 1, -1], keepdims=[False, True], reference=formula)
    case(op, x=normal(7), reference=formula)
    case(op, x=values([[1.0, 3.0, 3.0], [NAN, 1.0, NAN], [INF, -INF, INF]]), axis=[0, 1], reference=formula)
    case(op, x=normal(5, 300), axis=[0, 1], reference=formula)
    case(op, x=values(np.zeros((3, 200))), axis=[0, 1], reference=formula)
    case(op, x=booleans(4, 7), axis=[0, 1], reference=formula)
    for dtype in INTEGERS:
        case(op, x=integers(0, 5, 6, 9, dtype=dtype), axis=[0, 1], reference=formula)

case("cumsum", x=normal(3, 4, 5), axis=[0, 1, -1], reverse=[False, True], exclusive=[False, True], reference=np_cumsum,
     sum_length=5)
case("cumsum", x=normal(1000), reference=np_cumsum, sum_length=1000, large=True)
case("cumsum", x=normal(40, 150), axis=[0, 1], reference=np_cumsum, sum_length=150, large=True)
case("cumsum", x=normal(0, 3), axis=[0, 1], reference=np_cumsum, gradient=False)
case("cumsum", x=booleans(3, 6), axis=[0, 1], reference=np_cumsum)
for dtype in INTEGERS:
    case("cumsum", x=integers(0, 50, 9, 3, dtype=dtype), axis=[0, 1], reverse=[False, True], reference=np_cumsum)

HALVES = ("float16", "bfloat16", "float32", "float64")
case("all_finite", x=normal(3, 4, 5), reference=np_all_finite, dtypes=HALVES)
case("all_finite", x=normal(), reference=np_all_finite)
case("all_finite", x=normal(0, 3), reference=np_all_finite)
case("all_finite", x=integers(-3, 4, 3, 5), reference=np_all_finite)
# The largest float16, and what is not finite alone, at the end of a vector and in the last of several units.
case("all_finite", x=values([65504.0, -65504.0, 0.0, -0.0, 6e-8]), reference=np_all_finite, dtypes=HALVES)
for wrong in (NAN, INF, -INF):
    case("all_finite", x=values([1.0, 2.0, wrong]), reference=np_all_finite, dtypes=HALVES)
    case("all_finite", x=values([0.0] * 100000 + [wrong]), reference=np_all_finite, dtypes=HALVES, large=True)
