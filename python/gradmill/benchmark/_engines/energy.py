"""Energy counters of the machine: read where the system lets us, never estimated."""

import ctypes
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

POWERCAP = "sys/class/powercap"
OPEN_POWERCAP = "sudo chmod -R a+r /sys/class/powercap/intel-rapl:*/"


class Counter:
    """One counter of microjoules that starts again from zero behind its range.

    Args:
        name: what it counts.
        path: the file of the kernel.
        range_path: the file that says where it wraps around.
    """

    def __init__(self, name: str, path: Path, range_path: Path):
        self.name = name
        self._path, self._range_path = path, range_path

    def read(self) -> int:
        """Return the microjoules since an unknown time.

        Raises:
            OSError: the file may not be read.
        """
        return int(self._path.read_text(encoding="ascii"))

    def between(self, before: int, after: int) -> int:
        """Return the microjoules from one reading to the next, across at most one return to zero."""
        if after >= before:
            return after - before
        return after - before + int(self._range_path.read_text(encoding="ascii"))


def powercap_counters(root: str = "/") -> Tuple[List[Counter], str]:
    """Find the counters of packages and memory (RAPL) that may be read, and a reason where there is none.

    The counter of a package holds those of its cores; that of its memory stands beside it.

    Args:
        root: folder that holds `sys`.
    """
    folder = Path(root) / POWERCAP
    if not folder.is_dir() and sys.platform == "darwin":
        return [], "macOS has no public interface to its energy counters (IOReport), so they are not read"
    if not folder.is_dir():
        return [], "the kernel offers no energy counters (no /sys/class/powercap)"
    counters, closed = [], False
    for zone in sorted(folder.glob("*rapl*:*")):
        try:
            name = (zone / "name").read_text(encoding="ascii").strip()
            counter = Counter(name, zone / "energy_uj", zone / "max_energy_range_uj")
            if name.startswith("package") or name == "dram":
                counter.read()
                counters.append(counter)
        except PermissionError:
            closed = True
        except (OSError, ValueError):
            continue
    if closed and not counters:
        return [], f"only root may read the energy counters; this opens them until the next start: {OPEN_POWERCAP}"
    return counters, "" if counters else "the processor has no energy counters in /sys/class/powercap"


def load_nvml() -> Optional[Any]:
    """Return NVIDIA's management library, None where there is none."""
    try:
        library = ctypes.CDLL("libnvidia-ml.so.1")
        return library if library.nvmlInit_v2() == 0 else None
    except (OSError, AttributeError):
        return None


def gpu_millijoules(library: Any) -> Optional[List[int]]:
    """Return the energy each GPU has taken since its driver was loaded, None where one does not tell."""
    count = ctypes.c_uint()
    if library.nvmlDeviceGetCount_v2(ctypes.byref(count)) != 0:
        return None
    readings = []
    for index in range(count.value):
        handle, energy = ctypes.c_void_p(), ctypes.c_ulonglong()
        if library.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle)) != 0:
            return None
        if library.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(energy)) != 0:
            return None
        readings.append(energy.value)
    return readings


class EnergyMeter:
    """Joules of the whole machine between `start` and `stop`, from every counter that can be read.

    Args:
        root: folder that holds `sys`.
        gpus: whether to read those of GPUs, too.
    """

    def __init__(self, root: str = "/", gpus: bool = False):
        self._counters, self._reason = powercap_counters(root)
        self._nvml = load_nvml() if gpus else None
        self._before: List[int] = []
        self._gpus_before: Optional[List[int]] = None

    def start(self) -> None:
        """Read the counters."""
        self._before = [counter.read() for counter in self._counters]
        self._gpus_before = gpu_millijoules(self._nvml) if self._nvml else None

    def stop(self) -> Dict[str, Any]:
        """Return `joules` and their `source`, or None and the `reason`; `parts` has each counter."""
        parts: Dict[str, float] = {}
        for counter, before in zip(self._counters, self._before):
            joules = counter.between(before, counter.read()) * 1e-6
            parts[counter.name] = parts.get(counter.name, 0.0) + joules
        if self._gpus_before:
            after = gpu_millijoules(self._nvml) or []
            parts.update({f"gpu-{i}": (b - a) * 1e-3 for i, (a, b) in enumerate(zip(self._gpus_before, after))})
        if not parts:
            return {"joules": None, "reason": self._reason}
        source = "+".join(
            name
            for name, there in (("RAPL", bool(self._counters)), ("NVML", any(key.startswith("gpu") for key in parts)))
            if there
        )
        return {"joules": sum(parts.values()), "source": source, "parts": parts}
