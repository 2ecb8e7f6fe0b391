"""Kernels are compiled once per instruction-set level; none may define a weak symbol outside its level's namespace.

The linker keeps one copy of a weak symbol. If it came from the AVX-512 objects, a caller built for every machine
would run AVX-512 code and end with an illegal instruction.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("GRADMILL_BUILD_DIR", ROOT / "build" / "release"))
OBJECTS = sorted(BUILD.glob("CMakeFiles/gradmill_*isa_*.dir/**/*.o"))
NM = shutil.which("nm")
WEAK = {"W", "V", "u"}  # defined weak function, defined weak object, unique global
# A pointer to the runtime library's exception routine: the same data whatever the level.
HARMLESS = re.compile(r"^DW\.ref\.")


def level_of(path: Path) -> str:
    match = re.search(r"isa_([a-z0-9_]+)\.dir", str(path))
    assert match, path
    return match.group(1)


def stray_symbols(listing: str, level: str) -> list[str]:
    """Weak definitions in `nm --format=posix` output whose mangled name does not contain the level's namespace."""
    namespace = f"isa_{level}"
    mangled = f"{len(namespace)}{namespace}"
    rows = (line.split() for line in listing.splitlines())
    return [
        row[0]
        for row in rows
        if len(row) >= 2 and row[1] in WEAK and mangled not in row[0] and not HARMLESS.match(row[0])
    ]


def test_weak_definitions_are_told_apart() -> None:
    listing = "\n".join(
        [
            "_ZN8gradmill8isa_avx23addEv W 0 1",
            "_ZNSt6vectorIN8gradmill8isa_avx26PackedESaIS2_EED1Ev W 0 1",
            "_ZSt3maxIfERKT_S2_S2_ W 0 1",
            "_ZN8gradmill6helperEv T 0 1",
            "_ZN8gradmill5tableE u 0 1",
            "__gmon_start__ w",
        ]
    )
    assert stray_symbols(listing, "avx2") == ["_ZSt3maxIfERKT_S2_S2_", "_ZN8gradmill5tableE"]


@pytest.mark.skipif(NM is None, reason="needs nm (binutils)")
@pytest.mark.skipif(not OBJECTS, reason=f"no kernel objects in {BUILD}; build there or set GRADMILL_BUILD_DIR")
@pytest.mark.parametrize("path", OBJECTS, ids=lambda path: f"{level_of(path)}-{path.stem}")
def test_kernels_define_no_weak_symbol_outside_their_namespace(path: Path) -> None:
    listing = subprocess.run(
        [str(NM), "--format=posix", "--defined-only", str(path)], check=True, capture_output=True, text=True
    ).stdout
    stray = stray_symbols(listing, level_of(path))
    assert not stray, (
        f"{path.stem} ({level_of(path)}): move these into namespace GM_ISA_NAMESPACE, make them static, or do without: "
        + ", ".join(stray)
    )
