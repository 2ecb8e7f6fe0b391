"""The loss of ten training steps of vision networks from fixed weights on fixed batches.

    KERAS_BACKEND=torch python tests/golden/training/ten_steps_vision.py  # writes ten_steps_vision.json

Weights and batches come from seeds, so the file holds nothing but losses. The test imports `losses_of` and runs it on
GradMill.

Ten losses can only agree to 1e-4 where training does not magnify rounding by more, and with all scales of batch
normalization near 1 it does: every residual block adds a branch as large as its input, gradients grow from block to
block, and moving all weights by 1e-7 of themselves changes later losses by percents. So the last normalization of
each residual branch has a tenth of its scale here (as in Goyal et al. 2017, who start from zero), and MobileNetV2,
whose blocks without a sum keep their scale, gets images large enough that its last normalizations see 256 values a
channel. Then the same change of all weights moves no loss by more than 5e-5, while training itself moves them by up
to 3 to 12 % against a learning rate of zero. VGG16's rate is low because nothing in it is normalized: where rounding
turns a ReLU or another pixel of a pool wins, a loss jumps at once, with 3e-5 by 1e-4 for two of eight draws of the
batches, with 1e-5 by 5e-5 for one (Winograd's method against plain sums).
"""

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "applications"))
from seeded import set_seeded_weights  # noqa: E402

STEPS, CLASSES = 10, 10
# Model -> arguments, image size, batch size, learning rate.
MODELS = {
    "ResNet50": ({}, 64, 8, 3e-3),
    "MobileNetV2": ({"alpha": 0.5}, 128, 16, 1e-3),
    "VGG16": ({}, 32, 4, 1e-5),
}
BRANCH_SCALE = 0.1


def shrink_residual_branches(model):
    """Shrink what the last normalization before each sum of branches passes on."""
    names = {layer.name for layer in model.layers}
    for layer in model.layers:
        block, _, ending = layer.name.rpartition("project_BN" if "project_BN" in layer.name else "3_bn")
        if block and not ending and f"{block}add" in names:
            layer.gamma.assign(np.asarray(layer.gamma) * np.float32(BRANCH_SCALE))


def losses_of(keras, name):
    """Losses of ten steps of SGD, as Python floats."""
    options, size, batch, rate = MODELS[name]
    model = getattr(keras.applications, name)(
        input_shape=(size, size, 3), weights=None, classes=CLASSES, classifier_activation=None, **options
    )
    set_seeded_weights(model)
    shrink_residual_branches(model)
    model.compile(keras.optimizers.SGD(rate), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    generator = np.random.default_rng(5)
    losses = []
    for _ in range(STEPS):
        images = generator.random((batch, size, size, 3), dtype="float32") * 2 - 1
        labels = generator.integers(0, CLASSES, batch).astype("int32")
        model.reset_metrics()
        losses.append(float(np.asarray(model.train_on_batch(images, labels, return_dict=True)["loss"])))
    return losses


if __name__ == "__main__":
    import keras

    result = {name: losses_of(keras, name) for name in MODELS}
    result["made_with"] = f"keras {keras.__version__} on {keras.backend.backend()}"
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    print(result)
