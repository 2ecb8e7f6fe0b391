"""`ignore_errors` and `rejection_resample`."""

import numpy as np
import pytest

import gradmill as gm

Dataset = gm.data.Dataset


def fails_at_multiples_of_three(x):
    if int(x) % 3 == 0:
        raise ValueError(f"no {int(x)}")
    return x * 2


@pytest.mark.parametrize("workers", [None, 2])
def test_elements_that_cannot_be_made_are_left_out(workers):
    dataset = Dataset.range(50).map(fails_at_multiples_of_three, workers).ignore_errors()
    assert [int(x) for x in dataset] == [2 * n for n in range(50) if n % 3]
    assert int(dataset.cardinality()) == gm.data.UNKNOWN_CARDINALITY
    assert dataset.element_spec == gm.TensorSpec((), "int64")


def test_one_of_a_block_loses_no_other():
    """A map that runs as a plan is called in Python again where elements of other shapes come among the first."""

    def generate():
        for number in range(40):
            yield np.full(2 + (number == 30), number, "float32")

    def function(x):
        if x.shape[0] == 3:
            raise ValueError("three")
        return x + 1.0

    source = Dataset.from_generator(generate, output_signature=gm.TensorSpec((None,), "float32"))
    found = [int(x[0]) for x in source.map(function, 2).ignore_errors()]
    assert found == [n + 1 for n in range(40) if n != 30]


def test_a_warning_says_what_failed():
    with pytest.warns(UserWarning, match="ignore_errors: ValueError: no 0"):
        list(Dataset.range(2).map(fails_at_multiples_of_three).ignore_errors(log_warning=True))


def test_errors_without_an_end_are_raised(monkeypatch):
    monkeypatch.setattr("gradmill.data.rejecting._MOST_ERRORS_IN_A_ROW", 50)
    dataset = Dataset.range(100).map(lambda x: [][int(x)]).ignore_errors()
    with pytest.raises(gm.errors.ArgumentError, match="50 errors without an element between; the last was IndexError"):
        list(dataset)


def is_large(x):
    return gm.ops.cast(x % 4 > 0, "int32")


@pytest.mark.parametrize("initial", [None, [0.25, 0.75]])
def test_classes_get_their_shares(initial):
    dataset = Dataset.range(4000).rejection_resample(is_large, [0.5, 0.5], initial, seed=3)
    assert dataset.element_spec == (gm.TensorSpec((), "int32"), gm.TensorSpec((), "int64"))
    found = [(int(label), int(x)) for label, x in dataset]
    assert all(label == (x % 4 > 0) for label, x in found)
    numbers = [x for _, x in found]
    assert numbers == sorted(set(numbers))
    # 1,000 of the rarer class stay, and as many of the other are expected: five deviations are 130.
    assert abs(np.mean([label for label, _ in found]) - 0.5) < 0.04
    assert abs(len(found) - 2000) < 160
    if initial:
        assert sum(label == 0 for label, _ in found) == 1000


def test_a_class_that_is_not_wanted_is_left_out():
    labels = [int(label) for label, _ in Dataset.range(100).rejection_resample(is_large, [1.0, 0.0], [0.25, 0.75])]
    assert labels == [0] * 25


def test_a_pass_is_taken_up_again():
    dataset = Dataset.range(400).rejection_resample(is_large, [0.5, 0.5], seed=5)
    iterator = iter(dataset)
    for _ in range(50):
        next(iterator)
    state = iterator.get_state()
    rest = [int(x) for _, x in iterator]
    again = iter(dataset)
    again.set_state(state)
    assert [int(x) for _, x in again] == rest
    assert len(rest) > 50


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((is_large, [0.5, 0.4]), r"target_dist must be a list of numbers >= 0 that sum to 1; received \[0.5, 0.4\]"),
        ((is_large, [0.5, 0.5], [1.0]), "initial_dist must have a share above 0 for each class"),
        ((is_large, [0.5, 0.5], [1.0, 0.0]), "initial_dist must have a share above 0 for each class"),
        ((3, [0.5, 0.5]), "rejection_resample: expected a function; received a int"),
        ((lambda x: x, [0.5, 0.5]), r"class_func must return one integer in 0\.\.1; received 2 of int64"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(gm.errors.ArgumentError, match=message):
        list(Dataset.range(4).rejection_resample(*arguments))
