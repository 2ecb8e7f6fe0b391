"""Tables, plots and the report of files of results."""

import importlib
import json
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from gradmill.benchmark import charts
from gradmill.benchmark.cells import published
from gradmill.benchmark.compare import comparison_rows
from gradmill.benchmark.machine import has_module
from gradmill.benchmark.plots import plots_of
from gradmill.benchmark.results import Results
from gradmill.benchmark.rows import Row, rows_of
from gradmill.benchmark.tables import (
    COLUMNS,
    cells_of_row,
    ends,
    figure,
    markdown_table,
    notes_of,
    plain_row,
    text_table,
    verdict_lines,
)
from gradmill.utils.files import PathLike, atomic_write

_INSTALL = "pip install 'gradmill[bench]'"
_CAPTIONS = {
    "throughput": "Samples a second of training, with 95 % intervals. Hatched: published figures of other machines, at "
    "other batch sizes and precisions (see the table below); an arrow stands for a bar that is too long.",
    "roofline": "How near each cell comes to the limits of this machine. Filled: operations that are carried out; "
    "hollow: those of the direct method, of which Winograd's convolutions save a part.",
    "memory": "The most memory that each process had.",
}


def report_lines(all_results: Sequence[Results], markdown: bool = False) -> List[str]:
    """Return the tables of files as text.

    Args:
        all_results: files.
        markdown: whether for a page rather than for a terminal.
    """
    make, lines = (markdown_table if markdown else text_table), []
    for results in all_results:
        rows = rows_of(results)
        lines += ["", f"## {results.label}" if markdown else results.label, *_machine_lines(results), ""]
        if not rows:
            lines.append("no runs")
            continue
        lines += make(COLUMNS, [cells_of_row(row) for row in rows])
        for found in (verdict_lines(rows), notes_of(rows)):
            if found:
                lines += ["", *(f"- {line}" if markdown else line for line in found)]
    return lines[1:]


def _machine_lines(results: Results) -> List[str]:
    """What the figures were measured on."""
    facts, roof = results.environment, results.roof
    threads = f"{facts['threads']} of {facts['cores']} cores"
    lines = [f"{facts['cpu']}, {threads}, {facts['instruction_set']}, {facts['system']}"]
    if roof:
        lines.append(f"peak {roof['flops'] / 1e9:,.1f} GFLOP/s, memory {roof['bandwidth'] / 1e9:,.1f} GB/s")
    return lines


def missing_packages() -> List[str]:
    """Return the packages that reports need and that are not installed."""
    return [name for name in ("matplotlib", "jinja2") if not has_module(name)]


def publish(
    all_results: Sequence[Results], png: Optional[PathLike] = None, html: Optional[PathLike] = None, prefix: str = ""
) -> List[str]:
    """Write plots and report.

    Args:
        all_results: files.
        png: folder for plots, None for none.
        html: file of the report, None for none.
        prefix: what names of plots begin with.

    Returns:
        lines that say what was written, or what must be installed first.

    Raises:
        OSError: something cannot be written.
    """
    if png is None and html is None:
        return []
    missing = missing_packages()
    if missing:
        return [f"no plots and no report without {' and '.join(missing)}: {_INSTALL}"]
    rows = [row for results in all_results for row in rows_of(results)]
    plots = plots_of(all_results, rows, published())
    lines = []
    if png is not None:
        for name, draw in plots.items():
            path = Path(png) / f"{prefix}{name}.png"
            with atomic_write(path) as file:
                charts.as_png(draw, name, file)
            lines.append(f"plot: {path}")
    if html is not None:
        with atomic_write(html, "w", encoding="utf-8") as file:
            file.write(html_page(all_results, rows, plots))
        lines.append(f"report: {html}")
    return lines


def html_page(all_results: Sequence[Results], rows: Sequence[Row], plots: Dict[str, charts.Draw]) -> str:
    """Return the report as one page that needs nothing else.

    Args:
        all_results: files.
        rows: of all of them.
        plots: by name.
    """
    jinja2 = importlib.import_module("jinja2")
    folder = Path(__file__).parent
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=True, trim_blocks=True)
    pictures = {
        name: {"svg": charts.as_svg(draw, name), "caption": _CAPTIONS.get(name, "")} for name, draw in plots.items()
    }
    networks = {row.cell.network for row in rows}
    return environment.get_template("report.html.j2").render(
        title=", ".join(results.label for results in all_results),
        files=[_file_facts(results) for results in all_results],
        columns=COLUMNS,
        pictures={name: each for name, each in pictures.items() if not name.startswith("layers-")},
        layers={name[len("layers-") :]: each for name, each in pictures.items() if name.startswith("layers-")},
        figures=[each for each in published() if each["network"] in networks],
        own=_own_speeds(rows),
        comparison=_comparison(all_results),
        light=charts.style_sheet(charts.LIGHT),
        dark=charts.style_sheet(charts.DARK),
        data=json.dumps([plain_row(row) for row in rows]).replace("<", "\\u003c"),
        number=figure,
    )


def _file_facts(results: Results) -> Dict[str, Any]:
    rows = rows_of(results)
    return {
        "label": results.label,
        "environment": results.environment,
        "machine": _machine_lines(results),
        "time": results.sessions[-1]["time"],
        "complete": results.complete,
        "rows": [{"cells": cells_of_row(row), "state": _state(row)} for row in rows],
        "verdicts": verdict_lines(rows),
        "notes": notes_of(rows) + results.problems,
    }


def _state(row: Row) -> str:
    """Name of the style of a row."""
    return "failed" if row.speed is None else "" if row.counts else "invalid"


def _own_speeds(rows: Sequence[Row]) -> Dict[str, List[str]]:
    """GradMill's figures by network, for the table of published ones."""
    found: Dict[str, List[str]] = {}
    for row in rows:
        if row.engine.name == "gradmill" and row.counts and row.speed:
            found.setdefault(row.cell.network, []).append(f"{figure(row.speed.value)} (batch {row.cell.batch})")
    return found


def _comparison(all_results: Sequence[Results]) -> List[Dict[str, str]]:
    if len(all_results) < 2:
        return []
    return [
        {
            **{name: each[name] for name in ("cell", "engine", "first", "other", "verdict")},
            "ratio": f"{each['ratio'].value:.3f}",
            "interval": ends(each["ratio"]),
        }
        for each in comparison_rows(all_results)
    ]
