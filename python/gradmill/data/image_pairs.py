"""Pairs of an image and a mask, from files into arrays: what a network that gives each pixel a class learns from."""

from __future__ import annotations

import csv
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, List, Optional, Sequence, Tuple

import numpy as np

from gradmill import errors
from gradmill.data.images import read_image, read_pixels
from gradmill.utils.files import PathLike
from gradmill.utils.lazy import LazyModule

if TYPE_CHECKING:
    pillow: Any
else:
    pillow = LazyModule("PIL.Image")

Pair = Tuple[PathLike, PathLike]
_CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}
# A mask's numbers stand for classes, so none of these may be turned into another.
_MASK_MODES = ("1", "L", "P", "I", "I;16")
# Problems that a message names; the others are counted.
_NAMED = 10
_NEAREST, _BILINEAR = 0, 2


@dataclass(frozen=True)
class ImagePairs:
    """What `load_image_pairs` read.

    Args:
        images: uint8 (n, height, width, channels).
        masks: uint8 (n, height, width), the class of each pixel.
        pairs: the files, in the same order.
        skipped: how many pairs were left out.
    """

    images: np.ndarray
    masks: np.ndarray
    pairs: List[Pair]
    skipped: int


def load_image_pairs(
    pairs: Sequence[Pair],
    image_size: Tuple[int, int],
    levels: Sequence[int],
    color_mode: str = "rgb",
    on_error: str = "raise",
) -> ImagePairs:
    """Read images and the masks that belong to them into memory. Needs Pillow.

    Images are resized by area and line, masks by taking the nearest pixel, so that no new classes come up.

    Args:
        pairs: paths (image, mask).
        image_size: height and width of the result.
        levels: the value that each class has in the mask files, such as (1, 2, 3) or (0, 255).
        color_mode: "grayscale", "rgb" or "rgba".
        on_error: "raise", or "skip" to leave out pairs that cannot be used and to count them.

    Returns:
        `ImagePairs`.

    Raises:
        ArgumentError: pairs that cannot be used, up to ten by name with the reason: a file that is missing or
            truncated, a mask of another size or with several channels, a value that is none of the levels (with its
            pixel); no pairs at all; wrong options.
        UnsupportedError: Pillow is not installed.

    Example:
        >>> import numpy as np, gradmill as gm
        >>> gm.utils.save_img("photo.png", np.full((4, 6, 3), 200), scale=False)
        >>> gm.utils.save_img("mask.png", np.eye(4, 6)[..., None] * 255, scale=False)
        >>> found = gm.data.load_image_pairs([("photo.png", "mask.png")], (4, 6), levels=(0, 255))
        >>> found.images.shape, found.masks[0, 0]
        ((1, 4, 6, 3), array([1, 0, 0, 0, 0, 0], dtype=uint8))
    """
    who = "load_image_pairs"
    if color_mode not in _CHANNELS:
        raise errors.ArgumentError(f"{who}: color_mode must be one of {sorted(_CHANNELS)}; received {color_mode!r}")
    if on_error not in ("raise", "skip"):
        raise errors.ArgumentError(f'{who}: on_error must be "raise" or "skip"; received {on_error!r}')
    known = _check_levels(who, levels)
    pairs = list(pairs)
    images = np.empty((len(pairs), *image_size, _CHANNELS[color_mode]), np.uint8)
    masks = np.empty((len(pairs), *image_size), np.uint8)

    def read(row: int) -> Optional[str]:
        try:
            images[row], masks[row] = _read_pair(*pairs[row], image_size, known, color_mode)
        except errors.UnsupportedError:
            raise
        except errors.ArgumentError as problem:
            return str(problem)
        return None

    # Pillow lets other threads run while it decodes.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = list(pool.map(read, range(len(pairs))))
    good = [row for row, problem in enumerate(problems) if problem is None]
    bad = [problem for problem in problems if problem is not None]
    if bad and on_error == "raise":
        raise errors.ArgumentError(
            f'{who}: {len(bad)} of {len(pairs)} pairs cannot be used (on_error="skip" leaves them out):{listing(bad)}'
        )
    if not good:
        raise errors.ArgumentError(f"{who}: expected at least one pair that can be used; received none{listing(bad)}")
    if bad:
        images, masks = images[good], masks[good]
    return ImagePairs(images, masks, [pairs[row] for row in good], len(bad))


