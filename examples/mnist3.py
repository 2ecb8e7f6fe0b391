"""Train a small convolutional network on MNIST, with validation after each epoch.

python examples/mnist3.py                  the whole job: 12 epochs
python examples/mnist3.py --epochs 1       about 0.984 of the test images
python examples/mnist3.py --quick          seconds, on synthetic images
"""

import argparse

import gradmill as keras
from gradmill.__main__ import add_training_options
from gradmill.benchmark import load_images, prepare, run_training
from gradmill.benchmark.options import run_script

parser = argparse.ArgumentParser(
    description="Train Conv2D(32), Conv2D(64), MaxPooling2D, Dense(128), Dense(10) on MNIST.",
    epilog="example: python examples/mnist3.py --epochs 12 --output results",
)
add_training_options(parser, epochs=12)
parser.set_defaults(batch_size=128)
options = parser.parse_args()


def main():
    prepare(options.seed, options.threads)
    (x_train, y_train), (x_test, y_test) = load_images("mnist", options.data, options.quick, train=1000, test=200)
    x_train, x_test = (x[..., None].astype("float32") / 255 for x in (x_train, x_test))
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.001), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    run_training(
        "mnist3",
        model,
        (x_train, y_train),
        (x_test, y_test),
        epochs=1 if options.quick else options.epochs,
        batch_size=options.batch_size,
        verbose=options.verbose,
        output=options.output,
        validate=True,
    )


run_script(main)
