"""Scripts of the tests that run in an interpreter with Keras: this one, or the one that GRADMILL_KERAS_PYTHON names."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def run_with_keras(script: Path, *arguments: Any, timeout: int) -> None:
    """Run a script to its end; skip the test where there is no Keras.

    Args:
        script: the file.
        *arguments: of the script.
        timeout: seconds that it may take.
    """
    named = os.environ.get("GRADMILL_KERAS_PYTHON")
    if named is None and importlib.util.find_spec("keras") is None:
        pytest.skip("Keras is not installed, and GRADMILL_KERAS_PYTHON names no interpreter that has it")
    # The other interpreter may not be able to use the packages of this one.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [named or sys.executable, str(script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-4000:]
