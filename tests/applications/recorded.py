"""Loads the recorded results of Keras and torch, and the modules that made them."""

import importlib.util
import json
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "golden" / "applications"


def load(name):
    """Return a recorded file."""
    return json.loads((FOLDER / f"{name}.json").read_text())


def module(name):
    """Import a module that stands beside the recorded files."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found
