"""Models: layers that can be trained."""

import importlib
from typing import Any

from gradmill.models.cloning import clone_model

# Of `gradmill.utils`; files name the class, so it is always registered.
from gradmill.models.feature_space import FeatureSpace as FeatureSpace
from gradmill.models.function import Function
from gradmill.models.functional import Functional
from gradmill.models.model import Model, model_from_json
from gradmill.models.sequential import Sequential

__all__ = [
    "Function",
    "Functional",
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_json",
    "save_model",
]

# Keras has them here as well as in `saving`, which stands above this package.
_OF_SAVING = ("load_model", "save_model")


def __getattr__(name: str) -> Any:
    if name in _OF_SAVING:
        return getattr(importlib.import_module("gradmill.saving"), name)
    raise AttributeError(f"module 'gradmill.models' has no attribute {name!r}")
