"""Where each layer and optimizer keeps its variables in a weight file of Keras 3.

A model is walked by attributes: a layer found at attribute `encoder` has its variables in group "encoder/vars", one
found in a list or dictionary `blocks` in "blocks/<class name>", "blocks/<class name>_1", ... . Sequential and
functional models start with their `layers`. Attributes that the base classes use themselves are left out; public names
come first, in alphabetical order, then those with an underscore. An object found twice is kept where it came first.
Two models of equal structure so give equal paths, whatever their layers are called.

Source: `keras.saving` of Keras 3.15 (2025), whose files this reads and writes.
"""

from __future__ import annotations

import functools
import warnings
from typing import Any, Callable, Dict, FrozenSet, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

import numpy as np

from gradmill.errors import ArgumentError
from gradmill.layers.base import Layer
from gradmill.models.functional import Functional
from gradmill.models.model import Model
from gradmill.models.sequential import Sequential
from gradmill.optimizers import Optimizer
from gradmill.saving.hdf5 import Group, Hdf5File
from gradmill.symbolic import to_snake_case

# Keras 2.13 wrote layers here.
_OLD_LAYERS_GROUP = "_layer_checkpoint_dependencies"

Failures = Dict[int, Tuple[Any, Exception]]


class VariableStore(Mapping[str, np.ndarray]):
    """The variables of one object in a file: what `load_own_variables` reads."""

    def __init__(self, group: Optional[Group]):
        self._group = group

    def __getitem__(self, key: str) -> np.ndarray:
        if self._group is None or key not in self._group.members:
            raise KeyError(f"variable {key!r}: not in the file, which has {sorted(self) or 'none'} for this layer")
        return self._group.dataset(key).numpy()

    def __iter__(self) -> Iterator[str]:
        return iter(() if self._group is None else self._group.members)

    def __len__(self) -> int:
        return 0 if self._group is None else len(self._group.members)


class NewVariableStore:
    """The variables of one object to be written: what `save_own_variables` fills."""

    def __init__(self, file: Hdf5File, path: str):
        self._file = file
        self._path = path

    def __setitem__(self, key: str, value: Any) -> None:
        self._file.write(f"{self._path}/{key}", value)


def has_state(value: Any) -> bool:
    """True for what has variables of its own in a file: layers, models and optimizers."""
    return isinstance(value, (Layer, Optimizer))


@functools.cache
def _reserved_names(cls: type) -> FrozenSet[str]:
    """Names of attributes that the base classes of `cls` use for themselves."""
    if issubclass(cls, Optimizer):
        return frozenset(dir(Optimizer(0.1)))
    reserved = set(dir(Layer(name="reference")))
    if issubclass(cls, Model):
        reserved.update(dir(Model(name="reference")))
    if issubclass(cls, Sequential):
        reserved.update(dir(Sequential(name="reference")))
    if issubclass(cls, Functional):
        reserved.update(dir(Functional))
    return frozenset(reserved - {"layers", "optimizer"})


def named_children(value: Any) -> Iterator[Tuple[str, Any]]:
    """Yield the attributes of a layer or optimizer that its base classes do not use themselves, with their names."""
    if isinstance(value, (Sequential, Functional)):
        yield "layers", value.layers
    reserved = _reserved_names(type(value))  # type: ignore[arg-type]
    for name in sorted(dir(value), key=lambda each: f"~{each}" if each.startswith("_") else each):
        if name.startswith("__") or name in reserved:
            continue
        try:
            child = getattr(value, name)
        except Exception:  # a user's property may raise anything; it then has no state to keep
            continue
        yield name, child


def _named_items(container: Any) -> Iterator[Tuple[str, Any]]:
    """Yield the saveable objects and containers in a container with the names they get in a file."""
    counts: Dict[str, int] = {}
    for value in list(container.values()) if isinstance(container, dict) else container:
        if has_state(value):
            name = to_snake_case(type(value).__name__)
        elif isinstance(value, (list, dict, tuple)):
            name = "container"
        else:
            continue
        count = counts.get(name, -1) + 1
        counts[name] = count
        yield (f"{name}_{count}" if count else name), value


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


class _Walk:
    """One walk over a model; what `object` does with each part differs."""

    def __init__(self) -> None:
        self.visited: Set[int] = set()

    def object(self, value: Any, path: str) -> None:
        raise NotImplementedError

    def children(self, value: Any, path: str) -> None:
        for name, child in named_children(value):
            if has_state(child):
                self.object(child, _join(path, name))
            elif isinstance(child, (list, dict, tuple)):
                self.container(child, _join(path, name), set())

    def container(self, container: Any, path: str, seen: Set[int]) -> None:
        if id(container) in seen:
            return
        seen.add(id(container))
        for name, value in _named_items(container):
            if has_state(value):
                self.object(value, _join(path, name))
            else:
                self.nested(value, _join(path, name), seen)

    def nested(self, container: Any, path: str, seen: Set[int]) -> None:
        self.container(container, path, seen)


