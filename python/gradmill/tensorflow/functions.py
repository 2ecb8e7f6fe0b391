"""`tf.function`, `tf.GradientTape`, `tf.Variable`, and functions of Python."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Iterator, Optional

import numpy as np

import gradmill
from gradmill import _core, ops, tracing
from gradmill.errors import ArgumentError, UnsupportedError
from gradmill.symbolic import flatten, map_structure
from gradmill.tensorflow.dtype_names import as_dtype

# Options of tf.function that say how TensorFlow should go about it, which plans here do in their own way.
_ACCEPTED = {
    "autograph", "experimental_attributes", "experimental_autograph_options", "experimental_compile",
    "experimental_follow_type_hints", "experimental_implements", "experimental_relax_shapes", "input_signature",
    "jit_compile", "reduce_retracing",
}  # fmt: skip
_settings = {"eagerly": False}


def run_functions_eagerly(run_eagerly: bool) -> None:
    """`tf.config.run_functions_eagerly`: whether functions of tf.function run op by op."""
    _settings["eagerly"] = bool(run_eagerly)


def functions_run_eagerly() -> bool:
    """`tf.config.functions_run_eagerly`: what `run_functions_eagerly` set."""
    return _settings["eagerly"]


class CompiledFunction(tracing.Function):
    """A function that runs as a compiled plan, and op by op if its Python code looks at values of tensors.

    Args:
        python_function: what to compile.
    """

    def __init__(self, python_function: Callable):
        super().__init__(python_function, falls_back=True)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if _settings["eagerly"]:
            return self.python_function(*args, **kwargs)
        return super().__call__(*args, **kwargs)


def function(func: Optional[Callable] = None, **options: Any) -> Any:
    """`tf.function`: compile a function; options of TensorFlow are accepted and change nothing.

    Args:
        func: the function; without it, a decorator is returned.
        **options: those of TensorFlow.

    Raises:
        ArgumentError: for an unknown option.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> float(tf.function(lambda x: x + x, autograph=False)(tf.constant(2.0)))
        4.0
    """
    unknown = sorted(set(options) - _ACCEPTED)
    if unknown:
        raise ArgumentError(f"tf.function: expected one of {', '.join(sorted(_ACCEPTED))}; received {unknown[0]!r}")
    if func is None:
        return lambda actual: function(actual, **options)
    if not callable(func):
        raise ArgumentError(f"tf.function: expected a callable; received {type(func).__name__}")
    return func if isinstance(func, CompiledFunction) else CompiledFunction(func)


class UnconnectedGradients:
    """`tf.UnconnectedGradients`: what a source gets on which no target depends."""

    NONE = "none"
    ZERO = "zero"


class GradientTape(gradmill.GradientTape):
    """`tf.GradientTape`: records ops and differentiates them; `jacobian` needs no persistent tape.

    Args:
        persistent: whether gradients may be asked for more than once.
        watch_accessed_variables: whether trainable variables are watched as soon as they are read.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> x = tf.constant([1.0, 2.0])
        >>> with tf.GradientTape() as tape:
        ...     tape.watch(x)
        ...     y = x * x
        >>> tape.jacobian(y, x).numpy().tolist()
        [[2.0, 0.0], [0.0, 4.0]]
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True):
        # What was recorded is kept until the one call that may read it is over, which for a Jacobian is a loop.
        super().__init__(True, watch_accessed_variables)
        self._persistent, self._used = bool(persistent), False

    @contextlib.contextmanager
    def _one_call(self, who: str) -> Iterator[None]:
        if self._used and not self._persistent:
            raise UnsupportedError(
                f"GradientTape: {who}() was called after another; make the tape with persistent=True to ask twice"
            )
        self._used = True
        if not self._persistent:
            self._tape.stop()
        yield
        if not self._persistent:
            self._seen = self._tape.watched_variables()
            self._tape.reset()

    def reset(self) -> None:
        """Forget everything recorded."""
        super().reset()
        self._used = False

    def watched_variables(self) -> list:
        """Return the variables read so far, in order."""
        return self._seen if self._used and not self._persistent else super().watched_variables()

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Optional[Any] = None,
        unconnected_gradients: str = "none",
    ) -> Any:
        """Differentiate the sum of `target` with respect to `sources`; see `gradmill.GradientTape.gradient`."""
        with self._one_call("gradient"):
            return super().gradient(target, sources, output_gradients, unconnected_gradients)

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: str = "none",
        parallel_iterations: Any = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """Differentiate every value of `target`: one walk back for each, so this is for small targets.

        Args:
            target: tensor.
            sources: tensor, variable, or structure of them.
            unconnected_gradients: "none" or "zero".
            parallel_iterations, experimental_use_pfor: accepted for compatibility.

        Returns:
            for each source a tensor of the target's shape followed by the source's.
        """
        with self._one_call("jacobian"):
            units = np.eye(target.size).reshape((target.size, *target.shape))
            return self._stacked(target, sources, units, tuple(target.shape), 0, unconnected_gradients)

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: str = "none",
        parallel_iterations: Any = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """Differentiate every value of each example's target with respect to the source of the same example.

        Args:
            target: tensor whose first axis is the batch.
            source: tensor with the same batch.
            unconnected_gradients: "none" or "zero".
            parallel_iterations, experimental_use_pfor: accepted for compatibility.

        Returns:
            tensor (batch, rest of the target's shape, rest of the source's shape).
        """
        batch, *rest = target.shape
        with self._one_call("batch_jacobian"):
            count = int(np.prod(rest, dtype=np.int64))
            units = np.repeat(np.eye(count).reshape((count, 1, *rest)), batch, 1)
            return self._stacked(target, source, units, (batch, *rest), 1, unconnected_gradients)

    def _stacked(self, target: Any, sources: Any, units: Any, shape: Any, axis: int, unconnected: str) -> Any:
        """Gradients for each of `units` in place of the target's, side by side along `axis`."""
        target = target.value if isinstance(target, _core.Variable) else target
        rows = [
            flatten(super(GradientTape, self).gradient(target, sources, _core.tensor(unit, target.dtype), unconnected))
            for unit in units
        ]
        columns = iter(zip(*rows))

        def one(_: Any) -> Any:
            column = next(columns)
            if column[0] is None:
                return None
            stacked = ops.stack(list(column), axis)
            return ops.reshape(stacked, (*shape, *stacked.shape[axis + 1 :]))

        return map_structure(one, sources)


