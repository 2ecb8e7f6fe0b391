"""Create every variable a training step needs before the step is traced."""

from typing import Any

from gradmill import errors, ops, tracing
from gradmill.models.array_checks import batch_dtype
from gradmill.symbolic import SymbolicTensor
from gradmill.utils import structure
from gradmill.utils.batch_data import unpack_x_y_sample_weight


def build_for_training(model: Any, batch: Any, own_step: bool = False) -> None:
    """Build the model, its metrics, losses and optimizer for data like `batch`.

    Args:
        model: a compiled model.
        batch: `x`, `(x, y)` or `(x, y, sample_weight)` of NumPy arrays.
        own_step: whether the step is the user's. It may read a batch in another way, such as three images side by side,
            so a model that cannot be called on x is left to it.

    Raises:
        ArgumentError: when a subclassed model could not be built from its inputs.
    """
    x, y, _ = unpack_x_y_sample_weight(batch)
    loss, metrics = model._compile_loss, model._compile_metrics
    waiting = [part for part in (loss, metrics) if part is not None and not part.built]
    if not is_built(model) or (waiting and y is not None):
        y_pred = _outputs_of(model, x, own_step)
        if y_pred is not None and y is not None:
            targets = structure.map_structure(_symbolic, y)
            for part in waiting:
                part.build(targets, y_pred)
    if model.optimizer is not None and not model.optimizer.built and is_built(model):
        model.optimizer.build(model.trainable_variables)


def is_built(model: Any) -> bool:
    """Whether the model and all its layers have their variables."""
    return all(layer.built for layer in model._flatten_layers())


def _outputs_of(model: Any, x: Any, own_step: bool) -> Any:
    """Return the outputs for `x` without computing them where that is possible; None for a model without `call`."""
    try:
        if model.run_eagerly:
            tensors = structure.map_structure(_first_row, x)
            return structure.map_structure(_symbolic, model._forward(tensors, training=False))
        return tracing.infer_outputs(
            lambda inputs: model._forward(inputs, False), structure.map_structure(_symbolic, x)
        )
    except NotImplementedError:
        # A model with only a train_step of its own, such as a pair of networks, builds its parts itself.
        return None
    except Exception as problem:
        if own_step:
            return None
        if isinstance(problem, errors.GradMillError):
            raise
        raise errors.ArgumentError(
            f"{model.name}: could not build the model from the data ({type(problem).__name__}: {problem}); call the "
            "model "
            "once on a batch, or compile with run_eagerly=True if its call() reads values"
        ) from problem


def _symbolic(array: Any) -> Any:
    if array is None:
        return None
    dtype = batch_dtype(array) if hasattr(array, "strides") else str(array.dtype)
    return SymbolicTensor((None,) + tuple(array.shape[1:]), dtype)


def _first_row(array: Any) -> Any:
    return None if array is None else ops.convert_to_tensor(array[:1], dtype=batch_dtype(array))
