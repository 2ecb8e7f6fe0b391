"""The half of tests against Keras that runs where Keras is: `python keras_models_side.py CASES FOLDER`.

Runs every row of the module CASES and writes answers.npz and models.json to FOLDER.
"""

import importlib
import importlib.util
import json
import os
import sys
from pathlib import Path

# Many small models: PyTorch compiles none of them and so takes a tenth of the time of JAX.
os.environ.setdefault("KERAS_BACKEND", "torch" if importlib.util.find_spec("torch") else "jax")

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras_models import run  # noqa: E402


def main(cases, folder):
    """Write the answers of all rows."""
    answers, described = {}, {}
    for number, name in enumerate(cases.MODELS):
        found, description = run(cases, keras, number, name)
        answers.update(found)
        described[name] = description
    np.savez(folder / "answers.npz", **answers)
    (folder / "models.json").write_text(json.dumps(described))


if __name__ == "__main__":
    main(importlib.import_module(sys.argv[1]), Path(sys.argv[2]))
