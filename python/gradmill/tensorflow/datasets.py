"""`tensorflow_datasets.load` for MNIST, Fashion-MNIST and CIFAR-10, from the files of `gradmill.datasets`."""

from __future__ import annotations

import importlib
import re
from typing import Any, Iterator, NamedTuple, Optional

import numpy as np

import gradmill
from gradmill import _core
from gradmill.errors import ArgumentError
from gradmill.tensorflow.dtype_names import DType, int64, uint8
from gradmill.tensorflow.shapes import TensorShape

_NAMES = {
    "mnist": [str(digit) for digit in range(10)],
    "fashion_mnist": "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot".split(","),
    "cifar10": "airplane automobile bird cat deer dog frog horse ship truck".split(),
}
_SIZES = {"mnist": (28, 28, 1), "fashion_mnist": (28, 28, 1), "cifar10": (32, 32, 3)}
_SPLIT = re.compile(r"(\w+)(?:\[(-?\d+%?)?:(-?\d+%?)?\])?")


class Image(NamedTuple):
    """The images of a data set."""

    shape: TensorShape
    dtype: DType = uint8


class ClassLabel(NamedTuple):
    """The labels of a data set and their names."""

    names: list[str]
    shape: TensorShape = TensorShape()
    dtype: DType = int64

    @property
    def num_classes(self) -> int:
        """How many there are."""
        return len(self.names)

    def int2str(self, int_value: int) -> str:
        """Return the name of a number."""
        return self.names[int(int_value)]

    def str2int(self, str_value: str) -> int:
        """Return the number of a name."""
        return self.names.index(str_value)


class SplitInfo(NamedTuple):
    """A part of a data set."""

    name: str
    num_examples: int


class DatasetInfo(NamedTuple):
    """What `load(..., with_info=True)` returns beside the data."""

    name: str
    features: dict[str, Any]
    splits: dict[str, SplitInfo]
    supervised_keys: tuple[str, str] = ("image", "label")


def _bound(text: Optional[str], size: int, default: int) -> int:
    if text is None:
        return default
    place = round(size * int(text[:-1]) / 100) if text.endswith("%") else int(text)
    return max(0, min(size, place + size if place < 0 else place))


def _rows(split: str, parts: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of a split such as "train[:80%]+test"."""
    images, labels = [], []
    for part in split.replace(" ", "").split("+"):
        match = _SPLIT.fullmatch(part)
        if match is None or match[1] not in (*parts, "all"):
            raise ArgumentError(
                f"tfds.load: expected a split made of {', '.join(parts)}, such as 'train[:80%]'; received {split!r}"
            )
        for x, y in parts.values() if match[1] == "all" else [parts[match[1]]]:
            chosen = slice(_bound(match[2], len(x), 0), _bound(match[3], len(x), len(x)))
            images.append(x[chosen])
            labels.append(y[chosen])
    return (images[0], labels[0]) if len(images) == 1 else (np.concatenate(images), np.concatenate(labels))


def load(
    name: str,
    *,
    split: Any = None,
    data_dir: Any = None,
    batch_size: Optional[int] = None,
    shuffle_files: bool = False,
    download: bool = True,
    as_supervised: bool = False,
    with_info: bool = False,
    **options: Any,
) -> Any:
    """Load a data set as `tensorflow_datasets.load` does.

    Args:
        name: "mnist", "fashion_mnist" or "cifar10"; a version behind a colon is ignored.
        split: "train", "test", parts such as "train[:80%]", sums of them, or a list; None gives a dictionary of all.
        data_dir: where the files are; default: where `gradmill.datasets` looks for them.
        batch_size: examples in a batch; None for single ones, -1 for all of them as tensors.
        shuffle_files: accepted; the files are read in order.
        download: accepted; files that are missing are fetched as `gradmill.datasets` does.
        as_supervised: elements are (image, label) instead of {"image": ..., "label": ...}.
        with_info: whether to return (data, info).
        **options: `read_config`, `decoders`, `builder_kwargs`, `download_and_prepare_kwargs`, `try_gcs`: accepted.

    Returns:
        a Dataset, or several in the form of `split`; images are uint8 with an axis of channels, labels int64.

    Raises:
        ArgumentError: an unknown data set or split, or files that cannot be had.
    """
    plain = name.split(":")[0].split("/")[0]
    if plain not in _NAMES:
        raise ArgumentError(f"tfds.load: expected one of {', '.join(_NAMES)}; received {name!r}; use tf.data.Dataset")
    module = importlib.import_module(f"gradmill.datasets.{plain}")
    parts = {}
    for part, (x, y) in zip(("train", "test"), module.load_data(*([] if data_dir is None else [data_dir]))):
        parts[part] = (x.reshape(-1, *_SIZES[plain]), y.reshape(-1).astype("int64"))

    def make(wanted: Any) -> Any:
        if isinstance(wanted, dict):
            return {key: make(each) for key, each in wanted.items()}
        if isinstance(wanted, (list, tuple)):
            return type(wanted)(make(each) for each in wanted)
        images, labels = _rows(str(wanted), parts)
        arrays: Any = (images, labels) if as_supervised else {"image": images, "label": labels}
        if batch_size == -1:
            return gradmill.symbolic.map_structure(_core.tensor, arrays)
        dataset = importlib.import_module("gradmill.data").Dataset.from_tensor_slices(arrays)
        return dataset if batch_size is None else dataset.batch(batch_size)

    data = make({part: part for part in parts} if split is None else split)
    if not with_info:
        return data
    features = {"image": Image(TensorShape(_SIZES[plain])), "label": ClassLabel(_NAMES[plain])}
    splits = {part: SplitInfo(part, len(x)) for part, (x, _) in parts.items()}
    return data, DatasetInfo(plain, features, splits)


def as_numpy(dataset: Any) -> Any:
    """Return what a dataset or a structure of tensors holds as NumPy arrays.

    Args:
        dataset: a Dataset, or tensors.
    """
    if hasattr(dataset, "as_numpy_iterator"):
        return _numpy_elements(dataset)
    return gradmill.symbolic.map_structure(np.asarray, dataset)


def _numpy_elements(dataset: Any) -> Iterator[Any]:
    yield from dataset.as_numpy_iterator()


def list_builders(**_: Any) -> list[str]:
    """Return the names that `load` knows."""
    return sorted(_NAMES)
