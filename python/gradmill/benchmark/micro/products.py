"""Square matrix products: over sizes and dtypes, and for a long time."""

import argparse
import time
from typing import Any, Dict, List

import numpy as np

from gradmill import ops, tracing
from gradmill.benchmark import charts
from gradmill.benchmark.micro.measurement import Micro, budget_of, curves, seconds_of
from gradmill.benchmark.options import positive

SIZES = tuple(2**power for power in range(5, 14))
_DTYPES = ("float32", "bfloat16", "float16")
_BURN_SIZE, _BURN_SECONDS = 8192, 60
# The first part of a long run is fast before anything is hot; the last shows what stays.
_PART = 5


def _factors(size: int, dtype: str) -> List[Any]:
    generator = np.random.default_rng(0)
    return [ops.cast(generator.random((size, size), dtype="float32") - 0.5, dtype) for _ in range(2)]


def _sweep(options: argparse.Namespace) -> Dict[str, Any]:
    rows = []
    sizes = [size for size in SIZES if size <= (128 if options.quick else options.max_size)]
    for dtype in options.dtypes.split(","):
        for size in sizes:
            seconds = seconds_of(ops.matmul, _factors(size, dtype), budget_of(options))
            rows.append({"size": size, "dtype": dtype, "seconds": seconds, "tflops": 2 * size**3 / seconds / 1e12})
            print(f"M = {size:5d}  {dtype:9} {rows[-1]['tflops']:8.4f} TFLOPS", flush=True)
    best = max(rows, key=lambda row: float(row["tflops"]))
    print(f"Best:              {best['tflops']:.4f} TFLOPS at M = {best['size']}, {best['dtype']}")
    return {"rows": rows, "best": best}


def _dtypes(text: str) -> str:
    unknown = [name for name in text.split(",") if name not in _DTYPES]
    if unknown:
        raise argparse.ArgumentTypeError(f"expected some of {','.join(_DTYPES)}; received {unknown[0]!r}")
    return text


def _sweep_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--max-size", type=positive, default=SIZES[-1], help="largest side (default %(default)s)")
    names = ",".join(_DTYPES)
    parser.add_argument("--dtypes", type=_dtypes, default=names, help="comma-separated (default %(default)s)")


def _burn(options: argparse.Namespace) -> Dict[str, Any]:
    size, seconds = (256, 1) if options.quick else (options.size, options.seconds)
    factors = _factors(size, "float32")
    product = tracing.function(ops.matmul)
    product(*factors)
    rows: List[Dict[str, float]] = []
    start = last = time.perf_counter()
    runs = 0
    while last - start < seconds:
        product(*factors)
        runs += 1
        now = time.perf_counter()
        # A line a second, or for each product where one takes longer.
        if now - last >= min(1.0, seconds / 10):
            rows.append({"seconds": now - start, "tflops": 2 * size**3 * runs / (now - last) / 1e12})
            print(f"{rows[-1]['seconds']:7.1f} s {rows[-1]['tflops']:8.4f} TFLOPS", flush=True)
            last, runs = now, 0
    part = max(1, len(rows) // _PART)
    first, final = (float(np.median([row["tflops"] for row in each])) for each in (rows[:part], rows[-part:]))
    print(f"Sustained:         {final:.4f} TFLOPS, {final / first:.0%} of the {first:.4f} at the start")
    return {"size": size, "rows": rows, "first_tflops": first, "sustained_tflops": final}


def _burn_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=positive, default=_BURN_SIZE, help="side of the products (default %(default)s)")
    parser.add_argument("--seconds", type=positive, default=_BURN_SECONDS, help="how long (default %(default)s)")


def _burn_plot(found: Dict[str, Any]) -> charts.Draw:
    def draw(theme: charts.Theme) -> charts.Canvas:
        canvas = charts.Canvas(8, 3.5, theme)
        axes = canvas.axes()
        axes.plot(*zip(*((row["seconds"], row["tflops"]) for row in found["rows"])), color=theme.series[0])
        axes.axhline(found["sustained_tflops"], linestyle="--", color=theme.faint)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("seconds", color=theme.ink)
        axes.set_ylabel("TFLOPS", color=theme.ink)
        axes.grid(color=theme.grid)
        return canvas

    return draw


TFLOPS_SWEEP = Micro(
    "tflops_sweep",
    "Speed of square matrix products from 32 to 8192, in three dtypes.",
    "gradmill tflops_sweep --max-size 4096",
    _sweep_options,
    _sweep,
    lambda found: curves(found["rows"], "dtype", "size", "tflops", ("side of the matrices", "TFLOPS"), best=True),
)
BURN = Micro(
    "burn",
    "Products of large matrices for a long time: how much of the first speed stays when the processor is hot.",
    "gradmill burn --seconds 120",
    _burn_options,
    _burn,
    _burn_plot,
)
