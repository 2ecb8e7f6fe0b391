"""Logs sent to a server."""

import json
import urllib.parse
import warnings
from typing import Any, Dict, Optional

import numpy as np

from gradmill.callbacks.callback import Callback, Logs
from gradmill.utils.lazy import LazyModule

_requests: Any = LazyModule("urllib.request")
_SECONDS = 10.0  # after which a server that does not answer is given up


class RemoteMonitor(Callback):
    """Sends the logs of each epoch to a server by HTTP; a server that cannot be reached is a warning.

    Args:
        root: address of the server.
        path: below it, where the logs go.
        field: name under which a form has the logs; not used with `send_as_json`.
        headers: dict of further HTTP headers.
        send_as_json: whether the logs are sent as JSON themselves; else as JSON in a field of a form.

    Example:
        >>> import gradmill as gm
        >>> callback = gm.callbacks.RemoteMonitor("http://localhost:9000", send_as_json=True)
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: Optional[Dict[str, str]] = None,
        send_as_json: bool = False,
    ):
        super().__init__()
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Send the number of the epoch and its logs."""
        values = {key: value.item() if isinstance(value, (np.ndarray, np.generic)) else value
                  for key, value in (logs or {}).items()}  # fmt: skip
        text = json.dumps({"epoch": epoch, **values})
        kind = "application/json" if self.send_as_json else "application/x-www-form-urlencoded"
        body = text if self.send_as_json else urllib.parse.urlencode({self.field: text})
        headers = {"Content-Type": kind, **(self.headers or {})}
        request = _requests.Request(self.root + self.path, body.encode(), headers, method="POST")
        try:
            with _requests.urlopen(request, timeout=_SECONDS):
                pass
        except OSError as error:
            warnings.warn(f"RemoteMonitor: could not reach the server at {self.root}: {error}", stacklevel=2)
