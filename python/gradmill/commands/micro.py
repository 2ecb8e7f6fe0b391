"""The small measurements, as commands and as scripts."""

import argparse
from typing import Any, Dict

from gradmill.benchmark.micro.convolutions import CONV_BENCHMARK
from gradmill.benchmark.micro.inference import INFER_BENCHMARK
from gradmill.benchmark.micro.measurement import Micro
from gradmill.benchmark.micro.memory_speed import BW_BENCHMARK, UNIFIED_MEM_BENCHMARK
from gradmill.benchmark.micro.products import BURN, TFLOPS_SWEEP
from gradmill.benchmark.options import run_script

MICRO: Dict[str, Micro] = {
    each.name: each
    for each in (TFLOPS_SWEEP, CONV_BENCHMARK, BW_BENCHMARK, BURN, UNIFIED_MEM_BENCHMARK, INFER_BENCHMARK)
}


def add_micro_commands(commands: Any) -> None:
    """Add a command for each small measurement.

    Args:
        commands: what `add_subparsers` returned.
    """
    for name, micro in MICRO.items():
        summary = micro.text.partition(".")[0].partition(":")[0]
        parser = commands.add_parser(
            name,
            help=summary[0].lower() + summary[1:],
            description=micro.text,
            epilog=f"example: {micro.example}",
        )
        micro.prepare_parser(parser)


def run_micro(name: str) -> None:
    """Run a small measurement as a script, and leave with its exit status.

    Args:
        name: a key of `MICRO`.
    """
    micro = MICRO[name]
    example = micro.example.replace("gradmill ", "python examples/").replace(name, f"{name}.py", 1)
    parser = argparse.ArgumentParser(description=micro.text, epilog=f"example: {example}")
    micro.prepare_parser(parser)
    options = parser.parse_args()
    run_script(lambda: options.run(options))
