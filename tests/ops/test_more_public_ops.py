"""Functions of NumPy that are compositions of others, against NumPy: value, eager and compiled, gradients, symbolic."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from test_public_ops import ODD, B, K, M, V, X, Y, check, wide

import gradmill as gm
from gradmill import ops

W, U = wide(X), wide(Y)
HOLES = np.where(np.random.default_rng(3).random(X.shape) < 0.3, np.nan, X).astype("float32")
HOLES[0, 0] = np.nan
BIG = np.array([0.0, 0.3, -3.0, 12.0, 17.9, 18.1, -50.0, 80.0], "float32")
COUNTS = np.array([3, 1, 0, 3, 7, 1])
ERFC = np.array([-9.0, -1.5, -0.3, 0.0, 0.9, 1.1, 3.0, 5.0], "float32")


def np_unfold(x, kernel, dilation, padding, stride):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    span = dilation * (kernel - 1) + 1
    tops = range(0, x.shape[2] - span + 1, stride)
    lefts = range(0, x.shape[3] - span + 1, stride)
    windows = [x[:, :, i : i + span : dilation, j : j + span : dilation] for i in tops for j in lefts]
    return np.stack([each.reshape(len(x), -1) for each in windows], -1)


def np_trapezoid(y, x=None, dx=1.0, axis=-1):
    y = np.moveaxis(y, axis, -1)
    width = dx if x is None else np.diff(x if np.ndim(x) == 1 else np.moveaxis(x, axis, -1))
    return ((y[..., 1:] + y[..., :-1]) / 2 * width).sum(-1)


def np_depth_to_space(x, b):
    n, h, w, c = x.shape
    out = np.zeros((n, h * b, w * b, c // b**2), x.dtype)
    for i in range(b):
        for j in range(b):
            out[:, i::b, j::b] = x[..., (i * b + j) * (c // b**2) : (i * b + j + 1) * (c // b**2)]
    return out


IMAGES = np.random.default_rng(4).normal(size=(2, 4, 6, 8)).astype("float32")
OPTIONS = {"dilation": 2, "padding": 1, "stride": 2}


def rows() -> list:
    """(function, arguments, keyword arguments, what NumPy says)."""
    return [
        ("allclose", (X, X * (1 + 1e-6)), {}, True),
        ("allclose", (X, X + 1e-2), {}, False),
        ("angle", (X,), {}, np.angle(W)),
        ("real", (X,), {}, X),
        ("imag", (X,), {}, np.zeros_like(X)),
        ("conj", (X,), {}, X),
        ("conjugate", (X,), {}, X),
        ("isreal", (X,), {}, np.isreal(X)),
        ("append", (X, Y), {}, np.append(X, Y)),
        ("append", (X, Y), {"axis": 1}, np.append(X, Y, 1)),
        ("argpartition", (V, 1), {}, np.argsort(V)),
        ("array", ([[1.5, 2]],), {}, np.array([[1.5, 2]], "float32")),
        *[
            (name, (length,), {}, getattr(np, name)(length))
            for name in ("bartlett", "blackman", "hamming", "hanning")
            for length in (0, 1, 7)
        ],
        ("kaiser", (9, 5.0), {}, np.kaiser(9, 5)),
        ("bincount", (COUNTS,), {}, np.bincount(COUNTS)),
        ("bincount", (COUNTS,), {"minlength": 9}, np.bincount(COUNTS, minlength=9)),
        ("bincount", (COUNTS,), {"weights": W.ravel()[:6]}, np.bincount(COUNTS, W.ravel()[:6])),
        (
            "bincount",
            (COUNTS.reshape(2, 3),),
            {},
            np.stack([np.bincount(row, minlength=8) for row in COUNTS.reshape(2, 3)]),
        ),
        ("bitwise_invert", (K,), {}, ~K),
        ("cbrt", (X * 9,), {}, np.cbrt(wide(X * 9))),
        ("copy", (X,), {}, X),
        ("corrcoef", (M,), {}, np.corrcoef(wide(M))),
        ("corrcoef", (V,), {}, np.corrcoef(wide(V))),
        *[
            ("correlate", (a, b, mode), {}, np.correlate(wide(a), wide(b), mode))
            for mode in ("valid", "same", "full")
            for a, b in ((M[0], V[:3]), (V[:3], M[0]), (M[0], V), (V, M[0]), (V, V), (V[:2], M[0]))
        ],
        ("cdist", (M, Y[0, :, :4] @ M), {}, np.linalg.norm(wide(M)[:, None] - wide(Y[0, :, :4] @ M), axis=-1)),
        ("deg2rad", (X,), {}, np.deg2rad(W)),
        ("rad2deg", (X,), {}, np.rad2deg(W)),
        ("diagflat", (M[:2, :2],), {"k": 1}, np.diagflat(M[:2, :2], 1)),
        ("diagflat", (V,), {"k": -2}, np.diagflat(V, -2)),
        ("diff", (X,), {}, np.diff(W)),
        ("diff", (X,), {"n": 2, "axis": 1}, np.diff(W, 2, 1)),
        ("diff", (B,), {"axis": 2}, np.diff(B, axis=2)),
        ("digitize", (X, [-1.0, 0.0, 0.5]), {}, np.digitize(X, [-1.0, 0.0, 0.5])),
        ("dstack", ([V, V],), {}, np.dstack([V, V])),
        ("dstack", ([M, M],), {}, np.dstack([M, M])),
        ("dstack", ([X, Y],), {}, np.dstack([X, Y])),
        ("empty_like", (X,), {}, np.zeros_like(X)),
        ("erfc", (ERFC,), {}, [math.erfc(each) for each in ERFC.tolist()]),
        ("erfc", (ERFC.astype("float64"),), {}, [math.erfc(each) for each in ERFC.tolist()]),
        ("exp2", (X,), {}, np.exp2(W)),
        ("psnr", (X, Y, 2.0), {}, 10 * np.log10(4 / np.mean((W - U) ** 2))),
        ("fabs", (K - 4,), {}, np.fabs(K - 4).astype("float32")),
        ("fliplr", (X,), {}, np.fliplr(X)),
        ("flipud", (X,), {}, np.flipud(X)),
        ("fmax", (HOLES, HOLES[::-1]), {}, np.fmax(HOLES, HOLES[::-1])),
        ("fmin", (HOLES, HOLES[::-1]), {}, np.fmin(HOLES, HOLES[::-1])),
        ("fmax", (K, 3), {}, np.fmax(K, 3)),
        ("fmod", (X * 5, Y), {}, np.fmod(wide(X * 5), U)),
        ("fmod", (K - 4, 3), {}, np.fmod(K - 4, 3)),
        ("gcd", (K * 6, K[::-1] * 4 - 12), {}, np.gcd(K * 6, K[::-1] * 4 - 12)),
        ("gcd", (1836311903, 1134903170), {}, np.gcd(1836311903, 1134903170)),
        ("lcm", (K - 3, 6), {}, np.lcm(K - 3, 6)),
        ("geomspace", (1, 1000, 7), {}, np.geomspace(1, 1000, 7)),
        ("logspace", (0, 3, 5), {"base": 2, "endpoint": False}, np.logspace(0, 3, 5, False, 2)),
        ("get_item", (X, np.s_[1:, ..., -1]), {}, X[1:, ..., -1]),
        ("heaviside", (ODD, 0.5), {}, np.heaviside(ODD, 0.5)),
        ("hypot", (X * 1e30, Y * 1e30), {}, np.hypot(wide(X * 1e30), wide(Y * 1e30))),
        ("hypot", (ODD, np.zeros(6, "float32")), {}, np.hypot(ODD, 0)),
        ("i0", (BIG,), {}, np.i0(wide(BIG))),
        ("i0", (BIG.astype("float64"),), {}, np.i0(wide(BIG))),
        ("isin", (K, [1, 5]), {}, np.isin(K, [1, 5])),
        ("isin", (K, [1, 5]), {"invert": True}, np.isin(K, [1, 5], invert=True)),
        ("isneginf", (ODD,), {}, np.isneginf(ODD)),
        ("isposinf", (ODD,), {}, np.isposinf(ODD)),
        ("kron", (M, X), {}, np.kron(wide(M), W)),
        ("kron", (V, M), {}, np.kron(wide(V), wide(M))),
        ("ldexp", (X, K - 4), {}, np.ldexp(W, K - 4)),
        ("ldexp", (np.float32(1e-30), 200), {}, np.ldexp(1e-30, 200)),
        ("logaddexp2", (X, Y), {}, np.logaddexp2(W, U)),
        ("logaddexp2", (ODD, ODD), {}, np.logaddexp2(ODD, ODD)),
        ("rearrange", (X, "a b c -> c (b a)"), {}, X.transpose(2, 1, 0).reshape(4, 6)),
        (
            "rearrange",
            (X, "a b (h w) -> (a h) 1 b w"),
            {"h": 2},
            X.reshape(2, 3, 2, 2).transpose(0, 2, 1, 3).reshape(4, 1, 3, 2),
        ),
        *[("rot90", (X, k, axes), {}, np.rot90(X, k, axes)) for k in (0, 1, 2, 3, -1) for axes in ((0, 1), (2, 0))],
        *[
            (
                "saturate_cast",
                (np.array([-1e20, -300.7, -1.0, 0.0, 127.9, 300.0, 1e20], "float32"), to),
                {},
                np.clip(np.array([-1e20, -300.7, -1, 0, 127.9, 300, 1e20]), np.iinfo(to).min, top).astype(to),
            )
            for to, top in (("uint8", 255), ("int8", 127), ("int32", 2147483520))
        ],
        ("saturate_cast", (K - 4, "uint8"), {}, np.clip(K - 4, 0, 255).astype("uint8")),
        (
            "segment_max",
            (M, [0, 2, 2, 0]),
            {},
            np.stack([wide(M)[[0, 3]].max(0), np.full(5, -np.inf), wide(M)[1:3].max(0)]),
        ),
        ("segment_min", (M, [0, 1, 1, 5]), {"num_segments": 2}, np.stack([wide(M)[0], wide(M)[1:3].min(0)])),
        (
            "segment_prod",
            (M, [0, 1, 1, 0]),
            {"num_segments": 3},
            np.stack([wide(M)[0] * wide(M)[3], wide(M)[1] * wide(M)[2], np.ones(5)]),
        ),
        ("segment_max", (K[0], [1, 1, 0]), {}, np.stack([K[0, 2], K[0, :2].max(0)])),
        ("select", ([X > 1, X > 0], [X, Y], 7.0), {}, np.select([X > 1, X > 0], [X, Y], 7.0)),
        ("signbit", (np.array([-0.0, 0.0, -2, 3], "float32"),), {}, [True, False, True, False]),
        ("signbit", (K - 4,), {}, np.signbit(K - 4.0)),
        ("sinc", (X,), {}, np.sinc(W)),
        ("sinc", (np.zeros(2, "float32"),), {}, np.ones(2)),
        ("trapezoid", (X,), {"dx": 0.5}, np_trapezoid(W, dx=0.5)),
        ("trapezoid", (X, np.array([0.0, 1.0, 3.0])), {"axis": 1}, np_trapezoid(W, [0, 1, 3], axis=1)),
        ("trapezoid", (X, Y), {"axis": 0}, np_trapezoid(W, U, axis=0)),
        ("tri", (3, 5, -1), {}, np.tri(3, 5, -1)),
        ("vander", (V,), {}, np.vander(wide(V))),
        ("vander", (V, 2), {"increasing": True}, np.vander(wide(V), 2, increasing=True)),
        ("vander", (V, 0), {}, np.zeros((4, 0))),
        ("view", (X, "float32"), {}, X),
        ("nancumsum", (HOLES,), {"axis": 1}, np.nancumsum(wide(HOLES), 1)),
        ("nancumprod", (HOLES,), {}, np.nancumprod(wide(HOLES))),
        *[
            (
                name,
                (HOLES,),
                {"axis": axis, "keepdims": keep},
                getattr(np, name)(wide(HOLES), axis=axis, keepdims=keep),
            )
            for name in ("nansum", "nanprod", "nanmax", "nanmin", "nanmean", "nanvar", "nanstd", "nanmedian")
            for axis in (None, 1, (0, 2))
            for keep in (False, True)
        ],
        *[
            (name, (HOLES[1],), {"axis": axis}, getattr(np, name)(HOLES[1], axis=axis))
            for name in ("nanargmax", "nanargmin")
            for axis in (None, 0)
        ],
        ("nanargmax", (HOLES[0],), {"axis": 1}, [-1, *np.nanargmax(HOLES[0, 1:], 1)]),
        *[
            (
                name,
                (x, scale * np.array([0.0, 0.3, 0.5, 1.0])),
                {"axis": axis, "method": method, "keepdims": True},
                getattr(np, name)(
                    wide(x), scale * np.array([0.0, 0.3, 0.5, 1.0]), axis=axis, method=method, keepdims=True
                ),
            )
            for name, scale in (("quantile", 1), ("percentile", 100), ("nanquantile", 1), ("nanpercentile", 100))
            for x in (X, HOLES)
            for axis in (None, 2, (0, 2))
            for method in ("linear", "lower", "higher", "midpoint", "nearest")
        ],
        ("quantile", (np.arange(11.0), 0.3), {"method": "higher"}, 3.0),
        ("quantile", (X, 0.25), {"axis": -1}, np.quantile(W, 0.25, -1)),
        ("unfold", (IMAGES, 2), OPTIONS, np_unfold(IMAGES, 2, **OPTIONS)),
        ("depth_to_space", (IMAGES, 2), {}, np_depth_to_space(IMAGES, 2)),
        ("space_to_depth", (np_depth_to_space(IMAGES, 2), 2), {}, IMAGES),
        (
            "depth_to_space",
            (IMAGES.transpose(0, 3, 1, 2), 2, "channels_first"),
            {},
            np_depth_to_space(IMAGES, 2).transpose(0, 3, 1, 2),
        ),
        (
            "space_to_depth",
            (np_depth_to_space(IMAGES, 2).transpose(0, 3, 1, 2), 2, "channels_first"),
            {},
            IMAGES.transpose(0, 3, 1, 2),
        ),
    ]


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # NumPy's about NaN
    TABLE = rows()


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{number}-{row[0]}") for number, row in enumerate(TABLE)])
def test_table(row) -> None:
    name, arguments, keywords, wanted = row
    function = getattr(ops, name)
    check(function(*arguments, **keywords), wanted)
    check(gm.function(lambda: function(*arguments, **keywords))(), wanted)
