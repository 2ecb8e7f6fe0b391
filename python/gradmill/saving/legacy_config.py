"""Configurations of older Keras versions in today's form, and the reverse for `.h5` files."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from gradmill.errors import UnsupportedError
from gradmill.models.graph import upgrade_call
from gradmill.serialization import get_registered_object
from gradmill.symbolic import op_of_class

_MODEL_MODULES = {"Sequential": "keras", "Functional": "keras.src.models.functional"}
_NEW_KEYS = ("module", "registered_name", "build_config", "compile_config", "shared_object_id")
# Arguments that were dropped because they chose between implementations or were never used.
_DROPPED = {
    "layer": ("batch_input_shape", "time_major", "ragged_input", "experimental_autocast"),
    "optimizer": ("decay", "is_legacy_optimizer", "jit_compile"),
}


def strip_config(config: Mapping[str, Any]) -> Dict[str, Any]:
    """Return a model's configuration as `.h5` files hold it: layers with class and arguments only."""
    stripped = {key: value for key, value in config.items() if key not in _NEW_KEYS}
    if config.get("registered_name") and str(config.get("module")).startswith("keras.src.ops"):
        stripped["module"] = config["module"]  # an op in a graph; without it Multiply and its like would be layers
    elif config.get("registered_name"):
        stripped["class_name"] = config["registered_name"]
    inner = stripped.get("config")
    if isinstance(inner, Mapping):
        inner = dict(inner)
        if isinstance(inner.get("layers"), list):
            inner["layers"] = [strip_config(layer) for layer in inner["layers"]]
        stripped["config"] = inner
    return stripped


def upgrade_config(config: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the configuration of a model or layer from an `.h5` file as `deserialize_object` reads it.

    Raises:
        UnsupportedError: a Lambda layer, whose code would have to be run.
    """
    upgraded = dict(config)
    class_name = upgraded.get("class_name")
    inner = upgraded.get("config")
    if class_name == "Model":
        upgraded["class_name"] = class_name = "Functional"
    if class_name == "Lambda":
        _check_lambda(inner)
    if upgraded.get("module") is None and _is_op(class_name, inner):
        upgraded["module"] = "keras.src.ops"
    elif upgraded.get("module") is None:
        upgraded["module"] = _MODEL_MODULES.get(str(class_name), "keras.layers")
        # Names of the user's classes come first, as in the time of this format.
        upgraded["registered_name"] = class_name
    if isinstance(inner, list):  # Sequential before Keras 2.2.3
        inner = {"layers": inner}
    if isinstance(inner, Mapping):
        upgraded["config"] = _upgrade_arguments(str(class_name), dict(inner))
    if isinstance(upgraded.get("inbound_nodes"), list):
        upgraded["inbound_nodes"] = [upgrade_call(node) for node in upgraded["inbound_nodes"]]
    return upgraded


def _is_op(class_name: Any, inner: Any) -> bool:
    """Whether an entry of a graph is an op: Keras 3 writes Add, Multiply and their like as it writes the layers.

    Configurations of those layers say whether they are trainable; ops have no such argument.
    """
    is_bare = isinstance(inner, Mapping) and "name" in inner and not {"trainable", "layers", "batch_shape"} & set(inner)
    return is_bare and get_registered_object(str(class_name)) is None and op_of_class(str(class_name)) is not None


def _check_lambda(inner: Any) -> None:
    function = inner.get("function") if isinstance(inner, Mapping) else None
    is_code = isinstance(function, list) or (
        isinstance(function, Mapping) and function.get("class_name") == "__lambda__"
    )
    old_code = isinstance(inner, Mapping) and inner.get("function_type") == "lambda"
    if is_code or old_code:
        raise UnsupportedError(
            "load_model: expected layers without stored code; received a Lambda layer whose function is stored as "
            "Python code, which is never run; save the model again with a named function or a Layer subclass"
        )


def _upgrade_arguments(class_name: str, inner: Dict[str, Any]) -> Dict[str, Any]:
    batch_shape = inner.get("batch_input_shape")
    if isinstance(inner.get("layers"), list):
        layers: List[Any] = [upgrade_config(layer) for layer in inner["layers"]]
        first = inner["layers"][0] if inner["layers"] else {}
        first_shape = first.get("config", {}).get("batch_input_shape") if isinstance(first, Mapping) else None
        if class_name == "Sequential" and first_shape is not None and first["class_name"] != "InputLayer":
            dtype = first["config"].get("dtype", "float32")
            arguments = {"batch_shape": first_shape, "dtype": dtype if isinstance(dtype, str) else "float32"}
            layers.insert(0, {"module": "keras.layers", "class_name": "InputLayer", "config": arguments})
        inner["layers"] = layers
    for key in ("layer", "backward_layer", "cell"):
        if isinstance(inner.get(key), Mapping) and "class_name" in inner[key]:
            inner[key] = upgrade_config(inner[key])
    if class_name == "InputLayer" and batch_shape is not None:
        inner["batch_shape"] = batch_shape
    axis = inner.get("axis")
    if isinstance(axis, list) and len(axis) == 1:
        inner["axis"] = axis[0]
    return {key: value for key, value in inner.items() if key not in _DROPPED["layer"]}


def upgrade_optimizer(config: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the configuration of an optimizer from an `.h5` file as `deserialize_object` reads it."""
    upgraded = dict(config)
    upgraded.setdefault("module", "keras.optimizers")
    inner = dict(upgraded.get("config") or {})
    if "lr" in inner:
        inner["learning_rate"] = inner.pop("lr")
    upgraded["config"] = {key: value for key, value in inner.items() if key not in _DROPPED["optimizer"]}
    return upgraded


def upgrade_compiled(config: Any) -> Any:
    """Return the configuration of losses or metrics from an `.h5` file in the form that `compile` takes."""
    if isinstance(config, list):
        return [upgrade_compiled(each) for each in config]
    if not isinstance(config, Mapping):
        return config
    if "class_name" not in config:
        return {key: upgrade_compiled(value) for key, value in config.items()}
    inner = dict(config.get("config") or {}) if not isinstance(config.get("config"), str) else config["config"]
    if config["class_name"] in ("MeanMetricWrapper", "LossFunctionWrapper") and "module" not in config:
        return inner["name"]  # metrics and losses that were given by name
    if isinstance(inner, dict) and inner.get("reduction") == "auto":
        inner["reduction"] = "sum_over_batch_size"
    return {**config, "config": inner}
