"""Parts of a layer call that do not depend on the layer: context, arguments, shapes, paths."""

from __future__ import annotations

import contextlib
import inspect
import threading
from typing import Any, Callable, Iterator, NamedTuple, Optional

import numpy as np

from gradmill import _core, masks, ops
from gradmill.errors import ArgumentError
from gradmill.symbolic import SymbolicTensor, flatten, map_structure
from gradmill.utils.text_values import TextArray, as_text, is_text
from gradmill.variable import Variable


class _ThreadState(threading.local):
    """What the layer calls of one thread share."""

    def __init__(self) -> None:
        self.entry_layer: Any = None
        self.training: Any = None
        self.inferring = 0
        self.path: list[str] = []
        # The dtype in which variables are read: None while no layer runs that casts, "" below one that does not.
        self.autocast: Optional[str] = None


state = _ThreadState()
# How often a layer has begun to compute something else than before: steps that were traced earlier are stale.
_changes = 0


def note_change() -> None:
    """Say that a layer computes something else from now on."""
    global _changes
    _changes += 1


def changes() -> int:
    """Return how often `note_change` was called."""
    return _changes


class path_scope:  # noqa: N801
    """Put `name` before the paths of variables made inside."""

    __slots__ = ("_name",)

    # A class and no generator: it is entered in every call of a layer.
    def __init__(self, name: str):
        self._name = name

    def __enter__(self) -> None:
        state.path.append(self._name)

    def __exit__(self, *_: Any) -> None:
        state.path.pop()


class autocast_scope:  # noqa: N801
    """Read float variables in `compute_dtype` inside; below a layer that casts, in their own if `wanted` is False."""

    __slots__ = ("_dtype", "_outer")

    def __init__(self, compute_dtype: str, wanted: bool):
        # As in Keras, the outermost layer casts even if not wanted; only the variables' own `autocast` prevents it.
        casts = is_float(compute_dtype) and (wanted or state.autocast is None)
        self._dtype = compute_dtype if casts else ""
        self._outer = state.autocast

    def __enter__(self) -> None:
        state.autocast = self._dtype
        _core.set_autocast_dtype(self._dtype or None)

    def __exit__(self, *_: Any) -> None:
        state.autocast = self._outer
        _core.set_autocast_dtype(self._outer or None)


@contextlib.contextmanager
def inferring() -> Iterator[None]:
    """Mark that outputs are inferred and no values exist, so losses must not be kept."""
    state.inferring += 1
    try:
        yield
    finally:
        state.inferring -= 1


class CallSignature(NamedTuple):
    """What is asked again and again about a `call` method."""

    signature: inspect.Signature
    names: tuple[str, ...]
    has_training: bool
    has_mask: bool
    masked: tuple[str, ...]  # arguments that have one with `_mask` behind their name
    default_training: Any
    # Of parameters that may all be given by position or by name, those without a default; else None.
    required: Optional[frozenset[str]]

    def bind(self, args: tuple, kwargs: dict) -> dict[str, Any]:
        """Return the arguments given by name.

        Raises:
            TypeError: the call does not fit the signature.
        """
        if self.required is not None and len(args) <= len(self.names):
            found = dict(zip(self.names, args))
            if not kwargs:
                if self.required <= found.keys():
                    return found
            elif found.keys().isdisjoint(kwargs) and all(name in self.names for name in kwargs):
                # In the order of the signature, as `inspect` has it.
                found.update((name, kwargs[name]) for name in self.names if name in kwargs)
                if self.required <= found.keys():
                    return found
        return self.signature.bind(*args, **kwargs).arguments


def describe_call(function: Callable) -> CallSignature:
    """Return the signature of `function` and the facts derived from it."""
    signature = inspect.signature(function)
    names = tuple(signature.parameters)
    empty = inspect.Parameter.empty
    training = signature.parameters["training"].default if "training" in names else None
    plain = all(each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD for each in signature.parameters.values())
    required = frozenset(name for name in names if signature.parameters[name].default is empty)
    return CallSignature(
        signature,
        names,
        "training" in names,
        "mask" in names,
        tuple(name for name in names if f"{name}_mask" in names),
        None if training is empty else training,
        required if plain else None,
    )


def is_tensor(value: Any) -> bool:
    """True for tensors, variables and symbolic tensors."""
    return isinstance(value, (_core.Tensor, SymbolicTensor, Variable))


def is_float(dtype: Any) -> bool:
    """True for the floating-point dtypes."""
    return "float" in str(dtype)


def convert_leaf(value: Any, compute_dtype: str, autocast: bool) -> Any:
    """Return arrays as tensors, and floating-point tensors in the compute dtype; leave everything else."""
    if isinstance(value, (_core.Tensor, Variable)):
        if autocast and value.dtype != compute_dtype and is_float(value.dtype):
            mask, value = masks.get_mask(value), ops.cast(value, compute_dtype)
            if mask is not None:
                masks.set_mask(value, mask)
        return value
    plain = (SymbolicTensor, str, bytes, TextArray, int, float, type(None))
    if isinstance(value, plain) or not hasattr(value, "__array__"):
        return value
    array = np.asarray(value)
    return ops.convert_to_tensor(array, dtype=compute_dtype if autocast and is_float(array.dtype) else None)


