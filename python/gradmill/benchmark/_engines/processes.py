"""Run a program that prints one line `RESULT {json}`, and gather what it prints and what it took.

Needs nothing but Python's own library, and imports none of the engines, so the process that measures stays small.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any, Dict, Optional, Sequence

try:
    import resource
except ImportError:  # Windows has no such module
    resource = None  # type: ignore[assignment]

# glibc gives large freed blocks back to the kernel, and the next step has all their pages to fault in again. With these
# it keeps them, which is worth up to a factor of three to engines that allocate every activation anew.
KEEP_FREED_MEMORY: Dict[str, Optional[str]] = {
    "MALLOC_MMAP_THRESHOLD_": str(2**34),
    "MALLOC_TRIM_THRESHOLD_": str(2**34),
    "MALLOC_TOP_PAD_": str(2**26),
}
_RESULT = "RESULT "
# Of the last words of a program that failed, so much is kept.
_LONGEST_REASON = 400


def print_result(**values: Any) -> None:
    """What a run prints at its end; the most memory that it had is added."""
    print(_RESULT + json.dumps({"peak_bytes": peak_memory_bytes(), **values}), flush=True)


def peak_memory_bytes() -> Optional[int]:
    """Return the largest resident memory this process has had, None where the system does not tell.

    Example:
        >>> import gradmill.benchmark
        >>> gradmill.benchmark.peak_memory_bytes() > 0
        True
    """
    try:
        # The figure of getrusage survives exec, so a process started by a large one would report that one's peak.
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    if resource is None:
        return None  # type: ignore[unreachable]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def run_once(
    command: Sequence[str], environment: Optional[Dict[str, Optional[str]]] = None, limit: float = 1800.0
) -> Dict[str, Any]:
    """Run a program.

    Args:
        command: its words.
        environment: variables to set beside those of this process; those that are None are taken away.
        limit: seconds after which it is killed.

    Returns:
        what it printed, with `processor` (seconds of all its threads) and `wall` (seconds from start to end); or a dict
        with `error`: it failed, or took over `limit`.
    """
    with tempfile.TemporaryFile("w+", errors="replace") as complaints:
        begin = time.monotonic()
        variables = {**os.environ, **(environment or {})}
        try:
            # A session of its own: what the program starts can be ended with it, and a Ctrl-C is ours alone.
            process = subprocess.Popen(
                command,
                env={name: value for name, value in variables.items() if value is not None},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
                start_new_session=True,
            )
        except OSError as problem:
            return {"error": f"{command[0]}: {problem.strerror}"}
        timer = threading.Timer(limit, _kill, [process])
        timer.daemon = True  # an interrupt while it starts must not have the end wait for it
        try:
            assert process.stdout is not None
            timer.start()
            lines = process.stdout.read().splitlines()
            # Not process.wait(): this tells the time that the process took.
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            _kill(process)
            process.wait()
            raise
        finally:
            late = not timer.is_alive()
            timer.cancel()
            if process.stdout is not None:
                process.stdout.close()
        process.returncode = os.waitstatus_to_exitcode(status)
        complaints.seek(0)
        last_words = (complaints.read().strip().splitlines() or ["no message"])[-1][-_LONGEST_REASON:]
    spent = {"wall": time.monotonic() - begin, "processor": usage.ru_utime + usage.ru_stime}
    results = [line for line in lines if line.startswith(_RESULT)]
    if process.returncode == 0 and results:
        return {**json.loads(results[-1][len(_RESULT) :]), **spent}
    reason = f"exit code {process.returncode}: {last_words}"
    if late:
        reason = f"over {limit:g} s"
    elif process.returncode < 0:
        name = signal.Signals(-process.returncode).name
        reason = f"killed by {name}" + (", as the system does when memory runs out" if name == "SIGKILL" else "")
    return {"error": reason, **spent}


def _kill(process: "subprocess.Popen[str]") -> None:
    """End a program and what it has started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
