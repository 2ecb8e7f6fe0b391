"""Tensors, shapes, dtypes, variables, tapes and compiled functions under TensorFlow's names."""

import numpy as np
import pytest

import gradmill as gm
import gradmill.tensorflow as tf
from gradmill.errors import ArgumentError, ShapeError, UnsupportedError


def test_shapes_are_tuples_with_methods():
    x = tf.zeros([2, 3])
    assert x.shape == (2, 3) and isinstance(x.shape, tuple)
    assert x.shape.as_list() == x.get_shape().as_list() == [2, 3]
    assert (x.shape.rank, x.shape.ndims, x.shape.num_elements()) == (2, 2, 6)
    assert [7] + x.shape[1:] == (7, 3) and x.shape[:1].as_list() == [2]
    unknown = tf.keras.Input((4,)).shape
    assert unknown.as_list() == [None, 4] and not unknown.is_fully_defined() and unknown.num_elements() is None
    assert unknown.is_compatible_with([8, 4]) and not unknown.is_compatible_with([8, 5])
    x.set_shape([None, 3])
    with pytest.raises(ShapeError, match=r"\(None, 4\).*\(2, 3\)"):
        x.set_shape([None, 4])
    with pytest.raises(ShapeError, match="TensorShape: expected a sequence of sizes; received 'ab'"):
        tf.TensorShape("ab")


def test_dtypes():
    x = tf.constant([1, 2])
    assert x.dtype == tf.int32 == "int32" and x.dtype.is_integer and not x.dtype.is_floating
    assert x.dtype.as_numpy_dtype is np.int32 and np.zeros(2, tf.float64).dtype == np.float64
    assert tf.as_dtype(np.float32) is tf.float32 and tf.uint8.max == 255 and tf.float16.size == 2
    assert tf.bfloat16.name == "bfloat16" and tf.as_dtype("string") is tf.string
    assert tf.Variable(np.array(1.0)).dtype is tf.float64
    assert tf.keras.Input((2,), dtype=tf.int64).dtype == tf.int64
    assert x.dtype == np.int32 and x.dtype in (np.int64, np.int32) and x.dtype != np.int64 and np.int32 == x.dtype
    assert tf.float32 != tf.string and tf.float32 != 3 and object not in (tf.float32,) and float in (tf.float32,)
    assert tf.as_dtype(np.complex64) is tf.complex64 and tf.complex128.real_dtype is tf.float64
    assert tf.int8.limits == (-128, 127) and tf.complex64.is_complex and not tf.int8.is_complex


def test_specs_know_what_tensors_know():
    pairs = tf.data.Dataset.from_tensor_slices((np.zeros((10, 4, 3), "float32"), np.arange(10)))
    images, labels = pairs.batch(4).element_spec
    assert images.shape.as_list() == [None, 4, 3] and labels.shape.rank == 1
    assert images.dtype.is_floating and labels.dtype is tf.int64
    assert tf.TensorSpec([2], np.int32).dtype is tf.int32 and tf.TensorSpec(None, tf.string).shape is None
    assert tf.TensorSpec([2], np.int32) == tf.TensorSpec((2,), "int32")


def test_arrays_and_tensors_in_numpy():
    x = tf.constant([1.0, 4.0])
    assert isinstance(np.sqrt(x), np.ndarray) and np.sqrt(x).tolist() == [1.0, 2.0]
    assert isinstance(np.ones(2, "float32") + x, tf.Tensor)
    assert (np.float32(3.0) * x).numpy().tolist() == [3.0, 12.0]
    assert {x.ref(): "x"}[x.ref()] == "x" and x.ref().deref() is x


def test_variables():
    v = tf.Variable([1.0, 2.0], False, name="v")
    assert not v.trainable and v.name == "v"
    assert v.assign_add([1.0, 1.0], read_value=False).numpy().tolist() == [2.0, 3.0]
    assert v.assign([5.0, 6.0], name="assign").read_value().numpy().tolist() == [5.0, 6.0]
    assert tf.identity(v).numpy().tolist() == [5.0, 6.0]
    layer = gm.layers.Dense(1)
    layer.build((None, 2))
    assert isinstance(layer.kernel, tf.Variable) and not isinstance(tf.constant(1), tf.Variable)


