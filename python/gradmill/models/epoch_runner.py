"""Run the steps of one pass over arrays in memory: order, gather, convert, step."""

import math
import time
from typing import Any, Callable, List, Optional, Sequence

import numpy as np

from gradmill import ops
from gradmill.models.data_adapter import batch_dtype

PROGRESS_INTERVAL_SECONDS = 0.2


class EpochRunner:
    """The loop over the batches of an epoch.

    Args:
        step_function: called as `step_function(*batch_tensors)`, one tensor per array; what it does lives in variables.
            A function made by `tracing.function` runs as its plan for each batch shape, a plain one eagerly.
        arrays: NumPy arrays with one first dimension, of any dtype and strides; they are read in place.
        batch_size: samples of a full batch; the last batch of a pass may be smaller.
        steps: batches of one pass, `ceil(rows / batch_size)` at most.
        shuffle: whether each pass visits the rows in an order of its own, drawn from `(seed, epoch)`.
        seed: non-negative integer.
        dtypes: dtype of each batch tensor; default: floats as `config.floatx()`, others as they are.

    Attributes:
        last_outputs: what the last step returned, None before the first.
    """

    def __init__(
        self,
        step_function: Callable,
        arrays: Sequence[np.ndarray],
        batch_size: int,
        steps: int,
        shuffle: bool,
        seed: int,
        dtypes: Optional[Sequence[str]] = None,
    ):
        self._step_function = step_function
        self._arrays = list(arrays)
        self._rows = int(self._arrays[0].shape[0])
        self._batch_size = batch_size
        self._steps = min(steps, math.ceil(self._rows / batch_size))
        self._shuffle = shuffle
        self._seed = seed
        self._dtypes = list(dtypes) if dtypes is not None else [batch_dtype(array) for array in self._arrays]
        self.last_outputs: Any = None

    def run(
        self,
        on_progress: Optional[Callable[[int], Any]] = None,
        on_step_begin: Optional[Callable[[int], Any]] = None,
        on_step_end: Optional[Callable[[int], Any]] = None,
        epoch: int = 0,
        first_step: int = 0,
        last_step: Optional[int] = None,
    ) -> int:
        """Run steps `first_step` to `last_step - 1` of a pass.

        Args:
            on_progress: called with the number of steps finished, at most five times a second.
            on_step_begin: called with the step number before each step.
            on_step_end: called with the step number after each step; a true result ends the run.
            epoch: number of the pass; with `seed` it fixes the order of the rows.
            first_step: first step to run.
            last_step: step to stop before; default: all.

        Returns:
            number of the step after the last one that ran.
        """
        order = self._order(epoch)
        end = self._steps if last_step is None else min(last_step, self._steps)
        next_progress = time.perf_counter() + PROGRESS_INTERVAL_SECONDS
        for step in range(first_step, end):
            if on_step_begin is not None:
                on_step_begin(step)
            self.last_outputs = self._step_function(*self._gather(order, step))
            if on_step_end is not None and on_step_end(step):
                return step + 1
            if on_progress is not None and time.perf_counter() >= next_progress:
                on_progress(step + 1)
                next_progress = time.perf_counter() + PROGRESS_INTERVAL_SECONDS
        return max(end, first_step)

    def _order(self, epoch: int) -> Optional[np.ndarray]:
        if not self._shuffle:
            return None
        return np.random.Generator(np.random.Philox(key=[self._seed, epoch])).permutation(self._rows)

    def _gather(self, order: Optional[np.ndarray], step: int) -> List[Any]:
        start = step * self._batch_size
        rows: Any = slice(start, min(start + self._batch_size, self._rows))
        if order is not None:
            rows = order[rows]
        return [ops.convert_to_tensor(array[rows], dtype=dtype) for array, dtype in zip(self._arrays, self._dtypes)]
