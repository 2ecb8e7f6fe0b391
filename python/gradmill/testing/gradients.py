"""Gradients against two-sided differences."""

from __future__ import annotations

from typing import Any, Callable, Sequence

import numpy as np

from gradmill import ops
from gradmill.autograd import GradientTape
from gradmill.errors import ArgumentError
from gradmill.symbolic import flatten


def check_gradients(
    fn: Callable,
    inputs: Sequence[Any],
    step: float = 1e-5,
    rtol: float = 1e-5,
    atol: float = 1e-7,
    max_elements: int = 64,
    seed: int = 0,
) -> None:
    """Compare the gradients of a function with two-sided differences, in float64.

    The outputs are summed with random weights, so that every output takes part. Keep the inputs away from kinks.

    Args:
        fn: function of as many tensors as there are inputs; returns a tensor or a structure of tensors.
        inputs: arrays; used in float64.
        step: distance of the two points from the input, relative to its size where that exceeds 1.
        rtol, atol: tolerances of `numpy.testing.assert_allclose`.
        max_elements: elements tried in each input (chosen at random beyond that).
        seed: seed of the weights and the choice.

    Raises:
        AssertionError: a gradient that differs; the message names input and element.
        ArgumentError: no inputs.

    Example:
    >>> import gradmill as gm
    >>> gm.testing.check_gradients(gm.ops.tanh, [[0.5, -1.0]])
    """
    if not inputs:
        raise ArgumentError("check_gradients: expected at least one input; received none; pass a list of arrays")
    generator = np.random.default_rng(seed)
    arrays = [np.array(each, dtype=np.float64) for each in inputs]
    weights: list[np.ndarray] = []

    def total(*tensors: Any) -> Any:
        outputs = [leaf for leaf in flatten(fn(*tensors)) if leaf is not None]
        while len(weights) < len(outputs):
            weights.append(generator.uniform(0.5, 1.5, tuple(outputs[len(weights)].shape)))
        parts = [ops.sum(ops.cast(output, "float64") * weight) for output, weight in zip(outputs, weights)]
        return sum(parts[1:], parts[0])

    tensors = [ops.convert_to_tensor(each, dtype="float64") for each in arrays]
    with GradientTape() as tape:
        for tensor in tensors:
            tape.watch(tensor)
        value = total(*tensors)
    gradients = tape.gradient(value, tensors)

    for number, (array, gradient) in enumerate(zip(arrays, gradients)):
        found = np.zeros(array.shape) if gradient is None else np.asarray(gradient.numpy(), dtype=np.float64)
        if found.shape != array.shape:
            raise AssertionError(
                f"check_gradients: gradient of input {number} has shape {found.shape}, not {array.shape}"
            )
        places = np.arange(array.size)
        if array.size > max_elements:
            places = generator.choice(array.size, max_elements, replace=False)
        for place in places:
            index = np.unravel_index(place, array.shape)
            distance = step * max(1.0, abs(float(array[index])))
            ends = []
            for sign in (1.0, -1.0):
                moved = [each.copy() for each in arrays]
                moved[number][index] += sign * distance
                ends.append(float(total(*(ops.convert_to_tensor(each, dtype="float64") for each in moved))))
            difference = (ends[0] - ends[1]) / (2 * distance)
            np.testing.assert_allclose(
                found[index],
                difference,
                rtol=rtol,
                atol=atol,
                err_msg=f"check_gradients: input {number}, element {tuple(int(each) for each in index)}",
            )
