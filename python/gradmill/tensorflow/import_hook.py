"""`import tensorflow`, `import keras` and `import tensorflow_datasets` of this process find the names here."""

from __future__ import annotations

import importlib.machinery
import sys
import types
from typing import Any, Optional, Sequence

from gradmill import tracing
from gradmill.tensorflow import datasets, old_spellings
from gradmill.tensorflow.namespace import MissingImportError, Namespace, alternative, register_root

DATASETS = Namespace("tfds", "Data sets.", {
    "__version__": "4.9.9", "as_numpy": datasets.as_numpy, "disable_progress_bar": lambda: None,
    "list_builders": datasets.list_builders, "load": datasets.load,
})  # fmt: skip


class Finder:
    """Finds modules among the names of a namespace; stands in `sys.meta_path`.

    Args:
        name: the name under which the namespace is imported, such as "tensorflow".
        path: how users write it, such as "tf".
        root: the namespace.
    """

    def __init__(self, name: str, path: str, root: types.ModuleType):
        self._name, self._path, self._root = name, path, root

    def find_spec(
        self, fullname: str, path: Optional[Sequence[str]] = None, target: Any = None
    ) -> Optional[importlib.machinery.ModuleSpec]:
        """Return how to load a module; None when it is none of ours.

        Args:
            fullname: its name.
            path: where its package is, which does not matter here.
            target: accepted for compatibility.

        Raises:
            MissingImportError: for a module that is not there.
        """
        if fullname != self._name and not fullname.startswith(f"{self._name}."):
            return None
        module, place = self._root, self._path
        for part in fullname[len(self._name) :].split(".")[1:]:
            found = getattr(module, part, None)
            if not isinstance(found, Namespace):
                advice = alternative(place, part, dir(module))
                raise MissingImportError(f"{place}.{part}: expected a module that is here; {advice}", fullname)
            module, place = found, f"{place}.{part}"
        loader: Any = Loader(module)
        return importlib.machinery.ModuleSpec(fullname, loader, is_package=True)


class Loader:
    """Hands out a module that exists already.

    Args:
        module: the module.
    """

    def __init__(self, module: types.ModuleType):
        self._module, self._spec = module, getattr(module, "__spec__", None)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """Return the module."""
        return self._module

    def exec_module(self, module: types.ModuleType) -> None:
        """Give the module back the place from which it was loaded first."""
        module.__spec__ = self._spec


def serve_own_modules(tf: types.ModuleType) -> None:
    """Let `from gradmill.tensorflow.keras import layers` find the namespaces; files of the package go before.

    Args:
        tf: the namespace `tf`.
    """
    finder: Any = Finder("gradmill.tensorflow", "tf", tf)
    sys.meta_path.append(finder)


def install(tf: types.ModuleType) -> None:
    """Let this process import `tensorflow`, `keras` and `tensorflow_datasets` from here, also where they are installed.

    From then on it takes older spellings of Keras, too, and steps of models whose code looks at values of tensors run
    op by op.

    Args:
        tf: the namespace `tf`.

    Raises:
        ImportError: one of them was imported before.
    """
    roots = [
        ("tensorflow", "tf", tf),
        ("keras", "tf.keras", vars(tf)["keras"]),
        ("tensorflow_datasets", "tfds", DATASETS),
    ]
    present = sorted(name for name, _, _ in roots if name in sys.modules)
    if present:
        raise ImportError(f"gradmill.tensorflow: expected to come before {', '.join(present)}; it was imported already")
    register_root("tfds", DATASETS)
    old_spellings.accept_old_spellings()
    tracing.set_fall_back(True)
    finders: list[Any] = [Finder(*root) for root in roots]
    sys.meta_path[:0] = finders
