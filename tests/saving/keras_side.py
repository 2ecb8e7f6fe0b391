"""The half of `test_live_keras.py` that runs in an interpreter with Keras: `python keras_side.py load|write FOLDER`.

load: for each model file in FOLDER compute the outputs for `<file>.inputs.npz` and write `<file>.outputs.npz`.
write: make models, train them a little and write them with inputs and outputs.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras  # noqa: E402
import numpy as np  # noqa: E402
from models_for_saving import inputs_for, make_blocks, make_models, perturb  # noqa: E402


def outputs(model, x):
    """Outputs by number."""
    found = model(x, training=False)
    return {
        str(i): keras.ops.convert_to_numpy(y)
        for i, y in enumerate(found if isinstance(found, (list, tuple)) else [found])
    }


def load(folder):
    """Read what GradMill wrote."""
    models = make_models(keras)
    for path in sorted(folder.glob("*.inputs.npz")):
        name = path.name[: -len(".inputs.npz")]
        with np.load(path) as archive:
            arrays = dict(archive)
        x = arrays["x"] if list(arrays) == ["x"] else arrays
        if name.startswith("blocks"):
            model = make_blocks(keras)
            model(x)
            model.load_weights(folder / name)
        elif name.endswith(".weights.h5"):
            model = models[name.split(".")[0]]()
            model.load_weights(folder / name)
        else:
            model = keras.saving.load_model(folder / name)
        result = outputs(model, x)
        if getattr(model, "optimizer", None) is not None:
            result.update(
                {f"optimizer_{i}": keras.ops.convert_to_numpy(v) for i, v in enumerate(model.optimizer.variables)}
            )
        np.savez(folder / f"{name}.outputs.npz", **result)


def write(folder):
    """Write what GradMill reads."""
    rng = np.random.default_rng(3)
    for key, make in make_models(keras).items():
        for ending in (".keras", ".h5", ".weights.h5"):
            keras.backend.clear_session()
            model = make()
            perturb(model.trainable_variables, rng)
            x = inputs_for(model, rng)
            if key == "sequential":
                model.compile("adam", "mse", metrics=["mae"])
                model.train_on_batch(x, np.zeros((6, 3)))
            name = f"{key}{ending}"
            (model.save_weights if ending == ".weights.h5" else model.save)(folder / name)
            np.savez(folder / f"{name}.inputs.npz", **(x if isinstance(x, dict) else {"x": x}))
            np.savez(folder / f"{name}.outputs.npz", **outputs(model, x))


if __name__ == "__main__":
    {"load": load, "write": write}[sys.argv[1]](Path(sys.argv[2]))
