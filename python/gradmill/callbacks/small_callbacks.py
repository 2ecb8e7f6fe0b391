"""Callbacks of a few lines: learning-rate schedules, CSV logs, NaN, functions."""

import csv
import os
from typing import Any, Callable, Optional

import numpy as np

from gradmill import errors
from gradmill.callbacks.callback import Callback, Logs
from gradmill.utils.messages import say


class LearningRateScheduler(Callback):
    """Sets the learning rate at the start of each epoch.

    Args:
        schedule: `schedule(epoch, learning_rate) -> float`; epochs count from 0. A function of the epoch alone works
            too.
        verbose: 1 prints the rate.

    Raises:
        ArgumentError: when the schedule returns no number.

    Example:
        >>> import gradmill as gm
        >>> callback = gm.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9)
    """

    def __init__(self, schedule: Callable, verbose: int = 0):
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Ask the schedule and set the rate."""
        optimizer = self.model.optimizer
        try:
            rate = self.schedule(epoch, float(optimizer.learning_rate))
        except TypeError:
            rate = self.schedule(epoch)
        if isinstance(rate, (bool, str)) or not hasattr(rate, "__float__"):
            raise errors.ArgumentError(f"LearningRateScheduler: schedule must return a number; received {rate!r}")
        optimizer.learning_rate = float(rate)
        if self.verbose > 0:
            say(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {float(rate)}.")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Log the rate."""
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


class CSVLogger(Callback):
    """Writes the logs of each epoch as a line of a CSV file.

    Args:
        filename: the file.
        separator: text between columns.
        append: go on with a file that exists (its header is kept) instead of starting anew.

    Example:
        >>> import gradmill as gm
        >>> callback = gm.callbacks.CSVLogger("training.csv")
    """

    def __init__(self, filename: Any, separator: str = ",", append: bool = False):
        super().__init__()
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self.keys: Optional[list] = None
        self._kept: Optional[int] = None  # bytes to leave of the file; None when that is done

    def on_train_begin(self, logs: Logs = None) -> None:
        """Look at the file that is there."""
        self.keys = None
        self._kept = 0
        if self.append and os.path.exists(self.filename):
            self._kept = os.path.getsize(self.filename)
            with open(self.filename, newline="", encoding="utf-8") as file:
                header = next(csv.reader(file, delimiter=self.sep), None)
            self.keys = header[1:] if header else None

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Make or empty the file, now that it is known whether an interrupted training goes on with it."""
        if self._kept is not None:
            with open(self.filename, "ab") as file:
                file.truncate(min(self._kept, file.tell()))
            self._kept = None

    def get_state(self) -> Any:
        """Return the columns, and how long the file is."""
        return {"keys": self.keys, "size": os.path.getsize(self.filename)}

    def set_state(self, state: Any) -> None:
        """Go on behind the lines that were there; those of epochs that are trained again are written again.

        Args:
            state: what `get_state` returned.
        """
        self.keys, self._kept = state["keys"], state["size"]

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Write one line; missing values are `NA`."""
        logs = logs or {}
        if self.keys is None:
            self.keys = sorted(logs)
            # An epoch without validation may come first: leave columns for it.
            if not any(key.startswith("val_") for key in self.keys):
                self.keys += [f"val_{key}" for key in self.keys]
            self._write(["epoch", *self.keys])
        self._write([epoch, *(_cell(logs.get(key, "NA")) for key in self.keys)])

    def _write(self, row: list) -> None:
        with open(self.filename, "a", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter=self.sep, lineterminator="\n").writerow(row)


def _cell(value: Any) -> Any:
    array = np.asarray(value) if isinstance(value, (list, tuple, np.ndarray)) else None
    return value if array is None else f"[{', '.join(map(str, array.ravel().tolist()))}]"


class TerminateOnNaN(Callback):
    """Stops training when the loss becomes NaN or infinite.

    Args:
        raise_error: raise an error instead of only stopping.

    Raises:
        RuntimeError: in training, with `raise_error`.

    Example:
        >>> import gradmill as gm
        >>> callback = gm.callbacks.TerminateOnNaN()
    """

    def __init__(self, raise_error: bool = False):
        super().__init__()
        self.raise_error = raise_error

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Look at the loss."""
        loss = (logs or {}).get("loss")
        if loss is None or np.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(f"TerminateOnNaN: the loss is {loss} at batch {batch}; training ends")
        say(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True


class LambdaCallback(Callback):
    """A callback made of functions.

    Args:
        on_epoch_begin, on_epoch_end: functions of `(epoch, logs)`.
        on_train_begin, on_train_end: functions of `(logs)`.
        on_train_batch_begin, on_train_batch_end: functions of `(batch, logs)`.
        functions: any other method of `Callback` by name.

    Raises:
        ArgumentError: a name that is no method of `Callback`, or a value that cannot be called.

    Example:
        >>> import gradmill as gm
        >>> callback = gm.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch))
    """

    def __init__(
        self,
        on_epoch_begin: Optional[Callable] = None,
        on_epoch_end: Optional[Callable] = None,
        on_train_begin: Optional[Callable] = None,
        on_train_end: Optional[Callable] = None,
        on_train_batch_begin: Optional[Callable] = None,
        on_train_batch_end: Optional[Callable] = None,
        **functions: Optional[Callable],
    ):
        super().__init__()
        functions.update(
            on_epoch_begin=on_epoch_begin,
            on_epoch_end=on_epoch_end,
            on_train_begin=on_train_begin,
            on_train_end=on_train_end,
            on_train_batch_begin=on_train_batch_begin,
            on_train_batch_end=on_train_batch_end,
        )
        for name, function in functions.items():
            if function is None:
                continue
            if not name.startswith("on_") or not hasattr(Callback, name) or not callable(function):
                raise errors.ArgumentError(
                    f"LambdaCallback: expected functions for methods of Callback such as on_epoch_end; received "
                    f"{name}={function!r}"
                )
            setattr(self, name, function)
