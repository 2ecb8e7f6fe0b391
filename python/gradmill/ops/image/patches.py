"""Borders around images, and images cut into patches."""

from typing import Any, Optional

from gradmill import _core
from gradmill.errors import ArgumentError, ShapeError
from gradmill.ops.calling import public_op, tensor
from gradmill.ops.image.frames import as_given, batch_of
from gradmill.ops.layout import sizes_of
from gradmill.ops.shape import concatenate

__all__ = ["extract_patches", "extract_patches_3d", "pad_images"]


@public_op
def pad_images(
    images: Any,
    top_padding: Optional[int] = None,
    left_padding: Optional[int] = None,
    bottom_padding: Optional[int] = None,
    right_padding: Optional[int] = None,
    target_height: Optional[int] = None,
    target_width: Optional[int] = None,
    data_format: Optional[str] = None,
) -> Any:
    """Return images with borders of zeros, given by two of (first border, last border, size) for each direction.

    Args:
        images: one image or a batch.
        top_padding: rows to add at the top.
        left_padding: columns to add at the left.
        bottom_padding: rows to add at the bottom.
        right_padding: columns to add at the right.
        target_height: rows of the result.
        target_width: columns of the result.
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.

    Returns:
        tensor.

    Raises:
        ArgumentError: not two of three given for a direction, or negative ones.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.image.pad_images(gm.ops.ones((2, 3, 1)), 1, 2, target_height=5, target_width=6).shape
        (5, 6, 1)
    """
    x, single, first = batch_of(tensor(images), data_format, "pad_images")
    given = [
        (top_padding, bottom_padding, target_height, "rows"),
        (left_padding, right_padding, target_width, "columns"),
    ]
    low, high = [0] * 4, [0] * 4
    for axis, (before, after, size, what) in enumerate(given, start=1):
        if sum(each is not None for each in (before, after, size)) != 2:
            raise ArgumentError(
                f"pad_images: expected two of first border, last border and size for the {what}; received "
                f"{before}, {after} and {size}"
            )
        full = x.shape[axis]
        low[axis] = (size or 0) - full - (after or 0) if before is None else before
        high[axis] = (size or 0) - full - (before or 0) if after is None else after
        if low[axis] < 0 or high[axis] < 0:
            raise ArgumentError(f"pad_images: expected borders >= 0; received {low[axis]} and {high[axis]} {what}")
    return as_given(_core.ops.pad(x, before=low, after=high, value=0.0), single, first)


def _patches(who: str, x: Any, size: Any, strides: Any, dilation_rate: Any, padding: str, data_format: Any) -> Any:
    count = 2 if who == "extract_patches" else 3
    window = sizes_of(size, count, "size", who)
    steps = window if not strides else sizes_of(strides, count, "strides", who)
    gaps = sizes_of(dilation_rate, count, "dilation_rate", who)
    if padding not in ("valid", "same"):
        raise ArgumentError(f"{who}: expected padding 'valid' or 'same'; received {padding!r}")
    x, single, first = batch_of(tensor(x), data_format, who, count + 2)
    spans = [gap * (length - 1) + 1 for gap, length in zip(gaps, window)]
    if padding == "same":
        missing = [
            max((-(-n // step) - 1) * step + span - n, 0) for n, step, span in zip(x.shape[1:-1], steps, spans)
        ]
        low = [each // 2 for each in missing]
        high = [each - before for each, before in zip(missing, low)]
        x = _core.ops.pad(x, before=[0, *low, 0], after=[0, *high, 0], value=0.0)
    counts = [(n - span) // step + 1 for n, span, step in zip(x.shape[1:-1], spans, steps)]
    if min(counts) < 1:
        raise ShapeError(f"{who}: expected patches of {tuple(window)} to fit into images; received {x.shape}")
    places: list = [()]
    for length, gap, step, number in zip(window, gaps, steps, counts):
        ends = [slice(i * gap, i * gap + step * (number - 1) + 1, step) for i in range(length)]
        places = [(*place, end) for place in places for end in ends]
    found = concatenate.eager([x[(slice(None), *place)] for place in places], x.ndim - 1)
    return as_given(found, single, first)


@public_op
def extract_patches(
    images: Any,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: str = "valid",
    data_format: Optional[str] = None,
) -> Any:
    """Cut images into patches, whose pixels become channels.

    Args:
        images: one image or a batch; volumes if `size` has three numbers.
        size: rows and columns of a patch.
        strides: distance of patches; default `size`.
        dilation_rate: distance of the pixels of a patch.
        padding: "valid", or "same" to add zeros.
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.

    Returns:
        (batch, rows of patches, columns of patches, pixels of a patch * channels).

    Example:
        >>> import gradmill as gm
        >>> gm.ops.image.extract_patches([[[1], [2], [3], [4]]], (1, 2)).numpy()
        array([[[1, 2],
                [3, 4]]], dtype=int32)
    """
    if not isinstance(size, int) and len(size) == 3:
        return extract_patches_3d.eager(images, size, strides, dilation_rate, padding, data_format)
    return _patches("extract_patches", images, size, strides, dilation_rate, padding, data_format)


@public_op
def extract_patches_3d(
    volumes: Any,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: str = "valid",
    data_format: Optional[str] = None,
) -> Any:
    """Cut volumes into patches, whose places become channels.

    Args:
        volumes: (batch, depth, rows, columns, channels), or without batch, or channels first.
        size: sizes of a patch.
        strides: distance of patches; default `size`.
        dilation_rate: distance of the places of a patch.
        padding: "valid", or "same" to add zeros.
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.

    Returns:
        (batch, patches in depth, in rows, in columns, places of a patch * channels).
    """
    return _patches("extract_patches_3d", volumes, size, strides, dilation_rate, padding, data_format)
