"""Prices of houses in Boston's suburbs of the 1970s (Harrison and Rubinfeld 1978).

One of its columns assumes that segregation sets prices: it is here because old scripts ask for it. New ones have
`california_housing`.
"""

from typing import Any, Tuple

import numpy as np

from gradmill.datasets.npz_file import PublishedFile, load_table

_FILE = PublishedFile("boston_housing.npz", "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5")


def load_data(
    path: Any = "boston_housing.npz", test_split: float = 0.2, seed: int = 113
) -> Tuple[Tuple[np.ndarray, np.ndarray], Tuple[np.ndarray, np.ndarray]]:
    """Load 506 rows of 13 numbers; the file is found as that of `imdb.load_data`.

    Args:
        path: `boston_housing.npz`, or its folder; a name alone stands for the usual places.
        test_split: share of the rows that are for testing.
        seed: of the order of the rows.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: float64 (rows, 13), and prices (rows,) in thousands of dollars.

    Raises:
        ArgumentError: when the file is missing or damaged.

    Example:
        >>> import gradmill as gm
        >>> (x_train, y_train), (x_test, y_test) = gm.datasets.boston_housing.load_data()  # doctest: +SKIP
    """
    return load_table(_FILE, path, test_split, seed)
