"""Training, evaluation and prediction of one batch, and the plans of steps."""

from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

from gradmill import errors, ops, tracing
from gradmill.models import epoch_loop, input_checks
from gradmill.models.array_checks import check_batch_size, check_lengths, class_weights_of_rows, convert_arrays
from gradmill.models.data_adapter import ArrayData, make_data
from gradmill.models.step_preparation import StepPreparation
from gradmill.utils import structure
from gradmill.utils.batch_data import pack_x_y_sample_weight


class SingleBatches(StepPreparation):
    """The part of a trainer that runs single batches."""

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Optional[Dict[int, float]] = None,
        return_dict: bool = False,
    ) -> Any:
        """Train one step on one batch; arguments as in `fit`, result as in `evaluate` (of this batch alone)."""
        self._require_compiled("train_on_batch")
        if class_weight is not None:
            if sample_weight is not None:
                raise errors.ArgumentError("train_on_batch: give class_weight or sample_weight; received both")
            sample_weight = class_weights_of_rows(y, class_weight, "train_on_batch")
        return self._run_on_batch("train_step", (x, y, sample_weight), return_dict, "train_on_batch")

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Evaluate one batch; arguments as in `fit`, result as in `evaluate`."""
        self._require_compiled("test_on_batch")
        return self._run_on_batch("test_step", (x, y, sample_weight), return_dict, "test_on_batch")

    def predict_on_batch(self, x: Any) -> Any:
        """Return the outputs for one batch as NumPy arrays."""
        reader = self._host_reader()
        x = convert_arrays(x if reader is None else reader(x), "x")
        check_lengths(x, None, None, "predict_on_batch")
        data = pack_x_y_sample_weight(x)
        input_checks.check_input_shapes(self, x)
        program = self._program("predict_step", data)
        outputs = program.function(*self._batch_tensors(data))
        return structure.pack_as(program.output, [np.asarray(output) for output in outputs])

    def plan_for(self, x: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Return the plan of a training step on a batch like this one, compiling it when needed; nothing is run.

        Args:
            x: inputs of one batch; only shapes and dtypes matter.
            y: targets.
            sample_weight: weights of the rows.

        Returns:
            the plan: `describe()` lists its kernels, `costs()` what each does, `planned_bytes` is the memory it takes.

        Raises:
            ArgumentError: the model is not compiled, or was compiled with `run_eagerly=True`.

        Example:
            >>> import numpy as np, gradmill as gm
            >>> model = gm.Sequential([gm.Input((4,)), gm.layers.Dense(2)])
            >>> model.compile("sgd", "mse")
            >>> model.plan_for(np.ones((8, 4), "float32"), np.ones((8, 2), "float32")).kernel_calls > 0
            True
        """
        step, tensors = self._traced_step((x, y, sample_weight), "plan_for")
        return step.plan_for(*tensors)

    def training_step(self, x: Any, y: Any = None, sample_weight: Any = None) -> Tuple[Callable, List[Any]]:
        """Return the function that plans of a training step are traced from, and the tensors of this batch for it.

        Args:
            x: inputs of one batch; only shapes and dtypes matter.
            y: targets.
            sample_weight: weights of the rows.

        Raises:
            ArgumentError: the model is not compiled, or was compiled with `run_eagerly=True`.
        """
        step, tensors = self._traced_step((x, y, sample_weight), "training_step")
        return step.python_function, tensors

    def _traced_step(self, parts: tuple, caller: str) -> Tuple[tracing.Function, List[Any]]:
        self._require_compiled(caller)
        data = self._one_batch(parts, caller)
        step = self._program("train_step", data).function
        if not isinstance(step, tracing.Function):
            raise errors.ArgumentError(f"{caller}: a model compiled with run_eagerly=True has no plan")
        return step, self._batch_tensors(data)

    def _batch_tensors(self, data: Any) -> List[Any]:
        arrays = [leaf for leaf in structure.flatten(data) if leaf is not None]
        return [ops.convert_to_tensor(array, dtype=dtype) for array, dtype in zip(arrays, self._dtypes(data))]

    def _one_batch(self, parts: tuple, caller: str) -> Any:
        """Return `(x, y, sample_weight)` as a step receives them, after all checks."""
        x, y, sample_weight = parts
        reader = self._host_reader()
        x = x if reader is None else reader(x)
        rows = structure.flatten(x)[0]
        size = len(rows) if hasattr(rows, "__len__") else 1
        data = make_data(x, y, sample_weight, check_batch_size(size or None, caller), caller=caller)
        if not isinstance(data, ArrayData):
            raise errors.ArgumentError(f"{caller}: x must be the arrays of one batch; received {type(x).__name__}")
        self._prepare(data)
        return data.data

    def _run_on_batch(self, method: str, parts: tuple, return_dict: bool, caller: str) -> Any:
        data = self._one_batch(parts, caller)
        program = self._program(method, data)
        self.reset_metrics()
        outputs = program.function(*self._batch_tensors(data))
        logs = epoch_loop.read_logs(self, program, outputs)
        return logs if return_dict else self._in_order(logs)

    def _in_order(self, logs: Dict[str, Any]) -> Any:
        """Return the values as `evaluate` lists them: the metrics' order, then the rest sorted."""
        names = [name for name in self._metric_order() if name in logs]
        values = [logs[name] for name in names + sorted(set(logs) - set(names))]
        return values[0] if len(values) == 1 else values
