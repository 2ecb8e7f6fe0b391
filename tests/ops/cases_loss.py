"""Rows for cross-entropy with class numbers."""

import numpy as np
from case import case, integers, normal, values

NOTHING_IGNORED = -(2**63)


def np_log_softmax(x):
    shifted = x - np.max(x, axis=-1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))


def masked(result, labels, classes, ignore_class):
    labels = np.asarray(labels, np.int64)
    outside = (labels < 0) | (labels >= classes)
    result = np.where(outside.reshape(labels.shape + (1,) * (result.ndim - labels.ndim)), np.nan, result)
    return np.where((labels == ignore_class).reshape(labels.shape + (1,) * (result.ndim - labels.ndim)), 0.0, result)


def np_loss(logits, labels, ignore_class=NOTHING_IGNORED):
    classes = logits.shape[-1]
    labels = labels.astype(np.int64)
    picked = np.take_along_axis(np_log_softmax(logits), np.clip(labels, 0, classes - 1)[..., None], -1)[..., 0]
    return masked(-picked, labels, classes, ignore_class)


def np_gradient(logits, labels, dloss, ignore_class=NOTHING_IGNORED):
    classes = logits.shape[-1]
    labels = labels.astype(np.int64)
    one_hot = labels[..., None] == np.arange(classes)
    return masked((np.exp(np_log_softmax(logits)) - one_hot) * dloss[..., None], labels, classes, ignore_class)


FORWARD, BACKWARD = "sparse_softmax_cross_entropy", "sparse_softmax_cross_entropy_backward"
case(FORWARD, logits=normal(6, 5), labels=integers(0, 5, 6), reference=np_loss)
case(FORWARD, logits=normal(2, 3, 4), labels=integers(0, 4, 2, 3), ignore_class=[NOTHING_IGNORED, 0, 2],
     reference=np_loss)
case(BACKWARD, logits=normal(6, 5), labels=integers(0, 5, 6), dloss=normal(6), reference=np_gradient)
case(BACKWARD, logits=normal(2, 3, 4), labels=integers(0, 4, 2, 3), dloss=normal(2, 3),
     ignore_class=[NOTHING_IGNORED, 0, 2], reference=np_gradient)
case(FORWARD, logits=normal(5), labels=integers(0, 5), reference=np_loss)
case(BACKWARD, logits=normal(5), labels=integers(0, 5), dloss=normal(), reference=np_gradient)
for rows, classes in ((32, 10), (1, 1), (19, 3), (7, 8), (7, 16), (40, 17), (3, 1000), (2, 9001)):
    sizes = {"logits": normal(rows, classes, scale=2), "labels": integers(0, classes, rows)}
    case(FORWARD, **sizes, reference=np_loss, sum_length=classes, large=True)
    case(BACKWARD, **sizes, dloss=normal(rows), reference=np_gradient, sum_length=classes, large=True)
for dtype in ("int8", "int16", "int64", "uint8", "uint16", "uint32"):
    case(FORWARD, logits=normal(4, 3), labels=integers(0, 3, 4, dtype=dtype), reference=np_loss, gradient=False)
    case(BACKWARD, logits=normal(4, 3), labels=integers(0, 3, 4, dtype=dtype), dloss=normal(4), reference=np_gradient,
         gradient=False)
# Labels that are no class give NaN, ignored ones 0, even where they are no class.
case(FORWARD, logits=normal(5, 3), labels=values([0, -1, 3, 2, -100], "int32"), ignore_class=[NOTHING_IGNORED, -1, 3],
     reference=np_loss, gradient=False)
case(BACKWARD, logits=normal(5, 3), labels=values([0, -1, 3, 2, -100], "int32"), dloss=normal(5),
     ignore_class=[NOTHING_IGNORED, -1, 3], reference=np_gradient, gradient=False)
case(FORWARD, logits=values([[1000.0, -1000.0], [-1000.0, 1000.0], [0.0, -np.inf]]), labels=values([0, 0, 1], "int32"),
     reference=np_loss, gradient=False)
case(FORWARD, logits=normal(0, 3), labels=integers(0, 3, 0), reference=np_loss, gradient=False)
case(FORWARD, logits=normal(4, 3), labels=integers(0, 3, 4), reference=np_loss, dtypes=("float16", "bfloat16"),
     gradient=False)
