"""Functions on images: (batch, rows, columns, channels), or (rows, columns, channels) for one."""

from typing import Any, Optional, Sequence, Tuple

from gradmill import _core
from gradmill.errors import ArgumentError, ShapeError
from gradmill.ops.calling import float_tensor, public_op, tensor
from gradmill.ops.layout import data_format_of, sizes_of

__all__ = ["affine_transform", "crop_images", "crop_to_ratio", "resample", "resize", "windows_of"]

METHODS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")


def _spatial_axes(images: Any, data_format: Optional[str], who: str) -> Tuple[int, int]:
    data_format = data_format_of(data_format, who)
    if images.ndim not in (3, 4):
        raise ShapeError(f"{who}: expected an image with 3 axes or a batch with 4; received shape {images.shape}")
    first = images.ndim - (2 if data_format == "channels_first" else 3)
    return first, first + 1


def _cut(images: Any, axes: Sequence[int], starts: Sequence[int], sizes: Sequence[int]) -> Any:
    index = [slice(None)] * images.ndim
    for axis, start, size in zip(axes, starts, sizes):
        index[axis] = slice(start, start + size)
    return images[tuple(index)]


@public_op
def resample(x: Any, size: int, axis: int, interpolation: str = "bilinear", antialias: bool = False) -> Any:
    """Return a tensor with another number of places along one axis; places are cells of equal size.

    Args:
        x: tensor; integers become float32.
        size: places along the axis in the result.
        axis: the axis.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
        antialias: widen the filter where the axis shrinks (not for "nearest").

    Returns:
        tensor of floats.

    Raises:
        ArgumentError: an unknown name, an axis that x does not have, or a size below 1.
        ShapeError: an empty axis.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.image.resample([0.0, 4.0], 4, axis=0).numpy()
        array([0., 1., 3., 4.], dtype=float32)
    """
    return _core.ops.resample(
        float_tensor(x), axis=int(axis), size=int(size), method=interpolation, antialias=bool(antialias)
    )


