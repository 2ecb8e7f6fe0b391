"""`python -m gradmill.tensorflow SCRIPT ARGS...`: run a script that was written for TensorFlow."""

from __future__ import annotations

import argparse
import os
import runpy
import sys
from typing import Optional, Sequence

import gradmill.tensorflow as tf
from gradmill.tensorflow import coverage_table, import_hook


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run a script, or print what is covered.

    Args:
        arguments: command line; default: that of the process.

    Returns:
        Exit code.
    """
    parser = argparse.ArgumentParser(
        prog="python -m gradmill.tensorflow",
        description="Run a script written for TensorFlow or Keras on GradMill, as it is.",
    )
    parser.add_argument("--covered", action="store_true", help="list the names that are covered, and stop")
    parser.add_argument("-m", metavar="MODULE", dest="module", help="run a module instead of a file")
    parser.add_argument(
        "script", nargs=argparse.REMAINDER, metavar="SCRIPT ARGS...", help="the script and its arguments"
    )
    options = parser.parse_args(arguments)
    if options.covered:
        print(coverage_table.as_text(tf))
        return 0
    if options.module is None and not options.script:
        parser.error("expected a script to run")
    script = options.script
    if options.module is None and not os.path.isfile(script[0]):
        parser.error(f"expected a script to run; there is no file {script[0]!r}")
    import_hook.install(tf)
    if options.module is not None:
        sys.argv = [options.module, *script]
        runpy.run_module(options.module, run_name="__main__", alter_sys=True)
    else:
        sys.argv = list(script)
        sys.path[0] = os.path.dirname(os.path.abspath(script[0]))
        runpy.run_path(script[0], run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main())
