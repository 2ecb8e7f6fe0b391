"""Samples and labels, the same for every engine: all are drawn by NumPy from a seed."""

from typing import Any, Callable, Dict, Tuple

import numpy as np

from .cell import Cell

Arrays = Tuple[np.ndarray, np.ndarray]
# What stands behind the end of a padded sequence.
PADDING = -1.0
# Padded sequences have at least so many numbers.
_SHORTEST = 8


def class_images(samples: int, shape: Tuple[int, ...], classes: int, seed: int = 0) -> Arrays:
    """Learnable noise: every class has its own mean picture."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, samples).astype("int32")
    means = generator.random((classes, *shape), dtype="float32")
    images = generator.random((samples, *shape), dtype="float32")
    images *= 0.5
    for picture, label in zip(images, labels):
        picture += means[label] * 0.5
    return images, labels


def sequences(samples: int, shape: Tuple[int, ...], classes: int, seed: int = 0) -> Arrays:
    """Uniform numbers; the class says where the mean over the first steps lies among all."""
    generator = np.random.default_rng(seed)
    x = generator.random((samples, *shape), dtype="float32")
    means = x[:, :_SHORTEST].mean(axis=(1, 2))
    ranks = np.argsort(np.argsort(means, kind="stable"), kind="stable")
    return x, (ranks * classes // samples).astype("int32")


def padded_sequences(samples: int, shape: Tuple[int, ...], classes: int, seed: int = 0) -> Arrays:
    """The same, cut off at random lengths, with `PADDING` behind."""
    x, labels = sequences(samples, shape, classes, seed)
    lengths = np.random.default_rng([seed, 1]).integers(_SHORTEST, shape[0] + 1, samples)
    x[np.arange(shape[0]) >= lengths[:, None]] = PADDING
    return x, labels


def lengths_of(x: np.ndarray) -> np.ndarray:
    """The number of steps of each padded sequence."""
    return (x[:, :, 0] != PADDING).sum(1)


def tokens(samples: int, shape: Tuple[int, ...], classes: int, seed: int = 0, vocabulary: int = 1000) -> Arrays:
    """Uniform random ids, all above 0; the class decides the first."""
    generator = np.random.default_rng(seed)
    ids = generator.integers(1, vocabulary, (samples, *shape)).astype("int32")
    labels = generator.integers(0, classes, samples).astype("int32")
    ids[:, 0] = 1 + labels
    return ids, labels


MAKERS: Dict[str, Callable[..., Arrays]] = {
    "class_images": class_images,
    "padded_sequences": padded_sequences,
    "sequences": sequences,
    "tokens": tokens,
}


def samples_of(cell: Cell, seed: int) -> Arrays:
    """All samples of an epoch, with labels as whole numbers.

    Args:
        cell: what is measured.
        seed: of everything random.
    """
    more: Dict[str, Any] = {"vocabulary": cell.vocabulary} if cell.vocabulary else {}
    return MAKERS[cell.data](cell.samples, cell.shape, cell.classes, seed, **more)


def targets_of(cell: Cell, labels: np.ndarray) -> np.ndarray:
    """Labels in the form that the cell's loss wants."""
    return np.eye(cell.classes, dtype="float32")[labels] if cell.loss == "one-hot" else labels
