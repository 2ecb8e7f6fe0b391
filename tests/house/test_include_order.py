"""Who may include whom under cpp/: the order of the folders, and the one folder that may use each outside library.

The tables are the rule; `cpp/README.md` explains it. A folder may include itself and what its row names.
"""

import re
from pathlib import Path

import pytest

CPP = Path(__file__).resolve().parents[2] / "cpp"

# Folders in the order of data flow: "..." stands for every folder of the rows above it, except those after "not".
ORDER = """
base      nothing
tensor    ...
io        base tensor
runtime   ... not io
data      base tensor runtime math
math      ... not io data
cpu       ... not io data
cuda      ... not io data cpu
registry  base tensor runtime math
ops       base tensor runtime math registry cpu cuda
graph     base tensor runtime math registry
autodiff  ... not io data cpu cuda
passes    ... not io data cpu cuda
eager     ... not io data cpu cuda
execute   ... not io cpu cuda eager
bindings  ... not io cpu cuda
"""

# Outside library (start of the header's name) -> where it may be included.
OWNERS = {
    "omp.h": r"runtime/",
    "cblas": r"runtime/",
    "hdf5": r"io/",
    "H5": r"io/",
    "pybind11/": r"(io/)?bindings/",
    "Python.h": r"bindings/",
    "numpy/": r"bindings/",
    "cuda": r"cuda/|.*_cuda\.cu$",
    "immintrin.h": r"cpu/simd/",
    "arm_neon.h": r"cpu/simd/",
    "Eigen/": r"(?!.*_cpu(_\w+)?\.cpp$).*\.cpp$",  # only where the baseline instruction set is used, never in a header
}

# Code that is compiled once per level; `_kernel.h` marks a header that only such files include.
KERNEL = re.compile(r"_cpu(_[a-z0-9]+)*\.(cpp|h)$|_kernel\.h$")
CUDA_KERNEL = re.compile(r"_cuda(_[a-z0-9]+)*\.cu$")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def read_order() -> dict[str, set[str]]:
    allowed: dict[str, set[str]] = {}
    for line in ORDER.strip().splitlines():
        folder, _, names = line.partition(" ")
        named, _, without = names.partition(" not ")
        allowed[folder] = {folder}.union(*([name] if name != "..." else allowed for name in named.split()))
        allowed[folder] -= {"nothing", *without.split()}
    return allowed


ALLOWED = read_order()


def complaints_about(path: str, text: str) -> list[str]:
    """What is wrong with the includes of one file; `path` is relative to cpp/."""
    folder = path.split("/")[0]
    found = []
    for bracket, header in INCLUDE.findall(text):
        target = header.split("/")[0]
        if bracket == '"' and target not in ALLOWED:
            found.append(f'"{header}": give the path from cpp/ (folders: {", ".join(ALLOWED)})')
        elif bracket == '"' and target not in ALLOWED[folder]:
            found.append(f'"{header}": {folder}/ may include only {", ".join(sorted(ALLOWED[folder]))}')
        elif bracket == '"' and folder == "ops":
            found += complaints_about_op(path, header)
        elif bracket == "<":
            owners = [place for start, place in OWNERS.items() if header.startswith(start)]
            found += [f"<{header}>: may be included only in {place}" for place in owners if not re.match(place, path)]
    return found


def complaints_about_op(path: str, header: str) -> list[str]:
    """Definitions and kernels of an op meet in registry/kernel.h alone."""
    target = header.split("/")[0]
    if KERNEL.search(path):
        # These two are plain functions, and what OpenBLAS computes are kernels like others.
        runtime = target == "runtime" and header not in ("runtime/blas.h", "runtime/lapack.h")
        if runtime or target == "cuda" or (target == "registry" and header != "registry/kernel.h"):
            return [
                f'"{header}": a kernel may include cpu/, math/, plain views, its op\'s header and registry/kernel.h'
            ]
    elif CUDA_KERNEL.search(path):
        if target == "cpu" or (target == "registry" and header != "registry/kernel.h"):
            return [
                f'"{header}": a kernel may include cuda/, math/, plain views, its op\'s header and registry/kernel.h'
            ]
    elif target in ("cpu", "cuda") or KERNEL.search(header):
        return [f'"{header}": an op\'s definition sees no kernel toolkit']
    return []


