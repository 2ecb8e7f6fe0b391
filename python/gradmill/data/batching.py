"""Nodes that put elements together and take them apart."""

from __future__ import annotations

from itertools import islice
from typing import Any, Callable, Optional

import numpy as np

from gradmill import errors
from gradmill.data import elements
from gradmill.data.stages import UNKNOWN, Node, Stage
from gradmill.tracing import TensorSpec
from gradmill.utils import structure


class Batch(Node):
    """Consecutive elements as one, joined by `join(items)`."""

    def __init__(self, source: Node, size: int, drop_remainder: bool, join: Optional[Callable] = None):
        self.inputs = (source,)
        self.size = size
        self.drop = drop_remainder
        self._join = join

    def spec(self) -> Any:
        return elements.batched_spec(self.inputs[0].spec(), self.size if self.drop else None)

    def cardinality(self) -> int:
        known = self.inputs[0].cardinality()
        if known < 0:
            return known
        return known // self.size if self.drop else -(-known // self.size)

    def open(self) -> Stage:
        source = self.inputs[0]
        if self._join is not None:
            return BatchStage(source.open_elements(), self.size, self.drop, self._join)
        join = elements.stack if source.rows is None else source.rows.gather
        return BatchStage(source.open(), self.size, self.drop, join)


class BatchStage(Stage):
    """A pass over batches."""

    def __init__(self, upstream: Stage, size: int, drop_remainder: bool, join: Callable):
        super().__init__(upstream)
        self._size = size
        self._drop = drop_remainder
        self._join = join

    def __next__(self) -> Any:
        batch = self.upstream.next_joined(self._size, self._size if self._drop else 1, self._join)
        if batch is None:
            raise StopIteration
        return batch


class PaddedBatch(Batch):
    """Batches of elements made equally large."""

    def __init__(self, source: Node, size: int, drop_remainder: bool, shapes: Any, values: Any):
        super().__init__(source, size, drop_remainder, self._pad)
        self._shapes = shapes
        self._values = values

    def spec(self) -> Any:
        def padded(spec: Any, shape: Any, value: Any) -> Any:
            if spec is None:
                return None
            sizes = _sizes(shape)
            if sizes is None:
                sizes = None if spec.shape is None else (None,) * len(spec.shape)
            return TensorSpec(sizes, spec.dtype)

        inner = _with_settings(self.inputs[0].spec(), self._shapes, self._values, padded)
        return elements.batched_spec(inner, self.size if self.drop else None)

    def _pad(self, items: list) -> Any:
        first = items[0]
        if isinstance(first, (tuple, dict)):
            elements.same_keys(items, "padded_batch")
        leaves = zip(*(structure.flatten(item) for item in items))
        return _with_settings(
            first, self._shapes, self._values, lambda _, shape, value: _pad_leaves(list(next(leaves)), shape, value)
        )


def _with_settings(element: Any, shapes: Any, values: Any, function: Callable) -> Any:
    """Return the element with `function(leaf, shape, value)` in place of each leaf, in flattened order.

    Raises:
        ArgumentError: when padded_shapes or padding_values are not structured like the element.
    """
    if not isinstance(element, (tuple, dict)):
        return function(element, shapes, values)
    keys = structure.ordered_keys(element) if isinstance(element, dict) else list(range(len(element)))
    for name, setting in (("padded_shapes", shapes), ("padding_values", values)):
        if setting is None or (name == "padding_values" and not isinstance(setting, (tuple, list, dict))):
            continue
        kind_fits = isinstance(setting, dict) == isinstance(element, dict) and hasattr(setting, "__len__")
        if not kind_fits or len(setting) != len(keys) or (isinstance(setting, dict) and set(setting) != set(keys)):
            raise errors.ArgumentError(
                f"padded_batch: {name} must be structured like the elements, {structure.skeleton(element)}; received "
                f"{setting!r}"
            )
    found = {
        key: _with_settings(
            element[key],
            None if shapes is None else shapes[key],
            values[key] if isinstance(values, (tuple, list, dict)) else values,
            function,
        )
        for key in keys
    }
    if isinstance(element, dict):
        return {key: found[key] for key in element}
    items = [found[key] for key in keys]
    return type(element)(*items) if hasattr(element, "_fields") else tuple(items)


def _sizes(shape: Any) -> Optional[tuple]:
    """Return a padded shape with None for "as long as the longest"."""
    if shape is None:
        return None
    if hasattr(shape, "as_list"):
        shape = shape.as_list()
    return tuple(None if size is None or size == -1 else int(size) for size in shape)


