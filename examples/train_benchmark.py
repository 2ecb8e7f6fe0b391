"""Samples per second of training a large network on random data.

python examples/train_benchmark.py --type cnn --model resnet50 --bs 128 --steps 30 --epochs 3
python examples/train_benchmark.py --type cnn --model mobilenetv2 --bs 32 --fp16
python examples/train_benchmark.py --type transformer --model distilbert-base-uncased --bs 128 --steps 30 --epochs 3
python examples/train_benchmark.py --quick           seconds, on small images (with --type transformer: a small network)

cnn: 224x224x3 uniform random images, 8 classes, the network without its head + GlobalAveragePooling2D + Dense(8),
SGD(0.01). transformer: 128 token ids, uniform below 1,000, the network with its classifier of 8 labels, Adam(1e-5).
One epoch to warm up, then the timed ones.
"""

import argparse
from pathlib import Path

import gradmill as keras
from gradmill.benchmark import prepare, print_summary, write_results
from gradmill.benchmark.options import (
    add_speed_options,
    apply_precision,
    policy_name,
    positive,
    print_configuration,
    print_devices,
    run_script,
)
from gradmill.benchmark.throughput import RandomImages, RandomTokens, measure_training

CLASSES = 8
IDS_BELOW = 1000
MODELS = {
    "cnn": {"resnet50": keras.applications.ResNet50, "mobilenetv2": keras.applications.MobileNetV2},
    "transformer": {
        "distilbert-base-uncased": (keras.applications.DistilBert, {}),
        "bert-base-uncased": (keras.applications.Bert, {"size": "base"}),
        "bert-large-uncased": (keras.applications.Bert, {"size": "large"}),
    },
}
QUICK_TRANSFORMER = {
    "vocabulary_size": IDS_BELOW,
    "num_layers": 2,
    "hidden_size": 32,
    "num_heads": 2,
    "intermediate_size": 64,
}

parser = argparse.ArgumentParser(
    description="Measure samples per second of training on random data.",
    epilog="example: python examples/train_benchmark.py --type cnn --model resnet50 --bs 128 --steps 30 --epochs 3",
)
parser.add_argument("--type", default="cnn", choices=sorted(MODELS), help="kind of network (default %(default)s)")
parser.add_argument(
    "--model", help="; ".join(f"{kind}: {', '.join(names)}" for kind, names in MODELS.items()) + " (default the first)"
)
parser.add_argument("--steps", type=positive, default=30, help="steps of an epoch (default %(default)s)")
parser.add_argument("--image-size", type=positive, default=224, help="height and width (default %(default)s)")
parser.add_argument("--sequence-length", type=positive, default=128, help="ids of a sequence (default %(default)s)")
parser.add_argument("--threads", type=positive, help="threads to use (default: all cores)")
add_speed_options(parser, batch_size=128, epochs=3)
options = parser.parse_args()
options.model = options.model or next(iter(MODELS[options.type]))
if options.model not in MODELS[options.type]:
    names = ", ".join(MODELS[options.type])
    parser.error(f"--model: expected one of {names} for --type {options.type}; received {options.model!r}")
if options.quick:
    options.bs, options.steps, options.epochs, options.image_size, options.sequence_length = 4, 2, 1, 64, 16


def image_classifier():
    """The compiled network and its data."""
    shape = (options.image_size, options.image_size, 3)
    base = MODELS["cnn"][options.model](include_top=False, weights=None, input_shape=shape)
    x = keras.layers.GlobalAveragePooling2D()(base.output)
    # Under mixed precision the outputs and the loss stay in 32 bits.
    model = keras.Model(base.input, keras.layers.Dense(CLASSES, activation="softmax", dtype="float32")(x))
    model.compile(keras.optimizers.SGD(0.01), keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
    return model, RandomImages(options.bs, options.steps, shape, CLASSES, options.seed)


def text_classifier():
    """The compiled network and its data."""
    make, settings = MODELS["transformer"][options.model]
    if options.quick:
        settings = {**settings, **QUICK_TRANSFORMER}
    model = make(head="classification", classes=CLASSES, sequence_length=options.sequence_length, **settings)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-5), loss, metrics=["accuracy"])
    data = RandomTokens(options.bs, options.steps, options.sequence_length, IDS_BELOW, CLASSES, options.seed)
    return model, data


def main():
    prepare(options.seed, options.threads)
    if options.type == "cnn":
        make, samples = image_classifier, {"images": f"{options.image_size}x{options.image_size}x3"}
    else:
        make, samples = text_classifier, {"sequences": f"{options.sequence_length} ids below {IDS_BELOW}"}
    print_configuration(
        type=options.type,
        model=options.model,
        batch_size=options.bs,
        steps=options.steps,
        epochs=options.epochs,
        **samples,
        precision=policy_name(options),
    )
    print_devices()
    apply_precision(options)
    model, data = make()
    model.summary()
    found = measure_training(model, data, options.epochs, options.bs * options.steps, options.verbose)
    print(f"Warm-up:           {found['warm_up_seconds']:.2f} s")
    results = {"job": f"train_benchmark_{options.model}", **vars(options), "parameters": model.count_params(), **found}
    print_summary({"seconds_per_epoch": found["seconds_per_epoch"]})
    print(f"Sample/sec: {found['samples_per_second']:.2f}")
    print(f"Results:           {write_results(Path(options.output) / (results['job'] + '.json'), results)}")


run_script(main)
