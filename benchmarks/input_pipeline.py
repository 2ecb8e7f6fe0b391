"""Images per second of input pipelines, GradMill beside tf.data.

    python benchmarks/input_pipeline.py                                            # this package alone
    python benchmarks/input_pipeline.py --peer-python PATH --engines gradmill,tensorflow

The same lines run on both: images in memory are shuffled, scaled, padded, cropped at a random place, mirrored by
chance and normalized; one by one in `map`, or batch by batch with layers of Keras. Every run is a process of its own
that reads each pipeline for some seconds behind its first batches; engines take turns, and the median of the repeats
counts.
Images per second of processor time are shown too: other programs on the machine disturb those less.
"""

import argparse
import importlib
import json
import sys
import time

import numpy as np
import side_by_side

ENGINES = ("gradmill", "tensorflow")
TARGET = 3.0
BATCH = 128
WARM_UP_BATCHES = 20
# Images, their size, channels, and the zeros around them from which a part of that size is cut.
IMAGES = {"mnist": (60000, 28, 1, 2), "cifar": (50000, 32, 3, 4)}
PIPELINES = ("map", "layers")


def make_pipeline(tf, images, kind):
    """One of the pipelines over images of one kind, with `tf` TensorFlow or GradMill's names for it."""
    count, size, channels, border = IMAGES[images]
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (count, size, size, channels), dtype=np.uint8)
    labels = generator.integers(0, 10, count)
    mean, deviation = [0.13] * channels, [0.31] * channels

    def augment(image, label):
        image = tf.cast(image, tf.float32) / 255.0
        image = tf.pad(image, [(border, border), (border, border), (0, 0)])
        image = tf.image.random_crop(image, (size, size, channels))
        image = tf.image.random_flip_left_right(image)
        return (image - tf.constant(mean)) / tf.constant(deviation), label

    dataset = tf.data.Dataset.from_tensor_slices((pixels, labels)).shuffle(10000)
    if kind == "map":
        return dataset.map(augment, num_parallel_calls=tf.data.AUTOTUNE).batch(BATCH).prefetch(tf.data.AUTOTUNE)
    layers = tf.keras.Sequential(
        [
            tf.keras.layers.Rescaling(1 / 255.0),
            tf.keras.layers.ZeroPadding2D(border),
            tf.keras.layers.RandomCrop(size, size),
            tf.keras.layers.RandomFlip("horizontal"),
            tf.keras.layers.Normalization(mean=mean, variance=[each**2 for each in deviation]),
        ]
    )
    batches = dataset.batch(BATCH).map(lambda x, y: (layers(x, training=True), y), num_parallel_calls=tf.data.AUTOTUNE)
    return batches.prefetch(tf.data.AUTOTUNE)


def read(dataset, seconds):
    """Images per second of the clock and of processor time."""
    batches = iter(dataset.repeat())
    for _ in range(WARM_UP_BATCHES):
        next(batches)
    count = 0
    begin, begin_work = time.perf_counter(), time.process_time()
    while time.perf_counter() < begin + seconds:
        count += next(batches)[0].shape[0]
    return count / (time.perf_counter() - begin), count / (time.process_time() - begin_work)


def run(task):
    """Measure all pipelines of one engine, in this process."""
    tf = importlib.import_module("gradmill.tensorflow" if task["engine"] == "gradmill" else "tensorflow")
    figures = {}
    for images in IMAGES:
        for kind in PIPELINES:
            clock, work = read(make_pipeline(tf, images, kind), task["seconds"])
            figures[f"{images} {kind}"], figures[f"{images} {kind} work"] = clock, work
    side_by_side.print_result(**figures)


def print_report(results):
    """The figures of each pipeline for a reader."""
    for pipeline in (f"{images} {kind}" for images in IMAGES for kind in PIPELINES):
        print(pipeline)
        speeds = {}
        for engine, runs in results.items():
            speeds[engine], least, greatest = side_by_side.summary(runs, pipeline)
            work = side_by_side.summary(runs, f"{pipeline} work")[0]
            print(
                f"  {engine:12} {speeds[engine]:10,.0f} images/s ({least:,.0f} to {greatest:,.0f}), "
                f"{work:,.0f} a second of processor time"
            )
        if len(speeds) == len(ENGINES):
            ratio = speeds["gradmill"] / speeds["tensorflow"]
            verdict = "reached" if ratio >= TARGET else "missed"
            print(f"  gradmill is {ratio:.2f} times as fast (target {TARGET:g}: {verdict})")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    side_by_side.add_options(parser, ENGINES, "gradmill")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each pipeline (default %(default)s)")
    parser.add_argument("--limit", type=float, default=600, help="seconds a run may take (default %(default)s)")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.task:
        run(json.loads(arguments.task))
        return
    if arguments.repeats < 1 or arguments.seconds <= 0:
        parser.error("--repeats and --seconds: expected positive numbers")

    def ask(engine):
        task = json.dumps({"engine": engine, "seconds": arguments.seconds})
        return side_by_side.run_once(
            [side_by_side.python_of(engine, arguments), __file__, "--task", task], limit=arguments.limit
        )

    engines = side_by_side.chosen(parser, arguments.engines, ENGINES, "engine")
    print_report(side_by_side.take_turns(engines, arguments.repeats, ask))


if __name__ == "__main__":
    main()
