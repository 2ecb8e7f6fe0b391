"""Rows for the elementwise ops. One row for each op; edges and broadcasting come from the shared lists below."""

import math

import numpy as np
from case import booleans, case, distinct, integers, normal, uniform, values

NAN, INF = float("nan"), float("inf")
EDGES = values([NAN, INF, -INF, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 100.0, -100.0])
HUGE = values([1e30, -1e30, 1e-30, -1e-30])


def np_erf(x):
    return np.vectorize(math.erf, otypes=[float])(x)


def np_erfinv(x):
    """Newton's method on erf; the derivative is 2 / sqrt(pi) * exp(-y^2)."""
    x = np.asarray(x, np.float64)
    inside = np.where(np.abs(x) < 1, x, 0.0)
    y = np.sign(inside) * np.sqrt(-np.log1p(-np.abs(inside)) * 0.8)
    for _ in range(60):
        y = y - np.clip((np_erf(y) - inside) * np.sqrt(np.pi) / 2 * np.exp(y * y), -0.5, 0.5)
    return np.where(np.abs(x) < 1, y, np.where(np.abs(x) == 1, np.sign(x) * INF, NAN))


def np_silu_gradient(dy, x):
    s = np_sigmoid(x)
    return dy * s * (1 + x * (1 - s))


def np_sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x)))) + 0 * np.sign(
        x
    )


def np_softplus(x):
    return np.logaddexp(x, 0)


def np_relu(x):
    return np.where(np.isnan(x), x, np.maximum(x, 0))


def np_divide_no_nan(a, b):
    return np.where(b == 0, 0.0, a / np.where(b == 0, 1.0, b))


def np_power(a, b):
    return np.power(a, b)


# name: (formula, source for the gradient, whether huge values make sense)
UNARY = {
    "neg": (np.negative, normal(2, 3, 17), True),
    "abs": (np.abs, normal(2, 3, 17, away_from=[0]), True),
    "sign": (np.sign, normal(2, 3, 17, away_from=[0]), True),
    "exp": (np.exp, normal(2, 3, 17, scale=3), True),
    "expm1": (np.expm1, normal(2, 3, 17), True),
    "log": (np.log, uniform(0.1, 9, 2, 3, 17), True),
    "log1p": (np.log1p, uniform(-0.9, 9, 2, 3, 17), True),
    "log2": (np.log2, uniform(0.1, 9, 2, 3, 17), True),
    "sqrt": (np.sqrt, uniform(0.1, 9, 2, 3, 17), True),
    "rsqrt": (lambda x: 1 / np.sqrt(x), uniform(0.1, 9, 2, 3, 17), True),
    "square": (np.square, normal(2, 3, 17), True),
    "reciprocal": (lambda x: 1 / x, normal(2, 3, 17, away_from=[0]), True),
    "sin": (np.sin, normal(2, 3, 17, scale=3), False),
    "cos": (np.cos, normal(2, 3, 17, scale=3), False),
    "tan": (np.tan, uniform(-1.4, 1.4, 2, 3, 17), False),
    "asin": (np.arcsin, uniform(-0.95, 0.95, 2, 3, 17), True),
    "acos": (np.arccos, uniform(-0.95, 0.95, 2, 3, 17), True),
    "atan": (np.arctan, normal(2, 3, 17, scale=3), True),
    "sinh": (np.sinh, normal(2, 3, 17), True),
    "cosh": (np.cosh, normal(2, 3, 17), True),
    "tanh": (np.tanh, normal(2, 3, 17, scale=2), True),
    "asinh": (np.arcsinh, normal(2, 3, 17, scale=3), True),
    "acosh": (np.arccosh, uniform(1.1, 9, 2, 3, 17), True),
    "atanh": (np.arctanh, uniform(-0.95, 0.95, 2, 3, 17), True),
    "erf": (np_erf, normal(2, 3, 17), True),
    "erfinv": (np_erfinv, uniform(-0.95, 0.95, 2, 3, 17), True),
    "floor": (np.floor, normal(2, 3, 17, scale=5), True),
    "ceil": (np.ceil, normal(2, 3, 17, scale=5), True),
    "round": (np.round, normal(2, 3, 17, scale=5), True),
    "trunc": (np.trunc, normal(2, 3, 17, scale=5), True),
    "relu": (np_relu, normal(2, 3, 17, away_from=[0]), True),
    "sigmoid": (np_sigmoid, normal(2, 3, 17, scale=3), True),
    "silu": (lambda x: x * np_sigmoid(x), normal(2, 3, 17, scale=3), False),
    "softplus": (np_softplus, normal(2, 3, 17, scale=3), True),
}
for name, (formula, source, takes_huge) in UNARY.items():
    case(name, x=source, reference=formula)
    case(name, x=EDGES, reference=formula, gradient=False)
    if takes_huge:
        case(name, x=HUGE, reference=formula, gradient=False)
    case(
        name,
        x=uniform(1.05, 1.9, 9, 7001) if name == "acosh" else uniform(0.05, 0.9, 9, 7001),
        reference=formula,
        large=True,
    )
    case(name, x=uniform(1.05, 1.9, 1) if name == "acosh" else uniform(0.05, 0.9, 1), reference=formula)
    case(name, x=normal(0, 3), reference=formula, gradient=False)

