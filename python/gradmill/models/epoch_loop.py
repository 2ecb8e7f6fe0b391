"""Run one epoch of training, evaluation or prediction: batches into steps, steps into callbacks and logs."""

import time
import warnings
from typing import Any, Callable, Dict, Iterator, List, Optional

import numpy as np

from gradmill import config, errors
from gradmill.models.data_adapter import ArrayData, BatchData
from gradmill.models.epoch_runner import PROGRESS_INTERVAL_SECONDS, EpochRunner, RowRunner
from gradmill.models.step_program import StepProgram
from gradmill.utils import structure

StepHook = Optional[Callable[[int], Any]]


class Feed:
    """Batches of one kind of data on their way into one kind of step.

    Attributes:
        steps: steps of an epoch, None while unknown.
        program: the step.
        last_outputs: what the last step returned.
        waiting_share: part of the last epoch's time, from 0 to 1, that was spent waiting for Python to make batches.
    """

    waiting_share = 0.0
    steps: Any = None  # a number, or None where only the end of the data tells
    program: StepProgram
    last_outputs: Any = None

    def run(self, on_progress: StepHook, on_step_begin: StepHook, on_step_end: StepHook, first_step: int = 0) -> int:
        """Run one epoch from `first_step`; hooks and result as in `EpochRunner.run`."""
        raise NotImplementedError

    def rewind(self) -> None:
        """Let the next epoch begin with the first batch, wherever the last one stopped."""
        raise NotImplementedError

    def state(self) -> Dict[str, Any]:
        """Return what another feed over the same data needs to go on with the same batches."""
        raise NotImplementedError

    def restore(self, state: Dict[str, Any]) -> None:
        """Go on where the feed that returned `state` stood."""
        raise NotImplementedError

    def close(self) -> None:
        """End what makes batches ahead; the feed is not used again."""


def limited_epochs(epochs: int) -> int:
    """Return the epochs that `fit` may run, with a warning where `config.set_max_epochs` takes some away."""
    limit = config.max_epochs()
    if limit is None or epochs <= limit:
        return epochs
    warnings.warn(f"fit: {limit} of {epochs} epochs are run, the most that config.max_epochs allows", stacklevel=3)
    return limit


def limited_steps(method: str, data: Any, steps: Optional[int]) -> Optional[int]:
    """Return the steps that an epoch may have, with a warning where `config.set_max_steps_per_epoch` takes some away.

    Args:
        method: of the step; begins the message.
        data: knows `num_batches`, None where only the end tells.
        steps: what the caller asked for, None for a pass over the data.
    """
    limit, asked = config.max_steps_per_epoch(), steps or data.num_batches
    if limit is None or (asked is not None and asked <= limit):
        return steps
    warnings.warn(
        f"{method}: {limit} steps are run, the most that config.max_steps_per_epoch allows", stacklevel=4
    )
    return limit


class ArrayFeed(Feed):
    """Batches gathered from arrays in memory."""

    def __init__(
        self, program: StepProgram, data: ArrayData, dtypes: List[str], steps: Optional[int], shuffle: bool, seed: int
    ):
        self.program = program
        self._data = data
        self._limit = steps
        self.steps: int = steps or data.num_batches
        self._shuffle = bool(shuffle)
        self._dtypes = dtypes
        self._seed = seed
        self._passes = 0
        self._position = 0
        self._make_runner()

    def _make_runner(self) -> None:
        self._runner = EpochRunner(
            self.program.function,
            self._data.arrays,
            self._data.batch_size,
            self._data.num_batches,
            self._shuffle,
            self._seed,
            dtypes=self._dtypes,
        )

    @property
    def last_outputs(self) -> Any:
        return self._runner.last_outputs

    def run(self, on_progress: StepHook, on_step_begin: StepHook, on_step_end: StepHook, first_step: int = 0) -> int:
        """With a limit on the steps, an epoch goes on in the pass where the last one stopped."""
        start = self._position
        end = min(start + self.steps, self._data.num_batches)
        reached = self._runner.run(
            _shifted(on_progress, start),
            _shifted(on_step_begin, start),
            _shifted(on_step_end, start),
            epoch=self._passes,
            first_step=start + first_step,
            last_step=end,
        )
        if reached == end and end - start < self.steps:
            warnings.warn(
                f"fit: the data ran out after {end - start} of {self.steps} steps, so the epoch ends here; pass at "
                "least "
                "steps_per_epoch * batch_size samples",
                stacklevel=5,
            )
        finished_pass = self._limit is None or end == self._data.num_batches
        self._position = 0 if finished_pass else end
        self._passes += int(finished_pass)
        return reached - start

    def rewind(self) -> None:
        self._position = 0

    def state(self) -> Dict[str, Any]:
        return {"seed": self._seed, "passes": self._passes, "position": self._position}

    def restore(self, state: Dict[str, Any]) -> None:
        self._seed, self._passes, self._position = (int(state[name]) for name in ("seed", "passes", "position"))
        self._make_runner()


