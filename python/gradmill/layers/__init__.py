"""Layers: the building blocks of models."""

from gradmill.layers.activation import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from gradmill.layers.base import Layer
from gradmill.layers.convolution import Conv1D, Conv1DTranspose, Conv2D, Conv2DTranspose, Conv3D, Conv3DTranspose
from gradmill.layers.core import Dense, Identity, Input, InputLayer, Lambda, Masking, Wrapper
from gradmill.layers.depthwise import DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D, SeparableConv2D
from gradmill.layers.input_spec import InputSpec
from gradmill.layers.merging import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Merge,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from gradmill.layers.normalization import Normalization, Rescaling
from gradmill.layers.regularization import (
    ActivityRegularization,
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from gradmill.layers.reshaping import Flatten, Permute, RepeatVector, Reshape
from gradmill.serialization import deserialize_object, get_custom_objects, serialize_object

__all__ = [
    "ELU",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AlphaDropout",
    "Average",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Dot",
    "Dropout",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "Lambda",
    "Layer",
    "LeakyReLU",
    "Masking",
    "Maximum",
    "Merge",
    "Minimum",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "SeparableConv1D",
    "SeparableConv2D",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "Subtract",
    "Wrapper",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "get_custom_objects",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]

serialize = serialize_object


def deserialize(config, custom_objects=None):
    """Return the layer that a configuration describes.

    Args:
        config: what `serialize` returned.
        custom_objects: names to classes and functions of the user.
    """
    return deserialize_object(config, custom_objects, default_module="keras.layers")
