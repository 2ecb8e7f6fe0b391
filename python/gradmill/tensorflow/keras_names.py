"""`tf.keras`: the whole of `gradmill`, and the names that Keras had for it before."""

from __future__ import annotations

from typing import Any

import gradmill
from gradmill import config, layers, losses, metrics, mixed_precision, models, optimizers
from gradmill.tensorflow.keras_backend import BACKEND, backend
from gradmill.tensorflow.namespace import Namespace
from gradmill.tensorflow.old_spellings import load_model

# Version of Keras whose names and meanings these are.
VERSION = "3.15.0"
_SHORT_LOSSES = {
    "mse": "mean_squared_error", "mae": "mean_absolute_error", "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error", "kld": "kl_divergence", "kullback_leibler_divergence": "kl_divergence",
}  # fmt: skip
# Layers that stood among the experimental ones at first.
_PREPROCESSING = (
    "CenterCrop", "CategoryEncoding", "Discretization", "HashedCrossing", "Hashing", "IntegerLookup", "Normalization",
    "RandomBrightness", "RandomContrast", "RandomCrop", "RandomFlip", "RandomHeight", "RandomRotation",
    "RandomTranslation", "RandomWidth", "RandomZoom", "Rescaling", "Resizing", "StringLookup", "TextVectorization",
)  # fmt: skip


class Reduction:
    """`tf.keras.losses.Reduction`: names of ways to reduce the losses of a batch."""

    AUTO = "sum_over_batch_size"
    NONE = "none"
    SUM = "sum"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"


def _short_names(home: Any) -> dict[str, Any]:
    found = {short: getattr(home, name) for short, name in _SHORT_LOSSES.items()}
    return {**found, **{name.upper(): function for name, function in found.items() if "_" not in name}}


def make_keras(path: str) -> Namespace:
    """Make the namespace.

    Args:
        path: how users write it: "tf.keras".
    """

    def part(name: str, doc: str, names: Any = None, sources: Any = ()) -> Namespace:
        return Namespace(f"{path}.{name}", doc, names, sources)

    preprocessing = {name: getattr(layers, name) for name in _PREPROCESSING if hasattr(layers, name)}
    experimental = part("layers.experimental", "Layers that were experimental once.", {
        "preprocessing": part("layers.experimental.preprocessing", "Layers that prepare data.", preprocessing),
        **preprocessing,
    })  # fmt: skip
    policies = part("mixed_precision.experimental", "Names of early mixed precision.", {
        "LossScaleOptimizer": optimizers.LossScaleOptimizer, "Policy": mixed_precision.Policy,
        "global_policy": mixed_precision.global_policy, "set_policy": mixed_precision.set_global_policy,
    })  # fmt: skip
    schedules = part("experimental", "Names that were experimental once.", {
        "CosineDecay": optimizers.schedules.CosineDecay,
    })  # fmt: skip
    return Namespace(path, "Keras: the whole of gradmill.", {
        "__version__": VERSION,
        "backend": part("backend", "Functions of early Keras.", BACKEND),
        "config": part("config", "Settings.", {"backend": backend}, [config]),
        "experimental": schedules,
        "layers": part("layers", "Layers.", {"experimental": experimental}, [layers]),
        "losses": part("losses", "Losses.", {"Reduction": Reduction, **_short_names(losses)}, [losses]),
        "metrics": part("metrics", "Metrics.", _short_names(metrics), [metrics]),
        "mixed_precision": part("mixed_precision", "Policies.", {"experimental": policies}, [mixed_precision]),
        "models": part("models", "Models.", {"load_model": load_model}, [models]),
        "optimizers": part("optimizers", "Optimizers.", {
            "experimental": part("optimizers.experimental", "Optimizers.", {}, [optimizers]),
            "legacy": part("optimizers.legacy", "Optimizers.", {}, [optimizers]),
        }, [optimizers]),
        "preprocessing": part("preprocessing", "Helpers for data.", {
            name: part(f"preprocessing.{name}", f"Helpers for data: {name}.", {}, [f"gradmill.preprocessing.{name}"])
            for name in ("image", "sequence", "text")
        }, ["gradmill.preprocessing"]),
    }, [gradmill])  # fmt: skip
