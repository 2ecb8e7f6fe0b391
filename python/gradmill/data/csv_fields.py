"""Fields of tables, of the kinds that defaults have."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradmill import errors
from gradmill.utils.text_values import is_text, text_of


class Field:
    """What the fields of a column become.

    Args:
        default: dtype, for fields that may not be empty; or a number or text that empty ones become.

    Example:
        >>> from gradmill.data.csv_fields import Field
        >>> Field(7).value("", "?", "a field"), Field("").value("x", "?", "a field"), Field(0.5).dtype
        (7, b'x', 'float32')
    """

    def __init__(self, default: Any):
        self.default: Any = None
        self.is_required = hasattr(default, "as_numpy_dtype")
        if self.is_required:
            self.dtype = str(default)
        elif is_text(np.ravel(default)[:1] if isinstance(default, (list, tuple)) else default):
            self.dtype, self.default = "string", text_of(np.ravel(default)[0]).encode()
        else:
            value = np.asarray(default)
            self.dtype = "float32" if value.dtype.kind == "f" else "int32"
            self.is_required = value.size == 0
            self.default = None if self.is_required else np.ravel(value)[0].item()

    def value(self, field: str, na_value: str, place: str) -> Any:
        """Return a field as a value.

        Args:
            field: the text.
            na_value: text that counts as empty.
            place: where it stands, for messages.

        Raises:
            ArgumentError: empty without default, or no number.
        """
        if field in ("", na_value):
            if self.is_required:
                raise errors.ArgumentError(f"{place} is empty and has no default")
            return self.default
        if self.dtype == "string":
            return field.encode()
        try:
            return float(field) if self.dtype.startswith("float") else int(field)
        except ValueError:
            raise errors.ArgumentError(f"{place} is to be {self.dtype}; received {field!r}") from None

    def array(self, values: list) -> np.ndarray:
        """Return values of several fields as one array."""
        made = np.empty(len(values), object if self.dtype == "string" else self.dtype)
        made[:] = values
        return made