def _pad_leaves(leaves: list, shape: Any, value: Any) -> Any:
    if leaves[0] is None:
        return None
    if isinstance(leaves[0], bytes) or elements.is_dataset(leaves[0]):  # the latter are refused there
        return elements.stack_leaves(leaves, "padded_batch")
    shapes = [leaf.shape for leaf in leaves]
    rank = len(shapes[0])
    if any(len(each) != rank for each in shapes):
        raise errors.ShapeError(f"padded_batch: all elements need one rank; received shapes {sorted(set(shapes))}")
    largest = [max(sizes) for sizes in zip(*shapes)]
    wanted = _sizes(shape)
    if wanted is not None:
        if len(wanted) != rank:
            raise errors.ShapeError(f"padded_batch: padded_shapes {wanted} has another rank than the shape {shapes[0]}")
        too_small = any(size is not None and size < most for size, most in zip(wanted, largest))
        if too_small:
            raise errors.ShapeError(
                f"padded_batch: padded_shapes must be as large as the elements; received {wanted}, and an element "
                f"of sizes up to {tuple(largest)}"
            )
        largest = [most if size is None else size for size, most in zip(wanted, largest)]
    dtype = leaves[0].dtype
    if value is None:
        value = b"" if dtype.kind == "O" else 0
    elif dtype.kind == "O":
        value = elements.to_leaf(value)
    padded = np.full((len(leaves), *largest), value, dtype)
    for position, leaf in enumerate(leaves):
        if leaf.dtype != dtype:
            raise errors.DTypeError(
                f"padded_batch: all elements of a batch need one dtype; received {dtype}, then {leaf.dtype}"
            )
        place: Any = (position, *(slice(size) for size in leaf.shape))
        padded[place] = leaf
    return padded


class Unbatch(Node):
    """The rows of each element."""

    def __init__(self, source: Node):
        self.inputs = (source,)

    def spec(self) -> Any:
        return elements.map_leaves(
            lambda leaf: TensorSpec(None if leaf.shape is None else leaf.shape[1:], leaf.dtype), self.inputs[0].spec()
        )

    def cardinality(self) -> int:
        known = self.inputs[0].cardinality()
        return known if known <= 0 and known != UNKNOWN else UNKNOWN

    def open(self) -> Stage:
        return UnbatchStage(self.inputs[0].open_elements())


class UnbatchStage(Stage):
    """A pass over rows."""

    def __init__(self, upstream: Stage):
        super().__init__(upstream)
        self._element: Any = None
        self._row = self._length = 0

    def __next__(self) -> Any:
        while self._row >= self._length:
            self._take(next(self.upstream), 0)
        row = self._row
        self._row += 1
        return elements.map_leaves(lambda leaf: leaf[row], self._element)

    def _take(self, element: Any, row: int) -> None:
        leaves = [leaf for leaf in structure.flatten(element) if leaf is not None]
        shapes = [np.shape(leaf) for leaf in leaves]
        if any(len(shape) == 0 for shape in shapes) or len({shape[0] for shape in shapes}) != 1:
            raise errors.ShapeError(
                f"unbatch: all parts of an element need one first size; received {elements.outline(element)}"
            )
        self._element, self._row, self._length = element, row, shapes[0][0]

    def state(self) -> dict:
        return {**super().state(), "element": self._element, "row": self._row}

    def restore(self, state: dict) -> None:
        super().restore(state)
        if state["element"] is not None:
            self._take(state["element"], int(state["row"]))


class Window(Node):
    """Each run of `size` elements, as data sets made by `wrap(list of leaves)`."""

    def __init__(self, source: Node, size: int, shift: int, stride: int, drop_remainder: bool, wrap: Callable):
        self.inputs = (source,)
        self.size, self.shift, self.stride = size, shift, stride
        self.drop_remainder = drop_remainder
        self.wrap = wrap

    def cardinality(self) -> int:
        known = self.inputs[0].cardinality()
        if known < 0:
            return known
        if not self.drop_remainder:
            return -(-known // self.shift)
        return max(0, (known - (self.size - 1) * self.stride - 1) // self.shift + 1)

    def open(self) -> Stage:
        return WindowStage(self)


class WindowStage(Stage):
    """A pass over windows."""

    def __init__(self, node: Window):
        super().__init__(node.inputs[0].open_elements())
        self._node = node
        self._buffer: list = []

    def __next__(self) -> Any:
        node = self._node
        span = (node.size - 1) * node.stride + 1
        self._buffer.extend(islice(self.upstream, max(0, span - len(self._buffer))))
        if not self._buffer or (node.drop_remainder and len(self._buffer) < span):
            raise StopIteration
        window = self._buffer[: span : node.stride]
        gap = node.shift - len(self._buffer)
        del self._buffer[: node.shift]
        if gap > 0:
            self.upstream.next_items(gap)
        return elements.combine(window, node.wrap, "window")

    def state(self) -> dict:
        return {**super().state(), "buffer": list(self._buffer)}

    def restore(self, state: dict) -> None:
        super().restore(state)
        self._buffer = list(state["buffer"])
