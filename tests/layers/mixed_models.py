"""Networks under the mixed policies, written once for Keras and for GradMill: `run(package, policy, name)`.

As a script, in an interpreter with Keras, it writes what Keras makes of all of them: `python mixed_models.py FILE`.
"""

import os
import sys

import numpy as np

STEPS = 10
CLASSES = 5


def mlp(package):
    """Return the network and the shape of an input."""
    layers = package.layers
    return package.Sequential(
        [
            package.Input((20,)),
            layers.Dense(48, activation="relu"),
            layers.Dense(32, activation="gelu"),
            layers.Dense(CLASSES, dtype="float32"),
        ]
    ), (20,)


def images(package):
    """Return the network and the shape of an input."""
    layers = package.layers
    x = image = package.Input((12, 12, 3))
    x = layers.Conv2D(16, 3, padding="same", use_bias=False)(x)
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(layers.MaxPooling2D()(x))
    x = layers.Conv2D(24, 1, use_bias=False)(layers.ReLU(max_value=6.0)(layers.BatchNormalization()(x)))
    x = layers.Conv2D(24, 3, strides=2, padding="same")(layers.BatchNormalization()(x))
    x = layers.GlobalAveragePooling2D()(layers.AveragePooling2D(2)(x))
    return package.Model(image, layers.Dense(CLASSES, dtype="float32")(x)), (12, 12, 3)


def transformer(package):
    """Return the network and the shape of an input."""
    layers = package.layers
    x = tokens = package.Input((10, 32))
    attended = layers.MultiHeadAttention(4, 8)(x, x)
    x = layers.LayerNormalization()(layers.Add()([x, attended]))
    inner = layers.Dense(32)(layers.Dense(64, activation="gelu")(x))
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(layers.Add()([x, inner])))
    return package.Model(tokens, layers.Dense(CLASSES, dtype="float32")(x)), (10, 32)


# Network, first loss scale under mixed_float16; with the large ones the first steps overflow. Not so the images: sums
# of many pixels come so close to the largest float16 that the order of addition decides.
NETWORKS = {
    "mlp": (mlp, 2.0**10),
    "images": (images, 2.0**10),
    "transformer": (transformer, 2.0**10),
    "mlp_overflow": (mlp, 2.0**20),
    "transformer_overflow": (transformer, 2.0**20),
}
GROWTH_STEPS = 3
ROWS = [("mixed_float16", name) for name in NETWORKS]
ROWS += [("mixed_bfloat16", name) for name in NETWORKS if not name.endswith("overflow")]


def run(package, policy, name):
    """Return by name what the network gives before and while it is trained, and the dtypes in it."""
    package.mixed_precision.set_dtype_policy(policy)
    try:
        return _run(package, policy, name)
    finally:
        package.mixed_precision.set_dtype_policy("float32")


def _run(package, policy, name):
    make, scale = NETWORKS[name]
    model, shape = make(package)
    generator = np.random.default_rng(11)
    for weight in model.trainable_weights:
        values = generator.normal(size=weight.shape) / np.sqrt(max(1, np.prod(weight.shape[:-1])))
        weight.assign(values.astype("float32") + (weight.path.endswith("gamma")))
    x = generator.normal(size=(STEPS, 16, *shape)).astype("float32")
    y = generator.integers(0, CLASSES, (STEPS, 16))
    found = {"weights": np.array([weight.dtype for weight in model.weights])}
    hidden = [layer for layer in model.layers if not isinstance(layer, package.layers.InputLayer)]
    inside = package.Model(model.inputs, [layer.output for layer in hidden])
    for number, value in enumerate(inside(x[0])):
        found[f"dtype/{number}"] = np.array(getattr(value.dtype, "name", value.dtype))
        found[f"output/{number}"] = np.array(package.ops.convert_to_numpy(package.ops.cast(value, "float32")))
    optimizer = package.optimizers.SGD(0.01, momentum=0.5)
    if policy == "mixed_float16":
        optimizer = package.optimizers.LossScaleOptimizer(optimizer, scale, dynamic_growth_steps=GROWTH_STEPS)
    # Compiled by XLA, Keras would leave roundings out.
    loss = package.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, jit_compile=False)
    losses, scales, updates = [], [], []
    for step in range(STEPS):
        losses.append(float(model.train_on_batch(x[step], y[step])))
        updates.append(int(optimizer.iterations))
        scales.append(float(package.ops.convert_to_numpy(getattr(optimizer, "dynamic_scale", 1.0))))
        if step == 0:
            found["weights after a step"] = np.concatenate([np.ravel(value) for value in model.get_weights()])
    found.update(losses=np.array(losses), scales=np.array(scales), updates=np.array(updates))
    found["trained"] = np.array(package.ops.convert_to_numpy(model(x[0])))
    return found


if __name__ == "__main__":
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras

    answers = {}
    for row in ROWS:
        answers.update({f"{'/'.join(row)}/{key}": value for key, value in run(keras, *row).items()})
    np.savez(sys.argv[1], **answers)
