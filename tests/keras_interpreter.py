"""Scripts of the tests that run in an interpreter with Keras: this one, or the one that GRADMILL_KERAS_PYTHON names."""

import functools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict

import pytest

_FIND = "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)"


def _environment() -> Dict[str, str]:
    """The other interpreter may not be able to use the packages of this one."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}


def interpreter() -> str:
    """Return the interpreter that has other frameworks: the one that GRADMILL_KERAS_PYTHON names, or this one."""
    return os.environ.get("GRADMILL_KERAS_PYTHON", sys.executable)


@functools.cache
def _has(module: str) -> bool:
    """Asked of a fresh process: in this one another module may have taken the name."""
    command = [interpreter(), "-c", _FIND, module]
    return subprocess.run(command, env=_environment(), check=False).returncode == 0


def interpreter_with(module: str, shown: str) -> str:
    """Return an interpreter that has a module; skip the test where there is none.

    Args:
        module: its name.
        shown: what people call it.
    """
    if not _has(module):
        if "GRADMILL_KERAS_PYTHON" in os.environ:
            pytest.skip(f"{shown} is not installed in the interpreter that GRADMILL_KERAS_PYTHON names")
        pytest.skip(f"{shown} is not installed, and GRADMILL_KERAS_PYTHON names no interpreter that has it")
    return interpreter()


def run_with_keras(script: Path, *arguments: Any, timeout: int) -> None:
    """Run a script to its end; skip the test where there is no Keras.

    Args:
        script: the file.
        *arguments: of the script.
        timeout: seconds that it may take.
    """
    command = [interpreter_with("keras", "Keras"), str(script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, env=_environment())
    assert done.returncode == 0, done.stderr[-4000:]
