"""Rows for ops that only move elements: results are equal bit for bit."""

import numpy as np
from case import booleans, case, integers, normal, values

HALVES = ("float16", "bfloat16")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32")


def np_transpose(x, permutation=()):
    return np.transpose(x, permutation or None)


def taken(size, start, count, step):
    return start + step * np.arange(count)


def np_slice(x, starts, counts, steps):
    return x[np.ix_(*map(taken, x.shape, starts, counts, steps))] if x.ndim else x


def np_slice_backward(dy, shape, starts, counts, steps):
    dx = np.zeros(shape, dy.dtype)
    dx[np.ix_(*map(taken, shape, starts, counts, steps))] = dy
    return dx


def np_pad(x, before, after, value=0.0):
    return np.pad(x, list(zip(before, after)), constant_values=np.asarray(value).astype(x.dtype)) if x.ndim else x


def np_concatenate(xs, axis=0):
    return np.concatenate(xs, axis=axis)


def np_reshape(x, shape):
    return np.reshape(x, shape)


case("reshape", x=normal(2, 3, 4), shape=[(24,), (4, 6), (-1, 2), (2, -1, 4), (1, 2, 1, 3, 4)], reference=np_reshape,
     exact=True)
case("reshape", x=normal(), shape=[(), (1,), (-1,), (1, 1)], reference=np_reshape, exact=True)
case("reshape", x=normal(0, 3), shape=[(3, 0), (0, 5), (2, -1, 3)], reference=np_reshape, gradient=False, exact=True)
case("reshape", x=integers(-5, 5, 6, dtype="int8"), shape=[(2, 3)], reference=np_reshape)
case("reshape", x=normal(6), shape=[(2, 3)], reference=np_reshape, dtypes=HALVES, gradient=False, exact=True)

case("transpose", x=normal(3, 5), permutation=[(), (0, 1), (1, 0), (-1, 0)], reference=np_transpose, exact=True)
case("transpose", x=normal(2, 3, 4), permutation=[(), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)],
     reference=np_transpose, exact=True)
case("transpose", x=normal(2, 1, 3, 1, 4), permutation=[(4, 3, 2, 1, 0), (1, 4, 0, 2, 3), (3, 0, 1, 2, 4)],
     reference=np_transpose, exact=True)
case("transpose", x=normal(), reference=np_transpose, exact=True)
case("transpose", x=normal(0, 3), reference=np_transpose, gradient=False, exact=True)
case("transpose", x=normal(130, 71), reference=np_transpose, large=True, exact=True)
case("transpose", x=normal(4, 66, 3, 35), permutation=[(0, 2, 3, 1), (0, 2, 1, 3), (3, 1, 0, 2)],
     reference=np_transpose, large=True, exact=True)
case("transpose", x=normal(9, 70), reference=np_transpose, dtypes=HALVES, gradient=False, exact=True)
case("transpose", x=booleans(17, 6), reference=np_transpose)
for dtype in INTEGERS:
    case("transpose", x=integers(0, 100, 7, 9, dtype=dtype), reference=np_transpose)

for starts, counts, steps in (
    ((0, 0, 0), (4, 5, 6), (1, 1, 1)),
    ((1, 2, 3), (2, 2, 3), (1, 1, 1)),
    ((0, 1, 0), (2, 2, 3), (3, 2, 2)),
    ((3, 4, 5), (4, 5, 6), (-1, -1, -1)),
    ((3, 0, 5), (2, 1, 3), (-2, 1, -2)),
    ((0, 3, 0), (4, 1, 6), (1, 9, 1)),
):
    case("slice", x=normal(4, 5, 6), starts=starts, counts=counts, steps=steps, reference=np_slice, exact=True)
    case("slice_backward", dy=normal(*counts), shape=(4, 5, 6), starts=starts, counts=counts, steps=steps,
         reference=np_slice_backward, exact=True)
case("slice", x=normal(), starts=(), counts=(), steps=(), reference=np_slice, exact=True)
case("slice", x=normal(4, 5), starts=(1, 0), counts=(0, 3), steps=(1, 1), reference=np_slice, gradient=False,
     exact=True)
