"""What every metric is: variables that hold sums, an update per batch, a result."""

from typing import Any, Callable, List, Optional, Sequence

from gradmill import losses, ops, serialization
from gradmill.losses import support
from gradmill.losses.base import apply_mask, squeeze_or_expand_to_same_rank
from gradmill.variable import Variable


class Metric:
    """Base class of all metrics.

    A subclass makes its state with `add_variable` in the constructor, changes it in
    `update_state(y_true, y_pred, sample_weight=None)` by `variable.assign(...)` of ops only (the update is traced
    into the training step, so it may not look at values), and computes `result()` from it.

    Args:
        dtype: dtype of the computation, or a dtype policy (its compute dtype counts); default `config.floatx()`.
        name: name in logs; default: made from the class name.

    Example:
        >>> import gradmill as gm
        >>> class Largest(gm.metrics.Metric):
        ...     def __init__(self, name="largest"):
        ...         super().__init__(name=name)
        ...         self.largest = self.add_variable(shape=(), initializer="zeros", name="largest")
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.largest.assign(gm.ops.maximum(self.largest, gm.ops.max(y_pred)))
        ...     def result(self):
        ...         return self.largest.value
        >>> float(Largest()(None, [1.0, 3.0]))
        3.0
    """

    _restore_later: Optional[Callable[[Variable], None]] = None  # gives new variables a checkpoint's values

    def __init__(self, dtype: Any = None, name: Optional[str] = None):
        self.name = name or support.auto_name(type(self).__name__)
        self._dtype = support.compute_dtype(dtype)
        self._variables: List[Variable] = []
        self._metrics: List[Metric] = []

    @property
    def dtype(self) -> str:
        """Dtype in which the metric is computed."""
        return self._dtype

    @property
    def variables(self) -> List[Variable]:
        """State of this metric and of the metrics it holds."""
        found = list(self._variables)
        for metric in self._metrics:
            found.extend(metric.variables)
        return found

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "sum",
        name: Optional[str] = None,
    ) -> Variable:
        """Make a state variable.

        Args:
            shape: its shape.
            initializer: "zeros", "ones", a number, or anything `initializers.get` takes.
            dtype: default `config.floatx()`.
            aggregation: "sum" or "mean": how copies of several workers are combined.
            name: name of the variable.
        """
        self._require_base()
        dtype = support.compute_dtype(dtype)
        # Sums are not read in half precision where a layer updates them.
        value = support.initial_array(initializer, shape, dtype)
        variable = Variable(value, name=name, trainable=False, dtype=dtype, autocast=False)
        variable.path = f"{self.name.replace('/', '>')}/{name or 'variable'}"
        variable.aggregation = aggregation
        self._variables.append(variable)
        if self._restore_later is not None:
            self._restore_later(variable)
        return variable

    def add_weight(
        self, shape: Sequence[int] = (), initializer: Any = "zeros", dtype: Any = None, name: Optional[str] = None
    ) -> Variable:
        """Make a state variable; the older name of `add_variable`."""
        return self.add_variable(shape=shape, initializer=initializer, dtype=dtype, name=name)

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Take in one batch; subclasses write this."""
        raise NotImplementedError(f"{type(self).__name__}: a Metric must define update_state(...)")

    def result(self) -> Any:
        """Return the value over all batches since the last reset; subclasses write this."""
        raise NotImplementedError(f"{type(self).__name__}: a Metric must define result()")

    def reset_state(self) -> None:
        """Forget all batches: every variable becomes zero."""
        for variable in self.variables:
            variable.assign(ops.zeros(variable.shape, dtype=variable.dtype))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Take in one batch and return the result so far."""
        self._require_base()
        self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict:
        """Return the arguments that make this metric again."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict) -> "Metric":
        """Return the metric that `get_config` described."""
        return cls(**config)

    def __setattr__(self, name: str, value: Any) -> None:
        # Metrics held as attributes bring their variables with them; variables made elsewhere count too.
        kind = "_metrics" if isinstance(value, Metric) else "_variables" if isinstance(value, Variable) else ""
        held = self.__dict__.get(kind)
        if held is not None and not any(value is each for each in held):
            held.append(value)
        super().__setattr__(name, value)

    def _require_base(self) -> None:
        if "_variables" not in self.__dict__:
            raise RuntimeError(
                f"{type(self).__name__}: super().__init__() must run before variables are made; call it first"
            )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def reduce_to_samplewise_values(
    values: Any, sample_weight: Any, reduce: Callable, dtype: str, mask: Any = None
) -> tuple:
    """Return one weighted value per sample, and the weights, or None for weights when none were given.

    Args:
        values: shape (batch, ..).
        sample_weight: None, or weights whose shape is the leading part of that of `values`.
        reduce: `ops.sum` or `ops.mean`, for the axes behind the batch.
        dtype: dtype of both results.
        mask: which values count; used only together with `sample_weight`, as Keras does.
    """
    values = ops.cast(values, dtype)
    if sample_weight is not None:
        sample_weight = apply_mask(ops.convert_to_tensor(sample_weight, dtype=dtype), mask, dtype, "sum")
        values, sample_weight = squeeze_or_expand_to_same_rank(values, sample_weight)
        weight_rank = len(sample_weight.shape)
        if len(values.shape) > weight_rank:
            values = reduce(values, axis=tuple(range(weight_rank, len(values.shape))))
        sample_weight = ops.broadcast_to(sample_weight, values.shape)
        values = values * sample_weight
        if weight_rank > 1:
            sample_weight = reduce(sample_weight, axis=tuple(range(1, weight_rank)))
    if len(values.shape) > 1:
        values = reduce(values, axis=tuple(range(1, len(values.shape))))
    return values, sample_weight


class Sum(Metric):
    """Sum of all values.

    Args:
        name, dtype: as in `Metric`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.Sum()([1.0, 3.0]))
        4.0
    """

    def __init__(self, name: Optional[str] = "sum", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), dtype=self.dtype, name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add the weighted values."""
        values, _ = reduce_to_samplewise_values(values, sample_weight, ops.sum, self.dtype)
        self.total.assign(self.total + ops.sum(values))

    def result(self) -> Any:
        """Return the sum."""
        return ops.cast(self.total, self.dtype)


