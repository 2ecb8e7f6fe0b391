"""Losses for sequences of labels whose places in the input are not known."""

from typing import Any, Optional

from gradmill import errors, ops
from gradmill.losses.base import LossFunctionWrapper, mark_function

# Stands for "no label" among the classes, and fills up targets that have fewer labels than others.
_BLANK = 0


def ctc(y_true: Any, y_pred: Any) -> Any:
    """Connectionist temporal classification: minus the logarithm of the probability of labels, wherever they stand.

    Args:
        y_true: labels, shape (batch, labels). 0 stands for no label and fills shorter rows up.
        y_pred: logits (without softmax), shape (batch, steps, classes); class 0 means that a step has no label.

    Returns:
        Values of shape (batch,); about 1e5 or more where there are fewer steps than the labels need.

    Raises:
        ShapeError: when the ranks or batch sizes are others.

    Reference: Graves et al., "Connectionist temporal classification", 2006.

    Example:
        >>> import numpy as np
        >>> import gradmill as gm
        >>> values = gm.losses.ctc([[1, 0]], np.zeros((1, 2, 2), "float32"))  # three of four ways
        >>> gm.ops.exp(-values).numpy().round(4).tolist()
        [0.75]
    """
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    true_shape, pred_shape = tuple(y_true.shape), tuple(y_pred.shape)
    if len(true_shape) != 2 or len(pred_shape) != 3 or true_shape[0] != pred_shape[0]:
        raise errors.ShapeError(
            "ctc: expected y_true (batch, labels) and logits y_pred (batch, steps, classes); received "
            f"y_true {true_shape} and y_pred {pred_shape}"
        )
    label_count = ops.sum(ops.cast(ops.not_equal(y_true, _BLANK), "int32"), axis=-1)
    step_count = ops.full(pred_shape[:1], pred_shape[1], dtype="int32")
    return ops.ctc_loss(y_true, y_pred, label_count, step_count, mask_index=_BLANK)


class CTC(LossFunctionWrapper):
    """Connectionist temporal classification, as in `ctc`.

    Args:
        reduction, name, dtype: as in `Loss`.

    Raises:
        ShapeError: as in `ctc`.

    Example:
        >>> import numpy as np
        >>> import gradmill as gm
        >>> loss = gm.losses.CTC()
        >>> round(float(loss([[1, 0], [1, 1]], np.zeros((2, 3, 2), "float32"))), 4)  # 6 and 1 of 8 ways
        1.1836
    """

    _fixed_function = True

    def __init__(
        self, reduction: Optional[str] = "sum_over_batch_size", name: Optional[str] = "ctc", dtype: Any = None
    ):
        super().__init__(ctc, reduction, name, dtype)


mark_function(ctc, integer_targets=True)
