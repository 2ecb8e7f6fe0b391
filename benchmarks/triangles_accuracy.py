"""Overlap with the masks of triangles after each epoch: the network of examples/cvnet512.py, here and in Keras.

    python examples/make_triangles.py
    python benchmarks/triangles_accuracy.py --data triangles --engine gradmill
    KERAS_BACKEND=tensorflow python benchmarks/triangles_accuracy.py --data triangles --engine keras

As in the example: batches of 16 in the order of the list, SGD with momentum 0.95 and Nesterov, a rate that falls from
0.25 along a polynomial at each step. Both engines start from the same weights, drawn by NumPy; dropout is each engine's
own. Each epoch prints a line of JSON.
"""

import argparse
import csv
import importlib
import sys
import time
from pathlib import Path

import numpy as np
from cifar10_accuracy import add_engine_option, first_weights, print_line

sys.path.append(str(Path(__file__).resolve().parents[1] / "python" / "gradmill" / "benchmark"))


def read_pairs(keras, path):
    """Images and masks (n, height, width, 1) of 0 to 1 from the files that a list names."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    def read(column):
        images = (keras.utils.load_img(Path(path).parent / row[column], color_mode="grayscale") for row in rows)
        return np.stack([keras.utils.img_to_array(image) for image in images]).astype("float32") / 255

    return read("image"), read("mask")


def make_model(keras, side, steps, options):
    """The compiled network."""
    network = importlib.import_module("_engines.cvnet512")
    keras.utils.set_random_seed(options.seed)
    model = network.build(keras, side, options.width)
    first_weights(model, options.seed)
    loss, iou, dice = network.objectives(keras)
    rate = keras.optimizers.schedules.PolynomialDecay(0.25, steps, end_learning_rate=0.0, power=0.9)
    model.compile(keras.optimizers.SGD(rate, momentum=0.95, nesterov=True), loss, metrics=[iou, dice])
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_engine_option(parser)
    parser.add_argument("--data", default="triangles", metavar="DIR", help="pictures and lists (default %(default)s)")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--width", type=float, default=1.0, help="factor on the number of maps (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    keras = importlib.import_module(options.engine)
    folder = Path(options.data)
    training, validation = (read_pairs(keras, folder / f"{name}.csv") for name in ("training", "validation"))
    count, side = training[0].shape[:2]
    model = make_model(keras, side, options.epochs * -(-count // options.batch_size), options)
    for epoch in range(options.epochs):
        start = time.perf_counter()
        history = model.fit(*training, batch_size=options.batch_size, shuffle=False, verbose=0).history
        seconds = time.perf_counter() - start
        scores = model.evaluate(*validation, batch_size=options.batch_size, verbose=0, return_dict=True)
        print_line(
            engine=options.engine,
            epoch=epoch + 1,
            train=count,
            side=side,
            batch_size=options.batch_size,
            **{key: history[key][0] for key in ("loss", "iou", "dice")},
            **{f"validation_{key}": scores[key] for key in ("loss", "iou", "dice")},
            seconds=seconds,
        )


if __name__ == "__main__":
    main()
