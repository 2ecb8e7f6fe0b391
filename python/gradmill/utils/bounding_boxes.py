"""Boxes around what images show: their formats, what happens to them with their image, how much they overlap.

Formats, in any case: "xyxy" (left, top, right, bottom), "yxyx" (top, left, bottom, right), "xywh" (left, top, width,
height), "center_xywh", "center_yxhw" (center, then sizes); "rel_xyxy", "rel_yxyx", "rel_xywh" and "rel_center_xywh" are
shares of the image's width and height. Boxes have shape (..., 4).
"""

import math
from typing import Any, Optional, Sequence

from gradmill import config, ops
from gradmill.errors import ArgumentError, ShapeError, UnsupportedError
from gradmill.utils.box_formats import (
    checked_format,
    columns_of,
    convert_format,
    decode_deltas_to_boxes,
    encode_box_to_deltas,
)

__all__ = [
    "affine_transform",
    "clip_to_image_size",
    "compute_ciou",
    "compute_iou",
    "convert_format",
    "crop",
    "decode_deltas_to_boxes",
    "encode_box_to_deltas",
    "pad",
]


def _check_corners(owner: str, bounding_box_format: Any, allowed: Sequence[str] = ("xyxy",)) -> None:
    if bounding_box_format not in allowed:
        raise UnsupportedError(
            f"{owner}: expected bounding_box_format to be {' or '.join(map(repr, allowed))}; received "
            f"{bounding_box_format!r}; call convert_format first"
        )


def clip_to_image_size(
    bounding_boxes: dict, height: Any = None, width: Any = None, bounding_box_format: str = "xyxy"
) -> dict:
    """Return boxes cut off at the edges of the image; labels of boxes of which nothing is left become -1.

    Args:
        bounding_boxes: dictionary with "boxes" (..., 4), and perhaps "labels" of the shape before.
        height, width: of the image; not needed for "rel_xyxy".
        bounding_box_format: "xyxy" or "rel_xyxy".

    Raises:
        UnsupportedError: another format.
        ArgumentError: sizes that are missing.

    Example:
        >>> import gradmill as gm
        >>> found = gm.utils.bounding_boxes.clip_to_image_size({"boxes": [[-5.0, 2.0, 9.0, 4.0]]}, height=8, width=8)
        >>> found["boxes"].numpy()
        array([[0., 2., 8., 4.]], dtype=float32)
    """
    _check_corners("clip_to_image_size", bounding_box_format, ("xyxy", "rel_xyxy"))
    if bounding_box_format == "rel_xyxy":
        height = width = 1.0
    if height is None or width is None:
        raise ArgumentError(
            f"clip_to_image_size: expected height and width for 'xyxy'; received height={height} and width={width}"
        )
    boxes = _limited(ops.convert_to_tensor(bounding_boxes["boxes"]), height, width)
    found = {**bounding_boxes, "boxes": boxes}
    if bounding_boxes.get("labels") is not None:
        labels = ops.convert_to_tensor(bounding_boxes["labels"])
        found["labels"] = ops.where(_area(boxes) > 0, labels, ops.cast(-1, labels.dtype))
    return found


def _limited(boxes: Any, height: Any, width: Any) -> Any:
    return ops.stack(
        [ops.clip(column, 0, limit) for column, limit in zip(columns_of(boxes), (width, height) * 2)], axis=-1
    )


def _area(boxes: Any) -> Any:
    left, top, right, bottom = columns_of(boxes)
    return (right - left) * (bottom - top)


