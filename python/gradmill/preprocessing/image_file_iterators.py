"""Iterators over batches of changed images from files: of a folder, or of a table of names."""

from __future__ import annotations

import os
import warnings
from typing import Any, Optional, Sequence

import numpy as np

from gradmill.data.files import files_below
from gradmill.errors import ArgumentError
from gradmill.preprocessing.image_iterators import ChangedImages, split_of
from gradmill.utils.messages import say
from gradmill.utils.pictures import img_to_array, load_img

_CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}
_WITHOUT_CLASSES = ("input", "multi_output", "raw", None)


class _ImagesOfFiles(ChangedImages):
    """Batches of images that are read when their turn comes."""

    class_modes: tuple = ()
    filenames: list
    _filepaths: list
    _sample_weight: Optional[np.ndarray] = None
    _targets: Any = None
    classes: Any = None
    class_indices: dict

    def _read_as(
        self, target_size: Any, color_mode: str, class_mode: Optional[str], interpolation: str, keep_aspect_ratio: bool
    ) -> None:
        who = type(self).__name__
        if color_mode not in _CHANNELS:
            raise ArgumentError(f"{who}: expected color_mode {', '.join(_CHANNELS)}; received {color_mode!r}")
        if class_mode not in self.class_modes:
            raise ArgumentError(f"{who}: expected class_mode to be one of {self.class_modes}; received {class_mode!r}")
        height, width = target_size
        self.target_size = (int(height), int(width))
        self.color_mode = color_mode
        self.class_mode = class_mode
        self.interpolation = interpolation
        self.keep_aspect_ratio = keep_aspect_ratio
        channels = (_CHANNELS[color_mode],)
        first = self.data_format == "channels_first"
        self.image_shape = (*channels, *self.target_size) if first else (*self.target_size, *channels)

    @property
    def filepaths(self) -> list[str]:
        """Paths of the images."""
        return self._filepaths

    @property
    def labels(self) -> Any:
        """Numbers of the images' classes, or the columns of labels."""
        return self._targets if self.class_mode in ("multi_output", "raw") else self.classes

    @property
    def sample_weight(self) -> Optional[np.ndarray]:
        """Weights of the images, or None."""
        return self._sample_weight

    def _image(self, row: int) -> np.ndarray:
        picture = load_img(
            self.filepaths[row], self.color_mode, self.target_size, self.interpolation, self.keep_aspect_ratio
        )
        return img_to_array(picture, self.data_format)

    def _batch(self, images: np.ndarray, rows: np.ndarray) -> Any:
        if self.class_mode is None:
            return images
        labels = self._labels_of(images, rows)
        return (images, labels) if self.sample_weight is None else (images, labels, self.sample_weight[rows])

    def _labels_of(self, images: np.ndarray, rows: np.ndarray) -> Any:
        if self.class_mode == "input":
            return images.copy()
        if self.class_mode == "multi_output":
            return [column[rows] for column in self._targets]
        if self.class_mode == "raw":
            return self._targets[rows]
        numbers = [self.classes[row] for row in rows]
        if self.class_mode != "categorical":
            return np.array(numbers, dtype=self.dtype)
        hot = np.zeros((len(rows), len(self.class_indices)), dtype=self.dtype)
        for row, number in zip(hot, numbers):
            row[number] = 1
        return hot


