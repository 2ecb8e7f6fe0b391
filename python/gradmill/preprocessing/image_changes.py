"""Changes of single images, as arrays: affine maps, brightness and channels; draws come from NumPy's `random`."""

from __future__ import annotations

from typing import Any, Optional, Sequence

import numpy as np

from gradmill import ops
from gradmill.errors import ArgumentError, ShapeError, UnsupportedError
from gradmill.utils.lazy import LazyModule
from gradmill.utils.pictures import array_to_img, img_to_array

_enhance = LazyModule("PIL.ImageEnhance")
FILL_MODES = ("constant", "nearest", "reflect", "mirror", "wrap")
_METHODS = {0: "nearest", 1: "bilinear"}


def check_sampling(who: str, fill_mode: str, order: int) -> None:
    """Raise for what no image can be sampled with.

    Args:
        who: begins messages.
        fill_mode, order: as for `apply_affine_transform`.

    Raises:
        ArgumentError: an unknown `fill_mode` or order.
        UnsupportedError: splines of order 2 to 5.
    """
    if fill_mode not in FILL_MODES:
        raise ArgumentError(f"{who}: expected fill_mode to be one of {FILL_MODES}; received {fill_mode!r}")
    if order in (2, 3, 4, 5):
        raise UnsupportedError(f"{who}: expected order 0 (nearest pixel) or 1 (bilinear); splines of order {order} "
                               "are not supported; use 1")  # fmt: skip
    if order not in _METHODS:
        raise ArgumentError(f"{who}: expected order 0 or 1; received {order!r}")