def test_tapes():
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    assert float(tape.gradient(y, x)) == 6.0
    assert tape.watched_variables() == [x]
    with pytest.raises(UnsupportedError, match="persistent=True"):
        tape.gradient(y, x)
    with tf.GradientTape(persistent=True) as tape:
        y, z = x * x, x * 5.0
    assert [float(tape.gradient(each, x)) for each in (y, z)] == [6.0, 5.0]
    other = tf.Variable(1.0)
    assert tape.gradient(y, other) is None
    assert float(tape.gradient(y, other, unconnected_gradients=tf.UnconnectedGradients.ZERO)) == 0.0


def test_jacobians():
    a = np.arange(6, dtype="float32").reshape(2, 3)
    x, w = tf.constant(a), tf.Variable(np.ones((3, 2), "float32"))
    with tf.GradientTape() as tape:
        y = tf.matmul(x, w)
    found = tape.jacobian(y, w).numpy()
    assert found.shape == (2, 2, 3, 2)
    np.testing.assert_array_equal(found, np.einsum("bi,jk->bjik", a, np.eye(2)))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.square(x)[:, :2]
    np.testing.assert_array_equal(tape.batch_jacobian(y, x).numpy(), [2 * np.diag(row)[:2] for row in a])
    assert tape.watched_variables() == []


def test_functions():
    traces = []

    @tf.function(jit_compile=True, reduce_retracing=True, input_signature=[tf.TensorSpec([None], tf.float32)])
    def double(x):
        traces.append(1)
        return x + x

    assert double(tf.constant([1.0])).numpy().tolist() == double(tf.constant([1.0])).numpy().tolist() == [2.0]
    assert len(traces) == 1
    x = tf.Variable([3.0])
    with tf.GradientTape() as tape:
        y = double(x * x)
    assert tape.gradient(y, x).numpy().tolist() == [12.0]
    with pytest.raises(ArgumentError, match="tf.function: expected one of .*; received 'jit'"):
        tf.function(jit=True)
    with pytest.raises(ArgumentError, match="callable; received int"):
        tf.function(3)


def test_functions_that_need_values_run_op_by_op():
    @tf.function
    def positive(x):
        return x if tf.reduce_sum(x) > 0 else -x

    with pytest.warns(UserWarning, match="positive looks at values of tensors"):
        assert float(positive(tf.constant(-2.0))) == 2.0
    assert float(positive(tf.constant(3.0))) == 3.0

    @tf.function
    def wrong(x):
        return tf.matmul(x, x)

    with pytest.raises(ShapeError, match="matmul"):
        wrong(tf.ones([2, 3]))


def test_functions_run_eagerly_when_told():
    seen = []
    step = tf.function(lambda x: seen.append(tf.executing_eagerly()) or x)
    step(tf.constant(1.0))
    tf.config.run_functions_eagerly(True)
    step(tf.constant(1.0))
    tf.config.run_functions_eagerly(False)
    assert seen == [False, True] and not tf.config.functions_run_eagerly()


def test_print(capsys):
    tf.print("loss:", tf.constant([1.0, 2.5]), 3, sep=" | ")
    assert capsys.readouterr().err == "loss: | [1.  2.5] | 3\n"


def test_random_streams():
    tf.random.set_seed(7)
    first = [tf.random.uniform([2]).numpy().tolist(), tf.random.normal([2], seed=1).numpy().tolist()]
    assert tf.random.normal([2], seed=1).numpy().tolist() != first[1]
    tf.random.set_seed(7)
    assert [tf.random.uniform([2]).numpy().tolist(), tf.random.normal([2], seed=1).numpy().tolist()] == first
    whole = tf.random.uniform([500], minval=-3, maxval=4, dtype=tf.int32).numpy()
    assert whole.dtype == np.int32 and whole.min() == -3 and whole.max() == 3
    same = [tf.random.stateless_normal([3], seed=[1, 2]).numpy().tolist() for _ in range(2)]
    assert same[0] == same[1] != tf.random.stateless_normal([3], seed=[2, 1]).numpy().tolist()
    generator = tf.random.Generator.from_seed(3)
    assert generator.normal([2]).numpy().tolist() != generator.normal([2]).numpy().tolist()


