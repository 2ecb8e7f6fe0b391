"""Rematerialization: what is computed again on the way back instead of being kept from the way forward.

A tape notes where a region begins and ends. Its values are given back (or, in a compiled step, never kept), and when
the gradients reach the region its ops are emitted again, with the same random numbers, which follow from their inputs.
"""

from __future__ import annotations

import contextlib
import functools
import math
import threading
from typing import Any, Callable, Iterator, List, Optional, Sequence

from gradmill import _core
from gradmill.errors import ArgumentError
from gradmill.symbolic import flatten

_MODES = ("full", "activations", "larger_than", "list_of_layers", None)


class _OfThread(threading.local):
    def __init__(self) -> None:
        self.scopes: List[RematScope] = []


_of_thread = _OfThread()


class RematScope:
    """Layers made inside compute values again for their gradients instead of keeping them: less memory, more time.

    It counts where a layer is made, not where it is called. What a layer returns is kept, so layers that do much
    inside, such as attention, a dense layer with an activation or a model used as a layer, save most; what comes last
    before the loss is needed at once and not repeated. `compile(remat=True)` needs no scope and chooses by itself what
    is kept.

    Args:
        mode: "full" for all layers; "activations" for the activation functions of layers that have an `activation`;
            "larger_than" for layers whose outputs have more than `output_size_threshold` elements, those of all samples
            of a batch together; "list_of_layers" for those named in `layer_names`; None for none, inside another scope.
        output_size_threshold: of "larger_than".
        layer_names: of "list_of_layers".

    Raises:
        ArgumentError: an unknown mode, a threshold that is no number, or names that are no list of text.

    Reference: Chen, Xu, Zhang and Guestrin, "Training deep nets with sublinear memory cost", 2016.

    Example:
        >>> import gradmill as gm
        >>> with gm.RematScope(mode="full"):
        ...     block = gm.layers.Dense(64, activation="gelu")
        >>> model = gm.Sequential([gm.Input((8,)), block, gm.layers.Dense(1)])
    """

    def __init__(
        self,
        mode: Optional[str] = "full",
        output_size_threshold: float = 1024,
        layer_names: Optional[Sequence[str]] = None,
    ):
        if mode not in _MODES:
            raise ArgumentError(
                f"RematScope: expected mode 'full', 'activations', 'larger_than', 'list_of_layers' or None; received "
                f"{mode!r}"
            )
        if isinstance(output_size_threshold, bool) or not isinstance(output_size_threshold, (int, float)):
            raise ArgumentError(
                f"RematScope: expected output_size_threshold to be a number; received {output_size_threshold!r}"
            )
        names = [] if layer_names is None else layer_names
        if isinstance(names, str) or not all(isinstance(each, str) for each in names):
            raise ArgumentError(f"RematScope: expected layer_names to be a list of names; received {layer_names!r}")
        self.mode = mode
        self.output_size_threshold = output_size_threshold
        self.layer_names = list(names)

    def __enter__(self) -> RematScope:
        _of_thread.scopes.append(self)
        return self

    def __exit__(self, *_: Any) -> None:
        _of_thread.scopes.pop()


def current_scope() -> Optional[RematScope]:
    """Return the innermost scope of this thread, None outside of all and where it says so."""
    innermost = _of_thread.scopes[-1] if _of_thread.scopes else None
    return innermost if innermost is not None and innermost.mode is not None else None


def remat(f: Callable) -> Callable:
    """Return a function or layer that computes its inner values again for its gradients instead of keeping them.

    Args:
        f: any function of tensors, or a layer. It may read variables. It runs once: what is repeated are its ops.

    Returns:
        A function that returns what `f` returns, with the same gradients.

    Raises:
        ArgumentError: something that cannot be called.

    Reference: Chen, Xu, Zhang and Guestrin, "Training deep nets with sublinear memory cost", 2016.

    Example:
        >>> import gradmill as gm
        >>> x = gm.Variable(2.0)
        >>> with gm.GradientTape() as tape:
        ...     y = gm.remat(lambda x: gm.ops.exp(x) * x)(x)
        >>> round(float(tape.gradient(y, x)), 4)
        22.1672
    """
    if not callable(f):
        raise ArgumentError(f"remat: expected a function; received {type(f).__name__}")

    @functools.wraps(f, updated=())
    def repeated(*args: Any, **kwargs: Any) -> Any:
        with _region():
            return f(*args, **kwargs)

    return repeated


@contextlib.contextmanager
def _region(divided: bool = False) -> Iterator[List[bool]]:
    """Ops inside are a region; it is none if the list is set to [False]."""
    repeats = [True]
    _core.begin_region(divided)
    try:
        yield repeats
    except BaseException:
        repeats[0] = False
        raise
    finally:
        _core.end_region(repeats[0])


def call_divided(layer: Any, args: tuple, kwargs: dict) -> Any:
    """Return what `layer.call` returns; a compiled step cuts what it does into regions, where they save most."""
    with _region(divided=True):
        return layer.call(*args, **kwargs)


def call_in_scope(scope: RematScope, layer: Any, args: tuple, kwargs: dict) -> Any:
    """Return what `layer.call` returns.

    Args:
        scope: in which the layer was made.
        layer: the layer.
        args: positional arguments of the call.
        kwargs: named arguments.
    """
    if scope.mode == "activations":
        return _with_repeated_activation(layer, args, kwargs)
    if scope.mode == "list_of_layers" and layer.name not in scope.layer_names:
        return layer.call(*args, **kwargs)
    with _region() as repeats:
        outputs = layer.call(*args, **kwargs)
        if scope.mode == "larger_than":
            sizes = [math.prod(leaf.shape) for leaf in flatten(outputs) if isinstance(leaf, _core.Tensor)]
            repeats[0] = sum(sizes) > scope.output_size_threshold
    return outputs


def _with_repeated_activation(layer: Any, args: tuple, kwargs: dict) -> Any:
    attributes = vars(layer)  # past the layer's own __setattr__, which looks for variables
    activation = attributes.get("activation")
    if activation is None:
        return layer.call(*args, **kwargs)
    attributes["activation"] = remat(activation)
    try:
        return layer.call(*args, **kwargs)
    finally:
        attributes["activation"] = activation
