"""How much memory this process may still take."""

from typing import TYPE_CHECKING, Dict, Iterator, Optional, Tuple

from gradmill import config
from gradmill.utils.lazy import LazyModule

if TYPE_CHECKING:
    import pathlib
else:
    pathlib = LazyModule("pathlib")

_KIBIBYTE, _MEBIBYTE = 2**10, 2**20


def available_memory_bytes(root: str = "/") -> Optional[int]:
    """Return the bytes this process may still take: what machine, control groups and `set_memory_limit` leave.

    Args:
        root: folder that holds `proc` and `sys`.

    Returns:
        None where the system does not tell.

    Example:
        >>> from gradmill.utils.memory import available_memory_bytes
        >>> available_memory_bytes() != 0
        True
    """
    left = [limit - used for limit, used in _control_groups(pathlib.Path(root))]
    machine = _fields(pathlib.Path(root) / "proc/meminfo").get("MemAvailable")
    if machine is not None:
        left.append(machine * _KIBIBYTE)
    resident = _fields(pathlib.Path(root) / "proc/self/status").get("VmRSS")
    if config.get_memory_limit() and resident is not None:
        left.append(config.get_memory_limit() * _MEBIBYTE - resident * _KIBIBYTE)
    return max(0, min(left)) if left else None


def memory_text(count: int) -> str:
    """Return a number of bytes in words, such as "1.5 GiB".

    Args:
        count: bytes.

    Example:
        >>> from gradmill.utils.memory import memory_text
        >>> memory_text(3 * 2**29)
        '1.5 GiB'
    """
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / _MEBIBYTE:.1f} MiB"


def _fields(path: "pathlib.Path") -> Dict[str, int]:
    """Names and first numbers of the lines of a file of the kernel; empty when there is none."""
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return {}
    rows = [line.replace(":", " ").split() for line in lines]
    return {words[0]: int(words[1]) for words in rows if len(words) > 1 and words[1].isdigit()}


def _number(path: "pathlib.Path") -> Optional[int]:
    """The number a file holds; None when there is no such file, or it says "max"."""
    try:
        text = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _control_groups(root: "pathlib.Path") -> Iterator[Tuple[int, int]]:
    """Limit and use of the group of this process and of all groups around it, of either version."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, name = (line.split(":", 2) + ["", ""])[:3]
        if controllers == "":
            top, files = root / "sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            top = root / "sys/fs/cgroup/memory"
            files = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        group = top / name.strip("/")
        for folder in [group, *group.parents]:
            limit, used = _number(folder / files[0]), _number(folder / files[1])
            if limit is not None and used is not None:
                # Pages of files that were not used lately are dropped before memory runs out.
                yield limit, used - _fields(folder / "memory.stat").get(files[2], 0)
            if folder == top:
                break
