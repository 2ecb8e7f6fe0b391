"""From Python functions to compiled plans: `function` traces once for each signature of its arguments."""

import collections
import contextlib
import functools
import re
import threading
import warnings
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import numpy as np

from gradmill import _core
from gradmill.errors import ArgumentError, UnsupportedError
from gradmill.symbolic import SymbolicTensor, flatten, map_structure
from gradmill.utils.text_values import Text, TextArray

# Sizes that stand for unknown ones while shapes are inferred: an output size that follows them is unknown too.
_FIRST_FILL, _SECOND_FILL = 83, 89


def is_tracing() -> bool:
    """Return whether ops are being recorded into a graph instead of computed."""
    return _core.is_tracing()


class _OfThread(threading.local):
    """What goes on in this thread.

    Attributes:
        draws: who gives the keys of random draws in place of the generators; None for nobody.
        recording: the innermost trace under way.
    """

    draws: Optional[Callable] = None
    recording: Optional["_Recording"] = None


_of_thread = _OfThread()


@contextlib.contextmanager
def drawing(source: Optional[Callable]) -> Iterator[None]:
    """Take the keys of draws inside the context, in this thread, from `source(generator)`.

    A trace that begins inside takes them from the generators again.

    Args:
        source: returns an int64 tensor (seed, counter); None for the generators themselves.
    """
    before, _of_thread.draws = _of_thread.draws, source
    try:
        yield
    finally:
        _of_thread.draws = before


def draw_source() -> Optional[Callable]:
    """Return the source that `drawing` set for this thread, or None."""
    return _of_thread.draws


class name_scope(contextlib.ContextDecorator):  # noqa: N801
    """Give ops inside the context a place in a path ("model/dense"), which plans and errors show.

    Args:
        name: part of the path; scopes nest.

    Example:
        >>> with name_scope("model"), name_scope("dense"):
        ...     print(_core.current_scope())
        model/dense
    """

    __slots__ = ("_name",)

    # A class and no generator: it is entered in every call of a layer.
    def __init__(self, name: str):
        self._name = name

    def __enter__(self) -> None:
        _core.push_scope(self._name)

    def __exit__(self, *_: Any) -> None:
        _core.pop_scope()


@contextlib.contextmanager
def init_scope() -> Iterator[None]:
    """Compute at once inside the context, even while a function is being traced."""
    _core.push_eager()
    try:
        with drawing(None):
            yield
    finally:
        _core.pop_emitter()


class _Recording:
    """The context of a trace.

    Attributes:
        checks: (number of an input, function of its values) for each check to be made before a run.
    """

    def __init__(self) -> None:
        self.trace = _core.Trace()
        self.checks: List[Tuple[int, Callable]] = []
        self._draws = drawing(None)
        self._inputs: Dict[int, int] = {}  # numbers of inputs by the ids of tensors
        self._outer: Optional[_Recording] = None

    def __enter__(self) -> "_Recording":
        self._draws.__enter__()
        self.trace.start()
        self._outer, _of_thread.recording = _of_thread.recording, self
        return self

    def __exit__(self, *_: Any) -> None:
        _of_thread.recording = self._outer
        self.trace.stop()
        self._draws.__exit__(None, None, None)

    def input(self, shape: Any, dtype: Any) -> Any:
        """Return a tensor that stands for the next input."""
        number, made = len(self._inputs), self.trace.input(shape, dtype)
        self._inputs[made.id] = number
        return made

    def add_copy(self, made: Any, source: Any) -> None:
        """Take a tensor for the input of which it has the values."""
        if source.id in self._inputs:
            self._inputs[made.id] = self._inputs[source.id]

    def add_check(self, tensor: Any, check: Callable) -> bool:
        """Remember a check if the tensor is an input; see `check_input`."""
        if tensor.id not in self._inputs:
            return False
        self.checks.append((self._inputs[tensor.id], check))
        return True


class _KeyInputs:
    """Keys of draws as inputs of a trace: one for each generator, counted up from draw to draw."""

    def __init__(self, trace: _core.Trace):
        self.generators: List[Any] = []
        self._trace = trace
        self._keys: Dict[int, Any] = {}
        self._draws = 0

    def __call__(self, generator: Any) -> Any:
        if id(generator) not in self._keys:
            self.generators.append(generator)
            self._keys[id(generator)] = self._trace.input([2], "int64")
        key = self._keys[id(generator)] + np.array([0, self._draws], dtype="int64")
        self._draws += 1
        return key


