"""Data sets of windows that slide over a series."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from gradmill import errors
from gradmill.data.dataset import Dataset
from gradmill.data.elements import spec_of, to_leaf
from gradmill.data.sources import CountingStage
from gradmill.data.stages import Node, Rows, Stage, check_count
from gradmill.data.threads import AUTOTUNE


class WindowRows(Rows):
    """Windows of one array, found by the places where they begin, with an entry of a second array for each."""

    def __init__(self, data: np.ndarray, targets: Optional[np.ndarray], starts: np.ndarray, offsets: np.ndarray):
        self._data, self._targets = data, targets
        self._starts, self._offsets = starts, offsets

    def __len__(self) -> int:
        return len(self._starts)

    def element(self, row: int) -> Any:
        start = self._starts[row]
        window = self._data[start + self._offsets]
        return window if self._targets is None else (window, self._targets[start])

    def gather(self, rows: Any) -> Any:
        starts = self._starts[np.asarray(rows, np.intp)]
        windows = self._data[starts[:, None] + self._offsets]
        return windows if self._targets is None else (windows, self._targets[starts])


class Windows(Node):
    """The windows, in order."""

    def __init__(self, rows: WindowRows):
        self.rows: WindowRows = rows

    def spec(self) -> Any:
        return spec_of(self.rows.element(0))

    def cardinality(self) -> int:
        return len(self.rows)

    def open(self) -> Stage:
        return CountingStage(range(len(self.rows)))


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: Optional[int] = 128,
    shuffle: bool = False,
    seed: Optional[int] = None,
    start_index: Optional[int] = None,
    end_index: Optional[int] = None,
    format: str = "tf",
) -> Dataset:
    """Return a data set of windows that slide over a series.

    Args:
        data: array whose first axis is time.
        targets: array with the target of the window that begins at each time, or None.
        sequence_length: entries of a window.
        sequence_stride: distance from one window to the next.
        sampling_rate: distance of the entries of a window.
        batch_size: windows of a batch; None for single windows.
        shuffle: whether windows come in random order.
        seed: seed of that order.
        start_index: times before it are not used.
        end_index: times from it on are not used.
        format: accepted; there is one kind of data set.

    Returns:
        `Dataset` of windows, or of pairs of windows and targets.

    Raises:
        ArgumentError: for lengths, strides and indices that leave no window.

    Reference: Keras 3, `keras.utils.timeseries_dataset_from_array` (2023).

    Example:
        >>> import numpy as np, gradmill as gm
        >>> series = np.arange(6)
        >>> data = gm.utils.timeseries_dataset_from_array(series, series[3:], sequence_length=3)
        >>> for x, y in data:
        ...     print(x.numpy().tolist(), y.numpy().tolist())
        [[0, 1, 2], [1, 2, 3], [2, 3, 4]] [3, 4, 5]
    """
    who = "timeseries_dataset_from_array"
    series = np.asarray(to_leaf(data))
    length = check_count(who, "sequence_length", sequence_length, 1)
    stride = check_count(who, "sequence_stride", sequence_stride, 1)
    rate = check_count(who, "sampling_rate", sampling_rate, 1)
    first = 0 if start_index is None else check_count(who, "start_index", start_index, 0)
    last = len(series) if end_index is None else check_count(who, "end_index", end_index, 1)
    if not first < last <= len(series):
        raise errors.ArgumentError(
            f"{who}: start_index and end_index must lie in 0..{len(series)} in this order; received {start_index} and "
            f"{end_index}"
        )
    wanted = None if targets is None else np.asarray(to_leaf(targets))
    count = last - first - (length - 1) * rate
    if wanted is not None:
        wanted = wanted[first:last]
        count = min(count, len(wanted))
    if count < 1:
        raise errors.ArgumentError(
            f"{who}: no window of {length} entries at distance {rate} fits {last - first} times"
            + ("" if wanted is None else f" with {len(wanted)} targets")
        )
    starts = np.arange(0, count, stride)
    rows = WindowRows(series[first:last], wanted, starts, np.arange(length) * rate)
    dataset = Dataset(Windows(rows))
    if shuffle:
        # Whole windows are shuffled as numbers, so the buffer holds all of them.
        dataset = dataset.shuffle(len(starts), seed=seed)
    if batch_size is not None:
        dataset = dataset.batch(batch_size)
    return dataset.prefetch(AUTOTUNE)
