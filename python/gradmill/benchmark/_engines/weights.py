"""First values of weights, drawn by NumPy, so that every engine starts from the same ones."""

from typing import List, Sequence, Tuple

import numpy as np
from numpy.random import default_rng  # here, so that its libraries count as the start of the process


def first_values(weights: Sequence[Tuple[str, np.ndarray]], seed: int) -> List[np.ndarray]:
    """Return the values that training starts from.

    Kernels are uniform with Glorot's limit, embeddings uniform between -0.05 and 0.05, biases zero but for those of
    recurrent layers; the rest stays as it is (scales and shifts, running averages).

    Args:
        weights: name and value of each, in Keras's order, under Keras's names and in its shapes.
        seed: of the draws.
    """
    generator = default_rng([seed, 2])
    values = []
    before = ""
    for name, value in weights:
        if name.endswith("kernel") or name.endswith("embeddings"):
            limit = 0.05
            if name.endswith("kernel"):
                inputs, outputs = np.prod(value.shape[:-1]), np.prod(value.shape[:-2]) * value.shape[-1]
                limit = float(6 / (inputs + outputs)) ** 0.5
            drawn = generator.random(value.shape, dtype="float32")
            drawn -= 0.5
            drawn *= 2 * limit
            value = drawn
        elif name == "bias" and before != "recurrent_kernel":
            value = np.zeros_like(value)
        values.append(value)
        before = name
    return values
