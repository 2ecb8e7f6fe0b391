"""`map` with functions that can be traced: plans make what Python would, draws follow from seed, pass and element."""

import itertools

import numpy as np
import pytest

import gradmill as gm
import gradmill.tensorflow as tf
from gradmill import _core
from gradmill.data import AUTOTUNE, Dataset

generator = np.random.default_rng(5)
IMAGES = generator.integers(0, 256, (40, 6, 5, 3), dtype=np.uint8)
LABELS = generator.integers(0, 4, 40)


def prepare(image, label):
    image = tf.image.resize(tf.cast(image, tf.float32) / 255.0, (4, 4))
    return {"image": tf.image.flip_left_right(image) - 0.5, "label": (tf.one_hot(label, 4), label), "one": 1}


def expected(row):
    scaled = np.asarray(tf.image.resize(IMAGES[row].astype("float32") / 255.0, (4, 4)))
    return scaled[:, ::-1] - 0.5


def augment(image, label):
    image = tf.image.random_crop(tf.pad(image, [(1, 1), (1, 1), (0, 0)]), (6, 5, 3))
    return tf.image.random_flip_left_right(tf.cast(image, tf.float32), seed=3), label


def augment_in_python(image, label):
    assert image.numpy().ndim == 3  # no plan can read a value
    return augment(image, label)


def generated():
    yield from zip(IMAGES, LABELS)


def from_generator():
    return Dataset.from_generator(generated, output_types=("uint8", "int64"), output_shapes=((6, 5, 3), ()))


def from_rows():
    return Dataset.from_tensor_slices((IMAGES, LABELS))


def pictures(dataset):
    return np.stack([element[0] for element in dataset.as_numpy_iterator()])


def runs_as_plan(dataset):
    return dataset._node.function.has_plans()


@pytest.mark.parametrize("workers", [None, 1, 3, AUTOTUNE])
@pytest.mark.parametrize("source", [from_rows, from_generator])
def test_a_plan_makes_what_python_makes(source, workers):
    dataset = source().map(prepare, num_parallel_calls=workers)
    for _ in range(2):
        found = list(dataset.as_numpy_iterator())
        assert len(found) == 40 and runs_as_plan(dataset)
        for row, element in enumerate(found):
            np.testing.assert_allclose(element["image"], expected(row), atol=1e-6)
            np.testing.assert_array_equal(element["label"][0], np.eye(4, dtype="float32")[LABELS[row]])
            assert element["label"][1] == LABELS[row] and element["label"][1].dtype == np.int64
            assert element["one"] == 1 and element["one"].dtype == np.int32


@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize("source", [from_rows, from_generator])
def test_batches_come_straight_from_the_plan(source, drop):
    dataset = source().shuffle(40, seed=1).map(prepare, num_parallel_calls=2)
    order = [int(element["label"][1]) for element in source().shuffle(40, seed=1).map(prepare).as_numpy_iterator()]
    for _ in range(2):
        batches = list(dataset.batch(7, drop_remainder=drop).as_numpy_iterator())
        assert [len(batch["one"]) for batch in batches] == [7] * 5 + [5] * (not drop)
    first_pass = source().shuffle(40, seed=1).map(prepare, num_parallel_calls=2).batch(7, drop_remainder=drop)
    labels = np.concatenate([batch["label"][1] for batch in first_pass.as_numpy_iterator()])
    assert labels.tolist() == order[: len(labels)]


def test_two_maps_and_what_stands_between_them():
    dataset = from_rows().map(lambda x, y: (tf.cast(x, tf.float32), y)).repeat(2).map(lambda x, y: (x * 2.0, y))
    batches = list(dataset.batch(32).as_numpy_iterator())
    doubled = np.concatenate([batch[0] for batch in batches])
    np.testing.assert_array_equal(doubled, np.concatenate([IMAGES, IMAGES]).astype("float32") * 2)


