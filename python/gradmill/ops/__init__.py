"""Functions on tensors, with the names and arguments of `keras.ops` and the meanings of NumPy.

They run at once on tensors, are recorded while a function is being traced, and become nodes of a model when called on
symbolic tensors.
"""

from gradmill.autograd import custom_gradient as custom_gradient
from gradmill.ops import image as image
from gradmill.ops.attention import *  # noqa: F403
from gradmill.ops.attention import __all__ as _attention
from gradmill.ops.convolution import *  # noqa: F403
from gradmill.ops.convolution import __all__ as _convolution
from gradmill.ops.elementwise import *  # noqa: F403
from gradmill.ops.elementwise import __all__ as _elementwise
from gradmill.ops.indexing import *  # noqa: F403
from gradmill.ops.indexing import __all__ as _indexing
from gradmill.ops.linalg import *  # noqa: F403
from gradmill.ops.linalg import __all__ as _linalg
from gradmill.ops.nn import *  # noqa: F403
from gradmill.ops.nn import __all__ as _nn
from gradmill.ops.normalization import *  # noqa: F403
from gradmill.ops.normalization import __all__ as _normalization
from gradmill.ops.pooling import *  # noqa: F403
from gradmill.ops.pooling import __all__ as _pooling
from gradmill.ops.reduction import *  # noqa: F403
from gradmill.ops.reduction import __all__ as _reduction
from gradmill.ops.running import *  # noqa: F403
from gradmill.ops.running import __all__ as _running
from gradmill.ops.shape import *  # noqa: F403
from gradmill.ops.shape import __all__ as _shape

__all__ = [
    *_attention,
    *_convolution,
    *_elementwise,
    *_indexing,
    *_linalg,
    *_nn,
    *_normalization,
    *_pooling,
    *_reduction,
    *_running,
    *_shape,
]
