"""Where elements come from: arrays, ranges, generators."""

from __future__ import annotations

from typing import Any, Callable, Iterable, Optional

import numpy as np

from gradmill import errors
from gradmill.data import elements
from gradmill.data.stages import INFINITE, UNKNOWN, Node, Rows, Stage
from gradmill.data.stored import StoredArray
from gradmill.tracing import TensorSpec
from gradmill.utils import structure


class Slices(Node):
    """The rows of arrays."""

    def __init__(self, data: Any):
        named = [(path, leaf) for path, leaf in structure.flatten_with_paths(data) if leaf is not None]
        if not named:
            raise errors.ArgumentError("from_tensor_slices: expected at least one array; received none")
        lengths = []
        for path, leaf in named:
            label = "".join(f"[{key!r}]" for key in path) or "the value"
            if elements.is_dataset(leaf):
                raise errors.ArgumentError(
                    f"from_tensor_slices: expected arrays; {label} is a Dataset; use Dataset.zip to join data sets"
                )
            if not isinstance(leaf, (np.ndarray, StoredArray)) or leaf.ndim == 0:
                raise errors.ShapeError(
                    f"from_tensor_slices: expected arrays with at least one axis; {label} is a scalar; use "
                    "from_tensors for one element"
                )
            lengths.append((label, len(leaf)))
        if len({length for _, length in lengths}) > 1:
            received = ", ".join(f"{label} has {length}" for label, length in lengths)
            raise errors.ShapeError(f"from_tensor_slices: all arrays need one first size; received: {received}")
        self.rows: Rows = Rows(data)
        self.length = lengths[0][1]

    def spec(self) -> Any:
        return elements.map_leaves(
            lambda leaf: TensorSpec(leaf.shape[1:], leaf.dtype), elements.spec_of(self.rows.data)
        )

    def cardinality(self) -> int:
        return self.length

    def open(self) -> Stage:
        return CountingStage(range(self.length))


class Range(Node):
    """Integers at equal distances."""

    def __init__(self, numbers: range, dtype: str):
        self._numbers = numbers
        self._dtype = dtype

    def spec(self) -> Any:
        return TensorSpec((), self._dtype)

    def cardinality(self) -> int:
        return len(self._numbers)

    def open(self) -> Stage:
        return CountingStage(self._numbers, elements.numpy_dtype(self._dtype).type)


class Counter(Range):
    """Integers at equal distances without an end."""

    def __init__(self, start: int, step: int, dtype: str):
        super().__init__(range(start, 2**63 - 1 if step > 0 else -(2**63), step), dtype)

    def cardinality(self) -> int:
        return INFINITE


class CountingStage(Stage):
    """Numbers of a range, as Python integers or as scalars of a dtype."""

    def __init__(self, numbers: range, kind: Optional[Callable] = None):
        super().__init__()
        self._numbers = numbers
        self._kind = kind
        self._position = 0

    def __next__(self) -> Any:
        if self._position >= len(self._numbers):
            raise StopIteration
        number = self._numbers[self._position]
        self._position += 1
        return number if self._kind is None else self._kind(number)

    def next_items(self, count: int) -> list:
        numbers = self._numbers[self._position : self._position + count]
        self._position += len(numbers)
        return list(numbers) if self._kind is None else [self._kind(number) for number in numbers]

    def state(self) -> dict:
        return {"position": self._position}

    def restore(self, state: dict) -> None:
        self._position = int(state["position"])


class Items(Node):
    """Elements kept in a list."""

    def __init__(self, items: list):
        self._items = items

    def spec(self) -> Any:
        if not self._items:
            raise errors.ArgumentError("element_spec: a data set without elements has none")
        return elements.spec_of(self._items[0])

    def cardinality(self) -> int:
        return len(self._items)

    def open(self) -> Stage:
        return CountingStage(range(len(self._items)), self._items.__getitem__)


class Generated(Node):
    """What a Python generator yields.

    Args:
        generator: called once for each pass.
        args: its arguments.
        spec: structure of `TensorSpec`s; None when the first item decides.
    """

    def __init__(self, generator: Callable[..., Iterable], args: tuple, spec: Any):
        self._generator = generator
        self._args = args
        self.declared = spec

    def spec(self) -> Any:
        if self.declared is None:
            stage = self.open()
            try:
                next(stage)
            except StopIteration:
                raise errors.ArgumentError(
                    "element_spec: the generator yields nothing, so its elements are unknown; give output_signature"
                ) from None
            finally:
                stage.close()
        return self.declared

    def cardinality(self) -> int:
        return UNKNOWN

    def open(self) -> Stage:
        return GeneratedStage(self, self._generator, self._args)


