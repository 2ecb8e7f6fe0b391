"""Masks carried by tensors: which steps of a sequence count.

A mask belongs to one tensor value. It is the attribute `_keras_mask`, which symbolic tensors hold themselves; for
tensors, and for arrays that stand in their place, a side table keeps it for as long as they live.
"""

from __future__ import annotations

import weakref
from typing import Any, Optional

from gradmill import _core

_side_table: dict[int, tuple[Any, Any]] = {}


def get_mask(tensor: Any) -> Optional[Any]:
    """Return the mask of a tensor, or None."""
    mask = getattr(tensor, "_keras_mask", None)
    return _look_up(tensor) if mask is None and _side_table else mask


def set_mask(tensor: Any, mask: Any) -> None:
    """Attach a mask to a tensor (None takes it off)."""
    try:
        tensor._keras_mask = mask
    except AttributeError:
        _keep(tensor, mask)


def _look_up(tensor: Any) -> Optional[Any]:
    found = _side_table.get(id(tensor))
    return found[1] if found is not None and found[0]() is tensor else None


def _keep(tensor: Any, mask: Any) -> None:
    key = id(tensor)
    if mask is None:
        _side_table.pop(key, None)
    else:
        _side_table[key] = (weakref.ref(tensor, lambda _: _side_table.pop(key, None)), mask)


# Scripts take masks off with `del x._keras_mask`.
setattr(_core.Tensor, "_keras_mask", property(_look_up, _keep, lambda tensor: _keep(tensor, None)))  # noqa: B010
