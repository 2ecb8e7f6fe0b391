"""Files of results: JSON Lines that grow by one whole line at a time.

Every line has `schema` and `kind`: "session" (what was asked for, and the environment), "roof" (limits of the machine),
"run" (one process: a cell on an engine), "layers" (where the time and the memory of a cell go), "end".
"""

import json
import math
import os
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from gradmill.benchmark._engines.cell import Cell
from gradmill.benchmark.cells import differences
from gradmill.errors import ArgumentError
from gradmill.utils.files import PathLike

SCHEMA = "gradmill-bench/1"
# What a line of each kind must have, beside `error` in place of the last ones of a run.
_NEEDED: Dict[str, Sequence[str]] = {
    "session": ("session", "time", "cells", "environment"),
    "roof": ("threads", "flops", "bandwidth", "flops_one_thread", "bandwidth_one_thread"),
    "run": ("session", "round", "cell", "engine", "setting", "definition", "load"),
    "layers": ("cell", "layers"),
    "end": (),
}
_MEASURED = ("samples", "wall", "warm_up_seconds", "epoch_seconds", "losses", "first_loss", "peak_bytes", "energy")
_ATTRIBUTES = {each.name for each in fields(Cell)}


@dataclass
class Results:
    """What a file holds.

    Attributes:
        label: name of the file without its ending, or the tag.
        sessions: one for each start of the suite.
        roofs: limits of the machine.
        runs: one for each process.
        layers: one for each cell that was looked into.
        complete: whether the last session has come to its end.
        problems: what was wrong with the file, for the reader.
    """

    label: str
    sessions: List[Dict[str, Any]] = field(default_factory=list)
    roofs: List[Dict[str, Any]] = field(default_factory=list)
    runs: List[Dict[str, Any]] = field(default_factory=list)
    layers: List[Dict[str, Any]] = field(default_factory=list)
    complete: bool = False
    problems: List[str] = field(default_factory=list)

    @property
    def environment(self) -> Dict[str, Any]:
        """The environment of the last session; empty where the file has none."""
        return self.sessions[-1]["environment"] if self.sessions else {}

    @property
    def roof(self) -> Optional[Dict[str, Any]]:
        """The best limits that were measured, None where none were."""
        if not self.roofs:
            return None
        figures = ("flops", "flops_one_thread", "bandwidth")
        return {**self.roofs[-1], **{name: max(roof[name] for roof in self.roofs) for name in figures}}


def read_results(path: PathLike) -> Results:
    """Read a file of results.

    A last line that is cut off, as a crash leaves it, is skipped and told in `problems`.

    Args:
        path: the file.

    Raises:
        OSError: it cannot be read.
        ArgumentError: it is not such a file, is damaged elsewhere, or of a version that this package does not know.
    """
    results = Results(Path(path).stem)
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = file.read().split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    for number, line in enumerate(lines, 1):
        row = _row(line)
        if row is None:
            if number == len(lines):
                results.problems.append(f"{path}: line {number} is damaged (an interrupted write?) and was skipped")
                continue
            raise ArgumentError(f"{path}: line {number} is not a line of results; expected JSON with a schema")
        if row["schema"] != SCHEMA:
            raise ArgumentError(
                f"{path}: line {number} has the schema {row['schema']!r}; this version reads {SCHEMA!r}; "
                "read it with the version of gradmill that wrote it"
            )
        problem = _problem(row)
        if problem:
            raise ArgumentError(f"{path}: line {number} is not a line of results; {problem}")
        _add(results, row)
    if not results.sessions:
        raise ArgumentError(f"{path}: expected the results of a session; received {len(lines)} lines without one")
    results.label = results.sessions[-1].get("tag") or results.label
    return results


def _row(line: str) -> Optional[Dict[str, Any]]:
    """The dict that a line holds, None for anything else."""
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) and isinstance(row.get("schema"), str) else None


def _problem(row: Dict[str, Any]) -> str:
    """What keeps a line of this version from being read, "" if nothing does."""
    kind = row.get("kind")
    if kind not in _NEEDED:
        return f"expected one of the kinds {', '.join(_NEEDED)}; received {kind!r}"
    measured = _MEASURED if kind == "run" and "error" not in row else ()
    missing = [name for name in (*_NEEDED[kind], *measured) if name not in row]
    if missing:
        return f"it has no {', '.join(missing)}"
    unknown = set(row.get("definition", ())) - _ATTRIBUTES
    return f"its cell has attributes that this version does not know: {', '.join(sorted(unknown))}" if unknown else ""


def _add(results: Results, row: Dict[str, Any]) -> None:
    kind = row["kind"]
    results.complete = kind == "end"
    lists = {"session": results.sessions, "roof": results.roofs, "run": results.runs, "layers": results.layers}
    if kind in lists:
        lists[kind].append(row)


def check_comparable(all_results: Sequence[Results]) -> None:
    """Raise unless cells of one name are the same cell in all files.

    Args:
        all_results: what will stand side by side.

    Raises:
        ArgumentError: a cell was not the same; the message says in what.
    """
    first: Dict[str, Any] = {}
    for results in all_results:
        for run in results.runs:
            other, definition = first.setdefault(run["cell"], (results.label, run["definition"]))
            different = differences(definition, run["definition"])
            if different:
                parts = "; ".join(f"{name} is {there!r} in {other} and {here!r} in {results.label}"
                                  for name, there, here in different)  # fmt: skip
                raise ArgumentError(f"cell {run['cell']} cannot be compared: {parts}")


def _known_to_json(value: Any) -> Any:
    """The same with null for numbers that JSON has no word for."""
    if isinstance(value, dict):
        return {name: _known_to_json(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_known_to_json(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


class ResultsWriter:
    """Appends lines to a file; each is on the disk before the next measurement begins.

    Args:
        path: the file; its folder is made when missing.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: PathLike):
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        self._cut_unfinished_line()

    def write(self, kind: str, **values: Any) -> None:
        """Append one line, whole or not at all.

        Args:
            kind: what it tells.
            values: what JSON knows.

        Raises:
            OSError: the disk is full, or gone.
        """
        line = json.dumps(_known_to_json({"schema": SCHEMA, "kind": kind, **values}), allow_nan=False) + "\n"
        data, before = line.encode(), os.fstat(self._file).st_size
        try:
            while data:
                data = data[os.write(self._file, data) :]
            os.fsync(self._file)
        except OSError as problem:
            os.ftruncate(self._file, before)
            problem.filename = str(self.path)
            raise

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _cut_unfinished_line(self) -> None:
        """Drop what a killed process has left of a line."""
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.ftruncate(self._file, whole)
