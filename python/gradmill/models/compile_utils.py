"""Losses and metrics of a compiled model: names resolved, matched with outputs, and kept with their names in logs."""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from gradmill import errors, losses, metrics, ops
from gradmill.models.output_matching import align, output_labels, spread
from gradmill.utils import structure

# Names that stand for a loss or metric only once the shapes of targets and outputs are known.
_LOSS_CHOICES = ("crossentropy", "ce")
_METRIC_CHOICES = ("accuracy", "acc") + _LOSS_CHOICES


def resolve_loss_configs(loss: Any) -> Any:
    """Return what `compile(loss=...)` received with serialized losses made into objects; raise for what is no loss."""
    if isinstance(loss, dict) and "class_name" in loss:
        return losses.get(loss)
    if isinstance(loss, dict):
        return {name: resolve_loss_configs(item) for name, item in loss.items()}
    if isinstance(loss, (list, tuple)):
        return [resolve_loss_configs(item) for item in loss]
    if isinstance(loss, str):
        if loss.lower() not in _LOSS_CHOICES:
            losses.get(loss)
    elif loss is not None and not callable(loss):
        raise errors.ArgumentError(f"compile: loss must be a name, a function or a Loss; received {loss!r}")
    return loss


def check_metric_names(argument: str, given: Any) -> None:
    """Raise for a metric name that does not exist, or when `given` is no list or dict."""
    if given and not isinstance(given, (list, tuple, dict)):
        raise errors.ArgumentError(
            f"compile: {argument} must be a list, tuple or dict; received {given!r}; write {argument}=[{given!r}]"
        )
    for identifier in structure.flatten(given or []):
        if isinstance(identifier, str) and identifier.lower() not in _METRIC_CHOICES:
            metrics.get(identifier)


class OutputLoss(NamedTuple):
    """One loss of one output: number and last size of the flattened output, the loss, its weight, its name in logs."""

    output_index: int
    output_size: Optional[int]
    loss: Any
    weight: Optional[float]
    name: str


class CompileLoss:
    """The sum of the weighted losses of all outputs.

    Args:
        loss: what `compile(loss=...)` received.
        loss_weights: None, a number, or a list or dict of numbers by output.
        output_names: the model's output names, or None.

    With more than one loss, the unweighted mean of each is kept in a metric named `OUTPUT_loss`.
    """

    def __init__(self, loss: Any, loss_weights: Any = None, output_names: Optional[Sequence[str]] = None):
        if loss_weights is not None and not isinstance(loss_weights, (list, tuple, dict, int, float)):
            raise errors.ArgumentError(
                "compile: loss_weights must be a number (one output), or a list or dict of numbers; received "
                f"{type(loss_weights).__name__}"
            )
        self._user_loss = loss
        self._user_weights = loss_weights
        self.output_names = output_names
        self.built = False
        self.metrics: List[Any] = []
        self.output_losses: List[OutputLoss] = []
        self._used: List[bool] = []

    @property
    def variables(self) -> List[Any]:
        """Variables of the metrics that keep each loss."""
        return [variable for metric in self.metrics for variable in metric.variables]

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Resolve names with the shapes of targets and outputs; tensors may be symbolic."""
        flat_outputs = structure.flatten(y_pred)
        count = len(flat_outputs)
        one_output_list = count == 1 and isinstance(self._user_loss, (list, tuple)) and len(self._user_loss) > 1
        if one_output_list:
            identifiers = [self._user_loss]
            weights = [self._user_weights if isinstance(self._user_weights, (list, tuple)) else None]
        else:
            identifiers = spread("loss", self._user_loss, y_pred, self.output_names, _is_single)
            weights = spread("loss_weights", self._user_weights, y_pred, self.output_names, _is_single)
        self._used = [identifier is not None for identifier in identifiers]
        targets = align("y", y_true, y_pred, self.output_names, self._used)
        labels = output_labels(y_pred, self.output_names)
        self.output_losses = []
        for i, (identifier, weight) in enumerate(zip(identifiers, weights)):
            if identifier is None or targets[i] is None:
                continue
            several = list(identifier) if isinstance(identifier, (list, tuple)) else [identifier]
            shares = list(weight) if isinstance(weight, (list, tuple)) else [weight] * len(several)
            for item, share in zip(several, shares):
                resolved: Any = losses.resolve(item, targets[i], flat_outputs[i])
                size = flat_outputs[i].shape[-1] if len(flat_outputs[i].shape) else 1
                self.output_losses.append(OutputLoss(i, size, resolved, share, labels[i] or resolved.name))
        self.metrics = []
        if len(self.output_losses) > 1:
            self.metrics = [metrics.Mean(name=f"{entry.name}_loss") for entry in self.output_losses]
        self.built = True

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the weighted sum of all losses of one batch, or None when no output has one."""
        if not self.built:
            self.build(y_true, y_pred)
        flat_outputs = structure.flatten(y_pred)
        targets = align("y", y_true, y_pred, self.output_names, self._used)
        weights = align("sample_weight", sample_weight, y_pred, self.output_names, self._used)
        total = None
        for position, entry in enumerate(self.output_losses):
            output = flat_outputs[entry.output_index]
            value = entry.loss(targets[entry.output_index], output, weights[entry.output_index])
            if self.metrics:
                self.metrics[position].update_state(value, sample_weight=output.shape[0])
            if entry.weight is not None:
                value = ops.multiply(value, entry.weight)
            total = value if total is None else ops.add(total, value)
        return total


