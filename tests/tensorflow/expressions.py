"""Expressions in TensorFlow's names, which TensorFlow and this package have to give the same values.

`python tests/tensorflow/expressions.py` with TensorFlow installed writes its values to tests/golden/tensorflow.
"""

from pathlib import Path

import numpy as np

RECORDED = Path(__file__).resolve().parents[1] / "golden" / "tensorflow" / "expressions.npz"

generator = np.random.default_rng(5)
A = generator.normal(size=(3, 4)).astype("float32")
B = generator.normal(size=(4, 2)).astype("float32")
P = generator.uniform(0.1, 0.9, size=(3, 4)).astype("float32")
LABELS = np.array([1, 0, 3])
X = generator.normal(size=(2, 7, 6, 3)).astype("float32")
K = generator.normal(size=(3, 3, 3, 4)).astype("float32")
KT = generator.normal(size=(3, 3, 5, 3)).astype("float32")
KD = generator.normal(size=(3, 3, 3, 2)).astype("float32")
KP = generator.normal(size=(1, 1, 6, 4)).astype("float32")
K1 = generator.normal(size=(3, 3, 4)).astype("float32")
IMAGE = generator.integers(0, 256, size=(9, 7, 3)).astype("uint8")
RGB = (IMAGE / 255).astype("float32")
N = np.array([[3, 1, 2], [0, 5, 4]])

TEXTS = np.array(["Hello World", " ÄÖ foo ", "bloom"], dtype=object)


def letters(text):
    """Text and its shape as numbers, which can be compared like the others."""
    array = np.asarray(text.numpy(), dtype=object)
    return np.frombuffer(repr((array.shape, array.ravel().tolist())).encode(), "uint8")


def filled_array(tf):
    array = tf.TensorArray(tf.float32, size=2, dynamic_size=True)
    for place in tf.range(3):
        array = array.write(place, tf.cast(place, tf.float32) * 1.5)
    return array


def batch_jacobian(tf):
    x = tf.constant(A)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.stack([tf.reduce_sum(x * x, axis=1), x[:, 0] * x[:, 1]], axis=1)
    return tape.batch_jacobian(y, x)


