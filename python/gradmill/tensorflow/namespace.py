"""Modules of names: where a name of TensorFlow is found, and what is said when it is not."""

from __future__ import annotations

import dis
import importlib
import inspect
import sys
import types
from typing import Any, Iterable, Iterator, Mapping, Optional

from gradmill.errors import UnsupportedError
from gradmill.serialization import nearest_name

_FLOATS = "models compute in floats; see tf.keras.mixed_precision"
_NO_OTHER = "no other framework runs underneath; write the layer with tf.keras.layers or tf.keras.Layer"
_STATE = "steps with state are compiled as they are: use tf.function"
# What to use instead of a missing name that many scripts have; a key also answers for what lies below it.
ADVICE = {
    "tf.Session": "there are no graphs and sessions of TensorFlow 1; call functions, or compile them with tf.function",
    "tf.placeholder": "pass arguments to a function instead, or use tf.keras.Input",
    "tf.layers": "use tf.keras.layers",
    "tf.autodiff": "use gradmill.ops.jvp, or tf.GradientTape",
    "tf.contrib": "it ended with TensorFlow 1; use tf.keras",
    "tf.data.experimental.SqlDataset": "use tf.data.Dataset.from_generator",
    "tf.data.experimental.dense_to_ragged_batch": "use Dataset.padded_batch; elements of data sets are dense",
    "tf.data.experimental.dense_to_sparse_batch": "use Dataset.padded_batch; elements of data sets are dense",
    "tf.data.experimental.make_batched_features_dataset": "use tf.data.TFRecordDataset, batch and map",
    "tf.data.experimental.service": "pipelines run in the threads of this process; remove the call",
    "tf.data.experimental.snapshot": "use Dataset.cache with the name of a file, or Dataset.save",
    "tf.estimator": "use tf.keras.Model with compile and fit",
    "tf.feature_column": "use tf.keras.layers",
    "tf.flags": "use argparse",
    "tf.app": "use argparse",
    "tf.keras.Quantizer": _FLOATS,
    "tf.keras.StatelessScope": _STATE,
    "tf.keras.SymbolicScope": _STATE,
    "tf.keras.callbacks.OrbaxCheckpoint": "use tf.keras.callbacks.ModelCheckpoint or BackupAndRestore",
    "tf.keras.distillation": "override compute_loss in a Model that holds teacher and student",
    "tf.keras.distribution": "a model trains on one device, with all of its threads; remove the call",
    "tf.keras.layers.FlaxLayer": _NO_OTHER,
    "tf.keras.layers.JaxLayer": _NO_OTHER,
    "tf.keras.layers.TFSMLayer": _NO_OTHER,
    "tf.keras.layers.TorchModuleWrapper": _NO_OTHER,
    "tf.keras.quantizers": _FLOATS,
    "tf.lite": "models are run by this engine only; save them with model.save",
    "tf.profiler": "use plan.profile() of a compiled function",
    "tf.quantization": _FLOATS,
    "tf.saved_model": "use model.save('model.keras') and tf.keras.models.load_model",
    "tf.tpu": "there are no TPUs here; remove the call",
}
# Modules behind the first part of a path: Python imports what follows it by their names.
_MODULES = {"tf": "gradmill.tensorflow", "tfds": "tensorflow_datasets"}
_roots: dict[str, Any] = {}  # first part of a path ("tf") -> the module that is reached by it


class MissingSymbolError(UnsupportedError, AttributeError):
    """A name that TensorFlow or Keras may have, but this package has not; also an AttributeError."""


class MissingImportError(UnsupportedError, ModuleNotFoundError):
    """The same for `from module import name` and `import module`; also an ImportError.

    Args:
        text: the message.
        name: the module that is missing.
    """

    def __init__(self, text: str, name: Optional[str] = None):
        ModuleNotFoundError.__init__(self, text, name=name)


def public_names(source: types.ModuleType) -> list[str]:
    """Return the names that a module offers: its `__all__`, or else the classes and functions that it defines.

    Args:
        source: the module.
    """
    listed = getattr(source, "__all__", None)
    if listed is not None:
        return list(listed)
    return [
        name
        for name, value in vars(source).items()
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isroutine(value))
        and getattr(value, "__module__", None) == source.__name__
    ]


