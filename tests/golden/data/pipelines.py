"""Pipelines without chance, with what tf.data makes of them: elements, their number and their spec.

    python tests/golden/data/pipelines.py       # writes pipelines.json, with TensorFlow installed

The test imports `PIPELINES` and `describe` and runs them on GradMill. A pipeline is a function of `Dataset` and of the
library's function `ones(size)`, a vector of int32.
"""

import json
from pathlib import Path

import numpy as np

X = np.arange(20, dtype="float32").reshape(10, 2)
Y = np.arange(10, dtype="int64")


def lengths():
    for size in (1, 3, 2, 5, 4):
        yield list(range(size)), size


def nested():
    for i in range(3):
        yield {"a": np.full((2,), i, "float32"), "b": (i, f"t{i}")}


def grown(dataset_class, ones, stop):
    """Vectors of 1, 2, ... ones, and their lengths."""
    return dataset_class.range(1, stop, output_type="int32").map(lambda n: (ones(n), n))


PIPELINES = {
    "slices": lambda D, ones: D.from_tensor_slices((X, Y)),
    "slices_of_list": lambda D, ones: D.from_tensor_slices([1, 2, 3]),
    "slices_of_floats": lambda D, ones: D.from_tensor_slices([[1.5, 2.0], [3.0, 4.0]]),
    "slices_of_dict": lambda D, ones: D.from_tensor_slices({"x": X, "y": (Y, ["a"] * 10)}),
    "tensors": lambda D, ones: D.from_tensors((1, 2.0, True, "s")),
    "range": lambda D, ones: D.range(5),
    "range_with_step": lambda D, ones: D.range(10, 1, -3),
    "range_of_type": lambda D, ones: D.range(3, output_type="float32"),
    "generator": lambda D, ones: D.from_generator(lambda: iter(range(4)), output_types="float32"),
    "generator_of_tuples": lambda D, ones: D.from_generator(
        lengths, output_types=("int32", "int64"), output_shapes=((None,), ())
    ).padded_batch(2),
    "generator_of_dicts": lambda D, ones: D.from_generator(
        nested, output_types={"a": "float32", "b": ("int32", "string")}, output_shapes={"a": (2,), "b": ((), ())}
    ),
    "generator_with_args": lambda D, ones: D.from_generator(lambda n: iter(range(n)), "int64", (), args=(3,)),
    "batch": lambda D, ones: D.from_tensor_slices((X, Y)).batch(4),
    "batch_drop": lambda D, ones: D.from_tensor_slices((X, Y)).batch(4, drop_remainder=True),
    "batch_of_batches": lambda D, ones: D.range(10).batch(2).batch(2),
    "text_batch": lambda D, ones: D.from_tensor_slices(["a", "bc", "d"]).batch(2),
    "padded": lambda D, ones: D.range(1, 6).map(ones).padded_batch(2),
    "padded_to": lambda D, ones: D.range(1, 4).map(ones).padded_batch(2, padded_shapes=[5], padding_values=-1),
    "padded_drop": lambda D, ones: D.range(1, 6).map(ones).padded_batch(2, padded_shapes=[None], drop_remainder=True),
    "padded_tuple": lambda D, ones: (
        D.range(1, 6).map(lambda n: (ones(n), n)).padded_batch(3, padded_shapes=([None], []), padding_values=(7, None))
    ),
    "groups": lambda D, ones: D.range(11).group_by_window(lambda x: x % 3, lambda key, group: group.batch(5), 2),
    "groups_of_sizes": lambda D, ones: D.range(11).group_by_window(
        lambda x: x % 3, lambda key, group: group.map(lambda x: (key, x * 10)), window_size_func=lambda key: key + 1
    ),
    "groups_of_pairs": lambda D, ones: D.from_tensor_slices((X, Y)).group_by_window(
        lambda x, y: y // 4, lambda key, group: group.batch(2), window_size=3
    ),
    "buckets": lambda D, ones: grown(D, ones, 9).bucket_by_sequence_length(lambda x, n: n, [3, 5], [2, 2, 3]),
    "buckets_to_boundaries": lambda D, ones: grown(D, ones, 6).bucket_by_sequence_length(
        lambda x, n: n, [3, 7], [2, 2, 1], pad_to_bucket_boundary=True, padding_values=(np.int32(-1), np.int32(0)),
        padded_shapes=([None], []),
    ),
    "buckets_by_spec": lambda D, ones: D.from_generator(
        lengths, output_types=("int32", "int32"), output_shapes=((None,), ())
    ).bucket_by_sequence_length(lambda x, n: n, [3, 7], [2, 2, 1], pad_to_bucket_boundary=True),
    "buckets_dropped": lambda D, ones: grown(D, ones, 9).bucket_by_sequence_length(
        lambda x, n: n % 3 + 1, [2, 3], [2, 2, 2], drop_remainder=True
    ),
    "buckets_of_one_size": lambda D, ones: D.range(1, 9, output_type="int32").bucket_by_sequence_length(
        lambda n: n % 2, [1], [3, 3], no_padding=True
    ),
    "unique": lambda D, ones: D.from_tensor_slices([3, 1, 3, 2, 1]).unique(),
    "unique_text": lambda D, ones: D.from_tensor_slices(["a", "b", "a"]).unique(),
    "scan": lambda D, ones: D.range(5).scan(np.int64(3), lambda state, x: (state + x, (state, x * 2))),
    "scan_of_pairs": lambda D, ones: D.from_tensor_slices((X, Y)).scan(
        {"sum": np.float32(0), "count": np.int64(0)},
        lambda state, row: ({"sum": state["sum"] + row[0][0], "count": state["count"] + 1}, state["sum"]),
    ),
    "unbatch": lambda D, ones: D.from_tensor_slices((X, Y)).batch(4).unbatch(),
    "map": lambda D, ones: D.from_tensor_slices((X, Y)).map(lambda x, y: (x * 2, y + 1)),
    "map_to_dict": lambda D, ones: D.range(3).map(lambda v: {"v": v, "w": (v, v * 2)}),
    "map_to_list": lambda D, ones: D.range(3).map(lambda v: [v, v * 2]),
    "map_constants": lambda D, ones: D.range(2).map(lambda v: (1, 2.0, "t", True)),
    "map_parallel": lambda D, ones: D.range(9).map(lambda v: v * v, num_parallel_calls=3),
    "map_autotune": lambda D, ones: D.range(30).map(lambda v: v * v, num_parallel_calls=-1),
    "map_batches": lambda D, ones: D.range(10).batch(4).map(lambda v: v * 2),
    "filter": lambda D, ones: D.range(10).filter(lambda v: v % 3 == 0),
    "filter_tuples": lambda D, ones: D.from_tensor_slices((X, Y)).filter(lambda x, y: y > 6),
    "take_while": lambda D, ones: D.range(10).take_while(lambda v: v < 4),
    "cache": lambda D, ones: D.range(4).map(lambda v: v + 1).cache().repeat(2),
    "repeat": lambda D, ones: D.range(3).repeat(2),
    "repeat_none": lambda D, ones: D.range(3).repeat(0),
    "repeat_then_batch": lambda D, ones: D.range(3).repeat(3).batch(2),
    "endless_taken": lambda D, ones: D.range(3).repeat().take(7),
    "endless_nothing": lambda D, ones: D.range(0).repeat(),
    "take": lambda D, ones: D.range(5).take(3),
    "take_more": lambda D, ones: D.range(5).take(9),
    "take_all": lambda D, ones: D.range(5).take(-1),
    "skip": lambda D, ones: D.range(5).skip(3),
    "skip_more": lambda D, ones: D.range(5).skip(9),
    "skip_all": lambda D, ones: D.range(5).skip(-1),
    "skip_many": lambda D, ones: D.range(3000).skip(2998),
    "shard": lambda D, ones: D.range(10).shard(3, 1),
    "shard_empty": lambda D, ones: D.range(1).shard(3, 2),
    "concatenate": lambda D, ones: D.range(3).concatenate(D.range(5, 7)),
    "enumerate": lambda D, ones: D.from_tensor_slices(["a", "b"]).enumerate(5),
    "zip": lambda D, ones: D.zip((D.range(3), D.range(4, 10))),
    "zip_arguments": lambda D, ones: D.zip(D.range(3), D.range(4, 10)),
    "zip_nested": lambda D, ones: D.zip({"a": D.range(3), "b": (D.from_tensor_slices(X), D.range(2).repeat())}),
    "zip_slices": lambda D, ones: D.zip((D.from_tensor_slices(X), D.from_tensor_slices(Y))).batch(3),
    "flat_map": lambda D, ones: D.range(1, 4).flat_map(lambda v: D.from_tensors(v).repeat(v)),
    "flat_map_rows": lambda D, ones: D.from_tensor_slices(X[:3]).flat_map(lambda row: D.from_tensor_slices(row)),
    "interleave": lambda D, ones: D.range(5).interleave(lambda v: D.from_tensors(v).repeat(3), cycle_length=2),
    "interleave_blocks": lambda D, ones: D.range(1, 6).interleave(
        lambda v: D.from_tensors(v).repeat(6), cycle_length=2, block_length=4
    ),
    "interleave_uneven": lambda D, ones: D.range(1, 6).interleave(
        lambda v: D.from_tensors(v).repeat(v), cycle_length=3, block_length=2
    ),
    "window": lambda D, ones: D.range(7).window(3, shift=2).flat_map(lambda w: w.batch(3)),
    "window_drop": lambda D, ones: D.range(7).window(3, shift=1, drop_remainder=True).flat_map(lambda w: w.batch(3)),
    "window_stride": lambda D, ones: D.range(12).window(3, shift=2, stride=2).flat_map(lambda w: w.batch(3)),
    "window_gap": lambda D, ones: D.range(12).window(2, shift=5).flat_map(lambda w: w.batch(3)),
    "window_of_tuples": lambda D, ones: (
        D.from_tensor_slices((X[:4], Y[:4])).window(2).flat_map(lambda a, b: D.zip((a.batch(2), b.batch(2))))
    ),
    "choose": lambda D, ones: D.choose_from_datasets(
        [D.range(3), D.range(10, 20)], D.from_tensor_slices(np.array([0, 1, 1, 0, 1, 0, 0, 1, 1], "int64"))
    ),
    "prefetch": lambda D, ones: D.range(5).map(lambda v: v * 2).prefetch(2),
    "tutorial": lambda D, ones: (
        D.from_tensor_slices((X, Y)).map(lambda x, y: (x / 20, y), num_parallel_calls=-1).cache().batch(4).prefetch(-1)
    ),
}

