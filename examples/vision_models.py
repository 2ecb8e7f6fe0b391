"""Time one epoch of six vision networks on MNIST, resized to 224x224x3, on one or several devices.

python examples/vision_models.py --model resnet18 --bs 64
python examples/vision_models.py --model all --bs 64 --devices cpu:1,cpu:2
python examples/vision_models.py --quick             seconds, on small synthetic images

Each network gets a new head for 10 classes and is trained with Adam(0.001). With --weights FILE the other layers start
from a file of Keras's (vgg16, mobilenet_v2, efficientnet_b0) or torchvision's weights (the others).
"""

import argparse
from pathlib import Path

import numpy as np

import gradmill as keras
from gradmill.benchmark import load_images, prepare, write_results
from gradmill.benchmark.options import (
    add_speed_options,
    apply_precision,
    parse_devices,
    policy_name,
    positive,
    print_configuration,
    print_devices,
    run_script,
)
from gradmill.benchmark.throughput import measure_training, speed_table

# Constructor, and the largest value of a pixel that the network expects.
MODELS = {
    "vgg16": ("VGG16", 1),
    "alexnet": ("AlexNet", 1),
    "resnet18": ("ResNet18", 1),
    "mobilenet_v2": ("MobileNetV2", 1),
    "efficientnet_b0": ("EfficientNetB0", 255),
    "squeezenet": ("SqueezeNet1_1", 1),
}
CLASSES = 10

parser = argparse.ArgumentParser(
    description="Time an epoch of vision networks on MNIST, resized.",
    epilog="example: python examples/vision_models.py --model vgg16 --bs 64 --devices cpu:1,cpu:2",
)
parser.add_argument("--model", default="all", choices=[*MODELS, "all"], help="the network (default %(default)s)")
parser.add_argument("--images", type=positive, default=1000, help="training images (default %(default)s)")
parser.add_argument("--image-size", type=positive, default=224, help="height and width (default %(default)s)")
parser.add_argument("--devices", default="cpu", help="cpu, or cpu:THREADS separated by commas (default %(default)s)")
parser.add_argument("--weights", metavar="FILE", help="weights to start from, except those of the head")
parser.add_argument("--data", metavar="DIR", help="folder with MNIST (default: search, then download)")
add_speed_options(parser, batch_size=64, epochs=1)
options = parser.parse_args()
if options.weights and options.model == "all":
    parser.error("--weights: expected one --model that the file belongs to; received all")
if options.quick:
    options.images, options.bs, options.image_size = 8, 4, 64


def load_resized():
    """Return MNIST's first images as uint8 (n, size, size, 3), and their labels."""
    (x, y), _ = load_images("mnist", options.data, options.quick, train=options.images, test=1)
    x, y = x[: options.images], y[: options.images]
    resize = keras.layers.Resizing(options.image_size, options.image_size)
    parts = []
    for start in range(0, len(x), 100):
        grey = resize(x[start : start + 100, ..., None].astype("float32")).numpy()
        parts.append(grey.round().clip(0, 255).astype("uint8").repeat(3, axis=-1))
    return np.concatenate(parts), y


def _with_weights(model):
    return [layer for layer in model.layers if layer.weights]


def make_model(name):
    """Return the network with a head for ten classes behind a scaling of the pixels."""
    constructor, largest = MODELS[name]
    make = getattr(keras.applications, constructor)
    shape = (options.image_size, options.image_size, 3)
    inputs = keras.Input(shape)
    scaled = keras.layers.Rescaling(largest / 255, name="scale_pixels")(inputs)
    model = make(input_tensor=scaled, classes=CLASSES, weights=None)
    if options.weights:
        full = make(input_shape=shape, weights=options.weights)
        for theirs, own in zip(_with_weights(full), _with_weights(model)):
            values = theirs.get_weights()
            if [each.shape for each in own.get_weights()] == [each.shape for each in values]:
                own.set_weights(values)
    return model


def main():
    names = list(MODELS) if options.model == "all" else [options.model]
    devices = parse_devices(options.devices)
    prepare(options.seed)
    print_configuration(
        models=", ".join(names),
        batch_size=options.bs,
        images=f"{options.images} of {options.image_size}x{options.image_size}x3",
        epochs=options.epochs,
        measured_on=", ".join(name for name, _ in devices),
        precision=policy_name(options),
    )
    print_devices()
    apply_precision(options)
    x, y = load_resized()
    seconds, runs = {}, []
    for name in names:
        for device, threads in devices:
            prepare(options.seed, threads)
            model = make_model(name)
            model.compile(keras.optimizers.Adam(0.001), "sparse_categorical_crossentropy", metrics=["accuracy"])
            found = measure_training(model, (x, y), options.epochs, len(x), options.verbose, batch_size=options.bs)
            seconds.setdefault(name, {})[device] = found["seconds_per_epoch"]
            print(
                f"{name} on {device}: {found['seconds_per_epoch']:.3f} s per epoch, "
                f"{found['samples_per_second']:.2f} images/s, loss {found['loss']:.4f}"
            )
            runs.append({"model": name, "device": device, "parameters": model.count_params(), **found})
    print("Mean epoch time and speed-up over the first device:")
    print(*speed_table(seconds), sep="\n")
    results = {"job": "vision_models", **vars(options), "runs": runs}
    print(f"Results:           {write_results(Path(options.output) / 'vision_models.json', results)}")


run_script(main)
