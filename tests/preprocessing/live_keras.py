"""What Keras makes of cases, for the tests of this folder."""

from pathlib import Path

import numpy as np

from keras_interpreter import run_with_keras


def values_of_keras(cases, folder):
    """Return the values of all cases by their names, as Keras has them; skip the test where there is no Keras.

    Args:
        cases: name of a module of this folder.
        folder: where files may be written.
    """
    file = Path(folder) / f"{cases}.npz"
    run_with_keras(Path(__file__).with_name("keras_preprocessing_side.py"), cases, file, timeout=300)
    with np.load(file) as stored:
        return dict(stored)