@pytest.mark.parametrize("workers", [1, 2, 5, AUTOTUNE])
def test_draws_do_not_depend_on_who_computes_them(workers):
    gm.utils.set_random_seed(8)
    in_python = pictures(from_rows().map(augment_in_python))
    for source, batch in itertools.product((from_rows, from_generator), (None, 16)):
        gm.utils.set_random_seed(8)
        dataset = source().map(augment, num_parallel_calls=workers)
        if batch is None:
            np.testing.assert_array_equal(pictures(dataset), in_python)
            assert runs_as_plan(dataset)
        else:
            found = [images for images, _ in dataset.batch(batch).prefetch(2).as_numpy_iterator()]
            np.testing.assert_array_equal(np.concatenate(found), in_python)


def test_each_element_and_each_pass_has_draws_of_its_own():
    one = Dataset.from_tensor_slices(np.zeros((300, 1), "float32")).map(lambda x: tf.random.uniform((2,)))
    first, second = (np.stack(list(one.as_numpy_iterator())) for _ in range(2))
    assert len({float(value) for value in np.concatenate([first, second]).ravel()}) == 1200
    assert abs(first.mean() - 0.5) < 0.05


def test_seeds_of_ops_and_layers_need_no_other_seed():
    def made():
        layer = gm.layers.RandomFlip(seed=4)
        dataset = from_rows().map(lambda x, y: (tf.image.random_brightness(layer(x, training=True), 0.3, seed=2), y))
        return np.stack([pictures(dataset), pictures(dataset)])

    gm.utils.set_random_seed(1)
    found = made()
    gm.utils.set_random_seed(2)
    np.testing.assert_array_equal(made(), found)
    assert not np.array_equal(found[0], found[1])


def test_stateless_draws_are_the_same_for_each_element():
    dataset = Dataset.range(20).map(lambda x: tf.random.stateless_uniform((2,), seed=(1, 2)))
    rows = np.stack(list(dataset.as_numpy_iterator()))
    assert (rows == rows[0]).all() and rows[0, 0] != rows[0, 1]


@pytest.mark.parametrize("cut", [0, 1, 3, 5])
def test_a_resumed_pass_draws_the_same(cut):
    def made():
        dataset = from_rows().shuffle(40).map(augment, num_parallel_calls=2).batch(8).prefetch(2)
        return dataset

    dataset = made()
    list(dataset)  # the plan is there, and the pass not the first
    iterator = dataset.as_numpy_iterator()
    for _ in range(cut):
        next(iterator)
    state = iterator.get_state()
    rest = list(iterator) + list(dataset.as_numpy_iterator())
    new_dataset = made()
    again = new_dataset.as_numpy_iterator()
    again.set_state(state)
    resumed = list(again) + list(new_dataset.as_numpy_iterator())
    assert len(resumed) == len(rest)
    for ours, theirs in zip(resumed, rest):
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_array_equal(ours[1], theirs[1])


def test_batches_run_as_plans_too():
    gm.utils.set_random_seed(3)
    layers = gm.Sequential([gm.layers.Rescaling(1 / 255.0), gm.layers.RandomCrop(4, 4), gm.layers.RandomFlip()])
    dataset = from_rows().repeat().batch(20).map(lambda x, y: (layers(x, training=True), y), num_parallel_calls=2)
    found = list(itertools.islice(dataset.as_numpy_iterator(), 14))
    assert runs_as_plan(dataset)
    for number, (images, labels) in enumerate(found):
        rows = (np.arange(20) + 20 * number) % 40
        np.testing.assert_array_equal(labels, LABELS[rows])
        for image, original in zip(images, IMAGES[rows] / np.float32(255)):
            parts = [original[i : i + 4, j : j + 4] for i in range(3) for j in range(2)]
            flips = [part[::down, ::across] for part in parts for down in (1, -1) for across in (1, -1)]
            assert min(np.abs(flip - image).max() for flip in flips) < 1e-6


def test_functions_that_are_more_than_their_tensors_stay_in_python():
    counter = itertools.count()
    counted = Dataset.range(20).map(lambda x: x + next(counter))
    counts = [int(x) - place for place, x in enumerate(counted)]  # tracing is a call, too
    assert sorted(set(counts)) == counts and not runs_as_plan(counted)
    random = np.random.default_rng(1)
    noisy = Dataset.range(50).map(lambda x: gm.ops.cast(x, "float32") * 0.0 + random.random())
    assert len({float(x) for x in noisy}) == 50 and not runs_as_plan(noisy)
    summed = gm.Variable(0, dtype="int64")
    assert len(list(Dataset.range(20).map(lambda x: (summed.assign_add(x), x)[1]))) == 20
    assert int(summed) == 190
    through_numpy = Dataset.range(20).map(lambda x: np.sqrt(x.numpy()))
    assert [float(x) for x in through_numpy] == [float(np.sqrt(x)) for x in range(20)]


