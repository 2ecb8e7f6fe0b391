"""Spellings of Keras 2 and early TensorFlow 2, which Keras 3 refuses though their meaning is clear."""

from __future__ import annotations

import functools
import inspect
import os
from pathlib import Path
from typing import Any, Callable, Iterator, Optional

from gradmill import layers, metrics, optimizers, saving, train
from gradmill.callbacks import ModelCheckpoint
from gradmill.models.model import Model

# Arguments of Keras 2 that say how it should go about its work.
_IGNORED = {
    "fit": ("max_queue_size", "use_multiprocessing", "workers"),
    "evaluate": ("max_queue_size", "use_multiprocessing", "workers"),
    "predict": ("max_queue_size", "use_multiprocessing", "workers"),
    "compile": ("experimental_run_tf_function", "experimental_steps_per_execution", "sample_weight_mode"),
}
_GENERATORS = {"fit_generator": "fit", "evaluate_generator": "evaluate", "predict_generator": "predict"}
_LAYER_ARGUMENTS = {
    "BatchNormalization": ("fused", "virtual_batch_size"),
    "GRU": ("implementation", "time_major"),
    "LSTM": ("implementation", "time_major"),
    "SimpleRNN": ("time_major",),
    "Embedding": ("input_length",),
}
# Those that mean something else when they are on: layers refuse them then.
_ONLY_OFF = ("time_major", "virtual_batch_size")


def _replace(owner: Any, name: str, make: Callable[[Callable], Callable]) -> None:
    """Put a function made of the present one in its place."""
    present = getattr(owner, name)
    setattr(owner, name, functools.wraps(present)(make(present)))


def _without(names: tuple[str, ...]) -> Callable[[Callable], Callable]:
    """Leave arguments out."""

    def make(present: Callable) -> Callable:
        def call(*args: Any, **kwargs: Any) -> Any:
            ignored = [key for key in names if key not in _ONLY_OFF or not kwargs.get(key)]
            return present(*args, **{key: value for key, value in kwargs.items() if key not in ignored})

        return call

    return make


def _name_may_be_first(add_weight: Callable) -> Callable:
    """`add_weight(name, shape, ...)` beside `add_weight(shape, ...)`."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if args and isinstance(args[0], str):
            kwargs["name"], args = args[0], args[1:]
            # The order of Keras 2 behind the name.
            kwargs.update(zip(("shape", "dtype", "initializer", "regularizer", "trainable", "constraint"), args))
            args = ()
        return add_weight(self, *args, **kwargs)

    return call


def _rate(optimizer_init: Callable) -> Callable:
    """`lr` for `learning_rate`."""

    def call(self: Any, *args: Any, **kwargs: Any) -> None:
        if "lr" in kwargs and "learning_rate" not in kwargs:
            kwargs["learning_rate"] = kwargs.pop("lr")
        optimizer_init(self, *args, **kwargs)

    return call


def weights_path(path: Any) -> str:
    """Return the file for weights that a script names by the prefix of a checkpoint, or by a plain ".h5".

    Args:
        path: what the script gave.
    """
    text = os.fspath(path)
    if text.endswith((".weights.h5", ".keras", ".safetensors")):
        return text
    return f"{text[:-3] if text.endswith('.h5') else text}.weights.h5"


def model_path(path: Any) -> str:
    """Return the file for a model that a script names by a folder: with ".keras" behind it.

    Args:
        path: what the script gave.
    """
    text = os.fspath(path)
    return text if text.endswith((".h5", ".hdf5", ".keras")) else f"{text.rstrip('/')}.keras"


def latest_checkpoint(checkpoint_dir: Any, latest_filename: Any = None) -> Optional[str]:
    """`tf.train.latest_checkpoint`: a folder's newest checkpoint, or else the prefix of its newest weights, or None.

    Args:
        checkpoint_dir: the folder.
        latest_filename: name of the file that lists the checkpoints.
    """
    newest = train.latest_checkpoint(checkpoint_dir, latest_filename)
    if newest is not None:
        return newest
    files = sorted(Path(checkpoint_dir).glob("*.weights.h5"), key=lambda file: (file.stat().st_mtime_ns, file.name))
    return str(files[-1])[: -len(".weights.h5")] if files else None


def _first_path(change: Callable[[Any], str]) -> Callable[[Callable], Callable]:
    """Change the path, which is the argument behind `self`; options of TensorFlow's formats are left out."""

    def make(present: Callable) -> Callable:
        def call(self: Any, filepath: Any, *args: Any, **kwargs: Any) -> Any:
            kept = {key: value for key, value in kwargs.items() if key not in ("options", "save_format")}
            path = filepath if os.path.isfile(filepath) else change(filepath)
            return present(self, path, *args, **kept)

        return call

    return make


def _checkpoint(present: Callable) -> Callable:
    """`ModelCheckpoint` with prefixes of checkpoints."""

    def call(self: Any, filepath: Any, *args: Any, **kwargs: Any) -> None:
        kept = {key: value for key, value in kwargs.items() if key not in ("options", "period")}
        weights = inspect.signature(present).bind_partial(self, filepath, *args, **kept).arguments
        change = weights_path if weights.get("save_weights_only") else model_path
        present(self, change(filepath), *args, **kept)

    return call


def load_model(filepath: Any, *args: Any, **kwargs: Any) -> Any:
    """`tf.keras.models.load_model`: also of a path without ending, as `model.save` takes it here.

    Args:
        filepath: what was given to `model.save`.
        *args, **kwargs: those of `gradmill.saving.load_model`.
    """
    kept = {key: value for key, value in kwargs.items() if key != "options"}
    return saving.load_model(filepath if os.path.isfile(filepath) else model_path(filepath), *args, **kept)


def _subclasses(owner: Any) -> Iterator[Any]:
    for each in vars(owner).values():
        if inspect.isclass(each):
            yield each


def accept_old_spellings() -> None:
    """Make classes of this process take the older spellings, too."""
    _replace(layers.Layer, "add_weight", _name_may_be_first)
    layers.Layer.add_variable = layers.Layer.add_weight  # type: ignore[method-assign]
    for method, names in _IGNORED.items():
        _replace(Model, method, _without(names))
    for old, new in _GENERATORS.items():
        setattr(Model, old, lambda self, generator, *args, new=new, **kw: getattr(self, new)(generator, **kw))
    _replace(Model, "save_weights", _first_path(weights_path))
    _replace(Model, "load_weights", _first_path(weights_path))
    _replace(Model, "save", _first_path(model_path))
    _replace(ModelCheckpoint, "__init__", _checkpoint)
    setattr(metrics.Metric, "reset_states", lambda self: self.reset_state())  # noqa: B010
    for optimizer in {each for each in _subclasses(optimizers) if issubclass(each, optimizers.Optimizer)}:
        if "__init__" in vars(optimizer):
            _replace(optimizer, "__init__", _rate)
    rate = property(lambda self: self.learning_rate, lambda self, value: setattr(self, "learning_rate", value))
    setattr(optimizers.Optimizer, "lr", rate)  # noqa: B010
    for name, ignored in _LAYER_ARGUMENTS.items():
        if hasattr(layers, name):
            _replace(getattr(layers, name), "__init__", _without(ignored))