EXPRESSIONS = {
    "constant": lambda tf: tf.constant([[1, 2], [3, 4]], dtype=tf.float32, shape=(4, 1)),
    "constant one": lambda tf: tf.constant(2.5, shape=[2, 3]),
    "zeros": lambda tf: tf.zeros([2, 3], tf.int32),
    "ones": lambda tf: tf.ones(shape=(2,), dtype=tf.dtypes.float64),
    "fill": lambda tf: tf.fill([2, 2], 7),
    "eye": lambda tf: tf.eye(2, num_columns=3, batch_shape=[2]),
    "range": lambda tf: tf.range(5),
    "range step": lambda tf: tf.range(3, 18, 3),
    "range floats": lambda tf: tf.range(0.0, 1.0, delta=0.25),
    "linspace": lambda tf: tf.linspace(10.0, 12.0, 3),
    "cast": lambda tf: tf.cast(A, tf.int32),
    "cast bool": lambda tf: tf.cast(tf.greater(A, 0), "float32"),
    "saturate_cast": lambda tf: tf.saturate_cast(tf.constant([-5.0, 300.0, 7.6]), tf.uint8),
    "reshape": lambda tf: tf.reshape(A, shape=[-1, 2]),
    "reshape tensor": lambda tf: tf.reshape(A, tf.stack([2, tf.size(A) // 2])),
    "concat": lambda tf: tf.concat([A, A], axis=-1),
    "concat values": lambda tf: tf.concat(values=[A, A], axis=0),
    "stack": lambda tf: tf.stack([A, A], axis=1),
    "unstack": lambda tf: tf.unstack(A)[1],
    "split": lambda tf: tf.split(A, 2, axis=1)[1],
    "split sizes": lambda tf: tf.split(A, [1, -1], 1)[1],
    "tile": lambda tf: tf.tile(A, [1, 2]),
    "repeat": lambda tf: tf.repeat(A, repeats=2, axis=0),
    "pad": lambda tf: tf.pad(A, [[1, 1], [0, 2]]),
    "pad value": lambda tf: tf.pad(A, tf.constant([[1, 1], [0, 2]]), "CONSTANT", constant_values=3.0),
    "pad reflect": lambda tf: tf.pad(A, [[1, 1], [2, 0]], "REFLECT"),
    "reverse": lambda tf: tf.reverse(A, axis=[0, 1]),
    "roll": lambda tf: tf.roll(A, shift=1, axis=0),
    "transpose": lambda tf: tf.transpose(X, perm=[0, 3, 1, 2]),
    "transpose all": lambda tf: tf.transpose(A),
    "expand_dims": lambda tf: tf.expand_dims(A, axis=1),
    "squeeze": lambda tf: tf.squeeze(A[None], axis=[0]),
    "broadcast_to": lambda tf: tf.broadcast_to(A[0], [2, 4]),
    "shape": lambda tf: tf.shape(A),
    "size": lambda tf: tf.size(A),
    "rank": lambda tf: tf.rank(X),
    "one_hot": lambda tf: tf.one_hot(LABELS, depth=4),
    "one_hot values": lambda tf: tf.one_hot([0, 2, -1], 3, on_value=5.0, off_value=-1.0, axis=0),
    "one_hot dtype": lambda tf: tf.one_hot(tf.cast(LABELS, tf.int32), 4, dtype=tf.int32),
    "where": lambda tf: tf.where(A > 0, A, tf.zeros_like(A)),
    "where places": lambda tf: tf.where(A > 0),
    "gather": lambda tf: tf.gather(A, [2, 0]),
    "gather axis": lambda tf: tf.gather(A, [3, 1], axis=1),
    "gather batch": lambda tf: tf.gather(A, [[0, 1], [1, 1], [3, 0]], batch_dims=1),
    "gather_nd": lambda tf: tf.gather_nd(A, [[0, 1], [2, 3]]),
    "gather_nd rows": lambda tf: tf.gather_nd(A, [[2], [0]]),
    "scatter_nd": lambda tf: tf.scatter_nd([[1], [3], [1]], [1.0, 2.0, 3.0], [5]),
    "scatter update": lambda tf: tf.tensor_scatter_nd_update(tf.zeros([4]), [[1], [2]], [5.0, 6.0]),
    "scatter add": lambda tf: tf.tensor_scatter_nd_add(tf.ones([4]), [[1], [1]], [5.0, 6.0]),
    "boolean_mask": lambda tf: tf.boolean_mask(A, np.array([True, False, True])),
    "boolean_mask matrix": lambda tf: tf.boolean_mask(A, A > 0),
    "slice": lambda tf: tf.slice(A, [1, 0], [-1, 2]),
    "sort": lambda tf: tf.sort(A, direction="DESCENDING"),
    "argsort": lambda tf: tf.argsort(A, axis=0),
    "unique": lambda tf: tf.unique([4, 1, 4, 2, 1])[0],
    "unique places": lambda tf: tf.unique([4, 1, 4, 2, 1])[1],
    "sequence_mask": lambda tf: tf.sequence_mask([1, 3, 2], 5),
    "sequence_mask floats": lambda tf: tf.sequence_mask([1, 3, 2], dtype=tf.float32),
    "searchsorted": lambda tf: tf.searchsorted([1.0, 2.0, 3.0], [0.5, 2.0, 9.0]),
    "meshgrid": lambda tf: tf.meshgrid([1, 2, 3], [4, 5])[0],
    "add": lambda tf: tf.add(x=A, y=1.0),
    "divide": lambda tf: tf.divide(A, P),
    "pow": lambda tf: tf.pow(P, 3.0),
    "squared_difference": lambda tf: tf.math.squared_difference(A, P),
    "divide_no_nan": lambda tf: tf.math.divide_no_nan(A, tf.constant([0.0, 1.0, 2.0, 0.0])),
    "multiply_no_nan": lambda tf: tf.math.multiply_no_nan(A, tf.constant([0.0, 1.0, 2.0, 0.0])),
    "xlogy": lambda tf: tf.math.xlogy(tf.constant([0.0, 2.0]), tf.constant([0.0, 3.0])),
    "floormod": lambda tf: tf.math.floormod(tf.constant([-7, 7]), 3),
    "add_n": lambda tf: tf.add_n([A, A, P]),
    "erf": lambda tf: tf.math.erf(A),
    "log_sigmoid": lambda tf: tf.math.log_sigmoid(A),
    "reduce_mean": lambda tf: tf.reduce_mean(A, axis=1, keepdims=True),
    "reduce_mean integers": lambda tf: tf.reduce_mean(N),
    "reduce_sum": lambda tf: tf.reduce_sum(input_tensor=A, axis=[0, 1]),
    "reduce_max": lambda tf: tf.reduce_max(A, 0),
    "reduce_prod": lambda tf: tf.reduce_prod(A, axis=-1),
    "reduce_any": lambda tf: tf.reduce_any(A > 1, axis=1),
    "reduce_all": lambda tf: tf.reduce_all(A > -9),
    "reduce_logsumexp": lambda tf: tf.reduce_logsumexp(A, axis=1),
    "reduce_variance": lambda tf: tf.math.reduce_variance(A, axis=0),
    "reduce_std": lambda tf: tf.math.reduce_std(A),
    "argmax": lambda tf: tf.argmax(A, 1),
    "argmax default": lambda tf: tf.argmax(A),
    "argmin type": lambda tf: tf.math.argmin(A, axis=1, output_type=tf.int32),
    "cumsum": lambda tf: tf.cumsum(A, axis=1, exclusive=True, reverse=True),
    "count_nonzero": lambda tf: tf.math.count_nonzero(N, axis=1),
    "clip_by_value": lambda tf: tf.clip_by_value(A, clip_value_min=-0.5, clip_value_max=0.5),
    "clip_by_norm": lambda tf: tf.clip_by_norm(A, 1.0),
    "clip_by_norm small": lambda tf: tf.clip_by_norm(A, 100.0),
    "clip_by_global_norm": lambda tf: tf.clip_by_global_norm([A, B], 1.5)[0][1],
    "global_norm": lambda tf: tf.linalg.global_norm([A, B]),
    "l2_normalize": lambda tf: tf.math.l2_normalize(A, axis=1),
    "bincount": lambda tf: tf.math.bincount([1, 1, 3, 0], minlength=6),
    "confusion_matrix": lambda tf: tf.math.confusion_matrix([0, 1, 2, 1], [0, 2, 2, 1]),
    "top_k values": lambda tf: tf.math.top_k(A, k=2)[0],
    "top_k indices": lambda tf: tf.nn.top_k(A, 2)[1],
    "in_top_k": lambda tf: tf.math.in_top_k(LABELS, A, 2),
    "segment_sum": lambda tf: tf.math.segment_sum(A, tf.constant([0, 0, 1])),
    "unsorted_segment_sum": lambda tf: tf.math.unsorted_segment_sum(A, tf.constant([2, 0, 2]), 3),
    "zero_fraction": lambda tf: tf.math.zero_fraction(N),
    "matmul": lambda tf: tf.matmul(A, B),
    "matmul transposed": lambda tf: tf.linalg.matmul(B, A, transpose_a=True, transpose_b=True),
    "matvec": lambda tf: tf.linalg.matvec(A, B[:, 0]),
    "tensordot": lambda tf: tf.tensordot(A, B, axes=1),
    "einsum": lambda tf: tf.einsum("ij,jk->ki", A, B),
    "norm": lambda tf: tf.norm(A),
    "norm axis": lambda tf: tf.linalg.norm(A, ord=1, axis=1),
    "trace": lambda tf: tf.linalg.trace(A[:, :3]),
    "diag": lambda tf: tf.linalg.diag(A[:, 0]),
    "diag_part": lambda tf: tf.linalg.diag_part(A),
    "band_part": lambda tf: tf.linalg.band_part(A, 1, 0),
    "relu": lambda tf: tf.nn.relu(A),
    "leaky_relu": lambda tf: tf.nn.leaky_relu(A, alpha=0.1),
    "leaky_relu default": lambda tf: tf.nn.leaky_relu(A),
    "elu": lambda tf: tf.nn.elu(A),
    "gelu": lambda tf: tf.nn.gelu(A),
    "silu": lambda tf: tf.nn.swish(A),
    "softmax": lambda tf: tf.nn.softmax(A),
    "softmax axis": lambda tf: tf.nn.softmax(A, axis=0),
    "log_softmax": lambda tf: tf.nn.log_softmax(logits=A),
    "sparse cross entropy": lambda tf: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=LABELS, logits=A),
    "cross entropy": lambda tf: tf.nn.softmax_cross_entropy_with_logits(labels=P, logits=A),
    "sigmoid cross entropy": lambda tf: tf.nn.sigmoid_cross_entropy_with_logits(labels=P, logits=A),
    "weighted cross entropy": lambda tf: tf.nn.weighted_cross_entropy_with_logits(labels=P, logits=A, pos_weight=2.0),
    "l2_loss": lambda tf: tf.nn.l2_loss(A),
    "bias_add": lambda tf: tf.nn.bias_add(X, [1.0, 2.0, 3.0]),
    "moments": lambda tf: tf.nn.moments(X, axes=[0, 1, 2])[1],
    "batch_normalization": lambda tf: tf.nn.batch_normalization(A, A[0], P[0], P[1], P[2], 1e-3),
    "embedding_lookup": lambda tf: tf.nn.embedding_lookup(A, [[0, 2], [1, 1]]),
    "conv2d": lambda tf: tf.nn.conv2d(X, K, strides=[1, 2, 2, 1], padding="SAME"),
    "conv2d valid": lambda tf: tf.nn.conv2d(X, K, 1, "VALID", dilations=2),
    "conv2d pairs": lambda tf: tf.nn.conv2d(X, K, strides=1, padding=[[0, 0], [1, 2], [2, 1], [0, 0]]),
    "conv1d": lambda tf: tf.nn.conv1d(X[:, 0], K1, stride=1, padding="SAME"),
    "conv2d_transpose": lambda tf: tf.nn.conv2d_transpose(X, KT, [2, 14, 12, 5], strides=2, padding="SAME"),
    "conv2d_transpose odd": lambda tf: tf.nn.conv2d_transpose(X, KT, [2, 13, 11, 5], [1, 2, 2, 1], "SAME"),
    "conv2d_transpose valid": lambda tf: tf.nn.conv2d_transpose(X, KT, [2, 16, 13, 5], 2, padding="VALID"),
    "depthwise_conv2d": lambda tf: tf.nn.depthwise_conv2d(X, KD, strides=[1, 1, 1, 1], padding="SAME"),
    "separable_conv2d": lambda tf: tf.nn.separable_conv2d(X, KD, KP, strides=[1, 1, 1, 1], padding="VALID"),
    "max_pool2d": lambda tf: tf.nn.max_pool2d(X, ksize=2, strides=2, padding="SAME"),
    "max_pool": lambda tf: tf.nn.max_pool(X, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID"),
    "avg_pool": lambda tf: tf.nn.avg_pool2d(X, 3, 1, "SAME"),
    "resize": lambda tf: tf.image.resize(IMAGE, [12, 5]),
    "resize nearest": lambda tf: tf.image.resize(IMAGE, (4, 15), method="nearest"),
    "resize bicubic": lambda tf: tf.image.resize(IMAGE, (12, 15), tf.image.ResizeMethod.BICUBIC),
    "resize antialias": lambda tf: tf.image.resize(IMAGE, (4, 3), antialias=True),
    "resize ratio": lambda tf: tf.image.resize(IMAGE, (4, 20), preserve_aspect_ratio=True),
    "resize_with_pad": lambda tf: tf.image.resize_with_pad(IMAGE, 12, 12),
    "resize_with_crop_or_pad": lambda tf: tf.image.resize_with_crop_or_pad(IMAGE, 6, 10),
    "central_crop": lambda tf: tf.image.central_crop(IMAGE, 0.5),
    "crop_to_bounding_box": lambda tf: tf.image.crop_to_bounding_box(IMAGE, 1, 2, 4, 3),
    "pad_to_bounding_box": lambda tf: tf.image.pad_to_bounding_box(IMAGE, 1, 2, 14, 13),
    "flip_left_right": lambda tf: tf.image.flip_left_right(IMAGE),
    "flip_up_down": lambda tf: tf.image.flip_up_down(X),
    "rot90": lambda tf: tf.image.rot90(IMAGE),
    "rot90 thrice": lambda tf: tf.image.rot90(IMAGE, k=3),
    "image transpose": lambda tf: tf.image.transpose(IMAGE),
    "to floats": lambda tf: tf.image.convert_image_dtype(IMAGE, tf.float32),
    "to bytes": lambda tf: tf.image.convert_image_dtype(RGB, tf.uint8),
    "to shorts": lambda tf: tf.image.convert_image_dtype(IMAGE, tf.int32),
    "adjust_brightness": lambda tf: tf.image.adjust_brightness(RGB, 0.2),
    "adjust_brightness bytes": lambda tf: tf.image.adjust_brightness(IMAGE, 0.2),
    "adjust_contrast": lambda tf: tf.image.adjust_contrast(RGB, 1.7),
    "adjust_gamma": lambda tf: tf.image.adjust_gamma(RGB, 0.7, 1.1),
    "adjust_hue": lambda tf: tf.image.adjust_hue(RGB, 0.3),
    "adjust_saturation": lambda tf: tf.image.adjust_saturation(RGB, 0.6),
    "rgb_to_grayscale": lambda tf: tf.image.rgb_to_grayscale(RGB),
    "grayscale_to_rgb": lambda tf: tf.image.grayscale_to_rgb(tf.constant(RGB[..., :1])),
    "rgb_to_hsv": lambda tf: tf.image.rgb_to_hsv(RGB),
    "hsv_to_rgb": lambda tf: tf.image.hsv_to_rgb(RGB),
    "per_image_standardization": lambda tf: tf.image.per_image_standardization(IMAGE),
    "total_variation": lambda tf: tf.image.total_variation(tf.constant(RGB)),
    "psnr": lambda tf: tf.image.psnr(RGB, RGB * 0.9, 1.0),
    "backend mean": lambda tf: tf.keras.backend.mean(tf.constant(A), axis=-1),
    "backend dot": lambda tf: tf.linalg.matmul(tf.constant(A), tf.constant(B)),
    "map_fn": lambda tf: tf.map_fn(lambda row: row * 2.0 + 1.0, A),
    "while_loop": lambda tf: tf.while_loop(lambda i, s: i < 5, lambda i, s: (i + 1, s + i), (0, 0))[1],
    "cond": lambda tf: tf.cond(tf.reduce_sum(A) > 100.0, lambda: A, lambda: -A),
    "numpy_function": lambda tf: tf.numpy_function(lambda a, b: a @ b, [A, B], tf.float32),
    "py_function": lambda tf: tf.py_function(lambda a: [a * 2.0, a > 0.0], [A], [tf.float32, tf.bool])[1],
    "strings": lambda tf: tf.strings.to_number("3.5"),
    "length": lambda tf: tf.strings.length(TEXTS),
    "length characters": lambda tf: tf.strings.length(TEXTS, unit="UTF8_CHAR"),
    "lower": lambda tf: letters(tf.strings.lower(TEXTS)),
    "lower utf-8": lambda tf: letters(tf.strings.lower(TEXTS, encoding="utf-8")),
    "upper": lambda tf: letters(tf.strings.upper(TEXTS)),
    "strip": lambda tf: letters(tf.strings.strip(TEXTS)),
    "join": lambda tf: letters(tf.strings.join([TEXTS, "-", tf.constant(TEXTS)], separator="+")),
    "reduce_join": lambda tf: letters(tf.strings.reduce_join([["a", "b"], ["c", "d"]], axis=-1, separator=",")),
    "reduce_join all": lambda tf: letters(tf.strings.reduce_join([["a", "b"], ["c", "d"]])),
    "substr": lambda tf: letters(tf.strings.substr(["hello", "world"], -4, 3)),
    "substr characters": lambda tf: letters(tf.strings.substr(TEXTS, 1, 2, unit="UTF8_CHAR")),
    "regex_replace": lambda tf: letters(tf.strings.regex_replace(TEXTS, r"([a-z])o", r"<\1>")),
    "regex_replace once": lambda tf: letters(tf.strings.regex_replace("aaa", "a", "b", replace_global=False)),
    "regex_full_match": lambda tf: tf.strings.regex_full_match(["ab", "abc"], "a."),
    "as_string": lambda tf: letters(tf.strings.as_string([1, -20])),
    "as_string floats": lambda tf: letters(tf.strings.as_string([1.5, 2.0], precision=2)),
    "as_string plain": lambda tf: letters(tf.strings.as_string([1.5, 2.0])),
    "as_string bool": lambda tf: letters(tf.strings.as_string([True, False])),
    "as_string width": lambda tf: letters(tf.strings.as_string([7], width=3, fill="0")),
    "to_number many": lambda tf: tf.strings.to_number(["1", "20"], tf.int32),
    "format": lambda tf: letters(tf.strings.format("{} of {}", [tf.constant(3), tf.constant(4)])),
    "split text": lambda tf: letters(tf.strings.split("a b  c")),
    "split text sep": lambda tf: letters(tf.strings.split(["a,b", "c"], sep=",").to_tensor()),
    "bytes_split": lambda tf: letters(tf.strings.bytes_split("abc")),
    "unicode_split": lambda tf: letters(tf.strings.unicode_split("äb", "UTF-8")),
    "unicode_decode": lambda tf: tf.strings.unicode_decode(["äb", "c"], "UTF-8").to_tensor(),
    "string equal": lambda tf: tf.equal(tf.constant(["a", "b"]), "a"),
    "ragged": lambda tf: tf.ragged.constant([[1, 2], [], [3]]).to_tensor(default_value=-1),
    "ragged shape": lambda tf: tf.ragged.constant([[1.0, 2.0], [3.0]]).to_tensor(shape=[None, 3]),
    "ragged lengths": lambda tf: tf.ragged.constant([[1, 2], [], [3]]).row_lengths(),
    "ragged deep": lambda tf: tf.ragged.constant([[[1, 2], [3]], [], [[4]]]).to_tensor(),
    "ragged splits": lambda tf: tf.RaggedTensor.from_row_splits([5, 6, 7], [0, 2, 2, 3])[0],
    "ragged row": lambda tf: tf.RaggedTensor.from_row_lengths([5, 6, 7], [1, 2])[-1],
    "ragged rows": lambda tf: tf.ragged.constant([[1], [2, 3], [4, 5, 6]])[1:].to_tensor(),
    "ragged part": lambda tf: tf.ragged.constant([[1], [2, 3], [4, 5, 6]])[:, :2].to_tensor(),
    "ragged padding": lambda tf: tf.RaggedTensor.from_tensor([[1, 0, 2], [3, 0, 0]], padding=0).row_lengths(),
    "ragged values": lambda tf: tf.ragged.stack([tf.constant([1, 2]), tf.constant([3])]).flat_values,
    "ragged bounding": lambda tf: tf.ragged.constant([[1], [2, 3]]).bounding_shape(),
    "TensorArray": lambda tf: filled_array(tf).stack(),
    "TensorArray concat": lambda tf: tf.TensorArray(tf.float32, 2).unstack([[1.0, 2.0], [3.0, 4.0]]).concat(),
    "TensorArray gather": lambda tf: filled_array(tf).gather([2, 0]),
    "TensorArray size": lambda tf: filled_array(tf).size(),
    "shape while tracing": lambda tf: tf.function(
        lambda x: tf.reshape(x, tf.concat([tf.shape(x)[:1], [tf.shape(x)[1] // 2, 2]], 0))
    )(tf.constant(A)),
    "range while tracing": lambda tf: tf.function(lambda x: x * tf.cast(tf.range(tf.shape(x)[1]), tf.float32))(A),
    "index by a tensor": lambda tf: tf.constant(A)[1, tf.constant(2)],
    "index while tracing": lambda tf: tf.function(lambda x, i: x[..., i])(tf.constant(A), tf.constant(2)),
    "batch_jacobian": lambda tf: batch_jacobian(tf),
    "decode_raw": lambda tf: tf.io.decode_raw(b"\x01\x00\x02\x00", tf.int16),
}


def value_of(name, tf):
    """The value of an expression as a NumPy array."""
    return np.asarray(EXPRESSIONS[name](tf))


if __name__ == "__main__":
    import tensorflow

    RECORDED.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(RECORDED, **{name: value_of(name, tensorflow) for name in EXPRESSIONS})
