"""Checkpoints of a program's state, with TensorFlow's names for them."""

from gradmill.train.checkpoint import Checkpoint
from gradmill.train.index import CheckpointState, get_checkpoint_state, latest_checkpoint, list_variables
from gradmill.train.manager import CheckpointManager
from gradmill.train.status import CheckpointLoadStatus, UnmatchedValuesError
from gradmill.utils.random_seed import RandomState

__all__ = [
    "Checkpoint",
    "CheckpointLoadStatus",
    "CheckpointManager",
    "CheckpointState",
    "RandomState",
    "UnmatchedValuesError",
    "get_checkpoint_state",
    "latest_checkpoint",
    "list_variables",
]
