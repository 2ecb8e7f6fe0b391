"""Expressions in Keras's names, of layers and boxes, that are given Keras or GradMill.

`KERAS_BACKEND=tensorflow python tests/layers/layer_expressions.py` with Keras writes its values to tests/golden/layers.
"""

import os
from pathlib import Path

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

RECORDED = Path(__file__).resolve().parents[1] / "golden" / "layers" / "layer_expressions.npz"

generator = np.random.default_rng(8)
X = generator.normal(size=(6, 7, 6, 3)).astype("float32")
Y = generator.normal(size=(6, 2)).astype("float32")
CORNERS = generator.uniform(0, 40, size=(2, 5, 4)).astype("float32")
CORNERS[..., 2:] += CORNERS[..., :2]
OTHERS = CORNERS[:, ::-1] + generator.uniform(-9, 9, size=(2, 5, 4)).astype("float32")
ANCHORS = CORNERS[0] + generator.uniform(-1, 4, size=(5, 4)).astype("float32")
MISSING = np.where(np.arange(5)[:, None] < 2, np.float32(-1), CORNERS)
LABELS = np.array([[3, 1, 4, 1, 5], [9, 2, 6, 5, 3]], "int32")
FORMATS = (
    "xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh",
)  # fmt: skip


def trained(keras, layers, x, steps=4):
    """Weights before the last layers, outputs in training and later, of a model that SGD trains some steps."""
    model = keras.Sequential([keras.Input(x.shape[1:], dtype=x.dtype.name), *layers])
    drawn = np.random.default_rng(3)
    model.set_weights([drawn.normal(size=each.shape).astype("float32") * 0.5 for each in model.weights])
    model.compile(keras.optimizers.SGD(0.05), "mse")
    losses = [float(model.train_on_batch(x, Y)) for _ in range(steps)]
    return flat([losses, np.asarray(model(x)), *model.get_weights()])


def flat(values):
    """All numbers in a row."""
    return np.concatenate([np.ravel(each) for each in values])


def spectral(keras, inner, x, **rest):
    """A model with a wrapped layer."""
    layers = keras.layers
    wrapped = layers.SpectralNormalization(inner, **rest)
    return trained(keras, [wrapped, layers.Flatten(), layers.Dense(2)], x)


def numbers_of(keras, boxes):
    """Boxes and labels as one array."""
    return np.concatenate([np.ravel(boxes["boxes"]), np.ravel(boxes["labels"])]).astype("float32")


def filled(keras, number, **rest):
    """What MaxNumBoundingBoxes makes of two images with five boxes each."""
    layer = keras.layers.MaxNumBoundingBoxes(number, bounding_box_format="xyxy", **rest)
    data = {"images": X[:2], "bounding_boxes": {"boxes": CORNERS, "labels": LABELS}}
    return numbers_of(keras, layer(data)["bounding_boxes"])


EXPRESSIONS = {
    "spectral dense": lambda k: spectral(k, k.layers.Dense(4, "tanh"), X),
    "spectral dense often": lambda k: spectral(k, k.layers.Dense(4), X, power_iterations=7),
    "spectral convolution": lambda k: spectral(k, k.layers.Conv2D(4, 3, activation="relu"), X),
    "pipeline": lambda k: np.asarray(
        k.layers.Pipeline([k.layers.Rescaling(2.0), k.layers.CenterCrop(4, 4), k.layers.Rescaling(1.0, 3.0)])(X)
    ),
    "pipeline trains": lambda k: np.asarray(k.layers.Pipeline([k.layers.GaussianNoise(0.0), k.layers.Dropout(0.0)])(X)),
    "most boxes": lambda k: filled(k, 3),
    "missing boxes": lambda k: filled(k, 7, fill_value=-2),
    "clip": lambda k: numbers_of(
        k, k.utils.bounding_boxes.clip_to_image_size({"boxes": CORNERS - 9, "labels": LABELS}, height=20, width=16)
    ),
    "clip shares": lambda k: numbers_of(
        k,
        k.utils.bounding_boxes.clip_to_image_size(
            {"boxes": CORNERS / 20 - 0.5, "labels": LABELS}, bounding_box_format="rel_xyxy"
        ),
    ),
    "affine": lambda k: k.utils.bounding_boxes.affine_transform(
        k.ops.array(CORNERS),
        *(k.ops.array(np.float32(each)) for each in ([30, -75], [0.1, 0], [0, -0.3], [1, 1.4], [10, 0], [-7, 20])),
        height=50, width=60,
    ),
    "affine around a place": lambda k: k.utils.bounding_boxes.affine_transform(
        k.ops.array(CORNERS),
        *(k.ops.array(np.float32(each)) for each in ([90, 12], [0, 0.2], [0, 0], [0.5, 1], [0, 0], [0, 0])),
        height=50, width=60, center_x=0.2, center_y=0.9,
    ),
    "crop": lambda k: k.utils.bounding_boxes.crop(CORNERS, 5, 8, 20, 30),
    "pad": lambda k: k.utils.bounding_boxes.pad(CORNERS, 5, 8),
    "encode": lambda k: k.utils.bounding_boxes.encode_box_to_deltas(
        ANCHORS, CORNERS, "xyxy", "xywh", variance=[0.1, 0.1, 0.2, 0.2]
    ),
    "encode shares": lambda k: k.utils.bounding_boxes.encode_box_to_deltas(
        ANCHORS / 50, CORNERS[0], "rel_yxyx", "xyxy", encoding_format="center_xywh", image_shape=(50, 50, 3)
    ),
    "decode": lambda k: k.utils.bounding_boxes.decode_deltas_to_boxes(
        ANCHORS, OTHERS / 40, "xyxy", "rel_xywh", variance=[0.5, 0.5, 0.2, 0.2], image_shape=(50, 40, 3)
    ),
    "decode levels": lambda k: k.utils.bounding_boxes.decode_deltas_to_boxes(
        {1: ANCHORS, 2: ANCHORS[:2]}, {1: OTHERS / 40, 2: OTHERS[:, 1:3] / 50}, "xywh", "yxyx",
        encoded_format="center_xywh",
    )[2],
    "iou": lambda k: k.utils.bounding_boxes.compute_iou(CORNERS, OTHERS[:, :3], "xyxy"),
    "iou of one": lambda k: k.utils.bounding_boxes.compute_iou(CORNERS[0], OTHERS[0, :3], "xywh"),
    "iou of one and many": lambda k: k.utils.bounding_boxes.compute_iou(
        CORNERS / 50, ANCHORS / 50, "rel_yxyx", image_shape=(50, 50, 3)
    ),
    "iou masked": lambda k: k.utils.bounding_boxes.compute_iou(MISSING, MISSING, "xyxy", use_masking=True, mask_val=-3),
    "ciou": lambda k: k.utils.bounding_boxes.compute_ciou(CORNERS, OTHERS, "xyxy"),
    "ciou of centers": lambda k: k.utils.bounding_boxes.compute_ciou(CORNERS[0], ANCHORS, "center_xywh"),
}  # fmt: skip
for _source in FORMATS:
    for _target in FORMATS:
        EXPRESSIONS[f"{_source} to {_target}"] = lambda k, source=_source, target=_target: (
            k.utils.bounding_boxes.convert_format(CORNERS[0, :2], source, target, height=50, width=40)
        )


def value_of(name, keras):
    """The value of an expression as a NumPy array."""
    return np.asarray(EXPRESSIONS[name](keras))


if __name__ == "__main__":
    import keras

    np.savez_compressed(RECORDED, **{name: value_of(name, keras) for name in EXPRESSIONS})
