"""Elements left out: those whose making fails, and those that would make a class too frequent."""

from __future__ import annotations

import warnings
from typing import Any, Callable, Optional, TypeVar

import numpy as np

from gradmill import errors
from gradmill.data import elements
from gradmill.data.arguments import check_callable, check_seed
from gradmill.data.compiled import called
from gradmill.data.grouping import Grouped
from gradmill.data.ordering import Uniform
from gradmill.data.stages import UNKNOWN, Node, PassingNode, Stage
from gradmill.data.transforming import first_element
from gradmill.tracing import TensorSpec
from gradmill.utils.random_seed import new_shuffle_seed

_Kept = TypeVar("_Kept", bound="Rejecting")

# A step that fails so often without an element between would never end.
_MOST_ERRORS_IN_A_ROW = 100_000
# Of each class, elements thought seen before the first when their shares are counted on the way.
_THOUGHT_SEEN = 10


class Rejecting(Grouped):
    """Methods of `Dataset` that leave elements out."""

    def ignore_errors(self: _Kept, log_warning: bool = False, name: Optional[str] = None) -> _Kept:
        """Return the elements without those whose making raises an error.

        Call it right behind the step that fails: steps that read several elements at a time, such as `batch`, lose
        those that they have read. A generator that raises has ended.

        Args:
            log_warning: whether each error gives a warning.
            name: not used.

        Raises:
            ArgumentError: while reading, after 100,000 errors without an element between.

        Example:
            >>> import gradmill as gm
            >>> dataset = gm.data.Dataset.range(-1, 3).map(lambda x: 6 // int(x))
            >>> [int(x) for x in dataset.ignore_errors()]
            [-6, 6, 3]
        """
        return type(self)(Forgiving(self._node, bool(log_warning)))

    def rejection_resample(
        self: _Kept,
        class_func: Callable,
        target_dist: Any,
        initial_dist: Any = None,
        seed: Any = None,
        name: Optional[str] = None,
    ) -> _Kept:
        """Return pairs of class and element, so many left out by chance that classes have the wanted shares.

        Each element comes at most once; the class that is rarest beside its wanted share is kept whole.

        Args:
            class_func: function of an element that returns its class, an integer from 0 on.
            target_dist: wanted share of each class.
            initial_dist: share of each class in this data set; default: counted on the way.
            seed: seed of the draws.
            name: not used.

        Raises:
            ArgumentError: when the shares are not as many numbers >= 0 that sum to 1, or a wanted class has none.

        Example:
            >>> import numpy as np, gradmill as gm
            >>> dataset = gm.data.Dataset.from_tensor_slices(np.arange(1000) % 4 > 0)
            >>> resampled = dataset.rejection_resample(lambda x: gm.ops.cast(x, "int32"), [0.5, 0.5], [0.25, 0.75], 1)
            >>> share = np.mean([int(label) for label, element in resampled])
            >>> bool(0.4 < share < 0.6)
            True
        """
        check_callable("rejection_resample", class_func)
        wanted = _shares("target_dist", target_dist)
        present = None if initial_dist is None else _shares("initial_dist", initial_dist)
        if present is not None and (present.shape != wanted.shape or np.any((present == 0) & (wanted > 0))):
            raise errors.ArgumentError(
                f"rejection_resample: initial_dist must have a share above 0 for each class that target_dist wants; "
                f"received {initial_dist!r} and {target_dist!r}"
            )
        return type(self)(Resampled(self._node, class_func, wanted, present, check_seed(seed, "rejection_resample")))


def _shares(name: str, value: Any) -> np.ndarray:
    shares = np.asarray(value, np.float64)
    if shares.ndim != 1 or not shares.size or not (shares >= 0).all() or abs(shares.sum() - 1) > 1e-3:
        raise errors.ArgumentError(
            f"rejection_resample: {name} must be a list of numbers >= 0 that sum to 1; received {value!r}"
        )
    return shares


