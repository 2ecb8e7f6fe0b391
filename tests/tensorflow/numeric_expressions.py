"""Further expressions in TensorFlow's names, of numbers and of parts of images; see expressions.py.

`python tests/tensorflow/numeric_expressions.py` with TensorFlow installed writes its values to tests/golden/tensorflow.
"""

from pathlib import Path

import numpy as np

RECORDED = Path(__file__).resolve().parents[1] / "golden" / "tensorflow" / "numeric_expressions.npz"

generator = np.random.default_rng(6)
A = generator.normal(size=(3, 4)).astype("float32")
N = generator.integers(1, 5, size=(2, 3, 3)).astype("int32")
PHOTO = generator.uniform(size=(2, 24, 31, 3)).astype("float32")
OTHER = np.clip(PHOTO + 0.2 * generator.normal(size=PHOTO.shape), 0, 1).astype("float32")
BYTES = (PHOTO * 255).astype("uint8")
LARGE = np.repeat(np.repeat(PHOTO, 8, 1), 7, 2)[:, :181, :199, :2]
ROUGH = np.clip(LARGE + 0.1 * generator.normal(size=LARGE.shape), 0, 1).astype("float32")
BOXES = generator.uniform(-0.2, 1.2, size=(2, 12, 4)).astype("float32")
BOXES[0, :2] = [[0, 0, 1, 1], [0.3, 0.2, 0.8, 0.9]]
COLORS = generator.uniform(size=(3, 3)).astype("float32")
PLACES = np.concatenate([low := generator.uniform(0, 8, (40, 2)), low + generator.uniform(-1, 5, (40, 2))], 1)
PLACES = PLACES.astype("float32")
# Poles and ends first, then both sides of where one way to compute hands over to another.
GAMMAS = [0, -1, -2, np.nan, -3.5, -0.25, -7.75, 1e-3, 0.5, 1, 1.46, 1.5, 2, 2.5, 3.2, 6.7, 9.99, 10, 11.5, 300]
GAMMAS = np.array(GAMMAS, "float32")
SCORES = np.round(generator.uniform(size=40), 1).astype("float32")  # some are equal


def gradient_of(tf, function, *values):
    """Gradients of the sum of a function's squared values, all in one row."""
    tensors = [tf.constant(each) for each in values]
    with tf.GradientTape() as tape:
        for each in tensors:
            tape.watch(each)
        total = tf.reduce_sum(function(*tensors) ** 2)
    return np.concatenate([np.ravel(each) for each in tape.gradient(total, tensors)])


EXPRESSIONS = {
    "cumprod": lambda tf: tf.math.cumprod(tf.constant(A)),
    "cumprod exclusive": lambda tf: tf.math.cumprod(tf.constant(A), axis=1, exclusive=True),
    "cumprod reverse": lambda tf: tf.math.cumprod(tf.constant(N), axis=-1, reverse=True),
    "cumprod both": lambda tf: tf.math.cumprod(tf.constant(N), axis=1, exclusive=True, reverse=True),
    "cumprod gradient": lambda tf: gradient_of(tf, lambda x: tf.math.cumprod(x, 1, True, True), A),
    "polyval": lambda tf: tf.math.polyval([2.0, A[0], -1.0], tf.constant(A)),
    "polyval empty": lambda tf: tf.math.polyval([], tf.constant(A)),
    "histogram": lambda tf: tf.histogram_fixed_width(A, [-1.0, 1.5], nbins=7),
    "histogram of whole numbers": lambda tf: tf.histogram_fixed_width(N, [0, 4], nbins=5, dtype=tf.int64),
    "histogram bins": lambda tf: tf.histogram_fixed_width_bins(A, tf.constant([0.0, 2.0]), nbins=3),
    "ssim": lambda tf: tf.image.ssim(PHOTO, OTHER, 1.0),
    "ssim of bytes": lambda tf: tf.image.ssim(tf.constant(BYTES), tf.constant(BYTES[::-1]), 255, filter_size=5),
    "ssim of one": lambda tf: tf.image.ssim(tf.constant(PHOTO[0]), tf.constant(OTHER[0]), max_val=2.0, k1=0.05),
    "ssim map": lambda tf: tf.image.ssim(PHOTO, OTHER, 1.0, filter_sigma=0.8, return_index_map=True),
    "ssim gradient": lambda tf: gradient_of(tf, lambda x, y: tf.image.ssim(x, y, 1.0), PHOTO[:1], OTHER[:1]),
    "ssim_multiscale": lambda tf: tf.image.ssim_multiscale(LARGE, ROUGH, 1.0),
    "ssim of two scales": lambda tf: tf.image.ssim_multiscale(PHOTO, OTHER, 1.0, (0.4, 0.6), filter_size=7, k2=0.02),
    "sobel_edges": lambda tf: tf.image.sobel_edges(tf.constant(PHOTO[:, :5, :6])),
    "total_variation of a batch": lambda tf: tf.image.total_variation(tf.constant(PHOTO)),
    "boxes": lambda tf: tf.image.draw_bounding_boxes(PHOTO, BOXES, COLORS),
    "boxes of all colours": lambda tf: tf.image.draw_bounding_boxes(PHOTO, BOXES, None),
    "boxes in grey": lambda tf: tf.image.draw_bounding_boxes(PHOTO[..., :1], BOXES, None),
    "crop": lambda tf: tf.image.crop_and_resize(PHOTO, BOXES[0], [0, 1] * 6, (5, 9)),
    "crop nearest": lambda tf: tf.image.crop_and_resize(
        PHOTO, BOXES[1], [1] * 12, [6, 1], method="nearest", extrapolation_value=-2.0
    ),
    "crop of bytes": lambda tf: tf.image.crop_and_resize(BYTES, BOXES[0, 1:2], [1], [1, 4]),
    "crop gradient": lambda tf: gradient_of(
        tf, lambda x, boxes: tf.image.crop_and_resize(x, boxes, [1, 0], (4, 5)), PHOTO[:, :6, :6, :1],
        np.array([[0.11, 0.23, 0.72, 0.913], [0.83, 0.12, 0.31, 0.43]], "float32"),
    ),
    "best boxes": lambda tf: tf.image.non_max_suppression(PLACES, SCORES, 10),
    "few best boxes": lambda tf: tf.image.non_max_suppression(PLACES, SCORES, 3, iou_threshold=0.1),
    "good boxes": lambda tf: tf.image.non_max_suppression(PLACES, SCORES, 40, 0.3, score_threshold=0.4),
    **{
        f"{name} {dtype}": lambda tf, name=name, dtype=dtype: getattr(tf.math, name)(tf.constant(GAMMAS, dtype))
        for name in ("lgamma", "digamma") for dtype in ("float32", "float64", "float16")
    },
    "lgamma gradient": lambda tf: gradient_of(tf, tf.math.lgamma, GAMMAS[4:]),
    "digamma gradient": lambda tf: gradient_of(tf, tf.math.digamma, GAMMAS[7:]),
}  # fmt: skip


def value_of(name, tf):
    """The value of an expression as a NumPy array."""
    return np.asarray(EXPRESSIONS[name](tf))


if __name__ == "__main__":
    import tensorflow

    np.savez_compressed(RECORDED, **{name: value_of(name, tensorflow) for name in EXPRESSIONS})
