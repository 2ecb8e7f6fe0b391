"""Write augmentation.npz and .json: what the layers of Keras give for tests/layers/cases_augmentation.py.

Made with Keras 3.15.1 and JAX:  python tests/golden/layers/make_augmentation.py
"""

import itertools
import json
import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "layers"))

import cases_augmentation as cases  # noqa: E402
import jax  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402

bends = itertools.cycle(cases.BENDS)
jax.random.normal = lambda *_, **__: jax.numpy.asarray(next(bends))
answers = {name: cases.answer(keras.layers, name) for name in cases.CASES}
np.savez_compressed(HERE / "augmentation.npz", **{name: output for name, (output, _) in answers.items()})
configs = {name: config for name, (_, config) in answers.items()}
for name, arguments in cases.POLICIES.items():
    configs[name] = cases.config_of(getattr(keras.layers, name)(**arguments))
(HERE / "augmentation.json").write_text(json.dumps(configs, indent=0, sort_keys=True) + "\n")
