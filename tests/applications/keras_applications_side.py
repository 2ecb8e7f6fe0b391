"""The half of `test_live_keras_applications.py` that runs in an interpreter with Keras.

    python keras_applications_side.py write|read FOLDER

write: save applications in every format, with `NAME.npz` of images and outputs.
read: load what GradMill saved as `NAME.*` and compare with the outputs in `NAME.npz`.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras  # noqa: E402
import numpy as np  # noqa: E402
from models_for_files import MODELS, perturb  # noqa: E402


def write(folder):
    """Save in all formats."""
    rng = np.random.default_rng(1)
    for name, make in MODELS.items():
        keras.backend.clear_session()
        model = make(keras.applications)
        perturb(model, rng)
        x = rng.random((2, *model.input_shape[1:])).astype("float32")
        np.savez(folder / f"{name}.npz", x=x, y=keras.ops.convert_to_numpy(model(x, training=False)))
        model.save_weights(folder / f"{name}.weights.h5")
        model.save(folder / f"{name}.keras")
        model.save(folder / f"{name}.h5")


def read(folder):
    """Load every file and compare."""
    for path in sorted([*folder.glob("*.keras"), *folder.glob("*.h5")]):
        name = path.name.split(".")[0]
        keras.backend.clear_session()
        model = MODELS[name](keras.applications)
        model.load_weights(path)
        with np.load(folder / f"{name}.npz") as archive:
            x, y = archive["x"], archive["y"]
        found = keras.ops.convert_to_numpy(model(x, training=False))
        np.testing.assert_allclose(found, y, rtol=0, atol=1e-4 * np.abs(y).max(), err_msg=path.name)
        if path.name.endswith(".keras"):
            found = keras.ops.convert_to_numpy(keras.saving.load_model(path)(x, training=False))
            np.testing.assert_allclose(found, y, rtol=0, atol=1e-4 * np.abs(y).max(), err_msg=path.name)


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](Path(sys.argv[2]))
