"""What surrounds a measurement: processor, system, libraries, limits."""

import ctypes
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from gradmill import _core, config
from gradmill.benchmark._engines.energy import powercap_counters
from gradmill.benchmark.machine import machine_facts

# Of the processor's many flags, those that decide how fast arithmetic is.
_FLAGS = re.compile(r"^(sse4_2|avx\w*|fma|f16c|bmi2|vaes|amx_\w+|asimd\w*|sve\w*|bf16|i8mm|hypervisor|ht)$")
_PACKAGE = Path(_core.__file__).parent


def _text(path: Path) -> Optional[str]:
    """The first line of a file, None when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip().partition("\n")[0]
    except OSError:
        return None


def processor_flags(root: str = "/") -> List[str]:
    """Return the flags of the processor that matter for arithmetic.

    Args:
        root: folder that holds `proc`.
    """
    try:
        text = (Path(root) / "proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    found = re.search(r"^(?:flags|Features)\s*:(.*)$", text, re.MULTILINE)
    return sorted(flag for flag in (found[1].split() if found else ()) if _FLAGS.match(flag))


def governor(root: str = "/") -> Optional[str]:
    """Return what decides about the processor's frequency, None where the system does not tell (virtual machines).

    Args:
        root: folder that holds `sys`.
    """
    folder = Path(root) / "sys/devices/system/cpu"
    names = {_text(path) for path in folder.glob("cpu[0-9]*/cpufreq/scaling_governor")}
    return ", ".join(sorted(name for name in names if name)) or None


def processor_quota(root: str = "/") -> Optional[float]:
    """Return the number of processors that the control groups of this process allow, None for all.

    Args:
        root: folder that holds `proc` and `sys`.
    """
    top = Path(root) / "sys/fs/cgroup"
    quotas = []
    for line in (_lines(Path(root) / "proc/self/cgroup")) or []:
        _, controllers, name = (line.split(":", 2) + ["", ""])[:3]
        if controllers == "":
            base, read = top, _quota_of_version_2
        elif "cpu" in controllers.split(","):
            base, read = top / "cpu", _quota_of_version_1
        else:
            continue
        group = base / name.strip("/")
        for folder in [group, *group.parents]:
            quota = read(folder)
            if quota is not None:
                quotas.append(quota)
            if folder == base:
                break
    return min(quotas) if quotas else None


def _lines(path: Path) -> List[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _quota_of_version_2(folder: Path) -> Optional[float]:
    words = (_text(folder / "cpu.max") or "").split()
    return int(words[0]) / int(words[1]) if len(words) == 2 and words[0].isdigit() else None


def _quota_of_version_1(folder: Path) -> Optional[float]:
    quota, period = _text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us")
    return int(quota) / int(period) if quota and period and quota.isdigit() and int(quota) > 0 else None


def compiler() -> Optional[str]:
    """Return what the engine was compiled with, as the compiler has left it in the module; None if it has not."""
    text = Path(_core.__file__).read_bytes()
    found = re.search(rb"(GCC: \([^)]*\) [\w.]+|(?:Apple )?clang version [\w.]+)", text)
    return found[1].decode("ascii", "replace") if found else None


def blas() -> Dict[str, Any]:
    """Return name and version of the library for large matrix products, and how many threads it would use.

    It is loaded as the engine loads it, which holds it to one thread in each worker.
    """
    for path in sorted(_PACKAGE.glob("lib*openblas*")):
        try:
            library = ctypes.CDLL(str(path))
            library.scipy_openblas_get_config.restype = ctypes.c_char_p
            version = library.scipy_openblas_get_config().decode("ascii", "replace").strip()
            return {"version": version, "threads": library.scipy_openblas_get_num_threads(), "file": path.name}
        except (OSError, AttributeError):
            continue
    return {"version": None, "threads": None, "file": None}


def revision() -> Optional[str]:
    """Return the revision of the source tree that the package is used from, None outside of one."""
    tree = _PACKAGE.parents[1]
    if not (tree / ".git").exists():
        return None
    command = ["git", "-C", str(tree), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip() or None
    except (OSError, subprocess.SubprocessError):
        return None


def energy_source(root: str = "/") -> Tuple[Optional[str], str]:
    """Return the name of the energy counters that can be read, None where there are none, and then the reason.

    Args:
        root: folder that holds `sys`.
    """
    counters, reason = powercap_counters(root)
    return ("RAPL: " + ", ".join(counter.name for counter in counters) if counters else None), reason


def environment() -> Dict[str, Any]:
    """Return everything that a comparison of two measurements may have to know.

    Example:
        >>> from gradmill.benchmark.environment import environment
        >>> sorted(environment())[:4]
        ['blas', 'compiler', 'cores', 'cpu']
    """
    source, reason = energy_source()
    return {
        **machine_facts(),
        "instruction_set": config.instruction_set(),
        "flags": processor_flags(),
        "governor": governor(),
        "processor_quota": processor_quota(),
        "libc": " ".join(platform.libc_ver()).strip() or None,
        "compiler": compiler(),
        "blas": blas()["version"],
        "revision": revision(),
        "energy": source or reason,
        "variables": {name: os.environ[name] for name in sorted(os.environ) if name.startswith(("GRADMILL_", "OMP_"))},
    }
