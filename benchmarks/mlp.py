"""Training speed on the two networks of the MNIST tutorials, GradMill beside its peers.

    python benchmarks/mlp.py                                  # this package alone
    python benchmarks/mlp.py --peer-python PATH --engines gradmill,keras-jax,torch,torch-fused

Whole epochs over 60,000 synthetic samples in memory, batch 32: forward, loss, gradient, update, running loss. Every
run is a process of its own; with several engines they take turns, and the median of the repeats counts. An engine that
is not installed in the peers' interpreter is reported and skipped.

mnist_mlp:   Flatten, Dense(128, relu), Dropout(0.2), Dense(10); SGD(0.01)
fashion_mlp: Flatten, Dense(128, relu), Dense(10); Adam(0.001)
"""

import argparse
import statistics

import engines
import side_by_side

BATCH = 32
# Multiply-adds of a training step for a sample: both layers forward and for the weights, the second for its input too.
MULTIPLY_ADDS = 2 * 784 * 128 + 3 * 128 * 10
ENGINES = ("gradmill", "keras-jax", "keras-tensorflow", "keras-torch", "torch", "torch-fused")
WORKLOADS = ("mnist_mlp", "fashion_mlp")


def run_keras_style(keras, workload, samples, epochs):
    """Epoch times and losses of a script in Keras's style."""
    layers = keras.layers
    images, labels = engines.class_images(samples, (28, 28), 10)
    stack = [layers.Input((28, 28)), layers.Flatten(), layers.Dense(128, activation="relu")]
    stack += [layers.Dropout(0.2)] if workload == "mnist_mlp" else []
    model = keras.Sequential(stack + [layers.Dense(10)])
    optimizer = keras.optimizers.SGD(0.01) if workload == "mnist_mlp" else keras.optimizers.Adam(0.001)
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return engines.fit_epochs(keras, model, images, labels, BATCH, epochs)


def run_torch(torch, workload, samples, epochs, fused):
    """Epoch times and losses of a plain PyTorch loop."""
    images, labels = (torch.from_numpy(array) for array in engines.class_images(samples, (28, 28), 10))
    nn = torch.nn
    middle = [nn.Dropout(0.2)] if workload == "mnist_mlp" else []
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), *middle, nn.Linear(128, 10))
    kind, rate = (torch.optim.SGD, 0.01) if workload == "mnist_mlp" else (torch.optim.Adam, 0.001)
    optimizer = kind(model.parameters(), lr=rate, fused=fused)
    return engines.torch_epochs(torch, model, optimizer, images, labels.long(), BATCH, epochs)


def run_engine(engine, workload, samples, epochs):
    """Run one engine in this process and print its result."""
    module, version = engines.load(engine.replace("-fused", ""))
    if engine.startswith("torch"):
        times, losses = run_torch(module, workload, samples, epochs, fused=True if engine == "torch-fused" else None)
    else:
        times, losses = run_keras_style(module, workload, samples, epochs)
    side_by_side.print_result(
        engine=engine,
        workload=workload,
        version=version,
        samples_per_second=samples / statistics.median(times[1:] or times),
        final_loss=losses[-1],
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workload", choices=WORKLOADS, help="default: both")
    side_by_side.add_options(parser, ENGINES, "gradmill")
    parser.add_argument("--epochs", type=int, default=3, help="epochs of a run; the first warms up")
    parser.add_argument("--samples", type=int, default=60000, help="samples of an epoch (default %(default)s)")
    parser.add_argument("--run", choices=ENGINES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        run_engine(arguments.run, arguments.workload, arguments.samples, arguments.epochs)
        return
    names = side_by_side.chosen(parser, arguments.engines, ENGINES, "engine")
    for workload in [arguments.workload] if arguments.workload else WORKLOADS:

        def measure(engine, workload=workload):
            command = [side_by_side.python_of(engine, arguments), __file__, "--run", engine, "--workload", workload]
            sizes = ["--epochs", str(arguments.epochs), "--samples", str(arguments.samples)]
            return side_by_side.run_once([*command, *sizes])

        results = side_by_side.take_turns(names, arguments.repeats, measure)
        own = side_by_side.summary(results["gradmill"])[0] if "gradmill" in results else None
        for engine, runs in results.items():
            speed, least, greatest = side_by_side.summary(runs)
            ratio = f"; gradmill is {own / speed:.2f} times as fast" if own and engine != "gradmill" else ""
            print(
                f"{workload:12} {engine:17} {speed:10,.0f} samples/s ({least:,.0f} to {greatest:,.0f}), "
                f"{speed * MULTIPLY_ADDS * 2 / 1e9:6.1f} GFLOP/s, loss {runs[-1]['final_loss']:.4f}, "
                f"peak {runs[-1]['peak_bytes'] / 1e6:,.0f} MB{ratio}"
            )


if __name__ == "__main__":
    main()