class Mean(Metric):
    """Weighted mean of all values; 0 before the first one.

    Args:
        name, dtype: as in `Metric`.

    Example:
        >>> import gradmill as gm
        >>> float(gm.metrics.Mean()([1.0, 3.0], sample_weight=[3.0, 1.0]))
        1.5
    """

    def __init__(self, name: Optional[str] = "mean", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), dtype=self.dtype, name="total")
        self.count = self.add_variable((), dtype=self.dtype, name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add the values to the sum and their weights (1 each by default) to the count."""
        self._update_masked(values, sample_weight, support.optional_mask(values))

    def _update_masked(self, values: Any, sample_weight: Any, mask: Any) -> None:
        values = ops.convert_to_tensor(values)
        values, sample_weight = reduce_to_samplewise_values(values, sample_weight, ops.mean, self.dtype, mask)
        self.total.assign(self.total + ops.sum(values))
        if sample_weight is not None:
            count = ops.sum(sample_weight)
        else:
            count = float(values.shape[0]) if len(values.shape) else 1.0
        self.count.assign(self.count + count)

    def result(self) -> Any:
        """Return the mean."""
        return ops.divide_no_nan(self.total, self.count)


class MeanMetricWrapper(Mean):
    """Mean of a function of targets and predictions.

    Args:
        fn: `fn(y_true, y_pred, **kwargs)`, one value per sample (or per element).
        name, dtype: as in `Metric`.
        **kwargs: passed to `fn` at every call.

    Example:
        >>> import gradmill as gm
        >>> metric = gm.metrics.MeanMetricWrapper(gm.losses.huber, name="huber", delta=2.0)
        >>> float(metric([[0.0]], [[2.0]]))
        2.0
    """

    # True in classes whose constructor fixes the function: then only the arguments are saved.
    _fixed_function = False
    # "up" or "down": which way is better, for callbacks that watch the metric.
    _direction: Optional[str] = None

    def __init__(self, fn: Callable, name: Optional[str] = None, dtype: Any = None, **kwargs: Any):
        super().__init__(name=name, dtype=dtype)
        self._fn = fn
        self._fn_kwargs = kwargs
        if self._direction is None and (fn in losses.FUNCTIONS or isinstance(fn, losses.Loss)):
            self._direction = "down"
        if self._fixed_function:
            for key, value in kwargs.items():
                setattr(self, key, value)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take in one batch of targets and predictions."""
        values_and_mask = getattr(self._fn, "values_and_mask", None)
        if values_and_mask is None:
            values = self._fn(y_true, y_pred, **self._fn_kwargs)
            value_mask = support.optional_mask(values)
        else:
            values, value_mask = values_and_mask(y_true, y_pred, **self._fn_kwargs)
        if len(getattr(values, "shape", ())) > 0:  # else the function has made one number of all, in its own way
            sample_weight = apply_mask(sample_weight, support.optional_mask(y_pred), self.dtype, "sum")
        self._update_masked(values, sample_weight, value_mask)

    def get_config(self) -> dict:
        """Return the arguments that make this metric again."""
        config = super().get_config()
        if not self._fixed_function:
            config["fn"] = serialization.serialize_object(self._fn)
        config.update(self._fn_kwargs)
        return config

    @classmethod
    def from_config(cls, config: dict) -> "Metric":
        """Return the metric that `get_config` described."""
        config = dict(config)
        if isinstance(config.get("fn"), dict):
            config["fn"] = serialization.deserialize_object(config["fn"])
        return cls(**config)
