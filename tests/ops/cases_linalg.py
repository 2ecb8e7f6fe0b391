"""Rows for matrix products."""

import numpy as np
from case import case, integers, normal, uniform


def np_matmul(a, b, transpose_a=False, transpose_b=False):
    a = np.swapaxes(a, -1, -2) if transpose_a else a
    b = np.swapaxes(b, -1, -2) if transpose_b else b
    return np.matmul(a, b)


case("matmul", a=normal(3, 5), b=normal(5, 7), reference=np_matmul, sum_length=5)
case("matmul", a=normal(5, 3), b=normal(5, 7), transpose_a=True, reference=np_matmul, sum_length=5)
case("matmul", a=normal(3, 5), b=normal(7, 5), transpose_b=True, reference=np_matmul, sum_length=5)
case("matmul", a=normal(5, 3), b=normal(7, 5), transpose_a=True, transpose_b=True, reference=np_matmul, sum_length=5)
case("matmul", a=normal(2, 1, 3, 5), b=normal(4, 5, 7), reference=np_matmul, sum_length=5)
case("matmul", a=normal(3, 5), b=normal(2, 5, 4), reference=np_matmul, sum_length=5)
case("matmul", a=normal(2, 3, 5), b=normal(5, 4), reference=np_matmul, sum_length=5)
case(
    "matmul",
    a=normal(2, 5, 3),
    b=normal(2, 4, 5),
    transpose_a=True,
    transpose_b=True,
    reference=np_matmul,
    sum_length=5,
)
case("matmul", a=normal(1, 1), b=normal(1, 1), reference=np_matmul)
case("matmul", a=normal(1, 9), b=normal(9, 1), reference=np_matmul, sum_length=9)
case("matmul", a=normal(9, 1), b=normal(1, 9), reference=np_matmul)
case("matmul", a=normal(0, 4), b=normal(4, 3), reference=np_matmul, gradient=False)
case("matmul", a=normal(3, 0), b=normal(0, 4), reference=np_matmul, gradient=False)
case("matmul", a=normal(3, 4), b=normal(4, 0), reference=np_matmul, gradient=False)
case("matmul", a=normal(0, 3, 4), b=normal(4, 2), reference=np_matmul, gradient=False)
case("matmul", a=normal(131, 257), b=normal(257, 67), reference=np_matmul, sum_length=257, large=True)
case("matmul", a=normal(257, 131), b=normal(257, 67), transpose_a=True, reference=np_matmul, sum_length=257, large=True)
case("matmul", a=normal(131, 257), b=normal(67, 257), transpose_b=True, reference=np_matmul, sum_length=257, large=True)
case("matmul", a=normal(7, 3001), b=normal(3001, 5), reference=np_matmul, sum_length=3001, large=True)
case("matmul", a=normal(6, 33, 40), b=normal(6, 40, 29), reference=np_matmul, sum_length=40, large=True)
case("matmul", a=normal(1, 513), b=normal(513, 300), reference=np_matmul, sum_length=513, large=True)
case(
    "matmul",
    a=uniform(-1, 1, 17, 8),
    b=uniform(-1, 1, 8, 17),
    reference=np_matmul,
    dtypes=("float16", "bfloat16"),
    gradient=False,
    sum_length=8,
)
case("matmul", a=integers(-9, 9, 5, 6), b=integers(-9, 9, 6, 7), reference=np_matmul, exact=True)
