"""What a checkpoint holds of each object, and how the objects below it are called.

An object's own state is plain: arrays, numbers, text, and lists and dicts of them. The objects form a graph whose edges
are attributes, keys and positions; the walk over it names each object by the shortest path that leads there, and
remembers the other paths as its aliases, so that a model reached as `net` and as `trainer/net` is found by either.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import numpy as np

from gradmill.layers import Layer
from gradmill.metrics import Metric
from gradmill.optimizers import MultiOptimizer, Optimizer
from gradmill.random import SeedGenerator
from gradmill.saving.state_tree import named_children
from gradmill.utils.state_file import array_of
from gradmill.variable import Variable


class Kind:
    """How objects of one kind are stored.

    Args:
        save: returns the state.
        load: sets it; what it raises says why the state does not fit.
        problem: returns why a stored state does not fit, or None; called before anything is changed.
        children: yields names and objects below.
    """

    def __init__(
        self,
        save: Optional[Callable[[Any], Any]] = None,
        load: Optional[Callable[[Any, Any], None]] = None,
        problem: Callable[[Any, Any], Optional[str]] = lambda value, stored: None,
        children: Callable[[Any], Iterator[Tuple[str, Any]]] = lambda value: iter(()),
    ):
        self.save, self.load, self.problem, self.children = save, load, problem, children


def shape_problem(variable: Variable, stored: Any) -> Optional[str]:
    """Return what is wrong when an array cannot be assigned to a variable."""
    if not isinstance(stored, np.ndarray):
        return f"{variable.path} is a variable, the checkpoint has a {type(stored).__name__} there"
    if tuple(variable.shape) != stored.shape:
        return f"{variable.path} has shape {tuple(variable.shape)}, the checkpoint {stored.shape}"
    return None


def own_variables(value: Any) -> List[Variable]:
    """Return the variables that belong to a layer, optimizer or metric itself, in the order they were made."""
    if isinstance(value, Layer):
        return [*value._trainable_variables, *value._non_trainable_variables]
    return list(value._variables)


def has_all(value: Any) -> bool:
    """Whether an object makes no further variables when it is first used."""
    # Metrics have no flag: some make their variables with the first batch, all at once.
    return bool(own_variables(value)) if isinstance(value, Metric) else value.built


def _list_problem(value: Any, stored: Any) -> Optional[str]:
    own = own_variables(value)
    label = f"{getattr(value, 'name', '?')} ({type(value).__name__})"
    if not isinstance(stored, list):
        return f"{label} has {len(own)} variables, the checkpoint something else than a list"
    # Saved before the first step, an optimizer has a step count and a learning rate.
    unused = isinstance(value, Optimizer) and len(stored) < len(own) and all(each.shape == () for each in stored)
    if len(stored) != len(own) and has_all(value) and not unused:
        return f"{label} has {len(own)} variables, the checkpoint {len(stored)}"
    return next(filter(None, map(shape_problem, own, stored)), None)


def _load_list(value: Any, stored: List[np.ndarray]) -> None:
    for variable, array in zip(own_variables(value), stored):
        variable.assign(array)


def _in_list(value: Any) -> List[np.ndarray]:
    return [array_of(variable) for variable in own_variables(value)]


def _below_layer(value: Any) -> Iterator[Tuple[str, Any]]:
    """Attributes but for the layer's variables, which are its own state, and lists of them."""
    for name, child in named_children(value):
        items = list(_items(child)) if isinstance(child, (list, tuple, dict)) else [(name, child)]
        if any(not isinstance(item, Variable) for _, item in items):
            yield name, child


def _inner_optimizers(value: Any) -> Iterator[Tuple[str, Any]]:
    if isinstance(value, MultiOptimizer):
        return _items(value.optimizers)
    return ((name, child) for name, child in named_children(value) if isinstance(child, Optimizer))


def _items(value: Any) -> Iterator[Tuple[str, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return ((str(key), child) for key, child in pairs)


def _set_generator(value: np.random.Generator, stored: Any) -> None:
    value.bit_generator.state = stored


_VARIABLE = Kind(array_of, lambda value, stored: value.assign(stored), shape_problem)
_LAYER = Kind(_in_list, _load_list, _list_problem, _below_layer)
_OPTIMIZER = Kind(_in_list, _load_list, _list_problem, _inner_optimizers)
_METRIC = Kind(_in_list, _load_list, _list_problem, lambda value: _items(value._metrics))
_SEEDS = Kind(
    lambda value: array_of(value.state),
    lambda value, stored: value.state.assign(stored),
    lambda value, stored: shape_problem(value.state, stored),
)
_GENERATOR = Kind(lambda value: value.bit_generator.state, _set_generator)
_POSITION = Kind(lambda value: value.get_state(), lambda value, stored: value.set_state(stored))
_CONTAINER = Kind(children=_items)
_GROUP = Kind(children=lambda value: value._checkpoint_children())


def kind_of(value: Any) -> Optional[Kind]:
    """Return how an object is stored, or None for what has no state: numbers, text, functions."""
    if isinstance(value, (str, bytes, int, float, type(None), type, np.ndarray)):
        return None
    for classes, kind in _KINDS:
        if isinstance(value, classes):
            return kind
    if callable(getattr(value, "get_state", None)) and callable(getattr(value, "set_state", None)):
        return _POSITION
    return _GROUP if hasattr(value, "_checkpoint_children") else None


_KINDS: List[Tuple[Any, Kind]] = [
    (Variable, _VARIABLE),
    (Layer, _LAYER),
    (Optimizer, _OPTIMIZER),
    (Metric, _METRIC),
    (SeedGenerator, _SEEDS),
    ((list, tuple, dict), _CONTAINER),
    (np.random.Generator, _GENERATOR),
]


def join(path: str, name: str) -> str:
    """Return the path of what is called `name` below `path`."""
    return f"{path}/{name}" if path else name


def walk(root: Any) -> Iterator[Tuple[str, Any, Kind, Optional[str]]]:
    """Yield (path, object, kind, path where it came before) for all objects below a root, nearest first."""
    seen: Dict[int, str] = {}
    waiting = deque([("", root)])
    while waiting:
        path, value = waiting.popleft()
        kind = kind_of(value)
        if kind is None:
            continue
        first = seen.setdefault(id(value), path)
        yield path, value, kind, first if first != path else None
        if first == path:
            waiting.extend((join(path, name), child) for name, child in kind.children(value))