def read_pair_list(path: PathLike, columns: Tuple[str, str] = ("image", "mask")) -> List[Pair]:
    """Read a CSV whose rows name an image and its mask; names are relative to the folder of the CSV.

    Args:
        path: the file; its first line names the columns.
        columns: the column of the images and that of the masks.

    Returns:
        paths (image, mask).

    Raises:
        ArgumentError: a column that is not there, rows without a name, files that do not exist (up to ten are named),
            or no row at all.
        OSError: the CSV cannot be opened.

    Example:
        >>> import gradmill as gm
        >>> pairs = gm.data.read_pair_list("triangles/training.csv")  # doctest: +SKIP
    """
    place = Path(path)
    try:
        with open(place, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            present = [name for name in reader.fieldnames or () if name]
            rows = [(reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as problem:
        raise errors.ArgumentError(f"{place}: expected a CSV in UTF-8; received something else: {problem}") from None
    missing = [name for name in columns if name not in present]
    if missing:
        raise errors.ArgumentError(
            f"{place}: expected the columns {', '.join(columns)}; received {', '.join(present) or 'none'}; add a first "
            "line with their names"
        )
    pairs: List[Pair] = []
    problems = []
    for line, row in rows:
        names = [(row[column] or "").strip() for column in columns]
        if not all(names):
            empty = ", ".join(column for column, name in zip(columns, names) if not name)
            problems.append(f"line {line}: nothing in the column {empty}")
            continue
        found = tuple(place.parent / name for name in names)
        problems += [f"line {line}: there is no file {file}" for file in found if not file.is_file()]
        pairs.append((found[0], found[1]))
    if problems:
        raise errors.ArgumentError(f"{place}: {len(problems)} entries cannot be used:{listing(problems)}")
    if not pairs:
        raise errors.ArgumentError(f"{place}: expected at least one row below the names of the columns; received none")
    return pairs


def listing(problems: Sequence[str]) -> str:
    """Return the first problems of a list, one a line, and how many more there are.

    Args:
        problems: texts.
    """
    lines = [f"\n  - {problem}" for problem in problems[:_NAMED]]
    return "".join(lines) + (f"\n  - and {len(problems) - _NAMED} more" if len(problems) > _NAMED else "")


def _check_levels(who: str, levels: Sequence[int]) -> List[int]:
    known = [int(level) for level in levels]
    if not 2 <= len(known) <= 256 or len(set(known)) < len(known):
        raise errors.ArgumentError(
            f"{who}: levels must be 2 to 256 different whole numbers, one a class; received {tuple(levels)}"
        )
    return known


def _read_pair(
    image_path: PathLike, mask_path: PathLike, size: Tuple[int, int], levels: Sequence[int], color_mode: str
) -> Tuple[np.ndarray, np.ndarray]:
    image, mask = read_image(image_path, color_mode), read_mask(mask_path)
    if image.shape[:2] != mask.shape:
        raise errors.ArgumentError(
            f"{mask_path}: expected a mask of the image's size; received {_size_text(mask)} for {image_path} of "
            f"{_size_text(image)}"
        )
    classes = np.zeros(mask.shape, np.uint8)
    known = np.zeros(mask.shape, bool)
    for number, level in enumerate(levels):
        found = mask == level
        classes[found] = number
        known |= found
    if not known.all():
        row, column = np.unravel_index(int(np.argmin(known)), known.shape)
        raise errors.ArgumentError(
            f"{mask_path}: expected values of {', '.join(map(str, levels))}; received {mask[row, column]} at row "
            f"{row}, column {column}"
        )
    return _resized(image, size, _BILINEAR), _resized(classes, size, _NEAREST)


def read_mask(path: PathLike) -> np.ndarray:
    """Return the numbers of a mask file as they are stored, with a palette its indices, as int32 (height, width).

    Args:
        path: the file.

    Raises:
        ArgumentError: the file is no image that can be read, or one with several channels.
        UnsupportedError: Pillow is not installed.
    """
    pixels, mode = read_pixels(path)
    if mode not in _MASK_MODES:
        raise errors.ArgumentError(f"{path}: expected a mask with one number a pixel; received an image of mode {mode}")
    # Of a mask with one bit a pixel, the upper value is 255 everywhere else, too.
    return pixels.astype(np.int32) * (255 if mode == "1" else 1)


def _resized(pixels: np.ndarray, size: Tuple[int, int], how: int) -> np.ndarray:
    if pixels.shape[:2] == tuple(size):
        return pixels
    flat = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    resized = np.asarray(pillow.fromarray(flat).resize((size[1], size[0]), how))
    return resized.reshape(*size, *pixels.shape[2:])


def _size_text(pixels: np.ndarray) -> str:
    return f"{pixels.shape[0]}x{pixels.shape[1]}"
