"""`gradmill doctor`."""

import argparse
import os
from typing import Any, List, NamedTuple, Optional

import numpy as np

import gradmill as gm
from gradmill import config
from gradmill.benchmark import package_version
from gradmill.benchmark._engines.start import openmp_runtimes
from gradmill.benchmark.environment import blas, compiler, energy_source, governor, processor_quota
from gradmill.benchmark.machine import available_cores, has_module
from gradmill.utils.files import cache_directory
from gradmill.utils.memory import available_memory_bytes, memory_text

# What a user may want beside the package, and what for.
_OPTIONAL = {
    "matplotlib": "plots and reports",
    "jinja2": "reports",
    "h5py": "the tests",
    "tqdm": "the tests",
}


class Check(NamedTuple):
    """What was found out about one thing.

    Attributes:
        state: "ok", "note" (it works, but could be better), "absent" or "WRONG".
        label: what was looked at.
        detail: what was found.
    """

    state: str
    label: str
    detail: str


def add_doctor_command(commands: Any) -> None:
    """Add the command.

    Args:
        commands: what `add_subparsers` returned.
    """
    doctor = commands.add_parser(
        "doctor",
        help="check that training works here, and what makes it slow",
        description="Check that training works here, and what on this machine may make it slow or measurements unsure; "
        "the exit status is 1 when something is wrong.",
        epilog="example: gradmill doctor",
    )
    doctor.set_defaults(run=_doctor)


def _doctor(options: argparse.Namespace) -> int:
    checks = [
        _training(),
        _cache(),
        _instructions(),
        _compiler(),
        _blas(),
        check_openmp(openmp_runtimes()),
        check_threads(config.get_threads(), available_cores(), processor_quota()),
        _memory(),
        check_governor(governor()),
        check_energy(*energy_source()),
    ]
    for package, purpose in _OPTIONAL.items():
        version = package_version(package) if has_module(package) else None
        detail = version or f"not installed (for {purpose})"
        checks.append(Check("ok" if version else "absent", f"optional package {package}", detail))
    for check in checks:
        print(f"[{check.state}] {check.label}: {check.detail}")
    return 1 if any(check.state == "WRONG" for check in checks) else 0


def _training() -> Check:
    model = gm.Sequential([gm.Input((4,)), gm.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(gm.optimizers.SGD(0.1), loss="mse")
    x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    losses = model.fit(x, x.sum(axis=1, keepdims=True), epochs=20, verbose=0).history["loss"]
    good = losses[-1] < 0.1 * losses[0]
    return Check("ok" if good else "WRONG", "trains a small network", f"loss from {losses[0]:.3g} to {losses[-1]:.3g}")


def _cache() -> Check:
    folder = cache_directory()
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    good = os.access(existing, os.W_OK)
    return Check("ok" if good else "WRONG", "cache folder is writable", str(folder))


def _instructions() -> Check:
    used, usable = config.instruction_set(), config.usable_instruction_sets()
    best = usable[-1]
    if used == best:
        return Check("ok", "instruction set", f"{used}, the best of this processor")
    return Check("note", "instruction set", f"{used}, though this processor has {best}; is GRADMILL_ISA set?")


def _compiler() -> Check:
    return Check("ok", "compiled with", compiler() or "unknown")


def _blas() -> Check:
    found = blas()
    if found["version"] is None:
        return Check("note", "library of matrix products", "none; large products run on kernels of this package")
    return Check("ok", "library of matrix products", f"{found['version']}; one thread in each worker")


def check_openmp(paths: List[str]) -> Check:
    """Look for several pools of threads in one process.

    Args:
        paths: the OpenMP libraries that are loaded.
    """
    if len(paths) > 1:
        detail = f"{len(paths)} are loaded, whose threads get in each other's way: {', '.join(paths)}"
        return Check("note", "OpenMP runtime", detail)
    return Check("ok", "OpenMP runtime", paths[0] if paths else "not a library of its own")


def check_threads(threads: int, cores: int, quota: Optional[float]) -> Check:
    """Compare the threads that would be used with what the machine and its control groups allow.

    Args:
        threads: of the engine.
        cores: that the process may run on.
        quota: processors that the control groups allow, None for all.
    """
    limit = f"; the control group allows {quota:g} processors" if quota is not None else "; no limit by a control group"
    detail = f"{threads} on {cores} cores{limit}"
    if threads > min(cores, max(1, int(quota)) if quota is not None else cores):
        return Check("note", "threads", f"{detail}: more than can run at once; GRADMILL_THREADS sets their number")
    return Check("ok", "threads", detail)


def _memory() -> Check:
    available = available_memory_bytes()
    text = "the system does not tell" if available is None else f"{memory_text(available)} available"
    return Check("ok", "memory", text)


def check_governor(name: Optional[str]) -> Check:
    """Look whether the processor's frequency may change while something is measured.

    Args:
        name: of the governor, None where the system does not tell.
    """
    if name is None:
        return Check("ok", "frequency governor", "the system does not tell (a virtual machine?)")
    if name == "performance":
        return Check("ok", "frequency governor", name)
    advice = "for steady measurements: sudo cpupower frequency-set -g performance"
    return Check("note", "frequency governor", f"{name}; {advice}")


def check_energy(source: Optional[str], reason: str) -> Check:
    """Say whether energy can be measured.

    Args:
        source: the counters, None where there are none.
        reason: why there are none.
    """
    return Check("ok", "energy counters", source) if source else Check("absent", "energy counters", reason)

