"""Made-up reviews of films, good and bad: a small text data set that needs no files."""

from __future__ import annotations

from pathlib import Path
from typing import List, Tuple

import numpy as np

from gradmill.errors import ArgumentError
from gradmill.utils.files import PathLike

CLASS_NAMES = ("neg", "pos")
_ADJECTIVES = (
    ("dull", "weak", "noisy", "boring", "clumsy", "shallow", "awful", "lifeless"),
    ("bright", "strong", "moving", "thrilling", "elegant", "deep", "lovely", "vivid"),
)
_PARTS = ("film", "story", "cast", "music", "ending", "script", "hero", "dialogue", "camera", "first half")
_OPENINGS = ("", "i saw it twice and ", "to be honest , ", "we went last night ; ", "after all the praise , ")
_CLOSINGS = ("", " , and that is all .", " from start to end .", " , as my friends said , too .")

Texts = Tuple[List[str], np.ndarray]


def synthetic(train: int = 2000, test: int = 500, seed: int = 0) -> Tuple[Texts, Texts]:
    """Make reviews whose class is told by what stands behind the last "but", and turned round by "not".

    Args:
        train: number of training texts.
        test: number of test texts.
        seed: seed of everything random in them.

    Returns:
        `(texts, labels), (texts, labels)`; labels are int32, 1 for good ones.

    Example:
        >>> import gradmill as gm
        >>> (texts, labels), _ = gm.datasets.reviews.synthetic(train=4, test=2)
        >>> len(texts), labels.shape
        (4, (4,))
    """
    generator = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(train + test):
        label = int(generator.integers(2))
        clause = _clause(generator, label)
        if generator.random() < 0.5:
            clause = f"{_clause(generator, 1 - label)} , but {clause}"
        texts.append(f"{generator.choice(_OPENINGS)}{clause}{generator.choice(_CLOSINGS)}")
        labels.append(label)
    numbers = np.array(labels, "int32")
    return (texts[:train], numbers[:train]), (texts[train:], numbers[train:])


def write(folder: PathLike, train: int = 2000, test: int = 500, seed: int = 0) -> None:
    """Write reviews as text files: `train/pos/0.txt`, `test/neg/1.txt` and so on.

    Args:
        folder: where to; made when missing.
        train, test, seed: as in `synthetic`.

    Raises:
        ArgumentError: a folder that has files in it.

    Example:
        >>> import gradmill as gm
        >>> gm.datasets.reviews.write("reviews")  # doctest: +SKIP
    """
    place = Path(folder)
    if place.exists() and any(place.iterdir()):
        raise ArgumentError(f"reviews: expected an empty folder; received {str(folder)!r}; give another")
    for part, (texts, labels) in zip(("train", "test"), synthetic(train, test, seed)):
        for number, (text, label) in enumerate(zip(texts, labels)):
            file = place / part / CLASS_NAMES[label] / f"{number}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")


def _clause(generator: np.random.Generator, label: int) -> str:
    negated = generator.random() < 0.3
    word = generator.choice(_ADJECTIVES[label != negated])
    return f"the {generator.choice(_PARTS)} was {'not ' if negated else ''}{word}"
