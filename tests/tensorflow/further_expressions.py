"""Expressions in TensorFlow's names: segments, further functions of tf.math, tf.nn, tf.image and tf.linalg.

`python tests/tensorflow/further_expressions.py` with TensorFlow installed writes its values to tests/golden/tensorflow.
"""

from pathlib import Path

import numpy as np

RECORDED = Path(__file__).resolve().parents[1] / "golden" / "tensorflow" / "further_expressions.npz"

generator = np.random.default_rng(6)
A = generator.normal(size=(5, 3)).astype("float32")
X = generator.normal(size=(2, 6, 8, 4)).astype("float32")
LINE = generator.normal(size=(2, 7, 3)).astype("float32")
K = generator.normal(size=(3, 3, 4, 5)).astype("float32")
K1 = generator.normal(size=(3, 3, 4)).astype("float32")
K1T = generator.normal(size=(3, 5, 3)).astype("float32")
RGB = generator.uniform(size=(2, 4, 5, 3)).astype("float32")
LOGITS = generator.normal(size=(2, 6, 4)).astype("float32")
IDS = np.array([0, 0, 1, 3, 3])
MIXED = np.array([2, 0, 2, 0, 1])
BITS = np.array([5, 12, 7], "int32")
ZEROS = np.array([0.0, 2.0, 0.0], "float32")
Y = np.array([0.0, 0.5, 3.0], "float32")

def packed(tf, value):
    """A tensor's bytes as numbers."""
    return np.frombuffer(tf.io.serialize_tensor(tf.constant(value)).numpy(), "uint8")


def parsed(tf):
    """Examples with different numbers of values, as places and values."""
    rows = [[1, 2, 3], [], [7]]
    examples = [
        tf.train.Example(
            features=tf.train.Features(feature={"x": tf.train.Feature(int64_list=tf.train.Int64List(value=row))})
        ).SerializeToString()
        for row in rows
    ]
    one = tf.io.parse_single_example(examples[0], {"x": tf.io.VarLenFeature(tf.int64)})["x"]
    found = tf.io.parse_example(examples, {"x": tf.io.VarLenFeature(tf.int64)})["x"]
    return tf.concat([tf.reshape(found.indices, [-1]), found.values, found.dense_shape, one.values, one.dense_shape], 0)


