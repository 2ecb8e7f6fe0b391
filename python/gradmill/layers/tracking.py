"""Finding a layer's variables, sublayers, metrics and seed generators in whatever is assigned to its attributes.

Order is that of assignment, as in Keras, because it is the order of `get_weights`. Lists, dictionaries and sets
assigned to an attribute are replaced by equal containers that report later additions.
"""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Iterator, SupportsIndex

from gradmill.symbolic import SymbolicTensor


class Tracker:
    """Sorts tracked values into lists by kind.

    Args:
        kinds: for each kind a test and the list that values passing it are appended to.
    """

    def __init__(self, kinds: dict[str, tuple[Callable[[Any], bool], list]]):
        self.kinds = kinds
        self.paused = False
        self._seen: dict[str, set[int]] = {kind: set() for kind in kinds}

    def track(self, value: Any) -> Any:
        """Record `value` and return it, or the container that replaces it."""
        if self.paused or isinstance(value, (str, int, float, bool, type(None), SymbolicTensor)):
            return value
        for kind, (test, _) in self.kinds.items():
            if test(value):
                self.add(kind, value)
                return value
        if type(value) is list:
            return TrackedList(value, self)
        if type(value) is dict:
            return TrackedDict(value, self)
        if type(value) is set:
            return TrackedSet(value, self)
        if isinstance(value, tuple):
            items = [self.track(each) for each in value]
            if all(new is old for new, old in zip(items, value)):
                return value
            return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
        return value

    def add(self, kind: str, value: Any) -> None:
        """Append `value` to the list of `kind` unless it is there."""
        if id(value) not in self._seen[kind]:
            self._seen[kind].add(id(value))
            self.kinds[kind][1].append(value)

    def untrack(self, value: Any) -> None:
        """Forget `value`; the rest keeps its order."""
        for kind, (_, store) in self.kinds.items():
            if id(value) in self._seen[kind]:
                self._seen[kind].discard(id(value))
                store[:] = [each for each in store if each is not value]

    def replace(self, kind: str, values: list) -> None:
        """Set the whole list of a kind, for models whose layers follow from a graph."""
        self._seen[kind] = {id(each) for each in values}
        self.kinds[kind][1][:] = values

    @contextlib.contextmanager
    def pause(self) -> Iterator[None]:
        """Assign attributes without tracking them."""
        before, self.paused = self.paused, True
        try:
            yield
        finally:
            self.paused = before


class TrackedList(list):
    """A list that reports what is added and removed."""

    def __init__(self, values: Any, tracker: Tracker):
        self._tracker = tracker
        super().__init__(tracker.track(each) for each in values)

    def append(self, value: Any) -> None:
        """Add one value at the end."""
        super().append(self._tracker.track(value))

    def insert(self, index: SupportsIndex, value: Any) -> None:
        """Add one value before `index`."""
        super().insert(index, self._tracker.track(value))

    def extend(self, values: Any) -> None:
        """Add several values at the end."""
        super().extend([self._tracker.track(each) for each in values])

    def __iadd__(self, values: Any) -> TrackedList:  # type: ignore[misc]
        self.extend(values)
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        removed = self[index] if isinstance(index, slice) else [self[index]]
        value = (
            [self._tracker.track(each) for each in value] if isinstance(index, slice) else self._tracker.track(value)
        )
        super().__setitem__(index, value)
        self._forget(removed)

    def __delitem__(self, index: Any) -> None:
        removed = self[index] if isinstance(index, slice) else [self[index]]
        super().__delitem__(index)
        self._forget(removed)

    def remove(self, value: Any) -> None:
        """Take out the first occurrence of a value."""
        super().remove(value)
        self._forget([value])

    def pop(self, index: Any = -1) -> Any:
        """Take out and return one value."""
        value = super().pop(index)
        self._forget([value])
        return value

    def clear(self) -> None:
        """Take out everything."""
        removed = list(self)
        super().clear()
        self._forget(removed)

    def _forget(self, removed: list) -> None:
        for each in removed:
            if not any(each is kept for kept in self):
                self._tracker.untrack(each)

    def __reduce__(self) -> Any:
        return list, (list(self),)


class TrackedDict(dict):
    """A dictionary that reports what is added and removed."""

    def __init__(self, values: Any, tracker: Tracker):
        self._tracker = tracker
        super().__init__({key: tracker.track(value) for key, value in values.items()})

    def __setitem__(self, key: Any, value: Any) -> None:
        if key in self and self[key] is not value:
            self._tracker.untrack(self[key])
        super().__setitem__(key, self._tracker.track(value))

    def __delitem__(self, key: Any) -> None:
        self._tracker.untrack(self[key])
        super().__delitem__(key)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Add several values."""
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """Add a value unless the key is there, and return what is."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: Any, *default: Any) -> Any:
        """Take out and return one value."""
        value = super().pop(key, *default)
        self._tracker.untrack(value)
        return value

    def clear(self) -> None:
        """Take out everything."""
        for key in list(self):
            del self[key]

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


class TrackedSet(set):
    """A set that reports what is added and removed."""

    def __init__(self, values: Any, tracker: Tracker):
        self._tracker = tracker
        super().__init__(tracker.track(each) for each in values)

    def add(self, value: Any) -> None:
        """Add one value."""
        super().add(self._tracker.track(value))

    def update(self, *others: Any) -> None:
        """Add several values."""
        for values in others:
            for each in values:
                self.add(each)

    def discard(self, value: Any) -> None:
        """Take out a value if it is there."""
        super().discard(value)
        self._tracker.untrack(value)

    def remove(self, value: Any) -> None:
        """Take out a value."""
        super().remove(value)
        self._tracker.untrack(value)

    def __reduce__(self) -> Any:
        return set, (set(self),)
