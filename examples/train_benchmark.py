"""Samples per second of training a large network on random data.

python examples/train_benchmark.py --type cnn --model resnet50 --bs 128 --steps 30 --epochs 3
python examples/train_benchmark.py --type cnn --model mobilenetv2 --bs 32 --fp16
python examples/train_benchmark.py --quick           seconds, on small images

224x224x3 uniform random images, 8 classes, the network without its head + GlobalAveragePooling2D + Dense(8),
SGD(0.01). One epoch to warm up, then the timed ones.
"""

import argparse
from pathlib import Path

import gradmill as keras
from gradmill.benchmark import prepare, print_summary, write_results
from gradmill.benchmark.options import (
    add_speed_options,
    apply_precision,
    positive,
    print_configuration,
    print_devices,
    run_script,
)
from gradmill.benchmark.throughput import RandomImages, measure_training

CLASSES = 8
MODELS = {
    "cnn": {"resnet50": "ResNet50", "mobilenetv2": "MobileNetV2"},
    "transformer": {},
}

parser = argparse.ArgumentParser(
    description="Measure samples per second of training on random data.",
    epilog="example: python examples/train_benchmark.py --type cnn --model resnet50 --bs 128 --steps 30 --epochs 3",
)
parser.add_argument("--type", default="cnn", choices=sorted(MODELS), help="kind of network (default %(default)s)")
parser.add_argument("--model", default="resnet50", help="resnet50 or mobilenetv2 (default %(default)s)")
parser.add_argument("--steps", type=positive, default=30, help="steps of an epoch (default %(default)s)")
parser.add_argument("--image-size", type=positive, default=224, help="height and width (default %(default)s)")
parser.add_argument("--threads", type=positive, help="threads to use (default: all cores)")
add_speed_options(parser, batch_size=128, epochs=3)
options = parser.parse_args()
if options.type == "transformer":
    parser.error("--type transformer: this version has no transformers yet; --type cnn is there")
if options.model not in MODELS[options.type]:
    names = ", ".join(MODELS[options.type])
    parser.error(f"--model: expected one of {names} for --type {options.type}; received {options.model!r}")
if options.quick:
    options.bs, options.steps, options.epochs, options.image_size = 4, 2, 1, 64


def main():
    prepare(options.seed, options.threads)
    shape = (options.image_size, options.image_size, 3)
    print_configuration(
        type=options.type,
        model=options.model,
        batch_size=options.bs,
        steps=options.steps,
        epochs=options.epochs,
        images="x".join(map(str, shape)),
        precision="mixed_float16" if options.fp16 else "float32",
    )
    print_devices()
    apply_precision(options)
    base = getattr(keras.applications, MODELS[options.type][options.model])(
        include_top=False, weights=None, input_shape=shape
    )
    x = keras.layers.GlobalAveragePooling2D()(base.output)
    # Under mixed precision the outputs and the loss stay in 32 bits.
    model = keras.Model(base.input, keras.layers.Dense(CLASSES, activation="softmax", dtype="float32")(x))
    model.compile(keras.optimizers.SGD(0.01), keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
    model.summary()
    data = RandomImages(options.bs, options.steps, shape, CLASSES, options.seed)
    found = measure_training(model, data, options.epochs, options.bs * options.steps, options.verbose)
    print(f"Warm-up:           {found['warm_up_seconds']:.2f} s")
    results = {"job": f"train_benchmark_{options.model}", **vars(options), "parameters": model.count_params(), **found}
    print_summary({"seconds_per_epoch": found["seconds_per_epoch"]})
    print(f"Sample/sec: {found['samples_per_second']:.2f}")
    print(f"Results:           {write_results(Path(options.output) / (results['job'] + '.json'), results)}")


run_script(main)
