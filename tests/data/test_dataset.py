"""Data sets: order by chance, errors, threads that end, elements of every kind."""

import collections
import subprocess
import sys
import threading
import time
import traceback

import h5py
import numpy as np
import pytest

import gradmill as gm

Dataset = gm.data.Dataset
X = np.arange(20, dtype="float32").reshape(10, 2)
Y = np.arange(10, dtype="int64")


def numbers(dataset):
    return [np.asarray(element).tolist() for element in dataset.as_numpy_iterator()]


def prefetch_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("gradmill-")]


def wait_until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


# ---- order by chance


def test_shuffle_gives_each_pass_an_order_that_its_seed_fixes():
    def orders(seed, **options):
        dataset = Dataset.range(50).shuffle(50, seed=seed, **options)
        return [numbers(dataset) for _ in range(3)]

    first, second, third = orders(7)
    assert sorted(first) == sorted(second) == list(range(50)) and first != list(range(50))
    assert first != second != third
    assert orders(7) == [first, second, third] and orders(8)[0] != first
    once, again, _ = orders(7, reshuffle_each_iteration=False)
    assert once == again


def test_shuffle_of_repeated_data_has_an_order_for_each_repetition():
    order = numbers(Dataset.range(20).shuffle(20, seed=1).repeat(2))
    assert sorted(order[:20]) == sorted(order[20:]) == list(range(20)) and order[:20] != order[20:]


def test_a_small_buffer_lets_no_element_come_too_early():
    order = numbers(Dataset.range(200).shuffle(10, seed=3))
    assert sorted(order) == list(range(200))
    assert all(element < position + 10 for position, element in enumerate(order))


@pytest.mark.parametrize("size", [1, 7, 1500, 3000, 5000])
def test_any_buffer_draws_rows_like_elements(size):
    """In blocks that cross those of the draws, and through the end of the input."""
    x = np.arange(3000)
    elements = numbers(Dataset.from_tensor_slices(x).map(lambda v: v).shuffle(size, seed=9))
    for batch in (64, 1000):
        batches = Dataset.from_tensor_slices(x).shuffle(size, seed=9).batch(batch).as_numpy_iterator()
        assert np.concatenate(list(batches)).tolist() == elements


@pytest.mark.parametrize(
    ("buffer", "incoming", "places", "words"),
    [
        (np.arange(5), [1], [5], "outside"),
        (np.arange(5), [1], [-1], "outside"),
        (np.arange(5), [1], [0, 1], "a place for each"),
        (np.arange(5), ["x"], [0], "a place for each"),
        (np.arange(5.0), [1], [0], "int64"),
        (np.arange(10)[::2], [1], [0], "dense"),
    ],
)
def test_numbers_are_exchanged_within_the_buffer_only(buffer, incoming, places, words):
    with pytest.raises(gm.errors.ArgumentError, match=f"exchange_numbers: .*{words}"):
        gm._core.exchange_numbers(buffer, incoming, places)


def test_shuffle_of_rows_and_of_elements_is_the_same():
    rows = Dataset.from_tensor_slices((X, Y)).shuffle(4, seed=5).batch(3)
    elements = Dataset.from_tensor_slices((X, Y)).map(lambda x, y: (x, y)).shuffle(4, seed=5).batch(3)
    for (x1, y1), (x2, y2) in zip(rows, elements):
        np.testing.assert_array_equal(x1, x2)
        np.testing.assert_array_equal(y1, y2)


def test_a_full_buffer_gives_every_order_the_same_chance():
    counts = np.zeros((4, 4))
    dataset = Dataset.range(4).shuffle(4, seed=11)
    for _ in range(2000):
        for position, element in enumerate(numbers(dataset)):
            counts[position, element] += 1
    assert abs(counts / 2000 - 0.25).max() < 0.05


@pytest.mark.parametrize("seed", [0, -1, 2**63 - 1, np.int64(5)])
def test_any_integer_is_a_seed(seed):
    assert sorted(numbers(Dataset.range(5).shuffle(5, seed=seed))) == list(range(5))


def test_set_random_seed_repeats_the_order():
    orders = []
    for _ in range(2):
        gm.utils.set_random_seed(4)
        orders.append(numbers(Dataset.range(30).shuffle(30)))
    assert orders[0] == orders[1]


