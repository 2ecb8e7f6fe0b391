"""MNIST: 70,000 grey images of handwritten digits (LeCun, Bottou, Bengio and Haffner 1998)."""

from typing import Any, Optional

from gradmill.datasets.mnist_files import Arrays, IdxDataset, make_images

_DATASET = IdxDataset(
    name="mnist",
    url="https://ossci-datasets.s3.amazonaws.com/mnist/",
    hashes={
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    system_folders=("/usr/share/datasets/mnist",),
    advice="put the four files train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and "
    "t10k-labels-idx1-ubyte.gz (https://ossci-datasets.s3.amazonaws.com/mnist/), or mnist.npz, into a folder and name "
    "it in $GRADMILL_DATA or in path=",
)


def load_data(path: Optional[Any] = None) -> Arrays:
    """Load MNIST.

    Looks in `path` (and nowhere else when it is given); `$GRADMILL_DATA`; the user's cache; the places where systems
    install it; then downloads it once into the cache and checks the SHA-256 of every file.

    Args:
        path: folder with the four IDX files (raw or `.gz`), or with `mnist.npz`, or that file itself.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8 images (60000, 28, 28) and (10000, 28, 28), uint8 labels
        0 to 9 of shapes (60000,) and (10000,).

    Raises:
        ArgumentError: when the files are missing, truncated or damaged; the message names the file, or every place
            that was tried and how to get the files.

    Example:
        >>> import gradmill as gm
        >>> (x_train, y_train), (x_test, y_test) = gm.datasets.mnist.load_data()  # doctest: +SKIP
    """
    return _DATASET.load(path)


def synthetic(train: int = 1000, test: int = 200, seed: int = 0) -> Arrays:
    """Make a small seeded twin of MNIST: same types and shapes, ten classes that a small network can tell apart.

    Args:
        train: number of training images.
        test: number of test images.
        seed: seed of everything random in it.

    Returns:
        as `load_data`.

    Example:
        >>> import gradmill as gm
        >>> (x, y), _ = gm.datasets.mnist.synthetic(train=8, test=2)
        >>> x.shape, y.shape
        ((8, 28, 28), (8,))
    """
    return make_images(train, test, classes=10, seed=seed, noise=20.0)
