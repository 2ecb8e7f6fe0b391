"""`gradmill plan`."""

import argparse
from typing import Any

from gradmill.benchmark.memory_plan import find_training, plan_lines
from gradmill.benchmark.options import positive


def add_plan_command(commands: Any) -> None:
    """Add the command.

    Args:
        commands: what `add_subparsers` returned.
    """
    plan = commands.add_parser(
        "plan",
        help="memory of a training step by layer, and the largest batch that fits",
        description="Print, before anything runs, how much memory a training step takes, which layers hold it where it "
        "is fullest, and the largest batch that fits; the exit status is 1 when the batch does not.",
        epilog="example: gradmill plan ResNet50 --bs 64",
    )
    plan.set_defaults(run=_plan)
    plan.add_argument("model", metavar="MODEL", help="a cell (gradmill bench --list), an application, or a saved model")
    plan.add_argument("--bs", type=positive, metavar="N", help="samples of a step (default: the cell's, or 32)")
    plan.add_argument("--image-size", type=positive, metavar="N", help="height and width of the images")


def _plan(options: argparse.Namespace) -> int:
    training = find_training(options.model, options.image_size)
    lines, fits = plan_lines(training, options.bs or training.batch)
    print(*lines, sep="\n")
    return 0 if fits else 1
