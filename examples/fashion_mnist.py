"""Train a small network on Fashion-MNIST: the main job.

python examples/fashion_mnist.py                  the whole job: 10 epochs on 60,000 images
python examples/fashion_mnist.py --quick          seconds, on synthetic images
python examples/fashion_mnist.py --data DIR       with the four IDX files in DIR
"""

import argparse

import gradmill as keras
from gradmill.__main__ import add_training_options
from gradmill.benchmark import load_images, prepare, run_training
from gradmill.benchmark.options import run_script

parser = argparse.ArgumentParser(
    description="Train Flatten, Dense(128, relu), Dense(10) on Fashion-MNIST.",
    epilog="example: python examples/fashion_mnist.py --epochs 10 --output results",
)
add_training_options(parser, epochs=10)
options = parser.parse_args()


def main():
    prepare(options.seed, options.threads)
    (x_train, y_train), (x_test, y_test) = load_images("fashion_mnist", options.data, options.quick)
    x_train, x_test = x_train.astype("float32"), x_test.astype("float32")
    x_train /= 255
    x_test /= 255

    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(10),
        ]
    )
    model.compile(
        optimizer="adam",
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    run_training(
        "fashion_mnist",
        model,
        (x_train, y_train),
        (x_test, y_test),
        epochs=1 if options.quick else options.epochs,
        batch_size=options.batch_size,
        verbose=options.verbose,
        output=options.output,
    )


run_script(main)