class Namespace(types.ModuleType):
    """A module whose names are those of other modules, and own ones that go before.

    Args:
        path: how users write it, such as "tf.keras.layers".
        doc: one line about it.
        names: own names.
        sources: modules, or names of modules that are imported when first used; one that does not exist has no names.

    Example:
        >>> from gradmill.tensorflow.namespace import Namespace
        >>> Namespace("tf.example", "An example.", {"ten": 10}).ten
        10
    """

    def __init__(
        self, path: str, doc: str, names: Optional[Mapping[str, Any]] = None, sources: Iterable[Any] = ()
    ) -> None:
        root, _, rest = path.partition(".")
        super().__init__(f"{_MODULES.get(root, root)}.{rest}".rstrip("."), doc)
        vars(self).update(names or {}, __path__=[], _path=path, _own=dict(names or {}), _sources=list(sources))

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            for source in self._modules():
                value = getattr(source, name, None) if name in public_names(source) else _submodule(source, name)
                if value is not None:
                    if isinstance(value, types.ModuleType) and not isinstance(value, Namespace):
                        value = Namespace(f"{self._path}.{name}", value.__doc__ or "", {}, [value])
                    setattr(self, name, value)
                    return value
        raise missing(self._path, name, dir(self))

    def __dir__(self) -> list[str]:
        names = set(self._own)
        for source in self._modules():
            names.update(name for name in public_names(source) if not name.startswith("_"))
        return sorted(names)

    @property
    def own_names(self) -> dict[str, Any]:
        """The names that no other module lends, public ones."""
        return {name: value for name, value in self._own.items() if not name.startswith("_")}

    @property
    def source_names(self) -> list[str]:
        """Names of the modules that lend theirs."""
        return [source if isinstance(source, str) else source.__name__ for source in self._sources]

    def _modules(self) -> Iterator[types.ModuleType]:
        for place, source in enumerate(self._sources):
            if isinstance(source, str):
                try:
                    source = importlib.import_module(source)
                except ModuleNotFoundError as error:
                    if error.name != source:
                        raise
                    continue
                self._sources[place] = source
            yield source


def _submodule(source: types.ModuleType, name: str) -> Optional[types.ModuleType]:
    """A module within a package, such as `vgg16` of `gradmill.applications`."""
    found = vars(source).get(name)
    if isinstance(found, types.ModuleType) and found.__name__ == f"{source.__name__}.{name}":
        return found
    return None


def register_root(path: str, module: types.ModuleType) -> None:
    """Make `module` the place where the search for alternatives to a missing `path.name` begins.

    Args:
        path: such as "tf".
        module: has the names.
    """
    _roots[path] = module


def alternative(path: str, name: str, known: Iterable[str]) -> str:
    """Return what to say about `path.name`, which does not exist: what to use.

    Args:
        path: the namespace.
        name: what was asked for.
        known: names that the namespace has.
    """
    full = f"{path}.{name}"
    for prefix, advice in ADVICE.items():
        if f"{full}.".startswith(f"{prefix}."):
            return advice
    root = path.partition(".")[0]
    if path != root and name in dir(_roots.get(root)):
        return f"use {root}.{name}"
    nearest = nearest_name(name, [each for each in known if not each.startswith("_")])
    found = next((place for place in _same_name(root, name) if place != full), None)
    if found is not None:
        return f"use {found}"
    if nearest:
        return f"the nearest name is {path}.{nearest}"
    return "`python -m gradmill.tensorflow --covered` lists what there is"


def _same_name(root: str, name: str) -> Iterator[str]:
    """Places of the same name in other namespaces."""
    for place, module in namespaces(_roots.get(root), root):
        if name in dir(module):
            yield f"{place}.{name}"


def namespaces(module: Any, path: str, lent: bool = True) -> Iterator[tuple[str, Any]]:
    """Yield (path, module) of a namespace and of all below it, each once.

    Args:
        module: where to begin.
        path: how users write it.
        lent: whether to go into modules that others lend, too, such as `tf.keras.callbacks`, which is `gradmill`'s.
    """
    waiting, seen = [(path, module)], {id(module)}
    while waiting:
        place, current = waiting.pop(0)
        yield place, current
        for name in dir(current) if lent else sorted(current.own_names):
            value = getattr(current, name)
            if isinstance(value, Namespace) and not name.startswith("_") and id(value) not in seen:
                seen.add(id(value))
                waiting.append((f"{place}.{name}", value))


def missing(path: str, name: str, known: Iterable[str]) -> Exception:
    """Return the exception for a name that a namespace does not have.

    Python hides the text of an AttributeError behind its own one when the name is asked for by `from ... import`; an
    ImportError it lets through.

    Args:
        path: the namespace.
        name: what was asked for.
        known: names that the namespace has.
    """
    if name.startswith("__"):  # asked for by Python itself
        return AttributeError(f"module {path!r} has no attribute {name!r}")
    text = f"{path}.{name}: expected a name that gradmill.tensorflow has; {alternative(path, name, known)}"
    asked = sys._getframe(2)
    if asked.f_lasti >= 0 and dis.opname[asked.f_code.co_code[asked.f_lasti]] == "IMPORT_FROM":
        return MissingImportError(text)
    return MissingSymbolError(text)


def become_namespace(module: types.ModuleType, path: str, names: Mapping[str, Any]) -> None:
    """Turn a module into a `Namespace`.

    Args:
        module: any module; it keeps what it has.
        path: how users write it.
        names: the names that it shall have.
    """
    module.__class__ = Namespace
    vars(module).update(names, _path=path, _own=dict(names), _sources=[])
