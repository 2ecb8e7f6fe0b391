"""Runs in an interpreter with Keras: `keras_preprocessing_side.py CASES FILE` stores what Keras makes of the cases."""

import importlib
import os
import sys
import warnings

os.environ["KERAS_BACKEND"] = "numpy"
warnings.simplefilter("ignore")

import numpy as np  # noqa: E402
from keras._tf_keras.keras import preprocessing  # noqa: E402

cases = importlib.import_module(sys.argv[1])
np.savez(sys.argv[2], **{name: cases.value_of(name, preprocessing) for name in cases.CASES})
