"""Giving objects their values back: what fits now, what waits until its variables exist, and what was left over."""

from __future__ import annotations

import sys
import warnings
from collections import deque
from typing import Any, Dict, List, Set

import numpy as np

from gradmill import tracing
from gradmill.errors import ArgumentError, ShapeError
from gradmill.layers import Layer
from gradmill.metrics import Metric
from gradmill.optimizers import Optimizer
from gradmill.train.tracked import Kind, has_all, join, kind_of, own_variables, shape_problem
from gradmill.variable import Variable

_SHOWN = 5


class UnmatchedValuesError(ArgumentError, AssertionError):
    """Objects and the values of a checkpoint do not match one by one; also an AssertionError, as in TensorFlow."""


def _listed(names: Any) -> str:
    ordered = sorted(names)
    return ", ".join(ordered[:_SHOWN]) + (f" and {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else "")


class Restoration:
    """The values of one checkpoint on their way into objects.

    Args:
        path: the file, for messages.
        objects: states by the paths of their objects.
        aliases: for further paths to the same objects, those under which the states stand.
        parts: (path, place) of the single variables of layers by their paths, such as "model/dense/kernel".
    """

    def __init__(self, path: str, objects: Dict[str, Any], aliases: Dict[str, str], parts: Dict[str, Any]):
        self.path = path
        self._parts = parts
        self._objects, self._aliases = objects, aliases
        self._restored: Dict[int, Any] = {}  # by identity; the object is held so that no other takes its number
        self._without: Dict[int, str] = {}  # objects with variables of their own and no values
        self.unused: Set[str] = {name for name, state in objects.items() if not _is_empty(state)}
        self.waiting: Set[str] = set()

    @property
    def without_values(self) -> List[str]:
        """Paths of objects that have variables, and for which the checkpoint has none."""
        return [path for number, path in self._without.items() if number not in self._restored]

    def restore(self, value: Any, path: str) -> None:
        """Set what is known of an object and of all below it.

        Args:
            value: the object.
            path: where it stands in the checkpoint.

        Raises:
            ShapeError: variables of another shape or number; nothing is changed then.
        """
        fitting = []
        problems = []
        seen = set()
        queue = deque([(path, value)])
        while queue:
            path, value = queue.popleft()
            path = self._aliases.get(path, path)
            kind = kind_of(value)
            if kind is None or (id(value), path) in seen:
                continue
            seen.add((id(value), path))
            if kind.save is not None and id(value) not in self._restored:
                if isinstance(value, Variable):
                    self._single_out(path)
                if path in self._objects:
                    problem = kind.problem(value, self._objects[path])
                    problems += [f"{path or 'root'}: {problem}"] if problem else []
                    fitting.append((path, value, kind))
                elif not isinstance(value, (Layer, Optimizer, Metric)) or own_variables(value):
                    self._without.setdefault(id(value), path)
            if isinstance(value, Layer) and not value.built:
                self._wait_for_layer(value, path)
            queue.extend((join(path, name), child) for name, child in kind.children(value))
        if problems:
            raise ShapeError(
                f"{self.path}: expected the variables of these objects; received others for {len(problems)} of them: "
                f"{'; '.join(problems[:_SHOWN])}; use the checkpoint of the same model"
            )
        with tracing.init_scope():
            for path, value, kind in fitting:
                self._set(path, value, kind)
        for path, _, _ in fitting:
            if path not in self.unused:
                self._objects.pop(path, None)  # taken: no need to hold the memory any longer

    def _single_out(self, path: str) -> None:
        """Make the variable of a layer, whose state is a whole, a value that can be taken by itself."""
        owner, place = self._parts.get(path, (None, 0))
        if path not in self._objects and owner in self._objects:
            self._objects[path] = self._objects[owner][place]

    def _set(self, path: str, value: Any, kind: Kind) -> None:
        stored = self._objects[path]
        if id(value) in self._restored:
            return
        try:
            kind.load(value, stored)  # type: ignore[misc]
        except (KeyError, TypeError, IndexError, AttributeError) as problem:
            raise ArgumentError(
                f"{self.path}: expected the state of a {type(value).__name__} at {path!r}; received another kind "
                f"({type(problem).__name__}: {problem}); use the checkpoint of the same program"
            ) from problem
        if isinstance(value, (Layer, Optimizer, Metric)) and not has_all(value):
            if len(own_variables(value)) < len(stored):
                self.waiting.add(path)
                if not isinstance(value, Layer):
                    value._restore_later = lambda variable: self._set_new(value, path, variable)
                return
        self._took(value, path)

    def _took(self, value: Any, path: str) -> None:
        self._restored[id(value)] = value
        self.unused.discard(path)
        self.waiting.discard(path)

    def _set_new(self, value: Any, path: str, variable: Any) -> None:
        """Give a variable that an optimizer or metric has just made its value."""
        stored = self._objects[path]
        index = len(own_variables(value)) - 1
        if index < len(stored):
            problem = shape_problem(variable, stored[index])
            if problem:
                raise ShapeError(f"{self.path}: {path}: {problem}; use the checkpoint of the same model")
            with tracing.init_scope():
                variable.assign(stored[index])
        if index >= len(stored) - 1:
            value._restore_later = None
            self._took(value, path)
            self._objects.pop(path)

    def _wait_for_layer(self, layer: Layer, path: str) -> None:
        """Go on with a layer, and with sublayers that it may make, once it is built."""
        if any(name == path or name.startswith(path and f"{path}/") for name in self.unused):
            self.waiting.add(path)
            object.__setattr__(layer, "_restore_later", lambda: self._layer_was_built(layer, path))

    def _layer_was_built(self, layer: Layer, path: str) -> None:
        self.waiting.discard(path)
        self.restore(layer, path)

    def left_over(self) -> Set[str]:
        """Paths of values that no object has taken and none is waiting for."""
        return {
            name
            for name in self.unused
            if not any(name == path or name.startswith(path and f"{path}/") for path in self.waiting)
        }


def _is_empty(state: Any) -> bool:
    return not isinstance(state, np.ndarray) and state in ([], {}, None)


class CheckpointLoadStatus:
    """What became of the values in a checkpoint; `Checkpoint.restore` and `Checkpoint.read` return it.

    Where none of its methods was called, objects without values and values without objects are warned about.

    Args:
        restoration: what is asked; None where there was nothing to restore.

    Example:
        >>> import os, tempfile
        >>> import gradmill as gm
        >>> path = gm.train.Checkpoint(step=gm.Variable(3)).write(os.path.join(tempfile.mkdtemp(), "state"))
        >>> step = gm.Variable(0)
        >>> status = gm.train.Checkpoint(step=step).read(path).assert_consumed()
        >>> int(step)
        3
    """

    def __init__(self, restoration: Any = None):
        self._restoration = restoration
        self._asked = restoration is None

    def assert_consumed(self) -> CheckpointLoadStatus:
        """Check that every value was taken, and that every object got its values.

        Raises:
            UnmatchedValuesError: otherwise, and where values wait for variables that do not exist yet.
        """
        self.assert_existing_objects_matched()
        unused = self._restoration.unused if self._restoration else ()
        if unused:
            raise UnmatchedValuesError(
                f"{self._restoration.path}: expected all values to be taken; no object, or only one that is not built "
                f"yet, is there for {_listed(unused)}; build the model first, or use expect_partial()"
            )
        return self

    def assert_existing_objects_matched(self) -> CheckpointLoadStatus:
        """Check that every object which has variables got its values.

        Raises:
            UnmatchedValuesError: otherwise.
        """
        self._asked = True
        found = self._restoration.without_values if self._restoration else ()
        if found:
            raise UnmatchedValuesError(
                f"{self._restoration.path}: expected values for all objects; received none for {_listed(found)}; use "
                "the checkpoint of the same program, or expect_partial()"
            )
        return self

    def assert_nontrivial_match(self) -> CheckpointLoadStatus:
        """Check that at least one object got values.

        Raises:
            UnmatchedValuesError: otherwise.
        """
        self._asked = True
        if self._restoration and not self._restoration._restored and not self._restoration.waiting:
            raise UnmatchedValuesError(
                f"{self._restoration.path}: expected values for at least one object; received "
                f"{_listed(self._restoration.unused) or 'none at all'}; give Checkpoint the same names"
            )
        return self

    def expect_partial(self) -> CheckpointLoadStatus:
        """Say that objects and values may be left over; nothing is warned about."""
        self._asked = True
        return self

    def run_restore_ops(self, session: Any = None) -> None:
        """Do nothing: values are set at once. `session` is accepted for compatibility."""

    def initialize_or_restore(self, session: Any = None) -> None:
        """Do nothing: values are set at once. `session` is accepted for compatibility."""

    def __del__(self) -> None:
        if getattr(self, "_asked", True) or sys.is_finalizing():
            return
        left, without = self._restoration.left_over(), self._restoration.without_values
        parts = [f"no values for {_listed(without)}"] if without else []
        parts += [f"no objects for {_listed(left)}"] if left else []
        if parts:
            warnings.warn(
                f"{self._restoration.path}: there were {' and '.join(parts)}; if that is meant, add .expect_partial()",
                stacklevel=2,
            )
