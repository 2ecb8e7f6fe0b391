"""Layers whose kernels see one channel each: DepthwiseConv1D/2D and SeparableConv1D/2D."""

from __future__ import annotations

from typing import Any, Optional

from gradmill import ops
from gradmill.layers.base import cast_like, positive_integer
from gradmill.layers.convolution_base import ConvolutionLayer
from gradmill.serialization import register_serializable


class _DepthwiseConvolution(ConvolutionLayer):
    """The part of DepthwiseConv1D and DepthwiseConv2D that does not depend on the number of spatial axes."""

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: Optional[str] = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
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
        self._keep_settings("depthwise", depthwise_initializer, depthwise_regularizer, depthwise_constraint)
        self.depth_multiplier = positive_integer(depth_multiplier, "depth_multiplier", self._label)
        self.kernel: Any = None

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias."""
        channels = self._input_channels(input_shape)
        self.kernel = self._add_kernel("depthwise", "kernel", (*self.kernel_size, channels, self.depth_multiplier))
        self._add_bias(channels * self.depth_multiplier)

    def call(self, inputs: Any) -> Any:
        """Return the outputs."""
        outputs = ops.depthwise_conv(
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
        return {**super().get_config(), "depth_multiplier": self.depth_multiplier}


@register_serializable("keras.layers")
class DepthwiseConv1D(_DepthwiseConvolution):
    """Convolution over one axis, each channel with kernels of its own.

    Args:
        kernel_size: length of the kernel.
        strides: step of the kernel.
        padding: "valid" or "same" (zeros, so that strides of 1 keep the size).
        depth_multiplier: outputs for each channel.
        data_format: "channels_last" (batch, steps, channels) or "channels_first".
        dilation_rate: distance between neighbours in the kernel.
        activation: name or function; None for none.
        use_bias: whether there is a bias.
        depthwise_initializer, bias_initializer: first values.
        depthwise_regularizer, bias_regularizer, activity_regularizer: penalties.
        depthwise_constraint, bias_constraint: projections after each update.

    Weights: kernel (kernel_size, channels, depth_multiplier), bias (channels * depth_multiplier,).

    Raises:
        ArgumentError: wrong arguments.
        ShapeError: inputs that do not fit.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.DepthwiseConv1D(3, depth_multiplier=2)(gm.ops.ones((2, 10, 3))).shape
    (2, 8, 6)
    """

    rank = 1


@register_serializable("keras.layers")
class DepthwiseConv2D(_DepthwiseConvolution):
    """Convolution over two axes, each channel with kernels of its own.

    Args:
        kernel_size: height and width of the kernel, or one number for both.
        strides: steps of the kernel.
        padding: "valid" or "same" (zeros, so that strides of 1 keep the size).
        depth_multiplier: outputs for each channel.
        data_format: "channels_last" (batch, rows, columns, channels) or "channels_first".
        dilation_rate: distance between neighbours in the kernel.
        activation: name or function; None for none.
        use_bias: whether there is a bias.
        depthwise_initializer, bias_initializer: first values.
        depthwise_regularizer, bias_regularizer, activity_regularizer: penalties.
        depthwise_constraint, bias_constraint: projections after each update.

    Weights: kernel (height, width, channels, depth_multiplier), bias (channels * depth_multiplier,).

    Raises:
        ArgumentError: wrong arguments.
        ShapeError: inputs that do not fit.

    Reference: Howard et al. 2017 (MobileNets).

    Example:
    >>> import gradmill as gm
    >>> gm.layers.DepthwiseConv2D(3, padding="same")(gm.ops.ones((2, 7, 7, 3))).shape
    (2, 7, 7, 3)
    """

    rank = 2


class _SeparableConvolution(ConvolutionLayer):
    """The part of SeparableConv1D and SeparableConv2D that does not depend on the number of spatial axes."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: Optional[str] = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
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
        self._keep_settings("depthwise", depthwise_initializer, depthwise_regularizer, depthwise_constraint)
        self._keep_settings("pointwise", pointwise_initializer, pointwise_regularizer, pointwise_constraint)
        self.filters = positive_integer(filters, "filters", self._label)
        self.depth_multiplier = positive_integer(depth_multiplier, "depth_multiplier", self._label)
        self.depthwise_kernel: Any = None
        self.pointwise_kernel: Any = None

    def build(self, input_shape: Any) -> None:
        """Make both kernels and the bias."""
        channels = self._input_channels(input_shape)
        self.depthwise_kernel = self._add_kernel(
            "depthwise", "depthwise_kernel", (*self.kernel_size, channels, self.depth_multiplier)
        )
        self.pointwise_kernel = self._add_kernel(
            "pointwise", "pointwise_kernel", (*(1,) * self.rank, channels * self.depth_multiplier, self.filters)
        )
        self._add_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        """Return the outputs."""
        outputs = ops.separable_conv(
            inputs,
            cast_like(self.depthwise_kernel, inputs),
            cast_like(self.pointwise_kernel, inputs),
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )
        return self._with_bias(outputs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "filters": self.filters, "depth_multiplier": self.depth_multiplier}


