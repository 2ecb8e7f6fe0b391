"""Fashion-MNIST: 70,000 grey images of ten kinds of clothing (Xiao, Rasul and Vollgraf 2017)."""

from typing import Any, Optional

from gradmill.datasets.mnist_files import Arrays, IdxDataset, make_images

CLASS_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip

_DATASET = IdxDataset(
    name="fashion_mnist",
    url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    hashes={
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
    system_folders=("/usr/share/datasets/fashion-mnist",),
    advice="on Debian or Ubuntu `apt install dataset-fashion-mnist`; or put the four files train-images-idx3-ubyte.gz, "
    "train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz "
    "(https://github.com/zalandoresearch/fashion-mnist) into a folder and name it in $GRADMILL_DATA or in path=",
)


def load_data(path: Optional[Any] = None) -> Arrays:
    """Load Fashion-MNIST.

    Looks in `path` (and nowhere else when it is given); `$GRADMILL_DATA`; the user's cache; the places where systems
    install it (Debian's package dataset-fashion-mnist); then downloads it once into the cache and checks the SHA-256
    of every file.

    Args:
        path: folder with the four IDX files (raw or `.gz`), or an `.npz` file with x_train, y_train, x_test, y_test.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8 images (60000, 28, 28) and (10000, 28, 28), uint8 labels
        0 to 9 (see `CLASS_NAMES`) of shapes (60000,) and (10000,).

    Raises:
        ArgumentError: when the files are missing, truncated or damaged; the message names the file, or every place
            that was tried and how to get the files.

    Example:
        >>> import gradmill as gm
        >>> (x_train, y_train), (x_test, y_test) = gm.datasets.fashion_mnist.load_data()  # doctest: +SKIP
    """
    return _DATASET.load(path)


def synthetic(train: int = 1000, test: int = 200, seed: int = 0) -> Arrays:
    """Make a small seeded twin of Fashion-MNIST: same types and shapes, ten classes, noisier than `mnist.synthetic`.

    Args:
        train: number of training images.
        test: number of test images.
        seed: seed of everything random in it.

    Returns:
        as `load_data`.

    Example:
        >>> import gradmill as gm
        >>> (x, y), _ = gm.datasets.fashion_mnist.synthetic(train=8, test=2)
        >>> x.dtype, int(y.max()) < 10
        (dtype('uint8'), True)
    """
    return make_images(train, test, classes=10, seed=seed, noise=60.0)