def affine_transform(
    boxes: Any,
    angle: Any,
    translate_x: Any,
    translate_y: Any,
    scale: Any,
    shear_x: Any,
    shear_y: Any,
    height: Any,
    width: Any,
    center_x: Any = None,
    center_y: Any = None,
    bounding_box_format: str = "xyxy",
) -> Any:
    """Return the upright boxes around boxes that were turned, moved, scaled and sheared.

    Args:
        boxes: (batch, boxes, 4).
        angle: degrees, one for each of the batch, as are those that follow.
        translate_x, translate_y: shares of the image's size.
        scale: factor.
        shear_x, shear_y: degrees.
        height, width: of the image.
        center_x, center_y: what turns stay, as shares of the size; the middle by default.
        bounding_box_format: must be "xyxy".

    Raises:
        UnsupportedError: another format.
        ShapeError: boxes of another shape.

    Example:
        >>> import gradmill as gm
        >>> one = [1.0]
        >>> gm.utils.bounding_boxes.affine_transform([[[0, 0, 2, 4]]], [90.0], [0], [0], one, [0], [0], 5, 5).shape
        (1, 1, 4)
    """
    _check_corners("affine_transform", bounding_box_format)
    boxes = ops.cast(ops.convert_to_tensor(boxes), "float32")
    if boxes.ndim != 3 or boxes.shape[-1] != 4:
        raise ShapeError(f"affine_transform: expected boxes of shape (batch, boxes, 4); received {tuple(boxes.shape)}")
    angle, move_x, move_y, scale, shear_x, shear_y = (
        ops.reshape(ops.cast(ops.convert_to_tensor(each), "float32"), (-1, 1, 1))
        for each in (angle, translate_x, translate_y, scale, shear_x, shear_y)
    )
    turn, shear_x, shear_y = (each * (-math.pi / 180.0) for each in (angle, shear_x, shear_y))
    middle_x = (0.5 if center_x is None else center_x) * (width - 1)
    middle_y = (0.5 if center_y is None else center_y) * (height - 1)
    # Turn and shear are one matrix ((a, b), (c, d)) of determinant 1, applied the other way around.
    a, c = ops.cos(turn - shear_y) / ops.cos(shear_y), -ops.sin(turn - shear_y) / ops.cos(shear_y)
    b, d = a * ops.tan(shear_x) + ops.sin(turn), ops.cos(turn) - c * ops.tan(shear_x)
    left, top, right, bottom = columns_of(boxes)
    x = ops.stack([left, right, right, left], axis=-1) - (middle_x - move_x * (width - 1))
    y = ops.stack([top, top, bottom, bottom], axis=-1) - (middle_y - move_y * (height - 1))
    new_x, new_y = scale * (d * x - b * y) + middle_x, scale * (a * y - c * x) + middle_y
    edges = [ops.min(new_x, -1), ops.min(new_y, -1), ops.max(new_x, -1), ops.max(new_y, -1)]
    return ops.stack(edges, axis=-1)


def crop(boxes: Any, top: Any, left: Any, height: Any, width: Any, bounding_box_format: str = "xyxy") -> Any:
    """Return boxes as seen from a part of the image, cut off at its edges.

    Args:
        boxes: (..., 4).
        top, left, height, width: the part.
        bounding_box_format: must be "xyxy".

    Raises:
        UnsupportedError: another format.

    Example:
        >>> import gradmill as gm
        >>> gm.utils.bounding_boxes.crop([[10.0, 20.0, 50.0, 60.0]], top=10, left=20, height=40, width=25).numpy()
        array([[ 0., 10., 25., 40.]], dtype=float32)
    """
    _check_corners("crop", bounding_box_format)
    return _limited(_moved(boxes, -top, -left), height, width)


def pad(
    boxes: Any, top: Any, left: Any, height: Any = None, width: Any = None, bounding_box_format: str = "xyxy"
) -> Any:
    """Return boxes as seen when the image gets borders.

    Args:
        boxes: (..., 4).
        top, left: sizes of the borders.
        height, width: accepted as in Keras; without effect.
        bounding_box_format: must be "xyxy".

    Raises:
        UnsupportedError: another format.

    Example:
        >>> import gradmill as gm
        >>> gm.utils.bounding_boxes.pad([[1.0, 2.0, 3.0, 4.0]], top=10, left=20).numpy()
        array([[21., 12., 23., 14.]], dtype=float32)
    """
    _check_corners("pad", bounding_box_format)
    return _moved(boxes, top, left)


def _moved(boxes: Any, down: Any, right: Any) -> Any:
    columns = columns_of(ops.convert_to_tensor(boxes))
    return ops.stack([column + step for column, step in zip(columns, (right, down) * 2)], axis=-1)


