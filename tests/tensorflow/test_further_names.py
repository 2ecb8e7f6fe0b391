"""Names without values of their own: draws by a seed, checks, exceptions, files that lose quality."""

import numpy as np
import pytest

import gradmill.tensorflow as tf
from gradmill.errors import GradMillError

IMAGE = np.random.default_rng(0).uniform(size=(2, 9, 8, 3)).astype("float32")
DRAWS = {
    "stateless_random_brightness": (0.3,),
    "stateless_random_contrast": (0.4, 1.6),
    "stateless_random_crop": ((2, 5, 4, 3),),
    "stateless_random_flip_left_right": (),
    "stateless_random_flip_up_down": (),
    "stateless_random_hue": (0.3,),
    "stateless_random_saturation": (0.4, 1.6),
}


@pytest.mark.parametrize("name", DRAWS)
def test_a_seed_of_two_numbers_decides_alone(name):
    draw = getattr(tf.image, name)
    first = draw(IMAGE, *DRAWS[name], seed=(1, 2)).numpy()
    tf.random.uniform([3])
    np.testing.assert_array_equal(draw(IMAGE, *DRAWS[name], (1, 2)), first)
    np.testing.assert_array_equal(tf.function(lambda: draw(IMAGE, *DRAWS[name], seed=(1, 2)))(), first)
    others = [draw(IMAGE, *DRAWS[name], seed=tf.constant([1, number])).numpy() for number in range(3, 12)]
    assert any(not np.array_equal(first, other) for other in others)
    with pytest.raises(ValueError, match=f"{name}: expected a seed of two numbers"):
        draw(IMAGE, *DRAWS[name], seed=3)


def test_seeds_from_seeds():
    made = tf.random.split((1, 2), 3).numpy()
    assert made.shape == (3, 2) and len({tuple(row) for row in made.tolist()}) == 3
    np.testing.assert_array_equal(tf.random.experimental.stateless_split([1, 2], 3), made)
    folded = [tuple(tf.random.fold_in((1, 2), number).numpy().tolist()) for number in range(20)]
    assert len(set(folded)) == 20 and folded[3] == tuple(tf.random.fold_in((1, 2), 3).numpy().tolist())
    generator = tf.random.Generator.from_seed(7)
    seeds = generator.make_seeds(2)
    assert seeds.shape == (2, 2) and not np.array_equal(seeds, generator.make_seeds(2))
    assert np.abs(generator.truncated_normal([500])).max() <= 2


def test_stateless_draws_are_those_of_the_adjustments():
    brighter = tf.image.stateless_random_brightness(IMAGE, 0.3, seed=(4, 5)).numpy()
    delta = brighter - IMAGE
    np.testing.assert_allclose(delta, delta.ravel()[0], atol=1e-6)
    assert 0 < abs(delta.ravel()[0]) < 0.3
    flipped = tf.image.stateless_random_flip_left_right(IMAGE, seed=(4, 5)).numpy()
    for before, after in zip(IMAGE, flipped):
        assert np.array_equal(after, before) or np.array_equal(after, before[:, ::-1])


def test_jpeg_quality():
    smooth = np.linspace(0, 1, 32 * 32 * 3, dtype="float32").reshape(32, 32, 3)
    fine, coarse = (tf.image.adjust_jpeg_quality(smooth, quality).numpy() for quality in (95, 5))
    assert fine.dtype == np.float32 and fine.shape == smooth.shape
    assert np.abs(fine - smooth).mean() < 0.02 < np.abs(coarse - smooth).mean()
    drawn = tf.image.stateless_random_jpeg_quality(smooth, 10, 90, seed=(1, 1)).numpy()
    np.testing.assert_array_equal(tf.image.stateless_random_jpeg_quality(smooth, 10, 90, seed=(1, 1)), drawn)
    pixels = (smooth * 255).astype("uint8")
    assert tf.image.random_jpeg_quality(pixels, 80, 90, seed=1).dtype == "uint8"
    with pytest.raises(ValueError, match="received 90 and 20"):
        tf.image.random_jpeg_quality(pixels, 90, 20)
    with pytest.raises(ValueError, match="expected .height, width, channels"):
        tf.image.adjust_jpeg_quality(IMAGE, 50)
    packed = tf.io.encode_jpeg(pixels)
    assert type(packed.numpy()) is bytes and packed.dtype == tf.string
    assert tf.io.decode_base64(tf.io.encode_base64(packed)) == packed
    coded = tf.io.encode_base64(tf.constant(["a", "bc"]))
    assert coded.numpy().tolist() == [b"YQ", b"YmM"]
    assert tf.io.decode_base64(coded).numpy().tolist() == [b"a", b"bc"]
    assert bool(tf.io.is_jpeg(packed)) and not bool(tf.image.is_jpeg(tf.io.encode_png(pixels)))


