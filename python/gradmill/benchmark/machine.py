"""Facts about the machine and the process that a measurement depends on."""

import importlib.metadata
import importlib.util
import os
import platform
from typing import Any, Dict, Optional

import numpy as np

from gradmill import config


def cpu_name() -> str:
    """Return the processor's name."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.lower().startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine() or "unknown"


def available_cores() -> int:
    """Return the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def total_memory_bytes() -> Optional[int]:
    """Return the machine's memory, None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def package_version(name: str) -> Optional[str]:
    """Return the version of an installed package, None when it is absent."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def has_module(name: str) -> bool:
    """Whether a top-level module can be imported, without importing it."""
    return importlib.util.find_spec(name) is not None


def machine_facts() -> Dict[str, Any]:
    """Return what a reader of a measurement needs to know about where it was made.

    Returns:
        dict with `cpu`, `cores`, `threads`, `memory_bytes`, `system`, `python`, `numpy` and `gradmill`.

    Example:
        >>> import gradmill.benchmark
        >>> gradmill.benchmark.machine_facts()["cores"] >= 1
        True
    """
    return {
        "cpu": cpu_name(),
        "cores": available_cores(),
        "threads": config.get_threads(),
        "memory_bytes": total_memory_bytes(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "gradmill": package_version("gradmill") or "source tree",
    }
