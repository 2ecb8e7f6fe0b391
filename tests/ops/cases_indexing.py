"""Rows for taking, adding back and sorting."""

import numpy as np
from case import booleans, case, distinct, integers, normal, values

HALVES = ("float16", "bfloat16")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32")
NAN, INF = float("nan"), float("inf")


def missing(dtype):
    return np.nan if dtype.kind == "f" else 0


def np_gather(x, indices, axis=0):
    indices = indices.astype(np.int64)
    size = x.shape[axis]
    inside = (indices >= -size) & (indices < size)
    found = np.take(x, np.where(inside, indices, 0), axis=axis)
    before = axis % x.ndim
    lined_up = inside.reshape((1,) * before + inside.shape + (1,) * (x.ndim - 1 - before))
    return np.where(lined_up, found, np.asarray(missing(x.dtype)).astype(x.dtype))


def np_gather_backward(indices, dy, shape, axis=0):
    dx = np.zeros(shape, dy.dtype)
    axis = axis % len(shape)
    rows = np.moveaxis(dx, axis, 0)
    flat = np.moveaxis(dy.reshape(shape[:axis] + (indices.size,) + shape[axis + 1 :]), axis, 0)
    for index, row in zip(indices.astype(np.int64).ravel(), flat):
        if -shape[axis] <= index < shape[axis]:
            rows[index] += row
    return dx


def broadcast_but(a, b, axis):
    """Both arrays with equal sizes in every axis but one."""
    rank, axis = a.ndim, axis % a.ndim
    common = [1 if i == axis else max(a.shape[i], b.shape[i]) for i in range(rank)]
    sizes = [[each.shape[i] if i == axis else common[i] for i in range(rank)] for each in (a, b)]
    return np.broadcast_to(a, sizes[0]), np.broadcast_to(b, sizes[1])


def np_take_along_axis(x, indices, axis=-1):
    x, indices = broadcast_but(x, indices.astype(np.int64), axis)
    size = x.shape[axis]
    inside = (indices >= -size) & (indices < size)
    found = np.take_along_axis(x, np.where(inside, indices, 0), axis)
    return np.where(inside, found, np.asarray(missing(x.dtype)).astype(x.dtype))


def np_take_along_axis_backward(indices, dy, shape, axis=-1):
    dx = np.zeros(shape, dy.dtype)
    axis = axis % len(shape)
    indices = np.broadcast_to(indices, dy.shape)
    for place in np.ndindex(*dy.shape):
        target = [0 if size == 1 else at for size, at in zip(shape, place)]
        target[axis] = indices[place]
        if -shape[axis] <= target[axis] < shape[axis]:
            dx[tuple(target)] += dy[place]
    return dx


def np_argsort(x, axis=-1, descending=False):
    if not descending:
        return np.argsort(x, axis=axis, kind="stable")
    number = x.astype(np.float64 if x.dtype.kind == "f" else np.int64)
    return np.argsort(-number, axis=axis, kind="stable")


def np_sort(x, axis=-1, descending=False):
    return np.take_along_axis(x, np_argsort(x, axis, descending), axis)


case("gather", x=normal(5, 4, 3), indices=integers(-3, 3, 2, 3), axis=[0, 1, -1], reference=np_gather, exact=True)
case("gather", x=normal(5, 4), indices=integers(0, 4), axis=[0, 1], reference=np_gather, exact=True)
case("gather", x=normal(6), indices=values([7, -7, 5, -6, 0], "int64"), reference=np_gather, gradient=False, exact=True)
case("gather", x=integers(1, 9, 6), indices=values([7, -7, 5, -6, 0], "int64"), reference=np_gather)
case("gather", x=normal(4, 3), indices=integers(0, 4, 0), reference=np_gather, gradient=False, exact=True)
case("gather", x=normal(500, 33), indices=integers(0, 500, 1200), reference=np_gather, large=True, exact=True)
case("gather", x=normal(5, 3), indices=values([4, 9, -1], "int32"), reference=np_gather, dtypes=HALVES, gradient=False,
     exact=True)
case("gather", x=booleans(5, 3), indices=integers(0, 5, 4), reference=np_gather)
for dtype in INTEGERS:
    case("gather", x=integers(0, 99, 5, 3, dtype=dtype), indices=integers(0, 3, 4, dtype=dtype), axis=[0, 1],
         reference=np_gather)

case("gather_backward", indices=integers(-3, 3, 2, 3), dy=normal(2, 3, 4, 3), shape=(5, 4, 3), axis=0,
     reference=np_gather_backward, sum_length=6)
case("gather_backward", indices=integers(-3, 3, 2, 3), dy=normal(5, 2, 3, 3), shape=(5, 4, 3), axis=[1, -2],
     reference=np_gather_backward, sum_length=6)