# What a spec says can be less here, where a function is called rather than compiled; the test leaves these out.
SPEC_MAY_DIFFER = {
    "padded", "padded_drop", "padded_tuple", "padded_to", "flat_map", "interleave", "buckets_to_boundaries",
    "buckets_by_spec", "buckets_dropped",
}  # fmt: skip


def plain(element):
    """An element as JSON knows it, with the dtype of each leaf."""
    if isinstance(element, tuple):
        return [plain(item) for item in element]
    if isinstance(element, dict):
        return {key: plain(value) for key, value in element.items()}
    if isinstance(element, bytes):
        return ["bytes", element.decode()]
    array = np.asarray(element)
    if array.dtype == object:
        return ["bytes", [text.decode() for text in array.ravel()], list(array.shape)]
    return [str(array.dtype), array.tolist(), list(array.shape)]


def plain_spec(spec):
    """A spec as JSON knows it."""
    if isinstance(spec, tuple):
        return [plain_spec(item) for item in spec]
    if isinstance(spec, dict):
        return {key: plain_spec(value) for key, value in spec.items()}
    shape = None if spec.shape is None or getattr(spec.shape, "rank", 0) is None else list(spec.shape)
    return [getattr(spec.dtype, "name", spec.dtype), shape]


def describe(name, dataset_class, ones):
    """What a library makes of a pipeline."""
    dataset = PIPELINES[name](dataset_class, ones)
    return {
        "elements": [plain(element) for element in dataset.as_numpy_iterator()],
        "cardinality": int(dataset.cardinality()),
        "spec": plain_spec(dataset.element_spec),
    }


if __name__ == "__main__":
    import tensorflow as tf

    found = {name: describe(name, tf.data.Dataset, lambda n: tf.ones((n,), tf.int32)) for name in PIPELINES}
    Path(__file__).with_suffix(".json").write_text(json.dumps(found, indent=0) + "\n")
