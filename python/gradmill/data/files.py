"""Data sets of the files in a folder, whose subfolders are classes."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import Any, Callable, Mapping, Optional

import numpy as np

from gradmill import errors
from gradmill.data.dataset import Dataset
from gradmill.data.threads import AUTOTUNE
from gradmill.utils.messages import say
from gradmill.utils.random_seed import new_shuffle_seed

_LABEL_MODES = ("int", "categorical", "binary", None)
_SUBSETS = ("training", "validation", "both")


@dataclass
class FolderOptions:
    """What the functions for folders of images, texts and sounds share.

    Args:
        who: name of the function, for messages.
        directory, labels, label_mode, class_names, batch_size, shuffle, seed, validation_split, subset, follow_links,
            verbose: as in `image_dataset_from_directory`.

    Raises:
        ArgumentError: for options that are wrong or contradict each other.
    """

    who: str
    directory: Any
    labels: Any
    label_mode: Optional[str]
    class_names: Any
    batch_size: Optional[int]
    shuffle: bool
    seed: Any
    validation_split: Optional[float]
    subset: Optional[str]
    follow_links: bool
    verbose: bool

    @classmethod
    def among(cls, arguments: Mapping[str, Any]) -> FolderOptions:
        """Return the options among the arguments of a function, by their names, `who` among them."""
        return cls(**{each.name: arguments[each.name] for each in fields(cls)})

    def __post_init__(self) -> None:
        who, labels, validation_split, subset = self.who, self.labels, self.validation_split, self.subset
        given_labels = labels is not None and not (isinstance(labels, str) and labels == "inferred")
        if given_labels and (isinstance(labels, str) or not hasattr(labels, "__len__")):
            raise errors.ArgumentError(f'{who}: labels must be "inferred", None or a list; received {labels!r}')
        if self.class_names is not None and (given_labels or labels is None):
            raise errors.ArgumentError(
                f'{who}: class_names goes with labels="inferred" only; received {self.class_names!r}'
            )
        if self.label_mode not in _LABEL_MODES:
            raise errors.ArgumentError(f"{who}: label_mode must be one of {_LABEL_MODES}; received {self.label_mode!r}")
        if validation_split is not None and not 0 < validation_split < 1:
            raise errors.ArgumentError(
                f"{who}: validation_split must lie between 0 and 1; received {validation_split!r}"
            )
        if (validation_split is None) != (subset is None) or (subset is not None and subset not in _SUBSETS):
            raise errors.ArgumentError(
                f"{who}: validation_split and subset, one of {_SUBSETS}, go together; received {validation_split!r} "
                f"and {subset!r}"
            )
        if validation_split is not None and self.shuffle and self.seed is None:
            raise errors.ArgumentError(
                f"{who}: with validation_split and shuffle the two parts need the same seed; received seed=None"
            )
        if not os.path.isdir(self.directory):
            raise errors.ArgumentError(f"{who}: directory must be a folder; received {self.directory!r}")
        self.directory = os.fspath(self.directory)
        if self.label_mode is None or labels is None:
            self.labels = self.label_mode = None
        if self.seed is None:
            self.seed = new_shuffle_seed() % 10**6


def dataset_of_files(
    options: FolderOptions, formats: tuple[str, ...], read: Callable[[bytes], Any], padded: bool = False
) -> Any:
    """Return the data set, or the two of them for `subset="both"`.

    Args:
        options: what the user asked for.
        formats: endings of the files.
        read: makes a path the element.
        padded: whether the elements of a batch are made as large as its largest.

    Raises:
        ArgumentError: when there are no files, or labels do not fit them.
    """
    paths, labels, class_names = _find_files(options, formats)
    held_back = 0 if options.validation_split is None else int(options.validation_split * len(paths))
    cut = len(paths) - held_back
    parts = {"training": slice(None, cut), "validation": slice(cut, None)}
    wanted = [options.subset] if options.subset != "both" else ["training", "validation"]
    made = []
    for name in wanted:
        rows = slice(None) if name is None else parts[name]
        if not paths[rows]:
            raise errors.ArgumentError(
                f"{options.who}: found no {name + ' ' if name else ''}files that end in {formats} in "
                f"{options.directory!r}"
            )
        if name and options.verbose:
            say(f"Using {len(paths[rows])} files for {name}.")
        shuffle = options.shuffle and not (options.subset == "both" and name == "validation")
        dataset = _dataset(paths[rows], None if labels is None else labels[rows], class_names, options, read, shuffle)
        if options.batch_size is not None:
            dataset = (dataset.padded_batch if padded else dataset.batch)(options.batch_size)
        dataset = dataset.prefetch(AUTOTUNE)
        dataset.class_names = class_names
        dataset.file_paths = paths[rows]
        made.append(dataset)
    return made if options.subset == "both" else made[0]


def _dataset(
    paths: list[str],
    labels: Optional[np.ndarray],
    class_names: Optional[list[str]],
    options: FolderOptions,
    read: Callable,
    shuffle: bool,
) -> Any:
    if labels is None:
        dataset = Dataset.from_tensor_slices(paths)
        function: Callable = read
    else:
        if options.label_mode == "categorical":
            labels = np.eye(len(class_names or ()), dtype=np.float32)[labels]
        elif options.label_mode == "binary":
            labels = labels.astype(np.float32)[:, None]
        dataset = Dataset.from_tensor_slices((paths, labels))

        def function(path: bytes, label: Any) -> Any:
            return read(path), label

    if shuffle:
        # Names cost nothing, so the buffer holds them all.
        dataset = dataset.shuffle(len(paths), seed=options.seed)
    return dataset.map(function, num_parallel_calls=AUTOTUNE)


def _find_files(options: FolderOptions, formats: tuple[str, ...]) -> tuple[list[str], Any, Optional[list[str]]]:
    """Return paths, labels and names of classes, in Keras's order, so that splits hold the same files."""
    folders, class_names = [""], None
    inferred = isinstance(options.labels, str)
    if inferred:
        found = [entry.name for entry in os.scandir(options.directory) if entry.is_dir() and entry.name[0] != "."]
        folders = class_names = sorted(found)
        if options.class_names is not None:
            if not set(options.class_names) <= set(folders):
                raise errors.ArgumentError(
                    f"{options.who}: class_names must be names of subfolders, {folders}; received {options.class_names}"
                )
            folders = class_names = list(options.class_names)
    files = [files_below(os.path.join(options.directory, name), formats, options.follow_links) for name in folders]
    paths = [path for group in files for path in group]
    labels = None
    if inferred:
        labels = np.repeat(np.arange(len(files), dtype=np.int32), [len(group) for group in files])
    elif options.labels is not None:
        labels = np.asarray(options.labels, np.int32)
        if len(labels) != len(paths):
            raise errors.ArgumentError(
                f"{options.who}: expected one label for each file; received {len(labels)} labels for {len(paths)} files"
            )
        class_names = [str(label) for label in sorted(set(labels.tolist()))]
    if options.label_mode == "binary" and len(class_names or ()) != 2:
        raise errors.ArgumentError(f'{options.who}: label_mode="binary" needs two classes; received {class_names}')
    if options.verbose:
        say(
            f"Found {len(paths)} files."
            if labels is None
            else f"Found {len(paths)} files belonging to {len(class_names or ())} classes."
        )
    if options.shuffle:
        order = np.arange(len(paths))
        np.random.RandomState(options.seed % 2**32).shuffle(order)
        paths = [paths[row] for row in order]
        labels = None if labels is None else labels[order]
    return paths, labels, class_names


def files_below(folder: str, formats: tuple[str, ...], follow_links: bool) -> list[str]:
    """Return the paths of the files in a folder and its subfolders, sorted.

    Args:
        folder: where to look.
        formats: endings of the files.
        follow_links: whether subfolders that are links are entered.
    """
    walk = sorted(os.walk(folder, followlinks=follow_links), key=lambda entry: entry[0])
    return [
        os.path.join(root, name) for root, _, names in walk for name in sorted(names) if name.lower().endswith(formats)
    ]
