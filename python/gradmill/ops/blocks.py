"""Blocks of pixels, windows and patterns: tensors taken apart and put together in another order."""

import math
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from gradmill import _core, config
from gradmill.errors import ArgumentError, ShapeError
from gradmill.ops.calling import public_op, tensor
from gradmill.ops.shape import concatenate, transpose

__all__ = ["depth_to_space", "fold", "rearrange", "space_to_depth", "unfold"]


def _blocks(x: Any, block_size: int, data_format: Optional[str], who: str) -> Tuple[Any, bool]:
    x = tensor(x)
    if x.ndim != 4 or int(block_size) < 1 or data_format not in (None, "channels_last", "channels_first"):
        raise ArgumentError(
            f"{who}: expected images with 4 axes, block_size >= 1 and a data_format; received shape {x.shape}, "
            f"{block_size!r} and {data_format!r}"
        )
    return x, (data_format or config.image_data_format()) == "channels_first"


@public_op
def depth_to_space(x: Any, block_size: int, data_format: Optional[str] = "channels_last") -> Any:
    """Spread channels over square blocks of pixels: images have `block_size` times as many rows and columns.

    Args:
        x: (batch, rows, columns, channels), or channels first.
        block_size: side of a block.
        data_format: "channels_last" or "channels_first".

    Returns:
        tensor.

    Raises:
        ShapeError: when the channels do not divide by the pixels of a block.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.depth_to_space([[[[1, 2, 3, 4]]]], 2).numpy()[0, :, :, 0]
        array([[1, 2],
               [3, 4]], dtype=int32)
    """
    x, first = _blocks(x, block_size, data_format, "depth_to_space")
    n, b = x.shape[0], int(block_size)
    channels = x.shape[1 if first else 3]
    if channels % (b * b):
        raise ShapeError(f"depth_to_space: expected channels that divide by {b * b}; received shape {x.shape}")
    c = channels // (b * b)
    if first:
        height, width = x.shape[2:]
        x = transpose.eager(_core.ops.reshape(x, shape=[n, b, b, c, height, width]), (0, 3, 4, 1, 5, 2))
        return _core.ops.reshape(x, shape=[n, c, height * b, width * b])
    height, width = x.shape[1:3]
    x = transpose.eager(_core.ops.reshape(x, shape=[n, height, width, b, b, c]), (0, 1, 3, 2, 4, 5))
    return _core.ops.reshape(x, shape=[n, height * b, width * b, c])


