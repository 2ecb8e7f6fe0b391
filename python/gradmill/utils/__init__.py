"""Helpers of a training script: seeds, labels, files, progress."""

import importlib
from typing import Any

from gradmill.utils import structure
from gradmill.utils.array_tools import normalize, split_dataset, to_categorical
from gradmill.utils.batch_data import PyDataset, Sequence, pack_x_y_sample_weight, unpack_x_y_sample_weight
from gradmill.utils.files import atomic_write, cache_directory, check_hash, hash_file
from gradmill.utils.progress_bar import Progbar
from gradmill.utils.random_seed import get_random_seed, set_random_seed
from gradmill.utils.session import clear_session

__all__ = [
    "Progbar",
    "PyDataset",
    "Sequence",
    "atomic_write",
    "cache_directory",
    "check_hash",
    "clear_session",
    "get_file",
    "get_random_seed",
    "hash_file",
    "normalize",
    "pack_x_y_sample_weight",
    "set_random_seed",
    "split_dataset",
    "structure",
    "to_categorical",
    "unpack_x_y_sample_weight",
]

# Loaded when first used: downloads need the network and archive modules of the standard library.
_DOWNLOADS = ("get_file",)


def __getattr__(name: str) -> Any:
    if name in _DOWNLOADS:
        return getattr(importlib.import_module("gradmill.utils.download"), name)
    raise AttributeError(f"module 'gradmill.utils' has no attribute {name!r}")
