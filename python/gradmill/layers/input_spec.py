"""What a layer demands of its inputs, checked with a message that names the layer."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from gradmill import _core
from gradmill.errors import ArgumentError, DTypeError, ShapeError
from gradmill.symbolic import flatten


class InputSpec:
    """Rank, dtype and sizes that an input must have; None leaves a thing free.

    Args:
        dtype: element type.
        shape: sizes, None where free.
        ndim: exact number of axes.
        max_ndim: largest number of axes.
        min_ndim: smallest number of axes.
        axes: sizes of single axes, by axis.
        allow_last_axis_squeeze: accept an input that lacks, or has in excess, a last axis of size 1.
        name: key of the input when inputs are a dictionary.
        optional: the input may be None.

    Raises:
        ArgumentError: an axis in `axes` that the rank does not have.

    Example:
    >>> InputSpec(min_ndim=2, axes={-1: 4})
    InputSpec(min_ndim=2, axes={-1: 4})
    """

    def __init__(
        self,
        dtype: Optional[str] = None,
        shape: Optional[Sequence[Optional[int]]] = None,
        ndim: Optional[int] = None,
        max_ndim: Optional[int] = None,
        min_ndim: Optional[int] = None,
        axes: Optional[dict[int, Optional[int]]] = None,
        allow_last_axis_squeeze: bool = False,
        name: Optional[str] = None,
        optional: bool = False,
    ):
        self.dtype = None if dtype is None else str(dtype)
        self.shape = None if shape is None else tuple(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name = name
        self.optional = optional
        limit = self.ndim if self.ndim is not None else self.max_ndim
        if self.axes and limit is not None and max(self.axes) >= limit:
            raise ArgumentError(f"InputSpec: expected axes below {limit}; received axis {max(self.axes)}; correct axes")

    def __repr__(self) -> str:
        named = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        parts = [f"{each}={getattr(self, each)!r}" for each in named if getattr(self, each) not in (None, {})]
        return f"InputSpec({', '.join(parts)})"

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes", "optional")
        return {each: getattr(self, each) for each in names}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        """Build a spec from `get_config`'s result."""
        return cls(**config)


def assert_input_compatibility(input_spec: Any, inputs: Any, owner: str) -> None:
    """Check inputs against one InputSpec or a list of them.

    Args:
        input_spec: InputSpec or list of them, matched to the flattened inputs.
        inputs: tensors.
        owner: the layer as named in messages.

    Raises:
        ShapeError: wrong number of inputs, rank or size.
        DTypeError: wrong element type.
    """
    if not input_spec:
        return
    if isinstance(input_spec, InputSpec) and type(inputs) is _core.Tensor:
        _check_one(input_spec, inputs, owner)
        return
    specs = flatten(input_spec)
    if isinstance(inputs, dict) and all(spec is not None and spec.name is not None for spec in specs):
        missing = [spec.name for spec in specs if spec.name not in inputs and not spec.optional]
        if missing:
            raise ArgumentError(
                f"{owner}: expected an input called {missing[0]!r}; received {sorted(map(str, inputs))}; add it"
            )
        values = [inputs.get(spec.name) for spec in specs]
    else:
        values = flatten(inputs)
    if len(values) != len(specs):
        raise ShapeError(f"{owner}: expected {len(specs)} input tensors; received {len(values)}; pass one for each")
    for index, (spec, value) in enumerate(zip(specs, values)):
        if spec is not None and not (value is None and spec.optional):
            _check_one(spec, value, owner if len(specs) == 1 else f"{owner}, input {index}")


def _check_one(spec: InputSpec, value: Any, owner: str) -> None:
    shape = getattr(value, "shape", None)
    if shape is None:
        raise ArgumentError(
            f"{owner}: expected a tensor; received {value!r} of type {type(value).__name__}; convert it"
        )
    shape = tuple(shape)
    rank = len(shape)

    def fail(expected: str) -> None:
        raise ShapeError(f"{owner}: expected input with {expected}; received shape {shape}; reshape the input")

    if spec.shape is not None and spec.allow_last_axis_squeeze:
        if rank == len(spec.shape) + 1 and shape[-1] == 1:
            shape, rank = shape[:-1], rank - 1
        elif rank == len(spec.shape) - 1 and spec.shape[-1] == 1:
            shape, rank = shape + (1,), rank + 1
    if spec.ndim is not None and rank != spec.ndim:
        fail(f"{spec.ndim} axes")
    if spec.max_ndim is not None and rank > spec.max_ndim:
        fail(f"at most {spec.max_ndim} axes")
    if spec.min_ndim is not None and rank < spec.min_ndim:
        fail(f"at least {spec.min_ndim} axes")
    for axis, size in spec.axes.items():
        if not -rank <= axis < rank or (size is not None and shape[axis] not in (size, None)):
            fail(f"size {size} along axis {axis}")
    if spec.shape is not None:
        for size, wanted in zip(shape, spec.shape):
            if wanted is not None and size is not None and size != wanted:
                fail(f"shape {spec.shape}")
    if spec.dtype is not None and str(value.dtype) != spec.dtype:
        raise DTypeError(f"{owner}: expected dtype {spec.dtype}; received {value.dtype}; cast the input")
