"""Windows of time series, and pairs of words that stand near each other."""

from __future__ import annotations

import json
import random
from typing import Any, Optional, Sequence

import numpy as np

from gradmill.errors import ArgumentError
from gradmill.utils.batch_data import PyDataset
from gradmill.utils.sequences import pad_sequences

__all__ = ["TimeseriesGenerator", "make_sampling_table", "pad_sequences", "skipgrams"]


class TimeseriesGenerator(PyDataset):
    """Batches of windows of a time series, each with the target behind it.

    The window for target `i` is `data[i - length : i : sampling_rate]`.

    Args:
        data: values in the order of time: an array (time, ...) or a list.
        targets: as many targets.
        length: how far back a window goes.
        sampling_rate: every how many values of it are taken.
        stride: distance from one target to the next.
        start_index: values before it are not used.
        end_index: the last target; default: that of the last value.
        shuffle: whether targets are drawn, with repetition, instead of taken in order.
        reverse: whether windows run back in time.
        batch_size: windows of a batch.
        **kwargs: those of `PyDataset`.

    Raises:
        ArgumentError: data and targets of different lengths, no room for a window, or numbers below 1.

    Example:
        >>> import gradmill as gm
        >>> series = np.arange(5.0)
        >>> windows = gm.preprocessing.sequence.TimeseriesGenerator(series, series, length=2, batch_size=2)
        >>> x, y = windows[0]
        >>> x.tolist(), y.tolist(), len(windows)
        ([[0.0, 1.0], [1.0, 2.0]], [2.0, 3.0], 2)
    """

    def __init__(
        self,
        data: Any,
        targets: Any,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: Optional[int] = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if len(data) != len(targets):
            raise ArgumentError(
                f"TimeseriesGenerator: expected as many targets as data; received {len(targets)} and {len(data)}"
            )
        for name, value in (("sampling_rate", sampling_rate), ("stride", stride), ("batch_size", batch_size)):
            if value < 1:
                raise ArgumentError(f"TimeseriesGenerator: expected {name} of at least 1; received {value!r}")
        self.data = data
        self.targets = targets
        self.length = length
        self.sampling_rate = sampling_rate
        self.stride = stride
        self.start_index = start_index + length  # the first target
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle = shuffle
        self.reverse = reverse
        self.batch_size = batch_size
        if self.start_index > self.end_index or self.end_index >= len(data):
            raise ArgumentError(
                f"TimeseriesGenerator: expected start_index + length <= end_index < {len(data)}; received start_index "
                f"{start_index}, length {length} and end_index {end_index}"
            )

    def __len__(self) -> int:
        targets = (self.end_index - self.start_index) // self.stride + 1
        return -(-targets // self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        if self.shuffle:
            places = np.random.randint(self.start_index, self.end_index + 1, size=self.batch_size)
        else:
            targets = range(self.start_index, self.end_index + 1, self.stride)
            places = np.array(targets[index * self.batch_size : (index + 1) * self.batch_size], dtype=np.int64)
        windows = np.array([self.data[place - self.length : place : self.sampling_rate] for place in places])
        return windows[:, ::-1] if self.reverse else windows, np.array([self.targets[place] for place in places])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments; data and targets as JSON.

        Raises:
            ArgumentError: data that JSON cannot hold.
        """
        try:
            data, targets = (
                json.dumps(each.tolist() if hasattr(each, "tolist") else each) for each in (self.data, self.targets)
            )
        except TypeError as problem:
            raise ArgumentError(f"TimeseriesGenerator: expected numbers as data and targets; {problem}") from problem
        names = ("length", "sampling_rate", "stride", "start_index", "end_index", "shuffle", "reverse", "batch_size")
        return {"data": data, "targets": targets, **{name: getattr(self, name) for name in names}}

    def to_json(self, **kwargs: Any) -> str:
        """Return the arguments as JSON.

        Args:
            **kwargs: for `json.dumps`.

        Raises:
            ArgumentError: data that JSON cannot hold.
        """
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> np.ndarray:
    """Return for each rank of a word with which probability it is kept, so that frequent words come less often.

    A word of frequency f is kept with probability min(1, sqrt(factor / f)); frequencies follow from ranks by
    Zipf's law.

    Args:
        size: number of ranks.
        sampling_factor: the factor.

    Returns:
        array (size,).

    Raises:
        ArgumentError: a size below 1.

    Reference: Mikolov et al. 2013.

    Example:
        >>> import gradmill as gm
        >>> table = gm.preprocessing.sequence.make_sampling_table(1000)
        >>> bool(table[1] < table[100] < table[999])
        True
    """
    if size < 1:
        raise ArgumentError(f"make_sampling_table: expected a size of at least 1; received {size!r}")
    rank = np.maximum(np.arange(size), 1)  # number 0 is no word; it gets what the first one has
    # 1 / frequency: rank times the sum of 1/r up to it, by its expansion with Euler's constant.
    rarity = rank * (np.log(rank) + 0.577) + 0.5 - 1 / (12 * rank)
    return np.minimum(1, np.sqrt(sampling_factor * rarity))


def skipgrams(
    sequence: Sequence[int],
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
    seed: Optional[int] = None,
) -> tuple[list, list]:
    """Return pairs of words that stand near each other, with label 1, and of words and drawn ones, with label 0.

    Args:
        sequence: numbers of words; 0 is no word.
        vocabulary_size: one more than the largest number.
        window_size: up to how many places apart words are near.
        negative_samples: drawn pairs for each real one.
        shuffle: whether pairs come in a random order.
        categorical: whether labels are [0, 1] and [1, 0] instead of 1 and 0.
        sampling_table: probability with which each word is kept, such as `make_sampling_table` returns.
        seed: of the order. Other draws are those of Python's `random`.

    Returns:
        (pairs, labels), two lists.

    Raises:
        ArgumentError: a vocabulary without words to draw.

    Reference: Mikolov et al. 2013.

    Example:
        >>> import gradmill as gm
        >>> gm.preprocessing.sequence.skipgrams([1, 2], 3, negative_samples=0, shuffle=False)
        ([[1, 2], [2, 1]], [1, 1])
    """
    if negative_samples > 0 and vocabulary_size < 2:
        raise ArgumentError(f"skipgrams: expected vocabulary_size of at least 2; received {vocabulary_size!r}")
    pairs: list = []
    for place, word in enumerate(sequence):
        if not word or (sampling_table is not None and sampling_table[word] < random.random()):
            continue
        first = max(0, place - window_size)
        near = [*sequence[first:place], *sequence[place + 1 : place + window_size + 1]]
        pairs.extend([word, other] for other in near if other)
    labels: list = [[0, 1] if categorical else 1] * len(pairs)
    if negative_samples > 0:
        drawn = int(len(pairs) * negative_samples)
        words = [pair[0] for pair in pairs]
        random.shuffle(words)
        pairs += [[words[i % len(words)], random.randint(1, vocabulary_size - 1)] for i in range(drawn)]
        labels += [[1, 0] if categorical else 0] * drawn
    if shuffle:
        seed = random.randint(0, 10**7) if seed is None else seed
        for values in (pairs, labels):  # the same order for both
            random.seed(seed)
            random.shuffle(values)
    return pairs, labels