def test_sample_from_datasets_draws_by_weight_and_takes_all():
    zeros, ones = Dataset.from_tensors(0).repeat(500), Dataset.from_tensors(1).repeat(4000)
    drawn = numbers(Dataset.sample_from_datasets([zeros, ones], weights=[0.25, 0.75], seed=2))
    assert len(drawn) == 4500 and drawn.count(0) == 500
    assert 0.7 < np.mean(drawn[:1500]) < 0.8
    stopping = Dataset.sample_from_datasets([zeros, ones], weights=[0.9, 0.1], seed=2, stop_on_empty_dataset=True)
    assert len(numbers(stopping)) < 700


# ---- caching


def test_cache_calls_the_function_once_for_each_element():
    calls = []

    def function(value):
        calls.append(int(value))
        return value * 2

    dataset = Dataset.range(5).map(function).cache()
    assert len(numbers(dataset.take(2))) == 2
    del calls[:]
    first = numbers(dataset)
    assert first == numbers(dataset) == [0, 2, 4, 6, 8] and calls == [0, 1, 2, 3, 4]
    assert len(dataset) == 5


def test_cache_behind_a_shuffle_keeps_its_order():
    dataset = Dataset.range(20).map(lambda v: v).shuffle(20).cache()
    assert numbers(dataset) == numbers(dataset)


def test_cache_of_elements_of_different_shapes():
    dataset = Dataset.range(1, 4).map(lambda n: gm.ops.ones((int(n),))).cache()
    assert numbers(dataset) == numbers(dataset) == [[1], [1, 1], [1, 1, 1]]


# ---- elements


def test_elements_come_as_tensors_of_the_dtype_of_the_arrays():
    dataset = Dataset.from_tensor_slices((np.arange(3.0), np.arange(3, dtype="uint8"), [1, 2, 3], [True, False, True]))
    first = next(iter(dataset))
    assert [part.dtype for part in first] == ["float64", "uint8", "int32", "bool"]
    assert all(hasattr(part, "numpy") for part in first)


def test_named_tuples_and_none_stay():
    pair_type = collections.namedtuple("Pair", "left right")
    dataset = Dataset.from_tensor_slices(pair_type(X, None)).batch(4)
    element = next(iter(dataset))
    assert isinstance(element, pair_type) and element.right is None and element.left.shape == (4, 2)


class Column:
    """Quacks like a column of pandas."""

    def __init__(self, values):
        self._values = np.asarray(values)

    def __array__(self, dtype=None, copy=None):
        return self._values if dtype is None else self._values.astype(dtype)


def test_tables_by_duck_type():
    table = {"age": Column([30, 40]), "name": Column(np.array(["ann", "bob"], object))}
    assert list(Dataset.from_tensor_slices(table).as_numpy_iterator()) == [
        {"age": 30, "name": b"ann"},
        {"age": 40, "name": b"bob"},
    ]


class Chunked:
    """Quacks like a data set of h5py: stored in chunks, and it notes what is read."""

    chunks = (4, 2)

    def __init__(self, values):
        self._values, self.shape, self.dtype, self.reads = values, values.shape, values.dtype, []

    def __getitem__(self, key):
        self.reads.append(key)
        return self._values[key]


def test_what_is_stored_in_chunks_is_read_in_pieces():
    stored = Chunked(X)
    dataset = Dataset.from_tensor_slices((stored, Y))
    assert not stored.reads and dataset.element_spec == (gm.TensorSpec((2,)), gm.TensorSpec((), "int64"))
    found = list(dataset.batch(4).as_numpy_iterator())
    np.testing.assert_array_equal(np.concatenate([x for x, _ in found]), X)
    assert stored.reads == [slice(0, 4), slice(4, 8), slice(8, 10)]
    for x, y in dataset.shuffle(10, seed=1).repeat(2).batch(7).as_numpy_iterator():
        np.testing.assert_array_equal(x, X[y])
    np.testing.assert_array_equal(next(iter(dataset))[0], X[0])


def test_a_file_of_h5py(tmp_path):
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = X
        dataset = Dataset.from_tensor_slices((file["x"], Y)).shuffle(10, seed=2).batch(3).prefetch(1)
        for x, y in dataset.as_numpy_iterator():
            np.testing.assert_array_equal(x, X[y])


def test_a_generator_may_use_its_array_again():
    def reuse():
        array = np.zeros(2, "float32")
        for number in range(3):
            array[:] = number
            yield array

    assert numbers(Dataset.from_generator(reuse, "float32").batch(3)) == [[[0, 0], [1, 1], [2, 2]]]


def test_iterating_numpy_gives_arrays_of_their_own():
    source = np.zeros((4, 2), "float32")
    for row in Dataset.from_tensor_slices(source).as_numpy_iterator():
        row[:] = 1
    assert not source.any()


