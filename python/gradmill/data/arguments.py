"""Checks of what the methods of `Dataset` are given."""

from __future__ import annotations

import os
from typing import Any, Iterator, Optional

import numpy as np

from gradmill import errors
from gradmill.data import elements
from gradmill.data.stages import Node, check_count
from gradmill.utils import structure


def node_of(value: Any, who: str) -> Node:
    """Return the pipeline of a data set.

    Raises:
        ArgumentError: when the value is none.
    """
    if not elements.is_dataset(value):
        raise errors.ArgumentError(f"{who}: expected data sets; received a {type(value).__name__}")
    return value._node


def check_callable(who: str, function: Any) -> None:
    """Check that a function was given.

    Raises:
        ArgumentError: when it was not.
    """
    if not callable(function):
        raise errors.ArgumentError(f"{who}: expected a function; received a {type(function).__name__}")


def check_seed(seed: Any, who: str) -> Optional[int]:
    """Return a seed as an integer, or None."""
    if seed is None:
        return None
    return check_count(who, "seed", np.asarray(seed).ravel()[0] if np.ndim(seed) else seed, -(2**63))


def check_path(who: str, name: str, path: Any) -> str:
    """Return a path as text; tensors of text are among the bytes here.

    Raises:
        ArgumentError: when it is none.
    """
    if not isinstance(path, (str, bytes, os.PathLike)):
        raise errors.ArgumentError(f"{who}: {name} must be a path; received a {type(path).__name__}")
    return os.fsdecode(path)


def arranged(shape: Any, items: Iterator) -> Any:
    """Return the next items in place of the leaves of nested tuples, lists and dicts, lists as tuples."""
    if isinstance(shape, dict):
        found = {key: arranged(shape[key], items) for key in structure.ordered_keys(shape)}
        return {key: found[key] for key in shape}
    if isinstance(shape, (tuple, list)):
        parts = [arranged(part, items) for part in shape]
        return type(shape)(*parts) if hasattr(shape, "_fields") else tuple(parts)
    return next(items)