class Forgiving(PassingNode):
    """The elements that can be made."""

    def __init__(self, source: Node, warns: bool):
        super().__init__(source)
        self._warns = warns

    def spec(self) -> Any:
        try:
            return self.inputs[0].spec()
        except Exception:  # a function of the user that does not take the very first element
            self.describes_first = True
            return elements.spec_of(first_element(self))

    def cardinality(self) -> int:
        return 0 if self.inputs[0].cardinality() == 0 else UNKNOWN

    def open(self) -> Stage:
        return ForgivingStage(self.inputs[0].open(), self._warns)


class ForgivingStage(Stage):
    """A pass that goes on behind errors."""

    def __init__(self, upstream: Stage, warns: bool):
        super().__init__(upstream)
        self._warns = warns

    def __next__(self) -> Any:
        for _ in range(_MOST_ERRORS_IN_A_ROW):
            try:
                return next(self.upstream)
            except StopIteration:
                raise
            except Exception as error:  # whatever a user's function raises
                problem = error
                if self._warns:
                    warnings.warn(f"ignore_errors: {type(problem).__name__}: {problem}", stacklevel=2)
        raise errors.ArgumentError(
            f"ignore_errors: {_MOST_ERRORS_IN_A_ROW} errors without an element between; the last was "
            f"{type(problem).__name__}: {problem}"
        ) from problem


class Resampled(Node):
    """Pairs of class and element, of which some are left out.

    Args:
        source: the input.
        class_of: function of the user.
        wanted: share of each class in the result.
        present: share of each class in the input, or None.
        seed: seed of the draws; None takes a new one.
    """

    def __init__(
        self, source: Node, class_of: Callable, wanted: np.ndarray, present: Optional[np.ndarray], seed: Optional[int]
    ):
        self.inputs = (source,)
        self.class_of, self.wanted, self.present = class_of, wanted, present
        self._seed = new_shuffle_seed() if seed is None else seed
        self._passes = 0

    def spec(self) -> Any:
        label = self.labelled(first_element(self.inputs[0]))
        return TensorSpec((), label.dtype.name), self.inputs[0].spec()

    def labelled(self, element: Any) -> np.ndarray:
        """Return the class of an element.

        Raises:
            ArgumentError: when the function does not return one.
        """
        label = np.asarray(called(self.class_of, element))
        if label.size != 1 or label.dtype.kind not in "iu" or not 0 <= int(label.item()) < len(self.wanted):
            raise errors.ArgumentError(
                f"rejection_resample: class_func must return one integer in 0..{len(self.wanted) - 1}; received "
                f"{label.item() if label.size == 1 else label.shape} of {label.dtype}"
            )
        return label.reshape(())[()]

    def cardinality(self) -> int:
        return 0 if self.inputs[0].cardinality() == 0 else UNKNOWN

    def open(self) -> Stage:
        self._passes += 1
        return ResampledStage(self, Uniform(self._seed, self._passes - 1))

    def counters(self) -> Any:
        return {"seed": self._seed, "passes": self._passes}

    def set_counters(self, counters: Any) -> None:
        self._seed, self._passes = int(counters["seed"]), int(counters["passes"])


class ResampledStage(Stage):
    """One pass, which draws a number for each element."""

    def __init__(self, node: Resampled, uniform: Uniform):
        super().__init__(node.inputs[0].open_elements())
        self._node, self._uniform = node, uniform
        self._seen = np.full(len(node.wanted), _THOUGHT_SEEN, np.int64)

    def __next__(self) -> Any:
        while True:
            element = next(self.upstream)
            label = self._node.labelled(element)
            self._seen[label] += 1
            present = self._seen / self._seen.sum() if self._node.present is None else self._node.present
            ratios = np.divide(self._node.wanted, present, out=np.zeros(len(present)), where=present > 0)
            if self._uniform.take(1)[0] * ratios.max() < ratios[label]:
                return label, element

    def state(self) -> dict:
        return {**super().state(), "uniform": self._uniform.state(), "seen": self._seen.copy()}

    def restore(self, state: dict) -> None:
        super().restore(state)
        self._uniform.restore(state["uniform"])
        self._seen = np.array(state["seen"], np.int64)
