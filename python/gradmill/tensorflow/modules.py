"""`tf.Module`, and `tf.distribute` on the one device there is."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Iterator, Optional

import gradmill
from gradmill import tracing
from gradmill import tree as nested
from gradmill.symbolic import map_structure, to_snake_case


def map_structures(func: Callable, *structures: Any, **_: Any) -> Any:
    """`tf.nest.map_structure`: the nesting of the first, with `func` of the leaves that stand at one place in each."""
    return nested.map_structure(func, *structures)


def check_structures(nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False) -> None:
    """`tf.nest.assert_same_structure`: an error unless two structures are nested alike."""
    (nested.assert_same_structure if check_types else nested.assert_same_paths)(nest1, nest2)


def pack_structure(structure: Any, flat_sequence: Any, expand_composites: bool = False) -> Any:
    """`tf.nest.pack_sequence_as`: leaves in the nesting of a structure."""
    return nested.pack_sequence_as(structure, flat_sequence)


class Module:
    """`tf.Module`: an object that knows the variables in its attributes.

    Args:
        name: label; default: the name of the class.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> class Line(tf.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.parts = [tf.Variable(1.0), tf.Variable(2.0, trainable=False)]
        >>> len(Line().variables), len(Line().trainable_variables)
        (2, 1)
    """

    def __init__(self, name: Optional[str] = None):
        self.name = name or to_snake_case(type(self).__name__)

    def _held(self) -> Iterator[Any]:
        """Variables, layers and modules in attributes and in lists and dictionaries there, each once."""
        seen: set[int] = set()
        waiting = [vars(self)[key] for key in sorted(vars(self))]
        while waiting:
            value = waiting.pop(0)
            if id(value) in seen:
                continue
            seen.add(id(value))
            if isinstance(value, (gradmill.Variable, gradmill.Layer)):
                yield value
            elif isinstance(value, Module):
                yield value
                waiting = [*(vars(value)[key] for key in sorted(vars(value))), *waiting]
            elif isinstance(value, dict):
                waiting = [*value.values(), *waiting]
            elif isinstance(value, (list, tuple)):
                waiting = [*value, *waiting]

    def _checkpoint_children(self) -> Iterator[tuple[str, Any]]:
        return iter(sorted(vars(self).items()))

    @property
    def variables(self) -> tuple:
        """All variables."""
        found = []
        for value in self._held():
            if isinstance(value, gradmill.Variable):
                found.append(value)
            elif isinstance(value, gradmill.Layer):
                found.extend(value.variables)
        return tuple({id(each): each for each in found}.values())

    @property
    def trainable_variables(self) -> tuple:
        """The variables that gradient tapes watch."""
        return tuple(each for each in self.variables if each.trainable)

    @property
    def non_trainable_variables(self) -> tuple:
        """The other variables."""
        return tuple(each for each in self.variables if not each.trainable)

    @property
    def submodules(self) -> tuple:
        """Modules and layers in attributes."""
        return tuple(each for each in self._held() if not isinstance(each, gradmill.Variable))

    @property
    def name_scope(self) -> Any:
        """A context that gives ops the module's name."""
        return tracing.name_scope(self.name)

    @staticmethod
    def with_name_scope(method: Callable) -> Callable:
        """Return the method itself."""
        return method


class Strategy:
    """`tf.distribute.Strategy`: training on one device.

    Args:
        device: accepted for compatibility, like further arguments.
    """

    num_replicas_in_sync = 1

    def __init__(self, device: Any = None, **_: Any):
        self.device = device

    @contextlib.contextmanager
    def scope(self) -> Iterator[Strategy]:
        """Return a context in which nothing is different."""
        yield self

    def run(self, fn: Callable, args: Any = (), kwargs: Optional[dict] = None, options: Any = None) -> Any:
        """Call a function."""
        return fn(*args, **(kwargs or {}))

    def reduce(self, reduce_op: Any, value: Any, axis: Any = None) -> Any:
        """Return the value of the one replica, reduced along `axis` if it is given."""
        if axis is None:
            return value
        reduced = gradmill.ops.sum if str(reduce_op).lower().endswith("sum") else gradmill.ops.mean
        return map_structure(lambda each: reduced(each, axis), value)

    def experimental_distribute_dataset(self, dataset: Any, options: Any = None) -> Any:
        """Return the dataset."""
        return dataset

    def experimental_local_results(self, value: Any) -> tuple:
        """Return the value of the one replica."""
        return (value,)


_default = Strategy()


def get_strategy() -> Strategy:
    """`tf.distribute.get_strategy`: the strategy without a scope."""
    return _default


class ReduceOp:
    """`tf.distribute.ReduceOp`: names of ways to reduce."""

    SUM = "sum"
    MEAN = "mean"


DISTRIBUTE: dict[str, Any] = {
    "MirroredStrategy": Strategy, "OneDeviceStrategy": Strategy, "ReduceOp": ReduceOp, "Strategy": Strategy,
    "get_strategy": get_strategy,
}  # fmt: skip
