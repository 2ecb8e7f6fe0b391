"""What `fit`, `evaluate` and `predict` accept, brought to two forms: arrays in memory, or batches made in Python.

Arrays are never copied or converted here: float64 or uint8 data stay as the caller holds them, and each batch is
converted when it is gathered.
"""

import contextlib
import itertools
import math
import warnings
from typing import Any, Callable, Iterator, Optional

import numpy as np

from gradmill import errors
from gradmill.models.array_checks import (
    PART_NAMES,
    check_batch_size,
    check_lengths,
    class_weights_of_rows,
    convert_arrays,
    is_batch_source,
)
from gradmill.utils import structure
from gradmill.utils.batch_data import PyDataset, batches_ahead, pack_x_y_sample_weight, unpack_x_y_sample_weight


class ArrayData:
    """Arrays in memory with one first dimension.

    Attributes:
        data: the structure a step receives, with arrays as leaves.
        arrays: those leaves that are not None, in flattened order.
        rows: number of samples.
        batch_size: samples of a full batch.
        num_batches: batches of one pass over the rows, the last one possibly smaller.
    """

    def __init__(self, data: Any, rows: int, batch_size: int):
        self.data = data
        self.arrays = [leaf for leaf in structure.flatten(data) if leaf is not None]
        self.rows = rows
        self.batch_size = batch_size
        self.num_batches = math.ceil(rows / batch_size)

    def first_batch(self) -> Any:
        """Return the first batch, structured as a step receives it."""
        return structure.map_structure(lambda leaf: None if leaf is None else leaf[: self.batch_size], self.data)


