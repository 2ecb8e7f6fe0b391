"""What every public op needs: dispatch to the functional API, dtypes, axes."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Callable, List, Optional

import numpy as np

from gradmill import _core, symbolic, tracing
from gradmill.errors import UnsupportedError
from gradmill.symbolic import SymbolicTensor

if TYPE_CHECKING:  # what type checkers know of an op: the signature of its function, and the attribute `eager`
    from typing import ParamSpec, Protocol, TypeVar

    _Parameters = ParamSpec("_Parameters")
    _Result = TypeVar("_Result")

    class PublicOp(Protocol[_Parameters, _Result]):
        eager: Callable[_Parameters, _Result]
        __name__: str

        def __call__(self, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result: ...


def public_op(function: Callable[_Parameters, _Result]) -> PublicOp[_Parameters, _Result]:
    """Make an op out of a function on tensors: called on symbolic tensors, it is recorded as a node of a model.

    Args:
        function: takes tensors.

    Returns:
        the op; `op.eager` is the function itself.
    """

    @functools.wraps(function)
    def op(*args: Any, **kwargs: Any) -> Any:
        for argument in args:
            kind = type(argument)
            if kind is SymbolicTensor or (kind in (list, tuple) and symbolic.any_symbolic(argument)):
                return symbolic.record_op(op, args, kwargs)
        if kwargs and symbolic.any_symbolic(kwargs):
            return symbolic.record_op(op, args, kwargs)
        return function(*args, **kwargs)

    op.eager = function  # type: ignore[attr-defined]
    return op  # type: ignore[return-value]


def tensor(x: Any, dtype: Optional[str] = None) -> Any:
    """`x` as a tensor.

    Args:
        x: tensor, variable, array, number or nested list.
        dtype: dtype of the result; default: what `x` has.

    Returns:
        tensor.
    """
    return x if type(x) is _core.Tensor and dtype is None else _core.tensor(x, dtype)


def float_tensor(x: Any) -> Any:
    """`x` as a tensor of floats; integers and bools become float32.

    Args:
        x: tensor, variable, array, number or nested list.

    Returns:
        tensor.
    """
    x = tensor(x)
    return x if "float" in x.dtype else _core.ops.cast(x, dtype="float32")


def known_values(x: Any, who: str, advice: str = "call it outside of compiled functions") -> np.ndarray:
    """The values of a tensor as an array, for what depends on them and not on shapes alone.

    Args:
        x: tensor, variable, array, number or nested list.
        who: name of the op, for the message.
        advice: what to do where there are no values yet.

    Returns:
        array.

    Raises:
        UnsupportedError: in a function that is being traced.
    """
    if not isinstance(x, (_core.Tensor, _core.Variable)):
        with tracing.init_scope():
            return tensor(x).numpy()
    x = tensor(x)
    if x.is_traced:
        raise UnsupportedError(f"{who}: expected values; received a tensor {x.shape} that is being traced; {advice}")
    return x.numpy()


def clipped(x: Any, low: float, high: float) -> Any:
    """`x` limited to a range.

    Args:
        x: tensor.
        low: smallest value.
        high: largest value.

    Returns:
        tensor.
    """
    return _core.ops.minimum(_core.ops.maximum(x, low), high)


def axes_of(axis: Any, ndim: int) -> List[int]:
    """Keras's `axis` (None, a number or several) as a list of axes.

    Args:
        axis: None, a number or several.
        ndim: number of axes there are.

    Returns:
        list of axes, as given; negative ones stay negative.
    """
    if axis is None:
        return list(range(ndim))
    return [axis] if isinstance(axis, int) else [int(each) for each in axis]


# Calls of engine functions on symbolic tensors that do not come from a public op, such as `tensor * symbolic`.
_core.set_symbolic_handler(lambda function, args, kwargs: symbolic.record_op(function, args, kwargs))
