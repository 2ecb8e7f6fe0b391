"""Checks of data against a model before the first step: ranks, labels, NaN."""

from typing import Any, List, Optional

import numpy as np

from gradmill import errors, losses
from gradmill.models.host_part import was_read
from gradmill.utils import structure

_PART_NAMES = ("x", "y", "sample_weight")
_ROWS_AT_ONCE = 4096


def check_input_shapes(model: Any, x: Any) -> None:
    """Raise when an array's rank or a size does not fit the model's input; names the input layer.

    A missing last axis of size 1 is allowed: the model adds it.
    """
    if was_read(x):
        return
    expected = structure.flatten(getattr(model, "inputs", None))
    if isinstance(x, dict) and all(getattr(tensor, "name", None) in x for tensor in expected):
        arrays = [x[tensor.name] for tensor in expected]
    else:
        arrays = structure.flatten(x)
    if expected == [None] or any(array is None for array in arrays):
        return
    name = getattr(model, "name", type(model).__name__)
    if len(arrays) != len(expected):
        raise errors.ArgumentError(
            f"{name}: the model has {len(expected)} inputs; received {len(arrays)} arrays x; pass one for each input"
        )
    for tensor, array in zip(expected, arrays):
        wanted, received = tuple(tensor.shape), tuple(array.shape)
        fits = len(wanted) == len(received) or (len(wanted) == len(received) + 1 and wanted[-1] == 1)
        fits = fits or (len(received) == len(wanted) + 1 and received[-1] == 1)
        same = all(w is None or w == r for w, r in zip(wanted[1:], received[1:]))
        same = same or not getattr(model, "_sizes_are_fixed", True)
        if not fits or (len(wanted) == len(received) and not same):
            layer = getattr(tensor, "name", None) or "input"
            raise errors.ShapeError(
                f"{name}: input layer {layer!r} takes batches of shape {wanted} (rank {len(wanted)}); received x of "
                "shape "
                f"{received} (rank {len(received)}); reshape x or change the Input"
            )


def input_dtypes(model: Any, x: Any) -> Optional[List[str]]:
    """Return the dtypes of a functional model's inputs, in flattened order; None when it has none of its own."""
    expected = structure.flatten(getattr(model, "inputs", None))
    if expected == [None] or isinstance(x, dict) or len(expected) != len(structure.flatten(x)):
        return None
    return [str(tensor.dtype) for tensor in expected]


def is_sparse_crossentropy(loss: Any) -> bool:
    """Whether `loss` takes class indices, all of which must lie within the last axis of the output."""
    if getattr(loss, "ignore_class", None) is not None:
        return False
    function = getattr(loss, "fn", None)
    return isinstance(loss, losses.SparseCategoricalCrossentropy) or function is losses.sparse_categorical_crossentropy


def check_labels(labels: np.ndarray, classes: Optional[int], name: str = "y") -> None:
    """Raise when an integer label is not a class of the output; names row and value.

    Args:
        labels: array of labels; those of float dtype are not checked.
        classes: size of the output's last axis.
        name: what the message calls the labels.
    """
    if classes is None or labels.dtype.kind not in "iu" or not labels.size:
        return
    if labels.min() >= 0 and labels.max() < classes:
        return
    position = np.argwhere((labels < 0) | (labels >= classes))[0]
    value = labels[tuple(position)]
    advice = "correct the label"
    if value >= classes:
        advice += f" or give the last layer {int(labels.max()) + 1} units"
    raise errors.ArgumentError(
        f"sparse_categorical_crossentropy: labels must lie in 0..{classes - 1} (the output has {classes} values); "
        f"received {name} = {value} at row {position[0]}; {advice}"
    )


def check_finite(data: Any) -> None:
    """Raise for the first NaN or infinity in arrays; names the array and the row."""
    parts = data if isinstance(data, tuple) else (data,)
    for name, part in zip(_PART_NAMES, parts):
        for path, array in structure.flatten_with_paths(part):
            if array is None or array.dtype.kind != "f":
                continue
            for start in range(0, len(array), _ROWS_AT_ONCE):
                rows = array[start : start + _ROWS_AT_ONCE]
                if np.isfinite(rows).all():
                    continue
                bad = np.argwhere(~np.isfinite(rows))[0]
                label = name + "".join(f"[{key!r}]" for key in path)
                raise errors.ArgumentError(
                    f"fit: {label} must be finite while NaN checks are on; received {rows[tuple(bad)]} at row "
                    f"{start + int(bad[0])}; clean the data or call gradmill.config.disable_nan_checks()"
                )
