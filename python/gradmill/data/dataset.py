"""`Dataset`: pipelines of elements, in the terms of `tf.data`."""

from __future__ import annotations

from typing import Any, Callable, Optional

from gradmill import errors
from gradmill.data import elements
from gradmill.data.arguments import check_callable, check_path, check_seed, node_of
from gradmill.data.batching import Batch, PaddedBatch, Unbatch, Window
from gradmill.data.caching import Cache, KeptRows
from gradmill.data.file_cache import FileRows
from gradmill.data.mapping import Map
from gradmill.data.ordering import Joined, Part, Repeat, Shuffle, Sized, enumerate_node
from gradmill.data.row_batches import RowBatches, row_batches
from gradmill.data.saved import Saved
from gradmill.data.sources import Items
from gradmill.data.stages import INFINITE, UNKNOWN, check_count
from gradmill.data.threads import AUTOTUNE, Prefetch
from gradmill.data.transforming import Filter, Interleave

_LARGEST_INTERLEAVE = 10


class Dataset(Saved):
    """A sequence of elements, made when it is read: tensors, or tuples and dicts of them.

    Each method returns a new data set and leaves this one as it is. Reading starts anew with each `for`; a shuffle then
    gives a new order. Functions of the user are called with tensors; `map` compiles those that it can. The argument
    `name` of the methods is accepted and not used.

    Args:
        node: the pipeline; use `from_tensor_slices`, `from_generator`, `range` and their kin to make one.

    Example:
        >>> import numpy as np, gradmill as gm
        >>> dataset = gm.data.Dataset.from_tensor_slices((np.arange(5), np.arange(5) * 2))
        >>> dataset = dataset.map(lambda x, y: (x + 1, y)).batch(2)
        >>> [(x.numpy().tolist(), y.numpy().tolist()) for x, y in dataset]
        [([1, 2], [0, 2]), ([3, 4], [4, 6]), ([5], [8])]
    """

    def map(
        self,
        map_func: Callable,
        num_parallel_calls: Any = None,
        deterministic: Optional[bool] = None,
        synchronous: Optional[bool] = None,
        name: Optional[str] = None,
    ) -> Dataset:
        """Return the data set of `map_func(element)`.

        The function is called for the first elements, and then traced for their shapes and dtypes, as `tf.data` does.
        If the plan makes of those elements what the function made, it takes over: it runs in threads of the engine, and
        side effects of the function happen no more. A function that reads values, calls NumPy, changes variables or
        gives other results with each call goes on being called, for each element and pass.

        Random draws of `gm.random`, layers and `tf.image` follow from the seed, the number of the pass and the place of
        the element, so they are the same for any number of threads and for a pass that is taken up again. The seed is
        that of the layer or op if it has one, else from `gm.utils.set_random_seed`, or a new one.

        Args:
            map_func: function of tensors; a tuple comes as several arguments. It may return tensors, arrays, numbers,
                tuples and dicts.
            num_parallel_calls: threads; AUTOTUNE takes as many as the engine uses, for a function that is called in
                Python if it is slow enough.
            deterministic: False lets elements come as they get ready.
            synchronous, name: not used.

        Raises:
            ArgumentError: when `map_func` is no function.

        Example:
            >>> import gradmill as gm
            >>> [int(x) for x in gm.data.Dataset.range(3).map(lambda x: x * x)]
            [0, 1, 4]
        """
        check_callable("map", map_func)
        workers = num_parallel_calls
        if workers is not None and workers != AUTOTUNE:
            workers = check_count("map", "num_parallel_calls", workers, 1)
        return Dataset(Map(self._node, map_func, workers, deterministic is not False))

    def filter(self, predicate: Callable, name: Optional[str] = None) -> Dataset:
        """Return the elements for which `predicate(element)` is true.

        Args:
            predicate: function of tensors that returns one bool.
            name: not used.
        """
        check_callable("filter", predicate)
        return Dataset(Filter(self._node, predicate))

    def take_while(self, predicate: Callable, name: Optional[str] = None) -> Dataset:
        """Return the elements before the first for which `predicate(element)` is false; arguments as in `filter`."""
        check_callable("take_while", predicate)
        return Dataset(Filter(self._node, predicate, only_until_first=True))

    def flat_map(self, map_func: Callable, name: Optional[str] = None) -> Dataset:
        """Return the elements of the data sets `map_func(element)`, one after another.

        Args:
            map_func: function of tensors that returns a data set.
            name: not used.

        Example:
            >>> import gradmill as gm
            >>> windows = gm.data.Dataset.range(4).window(2, shift=1, drop_remainder=True)
            >>> [x.numpy().tolist() for x in windows.flat_map(lambda window: window.batch(2))]
            [[0, 1], [1, 2], [2, 3]]
        """
        check_callable("flat_map", map_func)
        return Dataset(Interleave(self._node, map_func, 1, 1, "flat_map"))

    def interleave(
        self,
        map_func: Callable,
        cycle_length: Any = None,
        block_length: Any = None,
        num_parallel_calls: Any = None,
        deterministic: Optional[bool] = None,
        name: Optional[str] = None,
    ) -> Dataset:
        """Return the elements of the data sets `map_func(element)`, in turn.

        Args:
            map_func: function of tensors that returns a data set.
            cycle_length: how many data sets are read at a time.
            block_length: how many elements are taken from one before the next has its turn, default 1.
            num_parallel_calls, deterministic, name: accepted; the data sets are read in the thread that asks.
        """
        check_callable("interleave", map_func)
        if cycle_length is None or cycle_length == AUTOTUNE:
            cycle_length = _LARGEST_INTERLEAVE
        cycle = check_count("interleave", "cycle_length", cycle_length, 1)
        block = check_count("interleave", "block_length", 1 if block_length is None else block_length, 1)
        return Dataset(Interleave(self._node, map_func, cycle, block, "interleave"))

    def cache(self, filename: Any = "", name: Optional[str] = None) -> Dataset:
        """Return the data set that keeps the elements of its first whole pass.

        Args:
            filename: beginning of the names of files to keep them in; default: in memory. Files of an earlier run are
                read without a call of what lies before, so delete `filename + ".index"` when that changes. A pass that
                is not read to its end leaves no files.
            name: not used.

        Raises:
            ArgumentError: when `filename` is no path.
            DamagedFileError: when the files are read and are not as they were written.

        Example:
            >>> import os, tempfile, gradmill as gm
            >>> path = os.path.join(tempfile.mkdtemp(), "squares")
            >>> dataset = gm.data.Dataset.range(4).map(lambda x: x * x).cache(path)
            >>> [int(x) for x in dataset], os.path.exists(path + ".index")
            ([0, 1, 4, 9], True)
        """
        path = check_path("cache", "filename", filename)
        if path:
            return Dataset(Cache(self._node, FileRows(path)))
        return Dataset(Cache(self._node, KeptRows())) if self._node.rows is None else self

    def shuffle(
        self,
        buffer_size: Any,
        seed: Any = None,
        reshuffle_each_iteration: Optional[bool] = True,
        name: Optional[str] = None,
    ) -> Dataset:
        """Return the elements in random order: each is drawn from a buffer, which is filled up from the input.

        Args:
            buffer_size: size of the buffer; as many as there are elements gives any order the same chance.
            seed: integer; default: from `gm.utils.set_random_seed`, or a new one.
            reshuffle_each_iteration: whether each pass has another order.
            name: not used.

        Raises:
            ArgumentError: when `buffer_size` is not positive.
        """
        size = check_count("shuffle", "buffer_size", buffer_size, 1)
        return Dataset(Shuffle(self._node, size, check_seed(seed, "shuffle"), reshuffle_each_iteration is not False))

    def repeat(self, count: Any = None, name: Optional[str] = None) -> Dataset:
        """Return the data set passed through `count` times, without end for None or -1."""
        times = None if count is None else check_count("repeat", "count", count, -1)
        return Dataset(Repeat(self._node, None if times == -1 else times))

    def batch(
        self,
        batch_size: Any,
        drop_remainder: bool = False,
        num_parallel_calls: Any = None,
        deterministic: Optional[bool] = None,
        name: Optional[str] = None,
    ) -> Dataset:
        """Return consecutive elements stacked along a new first axis.

        Args:
            batch_size: elements of a batch.
            drop_remainder: whether a last smaller batch is left out.
            num_parallel_calls, deterministic, name: not used.

        Raises:
            ArgumentError: when `batch_size` is not positive. Elements of different shapes raise when they are read.
        """
        return Dataset(Batch(self._node, check_count("batch", "batch_size", batch_size, 1), bool(drop_remainder)))

    def padded_batch(
        self,
        batch_size: Any,
        padded_shapes: Any = None,
        padding_values: Any = None,
        drop_remainder: bool = False,
        name: Optional[str] = None,
    ) -> Dataset:
        """Return batches of elements whose sizes differ, made as large as the largest.

        Args:
            batch_size: elements of a batch.
            padded_shapes: shapes, structured like an element; None or -1 for "as the largest of the batch".
            padding_values: what is put behind the values, structured like an element; default 0, or empty text.
            drop_remainder: whether a last smaller batch is left out.
            name: not used.

        Example:
            >>> import gradmill as gm
            >>> lists = gm.data.Dataset.range(1, 4).map(lambda n: gm.ops.ones((int(n),), "int32"))
            >>> next(iter(lists.padded_batch(3))).numpy().tolist()
            [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
        """
        size = check_count("padded_batch", "batch_size", batch_size, 1)
        return Dataset(PaddedBatch(self._node, size, bool(drop_remainder), padded_shapes, padding_values))

    def unbatch(self, name: Optional[str] = None) -> Dataset:
        """Return the rows of the elements."""
        return Dataset(Unbatch(self._node))

    def window(
        self, size: Any, shift: Any = None, stride: Any = 1, drop_remainder: bool = False, name: Optional[str] = None
    ) -> Dataset:
        """Return runs of elements as data sets; `flat_map` makes batches of them.

        Args:
            size: elements of a run.
            shift: distance from one run to the next, default `size`.
            stride: distance of the elements of a run.
            drop_remainder: whether shorter runs at the end are left out.
            name: not used.
        """
        size, stride = check_count("window", "size", size, 1), check_count("window", "stride", stride, 1)
        shift = size if shift is None else check_count("window", "shift", shift, 1)
        drop = bool(drop_remainder)
        return Dataset(Window(self._node, size, shift, stride, drop, lambda leaves: Dataset(Items(leaves))))

    def prefetch(self, buffer_size: Any = AUTOTUNE, name: Optional[str] = None) -> Dataset:
        """Return the same elements, made ahead by a thread.

        Args:
            buffer_size: how many wait at most; AUTOTUNE for a small number, 0 for no thread.
            name: not used.
        """
        size = AUTOTUNE if buffer_size is None else check_count("prefetch", "buffer_size", buffer_size, AUTOTUNE)
        return Dataset(Prefetch(self._node, size))

    def take(self, count: Any, name: Optional[str] = None) -> Dataset:
        """Return the first `count` elements, all for -1."""
        number = check_count("take", "count", count, -1)
        return Dataset(Part(self._node, 0, None if number == -1 else number))

    def skip(self, count: Any, name: Optional[str] = None) -> Dataset:
        """Return all but the first `count` elements, none for -1."""
        number = check_count("skip", "count", count, -1)
        return self.take(0) if number == -1 else Dataset(Part(self._node, number, None))

    def shard(self, num_shards: Any, index: Any, name: Optional[str] = None) -> Dataset:
        """Return each `num_shards`-th element, beginning with number `index`."""
        shards = check_count("shard", "num_shards", num_shards, 1)
        number = check_count("shard", "index", index, 0)
        if number >= shards:
            raise errors.ArgumentError(f"shard: index must be below num_shards={shards}; received {number}")
        return Dataset(Part(self._node, number, None, shards))

    def concatenate(self, dataset: Any, name: Optional[str] = None) -> Dataset:
        """Return the elements of this data set, then those of another."""
        return Dataset(Joined((self._node, node_of(dataset, "concatenate"))))

    def enumerate(self, start: Any = 0, name: Optional[str] = None) -> Dataset:
        """Return pairs of a number, counted from `start`, and an element."""
        return Dataset(enumerate_node(self._node, check_count("enumerate", "start", start, -(2**63))))

    def reduce(self, initial_state: Any, reduce_func: Callable, name: Optional[str] = None) -> Any:
        """Return the last state of `state = reduce_func(state, element)`.

        Args:
            initial_state: tensors, numbers, tuples or dicts of them.
            reduce_func: function of the state and an element.
            name: not used.

        Example:
            >>> import gradmill as gm
            >>> int(gm.data.Dataset.range(5).reduce(0, lambda total, x: total + x))
            10
        """
        check_callable("reduce", reduce_func)
        state = elements.to_element(initial_state)
        for element in self:
            state = elements.to_element(reduce_func(elements.to_tensors(state), element))
        return elements.to_tensors(state)

    def get_single_element(self, name: Optional[str] = None) -> Any:
        """Return the only element.

        Raises:
            ArgumentError: when there is none, or another.
        """
        first = list(self.take(2))
        if len(first) != 1:
            raise errors.ArgumentError(
                f"get_single_element: expected one element; received {'none' if not first else 'more'}"
            )
        return first[0]

    def apply(self, transformation_func: Callable, name: Optional[str] = None) -> Dataset:
        """Return `transformation_func(self)`, which must be a data set."""
        check_callable("apply", transformation_func)
        return Dataset(node_of(transformation_func(self), "apply"))

    def row_batches(self) -> Optional[RowBatches]:
        """Return the batches as numbers of rows, which `fit` reads; None where they are more than rows of arrays."""
        return row_batches(self._node)

    def with_options(self, options: Any, name: Optional[str] = None) -> Dataset:
        """Return this data set; options of other engines are accepted and change nothing."""
        return self


def assert_cardinality(expected_cardinality: Any) -> Callable:
    """Return a transformation for `Dataset.apply` that states the number of elements, such as those of a generator.

    Args:
        expected_cardinality: the number, or -1 for endless. Another number of elements raises when they are read.

    Example:
        >>> import gradmill as gm
        >>> dataset = gm.data.Dataset.from_generator(lambda: iter([1.0, 2.0]), "float32")
        >>> len(dataset.apply(gm.data.assert_cardinality(2)))
        2
    """
    count = check_count("assert_cardinality", "expected_cardinality", expected_cardinality, UNKNOWN)
    return lambda dataset: Dataset(Sized(node_of(dataset, "assert_cardinality"), count, checked=count != INFINITE))
