"""tensorflow_datasets.load on small data."""

import numpy as np
import pytest

import gradmill as gm
from gradmill.errors import ArgumentError
from gradmill.tensorflow.import_hook import DATASETS as tfds


@pytest.fixture
def small(monkeypatch):
    """Ten training and five test images of CIFAR-10's shape."""
    generator = np.random.default_rng(0)
    parts = tuple(
        (generator.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8), np.arange(count, dtype="uint8")[:, None] % 10)
        for count in (10, 5)
    )
    monkeypatch.setattr(gm.datasets.cifar10, "load_data", lambda *_: parts)
    return parts


def labels_of(dataset):
    return [int(label) for _, label in dataset]


def test_elements(small):
    data, info = tfds.load("cifar10", with_info=True)
    assert sorted(data) == ["test", "train"]
    element = next(iter(data["train"]))
    assert element["image"].shape == (32, 32, 3) and element["image"].dtype == "uint8"
    assert element["label"].dtype == "int64" and element["label"].shape == ()
    assert info.splits["train"].num_examples == 10 and info.features["image"].shape == (32, 32, 3)
    assert info.features["label"].num_classes == 10 and info.features["label"].int2str(9) == "truck"


@pytest.mark.parametrize(
    ("split", "labels"),
    [
        ("test", [0, 1, 2, 3, 4]),
        ("train[:20%]", [0, 1]),
        ("train[80%:]", [8, 9]),
        ("train[-1:]+test[1:3]", [9, 1, 2]),
        ("all", [*range(10), *range(5)]),
    ],
)
def test_splits(small, split, labels):
    assert labels_of(tfds.load("cifar10:3.*.*", split=split, as_supervised=True)) == labels


def test_several_splits_and_batches(small):
    first, second = tfds.load("cifar10", split=["train[:4]", "test"], as_supervised=True, batch_size=3)
    assert [label.numpy().tolist() for _, label in first] == [[0, 1, 2], [3]]
    assert len(list(tfds.as_numpy(second))) == 2
    images, labels = tfds.load("cifar10", split="test", as_supervised=True, batch_size=-1)
    assert images.shape == (5, 32, 32, 3) and tfds.as_numpy(labels).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("name", "split", "message"),
    [
        ("imagenet2012", "train", "expected one of mnist, fashion_mnist, cifar10; received 'imagenet2012'"),
        ("cifar10", "validation", "expected a split made of train, test.*received 'validation'"),
        ("cifar10", "train[a:]", r"received 'train\[a:\]'"),
    ],
)
def test_bad_input(small, name, split, message):
    with pytest.raises(ArgumentError, match=message):
        tfds.load(name, split=split)