for name in ("neg", "abs", "sign", "square", "relu"):
    formula = UNARY[name][0]
    for dtype in ("int8", "int16", "int32", "int64"):
        case(
            name,
            x=integers(-11, 12, 2, 3, 17, dtype=dtype),
            reference=lambda x, f=formula: f(x).astype(x.dtype),
            exact=True,
        )
for name in ("exp", "tanh", "sigmoid", "sqrt"):
    for low_precision in ("float16", "bfloat16"):
        case(name, x=uniform(0.1, 2, 3, 17), reference=UNARY[name][0], dtypes=(low_precision,), gradient=False)

case("round", x=values([0.5, 1.5, 2.5, -0.5, -1.5]), reference=np.round, gradient=False, exact=True)
for name, formula in {"is_nan": np.isnan, "is_inf": np.isinf, "is_finite": np.isfinite}.items():
    case(name, x=EDGES, reference=formula)
    case(name, x=normal(5, 7), reference=formula)
case("logical_not", x=booleans(4, 9), reference=np.logical_not)
case("logical_not", x=integers(-1, 2, 4, 9), reference=np.logical_not)
for dtype in ("int8", "uint8", "int32", "uint32", "int64"):
    case("bitwise_not", x=integers(0, 100, 4, 9, dtype=dtype), reference=np.bitwise_not, exact=True)

SHAPES = [
    ((2, 3, 17), (17,)),
    ((2, 1, 17), (3, 1)),
    ((), (3, 4)),
    ((5,), (5,)),
    ((1,), (0,)),
    ((2, 3), ()),
    ((7, 1), (1, 33)),
]
ARITHMETIC = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "divide_no_nan": np_divide_no_nan,
    "power": np_power,
    "atan2": np.arctan2,
    "silu_gradient": np_silu_gradient,
}
for name, formula in ARITHMETIC.items():
    for left, right in SHAPES:
        first = uniform(0.3, 3, *left) if name == "power" else normal(*left, away_from=[0])
        case(
            name,
            x1=first,
            x2=normal(*right, away_from=[0]),
            reference=formula,
            gradient=None if 0 not in right else False,
        )
    case(name, x1=uniform(0.2, 2, 9, 7001), x2=uniform(0.2, 2, 7001), reference=formula, large=True)
for name in ("maximum", "minimum"):
    for left, right in SHAPES:
        case(
            name,
            x1=distinct(*left),
            x2=uniform(0.02, 0.04, *right),  # between those of x1, or a difference would cross from one to the other
            reference=getattr(np, name),
            gradient=False if 0 in right else None,
        )
    case(name, x1=EDGES, x2=values([1.0, NAN] * 5 + [0.0]), reference=getattr(np, name), gradient=False)
for name, formula in {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "maximum": np.maximum,
    "minimum": np.minimum,
}.items():
    for dtype in ("int8", "uint8", "int16", "int32", "uint32", "int64"):
        case(
            name,
            x1=integers(0, 11, 2, 3, 17, dtype=dtype),
            x2=integers(0, 11, 17, dtype=dtype),
            reference=formula,
            exact=True,
        )
for name, formula in {"add": np.add, "multiply": np.multiply, "divide": np.divide}.items():
    case(
        name,
        x1=EDGES,
        x2=values([1.0, -INF, INF, 0.0, 2.0, 0.0, 0.0, -0.0, NAN, 3.0, 4.0]),
        reference=formula,
        gradient=False,
    )
case(
    "divide_no_nan",
    x1=values([1.0, 0.0, -2.0, INF]),
    x2=values([0.0, 0.0, 4.0, 0.0]),
    reference=np_divide_no_nan,
    gradient=False,
)