def compute_iou(
    boxes1: Any,
    boxes2: Any,
    bounding_box_format: str,
    use_masking: bool = False,
    mask_val: float = -1,
    image_shape: Optional[Sequence[int]] = None,
) -> Any:
    """Return for all pairs of boxes the area they share, as a part of the area that they cover together.

    Args:
        boxes1: (m, 4) or (batch, m, 4).
        boxes2: (n, 4) or (batch, n, 4).
        bounding_box_format: format of both.
        use_masking: whether pairs with a box of negative numbers only give `mask_val`.
        mask_val: number.
        image_shape: (height, width, channels), for relative formats.

    Returns:
        (m, n) or (batch, m, n).

    Raises:
        ShapeError: boxes of other shapes.
        ArgumentError: an unknown format, or a relative one without `image_shape`.

    Example:
        >>> import gradmill as gm
        >>> gm.utils.bounding_boxes.compute_iou([[0, 0, 2, 2]], [[0, 0, 2, 1], [2, 2, 3, 3]], "xyxy").numpy()
        array([[0.5, 0. ]], dtype=float32)
    """
    ranks = [len(ops.shape(each)) for each in (boxes1, boxes2)]
    if not set(ranks) <= {2, 3}:
        raise ShapeError(f"compute_iou: expected boxes with 2 or 3 axes; received {ranks[0]} and {ranks[1]} axes")
    first, second = (_absolute("compute_iou", each, bounding_box_format, image_shape) for each in (boxes1, boxes2))
    rows, columns = ops.expand_dims(first, -2), ops.expand_dims(second, -3)
    shared = _shared_area(rows, columns)
    found = shared / (_area(rows) + _area(columns) - shared + config.epsilon())
    if not use_masking:
        return found
    missing = ops.logical_or(ops.max(rows, axis=-1) < 0, ops.max(columns, axis=-1) < 0)
    return ops.where(missing, ops.cast(mask_val, found.dtype), found)


def compute_ciou(
    boxes1: Any, boxes2: Any, bounding_box_format: str, image_shape: Optional[Sequence[int]] = None
) -> Any:
    """Return the overlap of pairs of boxes, less what their centers are apart and their proportions differ.

    Args:
        boxes1, boxes2: (..., 4).
        bounding_box_format: format of both.
        image_shape: (height, width, channels), for relative formats.

    Returns:
        (...): at most 1.

    Raises:
        ArgumentError: an unknown format, or a relative one without `image_shape`.

    Reference: Zheng et al., "Enhancing geometric factors in model learning and inference", 2020.

    Example:
        >>> import gradmill as gm
        >>> gm.utils.bounding_boxes.compute_ciou([[0, 0, 2, 2]], [[0, 0, 2, 2]], "xyxy").numpy().round(4)
        array([1.], dtype=float32)
    """
    small = config.epsilon()
    first, second = (_absolute("compute_ciou", each, bounding_box_format, image_shape) for each in (boxes1, boxes2))
    (left, top, right, bottom), (left2, top2, right2, bottom2) = columns_of(first), columns_of(second)
    width, height, width2, height2 = right - left, bottom - top + small, right2 - left2, bottom2 - top2 + small
    shared = _shared_area(first, second)
    overlap = shared / (width * height + width2 * height2 - shared + 2 * small)
    across = ops.square(ops.maximum(right, right2) - ops.minimum(left, left2))
    across = across + ops.square(ops.maximum(bottom, bottom2) - ops.minimum(top, top2)) + small
    apart = (ops.square(left + right - left2 - right2) + ops.square(top + bottom - top2 - bottom2)) / 4.0
    shape = ops.square(ops.arctan(width2 / height2) - ops.arctan(width / height)) * (4 / math.pi**2)
    return overlap - (apart / across + shape * shape / (shape - overlap + (1 + small)))


def _absolute(owner: str, boxes: Any, kind: Any, image_shape: Any) -> Any:
    if checked_format(owner, kind).startswith("rel_") and image_shape is None:
        raise ArgumentError(f"{owner}: expected image_shape for {kind!r}; received None; pass (height, width, 3)")
    height, width = (None, None) if image_shape is None else image_shape[:2]
    return convert_format(boxes, kind, "xyxy", height, width)


def _shared_area(first: Any, second: Any) -> Any:
    (left, top, right, bottom), (left2, top2, right2, bottom2) = columns_of(first), columns_of(second)
    width = ops.minimum(right, right2) - ops.maximum(left, left2)
    height = ops.minimum(bottom, bottom2) - ops.maximum(top, top2)
    return ops.maximum(width, 0.0) * ops.maximum(height, 0.0)