def _matrix(theta: float, tx: float, ty: float, shear: float, zx: float, zy: float) -> np.ndarray:
    """Rotation, shift, shear and zoom as one map; angles in degrees."""
    turn, slant = np.deg2rad(theta), np.deg2rad(shear)
    rotation = [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    shift = [[1, 0, tx], [0, 1, ty], [0, 0, 1]]
    sheared = [[1, -np.sin(slant), 0], [0, np.cos(slant), 0], [0, 0, 1]]
    return np.array(rotation) @ np.array(shift) @ np.array(sheared) @ np.diag([zx, zy, 1.0])


def apply_affine_transform(
    x: Any,
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 1,
) -> np.ndarray:
    """Return an image turned, shifted, sheared and zoomed around its middle.

    As in Keras, `tx` and `zx` act along columns and `ty` and `zy` along rows where rows come before columns, and the
    middle of one side is taken for the other's: on images that are not square the centre moves.

    Args:
        x: image of three axes.
        theta: angle of rotation in degrees.
        tx, ty: shifts in pixels.
        shear: angle in degrees.
        zx, zy: zooms; above 1 the image becomes smaller.
        row_axis, col_axis, channel_axis: which axis is which; channels stand first or last.
        fill_mode: what lies outside: "constant", "nearest" (the edge), "reflect", "mirror" (without repeating the edge)
            or "wrap".
        cval: for "constant".
        order: 0 for the nearest pixel, 1 for bilinear interpolation.

    Returns:
        array of the shape and dtype of `x`.

    Raises:
        ArgumentError: axes that do not fit, or an unknown `fill_mode` or `order`.
        ShapeError: another number of axes, or an empty image.
        UnsupportedError: splines of order 2 to 5.

    Example:
        >>> import gradmill as gm
        >>> row = np.array([[[1.0], [2.0], [3.0]]])
        >>> gm.preprocessing.image.apply_affine_transform(row, tx=1, row_axis=0, col_axis=1, channel_axis=2).ravel()
        array([2., 3., 3.])
    """
    who = "apply_affine_transform"
    x = np.asarray(x)
    if x.ndim != 3 or 0 in x.shape:
        raise ShapeError(f"{who}: expected an image of three axes that is not empty; received shape {x.shape}")
    if sorted([row_axis, col_axis, channel_axis]) != [0, 1, 2] or channel_axis == 1:
        raise ArgumentError(
            f"{who}: expected row_axis, col_axis and channel_axis to be 0, 1 and 2 with channels first or last; "
            f"received {row_axis}, {col_axis} and {channel_axis}"
        )
    check_sampling(who, fill_mode, order)
    if (theta, tx, ty, shear, zx, zy) == (0, 0, 0, 0, 1, 1):
        return x
    middle = np.eye(3)
    middle[:2, 2] = x.shape[row_axis] / 2 - 0.5, x.shape[col_axis] / 2 - 0.5
    matrix = middle @ _matrix(theta, tx, ty, shear, zx, zy) @ np.linalg.inv(middle)
    if col_axis < row_axis:
        matrix = matrix[[1, 0, 2]][:, [1, 0, 2]]
    pixels = np.moveaxis(x, channel_axis, 2)
    found = _sampled(pixels.astype(np.float64), matrix[:2], fill_mode, cval, order)
    return np.moveaxis(_with_dtype(found, x.dtype), 2, channel_axis)


def _sampled(pixels: np.ndarray, matrix: np.ndarray, fill_mode: str, cval: float, order: int) -> np.ndarray:
    """The image whose pixel in column x and row y is taken from the column and the row that `matrix` gives."""
    if fill_mode == "wrap":
        return _wrapped(pixels, matrix, order)
    mode = "nearest" if fill_mode == "constant" else fill_mode
    found = ops.image.affine_transform(
        pixels, np.append(matrix.ravel(), (0.0, 0.0)), _METHODS[order], mode, data_format="channels_last"
    ).numpy()
    if fill_mode == "constant":
        # Outside begins at the middle of the outermost pixel, with no shades between them and the constant.
        columns, rows = _places(pixels, matrix)
        height, width, _ = pixels.shape
        found = np.where(((columns < 0) | (columns > width - 1) | (rows < 0) | (rows > height - 1))[..., None],
                         cval, found)  # fmt: skip
    return found


def _places(pixels: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns and rows that pixels are taken from."""
    y, x = np.ogrid[: pixels.shape[0], : pixels.shape[1]]
    columns, rows = (a * x + (b * y + c) for a, b, c in matrix)
    return columns, rows


def _wrapped(pixels: np.ndarray, matrix: np.ndarray, order: int) -> np.ndarray:
    """Sampling from copies side by side whose outermost pixels lie upon each other, unlike those of the engine."""
    taken = []
    for places, size in zip(_places(pixels, matrix), (pixels.shape[1], pixels.shape[0])):
        period = max(size - 1, 1)
        before = places + period * (np.trunc(-places / period) + 1)
        folded = np.where(places < 0, before, np.where(places > size - 1, places % period, places))
        folded = np.minimum(folded, size - 1)  # an image of one row or column
        if order == 0:
            folded = np.floor(folded + 0.5)
        first = np.minimum(folded.astype(np.int64), max(size - 2, 0))
        taken.append((first, np.minimum(first + 1, size - 1), folded - first))
    (left, right, across), (top, bottom, down) = taken
    across, down = across[..., None], down[..., None]
    above = pixels[top, left] * (1 - across) + pixels[top, right] * across
    below = pixels[bottom, left] * (1 - across) + pixels[bottom, right] * across
    return above * (1 - down) + below * down


def _with_dtype(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    if dtype.kind not in "iu":
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    return np.clip(np.trunc(values + np.copysign(0.5, values)), limits.min, limits.max).astype(dtype)


def random_rotation(
    x: Any,
    rg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Return an image turned by a drawn angle.

    Args:
        x: image of three axes.
        rg: the largest angle in degrees, to both sides.
        row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order: as for `apply_affine_transform`.

    Returns:
        array like `x`.
    """
    theta = np.random.uniform(-rg, rg)
    return apply_affine_transform(
        x, theta=theta, row_axis=row_axis, col_axis=col_axis, channel_axis=channel_axis, fill_mode=fill_mode, cval=cval,
        order=interpolation_order,
    )  # fmt: skip


def random_shift(
    x: Any,
    wrg: float,
    hrg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Return an image shifted by drawn distances.

    Args:
        x: image of three axes.
        wrg, hrg: the largest shifts as shares of width and height, to both sides.
        row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order: as for `apply_affine_transform`.

    Returns:
        array like `x`.
    """
    tx = np.random.uniform(-hrg, hrg) * x.shape[row_axis]
    ty = np.random.uniform(-wrg, wrg) * x.shape[col_axis]
    return apply_affine_transform(
        x, tx=tx, ty=ty, row_axis=row_axis, col_axis=col_axis, channel_axis=channel_axis, fill_mode=fill_mode,
        cval=cval, order=interpolation_order,
    )  # fmt: skip


def random_shear(
    x: Any,
    intensity: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Return an image sheared by a drawn angle.

    Args:
        x: image of three axes.
        intensity: the largest angle in degrees, to both sides.
        row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order: as for `apply_affine_transform`.

    Returns:
        array like `x`.
    """
    shear = np.random.uniform(-intensity, intensity)
    return apply_affine_transform(
        x, shear=shear, row_axis=row_axis, col_axis=col_axis, channel_axis=channel_axis, fill_mode=fill_mode, cval=cval,
        order=interpolation_order,
    )  # fmt: skip


def random_zoom(
    x: Any,
    zoom_range: Sequence[float],
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Return an image zoomed by drawn factors, one for each side.

    Args:
        x: image of three axes.
        zoom_range: the smallest and the largest factor.
        row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order: as for `apply_affine_transform`.

    Returns:
        array like `x`.

    Raises:
        ArgumentError: something other than two factors.
    """
    low, high = _pair("random_zoom", "zoom_range", zoom_range)
    zx, zy = (1, 1) if low == high == 1 else np.random.uniform(low, high, 2)
    return apply_affine_transform(
        x, zx=zx, zy=zy, row_axis=row_axis, col_axis=col_axis, channel_axis=channel_axis, fill_mode=fill_mode,
        cval=cval, order=interpolation_order,
    )  # fmt: skip


def _pair(who: str, name: str, given: Any) -> tuple[float, float]:
    if not isinstance(given, (list, tuple)) or len(given) != 2:
        raise ArgumentError(f"{who}: expected {name} to be two numbers; received {given!r}")
    return given[0], given[1]


def apply_channel_shift(x: Any, intensity: float, channel_axis: int = 0) -> np.ndarray:
    """Return an image with the same added to all values, which stay within the range that they have.

    Args:
        x: image.
        intensity: what is added.
        channel_axis: accepted; all channels have one range.

    Returns:
        array of the shape of `x`.

    Example:
        >>> import gradmill as gm
        >>> gm.preprocessing.image.apply_channel_shift(np.array([[[0.0, 2.0, 5.0]]]), 2.0)
        array([[[2., 4., 5.]]])
    """
    return np.clip(x + intensity, np.min(x), np.max(x))


def random_channel_shift(x: Any, intensity_range: float, channel_axis: int = 0) -> np.ndarray:
    """Return an image with a drawn number added, by `apply_channel_shift`.

    Args:
        x: image.
        intensity_range: the largest number, to both sides.
        channel_axis: accepted; all channels have one range.

    Returns:
        array of the shape of `x`.
    """
    return apply_channel_shift(x, np.random.uniform(-intensity_range, intensity_range), channel_axis)


def apply_brightness_shift(x: Any, brightness: float, scale: bool = True) -> np.ndarray:
    """Return an image made brighter or darker; needs Pillow. Values are rounded to 256 steps on the way.

    Args:
        x: image (height, width, channels).
        brightness: the factor; 1 changes nothing.
        scale: whether values are stretched to 0 to 255. Without it that is done where they lie outside, and
            undone.

    Returns:
        array of the shape of `x`.

    Raises:
        ShapeError: no image.

    Example:
        >>> import gradmill as gm
        >>> gm.preprocessing.image.apply_brightness_shift(np.array([[[100.0], [200.0]]]), 0.5, scale=False).ravel()
        array([ 50., 100.], dtype=float32)
    """
    low, high = np.min(x), np.max(x)
    outside = bool(low < 0 or high > 255)
    picture = array_to_img(x, scale=scale or outside)
    changed = img_to_array(_enhance.Brightness(picture).enhance(brightness))
    return changed / 255 * (high - low) + low if outside and not scale else changed


def random_brightness(x: Any, brightness_range: Sequence[float], scale: bool = True) -> np.ndarray:
    """Return an image made brighter or darker by a drawn factor; needs Pillow.

    Args:
        x: image (height, width, channels).
        brightness_range: the smallest and the largest factor.
        scale: as for `apply_brightness_shift`.

    Returns:
        array of the shape of `x`.

    Raises:
        ArgumentError: something other than two factors.
    """
    low, high = _pair("random_brightness", "brightness_range", brightness_range)
    return apply_brightness_shift(x, np.random.uniform(low, high), scale)


def smart_resize(
    x: Any,
    size: Any,
    interpolation: str = "bilinear",
    data_format: Optional[str] = "channels_last",
) -> Any:
    """Return images of another size, of whose larger side the ends are cut off rather than the image distorted.

    Args:
        x: image (height, width, channels), or a batch of them.
        size: height and width of the result.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.

    Returns:
        floats; an array where `x` is one, else a tensor.

    Raises:
        ArgumentError: an unknown name, or sizes that are not positive.
        ShapeError: inputs that are no images.

    Example:
        >>> import gradmill as gm
        >>> gm.preprocessing.image.smart_resize(np.zeros((10, 30, 3)), (5, 5)).shape
        (5, 5, 3)
    """
    resized = ops.image.resize(x, size, interpolation, crop_to_aspect_ratio=True, data_format=data_format)
    return resized.numpy() if isinstance(x, np.ndarray) else resized
