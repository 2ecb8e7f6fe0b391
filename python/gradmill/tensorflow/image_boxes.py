"""`tf.image`: rectangles in images, given by the places of their sides: (top, left, bottom, right)."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradmill import _core, ops
from gradmill.errors import ArgumentError, ShapeError

# Yellow, blue, red, lime, purple, olive, maroon, navy, aqua and fuchsia.
_COLORS = np.array([
    [1, 1, 0, 1], [0, 0, 1, 1], [1, 0, 0, 1], [0, 1, 0, 1], [0.5, 0, 0.5, 1], [0.5, 0.5, 0, 1], [0.5, 0, 0, 1],
    [0, 0, 0.5, 1], [0, 1, 1, 1], [1, 0, 1, 1],
])  # fmt: skip


def _checked(who: str, boxes: Any, ndim: int) -> Any:
    boxes = ops.convert_to_tensor(boxes)
    if boxes.ndim != ndim or boxes.shape[-1] != 4:
        wanted = "(boxes, 4)" if ndim == 2 else "(batch, boxes, 4)"
        raise ShapeError(f"tf.image.{who}: expected boxes of shape {wanted}; received {tuple(boxes.shape)}")
    return boxes


def draw_bounding_boxes(images: Any, boxes: Any, colors: Any, name: Any = None) -> Any:
    """`tf.image.draw_bounding_boxes`: images with frames one pixel wide; sides are shares of height and width."""
    who = "draw_bounding_boxes"
    given = ops.convert_to_tensor(images)
    boxes = _checked(who, boxes, 3)
    if given.ndim != 4 or given.shape[-1] not in (1, 3, 4) or boxes.shape[0] != given.shape[0]:
        raise ShapeError(
            f"tf.image.{who}: expected images (batch, height, width, 1, 3 or 4) and boxes (batch, boxes, 4); received "
            f"{tuple(given.shape)} and {tuple(boxes.shape)}"
        )
    pixels = np.array(given)
    _, height, width, depth = pixels.shape
    table = _COLORS[:, :depth] if colors is None else np.asarray(colors)
    if table.ndim != 2 or table.shape[1] < depth or not len(table):
        raise ShapeError(f"tf.image.{who}: expected colors (number, {depth}); received shape {table.shape}")
    if colors is None and depth == 1:
        table = np.ones_like(table)
    scale = np.array([height - 1, width - 1] * 2, "float32")
    for image, found in zip(pixels, np.asarray(boxes, "float32")):
        for number, box in enumerate(found):
            _frame(image, np.trunc(box * scale).astype(np.int64).tolist(), table[number % len(table), :depth])
    return _core.tensor(pixels)


def _frame(image: np.ndarray, box: list, color: np.ndarray) -> None:
    """Draw the sides that lie in the image."""
    height, width, _ = image.shape
    top, left, bottom, right = box
    if top > bottom or left > right or top >= height or bottom < 0 or left >= width or right < 0:
        return
    rows = slice(max(top, 0), min(bottom, height - 1) + 1)
    columns = slice(max(left, 0), min(right, width - 1) + 1)
    for row in (top, bottom):
        if 0 <= row < height:
            image[row, columns] = color
    for column in (left, right):
        if 0 <= column < width:
            image[rows, column] = color


def crop_and_resize(
    image: Any,
    boxes: Any,
    box_indices: Any,
    crop_size: Any,
    method: str = "bilinear",
    extrapolation_value: float = 0.0,
    name: Any = None,
) -> Any:
    """`tf.image.crop_and_resize`: parts of images, all of one size; sides are shares of height and width."""
    who = "crop_and_resize"
    image, boxes = ops.cast(image, "float32"), ops.cast(_checked(who, boxes, 2), "float32")
    box_indices = ops.convert_to_tensor(box_indices)
    if image.ndim != 4 or box_indices.ndim != 1 or box_indices.shape[0] != boxes.shape[0]:
        raise ShapeError(
            f"tf.image.{who}: expected images of four axes and a number for each of {boxes.shape[0]} boxes; received "
            f"shapes {tuple(image.shape)} and {tuple(box_indices.shape)}"
        )
    if method not in ("bilinear", "nearest"):
        raise ArgumentError(f"tf.image.{who}: expected method 'bilinear' or 'nearest'; received {method!r}")
    height, width = (int(each) for each in crop_size)
    step_down, top = _grid(boxes[:, 0], boxes[:, 2], image.shape[1], height)
    step_right, left = _grid(boxes[:, 1], boxes[:, 3], image.shape[2], width)
    zero = ops.zeros_like(top)
    transform = ops.stack([step_right, zero, left, zero, step_down, top], 1)
    parts = _core.ops.affine_sample(
        ops.take(image, box_indices, 0), transform, height=height, width=width, method=method, fill_mode="nearest"
    )
    rows = _inside(top, step_down, height, image.shape[1])
    columns = _inside(left, step_right, width, image.shape[2])
    seen = ops.logical_and(ops.expand_dims(rows, 2), ops.expand_dims(columns, 1))
    return ops.where(ops.expand_dims(seen, 3), parts, float(extrapolation_value))


def _grid(first: Any, last: Any, size: int, count: int) -> tuple[Any, Any]:
    """Distance of the places that are looked at, and the first of them; a single one lies in the middle."""
    if count == 1:
        return first * 0.0, (first + last) * (0.5 * (size - 1))
    return (last - first) * (size - 1) / (count - 1), first * float(size - 1)


def _inside(start: Any, step: Any, count: int, size: int) -> Any:
    """Which places lie within the image; (boxes, count)."""
    places = ops.expand_dims(start, 1) + ops.expand_dims(step, 1) * ops.arange(count, dtype="float32")
    return ops.logical_and(ops.greater_equal(places, 0.0), ops.less_equal(places, float(size - 1)))


def non_max_suppression(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: float = 0.5,
    score_threshold: float = float("-inf"),
    name: Any = None,
) -> Any:
    """`tf.image.non_max_suppression`: the best boxes of those that overlap, best first, by their numbers."""
    corners = np.asarray(_checked("non_max_suppression", boxes, 2), "float32")
    values = np.asarray(ops.convert_to_tensor(scores), "float32")
    if values.shape != corners.shape[:1]:
        raise ShapeError(
            f"tf.image.non_max_suppression: expected a score for each of {len(corners)} boxes; received shape "
            f"{values.shape}"
        )
    if not 0 <= iou_threshold <= 1:
        raise ArgumentError(
            f"tf.image.non_max_suppression: expected iou_threshold from 0 to 1; received {iou_threshold!r}"
        )
    low, high = np.minimum(corners[:, :2], corners[:, 2:]), np.maximum(corners[:, :2], corners[:, 2:])
    areas = np.prod(high - low, axis=1)
    kept: list[int] = []
    for number in np.argsort(-values, kind="stable"):
        if len(kept) >= int(max_output_size):
            break
        if values[number] <= score_threshold:
            continue
        shared = np.prod(np.clip(np.minimum(high[number], high[kept]) - np.maximum(low[number], low[kept]), 0, None), 1)
        united = areas[number] + areas[kept] - shared
        overlaps = (shared > iou_threshold * united) & (areas[number] > 0) & (areas[kept] > 0)
        if not overlaps.any():
            kept.append(int(number))
    return _core.tensor(np.array(kept, "int32"))


BOXES: dict[str, Any] = {each.__name__: each for each in (crop_and_resize, draw_bounding_boxes, non_max_suppression)}