class BatchFeed(Feed):
    """Batches that Python code yields."""

    def __init__(self, model: Any, method: str, data: BatchData, steps: Optional[int], seed: int):
        if steps is None and data.endless:
            raise errors.ArgumentError(
                f"{data.caller}: the data set is endless; give steps_per_epoch (validation_steps for validation data, "
                "steps for evaluate and predict)"
            )
        self._model = model
        self._method = method
        self._data = data
        self._limit = steps
        self.steps = steps or data.num_batches
        self._seed = seed
        self._passes = 0
        self.program = model._program(method, data.first_batch())
        self._runner = self._make_runner()
        self._held: Any = None  # a batch of another size than those before it

    def run(self, on_progress: StepHook, on_step_begin: StepHook, on_step_end: StepHook, first_step: int = 0) -> int:
        runner, by_step = self._runner, on_step_begin is not None or on_step_end is not None
        step = first_step
        begin = time.perf_counter()
        next_progress = begin + PROGRESS_INTERVAL_SECONDS
        waited = 0.0
        self._data.begin_epoch()
        batches = self._data.batches(self._limit, self._seed + self._passes, first_step)
        while True:
            asked = time.perf_counter()
            taken = self._take(batches, 1 if by_step or runner is None else runner.stretch)
            if not taken:
                break
            waited += time.perf_counter() - asked
            if on_step_begin is not None:
                on_step_begin(step)
            self._advance(taken, step)
            step += len(taken)
            if on_step_end is not None and on_step_end(step - 1):
                break
            if on_progress is not None and time.perf_counter() >= next_progress:
                on_progress(step)
                next_progress = time.perf_counter() + PROGRESS_INTERVAL_SECONDS
        self._data.end_epoch()
        self.waiting_share = waited / max(time.perf_counter() - begin, 1e-9)
        self._passes += 1
        self.steps = self._limit or self._data.num_batches
        return step

    def _make_runner(self) -> Optional[RowRunner]:
        """Return what runs many steps at once, where the batches are rows of arrays that are in order as a whole."""
        data = self._data.data
        if data is None:
            return None
        try:
            if self._method != "predict_step":
                self._model._check_labels(data, "y")
        except errors.GradMillError:
            return None  # the batch with the mistake, if any is read, is found on its way
        arrays = [leaf for leaf in structure.flatten(data) if leaf is not None]
        return RowRunner(self.program.function, arrays, self._model._dtypes(data))

    def _take(self, batches: Iterator[Any], count: int) -> List[Any]:
        """Return the next batches, `count` at most; more than one are rows' numbers, as many in each."""
        taken: List[Any] = []
        while len(taken) < count:
            batch, self._held = (next(batches, None) if self._held is None else self._held), None
            if batch is None:
                break
            if taken and len(batch) != len(taken[0]):
                self._held = batch
                break
            taken.append(batch)
        return taken

    def _advance(self, taken: List[Any], step: int) -> None:
        """Run a step on each batch."""
        if self._runner is not None:
            self._runner.run_batches(taken, step)
            self.last_outputs = self._runner.last_outputs
            return
        for batch in map(self._data.gather, taken):
            self.program = self._model._program(self._method, batch)
            if self._method != "predict_step":
                self._model._check_labels(batch, "y")
            self.last_outputs = self.program.function(*self._model._batch_tensors(batch))

    def rewind(self) -> None:
        self._data.rewind()

    def state(self) -> Dict[str, Any]:
        return {"seed": self._seed, "passes": self._passes, "data": self._data.state()}

    def restore(self, state: Dict[str, Any]) -> None:
        self._seed, self._passes = int(state["seed"]), int(state["passes"])
        self._data.restore(state.get("data"))

    def close(self) -> None:
        self._data.close()


