"""Accuracy on CIFAR-10's test images after each epoch: the network of examples/cifar10_resnet50.py, here and in Keras.

    python benchmarks/cifar10_accuracy.py --data DIR --engine gradmill
    KERAS_BACKEND=torch python benchmarks/cifar10_accuracy.py --data DIR --engine keras

DIR holds the binary version (`data_batch_1.bin` ...). ResNet50 with its head, pixels divided by 255, Adam, categorical
crossentropy on one-hot labels. Both engines start from the same weights and see the same batches in the same order,
all drawn by NumPy; what is left of the difference is rounding, which training magnifies. Each epoch prints a line of
JSON and is saved under `--output`, weights and optimizer; started again, the script goes on after the last saved epoch.
"""

import argparse
import importlib
import json
import time
from pathlib import Path

import numpy as np

CLASSES = 10


def read_images(folder, names):
    """Images (n, 32, 32, 3), scaled to 0 to 1, and one-hot labels from files of label byte and colour planes."""
    rows = np.concatenate([np.fromfile(Path(folder) / name, np.uint8).reshape(-1, 3073) for name in names])
    images = rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).astype("float32") / 255
    return images, np.eye(CLASSES, dtype="float32")[rows[:, 0]]


def first_weights(model, seed):
    """Keras's own initial values, in the order of the weights: uniform kernels by He or Glorot, the rest as it is."""
    generator = np.random.default_rng(seed)
    for layer in model.layers:
        values = []
        for variable, value in zip(layer.weights, layer.get_weights()):
            name = variable.name.rpartition("/")[2]
            if name.endswith("kernel"):
                inputs, outputs = np.prod(value.shape[:-1]), np.prod(value.shape[:-2]) * value.shape[-1]
                rule = getattr(layer, f"{name.removesuffix('_kernel')}_initializer")
                limit = (6 / (inputs if type(rule).__name__ == "HeUniform" else inputs + outputs)) ** 0.5
                value = generator.uniform(-limit, limit, value.shape).astype("float32")
            values.append(value)
        layer.set_weights(values)


def add_engine_option(parser):
    """Which engine runs; of Keras, the environment names the backend."""
    parser.add_argument("--engine", choices=("gradmill", "keras"), default="gradmill")


def print_line(**values):
    """A line of JSON, its figures rounded."""
    numbers = (float, np.floating)
    rounded = {key: round(float(value), 4) for key, value in values.items() if isinstance(value, numbers)}
    print(json.dumps({**values, **rounded}), flush=True)


def start_or_resume(keras, folder, seed):
    """The compiled model as last saved under `folder`, and the number of epochs it has seen."""
    done = sorted(folder.glob("epoch*.keras"))
    if done:
        return keras.models.load_model(done[-1]), len(done)
    model = keras.applications.ResNet50(weights=None, input_shape=(32, 32, 3), classes=CLASSES)
    first_weights(model, seed)
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model, 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_engine_option(parser)
    parser.add_argument("--data", required=True, metavar="DIR", help="folder with the binary version of CIFAR-10")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--train", type=int, default=50000, help="training images (default: all)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", default="results/cifar10_accuracy", metavar="DIR")
    options = parser.parse_args()

    keras = importlib.import_module(options.engine)
    x_train, y_train = read_images(options.data, [f"data_batch_{part}.bin" for part in range(1, 6)])
    x_test, y_test = read_images(options.data, ["test_batch.bin"])
    folder = Path(options.output) / f"{options.engine}_{options.train}_{options.batch_size}_{options.seed}"
    folder.mkdir(parents=True, exist_ok=True)
    model, done = start_or_resume(keras, folder, options.seed)
    for epoch in range(done, options.epochs):
        order = np.random.default_rng([options.seed, epoch]).permutation(options.train)
        start = time.perf_counter()
        history = model.fit(x_train[order], y_train[order], batch_size=options.batch_size, shuffle=False, verbose=0)
        seconds = time.perf_counter() - start
        scores = model.evaluate(x_test, y_test, batch_size=options.batch_size, verbose=0, return_dict=True)
        model.save(folder / f"epoch{epoch + 1:03}.keras")
        print_line(
            engine=options.engine,
            epoch=epoch + 1,
            train=options.train,
            batch_size=options.batch_size,
            **{key: history.history[key][0] for key in ("loss", "accuracy")},
            **{f"test_{key}": scores[key] for key in ("loss", "accuracy")},
            seconds=seconds,
        )


if __name__ == "__main__":
    main()
