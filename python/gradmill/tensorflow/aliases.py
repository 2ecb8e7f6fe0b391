"""Ops under TensorFlow's names for them and for their arguments."""

from __future__ import annotations

import functools
from typing import Any, Callable

from gradmill import ops


def alias(function: Callable, parameters: str = "") -> Callable:
    """Return `function` with other names of arguments, and with TensorFlow's `name`, which changes nothing.

    Args:
        function: takes the same arguments in the same order.
        parameters: words `theirs=ours` for the arguments whose names differ.
    """
    ours = dict(word.split("=") for word in parameters.split())

    @functools.wraps(function, updated=())
    def renamed(*args: Any, name: Any = None, **kwargs: Any) -> Any:
        return function(*args, **{ours.get(key, key): value for key, value in kwargs.items()})

    return renamed


def aliases(table: str) -> dict[str, Callable]:
    """Return the ops of a table by TensorFlow's names.

    Args:
        table: lines "names: op theirs=ours ...", several names separated by spaces.
    """
    found: dict[str, Callable] = {}
    for line in table.strip().splitlines():
        names, _, rest = line.partition(":")
        op, _, parameters = rest.strip().partition(" ")
        made = alias(getattr(ops, op), parameters)
        found.update((name, made) for name in names.split())
    return found
