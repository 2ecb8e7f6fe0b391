"""A model's `train_step`, `test_step` or `predict_step` as a function of flat batch tensors, traced or eager."""

import weakref
from typing import Any, Callable, List, Optional

from gradmill import errors, tracing
from gradmill.models.memory_check import check_memory
from gradmill.utils import structure


class StepProgram:
    """One step of a model for one structure of its data.

    Args:
        model: the model; it is held weakly, so that a program kept by the model is no cycle.
        method: `"train_step"`, `"test_step"` or `"predict_step"`.
        data: structure that the step receives; its leaves other than None are places for tensors.
        eager: run the Python code at each step instead of a plan traced once per batch shape.
        logs_are_metrics: the logs the step returns are the results of the model's metrics, so they need not be computed
            at every step: who wants them reads the metrics.

    Attributes:
        function: `function(*tensors) -> list of tensors`, in flattened order without the places that hold None.
        log_names: names of the values that `function` returns, None when `logs_are_metrics`.
        output: structure of what `predict_step` returned.
    """

    def __init__(self, model: Any, method: str, data: Any, eager: bool, logs_are_metrics: bool):
        self.log_names: Optional[List[str]] = None
        self.output: Any = None
        self._model = weakref.ref(model)
        self._method = method
        self._template = structure.map_structure(lambda leaf: None if leaf is None else True, data)
        self._logs_are_metrics = logs_are_metrics
        self.function: Callable = self._make_function(eager)

    def _make_function(self, eager: bool) -> Callable:
        program = weakref.ref(self)

        def step(*tensors: Any) -> List[Any]:
            owner = program()
            assert owner is not None  # it holds the function that is running
            return owner._step(tensors)

        def examine(plan: Any, batch: List[Any]) -> None:
            owner = program()
            assert owner is not None
            check_memory(f"{owner._owner_name()}: {owner._method}", step, plan, batch)

        step.__name__ = self._method
        return step if eager else tracing.Function(step, examine=examine)

    def _owner_name(self) -> str:
        model = self._model()
        return str(getattr(model, "name", type(model).__name__))

    def _step(self, tensors: Any) -> List[Any]:
        model = self._model()
        waiting = iter(tensors)
        leaves = [None if place is None else next(waiting) for place in structure.flatten(self._template)]
        result = getattr(model, self._method)(structure.pack_as(self._template, leaves))
        if self._method == "predict_step":
            self.output = structure.map_structure(lambda leaf: True, result)
            return structure.flatten(result)
        if self._logs_are_metrics:
            return []
        if not isinstance(result, dict):
            raise errors.ArgumentError(
                f"{type(model).__name__}.{self._method}: expected to return a dict of logs; received "
                f"{type(result).__name__}"
            )
        logs: dict = {}
        for name, value in result.items():  # the result of `compile_metrics` is a dict of its own
            logs.update(value if isinstance(value, dict) else {name: value})
        self.log_names = sorted(logs)
        return [logs[name] for name in self.log_names]
