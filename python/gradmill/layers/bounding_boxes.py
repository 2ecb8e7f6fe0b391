"""Boxes around what images show, as layers take them: {"boxes": (batch, boxes, 4), "labels": (batch, boxes)}."""

from __future__ import annotations

from typing import Any

from gradmill import ops
from gradmill.errors import ArgumentError, ShapeError
from gradmill.layers.base import positive_integer
from gradmill.layers.resizing import ImageLayer
from gradmill.serialization import register_serializable


@register_serializable("keras.layers")
class MaxNumBoundingBoxes(ImageLayer):
    """Give each image the same number of boxes: further ones are dropped, missing ones filled in.

    Args:
        max_number: how many boxes.
        fill_value: what missing boxes and labels consist of.

    Input: images, which stay as they are, or a dictionary with "images" and "bounding_boxes": a dictionary with
    "boxes" (batch, boxes, 4) and "labels" (batch, boxes), both without batch axis for a single image.

    Raises:
        ArgumentError: a number that is no positive integer, or boxes without labels.
        ShapeError: boxes or labels of another shape.

    Example:
    >>> import numpy as np, gradmill as gm
    >>> boxes = {"boxes": np.ones((1, 1, 4)), "labels": np.array([[7]], "int32")}
    >>> found = gm.layers.MaxNumBoundingBoxes(2)({"images": np.ones((1, 4, 4, 3)), "bounding_boxes": boxes})
    >>> found["bounding_boxes"]["labels"].numpy()
    array([[ 7, -1]], dtype=int32)
    """

    def __init__(self, max_number: int, fill_value: int = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.max_number = positive_integer(max_number, "max_number", self._label)
        self.fill_value = int(fill_value)

    def call(self, inputs: Any, training: bool = True) -> Any:
        """Return the inputs with `max_number` boxes for each image."""
        if not isinstance(inputs, dict) or "bounding_boxes" not in inputs:
            return inputs
        given = inputs["bounding_boxes"]
        if not isinstance(given, dict) or not {"boxes", "labels"} <= set(given):
            raise ArgumentError(
                f"{self._label}: expected 'bounding_boxes' to be a dictionary with 'boxes' and 'labels'; received "
                f"{sorted(given) if isinstance(given, dict) else type(given).__name__}"
            )
        boxes, labels = (ops.convert_to_tensor(given[key]) for key in ("boxes", "labels"))
        lead = len(inputs["images"].shape) - 3
        if len(boxes.shape) != lead + 2 or boxes.shape[-1] != 4 or labels.shape != boxes.shape[:-1]:
            raise ShapeError(
                f"{self._label}: expected boxes of shape {'(batch, boxes, 4)' if lead else '(boxes, 4)'} and a label "
                f"for each; received {tuple(boxes.shape)} and {tuple(labels.shape)}"
            )
        found = {"boxes": self._filled(boxes, lead), "labels": self._filled(labels, lead)}
        return {**inputs, "bounding_boxes": {**given, **found}}

    def _filled(self, values: Any, axis: int) -> Any:
        values = values[:, : self.max_number] if axis else values[: self.max_number]
        widths = [(0, 0)] * len(values.shape)
        widths[axis] = (0, self.max_number - values.shape[axis])
        return ops.pad(values, widths, constant_values=self.fill_value)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "max_number": self.max_number, "fill_value": self.fill_value}
