"""The ops that Keras has as `keras.ops.linalg`."""

from gradmill.ops.reduction import (
    norm,
)

__all__ = [
    "norm",
]