def convert_arguments(
    args: tuple, kwargs: dict, compute_dtype: str, autocast: bool, owner: str, text: bool = False
) -> tuple[tuple, dict]:
    """Convert the arguments of a layer call; with `text` that is left as it is.

    Raises:
        ArgumentError: a positional argument that holds something that is not a tensor.
    """

    def convert(value: Any) -> Any:
        if text and isinstance(value, np.ndarray) and is_text(value):
            return as_text(value)
        return convert_leaf(value, compute_dtype, autocast)

    converted = []
    for value in args:
        if type(value) is _core.Tensor:  # what most calls are made with
            converted.append(convert(value))
            continue
        if text and is_text(value):
            converted.append(as_text(value))
            continue
        if isinstance(value, (list, tuple)) and _holds_numbers(value):
            value = np.asarray(value)
        value = map_structure(convert, value) if isinstance(value, (list, tuple, dict)) else convert(value)
        for leaf in flatten(value):
            if leaf is not None and not is_tensor(leaf) and not (text and is_text(leaf)):
                raise ArgumentError(
                    f"{owner}: expected tensors as positional arguments; received {leaf!r} of type "
                    f"{type(leaf).__name__}; pass settings by name and data as arrays"
                )
        converted.append(value)
    return tuple(converted), {key: map_structure(convert, value) for key, value in kwargs.items()}


def _holds_numbers(value: Any) -> bool:
    leaves = flatten(value)
    return bool(leaves) and all(isinstance(leaf, (bool, int, float, np.number)) for leaf in leaves)


def shapes_of(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return `NAME_shape` for every argument that consists of tensors, as `build` methods name them."""
    shapes = {}
    for name, value in arguments.items():
        leaves = flatten(value)
        if name in ("mask", "training") or not leaves or not all(is_tensor(leaf) for leaf in leaves):
            continue
        shapes[f"{name}_shape"] = map_structure(lambda leaf: tuple(leaf.shape), value)
    return shapes


def build_arguments(build: Callable, shapes: dict[str, Any], owner: str) -> dict[str, Any]:
    """Match shapes of inputs to the parameters of a `build` method.

    A method with one parameter gets the shape of the first input whatever the parameter is called.

    Raises:
        ArgumentError: several parameters of which one is no input's name with `_shape` behind it.
    """
    parameters = inspect.signature(build).parameters
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values()):
        return shapes
    names = [name for name, each in parameters.items() if each.kind is not inspect.Parameter.VAR_POSITIONAL]
    first = next(iter(shapes.values()), None)
    if len(names) <= 1:
        return {name: shapes.get(name, first) for name in names}
    unknown = [name for name in names if name not in shapes and parameters[name].default is inspect.Parameter.empty]
    if unknown:
        raise ArgumentError(
            f"{owner}: expected parameters of build() to be called after those of call() with '_shape' behind; "
            f"received {unknown[0]!r}; known are {', '.join(shapes)}"
        )
    return {name: shapes[name] for name in names if name in shapes}


def is_shape(value: Any) -> bool:
    """True for one shape, False for a structure of shapes."""
    return isinstance(value, (list, tuple)) and all(
        each is None or isinstance(each, (int, np.integer)) for each in value
    )


def map_shapes(function: Callable, shapes: Any) -> Any:
    """Apply `function` to every shape of a structure of shapes."""
    if shapes is None:
        return None
    if is_shape(shapes):
        return function(tuple(shapes))
    if isinstance(shapes, dict):
        return {key: map_shapes(function, value) for key, value in shapes.items()}
    if isinstance(shapes, (list, tuple)):
        mapped = [map_shapes(function, value) for value in shapes]
        return mapped if isinstance(shapes, list) else tuple(mapped)
    raise ArgumentError(f"shape: expected a tuple of sizes or a structure of them; received {shapes!r}; correct it")


def describe_inputs(arguments: Any) -> str:
    """Return the shapes of the tensors in a structure as a short text."""
    shapes = [f"{tuple(leaf.shape)}" for leaf in flatten(arguments) if is_tensor(leaf)]
    return ", ".join(shapes) if shapes else "no tensors"


def annotate_error(error: Exception, where: str, arguments: Any) -> None:
    """Add the innermost layer's name and input shapes to an exception's message, once."""
    if getattr(error, "_gradmill_annotated", False) or not error.args or not isinstance(error.args[0], str):
        return
    text = f"{error.args[0]}\n(in {where}, called with inputs of shape {describe_inputs(arguments)})"
    error.args = (text, *error.args[1:])
    with contextlib.suppress(AttributeError):
        error._gradmill_annotated = True  # type: ignore[attr-defined]


def first_argument(args: tuple, kwargs: dict, names: tuple[str, ...]) -> Optional[Any]:
    """Return the first argument of a call however it was passed."""
    if args:
        return args[0]
    for name in names:
        if name in kwargs:
            return kwargs[name]
    return None
