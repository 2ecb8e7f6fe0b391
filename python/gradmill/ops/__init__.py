"""Functions on tensors, with the names and arguments of `keras.ops` and the meanings of NumPy.

They run at once on tensors, are recorded while a function is being traced, and become nodes of a model when called on
symbolic tensors.
"""

from gradmill.ops import image as image
from gradmill.ops.convolution import *  # noqa: F403
from gradmill.ops.elementwise import *  # noqa: F403
from gradmill.ops.indexing import *  # noqa: F403
from gradmill.ops.linalg import *  # noqa: F403
from gradmill.ops.nn import *  # noqa: F403
from gradmill.ops.normalization import *  # noqa: F403
from gradmill.ops.pooling import *  # noqa: F403
from gradmill.ops.reduction import *  # noqa: F403
from gradmill.ops.shape import *  # noqa: F403
