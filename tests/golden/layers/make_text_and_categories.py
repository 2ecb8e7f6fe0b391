"""Write text_and_categories.json: what the layers of Keras give for tests/layers/cases_text_and_categories.py.

Made with Keras 3.15.1 and TensorFlow 2.21:  python tests/golden/layers/make_text_and_categories.py
"""

import json
import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "layers"))

import cases_text_and_categories as cases  # noqa: E402
import keras  # noqa: E402

import tensorflow as tf  # noqa: E402

answers = {name: cases.answer(keras.layers, name, tf.constant) for name in cases.CASES}
(HERE / "text_and_categories.json").write_text(json.dumps(answers, indent=0, sort_keys=True) + "\n")
