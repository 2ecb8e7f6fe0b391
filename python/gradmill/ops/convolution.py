"""Convolutions of one to three spatial axes."""

from typing import Any, List, Optional, Tuple

from gradmill import _core, config
from gradmill.errors import ArgumentError, ShapeError
from gradmill.ops.calling import float_tensor, public_op

__all__ = ["conv", "conv_transpose", "depthwise_conv", "separable_conv"]


@public_op
def conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: Optional[str] = None,
    dilation_rate: Any = 1,
) -> Any:
    """Slide a kernel over images: each output pixel is the sum of the products below the kernel.

    Args:
        inputs: (batch, 1 to 3 spatial axes, channels), or with "channels_first" (batch, channels, spatial axes).
        kernel: (spatial axes, channels, filters). With fewer channels than `inputs` has, channels and filters fall into
            groups that do not mix.
        strides: step of the kernel: a number, or one for each spatial axis.
        padding: "valid" (none), "same" (zeros, so that the size is that of the inputs divided by the strides and
            rounded up; the odd zero stands behind), or with one spatial axis "causal" (zeros in front only).
        data_format: "channels_last" or "channels_first"; default: `config.image_data_format()`.
        dilation_rate: distance between neighbours in the kernel: a number, or one for each spatial axis.

    Returns:
        (batch, spatial axes, filters), or with "channels_first" (batch, filters, spatial axes).

    Raises:
        ShapeError: a kernel that does not fit the inputs or is larger than they are.
        ArgumentError: wrong strides, padding, data_format or dilation_rate.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.conv(gm.ops.ones((1, 5, 1)), gm.ops.ones((3, 1, 1)), padding="same").numpy().ravel().tolist()
        [2.0, 3.0, 3.0, 3.0, 2.0]
    """
    x, kernel, first = _operands("conv", inputs, kernel, data_format)
    rank = x.ndim - 2
    strides, dilation = _per_axis("conv: strides", strides, rank), _per_axis("conv: dilation_rate", dilation_rate, rank)
    low, high = _paddings("conv", padding, x.shape[1:-1], kernel.shape[:-2], strides, dilation)
    channels, own = x.shape[-1], kernel.shape[-2]
    groups = channels // own if own > 0 and channels % own == 0 else 1
    return _from_channels_last(_convolved(x, kernel, strides, low, high, dilation, groups), first)


@public_op
def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: Optional[str] = None,
    dilation_rate: Any = 1,
) -> Any:
    """Convolve each channel with kernels of its own.

    Args:
        inputs: (batch, 1 to 3 spatial axes, channels), or with "channels_first" (batch, channels, spatial axes).
        kernel: (spatial axes, channels, multiplier).
        strides, padding, data_format, dilation_rate: as in `conv`.

    Returns:
        as in `conv`, with channels * multiplier filters; those of one channel are neighbours.

    Raises:
        ShapeError: a kernel that does not fit the inputs or is larger than they are.
        ArgumentError: wrong strides, padding, data_format or dilation_rate.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.depthwise_conv(gm.ops.ones((1, 4, 4, 3)), gm.ops.ones((3, 3, 3, 2))).shape
        (1, 2, 2, 6)
    """
    x, kernel, first = _operands("depthwise_conv", inputs, kernel, data_format)
    return _from_channels_last(_depthwise("depthwise_conv", x, kernel, strides, padding, dilation_rate), first)


@public_op
def separable_conv(
    inputs: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: Optional[str] = None,
    dilation_rate: Any = 1,
) -> Any:
    """Convolve each channel with kernels of its own, then mix the results in each pixel.

    Args:
        inputs: (batch, 1 to 3 spatial axes, channels), or with "channels_first" (batch, channels, spatial axes).
        depthwise_kernel: (spatial axes, channels, multiplier).
        pointwise_kernel: (1 for each spatial axis, channels * multiplier, filters).
        strides, padding, data_format, dilation_rate: as in `conv`, for the first of the two.

    Returns:
        as in `conv`.

    Raises:
        ShapeError: kernels that do not fit the inputs.
        ArgumentError: wrong strides, padding, data_format or dilation_rate.

    Example:
        >>> import gradmill as gm
        >>> x = gm.ops.ones((1, 4, 4, 3))
        >>> gm.ops.separable_conv(x, gm.ops.ones((3, 3, 3, 1)), gm.ops.ones((1, 1, 3, 8))).shape
        (1, 2, 2, 8)
    """
    x, depthwise, first = _operands("separable_conv", inputs, depthwise_kernel, data_format)
    pointwise = float_tensor(pointwise_kernel)
    if pointwise.ndim != x.ndim or any(size != 1 for size in pointwise.shape[:-2]):
        raise ShapeError(
            f"separable_conv: expected a pointwise kernel of shape (1, ..., channels, filters) with {x.ndim} axes; "
            f"received {pointwise.shape}"
        )
    y = _depthwise("separable_conv", x, depthwise, strides, padding, dilation_rate)
    ones, zeros = [1] * (x.ndim - 2), [0] * (x.ndim - 2)
    return _from_channels_last(_convolved(y, pointwise, ones, zeros, zeros, ones, 1), first)


