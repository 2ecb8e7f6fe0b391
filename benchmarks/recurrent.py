"""Training speed of recurrent networks, GradMill beside its peers.

    python benchmarks/recurrent.py                                # this package alone, every workload
    python benchmarks/recurrent.py --peer-python PATH --engines gradmill,jax,torch-best

lstm_full:   sequences of 8 to 20 numbers padded with -1; Masking(-1), LSTM(32), Dense(2); batch 64
gru_full:    100 steps of 64 numbers; GRU(128), Dense(10); batch 32
bilstm_full: 100 steps of 64 numbers; Bidirectional(LSTM(128)), Dense(10); batch 32

Epochs over synthetic sequences in memory with Adam(0.001): forward, loss, gradient, update; the first epoch warms up.
Every run is a process of its own; engines take turns, and the median of the repeats counts. An engine that is not
installed in the peers' interpreter is reported and skipped.

`gradmill`, `jax` and `tensorflow` call `fit`, as in `gradmill bench`. `gradmill-function` is an own loop with a tape
under `gm.function`; it and the `...-eager` engines, the same loop run op by op, see one batch over and over. `torch`
packs masked sequences; `torch-best` reads each sequence's state at its last step, with the fused optimizer.
"""

import argparse
import dataclasses
import importlib
import json
import statistics
import sys
import time

import side_by_side

ENGINES = (
    *("gradmill", "gradmill-function", "gradmill-eager", "jax", "tensorflow", "tensorflow-best", "tensorflow-eager"),
    *("torch", "torch-best"),
)
OWN_LOOPS = ("gradmill-function", "gradmill-eager", "tensorflow-eager")
# How many times as fast as the fastest peer GradMill is to be.
TARGETS = {"lstm_full": 5.0, "gru_full": 1.5, "bilstm_full": 1.5}


def run_own_loop(task):
    """Run a loop with a tape in this process and print what it took."""
    parts = {name: importlib.import_module(f"_engines.{name}") for name in ("cell", "data", "keras_engine")}
    engine, cell = task["engine"], parts["cell"].Cell.from_definition(task["cell"])
    kind, _, way = engine.partition("-")
    keras = parts["keras_engine"].load(kind, task["threads"])
    model, optimizer = parts["keras_engine"].make_model(keras, cell, seed=0), keras.optimizers.Adam(cell.rate)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer.build(model.trainable_variables)
    if kind == "gradmill":
        tensor, tape_of = keras.ops.convert_to_tensor, keras.GradientTape
    else:
        tensorflow = importlib.import_module("tensorflow")
        tensor, tape_of = tensorflow.constant, tensorflow.GradientTape
    x, y = (tensor(array[: cell.batch]) for array in parts["data"].samples_of(cell, 0))

    def step(x, y):
        with tape_of() as tape:
            loss = loss_of(y, model(x, training=True))
        variables = [each.value if kind == "tensorflow" else each for each in model.trainable_variables]
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), model.trainable_variables))
        return loss

    if way == "function":
        step = keras.function(step)
    times, losses = [], []
    for _ in range(1 + cell.epochs):
        start = time.perf_counter()
        for _ in range(cell.steps):
            loss = step(x, y)
        losses.append(float(loss))
        times.append(time.perf_counter() - start)
    side_by_side.print_result(epoch_seconds=times[1:], losses=losses)


def measure(cell, engine, arguments):
    """One run of one engine, in a process of its own."""
    vision = importlib.import_module("vision")
    suite = importlib.import_module("gradmill.benchmark.suite")
    if engine in OWN_LOOPS:
        task = {"engine": engine, "cell": cell.definition(), "threads": arguments.threads or 0}
        python = side_by_side.python_of(engine.partition("-")[0], arguments)
        result = side_by_side.run_once([python, __file__, "--run", json.dumps(task)])
    else:
        settings = (arguments.peer_python, arguments.threads or 0, bool(arguments.threads))
        result = suite.run_cell(cell, vision.engine_of(engine), *settings)
    if "error" not in result:
        result["samples_per_second"] = cell.samples / statistics.median(result["epoch_seconds"])
    return result


def print_report(cell, results):
    """One workload for a reader."""
    speeds = {engine: side_by_side.summary(runs) for engine, runs in results.items()}
    for engine, (speed, least, greatest) in speeds.items():
        print(
            f"{cell.name:11} {engine:17} {speed:10,.0f} samples/s ({least:,.0f} to {greatest:,.0f}), "
            f"{cell.batch / speed * 1e6:9,.0f} us a step, loss {results[engine][-1]['losses'][-1]:.4f}"
        )
    peers = {engine: speed for engine, (speed, _, _) in speeds.items() if not engine.startswith("gradmill")}
    if "gradmill" in speeds and peers:
        fastest = max(peers, key=peers.get)
        ratio, target = speeds["gradmill"][0] / peers[fastest], TARGETS[cell.name]
        reached = "reached" if ratio >= target else "missed"
        print(f"{cell.name:11} gradmill is {ratio:.2f} times as fast as {fastest} (target {target:g}: {reached})")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    side_by_side.add_options(parser, ENGINES, "gradmill,gradmill-function,gradmill-eager")
    parser.add_argument("--workloads", default=",".join(TARGETS), help="comma-separated (default: %(default)s)")
    parser.add_argument("--batches", type=int, help="steps of an epoch (default: the workload's)")
    parser.add_argument("--epochs", type=int, default=3, help="timed epochs of a run (default %(default)s)")
    parser.add_argument("--threads", type=int, help="cores to use (default: all)")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        run_own_loop(json.loads(arguments.run))
        return
    cells = importlib.import_module("gradmill.benchmark.cells").CELLS
    chosen = side_by_side.chosen(parser, arguments.engines, ENGINES, "engine")
    for name in side_by_side.chosen(parser, arguments.workloads, TARGETS, "workload"):
        steps = arguments.batches or cells[name].steps
        cell = dataclasses.replace(cells[name], steps=steps, epochs=arguments.epochs)
        results = side_by_side.take_turns(
            chosen, arguments.repeats, lambda engine, cell=cell: measure(cell, engine, arguments)
        )
        print_report(cell, results)


if __name__ == "__main__":
    main()
