"""The step of a model: forward, loss, gradient, update, metrics. Each method may be overridden as in Keras."""

import inspect
import warnings
from typing import TYPE_CHECKING, Any, Dict, List

from gradmill import autograd, errors, ops
from gradmill.models.compile_utils import CompileMetrics
from gradmill.utils import structure
from gradmill.utils.batch_data import unpack_x_y_sample_weight

if TYPE_CHECKING:  # a model is a Layer too: the methods here may use all that it has
    from gradmill.layers.base import Layer as _Host
else:
    _Host = object


class TrainingSteps(_Host):
    """Methods of a model that make up one training, test or prediction step."""

    compiled = False
    optimizer: Any = None
    loss: Any = None
    _compile_loss: Any = None
    _compile_metrics: Any = None
    _loss_tracker: Any = None

    def train_step(self, data: Any) -> Dict[str, Any]:
        """Train on one batch.

        Args:
            data: `x`, `(x, y)` or `(x, y, sample_weight)`, tensors or structures of tensors.

        Returns:
            dict of logs, by default the results of the metrics.

        Reference: Keras 3, `Model.train_step` (2023).

        Example:
            >>> import gradmill as gm
            >>> class MyModel(gm.Model):
            ...     def train_step(self, data):
            ...         logs = super().train_step(data)
            ...         return {**logs, "twice": 2 * logs["loss"]}
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with autograd.GradientTape() as tape:
            y_pred = self._forward(x, training=True)
            loss = self._call_compute_loss(x, y, y_pred, sample_weight, training=True)
            self._loss_tracker.update_state(loss, sample_weight=_rows(x))
            scaled = self.optimizer.scale_loss(loss) if hasattr(self.optimizer, "scale_loss") else loss
        variables = self.trainable_variables
        if variables:
            self.optimizer.apply(tape.gradient(scaled, variables), variables)
        else:
            warnings.warn(
                f"{self.name}: the model has no trainable variables, so training changes nothing", stacklevel=2
            )
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def test_step(self, data: Any) -> Dict[str, Any]:
        """Evaluate one batch; arguments and result as in `train_step`."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self._forward(x, training=False)
        loss = self._call_compute_loss(x, y, y_pred, sample_weight, training=False)
        self._loss_tracker.update_state(loss, sample_weight=_rows(x))
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def predict_step(self, data: Any) -> Any:
        """Return the model's outputs for one batch."""
        x, _, _ = unpack_x_y_sample_weight(data)
        return self._forward(x, training=False)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Return the total loss of a batch: that of `compile`, plus `self.losses` (regularizers and `add_loss`).

        Args:
            x: inputs.
            y: targets.
            y_pred: outputs for `x`.
            sample_weight: weights of the samples, or None.
            training: whether this is a training step.

        Returns:
            scalar tensor.

        Raises:
            ArgumentError: when there is no loss at all, or a loss without targets.
        """
        parts: List[Any] = []
        if self._compile_loss is not None:
            if y is None:
                raise errors.ArgumentError(
                    f"{self.name}: the loss needs targets; received y=None; pass y, or a data set that yields (x, y)"
                )
            value = self._compile_loss(y, y_pred, sample_weight)
            if value is not None:
                parts.append(value)
        parts.extend(self._aggregate_additional_loss(value) for value in self.losses)
        if not parts:
            raise errors.ArgumentError(f"{self.name}: there is no loss to compute; pass loss=... to compile()")
        total = parts[0]
        for part in parts[1:]:
            total = ops.add(total, part)
        return total

    def _aggregate_additional_loss(self, loss: Any) -> Any:
        return ops.sum(loss)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Dict[str, Any]:
        """Add one batch to the metrics of `compile` and return the logs.

        Args:
            x: inputs.
            y: targets.
            y_pred: outputs for `x`.
            sample_weight: weights of the samples, or None.

        Returns:
            dict from metric name to result.
        """
        if self._compile_metrics is not None:
            self._compile_metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self) -> Dict[str, Any]:
        """Return the results of all metrics by name."""
        results: Dict[str, Any] = {}
        for metric in self.metrics:
            result = metric.result()
            if isinstance(result, dict):
                results.update(result)
            else:
                results[metric.name] = result
        return results

    @property
    def metrics(self) -> List[Any]:
        """Metrics of `compile`, the model's own and those of its layers."""
        found: List[Any] = []
        if self.compiled:
            found.append(self._loss_tracker)
            if self._compile_metrics is not None:
                found.append(self._compile_metrics)
            if self._compile_loss is not None:
                found.extend(self._compile_loss.metrics)
        found.extend(getattr(self, "_metrics", ()))
        for layer in self._flatten_layers(include_self=False):
            if not isinstance(layer, TrainingSteps):
                found.extend(getattr(layer, "_metrics", ()))
        return found

    @property
    def metrics_names(self) -> List[str]:
        """Names of `metrics`."""
        return [metric.name for metric in self.metrics]

    def reset_metrics(self) -> None:
        """Forget all batches in all metrics."""
        for metric in self.metrics:
            metric.reset_state()

    def _forward(self, x: Any, training: bool) -> Any:
        if getattr(self, "_call_has_training_arg", True):
            return self(x, training=training)
        return self(x)

    def _call_compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
        """Call `compute_loss`; overrides written before Keras 3.3 have no `training` argument."""
        arguments = {"x": x, "y": y, "y_pred": y_pred, "sample_weight": sample_weight}
        parameters = inspect.signature(self.compute_loss).parameters
        if "training" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            arguments["training"] = training
        return self.compute_loss(**arguments)

    def _logs_are_metrics(self, method: str) -> bool:
        """Whether a step's logs are those that `get_metrics_result` returns, as long as nothing is overridden."""
        names = (method, "compute_metrics", "get_metrics_result")
        return all(getattr(type(self), name) is getattr(TrainingSteps, name) for name in names)

    def _metric_order(self) -> List[str]:
        """Names of the logs in the order in which `evaluate` lists them."""
        names: List[str] = []
        for metric in self.metrics:
            names.extend(m.name for m in metric.metrics) if isinstance(metric, CompileMetrics) else names.append(
                metric.name
            )
        return names


def _rows(x: Any) -> Any:
    return next(leaf for leaf in structure.flatten(x) if leaf is not None).shape[0]