class CompileMetrics:
    """The metrics of all outputs, weighted and unweighted, and their names in the logs.

    Args:
        metrics_argument: what `compile(metrics=...)` received.
        weighted_metrics: what `compile(weighted_metrics=...)` received.
        output_names: the model's output names, or None.
    """

    def __init__(self, metrics_argument: Any, weighted_metrics: Any, output_names: Optional[Sequence[str]] = None):
        check_metric_names("metrics", metrics_argument)
        check_metric_names("weighted_metrics", weighted_metrics)
        self.name = "compile_metrics"
        self._user_metrics = metrics_argument
        self._user_weighted = weighted_metrics
        self.output_names = output_names
        self.built = False
        self._plain: List[List[Any]] = []
        self._weighted: List[List[Any]] = []
        self._prefixes: List[str] = []

    @property
    def metrics(self) -> List[Any]:
        """All metric objects, empty before the first batch was seen."""
        return [metric for group in self._plain + self._weighted for metric in group]

    @property
    def variables(self) -> List[Any]:
        """Variables of all metrics."""
        return [variable for metric in self.metrics for variable in metric.variables]

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Resolve names with the shapes of targets and outputs; tensors may be symbolic."""
        flat_outputs = structure.flatten(y_pred)
        count = len(flat_outputs)
        labels = output_labels(y_pred, self.output_names)
        self._prefixes = [f"{label}_" if count > 1 and label else "" for label in labels]
        targets = align("y", y_true, y_pred, self.output_names, [True] * count)
        self._plain = self._resolve("metrics", self._user_metrics, targets, y_pred)
        self._weighted = self._resolve("weighted_metrics", self._user_weighted, targets, y_pred)
        self.built = True

    def _resolve(self, argument: str, given: Any, targets: List[Any], y_pred: Any) -> List[List[Any]]:
        flat_outputs = structure.flatten(y_pred)
        if not given:
            return [[] for _ in flat_outputs]
        if len(flat_outputs) == 1:
            groups = [structure.flatten(given)]
        else:
            groups = spread(argument, given, y_pred, self.output_names, _is_metric_entry)
        resolved = []
        for group, target, output in zip(groups, targets, flat_outputs):
            items = [] if group is None else structure.flatten(group)
            if target is None and any(item is not None for item in items):
                raise errors.ArgumentError(f"compile: {argument} were given for an output that has no target in y")
            resolved.append([metrics.resolve(item, target, output) for item in items if item is not None])
        return resolved

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one batch to all metrics; only the weighted ones see `sample_weight`."""
        if not self.built:
            self.build(y_true, y_pred)
        flat_outputs = structure.flatten(y_pred)
        every = [True] * len(flat_outputs)
        targets = align("y", y_true, y_pred, self.output_names, every)
        weights = align("sample_weight", sample_weight, y_pred, self.output_names, every)
        for i, output in enumerate(flat_outputs):
            for metric in self._plain[i]:
                metric.update_state(targets[i], output)
            for metric in self._weighted[i]:
                metric.update_state(targets[i], output, sample_weight=weights[i])

    def reset_state(self) -> None:
        """Forget all batches."""
        for metric in self.metrics:
            metric.reset_state()

    def result(self) -> Dict[str, Any]:
        """Return the values by name; a name used twice gets a number, a weighted twin the prefix `weighted_`."""
        results: Dict[str, Any] = {}
        for groups, twin in ((self._plain, ""), (self._weighted, "weighted_")):
            for prefix, group in zip(self._prefixes, groups):
                for metric in group:
                    name = f"{prefix}{metric.name}"
                    if name in results and twin:
                        name = f"{prefix}{twin}{metric.name}"
                    base, number = name, 0
                    while name in results:
                        number += 1
                        name = f"{base}_{number}"
                    results[name] = metric.result()
        return results


def _is_single(value: Any, count: int) -> bool:
    return not structure.is_nested(value)


def _is_metric_entry(value: Any, count: int) -> bool:
    """One metric, or a flat list of metrics that is not one list entry per output."""
    if not structure.is_nested(value):
        return True
    if isinstance(value, dict):
        return False
    return count == 1 and not any(structure.is_nested(item) for item in value)
