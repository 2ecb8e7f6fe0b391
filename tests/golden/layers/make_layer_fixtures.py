"""Makes models.json and adapt.json with Keras: `KERAS_BACKEND=jax python make_layer_fixtures.py`.

For each model of golden_models.py: Keras's serialized form, the weights' paths and shapes, weights and inputs drawn
with NumPy, the outputs, the sum of the losses, and the summary's totals.
"""

import json
import pathlib

import golden_models
import keras
import numpy as np

FOLDER = pathlib.Path(__file__).parent


def plain(array):
    """Return an array as nested lists with six significant digits."""
    return json.loads(
        json.dumps(np.asarray(array, dtype="float64").tolist()), parse_float=lambda text: float(f"{float(text):.7g}")
    )


def describe(build):
    """Return what the tests compare for one model."""
    keras.utils.clear_session()
    model = build(keras)
    generator = np.random.default_rng(5)
    weights = [generator.normal(size=weight.shape).round(3).astype("float32") for weight in model.weights]
    counts = [index for index, weight in enumerate(model.weights) if weight.dtype == "int32"]
    for index, weight in enumerate(model.weights):
        if index in counts:
            weights[index] = np.zeros((), "int32")
        elif weight.name == "variance":
            weights[index] = np.abs(weights[index]) + 0.1
    model.set_weights(weights)
    for layer in model.layers:
        # Keras reads the statistics of Normalization only then.
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()
    inputs = [generator.normal(size=(3, *tensor.shape[1:])).round(3).astype("float32") for tensor in model.inputs]
    if build is golden_models.masks:
        inputs[0][:, 2:] = 0.0
        inputs[1][:, :2] = 1.0
    if build is golden_models.functional_branches:
        outputs = model({"p": inputs[0], "q": inputs[1]})
    else:
        outputs = model(inputs[0] if len(inputs) == 1 else inputs)
    lines = []
    model.summary(print_fn=lambda text, **_: lines.append(text), line_length=80)
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(model)))
    return {
        "config": config,
        "weights": [[weight.path, list(weight.shape)] for weight in model.weights],
        "trainable": [weight.path for weight in model.trainable_weights],
        "layers": [layer.name for layer in model.layers],
        "weight_values": [plain(each) for each in weights],
        "inputs": [plain(each) for each in inputs],
        "outputs": [plain(each) for each in keras.tree.flatten(outputs)],
        "losses": [float(each) for each in model.losses],
        "totals": [line.strip() for line in "\n".join(lines).splitlines() if "params:" in line],
    }


def adapt_case(axis, data, batches):
    """Return statistics that Keras's Normalization takes from data."""
    layer = keras.layers.Normalization(axis=axis)
    layer.adapt([data[start : start + batches] for start in range(0, len(data), batches)] if batches else data)
    return {
        "axis": axis,
        "batches": batches,
        "data": plain(data),
        "weights": [[weight.name, list(weight.shape), str(weight.dtype)] for weight in layer.weights],
        "mean": plain(layer.adapt_mean),
        "variance": plain(layer.adapt_variance),
        "output": plain(layer(data)),
    }


if __name__ == "__main__":
    found = {build.__name__: describe(build) for build in golden_models.MODELS}
    (FOLDER / "models.json").write_text(json.dumps({"keras": keras.__version__, "models": found}) + "\n")
    draw = np.random.default_rng(2).normal(3.0, 2.0, (10, 3, 2)).round(3).astype("float32")
    cases = [adapt_case(axis, draw, batches) for axis in (-1, None, [1, 2], 1) for batches in (0, 4)]
    (FOLDER / "adapt.json").write_text(json.dumps(cases) + "\n")