EXPRESSIONS = {
    "bytes of floats": lambda tf: packed(tf, A),
    "bytes of integers": lambda tf: packed(tf, np.arange(-3, 3)),
    "bytes of one number": lambda tf: packed(tf, np.float64(2.5)),
    "bytes of booleans": lambda tf: packed(tf, np.array([[True], [False]])),
    "bytes of nothing": lambda tf: packed(tf, np.zeros((2, 0), "float32")),
    "bytes of texts": lambda tf: packed(tf, [["a", "bcd"], ["", "e" * 200]]),
    "from bytes": lambda tf: tf.io.parse_tensor(tf.io.serialize_tensor(tf.constant(A)), tf.float32),
    "varying lengths": parsed,
    **{
        f"segment {kind}": lambda tf, kind=kind: getattr(tf.math, f"segment_{kind}")(A, IDS)
        for kind in ("mean", "prod")
    },
    "segment max": lambda tf: tf.math.segment_max(A, np.array([0, 0, 1, 2, 2])),
    "segment min": lambda tf: tf.math.segment_min(A, np.array([0, 0, 1, 2, 2])),
    **{
        f"unsorted segment {kind}": lambda tf, kind=kind: getattr(tf.math, f"unsorted_segment_{kind}")(A, MIXED, 3)
        for kind in ("max", "mean", "min", "prod", "sqrt_n", "sum")
    },
    "partition": lambda tf: tf.concat(tf.dynamic_partition(A, MIXED, 3), 0),
    "part": lambda tf: tf.dynamic_partition(A, MIXED, 3)[2],
    "stitch": lambda tf: tf.dynamic_stitch([[0, 2], [3, 1], [2]], [A[:2], A[2:4], A[4:]]),
    "cumulative_logsumexp": lambda tf: tf.math.cumulative_logsumexp(A, axis=1),
    "cumulative_logsumexp back": lambda tf: tf.math.cumulative_logsumexp(A, reverse=True),
    "reduce_euclidean_norm": lambda tf: tf.math.reduce_euclidean_norm(A, axis=0),
    "xdivy": lambda tf: tf.math.xdivy(ZEROS, Y),
    "xlog1py": lambda tf: tf.math.xlog1py(ZEROS, Y - 1),
    "reciprocal_no_nan": lambda tf: tf.math.reciprocal_no_nan(Y),
    "scalar_mul": lambda tf: tf.math.scalar_mul(2.5, tf.constant(A)),
    "rint": lambda tf: tf.math.rint(tf.constant([0.5, 1.5, -2.5, 2.4])),
    "invert_permutation": lambda tf: tf.math.invert_permutation(tf.constant([2, 0, 3, 1])),
    "is_non_decreasing": lambda tf: tf.math.is_non_decreasing(tf.constant([1, 1, 2])),
    "is_strictly_increasing": lambda tf: tf.math.is_strictly_increasing(tf.constant([1, 1, 2])),
    "erfc": lambda tf: tf.math.erfc(tf.constant(A)),
    "softmax": lambda tf: tf.math.softmax(A, axis=0),
    "bits": lambda tf: tf.bitwise.bitwise_xor(tf.bitwise.left_shift(BITS, 2), tf.bitwise.invert(BITS)),
    "set_diag": lambda tf: tf.linalg.set_diag(tf.constant(A), tf.constant([1.0, 2.0, 3.0])),
    "set_diag wide": lambda tf: tf.linalg.set_diag(tf.constant(A[:2]), tf.constant([1.0, 2.0])),
    "adjoint": lambda tf: tf.linalg.adjoint(tf.constant(A)),
    "matrix_rank": lambda tf: tf.linalg.matrix_rank(tf.constant(A[:, :1] @ A[:1])),
    "tensor_diag": lambda tf: tf.linalg.tensor_diag(tf.constant(A[:2, :2])),
    "tensor_diag_part": lambda tf: tf.linalg.tensor_diag_part(tf.constant(X[0, :3, :3, 0])),
    "convolution": lambda tf: tf.nn.convolution(X, K, strides=2, padding="SAME"),
    "convolution of a line": lambda tf: tf.nn.convolution(LINE, K1, dilations=2),
    "conv1d_transpose": lambda tf: tf.nn.conv1d_transpose(LINE, K1T, [2, 14, 5], 2),
    "conv1d_transpose valid": lambda tf: tf.nn.conv1d_transpose(LINE, K1T, [2, 15, 5], 2, "VALID"),
    "pool": lambda tf: tf.nn.pool(X, [2, 3], "MAX", strides=[2, 1], padding="SAME"),
    "pool mean": lambda tf: tf.nn.pool(X, [2, 2], "AVG"),
    "depth_to_space": lambda tf: tf.nn.depth_to_space(X, 2),
    "space_to_depth": lambda tf: tf.nn.space_to_depth(X, 2),
    "lrn": lambda tf: tf.nn.local_response_normalization(X, 2, bias=1.5, alpha=0.3, beta=0.75),
    "crelu": lambda tf: tf.nn.crelu(A),
    "log_poisson_loss": lambda tf: tf.nn.log_poisson_loss(tf.constant(A) ** 2, tf.constant(A)),
    "ctc_loss": lambda tf: tf.nn.ctc_loss(
        tf.constant([[1, 2, 1], [3, 0, 0]]), tf.constant(LOGITS), tf.constant([3, 1]), tf.constant([6, 5]),
        logits_time_major=False, blank_index=0,
    ),
    "ctc_loss of steps": lambda tf: tf.nn.ctc_loss(
        tf.constant([[1, 2, 1], [0, 2, 2]]), tf.transpose(tf.constant(LOGITS), [1, 0, 2]), tf.constant([3, 2]),
        tf.constant([6, 6]), blank_index=-1,
    ),
    "compute_average_loss": lambda tf: tf.nn.compute_average_loss(A[:, 0], sample_weight=A[:, 1], global_batch_size=8),
    "rgb_to_yuv": lambda tf: tf.image.rgb_to_yuv(RGB),
    "yuv_to_rgb": lambda tf: tf.image.yuv_to_rgb(RGB),
    "rgb_to_yiq": lambda tf: tf.image.rgb_to_yiq(RGB),
    "yiq_to_rgb": lambda tf: tf.image.yiq_to_rgb(RGB),
    "extract_patches": lambda tf: tf.image.extract_patches(X, [1, 3, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "VALID"),
    "extract_patches same": lambda tf: tf.image.extract_patches(X, [1, 3, 3, 1], [1, 2, 3, 1], [1, 1, 1, 1], "SAME"),
    "gradients down": lambda tf: tf.image.image_gradients(tf.constant(X))[0],
    "gradients right": lambda tf: tf.image.image_gradients(tf.constant(X))[1],
    "ensure_shape": lambda tf: tf.ensure_shape(tf.constant(A), [None, 3]),
}  # fmt: skip


def value_of(name, tf):
    """The value of an expression as a NumPy array."""
    return np.asarray(EXPRESSIONS[name](tf))


if __name__ == "__main__":
    import tensorflow

    np.savez_compressed(RECORDED, **{name: value_of(name, tensorflow) for name in EXPRESSIONS})
