"""Functions on images: (batch, rows, columns, channels), or (rows, columns, channels) for one."""

from gradmill.ops.image.colors import *  # noqa: F403
from gradmill.ops.image.colors import __all__ as _colors
from gradmill.ops.image.elastic import *  # noqa: F403
from gradmill.ops.image.elastic import __all__ as _elastic
from gradmill.ops.image.filters import *  # noqa: F403
from gradmill.ops.image.filters import __all__ as _filters
from gradmill.ops.image.patches import *  # noqa: F403
from gradmill.ops.image.patches import __all__ as _patches
from gradmill.ops.image.perspective import *  # noqa: F403
from gradmill.ops.image.perspective import __all__ as _perspective
from gradmill.ops.image.resizing import *  # noqa: F403
from gradmill.ops.image.resizing import __all__ as _resizing
from gradmill.ops.image.warping import *  # noqa: F403
from gradmill.ops.image.warping import __all__ as _warping

__all__ = [*_colors, *_elastic, *_filters, *_patches, *_perspective, *_resizing, *_warping]
