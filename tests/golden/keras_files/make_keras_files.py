"""Makes the files in this folder with real Keras: `KERAS_BACKEND=jax python make_keras_files.py`.

`expected.npz` holds, for each file, inputs, the outputs Keras computes for them, and for compiled models the loss of
one more training batch and the outputs after it. Made with Keras 3.15.1 on JAX.
"""

import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import h5py  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402
from keras.src.legacy.saving import legacy_h5_format  # noqa: E402

FOLDER = Path(__file__).parent
expected = {}


class Blocks(keras.Model):
    """Layers in every kind of place."""

    def __init__(self):
        super().__init__()
        self.entry = layers.Dense(4, activation="relu")
        self.blocks = [layers.Dense(4), [layers.Dense(4, use_bias=False)]]
        self.table = {"left": layers.Dense(4), "right": layers.Dense(4)}
        self.inner = keras.Sequential([layers.Dense(4), layers.Dense(4)])
        self._hidden = layers.Dense(3)
        self.zoom = layers.Dense(2)
        self.scale = self.add_weight(shape=(4,), initializer="random_normal", name="scale")

    def call(self, x):
        x = self.blocks[1][0](self.blocks[0](self.entry(x))) * self.scale
        x = self.inner(self.table["left"](x) + self.table["right"](x))
        return self.zoom(self._hidden(x))


def sequential():
    """The MLP of the Fashion-MNIST example, small."""
    return keras.Sequential(
        [
            keras.Input((3, 2)),
            layers.Flatten(),
            layers.Dense(5, activation="relu"),
            layers.Dropout(0.0),
            layers.Dense(3, activation="softmax"),
        ]
    )


def functional():
    """Two inputs, a shared layer, merging, normalization, a nested model."""
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    normalize = layers.Normalization(mean=[0.1, 0.2, 0.3, 0.4], variance=[1.0, 2.0, 3.0, 4.0])
    shared = layers.Dense(4, activation="tanh", name="shared")
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, kernel_regularizer="l2")], name="inner")
    a, b = shared(normalize(left)), shared(right)
    joined = layers.Concatenate()([layers.Add()([a, b]), layers.Multiply()([inner(a), b])])
    return keras.Model(
        {"left": left, "right": right}, layers.Dense(1, name="head")(layers.LeakyReLU(0.2)(joined)), name="pair"
    )


def data(model, rng):
    """Inputs and targets for a model."""
    if model.name == "pair":
        x = {name: rng.normal(size=(6, 4)).astype("float32") for name in ("left", "right")}
    else:
        shape = (4,) if isinstance(model, Blocks) else model.inputs[0].shape[1:]
        x = rng.normal(size=(6, *shape)).astype("float32")
    y = rng.normal(size=(6, model(x).shape[-1])).astype("float32")
    return x, y


def note(name, model, x, y=None):
    """Keep inputs and outputs, and one more training step of a compiled model."""
    for key, value in x.items() if isinstance(x, dict) else [("x", x)]:
        expected[f"{name}/input/{key}"] = value
    expected[f"{name}/output"] = np.asarray(model(x, training=False), dtype="float32")
    if y is not None:
        expected[f"{name}/target"] = y
        expected[f"{name}/next_loss"] = np.float32(model.train_on_batch(x, y, return_dict=True)["loss"])
        expected[f"{name}/next_output"] = np.asarray(model(x, training=False), dtype="float32")


def perturb(model, rng):
    """Give every variable values that tell it from the others."""
    for variable in model.trainable_variables:
        variable.assign(rng.normal(size=variable.shape) * 0.5)


def main():
    """Write all files."""
    rng = np.random.default_rng(7)
    for name, make, optimizer in (
        ("sequential", sequential, "adam"),
        ("functional", functional, keras.optimizers.SGD(0.1, momentum=0.9)),
    ):
        for ending in (".keras", ".h5", ".weights.h5"):
            keras.backend.clear_session()
            model = make()
            perturb(model, rng)
            x, y = data(model, rng)
            chosen = optimizer if isinstance(optimizer, str) else type(optimizer).from_config(optimizer.get_config())
            model.compile(chosen, loss="mse", metrics=["mae"])
            model.train_on_batch(x, y)
            path = FOLDER / f"{name}{ending}"
            (model.save_weights if ending == ".weights.h5" else model.save)(path)
            note(path.name, model, x, y if ending != ".weights.h5" else None)

    keras.backend.clear_session()
    model = sequential()
    perturb(model, rng)
    x, _ = data(model, rng)
    with h5py.File(FOLDER / "weights_only.h5", "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)
    note("weights_only.h5", model, x)

    keras.backend.clear_session()
    model = Blocks()
    model(np.zeros((1, 4)))
    perturb(model, rng)
    x, _ = data(model, rng)
    model.save_weights(FOLDER / "blocks.weights.h5")
    note("blocks.weights.h5", model, x)

    keras.backend.clear_session()
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, dtype="bfloat16")])
    perturb(model, rng)
    model.save_weights(FOLDER / "bfloat16.weights.h5")
    expected["bfloat16.weights.h5/kernel"] = np.asarray(model.weights[0], dtype="float32")

    keras.backend.clear_session()
    keras.Sequential([keras.Input((4,)), layers.Lambda(lambda x: x * 2)]).save(FOLDER / "lambda.keras")
    np.savez(FOLDER / "expected.npz", **expected)


if __name__ == "__main__":
    main()
