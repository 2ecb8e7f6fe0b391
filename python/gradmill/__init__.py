"""GradMill: a training engine for neural networks with Keras's interface.

Example:
    >>> import gradmill as gm
    >>> model = gm.Sequential([gm.layers.Dense(10, activation="relu"), gm.layers.Dense(1)])
    >>> model.compile("adam", "mse")
"""

import importlib
from typing import Any

from gradmill import (
    activations,
    autograd,
    callbacks,
    config,
    constraints,
    dtype_policies,
    errors,
    initializers,
    layers,
    losses,
    metrics,
    mixed_precision,
    models,
    ops,
    optimizers,
    random,
    regularizers,
    saving,
    testing,
    tracing,
    tree,
    utils,
)
from gradmill._core import __version__
from gradmill.autograd import GradientTape, custom_gradient, value_and_grad
from gradmill.initializers import Initializer
from gradmill.layers import Input, InputSpec, Layer
from gradmill.losses import Loss
from gradmill.metrics import Metric
from gradmill.mixed_precision import DTypePolicy, FloatDTypePolicy
from gradmill.models import Function, Functional, Model, Sequential
from gradmill.optimizers import Optimizer
from gradmill.regularizers import Regularizer
from gradmill.rematerialization import RematScope, remat
from gradmill.symbolic import SymbolicTensor
from gradmill.tracing import TensorSpec, function, name_scope
from gradmill.utils.environment import device, version
from gradmill.variable import Variable

# Loaded when first used: few scripts need them, and data sets need the network and archive modules of Python.
_LAZY_MODULES = (
    "applications", "backend", "data", "datasets", "export", "preprocessing", "train", "visualization", "wrappers",
)  # fmt: skip

# Keras's name for it.
KerasTensor = SymbolicTensor

__all__ = [
    "DTypePolicy",
    "FloatDTypePolicy",
    "Function",
    "Functional",
    "GradientTape",
    "Initializer",
    "Input",
    "InputSpec",
    "KerasTensor",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Regularizer",
    "RematScope",
    "Sequential",
    "SymbolicTensor",
    "TensorSpec",
    "Variable",
    "__version__",
    "activations",
    "applications",
    "autograd",
    "backend",
    "callbacks",
    "config",
    "constraints",
    "custom_gradient",
    "data",
    "datasets",
    "device",
    "dtype_policies",
    "errors",
    "export",
    "function",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "name_scope",
    "ops",
    "optimizers",
    "preprocessing",
    "random",
    "regularizers",
    "remat",
    "saving",
    "testing",
    "tracing",
    "train",
    "tree",
    "utils",
    "value_and_grad",
    "version",
    "visualization",
    "wrappers",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY_MODULES:
        return importlib.import_module(f"gradmill.{name}")
    hint = "; subclass gm.Layer, which needs no weights" if name == "Operation" else ""
    raise AttributeError(f"module 'gradmill' has no attribute {name!r}{hint}")
