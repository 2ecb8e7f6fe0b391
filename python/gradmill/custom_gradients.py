"""Functions whose gradient the user writes.

A tape records ops. What a custom function computes is cut off behind it (`stop_gradient`), and the open tapes remember
its inputs, outputs and gradient function as a bridge. `walk` then goes back from bridge to bridge: what arrives at the
outputs goes through the user's function, and what that gives is the beginning of the next walk, from the inputs.
"""

from __future__ import annotations

import functools
import inspect
import threading
from typing import Any, Callable, NamedTuple, Optional, Sequence

from gradmill import _core
from gradmill.errors import ArgumentError
from gradmill.symbolic import flatten, map_structure

_of_thread = threading.local()  # `tapes`: those that record, outermost first
_used = {"ever": False}


class Bridge(NamedTuple):
    """One call of a custom function."""

    inputs: list
    outputs: list
    gradient: Callable[[list], list]


def in_use() -> bool:
    """Return whether a custom gradient was ever defined, so that tapes have to look out for bridges."""
    return _used["ever"]


def open_tapes() -> list:
    """Return the tapes of this thread that record, outermost first."""
    if not hasattr(_of_thread, "tapes"):
        _of_thread.tapes = []
    tapes: list = _of_thread.tapes
    return tapes


def build(function: Callable, tape_class: Callable) -> Callable:
    """Return `function` with the gradient that it returns beside its result.

    Args:
        function: returns (result, gradient function).
        tape_class: `GradientTape`, which stands above this module.
    """

    _used["ever"] = True  # tapes that are made from now on look out for bridges
    name = getattr(function, "__name__", "the function")

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        with tape_class() as inner:
            found = function(*args, **kwargs)
        if not (isinstance(found, tuple) and len(found) == 2 and callable(found[1])):
            raise ArgumentError(
                f"custom_gradient: {name} must return a result and a gradient function; received a "
                f"{type(found).__name__}"
            )
        result, gradient = found
        variables = [each for each in inner.watched_variables() if not any(each is arg for arg in flatten(args))]
        result = map_structure(_cut, result)
        outputs = flatten(result)
        inputs = [leaf for leaf in flatten(args) if isinstance(leaf, (_core.Tensor, _core.Variable))]
        backward = _backward(gradient, inputs, variables, name)
        for tape in open_tapes():
            tape.add_bridge(Bridge([*inputs, *variables], outputs, backward))
        return result

    return call


def _cut(leaf: Any) -> Any:
    if not isinstance(leaf, (_core.Tensor, _core.Variable)):
        raise ArgumentError(f"custom_gradient: expected tensors as results; received a {type(leaf).__name__}")
    return _core.ops.stop_gradient(leaf.value if isinstance(leaf, _core.Variable) else leaf)


def _backward(gradient: Callable, inputs: list, variables: list, name: str) -> Callable[[list], list]:
    """The user's function as one from the outputs' gradients to those of inputs and variables."""

    def backward(upstream: list) -> list:
        given: dict[str, Any] = {}
        if variables:
            if "variables" not in inspect.signature(gradient).parameters:
                raise ArgumentError(
                    f"custom_gradient: the gradient function of {name} must take the argument variables, because "
                    f"{name} reads {', '.join(each.path for each in variables)}; it returns their gradients in a list "
                    "behind the others"
                )
            given["variables"] = variables
        found = gradient(*upstream, **given)
        of_variables: list = []
        if variables:
            found, of_variables = found
        gradients = [*flatten(found if isinstance(found, (list, tuple)) else [found]), *flatten(of_variables)]
        sources = [*inputs, *variables]
        if len(gradients) != len(sources):
            raise ArgumentError(
                f"custom_gradient: {name} has {len(sources)} inputs; its gradient function returned {len(gradients)} "
                "gradients; return one for each"
            )
        for each, source in zip(gradients, sources):
            if each is not None and tuple(each.shape) != tuple(source.shape):
                raise ArgumentError(
                    f"custom_gradient: {name} has an input of shape {tuple(source.shape)}; its gradient function "
                    f"returned one of shape {tuple(each.shape)}"
                )
        return gradients

    return backward


def walk(tape: Any, bridges: Sequence[Bridge], targets: list, seeds: Optional[list], sources: list) -> list:
    """Return the gradients of targets with respect to sources, through bridges.

    Args:
        tape: the engine's tape, which may be asked several times.
        bridges: in the order in which they were recorded.
        targets, seeds, sources: those of the engine's `Tape.gradient`.
    """
    outputs = [output for bridge in bridges for output in bridge.outputs]
    totals = tape.gradient(targets, seeds, [*sources, *outputs])
    end = len(totals)
    for bridge in reversed(bridges):
        begin = end - len(bridge.outputs)
        upstream, end = totals[begin:end], begin
        if all(each is None for each in upstream):
            continue
        filled = [_zeros_like(out) if each is None else each for each, out in zip(upstream, bridge.outputs)]
        arrived = bridge.gradient(filled)
        pairs = [(source, each) for source, each in zip(bridge.inputs, arrived) if each is not None]
        # Outputs of this bridge and later ones cannot depend on anything that came before it any more.
        wanted = [*sources, *outputs[: begin - len(sources)]]
        for source, each in pairs:
            value = source.value if isinstance(source, _core.Variable) else source
            further = tape.gradient([value], [_core.tensor(each, value.dtype)], wanted)
            for place, more in enumerate(further):
                if more is not None:
                    totals[place] = more if totals[place] is None else totals[place] + more
    return totals[: len(sources)]


def _zeros_like(tensor: Any) -> Any:
    return _core.ops.broadcast_to(_core.tensor(0, tensor.dtype), shape=list(tensor.shape))
