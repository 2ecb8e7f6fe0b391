"""CIFAR-10: 60,000 colour images of ten kinds of things (Krizhevsky 2009)."""

from typing import Any, Optional

import numpy as np

from gradmill.datasets.cifar_files import CifarFiles, Labels
from gradmill.datasets.mnist_files import Arrays, make_images

CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
FILES = CifarFiles(
    title="CIFAR-10",
    name="cifar10",
    archive="cifar-10-binary.tar.gz",
    archive_hash="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    rows={**{f"data_batch_{i}": 10000 for i in range(1, 6)}, "test_batch": 10000},
    folders=("cifar-10-batches-bin", "cifar-10-batches-py", "cifar10", "cifar-10"),
    label_bytes=1,
)


def load_data(path: Optional[Any] = None) -> Arrays:
    """Load CIFAR-10.

    Looks in `path` (and nowhere else when it is given); `$GRADMILL_DATA`; the user's cache; the places where systems
    install it; then downloads the authors' archive once into the cache and checks its SHA-256.

    Both versions are read: the binary one (`data_batch_1.bin`, ...) and the Python one (`data_batch_1`, ...), whose
    pickles are read by a parser that runs nothing and refuses everything but such batches.

    Args:
        path: folder with the six files of either version (or with `cifar-10-batches-bin`, `cifar-10-batches-py` or
            an archive in it), or the `.tar.gz` itself.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8 images (50000, 32, 32, 3) and (10000, 32, 32, 3), uint8 labels
        0 to 9 (see `CLASS_NAMES`) of shapes (50000, 1) and (10000, 1).

    Raises:
        ArgumentError: when the files are missing, truncated or damaged; the message names the file, or every place
            that was tried and how to get the files.

    Example:
        >>> import gradmill as gm
        >>> (x_train, y_train), (x_test, y_test) = gm.datasets.cifar10.load_data()  # doctest: +SKIP
    """
    return FILES.load(path, Labels("labels", 0, len(CLASS_NAMES)))


def synthetic(train: int = 1000, test: int = 200, seed: int = 0) -> Arrays:
    """Make a small seeded twin of CIFAR-10: same types and shapes, ten classes that a small network can tell apart.

    Args:
        train: number of training images.
        test: number of test images.
        seed: seed of everything random in it.

    Returns:
        as `load_data`.

    Example:
        >>> import gradmill as gm
        >>> (x, y), _ = gm.datasets.cifar10.synthetic(train=8, test=2)
        >>> x.shape, y.shape
        ((8, 32, 32, 3), (8, 1))
    """
    (x_train, y_train), (x_test, y_test) = make_images(train, test, classes=10, seed=seed, noise=40.0)
    return (_colour(x_train), y_train.reshape(-1, 1)), (_colour(x_test), y_test.reshape(-1, 1))


def _colour(images: np.ndarray) -> np.ndarray:
    """Give grey images of 28x28 a frame and three channels."""
    framed = np.pad(images, ((0, 0), (2, 2), (2, 2)))
    return np.stack([framed, framed[:, ::-1], 255 - framed], axis=-1)
