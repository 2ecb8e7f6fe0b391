"""Functions on tensors, with the names and arguments of `keras.ops` and the meanings of NumPy.

They run at once on tensors, are recorded while a function is being traced, and become nodes of a model when called on
symbolic tensors. `image`, `linalg`, `nn` and `numpy` are the parts in which Keras has them, too.
"""

from gradmill.autograd import custom_gradient as custom_gradient
from gradmill.ops import image as image
from gradmill.ops import linalg as linalg
from gradmill.ops import nn as nn
from gradmill.ops import numpy as numpy
from gradmill.ops.activations import *  # noqa: F403
from gradmill.ops.activations import __all__ as _activations
from gradmill.ops.arithmetic import *  # noqa: F403
from gradmill.ops.arithmetic import __all__ as _arithmetic
from gradmill.ops.arranging import *  # noqa: F403
from gradmill.ops.arranging import __all__ as _arranging
from gradmill.ops.attention import *  # noqa: F403
from gradmill.ops.attention import __all__ as _attention
from gradmill.ops.blocks import *  # noqa: F403
from gradmill.ops.blocks import __all__ as _blocks
from gradmill.ops.control_flow import *  # noqa: F403
from gradmill.ops.control_flow import __all__ as _control_flow
from gradmill.ops.convolution import *  # noqa: F403
from gradmill.ops.convolution import __all__ as _convolution
from gradmill.ops.crossentropy import *  # noqa: F403
from gradmill.ops.crossentropy import __all__ as _crossentropy
from gradmill.ops.elementwise import *  # noqa: F403
from gradmill.ops.elementwise import __all__ as _elementwise
from gradmill.ops.factorizations import *  # noqa: F403
from gradmill.ops.factorizations import __all__ as _factorizations
from gradmill.ops.forward_mode import *  # noqa: F403
from gradmill.ops.forward_mode import __all__ as _forward_mode
from gradmill.ops.fourier import *  # noqa: F403
from gradmill.ops.fourier import __all__ as _fourier
from gradmill.ops.indexing import *  # noqa: F403
from gradmill.ops.indexing import __all__ as _indexing
from gradmill.ops.making import *  # noqa: F403
from gradmill.ops.making import __all__ as _making
from gradmill.ops.nan_reduction import *  # noqa: F403
from gradmill.ops.nan_reduction import __all__ as _nan_reduction
from gradmill.ops.normalization import *  # noqa: F403
from gradmill.ops.normalization import __all__ as _normalization
from gradmill.ops.pooling import *  # noqa: F403
from gradmill.ops.pooling import __all__ as _pooling
from gradmill.ops.products import *  # noqa: F403
from gradmill.ops.products import __all__ as _products
from gradmill.ops.quantiles import *  # noqa: F403
from gradmill.ops.quantiles import __all__ as _quantiles
from gradmill.ops.reduction import *  # noqa: F403
from gradmill.ops.reduction import __all__ as _reduction
from gradmill.ops.running import *  # noqa: F403
from gradmill.ops.running import __all__ as _running
from gradmill.ops.segments import *  # noqa: F403
from gradmill.ops.segments import __all__ as _segments
from gradmill.ops.sequence_labels import *  # noqa: F403
from gradmill.ops.sequence_labels import __all__ as _sequence_labels
from gradmill.ops.shape import *  # noqa: F403
from gradmill.ops.shape import __all__ as _shape
from gradmill.ops.signals import *  # noqa: F403
from gradmill.ops.signals import __all__ as _signals
from gradmill.ops.special import *  # noqa: F403
from gradmill.ops.special import __all__ as _special
from gradmill.ops.statistics import *  # noqa: F403
from gradmill.ops.statistics import __all__ as _statistics

__all__ = [
    *_activations,
    *_arithmetic,
    *_arranging,
    *_attention,
    *_blocks,
    *_control_flow,
    *_convolution,
    *_crossentropy,
    *_elementwise,
    *_factorizations,
    *_forward_mode,
    *_fourier,
    *_indexing,
    *_making,
    *_nan_reduction,
    *_normalization,
    *_pooling,
    *_products,
    *_quantiles,
    *_reduction,
    *_running,
    *_segments,
    *_sequence_labels,
    *_shape,
    *_signals,
    *_special,
    *_statistics,
]