def test_reduce_and_single_element():
    assert int(Dataset.range(5).reduce(np.int64(0), lambda total, x: total + x)) == 10
    assert int(Dataset.range(1).get_single_element()) == 0


def test_lengths():
    assert len(Dataset.range(10).batch(3)) == 4 and Dataset.range(3)
    with pytest.raises(TypeError, match="unknown"):
        len(Dataset.range(3).filter(lambda v: v > 1))
    with pytest.raises(TypeError, match="endless"):
        len(Dataset.range(3).repeat())
    assert len(Dataset.range(3).filter(lambda v: v > 0).apply(gm.data.assert_cardinality(2))) == 2
    with pytest.raises(gm.errors.ArgumentError, match="expected 3 elements; received 2"):
        list(Dataset.range(3).filter(lambda v: v > 0).apply(gm.data.assert_cardinality(3)))


def test_split_dataset():
    left, right = gm.utils.split_dataset(Dataset.from_tensor_slices((X, Y)), left_size=0.7)
    assert [int(y) for _, y in left] == list(range(7)) and [int(y) for _, y in right] == [7, 8, 9]
    unknown = Dataset.range(10).filter(lambda v: v > 1)
    left, right = gm.utils.split_dataset(unknown, right_size=3, shuffle=True, seed=1)
    assert sorted(numbers(left) + numbers(right)) == list(range(2, 10)) and len(numbers(right)) == 3
    assert numbers(left) == numbers(left)
    for dataset, options in ((Dataset.range(3).repeat(), {"left_size": 2}), (Dataset.range(3), {"left_size": 4})):
        with pytest.raises(gm.errors.ArgumentError):
            gm.utils.split_dataset(dataset, **options)


def test_list_files(tmp_path):
    for name in ("b.txt", "a.txt", "c.csv"):
        (tmp_path / name).write_text("x")
    found = numbers(Dataset.list_files(str(tmp_path / "*.txt"), shuffle=False))
    assert [name.decode()[-5:] for name in found] == ["a.txt", "b.txt"]
    with pytest.raises(gm.errors.ArgumentError, match="no file"):
        Dataset.list_files(str(tmp_path / "*.png"))


def test_spec_of_a_function_that_needs_values_comes_from_one_element():
    dataset = Dataset.range(3).shuffle(3, seed=1).map(lambda v: np.zeros((2,), "uint8") + v.numpy())
    expected = numbers(dataset)
    other = Dataset.range(3).shuffle(3, seed=1).map(lambda v: np.zeros((2,), "uint8") + v.numpy())
    assert other.element_spec == gm.TensorSpec((2,), "int64")
    assert numbers(other) == expected  # asking has not used up an order


# ---- threads


def test_prefetch_makes_elements_ahead_but_not_more_than_asked():
    made = []

    def generator():
        for number in range(100):
            made.append(number)
            yield number

    iterator = iter(Dataset.from_generator(generator, "int32").prefetch(3))
    next(iterator)
    assert wait_until(lambda: len(made) >= 4)
    time.sleep(0.05)
    assert len(made) <= 5
    assert [int(v) for v in iterator] == list(range(1, 100))


@pytest.mark.parametrize("how", ["break", "close", "exception", "end"])
def test_threads_and_generators_end_when_reading_does(how):
    closed = []

    def generator():
        try:
            yield from range(10 if how == "end" else 10**9)
        finally:
            closed.append(True)

    dataset = Dataset.from_generator(generator, "int64").map(lambda v: v, num_parallel_calls=2).prefetch(2)
    iterator = iter(dataset)
    next(iterator)
    if how == "close":
        iterator.close()
        assert next(iterator, None) is None
    elif how == "exception":
        with pytest.raises(RuntimeError):
            for _ in iterator:
                raise RuntimeError
    elif how == "end":
        assert len(list(iterator)) == 9
    del iterator
    assert wait_until(lambda: not prefetch_threads() and closed), prefetch_threads()


def test_the_interpreter_ends_while_a_thread_waits():
    script = (
        "import gradmill as gm\n"
        "def count():\n"
        "    n = 0\n"
        "    while True:\n"
        "        yield n\n"
        "        n += 1\n"
        "iterator = iter(gm.data.Dataset.from_generator(count, 'int64').map(lambda v: v, 2).prefetch(2))\n"
        "print(int(next(iterator)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")