def test_elements_of_many_shapes():
    def lines():
        for length in list(range(1, 40)) + [3] * 30 + [4] * 30:
            yield np.arange(length, dtype="float32")

    dataset = Dataset.from_generator(lines, "float32", output_shapes=(None,)).map(lambda x: x * 2.0 + 1.0, AUTOTUNE)
    for _ in range(2):
        for found, given in zip(dataset.as_numpy_iterator(), lines()):
            np.testing.assert_array_equal(found, given * 2 + 1)
    padded = np.concatenate([batch[:, :3] for batch in dataset.padded_batch(9).as_numpy_iterator()])
    assert padded.shape == (99, 3) and padded[0].tolist() == [1, 0, 0]


def test_arrays_that_lie_apart_in_memory():
    turned = np.asfortranarray(np.arange(120, dtype="float32").reshape(40, 3))
    dataset = Dataset.from_tensor_slices(turned).shuffle(40, seed=2).map(lambda x: x + 1.0)
    rows = np.stack(list(dataset.as_numpy_iterator()))
    np.testing.assert_array_equal(rows[np.argsort(rows[:, 0])], turned + 1)


def test_variables_are_read_when_an_element_is_made():
    scale = gm.Variable(1.0)
    dataset = Dataset.range(20).map(lambda x: gm.ops.cast(x, "float32") * scale)
    assert sum(float(x) for x in dataset) == 190
    scale.assign(2.0)
    assert sum(float(x) for x in dataset) == 380 and runs_as_plan(dataset)


def test_dtypes_without_a_counterpart_in_numpy_come_as_floats():
    dataset = Dataset.range(20).map(lambda x: gm.ops.cast(x, "bfloat16"))
    assert [float(x) for x in dataset.as_numpy_iterator()] == list(range(20))


def test_a_value_that_is_not_finite_is_named_while_checked():
    dataset = Dataset.from_tensor_slices(np.arange(20, dtype="float32")).map(lambda x: 1.0 / (15.0 - x))
    gm.config.enable_nan_checks()
    try:
        with pytest.raises(gm.errors.NonFiniteError):
            list(dataset)
    finally:
        gm.config.disable_nan_checks()


def double_plan():
    return gm.function(lambda x: x * 2.0).plan_for(gm.TensorSpec((3,), "float32"))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"arrays": [np.zeros((4, 2), "float32")]}, gm.errors.ShapeError),
        ({"arrays": [np.zeros((4, 3), "float64")]}, gm.errors.DTypeError),
        ({"arrays": []}, gm.errors.ArgumentError),
        ({"order": [0, 1, 4, 0]}, gm.errors.ArgumentError),
        ({"order": [0, -1, 0, 0]}, gm.errors.ArgumentError),
        ({"order": [0]}, gm.errors.ArgumentError),
        ({"count": 5}, gm.errors.ArgumentError),
        ({"workers": 0}, gm.errors.ArgumentError),
        ({"seeds": [1]}, gm.errors.ArgumentError),
        ({"outputs": [np.zeros((4, 2), "float32")]}, gm.errors.ShapeError),
        ({"outputs": []}, gm.errors.ArgumentError),
    ],
)
def test_blocks_that_do_not_fit_the_plan(changes, error):
    fitting = {
        **{"plan": double_plan(), "arrays": [np.ones((4, 3), "float32")], "order": None, "count": 4, "seeds": []},
        **{"counter": 0, "counter_step": 0, "outputs": [np.zeros((4, 3), "float32")], "workers": 2},
    }
    _core.run_elements(**fitting)
    assert (fitting["outputs"][0] == 2).all()
    with pytest.raises(error):
        _core.run_elements(**{**fitting, **changes})
