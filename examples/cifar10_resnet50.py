"""Train ResNet50, from random weights and with its head, on CIFAR-10.

python examples/cifar10_resnet50.py                  the whole job: 10 epochs on 50,000 images
python examples/cifar10_resnet50.py --epochs 3 --batch-size 128
python examples/cifar10_resnet50.py --data DIR       with the files of either published version in DIR
python examples/cifar10_resnet50.py --quick          seconds, on synthetic images
"""

import argparse

import gradmill as keras
from gradmill.__main__ import add_training_options
from gradmill.benchmark import load_images, prepare, run_training
from gradmill.benchmark.options import run_script

CLASSES = 10

parser = argparse.ArgumentParser(
    description="Train ResNet50 on CIFAR-10 with Adam and evaluate it.",
    epilog="example: python examples/cifar10_resnet50.py --epochs 10 --output results",
)
add_training_options(parser, epochs=10)
options = parser.parse_args()


def main():
    prepare(options.seed, options.threads)
    (x_train, y_train), (x_test, y_test) = load_images("cifar10", options.data, options.quick, train=64, test=32)
    x_train, x_test = x_train.astype("float32") / 255, x_test.astype("float32") / 255
    y_train, y_test = (keras.utils.to_categorical(y, CLASSES) for y in (y_train, y_test))
    model = keras.applications.ResNet50(weights=None, input_shape=x_train.shape[1:], classes=CLASSES)
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    run_training(
        "cifar10_resnet50",
        model,
        (x_train, y_train),
        (x_test, y_test),
        epochs=1 if options.quick else options.epochs,
        batch_size=options.batch_size,
        verbose=options.verbose,
        output=options.output,
    )


run_script(main)