class BatchData:
    """Batches that Python code makes: a `Dataset`, a `PyDataset`, a generator, or anything that can be iterated.

    Attributes:
        num_batches: batches of one pass, or None while unknown.
        endless: whether there is no last batch.
        data: arrays, structured as a step receives them, when the batches are rows of those and `batches` yields only
            the rows' numbers; else None.
        caller: the method that was called; begins messages.
    """

    def __init__(
        self,
        source: Any,
        class_weight: Optional[dict] = None,
        shuffle: bool = False,
        caller: str = "fit",
        reader: Optional[Callable] = None,
        own_step: bool = False,
    ):
        self.source = source
        self._reader = reader
        self._own_step = own_step
        self.caller = caller
        self.class_weight = class_weight
        self._indexed = hasattr(source, "__getitem__") and (
            hasattr(source, "__len__") or hasattr(source, "num_batches")
        )
        self._shuffle = shuffle and self._indexed
        # An image generator of early Keras has an end for an epoch without a number of steps alone.
        self._starts_again = bool(getattr(source, "starts_again", False))
        self.num_batches = _count_batches(source)
        self.endless = _is_endless(source)
        self._raw: Any = None
        self._drawn = 0  # batches that the iterator in use has given
        self._order_seed: Optional[int] = None
        self._iterator: Optional[Iterator[Any]] = None
        self._first: Optional[Any] = None
        self._restored = False
        self.data: Any = None
        self._rows: Any = source.row_batches() if hasattr(source, "row_batches") else None
        if self._rows is not None:
            with contextlib.suppress(errors.GradMillError):  # raised again for the batch that has the mistake
                self.data = self._standardize(self._rows.data)

    def first_batch(self) -> Any:
        """Return the first batch without losing it: the next pass yields it again."""
        if self._first is None:
            self._iterator = self._new_iterator(None)
            try:
                self._first = next(self._iterator)
            except StopIteration:
                raise errors.ArgumentError(
                    f"{self.caller}: the data set must yield at least one batch; received an empty "
                    f"{type(self.source).__name__}"
                ) from None
        return self.gather(self._first)

    def gather(self, batch: Any) -> Any:
        """Return the arrays of what `batches` yielded."""
        if self.data is None:
            return batch
        return structure.map_structure(lambda leaf: None if leaf is None else leaf.take(batch, axis=0), self.data)

    def batches(self, limit: Optional[int], order_seed: Optional[int], first_step: int = 0) -> Iterator[Any]:
        """Yield the batches of an epoch; with a limit the next call goes on where this one stopped.

        Args:
            limit: steps of the epoch, or None for one whole pass.
            order_seed: seed of the order of an indexed, shuffled data set.
            first_step: step to begin with, when an interrupted epoch is taken up again. What comes before is passed
                over, unless `restore` has set the data there.
        """
        iterator, first = self._iterator, self._first
        self._iterator = self._first = None
        resumed = iterator is not None and first is None
        count = first_step if self._restored else 0
        self._restored = False
        if iterator is None or (self._shuffle and first is not None):
            iterator, first, resumed = self._new_iterator(order_seed), None, False
        while limit is None or count < limit:
            if first is not None:
                batch, first = first, None
            else:
                try:
                    batch = next(iterator)
                except StopIteration:
                    if (resumed and count == 0) or (limit is not None and self._starts_again):
                        iterator, resumed = self._new_iterator(order_seed), False
                        continue
                    if limit is None and count:
                        self.num_batches = count
                    else:
                        warnings.warn(
                            f"{self.caller}: the data ran out after {count} of {limit or 'at least 1'} steps, so the "
                            "epoch ends here; yield at least steps_per_epoch * epochs batches, repeat() a Dataset, or "
                            "pass a data set that can be iterated again",
                            stacklevel=4,
                        )
                    return
            count += 1
            if limit is not None:
                self._iterator = iterator if count == limit else None
            if count > first_step:
                yield batch
        self._iterator = iterator

    def rewind(self) -> None:
        """Let the next pass begin at the start, as far as the source can be iterated again."""
        if self._first is None:
            self._iterator = None

    def state(self) -> Any:
        """Return the position of the pass in progress: the source's own, or how many batches it gave."""
        if hasattr(self._raw, "get_state"):
            return self._raw.get_state()
        return {"drawn": self._drawn, "order_seed": self._order_seed}

    def restore(self, state: Any) -> None:
        """Go on where the data that gave `state` stood."""
        if "drawn" in state:
            if not state["drawn"]:
                return
            # What can be read but once has given its first batch by now.
            if self._iterator is None or self._raw is not self.source:
                self._iterator = self._new_iterator(state["order_seed"])
            while self._drawn < state["drawn"] and next(self._iterator, None) is not None:
                pass
        else:
            self._iterator = self._new_iterator(None)
            self._raw.set_state(state)
        self._first, self._restored = None, True

    def close(self) -> None:
        """End the pass in progress, with the threads that make its batches; an iterator of the caller's own stays."""
        self._iterator = self._first = None
        if self._raw is not self.source and hasattr(self._raw, "close"):
            self._raw.close()
        self._raw = None

    def begin_epoch(self) -> None:
        """Tell a `PyDataset` that an epoch starts."""
        if hasattr(self.source, "on_epoch_begin"):
            self.source.on_epoch_begin()

    def end_epoch(self) -> None:
        """Tell a `PyDataset` that an epoch ended."""
        if hasattr(self.source, "on_epoch_end"):
            self.source.on_epoch_end()

    def _new_iterator(self, order_seed: Optional[int]) -> Iterator[Any]:
        if hasattr(self._raw, "get_state"):
            self._raw.close()
        self._drawn, self._order_seed = 0, order_seed
        if self.data is not None:
            self._raw = self._rows.iterate()
        elif hasattr(self.source, "iterate_batches"):
            self._raw = self.source.iterate_batches()
        elif self._indexed and self.num_batches is not None:
            order: Any = range(self.num_batches)
            if self._shuffle and order_seed is not None:
                order = np.random.default_rng(order_seed).permutation(self.num_batches)
            self._raw = self._in_order(order)
        elif self._indexed and isinstance(self.source, PyDataset):
            self._raw = batches_ahead(self.source, itertools.count())
        else:
            self._raw = iter(self.source)
        return self._counted(self._raw)

    def _in_order(self, order: Any) -> Iterator[Any]:
        if isinstance(self.source, PyDataset):
            return batches_ahead(self.source, order)
        return (self.source[int(index)] for index in order)

    def _counted(self, raw: Any) -> Iterator[Any]:
        for batch in raw:
            self._drawn += 1
            yield batch if self.data is not None else self._standardize(batch)
        self._drawn = 0

    def _standardize(self, batch: Any) -> Any:
        # A list may be the input of several arrays, so only a tuple is taken as (x, y, sample_weight).
        if not isinstance(batch, tuple):
            batch = (batch,)
        x, y, sample_weight = unpack_x_y_sample_weight(batch)
        x = x if self._reader is None else self._reader(x)
        if self.class_weight is not None:
            if sample_weight is not None:
                raise errors.ArgumentError(
                    f"{self.caller}: class_weight cannot be combined with a data set that yields sample weights; give "
                    "one of them"
                )
            sample_weight = class_weights_of_rows(y, self.class_weight, self.caller)
        x, y, sample_weight = (convert_arrays(part, name) for part, name in zip((x, y, sample_weight), PART_NAMES))
        # A step of the user's may take several batches side by side, such as one with and one without labels.
        parts = structure.flatten((x, y, sample_weight)) if self._own_step else ()
        rows = min((len(part) for part in parts if part is not None), default=None)
        rows = check_lengths(x, y, sample_weight, self.caller) if rows is None else rows
        if rows == 0:
            raise errors.ArgumentError(
                f"{self.caller}: the data set yielded a batch without samples; yield one sample or more"
            )
        return pack_x_y_sample_weight(x, y, sample_weight)


