"""Transformations that remember: groups by key, buckets by length, what came before, a state."""

from __future__ import annotations

from typing import Any, Callable, Optional, Sequence, TypeVar

import numpy as np

from gradmill import errors
from gradmill.data import elements
from gradmill.data.arguments import check_callable
from gradmill.data.compiled import called
from gradmill.data.making import Made
from gradmill.data.sources import Items
from gradmill.data.stages import INFINITE, UNKNOWN, Node, Stage, check_count
from gradmill.data.transforming import first_element

_Kept = TypeVar("_Kept", bound="Grouped")


class Grouped(Made):
    """The methods of `Dataset` that remember."""

    def group_by_window(
        self: _Kept,
        key_func: Callable,
        reduce_func: Callable,
        window_size: Any = None,
        window_size_func: Optional[Callable] = None,
        name: Optional[str] = None,
    ) -> _Kept:
        """Return what `reduce_func` makes of elements with the same key, as soon as there are enough of them.

        Args:
            key_func: function of an element that returns an integer.
            reduce_func: function of a key and a data set of elements that returns a data set.
            window_size: how many elements it gets; at the end of the data also fewer.
            window_size_func: function of a key that returns that number, instead of `window_size`.
            name: not used.

        Raises:
            ArgumentError: both or neither of the sizes; while reading, a key that is no integer.

        Example:
            >>> import gradmill as gm
            >>> both = gm.data.Dataset.range(6).group_by_window(lambda x: x % 2, lambda key, group: group.batch(3), 3)
            >>> [x.numpy().tolist() for x in both]
            [[0, 2, 4], [1, 3, 5]]
        """
        if (window_size is None) == (window_size_func is None):
            raise errors.ArgumentError(
                "group_by_window: expected one of window_size and window_size_func; received "
                f"{'neither' if window_size is None else 'both'}"
            )
        for function in (key_func, reduce_func, *([window_size_func] if window_size_func else [])):
            check_callable("group_by_window", function)
        if window_size is not None:
            check_count("group_by_window", "window_size", window_size, 1)

        def size_of(key: int) -> int:
            if window_size_func is None:
                return int(window_size)
            return check_count("group_by_window", "window_size_func(key)", int(called(window_size_func, key)), 1)

        def reduced(key: int, group: list) -> Node:
            made = reduce_func(elements.to_tensors(np.int64(key)), type(self)(Group(group, self._node)))
            if not elements.is_dataset(made):
                raise errors.ArgumentError(
                    f"group_by_window: reduce_func must return a Dataset; received a {type(made).__name__}"
                )
            return made._node

        return type(self)(Groups(self._node, key_func, size_of, reduced))

    def bucket_by_sequence_length(
        self: _Kept,
        element_length_func: Callable,
        bucket_boundaries: Sequence[int],
        bucket_batch_sizes: Sequence[int],
        padded_shapes: Any = None,
        padding_values: Any = None,
        pad_to_bucket_boundary: bool = False,
        no_padding: bool = False,
        drop_remainder: bool = False,
        name: Optional[str] = None,
    ) -> _Kept:
        """Return padded batches of elements whose lengths are near each other.

        Args:
            element_length_func: function of an element that returns its length.
            bucket_boundaries: rising lengths at which a new bucket begins.
            bucket_batch_sizes: elements of a batch of each bucket, one more than there are boundaries.
            padded_shapes, padding_values: as in `padded_batch`.
            pad_to_bucket_boundary: give a batch the largest length of its bucket. No element may be as long as the
                last boundary then.
            no_padding: put together elements of one size without padding.
            drop_remainder: whether smaller batches at the end are left out.
            name: not used.

        Raises:
            ArgumentError: another number of sizes, or both kinds of padding; while reading, an element that is too
                long.

        Example:
            >>> import gradmill as gm
            >>> lists = gm.data.Dataset.range(1, 6).map(lambda n: gm.ops.ones((int(n),), "int32"))
            >>> batches = lists.bucket_by_sequence_length(lambda x: x.shape[0], [3], [2, 2])
            >>> [tuple(x.shape) for x in batches]
            [(2, 2), (2, 4), (1, 5)]
        """
        who = "bucket_by_sequence_length"
        borders, sizes = [int(each) for each in bucket_boundaries], [int(each) for each in bucket_batch_sizes]
        if len(sizes) != len(borders) + 1 or min(sizes) < 1 or borders != sorted(borders):
            raise errors.ArgumentError(
                f"{who}: expected rising bucket_boundaries and one batch size more; received {borders} and {sizes}"
            )
        if no_padding and pad_to_bucket_boundary:
            raise errors.ArgumentError(f"{who}: expected no_padding or pad_to_bucket_boundary; received both")
        check_callable(who, element_length_func)

        def bucket_of(*element: Any) -> np.int64:
            length = int(np.asarray(element_length_func(*element)))
            bucket = int(np.searchsorted(borders, length, side="right"))
            if pad_to_bucket_boundary and bucket == len(borders):
                raise errors.ArgumentError(
                    f"{who}: expected lengths below {borders[-1]} with pad_to_bucket_boundary; received {length}"
                )
            return np.int64(bucket)

        def batched(key: Any, group: Any) -> Any:
            size = sizes[int(key)]
            if no_padding:
                return group.batch(size, drop_remainder=drop_remainder)
            shapes = padded_shapes
            if pad_to_bucket_boundary:
                shapes = _open_shapes(group._node, element_length_func) if shapes is None else shapes
                shapes = _filled(shapes, borders[int(key)] - 1)
            return group.padded_batch(size, shapes, padding_values, drop_remainder=drop_remainder)

        return self.group_by_window(bucket_of, batched, window_size_func=lambda key: sizes[int(key)])

    def unique(self: _Kept, name: Optional[str] = None) -> _Kept:
        """Return each value once, where it comes first. Elements are numbers or text.

        Raises:
            ArgumentError: while reading, elements with axes or several parts.

        Example:
            >>> import gradmill as gm
            >>> [int(x) for x in gm.data.Dataset.from_tensor_slices([3, 1, 3, 2]).unique()]
            [3, 1, 2]
        """
        return type(self)(Unique(self._node))

    def scan(self: _Kept, initial_state: Any, scan_func: Callable, name: Optional[str] = None) -> _Kept:
        """Return the outputs of a function that hands a state on from element to element.

        Args:
            initial_state: value, or tuples and dicts of values.
            scan_func: function of a state and an element that returns the next state and an output.
            name: not used.

        Raises:
            ArgumentError: while reading, a function that returns no pair.

        Example:
            >>> import gradmill as gm
            >>> [int(x) for x in gm.data.Dataset.range(5).scan(10, lambda state, x: (state + x, state))]
            [10, 10, 11, 13, 16]
        """
        check_callable("scan", scan_func)
        return type(self)(Scan(self._node, elements.to_element(initial_state), scan_func))


