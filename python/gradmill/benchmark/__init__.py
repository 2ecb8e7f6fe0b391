"""Measuring training runs: timers, machine facts, reports."""

from gradmill.benchmark.machine import machine_facts, package_version, peak_memory_bytes
from gradmill.benchmark.report import EpochTimer, print_summary, summarize, write_curve, write_results
from gradmill.benchmark.training_job import load_images, prepare, run_training

__all__ = [
    "EpochTimer",
    "load_images",
    "machine_facts",
    "package_version",
    "peak_memory_bytes",
    "prepare",
    "print_summary",
    "run_training",
    "summarize",
    "write_curve",
    "write_results",
]