@public_op
def space_to_depth(x: Any, block_size: int, data_format: Optional[str] = "channels_last") -> Any:
    """Make channels of square blocks of pixels; what `depth_to_space` takes back.

    Args:
        x: (batch, rows, columns, channels), or channels first.
        block_size: side of a block.
        data_format: "channels_last" or "channels_first".

    Returns:
        tensor.

    Raises:
        ShapeError: when rows or columns do not divide by `block_size`.
    """
    x, first = _blocks(x, block_size, data_format, "space_to_depth")
    n, b = x.shape[0], int(block_size)
    height, width = x.shape[2:] if first else x.shape[1:3]
    if height % b or width % b:
        raise ShapeError(f"space_to_depth: expected rows and columns that divide by {b}; received shape {x.shape}")
    if first:
        c = x.shape[1]
        x = _core.ops.reshape(x, shape=[n, c, height // b, b, width // b, b])
        x = transpose.eager(x, (0, 3, 5, 1, 2, 4))
        return _core.ops.reshape(x, shape=[n, c * b * b, height // b, width // b])
    c = x.shape[3]
    x = transpose.eager(_core.ops.reshape(x, shape=[n, height // b, b, width // b, b, c]), (0, 1, 3, 2, 4, 5))
    return _core.ops.reshape(x, shape=[n, height // b, width // b, c * b * b])


def _groups(text: str) -> List[List[str]]:
    """One side of a pattern: a list of names for each axis."""
    groups: List[List[str]] = []
    inside = False
    for word in text.replace("(", " ( ").replace(")", " ) ").split():
        if word in "()":
            if inside == (word == "("):
                raise ArgumentError(f"rearrange: expected brackets in pairs, not nested; received {text!r}")
            inside = word == "("
            if inside:
                groups.append([])
        elif inside:
            groups[-1].append(word)
        else:
            groups.append([] if word == "1" else [word])
    if inside:
        raise ArgumentError(f"rearrange: expected brackets in pairs; received {text!r}")
    return groups


@public_op
def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    """Reshape and transpose by a pattern of names, such as "b (h p) w -> b h (w p)".

    Args:
        tensor: the tensor.
        pattern: names of axes before and after; an axis in brackets has the sizes of its names, the first outermost.
        **axes_lengths: sizes of names that the shape does not tell.

    Returns:
        tensor.

    Raises:
        ArgumentError: for a pattern that is none, or lacks a size.
        ShapeError: when the pattern does not fit the shape.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.rearrange([[1, 2, 3, 4]], "a (b c) -> (a c) b", b=2).numpy()
        array([[1, 3],
               [2, 4]], dtype=int32)
    """
    x = _core.tensor(tensor)
    left, arrow, right = pattern.partition("->")
    before, after = _groups(left), _groups(right)
    names, wanted = [n for group in before for n in group], [n for group in after for n in group]
    if not arrow or sorted(names) != sorted(wanted) or len(set(names)) != len(names):
        raise ArgumentError(f"rearrange: expected the same names, each once, around '->'; received {pattern!r}")
    if len(before) != x.ndim:
        raise ShapeError(f"rearrange: expected {len(before)} axes for {pattern!r}; received shape {x.shape}")
    sizes: Dict[str, int] = {name: int(size) for name, size in axes_lengths.items()}
    for group, size in zip(before, x.shape):
        unknown = [name for name in group if name not in sizes]
        if len(unknown) > 1:
            raise ArgumentError(f"rearrange: expected sizes of all but one of {group}; received {axes_lengths}")
        known = math.prod(sizes[name] for name in group if name in sizes)
        if unknown:
            sizes[unknown[0]] = size // known if known else 0
        if math.prod(sizes[name] for name in group) != size:
            raise ShapeError(f"rearrange: expected an axis of {' x '.join(group) or 1}; received shape {x.shape}")
    x = _core.ops.reshape(x, shape=[sizes[name] for name in names])
    x = transpose.eager(x, [names.index(name) for name in wanted]) if names else x
    return _core.ops.reshape(x, shape=[math.prod(sizes[name] for name in group) for group in after])


def _pair(value: Any, name: str, who: str, least: int) -> Tuple[int, int]:
    pair = (value, value) if isinstance(value, int) else tuple(value)
    if len(pair) != 2 or any(not isinstance(each, int) or each < least for each in pair):
        raise ArgumentError(f"{who}: expected {name} to be a whole number >= {least}, or two; received {value!r}")
    return pair


def _windows(
    who: str, kernel_size: Any, dilation: Any, padding: Any, stride: Any, size: Tuple[int, int]
) -> Tuple[Tuple[int, int], Tuple[int, int], List[List[slice]]]:
    """The padding, how many windows fit, and for each place in a window the pixels that stand there."""
    kernel = _pair(kernel_size, "kernel_size", who, 1)
    gaps = _pair(dilation, "dilation", who, 1)
    border = _pair(padding, "padding", who, 0)
    step = _pair(stride, "stride", who, 1)
    high, wide = ((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, d, p, s in zip(size, kernel, gaps, border, step))
    counts = high, wide
    if min(counts) < 1:
        raise ShapeError(f"{who}: expected windows of {kernel} to fit into {size} pixels with padding {border}")
    places = [
        [slice(i * d, i * d + s * (count - 1) + 1, s) for i in range(k)]
        for k, d, s, count in zip(kernel, gaps, step, counts)
    ]
    return border, counts, places


@public_op
def unfold(x: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """Return all windows of images as columns.

    Args:
        x: (batch, channels, rows, columns).
        kernel_size: rows and columns of a window.
        dilation: distance of its pixels.
        padding: zeros to add on each side.
        stride: distance of windows.

    Returns:
        (batch, channels * pixels of a window, windows).

    Raises:
        ShapeError: for other than 4 axes, or windows that do not fit.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.unfold([[[[1, 2, 3]]]], (1, 2)).numpy()[0]
        array([[1, 2],
               [2, 3]], dtype=int32)
    """
    x = tensor(x)
    if x.ndim != 4:
        raise ShapeError(f"unfold: expected (batch, channels, rows, columns); received shape {x.shape}")
    border, counts, places = _windows("unfold", kernel_size, dilation, padding, stride, x.shape[2:])
    x = _core.ops.pad(x, before=[0, 0, *border], after=[0, 0, *border], value=0.0)
    n, c = x.shape[:2]
    pixels = [x[:, :, down, across] for down in places[0] for across in places[1]]
    columns = [_core.ops.reshape(each, shape=[n, c, 1, counts[0] * counts[1]]) for each in pixels]
    return _core.ops.reshape(concatenate.eager(columns, 2), shape=[n, c * len(columns), counts[0] * counts[1]])


@public_op
def fold(x: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """Add up windows at the places that `unfold` takes them from.

    Args:
        x: (batch, channels * pixels of a window, windows).
        output_size: rows and columns of the images.
        kernel_size: rows and columns of a window.
        dilation: distance of its pixels.
        padding: zeros that were added on each side, and are cut off.
        stride: distance of windows.

    Returns:
        (batch, channels, rows, columns).

    Raises:
        ShapeError: for windows that do not fit the images.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.fold([[[1, 2], [2, 3]]], (1, 3), (1, 2)).numpy().ravel()
        array([1, 4, 3], dtype=int32)
    """
    x, size = tensor(x), _pair(output_size, "output_size", "fold", 1)
    border, counts, places = _windows("fold", kernel_size, dilation, padding, stride, size)
    in_window = len(places[0]) * len(places[1])
    if x.ndim != 3 or x.shape[1] % in_window or x.shape[2] != counts[0] * counts[1]:
        raise ShapeError(
            f"fold: expected (batch, channels * {in_window}, {counts[0] * counts[1]}); received shape {x.shape}"
        )
    n, c = x.shape[0], x.shape[1] // in_window
    x = _core.ops.reshape(x, shape=[n, c, in_window, *counts])
    rows, columns = (length + 2 * p for length, p in zip(size, border))
    flat = np.arange(rows * columns, dtype="int32").reshape(rows, columns)
    order = np.stack([flat[down, across] for down in places[0] for across in places[1]]).ravel()
    values = transpose.eager(_core.ops.reshape(x, shape=[n * c, -1]))
    total = _core.ops.gather_backward(_core.tensor(order), values, shape=[rows * columns, n * c], axis=0)
    images = _core.ops.reshape(transpose.eager(total), shape=[n, c, rows, columns])
    return images[:, :, border[0] : border[0] + size[0], border[1] : border[1] + size[1]]
