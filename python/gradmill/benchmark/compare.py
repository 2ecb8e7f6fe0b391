"""Several files of results beside the first."""

from typing import Any, Dict, List, Sequence, Tuple

from gradmill.benchmark.cells import differences
from gradmill.benchmark.intervals import Interval, interval_of, median, verdict
from gradmill.benchmark.results import Results
from gradmill.benchmark.rows import Row, rows_of
from gradmill.benchmark.suite import rate_of
from gradmill.benchmark.tables import few_runs, figure, text_table

# What does not matter for a comparison of speed, or stands elsewhere.
_QUIET = ("variables", "memory_bytes")


def speed_ratio(row: Row, first: Row) -> Interval:
    """Return how many times as fast a row is as one of another session, which was not measured in turn with it.

    Args:
        row: with a result.
        first: with a result.
    """
    theirs = [rate_of(run) for run in first.runs if "error" not in run]
    ours = [rate_of(run) for run in row.runs if "error" not in run]
    # The spreads of both add up: their ends are compared with the other's median.
    one, other = interval_of(ours), interval_of(theirs)
    value = median(ours) / median(theirs)
    below = ((1 - one.low / one.value) ** 2 + (other.high / other.value - 1) ** 2) ** 0.5
    above = ((one.high / one.value - 1) ** 2 + (1 - other.low / other.value) ** 2) ** 0.5
    return Interval(value, value / (1 + below), value * (1 + above), min(one.repeats, other.repeats))


def environment_differences(all_results: Sequence[Results]) -> List[str]:
    """Return lines that say where the environments of files differ.

    Args:
        all_results: the first is what the others are compared with.
    """
    first, lines = all_results[0], []
    for other in all_results[1:]:
        for name, there, here in differences(first.environment, other.environment):
            if name not in _QUIET:
                lines.append(f"{name}: {there} in {first.label}, {here} in {other.label}")
    return lines


def comparison_rows(all_results: Sequence[Results]) -> List[Dict[str, Any]]:
    """Return a dict for each cell and engine that the first file shares with another.

    Args:
        all_results: the first is what the others are compared with.

    Returns:
        dicts with `cell`, `engine`, `first`, `other` (labels), `before`, `after` (rows), `ratio` and `verdict`.
    """
    first: Dict[Tuple[str, Any], Row] = {(row.cell.name, row.engine): row for row in rows_of(all_results[0])}
    found = []
    for results in all_results[1:]:
        for row in rows_of(results):
            before = first.get((row.cell.name, row.engine))
            if before is None or not before.counts or not row.counts:
                continue
            ratio = speed_ratio(row, before)
            found.append(
                {
                    "cell": row.cell.name,
                    "engine": row.engine.label,
                    "first": all_results[0].label,
                    "other": results.label,
                    "before": before,
                    "after": row,
                    "ratio": ratio,
                    "verdict": verdict(ratio),
                }
            )
    return found


def compare_lines(all_results: Sequence[Results]) -> List[str]:
    """Return the text that `gradmill compare` prints.

    Args:
        all_results: two or more; the first is what the others are compared with.
    """
    found = comparison_rows(all_results)
    header = ["cell", "engine", "file", "samples/s", all_results[0].label, "ratio", "95 % interval", "verdict"]
    lines = [
        [
            *(each["cell"], each["engine"], each["other"]),
            *(figure(each["after"].speed.value), figure(each["before"].speed.value)),
            *(f"{each['ratio'].value:.3f}", _ends(each["ratio"]), each["verdict"]),
        ]
        for each in found
    ]
    text = text_table(header, lines, left=3) if lines else ["no cell has a valid result in the first file and another"]
    agree = sum(each["before"].speed.overlaps(each["after"].speed) for each in found)
    if found:
        text += ["", f"{agree} of {len(found)} intervals overlap"]
    different = environment_differences(all_results)
    if different:
        text += ["", "measured under different conditions:", *(f"  {line}" for line in different)]
    return text


def _ends(ratio: Interval) -> str:
    return few_runs(ratio) or f"{ratio.low:.3f} to {ratio.high:.3f}"
