"""Data sets made of steps, in the terms of `tf.data`: sources, transformations, batches, threads that work ahead.

Example:
    >>> import numpy as np, gradmill as gm
    >>> x, y = np.zeros((100, 8), "float32"), np.zeros(100, "int32")
    >>> dataset = gm.data.Dataset.from_tensor_slices((x, y)).shuffle(100).batch(32).prefetch(gm.data.AUTOTUNE)
    >>> len(dataset), dataset.element_spec[0]
    (4, TensorSpec(shape=(None, 8), dtype='float32'))
"""

from gradmill.data.csv_files import make_csv_dataset
from gradmill.data.dataset import Dataset, assert_cardinality
from gradmill.data.image_pairs import ImagePairs, load_image_pairs, read_pair_list
from gradmill.data.iteration import DatasetIterator
from gradmill.data.stages import INFINITE as INFINITE_CARDINALITY
from gradmill.data.stages import UNKNOWN as UNKNOWN_CARDINALITY
from gradmill.data.threads import AUTOTUNE
from gradmill.tracing import TensorSpec

__all__ = [
    "AUTOTUNE",
    "INFINITE_CARDINALITY",
    "UNKNOWN_CARDINALITY",
    "Dataset",
    "DatasetIterator",
    "ImagePairs",
    "TensorSpec",
    "assert_cardinality",
    "load_image_pairs",
    "make_csv_dataset",
    "read_pair_list",
]
