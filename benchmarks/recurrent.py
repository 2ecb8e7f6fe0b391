"""Training speed of recurrent networks, GradMill beside its peers.

    python benchmarks/recurrent.py                                # this package alone, every workload
    python benchmarks/recurrent.py --peer-python PATH --engines gradmill,keras-jax,torch

lstm:       sequences of 8 to 20 numbers padded with -1; Masking(-1), LSTM(32), Dense(2); batch 64
gru_100:    100 steps of 64 numbers; GRU(128), Dense(10); batch 32
bilstm_100: 100 steps of 64 numbers; Bidirectional(LSTM(128)), Dense(10); batch 32

Epochs over synthetic sequences in memory with Adam(0.001): forward, loss, gradient, update; the first epoch warms up.
Every run is a process of its own; engines take turns, and the median of the repeats counts. An engine that is not
installed in the peers' interpreter is reported and skipped.

`gradmill` and `keras-...` call `fit`. `gradmill-function` is an own loop with a tape under `gm.function`; it and the
`...-eager` engines, the same loop run op by op, see one batch over and over. `torch` is a plain loop with the fused
optimizer; it masks by reading each sequence's state at its last step, the fastest of its ways.
"""

import argparse
import dataclasses
import statistics
import time

import engines
import numpy as np
import side_by_side

ENGINES = (
    *("gradmill", "gradmill-function", "gradmill-eager", "keras-jax", "keras-tensorflow", "keras-tensorflow-eager"),
    "torch",
)


@dataclasses.dataclass(frozen=True)
class Workload:
    """Sequences (steps, features), units of the recurrent layer, classes, and the sizes of batch and epoch."""

    steps: int
    features: int
    units: int
    classes: int
    batch: int
    batches: int
    target: float


WORKLOADS = {
    "lstm": Workload(20, 1, 32, 2, 64, 500, 5.0),
    "gru_100": Workload(100, 64, 128, 10, 32, 20, 1.5),
    "bilstm_100": Workload(100, 64, 128, 10, 32, 20, 1.5),
}


def sequences_of(name, batches):
    """Sequences, labels and lengths."""
    workload = WORKLOADS[name]
    generator = np.random.default_rng(0)
    samples = workload.batch * batches
    x = generator.random((samples, workload.steps, workload.features), dtype="float32")
    lengths = np.full(samples, workload.steps)
    if name == "lstm":
        lengths = generator.integers(8, workload.steps + 1, samples)
        x[np.arange(workload.steps) >= lengths[:, None]] = -1
    return x, generator.integers(0, workload.classes, samples).astype("int32"), lengths


def keras_model(keras, name):
    """The network in Keras's style; `keras` is GradMill or Keras."""
    workload, layers = WORKLOADS[name], keras.layers
    middle = {
        "lstm": lambda: [layers.Masking(-1.0), layers.LSTM(workload.units)],
        "gru_100": lambda: [layers.GRU(workload.units)],
        "bilstm_100": lambda: [layers.Bidirectional(layers.LSTM(workload.units))],
    }[name]()
    return keras.Sequential(
        [layers.Input((workload.steps, workload.features)), *middle, layers.Dense(workload.classes)]
    )


def run_fit(keras, name, batches, epochs):
    """Epoch times and losses of `fit`."""
    model = keras_model(keras, name)
    model.compile(keras.optimizers.Adam(0.001), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y, _ = sequences_of(name, batches)
    return engines.fit_epochs(keras, model, x, y, WORKLOADS[name].batch, epochs, shuffle=False)


def time_steps(step, batches, epochs):
    """Epoch times and losses of a function that makes a step and returns its loss."""
    times, losses = [], []
    for _ in range(epochs):
        start = time.perf_counter()
        for _ in range(batches):
            loss = step()
        times.append(time.perf_counter() - start)
        losses.append(float(loss))
    return times, losses


def run_tape(keras, tape_of, function, tensor, name, batches, epochs):
    """The same of an own loop with a tape; `function` is what the step is wrapped in."""
    model, optimizer = keras_model(keras, name), keras.optimizers.Adam(0.001)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer.build(model.trainable_variables)
    x, y = (tensor(array) for array in sequences_of(name, 1)[:2])

    def step(x, y):
        with tape_of() as tape:
            loss = loss_of(y, model(x, training=True))
        variables = [each.value if keras.__name__ == "keras" else each for each in model.trainable_variables]
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), model.trainable_variables))
        return loss

    step = function(step)
    return time_steps(lambda: step(x, y), batches, epochs)


