"""Preparing images for networks that were trained on ImageNet, and naming their classes."""

from __future__ import annotations

import importlib
import json
import os
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from gradmill import config, ops
from gradmill.errors import ArgumentError, ShapeError
from gradmill.symbolic import is_symbolic
from gradmill.utils.files import cache_directory

_MODES = ("caffe", "tf", "torch")
_CAFFE_MEANS = (103.939, 116.779, 123.68)
_TORCH_MEANS = (0.485, 0.456, 0.406)
_TORCH_DEVIATIONS = (0.229, 0.224, 0.225)
_INDEX_NAME = "imagenet_class_index.json"
_INDEX_URL = "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json"
_INDEX_HASH = "c2c37ea517e94d9795004a39431a14cb"


def preprocess_input(x: Any, data_format: Optional[str] = None, mode: str = "caffe") -> Any:
    """Return images in the form that networks trained on ImageNet expect; the argument is left as it is.

    Args:
        x: images (height, width, 3) or (n, height, width, 3), RGB from 0 to 255; array, tensor or symbolic tensor.
        data_format: `"channels_last"`, `"channels_first"` or None for the configured one.
        mode: `"caffe"`: BGR minus the mean of ImageNet; `"tf"`: from -1 to 1; `"torch"`: from 0 to 1, then minus mean
            and divided by standard deviation.

    Returns:
        the same kind of value in a floating-point dtype.

    Raises:
        ArgumentError: an unknown mode or data format.
        ShapeError: something else than images with three channels.

    Example:
        >>> import gradmill as gm
        >>> x = np.full((1, 2, 2, 3), 255, "uint8")
        >>> float(gm.applications.imagenet_utils.preprocess_input(x, mode="tf").max())
        1.0
    """
    if mode not in _MODES:
        raise ArgumentError(f"preprocess_input: expected mode {', '.join(_MODES)}; received {mode!r}")
    data_format = data_format or config.image_data_format()
    if data_format not in ("channels_last", "channels_first"):
        raise ArgumentError(
            f'preprocess_input: expected data_format "channels_last" or "channels_first"; received {data_format!r}'
        )
    is_array = isinstance(x, (np.ndarray, list, tuple))
    x = np.asarray(x) if is_array else x
    axis = -1 if data_format == "channels_last" else -3
    if len(x.shape) not in (3, 4) or x.shape[axis] not in (3, None):
        raise ShapeError(f"preprocess_input: expected images with three channels; received shape {tuple(x.shape)}")
    if is_array:
        x = x.astype(x.dtype if np.issubdtype(x.dtype, np.floating) else config.floatx())
    elif "float" not in str(x.dtype):
        x = ops.cast(x, config.floatx())
    if mode == "tf":
        return x / 127.5 - 1.0
    if mode == "caffe":
        flipped = x[_backwards(len(x.shape), axis)] if is_array else ops.flip(x, axis=axis)
        return flipped - _along(_CAFFE_MEANS, axis, x)
    return (x / 255.0 - _along(_TORCH_MEANS, axis, x)) / _along(_TORCH_DEVIATIONS, axis, x)


def _backwards(rank: int, axis: int) -> Tuple[slice, ...]:
    return tuple(slice(None, None, -1) if each == rank + axis else slice(None) for each in range(rank))


def _along(values: Sequence[float], axis: int, x: Any) -> Any:
    """Return three numbers as an array of `x`'s dtype that broadcasts along the channel axis."""
    dtype = str(x.dtype) if isinstance(x, np.ndarray) or is_symbolic(x) else x.dtype
    array = np.array(values, "float32" if dtype == "bfloat16" else dtype)
    return array if axis == -1 else array.reshape(3, 1, 1)


def decode_predictions(preds: Any, top: int = 5, class_names: Any = None) -> List[List[Tuple[str, str, float]]]:
    """Return the likeliest classes of each image.

    No list of classes comes with the package. It is taken from `class_names`; else from the file
    `imagenet_class_index.json` in `$GRADMILL_DATA`, in the cache or in Keras's cache (`~/.keras/models`); else it is
    downloaded once into the cache and checked.

    Args:
        preds: predictions (images, classes).
        top: how many classes of each image.
        class_names: names in the order of the classes, or pairs (identifier, name), or a file: `.json` in the form
            `{"0": ["n01440764", "tench"], ...}` or text with one name a line.

    Returns:
        a list per image of tuples (identifier, name, score), best first.

    Raises:
        ArgumentError: another number of names than classes, a file that holds none, or no list anywhere.
        ShapeError: predictions of another rank.

    Example:
        >>> import gradmill as gm
        >>> decode = gm.applications.imagenet_utils.decode_predictions
        >>> decode(np.array([[0.25, 0.75]]), top=1, class_names=["cat", "dog"])
        [[('1', 'dog', 0.75)]]
    """
    scores = np.asarray(preds)
    if scores.ndim != 2:
        raise ShapeError(f"decode_predictions: expected predictions (images, classes); received shape {scores.shape}")
    if isinstance(top, bool) or not isinstance(top, int) or top < 1:
        raise ArgumentError(f"decode_predictions: expected top to be a positive integer; received {top!r}")
    names = _class_names(class_names)
    if len(names) != scores.shape[1]:
        raise ArgumentError(
            f"decode_predictions: expected predictions of {len(names)} classes, as many as there are names; received "
            f"{scores.shape[1]}; pass the names of your classes in class_names"
        )
    best = np.argsort(-scores, axis=1, kind="stable")[:, :top]
    return [[(*names[i], float(row[i])) for i in order] for row, order in zip(scores, best)]


def _class_names(given: Any) -> List[Tuple[str, str]]:
    if given is None:
        given = _find_index()
    if isinstance(given, (str, os.PathLike)):
        given = _read_names(os.fspath(given))
    pairs: List[Tuple[str, str]] = []
    for position, each in enumerate(given):
        pair = (str(position), each) if isinstance(each, str) else each
        if not isinstance(pair, (list, tuple)) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            raise ArgumentError(
                f"decode_predictions: expected class_names to hold names or pairs (identifier, name); received {each!r}"
            )
        pairs.append(tuple(pair))
    return pairs


def _read_names(path: str) -> List[Any]:
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(1 << 24)
        if not path.endswith(".json"):
            return [line.strip() for line in text.splitlines() if line.strip()]
        parsed = json.loads(text)
        return parsed if isinstance(parsed, list) else [parsed[str(i)] for i in range(len(parsed))]
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise ArgumentError(
            f"decode_predictions: expected {path} to hold the names of the classes as JSON or one a line; received "
            f"something else ({problem!r})"
        ) from None


def _find_index() -> str:
    folders = [
        *filter(None, [os.environ.get("GRADMILL_DATA")]),
        str(cache_directory() / "models"),
        os.path.join(os.path.expanduser("~"), ".keras", "models"),
    ]
    for folder in folders:
        path = os.path.join(folder, _INDEX_NAME)
        if os.path.isfile(path):
            return path
    # Downloads need network modules that an import of the package should not load.
    get_file = importlib.import_module("gradmill.utils.download").get_file
    try:
        return get_file(_INDEX_NAME, _INDEX_URL, file_hash=_INDEX_HASH, cache_subdir="models")
    except OSError as problem:
        raise ArgumentError(
            f"decode_predictions: expected {_INDEX_NAME} in {', '.join(folders)}, or class_names; received neither, "
            f"and it could not be downloaded ({problem})"
        ) from problem
