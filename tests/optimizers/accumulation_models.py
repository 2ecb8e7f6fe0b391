"""Training with accumulated gradients, written once for Keras and for GradMill: `run(package, row)`.

As a script, in an interpreter with Keras, it writes what Keras makes of all rows: `python accumulation_models.py FILE`.
"""

import os
import sys

import numpy as np

STEPS = 9
# Optimizer, its arguments, and the first loss scale where there is one; the large one overflows at first.
ROWS = {
    "sgd": ("SGD", {"learning_rate": 0.1, "gradient_accumulation_steps": 2}, None),
    "momentum": ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "gradient_accumulation_steps": 3}, None),
    "adam": ("Adam", {"learning_rate": 0.05, "gradient_accumulation_steps": 4}, None),
    "clipped": ("Adam", {"learning_rate": 0.05, "gradient_accumulation_steps": 3, "global_clipnorm": 0.1}, None),
    "decayed": ("AdamW", {"learning_rate": 0.05, "gradient_accumulation_steps": 2, "weight_decay": 0.1}, None),
    "scaled": ("Adam", {"learning_rate": 0.05, "gradient_accumulation_steps": 3}, 2.0**10),
    "scaled_overflow": ("SGD", {"learning_rate": 0.1, "gradient_accumulation_steps": 2}, 2.0**127),
}


def run(package, row):
    """Return losses of all steps, then the weights and the number of updates."""
    name, arguments, scale = ROWS[row]
    generator = np.random.default_rng(5)
    x = generator.normal(size=(STEPS, 8, 3)).astype("float32")
    y = 3 * generator.normal(size=(STEPS, 8, 2)).astype("float32")
    layers = [package.layers.Dense(6, activation="tanh"), package.layers.Dense(2)]
    model = package.Sequential([package.Input((3,)), *layers])
    model.set_weights([generator.normal(size=weight.shape).astype("float32") for weight in model.get_weights()])
    optimizer = getattr(package.optimizers, name)(**arguments)
    if scale is not None:
        optimizer = package.optimizers.LossScaleOptimizer(optimizer, initial_scale=scale, dynamic_growth_steps=4)
    model.compile(optimizer, loss="mse")
    losses = [float(model.train_on_batch(x[step], y[step])) for step in range(STEPS)]
    return [np.array(losses), *map(np.asarray, model.get_weights()), np.array(float(optimizer.iterations))]


if __name__ == "__main__":
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras

    np.savez(sys.argv[1], **{f"{row}/{i}": value for row in ROWS for i, value in enumerate(run(keras, row))})
