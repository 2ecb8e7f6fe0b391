"""What every loss is: values per sample, weights and mask, one reduction."""

import math
from typing import Any, Callable, Optional, Tuple

from gradmill import errors, ops, serialization, tracing
from gradmill.losses import support

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


class Loss:
    """Base class of all losses.

    Args:
        name: name shown in messages; default: made from the class name.
        reduction: how the values per sample become one number. `"sum_over_batch_size"` and `"mean"`: sum
            divided by the number of values; `"sum"`; `"mean_with_sample_weight"`: sum divided by the sum of
            the sample weights; `"none"` or None: no reduction.
        dtype: dtype of the computation, or a dtype policy (its compute dtype counts); default `config.floatx()`.

    A subclass writes `call(y_true, y_pred)`, which returns one value per sample.

    Raises:
        ArgumentError: when `reduction` is not one of the above.

    Example:
        >>> import gradmill as gm
        >>> class Distance(gm.losses.Loss):
        ...     def call(self, y_true, y_pred):
        ...         return gm.ops.mean(gm.ops.abs(y_pred - y_true), axis=-1)
        >>> float(Distance()([[0.0, 0.0]], [[1.0, 2.0]]))
        1.5
    """

    def __init__(self, name: Optional[str] = None, reduction: Optional[str] = "sum_over_batch_size", dtype: Any = None):
        self.name = name or support.auto_name(type(self).__name__)
        self.reduction = standardize_reduction(reduction, self.name)
        self._dtype = support.compute_dtype(dtype)

    @property
    def dtype(self) -> str:
        """Dtype in which the loss is computed."""
        return self._dtype

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the reduced loss of one batch.

        Args:
            y_true: targets, one tensor or a list, tuple or dict of them.
            y_pred: predictions, same structure.
            sample_weight: None or weights that broadcast to the values per sample.

        Returns:
            A scalar, or the weighted values per sample when `reduction` is None.
        """
        mask = support.optional_mask(y_pred)
        with tracing.name_scope(self.name):
            y_pred = _map_tensors(lambda x: ops.convert_to_tensor(x, dtype=self.dtype), y_pred)
            y_true = _map_tensors(self._convert_target, y_true)
            values, value_mask = self._values_and_mask(y_true, y_pred)
            if mask is not None and value_mask is not None:
                mask = ops.logical_and(ops.cast(mask, "bool"), ops.cast(value_mask, "bool"))
            elif mask is None:
                mask = value_mask
            return reduce_weighted_values(values, sample_weight, mask, self.reduction, self.dtype, self.name)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each sample; subclasses write this."""
        raise NotImplementedError(f"{type(self).__name__}: a Loss must define call(self, y_true, y_pred)")

    def _convert_target(self, y_true: Any) -> Any:
        return ops.convert_to_tensor(y_true, dtype=self.dtype)

    def _values_and_mask(self, y_true: Any, y_pred: Any) -> Tuple[Any, Optional[Any]]:
        values = self.call(y_true, y_pred)
        return values, support.optional_mask(values)

    def get_config(self) -> dict:
        """Return the arguments that make this loss again."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict) -> "Loss":
        """Return the loss that `get_config` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name} reduction={self.reduction}>"


