"""Rows for softmax and its logarithm."""

import numpy as np
from case import case, integers, normal, values

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
