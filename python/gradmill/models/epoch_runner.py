"""Run steps over rows of arrays in memory: order, gather, convert, step."""

import math
import time
from typing import Any, Callable, Dict, Optional, Sequence

import numpy as np

from gradmill import _core, errors, ops, tracing
from gradmill.models.array_checks import batch_dtype

PROGRESS_INTERVAL_SECONDS = 0.2
# The engine runs steps on its own for about this long before Python looks at signals and progress.
STRETCH_SECONDS = 0.05


class RowRunner:
    """Steps over batches of rows of arrays.

    Args:
        step_function: called as `step_function(*batch_tensors)`, one tensor per array; what it does lives in variables.
            A function made by `tracing.function` runs as its plan for each batch shape, a plain one eagerly.
        arrays: NumPy arrays with one first dimension, of any dtype and strides; they are read in place.
        dtypes: dtype of each batch tensor; default: floats as `config.floatx()`, others as they are.

    Attributes:
        last_outputs: what the last step returned, None before the first.
        stretch: how many steps may run before Python looks at signals and progress.
    """

    def __init__(self, step_function: Callable, arrays: Sequence[np.ndarray], dtypes: Optional[Sequence[str]] = None):
        self._step_function = step_function
        self._arrays = list(arrays)
        self._dtypes = list(dtypes) if dtypes is not None else [batch_dtype(array) for array in self._arrays]
        self.last_outputs: Any = None
        self.stretch = 16
        self._loops: Dict[int, Any] = {}

    def run_batches(self, batches: Sequence[np.ndarray], step: int) -> None:
        """Run a step on each batch.

        Args:
            batches: int64 arrays of row numbers, all of one length.
            step: number of the first step.
        """
        loop = self._loop(len(batches[0]))
        begin = time.perf_counter()
        if loop is None:
            for rows in batches:
                self._step_on(rows)
        else:
            loop.run(np.concatenate(batches), 0, len(batches), step)
            self.last_outputs = loop.outputs
        self._adapt(len(batches), time.perf_counter() - begin)

    def _adapt(self, count: int, seconds: float) -> None:
        """Bring the stretch to about `STRETCH_SECONDS`."""
        if count == self.stretch and seconds < STRETCH_SECONDS / 2:
            self.stretch *= 2
        elif seconds > 2 * STRETCH_SECONDS:
            self.stretch = max(1, self.stretch // 2)

    def _step_on(self, rows: Any) -> None:
        """Run one step through Python."""
        batch = [ops.convert_to_tensor(array[rows], dtype=dtype) for array, dtype in zip(self._arrays, self._dtypes)]
        self.last_outputs = self._step_function(*batch)

    def _loop(self, rows: int) -> Optional[Any]:
        """The engine's loop for batches of `rows` samples; None when the step must go through Python."""
        function = self._step_function
        if not isinstance(function, tracing.Function) or not all(map(_engine_reads, self._arrays)):
            return None
        if rows not in self._loops and not function.runs_eagerly:
            batch = [
                tracing.TensorSpec((rows,) + array.shape[1:], dtype) for array, dtype in zip(self._arrays, self._dtypes)
            ]
            try:
                traced = function.get_concrete_function(*batch)
            except errors.UnsupportedError as error:
                function.fall_back(error)
                return None
            for number, check in traced.checks:
                check(self._arrays[number])
            self._loops[rows] = _core.BatchLoop(traced.plan, self._arrays)
        return self._loops.get(rows)


class EpochRunner(RowRunner):
    """The loop over the batches of an epoch.

    Args:
        step_function, arrays, dtypes: as in `RowRunner`.
        batch_size: samples of a full batch; the last batch of a pass may be smaller.
        steps: batches of one pass, `ceil(rows / batch_size)` at most.
        shuffle: whether each pass visits the rows in an order of its own, drawn from `(seed, epoch)`.
        seed: non-negative integer.
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
        super().__init__(step_function, arrays, dtypes)
        self._rows = int(self._arrays[0].shape[0])
        self._batch_size = batch_size
        self._steps = min(steps, math.ceil(self._rows / batch_size))
        self._shuffle = shuffle
        self._seed = seed

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
        step = first_step
        next_progress = time.perf_counter() + PROGRESS_INTERVAL_SECONDS
        by_step = on_step_begin is not None or on_step_end is not None
        while step < end:
            if on_step_begin is not None:
                on_step_begin(step)
            count = 1 if by_step else min(self.stretch, end - step)
            step += self._advance(order, step, count)
            if on_step_end is not None and on_step_end(step - 1):
                return step
            if on_progress is not None and time.perf_counter() >= next_progress:
                on_progress(step)
                next_progress = time.perf_counter() + PROGRESS_INTERVAL_SECONDS
        return max(end, first_step)

    def _advance(self, order: Optional[np.ndarray], step: int, count: int) -> int:
        """Run at most `count` steps of one batch size from `step` on; return how many ran."""
        start = step * self._batch_size
        rows = min(self._batch_size, self._rows - start)
        loop = self._loop(rows)
        if loop is None:
            self._step_on(slice(start, start + rows) if order is None else order[start : start + rows])
            return 1
        if rows == self._batch_size:
            count = min(count, (self._rows - start) // self._batch_size)
        else:
            count = 1
        begin = time.perf_counter()
        loop.run(order, start, count, step)
        self._adapt(count, time.perf_counter() - begin)
        self.last_outputs = loop.outputs
        return count

    def _order(self, epoch: int) -> Optional[np.ndarray]:
        if not self._shuffle:
            return None
        return np.random.Generator(np.random.Philox(key=[self._seed, epoch])).permutation(self._rows)


def _engine_reads(array: np.ndarray) -> bool:
    """Whether the engine can read the rows of an array in place."""
    return (
        array[:1].flags.c_contiguous
        and array.dtype.isnative
        and array.dtype.kind in "fiub"
        and array.dtype != np.uint64
    )
