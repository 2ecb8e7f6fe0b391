"""Prices of houses in California by block group of the census of 1990 (Pace and Barry 1997)."""

from typing import Any, Tuple

import numpy as np

from gradmill import errors
from gradmill.datasets.npz_file import PublishedFile, load_table

_FILE = PublishedFile("california_housing.npz", "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f")
_ROWS = {"small": 600, "large": None}


def load_data(
    version: str = "large", path: Any = "california_housing.npz", test_split: float = 0.2, seed: int = 113
) -> Tuple[Tuple[np.ndarray, np.ndarray], Tuple[np.ndarray, np.ndarray]]:
    """Load 20,640 rows of 8 numbers; the file is found as that of `imdb.load_data`.

    Args:
        version: "large", or "small" for the first 600 rows.
        path: `california_housing.npz`, or its folder; a name alone stands for the usual places.
        test_split: share of the rows that are for testing.
        seed: of the order of the rows.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: tables (rows, 8), and prices (rows,) in dollars.

    Raises:
        ArgumentError: another version; when the file is missing or damaged.

    Example:
        >>> import gradmill as gm
        >>> (x_train, y_train), (x_test, y_test) = gm.datasets.california_housing.load_data()  # doctest: +SKIP
    """
    if version not in _ROWS:
        raise errors.ArgumentError(f"california_housing: expected version 'small' or 'large'; received {version!r}")
    return load_table(_FILE, path, test_split, seed, _ROWS[version])