def source_files() -> list[str]:
    suffixes = {".h", ".cuh", ".cpp", ".cu", ".def"}
    return sorted(str(path.relative_to(CPP)) for path in CPP.rglob("*") if path.suffix in suffixes)


@pytest.mark.parametrize("path", source_files())
def test_includes_follow_the_order(path: str) -> None:
    assert path.split("/")[0] in ALLOWED, f"cpp/{path}: folders of cpp/ are {', '.join(ALLOWED)}"
    found = complaints_about(path, (CPP / path).read_text(encoding="utf-8"))
    assert not found, "\n".join(f"cpp/{path} includes {line}" for line in found)


@pytest.mark.parametrize("path", [path for path in source_files() if path.endswith((".h", ".cuh"))])
def test_headers_are_guarded(path: str) -> None:
    assert "#pragma once" in (CPP / path).read_text(encoding="utf-8"), f"cpp/{path} lacks #pragma once"


@pytest.mark.parametrize(
    ("path", "include"),
    [
        ("base/error.h", '"tensor/tensor.h"'),
        ("tensor/tensor.h", '"runtime/arena.h"'),
        ("graph/graph.cpp", '"ops/linalg/matmul.h"'),
        ("eager/eager_emitter.cpp", '"execute/plan.h"'),
        ("execute/plan.cpp", '"eager/eager_emitter.h"'),
        ("passes/pipeline.cpp", '"execute/plan.h"'),
        ("bindings/module.cpp", '"io/hdf5_file.h"'),
        ("ops/linalg/matmul.cpp", '"cpu/gemm.h"'),
        ("ops/linalg/matmul_cpu.cpp", '"registry/registry.h"'),
        ("ops/linalg/matmul_cpu_packed.cpp", '"registry/op_def.h"'),
        ("ops/linalg/matmul.h", '"matmul_detail.h"'),
        ("ops/linalg/matmul.cpp", '"ops/linalg/matmul_kernel.h"'),
        ("ops/linalg/matmul_kernel.h", '"registry/op_def.h"'),
        ("ops/linalg/matmul.cpp", "<omp.h>"),
        ("data/batcher.cpp", "<hdf5.h>"),
        ("ops/linalg/matmul_cpu.cpp", "<Eigen/Dense>"),
        ("ops/linalg/matmul.h", "<Eigen/Dense>"),
    ],
)
def test_the_checker_sees_violations(path: str, include: str) -> None:
    assert complaints_about(path, f"#include {include}\n")


@pytest.mark.parametrize(
    ("path", "include"),
    [
        ("ops/linalg/matmul_cpu.cpp", '"cpu/gemm.h"'),
        ("ops/linalg/matmul_cpu.cpp", '"ops/linalg/matmul.h"'),
        ("ops/linalg/matmul_kernel.h", '"cpu/gemm.h"'),
        ("ops/linalg/matmul_cpu.cpp", '"ops/linalg/matmul_kernel.h"'),
        ("ops/linalg/matmul.cpp", '"registry/op_def.h"'),
        ("ops/linalg/cholesky.cpp", "<Eigen/Dense>"),
        ("runtime/parallel.cpp", "<omp.h>"),
        ("passes/fuse_tiles.cpp", '"ops/elementwise/tile_group.h"'),
        ("io/bindings/module.cpp", "<pybind11/pybind11.h>"),
    ],
)
def test_the_checker_allows_what_the_rule_allows(path: str, include: str) -> None:
    assert not complaints_about(path, f"#include {include}\n")
