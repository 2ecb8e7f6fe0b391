"""Run several engines in turn, each run in a process of its own, and gather what they print.

An engine is a program that prints one line `RESULT {json}`. Needs nothing but Python's own library, and imports none of
the engines, so the process that measures stays small.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading

# glibc gives large freed blocks back to the kernel, and the next step has all their pages to fault in again. With these
# it keeps them, which is worth up to a factor of three to engines that allocate every activation anew.
KEEP_FREED_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(2**34),
    "MALLOC_TRIM_THRESHOLD_": str(2**34),
    "MALLOC_TOP_PAD_": str(2**26),
}


def print_result(**values):
    """What a run prints at its end."""
    print("RESULT " + json.dumps(values), flush=True)


def run_once(command, environment=None, limit=1800.0):
    """Run a program; return its result with `peak_bytes`, or a dict with `error`: it failed, or took over `limit` s."""
    with tempfile.TemporaryFile("w+") as complaints:
        process = subprocess.Popen(
            command, env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE, stderr=complaints, text=True
        )
        timer = threading.Timer(limit, process.kill)
        timer.start()
        try:
            lines = process.stdout.read().splitlines()
            # Not process.wait(): this tells the most memory that the process had, without its help.
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            late = not timer.is_alive()
            timer.cancel()
            process.stdout.close()
        process.returncode = os.waitstatus_to_exitcode(status)
        complaints.seek(0)
        last_words = (complaints.read().strip().splitlines() or ["no message"])[-1]
    results = [line for line in lines if line.startswith("RESULT ")]
    if process.returncode or not results:
        reason = f"over {limit:g} s" if late else f"exit code {process.returncode}: {last_words}"
        return {"error": reason}
    return {**json.loads(results[-1][7:]), "peak_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)}


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
