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
    "DamagedFileError",
    "GradMillError",
    "InternalError",
    "NonFiniteError",
    "ShapeError",
    "UnsupportedError",
]


class DamagedFileError(ArgumentError):
    """A file is cut short, changed, or of another kind than expected; a ValueError."""


# The classes come from the engine without a text.
for _class, _text in {
    GradMillError: "Base of the errors caused by what the user passed in; a ValueError.",
    ArgumentError: "An argument has a value that is not allowed; a ValueError.",
    ShapeError: "Shapes do not fit the operation or each other; a ValueError.",
    DTypeError: "A dtype is unknown, or not taken by the operation; a ValueError.",
    UnsupportedError: "The operation exists, but not for what was asked; a ValueError.",
    NonFiniteError: "The check for NaN and infinity refused a result; a FloatingPointError.",
    InternalError: "A bug of GradMill's own, worth a report; a RuntimeError.",
}.items():
    _class.__doc__ = _text
