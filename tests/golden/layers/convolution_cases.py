"""Layers with a sliding kernel that GradMill and Keras are compared on: (class, arguments, input shape)."""

import numpy as np

CASES = [
    ("Conv1D", {"filters": 3, "kernel_size": 3}, (2, 7, 2)),
    ("Conv1D", {"filters": 2, "kernel_size": 4, "strides": 3, "padding": "same"}, (2, 8, 3)),
    ("Conv1D", {"filters": 2, "kernel_size": 3, "padding": "causal", "dilation_rate": 2}, (2, 8, 3)),
    ("Conv1D", {"filters": 4, "kernel_size": 2, "padding": "causal", "strides": 2, "groups": 2}, (1, 7, 4)),
    ("Conv1D", {"filters": 3, "kernel_size": 3, "padding": "causal", "data_format": "channels_first"}, (1, 2, 6)),
    ("Conv2D", {"filters": 3, "kernel_size": 1, "activation": "relu"}, (2, 3, 4, 2)),
    ("Conv2D", {"filters": 3, "kernel_size": 1, "strides": 2, "use_bias": False}, (1, 5, 4, 2)),
    ("Conv2D", {"filters": 4, "kernel_size": (3, 2), "padding": "same"}, (1, 5, 4, 3)),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same"}, (1, 6, 5, 2)),
    ("Conv2D", {"filters": 2, "kernel_size": 7, "strides": (2, 3), "padding": "same"}, (1, 8, 9, 3)),
    ("Conv2D", {"filters": 2, "kernel_size": 3, "dilation_rate": (2, 1), "padding": "same"}, (1, 6, 5, 2)),
    ("Conv2D", {"filters": 6, "kernel_size": 3, "groups": 3, "activation": "tanh"}, (1, 4, 5, 6)),
    ("Conv2D", {"filters": 3, "kernel_size": 3, "padding": "same", "data_format": "channels_first"}, (1, 2, 4, 5)),
    ("Conv3D", {"filters": 2, "kernel_size": 2, "padding": "same"}, (1, 3, 4, 3, 2)),
    ("Conv3D", {"filters": 4, "kernel_size": (1, 3, 2), "strides": (2, 1, 2), "groups": 2}, (1, 4, 4, 5, 2)),
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2}, (2, 4, 2)),
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 2, "strides": 3, "padding": "same"}, (1, 4, 2)),
    ("Conv1DTranspose", {"filters": 2, "kernel_size": 3, "dilation_rate": 2, "padding": "same"}, (1, 6, 2)),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"}, (1, 3, 4, 2)),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": (4, 3), "strides": (2, 3)}, (1, 3, 4, 2)),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": 2, "strides": 4}, (1, 2, 3, 2)),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same", "output_padding": 1},
     (1, 3, 4, 2)),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "output_padding": (1, 0)}, (1, 3, 4, 2)),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": 5, "strides": 2, "padding": "same", "output_padding": 0},
     (1, 3, 4, 2)),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "data_format": "channels_first"},
     (1, 3, 4, 2)),
    ("Conv3DTranspose", {"filters": 2, "kernel_size": 2, "strides": 2, "activation": "relu"}, (1, 2, 3, 2, 2)),
    ("DepthwiseConv1D", {"kernel_size": 3, "depth_multiplier": 2, "padding": "same"}, (1, 6, 3)),
    ("DepthwiseConv2D", {"kernel_size": 3, "padding": "same", "activation": "relu"}, (1, 5, 4, 3)),
    ("DepthwiseConv2D", {"kernel_size": (3, 5), "strides": 2, "padding": "same", "depth_multiplier": 2},
     (1, 7, 8, 2)),
    ("DepthwiseConv2D", {"kernel_size": 3, "dilation_rate": 2, "use_bias": False}, (1, 6, 7, 2)),
    ("DepthwiseConv2D", {"kernel_size": 3, "data_format": "channels_first"}, (1, 2, 5, 6)),
    ("SeparableConv1D", {"filters": 4, "kernel_size": 3, "depth_multiplier": 2}, (1, 6, 3)),
    ("SeparableConv2D", {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same"}, (1, 6, 5, 3)),
    ("SeparableConv2D", {"filters": 3, "kernel_size": 2, "depth_multiplier": 3, "dilation_rate": 2}, (1, 5, 6, 2)),
]  # fmt: skip


def numbers(shape, phase):
    """Numbers between -1 and 1 without a visible pattern, the same everywhere."""
    count = int(np.prod(shape, dtype=np.int64))
    return np.sin(phase + 1.7 * np.arange(count) ** 1.3).reshape(shape).astype("float32")


def run(keras, case, to_array=np.asarray):
    """The layer of a case with fixed weights: its weights' names and shapes, its configuration and its output."""
    kind, arguments, shape = case
    layer = getattr(keras.layers, kind)(**arguments)
    layer.build(shape)
    layer.set_weights([numbers(tuple(weight.shape), index) for index, weight in enumerate(layer.weights)])
    weights = [[weight.name, list(weight.shape)] for weight in layer.weights]
    return weights, layer.get_config(), to_array(layer(numbers(shape, 9)))
