"""Networks under the mixed policies beside Keras: same weights, same batches."""

from pathlib import Path

import numpy as np
import pytest
from mixed_models import GROWTH_STEPS, NETWORKS, ROWS, STEPS, run

import gradmill as gm
from gradmill import _core
from keras_interpreter import run_with_keras

pytestmark = [pytest.mark.peers, pytest.mark.slow]

# Half the distance of neighbouring floats of the type, relative: an operation that rounds errs by at most that much.
UNIT = {"mixed_bfloat16": 2.0**-9, "mixed_float16": 2.0**-12}
HALF = {"mixed_bfloat16": "bfloat16", "mixed_float16": "float16"}


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    file = tmp_path_factory.mktemp("keras") / "answers.npz"
    run_with_keras(Path(__file__).with_name("mixed_models.py"), file, timeout=600)
    with np.load(file) as archive:
        return dict(archive)


@pytest.fixture
def every_gradient_rounded():
    """As in Keras, the gradient of a kernel is rounded to float16 before it is looked at."""
    _core.set_disabled_passes(["check_factors"])
    yield
    _core.set_disabled_passes([])


def assert_near(found, wanted, roundings, policy, what):
    """Compare two results of which each differs by so many roundings of the largest value from an exact one."""
    error = np.abs(found - wanted).max() / (2 * UNIT[policy] * np.abs(wanted).max())
    assert error <= roundings, f"{what}: {error:.2f} roundings apart"


@pytest.mark.parametrize(("policy", "name"), ROWS)
def test_dtypes_outputs_losses_and_scales_are_keras_s(answers, every_gradient_rounded, policy, name):
    found = run(gm, policy, name)
    wanted = {key.split("/", 2)[2]: value for key, value in answers.items() if key.startswith(f"{policy}/{name}/")}
    assert set(found) == set(wanted)
    for key in [key for key in wanted if key.startswith("dtype") or key in ("weights", "scales", "updates")]:
        np.testing.assert_array_equal(found[key], wanted[key], err_msg=key)
    outputs = [key for key in wanted if key.startswith("output")]
    assert {str(found[f"dtype/{key.split('/')[1]}"]) for key in outputs} == {HALF[policy], "float32"}
    for key in outputs:
        # A layer rounds its factors and its result, attention three more in between; so did the layers before.
        assert_near(found[key], wanted[key], 8, policy, key)
    # Gradients are rounded once more on their way through each layer, but are small beside the weights; errors of the
    # weights add up over the steps.
    assert_near(found["weights after a step"], wanted["weights after a step"], 2, policy, "weights after a step")
    assert_near(found["losses"], wanted["losses"], 2, policy, "losses")
    assert_near(found["trained"], wanted["trained"], 8, policy, "outputs after training")


@pytest.mark.parametrize("name", [name for name in NETWORKS if name.endswith("overflow")])
def test_kernels_whose_gradient_is_not_stored_skip_no_step_that_keras_takes(answers, name):
    found = run(gm, "mixed_float16", name)
    updates, scales = found["updates"], found["scales"]
    assert (updates >= answers[f"mixed_float16/{name}/updates"]).all()
    good, expected = 0, NETWORKS[name][1]
    for step, taken in enumerate(np.diff(updates, prepend=0)):
        good = good + 1 if taken else 0
        expected *= 1.0 if taken else 0.5
        if good == GROWTH_STEPS:
            good, expected = 0, expected * 2
        assert scales[step] == expected
    assert 0 < updates[-1] < STEPS
