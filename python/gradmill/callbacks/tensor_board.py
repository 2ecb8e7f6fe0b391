"""Curves and histograms of a training for TensorBoard."""

import os
import time
from typing import Any, Dict, Union

from gradmill import errors
from gradmill.callbacks.callback import Callback, Logs
from gradmill.utils.event_file import EventFileWriter


class TensorBoard(Callback):
    """Writes event files, which `tensorboard --logdir logs` shows.

    Training goes to the folder `train`, validation and evaluation to `validation`; tags are Keras's: `epoch_loss`,
    `epoch_learning_rate`, `batch_loss`, `evaluation_loss_vs_iterations`, and a weight's path for its histogram.

    Args:
        log_dir: folder of the two.
        histogram_freq: epochs between histograms of the weights; 0 for none.
        write_graph, write_images, profile_batch, embeddings_freq, embeddings_metadata: accepted; graphs, weights as
            images, profiles and embeddings are not written.
        write_steps_per_second: whether `epoch_steps_per_second` is written.
        update_freq: `"epoch"`, `"batch"`, or every how many batches the logs are written, too.

    Raises:
        ArgumentError: another `update_freq`, or a negative `histogram_freq`.

    Example:
        >>> import gradmill as gm
        >>> callback = gm.callbacks.TensorBoard("logs", histogram_freq=1)
    """

    def __init__(
        self,
        log_dir: Any = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: Union[str, int] = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ):
        super().__init__()
        if update_freq not in ("epoch", "batch") and (not isinstance(update_freq, int) or update_freq < 1):
            raise errors.ArgumentError(
                f"TensorBoard: update_freq must be 'epoch', 'batch' or a positive integer; received {update_freq!r}"
            )
        if histogram_freq < 0:
            raise errors.ArgumentError(f"TensorBoard: histogram_freq must be at least 0; received {histogram_freq}")
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq: Any = 1 if update_freq == "batch" else update_freq
        self._writers: Dict[str, EventFileWriter] = {}
        self._batches = 0
        self._begun = (0.0, 0)  # when the epoch began, and after which step

    def has_batch_hooks(self, mode: str) -> bool:
        """Whether batches are written, too."""
        return mode == "train" and self.update_freq != "epoch"

    def _writer(self, part: str) -> EventFileWriter:
        if part not in self._writers:
            self._writers[part] = EventFileWriter(os.path.join(self.log_dir, part))
        return self._writers[part]

    def _iterations(self) -> int:
        optimizer = getattr(self.model, "optimizer", None)
        return 0 if optimizer is None else int(optimizer.iterations)

    def on_train_begin(self, logs: Logs = None) -> None:
        """Count batches from the steps made so far."""
        self._batches = self._iterations()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Note the time."""
        self._begun = (time.perf_counter(), self._iterations())

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Write the logs of a batch, if it is its turn."""
        if self.update_freq != "epoch" and self._batches % self.update_freq == 0:
            for name, value in (logs or {}).items():
                self._writer("train").scalar(f"batch_{name}", value, self._batches)
        self._batches += 1

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Write the logs of an epoch."""
        values = dict(logs or {})
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is not None and hasattr(optimizer, "learning_rate"):
            values["learning_rate"] = float(optimizer.learning_rate)
        if self.write_steps_per_second:
            seconds = time.perf_counter() - self._begun[0]
            values["steps_per_second"] = (self._iterations() - self._begun[1]) / seconds
        for name, value in values.items():
            part, name = ("validation", name[4:]) if name.startswith("val_") else ("train", name)
            self._writer(part).scalar(f"epoch_{name}", value, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            for weight in self.model.weights:
                self._writer("train").histogram(weight.path.replace(":", "_"), weight.numpy(), epoch)

    def on_test_end(self, logs: Logs = None) -> None:
        """Write the logs of an evaluation."""
        for name, value in (logs or {}).items():
            self._writer("validation").scalar(f"evaluation_{name}_vs_iterations", value, self._iterations())

    def on_train_end(self, logs: Logs = None) -> None:
        """Close the files."""
        for writer in self._writers.values():
            writer.close()