@public_op
def conv_transpose(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    output_padding: Any = None,
    data_format: Optional[str] = None,
    dilation_rate: Any = 1,
) -> Any:
    """Spread each pixel over a larger image: the gradient of `conv` with respect to its inputs, as an op of its own.

    Args:
        inputs: (batch, 1 to 3 spatial axes, channels), or with "channels_first" (batch, channels, spatial axes).
        kernel: (spatial axes, filters, channels).
        strides: step between the places of neighbouring pixels: a number, or one for each spatial axis.
        padding: "valid" or "same".
        output_padding: pixels added behind each spatial axis, a number or one for each; None: "valid" gives
            `(size - 1) * strides + max(kernel, strides)` and "same" gives `size * strides` pixels.
        data_format: "channels_last" or "channels_first"; default: `config.image_data_format()`.
        dilation_rate: distance between neighbours in the kernel: a number, or one for each spatial axis.

    Returns:
        (batch, spatial axes, filters), or with "channels_first" (batch, filters, spatial axes).

    Raises:
        ShapeError: a kernel that does not fit the inputs.
        ArgumentError: wrong strides, padding, output_padding, data_format or dilation_rate.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.conv_transpose(gm.ops.ones((1, 4, 4, 2)), gm.ops.ones((3, 3, 5, 2)), 2, "same").shape
        (1, 8, 8, 5)
    """
    x, kernel, first = _operands("conv_transpose", inputs, kernel, data_format)
    rank = x.ndim - 2
    strides = _per_axis("conv_transpose: strides", strides, rank)
    dilation = _per_axis("conv_transpose: dilation_rate", dilation_rate, rank)
    extra = None if output_padding is None else _per_axis("conv_transpose: output_padding", output_padding, rank, 0)
    if padding not in ("valid", "same"):
        raise ArgumentError(f"conv_transpose: expected padding 'valid' or 'same'; received {padding!r}")
    size, low, high = [], [], []
    for axis in range(rank):
        added = None if extra is None else extra[axis]
        if added is not None and added >= strides[axis]:
            raise ArgumentError(
                f"conv_transpose: expected output_padding below the strides {tuple(strides)}; "
                f"received {output_padding!r}"
            )
        reach = (kernel.shape[axis] - 1) * dilation[axis] + 1
        length, before = _transposed_axis(x.shape[axis + 1], reach, strides[axis], padding, added)
        size.append(length)
        low.append(before)
        # Zeros behind, so many that the convolution of the result has the size of the inputs.
        high.append(max(0, (x.shape[axis + 1] - 1) * strides[axis] + reach - length - before))
    y = _core.ops.convolution_input_gradient(
        x,
        kernel,
        strides=strides,
        padding_low=low,
        padding_high=high,
        dilation=dilation,
        input_size=size,
    )
    return _from_channels_last(y, first)


