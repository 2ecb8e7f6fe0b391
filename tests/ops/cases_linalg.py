"""Rows for matrix products."""

import numpy as np
from case import Source, case, integers, normal, uniform


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


def np_symmetric(a):
    lower = np.tril(a)
    return lower + np.swapaxes(np.tril(a, -1), -1, -2)


def np_positive(*shape):
    """Matrices whose lower triangle belongs to a positive definite one, with something else above it."""

    def draw(generator):
        x = generator.normal(size=shape)
        product = x @ np.swapaxes(x, -1, -2) + 2 * np.eye(shape[-1])
        return np.tril(product) + np.triu(x, 1)

    return Source(shape, draw)


def np_triangle(a, b, lower=False, transpose=False, unit_diagonal=False):
    a = np.tril(a) if lower else np.triu(a)
    if unit_diagonal:
        a = a - a * np.eye(a.shape[-1]) + np.eye(a.shape[-1])
    return np.linalg.solve(np.swapaxes(a, -1, -2) if transpose else a, b)


def well_posed(*shape):
    """Square matrices far from singular ones."""
    return Source(shape, lambda generator: generator.normal(size=shape) + 3 * np.eye(shape[-1]))


def np_lu(a):
    """Elimination with the largest entry of each column, row by row as in a textbook."""
    a = np.array(a)
    m, n = a.shape[-2:]
    pivots = np.zeros((*a.shape[:-2], min(m, n)), "int32")
    permutation = np.broadcast_to(np.arange(m, dtype="int32"), a.shape[:-1]).copy()
    for place in np.ndindex(a.shape[:-2]):
        matrix = a[place]
        for i in range(min(m, n)):
            row = i + int(np.argmax(np.abs(matrix[i:, i])))
            pivots[place][i] = row
            matrix[[i, row]] = matrix[[row, i]]
            permutation[place][[i, row]] = permutation[place][[row, i]]
            matrix[i + 1 :, i] /= matrix[i, i]
            matrix[i + 1 :, i + 1 :] -= np.outer(matrix[i + 1 :, i], matrix[i, i + 1 :])
    return a, pivots, permutation


for size in ((1, 1), (4, 4), (2, 3, 5, 5)):
    case("cholesky", a=np_positive(*size), reference=lambda a: np.linalg.cholesky(np_symmetric(a)), sum_length=64)
    case("eigh", a=np_positive(*size), reference=lambda a: tuple(np.linalg.eigh(a, "L")), sum_length=500)
    case("det", a=well_posed(*size), reference=np.linalg.det, sum_length=500)
    case("slogdet", a=well_posed(*size), reference=lambda a: tuple(np.linalg.slogdet(a)), sum_length=64)
    case("solve", a=well_posed(*size), b=normal(*size[:-1], 3), reference=np.linalg.solve, sum_length=500)
    case(
        "solve_triangular",
        a=well_posed(*size),
        b=normal(*size[:-1], 3),
        lower=[False, True],
        transpose=[False, True],
        unit_diagonal=[False, True],
        reference=np_triangle,
        sum_length=2000,
    )
case(
    "cholesky",
    a=np_positive(70, 70),
    reference=lambda a: np.linalg.cholesky(np_symmetric(a)),
    sum_length=700,
    large=True,
)
case("lu_factor", a=well_posed(2, 4, 4), reference=np_lu, sum_length=500, through=1)
for size in ((5, 3), (2, 3, 5)):
    case("lu_factor", a=normal(*size), reference=np_lu, sum_length=500, gradient=False)
case("lu_factor", a=normal(65, 65), reference=np_lu, sum_length=9000, large=True)
for size in ((1, 1), (4, 4), (2, 5, 3)):
    case("qr", a=normal(*size), reference=lambda a, complete: tuple(np.linalg.qr(a)), complete=[False], sum_length=500)
case(
    "qr",
    a=normal(2, 5, 3),
    reference=lambda a, complete: tuple(np.linalg.qr(a, "complete")),
    complete=[True],
    gradient=False,
    sum_length=500,
)
case(
    "qr",
    a=normal(3, 5),
    reference=lambda a, complete: tuple(np.linalg.qr(a)),
    complete=[False],
    gradient=False,
    sum_length=500,
)
for size in ((1, 1), (4, 4), (2, 5, 3), (3, 5)):
    case(
        "svd",
        a=normal(*size),
        reference=lambda a, full_matrices: tuple(np.linalg.svd(a, False)),
        full_matrices=[False],
        sum_length=2000,
    )
    case(
        "svd",
        a=normal(*size),
        reference=lambda a, full_matrices: tuple(np.linalg.svd(a)),
        full_matrices=[True],
        gradient=size[-1] == size[-2],
        sum_length=2000,
    )
