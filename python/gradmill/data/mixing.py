"""Elements taken from one of several data sets at a time."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from gradmill import errors
from gradmill.data.ordering import ManyStage, Uniform
from gradmill.data.stages import INFINITE, UNKNOWN, Node, Stage
from gradmill.utils.random_seed import new_shuffle_seed


class Mixed(Node):
    """Elements of several inputs; which comes next is drawn by weight, or said by the first input.

    Args:
        nodes: the inputs.
        weights: chances that sum to one, or None when `chooser` says which.
        chooser: node of integers.
        seed: seed of the draws; None takes a new one.
        stop_on_empty: whether the first input to end ends the pass; else its turns are passed over.
    """

    def __init__(
        self,
        nodes: list[Node],
        weights: Optional[np.ndarray],
        chooser: Optional[Node],
        seed: Optional[int],
        stop_on_empty: bool,
    ):
        self.sources = nodes
        self.chooser = chooser
        self.inputs = tuple(nodes) if chooser is None else (*nodes, chooser)
        self.weights = weights
        self.stop_on_empty = stop_on_empty
        self._seed = new_shuffle_seed() if seed is None else seed
        self._passes = 0

    def cardinality(self) -> int:
        counts = [node.cardinality() for node in self.sources]
        if self.chooser is None and not self.stop_on_empty and min(counts) >= 0:
            return sum(counts)
        return INFINITE if all(count == INFINITE for count in counts) and self.chooser is None else UNKNOWN

    def open(self) -> Stage:
        self._passes += 1
        return MixedStage(self, Uniform(self._seed, self._passes - 1))

    def counters(self) -> Any:
        return {"seed": self._seed, "passes": self._passes}

    def set_counters(self, counters: Any) -> None:
        self._seed, self._passes = int(counters["seed"]), int(counters["passes"])


class MixedStage(ManyStage):
    """One pass over the mixture."""

    def __init__(self, node: Mixed, uniform: Uniform):
        super().__init__([each.open_elements() for each in node.inputs])
        self._node = node
        self._uniform = uniform
        self._live = [True] * len(node.sources)

    def __next__(self) -> Any:
        while any(self._live):
            place = self._choose()
            if not self._live[place]:
                continue
            try:
                return next(self._upstreams[place])
            except StopIteration:
                self._live[place] = False
                if self._node.stop_on_empty:
                    self._live = [False] * len(self._live)
        raise StopIteration

    def _choose(self) -> int:
        if self._node.chooser is not None:
            place = int(next(self._upstreams[-1]))
            if not 0 <= place < len(self._live):
                raise errors.ArgumentError(
                    f"choose_from_datasets: choices must lie in 0..{len(self._live) - 1}; received {place}"
                )
            return place
        if self._node.weights is None:
            raise errors.InternalError("Mixed: neither weights nor a chooser")
        chances = np.where(self._live, self._node.weights, 0.0)
        total = chances.sum()
        if total <= 0:
            raise StopIteration
        # Rounding may leave the number above the last sum.
        place = int(np.searchsorted(np.cumsum(chances), self._uniform.take(1)[0] * total, side="right"))
        return min(place, int(np.flatnonzero(chances)[-1]))

    def state(self) -> dict:
        return {**super().state(), "uniform": self._uniform.state(), "live": list(self._live)}

    def restore(self, state: dict) -> None:
        super().restore(state)
        self._uniform.restore(state["uniform"])
        self._live = [bool(live) for live in state["live"]]
