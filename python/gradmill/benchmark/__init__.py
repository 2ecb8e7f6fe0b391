"""Measuring training runs: timers, machine facts and limits, reports."""

from gradmill.benchmark._engines import cvnet512
from gradmill.benchmark._engines.processes import peak_memory_bytes
from gradmill.benchmark.machine import machine_facts, package_version
from gradmill.benchmark.report import EpochTimer, print_summary, summarize, write_curve, write_results
from gradmill.benchmark.roofline import Roof, costliest_layers, flops_of, machine_roof, profile_training
from gradmill.benchmark.training_job import load_images, prepare, resume_callback, run_training

__all__ = [
    "EpochTimer",
    "Roof",
    "costliest_layers",
    "cvnet512",
    "flops_of",
    "load_images",
    "machine_facts",
    "machine_roof",
    "package_version",
    "peak_memory_bytes",
    "prepare",
    "print_summary",
    "profile_training",
    "resume_callback",
    "run_training",
    "summarize",
    "write_curve",
    "write_results",
]
