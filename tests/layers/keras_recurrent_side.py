"""The half of `test_recurrent_against_keras.py` that runs where Keras is: `python keras_recurrent_side.py FOLDER`.

Runs every row of cases_recurrent_layers.py and writes answers.npz and models.json to FOLDER.
"""

import importlib.util
import json
import os
import sys
from pathlib import Path

# Many small models: PyTorch compiles none of them and so takes a tenth of the time of JAX.
os.environ.setdefault("KERAS_BACKEND", "torch" if importlib.util.find_spec("torch") else "jax")

import keras  # noqa: E402
import numpy as np  # noqa: E402
from cases_recurrent_layers import MODELS, run  # noqa: E402


def main(folder):
    """Write the answers of all rows."""
    answers, described = {}, {}
    for number, name in enumerate(MODELS):
        found, description = run(keras, number, name)
        answers.update(found)
        described[name] = description
    np.savez(folder / "answers.npz", **answers)
    (folder / "models.json").write_text(json.dumps(described))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
