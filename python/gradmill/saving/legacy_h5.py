"""The older `.h5` file: variables by layer name, with the configurations as attributes of the root."""

from __future__ import annotations

import json
import warnings
from typing import Any, Dict, List, Mapping, Optional, Sequence

import numpy as np

from gradmill import losses
from gradmill.errors import ArgumentError, ShapeError
from gradmill.saving.archive import KERAS_VERSION, parse_json
from gradmill.saving.hdf5 import Group, Hdf5File, PathLike, read_hdf5
from gradmill.saving.legacy_config import strip_config, upgrade_compiled, upgrade_config, upgrade_optimizer
from gradmill.saving.state_tree import assign_unused_optimizer
from gradmill.serialization import CustomObjectScope, deserialize_object, serialize_object

# Layout of kernels; readers of the time before Keras 3 convert from others.
_BACKEND = "tensorflow"
_COMPILE_ARGUMENTS = ("loss", "metrics", "weighted_metrics")


def save_legacy_model(model: Any, path: PathLike, include_optimizer: bool = True) -> None:
    """Write a whole model as an `.h5` file."""
    serialized = serialize_object(model)
    with Hdf5File(path, checksum=True) as file:
        file.set_attribute("/", "keras_version", KERAS_VERSION)
        file.set_attribute("/", "backend", _BACKEND)
        file.set_attribute("/", "model_config", json.dumps(strip_config(serialized)))
        compiled = serialized.get("compile_config") if include_optimizer else None
        if compiled:
            optimizer = compiled.pop("optimizer")
            training = {**compiled, "loss": _full_loss_names(compiled.get("loss"))}
            training["optimizer_config"] = {key: optimizer[key] for key in ("class_name", "config")}
            file.set_attribute("/", "training_config", json.dumps(training))
        _write_layers(file, "/model_weights", model)
        optimizer = getattr(model, "optimizer", None)
        if include_optimizer and optimizer is not None and optimizer.variables:
            _write_variables(file, "/optimizer_weights", optimizer.variables)


def _full_loss_names(loss: Any) -> Any:
    """Return losses with "mse" and its like written out: Keras 3.15 does not read the short names from `.h5` files."""
    if isinstance(loss, str):
        return getattr(losses.get(loss), "__name__", loss)
    if isinstance(loss, Mapping) and "class_name" not in loss:
        return {key: _full_loss_names(value) for key, value in loss.items()}
    return [_full_loss_names(each) for each in loss] if isinstance(loss, (list, tuple)) else loss


def save_legacy_weights(model: Any, path: PathLike) -> None:
    """Write a model's variables as an `.h5` file without configurations."""
    with Hdf5File(path, checksum=True) as file:
        _write_layers(file, "/", model)


def _write_layers(file: Hdf5File, group: str, model: Any) -> None:
    prefix = "" if group == "/" else group
    if prefix:
        file.make_group(group)
    file.set_texts(group, "layer_names", [layer.name for layer in model.layers])
    file.set_attribute(group, "backend", _BACKEND)
    file.set_attribute(group, "keras_version", KERAS_VERSION)
    for layer in model.layers:
        _write_variables(file, f"{prefix}/{layer.name}", _layer_weights(layer))
    _write_variables(file, f"{prefix}/top_level_model_weights", _own_weights(model))


def _write_variables(file: Hdf5File, group: str, variables: Sequence[Any]) -> None:
    names: List[str] = []
    for variable in variables:
        name, count = variable.path.strip("/"), 0
        # Also "a" beside "a/b" cannot be: one would be a dataset and a group.
        while any(other == name or other.startswith(name + "/") or name.startswith(other + "/") for other in names):
            count += 1
            name = f"{variable.path.strip('/')}_{count}"
        names.append(name)
    file.make_group(group)
    file.set_texts(group, "weight_names", names)
    for name, variable in zip(names, variables):
        file.write(f"{group}/{name}", variable)


def _layer_weights(layer: Any) -> List[Any]:
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _own_weights(model: Any) -> List[Any]:
    known = {id(variable) for variable in model.weights}
    own = [*model._trainable_variables, *model._non_trainable_variables]
    return [variable for variable in own if id(variable) in known]