case("slice", x=normal(300, 200), starts=(299, 1), counts=(150, 99), steps=(-2, 2), reference=np_slice, large=True,
     exact=True)
case("slice", x=normal(7, 5), starts=(5, 1), counts=(3, 3), steps=(-2, 1), reference=np_slice, dtypes=HALVES,
     gradient=False, exact=True)
case("slice_backward", dy=normal(0, 3), shape=(4, 5), starts=(1, 0), counts=(0, 3), steps=(1, 1),
     reference=np_slice_backward, gradient=False, exact=True)
case("slice_backward", dy=normal(150, 99), shape=(300, 200), starts=(299, 1), counts=(150, 99), steps=(-2, 2),
     reference=np_slice_backward, large=True, exact=True)
case("slice_backward", dy=normal(3, 3), shape=(7, 5), starts=(5, 1), counts=(3, 3), steps=(-2, 1),
     reference=np_slice_backward, dtypes=HALVES, gradient=False, exact=True)
for dtype in (*INTEGERS, "bool"):
    source = booleans(9, 7) if dtype == "bool" else integers(0, 100, 9, 7, dtype=dtype)
    case("slice", x=source, starts=(8, 1), counts=(4, 2), steps=(-2, 3), reference=np_slice)
    case("slice_backward", dy=source, shape=(18, 8), starts=(0, 7), counts=(9, 7), steps=(2, -1),
         reference=np_slice_backward)
    case("pad", x=source, before=(1, 2), after=(0, 1), value=1.0, reference=np_pad)
    case("concatenate", xs=(source, source), axis=[0, 1], reference=np_concatenate)

case("pad", x=normal(3, 4, 5), before=[(0, 0, 0), (1, 2, 3)], after=[(0, 0, 0), (2, 0, 1)], value=[0.0, 1.5],
     reference=np_pad, exact=True)
case("pad", x=normal(2, 5, 6, 3), before=(0, 1, 1, 0), after=(0, 1, 2, 0), reference=np_pad, exact=True)
case("pad", x=normal(5), before=(3,), after=(4,), value=[float("inf"), float("nan")], reference=np_pad, gradient=False,
     exact=True)
case("pad", x=normal(), before=(), after=(), reference=np_pad, exact=True)
case("pad", x=normal(0, 3), before=(2, 0), after=(0, 1), value=2.0, reference=np_pad, gradient=False, exact=True)
case("pad", x=normal(30, 28, 28, 1), before=(1, 2, 3, 0), after=(2, 0, 6, 0), value=0.5, reference=np_pad, large=True,
     exact=True)
case("pad", x=normal(3, 200, 150), before=(1, 0, 0), after=(0, 0, 0), reference=np_pad, large=True, exact=True)
case("pad", x=normal(3, 4), before=(1, 1), after=(1, 1), value=0.5, reference=np_pad, dtypes=HALVES, gradient=False,
     exact=True)

case("concatenate", xs=(normal(2, 3),), axis=[0, 1], reference=np_concatenate, exact=True)
case("concatenate", xs=(normal(2, 3, 4), normal(2, 3, 4), normal(2, 3, 4)), axis=[0, 1, -1], reference=np_concatenate,
     exact=True)
case("concatenate", xs=(normal(3), normal(0), normal(5), normal(1)), reference=np_concatenate, exact=True)
case("concatenate", xs=(normal(2, 1, 3), normal(2, 4, 3), normal(2, 2, 3)), axis=[1, -2], reference=np_concatenate,
     exact=True)
case("concatenate", xs=tuple(normal(7000, 1) for _ in range(3)), axis=1, reference=np_concatenate, large=True,
     exact=True)
case("concatenate", xs=(normal(70, 300), normal(70, 41)), axis=1, reference=np_concatenate, large=True, exact=True)
case("concatenate", xs=tuple(normal(1 + i % 3, 2) for i in range(40)), reference=np_concatenate, large=True, exact=True)
case("concatenate", xs=(normal(2, 3), normal(2, 2)), axis=1, reference=np_concatenate, dtypes=HALVES, gradient=False,
     exact=True)
case("concatenate", xs=(values([1.5, 2.5]), integers(0, 5, 3)), reference=np_concatenate)
