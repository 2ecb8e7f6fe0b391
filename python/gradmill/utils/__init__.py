"""Helpers of a training script: seeds, labels, files, progress."""

from gradmill.utils import structure
from gradmill.utils.array_tools import normalize, split_dataset, to_categorical
from gradmill.utils.batch_data import PyDataset, Sequence, pack_x_y_sample_weight, unpack_x_y_sample_weight
from gradmill.utils.download import download, get_file
from gradmill.utils.files import atomic_write, cache_directory, check_hash, hash_file
from gradmill.utils.progress_bar import Progbar
from gradmill.utils.random_seed import get_random_seed, set_random_seed

__all__ = [
    "Progbar",
    "PyDataset",
    "Sequence",
    "atomic_write",
    "cache_directory",
    "check_hash",
    "download",
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
