"""Go on after an interruption: one file with everything a training run is made of."""

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, List, Tuple, Union

import numpy as np

from gradmill import errors
from gradmill import random as gradmill_random
from gradmill.callbacks.callback import Callback, Logs
from gradmill.callbacks.model_checkpoint import check_save_freq
from gradmill.utils.files import atomic_write
from gradmill.utils.lazy import LazyModule
from gradmill.utils.plain_state import pack_state, unpack_state

if TYPE_CHECKING:
    import shutil
    import zipfile
else:
    shutil = LazyModule("shutil")
    zipfile = LazyModule("zipfile")

_FORMAT = 2
_FILE_NAME = "training_state.npz"


@dataclass(frozen=True)
class ResumePoint:
    """Where training goes on: epoch, step inside it, and the order of the data."""

    epoch: int
    step: int
    feed: Dict[str, Any]


class BackupAndRestore(Callback):
    """Keeps a backup of the training state and goes on from it when `fit` is called again.

    The backup is one file, replaced as a whole: weights, optimizer state, metrics, epoch and step, and the state of the
    random numbers. A run that was killed and started again reaches the weights it would have reached.

    Args:
        backup_dir: folder for the backup; used by nothing else.
        save_freq: `"epoch"`, or a number of steps.
        double_checkpoint: keep the previous backup too, and use it when the newest cannot be read.
        delete_checkpoint: delete the backup when `fit` ends.

    Raises:
        ArgumentError: an empty `backup_dir`, a wrong `save_freq`, or a backup of another model.

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
        self._steps = 0
        self._last_batch = -1

    def has_batch_hooks(self, mode: str) -> bool:
        """Only a number of steps as `save_freq` needs to be called at each step."""
        return mode == "train" and self.save_freq != "epoch"

    def on_train_begin(self, logs: Logs = None) -> None:
        """Restore the newest backup that can be read."""
        if not os.path.exists(self._path):
            return
        try:
            self._restore(self._path)
        except (OSError, zipfile.BadZipFile, ValueError, KeyError) as problem:
            if isinstance(problem, errors.GradMillError):
                raise
            if not os.path.exists(self._previous):
                raise errors.ArgumentError(
                    f"BackupAndRestore: {self._path} cannot be read ({problem}); delete it to start anew"
                ) from problem
            self._restore(self._previous)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Note the epoch."""
        self._epoch = epoch
        resume = self.model._resume
        resumed_here = resume is not None and resume.epoch == epoch
        self._last_batch = resume.step - 1 if resumed_here else -1

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Save when so many steps have passed."""
        if not isinstance(self.save_freq, int):
            return
        self._steps += batch - self._last_batch
        self._last_batch = batch
        if self._steps >= self.save_freq:
            self._steps = 0
            self._save(self._epoch, batch + 1)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Save after the epoch."""
        if self.save_freq == "epoch":
            self._save(epoch + 1, 0)

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
        groups.append(("random", list(gradmill_random.global_seed_generator().variables)))
        found: List[Tuple[str, Any]] = []
        seen = set()
        for label, variables in groups:
            for position, variable in enumerate(variables):
                if id(variable) not in seen:
                    seen.add(id(variable))
                    found.append((f"{label}_{position}", variable))
        return found

    def _save(self, epoch: int, step: int) -> None:
        os.makedirs(self.backup_dir, exist_ok=True)
        if self.double_checkpoint and os.path.exists(self._path):
            with open(self._path, "rb") as source, atomic_write(self._previous) as target:
                shutil.copyfileobj(source, target)
        arrays = {label: _plain(variable) for label, variable in self._variables()}
        algorithm, keys, *rest = np.random.get_state()
        feed, waiting = pack_state(self.model._feed_in_use.state())
        header = {
            "format": _FORMAT,
            "epoch": epoch,
            "step": step,
            "feed": feed,
            "numpy_random": [algorithm, *rest],
        }
        with atomic_write(self._path) as file:
            named: Dict[str, Any] = {"header": np.array(json.dumps(header)), "numpy_random_keys": keys, **arrays}
            named.update({f"feed_{label}": array for label, array in waiting.items()})
            np.savez(file, **named)

    def _restore(self, path: str) -> None:
        variables = self._variables()
        # NumPy leaves a file that it opened itself open when it is damaged.
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            # Everything is read (and so checked) before anything is changed.
            arrays = {name: archive[name] for name in archive.files}
        header = json.loads(str(arrays["header"]))
        if header["format"] != _FORMAT:
            raise errors.ArgumentError(
                f"BackupAndRestore: {path} has format {header['format']}; this version reads {_FORMAT}; delete it to "
                "start anew"
            )
        labels = {label for label, _ in variables}
        waiting = {name[len("feed_") :]: arrays.pop(name) for name in list(arrays) if name.startswith("feed_")}
        stored = set(arrays) - {"header", "numpy_random_keys"}
        if labels != stored:
            raise errors.ArgumentError(
                f"BackupAndRestore: {path} belongs to another model or optimizer: it holds {len(stored)} variables, "
                "this run "
                f"has {len(labels)}; use another backup_dir"
            )
        for label, variable in variables:
            if tuple(variable.shape) != arrays[label].shape:
                raise errors.ArgumentError(
                    f"BackupAndRestore: {path} belongs to another model: {getattr(variable, 'path', label)} has shape "
                    f"{tuple(variable.shape)}, the backup {arrays[label].shape}; use another backup_dir"
                )
        for label, variable in variables:
            variable.assign(arrays[label])
        algorithm, *rest = header["numpy_random"]
        np.random.set_state((algorithm, arrays["numpy_random_keys"], *rest))
        feed = unpack_state(header["feed"], waiting)
        self.model._set(_resume=ResumePoint(int(header["epoch"]), int(header["step"]), feed))


def _plain(variable: Any) -> np.ndarray:
    """Return the value in a dtype that NumPy files know: bfloat16 goes through float32, which holds it exactly."""
    value = variable.value.astype("float32") if str(variable.dtype) == "bfloat16" else variable
    return np.asarray(value.numpy())