class _Save(_Walk):
    def __init__(self, file: Hdf5File, prefix: str):
        super().__init__()
        self._file = file
        self._prefix = prefix

    def object(self, value: Any, path: str) -> None:
        if id(value) in self.visited:
            return
        self.visited.add(id(value))
        group = f"{self._prefix}/{_join(path, 'vars')}"
        self._file.make_group(group)
        if isinstance(getattr(value, "name", None), str):
            self._file.set_attribute(group, "name", value.name)
        value.save_own_variables(NewVariableStore(self._file, group))
        self.children(value, path)


class _Find(_Walk):
    def __init__(self, method: str):
        super().__init__()
        self._method = method
        self.found: List[Tuple[str, Any]] = []

    def object(self, value: Any, path: str) -> None:
        if id(value) in self.visited:
            return
        self.visited.add(id(value))
        if hasattr(value, self._method):
            self.found.append((path, value))
        self.children(value, path)


def objects_with(model: Any, method: str) -> List[Tuple[str, Any]]:
    """Return the layers of a model that have a method, the model among them, with their paths in a file.

    Args:
        model: a model or layer.
        method: name of the method.
    """
    walk = _Find(method)
    walk.object(model, "")
    return walk.found


class _Load(_Walk):
    def __init__(self, root: Group):
        super().__init__()
        self._root = root
        self.failures: Failures = {}

    def object(self, value: Any, path: str) -> None:
        if id(value) in self.visited:
            return
        failed = False
        store = self._store(path)
        try:
            unused = isinstance(value, Optimizer) and assign_unused_optimizer(value, list(store.values()))
            if not unused:
                value.load_own_variables(store)
        except Exception as error:  # a user's load_own_variables may raise anything; all are reported together
            # An object may be met at several places; the one where the file has variables says most.
            if len(store) or id(value) not in self.failures:
                self.failures[id(value)] = (value, error)
            failed = True
        before = len(self.failures)
        self.children(value, path)
        if failed:
            return
        # What failed below is tried again if the object is met at another place.
        if len(self.failures) <= before:
            self.visited.add(id(value))
        self.failures.pop(id(value), None)

    def nested(self, container: Any, path: str, seen: Set[int]) -> None:
        if self._root.find(path) is not None:
            self.container(container, path, seen)
            return
        # Files of Keras before 3.14 lack containers inside containers; their layers keep the values they have.
        outer, self.failures = self.failures, {}
        self.container(container, path, seen)
        missing, self.failures = self.failures, outer
        if missing:
            names = ", ".join(_describe(value) for value, _ in missing.values())
            warnings.warn(f"{path}: not in the file; these layers keep their values: {names}", stacklevel=2)

    def _store(self, path: str) -> VariableStore:
        found = self._root.find(_join(path, "vars"))
        if found is None and _OLD_LAYERS_GROUP in self._root.members:
            found = self._root.find(_join(path.replace("layers", _OLD_LAYERS_GROUP), "vars"))
        return VariableStore(found if isinstance(found, Group) else None)


def assign_unused_optimizer(optimizer: Optimizer, stored: Sequence[np.ndarray]) -> bool:
    """Give an optimizer the state it had before its first step: a step count, perhaps a learning rate.

    Compiling a loaded model makes the slots beside them, so the file has fewer variables than the optimizer.

    Returns:
        False, with nothing done, when `stored` is not of that kind.
    """
    fits = 0 < len(stored) < len(optimizer.variables) and all(each.shape == () for each in stored)
    if fits:
        for variable, each in zip(optimizer.variables, stored):
            variable.assign(each)
    return fits


def _describe(value: Any) -> str:
    return f"{getattr(value, 'name', '?')} ({type(value).__name__})"


def save_state(model: Any, file: Hdf5File, prefix: str = "") -> None:
    """Write all variables of a model, and of its optimizer if it has one."""
    _Save(file, prefix).object(model, "")


def load_state(model: Any, root: Group, label: str, skip_mismatch: bool = False) -> None:
    """Read all variables of a model, and of its optimizer if it has one.

    Args:
        model: a built model.
        root: the file.
        label: names the file in messages.
        skip_mismatch: warn about layers whose variables are missing or of another shape, instead of raising.

    Raises:
        ArgumentError: variables that do not fit; the message names every layer.
    """
    walk = _Load(root)
    walk.object(model, "")
    if not walk.failures:
        return
    _report(list(walk.failures.values()), label, _raise_error if not skip_mismatch else _warn)


def _raise_error(message: str) -> None:
    raise ArgumentError(message)


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=4)


def _report(failures: List[Tuple[Any, Exception]], label: str, say: Callable[[str], None]) -> None:
    value, error = failures[0]
    names = ", ".join(_describe(each) for each, _ in failures[:20])
    say(
        f"{label}: expected the variables of this model; received others for {len(failures)} of its parts ({names}); "
        f"the first, {_describe(value)}, says: {error}; use the file of the same model, or skip_mismatch=True"
    )
