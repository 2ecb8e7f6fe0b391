"""Writing and reading models and their variables; the format follows from the file's name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Mapping, Optional

from gradmill.errors import ArgumentError
from gradmill.saving import archive, legacy_h5
from gradmill.saving.hdf5 import Hdf5File, PathLike, read_hdf5
from gradmill.saving.state_tree import load_state, save_state
from gradmill.utils.lazy import LazyModule

if TYPE_CHECKING:
    import zipfile
else:
    zipfile = LazyModule("zipfile")

_LEGACY_ENDINGS = (".h5", ".hdf5")


def save_model(model: Any, filepath: PathLike, overwrite: bool = True, include_optimizer: bool = True) -> None:
    """Write a whole model: its architecture, variables, and, if it is compiled, how it is trained.

    Keras opens the file, too. It appears under its name only when it is complete.

    Args:
        model: the model.
        filepath: a name that ends in ".keras", or in ".h5" for the older format (which has no place for layers of your
            own inside of subclassed models).
        overwrite: whether an existing file may be replaced.
        include_optimizer: for ".h5", whether the optimizer and its state are written.

    Raises:
        ArgumentError: another ending; a file that exists and may not be replaced; a layer without `get_config`.
        UnsupportedError: a lambda in the model, whose code is never written.
        OSError: the file cannot be written.

    Example:
    >>> import os, tempfile
    >>> import gradmill as gm
    >>> model = gm.Sequential([gm.Input((4,)), gm.layers.Dense(2)])
    >>> path = os.path.join(tempfile.mkdtemp(), "model.keras")
    >>> gm.saving.save_model(model, path)
    >>> bool((gm.saving.load_model(path).get_weights()[0] == model.get_weights()[0]).all())
    True
    """
    path = os.fspath(filepath)
    if not path.endswith((".keras", *_LEGACY_ENDINGS)) or path.endswith(".weights.h5"):
        raise ArgumentError(
            f'save_model: expected a name that ends in ".keras" or ".h5"; received {path!r}; for variables alone use '
            'save_weights with ".weights.h5"'
        )
    _check_overwrite("save_model", path, overwrite)
    if path.endswith(".keras"):
        archive.save_archive(model, path)
    else:
        legacy_h5.save_legacy_model(model, path, include_optimizer)


def load_model(
    filepath: PathLike,
    custom_objects: Optional[Mapping[str, Any]] = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
    """Read a whole model that GradMill or Keras wrote.

    Args:
        filepath: a ".keras" file, or an ".h5" file of Keras 3 or 2.
        custom_objects: your classes and functions by the names in the file, unless they were registered by
            `register_keras_serializable`.
        compile: whether the model is compiled as it was when it was written, with the optimizer's state.
        safe_mode: must be True: code stored in a file is never run.

    Returns:
        The model.

    Raises:
        ArgumentError: no model file, damaged (checksums are verified), or hostile; an unknown class; variables that do
            not fit the architecture.
        UnsupportedError: a layer stored as code.
        OSError: the file cannot be opened.

    Example:
    >>> import os, tempfile
    >>> import gradmill as gm
    >>> path = os.path.join(tempfile.mkdtemp(), "model.keras")
    >>> gm.Sequential([gm.Input((4,)), gm.layers.Dense(2)]).save(path)
    >>> gm.saving.load_model(path).output_shape
    (None, 2)
    """
    if not safe_mode:
        raise ArgumentError(
            "load_model: expected safe_mode=True; received False; code stored in files is never run, pass your "
            "functions in custom_objects"
        )
    path = os.fspath(filepath)
    _check_exists("load_model", path)
    if path.endswith(_LEGACY_ENDINGS) and not zipfile.is_zipfile(path):
        return legacy_h5.load_legacy_model(path, custom_objects, compile)
    if path.endswith(".keras") or zipfile.is_zipfile(path):
        return archive.load_archive(path, custom_objects, compile)
    raise ArgumentError(
        f'load_model: expected a file whose name ends in ".keras" or ".h5"; received {path!r}; rename it or save the '
        "model again"
    )


def save_weights(model: Any, filepath: PathLike, overwrite: bool = True) -> None:
    """Write the variables of a model, and of its optimizer if it has one.

    Args:
        model: a built model.
        filepath: a name that ends in ".weights.h5" (Keras 3), or in ".h5" for the older format.
        overwrite: whether an existing file may be replaced.

    Raises:
        ArgumentError: another ending; a model that is not built; a file that exists and may not be replaced.
        OSError: the file cannot be written.

    Example:
    >>> import os, tempfile
    >>> import gradmill as gm
    >>> model = gm.Sequential([gm.Input((4,)), gm.layers.Dense(2)])
    >>> path = os.path.join(tempfile.mkdtemp(), "model.weights.h5")
    >>> gm.saving.save_weights(model, path)
    >>> gm.saving.load_weights(model, path)
    """
    path = os.fspath(filepath)
    if not path.endswith(_LEGACY_ENDINGS):
        raise ArgumentError(
            f'save_weights: expected a name that ends in ".weights.h5" (or ".h5"); received {path!r}; correct it'
        )
    _check_built("save_weights", model)
    _check_overwrite("save_weights", path, overwrite)
    if not path.endswith(".weights.h5"):
        legacy_h5.save_legacy_weights(model, path)
        return
    with Hdf5File(path, checksum=True) as file:
        save_state(model, file)


def load_weights(model: Any, filepath: PathLike, skip_mismatch: bool = False, by_name: bool = False) -> None:
    """Read variables that GradMill or Keras wrote into a model of the same structure.

    Args:
        model: a built model.
        filepath: a ".weights.h5", ".keras" or older ".h5" file.
        skip_mismatch: leave layers that do not fit as they are, with a warning, instead of raising.
        by_name: for older ".h5" files: match layers by name and leave the others as they are.

    Raises:
        ArgumentError: no weight file, damaged (checksums are verified), or hostile; a model that is not built;
            variables that do not fit, with the layers named.
        OSError: the file cannot be opened.

    Example:
    >>> import os, tempfile
    >>> import gradmill as gm
    >>> first = gm.Sequential([gm.Input((4,)), gm.layers.Dense(2)])
    >>> second = gm.Sequential([gm.Input((4,)), gm.layers.Dense(2)])
    >>> path = os.path.join(tempfile.mkdtemp(), "model.weights.h5")
    >>> gm.saving.save_weights(first, path)
    >>> gm.saving.load_weights(second, path)
    >>> bool((first.get_weights()[0] == second.get_weights()[0]).all())
    True
    """
    path = os.fspath(filepath)
    _check_built("load_weights", model)
    _check_exists("load_weights", path)
    if path.endswith((".weights.h5", ".keras")):
        if by_name:
            raise ArgumentError(
                f"load_weights: expected by_name=False for {path!r}; received True; only older .h5 files have names"
            )
        root = archive.read_archive_weights(path) if path.endswith(".keras") else read_hdf5(path)
        load_state(model, root, path, skip_mismatch)
    elif path.endswith(_LEGACY_ENDINGS):
        root = read_hdf5(path)
        if "model_weights" in root.members and "layer_names0" not in root.attributes:
            root = root if "layer_names" in root.attributes else root.group("model_weights")
        legacy_h5.load_legacy_weights(model, root, path, skip_mismatch, by_name)
    else:
        raise ArgumentError(
            f'load_weights: expected a name that ends in ".weights.h5", ".keras" or ".h5"; received {path!r}; rename '
            "the file"
        )


def _check_built(function: str, model: Any) -> None:
    if not getattr(model, "built", True):
        raise ArgumentError(
            f"{function}: expected a built model; received {getattr(model, 'name', model)!r} without variables; call "
            "it on data or use build() first"
        )


def _check_exists(function: str, path: str) -> None:
    if not os.path.exists(path):
        raise FileNotFoundError(2, f"{function}: expected an existing file; received", path)


def _check_overwrite(function: str, path: str, overwrite: bool) -> None:
    if not overwrite and os.path.exists(path):
        raise ArgumentError(
            f"{function}: expected a new file with overwrite=False; received {path!r}, which exists; choose another "
            "name or pass overwrite=True"
        )