def check_input(tensor: Any, check: Callable) -> bool:
    """Have the values of a traced tensor looked at before each run of the plan, which kernels cannot refuse.

    Args:
        tensor: any traced tensor.
        check: called with the values as an array; raises for those that are wrong.

    Returns:
        whether that will happen: the tensor is an input of the trace as it was given, not the result of an op.
    """
    recording = _of_thread.recording
    return recording is not None and recording.add_check(tensor, check)


def copy_of(source: Any, made: Any) -> None:
    """Let `check_input` take `made` for `source`: the same values in another dtype or rank.

    Args:
        source: any tensor.
        made: what was made of it.
    """
    recording = _of_thread.recording
    if recording is not None:
        recording.add_copy(made, source)


class TensorSpec:
    """Shape and dtype of a tensor that need not exist.

    Args:
        shape: sizes, None where one is unknown; None for an unknown rank.
        dtype: name.
        name: a name for people.

    Example:
        >>> import gradmill as gm
        >>> gm.TensorSpec((None, 3), "float32")
        TensorSpec(shape=(None, 3), dtype='float32')
    """

    def __init__(self, shape: Any = None, dtype: Any = "float32", name: Optional[str] = None):
        self._shape = None if shape is None else tuple(shape)
        self._dtype, self.name = dtype, name

    @property
    def shape(self) -> Any:
        """Sizes, None where one is unknown; None for an unknown rank."""
        return self._shape

    @property
    def dtype(self) -> Any:
        """The name, or what was given."""
        return self._dtype

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorSpec) and (self.shape, self.dtype) == (other.shape, other.dtype)

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))


class Traced:
    """One compiled signature of a function.

    Args:
        python_function: called once, with traced tensors in place of tensors and arrays.
        arguments: (args, kwargs) whose shapes and dtypes are the signature.
        keys_are_inputs: whether random draws take their keys from further inputs, one for each of `generators`, of
            which the k-th draw of the function uses (seed, counter + k); else from the generators, which count.

    Attributes:
        plan: the compiled step; `plan.describe()` lists its kernels, `plan.profile(inputs)` times them.
        generators: those whose keys are inputs.
        checks: (number of an input, function of its values); see `check_input`.
    """

    def __init__(self, python_function: Callable, arguments: Any, keys_are_inputs: bool = False):
        with _Recording() as recording:
            keys = _KeyInputs(recording.trace)

            def placeholder(leaf: Any) -> Any:
                if not _is_data(leaf):
                    return leaf
                return recording.input(leaf.shape, leaf.dtype)

            args, kwargs = map_structure(placeholder, arguments)
            with drawing(keys if keys_are_inputs else None):
                result = python_function(*args, **kwargs)
        self.generators = keys.generators
        self._result = map_structure(lambda leaf: None if _is_output(leaf) else leaf, result)
        self._is_output = [_is_output(leaf) for leaf in flatten(result)]
        outputs = [
            leaf.value if isinstance(leaf, _core.Variable) else leaf for leaf in flatten(result) if _is_output(leaf)
        ]
        self.plan = recording.trace.compile(outputs)
        self.checks = recording.checks
        self.kept_alive: List[Any] = []
        self._is_one_output = _is_output(result)

    def __call__(self, tensors: List[Any]) -> Any:
        for number, check in self.checks:
            check(tensors[number].numpy())
        results = self.plan.run(tensors)
        if self._is_one_output:
            return results[0]
        outputs = iter(results)
        are_outputs = iter(self._is_output)
        return map_structure(lambda leaf: next(outputs) if next(are_outputs) else leaf, self._result)


def _is_data(leaf: Any) -> bool:
    return isinstance(leaf, (_core.Tensor, np.ndarray, TensorSpec))


class _TextFoundError(UnsupportedError):
    """Text among the arguments of a function."""


def _with_tensors(arguments: Any) -> Any:
    """The arguments of a call with NumPy arrays made tensors."""
    return map_structure(_as_data, arguments)


def _as_data(leaf: Any) -> Any:
    if isinstance(leaf, (Text, TextArray)):
        raise _TextFoundError("function: expected numbers, which plans know alone; received text; call the function")
    return _core.tensor(leaf) if isinstance(leaf, np.ndarray) else leaf


def _is_output(leaf: Any) -> bool:
    return isinstance(leaf, (_core.Tensor, _core.Variable))


