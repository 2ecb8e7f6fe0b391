"""Whether an engine can be imported here, and in which version."""

import importlib
import os
import sys

from .processes import print_result

# What a peer needs.
MODULES = {
    "torch": ("torch",),
    "tensorflow": ("tensorflow", "keras"),
    "jax": ("jax", "keras"),
    "mlx": ("mlx.core", "mlx.nn", "mlx.optimizers"),
}


def main() -> None:
    """Import the peer that the command line names and print the versions of its parts."""
    peer = sys.argv[1]
    os.environ["KERAS_BACKEND"] = peer
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    versions = {}
    for name in MODULES[peer]:
        module = importlib.import_module(name)
        if hasattr(module, "__version__"):
            versions[name.partition(".")[0]] = module.__version__
    print_result(versions=versions)
