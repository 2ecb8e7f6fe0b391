"""Samples and labels, the same for every engine: all are drawn by NumPy from a seed."""

from typing import Any, Callable, Dict, Tuple

import numpy as np
from numpy.random import default_rng  # here, so that its libraries count as the start of the process

from .cell import Cell

Arrays = Tuple[np.ndarray, np.ndarray]
# What stands behind the end of a padded sequence.
PADDING = -1.0
# Padded sequences have at least so many numbers.
_SHORTEST = 8
# Characters of a text, and different words in it.
_TEXT_LENGTH = 1_000_000
_WORDS = 2000


def class_images(
    samples: int, shape: Tuple[int, ...], classes: int, seed: int = 0, visible: float = 0.5
) -> Arrays:
    """Learnable noise: every class has its own mean picture, of which a part of `visible` shows."""
    generator = default_rng(seed)
    labels = generator.integers(0, classes, samples).astype("int32")
    means = generator.random((classes, *shape), dtype="float32")
    images = generator.random((samples, *shape), dtype="float32")
    images *= 1 - visible
    for picture, label in zip(images, labels):
        picture += means[label] * visible
    return images, labels


def faint_images(samples: int, shape: Tuple[int, ...], classes: int, seed: int = 0) -> Arrays:
    """The same with mean pictures that hardly show, so that small networks do not learn them within seconds."""
    return class_images(samples, shape, classes, seed, visible=0.1)


def masked_images(samples: int, shape: Tuple[int, ...], classes: int, seed: int = 0) -> Arrays:
    """Noise with rectangles of other brightness, and the class of each pixel: (samples, height, width)."""
    generator = default_rng(seed)
    labels = np.zeros((samples, *shape[:2]), "int32")
    for picture in labels:
        for label in range(1, classes):
            top, left = (generator.integers(0, side // 2) for side in shape[:2])
            picture[top : top + shape[0] // 3, left : left + shape[1] // 3] = label
    images = generator.random((samples, *shape), dtype="float32")
    images *= 0.5
    images += (0.5 / classes * labels)[..., None].astype("float32")
    return images, labels


def _ranks(values: np.ndarray, classes: int) -> np.ndarray:
    """As many equal classes by size."""
    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return (ranks * classes // len(values)).astype("int32")


def sequences(samples: int, shape: Tuple[int, ...], classes: int, seed: int = 0) -> Arrays:
    """Uniform numbers; the class says where the first feature's mean over the last steps lies among all."""
    x = default_rng(seed).random((samples, *shape), dtype="float32")
    return x, _ranks(x[:, -_SHORTEST:, 0].mean(axis=1), classes)


def padded_sequences(samples: int, shape: Tuple[int, ...], classes: int, seed: int = 0) -> Arrays:
    """The same of the first steps; cut off at random lengths, with `PADDING` behind."""
    x = default_rng(seed).random((samples, *shape), dtype="float32")
    labels = _ranks(x[:, :_SHORTEST, 0].mean(axis=1), classes)
    lengths = default_rng([seed, 1]).integers(_SHORTEST, shape[0] + 1, samples)
    x[np.arange(shape[0]) >= lengths[:, None]] = PADDING
    return x, labels


def lengths_of(x: np.ndarray) -> np.ndarray:
    """The number of steps of each padded sequence."""
    return (x[:, :, 0] != PADDING).sum(1)


def tokens(samples: int, shape: Tuple[int, ...], classes: int, seed: int = 0, vocabulary: int = 1000) -> Arrays:
    """Uniform random ids, all above 0; the class decides the first."""
    generator = default_rng(seed)
    ids = generator.integers(1, vocabulary, (samples, *shape)).astype("int32")
    labels = generator.integers(0, classes, samples).astype("int32")
    ids[:, 0] = 1 + labels
    return ids, labels


def characters(samples: int, shape: Tuple[int, ...], classes: int, seed: int = 0, vocabulary: int = 64) -> Arrays:
    """Pieces of a text of words, at least 1 MB, and the characters that follow each; 0 stands between words."""
    generator = default_rng(seed)
    needed = max(_TEXT_LENGTH, samples * shape[0] + 1)
    words = [[*generator.integers(1, vocabulary, generator.integers(2, 10)), 0] for _ in range(_WORDS)]
    # As in a language, the word of rank n is drawn about 1 / n times as often as the first.
    shares = 1 / np.arange(1, _WORDS + 1)
    drawn = generator.choice(_WORDS, needed // 3 + 1, p=shares / shares.sum())
    text = np.concatenate([words[each] for each in drawn])[: samples * shape[0] + 1].astype("int32")
    return text[:-1].reshape(samples, *shape), text[1:].reshape(samples, *shape)


MAKERS: Dict[str, Callable[..., Arrays]] = {
    "characters": characters,
    "class_images": class_images,
    "faint_images": faint_images,
    "masked_images": masked_images,
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
    if cell.loss == "overlap":
        return labels[..., None].astype("float32")
    return np.eye(cell.classes, dtype="float32")[labels] if cell.loss == "one-hot" else labels