@register_serializable("keras.layers")
class SeparableConv1D(_SeparableConvolution):
    """Convolution over one axis in two steps: each channel by itself, then all channels of a pixel.

    Args:
        filters: number of outputs in each pixel.
        kernel_size: length of the kernel.
        strides: step of the kernel.
        padding: "valid" or "same" (zeros, so that strides of 1 keep the size).
        data_format: "channels_last" (batch, steps, channels) or "channels_first".
        dilation_rate: distance between neighbours in the kernel.
        depth_multiplier: results of the first step for each channel.
        activation: name or function; None for none.
        use_bias: whether there is a bias.
        depthwise_initializer, pointwise_initializer, bias_initializer: first values.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer, activity_regularizer: penalties.
        depthwise_constraint, pointwise_constraint, bias_constraint: projections after each update.

    Weights: depthwise_kernel (kernel_size, channels, depth_multiplier), pointwise_kernel (1, channels *
    depth_multiplier, filters), bias (filters,).

    Raises:
        ArgumentError: wrong arguments.
        ShapeError: inputs that do not fit.

    Example:
    >>> import gradmill as gm
    >>> gm.layers.SeparableConv1D(4, 3)(gm.ops.ones((2, 10, 3))).shape
    (2, 8, 4)
    """

    rank = 1


@register_serializable("keras.layers")
class SeparableConv2D(_SeparableConvolution):
    """Convolution over two axes in two steps: each channel by itself, then all channels of a pixel.

    Args:
        filters: number of outputs in each pixel.
        kernel_size: height and width of the kernel, or one number for both.
        strides: steps of the kernel.
        padding: "valid" or "same" (zeros, so that strides of 1 keep the size).
        data_format: "channels_last" (batch, rows, columns, channels) or "channels_first".
        dilation_rate: distance between neighbours in the kernel.
        depth_multiplier: results of the first step for each channel.
        activation: name or function; None for none.
        use_bias: whether there is a bias.
        depthwise_initializer, pointwise_initializer, bias_initializer: first values.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer, activity_regularizer: penalties.
        depthwise_constraint, pointwise_constraint, bias_constraint: projections after each update.

    Weights: depthwise_kernel (height, width, channels, depth_multiplier), pointwise_kernel (1, 1, channels *
    depth_multiplier, filters), bias (filters,).

    Raises:
        ArgumentError: wrong arguments.
        ShapeError: inputs that do not fit.

    Reference: Chollet 2017 (Xception).

    Example:
    >>> import gradmill as gm
    >>> gm.layers.SeparableConv2D(8, 3, strides=2, padding="same")(gm.ops.ones((2, 7, 7, 3))).shape
    (2, 4, 4, 8)
    """

    rank = 2