@pytest.mark.parametrize("value", [np.float32(2), np.arange(6, dtype="int16").reshape(2, 3), np.zeros((0, 3), "bool")])
def test_bytes_of_tensors(value):
    packed = tf.io.serialize_tensor(value).numpy()
    found = tf.io.parse_tensor(packed, value.dtype.name)
    assert found.shape == value.shape and found.dtype == value.dtype
    np.testing.assert_array_equal(found, value)
    with pytest.raises(ValueError, match="expected string; the bytes hold"):
        tf.io.parse_tensor(packed, tf.string)
    for size in range(len(packed) if value.size else 0):
        with pytest.raises(ValueError):
            tf.io.parse_tensor(packed[:size], value.dtype.name)


def test_bytes_of_texts():
    texts = tf.constant([["a", ""], ["\u00e4" * 100, "b"]])
    packed = tf.io.serialize_tensor(texts)
    assert tf.io.parse_tensor(packed, tf.string).numpy().tolist() == texts.numpy().tolist()
    for size in range(2, len(packed.numpy()), 3):
        with pytest.raises(ValueError):
            tf.io.parse_tensor(packed.numpy()[:size], tf.string)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("assert_positive", ([1.0, 2.0],), ([1.0, 0.0],)),
        ("assert_negative", ([-1.0],), ([0.0],)),
        ("assert_non_negative", ([0, 1],), ([-1, 1],)),
        ("assert_non_positive", ([0, -1],), ([1],)),
        ("assert_none_equal", ([1, 2], [2, 1]), ([1, 2], [2, 2])),
        ("assert_rank", ([[1]], 2), ([1], 2)),
        ("assert_rank_at_least", ([[1]], 1), ([1], 2)),
        ("assert_rank_in", ([[1]], (1, 2)), ([1], (2, 3))),
        ("assert_scalar", (3.0,), ([3.0],)),
        ("assert_integer", (tf.constant(1),), (tf.constant(1.0),)),
        ("assert_type", (tf.constant(1.0), tf.float32), (tf.constant(1), tf.float32)),
    ],
)
def test_assertions(name, good, bad):
    check = getattr(tf.debugging, name)
    check(*good)
    with pytest.raises(tf.errors.InvalidArgumentError, match=name):
        check(*bad)


def test_names_at_the_top():
    tf.assert_equal([1, 2], [1, 2])
    with pytest.raises(tf.errors.InvalidArgumentError, match="assert_less"):
        tf.assert_less([2], [1])
    with tf.control_dependencies([tf.constant(1)]):
        assert int(tf.identity_n([tf.constant(3)])[0]) == 3
    assert tf.as_string(tf.constant(7)) == b"7"
    with pytest.raises(ValueError, match=r"ensure_shape: expected \(None, 4\); received \(2, 3\)"):
        tf.ensure_shape(tf.zeros([2, 3]), [None, 4])


@pytest.mark.parametrize("kind", ["float64", "float32", "int16", "int64", "bool"])
def test_numbers_of_numpy_keep_their_dtype(kind):
    number = np.dtype(kind).type(1)
    assert tf.constant(number).dtype == tf.convert_to_tensor(number).dtype == tf.Variable(number).dtype == kind


