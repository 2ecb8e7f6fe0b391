"""What small measurements share: a description, time of a compiled function, results and plot."""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence

from gradmill import ops, tracing
from gradmill.benchmark import charts
from gradmill.benchmark.machine import has_module
from gradmill.benchmark.options import add_output_option, positive, print_devices
from gradmill.benchmark.report import write_results
from gradmill.benchmark.training_job import prepare
from gradmill.utils.files import atomic_write

# Runs of a function are repeated for so long; with --quick for the shorter time.
SECONDS, QUICK_SECONDS = 0.4, 0.01
_FEWEST_RUNS = 3


@dataclass(frozen=True)
class Micro:
    """A small measurement.

    Attributes:
        name: of the command.
        text: what it measures.
        example: a command line.
        add_options: adds options to a parser.
        run: measures what the options ask for, prints a line for each figure, and returns plain values.
        plot: makes the plot of what `run` returned; None where there is none.
    """

    name: str
    text: str
    example: str
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], Dict[str, Any]]
    plot: Optional[Callable[[Dict[str, Any]], charts.Draw]] = None

    def prepare_parser(self, parser: argparse.ArgumentParser) -> None:
        """Add all options to a parser."""
        self.add_options(parser)
        parser.add_argument("--threads", type=positive, help="threads to use (default: all cores)")
        parser.add_argument("--quick", action="store_true", help="seconds: small sizes, few repeats")
        add_output_option(parser)
        parser.set_defaults(run=self.measure)

    def measure(self, options: argparse.Namespace) -> int:
        """Measure, and write `NAME.json` and `NAME.png`."""
        prepare(0, options.threads)
        print_devices()
        found = self.run(options)
        folder = Path(options.output)
        print(f"Results:           {write_results(folder / f'{self.name}.json', {'job': self.name, **found})}")
        if self.plot is None:
            return 0
        if not has_module("matplotlib"):
            print("Plot:              not drawn; pip install 'gradmill[bench]' to get one")
            return 0
        path = folder / f"{self.name}.png"
        with atomic_write(path) as file:
            charts.as_png(self.plot(found), self.name, file)
        print(f"Plot:              {path}")
        return 0


def seconds_of(function: Callable, inputs: Sequence[Any], budget: float) -> float:
    """Return the least time of a compiled function, without what calling it costs.

    Args:
        function: of tensors.
        inputs: arrays or tensors.
        budget: seconds to spend; the function runs a few times at least.
    """
    plan = tracing.function(function).plan_for(*inputs)
    tensors = [ops.convert_to_tensor(each, dtype=dtype) for each, (_, dtype) in zip(inputs, plan.inputs)]

    def once(repeats: int) -> float:
        return sum(row["seconds"] for row in plan.profile(tensors, repeats))

    best = once(1)
    # Short functions run many times between two looks at the clock.
    repeats = max(1, min(200, int(0.1 * budget / best))) if best > 0 else 200
    end, runs = time.perf_counter() + budget, 1
    while runs < _FEWEST_RUNS or time.perf_counter() < end:
        best = min(best, once(repeats))
        runs += 1
    return best


def budget_of(options: argparse.Namespace) -> float:
    """Return the seconds to spend on a figure."""
    return QUICK_SECONDS if options.quick else SECONDS


def curves(
    rows: Sequence[Dict[str, Any]], key: str, x: str, y: str, labels: Sequence[str], best: bool = False
) -> charts.Draw:
    """Return a plot of lines over a logarithmic axis.

    Args:
        rows: with the values `key`, `x` and `y`.
        key: what tells lines apart.
        x: name of the value along the axis.
        y: name of the value upwards.
        labels: of both axes.
        best: whether to mark the highest point of all.
    """
    names: List[Any] = list(dict.fromkeys(row[key] for row in rows))

    def draw(theme: charts.Theme) -> charts.Canvas:
        canvas = charts.Canvas(8, 4.5, theme)
        axes = canvas.axes()
        for i, name in enumerate(names):
            points = [(row[x], row[y]) for row in rows if row[key] == name]
            colour = theme.series[i % len(theme.series)]
            axes.plot(*zip(*points), marker="o", markersize=4, color=colour, label=str(name))
        if best:
            top = max(rows, key=lambda row: row[y])
            axes.plot(top[x], top[y], "o", markersize=12, fillstyle="none", color=theme.ink)
            place = {"xytext": (0, 10), "textcoords": "offset points", "ha": "right"}
            axes.annotate(f"{top[y]:,.3g} at {top[x]:,}", (top[x], top[y]), color=theme.ink, **place)
        axes.set_xscale("log", base=2)
        axes.set_ylim(bottom=0)
        axes.margins(y=0.15)
        axes.set_xlabel(labels[0], color=theme.ink)
        axes.set_ylabel(labels[1], color=theme.ink)
        axes.grid(color=theme.grid)
        axes.legend(frameon=False, labelcolor=theme.ink)
        return canvas

    return draw
