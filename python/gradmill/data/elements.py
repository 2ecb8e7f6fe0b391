"""What flows through a pipeline: tuples and dicts whose leaves are NumPy arrays and scalars, bytes for a string.

A list is a value here (one array), as everywhere in `tf.data`; only tuples and dicts are structure.
"""

from __future__ import annotations

from typing import Any, Callable, Optional

import numpy as np

from gradmill import _core, config, errors
from gradmill.tracing import TensorSpec
from gradmill.utils.text_values import Text, TextArray

STRING = "string"
_SCALAR_TYPES = {bool: np.bool_, float: np.float32}


def map_leaves(function: Callable, element: Any) -> Any:
    """Return the element with `function` applied to each leaf; None stays None."""
    if isinstance(element, tuple):
        items = [map_leaves(function, item) for item in element]
        return type(element)(*items) if hasattr(element, "_fields") else tuple(items)
    if isinstance(element, dict):
        return {key: map_leaves(function, value) for key, value in element.items()}
    return None if element is None else function(element)


def to_element(value: Any) -> Any:
    """Return what a user gave (tensors, arrays, numbers, strings, lists) as an element.

    Raises:
        ArgumentError, ShapeError: for values that no array can hold.
    """
    return map_leaves(to_leaf, value)


def to_leaf(value: Any) -> Any:
    """Return one value as a leaf: numbers keep their dtype, Python's become int32 and float32, text becomes bytes."""
    if isinstance(value, _core.Tensor):
        return np.asarray(value)
    if isinstance(value, (np.ndarray, np.generic)):
        return value if value.dtype.kind in "biufc" else _not_numeric(np.asarray(value))
    if isinstance(value, (str, bytes)):
        return value.encode() if isinstance(value, str) else value
    if type(value) in _SCALAR_TYPES:
        return _SCALAR_TYPES[type(value)](value)
    if isinstance(value, int):
        return np.int32(value) if -(2**31) <= value < 2**31 else np.int64(value)
    if isinstance(value, list):
        return _from_list(value)
    if is_dataset(value):
        return value
    if hasattr(value, "__array__"):
        return to_leaf(np.asarray(value))
    raise errors.ArgumentError(
        f"Dataset: expected arrays, tensors, numbers, strings, or tuples and dicts of them; received a "
        f"{type(value).__name__}"
    )


def is_dataset(value: Any) -> bool:
    """Whether a leaf is a data set of its own."""
    return hasattr(value, "_node") and hasattr(value, "element_spec")


def _from_list(values: list) -> Any:
    if values and any(isinstance(item, _core.Tensor) for item in values):
        values = [np.asarray(item) for item in values]
    try:
        array = np.asarray(values)
    except ValueError as problem:
        raise errors.ShapeError(
            "Dataset: a list is one array, so its items need one shape; received items of different lengths; use "
            "from_generator with padded_batch for sequences of different lengths"
        ) from problem
    first: Any = values
    while isinstance(first, (list, tuple)) and first:
        first = first[0]
    if not isinstance(first, (np.ndarray, np.generic)):
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        elif array.dtype == np.int64 and (array.size == 0 or abs(array).max() < 2**31):
            array = array.astype(np.float32 if array.size == 0 else np.int32)
    return to_leaf(array)


def _not_numeric(array: np.ndarray) -> Any:
    """Return text as an array of bytes objects; an object array of equal arrays as one array."""
    items = array.ravel().tolist()
    if all(isinstance(item, (str, bytes)) for item in items):
        texts = np.empty(array.size, object)
        texts[:] = [item.encode() if isinstance(item, str) else item for item in items]
        return texts.reshape(array.shape) if array.ndim else texts[0]
    if array.dtype.kind == "O" and len({np.shape(item) for item in items}) == 1:
        joined = np.array(items)
        if joined.dtype.kind in "biufc":
            return joined.reshape(array.shape + joined.shape[1:])
    raise errors.DTypeError(
        f"Dataset: expected numbers or text; received an array of dtype {array.dtype} that holds "
        f"{sorted({type(item).__name__ for item in items})}; for a table of mixed columns pass dict(table)"
    )


def to_tensors(element: Any) -> Any:
    """Return the element with tensors as leaves; text stays bytes, or an array of bytes."""
    return map_leaves(_to_tensor, element)


def _to_tensor(leaf: Any) -> Any:
    if isinstance(leaf, np.ndarray):
        return leaf.view(TextArray) if leaf.dtype.kind == "O" else _core.tensor(leaf)
    if isinstance(leaf, bytes):
        return Text(leaf)
    # A NumPy scalar of float64 is a Python float, too, whose dtype would be lost.
    return _core.tensor(np.asarray(leaf)) if isinstance(leaf, np.generic) else leaf