@pytest.mark.parametrize("threads", [None, 2])
def test_an_error_of_the_user_comes_with_its_traceback(threads):
    def broken_inside(value):
        raise KeyError(f"row {int(value)}")

    def function(value):
        return broken_inside(value) if int(value) == 3 else value

    dataset = Dataset.range(10).map(function, num_parallel_calls=threads).prefetch(2)
    seen = []
    with pytest.raises(KeyError, match="row 3") as caught:
        for value in dataset:
            seen.append(int(value))
    assert seen == [0, 1, 2]
    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert frames[-2:] == ["function", "broken_inside"]


def test_a_generator_that_raises_shows_its_own_line():
    def generator():
        yield 1
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone") as caught:
        list(Dataset.from_generator(generator, "int32").batch(4).prefetch(1))
    assert traceback.extract_tb(caught.value.__traceback__)[-1].name == "generator"


def test_a_function_that_raises_stop_iteration_does_not_end_the_data():
    with pytest.raises(RuntimeError, match="StopIteration"):
        list(Dataset.range(3).map(lambda v: next(iter([]))))


def test_parallel_map_runs_at_once_and_keeps_the_order():
    meeting = threading.Barrier(2, timeout=20)

    def function(value):
        meeting.wait()  # passes only when two calls are on their way
        return value

    assert numbers(Dataset.range(6).map(function, num_parallel_calls=2)) == list(range(6))


def test_parallel_map_without_order_gives_all():
    dataset = Dataset.range(20).map(lambda v: v * 2, num_parallel_calls=3, deterministic=False)
    assert sorted(numbers(dataset)) == list(range(0, 40, 2))


# ---- bad input


def signature(*shape, dtype="float32"):
    return gm.TensorSpec(shape, dtype)


