"""The exceptions that GradMill raises for what a user passed in, and for its own bugs.

All but `InternalError` and `NonFiniteError` are `ValueError`s, so ordinary handlers catch them.
"""

from gradmill._core import (
    ArgumentError,
    DTypeError,
    GradMillError,
    InternalError,
    NonFiniteError,
    ShapeError,
    UnsupportedError,
)

__all__ = [
    "ArgumentError",
    "DTypeError",
    "GradMillError",
    "InternalError",
    "NonFiniteError",
    "ShapeError",
    "UnsupportedError",
]
