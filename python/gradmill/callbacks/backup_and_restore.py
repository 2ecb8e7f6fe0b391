"""Go on after an interruption: one file with everything a training run is made of."""

import os
import warnings
from dataclasses import dataclass
from typing import Any, Dict, List, Tuple, Union

from gradmill import errors
from gradmill.callbacks.callback import Callback, Logs
from gradmill.callbacks.model_checkpoint import StepCount, check_save_freq
from gradmill.utils.files import remove_unfinished
from gradmill.utils.random_seed import RandomState
from gradmill.utils.state_file import array_of, read_state, write_state

_FORMAT = 3
_FILE_NAME = "training_state.safetensors"


@dataclass(frozen=True)
class ResumePoint:
    """Where training goes on: epoch, step inside it, the logs so far, and the positions of the data."""

    epoch: int
    step: int
    logs: Dict[str, Any]
    feeds: List[Any]


class BackupAndRestore(Callback):
    """Keeps a backup of the training state and goes on from it when `fit` is called again.

    The backup is one file, replaced as a whole: weights, optimizer state, metrics, epoch and step, the position and
    order of the data, the states of the random numbers and of the other callbacks. A run that was killed at any moment
    and started again ends as the unbroken run, bit for bit: weights, history, best values, lines of `CSVLogger`.

    Args:
        backup_dir: folder for the backup; used by nothing else.
        save_freq: `"epoch"`, or a number of steps.
        double_checkpoint: keep the previous backup too, and use it, with a warning, when the newest is damaged.
        delete_checkpoint: delete the backup when `fit` ends.

    Raises:
        ArgumentError: an empty `backup_dir`, a wrong `save_freq`, or a backup of another model.
        DamagedFileError: at the start of training, a backup that was changed or cut short.

    Example:
        >>> import gradmill as gm
        >>> callback = gm.callbacks.BackupAndRestore("backup")
    """

    def __init__(
        self,
        backup_dir: Any,
        save_freq: Union[str, int] = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ):
        super().__init__()
        if not backup_dir:
            raise errors.ArgumentError(f"BackupAndRestore: backup_dir must name a folder; received {backup_dir!r}")
        self.backup_dir = os.fspath(backup_dir)
        self.save_freq = check_save_freq("BackupAndRestore", save_freq)
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._path = os.path.join(self.backup_dir, _FILE_NAME)
        self._previous = self._path + ".bkp"
        self._epoch = 0
        self._steps = StepCount(self.save_freq)

    def has_batch_hooks(self, mode: str) -> bool:
        """Only a number of steps as `save_freq` needs to be called at each step."""
        return mode == "train" and self.save_freq != "epoch"

    def on_train_begin(self, logs: Logs = None) -> None:
        """Restore the newest backup that can be read."""
        remove_unfinished(self.backup_dir, _FILE_NAME)
        if not os.path.exists(self._path):
            # Killed between giving the old file its second name and the new one its first.
            if os.path.exists(self._previous):
                self._restore(self._previous, read_state(self._previous))
            return
        try:
            content = read_state(self._path)
        except errors.DamagedFileError as problem:
            if not os.path.exists(self._previous):
                raise errors.DamagedFileError(f"BackupAndRestore: {problem}; delete it to start anew") from None
            warnings.warn(f"BackupAndRestore: {problem}; the backup before it is used: {self._previous}", stacklevel=4)
            self._restore(self._previous, read_state(self._previous))
        else:
            self._restore(self._path, content)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Note the epoch."""
        self._epoch = epoch
        self._steps.begin_epoch(self.model, epoch)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Save when so many steps have passed."""
        # When training is about to stop, the backup before tells how that came about.
        if self._steps.is_due(batch) and not self.model.stop_training:
            self._save(self._epoch, batch + 1, logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Save after the epoch."""
        if self.save_freq == "epoch":
            self._save(epoch + 1, 0, logs)

    def on_train_end(self, logs: Logs = None) -> None:
        """Delete the backup unless it is to be kept."""
        if not self.delete_checkpoint:
            return
        for path in (self._path, self._previous):
            if os.path.exists(path):
                os.unlink(path)
        if os.path.isdir(self.backup_dir) and not os.listdir(self.backup_dir):
            os.rmdir(self.backup_dir)

    def _variables(self) -> List[Tuple[str, Any]]:
        """Return all state of the run with a label for each variable, in an order that the model fixes."""
        model = self.model
        groups = [("model", list(model.variables))]
        if model.optimizer is not None:
            groups.append(("optimizer", list(model.optimizer.variables)))
        groups.append(("metric", [variable for metric in model.metrics for variable in metric.variables]))
        found: List[Tuple[str, Any]] = []
        seen = set()
        for label, variables in groups:
            for position, variable in enumerate(variables):
                if id(variable) not in seen:
                    seen.add(id(variable))
                    found.append((f"{label}_{position}", variable))
        return found

    def _save(self, epoch: int, step: int, logs: Logs) -> None:
        model = self.model
        state = {
            "format": _FORMAT,
            "epoch": epoch,
            "step": step,
            "steps_waiting": self._steps.waiting,
            "logs": dict(logs or {}),
            "stopped": bool(model.stop_training),
            "variables": {label: array_of(variable) for label, variable in self._variables()},
            "feeds": [None if feed is None else feed.state() for feed in model._feeds_in_use],
            "random": RandomState().get_state(),
            "callbacks": model._callbacks_in_use.get_state(),
        }
        write_state(self._path, state, self._keep_previous if self.double_checkpoint else None)

    def _keep_previous(self) -> None:
        if os.path.exists(self._path):
            os.replace(self._path, self._previous)

    def _restore(self, path: str, content: Any) -> None:
        if not isinstance(content, dict) or content.get("format") != _FORMAT:
            raise errors.ArgumentError(
                f"BackupAndRestore: {path} is no backup of format {_FORMAT}, which this version reads; delete it to "
                "start anew"
            )
        variables, stored = self._variables(), content["variables"]
        if {label for label, _ in variables} != set(stored):
            raise errors.ArgumentError(
                f"BackupAndRestore: {path} belongs to another model or optimizer: it holds {len(stored)} variables, "
                f"this run has {len(variables)}; use another backup_dir"
            )
        for label, variable in variables:
            if tuple(variable.shape) != stored[label].shape:
                raise errors.ArgumentError(
                    f"BackupAndRestore: {path} belongs to another model: {getattr(variable, 'path', label)} has shape "
                    f"{tuple(variable.shape)}, the backup {stored[label].shape}; use another backup_dir"
                )
        for label, variable in variables:
            variable.assign(stored[label])
        RandomState().set_state(content["random"])
        self._steps.waiting = content["steps_waiting"]
        self.model._callbacks_in_use.set_state(content["callbacks"])
        self.model.stop_training = content["stopped"]
        self.model._set(_resume=ResumePoint(content["epoch"], content["step"], content["logs"], content["feeds"]))