def load_legacy_model(path: PathLike, custom_objects: Optional[Mapping[str, Any]] = None, compile: bool = True) -> Any:
    """Build the model that an `.h5` file describes and give it the file's variables."""
    root = read_hdf5(path)
    config = root.attributes.get("model_config")
    if not isinstance(config, str):
        raise ArgumentError(
            f"{path}: expected a whole model, with attribute model_config; received weights only; build the model and "
            "use load_weights"
        )
    with CustomObjectScope(custom_objects):
        config = upgrade_config(parse_json(config, f"{path}: model_config"))
        model = deserialize_object(config, custom_objects=custom_objects)
        if not getattr(model, "built", True) and config["config"].get("build_input_shape"):
            model.build(tuple(config["config"]["build_input_shape"]))
        load_legacy_weights(model, root.group("model_weights"), str(path))
        if compile:
            _compile(model, root, str(path))
    return model


def _compile(model: Any, root: Group, label: str) -> None:
    stored = root.attributes.get("training_config")
    if not isinstance(stored, str):
        return  # the model was not compiled when it was written
    training = parse_json(stored, f"{label}: training_config")
    optimizer = training.get("optimizer_config")
    arguments: Dict[str, Any] = {"loss_weights": training.get("loss_weights")}
    for name in _COMPILE_ARGUMENTS:
        module = "keras.losses" if name == "loss" else "keras.metrics"
        arguments[name] = deserialize_object(upgrade_compiled(training.get(name)), default_module=module)
    if optimizer is not None:
        arguments["optimizer"] = deserialize_object(upgrade_optimizer(optimizer), default_module="keras.optimizers")
    model.compile(**arguments)
    if "optimizer_weights" not in root.members or model.optimizer is None:
        return
    model.optimizer.build(model.trainable_variables)
    values = _stored_values(root.group("optimizer_weights"))
    if assign_unused_optimizer(model.optimizer, values):
        return
    shapes = [tuple(variable.shape) for variable in model.optimizer.variables]
    if shapes != [value.shape for value in values]:
        warnings.warn(
            f"{label}: its optimizer's state ({len(values)} variables) does not fit this optimizer ({len(shapes)}), "
            "which starts anew",
            stacklevel=4,
        )
        return
    for variable, value in zip(model.optimizer.variables, values):
        variable.assign(value)


def _stored_values(group: Group) -> List[np.ndarray]:
    return [group.dataset(name).numpy() for name in group.texts("weight_names")]


def load_legacy_weights(
    model: Any, group: Group, label: str, skip_mismatch: bool = False, by_name: bool = False
) -> None:
    """Give a model the variables in a group of an `.h5` file.

    Args:
        model: a built model.
        group: the group that holds the layers.
        label: names the file in messages.
        skip_mismatch: warn about layers that do not fit instead of raising.
        by_name: match layers by name and leave the others, instead of by order.

    Raises:
        ArgumentError: another number of layers with variables.
        ShapeError: another number of variables in a layer, or other shapes.
    """
    names = group.texts("layer_names")
    if by_name:
        layers = {layer.name: layer for layer in model.layers}
        pairs = [(layers[name], name) for name in names if name in layers]
    else:
        filled = [name for name in names if group.group(name).texts("weight_names")]
        own = [layer for layer in model.layers if _layer_weights(layer)]
        if len(filled) != len(own):
            raise ArgumentError(
                f"{label}: expected {len(own)} layers with variables; received {len(filled)} ({', '.join(filled[:8])}"
                "); use the file of the same model, or by_name=True"
            )
        pairs = list(zip(own, filled))
    for layer, name in pairs:
        _assign(layer, _layer_weights(layer), _stored_values(group.group(name)), f"{label}: {name}", skip_mismatch)
    if "top_level_model_weights" in group.members:
        values = _stored_values(group.group("top_level_model_weights"))
        _assign(model, _own_weights(model), values, f"{label}: top_level_model_weights", skip_mismatch)


def _assign(
    owner: Any, variables: Sequence[Any], values: Sequence[np.ndarray], label: str, skip_mismatch: bool
) -> None:
    shapes, stored = [tuple(variable.shape) for variable in variables], [value.shape for value in values]
    if shapes != stored:
        message = (
            f"{label}: expected variables of shapes {shapes} for {owner.name} ({type(owner).__name__}); received "
            f"{stored}; use the file of the same model"
        )
        if not skip_mismatch:
            raise ShapeError(message)
        warnings.warn(message + ", they are skipped", stacklevel=5)
        return
    for variable, value in zip(variables, values):
        variable.assign(value)
    if variables and hasattr(owner, "finalize_state"):
        owner.finalize_state()