def _key(leaf: Any) -> Any:
    if isinstance(leaf, (_core.Tensor, TensorSpec)):
        return ("tensor", leaf.shape, leaf.dtype)
    if isinstance(leaf, (bool, int, float, str, bytes)) or leaf is None:
        return (type(leaf), leaf)
    if isinstance(leaf, np.generic):
        return (type(leaf), leaf.item())
    return ("object", id(leaf))


_fall_back = {"always": False}


def set_fall_back(enabled: bool) -> None:
    """Choose what functions made from now on do when their Python code looks at values of tensors.

    Args:
        enabled: whether they run op by op, with a warning, rather than raise an error.
    """
    _fall_back["always"] = bool(enabled)


class Function:
    """A Python function that runs as a compiled plan; made by `function`.

    Args:
        python_function: called while tracing only.
        cache_size: compiled signatures to keep; default: `GRADMILL_PLAN_CACHE`, 64.
        examine: called as `examine(plan, arguments)` with each new plan before it is kept and run; may raise.
        falls_back: whether a function that looks at values of tensors runs op by op, with a warning, rather than being
            an error; default: what `set_fall_back` set.

    Attributes:
        runs_eagerly: whether that has happened.
    """

    def __init__(
        self,
        python_function: Callable,
        cache_size: Optional[int] = None,
        examine: Optional[Callable[[_core.Plan, List[Any]], None]] = None,
        falls_back: Optional[bool] = None,
    ):
        self.python_function = python_function
        self.runs_eagerly = False
        self._falls_back = _fall_back["always"] if falls_back is None else falls_back
        self._examine = examine
        self._cache: collections.OrderedDict = collections.OrderedDict()
        # Keys of `_cache` by those that C++ makes of plain arguments, in a tenth of the time.
        self._plain_keys: Dict[bytes, Any] = {}
        self._limit = cache_size or _core.plan_cache_size()
        functools.update_wrapper(self, python_function)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        plain = None if kwargs or self.runs_eagerly else _core.plain_call(args)
        if plain is not None:
            known = self._plain_keys.get(plain[0])
            if known is not None:
                self._cache.move_to_end(known)
                return self._cache[known](plain[1])
        elif _core.is_tracing():
            return self.python_function(*args, **kwargs)
        try:
            arguments = _with_tensors((args, kwargs))
        except _TextFoundError:
            return self.python_function(*args, **kwargs)
        if not self.runs_eagerly and not _core.is_recording():  # tapes see ops, and nothing of what a plan computes
            try:
                traced = self._traced(arguments)
            except UnsupportedError as error:
                self.fall_back(error)
            else:
                if plain is not None:
                    self._plain_keys[plain[0]] = next(reversed(self._cache))
                return traced([leaf for leaf in flatten(arguments) if isinstance(leaf, _core.Tensor)])
        args, kwargs = arguments
        return self.python_function(*args, **kwargs)

    def fall_back(self, error: UnsupportedError) -> None:
        """Run op by op from now on, if that is allowed and would help; else raise the error again.

        Args:
            error: what was raised while the function was traced.
        """
        if not self._falls_back or "is being traced" not in str(error):
            raise error
        self.runs_eagerly = True
        warnings.warn(
            f"{getattr(self.python_function, '__name__', 'the function')} looks at values of tensors, in an if, a loop "
            "or a print, and runs op by op; use where and sums over masks to have it compiled",
            stacklevel=3,
        )

    def _traced(self, arguments: Any) -> Traced:
        args, kwargs = arguments
        key = (tuple(_key(leaf) for leaf in flatten(arguments)), _skeleton(arguments))
        traced = self._cache.get(key)
        if traced is None:
            traced = Traced(self.python_function, arguments)
            if self._examine is not None:
                self._examine(traced.plan, [leaf for leaf in flatten(arguments) if _is_data(leaf)])
            # Objects are known by identity: the entry keeps them alive, so that no other takes the number.
            self._cache[key] = traced
            traced.kept_alive = [leaf for leaf in flatten(arguments) if not _is_data(leaf)]
            if len(self._cache) > self._limit:
                oldest, _ = self._cache.popitem(last=False)
                self._plain_keys = {plain: key for plain, key in self._plain_keys.items() if key != oldest}
        else:
            self._cache.move_to_end(key)
        return traced

    def plan_for(self, *args: Any, **kwargs: Any) -> _core.Plan:
        """Return the plan for arguments like these, compiling it when needed; nothing is run.

        A `TensorSpec` may stand for a tensor.
        """
        return self.get_concrete_function(*args, **kwargs).plan

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> Traced:
        """Return the compiled signature for arguments like these."""
        return self._traced(_with_tensors((args, kwargs)))

    @property
    def plans(self) -> List[_core.Plan]:
        """Plans compiled so far, least recently used first."""
        return [traced.plan for traced in self._cache.values()]


