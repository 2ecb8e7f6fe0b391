"""Rows as text: for a terminal, as Markdown, as CSV."""

import csv
import io
import math
from typing import Any, Dict, List, Optional, Sequence

from gradmill.benchmark.intervals import FEWEST_REPEATS, Interval
from gradmill.benchmark.rows import Row

COLUMNS = (
    *("cell", "engine", "samples/s", "95 % interval", "of the peak", "carried out"),
    *("memory", "plan", "J/sample", "loss", "proof"),
)


def figure(value: Optional[float]) -> str:
    """Return a positive number with three or more digits that say something, "n/a" for None.

    Args:
        value: the number.

    Example:
        >>> from gradmill.benchmark.tables import figure
        >>> figure(123456.7), figure(12.345), figure(0.01234), figure(None)
        ('123,457', '12.3', '0.0123', 'n/a')
    """
    if value is None or not math.isfinite(value):
        return "n/a"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def size(count: Optional[float]) -> str:
    """Return bytes for a reader, "n/a" for None.

    Args:
        count: bytes.
    """
    return "n/a" if count is None else f"{count / 1e6:,.0f} MB"


def share(part: Optional[float]) -> str:
    """Return a part of one in percent, "n/a" for None.

    Args:
        part: of one.
    """
    return "n/a" if part is None else f"{part:.0%}"


def ends(interval: Interval) -> str:
    """Return the ends of an interval, or how little is known.

    Args:
        interval: of a figure.
    """
    return few_runs(interval) or f"{figure(interval.low)} to {figure(interval.high)}"


def few_runs(interval: Interval) -> str:
    """Return "one run" or "two runs", "" for more.

    Args:
        interval: of a figure.
    """
    return ("one run", "two runs")[interval.repeats - 1] if interval.repeats < FEWEST_REPEATS else ""


def cells_of_row(row: Row) -> List[str]:
    """Return what stands in the columns of a row.

    Args:
        row: to be shown.
    """
    if row.speed is None:
        return [row.cell.name, row.engine.label, "no result", *[""] * (len(COLUMNS) - 4), "none"]
    return [
        row.cell.name,
        row.engine.label,
        figure(row.speed.value) + ("*" if row.marked >= 0.5 else ""),
        ends(row.speed),
        share(row.share_of_peak),
        share(row.share_carried_out) if row.share_carried_out is not None else "",
        size(row.peak_bytes),
        size(row.planned_bytes) if row.planned_bytes else "",
        figure(row.joules),
        "no number" if row.loss is None else f"{row.loss:.4f}",
        row.proof,
    ]


def notes_of(rows: Sequence[Row]) -> List[str]:
    """Return what must be said below a table.

    Args:
        rows: of the table.
    """
    notes = []
    if any(row.marked >= 0.5 for row in rows):
        notes.append("* other work took a part of the processors during most of these runs")
    for row in rows:
        name = f"{row.cell.name}, {row.engine.label}"
        if row.error:
            notes.append(f"{name}: {row.error}")
        if row.proof == "INVALID" and row.loss is None:
            notes.append(f"{name}: not compared, as the last loss is no number")
        elif row.proof == "INVALID" and row.band is not None:
            low, high, epoch = row.band
            notes.append(f"{name}: not compared, as the loss of epoch {epoch} must lie between {low:g} and {high:g}")
        notes += [f"{name}: {note}" for note in row.notes]
    reasons = {row.energy for row in rows if row.speed is not None and row.joules is None}
    notes += [f"energy n/a: {reason}" for reason in sorted(reasons) if reason]
    sources = {row.energy for row in rows if row.joules is not None}
    notes += [f"energy from {source}" for source in sorted(sources)]
    return notes


def text_table(header: Sequence[str], lines: Sequence[Sequence[str]], left: int = 2) -> List[str]:
    """Return the lines of a table in columns of equal width.

    Args:
        header: names of the columns.
        lines: what stands in them.
        left: so many columns begin at the left, the others end at the right.
    """
    widths = [max(len(line[i]) for line in [header, *lines]) for i in range(len(header))]

    def join(line: Sequence[str]) -> str:
        parts = [text.ljust(w) if i < left else text.rjust(w) for i, (text, w) in enumerate(zip(line, widths))]
        return "  ".join(parts).rstrip()

    return [join(header), "  ".join("-" * width for width in widths), *(join(line) for line in lines)]


def markdown_table(header: Sequence[str], lines: Sequence[Sequence[str]], left: int = 2) -> List[str]:
    """Return the lines of a table in Markdown.

    Args:
        header: names of the columns.
        lines: what stands in them.
        left: so many columns begin at the left, the others end at the right.
    """
    rule = ["---" if i < left else "---:" for i in range(len(header))]
    return ["| " + " | ".join(line) + " |" for line in [list(header), rule, *map(list, lines)]]


def verdict_lines(rows: Sequence[Row]) -> List[str]:
    """Return a sentence for each peer in each cell.

    Args:
        rows: of one file.
    """
    lines = []
    for row in rows:
        if row.versus is not None:
            times = f"{row.versus.value:.2f} times as fast ({row.versus.low:.2f} to {row.versus.high:.2f})"
            if few_runs(row.versus):
                times = f"{row.versus.value:.2f} times as fast in {few_runs(row.versus)}"
            lines.append(f"{row.cell.name}: gradmill beside {row.engine.label}: {row.verdict}, {times}")
    return lines


def plain_row(row: Row) -> Dict[str, Any]:
    """Return a row as names and plain values, for CSV and other programs.

    Args:
        row: of a file.
    """
    speed, versus, band = row.speed, row.versus, row.band or (None, None, None)
    return {
        "source": row.source,
        "cell": row.cell.name,
        "engine": row.engine.name,
        "setting": row.engine.setting,
        "samples_per_second": speed and speed.value,
        "low": speed and speed.low,
        "high": speed and speed.high,
        "repeats": speed.repeats if speed else 0,
        "share_of_roof": row.share,
        "flops_per_second": row.flops,
        "share_of_peak": row.share_of_peak,
        "share_carried_out": row.share_carried_out,
        "peak_bytes": row.peak_bytes,
        "planned_bytes": row.planned_bytes,
        "joules_per_sample": row.joules,
        "energy": row.energy,
        "loss": row.loss,
        "band_low": band[0],
        "band_high": band[1],
        "band_epoch": band[2],
        "proof": row.proof,
        "gradmill_is_times_as_fast": versus and versus.value,
        "times_low": versus and versus.low,
        "times_high": versus and versus.high,
        "verdict": row.verdict,
        "batch": row.cell.batch,
        "loaded": row.marked,
        "error": row.error,
        "notes": "; ".join(row.notes),
    }


def csv_text(rows: Sequence[Row]) -> str:
    """Return rows as CSV with a header.

    Args:
        rows: at least one.
    """
    file = io.StringIO()
    plain = [plain_row(row) for row in rows]
    writer = csv.DictWriter(file, list(plain[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(plain)
    return file.getvalue()
