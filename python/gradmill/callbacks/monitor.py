"""Callbacks that watch one value of the logs."""

import warnings
from typing import Any, Optional

import numpy as np

from gradmill import errors
from gradmill.callbacks.callback import Callback, Logs
from gradmill.utils.messages import say

MODES = ("auto", "min", "max")


class MonitorCallback(Callback):
    """Base of callbacks that ask whether a logged value has become better.

    Args:
        monitor: name in the logs, such as `"val_loss"`.
        mode: `"min"`, `"max"`, or `"auto"`: by the metric of that name; a loss gets better when it falls.
        baseline: first best value, or None.
        min_delta: smallest change that counts.

    Raises:
        ArgumentError: an unknown mode; or, at the first epoch, a metric whose direction is not known.
    """

    def __init__(
        self, monitor: str = "val_loss", mode: str = "auto", baseline: Optional[float] = None, min_delta: float = 0
    ):
        super().__init__()
        if mode not in MODES:
            raise errors.ArgumentError(f"{type(self).__name__}: mode must be one of {MODES}; received {mode!r}")
        self.monitor = monitor
        self.mode = mode
        self.best = baseline
        self.min_delta = abs(min_delta)
        self._rising: Optional[bool] = None

    def is_improvement(self, value: float, reference: Optional[float]) -> bool:
        """Whether `value` is better than `reference` by more than `min_delta`; anything is better than None."""
        if reference is None:
            return True
        if self._rises():
            return value - self.min_delta > reference
        return value + self.min_delta < reference

    def current_value(self, logs: Logs, effect: str) -> Any:
        """Return the watched value, or None with a warning that says what does not happen."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            names = ", ".join(logs or {}) or "none"
            warnings.warn(
                f"{type(self).__name__}: monitor={self.monitor!r} is not among the logs ({names}), so {effect}; pass "
                "validation data or another monitor",
                stacklevel=3,
            )
        return value

    def _rises(self) -> bool:
        if self._rising is None:
            self._rising = self.mode == "max" if self.mode != "auto" else self._find_direction()
        return self._rising

    def _find_direction(self) -> bool:
        name = self.monitor[4:] if self.monitor.startswith("val_") else self.monitor
        if name == "loss" or name.endswith("_loss"):
            return False
        for metric in getattr(self.model, "metrics", []):
            for each in getattr(metric, "metrics", [metric]):
                direction = getattr(each, "_direction", None)
                if direction and (each.name == name or name.endswith(f"_{each.name}")):
                    return direction == "up"
        raise errors.ArgumentError(
            f"{type(self).__name__}: cannot tell whether monitor={self.monitor!r} should rise or fall; pass "
            "mode='max' or "
            "mode='min'"
        )


class EarlyStopping(MonitorCallback):
    """Stops training when a value no longer gets better.

    Args:
        monitor: name in the logs.
        min_delta: smallest change that counts as better.
        patience: epochs without improvement that are allowed.
        verbose: 1 prints when training stops.
        mode: `"auto"`, `"min"` or `"max"`.
        baseline: value that must be beaten for patience to start anew.
        restore_best_weights: whether the model ends with the weights of its best epoch.
        start_from_epoch: epochs to let pass before watching.

    Reference: Prechelt 1998, "Early stopping - but when?".

    Example:
        >>> import gradmill as gm
        >>> callback = gm.callbacks.EarlyStopping(monitor="loss", patience=3)
    """

    state_names = ("wait", "stopped_epoch", "best", "best_epoch", "best_weights")

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: Optional[float] = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ):
        super().__init__(monitor, mode, None, min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._reset()

    def _reset(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_epoch = 0
        self.best_weights: Any = None

    def on_train_begin(self, logs: Logs = None) -> None:
        """Forget what an earlier `fit` saw."""
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Compare, and stop when patience is over."""
        value = self.current_value(logs, "training is not stopped early")
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._keep_weights(epoch)
        self.wait += 1
        if self.is_improvement(value, self.best):
            self.best = value
            self.best_epoch = epoch
            if self.restore_best_weights:
                self._keep_weights(epoch)
            if self.baseline is None or self.is_improvement(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _keep_weights(self, epoch: int) -> None:
        self.best_weights = [np.array(weight) for weight in self.model.get_weights()]
        self.best_epoch = epoch

    def on_train_end(self, logs: Logs = None) -> None:
        """Report, and restore the best weights when asked to."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                say(f"Restoring the weights of the best epoch, {self.best_epoch + 1}")
            self.model.set_weights(self.best_weights)


class ReduceLROnPlateau(MonitorCallback):
    """Lowers the learning rate when a value no longer gets better.

    Args:
        monitor: name in the logs.
        factor: the new rate is `factor` times the old; below 1.
        patience: epochs without improvement before the rate falls.
        verbose: 1 prints each change.
        mode: `"auto"`, `"min"` or `"max"`.
        min_delta: smallest change that counts as better.
        cooldown: epochs to wait after a change before watching again.
        min_lr: lowest rate.

    Raises:
        ArgumentError: when `factor` is not below 1.

    Example:
        >>> import gradmill as gm
        >>> callback = gm.callbacks.ReduceLROnPlateau(factor=0.2, patience=5, min_lr=0.001)
    """

    state_names = ("wait", "best", "cooldown_counter")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ):
        super().__init__(monitor, mode, None, min_delta)
        if not factor < 1.0:
            raise errors.ArgumentError(f"ReduceLROnPlateau: factor must be below 1; received {factor!r}")
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._reset()

    def _reset(self) -> None:
        self.best = None
        self.wait = 0
        self.cooldown_counter = 0

    def in_cooldown(self) -> bool:
        """Whether a change is so recent that nothing is watched."""
        return self.cooldown_counter > 0

    def on_train_begin(self, logs: Logs = None) -> None:
        """Forget what an earlier `fit` saw."""
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Log the rate, compare, and lower it when patience is over."""
        logs = {} if logs is None else logs
        rate = float(self.model.optimizer.learning_rate)
        logs["learning_rate"] = rate
        value = self.current_value(logs, "the learning rate is not lowered")
        if value is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_improvement(value, self.best):
            self.best = value
            self.wait = 0
            return
        if self.in_cooldown():
            return
        self.wait += 1
        if self.wait >= self.patience and rate > np.float32(self.min_lr):
            lower = max(rate * self.factor, self.min_lr)
            self.model.optimizer.learning_rate = lower
            self.cooldown_counter = self.cooldown
            self.wait = 0
            if self.verbose > 0:
                say(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {lower}.")
