"""The loss of ten training steps of vision networks from fixed weights on fixed batches.

    KERAS_BACKEND=jax python tests/golden/training/ten_steps_vision.py    # writes ten_steps_vision.json

Weights and batches come from seeds, so the file holds nothing but losses. The test imports `losses_of` and runs it on
GradMill. Steps are small because training is chaotic: with steps of 0.01 the losses of Keras's own backends differ by
percents after a few of them, since batch normalization over few values magnifies rounding and activations switch.
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
    "ResNet50": ({}, 64, 8, 1e-4),
    "MobileNetV2": ({"alpha": 0.5}, 64, 16, 1e-4),
    "VGG16": ({}, 32, 4, 1e-4),
}


def losses_of(keras, name):
    """Losses of ten steps of SGD, as Python floats."""
    options, size, batch, rate = MODELS[name]
    model = getattr(keras.applications, name)(
        input_shape=(size, size, 3), weights=None, classes=CLASSES, classifier_activation=None, **options
    )
    set_seeded_weights(model)
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
