"""Formats of boxes around what images show, one as seen from another among them; `bounding_boxes` lists them."""

from typing import Any, Optional, Sequence

from gradmill import config, ops
from gradmill.errors import ArgumentError, ShapeError

FORMATS = (
    "xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh",
)  # fmt: skip
_DELTAS = ("center_xywh", "center_yxhw")


def convert_format(
    boxes: Any, source: str, target: str, height: Any = None, width: Any = None, dtype: str = "float32"
) -> Any:
    """Return boxes in another format.

    Args:
        boxes: (..., 4), or a dictionary with "boxes", which is returned with others.
        source, target: formats.
        height, width: of the image; needed when one format is relative and the other is not.
        dtype: of the result.

    Raises:
        ShapeError: another last axis than 4.
        ArgumentError: an unknown format, or sizes that are missing.

    Example:
        >>> import gradmill as gm
        >>> gm.utils.bounding_boxes.convert_format([[10, 20, 30, 50]], "xyxy", "xywh").numpy()
        array([[10., 20., 20., 30.]], dtype=float32)
    """
    if isinstance(boxes, dict):
        return {**boxes, "boxes": convert_format(boxes["boxes"], source, target, height, width, dtype)}
    boxes = ops.convert_to_tensor(boxes)
    if not boxes.shape or boxes.shape[-1] != 4:
        raise ShapeError(f"convert_format: expected boxes of shape (..., 4); received {tuple(boxes.shape)}")
    source, target = (checked_format("convert_format", each) for each in (source, target))
    relative = source.startswith("rel_"), target.startswith("rel_")
    if any(relative) and (height is None or width is None):
        raise ArgumentError(
            f"convert_format: expected height and width for {source!r} to {target!r}; received height={height} and "
            f"width={width}"
        )
    boxes = ops.cast(boxes, dtype)
    if source == target:
        return boxes
    left, top, right, bottom = _corners(boxes, source.removeprefix("rel_"))
    if relative[0] != relative[1]:
        width, height = (ops.cast(each, dtype) for each in (width, height))
        if relative[1]:
            left, top, right, bottom = left / width, top / height, right / width, bottom / height
        else:
            left, top, right, bottom = left * width, top * height, right * width, bottom * height
    return _from_corners(left, top, right, bottom, target.removeprefix("rel_"))


def _corners(boxes: Any, kind: str) -> list:
    a, b, c, d = columns_of(boxes)
    if kind in ("yxyx", "center_yxhw"):
        a, b, c, d = b, a, d, c
    if kind in ("xyxy", "yxyx"):
        return [a, b, c, d]
    if kind in _DELTAS:
        return [a - c / 2.0, b - d / 2.0, a + c / 2.0, b + d / 2.0]
    return [a, b, a + c, b + d]


def _from_corners(left: Any, top: Any, right: Any, bottom: Any, kind: str) -> Any:
    width, height = right - left, bottom - top
    if kind in _DELTAS:
        left, top = left + width / 2.0, top + height / 2.0
    if kind not in ("xyxy", "yxyx"):
        right, bottom = width, height
    order = [top, left, bottom, right] if kind in ("yxyx", "center_yxhw") else [left, top, right, bottom]
    return ops.stack(order, axis=-1)


def columns_of(boxes: Any) -> list:
    """Return the four numbers of boxes apart."""
    return [boxes[..., index] for index in range(4)]


def checked_format(owner: str, name: Any) -> str:
    """Return the name of a format in lower case.

    Args:
        owner: the function as named in messages.
        name: what was given.

    Raises:
        ArgumentError: no format.
    """
    if not isinstance(name, str) or name.lower() not in FORMATS:
        raise ArgumentError(f"{owner}: expected one of the formats {FORMATS}; received {name!r}")
    return name.lower()


