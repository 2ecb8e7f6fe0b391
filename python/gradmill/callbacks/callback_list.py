"""Several callbacks called as one."""

from typing import Any, Callable, Dict, List

from gradmill import errors
from gradmill.callbacks.backup_and_restore import BackupAndRestore
from gradmill.callbacks.callback import Callback, Logs
from gradmill.callbacks.history import History
from gradmill.callbacks.progress import ProgbarLogger
from gradmill.symbolic import flatten


class CallbackList(Callback):
    """Callbacks in order, with `History` and `ProgbarLogger` added when wanted and absent.

    `BackupAndRestore` comes last, so that its file holds what the others made of a step or epoch.

    Args:
        callbacks: list of `Callback`, or one, or None.
        add_history: whether a `History` is added.
        add_progbar: whether a `ProgbarLogger` is added.
        model: the model they are told.
        params: what they receive as `params`.

    Raises:
        ArgumentError: when an item is no callback.

    Example:
        >>> import gradmill as gm
        >>> callbacks = gm.callbacks.CallbackList([gm.callbacks.TerminateOnNaN()], add_history=True)
        >>> len(callbacks.callbacks)
        2
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ):
        super().__init__()
        self.callbacks: List[Any] = list(flatten(callbacks)) if callbacks else []
        for callback in self.callbacks:
            if not hasattr(callback, "set_model") or isinstance(callback, type):
                raise errors.ArgumentError(
                    f"callbacks: expected instances of gradmill.callbacks.Callback; received {callback!r}; write "
                    "callbacks=[EarlyStopping(...)] with parentheses"
                )
        self._history = self._find(History)
        if self._history is None and add_history:
            self._history = History()
            self.callbacks.append(self._history)
        if add_progbar and self._find(ProgbarLogger) is None:
            self.callbacks.append(ProgbarLogger())
        self._backup_last()
        if model is not None:
            self.set_model(model)
        self.set_params(params)

    def _find(self, kind: type) -> Any:
        return next((callback for callback in self.callbacks if isinstance(callback, kind)), None)

    def set_params(self, params: Dict[str, Any]) -> None:
        """Pass the parameters on."""
        self.params = params
        if params:
            for callback in self.callbacks:
                callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Pass the model on and make the history its `history`."""
        super().set_model(model)
        if self._history is not None:
            model.history = self._history
        for callback in self.callbacks:
            callback.set_model(model)

    def append(self, callback: Callback) -> None:
        """Add a callback at the end."""
        self.callbacks.append(callback)
        self._backup_last()

    def _backup_last(self) -> None:
        self.callbacks.sort(key=lambda callback: isinstance(callback, BackupAndRestore))

    def get_state(self) -> List[Any]:
        """Return class and state of each callback that has one."""
        states = [(type(each).__name__, each.get_state()) for each in self.callbacks if isinstance(each, Callback)]
        return [pair for pair in states if pair[1] is not None]

    def set_state(self, state: List[Any]) -> None:
        """Give each callback the state that one of its class had, in order.

        Args:
            state: what `get_state` returned.
        """
        for callback in self.callbacks:
            name = type(callback).__name__
            found = next((pair for pair in state if pair[0] == name), None)
            if found is not None:
                state = [pair for pair in state if pair is not found]
                callback.set_state(found[1])

    def has_batch_hooks(self, mode: str) -> bool:
        """Whether any callback has batch methods for `mode`."""
        return any(_has_batch_hooks(callback, mode) for callback in self.callbacks)

    def on_batch_hook(self, mode: str, moment: str, batch: int, logs: Logs = None) -> None:
        """Call `on_MODE_batch_MOMENT` of the callbacks that have batch methods."""
        for callback in self.callbacks:
            if _has_batch_hooks(callback, mode):
                getattr(callback, f"on_{mode}_batch_{moment}")(batch, logs=logs)

    def on_progress(self, mode: str, step: int, read_logs: Callable) -> None:
        """Tell all callbacks how far the epoch is."""
        for callback in self.callbacks:
            if isinstance(callback, Callback):
                callback.on_progress(mode, step, read_logs)

    def note_steps(self, mode: str, steps: int, waiting_share: float = 0.0) -> None:
        """Tell the progress line how many steps an epoch had, and which part of its time data were waited for."""
        for callback in self.callbacks:
            if isinstance(callback, ProgbarLogger):
                callback.note_steps(mode, steps, waiting_share)


def _has_batch_hooks(callback: Any, mode: str) -> bool:
    if isinstance(callback, Callback):
        return callback.has_batch_hooks(mode)
    return hasattr(callback, f"on_{mode}_batch_begin") or hasattr(callback, f"on_{mode}_batch_end")


def _forward(name: str) -> Callable:
    def method(self: CallbackList, *args: Any, **kwargs: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, name)(*args, **kwargs)

    method.__name__ = name
    method.__doc__ = f"Call `{name}` of every callback."
    return method


_FORWARDED = tuple(
    [f"on_{mode}_{moment}" for mode in ("train", "test", "predict") for moment in ("begin", "end")]
    + [f"on_{mode}_batch_{moment}" for mode in ("train", "test", "predict") for moment in ("begin", "end")]
    + ["on_epoch_begin", "on_epoch_end", "on_batch_begin", "on_batch_end"]
)
for _name in _FORWARDED:
    setattr(CallbackList, _name, _forward(_name))
