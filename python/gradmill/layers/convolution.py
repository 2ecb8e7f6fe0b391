"""Convolution layers: Conv1D, Conv2D, Conv3D and their transposed forms."""

from __future__ import annotations

from typing import Any, Optional

from gradmill import ops
from gradmill.errors import ArgumentError, ShapeError
from gradmill.layers.base import cast_like, positive_integer
from gradmill.layers.convolution_base import ConvolutionLayer, spatial_tuple
from gradmill.serialization import register_serializable


class _Convolution(ConvolutionLayer):
    """The part of Conv1D, Conv2D and Conv3D that does not depend on the number of spatial axes."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: Optional[str] = None,
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ):
        super().__init__(
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            bias_initializer,
            bias_regularizer,
            bias_constraint,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self._keep_settings("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self.filters = positive_integer(filters, "filters", self._label)
        self.groups = positive_integer(groups, "groups", self._label)
        if self.filters % self.groups:
            raise ArgumentError(
                f"{self._label}: expected groups to divide the {self.filters} filters; received groups={groups}"
            )
        self._refuse_strides_with_dilation()
        self.kernel: Any = None

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias."""
        channels = self._input_channels(input_shape)
        if channels % self.groups:
            raise ShapeError(
                f"{self._label}: expected inputs whose channels {self.groups} groups divide; received {channels} "
                f"channels in shape {tuple(input_shape)}"
            )
        self.kernel = self._add_kernel("kernel", "kernel", (*self.kernel_size, channels // self.groups, self.filters))
        self._add_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        """Return the outputs."""
        outputs = ops.conv(
            inputs,
            cast_like(self.kernel, inputs),
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )
        return self._with_bias(outputs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "filters": self.filters, "groups": self.groups}


@register_serializable("keras.layers")
class Conv1D(_Convolution):
    """Convolution over one axis, such as time.

    Args:
        filters: number of outputs in each pixel.
        kernel_size: length of the kernel.
        strides: step of the kernel.
        padding: "valid", "same" (zeros, so that strides of 1 keep the size) or "causal" (zeros in front only).
        data_format: "channels_last" (batch, steps, channels) or "channels_first".
        dilation_rate: distance between neighbours in the kernel; not together with strides.
        groups: channels and filters fall into so many groups that do not mix.
        activation: name or function; None for none.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: first values.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties.
        kernel_constraint, bias_constraint: projections after each update.

    Weights: kernel (kernel_size, channels / groups, filters), bias (filters,).

    Raises:
        ArgumentError: wrong arguments.
        ShapeError: inputs that do not fit.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Conv1D(4, 3, padding="causal")(gm.ops.ones((2, 10, 3))).shape
    (2, 10, 4)
    """

    rank = 1
    paddings = ("valid", "same", "causal")


@register_serializable("keras.layers")
class Conv2D(_Convolution):
    """Convolution over two axes: images.

    Args:
        filters: number of outputs in each pixel.
        kernel_size: height and width of the kernel, or one number for both.
        strides: steps of the kernel.
        padding: "valid" or "same" (zeros, so that strides of 1 keep the size).
        data_format: "channels_last" (batch, rows, columns, channels) or "channels_first".
        dilation_rate: distance between neighbours in the kernel; not together with strides.
        groups: channels and filters fall into so many groups that do not mix.
        activation: name or function; None for none.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: first values.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties.
        kernel_constraint, bias_constraint: projections after each update.

    Weights: kernel (height, width, channels / groups, filters), bias (filters,).

    Raises:
        ArgumentError: wrong arguments.
        ShapeError: inputs that do not fit.

    Reference: LeCun et al. 1998; the "same" rule is that of TensorFlow.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(gm.ops.ones((2, 9, 9, 3))).shape
    (2, 5, 5, 8)
    """

    rank = 2


@register_serializable("keras.layers")
class Conv3D(_Convolution):
    """Convolution over three axes: volumes, or images over time.

    Args:
        filters: number of outputs in each pixel.
        kernel_size: three sizes of the kernel, or one number for all.
        strides: steps of the kernel.
        padding: "valid" or "same" (zeros, so that strides of 1 keep the size).
        data_format: "channels_last" (batch, planes, rows, columns, channels) or "channels_first".
        dilation_rate: distance between neighbours in the kernel; not together with strides.
        groups: channels and filters fall into so many groups that do not mix.
        activation: name or function; None for none.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: first values.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties.
        kernel_constraint, bias_constraint: projections after each update.

    Weights: kernel (three sizes, channels / groups, filters), bias (filters,).

    Raises:
        ArgumentError: wrong arguments.
        ShapeError: inputs that do not fit.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Conv3D(2, (1, 3, 3))(gm.ops.ones((1, 4, 5, 5, 1))).shape
    (1, 4, 3, 3, 2)
    """

    rank = 3


class _TransposedConvolution(ConvolutionLayer):
    """The part of the transposed layers that does not depend on the number of spatial axes."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: Optional[str] = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ):
        super().__init__(
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            bias_initializer,
            bias_regularizer,
            bias_constraint,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self._keep_settings("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self.filters = positive_integer(filters, "filters", self._label)
        self._refuse_strides_with_dilation()
        self.output_padding = output_padding
        if output_padding is not None:
            self.output_padding = spatial_tuple(output_padding, self.rank, "output_padding", self._label, least=0)
            if any(added >= stride for added, stride in zip(self.output_padding, self.strides)):
                raise ArgumentError(
                    f"{self._label}: expected output_padding below the strides {self.strides}; received "
                    f"{self.output_padding}"
                )
        self.kernel: Any = None

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias."""
        channels = self._input_channels(input_shape)
        self.kernel = self._add_kernel("kernel", "kernel", (*self.kernel_size, self.filters, channels))
        self._add_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        """Return the outputs."""
        outputs = ops.conv_transpose(
            inputs,
            cast_like(self.kernel, inputs),
            strides=self.strides,
            padding=self.padding,
            output_padding=self.output_padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )
        return self._with_bias(outputs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "filters": self.filters, "output_padding": self.output_padding}


@register_serializable("keras.layers")
class Conv1DTranspose(_TransposedConvolution):
    """Transposed convolution over one axis: what undoes the change of size of a Conv1D.

    Args:
        filters: number of outputs in each pixel.
        kernel_size: length of the kernel.
        strides: step between the places of neighbouring pixels.
        padding: "valid" or "same" (the size is multiplied by the strides).
        output_padding: pixels added behind, below the strides; None chooses.
        data_format: "channels_last" (batch, steps, channels) or "channels_first".
        dilation_rate: distance between neighbours in the kernel; not together with strides.
        activation: name or function; None for none.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: first values.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties.
        kernel_constraint, bias_constraint: projections after each update.

    Weights: kernel (kernel_size, filters, channels), bias (filters,).

    Raises:
        ArgumentError: wrong arguments.
        ShapeError: inputs that do not fit.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Conv1DTranspose(4, 3, strides=2)(gm.ops.ones((2, 5, 3))).shape
    (2, 11, 4)
    """

    rank = 1


@register_serializable("keras.layers")
class Conv2DTranspose(_TransposedConvolution):
    """Transposed convolution over two axes: what undoes the change of size of a Conv2D.

    Args:
        filters: number of outputs in each pixel.
        kernel_size: height and width of the kernel, or one number for both.
        strides: steps between the places of neighbouring pixels.
        padding: "valid" or "same" (sizes are multiplied by the strides).
        output_padding: pixels added behind, below the strides; None chooses.
        data_format: "channels_last" (batch, rows, columns, channels) or "channels_first".
        dilation_rate: distance between neighbours in the kernel; not together with strides.
        activation: name or function; None for none.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: first values.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties.
        kernel_constraint, bias_constraint: projections after each update.

    Weights: kernel (height, width, filters, channels), bias (filters,).

    Raises:
        ArgumentError: wrong arguments.
        ShapeError: inputs that do not fit.

    Reference: Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning".

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Conv2DTranspose(8, 3, strides=2, padding="same")(gm.ops.ones((2, 5, 5, 3))).shape
    (2, 10, 10, 8)
    """

    rank = 2


@register_serializable("keras.layers")
class Conv3DTranspose(_TransposedConvolution):
    """Transposed convolution over three axes: what undoes the change of size of a Conv3D.

    Args:
        filters: number of outputs in each pixel.
        kernel_size: three sizes of the kernel, or one number for all.
        strides: steps between the places of neighbouring pixels.
        padding: "valid" or "same" (sizes are multiplied by the strides).
        output_padding: pixels added behind, below the strides; None chooses.
        data_format: "channels_last" (batch, planes, rows, columns, channels) or "channels_first".
        dilation_rate: distance between neighbours in the kernel; not together with strides.
        activation: name or function; None for none.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: first values.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties.
        kernel_constraint, bias_constraint: projections after each update.

    Weights: kernel (three sizes, filters, channels), bias (filters,).

    Raises:
        ArgumentError: wrong arguments.
        ShapeError: inputs that do not fit.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.Conv3DTranspose(2, 2, strides=2)(gm.ops.ones((1, 2, 3, 3, 1))).shape
    (1, 4, 6, 6, 2)
    """

    rank = 3
