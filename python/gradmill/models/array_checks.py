"""Arrays that the caller passed: looked at, brought into one form, weighed, split; never copied or converted."""

import math
from typing import Any, List, Tuple

import numpy as np

from gradmill import config, errors
from gradmill.utils import structure

DEFAULT_BATCH_SIZE = 32
PART_NAMES = ("x", "y", "sample_weight")


def check_batch_size(batch_size: Any, caller: str) -> int:
    """Return the batch size, 32 when it was not given."""
    if batch_size is None:
        return DEFAULT_BATCH_SIZE
    if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise errors.ArgumentError(f"{caller}: batch_size must be a positive integer; received {batch_size!r}")
    return int(batch_size)


def is_batch_source(x: Any) -> bool:
    """Whether `x` makes batches itself, rather than being arrays."""
    if structure.is_nested(x) or hasattr(x, "__array__") or isinstance(x, (str, bytes)):
        return False
    return hasattr(x, "__iter__") or hasattr(x, "__next__") or (hasattr(x, "__getitem__") and hasattr(x, "__len__"))


def convert_arrays(part: Any, name: str) -> Any:
    """Return the structure with NumPy arrays (views where that is possible) as leaves."""
    if isinstance(part, (list, tuple)) and part and _is_rows_of_numbers(part):
        raise errors.ArgumentError(
            f"{name}: expected NumPy arrays or tensors; received a {type(part).__name__} of Python numbers (a list "
            "means "
            f"several inputs); pass numpy.array({name})"
        )
    return structure.map_structure(lambda leaf: None if leaf is None else _as_array(leaf, name), part)


def _is_rows_of_numbers(part: Any) -> bool:
    return all(
        isinstance(leaf, (int, float, bool, np.number)) and not isinstance(leaf, np.ndarray)
        for leaf in structure.flatten(part)
    )


def _as_array(leaf: Any, name: str) -> np.ndarray:
    if not hasattr(leaf, "__array__"):
        raise errors.ArgumentError(f"{name}: expected NumPy arrays or tensors; received a {type(leaf).__name__}")
    array = np.asarray(leaf)
    if array.dtype.kind == "O" and len({np.shape(row) for row in array.flat}) > 1:
        raise errors.ShapeError(
            f"{name}: expected samples of one shape; received some of different shapes; resize, crop or pad them first"
        )
    if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
        raise errors.DTypeError(
            f"{name}: expected numbers (bool, integers or floats); received dtype {array.dtype}; convert it first"
        )
    if array.ndim == 0:
        raise errors.ShapeError(
            f"{name}: expected an array whose first axis counts samples; received a scalar; a data set must yield "
            "batches, use batch()"
        )
    return array


def check_lengths(x: Any, y: Any, sample_weight: Any, caller: str = "fit") -> int:
    """Return the number of samples; raise when the arrays disagree."""
    lengths: List[Tuple[str, int]] = []
    for name, part in zip(PART_NAMES, (x, y, sample_weight)):
        for path, leaf in structure.flatten_with_paths(part):
            if leaf is not None:
                label = name + "".join(f"[{key!r}]" for key in path)
                lengths.append((label, leaf.shape[0]))
    if not lengths:
        raise errors.ArgumentError(f"{caller}: x must hold at least one array; received none")
    if len({length for _, length in lengths}) > 1:
        received = ", ".join(f"{label} has {length}" for label, length in lengths)
        hint = "; a list holds one array for each input: samples of one size become one array by numpy.stack"
        raise errors.ArgumentError(
            f"{caller}: all arrays must hold the same number of samples; received: {received}"
            + (hint if isinstance(x, (list, tuple)) else "")
        )
    return lengths[0][1]


def class_weights_of_rows(y: Any, class_weight: dict, caller: str = "fit") -> np.ndarray:
    """Return the weight of each sample from the weight of its class; classes not named weigh 1.

    Args:
        y: integer labels (n,) or (n, 1), or one-hot rows (n, classes).
        class_weight: weight by class index.
    """
    if not isinstance(class_weight, dict):
        raise errors.ArgumentError(
            f"{caller}: class_weight must be a dict from class index to weight; received {type(class_weight).__name__}"
        )
    if y is None or structure.is_nested(y):
        raise errors.ArgumentError(
            f"{caller}: class_weight needs one array of labels y; received {structure.skeleton(y)}"
        )
    labels = np.asarray(y)
    if labels.ndim > 1:
        labels = labels.argmax(axis=-1) if labels.shape[-1] != 1 else labels[..., 0]
    if labels.ndim != 1:
        raise errors.ShapeError(
            f"{caller}: class_weight needs one label for each sample; received y of shape {y.shape}"
        )
    labels = np.round(labels).astype(np.int64)
    table_size = max([int(label) for label in class_weight] + [0]) + 1
    table = np.ones(table_size + 1, config.floatx() if config.floatx() != "bfloat16" else "float32")
    for label, weight in class_weight.items():
        if int(label) < 0:
            raise errors.ArgumentError(f"{caller}: class_weight needs class indices from 0; received {label}")
        table[int(label)] = weight
    # Labels without an entry read the last one, which is 1.
    known = (labels >= 0) & (labels < table_size)
    return table[np.where(known, labels, table_size)]


def split_for_validation(x: Any, y: Any, sample_weight: Any, fraction: float) -> Tuple[Any, Any]:
    """Return `((x, y, w), (val_x, val_y, val_w))`: the last fraction of the samples, before any shuffling.

    Raises:
        ArgumentError: when the fraction is not between 0 and 1, a part would be empty, or `x` is not arrays.
    """
    if not isinstance(fraction, (int, float, np.number)) or not 0 < fraction < 1:
        raise errors.ArgumentError(f"fit: validation_split must lie between 0 and 1; received {fraction!r}")
    if x is None or is_batch_source(x):
        raise errors.ArgumentError(
            f"fit: validation_split needs arrays; received x of type {type(x).__name__}; pass validation_data instead"
        )
    parts = [convert_arrays(part, name) for part, name in zip((x, y, sample_weight), PART_NAMES)]
    rows = check_lengths(*parts)
    cut = int(math.floor(rows * (1.0 - fraction)))
    if cut == 0 or cut == rows:
        raise errors.ArgumentError(
            f"fit: validation_split={fraction} of {rows} samples leaves {cut} for training and {rows - cut} for "
            "validation; each needs at least one"
        )

    def take(part: Any, rows_taken: slice) -> Any:
        return structure.map_structure(lambda leaf: None if leaf is None else leaf[rows_taken], part)

    return (
        tuple(take(part, slice(None, cut)) for part in parts),
        tuple(take(part, slice(cut, None)) for part in parts),
    )


def batch_dtype(array: Any) -> str:
    """Return the dtype a batch of `array` has in the step: floats become `config.floatx()`, all others stay."""
    if array.dtype.kind == "f" or array.dtype.name == "bfloat16":
        return config.floatx()
    return array.dtype.name
