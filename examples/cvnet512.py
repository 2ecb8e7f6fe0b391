"""Train a network of 20.9 million parameters to find a triangle in pictures of 512x512; prints ms per image and step.

python examples/make_triangles.py                    makes the pictures, once
python examples/cvnet512.py                          2 epochs on them with batch 16
python examples/cvnet512.py --bs 4 --runs 5 --pause 300
python examples/cvnet512.py --training a.csv --validation b.csv        pictures of one's own
python examples/cvnet512.py --quick                  seconds, on a few small pictures

A CSV has the columns image and mask with names of grey pictures, relative to its folder; masks hold 0 and 255. Runs
that were interrupted go on from their last whole epoch when the script is started again with the same options.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

import gradmill as keras
from gradmill.benchmark import EpochTimer, cvnet512, prepare, resume_callback, summarize, write_curve, write_results
from gradmill.benchmark.options import (
    add_speed_options,
    apply_precision,
    policy_name,
    positive,
    positive_number,
    print_configuration,
    print_devices,
    run_script,
)

JOB = "cvnet512"
AUTOTUNE = keras.data.AUTOTUNE
# Of the file of results, what must be the same for runs to belong together.
SETTINGS = ("bs", "epochs", "fp16", "bf16", "side", "width", "rate", "seed", "training", "validation", "quick")

parser = argparse.ArgumentParser(
    description="Train an encoder-decoder network on pictures of 512x512.",
    epilog="example: python examples/cvnet512.py --bs 4 --epochs 2",
)
add_speed_options(parser, batch_size=16, epochs=2)
parser.add_argument("--training", metavar="CSV", default="triangles/training.csv", help="(default %(default)s)")
parser.add_argument("--validation", metavar="CSV", default="triangles/validation.csv", help="(default %(default)s)")
parser.add_argument("--on-error", choices=("raise", "skip"), default="raise", help="what files that cannot be used do")
parser.add_argument("--runs", type=positive, default=1, help="times to train from the start (default %(default)s)")
parser.add_argument("--pause", type=float, default=0, metavar="S", help="seconds between runs (default %(default)s)")
parser.add_argument("--side", type=int, default=512, choices=(128, 256, 512), help="height and width (default 512)")
parser.add_argument("--width", type=positive_number, default=1.0, help="factor on the maps (default %(default)s)")
parser.add_argument("--rate", type=positive_number, default=0.25, help="first learning rate (default %(default)s)")
parser.add_argument("--patience", type=positive, default=50, help="epochs without a better IoU (default %(default)s)")
parser.add_argument("--threads", type=positive, help="threads to use (default: all cores)")
parser.add_argument("--fresh", action="store_true", help="do not go on with interrupted runs")
options = parser.parse_args()
if not 0 <= options.pause < float("inf"):
    parser.error(f"--pause: expected seconds, 0 or more; received {options.pause:g}")
if options.quick:
    options.side, options.width, options.bs, options.epochs = 128, 0.25, 4, 2


def load(path, count):
    """Pictures and masks, uint8: images (n, side, side, 1), masks (n, side, side, 1) of 0 and 1."""
    if options.quick:
        pairs = keras.datasets.shapes.triangles(count, options.side, options.seed)
    else:
        if not Path(path).is_file():
            raise ValueError(f"there is no file {path}; examples/make_triangles.py makes lists with pictures to try")
        size = (options.side, options.side)
        pairs = keras.data.read_pair_list(path)
        pairs = keras.data.load_image_pairs(pairs, size, (0, 255), "grayscale", options.on_error)
    return pairs.images, pairs.masks[..., None], pairs.skipped


def batches_of(images, masks):
    def scale(image, mask):
        return keras.ops.cast(image, "float32") / 255, keras.ops.cast(mask, "float32")

    data = keras.data.Dataset.from_tensor_slices((images, masks)).map(scale, AUTOTUNE)
    return data.batch(options.bs).prefetch(AUTOTUNE)


def make_model(steps):
    """The compiled network; its rate falls at each step along a polynomial of degree 0.9."""
    model = cvnet512.build(keras, options.side, options.width)
    loss, iou, dice = cvnet512.objectives(keras)
    schedule = keras.optimizers.schedules.PolynomialDecay(options.rate, steps, end_learning_rate=0.0, power=0.9)
    optimizer = keras.optimizers.SGD(schedule, momentum=0.95, nesterov=True)
    if options.fp16:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    model.compile(optimizer, loss, metrics=[iou, dice])
    return model


def train(run, settings, training, validation):
    """One run; returns its figures."""
    prepare(options.seed + run, options.threads)
    steps = -(-len(training[0]) // options.bs)
    model = make_model(options.epochs * steps)
    if run == 0:
        print(f"Parameters:        {model.count_params():,}")
    batch = np.zeros((min(options.bs, len(training[0])), options.side, options.side, 1), "float32")
    plan = model.plan_for(batch, batch)
    print(f"Memory of a step:  {plan.planned_bytes / 2**20:,.0f} MiB for {len(batch)} images, as planned")
    output = Path(options.output)
    timer = EpochTimer()
    callbacks = [
        timer,
        keras.callbacks.ModelCheckpoint(
            output / f"{JOB}_best.weights.h5", "val_iou", save_best_only=True, save_weights_only=True, mode="max"
        ),
        keras.callbacks.EarlyStopping("val_iou", patience=options.patience, mode="max"),
        resume_callback(output / f"{JOB}_backup", {**settings, "run": run}, options.fresh),
    ]
    history = model.fit(
        batches_of(*training),
        epochs=options.epochs,
        validation_data=batches_of(*validation),
        callbacks=callbacks,
        verbose=options.verbose,
    ).history
    found = summarize(timer.seconds, len(training[0]))
    if found["seconds_per_epoch"]:
        per_step, per_image = (found["seconds_per_epoch"] * 1e3 / count for count in (steps, len(training[0])))
        print(
            f"Run {run + 1}:             {per_step:.1f} ms per step, {per_image:.1f} ms per image, "
            f"IoU {history['val_iou'][-1]:.4f}, Dice {history['val_dice'][-1]:.4f}"
        )
        found.update(ms_per_step=per_step, ms_per_image=per_image)
    return {**found, "planned_bytes": plan.planned_bytes, "history": history}


def earlier_runs(path, settings):
    """The runs that an interrupted start with the same settings has finished."""
    if options.fresh:
        return []
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [] if found.get("complete") or found.get("settings") != settings else found["runs"]


def main():
    settings = {name: getattr(options, name) for name in SETTINGS}
    path = Path(options.output) / f"{JOB}.json"
    *training, left_out = load(options.training, 16)
    *validation, also_left_out = load(options.validation, 8)
    print_configuration(
        batch_size=options.bs,
        epochs=options.epochs,
        images=f"{len(training[0])} to train, {len(validation[0])} to validate, {left_out + also_left_out} left out",
        image_size=f"{options.side}x{options.side}x1",
        precision=policy_name(options),
    )
    print_devices()
    apply_precision(options)
    if options.bf16:
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    runs = earlier_runs(path, settings)
    for run in range(len(runs), options.runs):
        if run:
            time.sleep(options.pause)
        runs.append(train(run, settings, training, validation))
        write_results(path, {"job": JOB, "settings": settings, "complete": run + 1 == options.runs, "runs": runs})
    times = [each["ms_per_image"] for each in runs if "ms_per_image" in each]
    if len(times) > 1:
        print(
            f"All runs:          {sum(times) / len(times):.1f} ms per image on average, {min(times):.1f} to "
            f"{max(times):.1f}"
        )
    print(f"Results:           {path}")
    curve = write_curve(Path(options.output) / f"{JOB}.png", runs[-1]["history"], JOB)
    print(f"Curve:             {curve or 'not drawn; pip install matplotlib to get one'}")


run_script(main)
