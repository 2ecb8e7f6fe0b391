"""Masks carried by tensors: which steps of a sequence count.

A mask belongs to one tensor value. Tensors that accept attributes carry it as `_keras_mask`; for the others a side
table keeps it for as long as the tensor lives.
"""

from __future__ import annotations

import weakref
from typing import Any, Optional

_side_table: dict[int, tuple[Any, Any]] = {}


def get_mask(tensor: Any) -> Optional[Any]:
    """Return the mask of a tensor, or None."""
    mask = getattr(tensor, "_keras_mask", None)
    if mask is None and _side_table:
        found = _side_table.get(id(tensor))
        if found is not None and found[0]() is tensor:
            return found[1]
    return mask


def set_mask(tensor: Any, mask: Any) -> None:
    """Attach a mask to a tensor (None takes it off)."""
    try:
        tensor._keras_mask = mask
        return
    except AttributeError:
        key = id(tensor)
    if mask is None:
        _side_table.pop(key, None)
    else:
        _side_table[key] = (weakref.ref(tensor, lambda _: _side_table.pop(key, None)), mask)
