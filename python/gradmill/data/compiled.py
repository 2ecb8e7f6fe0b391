"""Functions of elements: called in Python at first, then run as compiled plans where they can be traced."""

from __future__ import annotations

import threading
from typing import Any, Callable, Optional

import numpy as np

from gradmill import _core, errors, ops, random
from gradmill.data import elements
from gradmill.tracing import TensorSpec, Traced, drawing

# So many results of Python are compared with those of the plan before it takes over.
_CALLS_TO_COMPARE = 8
# A data set whose elements have more shapes than this stays in Python.
_MOST_SIGNATURES = 16
# The counter of a draw holds the element's number above the number of the draw within its call.
_DRAWS_OF_AN_ELEMENT = 2**16
# Plans combine operations that Python carries out one by one, so results differ in rounding.
_RELATIVE_ERROR, _LARGEST_SHARE_OF_OTHERS = 1e-3, 1e-3
_SEED_STEP = 0x9E3779B97F4A7C15


class ElementFunction:
    """A function of the user, for the elements of passes that have numbers.

    Its random draws follow from the seed, the number of the pass, and the place of the element in it, whoever computes
    it and when; a generator with a seed of its own counts with that instead.

    Args:
        function: takes tensors; a tuple comes as several arguments.
        salt: tells this function from others in one pipeline.

    Attributes:
        seed: of the draws.
    """

    def __init__(self, function: Callable, salt: int):
        self.seed = random.new_stream_seed()
        self._function = function
        self._salt = salt
        self._lock = threading.Lock()
        self._samples: dict[Any, list] = {}
        self._plans: dict[Any, Optional[ElementPlan]] = {}
        self._due: Any = None  # a signature with enough results to compare

    def call(self, element: Any, number: int, position: int) -> Any:
        """Return what the function makes of an element, called in Python.

        Args:
            element: arrays.
            number: of the pass.
            position: of the element in the pass.
        """
        draws = 0

        def key(generator: Any) -> Any:
            nonlocal draws
            draws += 1
            counter = position * _DRAWS_OF_AN_ELEMENT + draws - 1
            return _core.tensor(np.array([self._seed_of(generator, number), counter], "int64"))

        with drawing(key):
            result = called(self._function, element)
        if result is None:
            raise errors.ArgumentError("map: the function must return the new element; received None")
        # A list as the whole result is several parts, as in tf.data; inside a result it is one array.
        made = elements.to_element(tuple(result) if isinstance(result, list) else result)
        self._remember(element, made, number, position)
        return made

    def _seed_of(self, generator: Any, number: int) -> int:
        seed = self.seed if generator.is_default else generator.seed
        return (seed + _SEED_STEP * (number * 1024 + self._salt + 1)) % 2**63

    def _remember(self, element: Any, made: Any, number: int, position: int) -> None:
        signature = signature_of(element)
        if signature is None or signature in self._plans:
            return
        with self._lock:
            if signature not in self._samples and len(self._samples) + len(self._plans) >= _MOST_SIGNATURES:
                return
            samples = self._samples.setdefault(signature, [])
            if len(samples) < _CALLS_TO_COMPARE:
                samples.append((element, made, number, position))
            if len(samples) == _CALLS_TO_COMPARE:
                self._due = signature

    def has_plans(self) -> bool:
        """Whether elements of some signature run as a plan; one that can be made by now is made."""
        if self._due is not None:
            with self._lock:
                signature, self._due = self._due, None
                samples = self._samples.pop(signature, None)
            if samples is not None:
                self._plans[signature] = self._compile(samples)
        return any(plan is not None for plan in self._plans.values())

    def plan_for(self, signature: Any) -> Optional[ElementPlan]:
        """Return the plan for elements of one signature, or None where the function is called in Python."""
        return self._plans.get(signature)

    def _compile(self, samples: list) -> Optional[ElementPlan]:
        try:
            plan = ElementPlan(self._function, samples[0][0], self._seed_of)
        except Exception:  # it reads values, calls NumPy, or fails for these elements: Python's call will say so
            return None
        return plan if all(plan.agrees(*sample) for sample in samples) else None


def called(function: Callable, element: Any) -> Any:
    """Return `function` of an element, given as tensors; a tuple becomes several arguments."""
    arguments = elements.to_tensors(element)
    try:
        return function(*arguments) if isinstance(arguments, tuple) else function(arguments)
    except StopIteration as problem:  # would end the data set silently
        raise RuntimeError("Dataset: the function raised StopIteration") from problem


