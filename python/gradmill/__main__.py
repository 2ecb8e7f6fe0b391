"""The command `gradmill` (or `python -m gradmill`)."""

import argparse
import os
import sys
from typing import List, Optional

import gradmill as gm
from gradmill.benchmark import load_images, machine_facts, prepare, run_training
from gradmill.benchmark.options import add_output_option, positive
from gradmill.benchmark.training_job import DATASETS
from gradmill.commands.bench import add_bench_commands
from gradmill.commands.doctor import add_doctor_command
from gradmill.commands.micro import add_micro_commands
from gradmill.commands.plan import add_plan_command


def main(arguments: Optional[List[str]] = None) -> int:
    """Run one command and return its exit status: 0 done, 1 the job failed, 2 wrong usage, 141 unread."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.run is None:
        parser.print_help()
        return 2
    try:
        return options.run(options)
    except BrokenPipeError:  # the reader has had enough, as in `gradmill report a.jsonl | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left goes nowhere, without complaint
        return 141
    except (gm.errors.GradMillError, OSError) as problem:
        print(f"gradmill: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ngradmill: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gradmill",
        description="Train neural networks on the CPU.",
        epilog="example: gradmill train fashion_mnist --epochs 10",
    )
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    info = commands.add_parser(
        "info", help="versions and machine", description="Print versions and machine.", epilog="example: gradmill info"
    )
    info.set_defaults(run=_info)
    add_doctor_command(commands)
    train = commands.add_parser(
        "train",
        help="train a small network on images",
        description="Train Flatten, Dense(128, relu), Dense(10) with Adam, evaluate it, and write results.",
        epilog="example: gradmill train fashion_mnist --epochs 10 --output results",
    )
    train.set_defaults(run=_train)
    train.add_argument("dataset", nargs="?", default="fashion_mnist", choices=sorted(DATASETS), help="the data set")
    add_training_options(train, epochs=10)
    add_bench_commands(commands)
    add_plan_command(commands)
    add_micro_commands(commands)
    return parser


def add_training_options(parser: argparse.ArgumentParser, epochs: int) -> None:
    """Add the options that `gradmill train` and the examples share."""
    parser.add_argument("--epochs", type=positive, default=epochs, help="number of epochs (default %(default)s)")
    parser.add_argument("--batch-size", type=positive, default=32, help="samples of a step (default %(default)s)")
    parser.add_argument("--quick", action="store_true", help="one epoch on small synthetic data")
    parser.add_argument("--data", metavar="DIR", help="folder with the data files (default: search, then download)")
    add_output_option(parser)
    parser.add_argument("--seed", type=int, help="seed of everything random")
    parser.add_argument("--threads", type=positive, help="threads to use (default: all cores)")
    parser.add_argument(
        "--verbose", type=int, default=1, choices=(0, 1, 2), help="0 silent, 1 live line, 2 plain lines"
    )


def _info(options: argparse.Namespace) -> int:
    for name, value in machine_facts().items():
        print(f"{name + ':':14} {value}")
    return 0


def _train(options: argparse.Namespace) -> int:
    prepare(options.seed, options.threads)
    (x_train, y_train), (x_test, y_test) = load_images(options.dataset, options.data, options.quick)
    model = gm.Sequential(
        [
            gm.Input(x_train.shape[1:]),
            gm.layers.Rescaling(1 / 255),
            gm.layers.Flatten(),
            gm.layers.Dense(128, activation="relu"),
            gm.layers.Dense(10),
        ]
    )
    loss = gm.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    epochs = 1 if options.quick else options.epochs
    name, data = options.dataset, ((x_train, y_train), (x_test, y_test))
    run_training(name, model, *data, epochs, options.batch_size, options.verbose, options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
