"""The progress line of `fit`, `evaluate` and `predict`."""

import sys
from typing import Any, Dict, Optional

from gradmill.callbacks.callback import Callback, Logs
from gradmill.utils.messages import say
from gradmill.utils.progress_bar import Progbar, is_live_output

# The share of an epoch that was spent waiting for data is shown from here on.
_WORTH_SAYING = 0.1


class ProgbarLogger(Callback):
    """Prints the epoch, a live line with the metrics, and the final line of each epoch.

    On a terminal or in a notebook the line is redrawn at most five times a second; elsewhere only final lines appear.

    Example:
        >>> import gradmill as gm
        >>> logger = gm.callbacks.ProgbarLogger()
    """

    def __init__(self) -> None:
        super().__init__()
        self.verbose = 1
        self.epochs = 1
        self.target: Optional[int] = None
        self.progbar: Any = None
        self._seen = 0
        self._in_fit = False

    def set_params(self, params: Dict[str, Any]) -> None:
        """Read `verbose`, `epochs` and `steps`."""
        super().set_params(params)
        verbose = params.get("verbose", 1)
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self.epochs = params.get("epochs", 1)
        self.target = params.get("steps")

    def on_train_begin(self, logs: Logs = None) -> None:
        """From here on, evaluations belong to `fit` and stay silent."""
        self._in_fit = True

    def on_train_end(self, logs: Logs = None) -> None:
        """Later evaluations speak again."""
        self._in_fit = False

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Announce the epoch."""
        self._start()
        if self.verbose and self.epochs > 1:
            say(f"Epoch {epoch + 1}/{self.epochs}")

    def on_test_begin(self, logs: Logs = None) -> None:
        """Start a line for `evaluate`."""
        if not self._in_fit:
            self._start()

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Start a line for `predict`."""
        self._start()

    def on_progress(self, mode: str, step: int, read_logs: Any) -> None:
        """Redraw the line."""
        if self.verbose != 1 or (mode == "test" and self._in_fit) or not is_live_output(sys.stdout):
            return
        self.progbar.update(step, list(read_logs().items()), finalize=False)

    def note_steps(self, mode: str, steps: int, waiting_share: float = 0.0) -> None:
        """Remember how many steps the epoch had, and say so if much of its time was spent waiting for data."""
        if not (mode == "test" and self._in_fit):
            self._seen = steps
            if self.progbar is not None and waiting_share >= _WORTH_SAYING:
                self.progbar.note = f"{waiting_share:.0%} waiting for data"

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Print the final line of the epoch."""
        self._finish(logs)

    def on_test_end(self, logs: Logs = None) -> None:
        """Print the final line of `evaluate`."""
        if not self._in_fit:
            self._finish(logs)

    def on_predict_end(self, logs: Logs = None) -> None:
        """Print the final line of `predict`."""
        self._finish(None)

    def _start(self) -> None:
        self._seen = 0
        self.progbar = Progbar(self.target, verbose=self.verbose, stateless_metrics=())

    def _finish(self, logs: Logs) -> None:
        if self.progbar is None:
            self._start()
        if self.target is None:
            self.target = self.progbar.target = self._seen
        self.progbar.update(self._seen or self.target, list((logs or {}).items()), finalize=True)
