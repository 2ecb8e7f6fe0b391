"""What the layers with a sliding kernel have in common: arguments, bias, activation, configuration."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from gradmill import activations, constraints, initializers, ops, regularizers
from gradmill.errors import ArgumentError, ShapeError
from gradmill.layers.base import Layer, activated, cast_like
from gradmill.layers.input_spec import InputSpec
from gradmill.layers.reshaping import standardize_data_format


def spatial_tuple(value: Any, rank: int, name: str, owner: str, least: int = 1) -> tuple:
    """Return a number for each spatial axis.

    Args:
        value: a number, or one for each spatial axis.
        rank: number of spatial axes.
        name: the argument's name.
        owner: the layer as named in messages.
        least: smallest number allowed.

    Raises:
        ArgumentError: anything else.
    """
    items = (value,) * rank if hasattr(value, "__index__") else value
    fits = isinstance(items, (tuple, list)) and len(items) == rank
    if not fits or not all(hasattr(each, "__index__") and each >= least for each in items):
        raise ArgumentError(
            f"{owner}: expected {name} to be a whole number from {least} on"
            + (f", or {rank} of them" if rank > 1 else "")
            + f"; received {value!r}"
        )
    return tuple(int(each) for each in items)


class ConvolutionLayer(Layer):
    """Base of the layers with a sliding kernel; subclasses set `rank`, make kernels in `build`."""

    rank = 0
    paddings: tuple = ("valid", "same")

    def __init__(
        self,
        kernel_size: Any,
        strides: Any,
        padding: str,
        data_format: Optional[str],
        dilation_rate: Any,
        activation: Any,
        use_bias: bool,
        bias_initializer: Any,
        bias_regularizer: Any,
        bias_constraint: Any,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.kernel_size = spatial_tuple(kernel_size, self.rank, "kernel_size", self._label)
        self.strides = spatial_tuple(strides, self.rank, "strides", self._label)
        self.dilation_rate = spatial_tuple(dilation_rate, self.rank, "dilation_rate", self._label)
        self.padding = padding.lower() if isinstance(padding, str) else padding
        if self.padding not in self.paddings:
            names = " or ".join(map(repr, self.paddings))
            raise ArgumentError(f"{self._label}: expected padding {names}; received {padding!r}")
        self.data_format = standardize_data_format(data_format, self._label)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self._kernel_kinds: Sequence[str] = ()
        self._keep_settings("bias", bias_initializer, bias_regularizer, bias_constraint)
        self.bias: Any = None
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _keep_settings(self, kind: str, initializer: Any, regularizer: Any, constraint: Any) -> None:
        """Set `kind_initializer`, `kind_regularizer` and `kind_constraint`."""
        setattr(self, f"{kind}_initializer", initializers.get(initializer))
        setattr(self, f"{kind}_regularizer", regularizers.get(regularizer))
        setattr(self, f"{kind}_constraint", constraints.get(constraint))
        with self._tracker.pause():
            self._kernel_kinds = (*self._kernel_kinds, kind)

    def _refuse_strides_with_dilation(self) -> None:
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ArgumentError(
                f"{self._label}: expected strides or dilation_rate above 1, not both; received "
                f"strides={self.strides}, dilation_rate={self.dilation_rate}"
            )

    def _input_channels(self, input_shape: Any) -> int:
        """Number of channels of the inputs, which from now on is demanded of every input."""
        axis = -1 if self.data_format == "channels_last" else 1
        channels = input_shape[axis] if len(input_shape) == self.rank + 2 else None
        if not channels:
            raise ShapeError(
                f"{self._label}: expected inputs with {self.rank + 2} axes and a known number of channels along axis "
                f"{axis}; received shape {tuple(input_shape)}"
            )
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})
        return channels

    def _add_kernel(self, kind: str, name: str, shape: Sequence[int]) -> Any:
        return self.add_weight(
            tuple(shape),
            name=name,
            initializer=getattr(self, f"{kind}_initializer"),
            regularizer=getattr(self, f"{kind}_regularizer"),
            constraint=getattr(self, f"{kind}_constraint"),
        )

    def _add_bias(self, filters: int) -> None:
        self.bias = self._add_kernel("bias", "bias", (filters,)) if self.use_bias else None

    def _with_bias(self, outputs: Any) -> Any:
        """Add the bias and apply the activation."""
        if self.bias is not None:
            bias = cast_like(self.bias, outputs)
            if self.data_format == "channels_first":
                bias = ops.reshape(bias, (-1,) + (1,) * self.rank)
            outputs = ops.add(outputs, bias)
        return activated(self.activation, outputs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        described = {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
        }
        for kind in self._kernel_kinds:
            described[f"{kind}_initializer"] = initializers.serialize(getattr(self, f"{kind}_initializer"))
            described[f"{kind}_regularizer"] = regularizers.serialize(getattr(self, f"{kind}_regularizer"))
            described[f"{kind}_constraint"] = constraints.serialize(getattr(self, f"{kind}_constraint"))
        return described
