"""CIFAR-100: 60,000 colour images of a hundred kinds of things in twenty groups (Krizhevsky 2009)."""

from typing import Any, Optional

from gradmill import errors
from gradmill.datasets.cifar_files import CifarFiles, Labels
from gradmill.datasets.mnist_files import Arrays

FILES = CifarFiles(
    title="CIFAR-100",
    name="cifar100",
    archive="cifar-100-python.tar.gz",
    archive_hash="85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    rows={"train": 50000, "test": 10000},
    folders=("cifar-100-binary", "cifar-100-python", "cifar100", "cifar-100"),
    label_bytes=2,
)
_LABELS = {"coarse": Labels("coarse_labels", 0, 20), "fine": Labels("fine_labels", 1, 100)}


def load_data(label_mode: str = "fine", path: Optional[Any] = None) -> Arrays:
    """Load CIFAR-100; the files are found and read as those of `cifar10.load_data`.

    Args:
        label_mode: "fine" for the hundred kinds, "coarse" for the twenty groups.
        path: folder with the two files of either version (or with `cifar-100-binary`, `cifar-100-python` or an archive
            in it), or the `.tar.gz` itself.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8 images (50000, 32, 32, 3) and (10000, 32, 32, 3), uint8 labels of
        shapes (50000, 1) and (10000, 1).

    Raises:
        ArgumentError: another label_mode; when the files are missing, truncated or damaged.

    Example:
        >>> import gradmill as gm
        >>> (x_train, y_train), (x_test, y_test) = gm.datasets.cifar100.load_data()  # doctest: +SKIP
    """
    if label_mode not in _LABELS:
        raise errors.ArgumentError(f"cifar100: expected label_mode 'fine' or 'coarse'; received {label_mode!r}")
    return FILES.load(path, _LABELS[label_mode])