class _AnyVariable(type(gradmill.Variable)):  # type: ignore[misc]
    """Weights of layers are variables of TensorFlow, too, for isinstance."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, gradmill.Variable)


class Variable(gradmill.Variable, metaclass=_AnyVariable):
    """`tf.Variable`: state that outlives a step, with TensorFlow's order of arguments.

    Args:
        initial_value: anything array-like, or a function without arguments that returns it.
        trainable: whether gradient tapes watch it and optimizers change it.
        validate_shape, caching_device, variable_def, import_scope: accepted for compatibility.
        name: label.
        dtype: element type; default: that of the value.
        constraint: projection that optimizers apply after each update.
        synchronization, aggregation, shape: accepted for compatibility.

    Example:
        >>> import gradmill.tensorflow as tf
        >>> v = tf.Variable([1.0, 2.0], trainable=False, name="v")
        >>> v.assign_add([1.0, 1.0]).numpy().tolist()
        [2.0, 3.0]
    """

    def __init__(
        self,
        initial_value: Any = None,
        trainable: Optional[bool] = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: Optional[str] = None,
        variable_def: Any = None,
        dtype: Any = None,
        import_scope: Any = None,
        constraint: Any = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
    ):
        if isinstance(initial_value, np.generic):  # np.float64 is also a float of Python
            initial_value = np.asarray(initial_value)
        super().__init__(initial_value, dtype=dtype, trainable=trainable is not False, name=name or "Variable")
        self.constraint = constraint

    def assign(self, value: Any, use_locking: Any = None, name: Any = None, read_value: bool = True) -> Variable:
        """Replace the value; see `gradmill.Variable.assign`."""
        super().assign(value)
        return self

    def assign_add(self, delta: Any, use_locking: Any = None, name: Any = None, read_value: bool = True) -> Variable:
        """Add `delta` to the value."""
        super().assign_add(delta)
        return self

    def assign_sub(self, delta: Any, use_locking: Any = None, name: Any = None, read_value: bool = True) -> Variable:
        """Subtract `delta` from the value."""
        super().assign_sub(delta)
        return self


def numpy_function(func: Callable, inp: Any, Tout: Any = None, stateful: bool = True, name: Any = None) -> Any:
    """`tf.numpy_function`: call a function on NumPy arrays; its results become tensors of the dtypes `Tout`."""
    return _typed(func(*(ops.convert_to_numpy(each) for each in inp)), Tout)


def py_function(func: Callable, inp: Any, Tout: Any = None, name: Any = None) -> Any:
    """`tf.py_function`: call a function on tensors; its results become tensors of the dtypes `Tout`."""
    return _typed(func(*(ops.convert_to_tensor(each) for each in inp)), Tout)


def _typed(results: Any, dtypes: Any) -> Any:
    if dtypes is None or isinstance(dtypes, (list, tuple)) and not dtypes:
        return results
    if isinstance(dtypes, (list, tuple)):
        return [ops.convert_to_tensor(each, as_dtype(dtype)) for each, dtype in zip(results, dtypes)]
    return ops.convert_to_tensor(results, as_dtype(dtypes))


def accept(*_: Any, **__: Any) -> None:
    """Accept a call that has nothing to do here."""


def group(*inputs: Any, **_: Any) -> None:
    """`tf.group`: nothing; what it was given has happened already."""


@contextlib.contextmanager
def control_dependencies(control_inputs: Any) -> Iterator[None]:
    """`tf.control_dependencies`: a context in which nothing is different: ops happen in the order of the code."""
    yield
