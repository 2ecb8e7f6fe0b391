"""`tf.data`: data sets of files, and the early spellings of `tf.data.experimental`."""

from __future__ import annotations

import os
from typing import Any, Callable, Iterator, Optional

from gradmill import errors
from gradmill.data import AUTOTUNE, Dataset, DatasetIterator
from gradmill.data.elements import to_element
from gradmill.data.sources import Items
from gradmill.data.stages import check_count
from gradmill.tensorflow import config_ops, records
from gradmill.tensorflow.csv_ops import CsvDataset
from gradmill.utils.record_file import open_records
from gradmill.utils.text_values import Text, text_of


def transformations(table: str) -> dict[str, Callable]:
    """Return functions whose results are for `Dataset.apply`, of a table of methods of data sets.

    Args:
        table: lines "name: method", or "name" where both are called the same.

    Example:
        >>> from gradmill.tensorflow.data_ops import transformations
        >>> import gradmill.tensorflow as tf
        >>> take_while = transformations("take_while")["take_while"]
        >>> [int(x) for x in tf.data.Dataset.range(9).apply(take_while(lambda x: x < 2))]
        [0, 1]
    """

    def of_method(method: str) -> Callable:
        def make(*args: Any, **kwargs: Any) -> Callable:
            return lambda dataset: getattr(dataset, method)(*args, **kwargs)

        return make

    lines = [line.strip().partition(": ") for line in table.strip().splitlines()]
    return {name: of_method(method or name) for name, _, method in lines}


def functions_of_datasets(names: str) -> dict[str, Callable]:
    """Return functions of a data set that call its methods of these names, separated by spaces."""

    def of_method(method: str) -> Callable:
        return lambda dataset, *args, **kwargs: getattr(dataset, method)(*args, **kwargs)

    return {name: of_method(name) for name in names.split()}


def map_and_batch(
    map_func: Callable,
    batch_size: Any,
    num_parallel_batches: Any = None,
    drop_remainder: bool = False,
    num_parallel_calls: Any = None,
) -> Callable:
    """`tf.data.experimental.map_and_batch`: `map`, then `batch`."""
    workers = AUTOTUNE if num_parallel_batches is not None else num_parallel_calls
    return lambda dataset: dataset.map(map_func, workers).batch(batch_size, drop_remainder)


def shuffle_and_repeat(buffer_size: Any, count: Any = None, seed: Any = None) -> Callable:
    """`tf.data.experimental.shuffle_and_repeat`: `shuffle`, then `repeat`."""
    return lambda dataset: dataset.shuffle(buffer_size, seed).repeat(count)


def parallel_interleave(
    map_func: Callable,
    cycle_length: Any,
    block_length: Any = 1,
    sloppy: bool = False,
    buffer_output_elements: Any = None,
    prefetch_input_elements: Any = None,
) -> Callable:
    """`tf.data.experimental.parallel_interleave`: `interleave`."""
    return lambda dataset: dataset.interleave(map_func, cycle_length, block_length)


def prefetch_to_device(device: Any, buffer_size: Any = None) -> Callable:
    """`tf.data.experimental.prefetch_to_device`: `prefetch`; there is one device."""
    return lambda dataset: dataset.prefetch(AUTOTUNE if buffer_size is None else buffer_size)


def copy_to_device(target_device: Any, source_device: Any = "/cpu:0") -> Callable:
    """`tf.data.experimental.copy_to_device`: the data set itself; there is one device."""
    return lambda dataset: dataset


def parse_example_dataset(features: Any, num_parallel_calls: Any = 1, deterministic: Any = None) -> Callable:
    """`tf.data.experimental.parse_example_dataset`: `tf.io.parse_example` of batches."""
    return lambda dataset: dataset.map(lambda examples: records.parse_example(examples, features), num_parallel_calls)


def from_list(elements: Any, name: Any = None) -> Dataset:
    """`tf.data.experimental.from_list`: the elements of a list."""
    return Dataset(Items([to_element(each) for each in elements]))


def FixedLengthRecordDataset(  # noqa: N802 - a class there
    filenames: Any,
    record_bytes: int,
    header_bytes: Any = None,
    footer_bytes: Any = None,
    buffer_size: Any = None,
    compression_type: Optional[str] = None,
    num_parallel_reads: Any = None,
    name: Any = None,
) -> Dataset:
    """`tf.data.FixedLengthRecordDataset`: pieces of files, all of one size, as bytes."""
    size = check_count("FixedLengthRecordDataset", "record_bytes", record_bytes, 1)

    def read() -> Iterator[Any]:
        for path in records.paths_of(filenames):
            with open_records(path, "rb", compression_type or "") as file:
                data = file.read()
            body = data[int(header_bytes or 0) : len(data) - int(footer_bytes or 0)]
            if len(body) % size:
                raise errors.ArgumentError(
                    f"FixedLengthRecordDataset: expected a multiple of {size} bytes; received {len(body)} in {path}"
                )
            for start in range(0, len(body), size):
                yield Text(body[start : start + size])

    return Dataset.from_generator(read, output_types="string", output_shapes=())


class TFRecordWriter:
    """`tf.data.experimental.TFRecordWriter`: writes a data set of bytes as records.

    Args:
        filename: the file; it begins anew.
        compression_type: "", "GZIP" or "ZLIB".
    """

    def __init__(self, filename: Any, compression_type: Optional[str] = None):
        self._filename, self._compression = filename, compression_type

    def write(self, dataset: Any) -> None:
        """Write all elements."""
        with records.TFRecordWriter(text_of(os.fspath(self._filename)), self._compression) as writer:
            for each in dataset:
                writer.write(bytes(each) if isinstance(each, bytes) else each)


class AutoShardPolicy:
    """`tf.data.experimental.AutoShardPolicy`: names of ways to deal files to machines."""

    OFF, AUTO, FILE, DATA, HINT = -1, 0, 1, 2, 3


def get_structure(dataset_or_iterator: Any) -> Any:
    """`tf.data.experimental.get_structure`: the `element_spec`."""
    return dataset_or_iterator.element_spec


_OPTIONS = {name: config_ops.Options for name in ("DistributeOptions", "OptimizationOptions", "ThreadingOptions")}
DATA: dict[str, Any] = {
    "AUTOTUNE": AUTOTUNE, "FixedLengthRecordDataset": FixedLengthRecordDataset,
    "Iterator": DatasetIterator, "NumpyIterator": DatasetIterator, "Options": config_ops.Options,
    "ThreadingOptions": config_ops.Options, **records.DATA,
}  # fmt: skip
EXPERIMENTAL: dict[str, Any] = {
    **transformations("""
bucket_by_sequence_length
enumerate_dataset: enumerate
group_by_window
ignore_errors
rejection_resample
scan
take_while
unbatch
unique
"""),
    **functions_of_datasets("cardinality get_single_element save"),
    **_OPTIONS,
    "AUTOTUNE": AUTOTUNE, "Counter": Dataset.counter, "RandomDataset": Dataset.random,
    "choose_from_datasets": Dataset.choose_from_datasets, "sample_from_datasets": Dataset.sample_from_datasets,
    "load": Dataset.load,
    **{each.__name__: each for each in (
        AutoShardPolicy, CsvDataset, TFRecordWriter, copy_to_device, from_list, get_structure, map_and_batch,
        parallel_interleave, parse_example_dataset, prefetch_to_device, shuffle_and_repeat,
    )},
}  # fmt: skip