def _open_shapes(group: Group, length_of: Callable) -> Any:
    """Return shapes for all elements of a group, None where sizes differ from element to element."""
    spec = group.spec()
    if not group.describes_first:
        return elements.map_leaves(lambda leaf: tuple(leaf.shape), spec)
    lengths = [int(np.asarray(called(length_of, item))) for item in group.items]

    def shape_of(leaves: list) -> tuple:
        described, shapes = leaves[0].shape, [np.shape(leaf) for leaf in leaves[1:]]
        largest = tuple(map(max, zip(*shapes)))
        changing = {
            axis for axis, size in enumerate(largest) if any(each[axis : axis + 1] != (size,) for each in shapes)
        }
        if described is not None and len(described) == len(largest):
            changing |= {axis for axis, size in enumerate(described) if size != largest[axis]}
        if not changing:
            # All are like the first element, as far as one sees: the axis that is as long as they are.
            fits = [axis for axis in range(len(largest)) if all(each[axis] == n for each, n in zip(shapes, lengths))]
            changing = set(fits[:1])
        return tuple(None if axis in changing else size for axis, size in enumerate(largest))

    return elements.combine([spec, *group.items], shape_of, "bucket_by_sequence_length")


def _filled(shapes: Any, size: int) -> Any:
    """Return padded shapes with a size in place of those that are open."""
    if isinstance(shapes, dict):
        return {key: _filled(each, size) for key, each in shapes.items()}
    if isinstance(shapes, tuple) and any(isinstance(each, (tuple, list, dict)) for each in shapes):
        return tuple(_filled(each, size) for each in shapes)
    return tuple(size if each in (None, -1) else each for each in shapes)


class Group(Items):
    """Elements of one key, described like all elements."""

    def __init__(self, items: list, source: Node):
        super().__init__(items)
        self.items = items
        self._source = source

    def spec(self) -> Any:
        spec = self._source.spec()
        self.describes_first = any(node.describes_first for node in self._source.walk())
        return spec