def torch_network(torch, name):
    """The network as a function of sequences and lengths, and its parameters."""
    workload, nn = WORKLOADS[name], torch.nn
    kind = nn.GRU if name == "gru_100" else nn.LSTM
    both = name == "bilstm_100"
    layer = kind(workload.features, workload.units, batch_first=True, bidirectional=both)
    head = nn.Linear(workload.units * (2 if both else 1), workload.classes)

    def network(x, lengths):
        y, states = layer(x)
        if name == "lstm":
            last = (lengths - 1).view(-1, 1, 1).expand(-1, 1, workload.units)
            return head(y.gather(1, last)[:, 0])
        if name == "gru_100":
            return head(states[0])
        return head(torch.cat([states[0][0], states[0][1]], 1))

    return network, [*layer.parameters(), *head.parameters()]


def run_torch(torch, name, batches, epochs):
    """Epoch times and losses of a plain PyTorch loop."""
    network, parameters = torch_network(torch, name)
    optimizer = torch.optim.Adam(parameters, lr=0.001, fused=True)
    loss_of, batch = torch.nn.CrossEntropyLoss(), WORKLOADS[name].batch
    x, y, lengths = (torch.from_numpy(array) for array in sequences_of(name, batches))
    pieces = list(zip(x.split(batch), y.long().split(batch), lengths.split(batch)))
    number = 0

    def step():
        nonlocal number
        rows, labels, ends = pieces[number % len(pieces)]
        number += 1
        optimizer.zero_grad()
        loss = loss_of(network(rows, ends), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return time_steps(step, batches, epochs)


def run_engine(engine, name, batches, epochs, threads):
    """Run one engine in this process and print its result."""
    kind, _, way = engine.partition("-")
    base = "gradmill" if kind == "gradmill" else engine.replace("-eager", "")
    module, version = engines.load(base, threads)
    if kind == "torch":
        times, losses = run_torch(module, name, batches, epochs)
    elif kind == "gradmill" and way:
        function = module.function if way == "function" else lambda step: step
        tensor = module.ops.convert_to_tensor
        times, losses = run_tape(module, module.GradientTape, function, tensor, name, batches, epochs)
    elif way == "tensorflow-eager":
        tensorflow = module.src.backend.tensorflow.core.tf
        tensor, tape = tensorflow.constant, tensorflow.GradientTape
        times, losses = run_tape(module, tape, lambda step: step, tensor, name, batches, epochs)
    else:
        times, losses = run_fit(module, name, batches, epochs)
    side_by_side.print_result(
        engine=engine,
        version=version,
        samples_per_second=WORKLOADS[name].batch * batches / statistics.median(times[1:] or times),
        final_loss=losses[-1],
    )


def print_report(name, results):
    """One workload for a reader."""
    workload = WORKLOADS[name]
    speeds = {engine: side_by_side.summary(runs) for engine, runs in results.items()}
    for engine, (speed, least, greatest) in speeds.items():
        print(
            f"{name:11} {engine:23} {speed:10,.0f} samples/s ({least:,.0f} to {greatest:,.0f}), "
            f"{workload.batch / speed * 1e6:9,.0f} us a step, loss {results[engine][-1]['final_loss']:.4f}"
        )
    peers = {engine: speed for engine, (speed, _, _) in speeds.items() if not engine.startswith("gradmill")}
    if "gradmill" in speeds and peers:
        fastest = max(peers, key=peers.get)
        ratio = speeds["gradmill"][0] / peers[fastest]
        reached = "reached" if ratio >= workload.target else "missed"
        print(
            f"{name:11} gradmill is {ratio:.2f} times as fast as {fastest} (target {workload.target:g}: {reached})",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    side_by_side.add_options(parser, ENGINES, "gradmill,gradmill-function,gradmill-eager")
    parser.add_argument("--workloads", default=",".join(WORKLOADS), help="comma-separated (default: %(default)s)")
    parser.add_argument("--batches", type=int, help="steps of an epoch (default: the workload's)")
    parser.add_argument("--epochs", type=int, default=3, help="epochs of a run; the first warms up")
    parser.add_argument("--threads", type=int, help="cores to use (default: all)")
    parser.add_argument("--run", choices=ENGINES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    names = side_by_side.chosen(parser, arguments.workloads, WORKLOADS, "workload")
    if arguments.run:
        batches = arguments.batches or WORKLOADS[names[0]].batches
        run_engine(arguments.run, names[0], batches, arguments.epochs, arguments.threads)
        return
    chosen = side_by_side.chosen(parser, arguments.engines, ENGINES, "engine")
    for name in names:

        def measure(engine, name=name):
            python = side_by_side.python_of(engine.partition("-")[0], arguments)
            command = [python, __file__, "--run", engine, "--workloads", name, "--epochs", str(arguments.epochs)]
            for option in ("batches", "threads"):
                if getattr(arguments, option):
                    command += [f"--{option}", str(getattr(arguments, option))]
            return side_by_side.run_once(command)

        print_report(name, side_by_side.take_turns(chosen, arguments.repeats, measure))


if __name__ == "__main__":
    main()
