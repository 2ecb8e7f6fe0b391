"""Small NumPy helpers of a training script: one-hot labels, unit vectors, two parts of a data set."""

from typing import Any, Optional, Tuple, Union

import numpy as np

from gradmill import errors
from gradmill.utils import structure
from gradmill.utils.random_seed import new_shuffle_seed


def to_categorical(x: Any, num_classes: Optional[int] = None) -> np.ndarray:
    """Turn integer labels into one-hot rows.

    Args:
        x: array-like of integers from 0 to `num_classes - 1`, any shape; a last axis of size 1 is dropped.
        num_classes: number of classes; default: the largest label plus one.

    Returns:
        float64 array of shape `x.shape + (num_classes,)`.

    Raises:
        ArgumentError: when a label lies outside the range (names its position and value), or when there is no label
            and `num_classes` is None.

    Example:
        >>> import gradmill as gm
        >>> gm.utils.to_categorical([0, 2], 3).tolist()
        [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    labels = np.asarray(x)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels.reshape(labels.shape[:-1])
    integers = labels.astype(np.int64)
    if labels.size and not np.array_equal(integers, labels):
        raise errors.ArgumentError(f"to_categorical: labels must be whole numbers; received dtype {labels.dtype}")
    if num_classes is None:
        if not labels.size:
            raise errors.ArgumentError("to_categorical: no labels were given, so num_classes must be; received None")
        num_classes = int(integers.max()) + 1
    flat = integers.reshape(-1)
    outside = np.flatnonzero((flat < 0) | (flat >= num_classes))
    if outside.size:
        raise errors.ArgumentError(
            f"to_categorical: labels must lie in 0..{num_classes - 1}; received {flat[outside[0]]} "
            f"at position {outside[0]}; raise num_classes or correct the label"
        )
    rows = np.zeros((flat.size, num_classes))
    rows[np.arange(flat.size), flat] = 1.0
    return rows.reshape(integers.shape + (num_classes,))


def normalize(x: Any, axis: int = -1, order: int = 2) -> np.ndarray:
    """Divide by the norm along one axis; a zero vector stays zero.

    Args:
        x: array-like.
        axis: axis along which the norm is taken.
        order: order of the norm, 1, 2, ... as in `numpy.linalg.norm`.

    Returns:
        array of the shape of `x`.

    Example:
        >>> import gradmill as gm
        >>> gm.utils.normalize([[3.0, 4.0]]).tolist()
        [[0.6, 0.8]]
    """
    values = np.asarray(x)
    if values.size == 0:
        return values
    norms = np.atleast_1d(np.linalg.norm(values, order, axis))
    norms[norms == 0] = 1
    return values / np.expand_dims(norms, axis)


def split_dataset(
    dataset: Any,
    left_size: Optional[Union[int, float]] = None,
    right_size: Optional[Union[int, float]] = None,
    shuffle: bool = False,
    seed: Optional[int] = None,
) -> Tuple[Any, Any]:
    """Split arrays, or a `Dataset`, into a left and a right part.

    Args:
        dataset: an array, or lists, tuples and dicts of arrays with one first dimension; or a `Dataset` that ends,
            whose elements are then what is counted.
        left_size: samples of the left part: a count, or a fraction between 0 and 1; default: what is left over.
        right_size: the same for the right part. At least one of the two must be given.
        shuffle: whether samples are shuffled before the split.
        seed: seed of that shuffle; None takes one from NumPy's stream.

    Returns:
        `(left, right)`, both structured like `dataset`, or both a `Dataset`.

    Raises:
        ArgumentError: when a size is not of the kinds above, the parts need more samples than there are, or a `Dataset`
            has no end.

    Example:
        >>> import numpy as np, gradmill as gm
        >>> left, right = gm.utils.split_dataset(np.arange(10), left_size=0.8)
        >>> left.tolist(), right.tolist()
        ([0, 1, 2, 3, 4, 5, 6, 7], [8, 9])
    """
    if hasattr(dataset, "element_spec"):
        return _split_elements(dataset, left_size, right_size, shuffle, seed)
    arrays = [np.asarray(leaf) for leaf in structure.flatten(dataset)]
    lengths = {len(array) if array.ndim else -1 for array in arrays}
    if len(lengths) != 1 or -1 in lengths:
        shapes = [array.shape for array in arrays]
        raise errors.ArgumentError(f"split_dataset: all arrays need one first dimension; received shapes {shapes}")
    total = lengths.pop()
    left, right = _part_sizes(left_size, right_size, total)
    if shuffle:
        order = np.random.default_rng(new_shuffle_seed() if seed is None else seed).permutation(total)
        parts: Tuple[Any, Any] = order[:left], order[left : left + right]
    else:
        parts = slice(0, left), slice(left, left + right)
    return tuple(structure.pack_as(dataset, [array[part] for array in arrays]) for part in parts)


def _split_elements(dataset: Any, left_size: Any, right_size: Any, shuffle: bool, seed: Optional[int]) -> Tuple:
    total = int(dataset.cardinality())
    if total == -1:
        raise errors.ArgumentError("split_dataset: the data set must end; received an endless one; use take()")
    if total < 0:
        total = sum(1 for _ in dataset.iterate_batches())
    left, right = _part_sizes(left_size, right_size, total)
    if shuffle and total:
        seed = new_shuffle_seed() if seed is None else seed
        dataset = dataset.shuffle(total, seed=seed, reshuffle_each_iteration=False)
    return dataset.take(left), dataset.skip(left).take(right)


def _part_sizes(left_size: Any, right_size: Any, total: int) -> Tuple[int, int]:
    """Return how many samples each part has."""
    if left_size is None and right_size is None:
        raise errors.ArgumentError("split_dataset: give left_size or right_size; received None for both")
    left = _part_size("left_size", left_size, total)
    right = _part_size("right_size", right_size, total)
    if left is None:
        left = total - (right or 0)
    if right is None:
        right = total - left
    if left + right > total:
        raise errors.ArgumentError(
            f"split_dataset: left_size + right_size must not exceed {total} samples; received {left} + {right}"
        )
    return left, right


def _part_size(name: str, size: Optional[Union[int, float]], total: int) -> Optional[int]:
    if size is None:
        return None
    if isinstance(size, (int, np.integer)) and not isinstance(size, bool) and 0 <= size <= total:
        return int(size)
    if isinstance(size, float) and 0 < size < 1:
        return round(size * total)
    raise errors.ArgumentError(
        f"split_dataset: {name} must be a count from 0 to {total} or a fraction between 0 and 1; received {size!r}"
    )
