"""Rows of data that describe how an op is to be tried: inputs, attributes and a NumPy formula.

    case("softmax", x=normal(2, 3, 17), axis=[0, 1, -1], reference=np_softmax)

makes three rows. Arguments that are sources (or tuples of sources, for ops with a list of inputs) are the inputs in the
order of the op; every other one is an attribute, where a list holds alternatives and a tuple is one value.
"""

from __future__ import annotations

import itertools
import zlib
from dataclasses import dataclass, field
from typing import Any, Callable, Optional, Sequence, Union

import numpy as np

from gradmill import _core

FLOATS = ("float32", "float64")
FACTS = {row["name"]: row for row in _core.catalogue()}
CASES: list[Case] = []


@dataclass
class Source:
    """A recipe for one input."""

    shape: tuple
    draw: Callable[[np.random.Generator], np.ndarray]
    dtype: Optional[str] = None  # None: the float dtype of the check

    @property
    def floating(self) -> bool:
        """Whether the input takes the float dtype of the check."""
        return self.dtype is None


def normal(*shape: int, scale: float = 1.0, away_from: Sequence[float] = ()) -> Source:
    """Normal numbers, kept 0.05 away from points where the op has no derivative."""

    def draw(generator: np.random.Generator) -> np.ndarray:
        x = generator.normal(size=shape) * scale
        for point in away_from:
            near = np.abs(x - point) < 0.05
            x = np.where(near, point + np.where(x < point, -0.05, 0.05) - 0.1 * (point - x), x)
        return x

    return Source(shape, draw)


def uniform(low: float, high: float, *shape: int) -> Source:
    """Evenly distributed numbers."""
    return Source(shape, lambda generator: generator.uniform(low, high, shape))


def distinct(*shape: int) -> Source:
    """Numbers no two of which are closer than 0.1, in random order: for maxima and sorting."""
    count = int(np.prod(shape))
    return Source(shape, lambda generator: (generator.permutation(count).reshape(shape) - count / 2 + 0.03) * 0.11)


def integers(low: int, high: int, *shape: int, dtype: str = "int32") -> Source:
    """Whole numbers from low to high - 1."""
    return Source(shape, lambda generator: generator.integers(low, high, shape).astype(dtype), dtype)


def booleans(*shape: int) -> Source:
    """True and False."""
    return Source(shape, lambda generator: generator.random(shape) < 0.5, "bool")


def values(data: Any, dtype: Optional[str] = None) -> Source:
    """Given numbers."""
    array = np.asarray(data, dtype or "float64")
    return Source(array.shape, lambda generator: array, dtype)


@dataclass
class Case:
    """One row. `arrays(dtype)` draws its inputs, always the same ones; `run` computes the op."""

    op: str
    sources: dict[str, Union[Source, tuple]]
    attributes: dict[str, Any]
    reference: Callable
    dtypes: tuple = FLOATS
    gradient: Optional[bool] = None
    through: Optional[int] = None
    sum_length: int = 1
    large: bool = False
    exact: bool = False
    number: int = field(default=0)

    @property
    def label(self) -> str:
        """Name of the row in test reports."""
        words = [f"{name}={value}".replace(" ", "") for name, value in self.attributes.items()]
        shapes = "_".join("x".join(map(str, source.shape)) or "scalar" for source in self.flat_sources())
        return "-".join([self.op, shapes, *words, str(self.number)])

    @property
    def differentiable(self) -> bool:
        """Whether the gradient is checked."""
        if self.gradient is not None:
            return self.gradient
        return FACTS[self.op]["differentiable"] and not self.large and any(s.floating for s in self.flat_sources())

    def flat_sources(self) -> list[Source]:
        """All sources in order."""
        result: list[Source] = []
        for each in self.sources.values():
            result.extend(each if isinstance(each, tuple) else [each])
        return result

    def arrays(self, dtype: str = "float64") -> list[np.ndarray]:
        """The inputs; floats are rounded to `dtype` (bfloat16 by cutting mantissas) and held in a NumPy dtype."""
        generator = np.random.default_rng(zlib.crc32(self.label.encode()))
        result = []
        for source in self.flat_sources():
            drawn = source.draw(generator)
            if source.floating:
                drawn = drawn.astype("float32" if dtype == "bfloat16" else dtype)
                if dtype == "bfloat16":
                    drawn = (drawn.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)
            result.append(drawn)
        return result

    def tensors(self, dtype: str = "float64", arrays: Optional[list] = None) -> list:
        """The inputs as tensors."""
        arrays = self.arrays(dtype) if arrays is None else arrays
        return [
            _core.tensor(array, dtype) if source.floating else _core.tensor(array)
            for source, array in zip(self.flat_sources(), arrays)
        ]

    def run(self, *tensors: Any) -> Any:
        """The op on these inputs."""
        return getattr(_core.ops, self.op)(*self._grouped(tensors), **self.attributes)

    def run_differentiable(self, *tensors: Any) -> Any:
        """Those of its results that gradients flow through."""
        found = self.run(*tensors)
        return found if self.through is None else found[: self.through]

    def run_decomposed(self, *tensors: Any) -> Any:
        """The op as what it is made of."""
        return _core.run_decomposition(self.op, *self._grouped(tensors), **self.attributes)

    def expected(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        """The NumPy formula, floats in float64; one array for each output (a tuple in case of several)."""
        wide = [a.astype(np.float64) if s.floating else a for s, a in zip(self.flat_sources(), arrays)]
        with np.errstate(all="ignore"):
            found = self.reference(*self._grouped(wide), **self.attributes)
        return [np.asarray(each) for each in (found if isinstance(found, tuple) else (found,))]

    def _grouped(self, leaves: Sequence) -> list:
        rest = iter(leaves)
        return [[next(rest) for _ in each] if isinstance(each, tuple) else next(rest) for each in self.sources.values()]


def case(op: str, reference: Callable, **options: Any) -> None:
    """Add rows for `op`; see the head of this file.

    Args:
        op: name in the catalogue.
        reference: called with the arrays and the attributes.
        **options: sources and attributes; and dtypes, gradient (None: as the catalogue says), sum_length (terms of the
            longest sum, for the tolerance), through (how many of the first results have gradients), large (no
            gradient check), exact (results must be equal bit for bit).
    """
    sources, alternatives, settings = {}, {}, {}
    for name, value in options.items():
        if name in ("dtypes", "gradient", "through", "sum_length", "large", "exact"):
            settings[name] = value
        elif isinstance(value, Source) or (isinstance(value, tuple) and value and isinstance(value[0], Source)):
            sources[name] = value
        else:
            alternatives[name] = value if isinstance(value, list) else [value]
    for chosen in itertools.product(*alternatives.values()):
        attributes = dict(zip(alternatives, chosen))
        CASES.append(Case(op, sources, attributes, reference, number=len(CASES), **settings))
