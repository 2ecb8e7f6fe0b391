"""Iterators over batches of changed images; those over arrays."""

from __future__ import annotations

import functools
import os
import threading
from typing import Any, Callable, Optional
from typing import Iterator as Iterating

import numpy as np

from gradmill import config
from gradmill.errors import ArgumentError, ShapeError
from gradmill.utils.batch_data import PyDataset
from gradmill.utils.pictures import array_to_img


class Iterator(PyDataset):
    """Base class of iterators over batches of images: a `PyDataset` that `next` and `for` read without an end.

    `len` batches are one pass. A subclass writes `_get_batches_of_transformed_samples(index_array)`, which returns the
    batch of these rows.

    Args:
        n: number of images.
        batch_size: images of a batch; the last one of a pass may be smaller.
        shuffle: whether each pass has a new order.
        seed: for NumPy's `random`; together with the number of batches so far it is set before each batch. None: it
            goes on as it is.
        **kwargs: those of `PyDataset`. With several workers draws depend on which of them comes first.

    Raises:
        ArgumentError: a batch size below 1.

    Example:
        >>> import gradmill as gm
        >>> class Numbers(gm.preprocessing.image.Iterator):
        ...     def _get_batches_of_transformed_samples(self, index_array):
        ...         return index_array * 10
        >>> numbers = Numbers(3, batch_size=2, shuffle=False, seed=None)
        >>> [next(numbers).tolist() for _ in range(3)]
        [[0, 10], [20], [0, 10]]
    """

    white_list_formats = ("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff")
    # An epoch of more steps than there are batches goes on with the next pass.
    starts_again = True

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: Optional[int], **kwargs: Any):
        super().__init__(**kwargs)
        if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ArgumentError(f"{type(self).__name__}: expected a batch_size of at least 1; received {batch_size!r}")
        self.n = n
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.batch_index = 0
        self.total_batches_seen = 0
        self.lock = threading.Lock()
        self.index_array: Optional[np.ndarray] = None

    def __len__(self) -> int:
        return -(-self.n // self.batch_size)

    def __iter__(self) -> Iterating[Any]:
        return self

    def __getitem__(self, index: int) -> Any:
        if not 0 <= index < len(self):
            raise ArgumentError(f"{type(self).__name__}: expected a batch from 0 to {len(self) - 1}; received {index}")
        with self.lock:
            self._seed()
            if self.index_array is None:
                self._set_index_array()
            make = self._prepared(index)
        return make()

    def __next__(self) -> Any:
        if not self.n:
            raise ArgumentError(f"{type(self).__name__}: expected images; there are none")
        with self.lock:
            self._seed()
            if self.batch_index == 0 or self.index_array is None:
                self._set_index_array()
            make = self._prepared(self.batch_index)
            self.batch_index = (self.batch_index + 1) % len(self)
        return make()

    def reset(self) -> None:
        """Let `next` begin a new pass."""
        self.batch_index = 0

    def on_epoch_end(self) -> None:
        """Draw a new order."""
        self._set_index_array()

    def _seed(self) -> None:
        if self.seed is not None:
            np.random.seed(self.seed + self.total_batches_seen)
        self.total_batches_seen += 1

    def _set_index_array(self) -> None:
        self.index_array = np.random.permutation(self.n) if self.shuffle else np.arange(self.n)

    def _prepared(self, index: int) -> Callable[[], Any]:
        rows = (self.index_array if self.index_array is not None else np.arange(self.n))[
            index * self.batch_size : (index + 1) * self.batch_size
        ]
        return self._prepare(rows)

    def _prepare(self, index_array: np.ndarray) -> Callable[[], Any]:
        """Return what makes the batch; draws that are taken here are not mixed up with those of other threads."""
        return functools.partial(self._get_batches_of_transformed_samples, index_array)

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        raise NotImplementedError(
            f"{type(self).__name__}: an Iterator must define _get_batches_of_transformed_samples(self, index_array)"
        )


class ChangedImages(Iterator):
    """What iterators over arrays and over files share: images are changed, batches stored as pictures.

    A subclass writes `_image(row)` and `_batch(images, rows)`, and calls `_describe` before `__init__` of this class.
    """

    image_data_generator: Any
    image_shape: tuple
    largest_number = 10**7  # in names of stored pictures

    def _describe(self, generator: Any, data_format: Optional[str], dtype: Any, save: tuple) -> None:
        self.image_data_generator = generator
        self.data_format = config.image_data_format() if data_format is None else data_format
        self.dtype = config.floatx() if dtype is None else dtype
        self.save_to_dir, self.save_prefix, self.save_format = save

    def _prepare(self, index_array: np.ndarray) -> Callable[[], Any]:
        generator = self.image_data_generator
        changes: list = [generator and generator.get_random_transform(self.image_shape) for _ in index_array]
        names = [
            f"{self.save_prefix}_{row}_{np.random.randint(self.largest_number)}.{self.save_format}"
            for row in (index_array if self.save_to_dir else ())
        ]
        return functools.partial(self._make, index_array, changes, names)

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        return self._prepare(index_array)()

    def _make(self, rows: np.ndarray, changes: list, names: list) -> Any:
        images = np.zeros((len(rows), *self.image_shape), self.dtype)
        for place, (row, change) in enumerate(zip(rows, changes)):
            image = self._image(row)
            if change is not None:
                image = self.image_data_generator.apply_transform(image, change)
                image = self.image_data_generator.standardize(image)
            images[place] = image
        for image, name in zip(images, names):
            array_to_img(image, self.data_format, scale=True).save(os.path.join(self.save_to_dir, name))
        return self._batch(images, rows)

    def _image(self, row: int) -> np.ndarray:
        raise NotImplementedError

    def _batch(self, images: np.ndarray, rows: np.ndarray) -> Any:
        raise NotImplementedError


class NumpyArrayIterator(ChangedImages):
    """Batches of changed images from an array.

    Args:
        x: images (rows, height, width, channels); or a tuple of them and an array, or a list of arrays, of as many
            rows, which come along as they are.
        y: labels, or None.
        image_data_generator: an `ImageDataGenerator`.
        batch_size: images of a batch.
        shuffle: whether each pass has a new order.
        sample_weight: weights, or None.
        seed: as for `Iterator`.
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.
        save_to_dir: folder in which the images of batches are stored; default: none.
        save_prefix, save_format: beginning and ending of the files' names.
        subset: "validation" for the first images, as many as `validation_split` says, or "training" for the rest.
        ignore_class_split: whether the two parts may have different labels.
        dtype: element type of batches; default `floatx()`.

    Raises:
        ArgumentError: different numbers of rows, an unknown subset, or labels that only one part has.
        ShapeError: images without four axes.

    Example:
        >>> import gradmill as gm
        >>> generator = gm.preprocessing.image.ImageDataGenerator(validation_split=0.25)
        >>> generator.flow(np.zeros((8, 4, 4, 1)), subset="validation").n
        2
    """

    largest_number = 10**4

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: Any,
        batch_size: int = 32,
        shuffle: bool = False,
        sample_weight: Any = None,
        seed: Optional[int] = None,
        data_format: Optional[str] = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: Optional[str] = None,
        ignore_class_split: bool = False,
        dtype: Any = None,
    ):
        self._describe(image_data_generator, data_format, dtype, (save_to_dir, save_prefix, save_format))
        others: list = []
        if isinstance(x, (list, tuple)):
            others = [np.asarray(each) for each in (x[1] if isinstance(x[1], list) else [x[1]])]
            x = x[0]
        y = None if y is None else np.asarray(y)
        sample_weight = None if sample_weight is None else np.asarray(sample_weight)
        named = [("y", y), ("sample_weight", sample_weight), *(("x[1]", each) for each in others)]
        for name, part in named:
            if part is not None and np.shape(part)[:1] != (len(x),):
                raise ArgumentError(
                    f"NumpyArrayIterator: expected {len(x)} rows in {name}, as of images; received shape "
                    f"{np.shape(part)}"
                )
        if subset is not None:
            taken = self._taken(subset, y if not ignore_class_split else None, len(x))
            x, others = x[taken], [each[taken] for each in others]
            y, sample_weight = (None if each is None else each[taken] for each in (y, sample_weight))
        self.x = np.asarray(x, dtype=self.dtype)
        self.x_misc, self.y, self.sample_weight = others, y, sample_weight
        if self.x.ndim != 4:
            raise ShapeError(f"NumpyArrayIterator: expected images of four axes; received shape {self.x.shape}")
        self.image_shape = self.x.shape[1:]
        super().__init__(len(self.x), batch_size, shuffle, seed)

    def _taken(self, subset: str, labels: Optional[np.ndarray], count: int) -> slice:
        cut = split_of(self.image_data_generator, subset, count, "NumpyArrayIterator")
        if labels is not None:
            parts = [set(np.unique(part).tolist()) for part in (labels[: cut[2]], labels[cut[2] :])]
            if parts[0] != parts[1]:
                raise ArgumentError(
                    "NumpyArrayIterator: expected the same labels in the training and the validation part; received "
                    f"{len(parts[1])} and {len(parts[0])} different ones; shuffle the images, or pass "
                    "ignore_class_split=True"
                )
        return slice(cut[0], cut[1])

    def _image(self, row: int) -> np.ndarray:
        return self.x[row].copy()

    def _batch(self, images: np.ndarray, rows: np.ndarray) -> Any:
        first = [images, *(each[rows] for each in self.x_misc)] if self.x_misc else images
        if self.y is None:
            return first
        rest = [self.y] if self.sample_weight is None else [self.y, self.sample_weight]
        return (first, *(each[rows] for each in rest))


def split_of(generator: Any, subset: Optional[str], count: int, who: str) -> tuple[int, int, int]:
    """Return (start, stop, border) of a part of `count` rows; the first ones are for validation.

    Args:
        generator: has the share.
        subset: "training", "validation" or None for all rows.
        count: number of rows.
        who: begins messages.

    Raises:
        ArgumentError: an unknown subset.
    """
    if subset not in ("training", "validation", None):
        raise ArgumentError(f"{who}: expected subset 'training' or 'validation'; received {subset!r}")
    border = int(count * getattr(generator, "_validation_split", 0)) if subset is not None else 0
    return (0, border, border) if subset == "validation" else (border, count, border)
