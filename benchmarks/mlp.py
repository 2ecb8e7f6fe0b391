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
import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import time

import numpy as np

SAMPLES, BATCH = 60000, 32
# Multiply-adds of a training step for a sample: both layers forward and for the weights, the second for its input too.
MULTIPLY_ADDS = 2 * 784 * 128 + 3 * 128 * 10
ENGINES = ("gradmill", "keras-jax", "keras-tensorflow", "keras-torch", "torch", "torch-fused")


def make_data():
    """Learnable noise: every class has its own mean picture."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 10, SAMPLES).astype("int32")
    means = generator.random((10, 28, 28), dtype="float32")
    return generator.random((SAMPLES, 28, 28), dtype="float32") * 0.5 + means[labels] * 0.5, labels


def run_keras_style(keras, workload, epochs):
    """Epoch times and losses of a script in Keras's style."""
    layers = keras.layers
    images, labels = make_data()
    stack = [layers.Input((28, 28)), layers.Flatten(), layers.Dense(128, activation="relu")]
    stack += [layers.Dropout(0.2)] if workload == "mnist_mlp" else []
    model = keras.Sequential(stack + [layers.Dense(10)])
    optimizer = keras.optimizers.SGD(0.01) if workload == "mnist_mlp" else keras.optimizers.Adam(0.001)
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    times, losses = [], []

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.start = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            times.append(time.perf_counter() - self.start)
            losses.append(float(logs["loss"]))

    model.fit(images, labels, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=[Clock()])
    return times, losses


def run_torch(torch, workload, epochs, fused):
    """Epoch times and losses of a plain PyTorch loop."""
    images, labels = (torch.from_numpy(array) for array in make_data())
    labels = labels.long()
    nn = torch.nn
    middle = [nn.Dropout(0.2)] if workload == "mnist_mlp" else []
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), *middle, nn.Linear(128, 10))
    kind, rate = (torch.optim.SGD, 0.01) if workload == "mnist_mlp" else (torch.optim.Adam, 0.001)
    optimizer = kind(model.parameters(), lr=rate, fused=fused)
    loss_function = nn.CrossEntropyLoss()
    times, losses = [], []
    for _ in range(epochs):
        start, total = time.perf_counter(), 0.0
        order = torch.randperm(SAMPLES)
        for i in range(0, SAMPLES, BATCH):
            rows = order[i : i + BATCH]
            optimizer.zero_grad()
            loss = loss_function(model(images[rows]), labels[rows])
            loss.backward()
            optimizer.step()
            total += loss.item()
        times.append(time.perf_counter() - start)
        losses.append(total / (SAMPLES / BATCH))
    return times, losses


def run_engine(engine, workload, epochs):
    """Run one engine in this process and print its result as a line of JSON."""
    if engine == "gradmill":
        keras = importlib.import_module("gradmill")
        version = keras.__version__
        times, losses = run_keras_style(keras, workload, epochs)
    elif engine.startswith("keras-"):
        os.environ["KERAS_BACKEND"] = engine.split("-")[1]
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        keras = importlib.import_module("keras")
        version = keras.__version__
        times, losses = run_keras_style(keras, workload, epochs)
    else:
        torch = importlib.import_module("torch")
        version = torch.__version__
        times, losses = run_torch(torch, workload, epochs, fused=True if engine == "torch-fused" else None)
    print(
        "RESULT "
        + json.dumps(
            {
                "engine": engine,
                "workload": workload,
                "version": version,
                "samples_per_second": SAMPLES / statistics.median(times[1:]),
                "final_loss": losses[-1],
                "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


def measure(engine, workload, arguments):
    """Run one engine in a process of its own; None when it is not installed or fails."""
    python = sys.executable if engine == "gradmill" else arguments.peer_python
    command = [python, __file__, "--run", engine, "--workload", workload, "--epochs", str(arguments.epochs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        print(f"{engine}: no result: {(done.stderr.strip().splitlines() or ['no message'])[-1]}", file=sys.stderr)
        return None
    return json.loads(lines[-1][7:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workload", choices=["mnist_mlp", "fashion_mlp"], help="default: both")
    parser.add_argument("--engines", default="gradmill", help=f"comma-separated, of {', '.join(ENGINES)}")
    parser.add_argument("--peer-python", default=sys.executable, help="interpreter that has the peers")
    parser.add_argument("--epochs", type=int, default=3, help="epochs of a run; the first warms up")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each engine")
    parser.add_argument("--run", choices=ENGINES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        run_engine(arguments.run, arguments.workload, arguments.epochs)
        return
    engines = arguments.engines.split(",")
    for unknown in set(engines) - set(ENGINES):
        parser.error(f"unknown engine {unknown!r}; expected some of {', '.join(ENGINES)}")
    for workload in [arguments.workload] if arguments.workload else ["mnist_mlp", "fashion_mlp"]:
        results = {engine: [] for engine in engines}
        for _ in range(arguments.repeats):
            for engine in engines:
                result = measure(engine, workload, arguments)
                if result:
                    results[engine].append(result)
        own = None
        for engine, runs in results.items():
            if not runs:
                continue
            speed = statistics.median(run["samples_per_second"] for run in runs)
            own = speed if engine == "gradmill" else own
            ratio = f"; gradmill is {own / speed:.2f} times as fast" if own and engine != "gradmill" else ""
            speeds = [run["samples_per_second"] for run in runs]
            print(
                f"{workload:12} {engine:17} {speed:10,.0f} samples/s ({min(speeds):,.0f} to {max(speeds):,.0f}), "
                f"{speed * MULTIPLY_ADDS * 2 / 1e9:6.1f} GFLOP/s, loss {runs[-1]['final_loss']:.4f}, "
                f"peak {runs[-1]['peak_megabytes']:,.0f} MB{ratio}"
            )


if __name__ == "__main__":
    main()