class Groups(Node):
    """What is made of elements with the same key; `size_of` a key says of how many, `reduced` makes it."""

    describes_first = True

    def __init__(self, source: Node, key: Callable, size_of: Callable, reduced: Callable):
        self.inputs = (source,)
        self._key, self.size_of, self.reduced = key, size_of, reduced

    def key_of(self, item: Any) -> int:
        """Return the key of an element.

        Raises:
            ArgumentError: a function that returns something else than an integer.
        """
        answer = np.asarray(called(self._key, item))
        if answer.size != 1 or answer.dtype.kind not in "iu":
            raise errors.ArgumentError(
                f"group_by_window: key_func must return one integer; received {answer.dtype} of shape {answer.shape}"
            )
        return int(answer)

    def spec(self) -> Any:
        first = first_element(self.inputs[0])
        return self.reduced(self.key_of(first), [first]).spec()

    def cardinality(self) -> int:
        known = self.inputs[0].cardinality()
        return known if known in (0, INFINITE) else UNKNOWN

    def open(self) -> Stage:
        return GroupsStage(self)


class GroupsStage(Stage):
    """A pass over groups: those that wait for further elements, and what was made and not read yet."""

    def __init__(self, node: Groups):
        super().__init__(node.inputs[0].open_elements())
        self._node = node
        self._groups: dict[int, list] = {}
        self._made: list = []

    def __next__(self) -> Any:
        node = self._node
        while not self._made:
            try:
                item = next(self.upstream)
            except StopIteration:
                if not self._groups:
                    raise
                self._reduce(min(self._groups))  # what is left comes by its keys
                continue
            key = node.key_of(item)
            group = self._groups.setdefault(key, [])
            group.append(item)
            if len(group) == node.size_of(key):
                self._reduce(key)
        return self._made.pop(0)

    def _reduce(self, key: int) -> None:
        self._made = list(self._node.reduced(key, self._groups.pop(key)).open_elements())

    def state(self) -> dict:
        groups = [{"key": key, "items": list(items)} for key, items in self._groups.items()]
        return {**super().state(), "groups": groups, "made": list(self._made)}

    def restore(self, state: dict) -> None:
        super().restore(state)
        self._groups = {int(each["key"]): list(each["items"]) for each in state["groups"]}
        self._made = list(state["made"])


class Unique(Node):
    """The first of each value."""

    def __init__(self, source: Node):
        self.inputs = (source,)

    def cardinality(self) -> int:
        return 0 if self.inputs[0].cardinality() == 0 else UNKNOWN

    def open(self) -> Stage:
        return UniqueStage(self.inputs[0].open_elements())


class UniqueStage(Stage):
    """A pass over values that did not come before."""

    def __init__(self, upstream: Stage):
        super().__init__(upstream)
        self._seen: dict[Any, None] = {}

    def __next__(self) -> Any:
        while True:
            item = next(self.upstream)
            value = (
                np.asarray(item).item() if isinstance(item, (np.ndarray, np.generic)) and np.size(item) == 1 else item
            )
            if isinstance(value, (tuple, dict, np.ndarray)) or np.ndim(item):
                raise errors.ArgumentError(
                    f"unique: expected elements that are single numbers or text; received {elements.outline(item)}"
                )
            if value not in self._seen:
                self._seen[value] = None
                return item

    def state(self) -> dict:
        return {**super().state(), "seen": list(self._seen)}

    def restore(self, state: dict) -> None:
        super().restore(state)
        self._seen = dict.fromkeys(state["seen"])


class Scan(Node):
    """Outputs of a function that hands a state on."""

    describes_first = True

    def __init__(self, source: Node, initial: Any, function: Callable):
        self.inputs = (source,)
        self.initial, self.function = initial, function

    def spec(self) -> Any:
        return elements.spec_of(first_element(self))

    def open(self) -> Stage:
        return ScanStage(self)


class ScanStage(Stage):
    """A pass with a state."""

    def __init__(self, node: Scan):
        super().__init__(node.inputs[0].open_elements())
        self._node, self._state = node, node.initial

    def __next__(self) -> Any:
        item = next(self.upstream)
        made = self._node.function(elements.to_tensors(self._state), elements.to_tensors(item))
        if not isinstance(made, (tuple, list)) or len(made) != 2:
            raise errors.ArgumentError(
                f"scan: scan_func must return the next state and an output; received {elements.outline(made)}"
            )
        self._state = elements.to_element(made[0])
        return elements.to_element(made[1])

    def state(self) -> dict:
        return {**super().state(), "state": self._state}

    def restore(self, state: dict) -> None:
        super().restore(state)
        self._state = state["state"]