def _transposed_axis(size: int, reach: int, stride: int, padding: str, added: Optional[int]) -> Tuple[int, int]:
    """Length of an axis of a transposed convolution, and how much of the full result is cut off in front."""
    if padding == "valid":
        return (size - 1) * stride + (max(reach, stride) if added is None else reach + added), 0
    if added is None:
        length, spread = size * stride, stride + reach - 2
    else:
        length, spread = (size - 1) * stride + reach % 2 + added, reach + reach % 2 - 2 + added
    return length, reach - 1 - min(spread - spread // 2, reach - 1)


def _operands(owner: str, inputs: Any, kernel: Any, data_format: Optional[str]) -> Tuple[Any, Any, bool]:
    """Inputs with the channels last, the kernel, and whether the channels came first."""
    x, kernel = float_tensor(inputs), float_tensor(kernel)
    found = config.image_data_format() if data_format is None else data_format
    if found not in ("channels_last", "channels_first"):
        raise ArgumentError(f"{owner}: expected data_format 'channels_last' or 'channels_first'; received {found!r}")
    if not 3 <= x.ndim <= 5 or kernel.ndim != x.ndim:
        raise ShapeError(
            f"{owner}: expected inputs with 1 to 3 spatial axes besides batch and channels, and a kernel with as many "
            f"axes; received inputs {x.shape} and kernel {kernel.shape}"
        )
    first = found == "channels_first"
    return (_core.ops.transpose(x, permutation=[0, *range(2, x.ndim), 1]) if first else x), kernel, first


def _from_channels_last(y: Any, first: bool) -> Any:
    return _core.ops.transpose(y, permutation=[0, y.ndim - 1, *range(1, y.ndim - 1)]) if first else y


def _per_axis(name: str, value: Any, rank: int, least: int = 1) -> List[int]:
    items = [value] * rank if hasattr(value, "__index__") else list(value) if isinstance(value, (list, tuple)) else []
    if len(items) != rank or not all(hasattr(each, "__index__") and each >= least for each in items):
        raise ArgumentError(f"{name}: expected a whole number from {least}, or {rank} of them; received {value!r}")
    return [int(each) for each in items]


def _paddings(
    owner: str, padding: Any, size: Any, window: Any, strides: List[int], dilation: List[int]
) -> Tuple[List[int], List[int]]:
    """Zeros in front and behind each spatial axis."""
    named = padding.lower() if isinstance(padding, str) else padding
    if named == "valid":
        return [0] * len(size), [0] * len(size)
    if named == "causal" and len(size) == 1:
        return [(window[0] - 1) * dilation[0]], [0]
    if named != "same":
        also = ", 'causal'" if len(size) == 1 else ""
        raise ArgumentError(f"{owner}: expected padding 'valid', 'same'{also}; received {padding!r}")
    low, high = [], []
    for length, width, stride, distance in zip(size, window, strides, dilation):
        steps = -(-length // stride)
        total = max(0, (steps - 1) * stride + (width - 1) * distance + 1 - length)
        low.append(total // 2)
        high.append(total - total // 2)
    return low, high


def _depthwise(owner: str, x: Any, kernel: Any, strides: Any, padding: str, dilation_rate: Any) -> Any:
    rank = x.ndim - 2
    strides = _per_axis(f"{owner}: strides", strides, rank)
    dilation = _per_axis(f"{owner}: dilation_rate", dilation_rate, rank)
    low, high = _paddings(owner, padding, x.shape[1:-1], kernel.shape[:-2], strides, dilation)
    channels, multiplier = kernel.shape[-2:]
    if channels != x.shape[-1]:
        raise ShapeError(
            f"{owner}: expected a kernel of shape (..., {x.shape[-1]}, multiplier) for inputs with {x.shape[-1]} "
            f"channels; received {kernel.shape}"
        )
    kernel = _core.ops.reshape(kernel, shape=[*kernel.shape[:-2], 1, channels * multiplier])
    return _convolved(x, kernel, strides, low, high, dilation, channels)


def _convolved(
    x: Any, kernel: Any, strides: List[int], low: List[int], high: List[int], dilation: List[int], groups: int
) -> Any:
    """The convolution, as a product of the pixels that it sees where it is one: the compiler knows more about those."""
    rank, (channels, filters) = x.ndim - 2, kernel.shape[-2:]
    one_pixel = groups == 1 and kernel.shape[:-2] == (1,) * rank and not any(low) and not any(high)
    if one_pixel and channels == x.shape[-1] and min(filters, *x.shape[1:]) > 0:
        if tuple(strides) != (1,) * rank:
            counts = [-(-size // stride) for size, stride in zip(x.shape[1:-1], strides)]
            counts = [x.shape[0], *counts, channels]
            x = _core.ops.slice(x, starts=[0] * x.ndim, counts=counts, steps=[1, *strides, 1])
        return _core.ops.matmul(x, _core.ops.reshape(kernel, shape=[channels, filters]))
    return _core.ops.convolution(
        x,
        kernel,
        strides=strides,
        padding_low=low,
        padding_high=high,
        dilation=dilation,
        groups=groups,
    )
