"""A 3x3 convolution and its depthwise-separable twin: forward and both gradients."""

import argparse
from typing import Any, Callable, Dict, List, Tuple

import numpy as np

from gradmill import ops
from gradmill.autograd import GradientTape
from gradmill.benchmark import charts
from gradmill.benchmark.micro.measurement import Micro, budget_of, seconds_of
from gradmill.benchmark.options import positive


def _normal(x: Any, kernel: Any) -> Any:
    return ops.conv(x, kernel, padding="same")


def _separable(x: Any, kernel: Any, points: Any) -> Any:
    return ops.separable_conv(x, kernel, points, padding="same")


def _towards(function: Callable, of_input: bool) -> Callable:
    """The gradient of a convolution for what arrives, towards its input or its kernels."""

    def gradient(arriving: Any, x: Any, *kernels: Any) -> Any:
        sources = [x] if of_input else list(kernels)
        with GradientTape() as tape:
            tape.watch(sources)
            y = function(x, *kernels)
        return tape.gradient(y, sources, output_gradients=arriving)

    return gradient


def _cases(batch: int, size: int, channels: int) -> List[Tuple[str, Callable, List[np.ndarray], float]]:
    """Name, function, arrays and operations (two for each multiply-add) of each kind of convolution."""
    generator = np.random.default_rng(0)

    def draw(*shape: int) -> np.ndarray:
        values = generator.random(shape, dtype="float32")
        values -= 0.5
        return values

    x = draw(batch, size, size, channels)
    pixels = 2.0 * batch * size * size
    normal, depthwise = draw(3, 3, channels, channels), draw(3, 3, channels, 1)
    return [
        ("normal", _normal, [x, normal], pixels * 9 * channels * channels),
        ("separable", _separable, [x, depthwise, draw(1, 1, channels, channels)], pixels * channels * (9 + channels)),
    ]


def _run(options: argparse.Namespace) -> Dict[str, Any]:
    batch, size, channels = (2, 16, 8) if options.quick else (options.bs, options.image_size, options.channels)
    rows = []
    print(f"Convolution:       3x3, {channels} channels, {size}x{size}, batch {batch}")
    for name, function, arrays, operations in _cases(batch, size, channels):
        arriving = arrays[0]
        for direction, run, inputs in (
            ("forward", function, arrays),
            ("backward-data", _towards(function, True), [arriving, *arrays]),
            ("backward-weight", _towards(function, False), [arriving, *arrays]),
        ):
            seconds = seconds_of(run, inputs, budget_of(options))
            rate = operations / seconds / 1e9
            rows.append({"kind": name, "direction": direction, "seconds": seconds, "gflops": rate})
            print(f"{name:10} {direction:16} {seconds * 1e3:10.3f} ms {rate:10.1f} GFLOP/s", flush=True)
    return {"batch": batch, "size": size, "channels": channels, "rows": rows}


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bs", type=positive, default=32, help="images (default %(default)s)")
    parser.add_argument("--image-size", type=positive, default=256, help="height and width (default %(default)s)")
    parser.add_argument("--channels", type=positive, default=128, help="channels and filters (default %(default)s)")


def _plot(found: Dict[str, Any]) -> charts.Draw:
    def draw(theme: charts.Theme) -> charts.Canvas:
        canvas = charts.Canvas(8, 3, theme)
        axes = canvas.axes()
        kinds = list(dict.fromkeys(row["kind"] for row in found["rows"]))
        for place, row in enumerate(found["rows"]):
            axes.barh(place, row["gflops"], color=theme.series[kinds.index(row["kind"])])
        labels = [f"{row['kind']}, {row['direction']}" for row in found["rows"]]
        axes.set_yticks(range(len(labels)), labels)
        axes.invert_yaxis()
        axes.set_xlabel("GFLOP/s by the direct method", color=theme.ink)
        axes.grid(axis="x", color=theme.grid)
        return canvas

    return draw


CONV_BENCHMARK = Micro(
    "conv_benchmark",
    "Speed of a 3x3 convolution of 128 channels at 256x256, normal and depthwise-separable, forward and backward. "
    "GFLOP/s count the multiply-adds of the direct method.",
    "gradmill conv_benchmark --bs 8",
    _options,
    _run,
    _plot,
)