def crop_to_ratio(height: int, width: int, target: Sequence[int]) -> Tuple[Tuple[int, int], Tuple[int, int]]:
    """Return starts and sizes of the largest centred part that has the target's ratio of sides.

    Args:
        height: of the image.
        width: of the image.
        target: height and width to compare with.

    Returns:
        starts and sizes.
    """
    rows = max(min(height, int(width * target[0] / target[1])), 1)
    columns = max(min(width, int(height * target[1] / target[0])), 1)
    return ((height - rows) // 2, (width - columns) // 2), (rows, columns)


@public_op
def resize(
    images: Any,
    size: Any,
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: Optional[str] = None,
) -> Any:
    """Return images of another size; pixels are cells, so corners stay corners.

    Args:
        images: one image or a batch; integers become float32.
        size: height and width of the result.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
        antialias: widen the filter where images shrink (not for "nearest").
        crop_to_aspect_ratio: first cut the largest centred part that has the ratio of `size`.
        pad_to_aspect_ratio: first add borders so that the ratio is that of `size`.
        fill_mode: "constant", the only kind of border.
        fill_value: of the border.
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.

    Returns:
        tensor of floats.

    Raises:
        ArgumentError: an unknown name, sizes that are not positive, or cropping and padding together.
        ShapeError: inputs that are no images, or empty ones.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.image.resize([[[0.0], [4.0]]], (1, 4)).numpy().ravel()
        array([0., 1., 3., 4.], dtype=float32)
    """
    images = float_tensor(images)
    axes = _spatial_axes(images, data_format, "resize")
    target = sizes_of(tuple(size) if isinstance(size, (list, tuple)) else size, 2, "size", "resize")
    if interpolation not in METHODS:
        raise ArgumentError(f"resize: expected interpolation to be one of {METHODS}; received {interpolation!r}")
    if fill_mode != "constant":
        raise ArgumentError(f"resize: expected fill_mode 'constant'; received {fill_mode!r}; correct it")
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ArgumentError("resize: expected one of crop_to_aspect_ratio and pad_to_aspect_ratio; received both")
    height, width = (images.shape[axis] for axis in axes)
    if 0 in (height, width):
        raise ShapeError(f"resize: expected images that are not empty; received shape {images.shape}")
    if crop_to_aspect_ratio:
        images = _cut(images, axes, *crop_to_ratio(height, width, target))
    elif pad_to_aspect_ratio:
        # Borders of one width on both sides, as Keras adds them.
        rows = (max(height, int(width * target[0] / target[1])) - height) // 2
        columns = 0 if rows else (max(width, int(height * target[1] / target[0])) - width) // 2
        border = [0] * images.ndim
        border[axes[0]], border[axes[1]] = rows, columns
        images = _core.ops.pad(images, before=border, after=border, value=float(fill_value))
    # The axis that shrinks the most goes first: less is left for the other.
    order = sorted(zip(axes, target), key=lambda each: each[1] / images.shape[each[0]])
    for axis, count in order:
        if images.shape[axis] != count:
            images = _core.ops.resample(images, axis=axis, size=count, method=interpolation, antialias=bool(antialias))
    return images


@public_op
def crop_images(
    images: Any,
    top_cropping: Optional[int] = None,
    left_cropping: Optional[int] = None,
    bottom_cropping: Optional[int] = None,
    right_cropping: Optional[int] = None,
    target_height: Optional[int] = None,
    target_width: Optional[int] = None,
    data_format: Optional[str] = None,
) -> Any:
    """Return a part of images, given by two of (first border, last border, size) for each direction.

    Args:
        images: one image or a batch.
        top_cropping: rows to leave out at the top.
        left_cropping: columns to leave out at the left.
        bottom_cropping: rows to leave out at the bottom.
        right_cropping: columns to leave out at the right.
        target_height: rows of the result.
        target_width: columns of the result.
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.

    Returns:
        tensor.

    Raises:
        ArgumentError: not two of three given for a direction, negative ones, or nothing left.
        ShapeError: inputs that are no images.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.image.crop_images(gm.ops.zeros((5, 6, 1)), 1, 2, target_height=3, target_width=2).shape
        (3, 2, 1)
    """
    images = tensor(images)
    axes = _spatial_axes(images, data_format, "crop_images")
    given = [
        (top_cropping, bottom_cropping, target_height, "rows"),
        (left_cropping, right_cropping, target_width, "columns"),
    ]
    starts, sizes = [], []
    for axis, (before, after, size, what) in zip(axes, given):
        if sum(each is not None for each in (before, after, size)) != 2:
            raise ArgumentError(
                f"crop_images: expected two of first border, last border and size for the {what}; received "
                f"{before}, {after} and {size}"
            )
        full = images.shape[axis]
        start = full - after - size if before is None else before
        size = full - before - after if size is None else size
        if start < 0 or size <= 0 or start + size > full:
            raise ArgumentError(
                f"crop_images: expected a part of the {full} {what}; received {start} to {start + size}"
            )
        starts.append(start)
        sizes.append(size)
    return _cut(images, axes, starts, sizes)


@public_op
def affine_transform(
    images: Any,
    transform: Any,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: Optional[str] = None,
) -> Any:
    """Return images seen through an affine map of their pixels' positions.

    Args:
        images: one image or a batch; integers become float32.
        transform: (8,) for all images or (batch, 8): a0, a1, a2, b0, b1, b2, c0, c1, of which the last two must be 0.
            The pixel in column x and row y of the result is taken from column a0 x + a1 y + a2, row b0 x + b1 y + b2.
        interpolation: "nearest" or "bilinear".
        fill_mode: what lies outside: "constant", "nearest", "wrap", "mirror" (without repeating the edge) or "reflect".
        fill_value: for "constant".
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.

    Returns:
        tensor of floats like `images`.

    Raises:
        ArgumentError: an unknown name.
        ShapeError: inputs that are no images or empty, or a transform of another shape.

    Example:
        >>> import gradmill as gm
        >>> shift = [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0]
        >>> gm.ops.image.affine_transform([[[1.0], [2.0], [3.0]]], shift).numpy().ravel()
        array([2., 3., 0.], dtype=float32)
    """
    images, transform = float_tensor(images), float_tensor(transform)
    _spatial_axes(images, data_format, "affine_transform")
    first = data_format_of(data_format, "affine_transform") == "channels_first"
    if interpolation not in ("nearest", "bilinear"):
        raise ArgumentError(f"affine_transform: expected 'nearest' or 'bilinear'; received {interpolation!r}")
    if fill_mode not in FILL_MODES:
        raise ArgumentError(f"affine_transform: expected fill_mode to be one of {FILL_MODES}; received {fill_mode!r}")
    single = images.ndim == 3
    if single:
        images = _core.ops.reshape(images, shape=[1, *images.shape])
    if transform.ndim == 1:
        transform = _core.ops.reshape(transform, shape=[1, *transform.shape])
    if first:
        images = _core.ops.transpose(images, permutation=[0, 2, 3, 1])
    batch, height, width, _ = images.shape
    if transform.ndim != 2 or transform.shape[1] != 8 or transform.shape[0] not in (1, batch):
        raise ShapeError(f"affine_transform: expected a transform (8,) or ({batch}, 8); received {transform.shape}")
    if 0 in (height, width):
        raise ShapeError(f"affine_transform: expected images that are not empty; received shape {images.shape}")
    transform = _core.ops.broadcast_to(transform[:, :6], shape=[batch, 6])
    result = _core.ops.affine_sample(
        images, transform, height=height, width=width, method=interpolation, fill_mode=fill_mode,
        fill_value=float(fill_value),
    )
    if first:
        result = _core.ops.transpose(result, permutation=[0, 3, 1, 2])
    return _core.ops.reshape(result, shape=list(result.shape[1:])) if single else result


@public_op
def windows_of(images: Any, transform: Any, size: Any, data_format: Optional[str] = None) -> Any:
    """Return for each image of a batch the nearest pixels of a grid, given by where it starts and its steps.

    Args:
        images: a batch.
        transform: (batch, 4): first row, first column, step from row to row, step from column to column.
        size: rows and columns of the grid.
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.

    Returns:
        tensor of floats; pixels outside the images are those of their edges.

    Raises:
        ShapeError: inputs that are no batch of images, or a transform of another shape.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.image.windows_of([[[[1.0], [2.0], [3.0]]]], [[0.0, 2.0, 1.0, -1.0]], (1, 3)).numpy().ravel()
        array([3., 2., 1.], dtype=float32)
    """
    images, transform = float_tensor(images), float_tensor(transform)
    if images.ndim != 4 or tuple(transform.shape) != (images.shape[0], 4):
        raise ShapeError(
            f"windows_of: expected a batch of images and a transform (batch, 4); received shapes {images.shape} and "
            f"{transform.shape}"
        )
    rows, columns = sizes_of(tuple(size), 2, "size", "windows_of")
    first = data_format_of(data_format, "windows_of") == "channels_first"
    if first:
        images = _core.ops.transpose(images, permutation=[0, 2, 3, 1])
    numbers = [transform[:, i] for i in range(4)]
    zero = numbers[0] * 0.0
    order = [numbers[3], zero, numbers[1], zero, numbers[2], numbers[0]]
    transform = _core.ops.concatenate([_core.ops.reshape(each, shape=[-1, 1]) for each in order], axis=1)
    found = _core.ops.affine_sample(
        images, transform, height=rows, width=columns, method="nearest", fill_mode="nearest"
    )
    return _core.ops.transpose(found, permutation=[0, 3, 1, 2]) if first else found