case("gather_backward", indices=values([7, -7, 5, -6, 0, 0], "int64"), dy=normal(6), shape=(6,),
     reference=np_gather_backward, gradient=False)
case("gather_backward", indices=integers(0, 4, 0), dy=normal(0, 3), shape=(4, 3), reference=np_gather_backward,
     gradient=False)
case("gather_backward", indices=integers(0, 900, 2000), dy=normal(2000, 65), shape=(900, 65),
     reference=np_gather_backward, sum_length=9, large=True)
case("gather_backward", indices=integers(0, 3, 30), dy=normal(20, 30, 40), shape=(20, 3, 40), axis=1,
     reference=np_gather_backward, sum_length=30, large=True)
case("gather_backward", indices=integers(0, 4, 3), dy=normal(3, 2), shape=(4, 2), reference=np_gather_backward,
     dtypes=HALVES, gradient=False, sum_length=3)

case("take_along_axis", x=normal(4, 5), indices=integers(-4, 4, 4, 3), axis=[1, -1], reference=np_take_along_axis,
     exact=True)
case("take_along_axis", x=normal(4, 5), indices=integers(-4, 4, 7, 5), axis=0, reference=np_take_along_axis, exact=True)
case("take_along_axis", x=normal(2, 3, 4), indices=integers(0, 3, 1, 2, 1), axis=1, reference=np_take_along_axis,
     exact=True)
case("take_along_axis", x=normal(1, 3, 1), indices=integers(0, 3, 2, 2, 4), axis=1, reference=np_take_along_axis,
     exact=True)
case("take_along_axis", x=normal(2, 3), indices=values([[3, -4, 2], [-3, 0, 9]], "int32"), axis=1,
     reference=np_take_along_axis, gradient=False, exact=True)
case("take_along_axis", x=normal(300, 70), indices=integers(0, 70, 300, 9), reference=np_take_along_axis, large=True,
     exact=True)
case("take_along_axis", x=normal(3, 4), indices=integers(0, 5, 3, 2), reference=np_take_along_axis, dtypes=HALVES,
     gradient=False, exact=True)
for dtype in INTEGERS:
    case("take_along_axis", x=integers(0, 99, 3, 4, dtype=dtype), indices=integers(0, 3, 3, 6, dtype=dtype),
         reference=np_take_along_axis)

case("take_along_axis_backward", indices=integers(-4, 4, 4, 3), dy=normal(4, 3), shape=(4, 5), axis=[1, -1],
     reference=np_take_along_axis_backward, sum_length=3)
case("take_along_axis_backward", indices=integers(0, 3, 1, 2, 1), dy=normal(2, 2, 4), shape=(2, 3, 4), axis=1,
     reference=np_take_along_axis_backward, sum_length=2)
case("take_along_axis_backward", indices=integers(0, 3, 2, 2, 4), dy=normal(2, 2, 4), shape=(1, 3, 1), axis=1,
     reference=np_take_along_axis_backward, sum_length=16)
case("take_along_axis_backward", indices=values([[3, -4, 2], [-3, 0, 9]], "int32"), dy=normal(2, 3), shape=(2, 3),
     axis=1, reference=np_take_along_axis_backward, gradient=False)
case("take_along_axis_backward", indices=integers(0, 9, 60, 40), dy=normal(60, 40), shape=(60, 9),
     reference=np_take_along_axis_backward, sum_length=40, large=True)

case("sort", x=distinct(3, 4, 5), axis=[0, 1, -1], descending=[False, True], reference=np_sort, exact=True)
case("argsort", x=distinct(3, 4, 5), axis=[0, 1, -1], descending=[False, True], reference=np_argsort)
for op, formula in {"sort": np_sort, "argsort": np_argsort}.items():
    fixed = {"reference": formula, "gradient": False, "exact": True}
    case(op, x=normal(6, 100), axis=[0, 1], descending=[False, True], **fixed)
    case(op, x=normal(3000), descending=[False, True], **fixed)
    case(op, x=integers(0, 4, 3, 50), axis=[0, 1], descending=[False, True], **fixed)  # equal keys stay in order
    case(op, x=values([3.0, NAN, -INF, 1.0, NAN, INF, -1.0]), descending=[False, True], **fixed)
    case(op, x=normal(0, 3), axis=[0, 1], **fixed)
    case(op, x=booleans(5, 6), axis=[0, 1], descending=[False, True], **fixed)
    case(op, x=normal(4, 9), dtypes=HALVES, **fixed)
    for dtype in INTEGERS:
        case(op, x=integers(0, 90, 4, 20, dtype=dtype), descending=[False, True], **fixed)
