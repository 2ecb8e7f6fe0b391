"""What happened in each epoch."""

from typing import TYPE_CHECKING, Any, Dict, List

from gradmill.callbacks.callback import Callback, Logs
from gradmill.utils.lazy import LazyModule

if TYPE_CHECKING:
    import html
else:
    html = LazyModule("html")


class History(Callback):
    """Record of the logs of each epoch; `fit` returns one.

    Attributes:
        epoch: numbers of the epochs, from 0.
        history: dict from name to the list of its values.

    In a notebook it is shown as a table.

    Example:
        >>> import gradmill as gm
        >>> history = gm.callbacks.History()
        >>> history.on_train_begin()
        >>> history.on_epoch_end(0, {"loss": 0.5})
        >>> history.history
        {'loss': [0.5]}
    """

    state_names = ("epoch", "history")

    def __init__(self) -> None:
        super().__init__()
        self.epoch: List[int] = []
        self.history: Dict[str, List[Any]] = {}

    def on_train_begin(self, logs: Logs = None) -> None:
        """Start a new list of epochs; values of an earlier `fit` with the same object stay."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Add the values of an epoch."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def __repr__(self) -> str:
        return f"<History of {len(self.epoch)} epochs: {', '.join(self.history) or 'no values'}>"

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(name)}</th>" for name in ["epoch", *self.history])
        rows = []
        for i, epoch in enumerate(self.epoch):
            cells = [str(epoch + 1)]
            for values in self.history.values():
                value = values[i] if i < len(values) else ""
                cells.append(f"{value:.5g}" if isinstance(value, (int, float)) else html.escape(str(value)))
            rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
        return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
