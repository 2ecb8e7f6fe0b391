"""Makes convolutions.json with Keras: `KERAS_BACKEND=jax python make_convolution_fixtures.py`."""

import json
import pathlib

import keras
from convolution_cases import CASES, run

if __name__ == "__main__":
    results = []
    for case in CASES:
        weights, config, output = run(keras, case)
        del config["name"]
        rounded = [float(f"{value:.7g}") for value in output.ravel().tolist()]
        results.append({"weights": weights, "config": config, "shape": list(output.shape), "output": rounded})
    text = ",\n".join(json.dumps(each) for each in results)
    pathlib.Path(__file__).with_name("convolutions.json").write_text(f"[\n{text}\n]\n")
