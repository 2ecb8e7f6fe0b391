"""The half of `test_live_keras_segmentation.py` that runs in an interpreter with Keras.

    python keras_segmentation_side.py NAME FOLDER

Gives the network NAME the weights in `NAME.npz`, and writes to `NAME_keras.npz` its outputs, the logs of ten steps, and
its outputs after them.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python" / "gradmill" / "benchmark"))

import keras  # noqa: E402
import numpy as np  # noqa: E402
from _engines import cvnet512 as network  # noqa: E402

L = keras.layers


def unet():
    """The U-Net of `gm.applications.UNet` with alpha 0.35 and narrow blocks, written out."""
    base = keras.applications.MobileNetV2((64, 64, 3), alpha=0.35, include_top=False, weights=None)
    taps = [f"block_{number}_expand_relu" for number in (1, 3, 6, 13)] + ["block_16_project"]
    encoder = keras.Model(base.input, [base.get_layer(tap).output for tap in taps])
    encoder.trainable = False
    image = L.Input((64, 64, 3))
    *skips, x = encoder(image)
    for filters, skip in zip((32, 16, 8, 8), reversed(skips)):
        x = L.Conv2DTranspose(filters, 3, strides=2, padding="same", use_bias=False)(x)
        x = L.Concatenate()([L.ReLU()(L.BatchNormalization()(x)), skip])
    model = keras.Model(image, L.Conv2DTranspose(3, 3, strides=2, padding="same")(x))
    model.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def cvnet512():
    """The network of the example at its smallest, without dropout, and its loss."""
    model = network.build(keras, 128, 0.25, dropout=False)
    loss, iou, dice = network.objectives(keras)
    model.compile(keras.optimizers.SGD(0.05, momentum=0.95, nesterov=True), loss, metrics=[iou, dice])
    return model


def main(name, folder):
    model = {"unet": unet, "cvnet512": cvnet512}[name]()
    with np.load(folder / f"{name}.npz") as archive:
        x, y = archive["x"], archive["y"]
        model.set_weights([archive[f"w{number}"] for number in range(len(model.weights))])
    outputs = keras.ops.convert_to_numpy(model(x, training=False))
    steps = [model.train_on_batch(x, y, return_dict=True) for _ in range(10)]
    logs = {f"log_{key}": [float(step[key]) for step in steps] for key in steps[0]}
    after = keras.ops.convert_to_numpy(model(x, training=False))
    np.savez(folder / f"{name}_keras.npz", outputs=outputs, after=after, **logs)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
