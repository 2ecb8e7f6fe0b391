"""Samples per second of training on random samples, and tables of several devices."""

import time
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from gradmill.benchmark.report import EpochTimer
from gradmill.utils import PyDataset

# Distinct random batches; more would take memory and show nothing.
_DISTINCT_BATCHES = 2


class _RandomBatches(PyDataset):
    """Batches of random samples with random labels; a few batches, repeated."""

    def __init__(self, batch_size: int, steps: int, classes: int, seed: Optional[int]):
        super().__init__()
        generator = np.random.default_rng(seed)
        self._steps = steps
        self._batches = [
            (self._draw(generator, batch_size), generator.integers(0, classes, batch_size).astype("int32"))
            for _ in range(min(steps, _DISTINCT_BATCHES))
        ]

    def _draw(self, generator: np.random.Generator, batch_size: int) -> np.ndarray:
        raise NotImplementedError

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, index: int) -> Tuple[np.ndarray, np.ndarray]:
        return self._batches[index % len(self._batches)]


class RandomImages(_RandomBatches):
    """Batches of uniform random images from 0 to 1 with random labels; a few batches, repeated.

    Args:
        batch_size: samples of a batch.
        steps: batches of an epoch.
        image_shape: shape of one image.
        classes: number of classes.
        seed: seed of the images.

    Example:
        >>> from gradmill.benchmark.throughput import RandomImages
        >>> images, labels = RandomImages(4, steps=2, image_shape=(8, 8, 3), classes=8)[0]
        >>> images.shape, labels.shape
        ((4, 8, 8, 3), (4,))
    """

    def __init__(
        self, batch_size: int, steps: int, image_shape: Sequence[int], classes: int, seed: Optional[int] = None
    ):
        self._shape = tuple(image_shape)
        super().__init__(batch_size, steps, classes, seed)

    def _draw(self, generator: np.random.Generator, batch_size: int) -> np.ndarray:
        return generator.random((batch_size, *self._shape), dtype=np.float32)


class RandomTokens(_RandomBatches):
    """Batches of sequences of uniform random token ids with random labels; a few batches, repeated.

    Args:
        batch_size: sequences of a batch.
        steps: batches of an epoch.
        length: ids of a sequence.
        vocabulary_size: ids lie below it.
        classes: number of classes.
        seed: seed of the ids.

    Example:
        >>> from gradmill.benchmark.throughput import RandomTokens
        >>> ids, labels = RandomTokens(4, steps=2, length=16, vocabulary_size=1000, classes=8)[0]
        >>> ids.shape, labels.shape
        ((4, 16), (4,))
    """

    def __init__(
        self, batch_size: int, steps: int, length: int, vocabulary_size: int, classes: int, seed: Optional[int] = None
    ):
        self._length, self._vocabulary_size = length, vocabulary_size
        super().__init__(batch_size, steps, classes, seed)

    def _draw(self, generator: np.random.Generator, batch_size: int) -> np.ndarray:
        return generator.integers(0, self._vocabulary_size, (batch_size, self._length)).astype("int32")


def measure_training(
    model: Any, data: Any, epochs: int, samples: int, verbose: Any = 1, **fit_options: Any
) -> Dict[str, Any]:
    """Train one epoch to warm up, then time further ones.

    Args:
        model: a compiled model.
        data: what `fit` takes as `x`, or a tuple `(x, y)`.
        epochs: epochs that are timed.
        samples: samples of an epoch.
        verbose: as in `fit`.
        fit_options: further arguments of `fit`.

    Returns:
        dict with `warm_up_seconds`, `epoch_seconds`, `seconds_per_epoch` (mean), `samples_per_second` (over all timed
        epochs), `loss` of the last epoch and `history`.
    """
    arguments = data if isinstance(data, tuple) else (data,)
    if verbose:
        print("Warm-up, not timed:")
    start = time.perf_counter()
    model.fit(*arguments, epochs=1, verbose=verbose, **fit_options)
    warm_up = time.perf_counter() - start
    if verbose:
        print("Timed:")
    timer = EpochTimer()
    history = model.fit(*arguments, epochs=epochs, verbose=verbose, callbacks=[timer], **fit_options).history
    total = sum(timer.seconds)
    return {
        "warm_up_seconds": warm_up,
        "epoch_seconds": timer.seconds,
        "seconds_per_epoch": total / len(timer.seconds),
        "samples_per_second": samples * len(timer.seconds) / total,
        "loss": history["loss"][-1],
        "history": history,
    }


def speed_table(seconds: Dict[str, Dict[str, float]]) -> List[str]:
    """Return the lines of a Markdown table: seconds of each model on each device, and how much faster than the first.

    Args:
        seconds: model -> device -> seconds; all models on the same devices.

    Example:
        >>> from gradmill.benchmark.throughput import speed_table
        >>> print(*speed_table({"vgg16": {"cpu:1": 4.0, "cpu:2": 2.0}}), sep=chr(10))
        | model | cpu:1 s | cpu:2 s | cpu:2 speed-up |
        |---|---:|---:|---:|
        | vgg16 | 4.00 | 2.00 | 2.00 |
    """
    devices = list(next(iter(seconds.values())))
    first, others = devices[0], devices[1:]
    header = ["model", *(f"{device} s" for device in devices), *(f"{device} speed-up" for device in others)]
    lines = ["| " + " | ".join(header) + " |", "|---|" + "---:|" * (len(header) - 1)]
    for model, row in seconds.items():
        cells = [f"{row[device]:.2f}" for device in devices] + [f"{row[first] / row[device]:.2f}" for device in others]
        lines.append("| " + " | ".join([model, *cells]) + " |")
    return lines
