"""Helpers of a training script: seeds, labels, files, progress."""

import importlib
from typing import Any

from gradmill.config import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
    standardize_dtype,
)
from gradmill.symbolic import is_keras_tensor
from gradmill.utils import structure
from gradmill.utils.array_tools import normalize, split_dataset, to_categorical
from gradmill.utils.batch_data import PyDataset, Sequence, pack_x_y_sample_weight, unpack_x_y_sample_weight
from gradmill.utils.files import atomic_write, cache_directory, check_hash, hash_file
from gradmill.utils.progress_bar import Progbar
from gradmill.utils.random_seed import get_random_seed, set_random_seed
from gradmill.utils.sequences import pad_sequences
from gradmill.utils.session import clear_session

__all__ = [
    "Config",
    "CustomObjectScope",
    "FeatureSpace",
    "Progbar",
    "PyDataset",
    "Sequence",
    "WordPieceTokenizer",
    "array_to_img",
    "atomic_write",
    "audio_dataset_from_directory",
    "bounding_boxes",
    "cache_directory",
    "check_hash",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_file",
    "get_random_seed",
    "get_registered_name",
    "get_registered_object",
    "get_source_inputs",
    "hash_file",
    "image_dataset_from_directory",
    "img_to_array",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "load_img",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "save_img",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "structure",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]

# Loaded when first used: pictures and WordPiece need packages, downloads the network and modules of Python's own
# library; `data`, and `saving`, whose registry Keras offers here, too, stand above this package.
_LOADED_LATE = {
    "Config": "gradmill.utils.config_values",
    "FeatureSpace": "gradmill.models.feature_space",
    "WordPieceTokenizer": "gradmill.utils.wordpiece",
    "array_to_img": "gradmill.utils.pictures",
    "get_file": "gradmill.utils.download",
    "model_to_dot": "gradmill.utils.model_plot",
    "plot_model": "gradmill.utils.model_plot",
    "get_source_inputs": "gradmill.models.graph",
    "audio_dataset_from_directory": "gradmill.data.audio",
    "image_dataset_from_directory": "gradmill.data.images",
    "text_dataset_from_directory": "gradmill.data.texts",
    "timeseries_dataset_from_array": "gradmill.data.timeseries",
    "img_to_array": "gradmill.utils.pictures",
    "load_img": "gradmill.utils.pictures",
    "save_img": "gradmill.utils.pictures",
    "CustomObjectScope": "gradmill.saving",
    "custom_object_scope": "gradmill.saving",
    "deserialize_keras_object": "gradmill.saving",
    "get_custom_objects": "gradmill.saving",
    "get_registered_name": "gradmill.saving",
    "get_registered_object": "gradmill.saving",
    "register_keras_serializable": "gradmill.saving",
    "serialize_keras_object": "gradmill.saving",
}


def __getattr__(name: str) -> Any:
    if name == "bounding_boxes":  # of ops, which stand above this package
        return importlib.import_module("gradmill.utils.bounding_boxes")
    if name in _LOADED_LATE:
        return getattr(importlib.import_module(_LOADED_LATE[name]), name)
    raise AttributeError(f"module 'gradmill.utils' has no attribute {name!r}")
