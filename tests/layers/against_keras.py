"""The half of tests against Keras that runs here: what Keras answered, and the comparison of a row with it.

Keras runs in an interpreter of its own: the one that runs the tests, or the one that GRADMILL_KERAS_PYTHON names.
"""

import json
from pathlib import Path

import numpy as np
from keras_models import run

from keras_interpreter import run_with_keras


def check_configs(ours, theirs):
    """Compare what two configurations say, but for automatic names and arguments that only one of them knows."""
    if isinstance(theirs, dict):
        # Keras leaves the seed of SimpleRNN out; versions before 3.15 know no axes.
        assert set(ours) - set(theirs) <= {"seed"}
        assert set(theirs) - set(ours) <= {"input_axes", "output_axes", "quantization_config"}
        for key in set(ours) & set(theirs) - {"name"}:
            check_configs(ours[key], theirs[key])
    elif isinstance(theirs, list):
        assert len(ours) == len(theirs)
        for pair in zip(ours, theirs):
            check_configs(*pair)
    elif isinstance(theirs, float):
        assert abs(ours - theirs) <= 1e-6 * abs(theirs)
    else:
        assert ours == theirs


def check(cases, package, answers, described, number, name):
    """Compare a row with what Keras answered."""
    found, description = run(cases, package, number, name)
    assert description["weights"] == described[name]["weights"]
    check_configs(json.loads(json.dumps(description["config"])), described[name]["config"])
    for key, value in found.items():
        np.testing.assert_allclose(value, answers[key], rtol=1e-5, atol=1e-5, err_msg=key)


def answers_of_keras(cases, folder):
    """Return the answers of Keras to all rows, and its descriptions of the models."""
    run_with_keras(Path(__file__).with_name("keras_models_side.py"), cases.__name__, folder, timeout=900)
    return read_answers(folder / "answers.npz", folder / "models.json")


def read_answers(arrays, models):
    """Return answers and descriptions from files."""
    with np.load(arrays) as archive:
        return dict(archive), json.loads(models.read_text())
