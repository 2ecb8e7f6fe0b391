"""The loss of ten training steps of the Fashion-MNIST network from fixed weights on fixed batches.

    KERAS_BACKEND=jax python tests/golden/training/ten_steps.py       # writes ten_steps.json with Keras's losses

Weights and batches come from NumPy's generator, so the file holds nothing but losses. The test imports `losses_of` and
runs it on GradMill.
"""

import json
from pathlib import Path

import numpy as np

STEPS, BATCH = 10, 32
OPTIMIZERS = {
    "adam": lambda keras: keras.optimizers.Adam(0.001),
    "sgd": lambda keras: keras.optimizers.SGD(0.01),
    "momentum": lambda keras: keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True),
    "rmsprop": lambda keras: keras.optimizers.RMSprop(0.001),
    "adamw": lambda keras: keras.optimizers.AdamW(0.001, clipnorm=1.0),
}


def losses_of(keras, optimizer):
    """Losses of ten steps with the optimizer of that name, as Python floats."""
    generator = np.random.default_rng(7)
    layers = keras.layers
    model = keras.Sequential(
        [layers.Input((28, 28)), layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dense(10)]
    )
    model.set_weights([generator.normal(0, 0.05, weight.shape).astype("float32") for weight in model.get_weights()])
    model.compile(
        OPTIMIZERS[optimizer](keras), keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
    )
    losses = []
    for _ in range(STEPS):
        images = generator.random((BATCH, 28, 28), dtype="float32")
        labels = generator.integers(0, 10, BATCH).astype("int32")
        model.reset_metrics()
        losses.append(float(np.asarray(model.train_on_batch(images, labels, return_dict=True)["loss"])))
    return losses


if __name__ == "__main__":
    import keras

    result = {name: losses_of(keras, name) for name in OPTIMIZERS}
    result["made_with"] = f"keras {keras.__version__} on {keras.backend.backend()}"
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
