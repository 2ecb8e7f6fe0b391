"""Coloured shapes with a class for each pixel: a small data set for segmentation that needs no files."""

from __future__ import annotations

from pathlib import Path
from typing import List, Tuple

import numpy as np

from gradmill.data.image_pairs import ImagePairs
from gradmill.errors import ArgumentError
from gradmill.utils.files import PathLike, atomic_write
from gradmill.utils.pictures import save_img

CLASS_NAMES = ("background", "disc", "triangle")


def synthetic(
    train: int = 400, test: int = 100, image_size: Tuple[int, int] = (128, 128), seed: int = 0
) -> Tuple[ImagePairs, ImagePairs]:
    """Make pictures of one to three discs and triangles of any colour on a noisy ground.

    Args:
        train: number of training pictures.
        test: number of test pictures.
        image_size: height and width.
        seed: seed of everything random in them.

    Returns:
        `(train, test)`: `ImagePairs` with uint8 images (n, height, width, 3) and masks (n, height, width) of classes
        0 to 2 (see `CLASS_NAMES`).

    Example:
        >>> import gradmill as gm
        >>> train, test = gm.datasets.shapes.synthetic(train=4, test=2, image_size=(32, 32))
        >>> train.images.shape, int(test.masks.max()) <= 2
        ((4, 32, 32, 3), True)
    """
    generator = np.random.default_rng(seed)
    return _draw(generator, train, image_size), _draw(generator, test, image_size)


def triangles(count: int = 600, side: int = 512, seed: int = 42) -> ImagePairs:
    """Make grey pictures of one filled triangle each on black, and their masks.

    Args:
        count: number of pictures.
        side: height and width, at least 64.
        seed: seed of everything random in them.

    Returns:
        `ImagePairs` with uint8 images (n, side, side, 1) and masks (n, side, side), 1 inside of the triangle.

    Raises:
        ArgumentError: a side below 64.

    Example:
        >>> import gradmill as gm
        >>> found = gm.datasets.shapes.triangles(2, side=64)
        >>> bool(((found.images[..., 0] > 0) == (found.masks == 1)).all())
        True
    """
    if side < 64:
        raise ArgumentError(f"triangles: expected a side of at least 64 pixels; received {side}")
    generator = np.random.default_rng(seed)
    margin = side // 25
    masks = np.zeros((count, side, side), np.uint8)
    for mask in masks:
        # A corner that lies between the others would leave a picture without a triangle.
        while mask.sum() < side:
            mask[:] = _triangle(mask.shape, generator.integers(margin, side - margin, (3, 2)))
    greys = generator.integers(128, 256, count).astype(np.uint8)
    return ImagePairs((masks * greys[:, None, None])[..., None], masks, [], 0)


def write_triangles(folder: PathLike, count: int = 600, side: int = 512, seed: int = 42, train: int = 500) -> None:
    """Write `triangles` as files: `image/0001.png`, `mask/0001.png` (0 and 255), `training.csv` and `validation.csv`.

    Needs Pillow.

    Args:
        folder: where to; made when missing.
        count, side, seed: as in `triangles`.
        train: how many of them `training.csv` lists; the others are in `validation.csv`.

    Raises:
        ArgumentError: a folder that has files in it; no picture left for one of the lists.

    Example:
        >>> import gradmill as gm
        >>> gm.datasets.shapes.write_triangles("triangles")  # doctest: +SKIP
    """
    place = Path(folder)
    if place.exists() and any(place.iterdir()):
        raise ArgumentError(f"triangles: expected an empty folder; received {str(folder)!r}; give another")
    if not 0 < train < count:
        raise ArgumentError(f"triangles: expected train to lie between 1 and {count - 1}; received {train}")
    found = triangles(count, side, seed)
    rows: List[str] = []
    for kind in ("image", "mask"):
        (place / kind).mkdir(parents=True)
    for number, (image, mask) in enumerate(zip(found.images, found.masks), 1):
        names = [f"{kind}/{number:04}.png" for kind in ("image", "mask")]
        save_img(place / names[0], image, scale=False)
        save_img(place / names[1], mask[..., None] * 255, scale=False)
        rows.append(",".join(names))
    for name, part in (("training.csv", rows[:train]), ("validation.csv", rows[train:])):
        with atomic_write(place / name, "w", encoding="utf-8") as file:
            file.write("\n".join(["image,mask", *part, ""]))


def _draw(generator: np.random.Generator, count: int, size: Tuple[int, int]) -> ImagePairs:
    images = np.empty((count, *size, 3), np.uint8)
    masks = np.zeros((count, *size), np.uint8)
    for image, mask in zip(images, masks):
        ground = generator.integers(0, 256, 3)
        picture = np.broadcast_to(ground, image.shape).astype(np.float32)
        for _ in range(generator.integers(1, 4)):
            kind = int(generator.integers(1, 3))
            middle = generator.uniform(0.2, 0.8, 2) * size
            radius = generator.uniform(0.12, 0.3) * min(size)
            if kind == 1:
                rows, columns = np.ogrid[: size[0], : size[1]]
                inside = (rows - middle[0]) ** 2 + (columns - middle[1]) ** 2 <= radius**2
            else:
                angles = generator.uniform(0, 2 * np.pi) + np.array([0, 2, 4]) * np.pi / 3
                corners = middle + 1.3 * radius * np.stack([np.sin(angles), np.cos(angles)], axis=1)
                inside = _triangle(size, corners)
            # Colours that are far from the ground's, or the shape would be nowhere.
            picture[inside] = (ground + generator.integers(64, 193, 3)) % 256
            mask[inside] = kind
        image[:] = np.clip(picture + generator.normal(0, 12, image.shape), 0, 255)
    return ImagePairs(images, masks, [], 0)


def _triangle(size: Tuple[int, ...], corners: np.ndarray) -> np.ndarray:
    """Return whether each pixel lies on one side of all three edges."""
    rows, columns = np.ogrid[: size[0], : size[1]]
    sides = [
        (b[0] - a[0]) * (columns - a[1]) - (b[1] - a[1]) * (rows - a[0])
        for a, b in zip(corners, np.roll(corners, -1, axis=0))
    ]
    return np.logical_and.reduce([side >= 0 for side in sides]) | np.logical_and.reduce([side <= 0 for side in sides])