def signature_of(element: Any) -> Any:
    """Return the structure of an element with shapes and dtypes; None when a plan cannot take it."""
    if isinstance(element, np.ndarray) or isinstance(element, np.generic):
        return (element.shape, element.dtype.str) if element.dtype.kind in "fiub" and element.dtype.isnative else None
    if isinstance(element, (tuple, dict)):
        values = element.values() if isinstance(element, dict) else element
        parts = tuple([signature_of(item) for item in values])
        if None in parts:
            return None
        return (tuple(element), parts) if isinstance(element, dict) else (type(element), parts)
    return None


class ElementPlan:
    """A traced function with everything that is needed to run it on rows.

    Args:
        function: of the user.
        example: an element.
        seed_of: gives the seed of a generator in a pass.
    """

    def __init__(self, function: Callable, example: Any, seed_of: Callable):
        self._seed_of = seed_of
        self._result: Any = None

        def flat(*leaves: Any) -> list:
            remaining = iter(leaves)
            arguments = elements.map_leaves(lambda _: next(remaining), example)
            result = function(*arguments) if isinstance(arguments, tuple) else function(arguments)
            outputs: list = []

            def place(leaf: Any) -> Any:
                if not isinstance(leaf, _core.Tensor):
                    return elements.to_leaf(leaf)
                outputs.append(ops.cast(leaf, "float32") if leaf.dtype == "bfloat16" else leaf)
                return len(outputs) - 1

            self._result = elements.map_leaves(
                lambda leaf: _Part(place(leaf), isinstance(leaf, _core.Tensor)),
                tuple(result) if isinstance(result, list) else result,
            )
            return outputs

        specs = [TensorSpec(leaf.shape, leaf.dtype.name) for leaf in leaves_of(example)]
        self._traced = Traced(flat, (tuple(specs), {}), keys_are_inputs=True)
        self.plan = self._traced.plan
        self._types = [(shape, np.dtype(dtype)) for shape, dtype in self.plan.outputs]
        # Values that have to be looked at first, such as those of an Embedding, are looked at op by op.
        if self.plan.changes_variables or self._traced.checks or not self._types:
            raise errors.UnsupportedError("map: nothing to run as a plan")
        self.bytes = sum(dtype.itemsize * int(np.prod(shape)) for shape, dtype in self._types)

    def run(self, data: Any, order: Any, count: int, number: int, position: int, workers: int) -> Any:
        """Return the results for `count` rows, stacked.

        Args:
            data: element whose leaves are arrays of rows.
            order: numbers of the rows; None for the first ones.
            count: how many.
            number: of the pass.
            position: of the first element in the pass.
            workers: threads.
        """
        outputs = [np.empty((count, *shape), dtype) for shape, dtype in self._types]
        seeds = [self._seed_of(generator, number) for generator in self._traced.generators]
        first = position * _DRAWS_OF_AN_ELEMENT
        rows = leaves_of(data)
        if not all(leaf[:1].flags.c_contiguous for leaf in rows):
            rows = [np.ascontiguousarray(leaf if order is None else leaf.take(order, axis=0)) for leaf in rows]
            order = None
        _core.run_elements(self.plan, rows, order, count, seeds, first, _DRAWS_OF_AN_ELEMENT, outputs, workers)

        def stacked(part: _Part) -> Any:
            return outputs[part.value] if part.is_output else elements.stack_leaves([part.value] * count, "map")

        return elements.map_leaves(stacked, self._result)

    def agrees(self, element: Any, made: Any, number: int, position: int) -> bool:
        """Whether the plan makes of an element what Python made of it."""
        found = self.run(elements.map_leaves(lambda leaf: leaf[None], element), None, 1, number, position, 1)
        first = elements.map_leaves(lambda leaf: leaf[0], found)
        if signature_of(first) != signature_of(made):
            return False
        return all(_near(ours, theirs) for ours, theirs in zip(leaves_of(first), leaves_of(made)))


class _Part:
    """A leaf of the result: the number of an output of the plan, or a constant."""

    def __init__(self, value: Any, is_output: bool):
        self.value, self.is_output = value, is_output


def leaves_of(element: Any) -> list:
    """Return the leaves of an element in order, without None."""
    leaves: list = []
    elements.map_leaves(leaves.append, element)
    return leaves


def _near(a: Any, b: Any) -> bool:
    if isinstance(b, bytes) or b.dtype.kind == "O":
        return np.array_equal(a, b)
    scale = np.max(np.abs(b), initial=0) if b.dtype.kind == "f" and np.isfinite(b).all() else 1.0
    near = np.isclose(a, b, rtol=_RELATIVE_ERROR, atol=_RELATIVE_ERROR * scale, equal_nan=True)
    return near.size == 0 or 1 - near.mean() <= _LARGEST_SHARE_OF_OTHERS
