"""Command-line options and devices that the training scripts share."""

import argparse
import os
import sys
from typing import Any, Callable, List, Tuple

from gradmill import config, mixed_precision
from gradmill.benchmark.machine import available_cores, cpu_name
from gradmill.errors import ArgumentError


def positive(text: str) -> int:
    """Return a positive whole number from the command line.

    Args:
        text: what was given.

    Raises:
        argparse.ArgumentTypeError: anything else.
    """
    value = int(text) if text.isascii() and text.isdigit() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a positive whole number; received {text!r}")
    return value


def positive_number(text: str) -> float:
    """Return a number above 0 from the command line.

    Args:
        text: what was given.

    Raises:
        argparse.ArgumentTypeError: anything else, infinity included.
    """
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above 0; received {text!r}")
    return value


def writable_folder(text: str) -> str:
    """Make a folder named on the command line, so that a long run does not end without a place for its results.

    Args:
        text: what was given.

    Returns:
        The same.

    Raises:
        argparse.ArgumentTypeError: it cannot be made or written to.
    """
    try:
        os.makedirs(text, exist_ok=True)
    except OSError as problem:
        raise argparse.ArgumentTypeError(f"cannot make the folder {text!r}: {problem.strerror}") from None
    if not os.access(text, os.W_OK):
        raise argparse.ArgumentTypeError(f"expected a folder that may be written to; received {text!r}")
    return text


def add_output_option(parser: argparse.ArgumentParser) -> None:
    """Add `--output`, the folder for results.

    Args:
        parser: where to add it.
    """
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=writable_folder,
        default="results",
        help="folder for results (default %(default)s)",
    )


def add_speed_options(parser: argparse.ArgumentParser, batch_size: int, epochs: int) -> None:
    """Add the options of the scripts that measure speed.

    Args:
        parser: where to add them.
        batch_size: default of `--bs`.
        epochs: default of `--epochs`.
    """
    parser.add_argument("--bs", type=positive, default=batch_size, help="samples of a step (default %(default)s)")
    parser.add_argument("--epochs", type=positive, default=epochs, help="timed epochs (default %(default)s)")
    half = parser.add_mutually_exclusive_group()
    half.add_argument("--fp16", action="store_true", help="mixed precision: compute in 16 bits, keep 32-bit weights")
    half.add_argument("--bf16", action="store_true", help="mixed precision with bfloat16 instead of float16")
    parser.add_argument("--xla", action="store_true", help="compile the whole step; this is always done here")
    parser.add_argument("--quick", action="store_true", help="seconds: small images, few steps")
    add_output_option(parser)
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (default %(default)s)")
    parser.add_argument("--verbose", type=int, default=1, choices=(0, 1, 2), help="as in fit (default %(default)s)")


def policy_name(options: argparse.Namespace) -> str:
    """Return the name of the policy that `--fp16` or `--bf16` asks for.

    Args:
        options: with `fp16` and `bf16`.

    Example:
        >>> import argparse
        >>> from gradmill.benchmark.options import policy_name
        >>> policy_name(argparse.Namespace(fp16=False, bf16=True))
        'mixed_bfloat16'
    """
    return "mixed_float16" if options.fp16 else "mixed_bfloat16" if options.bf16 else "float32"


def apply_precision(options: argparse.Namespace) -> None:
    """Set the policy that `--fp16` or `--bf16` asks for and say what `--xla` means here.

    Args:
        options: with `fp16`, `bf16` and `xla`.
    """
    mixed_precision.set_global_policy(policy_name(options))
    if options.xla:
        print("XLA:               the step is always compiled to one plan; --xla changes nothing")


def parse_devices(text: str) -> List[Tuple[str, int]]:
    """Return (name, threads) of each device in a list such as `cpu:1,cpu:2`.

    Args:
        text: names separated by commas: `cpu` (all cores) or `cpu:N` (N threads).

    Raises:
        ArgumentError: a device that is not there.

    Example:
        >>> from gradmill.benchmark.options import parse_devices
        >>> parse_devices("cpu:1,cpu:2")
        [('cpu:1', 1), ('cpu:2', 2)]
    """
    found = []
    for name in text.split(","):
        kind, _, threads = name.strip().partition(":")
        if kind != "cpu" or (threads and not (threads.isascii() and threads.isdigit() and int(threads) > 0)):
            raise ArgumentError(
                f"devices: expected cpu or cpu:THREADS, separated by commas; received {name!r}; no other is there"
            )
        found.append((name.strip(), int(threads) if threads else available_cores()))
    return found


def print_devices() -> None:
    """Print the processor and what is used of it."""
    threads = config.get_threads()
    workers = "1 thread" if threads == 1 else f"{threads} threads"
    print(f"Devices:           cpu ({cpu_name()}), {workers}, {config.instruction_set()} instructions")


def print_configuration(**settings: Any) -> None:
    """Print settings, one a line.

    Args:
        settings: names (underscores are printed as spaces) to values.
    """
    for name, value in settings.items():
        print(f"{name.replace('_', ' ').capitalize() + ':':18} {value}")


def run_script(main: Callable[[], Any]) -> None:
    """Run the body of a script and leave with 0 done, 1 failed (the reason in one line), 130 interrupted.

    Args:
        main: the body.
    """
    name = os.path.basename(sys.argv[0])
    try:
        main()
    except (ArgumentError, ValueError, OSError, MemoryError) as problem:
        print(f"{name}: {problem or type(problem).__name__}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print(f"\n{name}: interrupted", file=sys.stderr)
        sys.exit(130)
