"""What the scripts share that set engines side by side.

Some of them run in interpreters of other engines as well, which have no GradMill: what is needed there comes from the
folder of the package's runners.
"""

import importlib
import statistics
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "python" / "gradmill" / "benchmark"))
_processes = importlib.import_module("_engines.processes")
KEEP_FREED_MEMORY, print_result, run_once = (
    _processes.KEEP_FREED_MEMORY,
    _processes.print_result,
    _processes.run_once,
)


def take_turns(engines, repeats, run):
    """Call `run(engine)` for each engine in turn, `repeats` times over.

    An engine that fails is not asked again; the reason goes to standard error.

    Returns:
        dict from engine to the list of its results, without those that failed.
    """
    results = {engine: [] for engine in engines}
    failed = set()
    for _ in range(repeats):
        for engine in engines:
            if engine in failed:
                continue
            result = run(engine)
            if "error" in result:
                failed.add(engine)
                print(f"{engine}: no result: {result['error']}", file=sys.stderr)
            else:
                results[engine].append(result)
    return {engine: runs for engine, runs in results.items() if runs}


def summary(runs, key="samples_per_second"):
    """Median, least and greatest of one figure over the runs of an engine."""
    values = [run[key] for run in runs]
    return statistics.median(values), min(values), max(values)


def add_options(parser, engines, default, repeats=3):
    """The options that all comparisons share."""
    parser.add_argument("--engines", default=default, help=f"comma-separated, of {', '.join(engines)}")
    parser.add_argument("--peer-python", default=sys.executable, metavar="PATH", help="interpreter that has the peers")
    parser.add_argument("--repeats", type=int, default=repeats, help="runs of each engine (default %(default)s)")


def chosen(parser, text, known, what):
    """The names of a comma-separated list, all known."""
    names = [name for name in text.split(",") if name]
    for name in names:
        if name not in known:
            parser.error(f"unknown {what} {name!r}; expected some of {', '.join(known)}")
    return names


def python_of(engine, arguments):
    """The interpreter that runs an engine."""
    return sys.executable if engine == "gradmill" else arguments.peer_python
