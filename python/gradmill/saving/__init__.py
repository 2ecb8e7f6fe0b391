"""Files of models and weights, in the formats of Keras, and the registry of classes that they may name."""

from gradmill.models.model import connect_saving
from gradmill.saving.file_editor import KerasFileEditor
from gradmill.saving.saving_api import load_model, load_weights, save_model, save_weights
from gradmill.serialization import (
    CustomObjectScope,
    custom_object_scope,
    deserialize_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_serializable,
    serialize_object,
)

# The names that Keras has for the same.
register_keras_serializable = register_serializable
serialize_keras_object = serialize_object
deserialize_keras_object = deserialize_object

# Model.save and its kin stand below this package and get the functions from here.
connect_saving(save_model, save_weights, load_weights)

__all__ = [
    "CustomObjectScope",
    "KerasFileEditor",
    "custom_object_scope",
    "deserialize_keras_object",
    "deserialize_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "register_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
    "serialize_object",
]