def run_epoch(
    model: Any, feed: Feed, callbacks: Any, mode: str, first_step: int = 0, first_logs: Optional[Dict[str, Any]] = None
) -> Dict[str, Any]:
    """Run one epoch and return its logs.

    Args:
        model: the model.
        feed: where the batches come from.
        callbacks: `CallbackList`; its batch hooks are called only when one of its callbacks has some.
        mode: `"train"` or `"test"`.
        first_step: step to start with, when an interrupted epoch is taken up again.
        first_logs: logs of the step before `first_step`.
    """
    every = model.steps_per_execution
    stop_flag = "stop_training" if mode == "train" else "stop_evaluating"
    waiting: List[int] = []

    def logs_now() -> Dict[str, Any]:
        if first_step and feed.last_outputs is None:
            return dict(first_logs or {})
        return read_logs(model, feed.program, feed.last_outputs)

    def end_of_execution(step: int) -> None:
        waiting.clear()
        callbacks.on_batch_hook(mode, "end", step, logs_now())

    def on_step_begin(step: int) -> None:
        if step % every == 0:
            callbacks.on_batch_hook(mode, "begin", step)

    def on_step_end(step: int) -> bool:
        waiting[:] = [step]
        if step % every == every - 1:
            end_of_execution(step)
        return getattr(model, stop_flag)

    def on_progress(step: int) -> None:
        callbacks.on_progress(mode, step, logs_now)

    hooks = callbacks.has_batch_hooks(mode)
    reached = feed.run(on_progress, on_step_begin if hooks else None, on_step_end if hooks else None, first_step)
    if waiting:
        end_of_execution(waiting[0])
    callbacks.note_steps(mode, reached, feed.waiting_share)
    return logs_now() if reached else {}


def run_prediction(model: Any, feed: Feed, callbacks: Any) -> Any:
    """Run `predict_step` over all batches and return the outputs joined along the first axis."""
    parts: List[List[np.ndarray]] = []

    def outputs_now() -> List[np.ndarray]:
        return [np.asarray(output) for output in feed.last_outputs]

    def on_step_begin(step: int) -> None:
        callbacks.on_batch_hook("predict", "begin", step)

    def on_step_end(step: int) -> bool:
        outputs = outputs_now()
        parts.append(outputs)
        if hooks:
            packed = structure.pack_as(feed.program.output, outputs)
            callbacks.on_batch_hook("predict", "end", step, {"outputs": packed})
        return model.stop_predicting

    def on_progress(step: int) -> None:
        callbacks.on_progress("predict", step, dict)

    model._set(stop_predicting=False)
    hooks = callbacks.has_batch_hooks("predict")
    callbacks.on_predict_begin()
    reached = feed.run(on_progress, on_step_begin if hooks else None, on_step_end)
    callbacks.note_steps("predict", reached, feed.waiting_share)
    callbacks.on_predict_end()
    return structure.pack_as(feed.program.output, [np.concatenate(column) for column in zip(*parts)])


def read_logs(model: Any, program: StepProgram, outputs: Any) -> Dict[str, Any]:
    """Return the logs of the steps so far as Python numbers, sorted by name.

    A step written by the user gets what its last call returned, which is not what the model's metrics of these names
    hold unless it updates them.
    """
    logs = model.get_metrics_result() if program.log_names is None else dict(zip(program.log_names, outputs))
    return {name: to_number(logs[name]) for name in sorted(logs)}


def to_number(value: Any) -> Any:
    """Return a Python float for a scalar tensor, a NumPy array for a larger one, anything else as it is."""
    if isinstance(value, (int, float, str)) or value is None:
        return value
    array = np.asarray(value)
    return array.item() if array.size == 1 else array


def _shifted(hook: StepHook, start: int) -> StepHook:
    """Return the hook with steps counted from the start of the epoch instead of the pass."""
    if hook is None or start == 0:
        return hook
    return lambda step: hook(step - start)