class LossFunctionWrapper(Loss):
    """A loss made from a function `fn(y_true, y_pred, **kwargs)` that returns one value per sample.

    A function may carry two attributes: `integer_targets = True` (labels stay integers instead of becoming
    floats) and `values_and_mask` (same arguments, returns the values and the mask of those that count).

    Args:
        fn: the function.
        reduction, name, dtype: as in `Loss`.
        **kwargs: passed to `fn` at every call.

    Example:
        >>> import gradmill as gm
        >>> loss = gm.losses.LossFunctionWrapper(gm.losses.huber, delta=2.0)
        >>> float(loss([[0.0]], [[2.0]]))
        2.0
    """

    # True in classes whose constructor fixes the function: then only the arguments are saved.
    _fixed_function = False

    def __init__(
        self,
        fn: Callable,
        reduction: Optional[str] = "sum_over_batch_size",
        name: Optional[str] = None,
        dtype: Any = None,
        **kwargs: Any,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        self._fn_kwargs = kwargs
        if self._fixed_function:
            for key, value in kwargs.items():
                setattr(self, key, value)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return `fn` of the targets and predictions brought to the same rank."""
        if hasattr(y_true, "shape") and hasattr(y_pred, "shape"):
            y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
        return self.fn(y_true, y_pred, **self._fn_kwargs)

    def _convert_target(self, y_true: Any) -> Any:
        if getattr(self.fn, "integer_targets", False):
            return ops.convert_to_tensor(y_true)
        return super()._convert_target(y_true)

    def _values_and_mask(self, y_true: Any, y_pred: Any) -> Tuple[Any, Optional[Any]]:
        values_and_mask = getattr(self.fn, "values_and_mask", None)
        if values_and_mask is None:
            return super()._values_and_mask(y_true, y_pred)
        y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
        return values_and_mask(y_true, y_pred, **self._fn_kwargs)

    def get_config(self) -> dict:
        """Return the arguments that make this loss again."""
        config = super().get_config()
        if not self._fixed_function:
            config["fn"] = serialization.serialize_object(self.fn)
        config.update(self._fn_kwargs)
        return config

    @classmethod
    def from_config(cls, config: dict) -> "Loss":
        """Return the loss that `get_config` described."""
        config = dict(config)
        if isinstance(config.get("fn"), dict):
            config["fn"] = serialization.deserialize_object(config["fn"])
        return cls(**config)


def mark_function(function: Callable, **attributes: Any) -> None:
    """Give a loss function the attributes that `LossFunctionWrapper` looks for."""
    vars(function).update(attributes)


def standardize_reduction(reduction: Optional[str], owner: str = "Loss") -> Optional[str]:
    """Return `reduction` if it is a known one, else raise ArgumentError."""
    return support.checked_choice(owner, "reduction", reduction, REDUCTIONS)


def squeeze_or_expand_to_same_rank(x1: Any, x2: Any, expand_rank_1: bool = True) -> Tuple[Any, Any]:
    """Drop or add a last axis of size one where the ranks of two tensors differ by exactly one.

    A vector beside a column becomes a column (`expand_rank_1`), anything else loses its last axis.
    """
    rank1, rank2 = len(x1.shape), len(x2.shape)
    if rank1 == rank2 + 1 and x1.shape[-1] == 1:
        if rank2 == 1 and expand_rank_1:
            return x1, ops.expand_dims(x2, axis=-1)
        return ops.squeeze(x1, axis=-1), x2
    if rank2 == rank1 + 1 and x2.shape[-1] == 1:
        if rank1 == 1 and expand_rank_1:
            return ops.expand_dims(x1, axis=-1), x2
        return x1, ops.squeeze(x2, axis=-1)
    return x1, x2


def convert_pair(
    name: str, y_true: Any, y_pred: Any, match: str = "broadcast", squeeze: bool = True
) -> Tuple[Any, Any]:
    """Return targets and predictions as tensors of the dtype of the predictions, with agreeing shapes.

    Args:
        name: the loss or metric, for messages.
        y_true, y_pred: anything tensor-like.
        match: "broadcast" (shapes must broadcast) or "equal".
        squeeze: bring ranks that differ by one together first.

    Raises:
        ShapeError: when the shapes do not agree.
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.convert_to_tensor(y_true, dtype=y_pred.dtype)
    if squeeze:
        y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
    if match == "equal":
        check_equal_shapes(name, y_true, y_pred)
    else:
        _check_broadcast(name, y_true, y_pred)
    return y_true, y_pred


def check_equal_shapes(name: str, y_true: Any, y_pred: Any) -> None:
    """Raise ShapeError unless both tensors have the same shape (None matches any size)."""
    true_shape, pred_shape = tuple(y_true.shape), tuple(y_pred.shape)
    agree = len(true_shape) == len(pred_shape) and all(
        a == b or a is None or b is None for a, b in zip(true_shape, pred_shape)
    )
    if not agree:
        raise errors.ShapeError(
            f"{name}: y_true must have the shape of y_pred; received y_true {true_shape} and y_pred {pred_shape}; "
            "reshape the targets or change the last layer of the model"
        )


def _check_broadcast(name: str, y_true: Any, y_pred: Any) -> None:
    true_shape, pred_shape = tuple(y_true.shape), tuple(y_pred.shape)
    for a, b in zip(reversed(true_shape), reversed(pred_shape)):
        if a != b and a != 1 and b != 1 and a is not None and b is not None:
            raise errors.ShapeError(
                f"{name}: y_true must have the shape of y_pred or broadcast to it; received y_true {true_shape} and "
                f"y_pred {pred_shape}; reshape the targets or change the last layer of the model"
            )


def apply_mask(sample_weight: Any, mask: Any, dtype: str, reduction: Optional[str]) -> Any:
    """Merge a mask into the sample weights and return the weights, or None when there is neither.

    For the two mean reductions the entries that count get the weight `total / counted`, so that dividing by
    the number of all values gives the mean over those that count.
    """
    if mask is None:
        return sample_weight
    weight = ops.cast(mask, dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        shape = tuple(weight.shape)
        total = ops.sum(ops.ones_like(weight)) if None in shape else float(math.prod(shape))
        weight = weight * ops.divide_no_nan(total, ops.sum(weight))
    if sample_weight is None:
        return weight
    weight, sample_weight = squeeze_or_expand_to_same_rank(weight, ops.cast(sample_weight, dtype))
    return sample_weight * weight


def reduce_values(values: Any, sample_weight: Any = None, reduction: Optional[str] = "sum_over_batch_size") -> Any:
    """Reduce already weighted values; empty vectors and scalars pass unchanged."""
    shape = tuple(values.shape)
    if reduction in (None, "none") or shape in ((), (0,)):
        return values
    total = ops.sum(values)
    if reduction == "sum":
        return total
    if reduction == "mean_with_sample_weight" and sample_weight is not None:
        return ops.divide_no_nan(total, ops.cast(ops.sum(sample_weight), total.dtype))
    if None in shape:
        return ops.mean(values)
    count = math.prod(shape)
    return total / float(count) if count else total


def reduce_weighted_values(
    values: Any,
    sample_weight: Any = None,
    mask: Any = None,
    reduction: Optional[str] = "sum_over_batch_size",
    dtype: Optional[str] = None,
    name: str = "loss",
) -> Any:
    """Weight the values per sample by `sample_weight` and `mask`, then reduce them."""
    values = ops.convert_to_tensor(values, dtype=dtype)
    if sample_weight is not None:
        sample_weight = ops.convert_to_tensor(sample_weight, dtype=values.dtype)
    sample_weight = apply_mask(sample_weight, mask, values.dtype, reduction)
    if sample_weight is not None:
        values, sample_weight = squeeze_or_expand_to_same_rank(values, sample_weight)
        _check_weight(name, values, sample_weight)
        values = values * sample_weight
    return reduce_values(values, sample_weight, reduction)


def _check_weight(name: str, values: Any, sample_weight: Any) -> None:
    for a, b in zip(reversed(tuple(values.shape)), reversed(tuple(sample_weight.shape))):
        if a != b and a != 1 and b != 1 and a is not None and b is not None:
            raise errors.ShapeError(
                f"{name}: sample_weight must broadcast to the values per sample; received sample_weight "
                f"{tuple(sample_weight.shape)} and values {tuple(values.shape)}; give one weight per sample"
            )


def _map_tensors(function: Callable, structure: Any) -> Any:
    # A list of numbers is a tensor; a list of things that have shapes is a structure.
    if isinstance(structure, dict):
        return {key: _map_tensors(function, value) for key, value in structure.items()}
    if isinstance(structure, (list, tuple)) and structure and all(len(getattr(x, "shape", ())) for x in structure):
        return type(structure)(_map_tensors(function, x) for x in structure)
    return function(structure)