def _skeleton(structure: Any) -> Any:
    """A hashable description of the nesting."""
    if isinstance(structure, dict):
        return ("dict", tuple((key, _skeleton(structure[key])) for key in sorted(structure, key=str)))
    if isinstance(structure, (list, tuple)):
        return (type(structure).__name__, tuple(_skeleton(each) for each in structure))
    return None


def function(func: Optional[Callable] = None, **options: Any) -> Any:
    """Compile a function: it is traced once for each signature of its arguments and then runs as one plan.

    Tensors and NumPy arrays are inputs of the plan; other arguments are constants, and another value means another
    trace. Variables are read and assigned in place. Python side effects happen while tracing only. Inside an open
    `GradientTape` the function runs op by op, so that the tape sees what it computes; put the tape inside the function
    to have all of it compiled.

    Args:
        func: the function; without it, a decorator is returned.
        **options: accepted for compatibility (`jit_compile`, `input_signature`, `reduce_retracing`, `autograph`,
            `experimental_relax_shapes`); plans are always compiled whole.

    Returns:
        Function: called like `func`.

    Raises:
        ArgumentError: for an unknown option, or something that cannot be called.

    Example:
        >>> import gradmill as gm
        >>> double = gm.function(lambda x: x + x)
        >>> float(double(gm.ops.convert_to_tensor(2.0)))
        4.0
    """
    known = {"jit_compile", "input_signature", "reduce_retracing", "autograph", "experimental_relax_shapes"}
    unknown = set(options) - known
    if unknown:
        raise ArgumentError(
            f"function: unknown option {sorted(unknown)[0]!r}; expected one of {', '.join(sorted(known))}"
        )
    if func is None:
        return lambda actual: function(actual, **options)
    if not callable(func):
        raise ArgumentError(f"function: expected a callable; received {type(func).__name__}")
    return func if isinstance(func, Function) else Function(func)


def infer_outputs(func: Callable, *args: Any) -> Any:
    """Run `func` without data to learn the shapes and dtypes of what it returns.

    Args:
        func: called with traced tensors in place of symbolic ones.
        *args: structures with SymbolicTensors, whose sizes may be None.

    Returns:
        The structure that `func` returns, tensors replaced by new SymbolicTensors. A size is None where it depends on
        an unknown size of an input.
    """
    has_unknown = any(None in leaf.shape for leaf in flatten(list(args)) if isinstance(leaf, SymbolicTensor))
    try:
        first = _run_abstractly(func, args, _FIRST_FILL)
    except Exception as error:
        if has_unknown:
            _hide_fill(error, func, args)
        raise
    if not has_unknown:
        return map_structure(
            lambda leaf: leaf if not isinstance(leaf, TensorSpec) else SymbolicTensor(leaf.shape, leaf.dtype), first
        )
    second = iter(flatten(_run_abstractly(func, args, _SECOND_FILL)))

    def combine(leaf: Any) -> Any:
        other = next(second)
        if not isinstance(leaf, TensorSpec):
            return leaf
        shape = [size if size == twin else None for size, twin in zip(leaf.shape, other.shape)]
        return SymbolicTensor(shape, leaf.dtype)

    return map_structure(combine, first)


def _hide_fill(error: Exception, func: Callable, args: Any) -> None:
    """Write None in an error's text for numbers that follow an unknown size: nobody gave them."""
    with contextlib.suppress(Exception):
        try:
            _run_abstractly(func, args, _SECOND_FILL)
        except type(error) as other:
            first, second = (re.split(r"(\d+)", each.args[0]) for each in (error, other))
            if first[::2] == second[::2]:
                pairs = zip(first, second)
                error.args = ("".join(word if word == twin else "None" for word, twin in pairs), *error.args[1:])


def _run_abstractly(func: Callable, args: Any, fill: int) -> Any:
    with _Recording() as recording:

        def placeholder(leaf: Any) -> Any:
            if not isinstance(leaf, SymbolicTensor):
                return leaf
            return recording.input([fill if size is None else size for size in leaf.shape], leaf.dtype)

        result = func(*map_structure(placeholder, list(args)))
        return map_structure(lambda leaf: TensorSpec(leaf.shape, leaf.dtype) if _is_output(leaf) else leaf, result)