def test_exceptions_of_scripts_are_caught():
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.matmul(tf.zeros([2, 3]), tf.zeros([2, 3]))
    with pytest.raises(tf.errors.OutOfRangeError):
        next(iter(tf.data.Dataset.range(0)))
    with pytest.raises(tf.errors.NotFoundError):
        tf.io.read_file("/no/such/file")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tf.nn.pool(IMAGE, [2, 2], "MIN"), "pooling_type 'MAX' or 'AVG'; received 'MIN'"),
        (lambda: tf.nn.pool(IMAGE, [2, 2], "MAX", dilations=[2, 2]), "no dilations"),
        (lambda: tf.nn.convolution(IMAGE, np.zeros((3, 3))), "filters of 3 to 5 axes; received 2"),
        (lambda: tf.nn.log_poisson_loss([1.0], [1.0], True), "compute_full_loss"),
        (lambda: tf.nn.conv1d_transpose(IMAGE[0], IMAGE[0], [9, 8, 9], 1, data_format="NCW"), "'NWC'"),
        (lambda: tf.image.extract_patches(IMAGE, [1, 2, 2, 1], [1] * 4, [1, 2, 1, 1], "SAME"), "one rate"),
        (lambda: tf.image.image_gradients(IMAGE[0]), "batch of images"),
        (lambda: tf.linalg.set_diag(IMAGE[0, 0], [1.0]), r"shape \(3,\)"),
        (lambda: tf.linalg.tensor_diag_part(IMAGE[0]), "equal halves"),
        (lambda: tf.dynamic_partition([1, 2], [0, 5], 2), "0 to 1"),
        (lambda: tf.dynamic_stitch([[0, 1]], [[1]]), "a place for each row"),
    ],
)
def test_bad_calls(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_data_sets_by_early_names(tmp_path):
    experimental = tf.data.experimental
    drawn = [int(x) for x in experimental.RandomDataset(seed=3).take(300)]
    assert drawn == [int(x) for x in tf.data.Dataset.random(seed=3).take(300)]
    assert len(set(drawn)) > 290 and min(drawn) >= 0 and 2**31 < max(drawn) < 2**32
    again = tf.data.Dataset.random(seed=3, rerandomize_each_iteration=True).take(3)
    assert [int(x) for x in again] != [int(x) for x in again]
    experimental.TFRecordWriter(str(tmp_path / "a"), "GZIP").write(tf.data.Dataset.from_tensor_slices(["x", "yz"]))
    assert list(tf.data.TFRecordDataset(str(tmp_path / "a"), "GZIP").as_numpy_iterator()) == [b"x", b"yz"]
    experimental.save(tf.data.Dataset.range(3), str(tmp_path / "b"))
    assert [int(x) for x in experimental.load(str(tmp_path / "b"))] == [0, 1, 2]
    with pytest.raises(AttributeError, match=r"experimental\.dense_to_ragged_batch: .*use Dataset\.padded_batch"):
        _ = experimental.dense_to_ragged_batch


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: o.LinearOperatorFullMatrix([1.0]), "expected matrix with 2 axes or more"),
        (lambda o: o.LinearOperatorDiag([1.0, 2.0]).matvec([1.0]), r"LinearOperatorDiag.matmul: expected 2 rows"),
        (lambda o: o.LinearOperatorFullMatrix([[1.0, 2.0]]).solvevec([1.0]), "square operator that is not singular"),
        (lambda o: o.LinearOperatorFullMatrix([[1.0]]).cholesky(), "expected is_positive_definite=True"),
        (lambda o: o.LinearOperatorLowerTriangular([[1.0]]).eigvals(), "expected is_self_adjoint=True"),
        (lambda o: o.LinearOperatorIdentity(2, is_square=False), "only true statements"),
        (lambda o: o.LinearOperatorDiag([1.0], False, is_positive_definite=True), "expected is_non_singular=True"),
    ],
)
def test_mistakes_with_operators(make, message):
    with pytest.raises(GradMillError, match=message):
        make(tf.linalg)