class DirectoryIterator(_ImagesOfFiles):
    """Batches of changed images from a folder whose subfolders are classes; needs Pillow.

    Args:
        directory: the folder.
        image_data_generator: an `ImageDataGenerator`, or None for images as they are.
        target_size: height and width.
        color_mode: "grayscale", "rgb" or "rgba".
        classes: names of the subfolders in the order of their numbers; default: all, sorted.
        class_mode: labels are "categorical" (one-hot rows), "binary" or "sparse" (numbers), "input" (the images), or
            None: there are none.
        batch_size: images of a batch.
        shuffle: whether each pass has a new order; else it is that of the sorted paths.
        seed: as for `Iterator`.
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.
        save_to_dir: folder in which the images of batches are stored; default: none.
        save_prefix, save_format: beginning and ending of the files' names.
        follow_links: whether subfolders that are links are entered.
        subset: "validation" for the first images of each class, as many as `validation_split` says, or "training".
        interpolation: how images are brought to the size, as for `load_img`.
        keep_aspect_ratio: whether the middle with the target's shape is cut out before.
        dtype: element type of batches; default `floatx()`.

    Attributes:
        samples, n: number of images.
        num_classes: number of classes.
        class_indices: numbers of classes by their names.
        classes, labels: number of each image's class.
        filenames: paths below the folder.
        filepaths: paths.
        image_shape: shape of an image.

    Raises:
        ArgumentError: no such folder, or options that are none.

    Example:
        >>> import gradmill as gm
        >>> for name in ("cats", "dogs"):
        ...     os.makedirs(name)
        ...     gm.utils.save_img(f"{name}/one.png", np.zeros((8, 8, 3)))
        >>> generator = gm.preprocessing.image.ImageDataGenerator(rescale=1 / 255)
        >>> batches = generator.flow_from_directory(".", target_size=(4, 4), class_mode="binary", shuffle=False)
        Found 2 images belonging to 2 classes.
        >>> x, y = next(batches)
        >>> x.shape, y.tolist(), batches.class_indices
        ((2, 4, 4, 3), [0.0, 1.0], {'cats': 0, 'dogs': 1})
    """

    class_modes = ("categorical", "binary", "sparse", "input", None)

    def __init__(
        self,
        directory: Any,
        image_data_generator: Any,
        target_size: Any = (256, 256),
        color_mode: str = "rgb",
        classes: Optional[Sequence[str]] = None,
        class_mode: Optional[str] = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: Optional[int] = None,
        data_format: Optional[str] = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: Optional[str] = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = None,
    ):
        if not os.path.isdir(directory):
            raise ArgumentError(f"DirectoryIterator: expected a folder; received {directory!r}")
        self._describe(image_data_generator, data_format, dtype, (save_to_dir, save_prefix, save_format))
        self._read_as(target_size, color_mode, class_mode, interpolation, keep_aspect_ratio)
        self.directory = directory
        self.subset = subset
        folders = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
        folders = list(classes) if classes else folders
        self.class_indices = {name: number for number, name in enumerate(folders)}
        self.num_classes = len(folders)
        self._filepaths = []
        numbers: list[int] = []
        for number, name in enumerate(folders):
            found = files_below(os.path.join(directory, name), self.white_list_formats, follow_links)
            start, stop, _ = split_of(image_data_generator, subset, len(found), "DirectoryIterator")
            self._filepaths += found[start:stop]
            numbers += [number] * (stop - start)
        self.filenames = [os.path.relpath(path, directory) for path in self._filepaths]
        self.classes = np.array(numbers, dtype="int32")
        self.samples = len(numbers)
        say(f"Found {self.samples} images belonging to {self.num_classes} classes.")
        super().__init__(self.samples, batch_size, shuffle, seed)


