"""The plots of a report: speed, roof, memory, layers."""

from typing import Any, Dict, List, Optional, Sequence, Tuple

from gradmill.benchmark.charts import Canvas, Draw, Theme
from gradmill.benchmark.results import Results
from gradmill.benchmark.rows import Row
from gradmill.benchmark.tables import figure as number_text

# Published machines in one panel; more would hide what was measured.
_MOST_PUBLISHED = 6
# Length of their bars over the longest measured one.
_LONGEST_PUBLISHED = 2.0


def throughput(rows: Sequence[Row], figures: Sequence[Dict[str, Any]], cells: Sequence[str]) -> Draw:
    """Return the plot of samples per second: a panel for each cell, a bar for each engine, file and published machine.

    Args:
        rows: with results, of all files.
        figures: published ones, of the networks of these cells.
        cells: names, in order.
    """
    panels = [(cell, [row for row in rows if row.cell.name == cell and row.counts]) for cell in cells]
    panels = [(cell, members) for cell, members in panels if members]
    names = list(dict.fromkeys(_bar_name(row, rows) for row in rows if row.counts))

    def draw(theme: Theme) -> Canvas:
        columns = 2 if len(panels) > 1 else 1
        lines = -(-len(panels) // columns)
        most = max(len(members) + len(_published_of(members[0], figures)) for _, members in panels)
        canvas = Canvas(9.5, lines * (0.75 + 0.22 * most), theme)
        for number, (cell, members) in enumerate(panels, 1):
            axes = canvas.axes(lines, columns, number)
            _draw_panel(axes, theme, cell, members, names, rows, _published_of(members[0], figures))
        return canvas

    return draw


def _bar_name(row: Row, rows: Sequence[Row]) -> str:
    """What a bar is called: the engine, and the file if there are several."""
    several = len({each.source for each in rows}) > 1
    return f"{row.engine.label}, {row.source}" if several else row.engine.label


def _published_of(row: Row, figures: Sequence[Dict[str, Any]]) -> List[Dict[str, Any]]:
    return [each for each in figures if each["network"] == row.cell.network][:_MOST_PUBLISHED]


def _draw_panel(
    axes: Any,
    theme: Theme,
    cell: str,
    members: Sequence[Row],
    names: Sequence[str],
    rows: Sequence[Row],
    figures: Sequence[Dict[str, Any]],
) -> None:
    """Bars of one cell, the fastest first among those measured."""
    members = sorted(members, key=lambda row: -(row.speed.value if row.speed else 0))
    labels = [_bar_name(row, rows) for row in members]
    for place, (row, label) in enumerate(zip(members, labels)):
        assert row.speed is not None
        colour = theme.series[names.index(label) % len(theme.series)]
        below, above = row.speed.value - row.speed.low, row.speed.high - row.speed.value
        error = [[below], [above]] if row.speed.repeats > 1 else None
        style = {"ecolor": theme.ink, "elinewidth": 1, "capsize": 2}
        axes.barh(place, row.speed.value, color=colour, height=0.7, xerr=error, error_kw=style)
        axes.annotate(
            f" {number_text(row.speed.value)}",
            (row.speed.high, place),
            color=theme.ink,
            va="center",
            fontsize=8,
            xytext=(2, 0),
            textcoords="offset points",
        )
    # A machine that is much faster must not press the measured bars into the axis: its bar ends with an arrow.
    edge = _LONGEST_PUBLISHED * max(row.speed.high for row in members if row.speed)
    for place, each in enumerate(figures, len(members)):
        speed = each["samples_per_second"]
        axes.barh(place, min(speed, edge), color="none", edgecolor=theme.faint, height=0.7, hatch="////")
        text = f" {number_text(speed)}" if speed <= edge else f" \u25b8 {number_text(speed)}"
        axes.annotate(text, (min(speed, edge), place), color=theme.faint, va="center", fontsize=8)
    axes.set_yticks(range(len(members) + len(figures)), [*labels, *(each["machine"] for each in figures)])
    axes.invert_yaxis()
    axes.margins(x=0.18)
    axes.set_xlim(left=0)
    axes.set_title(f"{cell}, batch {members[0].cell.batch}", color=theme.ink, fontsize=9, loc="left", weight="bold")
    axes.tick_params(axis="x", labelcolor=theme.faint)
    axes.locator_params(axis="x", nbins=4)
    axes.grid(axis="x", color=theme.grid, linewidth=0.8)


def roofline(rows: Sequence[Row], roof: Dict[str, Any]) -> Optional[Draw]:
    """Return the plot of operations a second over operations a byte, below the limits of the machine.

    Args:
        rows: of one file.
        roof: the limits.

    Returns:
        None where no row of GradMill's has a result.
    """
    points: List[Tuple[float, float, float, str]] = []
    for row in rows:
        done = [run for run in row.runs if "error" not in run]
        if row.engine.name == "gradmill" and done and row.flops:
            run = done[-1]
            carried_out = row.flops * run["step_kernel_flops"] / run["step_flops"]
            points.append((run["step_kernel_flops"] / run["step_bytes"], carried_out, row.flops, row.cell.name))
    if not points:
        return None

    def draw(theme: Theme) -> Canvas:
        canvas = Canvas(9.5, 4.8, theme)
        axes = canvas.axes()
        low = min(0.2, *(point[0] / 2 for point in points))
        high = max(100.0, *(point[0] * 4 for point in points))
        for name, peak, bandwidth, style in (
            (f"{roof['threads']} threads", roof["flops"], roof["bandwidth"], "-"),
            ("1 thread", roof["flops_one_thread"], roof["bandwidth_one_thread"], "--"),
        ):
            corner = peak / bandwidth
            xs = [low, corner, high]
            axes.plot(xs, [min(peak, x * bandwidth) / 1e9 for x in xs], style, color=theme.faint, linewidth=1.5)
            axes.annotate(
                f"{name}: {peak / 1e9:,.0f} GFLOP/s, {bandwidth / 1e9:,.0f} GB/s",
                (high, peak / 1e9),
                ha="right",
                va="bottom",
                color=theme.faint,
                fontsize=8,
                xytext=(0, 2),
                textcoords="offset points",
            )
        for x, carried_out, direct, name in points:
            axes.plot([x, x], [carried_out / 1e9, direct / 1e9], color=theme.series[0], linewidth=1)
            axes.plot(x, direct / 1e9, "o", color=theme.page, markeredgecolor=theme.series[0], markersize=6)
            axes.plot(x, carried_out / 1e9, "o", color=theme.series[0], markersize=6)
            axes.annotate(
                name,
                (x, carried_out / 1e9),
                color=theme.ink,
                fontsize=8,
                va="top",
                xytext=(6, -2),
                textcoords="offset points",
            )
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(low, high)
        axes.set_xlabel("operations a byte read from or written to memory", color=theme.ink, fontsize=9)
        axes.set_ylabel("GFLOP/s", color=theme.ink, fontsize=9)
        axes.minorticks_off()
        axes.grid(color=theme.grid, linewidth=0.8)
        return canvas

    return draw


def memory(rows: Sequence[Row]) -> Optional[Draw]:
    """Return the plot of the most memory of each process, with what the plan had said.

    Args:
        rows: of all files.
    """
    shown = [row for row in rows if row.peak_bytes]
    if not shown:
        return None

    def draw(theme: Theme) -> Canvas:
        canvas = Canvas(9.5, 0.9 + 0.22 * len(shown), theme)
        axes = canvas.axes()
        for place, row in enumerate(shown):
            peak = row.peak_bytes or 0
            own = row.engine.name == "gradmill"
            axes.barh(place, peak / 1e6, color=theme.series[0] if own else theme.series[1], alpha=0.45, height=0.7)
            if row.planned_bytes:
                axes.barh(place, row.planned_bytes / 1e6, color=theme.series[0], height=0.35)
            axes.annotate(
                f" {peak / 1e6:,.0f} MB", (peak / 1e6, place), color=theme.ink, va="center", fontsize=8
            )
        axes.set_yticks(range(len(shown)), [f"{row.cell.name}, {_bar_name(row, rows)}" for row in shown])
        axes.invert_yaxis()
        axes.margins(x=0.12, y=0.01)
        axes.set_xlabel("MB; the narrow bar is the part that the plan holds", color=theme.ink, fontsize=9)
        axes.grid(axis="x", color=theme.grid, linewidth=0.8)
        return canvas

    return draw


def layers(row: Dict[str, Any]) -> Draw:
    """Return the plot of the costliest layers of a cell, with the time that the machine's limits would allow.

    Args:
        row: a line of the kind "layers".
    """
    found = row["layers"]
    parts = ("forward", "input gradient", "kernel gradient", "gradient")

    def draw(theme: Theme) -> Canvas:
        canvas = Canvas(9.5, 1.0 + 0.24 * len(found), theme)
        axes = canvas.axes()
        for place, layer in enumerate(found):
            left = 0.0
            for i, part in enumerate(parts):
                seconds = layer.get(part, {}).get("seconds", 0.0)
                label = part if place == 0 else None
                axes.barh(place, seconds * 1e3, left=left * 1e3, color=theme.series[i], height=0.7, label=label)
                left += seconds
            roof = sum(layer[part]["roof_seconds"] for part in parts if part in layer) * 1e3
            axes.plot([roof, roof], [place - 0.42, place + 0.42], color=theme.ink, linewidth=2)
        axes.set_yticks(range(len(found)), [layer["layer"] for layer in found])
        axes.invert_yaxis()
        axes.set_xlabel("ms of a step; the upright mark: what the machine allows", color=theme.ink, fontsize=9)
        axes.grid(axis="x", color=theme.grid, linewidth=0.8)
        axes.legend(fontsize=8, frameon=False, labelcolor=theme.ink, loc="lower right")
        return canvas

    return draw


def plots_of(all_results: Sequence[Results], rows: Sequence[Row], figures: Sequence[Dict[str, Any]]) -> Dict[str, Draw]:
    """Return the plots of a report by name.

    Args:
        all_results: files.
        rows: of all of them.
        figures: published ones.
    """
    cells = list(dict.fromkeys(row.cell.name for row in rows))
    found: Dict[str, Optional[Draw]] = {}
    if any(row.counts for row in rows):
        found["throughput"] = throughput(rows, figures, cells)
    for results in all_results:  # the last file that has it counts
        if results.roof:
            drawn = roofline([row for row in rows if row.source == results.label], results.roof)
            found["roofline"] = drawn or found.get("roofline")
    found["memory"] = memory(rows)
    for results in all_results:
        for row in results.layers:
            if row["layers"]:
                found[f"layers-{row['cell']}"] = layers(row)
    return {name: draw for name, draw in found.items() if draw is not None}
