"""Evaluation with the moving average of the weights."""

from typing import Any, Iterator, Tuple

from gradmill import errors
from gradmill.callbacks.callback import Callback, Logs


class SwapEMAWeights(Callback):
    """Puts the moving averages of an optimizer into the model while it is evaluated, and the weights back afterwards.

    The optimizer must have been made with `use_ema=True`.

    Args:
        swap_on_epoch: whether the averages are in the model from the end of an epoch to the start of the next one, for
            other callbacks such as `ModelCheckpoint`.

    Raises:
        ArgumentError: when training begins with an optimizer that keeps no averages.

    Example:
        >>> import gradmill as gm
        >>> optimizer = gm.optimizers.SGD(use_ema=True)
        >>> callback = gm.callbacks.SwapEMAWeights()
    """

    def __init__(self, swap_on_epoch: bool = False):
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._swapped = False

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Train on the weights."""
        if self.swap_on_epoch:
            self._swap(False)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Leave the averages in the model, if it was asked for."""
        if self.swap_on_epoch:
            self._swap(True)
            if epoch == (self.params or {}).get("epochs", 0) - 1:
                # What follows puts the averages into the model again: they are there already.
                for variable, average in self._pairs():
                    average.assign(variable.value)

    def on_test_begin(self, logs: Logs = None) -> None:
        """Evaluate the averages."""
        self._swap(True)

    def on_test_end(self, logs: Logs = None) -> None:
        """Put the weights back."""
        self._swap(False)

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Predict with the averages."""
        self._swap(True)

    def on_predict_end(self, logs: Logs = None) -> None:
        """Put the weights back."""
        self._swap(False)

    def _swap(self, averages_in_model: bool) -> None:
        if self._swapped == averages_in_model:
            return
        for variable, average in self._pairs():
            value = variable.value
            variable.assign(average.value)
            average.assign(value)
        self._swapped = averages_in_model

    def _pairs(self) -> Iterator[Tuple[Any, Any]]:
        optimizer = self.model.optimizer
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        parts = getattr(optimizer, "optimizers", [optimizer])
        if not any(getattr(part, "use_ema", False) for part in parts):
            raise errors.ArgumentError(
                f"SwapEMAWeights: expected an optimizer with use_ema=True; received {type(optimizer).__name__} without"
            )
        return optimizer.averaged_variables()