class DataFrameIterator(_ImagesOfFiles):
    """Batches of changed images whose names and labels are columns of a table; needs Pillow.

    Args:
        dataframe: a table of pandas, or a dictionary of lists: `dataframe[name]` is a column.
        directory: folder of the names; default: they are paths.
        image_data_generator: an `ImageDataGenerator`, or None for images as they are.
        x_col: column of names.
        y_col: column of labels; a list of columns for "multi_output", which "raw" takes, too.
        weight_col: column of weights.
        target_size: height and width.
        color_mode: "grayscale", "rgb" or "rgba".
        classes: the classes in the order of their numbers; rows of others are left out. Default: all, sorted.
        class_mode: labels are "categorical" (one-hot rows, of texts or lists of texts), "binary" or "sparse" (numbers,
            of texts), "raw" (the column), "multi_output" (a list of columns), "input" (the images), or None: there are
            none.
        batch_size: images of a batch.
        shuffle: whether each pass has a new order.
        seed: as for `Iterator`.
        data_format: "channels_last" or "channels_first".
        save_to_dir: folder in which the images of batches are stored; default: none.
        save_prefix, save_format: beginning and ending of the files' names.
        subset: "validation" for the first rows, as many as `validation_split` says, or "training" for the rest.
        interpolation: how images are brought to the size, as for `load_img`.
        keep_aspect_ratio: whether the middle with the target's shape is cut out before.
        dtype: element type of batches.
        validate_filenames: whether rows without an image file are left out, with a warning.

    Attributes:
        samples, n, num_classes, class_indices, classes, filenames, filepaths, image_shape: as for `DirectoryIterator`.
        labels: numbers of classes, or the columns.

    Raises:
        ArgumentError: columns that do not fit `class_mode`, or options that are none.

    Example:
        >>> import gradmill as gm
        >>> gm.utils.save_img("one.png", np.zeros((8, 8, 3)))
        >>> generator = gm.preprocessing.image.ImageDataGenerator()
        >>> table = {"filename": ["one.png"], "height": [1.5]}
        >>> batches = generator.flow_from_dataframe(table, y_col="height", class_mode="raw", target_size=(4, 4))
        Found 1 validated image filenames.
        >>> next(batches)[1]
        array([1.5])
    """

    class_modes = ("binary", "categorical", "input", "multi_output", "raw", "sparse", None)

    def __init__(
        self,
        dataframe: Any,
        directory: Any = None,
        image_data_generator: Any = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: Optional[str] = None,
        target_size: Any = (256, 256),
        color_mode: str = "rgb",
        classes: Optional[Sequence[str]] = None,
        class_mode: Optional[str] = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: Optional[int] = None,
        data_format: Optional[str] = "channels_last",
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: Optional[str] = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = "float32",
        validate_filenames: bool = True,
    ):
        self._describe(image_data_generator, data_format, dtype, (save_to_dir, save_prefix, save_format))
        self._read_as(target_size, color_mode, class_mode, interpolation, keep_aspect_ratio)
        self.directory = directory or ""
        self.subset = subset
        names = _column(dataframe, x_col)
        if not all(isinstance(name, str) for name in names):
            raise ArgumentError(f"DataFrameIterator: expected texts in column {x_col!r}; received others among them")
        rows = list(range(len(names)))
        if validate_filenames:
            rows = [row for row in rows if self._is_image(names[row])]
            if len(rows) < len(names):
                warnings.warn(
                    f"DataFrameIterator: {len(names) - len(rows)} names in column {x_col!r} are no image files; their "
                    "rows are left out",
                    stacklevel=3,
                )
        numbers: dict[int, Any] = {}
        if class_mode not in _WITHOUT_CLASSES:
            rows, numbers = self._numbered(_column(dataframe, y_col), rows, classes, y_col)
        elif classes:
            warnings.warn(f"DataFrameIterator: classes mean nothing with class_mode={class_mode!r}", stacklevel=3)
        start, stop, _ = split_of(image_data_generator, subset, len(rows), "DataFrameIterator")
        rows = rows[start:stop]
        if numbers or class_mode not in _WITHOUT_CLASSES:
            self.classes = [numbers[row] for row in rows]
        self._targets = self._columns_of_labels(dataframe, y_col, rows)
        if weight_col:
            self._sample_weight = np.asarray(_column(dataframe, weight_col))[rows]
            if self._sample_weight.dtype.kind not in "biuf":
                raise ArgumentError(f"DataFrameIterator: expected numbers in column {weight_col!r}; received others")
        self.filenames = [names[row] for row in rows]
        self._filepaths = [os.path.join(self.directory, name) for name in self.filenames]
        self.samples = len(rows)
        belonging = "" if class_mode in _WITHOUT_CLASSES else f" belonging to {self.num_classes} classes"
        checked = "validated" if validate_filenames else "non-validated"
        say(f"Found {self.samples} {checked} image filenames{belonging}.")
        super().__init__(self.samples, batch_size, shuffle, seed)

    def _is_image(self, name: str) -> bool:
        path = os.path.join(self.directory, name)
        return path.lower().endswith(self.white_list_formats) and os.path.isfile(path)

    def _numbered(self, labels: list, rows: list, classes: Any, y_col: str) -> tuple[list, dict]:
        """The rows that have a class, and the number, or numbers, of each."""
        several = (list, tuple) if self.class_mode == "categorical" else ()
        kinds = "texts or lists of them" if several else "texts"
        if not all(isinstance(labels[row], (str, *several)) for row in rows):
            raise ArgumentError(
                f"DataFrameIterator: class_mode={self.class_mode!r} needs {kinds} in column {y_col!r}; received others "
                "among them; use class_mode='raw' for numbers"
            )
        listed = {row: list(labels[row]) if isinstance(labels[row], several) else [labels[row]] for row in rows}
        known = list(dict.fromkeys(classes)) if classes else sorted({each for row in rows for each in listed[row]})
        if self.class_mode == "binary" and len(known) != 2:
            raise ArgumentError(f"DataFrameIterator: class_mode='binary' needs two classes; received {known}")
        self.class_indices = {name: number for number, name in enumerate(known)}
        self.num_classes = len(known)
        numbers = {}
        for row in rows:
            found = [self.class_indices[name] for name in listed[row] if name in self.class_indices]
            if found:
                numbers[row] = found if isinstance(labels[row], several) else found[0]
        return [row for row in rows if row in numbers], numbers

    def _columns_of_labels(self, dataframe: Any, y_col: Any, rows: list) -> Any:
        if self.class_mode == "multi_output":
            if not isinstance(y_col, list):
                raise ArgumentError(
                    f"DataFrameIterator: class_mode='multi_output' needs a list of columns as y_col; received {y_col!r}"
                )
            return [np.array([column[row] for row in rows]) for column in (_column(dataframe, each) for each in y_col)]
        if self.class_mode != "raw":
            return None
        several = isinstance(y_col, (list, tuple))
        columns = [np.asarray(_column(dataframe, each))[rows] for each in (y_col if several else [y_col])]
        return np.stack(columns, axis=1) if several else columns[0]


def _column(dataframe: Any, name: Any) -> list:
    try:
        return list(dataframe[name])
    except (KeyError, TypeError, IndexError):
        known = ", ".join(map(str, getattr(dataframe, "columns", dataframe)))
        raise ArgumentError(f"DataFrameIterator: expected a column {name!r}; received a table of {known}") from None