def dtype_name(dtype: Any) -> str:
    """Return the name of a dtype, "string" for text.

    Raises:
        DTypeError: for an unknown dtype.
    """
    if dtype in (str, bytes, STRING):
        return STRING
    return str(config.standardize_dtype(dtype))


def numpy_dtype(name: str) -> np.dtype:
    """Return the dtype of leaves that a spec calls `name`; bfloat16 values travel as float32, which holds them."""
    if name == STRING:
        return np.dtype(object)
    return np.dtype("float32" if name == "bfloat16" else name)


def spec_of(element: Any) -> Any:
    """Return the element with a `TensorSpec` in place of each leaf."""
    return map_leaves(_spec_of_leaf, element)


def _spec_of_leaf(leaf: Any) -> Any:
    if is_dataset(leaf):
        return leaf.element_spec
    if isinstance(leaf, bytes):
        return TensorSpec((), STRING)
    return TensorSpec(leaf.shape, STRING if leaf.dtype.kind == "O" else leaf.dtype.name)


def batched_spec(spec: Any, size: Optional[int]) -> Any:
    """Return the spec of `size` elements stacked, None where the size is not known."""
    return map_leaves(lambda leaf: TensorSpec(None if leaf.shape is None else (size, *leaf.shape), leaf.dtype), spec)


def same_keys(elements: list, what: str) -> None:
    """Check that all elements are tuples of one length, or dicts with the same keys, as the first is.

    Raises:
        ArgumentError: when one is not.
    """
    first = elements[0]
    kind = tuple if isinstance(first, tuple) else dict
    for position, element in enumerate(elements):
        fits = isinstance(element, kind) and len(element) == len(first)
        if not fits or (kind is dict and element.keys() != first.keys()):
            raise errors.ArgumentError(
                f"{what}: all elements need one structure; received {outline(first)}, then {outline(element)} "
                f"{position} elements later"
            )


def outline(element: Any) -> str:
    """Return a short text of the structure with dtypes and shapes, for messages."""
    if isinstance(element, tuple):
        return "(" + ", ".join(outline(item) for item in element) + ("," if len(element) == 1 else "") + ")"
    if isinstance(element, dict):
        return "{" + ", ".join(f"{key!r}: {outline(value)}" for key, value in element.items()) + "}"
    if isinstance(element, (np.ndarray, np.generic)):
        return f"{STRING if element.dtype.kind == 'O' else element.dtype.name}{list(element.shape)}"
    return STRING if isinstance(element, bytes) else type(element).__name__


def combine(elements: list, join: Callable[[list], Any], what: str) -> Any:
    """Return one element, each leaf of which is `join(leaves)` of the leaves at its place.

    Raises:
        ArgumentError: when the elements differ in structure.
    """
    first = elements[0]
    if isinstance(first, (tuple, dict)):
        same_keys(elements, what)
        if isinstance(first, dict):
            return {key: combine([element[key] for element in elements], join, what) for key in first}
        items = [combine([element[i] for element in elements], join, what) for i in range(len(first))]
        return type(first)(*items) if hasattr(first, "_fields") else tuple(items)
    if any(isinstance(element, (tuple, dict)) or (element is None) != (first is None) for element in elements):
        raise errors.ArgumentError(
            f"{what}: all elements need one structure; received {outline(first)} and others in one batch"
        )
    return None if first is None else join(elements)


def stack(elements: list, what: str = "batch") -> Any:
    """Return the elements stacked along a new first axis.

    Raises:
        ArgumentError, ShapeError, DTypeError: when they differ in structure, shape or dtype.
    """
    return combine(elements, lambda leaves: stack_leaves(leaves, what), what)


def stack_leaves(leaves: list, what: str) -> np.ndarray:
    """Return leaves of one shape and dtype as one array."""
    first = leaves[0]
    if is_dataset(first):
        raise errors.ArgumentError(f"{what}: elements must be values; received data sets; use flat_map to join them")
    if isinstance(first, bytes):
        texts = np.empty(len(leaves), object)
        texts[:] = leaves
        return texts
    shape, dtype = first.shape, first.dtype
    joined = np.empty((len(leaves), *shape), dtype)
    for position, leaf in enumerate(leaves):
        if leaf.shape != shape:
            raise errors.ShapeError(
                f"{what}: all elements of a batch need one shape; received {list(shape)}, then {list(leaf.shape)} at "
                f"position {position} of the batch; use padded_batch for different lengths, or resize in map()"
            )
        if leaf.dtype != dtype:
            raise errors.DTypeError(
                f"{what}: all elements of a batch need one dtype; received {dtype}, then {leaf.dtype} at position "
                f"{position} of the batch; convert in the generator, or with map()"
            )
        joined[position] = leaf
    return joined
