"""`gradmill bench`, `gradmill compare` and `gradmill report`."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any, List, Optional

from gradmill.benchmark.cells import HIDDEN_SUITES, SUITES, find_cells, nearest, scaled
from gradmill.benchmark.compare import compare_lines
from gradmill.benchmark.options import add_output_option, positive
from gradmill.benchmark.publish import publish, report_lines
from gradmill.benchmark.results import Results, ResultsWriter, check_comparable, read_results
from gradmill.benchmark.rows import rows_of
from gradmill.benchmark.suite import SuiteOptions, SuiteRunner
from gradmill.benchmark.tables import csv_text
from gradmill.errors import ArgumentError
from gradmill.utils.files import atomic_write

PEERS = ("torch", "tensorflow", "jax", "mlx")
# Seconds for repeats, and for a single run.
_LIMITS = {"quick": (170.0, 120.0), "seeds": (0.0, 14400.0), "full": (1800.0, 900.0)}
_PEERS_LIMIT = 600.0


def add_bench_commands(commands: Any) -> None:
    """Add the three commands.

    Args:
        commands: what `add_subparsers` returned.
    """
    bench = commands.add_parser(
        "bench",
        help="measure training speed, memory and energy on this machine",
        description="Train the cells of a suite, each in processes of its own, repeatedly and in random order; print a "
        "table, and write JSON Lines, plots and a report that opens by itself.",
        epilog="example: gradmill bench --suite quick --tag laptop --peers torch,jax",
    )
    bench.set_defaults(run=_bench)
    bench.add_argument("--suite", default="quick", metavar="NAME", help="quick, seeds or full (default %(default)s)")
    bench.add_argument("--cells", type=_names, metavar="A,B", help="only these cells; --list shows them")
    bench.add_argument("--list", action="store_true", help="show suites and cells and end")
    bench.add_argument("--peers", type=_names, default=[], metavar="A,B", help=f"beside us: {','.join(PEERS)}")
    bench.add_argument(
        "--peer-python", default=sys.executable, metavar="PATH", help="interpreter that has them (default: this one)"
    )
    bench.add_argument("--tag", type=_tag, help="name of this measurement and its files (default: the suite's)")
    bench.add_argument("--resume", action="store_true", help="go on with the file of that tag")
    add_output_option(bench)
    bench.add_argument("--scale", type=float, default=1.0, help="part of the work to do, said in each row (default 1)")
    bench.add_argument("--time-limit", type=_seconds, metavar="S", help="no repeat begins after so many seconds")
    bench.add_argument("--cell-limit", type=_seconds, metavar="S", help="a run that takes longer is ended and marked")
    bench.add_argument("--repeats", type=positive, default=20, help="most runs of a cell (default %(default)s)")
    bench.add_argument("--threads", type=positive, default=0, help="threads of every engine (default: all cores)")
    bench.add_argument("--pin", action="store_true", help="hold every process to the first --threads cores")
    bench.add_argument("--seed", type=int, default=0, help="seed of weights and data (default %(default)s)")
    bench.add_argument("--no-layers", action="store_true", help="do not time the layers of each cell")
    targets = " and ".join(f"{cell.data} until {cell.target_accuracy:g}" for cell in HIDDEN_SUITES["accuracy"])
    bench.add_argument(
        "--time-to-accuracy",
        action="store_true",
        help=f"instead of a suite: train {targets} of the test images are right; seconds and joules, without peers",
    )

    compare = commands.add_parser(
        "compare",
        help="set files of results side by side",
        description="Compare the speed of each cell and engine in several files with those of the first; cells that "
        "are not the same are refused.",
        epilog="example: gradmill compare results/before.jsonl results/after.jsonl",
    )
    compare.set_defaults(run=_compare)
    compare.add_argument("files", nargs="+", metavar="FILE", help="files of `gradmill bench`")

    report = commands.add_parser(
        "report",
        help="make tables and reports of files of results",
        description="Print the table of files of results, or write it in other forms.",
        epilog="example: gradmill report results/*.jsonl --html report.html",
    )
    report.set_defaults(run=_report)
    report.add_argument("files", nargs="+", metavar="FILE", help="files of `gradmill bench`")
    report.add_argument("--html", metavar="FILE", help="write a report that opens by itself")
    report.add_argument("--png", metavar="DIR", help="write the plots into a folder")
    report.add_argument("--markdown", metavar="FILE", help="write the tables as Markdown")
    report.add_argument("--csv", metavar="FILE", help="write the rows as CSV")


def _names(text: str) -> List[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError(f"expected names separated by commas; received {text!r}")
    return names


def _tag(text: str) -> str:
    if not text or text.startswith(".") or set(text) & set('/\\:*?"<>|\0\n'):
        raise argparse.ArgumentTypeError(f"expected a name that a file may have; received {text!r}")
    return text


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number of seconds, 0 or more; received {text!r}")
    return value


def _bench(options: argparse.Namespace) -> int:
    if options.list:
        _list()
        return 0
    suite = "accuracy" if options.time_to_accuracy else options.suite
    chosen = find_cells(suite, options.cells)
    for cell in chosen if options.time_to_accuracy else ():
        if not cell.target_accuracy:
            known = ", ".join(each.name for each in HIDDEN_SUITES["accuracy"])
            raise ArgumentError(f"cells: expected some of {known} with --time-to-accuracy; received {cell.name!r}")
    cells = [scaled(cell, options.scale) for cell in chosen]
    for peer in options.peers:
        if peer not in PEERS:
            raise ArgumentError(f"peers: expected some of {', '.join(PEERS)}; received {peer!r}{nearest(peer, PEERS)}")
    tag = options.tag or suite
    path = Path(options.output) / f"{tag}.jsonl"
    before = _before(path, options.resume)
    repeats, single = _LIMITS.get(suite, (0.0, 14400.0))
    if options.peers:
        repeats = max(repeats, _PEERS_LIMIT)
    settings = SuiteOptions(
        suite=suite,
        tag=tag,
        peers=tuple(options.peers),
        peer_python=options.peer_python,
        threads=options.threads or (os.cpu_count() or 1 if options.pin else 0),
        pin=options.pin,
        seed=options.seed,
        time_limit=repeats if options.time_limit is None else options.time_limit,
        cell_limit=single if options.cell_limit is None else options.cell_limit,
        most_repeats=options.repeats,
        scale=options.scale,
        look_inside=not options.no_layers,
    )
    writer = ResultsWriter(path)
    status = 0
    try:
        SuiteRunner(cells, settings, writer, before, say=_say).run()
    except KeyboardInterrupt:
        print(f"\ninterrupted; --tag {tag} --resume goes on from here", file=sys.stderr)
        status = 130
    except OSError as problem:
        print(f"gradmill: {problem}; what was measured before is kept: --tag {tag} --resume", file=sys.stderr)
        status = 1
    finally:
        writer.close()
    results = read_results(path)
    print(*report_lines([results]), sep="\n")
    print(f"\nresults: {path}")
    _say_files(publish([results], Path(options.output), html=Path(options.output) / f"{tag}.html", prefix=f"{tag}-"))
    return status


def _before(path: Path, resume: bool) -> Optional[Results]:
    """What a file holds that is gone on with."""
    if not path.exists():
        if resume:
            raise ArgumentError(f"resume: there is no {path}")
        return None
    if not resume:
        raise ArgumentError(f"{path} exists; go on with it by --resume, or choose another --tag")
    before = read_results(path)
    for problem in before.problems:
        print(problem, file=sys.stderr)
    return before


def _say(line: str) -> None:
    print(line, flush=True)


def _list() -> None:
    for suite, cells in SUITES.items():
        print(f"{suite}:")
        for cell in cells:
            print(
                f"  {cell.name:22} {cell.network}, {'x'.join(map(str, cell.shape))}, batch {cell.batch}, "
                f"{cell.warm_up} + {cell.epochs} epochs of {cell.steps} steps, {cell.optimizer} {cell.rate:g}"
            )


def _read_all(files: List[str]) -> List[Results]:
    found = [read_results(file) for file in files]
    for results in found:
        for problem in results.problems:
            print(problem, file=sys.stderr)
    labels = [results.label for results in found]
    for results, file in zip(found, files):
        if labels.count(results.label) > 1:
            results.label = os.path.splitext(file)[0]
    check_comparable(found)
    return found


def _compare(options: argparse.Namespace) -> int:
    if len(options.files) < 2:
        raise ArgumentError(f"compare: expected two files or more; received {len(options.files)}")
    print(*compare_lines(_read_all(options.files)), sep="\n")
    return 0


def _report(options: argparse.Namespace) -> int:
    found = _read_all(options.files)
    print(*report_lines(found), sep="\n")
    if options.csv:
        with atomic_write(options.csv, "w", encoding="utf-8") as file:
            file.write(csv_text([row for results in found for row in rows_of(results)]))
        print(f"rows: {options.csv}")
    if options.markdown:
        with atomic_write(options.markdown, "w", encoding="utf-8") as file:
            file.write("\n".join(report_lines(found, markdown=True)) + "\n")
        print(f"tables: {options.markdown}")
    _say_files(publish(found, options.png, html=options.html))
    return 0


def _say_files(lines: List[str]) -> None:
    print(*lines, sep="\n")
