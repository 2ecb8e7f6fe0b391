"""Train a small network with dropout on MNIST, 100 epochs of plain SGD.

python examples/mnist.py                  the whole job
python examples/mnist.py --epochs 5
python examples/mnist.py --quick          seconds, on synthetic images
"""

import argparse

import gradmill as keras
from gradmill.__main__ import add_training_options
from gradmill.benchmark import load_images, prepare, run_training
from gradmill.benchmark.options import run_script

parser = argparse.ArgumentParser(
    description="Train Flatten, Dense(128, relu), Dropout(0.2), Dense(10) on MNIST.",
    epilog="example: python examples/mnist.py --epochs 5",
)
add_training_options(parser, epochs=100)
options = parser.parse_args()


def main():
    prepare(options.seed, options.threads)
    (x_train, y_train), (x_test, y_test) = load_images("mnist", options.data, options.quick)
    x_train, x_test = x_train / 255.0, x_test / 255.0

    model = keras.models.Sequential(
        [
            keras.layers.Input(shape=(28, 28)),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(10),
        ]
    )
    predictions = model(x_train[:1]).numpy()
    print("Predictions before training:", predictions)

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    print("Loss before training:", loss(y_train[:1], predictions).numpy())
    model.compile(optimizer="sgd", loss=loss, metrics=["accuracy"])
    run_training(
        "mnist",
        model,
        (x_train, y_train),
        (x_test, y_test),
        epochs=1 if options.quick else options.epochs,
        batch_size=options.batch_size,
        verbose=options.verbose,
        output=options.output,
    )


run_script(main)