def test_candidates_follow_zipfs_law():
    def draw(count, **options):
        options = {"num_true": 1, "range_max": 50, "seed": 5, "unique": False, **options}
        drawn, *expected = tf.random.log_uniform_candidate_sampler([[3]], num_sampled=count, **options)
        return drawn.numpy(), [each.numpy() for each in expected]

    drawn, (of_true, of_drawn) = draw(4000)
    shares = np.log((np.arange(50) + 2) / (np.arange(50) + 1)) / np.log(51)
    np.testing.assert_allclose(shares.sum(), 1.0)
    np.testing.assert_allclose(np.bincount(drawn, minlength=50) / 4000, shares, atol=0.03)
    np.testing.assert_allclose(of_true, [[4000 * shares[3]]], rtol=1e-5)
    np.testing.assert_allclose(of_drawn, 4000 * shares[drawn], rtol=1e-5)
    assert sorted(draw(50, unique=True)[0]) == list(range(50))
    with pytest.raises(gm.errors.ArgumentError, match="num_sampled must be at most range_max=50"):
        draw(51, unique=True)


def test_random_images():
    image = tf.constant(np.arange(5 * 6 * 3, dtype="uint8").reshape(5, 6, 3))
    crop = tf.image.random_crop(image, [3, 2, 3], seed=1).numpy()
    top, left = divmod(int(crop[0, 0, 0]) // 3, 6)
    np.testing.assert_array_equal(crop, image.numpy()[top : top + 3, left : left + 2])
    flips = {tuple(tf.image.random_flip_left_right(image).numpy()[0, 0]) for _ in range(40)}
    assert flips == {(0, 1, 2), (15, 16, 17)}
    for change in (tf.image.random_hue, tf.image.random_brightness):
        assert change(image, 0.1).dtype == tf.uint8
    for change in (tf.image.random_contrast, tf.image.random_saturation):
        assert change(image, 0.5, 1.5).shape == (5, 6, 3)
    with pytest.raises(ShapeError, match=r"random_crop: expected at most \(5, 6, 3\); received \(9, 2, 3\)"):
        tf.image.random_crop(image, [9, 2, 3])


def test_image_files(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 256, (4, 5, 3)).astype("uint8")
    path = str(tmp_path / "folder" / "a.png")
    tf.io.write_file(path, tf.io.encode_png(pixels))
    contents = tf.io.read_file(path)
    np.testing.assert_array_equal(tf.io.decode_png(contents), pixels)
    assert tf.image.decode_image(contents, channels=1, dtype=tf.float32).shape == (4, 5, 1)
    assert tf.io.decode_jpeg(tf.io.encode_jpeg(pixels), channels=3).shape == (4, 5, 3)
    with pytest.raises(ArgumentError, match="decode_image: expected the bytes of an image"):
        tf.io.decode_image(b"no image")
    with pytest.raises(ArgumentError, match="encode_png: expected uint8 pixels .*; received float64"):
        tf.io.encode_png(np.zeros((2, 2, 3)))


def test_modules():
    class Inner(tf.Module):
        def __init__(self):
            super().__init__()
            self.w = tf.Variable(1.0)

    class Outer(tf.Module):
        def __init__(self):
            super().__init__(name="outer")
            self.parts = {"a": Inner(), "b": [tf.Variable(2.0, trainable=False)]}
            self.again = self.parts["a"].w

    outer = Outer()
    assert outer.name == "outer" and Inner().name == "inner"
    assert (len(outer.variables), len(outer.trainable_variables), len(outer.non_trainable_variables)) == (2, 1, 1)
    assert len(outer.submodules) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tf.debugging.assert_equal([1, 2], [1, 3], "sizes"), "assert_equal: .*sizes"),
        (lambda: tf.debugging.check_numerics(tf.constant([1.0, np.nan]), "loss"), "check_numerics: .*nan.*loss"),
        (lambda: tf.debugging.Assert(False, [tf.constant(3)]), "Assert: .*3"),
        (lambda: tf.debugging.assert_shapes([(tf.ones([2, 3]), ("n", "n"))]), r"n=2; received \(2, 3\)"),
        (
            lambda: tf.nn.conv2d(np.ones((1, 4, 4, 1)), np.ones((3, 3, 1, 1)), [2, 1, 1, 1], "SAME"),
            "batch and channels",
        ),
        (lambda: tf.nn.conv2d(np.ones((1, 4, 4, 1)), np.ones((3, 3, 1, 1)), 1, "HALF"), "'SAME', 'VALID' or pairs"),
        (lambda: tf.split(tf.ones([5]), [2, 2]), "tf.split: expected sizes that sum to 5"),
        (lambda: tf.gather(tf.ones([2, 2, 2]), [[0]], batch_dims=2), "batch_dims=2"),
        (lambda: tf.config.set_visible_devices(["GPU:0"]), "list_physical_devices; received 'GPU:0'"),
        (lambda: tf.image.resize(np.ones(3), (2, 2)), r"tf.image.resize: .*received shape \(3,\)"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_devices():
    assert tf.config.list_physical_devices("GPU") == [] and tf.config.list_physical_devices()[0].device_type == "CPU"
    before = tf.config.threading.get_intra_op_parallelism_threads()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    assert gm.config.get_threads() == 1
    tf.config.threading.set_intra_op_parallelism_threads(before)
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    with strategy.scope(), tf.device("/gpu:0"):
        result = strategy.run(lambda x: x + 1.0, args=(tf.constant([1.0, 3.0]),))
    assert float(strategy.reduce(tf.distribute.ReduceOp.MEAN, result, axis=0)) == 3.0


def test_strided_slices():
    x = np.arange(24).reshape(4, 6)
    np.testing.assert_array_equal(tf.strided_slice(x, [0, 5], [4, 0], [2, -2]).numpy(), x[0:4:2, 5:0:-2])
    np.testing.assert_array_equal(tf.strided_slice(x, [1], [3]).numpy(), x[1:3])


def test_one_number_is_a_number():
    names = {1: "one", 2: "two"}
    element = next(iter(tf.data.Dataset.from_tensor_slices(np.array([2, 1]))))
    assert names[element.numpy()] == "two" and names[tf.Variable(1).numpy()] == "one"
    assert type(tf.reduce_sum(tf.ones([2])).numpy()) is np.float32 and type(tf.ones([1]).numpy()) is np.ndarray
    loss = tf.constant(2.5)
    assert (f"{loss}", f"{loss:.3f}", f"{tf.constant([1, 2])}") == ("2.5", "2.500", "[1 2]")
    shown = []
    tf.function(lambda x: shown.append(f"{x}"))(loss)
    assert "traced" in shown[0]


def test_what_is_computed_of_sizes_may_be_a_size():
    @tf.function
    def parts(x):
        batch = tf.shape(x)[0]
        sizes = tf.concat([tf.expand_dims(batch, -1), tf.constant([1, 2], dtype=tf.int32)], axis=0)
        return {
            "tile": tf.tile(x[:1], sizes),
            "flat": tf.reshape(x, [batch, tf.reduce_prod(tf.shape(x)[1:])]),
            "product": tf.ones([tf.multiply(tf.shape(x)[1], 2) + tf.maximum(batch - 5, 1)]),
            "gather": tf.reshape(x, tf.gather(tf.shape(x), [2, 0, 1])),
            "slice": tf.slice(x, [0, 0, 0], tf.stack([batch // 2, -1, tf.constant(2)])),
            "scale": x / tf.sqrt(tf.cast(tf.shape(x)[-1], tf.float32)),
            "number": tf.constant(3) * tf.cast(x, tf.int32),
        }

    x = np.arange(24, dtype="float32").reshape(2, 3, 4)
    found = parts(tf.constant(x))
    assert found["flat"].shape == (2, 12) and found["product"].shape == (7,)
    np.testing.assert_array_equal(found["tile"], np.tile(x[:1], [2, 1, 2]))
    np.testing.assert_array_equal(found["gather"], x.reshape(4, 2, 3))
    np.testing.assert_array_equal(found["slice"], x[:1, :, :2])
    np.testing.assert_array_equal(found["scale"], x / 2)
    np.testing.assert_array_equal(found["number"], x.astype("int32") * 3)
