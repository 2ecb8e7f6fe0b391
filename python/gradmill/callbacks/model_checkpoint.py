"""Save the model while it trains."""

import os
import warnings
from typing import Any, Optional, Union

import numpy as np

from gradmill import errors
from gradmill.callbacks.callback import Logs
from gradmill.callbacks.monitor import MonitorCallback
from gradmill.utils.messages import say


class ModelCheckpoint(MonitorCallback):
    """Saves the model or its weights after epochs or every so many steps.

    Args:
        filepath: file name; may hold `{epoch:02d}`, `{batch}` and names of the logs such as `{val_loss:.2f}`. It ends
            in
            `.weights.h5` with `save_weights_only`, else in `.keras` or `.h5`.
        monitor: name in the logs by which the best is judged.
        verbose: 1 prints what is saved.
        save_best_only: save only when `monitor` got better.
        save_weights_only: save the weights alone.
        mode: `"auto"`, `"min"` or `"max"`.
        save_freq: `"epoch"`, or a number of steps.
        initial_value_threshold: value that `monitor` must beat for the first save.

    Raises:
        ArgumentError: a wrong ending, `save_freq` or name in `filepath`.

    Example:
        >>> import gradmill as gm
        >>> callback = gm.callbacks.ModelCheckpoint("best.keras", monitor="val_loss", save_best_only=True)
    """

    def __init__(
        self,
        filepath: Any,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: Union[str, int] = "epoch",
        initial_value_threshold: Optional[float] = None,
    ):
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = check_save_freq("ModelCheckpoint", save_freq)
        endings = (".weights.h5",) if save_weights_only else (".keras", ".h5")
        if not self.filepath.endswith(endings):
            raise errors.ArgumentError(
                f"ModelCheckpoint: filepath must end in {' or '.join(endings)} with "
                f"save_weights_only={save_weights_only}; "
                f"received {self.filepath!r}"
            )
        self._epoch = 0
        self._steps = StepCount(self.save_freq)

    def get_state(self) -> Any:
        """Return the best value, and the steps since a file was written."""
        return {"best": self.best, "steps": self._steps.waiting}

    def set_state(self, state: Any) -> None:
        """Go on with them.

        Args:
            state: what `get_state` returned.
        """
        self.best, self._steps.waiting = state["best"], state["steps"]

    def has_batch_hooks(self, mode: str) -> bool:
        """Only a number of steps as `save_freq` needs to be called at each step."""
        return mode == "train" and (self.save_freq != "epoch" or type(self) is not ModelCheckpoint)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Note the epoch."""
        self._epoch = epoch
        self._steps.begin_epoch(self.model, epoch)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Save when so many steps have passed."""
        if self._steps.is_due(batch):
            self._save(self._epoch, batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Save after the epoch."""
        if self.save_freq == "epoch":
            self._save(epoch, None, logs)

    def _save(self, epoch: int, batch: Optional[int], logs: Logs) -> None:
        logs = logs or {}
        path = self._path(epoch, batch, logs)
        if self.save_best_only and not self._is_best(epoch, logs, path):
            return
        if self.verbose > 0 and not self.save_best_only:
            say(f"\nEpoch {epoch + 1}: saving model to {path}")
        if os.path.isdir(path):
            raise errors.ArgumentError(f"ModelCheckpoint: filepath must be a file; received the folder {path!r}")
        folder = os.path.dirname(path)
        if folder:
            os.makedirs(folder, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)

    def _is_best(self, epoch: int, logs: dict, path: str) -> bool:
        value = self.current_value(logs, "the model is saved without comparing")
        if value is None:
            return True
        if np.ndim(value):
            warnings.warn(
                f"ModelCheckpoint: {self.monitor} must be one number to find the best; saving anyway", stacklevel=2
            )
            return True
        before = "None" if self.best is None else f"{self.best:.5f}"
        better = self.is_improvement(value, self.best)
        if self.verbose > 0:
            change = f"improved from {before} to {value:.5f}, saving model to {path}"
            say(f"\nEpoch {epoch + 1}: {self.monitor} " + (change if better else f"did not improve from {before}"))
        if better:
            self.best = value
        return better

    def _path(self, epoch: int, batch: Optional[int], logs: dict) -> str:
        values = {**logs, "epoch": epoch + 1}
        if batch is not None:
            values.setdefault("batch", batch + 1)
        try:
            return self.filepath.format(**values)
        except KeyError as problem:
            raise errors.ArgumentError(
                f"ModelCheckpoint: filepath={self.filepath!r} names {problem}, which is not among {sorted(values)}"
            ) from None


class StepCount:
    """Tells when so many steps have passed, also where several run between two calls.

    Args:
        save_freq: number of steps, or `"epoch"` for never.
    """

    def __init__(self, save_freq: Union[str, int]):
        self.waiting = 0
        self._every = save_freq
        self._last_batch = -1

    def begin_epoch(self, model: Any, epoch: int) -> None:
        """Count from the first batch of an epoch, or from where an interrupted one is taken up."""
        resume = model._resume
        self._last_batch = resume.step - 1 if resume is not None and resume.epoch == epoch else -1

    def is_due(self, batch: int) -> bool:
        """Return whether so many steps have passed; the next count begins then."""
        if not isinstance(self._every, int):
            return False
        self.waiting += batch - self._last_batch
        self._last_batch = batch
        if self.waiting < self._every:
            return False
        self.waiting = 0
        return True


def check_save_freq(owner: str, save_freq: Any) -> Union[str, int]:
    """Return `save_freq` when it is `"epoch"` or a positive number of steps."""
    if save_freq == "epoch":
        return save_freq
    if isinstance(save_freq, (int, np.integer)) and not isinstance(save_freq, bool) and save_freq > 0:
        return int(save_freq)
    raise errors.ArgumentError(
        f"{owner}: save_freq must be 'epoch' or a positive number of steps; received {save_freq!r}"
    )