class GeneratedStage(Stage):
    """One run of a generator, each item brought to what was declared."""

    def __init__(self, node: Generated, generator: Callable, args: tuple):
        super().__init__()
        self._node = node
        self._generator = generator
        self._args = args
        self._iterator: Any = None
        self._quick: Any = None
        self._position = 0

    def __next__(self) -> Any:
        if self._iterator is None:
            made = self._generator(*self._args)
            if not hasattr(made, "__iter__") and not hasattr(made, "__next__"):
                raise errors.ArgumentError(
                    f"from_generator: the function must return something to iterate over; received a "
                    f"{type(made).__name__}"
                )
            self._iterator = iter(made)
        item = next(self._iterator)
        self._position += 1
        if self._node.declared is None:
            element = elements.to_element(item)
            spec = elements.spec_of(element)
            # Sizes may differ from item to item (padded_batch joins them); dtypes and ranks may not.
            self._node.declared = elements.map_leaves(
                lambda leaf: TensorSpec((None,) * len(leaf.shape), leaf.dtype), spec
            )
        if self._quick is None:
            self._quick = quick_check(self._node.declared)
        element = self._quick(item)
        return _conform(item, self._node.declared, self._position - 1, "") if element is None else element

    def state(self) -> dict:
        return {"position": self._position}

    def restore(self, state: dict) -> None:
        """A generator has no position that could be set, so the items before it are made again."""
        for _ in range(int(state["position"])):
            next(self, None)

    def close(self) -> None:
        if hasattr(self._iterator, "close"):
            self._iterator.close()


def quick_check(spec: Any) -> Callable[[Any], Any]:
    """Return a function that gives the element for an item that is as declared, and None for one to look at closely."""
    if type(spec) is tuple:
        parts = [quick_check(part) for part in spec]

        def check_tuple(item: Any) -> Any:
            if type(item) is not tuple or len(item) != len(parts):
                return None
            found = []
            for part, value in zip(parts, item):
                leaf = part(value)
                if leaf is None:
                    return None
                found.append(leaf)
            return tuple(found)

        return check_tuple
    if not isinstance(spec, TensorSpec) or spec.dtype == elements.STRING:
        return lambda item: None
    dtype, shape = elements.numpy_dtype(spec.dtype), spec.shape
    rank = None if shape is None else len(shape)
    known = shape if shape is not None and None not in shape else None
    sizes = [(axis, size) for axis, size in enumerate(shape or ()) if size is not None]
    is_scalar = rank in (None, 0)
    kind = dtype.type
    python_type = {"i": int, "u": int, "f": float}.get(dtype.kind) if is_scalar else None
    limits: Any = np.iinfo(dtype) if dtype.kind in "iu" else None
    low, high = (-np.inf, np.inf) if limits is None else (int(limits.min), int(limits.max))

    def check_leaf(item: Any) -> Any:
        if isinstance(item, np.ndarray):
            if item.dtype != dtype:
                return None
            if known is not None:
                return item.copy() if item.shape == known else None
            fits = rank is None or item.ndim == rank
            return item.copy() if fits and all(item.shape[axis] == size for axis, size in sizes) else None
        if isinstance(item, (int, float)) and type(item) is python_type:
            return kind(item) if low <= item <= high else None
        return item if is_scalar and type(item) is kind else None

    return check_leaf


def _conform(value: Any, spec: Any, position: int, place: str) -> Any:
    """Return a value that a generator yielded as its spec says.

    Raises:
        ArgumentError, ShapeError, DTypeError: naming the item, what came and what was declared.
    """
    if isinstance(spec, tuple):
        if not isinstance(value, (tuple, list)) or len(value) != len(spec):
            raise errors.ArgumentError(
                f"from_generator: item {position}{place} must be a tuple of {len(spec)}; received {_describe(value)}"
            )
        items = [_conform(v, s, position, f"{place}[{i}]") for i, (v, s) in enumerate(zip(value, spec))]
        return type(spec)(*items) if hasattr(spec, "_fields") else tuple(items)
    if isinstance(spec, dict):
        if not isinstance(value, dict) or value.keys() != spec.keys():
            raise errors.ArgumentError(
                f"from_generator: item {position}{place} must be a dict with the keys {sorted(spec)}; received "
                f"{_describe(value)}"
            )
        return {key: _conform(value[key], spec[key], position, f"{place}[{key!r}]") for key in spec}
    if spec is None:
        return None
    leaf = _conform_leaf(value, spec, position, place)
    shape = leaf.shape if isinstance(leaf, (np.ndarray, np.generic)) else ()
    if spec.shape is not None and (
        len(shape) != len(spec.shape) or any(s is not None and s != size for s, size in zip(spec.shape, shape))
    ):
        raise errors.ShapeError(
            f"from_generator: item {position}{place} must have shape {spec.shape}; received {tuple(shape)}"
        )
    return leaf


