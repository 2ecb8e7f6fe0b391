"""Find, fetch and read a data set of four IDX files, as MNIST and Fashion-MNIST are published."""

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

from gradmill import errors
from gradmill.datasets.idx import content_hash, read_idx
from gradmill.datasets.places import find_or_fetch
from gradmill.utils.download import download
from gradmill.utils.files import cache_directory

Arrays = Tuple[Tuple[np.ndarray, np.ndarray], Tuple[np.ndarray, np.ndarray]]
SHAPES = {
    "train-images-idx3-ubyte": (60000, 28, 28),
    "train-labels-idx1-ubyte": (60000,),
    "t10k-images-idx3-ubyte": (10000, 28, 28),
    "t10k-labels-idx1-ubyte": (10000,),
}
_NPZ_NAMES = ("x_train", "y_train", "x_test", "y_test")
_HEADER_BYTES = 64


@dataclass(frozen=True)
class IdxDataset:
    """Where a data set of four IDX files is found.

    Args:
        name: its name, also that of its folder and of its `.npz`.
        url: address of the folder that holds the four `.gz` files.
        hashes: SHA-256 of the content of each file (after gunzipping, so that every packing of it fits).
        system_folders: where systems install it.
        advice: how to get the files without this program.
    """

    name: str
    url: str
    hashes: Dict[str, str]
    system_folders: Tuple[str, ...]
    advice: str

    def load(self, path: Optional[Any] = None) -> Arrays:
        """Return `(x_train, y_train), (x_test, y_test)`; see `load_data` of the data set."""
        if path is not None:
            return self._load_given(Path(os.fspath(path)).expanduser())
        return self._read(find_or_fetch(self.name, self.system_folders, self._find, self._fetch, self.advice))

    def _load_given(self, path: Path) -> Arrays:
        """Read from exactly the place the caller named."""
        if path.is_file():
            return read_npz(path)
        source = self._find(path, trusted=True)
        if source is None:
            missing = self._missing(path) if path.is_dir() else ["the folder itself"]
            raise errors.ArgumentError(
                f"{self.name}: expected {', '.join(SHAPES)} (each raw or .gz) or {self.name}.npz in "
                f"path={str(path)!r}; "
                f"missing: {', '.join(missing)}; {self.advice}"
            )
        return self._read(source)

    def _find(self, folder: Path, trusted: bool = False) -> Optional[Path]:
        """Return the folder with the four files or the `.npz` file; looks in `folder/NAME` first."""
        for candidate in (folder / self.name, folder / self.name.replace("_", "-"), folder):
            # MNIST and its twins use the same file names: bare files in a shared folder may be of another one.
            if candidate == folder and not trusted and not self._belongs(folder):
                continue
            if candidate.is_dir() and not self._missing(candidate):
                return candidate
            npz = candidate / f"{self.name}.npz"
            if npz.is_file():
                return npz
        return None

    def _belongs(self, folder: Path) -> bool:
        """Whether bare files in `folder` are of this data set, judged by the content of its smallest file."""
        labels = _idx_path(folder, "t10k-labels-idx1-ubyte")
        if labels is None:
            return (folder / f"{self.name}.npz").is_file()
        try:
            return content_hash(labels, 1 << 20) == self.hashes["t10k-labels-idx1-ubyte"]
        except errors.ArgumentError:
            return True

    def _missing(self, folder: Path) -> List[str]:
        return [name for name in SHAPES if _idx_path(folder, name) is None]

    def _read(self, source: Path) -> Arrays:
        if source.is_file():
            return read_npz(source)
        arrays: List[Any] = []
        for name, shape in SHAPES.items():
            found = _idx_path(source, name)
            if found is None:
                raise errors.ArgumentError(f"{source / name}: expected an IDX file, raw or .gz; it is gone")
            arrays.append(read_idx(found, shape))
        return _checked(arrays, source)

    def _fetch(self) -> Path:
        folder = cache_directory() / "datasets" / self.name
        for name in SHAPES:
            path = folder / f"{name}.gz"
            if not path.exists():
                download(f"{self.url}{name}.gz", path, self._checker(name), largest=64 << 20)
        return folder

    def _checker(self, name: str) -> Callable[[Path], None]:
        def check(path: Path) -> None:
            size = int(np.prod(SHAPES[name], dtype=np.int64)) + _HEADER_BYTES
            found = content_hash(path, size)
            if found != self.hashes[name]:
                raise errors.ArgumentError(
                    f"{self.url}{name}.gz: expected content with SHA-256 {self.hashes[name]}; received {found}"
                )

        return check


def read_npz(path: Path) -> Arrays:
    """Return the arrays of an `mnist.npz` as Keras keeps it (no pickled objects).

    Raises:
        ArgumentError: when the file is damaged or an array is missing or of another shape or type.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            missing = [name for name in _NPZ_NAMES if name not in archive.files]
            if missing:
                raise errors.ArgumentError(f"{path}: expected arrays {_NPZ_NAMES}; missing {missing}")
            arrays = [archive[name] for name in _NPZ_NAMES]
    except (zipfile.BadZipFile, EOFError, OSError, ValueError) as problem:
        if isinstance(problem, errors.ArgumentError):
            raise
        raise errors.ArgumentError(f"{path}: expected a NumPy .npz file; received a damaged one ({problem})") from None
    return _checked(arrays, path)


def _checked(arrays: Sequence[Any], source: Path) -> Arrays:
    x_train, y_train, x_test, y_test = arrays
    for part, x, y in (("train", x_train, y_train), ("test", x_test, y_test)):
        fits = x.ndim == 3 and x.shape[1:] == (28, 28) and y.shape == x.shape[:1]
        if not fits or x.dtype != np.uint8 or y.dtype != np.uint8:
            raise errors.ArgumentError(
                f"{source}: expected uint8 {part} images (n, 28, 28) and labels (n,); received {x.dtype} {x.shape} "
                f"and {y.dtype} {y.shape}"
            )
        if y.size and y.max() > 9:
            row = int(np.argmax(y > 9))
            raise errors.ArgumentError(f"{source}: {part} labels must lie in 0..9; received {y[row]} at row {row}")
    return (x_train, y_train), (x_test, y_test)


def _idx_path(folder: Path, name: str) -> Optional[Path]:
    for candidate in (f"{name}.gz", name, name.replace("-idx", ".idx")):
        if (folder / candidate).is_file():
            return folder / candidate
    return None


def make_images(train: int, test: int, classes: int, seed: int, noise: float) -> Arrays:
    """Return seeded images of `classes` kinds: a smooth random pattern per class, shifted and covered with noise.

    Args:
        train: number of training images.
        test: number of test images.
        classes: number of classes.
        seed: seed of patterns and noise.
        noise: standard deviation of the noise, in grey levels.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8, images (n, 28, 28), labels (n,).
    """
    for argument, value in (("train", train), ("test", test), ("classes", classes)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise errors.ArgumentError(f"synthetic: {argument} must be a positive integer; received {value!r}")
    generator = np.random.default_rng(seed)
    coarse = generator.uniform(0, 255, (classes, 7, 7))
    patterns = coarse.repeat(4, axis=1).repeat(4, axis=2)

    def part(count: int) -> Tuple[np.ndarray, np.ndarray]:
        labels = generator.integers(0, classes, count)
        images = patterns[labels] + generator.normal(0, noise, (count, 28, 28))
        rolled = np.where(generator.integers(0, 2, (count, 1, 1)), np.roll(images, 1, axis=2), images)
        return rolled.clip(0, 255).astype(np.uint8), labels.astype(np.uint8)

    return part(train), part(test)
