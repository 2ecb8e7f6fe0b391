"""What a training step receives: `(x, y, sample_weight)` packed and unpacked, and data sets written in Python."""

import functools
import itertools
import warnings
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Iterable, Iterator, Optional, Tuple

import numpy as np

from gradmill import errors


def unpack_x_y_sample_weight(data: Any) -> Tuple[Any, Any, Any]:
    """Return `(x, y, sample_weight)` from what a step receives; missing parts are None.

    Args:
        data: `x`, `(x,)`, `(x, y)` or `(x, y, sample_weight)`.

    Raises:
        ArgumentError: when the tuple has more than three items.

    Example:
        >>> import gradmill as gm
        >>> gm.utils.unpack_x_y_sample_weight(("features", "labels"))
        ('features', 'labels', None)
    """
    if not isinstance(data, (list, tuple)):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise errors.ArgumentError(
            f"unpack_x_y_sample_weight: expected x, (x,), (x, y) or (x, y, sample_weight); received {len(data)} items"
        )
    return tuple(data) + (None,) * (3 - len(data))


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Return the tuple that a training step receives; a lone `x` stays as it is unless it is a list or tuple.

    Args:
        x: features.
        y: labels, or None.
        sample_weight: weights, or None.

    Returns:
        `(x, y, sample_weight)`, `(x, y)`, `(x,)` or `x`.

    Example:
        >>> import gradmill as gm
        >>> gm.utils.pack_x_y_sample_weight("features", "labels")
        ('features', 'labels')
    """
    if sample_weight is not None:
        return x, y, sample_weight
    if y is not None:
        return x, y
    return (x,) if isinstance(x, (list, tuple)) else x


class PyDataset:
    """Base class of a data set whose batches a Python method makes.

    A subclass writes `__getitem__(index)`, which returns batch `index` as `(x,)`, `(x, y)` or
    `(x, y, sample_weight)`, and `__len__()`, the number of batches; without `__len__` set `num_batches` to None
    (endless) and give `fit` a `steps_per_epoch`. `on_epoch_begin` and `on_epoch_end` may be overridden.

    Args:
        workers: threads that make batches ahead of training when there are several; `__getitem__` is called in all of
            them at once. Batches come in order. With one, they are made in the training thread.
        use_multiprocessing: accepted; threads are used in place of processes, also when `workers` is 1.
        max_queue_size: how many batches are made ahead at most.

    Raises:
        ArgumentError: when `workers` or `max_queue_size` is no integer of at least 0.

    Example:
        >>> import numpy as np, gradmill as gm
        >>> class Squares(gm.utils.PyDataset):
        ...     def __len__(self):
        ...         return 4
        ...     def __getitem__(self, index):
        ...         x = np.full((2, 1), index, "float32")
        ...         return x, x * x
        >>> len(list(Squares()))
        4
    """

    # Subclasses may leave out the call of this class's __init__.
    workers = 1
    use_multiprocessing = False
    max_queue_size = 10

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10):
        for name, value in (("workers", workers), ("max_queue_size", max_queue_size)):
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
                raise errors.ArgumentError(
                    f"{type(self).__name__}: {name} must be an integer of at least 0; received {value!r}"
                )
        if use_multiprocessing:
            _say_threads_are_used()
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __getitem__(self, index: int) -> Any:
        """Return batch `index`."""
        raise NotImplementedError(f"{type(self).__name__}: a PyDataset must define __getitem__(self, index)")

    @property
    def num_batches(self) -> Optional[int]:
        """Number of batches of an epoch; None for an endless data set."""
        if hasattr(self, "__len__"):
            return len(self)
        raise NotImplementedError(f"{type(self).__name__}: a PyDataset must define __len__(self) or num_batches")

    def __iter__(self) -> Iterator[Any]:
        index = 0
        while self.num_batches is None or index < self.num_batches:
            yield self[index]
            index += 1

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch; the place to shuffle."""


Sequence = PyDataset


@functools.cache
def _say_threads_are_used() -> None:
    warnings.warn(
        "PyDataset: use_multiprocessing=True makes batches in threads, which need no copies of the data; processes are "
        "not used",
        stacklevel=4,
    )


def batches_ahead(dataset: Any, order: Iterable[int]) -> Iterator[Any]:
    """Yield batches of a `PyDataset` by their numbers, made ahead by its workers.

    The first is made when it is asked for, by the thread that asks, and threads start with the second: what a first
    batch is looked at for is not worth making many.

    Args:
        dataset: has `__getitem__`, `workers`, `use_multiprocessing` and `max_queue_size`.
        order: numbers of the batches.
    """
    threads = dataset.workers if dataset.workers > 1 or dataset.use_multiprocessing else 0
    numbers = map(int, order)
    if not threads:
        yield from map(dataset.__getitem__, numbers)
        return
    yield from map(dataset.__getitem__, itertools.islice(numbers, 1))
    pool = ThreadPoolExecutor(threads, "gradmill-batches")
    try:
        pending = deque(
            pool.submit(dataset.__getitem__, number)
            for number in itertools.islice(numbers, max(1, dataset.max_queue_size))
        )
        while pending:
            batch = pending.popleft().result()
            pending.extend(pool.submit(dataset.__getitem__, number) for number in itertools.islice(numbers, 1))
            yield batch
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
