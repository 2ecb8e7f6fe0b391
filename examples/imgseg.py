"""Train a U-Net on a frozen MobileNetV2 to tell, for each pixel, pet from background and border.

python examples/imgseg.py                            Oxford-IIIT Pet: searched for, else downloaded (811 MB)
python examples/imgseg.py --data DIR                 with its images and annotations in DIR
python examples/imgseg.py --data shapes              on made-up coloured shapes, no files needed
python examples/imgseg.py --encoder-weights mobilenet_v2_no_top.h5     the encoder starts from Keras's weights
python examples/imgseg.py --quick                    seconds, on a few small shapes

A run that was interrupted goes on from its last whole epoch when it is started again with the same options.
"""

import argparse
from pathlib import Path

import numpy as np

import gradmill as keras
from gradmill.__main__ import add_training_options
from gradmill.benchmark import prepare, resume_callback, run_training
from gradmill.benchmark.options import positive, positive_number, print_configuration, run_script

AUTOTUNE = keras.data.AUTOTUNE
# Colours of the classes in pictures of masks.
COLOURS = np.array([[68, 1, 84], [33, 145, 140], [253, 231, 37]], "uint8")

# What a run that goes on must have in common with the interrupted one.
SETTINGS = ("data", "images", "image_size", "encoder_weights", "alpha", "epochs", "batch_size", "seed", "on_error")

parser = argparse.ArgumentParser(
    description="Train a U-Net with a frozen MobileNetV2 encoder on Oxford-IIIT Pet.",
    epilog="example: python examples/imgseg.py --data shapes --epochs 5 --batch-size 16",
)
add_training_options(parser, epochs=20)
parser.set_defaults(batch_size=64)
parser.add_argument("--image-size", type=positive, default=128, help="height and width (default %(default)s)")
parser.add_argument("--images", type=positive, default=400, help="training images of shapes (default %(default)s)")
parser.add_argument("--encoder-weights", metavar="FILE", help="weights of Keras's MobileNetV2, such as its .h5")
parser.add_argument("--alpha", type=positive_number, default=1.0, help="width of the encoder (default %(default)s)")
parser.add_argument("--on-error", choices=("raise", "skip"), default="raise", help="what files that cannot be used do")
parser.add_argument("--pictures", type=positive, default=4, help="examples in the picture (default %(default)s)")
parser.add_argument("--show", action="store_true", help="show the picture in a window, too")
parser.add_argument("--fresh", action="store_true", help="do not go on with an interrupted run")
options = parser.parse_args()
if options.quick:
    options.data, options.image_size, options.images = "shapes", 64, 48
    options.epochs, options.batch_size, options.alpha = 2, 16, 0.35


def load_pairs():
    """Images and masks to train and to test on, and the names of the classes."""
    size = (options.image_size, options.image_size)
    if options.data == "shapes":
        print(f"Data:              made-up coloured shapes, seed {options.seed or 0}; no photographs")
        pairs = keras.datasets.shapes.synthetic(options.images, max(1, options.images // 4), size, options.seed or 0)
        return pairs, keras.datasets.shapes.CLASS_NAMES
    pairs = keras.datasets.oxford_pets.load_data(options.data, size, options.on_error)
    print(f"Data:              Oxford-IIIT Pet, {sum(part.skipped for part in pairs)} files left out")
    return pairs, keras.datasets.oxford_pets.CLASS_NAMES


def scale(image, mask):
    """Pixels from -1 to 1, as the encoder was trained on."""
    return keras.applications.mobilenet_v2.preprocess_input(keras.ops.cast(image, "float32")), mask


def flip(image, mask):
    """Turn image and mask round together, every second time."""
    turned = keras.random.uniform(()) < 0.5
    return (
        keras.ops.where(turned, keras.ops.flip(image, axis=1), image),
        keras.ops.where(turned, keras.ops.flip(mask, axis=1), mask),
    )


def save_pictures(path, images, masks, predicted):
    """Write a row for each example: image, mask and prediction side by side."""
    rows = [
        np.concatenate([image, COLOURS[mask], COLOURS[guess]], 1)
        for image, mask, guess in zip(images, masks, predicted)
    ]
    grid = np.concatenate(rows)
    keras.utils.save_img(path, grid, scale=False)
    print(f"Pictures:          {path} (image, mask, prediction)")
    if options.show:
        keras.utils.array_to_img(grid, scale=False).show()


def main():
    prepare(options.seed, options.threads)
    (train, test), class_names = load_pairs()
    settings = {name: getattr(options, name) for name in SETTINGS}
    samples = (len(train.images), len(test.images))
    shape, steps = train.images.shape[1:], max(1, samples[1] // options.batch_size // 5)
    print_configuration(
        classes=", ".join(class_names),
        images=f"{samples[0]} to train, {samples[1]} to test, {shape[0]}x{shape[1]}x{shape[2]}",
        encoder=f"MobileNetV2, frozen, {options.encoder_weights or 'random weights'}",
    )
    batches = keras.data.Dataset.from_tensor_slices((train.images, train.masks)).shuffle(samples[0]).map(flip, AUTOTUNE)
    batches = batches.map(scale, AUTOTUNE).batch(options.batch_size).prefetch(AUTOTUNE)
    held_back = keras.data.Dataset.from_tensor_slices((test.images, test.masks)).map(scale, AUTOTUNE)
    held_back = held_back.batch(options.batch_size).prefetch(AUTOTUNE)
    model = keras.applications.UNet(
        shape, len(class_names), alpha=options.alpha, encoder_weights=options.encoder_weights
    )
    model.compile(
        "adam",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy", keras.metrics.MeanIoU(len(class_names), sparse_y_pred=False, name="mean_iou")],
    )
    results = run_training(
        "imgseg",
        model,
        batches,
        held_back,
        epochs=options.epochs,
        batch_size=options.batch_size,
        verbose=options.verbose,
        output=options.output,
        validate=True,
        samples=samples,
        validation_steps=steps,
        callbacks=[resume_callback(Path(options.output) / "imgseg_backup", settings, options.fresh)],
    )
    print(f"Mean IoU:          {results['test_mean_iou']:.4f}")
    shown = slice(0, options.pictures)
    scaled = keras.applications.mobilenet_v2.preprocess_input(test.images[shown].astype("float32"))
    predicted = model.predict(scaled, verbose=0).argmax(-1)
    save_pictures(Path(options.output) / "imgseg_pictures.png", test.images[shown], test.masks[shown], predicted)


run_script(main)
