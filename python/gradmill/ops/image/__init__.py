"""Functions on images: (batch, rows, columns, channels), or (rows, columns, channels) for one."""

from gradmill.ops.image.resizing import *  # noqa: F403
from gradmill.ops.image.resizing import __all__ as _resizing

__all__ = [*_resizing]
