"""Layers: the building blocks of models."""

from typing import Any, Optional

from gradmill.layers.activation import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from gradmill.layers.attention import AdditiveAttention, Attention
from gradmill.layers.augmentation import (
    RandomCrop,
    RandomFlip,
    RandomRotation,
    RandomShear,
    RandomTranslation,
    RandomZoom,
)
from gradmill.layers.augmentation_policies import AugMix, RandAugment
from gradmill.layers.base import Layer
from gradmill.layers.batch_normalization import BatchNormalization
from gradmill.layers.borders import (
    Cropping1D,
    Cropping2D,
    Cropping3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from gradmill.layers.bounding_boxes import MaxNumBoundingBoxes
from gradmill.layers.cached_attention import CachedMultiHeadAttention
from gradmill.layers.categories import CategoryEncoding, Discretization, HashedCrossing, Hashing
from gradmill.layers.color_augmentation import (
    RandomBrightness,
    RandomColorDegeneration,
    RandomColorJitter,
    RandomContrast,
    RandomGrayscale,
    RandomHue,
    RandomInvert,
    RandomPosterization,
    RandomSaturation,
    RandomSharpness,
)
from gradmill.layers.convolution import Conv1D, Conv1DTranspose, Conv2D, Conv2DTranspose, Conv3D, Conv3DTranspose
from gradmill.layers.core import Dense, Identity, Input, InputLayer, Lambda, Masking, Wrapper
from gradmill.layers.depthwise import DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D, SeparableConv2D
from gradmill.layers.einsum_dense import EinsumDense
from gradmill.layers.embedding import Embedding
from gradmill.layers.feature_normalization import (
    GroupNormalization,
    LayerNormalization,
    LocalResponseNormalization,
    RMSNormalization,
    UnitNormalization,
)
from gradmill.layers.global_pooling import (
    AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)
from gradmill.layers.input_spec import InputSpec
from gradmill.layers.local_equalization import ContrastLimitedAdaptiveHistogramEqualization
from gradmill.layers.lookup import IntegerLookup, StringLookup
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
from gradmill.layers.mixing_augmentation import CutMix, MixUp, RandomErasing
from gradmill.layers.multi_head_attention import GroupedQueryAttention as GroupQueryAttention
from gradmill.layers.multi_head_attention import MultiHeadAttention
from gradmill.layers.normalization import Normalization, Rescaling
from gradmill.layers.pipeline import Pipeline
from gradmill.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from gradmill.layers.position_embedding import PositionEmbedding, SinePositionEncoding, TokenAndPositionEmbedding
from gradmill.layers.recurrent import RNN
from gradmill.layers.recurrent_cells import GRUCell, LSTMCell, SimpleRNNCell
from gradmill.layers.recurrent_convolution import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from gradmill.layers.recurrent_layers import GRU, LSTM, SimpleRNN
from gradmill.layers.recurrent_stack import StackedRNNCells
from gradmill.layers.recurrent_wrappers import Bidirectional, TimeDistributed
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
from gradmill.layers.resizing import CenterCrop, Resizing, UpSampling1D, UpSampling2D, UpSampling3D
from gradmill.layers.reversible_embedding import ReversibleEmbedding
from gradmill.layers.rotary_embedding import RotaryEmbedding
from gradmill.layers.spectral_normalization import SpectralNormalization
from gradmill.layers.spectrograms import MelSpectrogram, STFTSpectrogram
from gradmill.layers.text_vectorization import TextVectorization
from gradmill.layers.tone_augmentation import AutoContrast, Equalization, Solarization
from gradmill.layers.transformer import TransformerDecoder, TransformerEncoder
from gradmill.layers.warp_augmentation import RandomElasticTransform, RandomGaussianBlur, RandomPerspective
from gradmill.serialization import deserialize_object, get_custom_objects, serialize_object

# Further names, as in Keras.
MaxPool1D = MaxPooling1D
GlobalMaxPool1D = GlobalMaxPooling1D
AvgPool1D = AveragePooling1D
GlobalAvgPool1D = GlobalAveragePooling1D
MaxPool2D = MaxPooling2D
GlobalMaxPool2D = GlobalMaxPooling2D
AvgPool2D = AveragePooling2D
GlobalAvgPool2D = GlobalAveragePooling2D
MaxPool3D = MaxPooling3D
GlobalMaxPool3D = GlobalMaxPooling3D
AvgPool3D = AveragePooling3D
GlobalAvgPool3D = GlobalAveragePooling3D
Convolution1D = Conv1D
Convolution1DTranspose = Conv1DTranspose
Convolution2D = Conv2D
Convolution2DTranspose = Conv2DTranspose
Convolution3D = Conv3D
Convolution3DTranspose = Conv3DTranspose
SeparableConvolution1D = SeparableConv1D
SeparableConvolution2D = SeparableConv2D

__all__ = [
    "Activation",
    "ActivityRegularization",
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "AugMix",
    "AutoContrast",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNormalization",
    "Bidirectional",
    "CachedMultiHeadAttention",
    "CategoryEncoding",
    "CenterCrop",
    "Concatenate",
    "ContrastLimitedAdaptiveHistogramEqualization",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Convolution3DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "CutMix",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Discretization",
    "Dot",
    "Dropout",
    "ELU",
    "EinsumDense",
    "Embedding",
    "Equalization",
    "Flatten",
    "GRU",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "GroupQueryAttention",
    "HashedCrossing",
    "Hashing",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "IntegerLookup",
    "LSTM",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "LocalResponseNormalization",
    "Masking",
    "MaxNumBoundingBoxes",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "MelSpectrogram",
    "Merge",
    "Minimum",
    "MixUp",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "Pipeline",
    "RMSNormalization",
    "RNN",
    "PositionEmbedding",
    "RandAugment",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomCrop",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Resizing",
    "ReversibleEmbedding",
    "RotaryEmbedding",
    "STFTSpectrogram",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "SimpleRNN",
    "SimpleRNNCell",
    "SinePositionEncoding",
    "Softmax",
    "Solarization",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "SpectralNormalization",
    "StackedRNNCells",
    "StringLookup",
    "Subtract",
    "TextVectorization",
    "TimeDistributed",
    "TokenAndPositionEmbedding",
    "TransformerDecoder",
    "TransformerEncoder",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "Wrapper",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
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


def deserialize(config: Any, custom_objects: Optional[dict] = None) -> Any:
    """Return the layer that a configuration describes.

    Args:
        config: what `serialize` returned.
        custom_objects: names to classes and functions of the user.
    """
    return deserialize_object(config, custom_objects, default_module="keras.layers")
