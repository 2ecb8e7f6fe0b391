"""How fast memory is: sums of arrays by their size, and copies between a program's arrays and tensors."""

import argparse
import time
from typing import Any, Callable, Dict, List, Tuple

import numpy as np

from gradmill import config, ops
from gradmill.benchmark.micro.measurement import Micro, budget_of, curves, seconds_of
from gradmill.benchmark.options import positive
from gradmill.variable import Variable

_SMALLEST = 2**12
# Name, function of two arrays and the result's old value, arrays that pass between memory and cores.
_SUMS: Tuple[Tuple[str, Callable, int], ...] = (
    ("add", lambda x, y, _: x + y, 3),
    ("mult", lambda x, y, _: x * y, 3),
    ("mult-add", lambda x, y, result: result + x * y, 4),
    ("triad", lambda x, y, _: x + 3.0 * y, 3),
)


def _sizes(options: argparse.Namespace) -> List[int]:
    """Bytes of an array, from what fits the first cache to what fits none."""
    largest = 2**14 if options.quick else options.max_megabytes * 2**20
    return [_SMALLEST << power for power in range(64) if _SMALLEST << power <= largest]


def _bandwidth(options: argparse.Namespace) -> Dict[str, Any]:
    rows = []
    for name, function, arrays in _SUMS:
        for size in _sizes(options):
            result = Variable(np.zeros(size // 4, "float32"))

            def run(x: Any, y: Any, function: Callable = function, result: Variable = result) -> Any:
                result.assign(function(x, y, result))

            seconds = seconds_of(run, [ops.ones(size // 4), ops.ones(size // 4)], budget_of(options))
            rate = arrays * size / seconds / 1e9
            rows.append({"op": name, "bytes": size, "seconds": seconds, "gigabytes_per_second": rate})
            print(f"{name:9} {size / 1024:10,.0f} KiB an array {rate:10.1f} GB/s", flush=True)
    return {"rows": rows}


def _copies(options: argparse.Namespace) -> Dict[str, Any]:
    print("Devices:           one; there is nothing to copy between, so copies from and to the host's arrays are timed")
    rows: List[Dict[str, Any]] = []
    for size in _sizes(options):
        array = np.ones(size // 4, "float32")
        side = max(2, round((size / 4) ** 0.5))
        square = ops.ones((side, side))
        for name, run, moved in (
            ("to a tensor", lambda array=array: ops.convert_to_tensor(array + 0), 2 * size),
            ("to an array", lambda array=array: ops.convert_to_tensor(array).numpy().copy(), 2 * size),
            ("elementwise and back", lambda array=array: (ops.convert_to_tensor(array) * 2.0).numpy(), 2 * size),
            ("product and back", lambda square=square: ops.matmul(square, square).numpy(), 3 * square.nbytes),
        ):
            seconds = _least(run, budget_of(options))
            rate = moved / seconds / 1e9
            rows.append({"what": name, "bytes": size, "seconds": seconds, "gigabytes_per_second": rate})
            print(f"{name:21} {size / 1024:10,.0f} KiB {seconds * 1e6:12.1f} us {rate:9.2f} GB/s", flush=True)
    return {"devices": ["cpu"], "threads": config.get_threads(), "rows": rows}


def _least(run: Callable[[], Any], budget: float) -> float:
    """The least time of a call."""
    best, end, runs = float("inf"), time.perf_counter() + budget, 0
    while runs < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
        runs += 1
    return best


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--max-megabytes", type=positive, default=256, metavar="MIB", help="largest array (default %(default)s)"
    )


BW_BENCHMARK = Micro(
    "bw_benchmark",
    "Gigabytes a second of add, mult, mult-add and triad over arrays of many sizes: the steps are the caches.",
    "gradmill bw_benchmark --max-megabytes 512",
    _options,
    _bandwidth,
    lambda found: curves(found["rows"], "op", "bytes", "gigabytes_per_second", ("bytes of an array", "GB/s")),
)
UNIFIED_MEM_BENCHMARK = Micro(
    "unified_mem_benchmark",
    "Copies between devices around a product and elementwise work; with one device, between the program's arrays and "
    "tensors.",
    "gradmill unified_mem_benchmark --max-megabytes 64",
    _options,
    _copies,
    lambda found: curves(found["rows"], "what", "bytes", "gigabytes_per_second", ("bytes", "GB/s")),
)
