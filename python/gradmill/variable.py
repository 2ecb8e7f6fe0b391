"""Variables: state that outlives a step."""

from typing import Any, Callable, Optional, Sequence, Union

import numpy as np

from gradmill import _core, config
from gradmill.errors import ArgumentError

_counter = {"variable": 0}


class Variable(_core.Variable):
    """A tensor that can be assigned to: a weight, an optimizer slot, a metric's sum.

    It takes part in arithmetic like a tensor. Inside a compiled function an assignment becomes part of the step.

    Args:
        initial_value: anything array-like, or a callable `(shape, dtype) -> tensor`; a callable needs `shape`.
        shape: sizes, for a callable.
        dtype: element type; default: that of the value, `floatx()` for Python floats and callables.
        trainable: whether gradient tapes watch it and optimizers change it.
        name: label; default: "variable", "variable_1", ...
        path: position in a model, for messages and files; default: the name.
        autocast: whether layers that compute in another float dtype (mixed precision) read it in that one.
        aggregation, synchronization: accepted for compatibility; they change nothing.

    Raises:
        ArgumentError: for a callable without shape.
        DTypeError: for a value that cannot be a tensor.

    Example:
        >>> import gradmill as gm
        >>> counter = gm.Variable(0.0, name="counter")
        >>> _ = counter.assign_add(2.0)
        >>> float(counter)
        2.0
    """

    def __init__(
        self,
        initial_value: Any = None,
        shape: Optional[Sequence[int]] = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: Optional[str] = None,
        synchronization: Optional[str] = None,
        name: Optional[str] = None,
        path: Optional[str] = None,
        initializer: Union[Callable, Any, None] = None,
    ):
        value = initializer if initial_value is None else initial_value
        if value is None:
            raise ArgumentError("Variable: expected an initial value; received None")
        if name is None:
            count = _counter["variable"]
            name = "variable" if count == 0 else f"variable_{count}"
            _counter["variable"] += 1
        wanted = None if dtype is None else config.standardize_dtype(dtype)
        # The initial value is data of its own, also where a trace is under way.
        _core.push_eager()
        try:
            if callable(value) and not isinstance(value, (_core.Tensor, _core.Variable)):
                if shape is None and wanted is None:
                    value = value()
                elif shape is None:
                    raise ArgumentError(f"Variable {name!r}: expected a shape beside an initializer; received None")
                else:
                    value = value(tuple(shape), dtype=wanted or config.floatx())
            tensor = _core.tensor(value, wanted)
        finally:
            _core.pop_emitter()
        super().__init__(tensor, path or name, bool(trainable))
        self.name = name
        self.autocast = bool(autocast)
        self.aggregation = aggregation or "none"
        self.regularizer: Any = None
        self.constraint: Any = None
        self.overwrite_with_gradient = False

    @property
    def path(self) -> str:
        """Position in a model, such as "dense/kernel"."""
        return self._name

    @path.setter
    def path(self, path: str) -> None:
        self._name = path

    @property
    def trainable(self) -> bool:
        """Whether gradient tapes watch the variable and optimizers change it."""
        return self._trainable

    @trainable.setter
    def trainable(self, trainable: bool) -> None:
        self._trainable = bool(trainable)

    def assign(self, value: Any) -> "Variable":
        """Replace the value. No gradient passes through: tapes see what is read from now on as a new variable.

        Args:
            value: array-like of the variable's shape; cast to its dtype.

        Raises:
            ShapeError: for another shape; the message names the variable.
        """
        # A traced variable hands on the very value that it was given, which would lead gradients behind it.
        if isinstance(value, _core.Tensor) and _core.is_tracing() and _core.is_recording():
            value = _core.ops.stop_gradient(value)
        self._assign(value)
        return self

    def assign_add(self, value: Any) -> "Variable":
        """Add `value` to the value."""
        return self.assign(self.value + value)

    def assign_sub(self, value: Any) -> "Variable":
        """Subtract `value` from the value."""
        return self.assign(self.value - value)

    def read_value(self) -> _core.Tensor:
        """Return the value as a tensor."""
        return self.value

    def __repr__(self) -> str:
        shown = "traced" if _core.is_tracing() else np.array2string(self.numpy(), threshold=20)
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}, value={shown}>"
