"""The Oxford-IIIT Pet Dataset: photographs of cats and dogs with a class for each pixel (Parkhi et al. 2012)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, List, Optional, Tuple

from gradmill import errors
from gradmill.data.image_pairs import ImagePairs, Pair, load_image_pairs
from gradmill.datasets.places import find_or_fetch
from gradmill.utils.download import get_file

NAME = "oxford_pets"
CLASS_NAMES = ("pet", "background", "border")
# What the classes are in the files.
LEVELS = (1, 2, 3)
_URL = "https://www.robots.ox.ac.uk/~vgg/data/pets/data/"
_ARCHIVES = {
    "images.tar.gz": "67195c5e1c01f1ab5f9b6a5d22b8c27a580d896ece458917e61d459337fa318d",
    "annotations.tar.gz": "52425fb6de5c424942b7626b428656fcbd798db970a937df61750c0f1d358e91",
}
_LISTS = ("trainval.txt", "test.txt")
_FOLDERS = ("oxford-iiit-pet", NAME)
_SYSTEM_FOLDERS = ("/usr/share/datasets/oxford-iiit-pet",)
_ADVICE = (
    f"unpack {' and '.join(_ARCHIVES)} (from https://www.robots.ox.ac.uk/~vgg/data/pets) into a folder, so that it "
    "holds images and annotations, and name it in $GRADMILL_DATA or in path="
)


def load_data(
    path: Optional[Any] = None, image_size: Tuple[int, int] = (128, 128), on_error: str = "raise"
) -> Tuple[ImagePairs, ImagePairs]:
    """Load the data set, resized. Needs Pillow.

    Looks in `path` (and nowhere else when it is given); `$GRADMILL_DATA`; the user's cache; the places where systems
    install it; then downloads the authors' archives (811 MB) once into the cache and checks their SHA-256.

    Args:
        path: folder with `images/NAME.jpg`, `annotations/trimaps/NAME.png`, `annotations/trainval.txt` and
            `annotations/test.txt`, as the authors publish them.
        image_size: height and width of the result.
        on_error: "raise", or "skip" to leave out files that cannot be used and to count them.

    Returns:
        `(train, test)`, 3,680 and 3,669 pairs: `ImagePairs` with uint8 images (n, height, width, 3) and masks
        (n, height, width) of classes 0 to 2 (see `CLASS_NAMES`).

    Raises:
        ArgumentError: when files are missing or damaged, up to ten by name; when nothing was found, every place that
            was tried and how to get the files.
        UnsupportedError: Pillow is not installed.

    Example:
        >>> import gradmill as gm
        >>> train, test = gm.datasets.oxford_pets.load_data()  # doctest: +SKIP
    """
    if path is None:
        images, annotations = find_or_fetch(NAME, _SYSTEM_FOLDERS, _find, _fetch, _ADVICE)
    else:
        images, annotations = _find_given(path)
    train, test = (_pairs_of(images, annotations, annotations / name) for name in _LISTS)
    return load_image_pairs(train, image_size, LEVELS, on_error=on_error), load_image_pairs(
        test, image_size, LEVELS, on_error=on_error
    )


def _find(folder: Path) -> Optional[Tuple[Path, Path]]:
    """Return the folders of images and annotations in `folder` or one of the usual folders in it."""
    for place in (folder, *(folder / name for name in _FOLDERS)):
        images, annotations = place / "images", place / "annotations"
        if images.is_dir() and all((annotations / name).is_file() for name in _LISTS):
            return images, annotations
    return None


def _find_given(path: Any) -> Tuple[Path, Path]:
    folder = Path(os.fspath(path)).expanduser()
    found = _find(folder)
    if found is None:
        wanted = ["images", *(f"annotations/{name}" for name in _LISTS)]
        missing = [name for name in wanted if not (folder / name).exists()]
        there = f"these are missing there: {', '.join(missing)}" if folder.is_dir() else "there is no such folder"
        raise errors.ArgumentError(
            f"{NAME}: expected the data set as its authors publish it in path={str(folder)!r}; {there}; {_ADVICE}"
        )
    return found


def _fetch() -> Tuple[Path, Path]:
    images, annotations = (
        Path(get_file(name, _URL + name, file_hash=hash_, cache_subdir=f"datasets/{NAME}", extract=True))
        for name, hash_ in _ARCHIVES.items()
    )
    return images / "images", annotations / "annotations"


def _pairs_of(images: Path, annotations: Path, names: Path) -> List[Pair]:
    """Return the pairs that one of the lists names, one a line with further numbers behind the name."""
    found: List[Pair] = []
    for line in names.read_text(encoding="utf-8").splitlines():
        name = line.split(" ")[0].strip()
        if not name or name.startswith("#"):
            continue
        if os.path.basename(name) != name:
            raise errors.ArgumentError(f"{names}: expected names without folders; received {name!r}")
        found.append((images / f"{name}.jpg", annotations / "trimaps" / f"{name}.png"))
    if not found:
        raise errors.ArgumentError(f"{names}: expected a name in each line; received none")
    return found