def encode_box_to_deltas(
    anchors: Any,
    boxes: Any,
    anchor_format: str,
    box_format: str,
    encoding_format: str = "center_yxhw",
    variance: Optional[Sequence[float]] = None,
    image_shape: Optional[Sequence[int]] = None,
) -> Any:
    """Return boxes as seen from anchors: distances of the centers in sizes of the anchor, logarithms of the sizes.

    Args:
        anchors: (boxes, 4).
        boxes: (boxes, 4) or (batch, boxes, 4).
        anchor_format, box_format: formats.
        encoding_format: "center_yxhw" or "center_xywh": the order of the result.
        variance: four numbers that the result is divided by.
        image_shape: (height, width, channels), for relative formats.

    Raises:
        ArgumentError: another encoding, or another number of variances.

    Example:
        >>> import gradmill as gm
        >>> boxes = gm.utils.bounding_boxes
        >>> boxes.encode_box_to_deltas([[0, 0, 4, 4]], [[2, 2, 6, 6]], "xyxy", "xyxy").numpy()
        array([[0.5, 0.5, 0. , 0. ]], dtype=float32)
    """
    variance = _checked_deltas("encode_box_to_deltas", "encoding_format", encoding_format, variance)
    height, width = (None, None) if image_shape is None else image_shape[:2]
    anchors = convert_format(anchors, anchor_format, encoding_format, height, width)
    boxes = convert_format(boxes, box_format, encoding_format, height, width)
    sizes = ops.maximum(anchors[..., 2:], config.epsilon())
    ratios = ops.maximum(boxes[..., 2:], config.epsilon()) / sizes
    deltas = ops.concatenate([(boxes[..., :2] - anchors[..., :2]) / sizes, ops.log(ratios)], axis=-1)
    return deltas if variance is None else deltas / variance


def decode_deltas_to_boxes(
    anchors: Any,
    boxes_delta: Any,
    anchor_format: str,
    box_format: str,
    encoded_format: str = "center_yxhw",
    variance: Optional[Sequence[float]] = None,
    image_shape: Optional[Sequence[int]] = None,
) -> Any:
    """Return the boxes that `encode_box_to_deltas` described.

    Args:
        anchors: (boxes, 4), or a dictionary of such.
        boxes_delta: (boxes, 4) or (batch, boxes, 4), or a dictionary with the keys of `anchors`.
        anchor_format, box_format: formats.
        encoded_format, variance, image_shape: as given to `encode_box_to_deltas`.

    Raises:
        ArgumentError: another encoding, or another number of variances.

    Example:
        >>> import gradmill as gm
        >>> boxes = gm.utils.bounding_boxes
        >>> boxes.decode_deltas_to_boxes([[0, 0, 4, 4]], [[0.5, 0.5, 0.0, 0.0]], "xyxy", "xyxy").numpy()
        array([[2., 2., 6., 6.]], dtype=float32)
    """
    if isinstance(anchors, dict) and isinstance(boxes_delta, dict):
        rest = (anchor_format, box_format, encoded_format, variance, image_shape)
        return {key: decode_deltas_to_boxes(each, boxes_delta[key], *rest) for key, each in anchors.items()}
    factor = _checked_deltas("decode_deltas_to_boxes", "encoded_format", encoded_format, variance)
    height, width = (None, None) if image_shape is None else image_shape[:2]
    anchors = convert_format(anchors, anchor_format, encoded_format, height, width)
    deltas = ops.convert_to_tensor(boxes_delta)
    deltas = deltas if factor is None else deltas * factor
    sizes = anchors[..., 2:]
    boxes = [deltas[..., :2] * sizes + anchors[..., :2], ops.exp(deltas[..., 2:]) * sizes]
    return convert_format(ops.concatenate(boxes, axis=-1), encoded_format, box_format, height, width)


def _checked_deltas(owner: str, argument: str, encoding: Any, variance: Any) -> Any:
    if encoding not in _DELTAS:
        raise ArgumentError(f"{owner}: expected {argument} to be one of {_DELTAS}; received {encoding!r}")
    if variance is None:
        return None
    variance = ops.convert_to_tensor(variance, "float32")
    if variance.shape[-1:] != (4,):
        raise ArgumentError(f"{owner}: expected 4 numbers as variance; received shape {tuple(variance.shape)}")
    return variance
