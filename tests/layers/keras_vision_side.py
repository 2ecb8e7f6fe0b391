"""The half of `test_vision_against_keras.py` that runs where Keras is: `python keras_vision_side.py FOLDER`.

Builds every layer of cases_vision.py, sets its weights and runs it on inputs, both drawn from the number of the row;
writes outputs and new weights to FOLDER/answers.npz and configurations and weight names to FOLDER/layers.json. Runs the
functions on images too.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras  # noqa: E402
import numpy as np  # noqa: E402
from cases_vision import CASES, FUNCTIONS  # noqa: E402


def draw_inputs(number, shape):
    """Inputs of a row."""
    return np.random.default_rng(number).normal(size=shape).astype("float32")


def draw_weights(number, weights):
    """Weights of a row: what moves variances stays positive."""
    generator = np.random.default_rng(1000 + number)
    drawn = [generator.normal(size=weight.shape) for weight in weights]
    return [
        (np.abs(value) + 0.5 if weight.name.endswith(("variance", "stddev")) else value).astype("float32")
        for weight, value in zip(weights, drawn)
    ]


def main(folder):
    """Write the answers of all rows."""
    answers, described = {}, {}
    for number, (name, arguments, shape, expected) in enumerate(CASES):
        if not hasattr(keras.layers, name) or "seed" in arguments:
            continue
        layer = getattr(keras.layers, name)(**arguments)
        layer.build(shape)
        counted = [weight for weight in layer.weights if "seed" not in weight.name]
        layer.set_weights(draw_weights(number, counted))
        x = draw_inputs(number, shape)
        training = bool(expected.get("call_kwargs", {}).get("training"))
        try:
            outputs = layer(x, training=True) if training else layer(x)
        except Exception as error:
            print(f"Keras cannot run row {number}, {name}({arguments}): {error}", file=sys.stderr)
            continue
        answers[f"{number}"] = keras.ops.convert_to_numpy(outputs)
        for index, weight in enumerate(layer.weights):
            answers[f"{number}_{index}"] = keras.ops.convert_to_numpy(weight)
        config = {key: value for key, value in layer.get_config().items() if key not in ("name", "dtype")}
        described[str(number)] = {"config": config, "weights": [[w.name, list(w.shape)] for w in layer.weights]}
    for number, (name, shape, arguments) in enumerate(FUNCTIONS):
        arguments = {key: np.asarray([value] * 2) if key == "transform" else value for key, value in arguments.items()}
        answers[f"function_{number}"] = keras.ops.convert_to_numpy(
            getattr(keras.ops.image, name)(draw_inputs(number, shape), **arguments)
        )
    np.savez(folder / "answers.npz", **answers)
    (folder / "layers.json").write_text(json.dumps(described))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