for name, formula in {"floor_divide": np.floor_divide, "mod": np.mod}.items():
    case(name, x1=uniform(0.3, 0.9, 4, 9), x2=uniform(1.2, 1.9, 9), reference=formula)
    case(name, x1=values([7.5, -7.5, 7.5, -7.5]), x2=values([2.0, 2.0, -2.0, -2.0]), reference=formula, gradient=False)
    for dtype in ("int32", "int64", "int8"):
        case(
            name,
            x1=integers(-20, 20, 6, 11, dtype=dtype),
            x2=integers(1, 6, 11, dtype=dtype),
            reference=formula,
            exact=True,
        )
        case(
            name,
            x1=integers(-20, 20, 6, 11, dtype=dtype),
            x2=integers(-6, 0, 11, dtype=dtype),
            reference=formula,
            exact=True,
        )
case("power", x1=integers(-4, 5, 3, 9), x2=integers(0, 5, 9), reference=np.power, exact=True)
case(
    "power",
    x1=values([0.0, 0.0, -2.0, -2.0, 1.0, INF]),
    x2=values([0.0, 2.0, 3.0, 0.5, NAN, -1.0]),
    reference=np.power,
    gradient=False,
)

for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"):
    formula = getattr(np, name)
    case(name, x1=EDGES, x2=values([NAN, INF, INF, -0.0, 0.0, 1.0, 1.0, 0.25, -0.5, NAN, -200.0]), reference=formula)
    case(name, x1=integers(0, 4, 5, 9), x2=integers(0, 4, 9), reference=formula)
    case(name, x1=integers(0, 4, 9, 7001), x2=integers(0, 4, 9, 1), reference=formula, large=True)
for name in ("logical_and", "logical_or", "logical_xor"):
    case(name, x1=booleans(5, 9), x2=booleans(9), reference=getattr(np, name))
    case(name, x1=integers(0, 3, 5, 9), x2=integers(0, 2, 9), reference=getattr(np, name))
for name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
    for dtype in ("int8", "uint8", "int32", "int64", "uint32"):
        case(
            name,
            x1=integers(0, 99, 5, 9, dtype=dtype),
            x2=integers(0, 99, 9, dtype=dtype),
            reference=getattr(np, name),
            exact=True,
        )
for name in ("left_shift", "right_shift"):
    case(name, x1=integers(0, 99, 5, 9), x2=integers(0, 5, 9), reference=getattr(np, name), exact=True)
    case(
        name,
        x1=integers(-99, 99, 5, 9, dtype="int64"),
        x2=integers(0, 5, 9, dtype="int64"),
        reference=getattr(np, name),
        exact=True,
    )

case("where", x1=booleans(2, 3, 17), x2=normal(17), x3=normal(3, 1), reference=np.where)
case("where", x1=booleans(4, 9), x2=integers(0, 9, 4, 9), x3=integers(0, 9, 9), reference=np.where, exact=True)
case("where", x1=booleans(9, 7001), x2=normal(9, 7001), x3=normal(7001), reference=np.where, large=True)
case(
    "where",
    x1=values([True, False], "bool"),
    x2=values([1.0, NAN]),
    x3=values([NAN, 2.0]),
    reference=np.where,
    gradient=False,
)
case("multiply_add", x1=normal(2, 3, 17), x2=normal(17), x3=normal(3, 1), reference=lambda a, b, c: a * b + c)

FROM_FLOAT = values([0.0, 1.7, -1.7, 2.0, 100.2])
case(
    "cast",
    x=FROM_FLOAT,
    dtype=["float32", "float64"],
    reference=lambda x, dtype: x.astype(dtype),
    dtypes=("float32",),
    gradient=False,
)
case(
    "cast",
    x=FROM_FLOAT,
    dtype=["int8", "int16", "int32", "int64", "bool"],
    reference=lambda x, dtype: x.astype(dtype),
    gradient=False,
)
case("cast", x=normal(3, 5), dtype="float64", reference=lambda x, dtype: x, dtypes=("float64",))
case(
    "cast",
    x=integers(-9, 9, 3, 5),
    dtype=["float32", "float64", "int8", "int64", "bool"],
    reference=lambda x, dtype: x.astype(dtype),
)
case("cast", x=booleans(3, 5), dtype=["float32", "int32", "uint8"], reference=lambda x, dtype: x.astype(dtype))
case(
    "broadcast_to",
    x=normal(3, 1),
    shape=[(3, 4), (2, 3, 5), (3, 1)],
    reference=lambda x, shape: np.broadcast_to(x, shape),
)
case("broadcast_to", x=normal(1), shape=[(0,), (4, 1)], reference=lambda x, shape: np.broadcast_to(x, shape))
case(
    "broadcast_to", x=integers(0, 9, 4), shape=(3, 4), reference=lambda x, shape: np.broadcast_to(x, shape), exact=True
)
case("stop_gradient", x=normal(3, 4), reference=lambda x: x)