def make_data(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: Optional[int] = None,
    class_weight: Optional[dict] = None,
    shuffle: bool = False,
    caller: str = "fit",
    reader: Optional[Callable] = None,
    own_step: bool = False,
) -> Any:
    """Return `ArrayData` or `BatchData` for what the user passed.

    Args:
        reader: what turns x, or x of a batch, into what a step reads; default: as it is. The others are those of `fit`.
        own_step: whether the step is the user's, so that arrays of a batch may differ in their number of samples.

    Raises:
        ArgumentError: for data that are missing, empty, of different lengths or of an unknown kind, for a batch size
            that is not a positive integer, and for arguments that do not go with the kind of data.
    """
    if x is None:
        raise errors.ArgumentError(f"{caller}: x must be arrays or a data set; received x=None")
    if is_batch_source(x):
        for name, value in (("y", y), ("sample_weight", sample_weight)):
            if value is not None:
                raise errors.ArgumentError(
                    f"{caller}: {name} must be left out when x is a data set or generator, which yields it; received "
                    f"{name} of type {type(value).__name__}"
                )
        return BatchData(x, class_weight, shuffle, caller, reader, own_step)
    batch_size = check_batch_size(batch_size, caller)
    x = x if reader is None else reader(x)
    x, y, sample_weight = (convert_arrays(part, name) for part, name in zip((x, y, sample_weight), PART_NAMES))
    rows = check_lengths(x, y, sample_weight, caller)
    if rows == 0:
        raise errors.ArgumentError(f"{caller}: the data are empty; received 0 samples, give one or more")
    if class_weight is not None:
        if sample_weight is not None:
            raise errors.ArgumentError(f"{caller}: give class_weight or sample_weight; received both")
        sample_weight = class_weights_of_rows(y, class_weight, caller)
    return ArrayData(pack_x_y_sample_weight(x, y, sample_weight), rows, batch_size)


def _count_batches(source: Any) -> Optional[int]:
    if hasattr(source, "num_batches"):
        return source.num_batches
    if hasattr(source, "__len__"):
        return len(source)
    return None


def _is_endless(source: Any) -> bool:
    """Whether a data set says that it has no end; `Dataset` tells it from an unknown one."""
    if hasattr(source, "cardinality"):
        return int(source.cardinality()) == -1
    return hasattr(source, "num_batches") and source.num_batches is None
