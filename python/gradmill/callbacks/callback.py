"""The base of all callbacks."""

from typing import Any, Dict, Optional, Tuple

Logs = Optional[Dict[str, Any]]
_BATCH_HOOKS = {
    "train": ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end"),
    "test": ("on_test_batch_begin", "on_test_batch_end"),
    "predict": ("on_predict_batch_begin", "on_predict_batch_end"),
}


class Callback:
    """Methods that `fit`, `evaluate` and `predict` call at certain moments; override those you need.

    Attributes:
        params: dict with `verbose`, `epochs` and `steps`.
        model: the model in training.

    A callback that remembers something from epoch to epoch names the attributes in `state_names`, or overrides
    `get_state` and `set_state`: `BackupAndRestore` keeps what they hold.

    Overriding a batch method makes the loop return to Python at every step, which slows small models down;
    `on_progress`
    is called at most five times a second instead.

    Reference: Keras 3, `keras.callbacks.Callback` (2023).

    Example:
        >>> import gradmill as gm
        >>> class PrintLoss(gm.callbacks.Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         print(epoch, logs["loss"])
    """

    state_names: Tuple[str, ...] = ()

    def __init__(self) -> None:
        self.params: Optional[Dict[str, Any]] = None
        self._model: Any = None

    @property
    def model(self) -> Any:
        """The model in training."""
        return getattr(self, "_model", None)

    def set_params(self, params: Dict[str, Any]) -> None:
        """Receive `params`."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Receive the model."""
        self._model = model

    def get_state(self) -> Any:
        """Return what an interrupted training needs to go on: numbers, text, arrays, and lists and dicts of them.

        Returns:
            dict of the attributes in `state_names`, or None where there are none.
        """
        return {name: getattr(self, name) for name in self.state_names} or None

    def set_state(self, state: Any) -> None:
        """Go on where the callback that gave `state` stood; called after all `on_train_begin`.

        Args:
            state: what `get_state` returned.
        """
        for name, value in state.items():
            setattr(self, name, value)

    def has_batch_hooks(self, mode: str) -> bool:
        """Whether batch methods of `"train"`, `"test"` or `"predict"` are overridden and wanted."""
        return any(
            name in vars(self) or getattr(type(self), name, None) is not getattr(Callback, name)
            for name in _BATCH_HOOKS[mode]
        )

    def on_progress(self, mode: str, step: int, read_logs: Any) -> None:
        """Called at most five times a second inside an epoch.

        Args:
            mode: `"train"`, `"test"` or `"predict"`.
            step: number of finished steps of the epoch.
            read_logs: function that returns the logs so far.
        """

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Older name of `on_train_batch_end`."""

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Called before an epoch of training; epochs count from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Called after an epoch and its validation; names of validation results start with `val_`."""

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Called before a training step."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Called after a training step, with the metrics since the start of the epoch."""
        self.on_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Called before a step of evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Called after a step of evaluation."""

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Called before a step of prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Called after a step of prediction; `logs["outputs"]` holds its outputs."""

    def on_train_begin(self, logs: Logs = None) -> None:
        """Called when `fit` starts."""

    def on_train_end(self, logs: Logs = None) -> None:
        """Called when `fit` ends, with the logs of the last epoch."""

    def on_test_begin(self, logs: Logs = None) -> None:
        """Called when an evaluation starts."""

    def on_test_end(self, logs: Logs = None) -> None:
        """Called when an evaluation ends, with its logs."""

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Called when a prediction starts."""

    def on_predict_end(self, logs: Logs = None) -> None:
        """Called when a prediction ends."""