def once(value):
    return lambda: iter([np.zeros(2, "float32"), value])


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Dataset.from_tensor_slices(3), gm.errors.ShapeError, "scalar"),
        (lambda: Dataset.from_tensor_slices((X, Y[:4])), gm.errors.ShapeError, r"\[0\] has 10, \[1\] has 4"),
        (lambda: Dataset.from_tensor_slices(()), gm.errors.ArgumentError, "received none"),
        (lambda: Dataset.from_tensor_slices(Dataset.range(3)), gm.errors.ArgumentError, "is a Dataset"),
        (lambda: Dataset.from_tensor_slices([[1], [2, 3]]), gm.errors.ShapeError, "one shape"),
        (lambda: Dataset.from_tensor_slices(object()), gm.errors.ArgumentError, "received a object"),
        (lambda: Dataset.from_tensor_slices(np.array([1, "a"], object)), gm.errors.DTypeError, "int.*str"),
        (lambda: Dataset.from_generator(iter([1])), gm.errors.ArgumentError, "without calling it"),
        (lambda: Dataset.from_generator(lambda: 5, "int32"), gm.errors.ArgumentError, "received a int"),
        (lambda: Dataset.from_generator(once(1), output_shapes=()), gm.errors.ArgumentError, "needs output_types"),
        (
            lambda: Dataset.from_generator(once(1), "int32", output_signature=signature()),
            gm.errors.ArgumentError,
            "received both",
        ),
        (lambda: Dataset.from_generator(once(1), output_signature=5), gm.errors.ArgumentError, "TensorSpec"),
        (
            lambda: Dataset.from_generator(once(np.zeros(3)), output_signature=signature(2)),
            gm.errors.ShapeError,
            r"item 1 must have shape \(2,\); received \(3,\)",
        ),
        (
            lambda: Dataset.from_generator(lambda: iter([1, 2.5]), "int32"),
            gm.errors.DTypeError,
            r"item 1 must be int32; received 2.5",
        ),
        (lambda: Dataset.from_generator(lambda: iter([300]), "uint8"), gm.errors.DTypeError, "item 0 must be uint8"),
        (lambda: Dataset.from_generator(lambda: iter(["a"]), "int32"), gm.errors.DTypeError, "received 'a'"),
        (lambda: Dataset.from_generator(lambda: iter([1]), "string"), gm.errors.DTypeError, "must be string"),
        (
            lambda: Dataset.from_generator(lambda: iter([(1, 2), (1, 2, 3)]), ("int32", "int32")),
            gm.errors.ArgumentError,
            "item 1 must be a tuple of 2; received a tuple of 3",
        ),
        (
            lambda: Dataset.from_generator(lambda: iter([{"a": 1}, {"b": 1}]), {"a": "int32"}),
            gm.errors.ArgumentError,
            r"item 1 must be a dict with the keys \['a'\]",
        ),
        (lambda: Dataset.from_generator(once(1)), gm.errors.ShapeError, "item 1"),
        (
            lambda: Dataset.range(1, 4).map(lambda n: gm.ops.ones((int(n),))).batch(3),
            gm.errors.ShapeError,
            r"\[1\], then \[2\] at position 1.*padded_batch",
        ),
        (
            lambda: Dataset.range(3).map(lambda n: n if int(n) else 1.0).batch(3),
            gm.errors.DTypeError,
            "float32, then int64",
        ),
        (
            lambda: Dataset.range(3).map(lambda n: (n, n) if int(n) else n).batch(3),
            gm.errors.ArgumentError,
            "one structure",
        ),
        (lambda: Dataset.range(3).window(2).batch(2), gm.errors.ArgumentError, "flat_map"),
        (lambda: Dataset.range(3).flat_map(lambda v: v), gm.errors.ArgumentError, "must return a Dataset"),
        (lambda: Dataset.range(3).map(lambda v: None), gm.errors.ArgumentError, "received None"),
        (lambda: Dataset.range(3).map(5), gm.errors.ArgumentError, "expected a function"),
        (lambda: Dataset.range(3).filter(lambda v: v), gm.errors.ArgumentError, "one bool; received int64"),
        (lambda: Dataset.zip(Dataset.range(3), [1]), gm.errors.ArgumentError, "expected data sets; received a int"),
        (lambda: Dataset.range(3).concatenate(X), gm.errors.ArgumentError, "expected data sets; received a ndarray"),
        (lambda: Dataset.range(3).apply(lambda d: 3), gm.errors.ArgumentError, "apply: expected data sets"),
        (lambda: Dataset.range(3).batch(0), gm.errors.ArgumentError, "batch_size.*at least 1; received 0"),
        (lambda: Dataset.range(3).batch(2.0), gm.errors.ArgumentError, "received 2.0"),
        (lambda: Dataset.range(3).shuffle(0), gm.errors.ArgumentError, "buffer_size"),
        (lambda: Dataset.range(3).prefetch(-3), gm.errors.ArgumentError, "buffer_size"),
        (lambda: Dataset.range(3).shard(2, 2), gm.errors.ArgumentError, "below num_shards=2"),
        (lambda: Dataset.range(3, 1, 0), gm.errors.ArgumentError, "step != 0"),
        (
            lambda: Dataset.range(1, 4).map(lambda n: gm.ops.ones((int(n),))).padded_batch(3, padded_shapes=[2]),
            gm.errors.ShapeError,
            "as large as the elements",
        ),
        (
            lambda: Dataset.from_tensor_slices((X, Y)).padded_batch(3, padded_shapes=([2], [], [])),
            gm.errors.ArgumentError,
            "padded_shapes must be structured",
        ),
        (
            lambda: Dataset.choose_from_datasets([Dataset.range(2)], Dataset.range(1, 3)),
            gm.errors.ArgumentError,
            r"0\.\.0; received 1",
        ),
        (
            lambda: Dataset.sample_from_datasets([Dataset.range(2)], weights=[1, 2]),
            gm.errors.ArgumentError,
            "a weight",
        ),
        (lambda: Dataset.range(2).get_single_element(), gm.errors.ArgumentError, "received more"),
        (lambda: Dataset.from_generator(lambda: iter([])).element_spec, gm.errors.ArgumentError, "yields nothing"),
        (lambda: Dataset.from_tensor_slices(X).batch(2).map(lambda x: x[0, 0]).unbatch(), gm.errors.ShapeError, "unb"),
    ],
)
def test_bad_input(make, error, words):
    with pytest.raises(error, match=words):
        list(make())


def test_a_data_set_without_elements_is_no_error():
    assert numbers(Dataset.range(0).shuffle(5).batch(3).prefetch(1)) == []
    assert numbers(Dataset.from_generator(lambda: iter([]), "int32").repeat().batch(2)) == []


def test_counter_has_no_end():
    counter = Dataset.counter(10, -3, dtype="int32")
    assert int(counter.cardinality()) == -1
    assert [int(each) for each in counter.take(4)] == [10, 7, 4, 1] and next(iter(counter)).dtype == "int32"
    assert int(Dataset.zip((Dataset.range(3), Dataset.counter())).cardinality()) == 3
    with pytest.raises(gm.errors.ArgumentError, match="step that is not 0"):
        Dataset.counter(step=0)