def _conform_leaf(value: Any, spec: TensorSpec, position: int, place: str) -> Any:
    """Return an array of its own (generators may reuse theirs), of the dtype declared."""
    dtype = elements.numpy_dtype(spec.dtype)
    if type(value) is np.ndarray and value.dtype == dtype and dtype.kind != "O":
        return value.copy()
    try:
        leaf = elements.to_leaf(value)
        kind = "O" if isinstance(leaf, bytes) else leaf.dtype.kind
        if kind == "O" or dtype.kind == "O":
            if kind == dtype.kind:
                return leaf
        elif kind != "c" or dtype.kind == "c":
            # Python numbers are read anew, so that float64 gets all their digits.
            array = leaf if isinstance(leaf, (np.ndarray, np.generic)) and leaf is value else np.asarray(value)
            converted = np.array(array, dtype)
            if dtype.kind in "fc" or np.can_cast(array.dtype, dtype) or np.array_equal(converted, array):
                return converted if converted.ndim else converted[()]
    except (TypeError, OverflowError) as problem:
        raise errors.DTypeError(
            f"from_generator: item {position}{place} must be {spec.dtype}; received {_describe(value)}"
        ) from problem
    raise errors.DTypeError(
        f"from_generator: item {position}{place} must be {spec.dtype}; received {_describe(value)}, which "
        f"{spec.dtype} cannot hold"
    )


def _describe(value: Any) -> str:
    if isinstance(value, (np.ndarray, np.generic)):
        return f"{value.dtype} of shape {tuple(value.shape)}"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, dict):
        return f"a dict with the keys {sorted(value, key=str)}"
    return f"{value!r} ({type(value).__name__})"


def generator_spec(output_types: Any, output_shapes: Any, output_signature: Any) -> Any:
    """Return the spec that the arguments of `from_generator` declare, or None when they declare nothing.

    Raises:
        ArgumentError: when they contradict each other or are of a wrong kind.
    """
    if output_signature is not None:
        if output_types is not None or output_shapes is not None:
            raise errors.ArgumentError(
                "from_generator: give output_signature, or output_types and output_shapes; received both"
            )
        return _signature(output_signature)
    if output_types is None:
        if output_shapes is not None:
            raise errors.ArgumentError("from_generator: output_shapes needs output_types; received None")
        return None
    return _typed(output_types, output_shapes)


def _signature(signature: Any) -> Any:
    if isinstance(signature, (tuple, list)):
        return tuple(_signature(item) for item in signature)
    if isinstance(signature, dict):
        return {key: _signature(item) for key, item in signature.items()}
    if not hasattr(signature, "shape") or not hasattr(signature, "dtype"):
        raise errors.ArgumentError(
            f"from_generator: output_signature must be made of TensorSpec; received a {type(signature).__name__}"
        )
    return TensorSpec(_shape(signature.shape), elements.dtype_name(signature.dtype))


def _typed(types: Any, shapes: Any) -> Any:
    if isinstance(types, (tuple, list)):
        parts = [None] * len(types) if shapes is None else shapes
        if not isinstance(parts, (tuple, list)) or len(parts) != len(types):
            raise errors.ArgumentError(
                f"from_generator: output_shapes must have the structure of output_types; received {shapes!r}"
            )
        return tuple(_typed(item, shape) for item, shape in zip(types, parts))
    if isinstance(types, dict):
        return {key: _typed(item, None if shapes is None else shapes[key]) for key, item in types.items()}
    return TensorSpec(_shape(shapes), elements.dtype_name(types))


def _shape(shape: Any) -> Any:
    if shape is None:
        return None
    if hasattr(shape, "as_list"):
        shape = shape.as_list() if getattr(shape, "rank", 0) is not None else None
    return None if shape is None else tuple(shape)
