"""`CheckpointManager`: a folder of numbered checkpoints of which the last few are kept."""

from __future__ import annotations

import os
import time
import warnings
from typing import Any, Callable, List, Optional

from gradmill.errors import ArgumentError, DamagedFileError
from gradmill.train.checkpoint import Checkpoint
from gradmill.train.index import NAME, Index
from gradmill.utils.files import PathLike, remove_unfinished

_HOUR = 3600.0


class CheckpointManager:
    """Saves checkpoints into a folder, deletes old ones, and finds the newest that is whole.

    What the folder holds stands in its file "checkpoint", so a program that was killed goes on where it stood. Nothing
    is deleted before the newer checkpoint is on the disk.

    Args:
        checkpoint: what is saved.
        directory: the folder; it is made when the first checkpoint is saved.
        max_to_keep: how many to keep, None for all. Two or more leave an older one to fall back on.
        keep_checkpoint_every_n_hours: of those that would be deleted, keep one each so many hours for good.
        checkpoint_name: beginning of the names of files.
        step_counter: variable with the number of the step, for `checkpoint_interval`.
        checkpoint_interval: `save` does nothing until so many steps have passed since the last checkpoint.
        init_fn: called by `restore_or_initialize` when there is no checkpoint.
        last_checkpoint_step: step of the last checkpoint, where it is known.

    Raises:
        ArgumentError: `max_to_keep` that is not positive, or an interval without a counter.
        DamagedFileError: the folder has checkpoints, but all are damaged. One that is damaged is warned about and
            passed over.

    Reference: TensorFlow 2, `tf.train.CheckpointManager` (2019).

    Example:
        >>> import tempfile
        >>> import gradmill as gm
        >>> checkpoint = gm.train.Checkpoint(step=gm.Variable(0))
        >>> manager = gm.train.CheckpointManager(checkpoint, tempfile.mkdtemp(), max_to_keep=2)
        >>> for _ in range(3):
        ...     _ = checkpoint.step.assign_add(1)
        ...     path = manager.save()
        >>> [path.split("-")[-1] for path in manager.checkpoints]
        ['2', '3']
        >>> manager.restore_or_initialize() == manager.latest_checkpoint
        True
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        directory: PathLike,
        max_to_keep: Optional[int],
        keep_checkpoint_every_n_hours: Optional[float] = None,
        checkpoint_name: str = "ckpt",
        step_counter: Any = None,
        checkpoint_interval: Optional[int] = None,
        init_fn: Optional[Callable[[], Any]] = None,
        last_checkpoint_step: Optional[int] = None,
    ):
        if not isinstance(checkpoint, Checkpoint):
            raise ArgumentError(
                f"CheckpointManager: checkpoint must be a Checkpoint; received a {type(checkpoint).__name__}"
            )
        if max_to_keep is not None and (isinstance(max_to_keep, bool) or max_to_keep <= 0):
            raise ArgumentError(
                f"CheckpointManager: max_to_keep must be a positive integer or None; received {max_to_keep!r}"
            )
        if checkpoint_interval is not None and step_counter is None:
            raise ArgumentError("CheckpointManager: checkpoint_interval needs a step_counter; received None")
        self._checkpoint = checkpoint
        self._directory = os.fspath(directory)
        self._max_to_keep = max_to_keep
        self._keep_every = keep_checkpoint_every_n_hours
        self._prefix = os.path.join(self._directory, checkpoint_name)
        self._step_counter = step_counter
        self._interval = checkpoint_interval
        self._init_fn = init_fn
        self._last_step = last_checkpoint_step
        for name in (checkpoint_name, NAME):
            remove_unfinished(self._directory, name)
        self._index = Index.read(self._directory)
        self._latest = self._index.drop_damaged()
        now = time.time()
        # As in TensorFlow: a clock that was set back must not keep checkpoints for good.
        self._index.preserved = min(self._index.preserved, now) if self._index.preserved else now - 1.0

    @property
    def directory(self) -> str:
        """The folder."""
        return self._directory

    @property
    def checkpoint(self) -> Checkpoint:
        """What is saved."""
        return self._checkpoint

    @property
    def checkpoint_interval(self) -> Optional[int]:
        """Steps that lie between two checkpoints at least."""
        return self._interval

    @property
    def latest_checkpoint(self) -> Optional[str]:
        """Path of the newest checkpoint, None when there is none."""
        return self._latest

    @property
    def checkpoints(self) -> List[str]:
        """Paths of the checkpoints that may be deleted some day, oldest first."""
        return self._index.paths()

    def save(self, checkpoint_number: Any = None, check_interval: bool = True, options: Any = None) -> Optional[str]:
        """Write a checkpoint and delete those that are too many.

        Args:
            checkpoint_number: its number; default: `checkpoint.save_counter`, which counts up in any case.
            check_interval: False saves before `checkpoint_interval` steps have passed, too.
            options: accepted for compatibility.

        Returns:
            its path, or None when it was too early for one.

        Raises:
            as `Checkpoint.write`.
        """
        if self._interval is not None:
            step = int(self._step_counter)
            last = self._last_step
            if last is not None and (step == last or (check_interval and step < last + self._interval)):
                return None
            self._last_step = step
        counter = self._checkpoint.save_counter.assign_add(1)
        number = int(counter if checkpoint_number is None else checkpoint_number)
        path = self._checkpoint.write(f"{self._prefix}-{number}")
        self._index.add(path)
        self._latest = path
        # In this order a kill leaves a file too many, but none that is missing.
        self._index.write()
        if self._delete_old():
            self._index.write()
        return path

    def _delete_old(self) -> bool:
        """Delete, or set aside for good, what is too much; return whether there was something."""
        changed = False
        while self._max_to_keep is not None and len(self._index.times) > self._max_to_keep:
            name, written = next(iter(self._index.times.items()))
            del self._index.times[name]
            changed = True
            if self._keep_every and written - self._keep_every * _HOUR >= self._index.preserved:
                self._index.preserved = written
            elif os.path.exists(self._index.path(name)):
                os.unlink(self._index.path(name))
        return changed

    def restore_or_initialize(self) -> Optional[str]:
        """Restore the newest checkpoint that is whole; call `init_fn` when there is none.

        Returns:
            path of the checkpoint, None when there is none.

        Raises:
            DamagedFileError: all checkpoints are damaged.
            as `Checkpoint.restore`.
        """
        while self._latest is not None:
            try:
                self._checkpoint.restore(self._latest)
            except DamagedFileError as problem:
                # Damaged since this manager was made.
                warnings.warn(str(problem), stacklevel=2)
                self._latest = self._index.drop_damaged()
                continue
            if self._interval is not None:
                self._last_step = int(self._step_counter)
            return self._latest
        if self._init_fn is not None:
            self._init_fn()
        return None

    def sync(self) -> None:
        """Do nothing: files are complete when they are written."""
